//! What the org's describe says about the objects that a sync writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;

/// The API name of the custom Event field that carries Matchbook's booking id (spec 4.2).
pub const BOOKING_ID_FIELD: &str = "Matchbook_Booking_Id__c";

/// The Event field that lists its people, the WhoId first; there with Shared Activities only (Salesforce facts 5.2).
pub const PEOPLE_FIELD: &str = "EventWhoIds";

/// What a field holds, as far as writing it goes (Salesforce facts 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "Salesforce's own types")]
pub enum FieldKind {
    /// `string`.
    #[default]
    Text,
    /// `textarea`.
    LongText,
    Url,
    Email,
    Phone,
    Combobox,
    Picklist,
    Multipicklist,
    Checkbox,
    Date,
    Datetime,
    /// `int`, `double`, `currency`, `percent`.
    Number,
    Reference,
    /// What rows cannot write in another form than Salesforce's own.
    Other,
}

impl FieldKind {
    /// By the name that a describe gives a type.
    pub fn of(described: &str) -> FieldKind {
        match described {
            "string" | "encryptedstring" => FieldKind::Text,
            "textarea" => FieldKind::LongText,
            "url" => FieldKind::Url,
            "email" => FieldKind::Email,
            "phone" => FieldKind::Phone,
            "combobox" => FieldKind::Combobox,
            "picklist" => FieldKind::Picklist,
            "multipicklist" => FieldKind::Multipicklist,
            "boolean" => FieldKind::Checkbox,
            "date" => FieldKind::Date,
            "datetime" => FieldKind::Datetime,
            "int" | "double" | "currency" | "percent" | "long" => FieldKind::Number,
            "reference" => FieldKind::Reference,
            _ => FieldKind::Other,
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldKind::Text => "text",
            FieldKind::LongText => "text area",
            FieldKind::Url => "URL",
            FieldKind::Email => "email",
            FieldKind::Phone => "phone",
            FieldKind::Combobox => "combobox",
            FieldKind::Picklist => "picklist",
            FieldKind::Multipicklist => "multi-select picklist",
            FieldKind::Checkbox => "checkbox",
            FieldKind::Date => "date",
            FieldKind::Datetime => "date/time",
            FieldKind::Number => "number",
            FieldKind::Reference => "lookup",
            FieldKind::Other => "special",
        })
    }
}

/// One field as this connection's user sees it. A hidden field is a missing one (Salesforce facts 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldShape {
    /// What it holds.
    #[serde(default)]
    pub kind: FieldKind,
    /// Longest text in characters; none where the type has no length.
    pub length: Option<usize>,
    /// May be set on create.
    pub createable: bool,
    /// May be set on update.
    pub updateable: bool,
    /// An external id that no two records share: the key of an upsert. An external id alone is a plain field (spec 4.2).
    #[serde(default)]
    pub unique_external_id: bool,
    /// Rows may be grouped by it.
    #[serde(default)]
    pub groupable: bool,
    /// The active values, where the list takes no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_values: Option<Vec<String>>,
    /// The active values, where the list takes others, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered_values: Vec<String>,
}

impl FieldShape {
    /// Whether a restricted list has this value; any other field takes all.
    pub fn takes_value(&self, value: &str) -> bool {
        self.only_values.as_ref().is_none_or(|values| values.iter().any(|known| known == value))
    }
}

/// A record type of an object (spec 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordTypeShape {
    /// Its id.
    pub id: RecordId,
    /// Its label.
    pub name: String,
    /// Its developer name; unique only together with a namespace.
    pub developer_name: String,
    /// In use.
    pub active: bool,
    /// This user may create records of it.
    pub available: bool,
    /// What this user's new records get unless they say otherwise.
    pub default: bool,
    /// The one that stands for "no record type".
    pub master: bool,
}

/// One object's fields by API name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectShape {
    /// The fields.
    pub fields: BTreeMap<String, FieldShape>,
    /// The record types, the master one included.
    #[serde(default)]
    pub record_types: Vec<RecordTypeShape>,
}

impl ObjectShape {
    /// The field, if this user sees it.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields.get(name)
    }

    /// The record type of new records, unless they say otherwise; none where the object has no record types.
    pub fn default_record_type(&self) -> Option<&RecordTypeShape> {
        self.record_types.iter().find(|record_type| record_type.default && !record_type.master)
    }

    /// The record type that a text names: by id of 15 or 18 characters, by label or by developer name without case (spec 4.6).
    pub fn record_types_named<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a RecordTypeShape> {
        let is_it = move |known: &&RecordTypeShape| {
            let same = |name: &str| name.to_lowercase() == text.trim().to_lowercase();
            known.id.0 == text
                || (text.len() == 15 && known.id.0.starts_with(text))
                || same(&known.name)
                || same(&known.developer_name)
        };
        self.record_types.iter().filter(|known| !known.master).filter(is_it)
    }
}

/// The org as a sync needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrgShape {
    /// The Contact object.
    pub contact: ObjectShape,
    /// The Lead object; no field is seen where this user has no access to it.
    pub lead: ObjectShape,
    /// The Account object; no field is seen where this user has no access to it.
    pub account: ObjectShape,
    /// The Event object.
    pub event: ObjectShape,
    /// Salesforce users found for hosts' emails; `None` for an email that has no one active user.
    pub users: BTreeMap<EmailAddress, Option<RecordId>>,
    /// Users whom settings name and who are not active, as far as it was asked.
    pub inactive_users: BTreeSet<RecordId>,
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
