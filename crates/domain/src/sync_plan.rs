//! What to write to Salesforce so that it shows a booking as it is wanted (spec 4).
//!
//! Planning compares what is wanted with what was last written. It is run again after every
//! request, until nothing is left to do; so repeats and wrong order are harmless.

mod account;
mod attendee;
mod fields;
mod people;
mod person_rows;
mod settle;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::account_resolution::LookupSettings;
use crate::ask::{Answer, Ask, EventRow, Known, LookupFailure, Next, RecordId};
use crate::booking::{Booking, BookingId, BookingStatus, RecordedBooking};
use crate::email_domain::EmailAddress;
use crate::event_description::description;
use crate::org_shape::{BOOKING_ID_FIELD, OrgShape};
use crate::salesforce_settings::SalesforceSettings;
use crate::sync_note::Note;
use crate::sync_outcome::{
    FieldValue, Fields, PersonKind, PersonState, SALESFORCE_CALL_LIMIT, Synced, SyncedEvent, SyncedPerson,
};
use crate::sync_refusals::Refusals;
use crate::trace::ResolutionTrace;
use people::People;

/// The shortest pause between two looks for an unclear write.
const FIRST_LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(15);

/// The most writes of one request (Salesforce facts 2.7).
const MOST_WRITES: usize = 25;

/// One write. A plan's writes go out as one request, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Creates the record of the attendee or a guest.
    CreatePerson {
        /// What it is to be.
        kind: PersonKind,
        /// Whose it is.
        email: EmailAddress,
        /// Its values.
        fields: Fields,
        /// How it is saved.
        options: CreatePersonOptions,
    },
    /// Changes the attendee's record.
    UpdatePerson {
        /// What it is.
        kind: PersonKind,
        /// Which.
        id: RecordId,
        /// What is changed: each part fails alone.
        part: PersonPart,
        /// The values.
        fields: Fields,
    },
    /// Creates the booking's Event.
    CreateEvent {
        /// Its values.
        fields: Fields,
    },
    /// Creates the booking's Event, or gives these values to the one that already carries the booking id: for orgs where
    /// the field is a unique external id. It can be repeated at any time (spec 4.2).
    UpsertEvent {
        /// Its values, the booking id among them.
        fields: Fields,
    },
    /// Changes the booking's Event.
    UpdateEvent {
        /// Which.
        event: RecordId,
        /// The values that change.
        fields: Fields,
    },
    /// Deletes the booking's Event.
    DeleteEvent {
        /// Which.
        event: RecordId,
    },
}

/// How a new person is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CreatePersonOptions {
    /// The org's assignment rules choose the owner.
    pub run_assignment_rules: bool,
    /// Duplicate rules that only alert let it pass.
    pub allow_duplicate: bool,
}

impl Write {
    /// The values that it writes; none for what deletes.
    pub fn fields(&self) -> Option<&Fields> {
        match self {
            Write::CreatePerson { fields, .. }
            | Write::UpdatePerson { fields, .. }
            | Write::CreateEvent { fields }
            | Write::UpsertEvent { fields }
            | Write::UpdateEvent { fields, .. } => Some(fields),
            Write::DeleteEvent { .. } => None,
        }
    }
}

/// What is changed of the attendee's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonPart {
    /// The values of rows.
    Rows,
    /// The Account that it belongs to.
    Account,
    /// Its owner.
    Owner,
}

/// What to do next for a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Salesforce shows what is wanted.
    InStep,
    /// Nothing is to be written, but more is known than before: take it and plan again.
    Adopt(Box<Synced>),
    /// Send these.
    Write {
        /// The people whose records were found rather than created.
        found: Vec<SyncedPerson>,
        /// In order.
        writes: Vec<Write>,
        /// What the attendee's record has been given once all is done.
        state: PersonState,
    },
    /// An earlier create may still take effect: look again at that time.
    Wait {
        /// When to look again.
        until: Timestamp,
    },
    /// A person must decide.
    Hold {
        /// What is the matter and what to do, in words.
        reason: String,
    },
    /// Something that must be known could not be asked.
    Failed(LookupFailure),
}

