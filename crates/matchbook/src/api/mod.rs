//! What other programs call: the REST API, webhooks, health. A file per resource.

pub mod bookings;
mod caller;
pub mod health;
mod problem;
pub mod webhooks;

pub use problem::Problem;
