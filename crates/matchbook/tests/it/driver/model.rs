//! What Salesforce and the database must show in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::booking::BookingStatus;
use domain::sync_outcome::SyncedEvent;
use jiff::{SignedDuration, Timestamp};
use matchbook::store::BookingRow;
use serde_json::Value;

use super::schedule::Kind;
use super::world::{World, place};

/// What people in Salesforce did, and what came after it.
#[derive(Default)]
pub(super) struct History {
    /// By meeting, the deletions of its Events, the earliest first.
    deletions: BTreeMap<usize, Vec<Deletion>>,
    /// Emails in lower case of the deleted Contacts.
    contacts: BTreeSet<String>,
}

struct Deletion {
    /// The Event's start.
    start: Value,
    /// All was in step, and nothing came after it.
    last_word: bool,
}

impl History {
    pub(super) fn delivered(&mut self, meeting: usize) {
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
        let events = self.test.org.records("Event").await;
        for person in 0..self.schedule.persons.len() {
            self.check_person(person, &contacts)?;
        }
        if let Some(stray) = events.iter().find(|e| self.meeting_of(e).is_none()) {
            return Err(format!("an Event of no booking: {}", brief(stray)));
        }
        let rows = self.bookings().await;
        for meeting in 0..self.schedule.meetings.len() {
            let its: Vec<&Value> = events.iter().filter(|e| self.meeting_of(e) == Some(meeting)).collect();
            self.check_meeting(meeting, &its, &contacts, &rows)?;
        }
        Ok(())
    }

    fn check_person(&self, person: usize, contacts: &[Value]) -> Result<(), String> {
        let email = self.email(person, false);
        let found = contacts.iter().filter(|c| is_of(c, &email)).count();
        let met = self.schedule.meetings.iter().any(|m| m.person == person);
        let most = self.schedule.persons[person].max(usize::from(met));
        let least = if self.history.contacts.contains(&email) { 0 } else { most };
        if (least..=most).contains(&found) {
            return Ok(());
        }
        Err(format!("person {person} should have {least} to {most} Contacts and has {found}: {}", list(contacts)))
    }

    fn check_meeting(
        &self,
        meeting: usize,
        events: &[&Value],
        contacts: &[Value],
        rows: &[BookingRow],
    ) -> Result<(), String> {
        let wanted = self.schedule.meetings[meeting].versions.last().expect("a booking has a first version");
        let start = self.start(meeting, wanted.slot);
        let cancelled = wanted.kind == Kind::Cancelled;
        let (least, most) = if cancelled { (0, 0) } else { self.history.events(meeting, &written(start)) };
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
        if accepted.len() != usize::from(!cancelled) {
            return Err(format!("meeting {meeting} is {} bookings that take place: {rows:?}", accepted.len()));
        }
        let (Some(event), Some(row)) = (events.first(), accepted.first()) else { return Ok(()) };
        let email = self.email(self.schedule.meetings[meeting].person, false);
        let with_contact = contacts.iter().any(|c| c["Id"] == event["WhoId"] && is_of(c, &email));
        // Salesforce empties the WhoId of a deleted Contact's Events.
        let orphaned = self.history.contacts.contains(&email);
        let right = [
            ("StartDateTime", event["StartDateTime"] == written(start)),
            ("EndDateTime", event["EndDateTime"] == written(start + SignedDuration::from_mins(30))),
            ("Location", event["Location"] == place(wanted.place)),
            ("WhoId", with_contact || (orphaned && event["WhoId"].is_null())),
            ("the stored id", stored_event(row) == event["Id"].as_str()),
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
