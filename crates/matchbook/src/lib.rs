//! Matchbook connects bookings to Salesforce: the binary's own modules, as a library so that tests can drive them.

pub mod access;
pub mod api;
pub mod app;
pub mod auth;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod configuration;
pub mod crm;
pub mod duplicates;
mod error_chain;
mod failpoint;
pub mod grant;
pub mod ingest;
mod json_kind;
pub mod org_checks;
pub mod polling;
pub mod routes;
pub mod secrets;
pub mod server;
pub mod sources;
pub mod store;
pub mod sync;
pub mod ui;
pub mod users;
pub mod workspace_file;