/// All that planning looks at, besides answers.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// Which booking.
    pub id: &'a BookingId,
    /// What is wanted.
    pub wanted: &'a RecordedBooking,
    /// How its event type is written to Salesforce.
    pub settings: &'a SalesforceSettings,
    /// How its connection looks Accounts up.
    pub lookup: &'a LookupSettings,
    /// The emails of all hosts, where they matter: they and others of their domains are no guests, and lead to no Account.
    pub hosts: &'a [EmailAddress],
    /// The Account that routing found for the attendee, where it did: it is used instead of looking for one (spec 5).
    pub routed_account: Option<&'a RecordId>,
    /// Its event type's title.
    pub event_type: &'a str,
    /// The booking's page, where it is known.
    pub url: Option<&'a str>,
    /// One sentence on how the organizer was chosen, where that was decided here.
    pub assignment_reason: Option<&'a str>,
    /// What was refused in this run.
    pub refusals: &'a Refusals,
    /// What was last written.
    pub synced: &'a Synced,
    /// What the org's objects look like.
    pub org: &'a OrgShape,
    /// The present instant.
    pub now: Timestamp,
}

/// What to do next, and how that came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What to do, or what must be known first.
    pub next: Next<Plan>,
    /// What is worth knowing about it.
    pub notes: Vec<Note>,
    /// How the attendee's Account was looked for, where it was.
    pub account: Option<ResolutionTrace>,
}

/// Decides what to do next for a booking, and says what is worth knowing about it.
pub fn plan(input: PlanInput<'_>, known: &Known) -> Planned {
    let without_cancel = input.wanted.marks.is_another.then(|| input.settings.without_cancel_lists());
    let settings = without_cancel.as_ref().unwrap_or(input.settings);
    let input = PlanInput { settings, ..input };
    let mut planner = Planner { input, known, asks: BTreeSet::new(), notes: Vec::new(), account: None };
    let next = match planner.decide() {
        Ok(plan) => Next::Done(plan),
        Err(Stop::Ask) => Next::Ask(planner.asks),
        Err(Stop::Plan(plan)) => Next::Done(*plan),
    };
    Planned { next, notes: planner.notes, account: planner.account }
}

/// Whether nothing is to be done whatever the org looks like: a request that its host has not confirmed, or that came to
/// nothing before.
pub fn is_idle(wanted: &RecordedBooking, synced: &Synced) -> bool {
    let waits = wanted.booking.status == BookingStatus::Requested || wanted.never_confirmed();
    waits && *synced == Synced::default()
}

/// Why planning stops before its end.
enum Stop {
    /// An answer is missing.
    Ask,
    /// The plan is already settled.
    Plan(Box<Plan>),
}

impl Stop {
    fn plan(plan: Plan) -> Self {
        Stop::Plan(Box::new(plan))
    }
}

struct Planner<'a> {
    input: PlanInput<'a>,
    known: &'a Known,
    asks: BTreeSet<Ask>,
    notes: Vec<Note>,
    account: Option<ResolutionTrace>,
}

