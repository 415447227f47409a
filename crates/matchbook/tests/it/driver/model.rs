//! What Salesforce and the database must show in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use domain::booking::BookingStatus;
use domain::sync_outcome::SyncedEvent;
use jiff::{SignedDuration, Timestamp};
use matchbook::store::BookingRow;
use serde_json::Value;

use super::schedule::{Kind, Meeting, Schedule};
use super::world::{World, place};

/// What people in Salesforce did, and what came after it.
#[derive(Default)]
pub(super) struct History {
    /// By meeting, the deletions of its Events, the earliest first.
    deletions: BTreeMap<usize, Vec<Deletion>>,
    /// Emails in lower case of the deleted Contacts.
    contacts: BTreeSet<String>,
    /// The meetings of which something came, and whether that was a cancel.
    first: BTreeMap<usize, bool>,
}

struct Deletion {
    /// The Event's start.
    start: Value,
    /// All was in step, and nothing came after it.
    last_word: bool,
}

impl History {
    pub(super) fn delivered(&mut self, meeting: usize, kind: Kind) {
        self.first.entry(meeting).or_insert(kind == Kind::Cancelled);
        for deletion in self.deletions.get_mut(&meeting).into_iter().flatten() {
            deletion.last_word = false;
        }
    }

    pub(super) fn event_deleted(&mut self, meeting: usize, start: Value, in_step: bool) {
        self.deletions.entry(meeting).or_default().push(Deletion { start, last_word: in_step });
    }

    pub(super) fn contact_deleted(&mut self, email: &str) {
        self.contacts.insert(email.to_lowercase());
    }

    /// Whether a cancel came first: it counts as one of a confirmed booking, until more is known.
    fn began_with_cancel(&self, meeting: usize) -> bool {
        self.first.get(&meeting).is_some_and(|cancel| *cancel)
    }

    /// How many live Events a booking that takes place may have in the end: one that somebody deleted comes back only where
    /// the booking moved after.
    fn events(&self, meeting: usize, start: &str) -> (usize, usize) {
        let Some(deletions) = self.deletions.get(&meeting) else { return (1, 1) };
        let surely_moved = deletions.iter().all(|d| d.start != start);
        let surely_stays = deletions.last().is_some_and(|d| d.last_word && d.start == start);
        (usize::from(surely_moved), usize::from(!surely_stays))
    }
}

/// Salesforce's way to write an instant.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

