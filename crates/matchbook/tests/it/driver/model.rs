//! What Salesforce and the database must show in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::booking::BookingStatus;
use domain::sync_outcome::SyncedEvent;
use jiff::{SignedDuration, Timestamp};
use matchbook::store::BookingRow;
use serde_json::Value;

use super::persons::Records;
use super::schedule::{Kind, Meeting, Version};
use super::settings::Attendees;
use super::world::{World, place};

/// What people in Salesforce did, and what came after it.
#[derive(Default)]
pub(super) struct History {
    /// By meeting, the deletions of its Events, the earliest first.
    deletions: BTreeMap<usize, Vec<Deletion>>,
    /// Emails in lower case of the deleted Contacts.
    pub(super) contacts: BTreeSet<String>,
    /// Emails in lower case of those whose Lead was converted.
    pub(super) converted: BTreeSet<String>,
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

    pub(super) fn lead_converted(&mut self, email: &str) {
        self.converted.insert(email.to_lowercase());
    }

    /// Whether a cancel came first: it counts as one of a confirmed booking, until more is known.
    pub(super) fn began_with_cancel(&self, meeting: usize) -> bool {
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

    /// The same of one that is kept though the booking was called off: nothing makes it anew.
    fn kept_events(&self, meeting: usize) -> (usize, usize) {
        let Some(deletions) = self.deletions.get(&meeting) else { return (1, 1) };
        (0, usize::from(!deletions.last().is_some_and(|deletion| deletion.last_word)))
    }
}

/// Salesforce's way to write an instant.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

impl World<'_> {
    /// Compares org and database with what was delivered.
    pub(super) async fn check(&self) -> Result<(), String> {
        let mut users = self.test.org.records("User").await;
        users.retain(|user| user["Username"] == "integration@northwind.example");
        let records = Records {
            contacts: self.test.org.records("Contact").await,
            leads: self.test.org.records("Lead").await,
            connection_user: users[0]["Id"].clone(),
        };
        let events = self.test.org.records("Event").await;
        for person in 0..self.schedule.persons.len() {
            self.check_person(person, &records)?;
        }
        if let Some(stray) = events.iter().find(|e| self.meeting_of(e).is_none()) {
            return Err(format!("an Event of no booking: {}", brief(stray)));
        }
        let rows = self.bookings().await;
        for meeting in 0..self.schedule.meetings.len() {
            let its: Vec<&Value> = events.iter().filter(|e| self.meeting_of(e) == Some(meeting)).collect();
            self.check_meeting(meeting, &its, &records, &rows)?;
        }
        Ok(())
    }

    fn check_meeting(
        &self,
        meeting: usize,
        events: &[&Value],
        records: &Records,
        rows: &[BookingRow],
    ) -> Result<(), String> {
        let planned = &self.schedule.meetings[meeting];
        let wanted = planned.last();
        let (least, most) = self.expected_events(meeting);
        if !(least..=most).contains(&events.len()) {
            return Err(format!(
                "meeting {meeting} should have {least} to {most} Events and has {}: {}",
                events.len(),
                list(events.iter().copied())
            ));
        }
        let title = self.title(meeting);
        let its: Vec<&BookingRow> = rows.iter().filter(|r| r.booking.title == title).collect();
        let accepted = its.iter().filter(|r| r.booking.status == BookingStatus::Accepted).count();
        if accepted != usize::from(takes_place(planned)) {
            return Err(format!("meeting {meeting} is {accepted} bookings that take place: {rows:?}"));
        }
        let Some(event) = events.first() else { return Ok(()) };
        // One that a late upsert brought back is known by its booking id alone.
        let stored = its.iter().any(|row| stored_event(row) == event["Id"].as_str())
            || self.history.deletions.contains_key(&meeting);
        let right = self.of_the_event(meeting, event).into_iter().chain(self.of_its_person(meeting, event, records));
        match right.chain([("the stored id", stored)]).find(|(_, right)| !right) {
            None => Ok(()),
            Some((name, _)) => Err(format!(
                "meeting {meeting}: {name} is wrong, wanted is {wanted:?} at {}: {event:#}, stored is {:?}",
                self.start(meeting, wanted.slot),
                its.iter().map(|row| &row.sync).collect::<Vec<_>>()
            )),
        }
    }

    /// How many live Events a booking may have in the end.
    fn expected_events(&self, meeting: usize) -> (usize, usize) {
        let planned = &self.schedule.meetings[meeting];
        let keeps = self.schedule.settings.as_ref().is_some_and(|settings| settings.event_on_cancel);
        let (least, most) = if takes_place(planned) {
            self.history.events(meeting, &written(self.start(meeting, planned.last().slot)))
        } else if keeps && called_off(planned) && planned.was_confirmed() {
            self.history.kept_events(meeting)
        } else {
            (0, usize::from(keeps && called_off(planned) && self.history.began_with_cancel(meeting)))
        };
        let fate = self.fate(planned.person);
        if !fate.nobody {
            return (least, most);
        }
        // An Event is with somebody: a guest will do.
        let creates = self.schedule.attendees() != Attendees::KnownContacts;
        let persons = || self.schedule.persons.iter().enumerate();
        let has_guest =
            |version: &Version| persons().any(|(guest, before)| version.brings(guest) && (creates || *before > 0));
        let certain = !fate.contact && self.history.contacts.is_empty() && !self.schedule.refuses_records();
        match certain {
            true if !planned.versions.iter().any(has_guest) => (0, 0),
            true if planned.versions.iter().all(has_guest) => (least, most),
            _ => (0, most),
        }
    }

