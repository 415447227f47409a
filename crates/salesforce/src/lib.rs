//! A client for the Salesforce REST API that counts, classifies and explains every call.
//!
//! It knows no bookings and keeps nothing: [`client::Client`] sends, the other modules are the words it speaks.

pub mod auth;
pub mod client;
pub mod composite;
pub mod describe;
pub mod error;
pub mod jwt;
pub mod limits;
pub mod query;
pub mod sobject;
pub mod soql;
pub mod sosl;
