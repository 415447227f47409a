//! What a sync could not do, as it is told and kept: sync errors, their causes, and what makes them good (spec 8).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ask::RecordId;
use crate::email_domain::EmailAddress;
use crate::field_write::DropReason;
use crate::sync_note::Note;
use crate::sync_outcome::{ErrorClass, FieldValue, Fields, Refusal, WriteResult, settles};
use crate::sync_plan::Write;

/// The code of a run that waits for a person though Salesforce refused nothing.
pub const ON_HOLD: &str = "ON_HOLD";

/// What was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Sign in to the org.
    SignIn,
    /// Reach the org at all.
    Call,
    /// Look something up, describes included.
    LookUp,
    /// Create a record.
    Create,
    /// Change a record.
    Update,
    /// Delete a record.
    Delete,
    /// Decide what to write.
    Plan,
}

/// All operations, with their stored word and the verb that people read.
const OPERATIONS: [(Operation, &str, &str); 7] = [
    (Operation::SignIn, "sign_in", "sign in"),
    (Operation::Call, "call", "call"),
    (Operation::LookUp, "look_up", "look up"),
    (Operation::Create, "create", "create"),
    (Operation::Update, "update", "update"),
    (Operation::Delete, "delete", "delete"),
    (Operation::Plan, "plan", "plan"),
];

impl Operation {
    /// The stored word, such as `sign_in`.
    pub fn word(self) -> &'static str {
        OPERATIONS.iter().find(|(operation, ..)| *operation == self).map_or("", |(_, word, _)| word)
    }

    /// The operation of a stored word.
    pub fn of_word(word: &str) -> Option<Self> {
        OPERATIONS.iter().find(|(_, known, _)| *known == word).map(|(operation, ..)| *operation)
    }
}

/// As a verb: `sign in`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OPERATIONS.iter().find(|(operation, ..)| operation == self).map_or("", |(.., verb)| verb))
    }
}

/// What sync errors have in common that are mended by the same act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCause {
    /// What kind of trouble.
    pub class: ErrorClass,
    /// Salesforce's error code, or one of ours.
    pub code: String,
    /// The object's API name; empty where it is about no one object.
    pub object: String,
    /// What was to be done.
    pub operation: Operation,
    /// API names of the fields that were left out so that the rest could be written; empty where the operation itself failed.
    pub dropped_fields: BTreeSet<String>,
    /// What an admin can do about it.
    pub fix: String,
}

/// Something that a sync could not do. When, for which booking and on which connection, its run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncError {
    /// Its cause.
    pub cause: ErrorCause,
    /// Salesforce's message, or ours.
    pub message: String,
    /// Whose record it was to be, where that is not the attendee.
    pub guest: Option<EmailAddress>,
}

/// Something that a sync did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The object's API name; empty where it is about no one object.
    pub object: String,
    /// What.
    pub operation: Operation,
    /// The fields that it wrote.
    pub fields: BTreeSet<String>,
    /// Whose record it is, where that is not the attendee.
    pub guest: Option<EmailAddress>,
}

impl Done {
    /// Something done with no fields to name.
    pub fn of(object: impl Into<String>, operation: Operation) -> Self {
        Done { object: object.into(), operation, fields: BTreeSet::new(), guest: None }
    }

    /// Whether this is what somebody could not do before: it writes all the dropped fields, or does the operation (spec 8).
    pub fn makes_good(&self, cause: &ErrorCause) -> bool {
        self.object == cause.object
            && match cause.dropped_fields.is_empty() {
                true => self.operation == cause.operation,
                false => cause.dropped_fields.is_subset(&self.fields),
            }
    }
}

/// Salesforce's code where a record would belong to a user who is not active.
const INACTIVE_OWNER: &str = "INACTIVE_OWNER_OR_USER";

impl SyncError {
    /// An error of the attendee's sync.
    pub fn new(
        class: ErrorClass,
        code: impl Into<String>,
        (operation, object): (Operation, &str),
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (code, object, fix) = (code.into(), object.to_owned(), fix.into());
        let cause = ErrorCause { class, code, object, operation, dropped_fields: BTreeSet::new(), fix };
        SyncError { cause, message: message.into(), guest: None }
    }

