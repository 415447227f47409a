//! The attendee and the guests: found by email, else created (spec 4.1).

use std::collections::{BTreeMap, BTreeSet};

use super::{MOST_WRITES, Plan, Planner, SALESFORCE_CALL_LIMIT, Stop, Write};
use crate::ask::{Answer, Ask, PersonRow, RecordId};
use crate::email_domain::EmailAddress;
use crate::org_shape::PEOPLE_FIELD;
use crate::person_match;
use crate::salesforce_settings::AttendeeRecordType;
use crate::sync_note::Note;
use crate::sync_outcome::{FieldValue, Fields, PersonKind, SyncedEvent, SyncedPerson};

/// The most people of one Event, the attendee included (Salesforce facts 5.2).
const MOST_PEOPLE: usize = 50;

/// The records of people, by email.
type Records = BTreeMap<EmailAddress, SyncedPerson>;

/// Whom an Event is with, and whose it is.
pub(super) struct People {
    /// Those whose records are known.
    pub(super) found: Vec<SyncedPerson>,
    /// The creates of the others; the attendee's, if it is among them, is the first.
    pub(super) creates: Vec<Write>,
    /// The attendee.
    pub(super) who: FieldValue,
    /// The guests that the Event is with, besides.
    pub(super) guests: Vec<FieldValue>,
    /// The guests that it is not with: the Description names them.
    pub(super) listed: Vec<EmailAddress>,
    /// The Event's owner.
    pub(super) owner: Option<RecordId>,
}

impl Default for People {
    fn default() -> Self {
        People { found: vec![], creates: vec![], who: FieldValue::Null, guests: vec![], listed: vec![], owner: None }
    }
}

impl People {
    /// The plan that writes an Event with them. Where one request cannot hold all, new people come first and the Event waits.
    pub(super) fn with_event(self, event: Write) -> Plan {
        let mut writes = self.creates;
        if writes.len() < MOST_WRITES {
            writes.push(event);
        }
        writes.truncate(MOST_WRITES);
        Plan::Write { found: self.found, writes }
    }
}

