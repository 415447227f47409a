//! Between the domain's words and Salesforce's: only this folder sees the types of both.

pub mod classify;
pub mod directory;
pub mod org_shapes;
pub mod preflight;
pub mod transcript;
pub mod writer;
