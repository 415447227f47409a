//! Whole statements against a small org.

mod errors;
mod grammar;
mod org;
mod property;
mod results;
