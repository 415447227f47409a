//! The attendee and the guests: found by email, else created (spec 4.1).

use std::collections::{BTreeMap, BTreeSet};

use super::attendee::Attendee;
use super::{CreatePersonOptions, MOST_WRITES, Plan, Planner, SALESFORCE_CALL_LIMIT, Stop, Write};
use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::org_shape::PEOPLE_FIELD;
use crate::sync_note::Note;
use crate::sync_outcome::{
    DuplicateChoice, FieldValue, Fields, OwnerState, PersonKind, PersonState, SyncedEvent, SyncedPerson,
};

/// The most people of one Event, the attendee included (Salesforce facts 5.2).
const MOST_PEOPLE: usize = 50;

/// The records of people, by email.
type Records = BTreeMap<EmailAddress, SyncedPerson>;

/// Whom an Event is with, whose it is, and what is written to them beside it.
pub(super) struct People {
    /// Those whose records are known.
    pub(super) found: Vec<SyncedPerson>,
    /// The creates of the others; the attendee's, if it is among them, is the first.
    pub(super) creates: Vec<Write>,
    /// What the attendee's known record is given after the Event.
    pub(super) given: Vec<Write>,
    /// The change of its owner: afterwards this user may have lost its rights.
    pub(super) last: Option<Write>,
    /// What the attendee's record has been given once all is done, and before.
    pub(super) state: PersonState,
    pub(super) state_before: PersonState,
    /// Whom the Event is with: the attendee, or a guest where the attendee is nobody; null: nobody is left.
    pub(super) who: FieldValue,
    /// The Account that the attendee belongs to, where it is known.
    pub(super) account: Option<RecordId>,
    /// The guests that the Event is with, besides.
    pub(super) guests: Vec<FieldValue>,
    /// The guests that it is not with: the Description names them.
    pub(super) listed: Vec<EmailAddress>,
    /// The Event's owner.
    pub(super) owner: Option<RecordId>,
}

impl People {
    fn nobody(state: PersonState) -> People {
        People {
            found: vec![],
            creates: vec![],
            given: vec![],
            last: None,
            state: state.clone(),
            state_before: state,
            who: FieldValue::Null,
            account: None,
            guests: vec![],
            listed: vec![],
            owner: None,
        }
    }

    /// The plan that writes an Event with them. Where one request cannot hold all, new people come first and the rest waits.
    pub(super) fn with_event(self, event: Write) -> Plan {
        self.plan(Some(event))
    }

    /// The plan that writes an Event, if there is one, and all that goes with it.
    pub(super) fn plan(self, event: Option<Write>) -> Plan {
        let mut writes = self.creates;
        let all = writes.len() < MOST_WRITES;
        if all {
            writes.extend(event);
            writes.extend(self.given);
            writes.extend(self.last);
        }
        let state = if all && writes.len() <= MOST_WRITES { self.state } else { self.state_before };
        writes.truncate(MOST_WRITES);
        Plan::Write { found: self.found, writes, state }
    }