    /// What is right of an Event itself.
    fn of_the_event(&self, meeting: usize, event: &Value) -> Vec<(&'static str, bool)> {
        let planned = &self.schedule.meetings[meeting];
        let (wanted, title) = (planned.last(), self.title(meeting));
        let start = self.start(meeting, wanted.slot);
        let absent = planned.marks.last().is_some_and(|mark| mark.absent);
        // Where no field is named, a refused record is written without rows.
        let certain = !self.schedule.refuses_records();
        let (free, outcome) = match called_off(planned) {
            true => (event["ShowAs"] == "Free", event["Outcome__c"] == format!("Cancelled: {title}")),
            false => (event["ShowAs"] != "Free", event["Outcome__c"].is_null()),
        };
        let place_in_row = format!("{title} at {}", place(wanted.place));
        vec![
            ("Place__c", !self.schedule.rows || !certain || event["Place__c"] == place_in_row),
            ("ShowAs", free || !certain),
            ("Outcome__c", outcome || !certain),
            ("StartDateTime", event["StartDateTime"] == written(start)),
            ("EndDateTime", event["EndDateTime"] == written(start + SignedDuration::from_mins(30))),
            ("Location", event["Location"] == place(wanted.place)),
            ("No_Show__c", (event["No_Show__c"] == true) == absent),
        ]
    }

    /// What is right of those whom an Event is with.
    fn of_its_person(&self, meeting: usize, event: &Value, records: &Records) -> Vec<(&'static str, bool)> {
        let planned = &self.schedule.meetings[meeting];
        let email = self.email(planned.person, false);
        let fate = self.fate(planned.person);
        // Salesforce takes a deleted Contact off its Events: the next in the list is the WhoId, if there is one.
        let orphaned = self.is_deleted(planned.person);
        let attendee = records.by_id(&event["WhoId"]).filter(|record| is_of(record, &email));
        let mut right = vec![
            ("WhoId", attendee.is_some() || orphaned || fate.nobody),
            ("EventWhoIds", self.is_with_its_guests(planned, event, &records.contacts)),
        ];
        let Some(person) = attendee.filter(|_| !orphaned) else { return right };
        let is_contact = records.contacts.iter().any(|contact| contact["Id"] == person["Id"]);
        let accounts = if is_contact { self.accounts_of(planned.person) } else { [None].into() };
        let related = self.schedule.settings.as_ref().is_some_and(|settings| settings.related);
        let has = |name: &str| event[name].as_str().map(str::to_owned);
        if self.is_converted(planned.person) {
            return right;
        }
        right.push(("WhatId", if related { accounts.contains(&has("WhatId")) } else { event["WhatId"].is_null() }));
        right.push(("the person's kind", if is_contact { fate.contact } else { fate.lead }));
        if !takes_place(planned) {
            return right;
        }
        let account = person["AccountId"].as_str().map(str::to_owned);
        let owner = self.owner_of(planned, &person["Id"], records);
        let rows = self.schedule.rows && !self.schedule.refuses_records();
        right.push(("the person's AccountId", accounts.contains(&account)));
        right.push(("the person's OwnerId", owner.is_none_or(|owner| person["OwnerId"] == owner)));
        right.push(("the person's Seen__c", !rows || person["Seen__c"] == true));
        right.push(("the person's First__c", !rows || !person["First__c"].is_null()));
        right
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
        let fate = self.fate(planned.person);
        let kept_away = self.schedule.refuses_records() || !self.history.contacts.is_empty() || fate.lead;
        let creates = self.schedule.attendees() != Attendees::KnownContacts;
        // One of them stands in for an attendee without a record.
        let may_stand_in = fate.nobody && !self.schedule.shared;
        let related = (self.schedule.shared || may_stand_in) && (fate.contact || fate.nobody);
        (0..self.schedule.persons.len()).filter(|person| *person != planned.person).all(|person| {
            let can = related && (creates || self.schedule.persons[person] > 0);
            // An Event that is kept stays with those whom it was with.
            let mut versions = planned.versions.iter().filter(|_| called_off(planned));
            let (wanted, changed) = (
                can && planned.last().brings(person),
                versions.any(|v| v.brings(person) != planned.last().brings(person)),
            );
            comes(person) == wanted || ((kept_away || may_stand_in) && wanted) || (can && changed)
        })
    }
}

pub(super) fn takes_place(meeting: &Meeting) -> bool {
    matches!(meeting.last().kind, Kind::Created | Kind::Rescheduled)
}

pub(super) fn called_off(meeting: &Meeting) -> bool {
    matches!(meeting.last().kind, Kind::Cancelled | Kind::Rejected)
}

/// What matters of a record.
pub(super) fn brief(record: &Value) -> String {
    let fields =
        ["Id", "Email", "Subject", "StartDateTime", "Location", "WhoId", "CreatedDate", "Matchbook_Booking_Id__c"];
    let shown = fields.iter().filter_map(|f| Some(format!("{f} {}", record[*f].as_str()?)));
    shown.collect::<Vec<_>>().join(", ")
}

pub(super) fn list<'a>(records: impl IntoIterator<Item = &'a Value>) -> String {
    records.into_iter().map(|r| format!("\n    {}", brief(r))).collect()
}

pub(super) fn is_of(contact: &Value, email: &str) -> bool {
    contact["Email"].as_str().is_some_and(|e| e.eq_ignore_ascii_case(email))
}

fn stored_event(row: &BookingRow) -> Option<&str> {
    match &row.sync.as_ref()?.synced.event {
        SyncedEvent::Written { id, .. } => Some(&id.0),
        _ => None,
    }
}