impl Planner<'_> {
    /// People and owner. Both are asked for before stopping, so that they travel in one request.
    pub(super) fn people_and_owner(&mut self) -> Result<People, Stop> {
        let people = self.people();
        let owner = self.owner();
        let (people, owner) = (people?, owner?);
        Ok(People { owner, ..people })
    }

    /// Finds the attendee and the guests by email, else says what to create.
    pub(super) fn people(&mut self) -> Result<People, Stop> {
        let attendee = self.booking().attendee.email.clone();
        let kind = self.synced_person().map_or(self.attendee_kind(), |person| person.kind);
        let (related, mut listed) = self.guests(kind);
        let everybody: Vec<EmailAddress> = std::iter::once(&attendee).chain(&related).cloned().collect();
        let mut records = self.records(kind, &everybody)?;
        let mut people = People::default();
        people.who = self.person_or_create(kind, &attendee, records.remove(&attendee), &mut people)?;
        for email in &related {
            match (records.remove(email), self.input.refused_guests.get(email)) {
                (None, Some(refusal)) => {
                    self.notes.push(Note::GuestRefused { email: email.clone(), why: refusal.message.clone() });
                    listed.push(email.clone());
                }
                (record, _) => {
                    let guest = self.person_or_create(PersonKind::Contact, email, record, &mut people)?;
                    people.guests.push(guest);
                }
            }
        }
        people.listed = listed;
        if !self.input.org.relates_several_people() {
            people.guests.clear();
            people.listed.retain(|email| !related.contains(email));
            people.listed.splice(0..0, related);
        }
        Ok(people)
    }

    /// Whether the attendee and all guests have records already, or were refused them.
    pub(super) fn all_on_record(&mut self) -> bool {
        let Some(kind) = self.synced_person().map(|person| person.kind) else { return false };
        let (guests, _) = self.guests(kind);
        let on_record = self.on_record(&guests);
        guests.iter().all(|guest| on_record.contains_key(guest) || self.input.refused_guests.contains_key(guest))
    }

    /// What the attendee is to be in Salesforce.
    pub(super) fn attendee_kind(&self) -> PersonKind {
        match self.input.settings.attendee_record_type {
            AttendeeRecordType::Contact => PersonKind::Contact,
            AttendeeRecordType::Lead => PersonKind::Lead,
        }
    }

    /// The person already on record for this booking, if the attendee's email is still the same.
    pub(super) fn synced_person(&self) -> Option<&SyncedPerson> {
        self.input.synced.person.as_ref().filter(|p| p.email == self.booking().attendee.email)
    }

    /// The guests that get records of their own, and those that the Description names alone: beside a Lead there is no
    /// other person, and beside a Contact there is room for so many.
    fn guests(&mut self, attendee: PersonKind) -> (Vec<EmailAddress>, Vec<EmailAddress>) {
        if self.input.settings.ignore_guests {
            return (vec![], vec![]);
        }
        let hosts = self.input.hosts;
        let own: BTreeSet<&str> = hosts.iter().filter(|h| !h.is_free_mail()).map(EmailAddress::domain).collect();
        let mut seen = BTreeSet::from([self.booking().attendee.email.clone()]);
        let mut guests = self.booking().guests.clone();
        guests.retain(|g| !hosts.contains(g) && !own.contains(g.domain()) && seen.insert(g.clone()));
        if attendee == PersonKind::Lead {
            return (vec![], guests);
        }
        let beyond = guests.split_off(guests.len().min(MOST_PEOPLE - 1));
        if !beyond.is_empty() {
            self.notes.push(Note::GuestsBeyond { count: beyond.len() });
        }
        (guests, beyond)
    }

    /// The records of the attendee, who comes first, and the guests, as far as they have any. Nothing is asked where all are
    /// on record and nobody joined or left; else everybody is looked up, since somebody may have deleted one.
    fn records(&mut self, kind: PersonKind, everybody: &[EmailAddress]) -> Result<Records, Stop> {
        let (attendee, guests) = everybody.split_first().expect("the attendee comes first");
        let on_record: Records = self.on_record(everybody);
        if guests.iter().all(|guest| on_record.contains_key(guest)) && self.shows(everybody, &on_record) {
            if on_record.contains_key(attendee) {
                return Ok(on_record);
            }
            let found = self.look_up(kind, &BTreeSet::from([attendee.clone()]))?;
            return Ok(on_record.into_iter().chain(found).collect());
        }
        let found = self.look_up(kind, &everybody.iter().cloned().collect())?;
        Ok(found)
    }

    fn on_record(&self, everybody: &[EmailAddress]) -> Records {
        let known = self.synced_person().into_iter().chain(&self.input.synced.guests);
        known.filter(|person| everybody.contains(&person.email)).map(|p| (p.email.clone(), p.clone())).collect()
    }

    /// Whether the Event that is there is with these people; an Event that is not there shows nothing otherwise.
    fn shows(&self, everybody: &[EmailAddress], on_record: &Records) -> bool {
        let SyncedEvent::Written { fields, .. } = &self.input.synced.event else { return true };
        let value = |email| on_record.get(email).map(|person: &SyncedPerson| FieldValue::Record(person.id.clone()));
        match fields.get(PEOPLE_FIELD) {
            Some(written) => {
                everybody.iter().map(value).collect::<Option<_>>().map(FieldValue::List).as_ref() == Some(written)
            }
            None => everybody.len() == 1 || !self.input.org.relates_several_people(),
        }
    }

    /// The records of people by email, one for each that has any.
    pub(super) fn look_up(&mut self, kind: PersonKind, emails: &BTreeSet<EmailAddress>) -> Result<Records, Stop> {
        let rows = self.rows(match kind {
            PersonKind::Contact => Ask::Contacts(emails.clone()),
            PersonKind::Lead => Ask::Leads(emails.clone()),
        })?;
        let chosen = |email: &EmailAddress| Some((email.clone(), self.chosen(kind, email, &rows)?));
        Ok(emails.iter().filter_map(chosen).collect())
    }

    fn rows(&mut self, ask: Ask) -> Result<Vec<PersonRow>, Stop> {
        match self.answer(ask)? {
            Answer::People(rows) => Ok(rows),
            other => unreachable!("people were asked for, {other:?} came back"),
        }
    }

    /// One of the records of this email, by a fixed order.
    fn chosen(&mut self, kind: PersonKind, email: &EmailAddress, rows: &[PersonRow]) -> Option<SyncedPerson> {
        let its: Vec<&PersonRow> = rows.iter().filter(|row| row.email == email.folded()).collect();
        let synced = self.input.synced.person.iter().chain(&self.input.synced.guests).find(|p| p.email == *email);
        if let Some(same) = synced.filter(|synced| its.iter().any(|row| row.id == synced.id)) {
            return Some(same.clone());
        }
        let chosen = person_match::choose(&its)?;
        if its.len() > 1 {
            let (email, count, chosen) = (email.clone(), its.len(), chosen.id.clone());
            self.notes.push(Note::SeveralRecords { kind, email, count, chosen });
        }
        Some(SyncedPerson { id: chosen.id.clone(), email: email.clone(), kind })
    }

    /// A reference to a person: to the record that was found, else to one that is created, unless an earlier create may still
    /// take effect.
    fn person_or_create(
        &mut self,
        kind: PersonKind,
        email: &EmailAddress,
        found: Option<SyncedPerson>,
        people: &mut People,
    ) -> Result<FieldValue, Stop> {
        if let Some(person) = found {
            let id = person.id.clone();
            people.found.push(person);
            return Ok(FieldValue::Record(id));
        }
        if let Some(unclear) = self.input.synced.unclear_people.iter().find(|person| person.email == *email) {
            self.look_again_after(unclear.until - SALESFORCE_CALL_LIMIT)?;
        }
        let fields = self.person_fields(kind, email)?;
        people.creates.push(Write::CreatePerson { kind, email: email.clone(), fields });
        Ok(FieldValue::NewPerson(email.clone()))
    }

    /// The list of an Event's people is written where it is with guests, or may be.
    pub(super) fn keep_list_of_people(&self, fields: &mut Fields, shown: &BTreeSet<String>) {
        if shown.contains(PEOPLE_FIELD)
            && !fields.contains_key(PEOPLE_FIELD)
            && let Some(who) = fields.get("WhoId")
        {
            fields.insert(PEOPLE_FIELD.into(), FieldValue::List(vec![who.clone()]));
        }
    }
}
