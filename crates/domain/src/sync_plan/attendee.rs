//! Which record the attendee is: found, to be created, or none (spec 4.1, 4.4, 4.6).

use std::collections::BTreeSet;

use super::{Plan, Planner, Stop};
use crate::account_resolution::{ExcludedRecordTypes, LookupSettings, ResolutionInput, contacts_ask};
use crate::ask::{Answer, Ask, PersonRow, RecordId};
use crate::email_domain::EmailAddress;
use crate::field_write::{When, WriteList};
use crate::mail_domains::MailDomains;
use crate::person_match;
use crate::salesforce_settings::{AttendeeRecordType, NoAccount};
use crate::sync_note::Note;
use crate::sync_outcome::{DuplicateChoice, PersonKind, SyncedPerson};
use crate::tiebreak::Situation;

/// Which record the attendee is.
#[derive(Debug, Clone)]
pub(super) enum Attendee {
    /// This one, as it was read where it was.
    Known(SyncedPerson, Option<Box<PersonRow>>),
    /// A new one; a Contact under an Account where one is given.
    New(PersonKind, Option<RecordId>),
    /// None: nothing is created.
    Nobody,
}

impl Attendee {
    /// What it is or will be.
    pub(super) fn kind(&self) -> Option<PersonKind> {
        match self {
            Attendee::Known(person, _) => Some(person.kind),
            Attendee::New(kind, _) => Some(*kind),
            Attendee::Nobody => None,
        }
    }
}

