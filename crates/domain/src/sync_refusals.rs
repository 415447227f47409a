//! What Salesforce refused in one run, and how the run goes on without it (spec 4.2, 4.3): mapped rows are dropped alone, a
//! refused owner becomes the connection's user, what is done to persons fails alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::field_write::DropReason;
use crate::org_shape::{ObjectShape, OrgShape};
use crate::sync_error::{Operation, SyncError};
use crate::sync_outcome::{ErrorClass, Fields, PersonKind, Refusal, WriteResult, settles};
use crate::sync_plan::{PersonPart, Write};

/// How often one record's write is sent again without what was refused (spec 4.3).
const MOST_ROUNDS: usize = 3;

/// Guests whose records Salesforce refused, and why.
pub type RefusedGuests = BTreeMap<EmailAddress, Refusal>;

/// Which record a write is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The Event.
    Event,
    /// The attendee's record.
    Attendee(PersonKind),
}

impl Target {
    /// The object's API name.
    pub fn object(self) -> &'static str {
        match self {
            Target::Event => "Event",
            Target::Attendee(kind) => kind.object(),
        }
    }
}

/// A refusal of a record with these rows, for a reason that names none of them.
#[derive(Debug, Clone)]
struct Puzzle {
    target: Target,
    rows: Vec<String>,
    refusal: Refusal,
    operation: Operation,
}

/// All that was refused in this run.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    /// Guests without records.
    pub guests: RefusedGuests,
    /// Fields that are left out.
    dropped: BTreeMap<(Target, String), DropReason>,
    /// How often each record's write was refused for its values.
    rounds: BTreeMap<Target, usize>,
    /// Records that are written without any row.
    bare: BTreeSet<Target>,
    /// What is no longer tried on the attendee's record.
    given_up: BTreeSet<PersonPart>,
    /// Records that a duplicate rule named.
    pub duplicates: BTreeSet<RecordId>,
    /// Refusals that name nothing to leave out; the org's shape may tell more.
    puzzles: Vec<Puzzle>,
    /// Values were refused: what is known of the org's shape may be old.
    is_shape_in_doubt: bool,
    /// What could not be done as wanted while the rest was.
    pub failures: Vec<SyncError>,
}

impl Refusals {
    /// Why a field is left out, if it is.
    pub fn dropped(&self, target: Target, field: &str) -> Option<&DropReason> {
        self.dropped.get(&(target, field.to_owned()))
    }

    /// Whether a record is written without any row.
    pub fn is_bare(&self, target: Target) -> bool {
        self.bare.contains(&target)
    }

    /// Whether something is no longer tried on the attendee's record.
    pub fn gave_up(&self, part: PersonPart) -> bool {
        self.given_up.contains(&part)
    }

    /// Whether the org should be described anew before planning goes on.
    pub fn wants_describe(&self) -> bool {
        self.is_shape_in_doubt
    }

    /// Takes refused writes into account; `attendee` is the attendee's email, `rows` says which fields of a record come from
    /// rows. Gives the places of the writes whose refusal does not end the run: something is left out next time, or was to be
    /// done alone.
    pub fn take(
        &mut self,
        writes: &[Write],
        results: &[WriteResult],
        attendee: &EmailAddress,
        rows: impl Fn(Target) -> BTreeSet<String>,
    ) -> BTreeSet<usize> {
        let mut mended = BTreeSet::new();
        for (at, (write, result)) in writes.iter().zip(results).enumerate() {
            let WriteResult::Refused(refusal) = result else { continue };
            let counts = refusal.class == ErrorClass::Data && !refusal.halted && !settles(write, refusal);
            if counts && self.take_one(write, refusal, attendee, &rows) {
                mended.insert(at);
            }
        }
        mended
    }

    fn take_one(
        &mut self,
        write: &Write,
        refusal: &Refusal,
        attendee: &EmailAddress,
        rows: &impl Fn(Target) -> BTreeSet<String>,
    ) -> bool {
        match write {
            Write::CreatePerson { email, .. } if email != attendee => {
                self.guests.insert(email.clone(), refusal.clone());
                true
            }
            Write::CreatePerson { .. } if !duplicates(refusal).is_empty() => {
                let news = duplicates(refusal).iter().any(|known| !self.duplicates.contains(known));
                self.duplicates.extend(duplicates(refusal).iter().cloned());
                news
            }
            Write::CreatePerson { kind, fields, .. } => {
                self.take_values(Target::Attendee(*kind), fields, refusal, rows, Operation::Create)
            }
            Write::UpdatePerson { kind, fields, part: PersonPart::Rows, .. } => {
                let target = Target::Attendee(*kind);
                if !self.take_values(target, fields, refusal, rows, Operation::Update) {
                    self.give_up(PersonPart::Rows, *kind, refusal, fields.keys().cloned().collect());
                }
                true
            }
            Write::UpdatePerson { kind, part, .. } => {
                self.give_up(*part, *kind, refusal, Vec::new());
                true
            }
            Write::CreateEvent { fields } | Write::UpsertEvent { fields } => {
                self.take_values(Target::Event, fields, refusal, rows, Operation::Create)
            }
            Write::UpdateEvent { fields, .. } => {
                self.take_values(Target::Event, fields, refusal, rows, Operation::Update)
            }
            Write::DeleteEvent { .. } => false,
        }
    }