impl Planner<'_> {
    fn booking(&self) -> &Booking {
        &self.input.wanted.booking
    }

    fn decide(&mut self) -> Result<Plan, Stop> {
        if let Some(unclear) = &self.input.synced.unclear {
            self.settle(unclear)?;
        }
        match (self.booking().status, &self.input.synced.event) {
            // Until its host's word, a booking stays as Salesforce shows it (spec 4.7).
            (BookingStatus::Requested, _) => Ok(Plan::InStep),
            (BookingStatus::Cancelled | BookingStatus::Rejected, SyncedEvent::Written { id, fields }) => {
                self.cancel(id, fields)
            }
            (BookingStatus::Cancelled | BookingStatus::Rejected, _) => self.cancelled_without_event(),
            (BookingStatus::Accepted, SyncedEvent::Written { id, fields }) => self.update(id, fields, Ok(None)),
            (BookingStatus::Accepted, SyncedEvent::InBin { fields }) if !self.moved(fields) => Ok(Plan::InStep),
            (BookingStatus::Accepted, event) => {
                if matches!(event, SyncedEvent::Missing | SyncedEvent::InBin { .. }) {
                    self.notes.push(Note::EventWrittenAnew);
                }
                self.create()
            }
        }
    }

    fn cancelled(&self) -> bool {
        matches!(self.booking().status, BookingStatus::Cancelled | BookingStatus::Rejected)
    }

    /// A cancelled booking's Event is deleted, or kept and written to (spec 4.4).
    fn cancel(&mut self, event: &RecordId, written: &Fields) -> Result<Plan, Stop> {
        let attendee = self.cancelled_attendee(Some(event));
        if self.input.settings.event_fields_on_cancel.is_on() {
            return self.update(event, written, attendee);
        }
        let over = self.input.wanted.changed_at >= self.booking().end;
        if over {
            self.notes.push(Note::EndedEventKept);
        }
        let events = if over { Ok(vec![]) } else { self.upserted_late() };
        let (attendee, mut events) = (attendee?, events?);
        let mut writes = match over {
            true => self.no_show_of_kept(event, written),
            false => {
                if !events.contains(event) {
                    events.push(event.clone());
                }
                events.into_iter().map(|event| Write::DeleteEvent { event }).collect()
            }
        };
        let (rows, state) = self.rows_of(attendee)?;
        writes.splice(0..0, rows);
        Ok(self.written(vec![], writes, state))
    }

    /// The plan that writes to people alone.
    fn people_alone(&self, people: People) -> Plan {
        match people.is_idle() {
            true => self.written(people.found, vec![], people.state),
            false => people.plan(None),
        }
    }

    /// The plan of these writes; without any, what is known besides is kept.
    fn written(&self, found: Vec<SyncedPerson>, writes: Vec<Write>, state: PersonState) -> Plan {
        if !writes.is_empty() {
            return Plan::Write { found, writes, state };
        }
        let synced = self.input.synced;
        // A link that turned out to be there by now is no longer to be made.
        let found = found.into_iter().find(|found| synced.person.as_ref().is_some_and(|known| known.id == found.id));
        let person = found.filter(|found| found.link.is_none()).or_else(|| synced.person.clone());
        let is_linked = person.as_ref().map(|person| &person.link) != synced.person.as_ref().map(|person| &person.link);
        match is_linked || state != synced.person_state {
            true => Plan::Adopt(Box::new(Synced { person, person_state: state, ..synced.clone() })),
            false => Plan::InStep,
        }
    }

    /// Whether the attendee came is said of an Event that is kept, too.
    fn no_show_of_kept(&mut self, event: &RecordId, written: &Fields) -> Vec<Write> {
        let mut fields = Fields::new();
        self.add_no_show(&mut fields);
        fields.retain(|name, value| written.get(name) != Some(value));
        self.leave_out_unwritable(&mut fields, |shape| shape.updateable);
        match fields.is_empty() {
            true => vec![],
            false => vec![Write::UpdateEvent { event: event.clone(), fields }],
        }
    }

    /// Cancelled before any Event was written: the people are found or created all the same, if it had ever been confirmed, and
    /// the Event is written where it is to be kept (spec 4.7).
    fn cancelled_without_event(&mut self) -> Result<Plan, Stop> {
        let back = self.upserted_late()?;
        if !back.is_empty() {
            let writes = back.into_iter().map(|event| Write::DeleteEvent { event }).collect();
            return Ok(Plan::Write { found: vec![], writes, state: self.input.synced.person_state.clone() });
        }
        if self.input.wanted.never_confirmed() {
            return Ok(Plan::InStep);
        }
        if self.input.synced.event != SyncedEvent::None {
            let attendee = self.cancelled_attendee(None)?;
            let (writes, state) = self.rows_of(attendee)?;
            return Ok(self.written(vec![], writes, state));
        }
        if self.input.settings.event_fields_on_cancel.is_on() {
            return self.create();
        }
        let people = self.people_and_owner()?;
        Ok(self.people_alone(people))
    }

    /// Whether the booking's times differ from those last written.
    fn moved(&self, written: &Fields) -> bool {
        let booking = self.booking();
        [("StartDateTime", booking.start), ("EndDateTime", booking.end)]
            .iter()
            .any(|(name, at)| written.get(*name) != Some(&FieldValue::Instant(*at)))
    }

    fn create(&mut self) -> Result<Plan, Stop> {
        let people = self.people_and_owner()?;
        if people.who == FieldValue::Null {
            self.notes.push(Note::NobodyLeft);
            return Ok(self.people_alone(people));
        }
        let related = self.related(&people)?;
        let mut fields = self.event_fields(&people);
        let text = description(self.booking(), &people.listed);
        let text = self.cut("Event", "Description", text);
        fields.entry("Description".into()).or_insert(text);
        fields.extend(related);
        if self.input.org.has_booking_id_field() {
            fields.insert(BOOKING_ID_FIELD.to_owned(), FieldValue::Text(self.input.id.to_string()));
        }
        let rows = self.event_rows(None, |shape| shape.createable)?;
        fields.extend(rows);
        self.leave_out_unwritable(&mut fields, |shape| shape.createable);
        let event = match self.input.org.booking_id_is_upsert_key() {
            true => Write::UpsertEvent { fields },
            false => Write::CreateEvent { fields },
        };
        Ok(people.with_event(event))
    }

    fn update(
        &mut self,
        event: &RecordId,
        written: &Fields,
        cancelled_attendee: Result<Option<SyncedPerson>, Stop>,
    ) -> Result<Plan, Stop> {
        let people = match self.cancelled() {
            false => self.people_and_owner(),
            true => self.people_of_cancelled(written, cancelled_attendee),
        };
        let rows = self.event_rows(Some((event, written)), |shape| shape.updateable);
        let (people, rows) = (people?, rows?);
        let mut fields = self.event_fields(&people);
        let shown = self.may_be_shown(written);
        if shown.contains("Location") {
            fields.entry("Location".into()).or_insert(FieldValue::Null);
        }
        self.keep_list_of_people(&mut fields, &shown);
        fields.extend(rows);
        let overwritten = self.overwritten_by_late_update(&fields)?;
        fields.retain(|name, value| written.get(name) != Some(value) || overwritten.contains(name));
        if self.cancelled() {
            // Whom new guests became on an Event whose answer was lost is not known: it stays with them.
            fields.retain(|_, value| !value.names_new_person());
        }
        self.leave_out_unwritable(&mut fields, |shape| shape.updateable);
        if fields.contains_key("Subject") && !self.subject_is_ours(event, written)? {
            fields.remove("Subject");
        }
        if fields.is_empty() {
            return Ok(self.people_alone(people));
        }
        Ok(people.with_event(Write::UpdateEvent { event: event.clone(), fields }))
    }

    /// Whether the Event still has the Subject that was last written; else it is the rep's own (spec 4.2).
    fn subject_is_ours(&mut self, event: &RecordId, written: &Fields) -> Result<bool, Stop> {
        let rows = self.events(self.event_now(event))?;
        let present = rows.first().and_then(|row| row.subject.clone());
        let ours = rows.is_empty() || present.map(FieldValue::Text).as_ref() == written.get("Subject");
        if !ours {
            self.notes.push(Note::SubjectKept);
        }
        Ok(ours)
    }

    fn events(&mut self, ask: Ask) -> Result<Vec<EventRow>, Stop> {
        match self.answer(ask)? {
            Answer::Events(rows) => Ok(rows),
            other => unreachable!("Events were asked for, {other:?} came back"),
        }
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer, Stop> {
        match self.known.get(&ask) {
            Some(Ok(answer)) => Ok(answer.clone()),
            Some(Err(failure)) => Err(Stop::plan(Plan::Failed(failure.clone()))),
            None => {
                self.asks.insert(ask);
                Err(Stop::Ask)
            }
        }
    }
}

#[cfg(test)]
#[path = "sync_plan_examples.rs"]
pub(crate) mod examples;
#[cfg(test)]
#[path = "sync_plan_tests.rs"]
mod tests;
