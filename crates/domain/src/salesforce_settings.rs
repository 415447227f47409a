//! How the bookings of an event type are written to Salesforce: every setting, declared once (spec 3).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account_resolution::ContactCounts;
use crate::ask::RecordId;
use crate::field_write::{ASSIGNMENT_REASON, WriteList};
use crate::routing::{BookDirectly, OwnerOf};
use crate::sync_refusals::Target;
use crate::tiebreak::TiebreakSettings;

/// The settings of one event type. What is not given is as here by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SalesforceSettings {
    /// *Attendee record type*: what an attendee is in Salesforce.
    pub attendee_record_type: AttendeeRecordType,
    /// *Skip contact creation*: an attendee without a Contact gets none (Contact only).
    pub skip_contact_creation: bool,
    /// *Check for existing contact*: a Contact wins over a Lead (Lead only).
    pub check_for_existing_contact: bool,
    /// *Create contact under account*; by default on for *Contact under Account* alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_contact_under_account: Option<bool>,
    /// What an attendee becomes where no Account is found (Contact under Account only).
    pub no_account: NoAccount,
    /// What the numbers of Contacts at the attendee's domain are for.
    pub contact_counts: ContactCounts,
    /// *Tiebreaker rules*: which of several Accounts it is.
    pub tiebreakers: TiebreakSettings,
    /// *Book directly with attendee owner* (round robin only).
    pub book_directly: BookDirectly,
    /// *Ignore guests*: only the attendee counts.
    pub ignore_guests: bool,
    /// *On booking, write to the event object*.
    pub event_fields_on_booking: WriteList,
    /// *On booking, write to a custom field on the attendee record*.
    pub person_fields_on_booking: WriteList,
    /// *On cancelled booking, write to event record instead of deleting event*.
    pub event_fields_on_cancel: WriteList,
    /// *On cancelled booking, write to a custom field on the attendee contact/lead record*.
    pub person_fields_on_cancel: WriteList,
    /// *Change record owner on booking*.
    pub change_record_owner: OwnerChange,
    /// *Send no-show attendee data*: the API name of the checkbox on Event that says whether the attendee did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_show_field: Option<String>,
    /// *Relate the event to*.
    pub relate_event_to: RelateTo,
    /// *Exclude Record Types*.
    pub exclude_record_types: ByObject,
    /// *Record type for new records*.
    pub new_record_types: NewRecordTypes,
    /// The org's assignment rules choose the owner of new Leads.
    pub lead_assignment_rules: bool,
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        SalesforceSettings {
            attendee_record_type: AttendeeRecordType::default(),
            skip_contact_creation: false,
            check_for_existing_contact: true,
            create_contact_under_account: None,
            no_account: NoAccount::default(),
            contact_counts: ContactCounts::default(),
            tiebreakers: TiebreakSettings::default(),
            book_directly: BookDirectly::default(),
            ignore_guests: false,
            event_fields_on_booking: WriteList::default(),
            person_fields_on_booking: WriteList::default(),
            event_fields_on_cancel: WriteList::default(),
            person_fields_on_cancel: WriteList::default(),
            change_record_owner: OwnerChange::default(),
            no_show_field: None,
            relate_event_to: RelateTo::default(),
            exclude_record_types: ByObject::default(),
            new_record_types: NewRecordTypes::default(),
            lead_assignment_rules: false,
        }
    }
}

impl SalesforceSettings {
    /// Whether the attendee's Account is looked for.
    pub fn resolves_account(&self) -> bool {
        self.attendee_record_type == AttendeeRecordType::ContactUnderAccount || self.creates_under_account()
    }

    /// Whether new Contacts come under the attendee's Account, and found ones without an Account are linked to it.
    pub fn creates_under_account(&self) -> bool {
        let usual = self.attendee_record_type == AttendeeRecordType::ContactUnderAccount;
        self.create_contact_under_account.unwrap_or(usual)
    }