    /// Of something that was refused.
    pub fn refused(what: (Operation, &str), refusal: &Refusal) -> Self {
        let fix = fix(refusal.class, &refusal.advice);
        SyncError::new(refusal.class, &refusal.code, what, &refusal.message, fix)
    }

    /// Of something that ends a run and is about no one record. Trouble of the whole connection is met by every call.
    pub fn of_run(operation: Operation, refusal: &Refusal) -> Self {
        let operation = match operation {
            Operation::LookUp if refusal.whole_connection => Operation::Call,
            other => other,
        };
        SyncError::refused((operation, ""), refusal)
    }

    /// Of a write whose answer did not come.
    fn unanswered(what: (Operation, &str)) -> Self {
        let fix = "Nothing to do: Matchbook looks by itself whether it took effect before it writes again.";
        SyncError::new(ErrorClass::Passing, "NO_ANSWER", what, "Salesforce did not answer.", fix)
    }

    /// Of a run that waits for a person, for this reason.
    pub fn on_hold(reason: &str) -> Self {
        let fix = "Do as the message says, then retry.";
        SyncError::new(ErrorClass::Data, ON_HOLD, (Operation::Plan, ""), reason, fix)
    }

    /// Of a field that was left out since the org's describe tells that it would be refused. The code is the one that Salesforce
    /// would answer; what it did answer is told of the answer, and none here.
    fn left_out(object: &str, field: &str, why: &DropReason) -> Option<Self> {
        let (code, fix) = match why {
            DropReason::NoSuchField => (
                "INVALID_FIELD",
                format!(
                    "Check that {object} has the field {field} and that the connection's user may edit it (field-level security), or take the row out."
                ),
            ),
            DropReason::NotWritable => (
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                format!(
                    "Give the connection's user edit access to the field {field} of {object} (field-level security)."
                ),
            ),
            DropReason::NotInList(_) => (
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                format!("Add the value to the active values of {object}.{field} in Salesforce, or change the row."),
            ),
            DropReason::WrongType(_) => (
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                format!("Change the row, so that its value is one that {object}.{field} takes."),
            ),
            DropReason::TooLong(_) => {
                ("STRING_TOO_LONG", format!("Shorten the row's value, or lengthen {object}.{field} in Salesforce."))
            }
            DropReason::Refused { .. } => return None,
        };
        let message = format!("{object}.{field} was left out: {why}.");
        let error =
            SyncError::new(ErrorClass::Data, code, (Operation::Update, object), message, format!("{fix} Then retry."));
        Some(error.dropping([field.to_owned()]))
    }

    /// The sync error that a note tells of, if what it tells is one.
    pub fn of_note(note: &Note) -> Option<Self> {
        match note {
            Note::LeftOut { object, field } => SyncError::left_out(object, field, &DropReason::NotWritable),
            Note::RowDropped { object, field, why } => SyncError::left_out(object, field, why),
            Note::NewOwnerInactive { kind, user } => {
                let message =
                    format!("The user {user}, to whom records are to go, is not active, so the owner was left.");
                let fix =
                    "Choose an active user under Change record owner on booking, or activate this one. Then retry.";
                let what = (Operation::Update, kind.object());
                let error = SyncError::new(ErrorClass::Data, INACTIVE_OWNER, what, message, fix);
                Some(error.dropping(["OwnerId".to_owned()]))
            }
            _ => None,
        }
    }

    /// The same with fields that were left out.
    #[must_use]
    pub fn dropping(mut self, fields: impl IntoIterator<Item = String>) -> Self {
        self.cause.dropped_fields.extend(fields);
        self
    }

    /// What makes errors ones of the same cause: code, object, operation, dropped fields, and the message without what differs
    /// from booking to booking.
    pub fn cause_key(&self) -> String {
        let ErrorCause { code, object, operation, dropped_fields, .. } = &self.cause;
        let fields: Vec<&str> = dropped_fields.iter().map(String::as_str).collect();
        [code, object, operation.word(), &fields.join(","), &without_values(&self.message)].join("\n")
    }

    fn is_made_good_by(&self, done: &Done) -> bool {
        self.guest == done.guest && done.makes_good(&self.cause)
    }
}