impl Planner<'_> {
    /// Finds the attendee as the settings say. `guests` are looked up with them.
    pub(super) fn attendee(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Attendee, Stop> {
        if let Some(DuplicateChoice::Use(id)) = &self.input.synced.duplicate_choice {
            let id = id.clone();
            if let Some(row) = self.person_now(PersonKind::of(&id), &id)? {
                return Ok(self.known(PersonKind::of(&id), row));
            }
        }
        if let Some(known) = self.attendee_on_record(guests)? {
            return Ok(known);
        }
        if let Some(name) = ExcludedRecordTypes::unknown(self.input.settings, self.input.org) {
            let reason = format!(
                "The org has no record type {name} any more, of which records are excluded, so it cannot be told which to leave \
                 alone. Choose it by its new name under Exclude Record Types, or take it out, then sync again."
            );
            return Err(Stop::plan(Plan::Hold { reason }));
        }
        let found = match self.input.settings.attendee_record_type {
            AttendeeRecordType::Contact => self.as_contact(guests)?,
            AttendeeRecordType::Lead => self.as_lead(guests)?,
            AttendeeRecordType::ContactUnderAccount => self.as_contact_under_account(guests)?,
        };
        match found {
            Attendee::New(kind, account) => self.instead_of_duplicate(kind, account),
            found => Ok(found),
        }
    }

    /// The record that the attendee had, if it is still there; everybody else is looked up with it.
    fn attendee_on_record(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Option<Attendee>, Stop> {
        let Some(person) = self.synced_person().cloned() else { return Ok(None) };
        let email = self.booking().attendee.email.clone();
        let rows = match person.kind {
            PersonKind::Contact => self.contacts(&email, guests)?,
            PersonKind::Lead => self.leads(&email)?,
        };
        let same = rows.into_iter().find(|row| row.id == person.id && row.converted.is_none());
        Ok(same.map(|row| Attendee::Known(person, Some(Box::new(row)))))
    }

    fn as_contact(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Attendee, Stop> {
        let email = self.booking().attendee.email.clone();
        let rows = self.contacts(&email, guests);
        let account = self.account_of_new(guests);
        Ok(match self.chosen(PersonKind::Contact, &email, rows?) {
            Some(row) => self.known(PersonKind::Contact, row),
            None if self.skips_creation() => Attendee::Nobody,
            None => Attendee::New(PersonKind::Contact, account?),
        })
    }

    /// A Contact that has an Account is used with it; one that has none is linked to the attendee's, or a new one comes under
    /// it. Without an Account, the settings say what to do (spec 4.1).
    fn as_contact_under_account(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Attendee, Stop> {
        let email = self.booking().attendee.email.clone();
        let rows = self.contacts(&email, guests);
        let account = self.account(guests);
        let leads = match self.input.settings.no_account {
            NoAccount::Lead => self.leads(&email),
            NoAccount::Contact | NoAccount::Nothing => Ok(vec![]),
        };
        let (rows, account, leads) = (rows?, account?, leads?);
        let (with_account, without): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.account.is_some());
        let of_resolved = |row: &&PersonRow| account.is_some() && row.account == account;
        let its: Vec<PersonRow> = with_account.iter().filter(of_resolved).cloned().collect();
        let its = if its.is_empty() { with_account } else { its };
        if let Some(row) = self.chosen(PersonKind::Contact, &email, its) {
            if account.is_some() && row.account != account {
                self.notes.push(Note::OtherAccountKept { contact: row.id.clone() });
            }
            return Ok(self.known(PersonKind::Contact, row));
        }
        let account = account.filter(|_| self.input.settings.creates_under_account());
        match (self.chosen(PersonKind::Contact, &email, without), account) {
            (Some(row), Some(account)) if !row.person_account => {
                let (id, email, kind) = (row.id.clone(), email.clone(), PersonKind::Contact);
                let person = SyncedPerson { id, email, kind, account: None, link: Some(account) };
                Ok(Attendee::Known(person, Some(Box::new(row))))
            }
            (Some(row), _) => Ok(self.known(PersonKind::Contact, row)),
            (None, Some(account)) => Ok(Attendee::New(PersonKind::Contact, Some(account))),
            (None, None) => match self.input.settings.no_account {
                NoAccount::Lead => self.open_or_converted_lead(leads),
                NoAccount::Contact => Ok(Attendee::New(PersonKind::Contact, None)),
                NoAccount::Nothing => Ok(Attendee::Nobody),
            },
        }
    }

    /// Whether nobody gets a new record (Contact only).
    pub(super) fn skips_creation(&self) -> bool {
        let settings = self.input.settings;
        settings.skip_contact_creation && settings.attendee_record_type == AttendeeRecordType::Contact
    }

    /// A Contact wins where the settings say so; else an open Lead; else the Contact of a converted one.
    fn as_lead(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Attendee, Stop> {
        let email = self.booking().attendee.email.clone();
        let check = self.input.settings.check_for_existing_contact;
        let leads = self.leads(&email);
        let contacts = if check { self.contacts(&email, guests) } else { Ok(vec![]) };
        let account = self.account_of_new(guests);
        let (leads, contacts, account) = (leads?, contacts?, account?);
        if let Some(row) = self.chosen(PersonKind::Contact, &email, contacts) {
            return Ok(self.known(PersonKind::Contact, row));
        }
        Ok(match (self.open_or_converted_lead(leads)?, account) {
            (Attendee::New(_, None), Some(account)) => Attendee::New(PersonKind::Contact, Some(account)),
            (found, _) => found,
        })
    }

    /// The open Lead, else the Contact that a converted one became, else a new Lead.
    fn open_or_converted_lead(&mut self, leads: Vec<PersonRow>) -> Result<Attendee, Stop> {
        let email = self.booking().attendee.email.clone();
        let (converted, open): (Vec<_>, Vec<_>) = leads.into_iter().partition(|row| row.converted.is_some());
        if let Some(row) = self.chosen(PersonKind::Lead, &email, open) {
            return Ok(self.known(PersonKind::Lead, row));
        }
        let became = converted.iter().filter_map(|row| row.converted.as_ref()?.contact.clone()).min();
        if let Some(contact) = became
            && let Some(row) = self.person_now(PersonKind::Contact, &contact)?
            && self.is_allowed(PersonKind::Contact, &row)
        {
            self.notes.push(Note::LeadWasConverted { contact });
            return Ok(self.known(PersonKind::Contact, row));
        }
        Ok(Attendee::New(PersonKind::Lead, None))
    }

    fn known(&self, kind: PersonKind, row: PersonRow) -> Attendee {
        let email = self.booking().attendee.email.clone();
        let person = SyncedPerson { id: row.id.clone(), email, kind, account: row.account.clone(), link: None };
        Attendee::Known(person, Some(Box::new(row)))
    }

    /// Where a duplicate rule refused a new record, the one it named is used if it is the attendee's; else a person decides.
    fn instead_of_duplicate(&mut self, kind: PersonKind, account: Option<RecordId>) -> Result<Attendee, Stop> {
        let named = self.input.refusals.duplicates.clone();
        if named.is_empty() || self.input.synced.duplicate_choice == Some(DuplicateChoice::CreateAnyway) {
            return Ok(Attendee::New(kind, account));
        }
        let email = self.booking().attendee.email.clone();
        let rows: Vec<Result<Option<PersonRow>, Stop>> =
            named.iter().map(|id| self.person_now(PersonKind::of(id), id)).collect();
        let rows: Vec<Option<PersonRow>> = rows.into_iter().collect::<Result<_, _>>()?;
        for row in rows.into_iter().flatten() {
            let its = PersonKind::of(&row.id);
            let fits = its == kind || (kind == PersonKind::Lead && self.input.settings.check_for_existing_contact);
            if row.email == email.folded() && fits && row.converted.is_none() && self.is_allowed(its, &row) {
                self.notes.push(Note::DuplicateUsed { id: row.id.clone() });
                return Ok(self.known(its, row));
            }
        }
        let ids: Vec<&str> = named.iter().map(|id| id.0.as_str()).collect();
        let reason = format!(
            "Salesforce takes the new {} for a duplicate of {} (DUPLICATES_DETECTED), which has another email or may not be used. \
             Choose on the booking's page: use this record, create anyway (where the rule only alerts), or not now.",
            kind.object(),
            ids.join(", ")
        );
        Err(Stop::plan(Plan::Hold { reason }))
    }

    /// The person to whom the cancel rows go: the Event's WhoId, read before it is deleted, a converted Lead followed; where the
    /// Event is gone, the person on record (spec 4.4). None where there is nothing to write.
    pub(super) fn cancelled_attendee(&mut self, event: Option<&RecordId>) -> Result<Option<SyncedPerson>, Stop> {
        let on_record = self.synced_person().cloned();
        let nothing = self.input.settings.person_fields_on_cancel.rows().is_empty();
        if nothing || self.input.synced.person_state.ran_on_cancel {
            return Ok(on_record);
        }
        // What is on record is read along, since it is nearly always the one.
        let row = match &on_record {
            Some(person) if self.must_read(person) => self.person_now(person.kind, &person.id).map(|_| ()),
            _ => Ok(()),
        };
        let who = match event {
            Some(event) => {
                let ask = self.event_now(event);
                self.events(ask).map(|rows| rows.first().and_then(|row| row.who.clone()))
            }
            None => Ok(None),
        };
        row?;
        let person = match (who?, on_record) {
            (Some(who), Some(person)) if who == person.id => person,
            // A guest stands in for an attendee without a record, or for one who was deleted; what is told of a cancel concerns
            // the attendee alone.
            (Some(who), person) if self.input.synced.guests.iter().any(|guest| guest.id == who) => match person {
                Some(person) => person,
                None => return Ok(None),
            },
            (Some(who), _) => SyncedPerson {
                kind: PersonKind::of(&who),
                id: who,
                email: self.booking().attendee.email.clone(),
                account: None,
                link: None,
            },
            (None, Some(person)) => person,
            (None, None) => return Ok(None),
        };
        if person.kind == PersonKind::Contact {
            return Ok(Some(person));
        }
        let lead = self.person_now(person.kind, &person.id)?;
        match lead.and_then(|lead| lead.converted).and_then(|conversion| conversion.contact) {
            Some(contact) => {
                self.notes.push(Note::LeadWasConverted { contact: contact.clone() });
                Ok(Some(SyncedPerson { id: contact, kind: PersonKind::Contact, ..person }))
            }
            None => Ok(Some(person)),
        }
    }

    /// Whether a person must be read before the rows of a cancelled booking are written to them.
    fn must_read(&self, person: &SyncedPerson) -> bool {
        let state = &self.input.synced.person_state;
        let settings = self.input.settings;
        let open = |list: &WriteList, judged: &BTreeSet<String>| {
            list.rows().iter().any(|row| row.when == When::IfEmpty && !judged.contains(&row.field))
        };
        person.kind == PersonKind::Lead
            || open(&settings.person_fields_on_booking, &state.judged_on_booking)
            || open(&settings.person_fields_on_cancel, &state.judged_on_cancel)
    }

    /// The Contacts of the attendee that may be used; guests are asked for along.
    fn contacts(&mut self, email: &EmailAddress, guests: &BTreeSet<EmailAddress>) -> Result<Vec<PersonRow>, Stop> {
        let rows = self.contact_rows(guests.iter().chain([email]).cloned().collect())?;
        Ok(self.of(PersonKind::Contact, email, &rows))
    }

    /// The Contacts with these emails.
    pub(super) fn contact_rows(&mut self, emails: BTreeSet<EmailAddress>) -> Result<Vec<PersonRow>, Stop> {
        let fields = self.fields_to_read(PersonKind::Contact);
        if !self.input.settings.resolves_account() {
            return self.rows(Ask::Contacts { emails, fields });
        }
        // The resolver asks the same.
        let ask = contacts_ask(&self.resolution_input(&emails));
        match self.answer(ask)? {
            Answer::ContactsWithAccounts(rows) => Ok(rows.into_iter().map(|row| row.person).collect()),
            other => unreachable!("Contacts were asked for, {other:?} came back"),
        }
    }

    /// The domains that say nothing about where people work; those of hosts are the installation's own.
    pub(super) fn domains(&self) -> MailDomains {
        self.input.lookup.domains.with_hosts(self.input.hosts)
    }

    pub(super) fn resolution_input(&self, emails: &BTreeSet<EmailAddress>) -> ResolutionInput {
        let settings = self.input.settings;
        ResolutionInput {
            asked_with: emails.clone(),
            contact_fields: self.fields_to_read(PersonKind::Contact),
            contact_under_account: settings.attendee_record_type == AttendeeRecordType::ContactUnderAccount,
            lookup: LookupSettings { domains: self.domains(), ..self.input.lookup.clone() },
            excluded: ExcludedRecordTypes::of(settings, self.input.org),
            contact_counts: settings.contact_counts,
            situation: Situation::of(&settings.tiebreakers, self.booking()),
            ..ResolutionInput::new(self.booking().attendee.email.clone())
        }
    }

    fn leads(&mut self, email: &EmailAddress) -> Result<Vec<PersonRow>, Stop> {
        let fields = self.fields_to_read(PersonKind::Lead);
        let rows = self.rows(Ask::Leads { emails: BTreeSet::from([email.clone()]), fields })?;
        Ok(self.of(PersonKind::Lead, email, &rows))
    }

    /// Those of an email that the settings allow.
    pub(super) fn of(&mut self, kind: PersonKind, email: &EmailAddress, rows: &[PersonRow]) -> Vec<PersonRow> {
        rows.iter().filter(|row| row.email == email.folded() && self.is_allowed(kind, row)).cloned().collect()
    }

    /// The Contact or Lead with an email, as new ones are made: guests are Contacts, attendees what the settings say.
    pub(super) fn found_by(&mut self, email: &EmailAddress) -> Result<Option<PersonRow>, Stop> {
        let settings = self.input.settings;
        let (contact, lead) = match settings.attendee_record_type {
            _ if *email != self.booking().attendee.email => (true, false),
            AttendeeRecordType::Contact => (true, false),
            AttendeeRecordType::Lead => (settings.creates_under_account(), true),
            AttendeeRecordType::ContactUnderAccount => (true, settings.no_account == NoAccount::Lead),
        };
        let contacts = if contact { self.contacts(email, &BTreeSet::new()) } else { Ok(vec![]) };
        let leads = if lead { self.leads(email) } else { Ok(vec![]) };
        let (contacts, leads) = (contacts?, leads?);
        let found = self.chosen(PersonKind::Contact, email, contacts);
        Ok(found.or_else(|| self.chosen(PersonKind::Lead, email, leads)))
    }

    /// A Contact or Lead as it stands; none where it is gone.
    pub(super) fn person_now(&mut self, kind: PersonKind, id: &RecordId) -> Result<Option<PersonRow>, Stop> {
        let fields = self.fields_to_read(kind);
        let rows = self.rows(Ask::Person { kind, id: id.clone(), fields })?;
        Ok(rows.into_iter().next())
    }

    pub(super) fn rows(&mut self, ask: Ask) -> Result<Vec<PersonRow>, Stop> {
        match self.answer(ask)? {
            Answer::People(rows) => Ok(rows),
            other => unreachable!("people were asked for, {other:?} came back"),
        }
    }

    /// The fields that are only written where they are empty, as far as the user sees them.
    pub(super) fn fields_to_read(&self, kind: PersonKind) -> BTreeSet<String> {
        let settings = self.input.settings;
        let lists = [&settings.person_fields_on_booking, &settings.person_fields_on_cancel];
        let lists = lists.into_iter().take(if self.cancelled() { 2 } else { 1 });
        let shape = self.shape(kind.object());
        lists
            .flat_map(|list| list.rows())
            .filter(|row| row.when == When::IfEmpty && shape.field(&row.field).is_some())
            .map(|row| row.field.clone())
            .collect()
    }

    /// One of several records of one email, by a fixed order; the one on record where it is among them.
    pub(super) fn chosen(&mut self, kind: PersonKind, email: &EmailAddress, rows: Vec<PersonRow>) -> Option<PersonRow> {
        let synced = self.input.synced.person.iter().chain(&self.input.synced.guests).find(|p| p.email == *email);
        if let Some(same) = synced.and_then(|synced| rows.iter().find(|row| row.id == synced.id)) {
            return Some(same.clone());
        }
        let count = rows.len();
        let chosen = person_match::choose(&rows.iter().collect::<Vec<_>>())?.clone();
        if count > 1 {
            let (email, chosen) = (email.clone(), chosen.id.clone());
            self.notes.push(Note::SeveralRecords { kind, email, count, chosen });
        }
        Some(chosen)
    }

    /// Whether a record's record type is not excluded; one without always counts (spec 4.6).
    fn is_allowed(&self, kind: PersonKind, row: &PersonRow) -> bool {
        let Some(record_type) = &row.record_type else { return true };
        !self.excluded(kind).contains(record_type)
    }

    /// The record types of which no record is found or created.
    pub(super) fn excluded(&self, kind: PersonKind) -> BTreeSet<RecordId> {
        let excluded = ExcludedRecordTypes::of(self.input.settings, self.input.org);
        match kind {
            PersonKind::Contact => excluded.contact,
            PersonKind::Lead => excluded.lead,
        }
    }
}
