//! Email addresses. Two addresses are the same when they differ only in case (spec 4.1).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use email_address::Options;
use serde::{Deserialize, Serialize};

/// A well-formed email address, kept as written and compared without case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    written: String,
    folded: String,
}

/// Why a text is not an email address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not an email address; write it like name@company.com")]
pub struct NotAnEmailAddress {
    text: String,
}

impl EmailAddress {
    /// Reads an address such as `jane@acme.example`; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        let written = text.trim();
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let sound = !written.chars().any(char::is_control)
            && email_address::EmailAddress::parse_with_options(written, options).is_ok();
        if !sound {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(NotAnEmailAddress { text: shown });
        }
        Ok(EmailAddress { written: written.to_owned(), folded: written.to_lowercase() })
    }

    /// The address as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The address in lower case: the form that is compared and stored for look-ups.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The part before the last `@`.
    pub fn local_part(&self) -> &str {
        self.written.rsplit_once('@').map_or(self.written.as_str(), |(local, _)| local)
    }

    /// The part after the last `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.folded.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The base label of its registrable domain by the Public Suffix List, in Unicode: `acme` of `jane@mail.acme.co.uk`.
    /// None where the domain is a public suffix itself.
    pub fn base_label(&self) -> Option<String> {
        let ascii = idna::domain_to_ascii(self.domain()).ok()?;
        let domain = psl::domain(ascii.as_bytes())?;
        let registrable = str::from_utf8(domain.as_bytes()).ok()?;
        let label = registrable.split('.').next()?;
        Some(idna::domain_to_unicode(label).0)
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EmailAddress::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = NotAnEmailAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        EmailAddress::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> String {
        email.written
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for EmailAddress {}

impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EmailAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_compare_without_case_and_keep_their_spelling() {
        let one = EmailAddress::parse(" Jane.Roe@Acme.example ").expect("well-formed");
        let two = EmailAddress::parse("jane.roe@acme.EXAMPLE").expect("well-formed");
        assert_eq!(one, two);
        assert_eq!(one.as_written(), "Jane.Roe@Acme.example");
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for text in
            ["", "jane", "jane@", "@acme.com", "Jane <jane@acme.com>", "jane@acme", "a@[127.0.0.1]", "a\u{0}b@acme.com"]
        {
            let refused = EmailAddress::parse(text).expect_err(text);
            assert!(refused.to_string().contains("name@company.com"), "{refused}");
        }
    }

    #[test]
    fn the_base_label_names_the_company_whatever_the_suffix() {
        let label = |text: &str| EmailAddress::parse(text).expect("well-formed").base_label();
        assert_eq!(label("jane@acme.com").as_deref(), Some("acme"));
        assert_eq!(label("jane@mail.Acme.co.uk").as_deref(), Some("acme"));
        assert_eq!(label("jane@b\u{fc}cher.example").as_deref(), Some("b\u{fc}cher"));
        assert_eq!(label("jane@co.uk"), None, "a public suffix is nobody's");
    }

    #[test]
    fn odd_but_legal_addresses_pass() {
        for text in ["o'brien@acme.com", "a+b@acme.com", "x_y%z@acme-corp.co.uk", "jané@acme.com"] {
            EmailAddress::parse(text).expect(text);
        }
    }
}
