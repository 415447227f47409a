//! The values that are written.

use super::people::People;
use super::{Plan, Planner, Stop};
use crate::ask::{Answer, Ask, RecordId};
use crate::email_domain::EmailAddress;
use crate::field_write::When;
use crate::mail_domains::DomainSkip;
use crate::names::person_name;
use crate::org_shape::{FieldShape, ObjectShape, PEOPLE_FIELD};
use crate::salesforce_settings::RelateTo;
use crate::sync_note::Note;
use crate::sync_outcome::{FieldValue, Fields, PersonKind};
use crate::sync_refusals::Target;

/// The Company of a Lead whose booker tells none and writes from free mail (spec 4.1).
const NO_COMPANY: &str = "Not provided";

/// The slug of the question whose answer is a Lead's Company.
const COMPANY_QUESTION: &str = "company";

impl Planner<'_> {
    /// The Event's standard fields (spec 4.2).
    pub(super) fn event_fields(&mut self, people: &People) -> Fields {
        let booking = self.booking().clone();
        let mut fields = Fields::from([
            ("Subject".into(), self.cut("Event", "Subject", booking.title)),
            ("StartDateTime".into(), FieldValue::Instant(booking.start)),
            ("EndDateTime".into(), FieldValue::Instant(booking.end)),
            ("WhoId".into(), people.who.clone()),
        ]);
        if let Some(location) = booking.location {
            fields.insert("Location".into(), self.cut("Event", "Location", location));
        }
        if let Some(owner) = &people.owner {
            fields.insert("OwnerId".into(), FieldValue::Record(owner.clone()));
        }
        if !people.guests.is_empty() {
            let everybody = std::iter::once(&people.who).chain(&people.guests).cloned().collect();
            fields.insert(PEOPLE_FIELD.into(), FieldValue::List(everybody));
        }
        self.add_no_show(&mut fields);
        fields
    }

    /// Whether the attendee did not come, once somebody has said so (spec 4.5).
    pub(super) fn add_no_show(&self, fields: &mut Fields) {
        if let (Some(field), Some(absent)) = (&self.input.settings.no_show_field, self.input.wanted.no_show()) {
            fields.insert(field.clone(), FieldValue::Checkbox(absent));
        }
    }

    /// The values of a new person. Only the attendee's name is known; guests come with their email alone.
    pub(super) fn person_fields(&mut self, kind: PersonKind, email: &EmailAddress) -> Result<Fields, Stop> {
        let object = kind.object();
        if self.shape(object).fields.is_empty() {
            let reason = format!(
                "The connection's user has no access to the object {object}. Give them access, then sync again."
            );
            return Err(Stop::plan(Plan::Hold { reason }));
        }
        let attendee = self.booking().attendee.clone();
        let name = match attendee.email == *email {
            true => {
                let (first, last) = (attendee.first_name.as_deref(), attendee.last_name.as_deref());
                person_name(first, last, &attendee.name, email)
            }
            false => person_name(None, None, "", email),
        };
        let mut fields = Fields::new();
        if let Some(first) = name.first {
            fields.insert("FirstName".into(), self.cut(object, "FirstName", first));
        }
        fields.insert("LastName".into(), self.cut(object, "LastName", name.last));
        fields.insert("Email".into(), FieldValue::Text(email.as_written().to_owned()));
        if kind == PersonKind::Lead {
            let company = self.company();
            fields.insert("Company".into(), self.cut(object, "Company", company));
        }
        if let Some(record_type) = self.new_record_type(kind)? {
            fields.insert("RecordTypeId".into(), FieldValue::Record(record_type));
        }
        Ok(fields)
    }

    /// Whose a new record is to be, as far as this user may say so and Salesforce did not refuse it.
    pub(super) fn set_owner(&self, kind: PersonKind, fields: &mut Fields, owner: Option<RecordId>) {
        let may = self.shape(kind.object()).field("OwnerId").is_some_and(|field| field.createable);
        let refused = self.input.refusals.dropped(Target::Attendee(kind), "OwnerId").is_some();
        if let Some(owner) = owner.filter(|_| may && !refused) {
            fields.insert("OwnerId".into(), FieldValue::Record(owner));
        }
    }

    /// The record type of a new record, where it is not the user's default; an excluded one is never used (spec 4.6).
    fn new_record_type(&mut self, kind: PersonKind) -> Result<Option<RecordId>, Stop> {
        let chosen = match kind {
            PersonKind::Contact => self.input.settings.new_record_types.contact.as_deref(),
            PersonKind::Lead => self.input.settings.new_record_types.lead.as_deref(),
        };
        let shape = self.shape(kind.object());
        let record_type = match chosen {
            Some(text) => shape.record_types_named(text).find(|known| known.active),
            None => shape.default_record_type(),
        };
        let excluded = record_type.is_some_and(|record_type| self.excluded(kind).contains(&record_type.id));
        let reason = match (chosen, record_type) {
            (Some(text), None) => format!(
                "New {}s are to have the record type {text}, which the org does not have, or not for the connection's user. \
                 Choose another one under Record type for new records, then sync again.",
                kind.object()
            ),
            (_, Some(record_type)) if excluded => format!(
                "New {}s would have the record type {}, which is excluded. Choose another one under Record type for new \
                 records, then sync again.",
                kind.object(),
                record_type.name
            ),
            (chosen, record_type) => return Ok(record_type.filter(|_| chosen.is_some()).map(|known| known.id.clone())),
        };
        Err(Stop::plan(Plan::Hold { reason }))
    }

    /// The values of the Event's rows; where it is there already, `event` is what was last written to it.
    pub(super) fn event_rows(
        &mut self,
        event: Option<(&RecordId, &Fields)>,
        writable: fn(&FieldShape) -> bool,
    ) -> Result<Fields, Stop> {
        let settings = self.input.settings;
        let mut fields = Fields::new();
        for row in settings.event_fields_on_booking.rows() {
            if let Some(value) = self.row_value(Target::Event, row, writable) {
                fields.insert(row.field.clone(), value);
            }
        }
        if !self.cancelled() {
            return Ok(fields);
        }
        for row in settings.event_fields_on_cancel.rows() {
            let Some(value) = self.row_value(Target::Event, row, writable) else { continue };
            if row.when == When::IfEmpty && self.event_has(event, &fields, &row.field)? {
                continue;
            }
            fields.insert(row.field.clone(), value);
        }
        Ok(fields)
    }

    /// Whether a field of the Event has a value, by what is written now and before, else by the Event as it is.
    fn event_has(&mut self, event: Option<(&RecordId, &Fields)>, now: &Fields, field: &str) -> Result<bool, Stop> {
        if now.contains_key(field) {
            return Ok(true);
        }
        let Some((id, written)) = event else { return Ok(false) };
        if written.get(field).is_some_and(|value| *value != FieldValue::Null) {
            return Ok(true);
        }
        let ask = self.event_now(id);
        Ok(self.events(ask)?.first().is_some_and(|row| row.filled.contains(field)))
    }

    /// The Event as it stands, with the fields that are only written where they are empty.
    pub(super) fn event_now(&self, event: &RecordId) -> Ask {
        let rows = self.input.settings.event_fields_on_cancel.rows().iter();
        let conditions = rows.filter(|row| self.cancelled() && row.when == When::IfEmpty);
        let shape = &self.input.org.event;
        let fields = conditions.map(|row| row.field.clone()).filter(|field| shape.field(field).is_some()).collect();
        Ask::EventNow { event: event.clone(), fields }
    }

    /// *Relate the event to*: the attendee's Account, or its latest open Opportunity; nothing beside a Lead (spec 4.2).
    pub(super) fn related(&mut self, people: &People) -> Result<Fields, Stop> {
        let Some(account) = people.account.clone() else { return Ok(Fields::new()) };
        let related = match self.input.settings.relate_event_to {
            RelateTo::Nothing => None,
            RelateTo::Account => Some(account),
            RelateTo::Opportunity => match self.answer(Ask::OpenOpportunity(account))? {
                Answer::Opportunity(latest) => {
                    if latest.is_none() {
                        self.notes.push(Note::NoOpenOpportunity);
                    }
                    latest
                }
                other => unreachable!("an Opportunity was asked for, {other:?} came back"),
            },
        };
        Ok(related.map(|id| ("WhatId".to_owned(), FieldValue::Record(id))).into_iter().collect())
    }

    /// What a new Lead's Company says (spec 4.1).
    fn company(&self) -> String {
        let booking = self.booking();
        let answer = booking.answers.iter().find(|answer| answer.slug.eq_ignore_ascii_case(COMPANY_QUESTION));
        if let Some(answer) = answer.map(|answer| answer.value.trim()).filter(|value| !value.is_empty()) {
            return answer.to_owned();
        }
        let email = &booking.attendee.email;
        let workplace = self.input.lookup.domains.of_workplace(email);
        let says_nothing = matches!(workplace, Err(DomainSkip::FreeMail | DomainSkip::Disposable));
        let label = email.base_label().filter(|_| !says_nothing);
        label.map_or_else(|| NO_COMPANY.to_owned(), |label| capitalized(&label))
    }

    pub(super) fn shape(&self, object: &str) -> &ObjectShape {
        match object {
            "Contact" => &self.input.org.contact,
            "Lead" => &self.input.org.lead,
            _ => &self.input.org.event,
        }
    }

    /// The Event's owner: the organizer's Salesforce user, else the connection's (spec 4.2).
    pub(super) fn owner(&mut self) -> Result<Option<RecordId>, Stop> {
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
        let refused = self.input.refusals.dropped(Target::Event, "OwnerId").is_some();
        Ok(user.filter(|_| !refused).or_else(|| self.input.org.connection_user.clone()))
    }

    /// The one active Salesforce user of the organizer's email, as far as known by now.
    pub(super) fn organizer_user(&self) -> Option<RecordId> {
        let email = &self.booking().organizer.email;
        if let Some(user) = self.input.org.users.get(email) {
            return user.clone();
        }
        match self.known.get(&Ask::Users(email.clone())) {
            Some(Ok(Answer::Users(ids))) if ids.len() == 1 => ids.first().cloned(),
            _ => None,
        }
    }

    pub(super) fn leave_out_unwritable(&mut self, fields: &mut Fields, writable: fn(&FieldShape) -> bool) {
        let no_show = self.input.settings.no_show_field.as_deref();
        for name in ["Subject", "Location", "Description", "OwnerId", "WhatId"].into_iter().chain(no_show) {
            if self.input.refusals.dropped(Target::Event, name).is_some() && name != "OwnerId" {
                fields.remove(name);
                continue;
            }
            let refused = !self.input.org.event.field(name).is_some_and(writable);
            if refused && fields.remove(name).is_some() {
                self.notes.push(Note::LeftOut { object: "Event".into(), field: name.into() });
            }
        }
    }

    /// The text, cut to what the field holds. `@{` opens a reference in a composite request (Salesforce facts 2.7), for which
    /// no escape is known: it is written, and remembered, with a space between.
    pub(super) fn cut(&mut self, object: &str, field: &str, text: String) -> FieldValue {
        let text = crate::field_write::safe(&text);
        let length = self.shape(object).field(field).and_then(|f| f.length);
        let Some(length) = length.filter(|length| text.chars().count() > *length) else {
            return FieldValue::Text(text);
        };
        self.notes.push(Note::Cut { object: object.into(), field: field.into(), length });
        FieldValue::Text(text.chars().take(length).collect())
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
