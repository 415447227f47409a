//! What is worth telling about a sync, in words.

use std::fmt;

use crate::account_merges::{AfterMerges, WhyGone};
use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::field_write::{DropReason, Skipped};
use crate::sync_outcome::PersonKind;

/// Something worth telling about a plan, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A text was longer than its field.
    Cut {
        /// The object.
        object: String,
        /// The field.
        field: String,
        /// What fits, in characters.
        length: usize,
    },
    /// A field was left out because this user cannot write it.
    LeftOut {
        /// The object.
        object: String,
        /// The field.
        field: String,
    },
    /// The organizer is no one active Salesforce user, so the connection's user owns the Event.
    OrganizerWithoutUser {
        /// The organizer.
        email: EmailAddress,
    },
    /// Several records have a person's email; one was chosen.
    SeveralRecords {
        /// What they are.
        kind: PersonKind,
        /// Whose.
        email: EmailAddress,
        /// How many.
        count: usize,
        /// Which one.
        chosen: RecordId,
    },
    /// Salesforce refused a guest's record, so the Event is without it.
    GuestRefused {
        /// The guest.
        email: EmailAddress,
        /// Salesforce's message.
        why: String,
    },
    /// A row had nothing to write.
    RowSkipped {
        /// The object.
        object: String,
        /// The field.
        field: String,
        /// Why.
        why: Skipped,
    },
    /// The org would refuse a row; the rest is written.
    RowDropped {
        /// The object.
        object: String,
        /// The field.
        field: String,
        /// Why.
        why: DropReason,
    },
    /// The user to whom records are given is not active, so the record stays whose it is.
    NewOwnerInactive {
        /// What the record is.
        kind: PersonKind,
        /// The user.
        user: RecordId,
    },
    /// The attendee's Lead was converted meanwhile; its Contact is used.
    LeadWasConverted {
        /// The Contact.
        contact: RecordId,
    },
    /// A duplicate rule named the attendee's own record, which is used.
    DuplicateUsed {
        /// The record.
        id: RecordId,
    },
    /// The attendee's Account was found.
    AccountFound {
        /// Its name.
        name: String,
        /// The step that found it.
        step: &'static str,
        /// Such as `, chosen over 3 others by country match`; empty where it was the only one.
        over: String,
    },
    /// No step found an Account of the attendee's.
    NoAccountFound,
    /// The attendee's Account is the one that routing found, or the one that it was merged into since.
    RoutedAccountUsed {
        /// Its name.
        name: String,
        /// Routing's own was merged into it.
        merged: bool,
    },
    /// The Account that routing found is gone, so the attendee's is looked for.
    RoutedAccountGone {
        /// Why.
        why: WhyGone,
    },
    /// The Account that routing found is excluded by its record type, so the attendee's is looked for.
    RoutedAccountExcluded {
        /// Its name.
        name: String,
    },
    /// The attendee's Contact has an Account, though another was found; it is never moved.
    OtherAccountKept {
        /// The Contact.
        contact: RecordId,
    },
    /// Nobody has a record and none is created, so there is no Event.
    NobodyLeft,
    /// The Account has no open Opportunity to relate the Event to.
    NoOpenOpportunity,
    /// More guests than an Event can be with.
    GuestsBeyond {
        /// How many are only named.
        count: usize,
    },
    /// The Event had been deleted in Salesforce and is written anew.
    EventWrittenAnew,
    /// The Event was found in the recycle bin: somebody deleted it, so it stays deleted.
    EventDeletedByOthers,
    /// The Subject was changed in Salesforce and is left as it is.
    SubjectKept,
    /// The booking was cancelled after it had ended, so its Event stays.
    EndedEventKept,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Cut { object, field, length } => {
                write!(f, "{object}.{field} was cut to the {length} characters that it holds.")
            }
            Note::LeftOut { object, field } => write!(
                f,
                "{object}.{field} was left out: the connection's user cannot write it. Give that user edit access to the field."
            ),
            Note::OrganizerWithoutUser { email } => write!(
                f,
                "The organizer {email} is not exactly one active Salesforce user, so the connection's user owns the Event."
            ),
            Note::SeveralRecords { kind, email, count, chosen } => write!(
                f,
                "{count} {}s have the email {email}; {chosen} was chosen (with an Account first, then the latest activity, then the oldest).",
                kind.object()
            ),
            Note::GuestRefused { email, why } => write!(
                f,
                "The guest {email} is only named in the Description: Salesforce refused a Contact for them ({}).",
                why.trim_end_matches('.')
            ),
            Note::RowSkipped { object, field, why: Skipped::NoValue } => {
                write!(f, "{object}.{field} was not written: its value has a part that this booking lacks.")
            }
            Note::RowSkipped { object, field, why: Skipped::NoDate } => {
                write!(f, "{object}.{field} was not written: its date has not come.")
            }
            Note::RowDropped { object, field, why } => {
                write!(f, "{object}.{field} was left out: {why}. The rest is written.")
            }
            Note::NewOwnerInactive { user, .. } => {
                write!(f, "The user {user}, to whom records are to go, is not active in Salesforce: the owner is left.")
            }
            Note::LeadWasConverted { contact } => {
                write!(f, "The attendee's Lead was converted; its Contact {contact} is used.")
            }
            Note::DuplicateUsed { id } => {
                write!(f, "A duplicate rule refused a new record and named {id}, which has the same email: it is used.")
            }
            Note::AccountFound { name, step, over } => write!(f, "The attendee's Account is {name} ({step}){over}."),
            Note::NoAccountFound => f.write_str("No Account of the attendee's was found."),
            Note::RoutedAccountUsed { name, merged: false } => {
                write!(f, "The attendee's Account is {name}, which routing found.")
            }
            Note::RoutedAccountUsed { name, merged: true } => {
                write!(f, "The attendee's Account is {name}: the one that routing found was merged into it.")
            }
            Note::RoutedAccountGone { why } => write!(
                f,
                "The Account that routing found cannot be used: {}. The attendee's Account is looked up instead.",
                AfterMerges::Gone(*why)
            ),
            Note::RoutedAccountExcluded { name } => write!(
                f,
                "The Account that routing found, {name}, is not used: its record type is excluded. The attendee's Account is looked up instead."
            ),
            Note::OtherAccountKept { contact } => {
                write!(f, "The attendee's Contact {contact} belongs to another Account and is not moved.")
            }
            Note::NobodyLeft => f.write_str(
                "No Event was written: nobody of the booking has a Contact, and Skip contact creation is on.",
            ),
            Note::NoOpenOpportunity => {
                f.write_str("The Event is related to nothing: the Account has no open Opportunity.")
            }
            Note::GuestsBeyond { count } => {
                write!(f, "An Event can be with 50 people; {count} more guests are only named in the Description.")
            }
            Note::EventWrittenAnew => f.write_str("The Event had been deleted in Salesforce and is written anew."),
            Note::EventDeletedByOthers => {
                f.write_str("The Event lies in Salesforce's recycle bin: somebody deleted it, so it stays deleted.")
            }
            Note::SubjectKept => f.write_str("The Event's Subject was changed in Salesforce and is left as it is."),
            Note::EndedEventKept => f.write_str("The booking was cancelled after it had ended, so its Event stays."),
        }
    }
}
