//! Matchbook connects bookings to Salesforce: the binary's own modules, as a library so that tests can drive them.

pub mod clock;
pub mod crm;
pub mod secrets;
pub mod sources;
pub mod store;
pub mod sync;
pub mod workspace_file;
