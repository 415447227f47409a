//! Decisions about bookings and Salesforce records, as pure functions of values.
//!
//! Nothing here reads a clock, a network or a database. A decision that needs to know something
//! about the org answers with [`ask::Next::Ask`]; it is run again from the start with the answers
//! added, until it answers [`ask::Next::Done`]. What it decided comes with notes that explain it.

pub mod account;
pub mod account_merges;
pub mod account_resolution;
pub mod api_budget;
pub mod ask;
pub mod availability;
pub mod backoff;
pub mod booking;
pub mod booking_action;
pub mod disposable;
pub mod domain_name;
pub mod email_domain;
pub mod event_description;
pub mod field_write;
pub mod free_mail;
pub mod geo;
pub mod mail_domains;
pub mod meeting_title;
pub mod names;
pub mod org_shape;
pub mod person_match;
pub mod preflight;
pub mod round_robin;
pub mod routing;
pub mod salesforce_settings;
pub mod settings_check;
pub mod sync_error;
pub mod sync_note;
pub mod sync_outcome;
pub mod sync_plan;
pub mod sync_refusals;
pub mod tiebreak;
pub mod trace;
