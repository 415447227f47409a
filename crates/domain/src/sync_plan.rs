//! What to write to Salesforce so that it shows a booking as it is wanted (spec 4).
//!
//! Planning compares what is wanted with what was last written. It is run again after every
//! request, until nothing is left to do; so repeats and wrong order are harmless.

mod fields;
mod people;
mod settle;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ask::{Answer, Ask, EventRow, Known, LookupFailure, Next, RecordId};
use crate::booking::{Booking, BookingId, BookingStatus, RecordedBooking};
use crate::email_domain::EmailAddress;
use crate::event_description::description;
use crate::org_shape::{BOOKING_ID_FIELD, OrgShape};
use crate::salesforce_settings::SalesforceSettings;
use crate::sync_note::Note;
use crate::sync_outcome::{
    FieldValue, Fields, PersonKind, RefusedGuests, SALESFORCE_CALL_LIMIT, Synced, SyncedEvent, SyncedPerson,
};

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

/// What to do next for a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Salesforce shows what is wanted.
    InStep,
    /// An Event thought lost was found; take it as the booking's own and plan again.
    Adopt(Box<Synced>),
    /// Send these.
    Write {
        /// The people whose records were found rather than created.
        found: Vec<SyncedPerson>,
        /// In order.
        writes: Vec<Write>,
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
    /// The emails of all hosts, where the booking has guests: they and others of their domains are no guests.
    pub hosts: &'a [EmailAddress],
    /// Guests whose records were refused in this run.
    pub refused_guests: &'a RefusedGuests,
    /// What was last written.
    pub synced: &'a Synced,
    /// What the org's objects look like.
    pub org: &'a OrgShape,
    /// The present instant.
    pub now: Timestamp,
}

/// Decides what to do next for a booking, and says what is worth knowing about it.
pub fn plan(input: PlanInput<'_>, known: &Known) -> (Next<Plan>, Vec<Note>) {
    let mut planner = Planner { input, known, asks: BTreeSet::new(), notes: Vec::new() };
    let next = match planner.decide() {
        Ok(plan) => Next::Done(plan),
        Err(Stop::Ask) => Next::Ask(planner.asks),
        Err(Stop::Plan(plan)) => Next::Done(*plan),
    };
    (next, planner.notes)
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
            (BookingStatus::Accepted, SyncedEvent::Written { id, fields }) => self.update(id, fields),
            (BookingStatus::Accepted, SyncedEvent::InBin { fields }) if !self.moved(fields) => Ok(Plan::InStep),
            (BookingStatus::Accepted, event) => {
                if matches!(event, SyncedEvent::Missing | SyncedEvent::InBin { .. }) {
                    self.notes.push(Note::EventWrittenAnew);
                }
                self.create()
            }
        }
    }

    /// Deletes the Event of a cancelled booking, unless the meeting was over by then (spec 4.4).
    fn cancel(&mut self, event: &RecordId, written: &Fields) -> Result<Plan, Stop> {
        if self.input.wanted.changed_at >= self.booking().end {
            self.notes.push(Note::EndedEventKept);
            return Ok(self.no_show_of_kept(event, written));
        }
        let mut events = self.upserted_late()?;
        if !events.contains(event) {
            events.push(event.clone());
        }
        Ok(Plan::Write {
            found: vec![],
            writes: events.into_iter().map(|event| Write::DeleteEvent { event }).collect(),
        })
    }

    /// Whether the attendee came is said of an Event that is kept, too.
    fn no_show_of_kept(&mut self, event: &RecordId, written: &Fields) -> Plan {
        let mut fields = Fields::new();
        self.add_no_show(&mut fields);
        fields.retain(|name, value| written.get(name) != Some(value));
        self.leave_out_unwritable(&mut fields, |shape| shape.updateable);
        match fields.is_empty() {
            true => Plan::InStep,
            false => Plan::Write { found: vec![], writes: vec![Write::UpdateEvent { event: event.clone(), fields }] },
        }
    }

    /// Cancelled before any Event was written: the people are found or created all the same, if it had ever been confirmed
    /// (spec 4.7).
    fn cancelled_without_event(&mut self) -> Result<Plan, Stop> {
        let back = self.upserted_late()?;
        if !back.is_empty() {
            let writes = back.into_iter().map(|event| Write::DeleteEvent { event }).collect();
            return Ok(Plan::Write { found: vec![], writes });
        }
        let was_written = self.input.synced.event != SyncedEvent::None;
        if was_written || self.input.wanted.never_confirmed() || self.all_on_record() {
            return Ok(Plan::InStep);
        }
        let people = self.people_and_owner()?;
        Ok(match people.creates.is_empty() {
            true => Plan::InStep,
            false => {
                Plan::Write { found: people.found, writes: people.creates.into_iter().take(MOST_WRITES).collect() }
            }
        })
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
        let mut fields = self.event_fields(&people);
        let text = description(self.booking(), &people.listed);
        let text = self.cut("Event", "Description", text);
        fields.insert("Description".into(), text);
        if self.input.org.has_booking_id_field() {
            fields.insert(BOOKING_ID_FIELD.to_owned(), FieldValue::Text(self.input.id.to_string()));
        }
        self.leave_out_unwritable(&mut fields, |shape| shape.createable);
        let event = match self.input.org.booking_id_is_upsert_key() {
            true => Write::UpsertEvent { fields },
            false => Write::CreateEvent { fields },
        };
        Ok(people.with_event(event))
    }

    fn update(&mut self, event: &RecordId, written: &Fields) -> Result<Plan, Stop> {
        let people = self.people_and_owner()?;
        let mut fields = self.event_fields(&people);
        let shown = self.may_be_shown(written);
        if shown.contains("Location") {
            fields.entry("Location".into()).or_insert(FieldValue::Null);
        }
        self.keep_list_of_people(&mut fields, &shown);
        let overwritten = self.overwritten_by_late_update(&fields)?;
        fields.retain(|name, value| written.get(name) != Some(value) || overwritten.contains(name));
        self.leave_out_unwritable(&mut fields, |shape| shape.updateable);
        if fields.contains_key("Subject") && !self.subject_is_ours(event, written)? {
            fields.remove("Subject");
        }
        if fields.is_empty() {
            return Ok(Plan::InStep);
        }
        Ok(people.with_event(Write::UpdateEvent { event: event.clone(), fields }))
    }

    /// Whether the Event still has the Subject that was last written; else it is the rep's own (spec 4.2).
    fn subject_is_ours(&mut self, event: &RecordId, written: &Fields) -> Result<bool, Stop> {
        let rows = self.events(Ask::EventNow(event.clone()))?;
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
