//! What Salesforce was last made to show for a booking, and how the answers to writes change that.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::org_shape::PEOPLE_FIELD;
use crate::sync_plan::{PersonPart, Write};

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
    /// A calendar day.
    Date(Date),
    /// A number.
    Number(serde_json::Number),
    /// A checkbox.
    Checkbox(bool),
    /// Another record.
    Record(RecordId),
    /// The record that the same request creates for this person.
    NewPerson(EmailAddress),
    /// Several records.
    List(Vec<FieldValue>),
}

impl FieldValue {
    /// Whether it names a record that the same request creates.
    pub(crate) fn names_new_person(&self) -> bool {
        match self {
            FieldValue::NewPerson(_) => true,
            FieldValue::List(values) => values.iter().any(FieldValue::names_new_person),
            _ => false,
        }
    }
}

/// Field values by API name.
pub type Fields = BTreeMap<String, FieldValue>;

/// What a person is in Salesforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// A Contact.
    #[default]
    Contact,
    /// A Lead.
    Lead,
}

/// How ids of Leads begin (Salesforce facts 7).
const LEAD_PREFIX: &str = "00Q";

impl PersonKind {
    /// What a WhoId points to.
    pub fn of(who: &RecordId) -> PersonKind {
        if who.0.starts_with(LEAD_PREFIX) { PersonKind::Lead } else { PersonKind::Contact }
    }

    /// The object's API name.
    pub fn object(self) -> &'static str {
        match self {
            PersonKind::Contact => "Contact",
            PersonKind::Lead => "Lead",
        }
    }
}

/// The record of the attendee or a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncedPerson {
    /// The record.
    pub id: RecordId,
    /// The email it was found or created by.
    pub email: EmailAddress,
    /// What it is.
    #[serde(default)]
    pub kind: PersonKind,
    /// The Account that it belongs to, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<RecordId>,
    /// The Account that it is to be linked to, as long as that is not known to be done (spec 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<RecordId>,
}

/// What the attendee's record was last given beside what it is created with (spec 4.3, 4.5).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonState {
    /// The values of rows as last written.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub written: Fields,
    /// The fields of booking rows that were to be written only if they were empty, and were judged.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub judged_on_booking: BTreeSet<String>,
    /// The same of cancel rows.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub judged_on_cancel: BTreeSet<String>,
    /// The cancel rows have run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ran_on_cancel: bool,
    /// What became of its owner.
    pub owner: OwnerState,
}

/// What became of the owner of the attendee's record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerState {
    /// Nothing yet.
    #[default]
    Open,
    /// It is this one by our doing.
    Set(RecordId),
    /// It is another one, whom we leave.
    Left,
}

/// What a person decided about a record that Salesforce takes for a duplicate (spec 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateChoice {
    /// *Use this record*.
    Use(RecordId),
    /// *Create anyway*: rules that only alert let it pass.
    CreateAnyway,
}

/// Records that a duplicate rule takes for the attendee, whose new record it refused (spec 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Those that Salesforce named; not empty.
    pub records: BTreeSet<RecordId>,
    /// The rule only alerts, so that the record may be created all the same.
    pub may_create_anyway: bool,
}

/// Why a [`DuplicateChoice`] cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceRefused {
    /// Nothing is to be decided.
    #[error("Nothing is to be decided here.")]
    NothingToDecide,
    /// The record is none of those that Salesforce named.
    #[error("Salesforce did not name this record as a duplicate.")]
    OtherRecord,
    /// The rule blocks.
    #[error("The org's duplicate rule does not only alert, it blocks: the record cannot be created beside the other.")]
    RuleBlocks,
}

/// A person whose create was sent without an answer: the record may come into being until Salesforce's limit for a call has
/// passed, and nobody creates it again before (spec 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnclearPerson {
    /// Whose.
    pub email: EmailAddress,
    /// Until when.
    pub until: Timestamp,
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
    /// Somebody deleted the Event, as was seen when a create without an answer turned out to have taken effect, or when it
    /// was to say whether the attendee came. It stays deleted until the booking moves (spec 4.2).
    InBin {
        /// What had been written to it.
        fields: Fields,
    },
    /// It was deleted because the booking was cancelled.
    Deleted,
}

