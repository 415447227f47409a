//! Decisions about bookings and Salesforce records, as pure functions of values.
