//! What the attendee's record is given: rows, its Account, its owner (spec 4.1, 4.3, 4.5).

use std::collections::BTreeMap;

use super::{PersonPart, Planner, Stop, Write};
use crate::ask::{PersonRow, RecordId};
use crate::field_write::{Outcome, Source, When, WriteList, WriteRow, outcome};
use crate::org_shape::FieldShape;
use crate::salesforce_settings::NewOwner;
use crate::sync_note::Note;
use crate::sync_outcome::{FieldValue, Fields, OwnerState, PersonKind, PersonState, SyncedPerson};
use crate::sync_refusals::Target;

/// What is known of the record that rows go to.
#[derive(Clone, Copy)]
enum Record<'a> {
    /// It is created with these values.
    New(&'a Fields),
    /// It has values in these of the fields that were asked for.
    Read(&'a BTreeMap<String, String>),
    /// It is there, and was not read.
    Unread,
}

impl Record<'_> {
    /// Whether a field has a value; none where that is not known.
    fn fills(self, field: &str) -> Option<bool> {
        match self {
            Record::New(fields) => Some(fields.contains_key(field)),
            Record::Read(values) => Some(values.contains_key(field)),
            Record::Unread => None,
        }
    }

    fn writable(self) -> fn(&FieldShape) -> bool {
        match self {
            Record::New(_) => |field| field.createable,
            Record::Read(_) | Record::Unread => |field| field.updateable,
        }
    }
}

/// What rows come to.
struct Rows {
    fields: Fields,
    state: PersonState,
    /// Whether some could not be judged, since the record was not read.
    unread: bool,
}

