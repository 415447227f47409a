//! Writes without an answer: looked for before anything is written again (spec 4.2).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{FIRST_LOOK_AGAIN, Plan, Planner, SALESFORCE_CALL_LIMIT, Stop};
use crate::ask::{Ask, EventRow, RecordId};
use crate::booking::BookingStatus;
use crate::org_shape::{BOOKING_ID_FIELD, PEOPLE_FIELD};
use crate::sync_note::Note;
use crate::sync_outcome::{FieldValue, Fields, PersonKind, Synced, SyncedEvent, SyncedPerson, Unclear};

/// How far Salesforce's clock may be behind ours.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

impl Planner<'_> {
    /// Settles a write of the Event whose answer was lost.
    pub(super) fn settle(&mut self, unclear: &Unclear) -> Result<(), Stop> {
        let Some(fields) = &unclear.event else { return Ok(()) };
        if unclear.upsert && self.is_still_wanted(fields)? {
            return Ok(());
        }
        // By its booking id an Event is found even if somebody deleted its person since.
        let ask = match fields.contains_key(BOOKING_ID_FIELD) {
            true => Ask::EventOf(self.input.id.clone()),
            false => match self.person_of(unclear, fields)? {
                // The Event refers to the person, so without the one there is not the other.
                None => return self.look_again_after(unclear.since),
                Some(who) => self.look_for_by_person(unclear, fields, who),
            },
        };
        let mut rows = self.events(ask)?;
        rows.retain(|row| !self.input.synced.gone.contains(&row.id));
        let Some(row) = rows.iter().find(|r| !r.deleted).or(rows.first()) else {
            return self.look_again_after(unclear.since);
        };
        if row.deleted {
            self.notes.push(Note::EventDeletedByOthers);
        }
        Err(Stop::plan(Plan::Adopt(Box::new(adopted(self.input.synced, row, unclear, fields)))))
    }

    /// Whether an upsert without an answer says what is wanted today: then it is sent again, with no look and no wait.
    fn is_still_wanted(&mut self, sent: &Fields) -> Result<bool, Stop> {
        if self.booking().status != BookingStatus::Accepted || !self.input.synced.unclear_people.is_empty() {
            return Ok(false);
        }
        let people = self.people_and_owner()?;
        let mut wanted = self.event_fields(&people);
        wanted.extend(self.event_rows(None, |shape| shape.createable)?);
        self.leave_out_unwritable(&mut wanted, |shape| shape.createable);
        let of_people = |name: &str| name == "WhoId" || name == PEOPLE_FIELD;
        Ok(wanted.iter().all(|(name, value)| of_people(name) || sent.get(name) == Some(value)))
    }

    /// The person that a lost Event was written for.
    fn person_of(&mut self, unclear: &Unclear, fields: &Fields) -> Result<Option<RecordId>, Stop> {
        let email = match fields.get("WhoId") {
            Some(FieldValue::Record(who)) => return Ok(Some(who.clone())),
            Some(FieldValue::NewPerson(email)) => email,
            _ => &unclear.email,
        };
        let mut known = self.input.synced.person.iter().chain(&self.input.synced.guests);
        if let Some(person) = known.find(|person| person.email == *email) {
            return Ok(Some(person.id.clone()));
        }
        Ok(self.found_by(email)?.map(|row| row.id))
    }

    fn look_for_by_person(&self, unclear: &Unclear, fields: &Fields, who: RecordId) -> Ask {
        match fields.get("StartDateTime") {
            Some(FieldValue::Instant(start)) => {
                Ask::EventLike { who, start: *start, since: unclear.since - CLOCKS_APART }
            }
            _ => Ask::EventOf(self.input.id.clone()),
        }
    }

    /// Not found yet: it may still appear until Salesforce's own limit for a call has passed.
    pub(super) fn look_again_after(&self, since: Timestamp) -> Result<(), Stop> {
        let over = since + SALESFORCE_CALL_LIMIT;
        if self.input.now >= over {
            return Ok(());
        }
        let waited = self.input.now.duration_since(since);
        let until = (self.input.now + waited.max(FIRST_LOOK_AGAIN)).min(over);
        Err(Stop::plan(Plan::Wait { until }))
    }

    /// The fields that the Event may have values in: what was written, and what a lost update may have.
    pub(super) fn may_be_shown(&self, written: &Fields) -> BTreeSet<String> {
        let late = self.input.synced.unanswered_updates();
        late.iter().flat_map(|late| late.fields.keys()).chain(written.keys()).cloned().collect()
    }

    /// An earlier update whose answer was lost may still take effect. What it would set otherwise than wanted now is written
    /// again, once it can no longer happen (spec 4.2). Gives the names of those fields.
    pub(super) fn overwritten_by_late_update(&self, wanted: &Fields) -> Result<BTreeSet<String>, Stop> {
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

    /// The Events of a booking that is to have none, where an upsert without an answer may have made one anew after somebody
    /// deleted the booking's own. They are looked for once it can no longer come.
    pub(super) fn upserted_late(&mut self) -> Result<Vec<RecordId>, Stop> {
        let upserts = self.input.synced.unanswered_updates().into_iter().filter(|late| late.upsert);
        let Some(until) = upserts.map(|late| late.until).max() else { return Ok(Vec::new()) };
        if until > self.input.now {
            return Err(Stop::plan(Plan::Wait { until }));
        }
        let rows = self.events(Ask::EventOf(self.input.id.clone()))?;
        let ours = rows.into_iter().filter(|row| !row.deleted && !self.input.synced.gone.contains(&row.id));
        Ok(ours.map(|row| row.id).collect())
    }
}

/// The state once an Event thought lost was found: it is the booking's own, with the person it was written for.
fn adopted(synced: &Synced, row: &EventRow, unclear: &Unclear, fields: &Fields) -> Synced {
    let mut fields = fields.clone();
    let who = row.who.clone();
    // A guest stands in for an attendee without a record.
    let is_with_guest = match fields.get("WhoId") {
        Some(FieldValue::NewPerson(email)) => *email != unclear.email,
        _ => synced.guests.iter().any(|guest| Some(&guest.id) == who.as_ref()),
    };
    fields.insert("WhoId".into(), who.clone().map_or(FieldValue::Null, FieldValue::Record));
    if let Some(FieldValue::List(people)) = fields.get_mut(PEOPLE_FIELD) {
        // The first is the WhoId. Who other new people became is not known: the list is written again if it matters.
        people.splice(0..1, who.clone().map(FieldValue::Record));
    }
    let event =
        if row.deleted { SyncedEvent::InBin { fields } } else { SyncedEvent::Written { id: row.id.clone(), fields } };
    // An Event with nobody is one whose person was deleted since: they are looked for again.
    let person = synced.person.clone().filter(|_| who.is_some() || row.deleted);
    let person = person.or(who.filter(|_| !is_with_guest).map(|id| SyncedPerson {
        kind: PersonKind::of(&id),
        id,
        email: unclear.email.clone(),
        account: None,
        link: None,
    }));
    let mut gone = synced.gone.clone();
    if row.deleted {
        gone.push(row.id.clone());
    }
    Synced { person, event, unclear: None, gone, ..synced.clone() }
}
