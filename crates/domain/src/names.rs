//! First and last names from what a booking source sends (spec 4.1, Names).

use crate::email_domain::EmailAddress;

/// A name as Salesforce's person objects hold it. The last name is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName {
    /// First name, where there is one.
    pub first: Option<String>,
    /// Last name.
    pub last: String,
}

/// The source's own first and last name if it sends both; else the first word and the rest; a
/// single word is a last name; without a name, the part of the email before the `@`.
pub fn person_name(first: Option<&str>, last: Option<&str>, full: &str, email: &EmailAddress) -> PersonName {
    if let (Some(first), Some(last)) = (non_blank(first), non_blank(last)) {
        return PersonName { first: Some(first), last };
    }
    let full = full.trim();
    match full.split_once(char::is_whitespace) {
        Some((first, rest)) => PersonName { first: Some(first.to_owned()), last: rest.trim().to_owned() },
        None if !full.is_empty() => PersonName { first: None, last: full.to_owned() },
        None => PersonName { first: None, last: email.local_part().to_owned() },
    }
}

fn non_blank(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(first: Option<&str>, last: Option<&str>, full: &str) -> (Option<String>, String) {
        let email = EmailAddress::parse("m.ruiz@acme.com").expect("well-formed");
        let name = person_name(first, last, full, &email);
        (name.first, name.last)
    }

    #[test]
    fn names_split_as_the_spec_says() {
        assert_eq!(name(None, None, "Maria del Carmen Ruiz"), (Some("Maria".into()), "del Carmen Ruiz".into()));
        assert_eq!(name(None, None, "Cher"), (None, "Cher".into()));
        assert_eq!(name(None, None, "   "), (None, "m.ruiz".into()));
        assert_eq!(name(Some("Ann Lee"), Some("Roe"), "x y"), (Some("Ann Lee".into()), "Roe".into()));
        assert_eq!(name(Some(""), Some(""), "Jane Roe"), (Some("Jane".into()), "Roe".into()));
        assert_eq!(name(Some("Jane"), None, "Jane Roe"), (Some("Jane".into()), "Roe".into()));
    }
}
