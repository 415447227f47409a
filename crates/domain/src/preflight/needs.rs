//! What Matchbook needs of an org, right by right and field by field, and what the lack of each breaks (spec 2).
//!
//! The permission set in `salesforce/` grants these; a test takes each of its permissions away.

use super::{ObjectRights, Severity, Use};

/// The objects that are described.
pub const OBJECTS: [&str; 5] = ["Account", "Contact", "Event", "Lead", "Opportunity"];

const ACCOUNTS_HELD: &str = "bookings that look for the attendee's Account are held";
const LEADS_HELD: &str = "bookings by people who are to become Leads are held";
const OPPORTUNITIES_HELD: &str = "bookings whose Event is to be related to an Opportunity are held";

/// An object that must be there, and what its lack breaks.
pub(super) struct ObjectSeen {
    pub(super) object: &'static str,
    pub(super) severity: Severity,
    pub(super) used_for: Option<Use>,
    pub(super) breaks: &'static str,
}

const fn seen(object: &'static str, severity: Severity, used_for: Option<Use>, breaks: &'static str) -> ObjectSeen {
    ObjectSeen { object, severity, used_for, breaks }
}

pub(super) const OBJECTS_SEEN: [ObjectSeen; 5] = [
    seen("Account", Severity::Breaks, Some(Use::Accounts), ACCOUNTS_HELD),
    seen("Contact", Severity::Breaks, None, "nothing is synced"),
    seen("Event", Severity::Breaks, None, "nothing is synced"),
    seen("Lead", Severity::Breaks, Some(Use::Leads), "bookings that look for Leads are held"),
    seen("Opportunity", Severity::Breaks, Some(Use::Opportunities), OPPORTUNITIES_HELD),
];

/// A right on an object, and what its lack breaks.
pub(super) struct ObjectNeed {
    pub(super) object: &'static str,
    pub(super) right: &'static str,
    pub(super) has: fn(&ObjectRights) -> bool,
    pub(super) severity: Severity,
    pub(super) used_for: Option<Use>,
    pub(super) breaks: &'static str,
}

const fn read(object: &'static str, used_for: Option<Use>, breaks: &'static str) -> ObjectNeed {
    ObjectNeed { object, right: "Read", has: |o| o.query, severity: Severity::Breaks, used_for, breaks }
}

const fn create(object: &'static str, used_for: Option<Use>, breaks: &'static str) -> ObjectNeed {
    ObjectNeed { object, right: "Create", has: |o| o.create, severity: Severity::Breaks, used_for, breaks }
}

const fn edit(object: &'static str, severity: Severity, used_for: Option<Use>, breaks: &'static str) -> ObjectNeed {
    ObjectNeed { object, right: "Edit", has: |o| o.edit, severity, used_for, breaks }
}

pub(super) const OBJECT_NEEDS: [ObjectNeed; 12] = [
    read("Contact", None, "attendees cannot be found, so nothing is synced"),
    create("Contact", None, "bookings by new people are held"),
    edit(
        "Contact",
        Severity::Weakens,
        None,
        "Contacts that were found get no fields, no owner and no Account, and where Activities are controlled by their parent, \
         Events with them cannot be moved",
    ),
    read("Event", None, "lost Events cannot be looked for, so nothing is synced"),
    create("Event", None, "new bookings are held"),
    edit("Event", Severity::Breaks, None, "moved bookings are held"),
    ObjectNeed {
        object: "Event",
        right: "Delete",
        has: |o| o.delete,
        severity: Severity::Breaks,
        used_for: None,
        breaks: "cancelled bookings are held",
    },
    read("Lead", Some(Use::Leads), "bookings that look for Leads are held"),
    create("Lead", Some(Use::Leads), LEADS_HELD),
    edit(
        "Lead",
        Severity::Weakens,
        Some(Use::Leads),
        "Leads that were found get no fields and no owner, and where Activities are controlled by their parent, Events with them \
         cannot be moved",
    ),
    read("Account", Some(Use::Accounts), ACCOUNTS_HELD),
    read("Opportunity", Some(Use::Opportunities), OPPORTUNITIES_HELD),
];

/// What must be possible with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It is only read.
    Read,
    /// It is written.
    Edit,
}

impl Access {
    /// As field-level security calls it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Access::Read => "Read",
            Access::Edit => "Edit",
        }
    }
}

/// A field that is read or written, and what its lack breaks.
pub(super) struct FieldNeed {
    pub(super) object: &'static str,
    pub(super) field: &'static str,
    pub(super) access: Access,
    pub(super) severity: Severity,
    pub(super) used_for: Option<Use>,
    pub(super) breaks: &'static str,
}

impl FieldNeed {
    const fn edit(object: &'static str, field: &'static str, severity: Severity, breaks: &'static str) -> Self {
        FieldNeed { object, field, access: Access::Edit, severity, used_for: None, breaks }
    }

    const fn only_read(self) -> Self {
        FieldNeed { access: Access::Read, ..self }
    }

    const fn used_for(self, what: Use) -> Self {
        FieldNeed { used_for: Some(what), ..self }
    }
}

pub(super) const FIELD_NEEDS: [FieldNeed; 16] = [
    FieldNeed::edit(
        "Contact",
        "Email",
        Severity::Breaks,
        "bookings by new people are held; where it is hidden, all are",
    ),
    FieldNeed::edit("Contact", "LastName", Severity::Breaks, "new Contacts cannot be made"),
    FieldNeed::edit("Contact", "FirstName", Severity::Weakens, "new Contacts have no first name"),
    FieldNeed::edit("Contact", "OwnerId", Severity::Weakens, "new Contacts belong to the connection's user"),
    FieldNeed::edit("Contact", "AccountId", Severity::Breaks, ACCOUNTS_HELD).used_for(Use::Accounts),
    FieldNeed::edit("Lead", "Email", Severity::Breaks, LEADS_HELD).used_for(Use::Leads),
    FieldNeed::edit("Event", "Subject", Severity::Weakens, "Events have no subject"),
    FieldNeed::edit("Event", "StartDateTime", Severity::Breaks, "Events cannot be made"),
    FieldNeed::edit("Event", "EndDateTime", Severity::Breaks, "Events cannot be made"),
    FieldNeed::edit("Event", "WhoId", Severity::Breaks, "new bookings are held"),
    FieldNeed::edit("Event", "WhatId", Severity::Weakens, "Events are not related to an Account or an Opportunity")
        .used_for(Use::RelatedEvents),
    FieldNeed::edit(
        "Event",
        "OwnerId",
        Severity::Weakens,
        "Events belong to the connection's user instead of the organizer",
    ),
    FieldNeed::edit("Event", "Location", Severity::Weakens, "Events have no location"),
    FieldNeed::edit("Event", "Description", Severity::Weakens, "Events do not tell notes and answers"),
    FieldNeed::edit("Account", "Website", Severity::Breaks, ACCOUNTS_HELD).only_read().used_for(Use::Accounts),
    FieldNeed::edit("Opportunity", "AccountId", Severity::Breaks, OPPORTUNITIES_HELD)
        .only_read()
        .used_for(Use::Opportunities),
];