/// Writes of the Event that were sent and whose answer is not known. They may have taken effect (spec 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unclear {
    /// When they were sent.
    pub since: Timestamp,
    /// The attendee's email at that time.
    pub email: EmailAddress,
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
    /// What the attendee's record was given besides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub person_state: PersonState,
    /// What was decided about a duplicate of the attendee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_choice: Option<DuplicateChoice>,
    /// Duplicates of the attendee on which nobody decided yet, or that stand in the way of what was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Duplicates>,
    /// The guests' records, once found or created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guests: Vec<SyncedPerson>,
    /// The Event.
    #[serde(default)]
    pub event: SyncedEvent,
    /// Writes of the Event without an answer.
    #[serde(default)]
    pub unclear: Option<Unclear>,
    /// Creates of persons without an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear_people: Vec<UnclearPerson>,
    /// Earlier updates that may still take effect, or did so and were not overwritten yet; the latest last.
    #[serde(default)]
    pub late_updates: Vec<LateUpdate>,
    /// Its Events that are known to be deleted: they are not what a lost create made.
    #[serde(default)]
    pub gone: Vec<RecordId>,
}

fn is_default(state: &PersonState) -> bool {
    *state == PersonState::default()
}

impl Synced {
    /// Takes the record of the attendee, who has this email, or of a guest.
    fn take_person(&mut self, person: SyncedPerson, attendee: &EmailAddress) {
        self.unclear_people.retain(|unclear| unclear.email != person.email);
        if person.email == *attendee {
            if self.person.as_ref().is_none_or(|known| known.id != person.id) {
                self.person_state = PersonState::default();
            }
            self.person = Some(person);
            self.duplicates = None;
            return;
        }
        self.guests.retain(|guest| guest.email != person.email);
        self.guests.push(person);
    }

    /// The same with what a person decided about duplicates.
    pub fn choosing(mut self, choice: DuplicateChoice) -> Result<Self, ChoiceRefused> {
        let duplicates = self.duplicates.as_ref().ok_or(ChoiceRefused::NothingToDecide)?;
        match &choice {
            DuplicateChoice::Use(id) if !duplicates.records.contains(id) => return Err(ChoiceRefused::OtherRecord),
            DuplicateChoice::CreateAnyway if !duplicates.may_create_anyway => return Err(ChoiceRefused::RuleBlocks),
            _ => {}
        }
        self.duplicate_choice = Some(choice);
        Ok(self)
    }

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
        let upserted = self.event.as_ref().filter(|_| self.upsert).map(without_new_people);
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
    /// What it says of the values.
    pub of_values: Option<Box<RefusedValues>>,
}

/// What a refusal says of the values that were sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RefusedValues {
    /// The fields that it names; the rest would be accepted without them.
    pub fields: Vec<String>,
    /// The records that it takes for the same; none where it is about values, or a rule over them.
    pub duplicates: Vec<RecordId>,
    /// The duplicate rule only alerts.
    pub only_alerts: bool,
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
            of_values: None,
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

/// The state to commit *before* the writes are sent: until their answer is known, they are unclear. `found` are people whose
/// records were looked up; `email` is the attendee's.
pub fn before_sending(
    synced: &Synced,
    found: Vec<SyncedPerson>,
    writes: &[Write],
    email: &EmailAddress,
    now: Timestamp,
) -> Synced {
    let mut unclear = Unclear { since: now, email: email.clone(), event: None, upsert: false, update: None };
    let mut sent = Synced { late_updates: synced.unanswered_updates(), ..synced.clone() };
    for person in found {
        sent.take_person(person, email);
    }
    sent.unclear_people.retain(|person| person.until > now);
    for write in writes {
        match write {
            Write::CreatePerson { email, .. } => {
                let until = now + SALESFORCE_CALL_LIMIT;
                sent.unclear_people.push(UnclearPerson { email: email.clone(), until });
            }
            Write::CreateEvent { fields } => unclear.event = Some(fields.clone()),
            Write::UpsertEvent { fields } => (unclear.event, unclear.upsert) = (Some(fields.clone()), true),
            Write::UpdateEvent { fields, .. } => unclear.update = Some(without_new_who(fields)),
            Write::DeleteEvent { .. } | Write::UpdatePerson { .. } => {}
        }
    }
    sent.unclear = Some(unclear).filter(is_open);
    sent
}

