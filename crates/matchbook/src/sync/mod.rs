//! Bringing Salesforce in line with bookings: claim one, plan, ask, write, release.

mod connect;
mod connection_test;
mod engine;
mod run;
mod session;
mod worker;

pub use connect::ConnectError;
pub use engine::{Engine, EngineOptions, Stepped};
pub(crate) use engine::{SHAPE_LIFETIME, known_shape};
pub(crate) use session::{OpenSession, SessionError};
pub use worker::Worker;