    fn give_up(&mut self, part: PersonPart, kind: PersonKind, refusal: &Refusal, dropped_fields: Vec<String>) {
        self.given_up.insert(part);
        let dropped_fields = match part {
            PersonPart::Rows => dropped_fields,
            PersonPart::Account => vec!["AccountId".to_owned()],
            PersonPart::Owner => vec!["OwnerId".to_owned()],
        };
        self.tell(kind.object(), Operation::Update, refusal, dropped_fields);
    }

    fn tell(&mut self, object: &'static str, operation: Operation, refusal: &Refusal, dropped_fields: Vec<String>) {
        self.failures.push(SyncError::refused((operation, object), refusal).dropping(dropped_fields));
    }

    /// Leaves out what a refusal of values names, or all rows where that does not help. False: nothing more can be left out.
    fn take_values(
        &mut self,
        target: Target,
        sent: &Fields,
        refusal: &Refusal,
        rows: &impl Fn(Target) -> BTreeSet<String>,
        operation: Operation,
    ) -> bool {
        let Some(refused) = refusal.of_values.as_deref().filter(|refused| refused.duplicates.is_empty()) else {
            return false;
        };
        self.is_shape_in_doubt = true;
        let rows: Vec<String> = rows(target).into_iter().filter(|row| sent.contains_key(row)).collect();
        let named: Vec<String> = refused
            .fields
            .iter()
            .filter_map(|field| same_name(field, sent))
            .filter(|field| rows.contains(field) || may_be_left_out(target, field))
            .collect();
        let round = self.rounds.entry(target).or_default();
        *round += 1;
        let again = *round <= MOST_ROUNDS;
        if again && !named.is_empty() {
            self.drop(target, named, refusal, operation);
        } else if rows.is_empty() || (named.is_empty() && !refused.fields.is_empty()) {
            // What it names is a value that nothing can do without.
            return false;
        } else if again && refused.fields.is_empty() {
            self.puzzles.push(Puzzle { target, rows, refusal: refusal.clone(), operation });
        } else {
            self.write_bare(Puzzle { target, rows, refusal: refusal.clone(), operation });
        }
        true
    }

    fn drop(&mut self, target: Target, fields: Vec<String>, refusal: &Refusal, operation: Operation) {
        for field in &fields {
            let reason = DropReason::Refused { code: refusal.code.clone(), message: refusal.message.clone() };
            self.dropped.insert((target, field.clone()), reason);
        }
        self.tell(target.object(), operation, refusal, fields);
    }

    fn write_bare(&mut self, puzzle: Puzzle) {
        self.bare.insert(puzzle.target);
        self.tell(puzzle.target.object(), puzzle.operation, &puzzle.refusal, puzzle.rows);
    }

    /// Takes the org's shape, described anew, into account: planning drops what it refutes by itself; where nothing is new about
    /// the rows of a refused record, that is written without any.
    pub fn take_shape(&mut self, before: &OrgShape, now: &OrgShape) {
        self.is_shape_in_doubt = false;
        for puzzle in std::mem::take(&mut self.puzzles) {
            let (before, now) = (shape_of(before, puzzle.target), shape_of(now, puzzle.target));
            if puzzle.rows.iter().all(|row| before.field(row) == now.field(row)) {
                self.write_bare(puzzle);
            }
        }
    }
}

fn duplicates(refusal: &Refusal) -> &[RecordId] {
    refusal.of_values.as_ref().map_or(&[], |refused| &refused.duplicates)
}

/// The object's shape of a record.
pub fn shape_of(org: &OrgShape, target: Target) -> &ObjectShape {
    match target {
        Target::Event => &org.event,
        Target::Attendee(PersonKind::Contact) => &org.contact,
        Target::Attendee(PersonKind::Lead) => &org.lead,
    }
}

/// Fields that a record can do without, though no row names them; a refused owner becomes the connection's user (spec 4.3).
fn may_be_left_out(target: Target, field: &str) -> bool {
    field == "OwnerId" || (target == Target::Event && ["Location", "Description", "Subject"].contains(&field))
}

/// The field as it was sent: Salesforce may write its name in another case.
fn same_name(field: &str, sent: &Fields) -> Option<String> {
    sent.keys().find(|name| name.eq_ignore_ascii_case(field)).cloned()
}
