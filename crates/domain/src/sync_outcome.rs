//! What Salesforce was last made to show for a booking, and how the answers to writes change that.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::sync_plan::Write;

/// The classes of error (spec 8). They decide what happens next; the order is by how much they weigh
/// when one request meets several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Goes away by itself: timeouts, 5xx, row locks.
    Passing,
    /// The org's limit is reached; waits for its window.
    Limit,
    /// The connection must log in again.
    Auth,
    /// The data or this user's permissions must be mended by a person.
    Data,
}

/// One value on its way to a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// Empties the field.
    Null,
    /// Text.
    Text(String),
    /// An instant.
    Instant(Timestamp),
    /// Another record.
    Record(RecordId),
    /// The Contact that the same request creates.
    NewContact,
}

/// Field values by API name.
pub type Fields = BTreeMap<String, FieldValue>;

/// The attendee's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncedPerson {
    /// The Contact.
    pub id: RecordId,
    /// The email it was found or created by.
    pub email: EmailAddress,
}

/// The booking's Event.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncedEvent {
    /// None was written.
    #[default]
    None,
    /// It stands, with these values as last written.
    Written {
        /// Its id.
        id: RecordId,
        /// What was last written to it.
        fields: Fields,
    },
    /// It was written, and a change of ours found it gone: somebody deleted it in Salesforce.
    Missing,
    /// A create without an answer turned out to have taken effect, and somebody deleted the Event
    /// since. It stays deleted until the booking moves (spec 4.2).
    InBin {
        /// What had been written to it.
        fields: Fields,
    },
    /// It was deleted because the booking was cancelled.
    Deleted,
}

/// Creates that were sent and whose answer is not known. They may have taken effect (spec 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unclear {
    /// When they were sent.
    pub since: Timestamp,
    /// Whether a Contact was among them.
    pub contact: bool,
    /// The Event's values, if one was among them.
    pub event: Option<Fields>,
}

/// What Salesforce was last made to show for one booking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Synced {
    /// The attendee's record, once found or created.
    pub person: Option<SyncedPerson>,
    /// The Event.
    #[serde(default)]
    pub event: SyncedEvent,
    /// Creates without an answer.
    pub unclear: Option<Unclear>,
}

/// Why Salesforce did not do a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// What kind of trouble.
    pub class: ErrorClass,
    /// Salesforce's error code.
    pub code: String,
    /// Salesforce's message.
    pub message: String,
    /// What an admin can do about it.
    pub advice: String,
    /// The record to be changed is no longer there.
    pub gone: bool,
    /// It failed only because a write that it builds on failed.
    pub halted: bool,
}

/// What came of one write.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteResult {
    /// Done; a create names its new record.
    Done(Option<RecordId>),
    /// Not done.
    Refused(Refusal),
    /// Sent, but no answer came: it may have been done.
    Unclear,
    /// It provably never left.
    NotSent(Refusal),
}

/// What to do after a request's writes were answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Plan again from what is now known.
    PlanAgain,
    /// Try later, by the class's schedule.
    Retry(Refusal),
    /// A person must mend something first.
    Hold(Refusal),
}

/// The state to commit *before* the writes are sent: until their answer is known, creates are unclear.
pub fn before_sending(synced: &Synced, found: Option<SyncedPerson>, writes: &[Write], now: Timestamp) -> Synced {
    let contact = writes.iter().any(|w| matches!(w, Write::CreateContact { .. }));
    let event = writes.iter().find_map(|w| match w {
        Write::CreateEvent { fields } => Some(fields.clone()),
        _ => None,
    });
    let unclear = (contact || event.is_some()).then_some(Unclear { since: now, contact, event });
    Synced { person: found.or_else(|| synced.person.clone()), event: synced.event.clone(), unclear }
}

/// The state after the answers. `email` is the attendee's, by whom a new Contact is known from now on.
pub fn absorb(sent: &Synced, writes: &[Write], results: &[WriteResult], email: &EmailAddress) -> Synced {
    let mut after = Synced { unclear: still_unclear(sent, writes, results), ..sent.clone() };
    for (write, result) in writes.iter().zip(results) {
        match (write, result) {
            (Write::CreateContact { .. }, WriteResult::Done(Some(id))) => {
                after.person = Some(SyncedPerson { id: id.clone(), email: email.clone() });
            }
            (Write::CreateEvent { fields }, WriteResult::Done(Some(id))) => {
                after.event =
                    SyncedEvent::Written { id: id.clone(), fields: with_contact(fields, after.person.as_ref()) };
            }
            (Write::UpdateEvent { event, fields }, WriteResult::Done(_)) => {
                after.event = updated(&after.event, event, fields, after.person.as_ref());
            }
            (Write::UpdateEvent { .. }, WriteResult::Refused(r)) if r.gone => after.event = SyncedEvent::Missing,
            (Write::DeleteEvent { .. }, WriteResult::Done(_)) => after.event = SyncedEvent::Deleted,
            (Write::DeleteEvent { .. }, WriteResult::Refused(r)) if r.gone => after.event = SyncedEvent::Deleted,
            _ => {}
        }
    }
    after
}

fn still_unclear(sent: &Synced, writes: &[Write], results: &[WriteResult]) -> Option<Unclear> {
    let unclear = sent.unclear.clone()?;
    let open = |create: fn(&Write) -> bool| {
        writes.iter().zip(results).any(|(w, r)| create(w) && matches!(r, WriteResult::Unclear))
    };
    let contact = open(|w| matches!(w, Write::CreateContact { .. }));
    let event = unclear.event.filter(|_| open(|w| matches!(w, Write::CreateEvent { .. })));
    (contact || event.is_some()).then_some(Unclear { since: unclear.since, contact, event })
}

fn updated(event: &SyncedEvent, id: &RecordId, fields: &Fields, person: Option<&SyncedPerson>) -> SyncedEvent {
    let mut all = match event {
        SyncedEvent::Written { fields, .. } => fields.clone(),
        _ => Fields::new(),
    };
    all.extend(with_contact(fields, person));
    SyncedEvent::Written { id: id.clone(), fields: all }
}

/// Replaces the reference to the request's own new Contact by that Contact's id.
fn with_contact(fields: &Fields, person: Option<&SyncedPerson>) -> Fields {
    let mut fields = fields.clone();
    for value in fields.values_mut() {
        if *value == FieldValue::NewContact {
            *value = person.map_or(FieldValue::Null, |p| FieldValue::Record(p.id.clone()));
        }
    }
    fields
}

/// One word from all results: the gravest refusal decides; a record that is gone is planned for anew.
pub fn verdict(results: &[WriteResult]) -> Verdict {
    let mut gravest: Option<&Refusal> = None;
    for result in results {
        match result {
            WriteResult::Refused(r) | WriteResult::NotSent(r)
                if !r.gone && !r.halted && gravest.is_none_or(|g| r.class > g.class) =>
            {
                gravest = Some(r);
            }
            _ => {}
        }
    }
    match gravest {
        Some(refusal) if refusal.class == ErrorClass::Data => Verdict::Hold(refusal.clone()),
        Some(refusal) => Verdict::Retry(refusal.clone()),
        None => Verdict::PlanAgain,
    }
}
