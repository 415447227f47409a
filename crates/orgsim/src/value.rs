//! What a field can hold.

/// One field's value as the org stores it. Text is kept as written; comparison rules are SOQL's.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Unset.
    #[default]
    Null,
    /// A checkbox.
    Bool(bool),
    /// An `int` field.
    Int(i64),
    /// A `double`, `currency` or `percent` field.
    Double(f64),
    /// Any kind of text: string, textarea, picklist, email, phone, url, multipicklist (`a;b`).
    Text(Box<str>),
    /// A record id, always the 18-character form (`id` and `reference` fields).
    Id(crate::id::SalesforceId),
    /// A calendar day.
    Date(jiff::civil::Date),
    /// An instant, to the millisecond, UTC.
    DateTime(jiff::Timestamp),
    /// A time of day.
    Time(jiff::civil::Time),
    /// A junction list such as `EventWhoIds`.
    Ids(Box<[crate::id::SalesforceId]>),
}

impl Value {
    /// True for an unset field.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}
