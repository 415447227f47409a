//! Names, ids and rows as Salesforce knows them. Each type exists only valid: parse once, trust afterwards.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

const CHECKSUM_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const LONGEST_API_NAME: usize = 80;

/// The id of a record, always in its 18-character form (Salesforce facts 7).
///
/// Fifteen characters are accepted and completed; with eighteen, the checksum of the last three must fit, so that an
/// id whose case was lost on the way is refused instead of naming another record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SalesforceId([u8; 18]);

/// Why a text is no Salesforce id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Neither 15 nor 18 letters and digits.
    #[error("'{0}' is not a Salesforce id: an id has 15 or 18 letters and digits")]
    Shape(String),
    /// The last three characters do not fit the case of the others.
    #[error(
        "'{0}' is not a Salesforce id: its last three characters do not fit the others; copy the id again, keeping capital and small letters as they are"
    )]
    Checksum(String),
}

impl SalesforceId {
    /// Reads an id of 15 or 18 characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(IdError::Shape(excerpt(text)));
        }
        let mut id = [0; 18];
        id[..15].copy_from_slice(&bytes[..15]);
        id[15..].copy_from_slice(&checksum(&bytes[..15]));
        if bytes.len() == 18 && bytes != id {
            return Err(IdError::Checksum(excerpt(text)));
        }
        Ok(Self(id))
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an id holds ASCII letters and digits only")
    }

    /// The first three characters, which tell the object: `001` Account, `003` Contact, `00Q` Lead, `00U` Event.
    pub fn key_prefix(&self) -> &str {
        &self.as_str()[..3]
    }
}

/// One character for each group of five: bit i is set when the i-th character of the group is a capital letter.
fn checksum(first15: &[u8]) -> [u8; 3] {
    let mut sums = [0; 3];
    for (sum, group) in sums.iter_mut().zip(first15.chunks(5)) {
        let bits = group.iter().enumerate().map(|(i, c)| usize::from(c.is_ascii_uppercase()) << i).sum::<usize>();
        *sum = CHECKSUM_ALPHABET[bits];
    }
    sums
}

impl fmt::Display for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SalesforceId({self})")
    }
}

impl FromStr for SalesforceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl Serialize for SalesforceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SalesforceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The API name of an object or a field, such as `Contact`, `Region__c` or `ns__Region__c`.
///
/// Salesforce ignores the case of names; equality here does not, use [`ApiName::is`] to compare with a name that an
/// admin typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiName(Cow<'static, str>);

/// Why a text is no API name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an API name: use the name that Salesforce shows as \"API Name\" or \"Field Name\", such as Title or Region__c (letters, digits and underscores, a letter first, no underscore last)"
)]
pub struct NameError(String);

impl ApiName {
    /// Reads an API name. Spaces around it are not accepted.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_api_name(text.as_bytes()) { Ok(Self(Cow::Owned(text.to_owned()))) } else { Err(NameError(excerpt(text))) }
    }

    /// A name written in the code. In a `const`, a wrong name does not compile.
    pub const fn of(name: &'static str) -> Self {
        assert!(is_api_name(name.as_bytes()), "a name in the code is an API name");
        Self(Cow::Borrowed(name))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are the same name for Salesforce, which ignores case.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

const fn is_api_name(name: &[u8]) -> bool {
    if name.is_empty()
        || name.len() > LONGEST_API_NAME
        || !name[0].is_ascii_alphabetic()
        || name[name.len() - 1] == b'_'
    {
        return false;
    }
    let mut underscores = 0;
    let mut i = 0;
    while i < name.len() {
        underscores = if name[i] == b'_' { underscores + 1 } else { 0 };
        if underscores > 2 || !(name[i] == b'_' || name[i].is_ascii_alphanumeric()) {
            return false;
        }
        i += 1;
    }
    true
}

impl fmt::Display for ApiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiName({self})")
    }
}

impl FromStr for ApiName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl Serialize for ApiName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ApiName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// One row as Salesforce returned it: JSON keys are field names, a parent is a nested row.
///
/// Paths such as `Account.Owner.Email` are read without regard to case, because Salesforce answers in its own
/// spelling whatever the query used (Salesforce facts 2.3). A missing field, a null and a value of another kind are
/// all `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record(pub Map<String, Value>);

