//! What other programs call: the REST API, webhooks, health. A file per resource.

mod body;
pub mod booking_actions;
mod booking_query;
pub mod bookings;
mod caller;
pub mod configuration;
pub mod deliveries;
pub mod duplicate_choice;
pub mod health;
mod idempotency;
mod limits;
mod new_booking;
pub mod openapi;
pub mod org;
mod problem;
pub mod reassignment;
pub mod reference;
mod refusals;
mod request;
pub mod rotation;
pub mod routing_decisions;
pub mod settings_validation;
mod shown_booking;
pub mod sources;
pub mod sync_errors;
pub mod sync_runs;
pub mod webhooks;

pub use limits::ApiLimits;
pub use problem::Problem;
pub use refusals::{acceptable, no_such_method};
