//! Which records attendees and guests must have in the end, under which Accounts, and whose they are.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::model::{called_off, is_of, list, takes_place};
use super::schedule::Meeting;
use super::settings::{Attendees, Before, FILLED, NoAccount};
use super::world::World;

/// The records of persons as they are in the end.
pub(super) struct Records {
    pub(super) contacts: Vec<Value>,
    pub(super) leads: Vec<Value>,
    /// The connection's user, to whom belongs what nobody else owns.
    pub(super) connection_user: Value,
}

impl Records {
    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.contacts.iter().chain(&self.leads)
    }

    pub(super) fn by_id(&self, id: &Value) -> Option<&Value> {
        self.all().find(|record| record["Id"] == *id)
    }
}

/// What an attendee may be in Salesforce.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fate {
    pub(super) contact: bool,
    pub(super) lead: bool,
    pub(super) nobody: bool,
}

/// An Account's id, or none.
type AccountId = Option<String>;

impl World<'_> {
    pub(super) fn check_person(&self, person: usize, records: &Records) -> Result<(), String> {
        let email = self.email(person, false);
        let expected = self.expected_contacts(person);
        let of_person = |all: &[Value]| all.iter().filter(|record| is_of(record, &email)).count();
        let found = of_person(&records.contacts);
        if !expected.contains(&found) {
            let (list, expected) = (list(&records.contacts), (expected.start(), expected.end()));
            return Err(format!("person {person} should have {expected:?} Contacts and has {found}: {list}"));
        }
        let (expected, found) = (self.expected_leads(person), of_person(&records.leads));
        if !expected.contains(&found) {
            let (list, expected) = (list(&records.leads), (expected.start(), expected.end()));
            return Err(format!("person {person} should have {expected:?} Leads and has {found}: {list}"));
        }
        self.check_cancel_rows(person, records)?;
        self.check_contacts_before(person, records)
    }

    /// What an attendee may be in the end.
    pub(super) fn fate(&self, person: usize) -> Fate {
        let known = self.schedule.persons[person] > 0;
        let surely = known && !self.is_deleted(person);
        match self.schedule.attendees() {
            Attendees::Leads => Fate { lead: true, contact: self.is_converted(person), ..Fate::default() },
            Attendees::Contacts | Attendees::ContactsGivenAccounts => Fate { contact: true, ..Fate::default() },
            Attendees::KnownContacts => Fate { contact: known, nobody: !surely, lead: false },
            Attendees::UnderAccounts(_) if surely => Fate { contact: true, ..Fate::default() },
            Attendees::UnderAccounts(otherwise) => {
                let accounts = self.accounts_of_stranger(person);
                let without = accounts.contains(&None);
                let as_guest = without && self.may_be_brought(person);
                Fate {
                    contact: known
                        || accounts.len() > usize::from(without)
                        || otherwise == NoAccount::Contact
                        || as_guest,
                    lead: without && otherwise == NoAccount::Lead,
                    nobody: without && otherwise == NoAccount::Nothing,
                }
            }
        }
    }

    /// Somebody converted this person's Lead: it goes on as the Contact that it became.
    pub(super) fn is_converted(&self, person: usize) -> bool {
        self.history.converted.contains(&self.email(person, false))
    }

    /// Somebody deleted a Contact of this person.
    pub(super) fn is_deleted(&self, person: usize) -> bool {
        self.history.contacts.contains(&self.email(person, false))
    }

    /// Whether guests of a booking may get records.
    fn guests_get_records(&self, meeting: &Meeting) -> bool {
        let fate = self.fate(meeting.person);
        (fate.contact || fate.nobody) && self.schedule.attendees() != Attendees::KnownContacts
    }

    fn may_be_brought(&self, person: usize) -> bool {
        self.schedule.meetings.iter().any(|m| m.versions.iter().any(|version| version.brings(person)))
    }

    /// Whether a person booked, or was brought to, what began with a cancel.
    fn began_with_cancel(&self, is_theirs: impl Fn(&Meeting) -> bool) -> bool {
        let meetings = self.schedule.meetings.iter().enumerate();
        meetings.filter(|(at, _)| self.history.began_with_cancel(*at)).any(|(_, meeting)| is_theirs(meeting))
    }

    /// How many Contacts a person should have in the end. Guests of a booking that changed or was called off before its sync
    /// may have none, and so may those whose record Salesforce refused once.
    fn expected_contacts(&self, person: usize) -> RangeInclusive<usize> {
        let meetings = &self.schedule.meetings;
        let (before, fate) = (self.schedule.persons[person], self.fate(person));
        let its_own = |m: &Meeting| m.person == person && fate.contact;
        let brought = |m: &Meeting| self.guests_get_records(m) && m.versions.iter().any(|v| v.brings(person));
        let books = meetings.iter().any(|m| m.was_confirmed() && its_own(m));
        let may_come = meetings.iter().any(|m| m.was_confirmed() && brought(m));
        let comes = meetings.iter().any(|m| {
            takes_place(m) && m.last().brings(person) && self.guests_get_records(m) && !self.fate(m.person).lead
        });
        let surely = (books && !fate.lead && !fate.nobody) || (comes && !self.schedule.refuses_records());
        let least = if surely { before.max(1) } else { before };
        let creates = self.schedule.attendees() != Attendees::KnownContacts;
        let began = self.began_with_cancel(|m| its_own(m) || brought(m));
        let new = creates && (books || may_come || began);
        let most = before.max(usize::from(new)) + usize::from(self.is_converted(person));
        if self.is_deleted(person) { 0..=most } else { least..=most }
    }

    fn expected_leads(&self, person: usize) -> RangeInclusive<usize> {
        let fate = self.fate(person);
        let books = self.schedule.meetings.iter().any(|m| m.person == person && m.was_confirmed());
        let began = self.began_with_cancel(|m| m.person == person);
        // Where the Contact that a Lead became was deleted, a new Lead is made.
        let anew = usize::from(self.is_converted(person) && self.is_deleted(person));
        usize::from(books && fate.lead && !fate.contact)..=usize::from(fate.lead && (books || began)) + anew
    }

    /// The Accounts that a person may come under who has none yet.
    fn accounts_of_stranger(&self, person: usize) -> BTreeSet<AccountId> {
        let Some(settings) = &self.schedule.settings else { return [None].into() };
        let company = settings.companies[person];
        if settings.websites[company] {
            return [Some(self.id(&format!("company{company}")).to_owned())].into();
        }
        let colleagues = (0..settings.companies.len()).filter(|other| settings.companies[*other] == company);
        let mut accounts: BTreeSet<AccountId> =
            colleagues.flat_map(|other| self.own_accounts(other)).map(Some).collect();
        if accounts.is_empty() || !self.history.contacts.is_empty() {
            accounts.insert(None);
        }
        accounts
    }

    /// The Accounts of the Contacts that a person had before.
    fn own_accounts(&self, person: usize) -> BTreeSet<String> {
        let Some(settings) = &self.schedule.settings else { return BTreeSet::new() };
        let names = settings.contacts_of(person).filter_map(|(_, before)| settings.account_of(person, before));
        names.map(|name| self.id(&name).to_owned()).collect()
    }

    /// The Accounts that the Contact of an attendee may be under, once the booking is synced.
    pub(super) fn accounts_of(&self, person: usize) -> BTreeSet<AccountId> {
        let own = self.own_accounts(person);
        if !own.is_empty() {
            return own.into_iter().map(Some).collect();
        }
        let mut accounts = match self.schedule.attendees() {
            Attendees::UnderAccounts(_) => return self.accounts_of_stranger(person),
            Attendees::ContactsGivenAccounts if self.schedule.persons[person] == 0 => self.accounts_of_stranger(person),
            _ => return [None].into(),
        };
        if self.may_be_brought(person) {
            accounts.insert(None);
        }
        accounts
    }

    /// Whether a run may take a third call: where rules must decide between several Accounts, and where guests without
    /// records are looked for again after the write.
    pub(super) fn may_take_another_call(&self) -> bool {
        let several = |person| self.own_accounts(person).len() > 1 || self.accounts_of_stranger(person).len() > 1;
        match self.schedule.attendees() {
            Attendees::UnderAccounts(_) | Attendees::ContactsGivenAccounts => {
                (0..self.schedule.persons.len()).any(several)
            }
            Attendees::KnownContacts => self.schedule.meetings.iter().any(|m| m.versions.iter().any(|v| v.guests != 0)),
            Attendees::Contacts | Attendees::Leads => false,
        }
    }

    /// Whose the record must be that the Event of a booking is with, where that is certain.
    pub(super) fn owner_of(&self, meeting: &Meeting, id: &Value, records: &Records) -> Option<Value> {
        let settings = self.schedule.settings.as_ref()?;
        let change = settings.owner?;
        let target = match change.to_organizer {
            true if meeting.host == "ann" => self.ids["ann"].clone(),
            true => return None,
            false => self.ids["rae"].clone(),
        };
        let before = settings.contacts_of(meeting.person).find(|(name, _)| self.ids[name] == *id);
        match before {
            Some((_, before)) if change.only_from_pool && !before.of_pool => Some(records.connection_user.clone()),
            None if change.only_from_pool => None,
            _ => Some(target),
        }
    }

    /// A Contact that was there before keeps its Account, and what is not its attendee's stays as it was.
    fn check_contacts_before(&self, person: usize, records: &Records) -> Result<(), String> {
        let Some(settings) = &self.schedule.settings else { return Ok(()) };
        for (name, before) in settings.contacts_of(person) {
            let Some(contact) = records.by_id(&self.ids[&name]) else { continue };
            if let Some(wrong) = self.wrong_of_before(person, before, contact, records) {
                return Err(format!(
                    "{wrong} of a Contact of person {person} that was there before is wrong: {contact:#}"
                ));
            }
        }
        Ok(())
    }

    fn wrong_of_before(
        &self,
        person: usize,
        before: &Before,
        contact: &Value,
        records: &Records,
    ) -> Option<&'static str> {
        let settings = self.schedule.settings.as_ref()?;
        let books = self.schedule.meetings.iter().any(|m| m.person == person);
        let links = matches!(settings.attendees, Attendees::UnderAccounts(_)) && books;
        let account = contact["AccountId"].as_str().map(str::to_owned);
        let right = match settings.account_of(person, before) {
            Some(name) => account.as_deref() == Some(self.id(&name)),
            None => account.is_none() || (links && self.accounts_of_stranger(person).contains(&account)),
        };
        if !right {
            return Some("the Account");
        }
        if before.filled && contact["First__c"] != FILLED {
            return Some("the field that was filled");
        }
        let was = if before.of_pool { &self.ids["pool"] } else { &records.connection_user };
        let may_change = settings.owner.filter(|change| books && (!change.only_from_pool || before.of_pool));
        let target = may_change.map(|change| &self.ids[if change.to_organizer { "ann" } else { "rae" }]);
        (contact["OwnerId"] != *was && target != Some(&contact["OwnerId"])).then_some("the owner")
    }

    /// A cancel is told to the attendee, and to nobody else.
    fn check_cancel_rows(&self, person: usize, records: &Records) -> Result<(), String> {
        let Some(settings) = &self.schedule.settings else { return Ok(()) };
        let email = self.email(person, false);
        let meetings = || self.schedule.meetings.iter().enumerate().filter(|(_, meeting)| meeting.person == person);
        let called_off = || meetings().filter(|(_, meeting)| called_off(meeting));
        let titles: BTreeSet<String> = called_off()
            .filter(|(at, meeting)| meeting.was_confirmed() || self.history.began_with_cancel(*at))
            .map(|(at, _)| self.title(at))
            .collect();
        let told: Vec<&Value> = records.all().filter(|r| is_of(r, &email) && !r["Last_Status__c"].is_null()).collect();
        let allowed = |record: &&Value| {
            let of = record["Cancelled_Of__c"].as_str().unwrap_or_default();
            settings.person_on_cancel && record["Last_Status__c"] == "Cancelled" && titles.contains(of)
        };
        if let Some(wrong) = told.iter().find(|record| !allowed(record)) {
            return Err(format!("person {person} is told of a cancel wrongly, {titles:?} were cancelled: {wrong:#}"));
        }
        let certain = !self.fate(person).nobody && !self.is_deleted(person) && !self.schedule.refuses_records();
        let surely = settings.person_on_cancel && certain && called_off().any(|(_, meeting)| meeting.was_confirmed());
        if surely && told.is_empty() {
            return Err(format!("person {person} is not told of the cancel of any of {titles:?}"));
        }
        Ok(())
    }
}
