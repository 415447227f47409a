//! What to write to Salesforce so that it shows a booking as it is wanted (spec 4).
//!
//! Planning compares what is wanted with what was last written. It is run again after every
//! request, until nothing is left to do; so repeats and wrong order are harmless.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ask::{Answer, Ask, EventRow, Known, LookupFailure, Next, PersonRow, RecordId};
use crate::booking::{Booking, BookingId, BookingStatus, RecordedBooking};
use crate::email_domain::EmailAddress;
use crate::event_description::description;
use crate::names::person_name;
use crate::org_shape::{BOOKING_ID_FIELD, ObjectShape, OrgShape};
use crate::person_match;
use crate::sync_note::Note;
use crate::sync_outcome::{FieldValue, Fields, SALESFORCE_CALL_LIMIT, Synced, SyncedEvent, SyncedPerson, Unclear};

/// The shortest pause between two looks for an unclear write.
const FIRST_LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(15);

/// How far Salesforce's clock may be behind ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// One write. A plan's writes go out as one request, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Creates the attendee's Contact.
    CreateContact {
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
        /// The attendee's record, where it was found rather than created.
        found: Option<SyncedPerson>,
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

/// The attendee's record as this plan sees it.
enum Person {
    Known(SyncedPerson),
    New(Fields),
}

/// Whom an Event is with, and whose it is.
struct PeopleOfEvent {
    found: Option<SyncedPerson>,
    contact: Option<Write>,
    who: FieldValue,
    owner: Option<RecordId>,
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
            (BookingStatus::Cancelled, SyncedEvent::Written { id, .. }) => Ok(self.cancel(id)),
            (BookingStatus::Cancelled, _) => self.person_alone(),
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
    fn cancel(&mut self, event: &RecordId) -> Plan {
        if self.input.wanted.changed_at >= self.booking().end {
            self.notes.push(Note::EndedEventKept);
            return Plan::InStep;
        }
        // A late upsert would create the Event anew.
        let late = self.input.synced.unanswered_updates().into_iter().rfind(|l| l.upsert && l.until > self.input.now);
        if let Some(late) = late {
            return Plan::Wait { until: late.until };
        }
        Plan::Write { found: None, writes: vec![Write::DeleteEvent { event: event.clone() }] }
    }

    /// Cancelled before any Event was written: the person is found or created all the same (spec 4.7).
    fn person_alone(&mut self) -> Result<Plan, Stop> {
        if self.synced_person().is_some() {
            return Ok(Plan::InStep);
        }
        Ok(match self.people_of_event()?.contact {
            None => Plan::InStep,
            Some(contact) => Plan::Write { found: None, writes: vec![contact] },
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
        let people = self.people_of_event()?;
        let mut fields = self.event_fields(people.who, people.owner);
        let text = description(self.booking());
        fields.insert("Description".into(), cut(&mut self.notes, &self.input.org.event, "Event", "Description", text));
        if self.input.org.has_booking_id_field() {
            fields.insert(BOOKING_ID_FIELD.to_owned(), FieldValue::Text(self.input.id.to_string()));
        }
        self.leave_out_unwritable(&mut fields, |shape| shape.createable);
        let event = match self.input.org.booking_id_is_upsert_key() {
            true => Write::UpsertEvent { fields },
            false => Write::CreateEvent { fields },
        };
        let writes = people.contact.into_iter().chain([event]).collect();
        Ok(Plan::Write { found: people.found, writes })
    }

    fn update(&mut self, event: &RecordId, written: &Fields) -> Result<Plan, Stop> {
        let people = self.people_of_event()?;
        let mut fields = self.event_fields(people.who, people.owner);
        if written.contains_key("Location") {
            fields.entry("Location".into()).or_insert(FieldValue::Null);
        }
        let overwritten = self.overwritten_by_late_update(&fields)?;
        fields.retain(|name, value| written.get(name) != Some(value) || overwritten.contains(name));
        self.leave_out_unwritable(&mut fields, |shape| shape.updateable);
        if fields.contains_key("Subject") && !self.subject_is_ours(event, written)? {
            fields.remove("Subject");
        }
        if fields.is_empty() {
            return Ok(Plan::InStep);
        }
        let update = Write::UpdateEvent { event: event.clone(), fields };
        Ok(Plan::Write { found: people.found, writes: people.contact.into_iter().chain([update]).collect() })
    }

    /// Attendee and owner. Both are asked for before stopping, so that they travel in one request.
    fn people_of_event(&mut self) -> Result<PeopleOfEvent, Stop> {
        let person = self.person();
        let owner = self.owner();
        let (person, owner) = (person?, owner?);
        Ok(match person {
            Person::Known(person) => {
                PeopleOfEvent { who: FieldValue::Record(person.id.clone()), found: Some(person), contact: None, owner }
            }
            Person::New(fields) => PeopleOfEvent {
                who: FieldValue::NewContact,
                found: None,
                contact: Some(Write::CreateContact { fields }),
                owner,
            },
        })
    }

    /// An earlier update whose answer was lost may still take effect. What it would set otherwise than wanted now is written
    /// again, once it can no longer happen (spec 4.2). Gives the names of those fields.
    fn overwritten_by_late_update(&self, wanted: &Fields) -> Result<BTreeSet<String>, Stop> {
        let differs = |(name, value): &(&String, &FieldValue)| wanted.get(*name).is_some_and(|w| w != *value);
        let mut names = BTreeSet::new();
        for late in self.input.synced.unanswered_updates().iter().rev() {
            let others: Vec<String> = late.fields.iter().filter(differs).map(|(name, _)| name.clone()).collect();
            if !others.is_empty() && self.input.now < late.until {
                return Err(Stop::plan(Plan::Wait { until: late.until }));
            }
            names.extend(others);
        }
        Ok(names)
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

    /// The person already on record for this booking, if the attendee's email is still the same.
    fn synced_person(&self) -> Option<&SyncedPerson> {
        self.input.synced.person.as_ref().filter(|p| p.email == self.booking().attendee.email)
    }

    /// Finds the attendee's Contact by email, else says what to create (spec 4.1, Contact).
    fn person(&mut self) -> Result<Person, Stop> {
        if let Some(person) = self.synced_person() {
            return Ok(Person::Known(person.clone()));
        }
        let rows = self.people(&self.booking().attendee.email.clone())?;
        let Some(chosen) = person_match::choose(&rows) else {
            return Ok(Person::New(self.contact_fields()));
        };
        if rows.len() > 1 {
            self.notes.push(Note::SeveralContacts { count: rows.len(), chosen: chosen.id.clone() });
        }
        Ok(Person::Known(SyncedPerson { id: chosen.id.clone(), email: self.booking().attendee.email.clone() }))
    }

    fn contact_fields(&mut self) -> Fields {
        let attendee = self.booking().attendee.clone();
        let name =
            person_name(attendee.first_name.as_deref(), attendee.last_name.as_deref(), &attendee.name, &attendee.email);
        let shape = &self.input.org.contact;
        let mut fields = Fields::new();
        if let Some(first) = name.first {
            fields.insert("FirstName".into(), cut(&mut self.notes, shape, "Contact", "FirstName", first));
        }
        fields.insert("LastName".into(), cut(&mut self.notes, shape, "Contact", "LastName", name.last));
        fields.insert("Email".into(), FieldValue::Text(attendee.email.as_written().to_owned()));
        let may_set_owner = shape.field("OwnerId").is_some_and(|f| f.createable);
        if let Some(owner) = self.organizer_user().filter(|_| may_set_owner) {
            fields.insert("OwnerId".into(), FieldValue::Record(owner));
        }
        fields
    }

    /// The Event's standard fields (spec 4.2).
    fn event_fields(&mut self, who: FieldValue, owner: Option<RecordId>) -> Fields {
        let booking = self.booking().clone();
        let shape = &self.input.org.event;
        let mut fields = Fields::from([
            ("Subject".into(), cut(&mut self.notes, shape, "Event", "Subject", booking.title.clone())),
            ("StartDateTime".into(), FieldValue::Instant(booking.start)),
            ("EndDateTime".into(), FieldValue::Instant(booking.end)),
            ("WhoId".into(), who),
        ]);
        if let Some(location) = booking.location {
            fields.insert("Location".into(), cut(&mut self.notes, shape, "Event", "Location", location));
        }
        if let Some(owner) = owner {
            fields.insert("OwnerId".into(), FieldValue::Record(owner));
        }
        fields
    }

    /// The Event's owner: the organizer's Salesforce user, else the connection's (spec 4.2).
    fn owner(&mut self) -> Result<Option<RecordId>, Stop> {
        let email = self.booking().organizer.email.clone();
        if !self.input.org.users.contains_key(&email) {
            let ask = Ask::Users(email.clone());
            match self.known.get(&ask) {
                None => {
                    self.asks.insert(ask);
                    return Err(Stop::Ask);
                }
                Some(Err(failure)) => return Err(Stop::plan(Plan::Failed(failure.clone()))),
                Some(Ok(_)) => {}
            }
        }
        let user = self.organizer_user();
        if user.is_none() {
            self.notes.push(Note::OrganizerWithoutUser { email });
        }
        Ok(user.or_else(|| self.input.org.connection_user.clone()))
    }

    /// The one active Salesforce user of the organizer's email, as far as known by now.
    fn organizer_user(&self) -> Option<RecordId> {
        let email = &self.booking().organizer.email;
        if let Some(user) = self.input.org.users.get(email) {
            return user.clone();
        }
        match self.known.get(&Ask::Users(email.clone())) {
            Some(Ok(Answer::Users(ids))) if ids.len() == 1 => ids.first().cloned(),
            _ => None,
        }
    }

    fn leave_out_unwritable(&mut self, fields: &mut Fields, writable: fn(&crate::org_shape::FieldShape) -> bool) {
        for name in ["Subject", "Location", "Description", "OwnerId"] {
            let refused = !self.input.org.event.field(name).is_some_and(writable);
            if refused && fields.remove(name).is_some() {
                self.notes.push(Note::LeftOut { object: "Event".into(), field: name.into() });
            }
        }
    }

    /// Settles creates whose answer was lost, before anything else is written (spec 4.2).
    fn settle(&mut self, unclear: &Unclear) -> Result<(), Stop> {
        if unclear.upsert && self.is_still_wanted(unclear)? {
            return Ok(());
        }
        let mut who = self.input.synced.person.as_ref().map(|p| p.id.clone());
        if unclear.contact && who.is_none() {
            who = person_match::choose(&self.people(&unclear.email)?).map(|p| p.id.clone());
            // The Event refers to the Contact, so without the one there is not the other, unless somebody deleted the Contact
            // since; then only the booking id tells.
            let carries_booking_id = unclear.event.as_ref().is_some_and(|e| e.contains_key(BOOKING_ID_FIELD));
            if who.is_none() && !carries_booking_id {
                return self.wait_out(unclear);
            }
        }
        match &unclear.event {
            Some(fields) => self.settle_event(unclear, fields, who),
            None => Ok(()),
        }
    }

    /// Whether an upsert without an answer says what is wanted today: then it is sent again, with no look and no wait.
    fn is_still_wanted(&mut self, unclear: &Unclear) -> Result<bool, Stop> {
        if self.booking().status == BookingStatus::Cancelled || unclear.contact {
            return Ok(false);
        }
        let people = self.people_of_event()?;
        let mut wanted = self.event_fields(people.who, people.owner);
        self.leave_out_unwritable(&mut wanted, |shape| shape.createable);
        let sent = unclear.event.clone().unwrap_or_default();
        Ok(wanted.iter().all(|(name, value)| name == "WhoId" || sent.get(name) == Some(value)))
    }

    fn settle_event(&mut self, unclear: &Unclear, fields: &Fields, who: Option<RecordId>) -> Result<(), Stop> {
        let mut rows = self.events(self.look_for(unclear, fields, who))?;
        rows.retain(|row| !self.input.synced.gone.contains(&row.id));
        let Some(row) = rows.iter().find(|r| !r.deleted).or(rows.first()) else {
            return self.wait_out(unclear);
        };
        if row.deleted {
            self.notes.push(Note::EventDeletedByOthers);
        }
        Err(Stop::plan(Plan::Adopt(Box::new(adopted(self.input.synced, row, unclear, fields)))))
    }

    /// How to look for an Event whose create was not answered: by the booking id that it was sent with, else by what it is.
    fn look_for(&self, unclear: &Unclear, fields: &Fields, who: Option<RecordId>) -> Ask {
        match (fields.get("StartDateTime"), who) {
            (Some(FieldValue::Instant(start)), Some(who)) if !fields.contains_key(BOOKING_ID_FIELD) => {
                Ask::EventLike { who, start: *start, since: unclear.since - CLOCKS_APART }
            }
            _ => Ask::EventOf(self.input.id.clone()),
        }
    }

    /// Not found yet: it may still appear until Salesforce's own limit for a call has passed.
    fn wait_out(&self, unclear: &Unclear) -> Result<(), Stop> {
        let over = unclear.since + SALESFORCE_CALL_LIMIT;
        if self.input.now >= over {
            return Ok(());
        }
        let waited = self.input.now.duration_since(unclear.since);
        let until = (self.input.now + waited.max(FIRST_LOOK_AGAIN)).min(over);
        Err(Stop::plan(Plan::Wait { until }))
    }

    fn people(&mut self, email: &EmailAddress) -> Result<Vec<PersonRow>, Stop> {
        match self.answer(Ask::People(email.clone()))? {
            Answer::People(rows) => Ok(rows),
            other => unreachable!("people were asked for, {other:?} came back"),
        }
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

/// The state once an Event thought lost was found: it is the booking's own, with the person it was written for.
fn adopted(synced: &Synced, row: &EventRow, unclear: &Unclear, fields: &Fields) -> Synced {
    let mut fields = fields.clone();
    let who = row.who.clone();
    fields.insert("WhoId".into(), who.clone().map_or(FieldValue::Null, FieldValue::Record));
    let event =
        if row.deleted { SyncedEvent::InBin { fields } } else { SyncedEvent::Written { id: row.id.clone(), fields } };
    let person = synced.person.clone().or(who.map(|id| SyncedPerson { id, email: unclear.email.clone() }));
    let mut gone = synced.gone.clone();
    if row.deleted {
        gone.push(row.id.clone());
    }
    Synced { person, event, unclear: None, late_updates: synced.late_updates.clone(), gone }
}

/// The text, cut to what the field holds. `@{` opens a reference in a composite request (Salesforce facts 2.7), for which no
/// escape is known: it is written, and remembered, with a space between.
fn cut(notes: &mut Vec<Note>, shape: &ObjectShape, object: &str, field: &str, text: String) -> FieldValue {
    let text = text.replace("@{", "@ {");
    let Some(length) = shape.field(field).and_then(|f| f.length).filter(|l| text.chars().count() > *l) else {
        return FieldValue::Text(text);
    };
    notes.push(Note::Cut { object: object.into(), field: field.into(), length });
    FieldValue::Text(text.chars().take(length).collect())
}

#[cfg(test)]
#[path = "sync_plan_examples.rs"]
pub(crate) mod examples;
#[cfg(test)]
#[path = "sync_plan_tests.rs"]
mod tests;