/// A change to the attendee's new record is made again by itself, once that is known. A list with new guests is kept: unless it
/// is wanted again, it must be overwritten.
fn without_new_who(fields: &Fields) -> Fields {
    let is_new = |value: &FieldValue| matches!(value, FieldValue::NewPerson(_));
    fields.iter().filter(|(_, v)| !is_new(v)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// Who a new record of the same request will be is not known yet, so it cannot be compared later.
fn without_new_people(fields: &Fields) -> Fields {
    fields.iter().filter(|(_, v)| !v.names_new_person()).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn is_open(unclear: &Unclear) -> bool {
    unclear.event.is_some() || unclear.update.is_some()
}

/// The state after the answers; `email` is the attendee's, `state` what their record has been given once all is done.
pub fn absorb(
    sent: &Synced,
    writes: &[Write],
    results: &[WriteResult],
    email: &EmailAddress,
    state: &PersonState,
) -> Synced {
    let mut after = Synced { unclear: still_unclear(sent, writes, results), ..sent.clone() };
    for (write, result) in writes.iter().zip(results) {
        match (write, result) {
            (Write::CreatePerson { kind, email: whose, fields, .. }, WriteResult::Done(Some(id))) => {
                let account = match fields.get("AccountId") {
                    Some(FieldValue::Record(account)) => Some(account.clone()),
                    _ => None,
                };
                let person = SyncedPerson { id: id.clone(), email: whose.clone(), kind: *kind, account, link: None };
                after.take_person(person, email);
                if whose == email {
                    after.person_state.owner = state.owner.clone();
                }
            }
            (Write::UpdatePerson { part: PersonPart::Owner, .. }, WriteResult::Done(_)) => {
                after.person_state.owner = state.owner.clone();
            }
            (Write::UpdatePerson { part: PersonPart::Account, fields, .. }, WriteResult::Done(_)) => {
                if let (Some(FieldValue::Record(account)), Some(person)) = (fields.get("AccountId"), &mut after.person)
                {
                    (person.account, person.link) = (Some(account.clone()), None);
                }
            }
            (Write::UpdatePerson { .. }, WriteResult::Refused(r)) if r.missing != Missing::No => {
                // The record is dead, or a Lead was converted; the next plan looks for it again.
                after.person = None;
            }
            (Write::CreatePerson { email: whose, .. }, WriteResult::Refused(_) | WriteResult::NotSent(_)) => {
                after.unclear_people.retain(|unclear| unclear.email != *whose);
                if whose == email {
                    after.duplicates = refused_duplicates(result);
                }
            }
            (Write::CreateEvent { fields } | Write::UpsertEvent { fields }, WriteResult::Done(Some(id))) => {
                after.event = SyncedEvent::Written { id: id.clone(), fields: with_people(fields, &after) };
            }
            (Write::CreateEvent { .. } | Write::UpsertEvent { .. }, WriteResult::Refused(r))
                if r.missing != Missing::No =>
            {
                // A person on record is dead; the next plan looks for them by email again.
                after.person = None;
                after.guests.clear();
            }
            (Write::UpdateEvent { event, fields }, WriteResult::Done(_)) => {
                after.event = updated(&after, event, fields);
                after.late_updates.retain(|late| may_still_happen(late, sent));
            }
            (Write::UpdateEvent { event, fields }, WriteResult::Refused(r)) if settles(write, r) => {
                after.event = missing(&after.event, fields);
                after.gone.push(event.clone());
            }
            (Write::DeleteEvent { event }, result) if is_deleted(write, result) => {
                after.event = SyncedEvent::Deleted;
                after.gone.push(event.clone());
            }
            _ => {}
        }
    }
    if rows_are_written(writes, results, email) {
        // Where the owner needed no write, it is as planning found it.
        let changes_owner = writes.iter().any(|w| matches!(w, Write::UpdatePerson { part: PersonPart::Owner, .. }));
        let owner = if changes_owner { after.person_state.owner.clone() } else { state.owner.clone() };
        after.person_state = PersonState { owner, ..state.clone() };
    }
    after
}

fn refused_duplicates(result: &WriteResult) -> Option<Duplicates> {
    let WriteResult::Refused(Refusal { of_values: Some(values), .. }) = result else { return None };
    let records: BTreeSet<RecordId> = values.duplicates.iter().cloned().collect();
    (!records.is_empty()).then_some(Duplicates { records, may_create_anyway: values.only_alerts })
}

/// Whether nothing is open of what the attendee's record is given by rows.
fn rows_are_written(writes: &[Write], results: &[WriteResult], attendee: &EmailAddress) -> bool {
    let of_rows = |write: &Write| match write {
        Write::CreatePerson { email, .. } => email == attendee,
        Write::UpdatePerson { part, .. } => *part == PersonPart::Rows,
        _ => false,
    };
    writes.iter().zip(results).all(|(write, result)| !of_rows(write) || matches!(result, WriteResult::Done(_)))
}

/// The fields that say when, where and with whom a meeting is.
const OF_THE_MEETING: [&str; 7] =
    ["Subject", "StartDateTime", "EndDateTime", "Location", "OwnerId", "WhoId", PEOPLE_FIELD];

/// An Event that somebody deleted is written anew for a change of the meeting (spec 4.2), not to say whether somebody came.
fn missing(event: &SyncedEvent, change: &Fields) -> SyncedEvent {
    match event {
        SyncedEvent::Written { fields, .. } if !change.keys().any(|name| OF_THE_MEETING.contains(&name.as_str())) => {
            SyncedEvent::InBin { fields: fields.clone() }
        }
        _ => SyncedEvent::Missing,
    }
}

/// Whether a refusal is as good as an answer: a deleted Event is written anew, and one to be deleted is already gone. An Event
/// that is only not found may be hidden from this user, so it is never written a second time.
pub(crate) fn settles(write: &Write, refusal: &Refusal) -> bool {
    match write {
        Write::UpdateEvent { .. } => refusal.missing == Missing::Deleted,
        Write::DeleteEvent { .. } => refusal.missing != Missing::No,
        Write::CreateEvent { .. } | Write::UpsertEvent { .. } => refusal.missing != Missing::No,
        Write::UpdatePerson { .. } => refusal.missing != Missing::No,
        Write::CreatePerson { .. } => false,
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
    let created = open(|w| matches!(w, Write::CreateEvent { .. } | Write::UpsertEvent { .. }));
    let updated = open(|w| matches!(w, Write::UpdateEvent { .. }));
    let (event, update) = (unclear.event.clone().filter(|_| created), unclear.update.clone().filter(|_| updated));
    Some(Unclear { event, update, ..unclear }).filter(is_open)
}

fn updated(synced: &Synced, id: &RecordId, fields: &Fields) -> SyncedEvent {
    let mut all = match &synced.event {
        SyncedEvent::Written { fields, .. } => fields.clone(),
        _ => Fields::new(),
    };
    all.extend(with_people(fields, synced));
    SyncedEvent::Written { id: id.clone(), fields: all }
}

/// Replaces references to the request's own new records by those records' ids.
fn with_people(fields: &Fields, synced: &Synced) -> Fields {
    fields.iter().map(|(name, value)| (name.clone(), with_person(value, synced))).collect()
}

fn with_person(value: &FieldValue, synced: &Synced) -> FieldValue {
    match value {
        FieldValue::NewPerson(email) => {
            let person = synced.person.iter().chain(&synced.guests).find(|person| person.email == *email);
            person.map_or(FieldValue::Null, |person| FieldValue::Record(person.id.clone()))
        }
        FieldValue::List(values) => FieldValue::List(values.iter().map(|value| with_person(value, synced)).collect()),
        other => other.clone(),
    }
}

/// One word from all results: the gravest refusal decides. A create without an answer is planned for anew, which looks for it
/// first; any other write without an answer is tried again later. What fails alone, or can be mended by leaving something out,
/// stands in `mended`, the places of such writes.
pub fn verdict(writes: &[Write], results: &[WriteResult], mended: &BTreeSet<usize>) -> Verdict {
    let mut gravest: Option<Refusal> = None;
    for (at, (write, result)) in writes.iter().zip(results).enumerate() {
        let refusal = match result {
            WriteResult::Refused(r) if r.halted || settles(write, r) || mended.contains(&at) => continue,
            WriteResult::Refused(r) | WriteResult::NotSent(r) => r.clone(),
            WriteResult::Unclear if !matches!(write, Write::CreatePerson { .. } | Write::CreateEvent { .. }) => {
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