impl Record {
    /// The value at a path; `None` when any step is missing or null.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut steps = path.split('.');
        let mut value = find(&self.0, steps.next()?)?;
        for step in steps {
            value = find(value.as_object()?, step)?;
        }
        (!value.is_null()).then_some(value)
    }

    /// A text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// An id.
    pub fn id(&self, path: &str) -> Option<SalesforceId> {
        SalesforceId::parse(self.text(path)?).ok()
    }

    /// A checkbox.
    pub fn checkbox(&self, path: &str) -> Option<bool> {
        self.get(path)?.as_bool()
    }

    /// A whole number, such as a count. Salesforce may write `3` or `3.0`.
    pub fn count(&self, path: &str) -> Option<u64> {
        let number = self.get(path)?.as_f64()?;
        (number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_992.0).then_some(number as u64)
    }

    /// An instant, which Salesforce writes as `2026-05-01T07:25:37.000+0000`.
    pub fn instant(&self, path: &str) -> Option<jiff::Timestamp> {
        jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", self.text(path)?).ok()
    }

    /// A calendar day, which Salesforce writes as `2026-03-08`.
    pub fn date(&self, path: &str) -> Option<jiff::civil::Date> {
        jiff::civil::Date::strptime("%Y-%m-%d", self.text(path)?).ok()
    }
}

fn find<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    row.get(name).or_else(|| row.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The beginning of a text from outside, short and on one line, for use in an error message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 100;
    let cleaned = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = cleaned.take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_of_15_characters_is_completed_to_18() {
        let id = SalesforceId::parse("001dM00003jU9Gy").expect("a valid id is accepted");
        assert_eq!(id.as_str(), "001dM00003jU9GyQAK");
        assert_eq!(SalesforceId::parse("001dM00003jU9GyQAK"), Ok(id), "both forms are the same record");
        assert_eq!(id.key_prefix(), "001");
    }

    #[test]
    fn an_id_that_lost_its_case_is_refused() {
        let lost = SalesforceId::parse("001dm00003ju9gyqak");
        assert!(matches!(lost, Err(IdError::Checksum(_))), "a lower-cased id must not name another record: {lost:?}");
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_reason() {
        for text in ["", "001", "001dM00003jU9Gy'", "001dM00003jU9GyQA", "001dM00003jU9GyQAK1", "ÿÿÿÿÿÿÿÿÿ"] {
            let error = SalesforceId::parse(text).expect_err("this is no id").to_string();
            assert!(error.contains("15 or 18"), "{error}");
        }
    }

    #[test]
    fn api_names_are_told_from_other_texts() {
        for name in ["Contact", "Region__c", "ns__Region__c", "Account__r", "A", "Field1_x__c"] {
            assert!(ApiName::parse(name).is_ok(), "{name} is a valid API name");
        }
        for name in ["", " Contact", "1st", "_x", "x_", "a___b", "a.b", "a-b", "Ünit", "Id FROM X", &"a".repeat(81)] {
            assert!(ApiName::parse(name).is_err(), "{name:?} is no API name");
        }
    }

    #[test]
    fn a_record_is_read_by_path_whatever_the_case() {
        let row = json!({"Id": "001dM00003jU9GyQAK", "Owner": {"Email": "dana@example.com"}, "Parent": null,
            "expr0": 4.0, "CreatedDate": "2026-05-01T07:25:37.000+0000", "LastActivityDate": "2026-03-08"});
        let record: Record = serde_json::from_value(row).expect("an object is a record");
        assert_eq!(record.text("owner.email"), Some("dana@example.com"));
        assert_eq!(record.text("Parent.Name"), None, "a null parent has no name");
        assert_eq!(record.count("expr0"), Some(4));
        assert_eq!(record.instant("CreatedDate").map(|t| t.to_string()).as_deref(), Some("2026-05-01T07:25:37Z"));
        assert_eq!(record.date("LastActivityDate"), Some(jiff::civil::date(2026, 3, 8)));
    }

    proptest! {
        #[test]
        fn every_15_characters_complete_to_an_id_that_is_accepted_again(text in "[A-Za-z0-9]{15}") {
            let id = SalesforceId::parse(&text).expect("15 letters and digits are an id");
            prop_assert_eq!(SalesforceId::parse(id.as_str()), Ok(id));
        }

        #[test]
        fn no_text_breaks_the_parsers(text in any::<String>()) {
            let _ = SalesforceId::parse(&text);
            if let Ok(name) = ApiName::parse(&text) {
                prop_assert!(name.as_str().bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()));
            }
        }
    }
}