    /// Whether nothing is written to anybody.
    pub(super) fn is_idle(&self) -> bool {
        self.creates.is_empty() && self.given.is_empty() && self.last.is_none()
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

    /// The people of a cancelled booking whose Event is kept: as the Event shows them; rows go to the person given.
    pub(super) fn people_of_cancelled(
        &mut self,
        written: &Fields,
        attendee: Result<Option<SyncedPerson>, Stop>,
    ) -> Result<People, Stop> {
        let owner = self.owner();
        let (given, state) = self.rows_of(attendee?)?;
        let who = written.get("WhoId").cloned().unwrap_or(FieldValue::Null);
        let guests = match written.get(PEOPLE_FIELD) {
            Some(FieldValue::List(all)) if who != FieldValue::Null => {
                all.iter().filter(|value| **value != who).cloned().collect()
            }
            _ => vec![],
        };
        let before = self.input.synced.person_state.clone();
        Ok(People { given, state, who, guests, owner: owner?, ..People::nobody(before) })
    }

    /// Finds the attendee and the guests by email, else says what to create.
    pub(super) fn people(&mut self) -> Result<People, Stop> {
        let mut guests = self.guests();
        let beyond = guests.split_off(guests.len().min(MOST_PEOPLE - 1));
        let (attendee, mut records) = self.attendee_and_guests(&guests)?;
        let mut people = People::nobody(self.input.synced.person_state.clone());
        let kind = attendee.kind();
        self.take_attendee(attendee, &mut people)?;
        // Beside a Lead there is no other person.
        let (related, mut listed) = match kind {
            Some(PersonKind::Lead) => (vec![], guests.into_iter().chain(beyond).collect()),
            _ => {
                if !beyond.is_empty() {
                    self.notes.push(Note::GuestsBeyond { count: beyond.len() });
                }
                (guests, beyond)
            }
        };
        let creates_none = self.skips_creation();
        for email in &related {
            match (records.remove(email), self.input.refusals.guests.get(email)) {
                (None, _) if creates_none => listed.push(email.clone()),
                (None, Some(refusal)) => {
                    self.notes.push(Note::GuestRefused { email: email.clone(), why: refusal.message.clone() });
                    listed.push(email.clone());
                }
                (record, _) => {
                    let guest = self.guest(email, record, &mut people)?;
                    people.guests.push(guest);
                }
            }
        }
        people.listed = listed;
        if people.who == FieldValue::Null && !people.guests.is_empty() {
            people.who = people.guests.remove(0);
        }
        if !self.input.org.relates_several_people() {
            people.guests.clear();
            people.listed.retain(|email| !related.contains(email));
            people.listed.splice(0..0, related);
        }
        Ok(people)
    }

    /// The attendee, and the records of guests. Nothing is asked where all are on record and nobody joined or left; else
    /// everybody is looked up, since somebody may have deleted one.
    fn attendee_and_guests(&mut self, guests: &[EmailAddress]) -> Result<(Attendee, Records), Stop> {
        if let Some(person) = self.synced_person().cloned() {
            let related = if person.kind == PersonKind::Contact { guests } else { &[] };
            let on_record = self.on_record(related);
            if on_record.len() == related.len() && self.shows(&person, related, &on_record) {
                return Ok((Attendee::Known(person, None), on_record));
            }
        }
        let emails: BTreeSet<EmailAddress> = guests.iter().cloned().collect();
        let attendee = self.attendee(&emails)?;
        if attendee.kind() == Some(PersonKind::Lead) || emails.is_empty() {
            return Ok((attendee, Records::new()));
        }
        let mut everybody = emails.clone();
        everybody.insert(self.booking().attendee.email.clone());
        let rows = self.contact_rows(everybody)?;
        let mut records = Records::new();
        for email in emails {
            let its = self.of(PersonKind::Contact, &email, &rows);
            if let Some(row) = self.chosen(PersonKind::Contact, &email, its) {
                let kind = PersonKind::Contact;
                records
                    .insert(email.clone(), SyncedPerson { id: row.id, email, kind, account: row.account, link: None });
            }
        }
        Ok((attendee, records))
    }

    /// What is written to the attendee's record, and that the Event is with them.
    fn take_attendee(&mut self, attendee: Attendee, people: &mut People) -> Result<(), Stop> {
        match attendee {
            Attendee::Nobody => {}
            Attendee::Known(person, row) => {
                let (mut given, last, state) = self.given_to_known(&person, row.as_deref())?;
                let (person, link) = self.linked(person, row.as_deref())?;
                given.extend(link);
                (people.given, people.last, people.state) = (given, last, state);
                people.who = FieldValue::Record(person.id.clone());
                people.account = person.link.clone().or_else(|| person.account.clone());
                people.found.push(person);
            }
            Attendee::New(kind, account) => {
                let email = self.booking().attendee.email.clone();
                self.wait_for_unclear(&email)?;
                let (fields, state) = self.new_attendee(kind, account.as_ref())?;
                people.account = account;
                let options = CreatePersonOptions {
                    run_assignment_rules: kind == PersonKind::Lead && self.input.settings.lead_assignment_rules,
                    allow_duplicate: self.input.synced.duplicate_choice == Some(DuplicateChoice::CreateAnyway),
                };
                people.who = FieldValue::NewPerson(email.clone());
                people.state = state;
                people.creates.push(Write::CreatePerson { kind, email, fields, options });
            }
        }
        Ok(())
    }

    /// The values of the attendee's new record, rows among them.
    fn new_attendee(&mut self, kind: PersonKind, account: Option<&RecordId>) -> Result<(Fields, PersonState), Stop> {
        let email = self.booking().attendee.email.clone();
        let mut fields = self.person_fields(kind, &email)?;
        if let Some(account) = account {
            fields.insert("AccountId".into(), FieldValue::Record(account.clone()));
        }
        let (owner, became) = self.owner_of_new(kind)?;
        self.set_owner(kind, &mut fields, owner);
        let (rows, mut state) = self.rows_of_new(kind, &fields);
        fields.extend(rows);
        state.owner = match became {
            // Whom we may not name as its owner did not become it.
            OwnerState::Set(_) if !fields.contains_key("OwnerId") => OwnerState::Open,
            became => became,
        };
        Ok((fields, state))
    }

    /// A reference to a guest: to the record that was found, else to one that is created, unless an earlier create may still
    /// take effect.
    fn guest(
        &mut self,
        email: &EmailAddress,
        found: Option<SyncedPerson>,
        people: &mut People,
    ) -> Result<FieldValue, Stop> {
        if let Some(person) = found {
            let id = person.id.clone();
            people.found.push(person);
            return Ok(FieldValue::Record(id));
        }
        self.wait_for_unclear(email)?;
        let mut fields = self.person_fields(PersonKind::Contact, email)?;
        let owner = self.organizer_user();
        self.set_owner(PersonKind::Contact, &mut fields, owner);
        let (kind, email, options) = (PersonKind::Contact, email.clone(), CreatePersonOptions::default());
        people.creates.push(Write::CreatePerson { kind, email: email.clone(), fields, options });
        Ok(FieldValue::NewPerson(email))
    }

    fn wait_for_unclear(&self, email: &EmailAddress) -> Result<(), Stop> {
        match self.input.synced.unclear_people.iter().find(|person| person.email == *email) {
            Some(unclear) => self.look_again_after(unclear.until - SALESFORCE_CALL_LIMIT),
            None => Ok(()),
        }
    }

    /// The person already on record for this booking, if the attendee's email is still the same.
    pub(super) fn synced_person(&self) -> Option<&SyncedPerson> {
        self.input.synced.person.as_ref().filter(|p| p.email == self.booking().attendee.email)
    }

    /// The guests that count: no hosts, nobody on one of the installation's own domains, nobody twice (spec 4.1).
    fn guests(&self) -> Vec<EmailAddress> {
        if self.input.settings.ignore_guests {
            return vec![];
        }
        let hosts = self.input.hosts;
        let domains = self.domains();
        let mut seen = BTreeSet::from([self.booking().attendee.email.clone()]);
        let mut guests = self.booking().guests.clone();
        guests.retain(|g| !hosts.contains(g) && !domains.is_own(g) && seen.insert(g.clone()));
        guests
    }

    fn on_record(&self, guests: &[EmailAddress]) -> Records {
        let known = self.input.synced.guests.iter();
        known.filter(|person| guests.contains(&person.email)).map(|p| (p.email.clone(), p.clone())).collect()
    }

    /// Whether the Event that is there is with these people; an Event that is not there shows nothing otherwise.
    fn shows(&self, attendee: &SyncedPerson, guests: &[EmailAddress], on_record: &Records) -> bool {
        let SyncedEvent::Written { fields, .. } = &self.input.synced.event else { return true };
        let value = |person: &SyncedPerson| FieldValue::Record(person.id.clone());
        match fields.get(PEOPLE_FIELD) {
            Some(written) if *written != FieldValue::Null => {
                let guests = guests.iter().filter_map(|guest| on_record.get(guest)).map(value);
                &FieldValue::List(std::iter::once(value(attendee)).chain(guests).collect()) == written
            }
            _ => guests.is_empty() || !self.input.org.relates_several_people(),
        }
    }

    /// The list of an Event's people is written where it is with guests, or may be.
    pub(super) fn keep_list_of_people(&self, fields: &mut Fields, shown: &BTreeSet<String>) {
        if shown.contains(PEOPLE_FIELD)
            && !fields.contains_key(PEOPLE_FIELD)
            && let Some(who) = fields.get("WhoId")
        {
            // Where nobody is left, null empties the list (Salesforce facts 5.2).
            let nobody = *who == FieldValue::Null;
            let list = if nobody { FieldValue::Null } else { FieldValue::List(vec![who.clone()]) };
            fields.insert(PEOPLE_FIELD.into(), list);
        }
    }
}
