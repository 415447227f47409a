//! Matchbook connects bookings to Salesforce.
