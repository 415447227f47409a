//! SOSL, built from typed parts: a text that is looked for cannot leave its quotes (Salesforce facts 4.2).
//!
//! Search reads an index that is written some time after the records (Salesforce facts 2.4): what it does not find may
//! be there. Salesforce takes no search inside a composite request, so each is a call of its own.

use std::fmt;

use serde_json::Value;

use crate::client::ApiVersion;
use crate::composite::percent_encode;
use crate::sobject::{ApiName, Record};
use crate::soql::{Condition, FieldPath, Order, or_the_id};

/// Characters that stand for themselves only behind a backslash (Salesforce facts 4.2).
const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";

/// A longer term finds nothing, without an error (Salesforce facts 4.2).
const LONGEST_TERM: usize = 10_000;

/// A search of all text fields of one object. `to_string()` gives the SOSL.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    term: String,
    object: ApiName,
    columns: Vec<FieldPath>,
    condition: Option<Condition>,
    order: Option<Order>,
    limit: Option<u32>,
}

/// Why texts cannot be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// A text without any letter or digit: Salesforce has no words to look for.
    #[error("there is nothing to look for: a search needs a letter or a digit")]
    NoWords,
    /// Salesforce answers an overlong term with no rows, which would read as "not found".
    #[error("a search takes at most 10,000 characters")]
    TooLong,
}

impl Find {
    /// A search for records of `object` that hold one of these texts as words that stand together, whatever
    /// punctuation is between them. It returns `columns`; with none, the `Id`.
    pub fn any_of<T: AsRef<str>, C: Into<FieldPath>>(
        texts: impl IntoIterator<Item = T>,
        object: ApiName,
        columns: impl IntoIterator<Item = C>,
    ) -> Result<Self, FindError> {
        let phrases = texts.into_iter().map(|text| phrase(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let term = phrases.join(" OR ");
        match term.chars().count() {
            0 => return Err(FindError::NoWords),
            1..=LONGEST_TERM => {}
            _ => return Err(FindError::TooLong),
        }
        Ok(Self { term, object, columns: or_the_id(columns), condition: None, order: None, limit: None })
    }

    /// Keeps only rows that fit; several calls must all fit. Salesforce looks at 2,000 matches at most and filters
    /// those, so an answer below the limit need not be all there is.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(Condition::also(self.condition, condition));
        self
    }

    /// Sets the one key of the order. Without an order or a filter Salesforce returns 250 rows of an object at most.
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.order = Some(order);
        self
    }

    /// Returns at most this many rows; Salesforce never returns more than 2,000.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The path and query that ask for it.
    pub fn path(&self, version: ApiVersion) -> String {
        format!("/services/data/{version}/search?q={}", percent_encode(&self.to_string()))
    }

    /// The records of an answer; `None` if it is none.
    pub(crate) fn read(mut body: Value) -> Option<Vec<Record>> {
        let Value::Array(records) = body.get_mut("searchRecords")?.take() else { return None };
        let record = |row| match row {
            Value::Object(row) => Some(Record(row)),
            _ => None,
        };
        records.into_iter().map(record).collect()
    }
}

impl fmt::Display for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns.iter().map(FieldPath::to_string).collect::<Vec<_>>().join(",");
        write!(f, "FIND {{{}}} IN ALL FIELDS RETURNING {}({columns}", self.term, self.object)?;
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        if let Some(order) = &self.order {
            write!(f, " ORDER BY {order}")?;
        }
        if let Some(rows) = self.limit {
            write!(f, " LIMIT {rows}")?;
        }
        f.write_str(")")
    }
}

/// A text in quotes, so that neither `OR` nor a space in it means anything. Control characters separate words, as
/// spaces do.
fn phrase(text: &str) -> Result<String, FindError> {
    if !text.contains(char::is_alphanumeric) {
        return Err(FindError::NoWords);
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if RESERVED.contains(c) {
            quoted.push('\\');
        }
        quoted.push(if c.is_control() { ' ' } else { c });
    }
    quoted.push('"');
    Ok(quoted)
}