impl World<'_> {
    /// Compares org and database with what was delivered.
    pub(super) async fn check(&self) -> Result<(), String> {
        let contacts = self.test.org.records("Contact").await;
        let leads = self.test.org.records("Lead").await;
        let events = self.test.org.records("Event").await;
        for person in 0..self.schedule.persons.len() {
            self.check_person(person, &contacts, &leads)?;
        }
        if let Some(stray) = events.iter().find(|e| self.meeting_of(e).is_none()) {
            return Err(format!("an Event of no booking: {}", brief(stray)));
        }
        let rows = self.bookings().await;
        for meeting in 0..self.schedule.meetings.len() {
            let its: Vec<&Value> = events.iter().filter(|e| self.meeting_of(e) == Some(meeting)).collect();
            let people = if self.schedule.leads { &leads } else { &contacts };
            self.check_meeting(meeting, &its, people, &contacts, &rows)?;
        }
        Ok(())
    }

    fn check_person(&self, person: usize, contacts: &[Value], leads: &[Value]) -> Result<(), String> {
        let email = self.email(person, false);
        let expected = self.expected_contacts(person);
        let found = contacts.iter().filter(|c| is_of(c, &email)).count();
        if !expected.contains(&found) {
            let (list, expected) = (list(contacts), (expected.start(), expected.end()));
            return Err(format!("person {person} should have {expected:?} Contacts and has {found}: {list}"));
        }
        let is_lead = |m: &Meeting| self.schedule.leads && m.person == person && m.was_confirmed();
        let least = usize::from(self.schedule.meetings.iter().any(is_lead));
        let most = least.max(usize::from(self.schedule.leads && self.may_have_come(person)));
        let found = leads.iter().filter(|c| is_of(c, &email)).count();
        if (least..=most).contains(&found) {
            return Ok(());
        }
        Err(format!("person {person} should have {least} to {most} Leads and has {found}: {}", list(leads)))
    }

    /// Whether a person booked what began with a cancel.
    fn may_have_come(&self, person: usize) -> bool {
        let meetings = self.schedule.meetings.iter().enumerate();
        meetings
            .filter(|(at, _)| self.history.began_with_cancel(*at))
            .any(|(_, m)| m.person == person || m.versions.iter().any(|v| v.brings(person)))
    }

    /// How many Contacts a person should have in the end. Guests of a booking that changed or was called off before its sync
    /// may have none, and so may those whose record Salesforce refused once.
    fn expected_contacts(&self, person: usize) -> RangeInclusive<usize> {
        let Schedule { meetings, persons, leads, .. } = self.schedule;
        let before = persons[person];
        let is_contact = |m: &Meeting| !leads && m.was_confirmed();
        let books = meetings.iter().any(|m| is_contact(m) && m.person == person);
        let may_come = meetings.iter().any(|m| is_contact(m) && m.versions.iter().any(|v| v.brings(person)));
        let comes = meetings.iter().any(|m| is_contact(m) && takes_place(m) && m.last().brings(person));
        let surely = books || (comes && !self.schedule.refuses_records());
        let least = if surely { before.max(1) } else { before };
        let began = !leads && self.may_have_come(person);
        let most = before.max(usize::from(books || may_come || began));
        if self.history.contacts.contains(&self.email(person, false)) { 0..=most } else { least..=most }
    }

    fn check_meeting(
        &self,
        meeting: usize,
        events: &[&Value],
        people: &[Value],
        contacts: &[Value],
        rows: &[BookingRow],
    ) -> Result<(), String> {
        let planned = &self.schedule.meetings[meeting];
        let wanted = planned.last();
        let start = self.start(meeting, wanted.slot);
        let takes_place = takes_place(planned);
        let (least, most) = if takes_place { self.history.events(meeting, &written(start)) } else { (0, 0) };
        if !(least..=most).contains(&events.len()) {
            return Err(format!(
                "meeting {meeting} should have {least} to {most} Events and has {}: {}",
                events.len(),
                list(events.iter().copied())
            ));
        }
        let title = self.title(meeting);
        let accepted: Vec<&BookingRow> =
            rows.iter().filter(|r| r.booking.title == title && r.booking.status == BookingStatus::Accepted).collect();
        if accepted.len() != usize::from(takes_place) {
            return Err(format!("meeting {meeting} is {} bookings that take place: {rows:?}", accepted.len()));
        }
        let (Some(event), Some(row)) = (events.first(), accepted.first()) else { return Ok(()) };
        let email = self.email(planned.person, false);
        let with_person = people.iter().any(|c| c["Id"] == event["WhoId"] && is_of(c, &email));
        let absent = planned.marks.last().is_some_and(|mark| mark.absent);
        let deleted = self.history.deletions.contains_key(&meeting);
        // Salesforce takes a deleted Contact off its Events: the next in the list is the WhoId, if there is one.
        let orphaned = self.history.contacts.contains(&email);
        // Where no field is named, a refused record is written without rows.
        let rows = self.schedule.rows && !self.schedule.refuses_records();
        let person = people.iter().find(|person| person["Id"] == event["WhoId"]).filter(|_| rows && !orphaned);
        let right = [
            ("Place__c", !rows || event["Place__c"] == format!("{title} at {}", place(wanted.place))),
            ("the person's Seen__c", person.is_none_or(|person| person["Seen__c"] == true)),
            ("the person's First__c", person.is_none_or(|person| !person["First__c"].is_null())),
            ("StartDateTime", event["StartDateTime"] == written(start)),
            ("EndDateTime", event["EndDateTime"] == written(start + SignedDuration::from_mins(30))),
            ("Location", event["Location"] == place(wanted.place)),
            ("WhoId", with_person || orphaned),
            ("No_Show__c", (event["No_Show__c"] == true) == absent),
            ("EventWhoIds", self.is_with_its_guests(planned, event, contacts)),
            // One that a late upsert brought back is known by its booking id alone.
            ("the stored id", stored_event(row) == event["Id"].as_str() || deleted),
        ];
        match right.iter().find(|(_, right)| !right) {
            None => Ok(()),
            Some((name, _)) => Err(format!(
                "meeting {meeting}: {name} is wrong, wanted is {wanted:?} at {start}: {}, stored is {:?}",
                brief(event),
                row.sync
            )),
        }
    }
}

impl World<'_> {
    /// Whether an Event is with the guests, where it can be and nothing kept one of them away.
    fn is_with_its_guests(&self, planned: &Meeting, event: &Value, contacts: &[Value]) -> bool {
        let ids = event["EventWhoIds"].as_array().map_or(&[][..], Vec::as_slice);
        let comes = |person: usize| {
            let email = self.email(person, false);
            ids.iter().any(|id| contacts.iter().any(|c| c["Id"] == *id && is_of(c, &email)))
        };
        let kept_away = self.schedule.refuses_records() || !self.history.contacts.is_empty();
        let related = self.schedule.shared && !self.schedule.leads;
        (0..self.schedule.persons.len()).filter(|person| *person != planned.person).all(|person| {
            let wanted = related && planned.last().brings(person);
            comes(person) == wanted || (kept_away && wanted)
        })
    }
}

fn takes_place(meeting: &Meeting) -> bool {
    matches!(meeting.last().kind, Kind::Created | Kind::Rescheduled)
}

/// What matters of a record.
pub(super) fn brief(record: &Value) -> String {
    let fields =
        ["Id", "Email", "Subject", "StartDateTime", "Location", "WhoId", "CreatedDate", "Matchbook_Booking_Id__c"];
    let shown = fields.iter().filter_map(|f| Some(format!("{f} {}", record[*f].as_str()?)));
    shown.collect::<Vec<_>>().join(", ")
}

fn list<'a>(records: impl IntoIterator<Item = &'a Value>) -> String {
    records.into_iter().map(|r| format!("\n    {}", brief(r))).collect()
}

fn is_of(contact: &Value, email: &str) -> bool {
    contact["Email"].as_str().is_some_and(|e| e.eq_ignore_ascii_case(email))
}

fn stored_event(row: &BookingRow) -> Option<&str> {
    match &row.sync.as_ref()?.synced.event {
        SyncedEvent::Written { id, .. } => Some(&id.0),
        _ => None,
    }
}
