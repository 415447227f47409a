//! A local Salesforce org over real HTTP, for demos, tests and CI.
//!
//! It is stateful, speaks Salesforce's wire format and error bodies, and shares no type with the
//! client or the domain, so that a misspelt field cannot pass on both sides.

pub mod auth;
pub mod calls;
pub mod dml;
pub mod errors;
pub mod faults;
mod http;
pub mod id;
pub mod json;
pub mod jwt;
pub mod latency;
pub mod loader;
pub mod org;
pub mod permissions;
pub mod row;
pub mod rules;
pub mod schema;
pub mod search;
pub mod settings;
pub mod sharing;
pub mod soql;
pub mod table;
pub mod value;
pub mod view;
pub mod worlds;

pub use http::{Server, StartError};