fn fix(class: ErrorClass, advice: &str) -> String {
    match (advice.trim(), class) {
        ("", ErrorClass::Data) => "The message tells what is the matter. Mend it in Salesforce, then retry.".into(),
        ("", _) => "Nothing to do: it is tried again by itself.".into(),
        (advice, _) => advice.to_owned(),
    }
}

/// A message without quoted values, emails, ids and numbers, which differ from record to record.
fn without_values(message: &str) -> String {
    let unquoted = message.split('"').step_by(2).collect::<Vec<_>>().join("…");
    let varies = |word: &str| word.contains('@') || word.chars().any(|c| c.is_ascii_digit());
    unquoted.split_whitespace().map(|word| if varies(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

/// What one run could and could not do, in order: what is done after all makes good what failed before in the same run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncReport {
    errors: Vec<SyncError>,
    done: Vec<Done>,
}

impl SyncReport {
    /// Takes something that could not be done; told twice, it counts once.
    pub fn fail(&mut self, error: SyncError) {
        self.errors.retain(|known| known.cause_key() != error.cause_key() || known.guest != error.guest);
        self.errors.push(error);
    }

    /// Takes something that was done.
    pub fn succeed(&mut self, done: Done) {
        self.errors.retain(|error| !error.is_made_good_by(&done));
        if !self.done.contains(&done) {
            self.done.push(done);
        }
    }

    /// Takes that the org was reached, and answered all that was to be known.
    pub fn reach_org(&mut self) {
        for operation in [Operation::SignIn, Operation::Call, Operation::LookUp] {
            self.succeed(Done::of("", operation));
        }
    }

    /// Takes what came of a request's writes; `attendee` is the attendee's email. The refusals at the places in `mended` are told by
    /// what is left out for them, save those of guests.
    pub fn take_answers(
        &mut self,
        writes: &[Write],
        results: &[WriteResult],
        mended: &BTreeSet<usize>,
        attendee: &EmailAddress,
    ) {
        if results.iter().any(|result| matches!(result, WriteResult::Done(_) | WriteResult::Refused(_))) {
            self.reach_org();
        }
        for (at, (write, result)) in writes.iter().zip(results).enumerate() {
            let done = written(write, attendee);
            let what = (done.operation, &*done.object);
            let error = match result {
                WriteResult::Done(_) => {
                    self.succeed(done);
                    continue;
                }
                WriteResult::Refused(refusal) if refusal.halted || settles(write, refusal) => continue,
                WriteResult::Refused(_) if mended.contains(&at) && done.guest.is_none() => continue,
                WriteResult::Refused(refusal) => SyncError::refused(what, refusal),
                WriteResult::NotSent(refusal) => SyncError::of_run(Operation::LookUp, refusal),
                WriteResult::Unclear => SyncError::unanswered(what),
            };
            self.fail(SyncError { guest: done.guest, ..error });
        }
    }

    /// Takes what notes tell of as errors.
    pub fn take_notes(&mut self, notes: &[Note]) {
        notes.iter().filter_map(SyncError::of_note).for_each(|error| self.fail(error));
    }

    /// What could not be done, and was not made good in this run.
    pub fn errors(&self) -> &[SyncError] {
        &self.errors
    }

    /// What was done.
    pub fn done(&self) -> &[Done] {
        &self.done
    }
}

/// The users to whom writes would have given records and who are not active, by Salesforce's answers.
pub fn inactive_owners(writes: &[Write], results: &[WriteResult]) -> BTreeSet<RecordId> {
    let refused =
        |result: &WriteResult| matches!(result, WriteResult::Refused(refusal) if refusal.code == INACTIVE_OWNER);
    let owner = |write: &Write| match write.fields()?.get("OwnerId")? {
        FieldValue::Record(user) => Some(user.clone()),
        _ => None,
    };
    writes.iter().zip(results).filter(|(_, result)| refused(result)).filter_map(|(write, _)| owner(write)).collect()
}

/// What a write does if it is done.
fn written(write: &Write, attendee: &EmailAddress) -> Done {
    let names = |fields: &Fields| fields.keys().cloned().collect();
    match write {
        Write::CreatePerson { kind, email, fields, .. } => Done {
            fields: names(fields),
            guest: Some(email.clone()).filter(|email| email != attendee),
            ..Done::of(kind.object(), Operation::Create)
        },
        Write::UpdatePerson { kind, fields, .. } => {
            Done { fields: names(fields), ..Done::of(kind.object(), Operation::Update) }
        }
        Write::CreateEvent { fields } | Write::UpsertEvent { fields } => {
            Done { fields: names(fields), ..Done::of("Event", Operation::Create) }
        }
        Write::UpdateEvent { fields, .. } => Done { fields: names(fields), ..Done::of("Event", Operation::Update) },
        Write::DeleteEvent { .. } => Done::of("Event", Operation::Delete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str, message: &str) -> Refusal {
        Refusal::new(ErrorClass::Data, code, message, "")
    }

    fn create_event(message: &str) -> SyncError {
        SyncError::refused((Operation::Create, "Event"), &refusal("A_RULE", message))
    }

    #[test]
    fn every_operation_has_a_word_that_reads_back() {
        for (operation, word, _) in OPERATIONS {
            assert_eq!((operation.word(), Operation::of_word(word)), (word, Some(operation)));
            assert_eq!(serde_json::to_value(operation).expect("JSON"), word);
        }
    }

    #[test]
    fn what_differs_from_booking_to_booking_is_not_the_cause() {
        let of = |message: &str| create_event(message).cause_key();
        assert_eq!(of("Contact 003xx0000001AAA is locked"), of("Contact 003xx0000002AAA is locked"));
        assert_eq!(of("\"jane@acme.example\" is taken"), of("\"joe@acme.example\" is taken"));
        assert_ne!(of("Meetings need a region"), of("Meetings need a budget"));
        let dropping = |field: &str| create_event("x").dropping([field.to_owned()]).cause_key();
        assert_ne!(dropping("Region__c"), dropping("Budget__c"));
        assert_ne!(SyncError::refused((Operation::Create, "Contact"), &refusal("A_RULE", "x")).cause_key(), of("x"));
    }

    #[test]
    fn what_is_done_after_all_is_no_error_of_the_run() {
        let mut report = SyncReport::default();
        report.fail(create_event("x"));
        report.fail(create_event("x").dropping(["Region__c".to_owned()]));
        report.fail(create_event("x"));
        assert_eq!(report.errors().len(), 2, "an error told twice counts once");
        report.succeed(Done::of("Event", Operation::Create));
        assert_eq!(report.errors().len(), 1, "the dropped field is still not written");
        let fields = BTreeSet::from(["Region__c".to_owned(), "Subject".to_owned()]);
        report.succeed(Done { fields, ..Done::of("Event", Operation::Update) });
        assert_eq!(report.errors(), []);
        assert_eq!(report.done().len(), 2);
    }

    #[test]
    fn the_attendees_record_does_not_make_good_a_guests() {
        let guest: Option<EmailAddress> = Some("joe@acme.example".parse().expect("an email"));
        let mut report = SyncReport::default();
        let refused = SyncError::refused((Operation::Create, "Contact"), &refusal("A_RULE", "x"));
        report.fail(SyncError { guest: guest.clone(), ..refused });
        report.succeed(Done::of("Contact", Operation::Create));
        assert_eq!(report.errors().len(), 1);
        report.succeed(Done { guest, ..Done::of("Contact", Operation::Create) });
        assert_eq!(report.errors(), []);
    }

    #[test]
    fn fields_are_made_good_only_on_their_object() {
        let dropping = |object, operation| {
            SyncError::refused((operation, object), &refusal("A_RULE", "x")).dropping(["Region__c".to_owned()]).cause
        };
        let done = Done { fields: BTreeSet::from(["Region__c".to_owned()]), ..Done::of("Lead", Operation::Create) };
        assert!(done.makes_good(&dropping("Lead", Operation::Update)), "whichever way it is written");
        assert!(!done.makes_good(&dropping("Contact", Operation::Create)));
        let update = SyncError::refused((Operation::Update, "Lead"), &refusal("A_RULE", "x"));
        assert!(!done.makes_good(&update.cause), "another operation");
    }
}
