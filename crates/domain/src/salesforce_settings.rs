//! How the bookings of an event type are written to Salesforce: every setting, declared once (spec 3).

use serde::{Deserialize, Serialize};

/// The settings of one event type. What is not given is as here by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SalesforceSettings {
    /// *Attendee record type*: what an attendee is in Salesforce.
    pub attendee_record_type: AttendeeRecordType,
    /// *Ignore guests*: only the attendee counts.
    pub ignore_guests: bool,
    /// *Send no-show attendee data*: the API name of the checkbox on Event that says whether the attendee did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_show_field: Option<String>,
}

/// What an attendee is in Salesforce (spec 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttendeeRecordType {
    /// Found or created as a Contact.
    #[default]
    Contact,
    /// Found or created as a Lead that is not converted.
    Lead,
}
