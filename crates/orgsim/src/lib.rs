//! A local Salesforce org over real HTTP, for demos, tests and CI.
//!
//! It is stateful, speaks Salesforce's wire format and error bodies, and shares no type with the
//! client or the domain, so that a misspelt field cannot pass on both sides.

pub mod id;
pub mod row;
pub mod schema;
pub mod soql;
pub mod value;
