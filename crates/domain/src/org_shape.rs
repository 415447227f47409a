//! What the org's describe says about the objects that a sync writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;

/// The API name of the custom Event field that carries Matchbook's booking id (spec 4.2).
pub const BOOKING_ID_FIELD: &str = "Matchbook_Booking_Id__c";

/// The Event field that lists its people, the WhoId first; there with Shared Activities only (Salesforce facts 5.2).
pub const PEOPLE_FIELD: &str = "EventWhoIds";

/// One field as this connection's user sees it. A hidden field is a missing one (Salesforce facts 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldShape {
    /// Longest text in characters; none where the type has no length.
    pub length: Option<usize>,
    /// May be set on create.
    pub createable: bool,
    /// May be set on update.
    pub updateable: bool,
    /// An external id that no two records share: the key of an upsert. An external id alone is a plain field (spec 4.2).
    #[serde(default)]
    pub unique_external_id: bool,
}

/// One object's fields by API name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectShape {
    /// The fields.
    pub fields: BTreeMap<String, FieldShape>,
}

impl ObjectShape {
    /// The field, if this user sees it.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.get(name)
    }
}

/// The org as a sync needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrgShape {
    /// The Contact object.
    pub contact: ObjectShape,
    /// The Lead object; no field is seen where this user has no access to it.
    pub lead: ObjectShape,
    /// The Event object.
    pub event: ObjectShape,
    /// Salesforce users found for hosts' emails; `None` for an email that has no one active user.
    pub users: BTreeMap<EmailAddress, Option<RecordId>>,
    /// The user that the connection acts as, where known.
    pub connection_user: Option<RecordId>,
}

impl OrgShape {
    /// Whether Events can carry the booking id.
    pub fn has_booking_id_field(&self) -> bool {
        self.event.field(BOOKING_ID_FIELD).is_some_and(|f| f.createable)
    }

    /// Whether an Event can be with several people: Shared Activities (Salesforce facts 5.2).
    pub fn relates_several_people(&self) -> bool {
        self.event.field(PEOPLE_FIELD).is_some_and(|f| f.createable)
    }

    /// Whether Events can be upserted by the booking id.
    pub fn booking_id_is_upsert_key(&self) -> bool {
        self.event.field(BOOKING_ID_FIELD).is_some_and(|f| f.createable && f.unique_external_id)
    }
}
