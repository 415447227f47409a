//! A client for the Salesforce REST API that counts, classifies and explains every call.

pub mod error;
pub mod limits;
pub mod sobject;
pub mod soql;
