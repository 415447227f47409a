//! What other programs call: the REST API, webhooks, health. A file per resource.

mod body;
pub mod bookings;
mod caller;
pub mod health;
mod idempotency;
mod new_booking;
mod problem;
pub mod webhooks;

pub use problem::Problem;
