//! SOQL: lexer, parser, type checks and evaluation (Salesforce facts 4.1).
//!
//! Chosen here because no recording says it: the texts of `MALFORMED_QUERY` beyond `unexpected token`, the excerpt's
//! reach of thirty characters to either side (which fits every recorded one), where values outside a picklist's list
//! sort (after it), null first also with DESC, fiscal years as calendar years, FORMAT() as a user of en_US sees it, and
//! trailing `;` accepted.
//!
//! Not simulated: `convertCurrency`, `convertTimezone`, `DISTANCE`, data categories, ordering by an alias, the scopes
//! other than `everything` and `mine`, text order by locale (folded characters are compared), and the refusal of
//! statements that run too long.

mod ast;
mod bind;
mod columns;
mod compare;
mod dates;
mod error;
mod lexer;
mod like;
mod parser;
mod plan;
pub mod record_access;
mod run;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::id::SalesforceId;
use crate::row::{Ordinal, Row};
use crate::schema::Schema;
use crate::value::Value;

pub use error::Error;

/// What a query reads: the org as one user sees it.
pub trait Source {
    /// The objects of the org.
    fn schema(&self) -> &Schema;

    /// Whether the user may see the object, or one field of it. What may not be seen does not exist for the query.
    fn readable(&self, object: &str, field: Option<Ordinal>) -> bool;

    /// All records of an object that this query may see, in id order. `object` is the canonical name.
    fn rows<'a>(&'a self, object: &str) -> Box<dyn Iterator<Item = (SalesforceId, &'a Row)> + 'a>;

    /// One record that this query may see.
    fn row(&self, object: &str, id: SalesforceId) -> Option<&Row>;

    /// The records whose field equals the value, or none when the field has no index. Text comes in folded by
    /// [`fold`]; the answer may hold more records than are equal or visible, never fewer.
    fn index(&self, object: &str, field: Ordinal, value: &Value) -> Option<Vec<SalesforceId>>;

    /// The moment of the call, for date literals.
    fn now(&self) -> Timestamp;

    /// The user's time zone, in which date literals count days.
    fn time_zone(&self) -> &TimeZone;

    /// The user's id, for `USING SCOPE mine`.
    fn user(&self) -> SalesforceId;
}

/// What a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `totalSize`: the number of records after LIMIT and OFFSET; the count for `COUNT()`.
    pub total: usize,
    /// The records, ready for the wire, with `attributes`. Empty for `COUNT()`.
    pub records: Vec<serde_json::Value>,
    /// The object in FROM, in its canonical case.
    pub object: String,
    /// Aggregate results cannot be paged (Salesforce facts 4.1).
    pub aggregate: bool,
    /// How many records the conditions were tried on.
    pub rows_scanned: u64,
    /// The field whose index chose them (`Contact.Email`); none for a scan of all records.
    pub index_used: Option<String>,
}

/// Runs a statement for the source's user. `version` is the API version without `v` (`66.0`): it stands in the URLs of
/// the records and decides how deep child queries may nest.
pub fn query(statement: &str, source: &dyn Source, version: &str) -> Result<Answer, Error> {
    let parsed = parser::parse(statement)?;
    let binder = bind::Binder::new(statement, source, version);
    let plan = binder.query(&parsed)?;
    run::run(&plan, source, version, binder.scanned.get())
}

/// What the columns of a statement's answer are, as `?columns=true` tells clients that make tables (Salesforce facts 2.3).
/// Refused as [`query`] would be.
pub fn columns(statement: &str, source: &dyn Source, version: &str) -> Result<serde_json::Value, Error> {
    let parsed = parser::parse(statement)?;
    let plan = bind::Binder::new(statement, source, version).query(&parsed)?;
    Ok(columns::describe(&plan))
}

/// Text as comparisons see it: without regard to case. Indexes keep their keys in this form.
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}