impl Planner<'_> {
    /// What rows are made from.
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            id: self.input.id,
            wanted: self.input.wanted,
            event_type: self.input.event_type,
            url: self.input.url,
            assignment_reason: self.input.assignment_reason,
        }
    }

    /// The value of a row, or none with a note why.
    pub(super) fn row_value(
        &mut self,
        target: Target,
        row: &WriteRow,
        writable: fn(&FieldShape) -> bool,
    ) -> Option<FieldValue> {
        if self.input.refusals.is_bare(target) || self.input.refusals.dropped(target, &row.field).is_some() {
            return None;
        }
        let (object, field) = (target.object(), row.field.clone());
        match outcome(row, &self.source(), self.shape(object), writable) {
            Outcome::Write(value, cut) => {
                if let Some(length) = cut {
                    self.notes.push(Note::Cut { object: object.into(), field, length });
                }
                Some(value)
            }
            Outcome::Skip(why) => {
                self.notes.push(Note::RowSkipped { object: object.into(), field, why });
                None
            }
            Outcome::Drop(why) => {
                self.notes.push(Note::RowDropped { object: object.into(), field, why });
                None
            }
        }
    }

    /// The rows that are to be written to the attendee's record now, its state once they are, and the fields that must be read
    /// first.
    fn person_rows(&mut self, kind: PersonKind, record: Record<'_>, mut state: PersonState) -> Rows {
        let target = Target::Attendee(kind);
        let mut unread = false;
        if self.input.refusals.gave_up(PersonPart::Rows) || self.input.refusals.is_bare(target) {
            return Rows { fields: Fields::new(), state, unread };
        }
        let before = state.written.clone();
        let settings = self.input.settings;
        let mut lists: Vec<(&WriteList, bool)> = vec![(&settings.person_fields_on_booking, false)];
        if self.cancelled() {
            lists.push((&settings.person_fields_on_cancel, true));
            state.ran_on_cancel = !settings.person_fields_on_cancel.rows().is_empty();
        }
        for (list, on_cancel) in lists {
            for row in list.rows() {
                let judged = if on_cancel { &state.judged_on_cancel } else { &state.judged_on_booking };
                if row.when == When::IfEmpty && judged.contains(&row.field) {
                    continue;
                }
                let Some(value) = self.row_value(target, row, record.writable()) else { continue };
                if row.when == When::IfEmpty {
                    let Some(filled) = record.fills(&row.field) else {
                        unread = true;
                        continue;
                    };
                    let judged = if on_cancel { &mut state.judged_on_cancel } else { &mut state.judged_on_booking };
                    judged.insert(row.field.clone());
                    if filled || state.written.contains_key(&row.field) {
                        continue;
                    }
                }
                state.written.insert(row.field.clone(), value);
            }
        }
        let mut fields = state.written.clone();
        fields.retain(|name, value| before.get(name) != Some(value));
        Rows { fields, state, unread }
    }

    /// The writes of rows to a person who is not created now.
    pub(super) fn rows_of(&mut self, person: Option<SyncedPerson>) -> Result<(Vec<Write>, PersonState), Stop> {
        let state = self.input.synced.person_state.clone();
        match person {
            Some(person) => self.rows_of_known(&person, None, state),
            None => Ok((vec![], state)),
        }
    }

    fn rows_of_known(
        &mut self,
        person: &SyncedPerson,
        present: Option<&PersonRow>,
        state: PersonState,
    ) -> Result<(Vec<Write>, PersonState), Stop> {
        let told = self.notes.len();
        let record = present.map_or(Record::Unread, |row| Record::Read(&row.values));
        let mut rows = self.person_rows(person.kind, record, state.clone());
        if rows.unread {
            self.notes.truncate(told);
            // To a record that is gone nothing is written: the answer to the write says so.
            let filled = self.person_now(person.kind, &person.id)?.map(|row| row.values).unwrap_or_default();
            rows = self.person_rows(person.kind, Record::Read(&filled), state);
        }
        let Rows { fields, state, .. } = rows;
        if fields.is_empty() {
            return Ok((vec![], state));
        }
        let (kind, id) = (person.kind, person.id.clone());
        Ok((vec![Write::UpdatePerson { kind, id, part: PersonPart::Rows, fields }], state))
    }

    /// What a known attendee's record is given on booking: rows, and an owner last.
    pub(super) fn given_to_known(
        &mut self,
        person: &SyncedPerson,
        present: Option<&PersonRow>,
    ) -> Result<(Vec<Write>, Option<Write>, PersonState), Stop> {
        // Another record than the one on record starts anew.
        let same = self.synced_person().is_some_and(|synced| synced.id == person.id);
        let before = if same { self.input.synced.person_state.clone() } else { PersonState::default() };
        let owner = self.owner_change(person, present, before.owner.clone());
        let rows = self.rows_of_known(person, present, before);
        let ((last, owner), (rows, state)) = (owner?, rows?);
        Ok((rows, last, PersonState { owner, ..state }))
    }

    /// The write that links a Contact to the Account that it is to be under. One that has an Account by now is left with it, and
    /// is given back as it is.
    pub(super) fn linked(
        &mut self,
        mut person: SyncedPerson,
        present: Option<&PersonRow>,
    ) -> Result<(SyncedPerson, Option<Write>), Stop> {
        let Some(account) = person.link.clone() else { return Ok((person, None)) };
        let read = match present {
            Some(_) => None,
            None => self.person_now(person.kind, &person.id)?,
        };
        // To a record that is gone nothing is written.
        let Some(row) = present.or(read.as_ref()) else { return Ok((person, None)) };
        if row.account.is_some() {
            (person.account, person.link) = (row.account.clone(), None);
            return Ok((person, None));
        }
        if self.input.refusals.gave_up(PersonPart::Account) {
            return Ok((person, None));
        }
        let (kind, id, part) = (person.kind, person.id.clone(), PersonPart::Account);
        let fields = Fields::from([("AccountId".to_owned(), FieldValue::Record(account))]);
        Ok((person, Some(Write::UpdatePerson { kind, id, part, fields })))
    }

    /// The write that changes the record's owner, and what became of it (spec 4.5).
    fn owner_change(
        &mut self,
        person: &SyncedPerson,
        present: Option<&PersonRow>,
        before: OwnerState,
    ) -> Result<(Option<Write>, OwnerState), Stop> {
        let change = self.input.settings.change_record_owner.clone();
        if change.to.is_none() || self.cancelled() || self.input.refusals.gave_up(PersonPart::Owner) {
            return Ok((None, before));
        }
        let Some(target) = self.new_owner(person.kind)? else { return Ok((None, before)) };
        match &before {
            OwnerState::Set(set) if *set == target || change.to != Some(NewOwner::Organizer) => {
                return Ok((None, before));
            }
            OwnerState::Left => return Ok((None, before)),
            OwnerState::Open | OwnerState::Set(_) => {}
        }
        let matters = !change.only_from.is_empty() || matches!(before, OwnerState::Set(_));
        let owner = match present {
            Some(row) => row.owner.clone(),
            None if matters => self.person_now(person.kind, &person.id)?.and_then(|row| row.owner),
            None => None,
        };
        if owner.as_ref() == Some(&target) {
            return Ok((None, OwnerState::Set(target)));
        }
        let may = match &before {
            OwnerState::Set(set) => owner.as_ref() == Some(set),
            _ => change.only_from.is_empty() || owner.is_some_and(|owner| change.only_from.contains(&owner)),
        };
        if !may {
            return Ok((None, OwnerState::Left));
        }
        let fields = Fields::from([("OwnerId".to_owned(), FieldValue::Record(target.clone()))]);
        let write = Write::UpdatePerson { kind: person.kind, id: person.id.clone(), part: PersonPart::Owner, fields };
        Ok((Some(write), OwnerState::Set(target)))
    }

    /// Whose the record is to become; none, with a note, where the organizer has no Salesforce user.
    fn new_owner(&mut self, kind: PersonKind) -> Result<Option<RecordId>, Stop> {
        match self.input.settings.change_record_owner.to.clone() {
            None => Ok(None),
            Some(NewOwner::User(user)) if self.input.org.inactive_users.contains(&user) => {
                self.notes.push(Note::NewOwnerInactive { kind, user });
                Ok(None)
            }
            Some(NewOwner::User(id)) => Ok(Some(id)),
            Some(NewOwner::Organizer) => {
                self.owner()?;
                Ok(self.organizer_user())
            }
        }
    }

    /// The owner of a new record: the organizer, or whose it is to become at once.
    pub(super) fn owner_of_new(&mut self, kind: PersonKind) -> Result<(Option<RecordId>, OwnerState), Stop> {
        let usual = self.organizer_user();
        let present = usual.clone().or_else(|| self.input.org.connection_user.clone());
        let change = self.input.settings.change_record_owner.clone();
        if change.to.is_none() || self.cancelled() {
            return Ok((usual, OwnerState::Open));
        }
        let may = change.only_from.is_empty() || present.is_some_and(|owner| change.only_from.contains(&owner));
        match self.new_owner(kind)? {
            Some(target) if may => Ok((Some(target.clone()), OwnerState::Set(target))),
            Some(_) => Ok((usual, OwnerState::Left)),
            None => Ok((usual, OwnerState::Open)),
        }
    }

    /// The values of the attendee's rows for a record that is created with `base`.
    pub(super) fn rows_of_new(&mut self, kind: PersonKind, base: &Fields) -> (Fields, PersonState) {
        let Rows { fields, state, .. } = self.person_rows(kind, Record::New(base), PersonState::default());
        (fields, state)
    }
}
