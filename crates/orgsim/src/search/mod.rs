//! Search: SOSL and the parameterised form of it (Salesforce facts 2.4 and 4.2).
//!
//! A record is found by the words of its fields: text is cut at everything that is neither letter nor digit, so that
//! `acme.com` finds `www.acme.com`. Several words of a term that stand together must stand together in the field.

mod find;
mod statement;
mod term;

use serde_json::Value as Json;

use crate::schema::{Field, FieldType};
use crate::view::View;

pub use statement::parse;
pub use term::{Term, words};

/// Rows that all objects give together at most.
pub const MOST_ROWS: usize = 2_000;

/// A search, read and ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// What is looked for; `None` finds nothing.
    pub term: Option<Term>,
    /// The fields it is looked for in.
    pub group: Group,
    /// What is given of which objects; empty gives the ids of all searchable ones.
    pub returning: Vec<Returning>,
    /// Rows at most.
    pub limit: usize,
}

/// `IN … FIELDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Every text field.
    All,
    /// Names, and the website of an account.
    Name,
    /// Email addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Names, email addresses, phone numbers and external ids.
    Sidebar,
}

/// `Contact(Id, Email WHERE … ORDER BY … LIMIT …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returning {
    /// The object as written.
    pub object: String,
    /// The SELECT list.
    pub fields: String,
    /// What follows it, as in SOQL; may be empty.
    pub rest: String,
}

/// Why a search was refused; answered with status 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Salesforce's error code (`MALFORMED_SEARCH`).
    pub code: &'static str,
    /// The sentence.
    pub message: String,
}

/// The records that a user's search finds, ready for the wire, and how many were looked at. A record counts from
/// `lag_ms` after its last change on: the index is asynchronous (Salesforce facts 2.4).
pub fn run(search: &Search, view: &View<'_>, lag_ms: u64, version: &str) -> Result<(Vec<Json>, u64), Error> {
    find::run(search, view, lag_ms, version)
}

impl Group {
    /// Reads `ALL`, `NAME`, `EMAIL`, `PHONE` or `SIDEBAR`, in any case.
    pub fn parse(text: &str) -> Option<Group> {
        Some(match text.to_ascii_uppercase().as_str() {
            "ALL" => Group::All,
            "NAME" => Group::Name,
            "EMAIL" => Group::Email,
            "PHONE" => Group::Phone,
            "SIDEBAR" => Group::Sidebar,
            _ => return None,
        })
    }

    /// Whether a field of an object belongs to the group.
    fn holds(self, object: &str, field: &Field) -> bool {
        let named = field.name_field || matches!(field.name.as_str(), "FirstName" | "LastName" | "Name");
        let name = named || (object == "Account" && field.name == "Website");
        match self {
            Group::All => field.kind.is_text(),
            Group::Name => name,
            Group::Email => field.kind == FieldType::Email,
            Group::Phone => field.kind == FieldType::Phone,
            Group::Sidebar => name || field.external_id || matches!(field.kind, FieldType::Email | FieldType::Phone),
        }
    }
}

impl Error {
    fn malformed(message: impl Into<String>) -> Self {
        Error { code: "MALFORMED_SEARCH", message: message.into() }
    }
}
