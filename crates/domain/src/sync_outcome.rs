//! What Salesforce was last made to show for a booking, and how the answers to writes change that.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
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

/// Writes that were sent and whose answer is not known. They may have taken effect (spec 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unclear {
    /// When they were sent.
    pub since: Timestamp,
    /// The attendee's email at that time.
    pub email: EmailAddress,
    /// Whether a Contact was to be created.
    pub contact: bool,
    /// The values of an Event that was to be created.
    pub event: Option<Fields>,
    /// Whether that was an upsert, which may be sent again at once.
    #[serde(default)]
    pub upsert: bool,
    /// The values that an Event was to be given.
    pub update: Option<Fields>,
}

/// An update without an answer: the Event may still be given these values until Salesforce's limit for a call has passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LateUpdate {
    /// Until when.
    pub until: Timestamp,
    /// The values.
    pub fields: Fields,
    /// Whether it was an upsert, which would also create the Event anew.
    #[serde(default)]
    pub upsert: bool,
}

/// What Salesforce was last made to show for one booking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Synced {
    /// The attendee's record, once found or created.
    pub person: Option<SyncedPerson>,
    /// The Event.
    #[serde(default)]
    pub event: SyncedEvent,
    /// Writes without an answer.
    #[serde(default)]
    pub unclear: Option<Unclear>,
    /// Earlier updates that may still take effect, or did so and were not overwritten yet; the latest last.
    #[serde(default)]
    pub late_updates: Vec<LateUpdate>,
    /// Its Events that are known to be deleted: they are not what a lost create made.
    #[serde(default)]
    pub gone: Vec<RecordId>,
}

impl Synced {
    /// The updates that may have taken effect, or may still do, though no answer to them came; the latest last.
    pub fn unanswered_updates(&self) -> Vec<LateUpdate> {
        let mut updates = self.late_updates.clone();
        if let Some(latest) = self.unclear.as_ref().and_then(Unclear::update) {
            updates.retain(|earlier| (&earlier.fields, earlier.upsert) != (&latest.fields, latest.upsert));
            updates.push(latest);
        }
        updates
    }
}

impl Unclear {
    fn update(&self) -> Option<LateUpdate> {
        let until = self.since + SALESFORCE_CALL_LIMIT;
        let upserted = self.event.as_ref().filter(|_| self.upsert).map(without_new_contact);
        Some(LateUpdate { until, fields: self.update.clone().or(upserted)?, upsert: self.upsert })
    }
}

/// How long a request whose answer was lost may still take effect (Salesforce facts 10).
pub const SALESFORCE_CALL_LIMIT: SignedDuration = SignedDuration::from_mins(10);

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
    /// Whether a record that the write names is not there.
    pub missing: Missing,
    /// It failed only because a write that it builds on failed.
    pub halted: bool,
    /// The trouble is the whole connection's, not this booking's (spec 2).
    pub whole_connection: bool,
}

impl Refusal {
    /// A refusal that names no missing record. Trouble with login or limit is the whole connection's.
    pub fn new(
        class: ErrorClass,
        code: impl Into<String>,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Refusal {
            class,
            code: code.into(),
            message: message.into(),
            advice: advice.into(),
            missing: Missing::No,
            halted: false,
            whole_connection: matches!(class, ErrorClass::Auth | ErrorClass::Limit),
        }
    }
}

/// What a refusal says of a record that the write names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    No,
    /// It was deleted.
    Deleted,
    /// It is not there, or this user cannot see it.
    NotFound,
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

/// The state to commit *before* the writes are sent: until their answer is known, they are unclear. `email` is the attendee's.
pub fn before_sending(
    synced: &Synced,
    found: Option<SyncedPerson>,
    writes: &[Write],
    email: &EmailAddress,
    now: Timestamp,
) -> Synced {
    let mut unclear =
        Unclear { since: now, email: email.clone(), contact: false, event: None, upsert: false, update: None };
    for write in writes {
        match write {
            Write::CreateContact { .. } => unclear.contact = true,
            Write::CreateEvent { fields } => unclear.event = Some(fields.clone()),
            Write::UpsertEvent { fields } => (unclear.event, unclear.upsert) = (Some(fields.clone()), true),
            Write::UpdateEvent { fields, .. } => unclear.update = Some(without_new_contact(fields)),
            Write::DeleteEvent { .. } => {}
        }
    }
    Synced {
        person: found.or_else(|| synced.person.clone()),
        event: synced.event.clone(),
        unclear: Some(unclear).filter(is_open),
        late_updates: synced.unanswered_updates(),
        gone: synced.gone.clone(),
    }
}

