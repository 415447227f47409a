//! Whole statements against a small org.

mod org;
mod results;