    /// *Book directly with attendee owner*, with whose owner that is. Where the admin says nothing, it is that of what the attendee
    /// is written as: of a Contact where one wins over a Lead (spec 4.1, 7).
    pub fn book_directly_in_force(&self) -> BookDirectly {
        let mut book_directly = self.book_directly.clone();
        let contact_wins = self.attendee_record_type == AttendeeRecordType::Lead && self.check_for_existing_contact;
        if book_directly.owner_of.is_none() && contact_wins {
            (book_directly.owner_of, book_directly.contact_else_lead) = (Some(OwnerOf::Contact), true);
        }
        book_directly
    }
}

impl SalesforceSettings {
    /// Whether any row tells how the organizer was chosen.
    pub fn tells_assignment_reason(&self) -> bool {
        let lists = [
            &self.event_fields_on_booking,
            &self.person_fields_on_booking,
            &self.event_fields_on_cancel,
            &self.person_fields_on_cancel,
        ];
        lists.into_iter().flat_map(|list| list.rows()).any(|row| row.value.contains(ASSIGNMENT_REASON))
    }

    /// The same for a booking that proved to be another one: nothing was cancelled, so its Event is not kept, and nobody is
    /// told of a cancel (spec 10).
    pub fn without_cancel_lists(&self) -> SalesforceSettings {
        SalesforceSettings {
            event_fields_on_cancel: WriteList::default(),
            person_fields_on_cancel: WriteList::default(),
            ..self.clone()
        }
    }

    /// The fields of a record that rows are written to.
    pub fn fields_of_rows(&self, target: Target) -> BTreeSet<String> {
        let lists = match target {
            Target::Event => [&self.event_fields_on_booking, &self.event_fields_on_cancel],
            Target::Attendee(_) => [&self.person_fields_on_booking, &self.person_fields_on_cancel],
        };
        lists.into_iter().flat_map(|list| list.rows()).map(|row| row.field.clone()).collect()
    }
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
    /// A Contact of the Account that the attendee belongs to.
    ContactUnderAccount,
}

/// What an attendee becomes where no Account is found (spec 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAccount {
    /// A Lead, found or created.
    #[default]
    Lead,
    /// A Contact without Account, which only its owner and administrators see.
    Contact,
    /// Nothing.
    Nothing,
}

/// *Relate the event to* (spec 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelateTo {
    /// Nothing besides the person.
    #[default]
    Nothing,
    /// The person's Account.
    Account,
    /// The latest open Opportunity of that Account.
    Opportunity,
}

/// *Change record owner on booking* (spec 4.5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnerChange {
    /// Whose the record becomes; none: it stays whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NewOwner>,
    /// Only where it belongs to one of these users or queues; empty: whosever it is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub only_from: BTreeSet<RecordId>,
}

/// Whose a record becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NewOwner {
    /// The organizer's Salesforce user.
    Organizer,
    /// This user.
    User(RecordId),
}

impl NewOwner {
    /// As it is written in a configuration.
    pub const ORGANIZER: &'static str = "organizer";
}

impl From<String> for NewOwner {
    fn from(text: String) -> Self {
        if text == NewOwner::ORGANIZER { NewOwner::Organizer } else { NewOwner::User(RecordId(text)) }
    }
}

impl From<NewOwner> for String {
    fn from(owner: NewOwner) -> String {
        match owner {
            NewOwner::Organizer => NewOwner::ORGANIZER.to_owned(),
            NewOwner::User(id) => id.0,
        }
    }
}

/// Record types by object, each by id or by name (spec 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ByObject {
    /// Of Contacts, and of person accounts.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub contact: BTreeSet<String>,
    /// Of Leads.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub lead: BTreeSet<String>,
    /// Of Accounts.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub account: BTreeSet<String>,
}

/// The record type of new records by object, by id or by name; none: the user's default (spec 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewRecordTypes {
    /// Of Contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Of Leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
}
