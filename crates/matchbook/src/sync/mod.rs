//! Bringing Salesforce in line with bookings: claim one, plan, ask, write, release.

mod engine;
mod run;
mod session;
mod worker;

pub use engine::{Engine, EngineOptions, Stepped};
pub use worker::Worker;