/// Who a Contact of the same request will be is not known yet, so it cannot be compared later.
fn without_new_contact(fields: &Fields) -> Fields {
    fields.iter().filter(|(_, v)| **v != FieldValue::NewContact).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn is_open(unclear: &Unclear) -> bool {
    unclear.contact || unclear.event.is_some() || unclear.update.is_some()
}

/// The state after the answers.
pub fn absorb(sent: &Synced, writes: &[Write], results: &[WriteResult], email: &EmailAddress) -> Synced {
    let mut after = Synced { unclear: still_unclear(sent, writes, results), ..sent.clone() };
    for (write, result) in writes.iter().zip(results) {
        match (write, result) {
            (Write::CreateContact { .. }, WriteResult::Done(Some(id))) => {
                after.person = Some(SyncedPerson { id: id.clone(), email: email.clone() });
            }
            (Write::CreateEvent { fields } | Write::UpsertEvent { fields }, WriteResult::Done(Some(id))) => {
                after.event =
                    SyncedEvent::Written { id: id.clone(), fields: with_contact(fields, after.person.as_ref()) };
            }
            (Write::CreateEvent { .. } | Write::UpsertEvent { .. }, WriteResult::Refused(r))
                if r.missing != Missing::No =>
            {
                // The person on record is dead; the next plan looks for them by email again.
                after.person = None;
            }
            (Write::UpdateEvent { event, fields }, WriteResult::Done(_)) => {
                after.event = updated(&after.event, event, fields, after.person.as_ref());
                after.late_updates.retain(|late| may_still_happen(late, sent));
            }
            (Write::UpdateEvent { event, .. }, WriteResult::Refused(r)) if settles(write, r) => {
                after.event = SyncedEvent::Missing;
                after.gone.push(event.clone());
            }
            (Write::DeleteEvent { event }, result) if is_deleted(write, result) => {
                after.event = SyncedEvent::Deleted;
                after.gone.push(event.clone());
            }
            _ => {}
        }
    }
    after
}

/// Whether a refusal is as good as an answer: a deleted Event is written anew, and one to be deleted is already gone. An Event
/// that is only not found may be hidden from this user, so it is never written a second time.
fn settles(write: &Write, refusal: &Refusal) -> bool {
    match write {
        Write::UpdateEvent { .. } => refusal.missing == Missing::Deleted,
        Write::DeleteEvent { .. } => refusal.missing != Missing::No,
        Write::CreateEvent { .. } | Write::UpsertEvent { .. } => refusal.missing != Missing::No,
        Write::CreateContact { .. } => false,
    }
}

fn is_deleted(delete: &Write, result: &WriteResult) -> bool {
    match result {
        WriteResult::Done(_) => true,
        WriteResult::Refused(refusal) => settles(delete, refusal),
        WriteResult::Unclear | WriteResult::NotSent(_) => false,
    }
}

/// Whether an earlier update may come after a change that was made now. Only a change that was made after it overwrites it.
fn may_still_happen(late: &LateUpdate, sent: &Synced) -> bool {
    sent.unclear.as_ref().is_some_and(|unclear| unclear.since < late.until)
}

fn still_unclear(sent: &Synced, writes: &[Write], results: &[WriteResult]) -> Option<Unclear> {
    let unclear = sent.unclear.clone()?;
    let open = |kind: fn(&Write) -> bool| {
        writes.iter().zip(results).any(|(w, r)| kind(w) && matches!(r, WriteResult::Unclear))
    };
    let contact = unclear.contact && open(|w| matches!(w, Write::CreateContact { .. }));
    let created = open(|w| matches!(w, Write::CreateEvent { .. } | Write::UpsertEvent { .. }));
    let updated = open(|w| matches!(w, Write::UpdateEvent { .. }));
    let (event, update) = (unclear.event.clone().filter(|_| created), unclear.update.clone().filter(|_| updated));
    Some(Unclear { contact, event, update, ..unclear }).filter(is_open)
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

/// One word from all results: the gravest refusal decides. A create without an answer is planned for anew, which looks for it
/// first; any other write without an answer is tried again later.
pub fn verdict(writes: &[Write], results: &[WriteResult]) -> Verdict {
    let mut gravest: Option<Refusal> = None;
    for (write, result) in writes.iter().zip(results) {
        let refusal = match result {
            WriteResult::Refused(r) if r.halted || settles(write, r) => continue,
            WriteResult::Refused(r) | WriteResult::NotSent(r) => r.clone(),
            WriteResult::Unclear if !matches!(write, Write::CreateContact { .. } | Write::CreateEvent { .. }) => {
                no_answer()
            }
            WriteResult::Unclear | WriteResult::Done(_) => continue,
        };
        if gravest.as_ref().is_none_or(|g| refusal.class > g.class) {
            gravest = Some(refusal);
        }
    }
    match gravest {
        Some(refusal) if refusal.class == ErrorClass::Data => Verdict::Hold(refusal),
        Some(refusal) => Verdict::Retry(refusal),
        None => Verdict::PlanAgain,
    }
}

fn no_answer() -> Refusal {
    let message = "Salesforce did not answer a change of the Event";
    Refusal::new(ErrorClass::Passing, "NO_ANSWER", message, "It is made again by itself.")
}
