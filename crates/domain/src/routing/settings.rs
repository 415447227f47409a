//! *Book directly with attendee owner*: how it is set (spec 7).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::org_shape::{ObjectShape, OrgShape};
use crate::salesforce_settings::AttendeeRecordType;

/// *Book directly with attendee owner* of an event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BookDirectly {
    /// Off: whose turn it is decides.
    pub enabled: bool,
    /// Whose owner is asked for; none: that of what attendees become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_of: Option<OwnerOf>,
    /// With [`OwnerOf::AccountField`]: the field of the Account that names a User, by API name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_field: Option<String>,
    /// With [`OwnerOf::Contact`]: where there is no Contact, the owner of the Lead.
    pub contact_else_lead: bool,
    /// Addresses of free mail providers are not looked up.
    pub skip_free_mail: bool,
    /// Rules on the record that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<OwnerRule>,
    /// The owner must be free within so many days.
    pub horizon_days: u16,
}

impl Default for BookDirectly {
    fn default() -> Self {
        BookDirectly {
            enabled: false,
            owner_of: None,
            account_field: None,
            contact_else_lead: false,
            skip_free_mail: true,
            rules: Vec::new(),
            horizon_days: 14,
        }
    }
}

impl BookDirectly {
    /// Whose owner is asked for.
    pub fn owner_of(&self, record_type: AttendeeRecordType) -> OwnerOf {
        self.owner_of.unwrap_or(match record_type {
            AttendeeRecordType::Contact => OwnerOf::Contact,
            AttendeeRecordType::Lead => OwnerOf::Lead,
            AttendeeRecordType::ContactUnderAccount => OwnerOf::Account,
        })
    }

    /// The fields of rules and of the user's lookup that the connection's user does not see, by the object's API name.
    pub fn unseen_fields(&self, org: &OrgShape) -> BTreeMap<String, BTreeSet<String>> {
        let named = || self.rules.iter().map(|rule| &rule.field).chain(&self.account_field);
        let unseen = |of: OwnerOf| -> BTreeSet<String> {
            named().filter(|field| of.shape(org).field(field).is_none()).cloned().collect()
        };
        let each = [OwnerOf::Contact, OwnerOf::Lead, OwnerOf::Account].map(|of| (of.object().to_owned(), unseen(of)));
        each.into_iter().filter(|(_, fields)| !fields.is_empty()).collect()
    }
}

/// Whose owner takes the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerOf {
    /// The Contact's.
    Contact,
    /// The Lead's.
    Lead,
    /// The Account's.
    Account,
    /// The User whom a field of the Account names.
    AccountField,
}

impl OwnerOf {
    /// The keys in a configuration.
    pub const KEYS: [&str; 4] = ["contact", "lead", "account", "account_field"];

    /// The object's API name.
    pub fn object(self) -> &'static str {
        match self {
            OwnerOf::Contact => "Contact",
            OwnerOf::Lead => "Lead",
            OwnerOf::Account | OwnerOf::AccountField => "Account",
        }
    }

    /// The object as the org describes it.
    pub fn shape(self, org: &OrgShape) -> &ObjectShape {
        match self {
            OwnerOf::Contact => &org.contact,
            OwnerOf::Lead => &org.lead,
            OwnerOf::Account | OwnerOf::AccountField => &org.account,
        }
    }
}

/// A rule on the record whose owner was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRule {
    /// The field of the record, by API name.
    pub field: String,
    /// What it is compared with, without case.
    pub value: String,
    /// What follows.
    pub when: RuleEffect,
}

/// What follows from a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// Where the field has the value, the owner is passed over.
    Ignore,
    /// Where it does not, the owner is passed over.
    MustInclude,
}

impl RuleEffect {
    /// The keys in a configuration.
    pub const KEYS: [&str; 2] = ["ignore", "must_include"];
}
