//! Changing records, with the checks Salesforce makes on the way.

mod address;
mod check;
mod convert;
mod deletion;
mod derive;
mod event;
mod merge;
pub mod parse;
mod people;
mod person;

use serde_json::{Map, Value as Json};

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::permissions::FieldAccess;
use crate::row::{Ordinal, Row};
use crate::rules;
use crate::schema::{Object, Schema};
use crate::sharing;
use crate::value::Value;

pub(crate) use check::holders;
pub use convert::{Conversion, Converted, convert};
pub use deletion::{Deletion, undelete};
pub use derive::{complete_loaded, note_activity};
pub use merge::merge;

/// Who writes, and what the call's headers ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user whose session it is.
    pub user: SalesforceId,
    /// Assignment rules run: `Sforce-Auto-Assign` is not `FALSE` (Salesforce facts 6).
    pub auto_assign: bool,
    /// `Sforce-Duplicate-Rule-Header: allowSave=true`: rules that only alert let the record pass.
    pub allow_duplicates: bool,
    /// API version without `v`, for the addresses of duplicates.
    pub version: String,
}

impl Caller {
    /// The API version as a number; the newest where it is none.
    fn number(&self) -> u32 {
        self.version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX)
    }
}

impl From<SalesforceId> for Caller {
    /// A call without headers, in the newest version with recorded bodies (Salesforce facts 2.1).
    fn from(user: SalesforceId) -> Self {
        Caller { user, auto_assign: true, allow_duplicates: false, version: "66.0".into() }
    }
}

/// A record about to be stored.
pub(crate) struct Draft<'a> {
    pub(crate) object: &'a Object,
    /// The record as it will be.
    pub(crate) row: Row,
    /// The record as it was; none on create.
    pub(crate) before: Option<Row>,
    /// The fields that the request set.
    pub(crate) given: Vec<Ordinal>,
}

impl Draft<'_> {
    /// A field's value by API name; null for a field that the object does not have.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.object.field(name).map_or(&Value::Null, |(ordinal, _)| self.row.get(ordinal))
    }

    /// Sets a field by API name, if the object has it.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if let Some((ordinal, _)) = self.object.field(name) {
            self.row.set(ordinal, value);
        }
    }

    /// Whether the request itself set the field to something.
    pub(crate) fn gave(&self, name: &str) -> bool {
        self.object
            .field(name)
            .is_some_and(|(ordinal, _)| self.given.contains(&ordinal) && !self.row.get(ordinal).is_null())
    }
}

/// Creates a record of the object called `object`. `raw` is the body as sent; parser errors point into it.
pub fn create(
    org: &mut Org,
    caller: impl Into<Caller>,
    object: &str,
    body: &Map<String, Json>,
    raw: &str,
) -> Result<SalesforceId, ApiError> {
    let caller = caller.into();
    let schema = org.schema();
    let object = seen(org, &caller, &schema, object)?;
    let rights = org.permissions.object(caller.user, &object.name);
    if !object.createable || !rights.create {
        return Err(check::entity_type("inserted", &object.name));
    }
    let given = parse::fields(object, body, raw, |field| access(org, &caller, object, field) != FieldAccess::Hidden)?;
    let may_write = |ordinal| access(org, &caller, object, ordinal) == FieldAccess::Write;
    check::writeable(object, &given, |ordinal, field| field.createable && may_write(ordinal))?;
    check::values(object, &given)?;
    let mut draft = Draft { object, row: Row::default(), before: None, given: ordinals(&given) };
    derive::defaults(&mut draft, caller.user);
    let own_type = sharing::record_types(org, caller.user, &object.name).into_iter().find(|info| info.default_mapping);
    draft.set("RecordTypeId", own_type.map_or(Value::Null, |info| Value::Id(info.id)));
    fill(&mut draft, given);
    let id = finish(org, &caller, draft, None)?;
    Ok(id)
}

/// Changes a record. A change without fields still counts as a modification.
pub fn update(
    org: &mut Org,
    caller: impl Into<Caller>,
    object: &str,
    id: SalesforceId,
    body: &Map<String, Json>,
    raw: &str,
) -> Result<(), ApiError> {
    let caller = caller.into();
    let schema = org.schema();
    let object = seen(org, &caller, &schema, object)?;
    let before = live(org, object, id)?.clone();
    if !object.updateable {
        return Err(check::entity_type("updated", &object.name));
    }
    let rights = org.permissions.object(caller.user, &object.name);
    sharing::editable(org, caller.user, object, id, &before, rights.edit)?;
    let given = parse::fields(object, body, raw, |field| access(org, &caller, object, field) != FieldAccess::Hidden)?;
    let may_write = |ordinal| access(org, &caller, object, ordinal) == FieldAccess::Write;
    check::writeable(object, &given, |ordinal, field| field.updateable && may_write(ordinal))?;
    check::unconverted(object, &before)?;
    check::values(object, &given)?;
    let mut draft = Draft { object, row: before.clone(), before: Some(before), given: ordinals(&given) };
    fill(&mut draft, given);
    finish(org, &caller, draft, Some(id)).map(|_| ())
}

/// Moves a record to the recycle bin.
pub fn delete(org: &mut Org, caller: impl Into<Caller>, object: &str, id: SalesforceId) -> Result<(), ApiError> {
    let caller = caller.into();
    let schema = org.schema();
    let object = seen(org, &caller, &schema, object)?;
    let before = live(org, object, id)?.clone();
    if !object.deletable {
        return Err(check::entity_type("deleted", &object.name));
    }
    let rights = org.permissions.object(caller.user, &object.name);
    sharing::editable(org, caller.user, object, id, &before, rights.delete)?;
    deletion::recycle(org, &caller, &object.name, id);
    Ok(())
}

fn finish(
    org: &mut Org,
    caller: &Caller,
    mut draft: Draft<'_>,
    id: Option<SalesforceId>,
) -> Result<SalesforceId, ApiError> {
    let object = draft.object;
    person::settle(org, &mut draft)?;
    check::required(&draft)?;
    address::settle(&mut draft)?;
    if object.name == "Event" {
        people::settle(&mut draft, caller)?;
        event::complete(&mut draft, org.settings.multiday_events)?;
    }
    check::references(org, &draft, caller.user)?;
    check::unique(org, &draft, id)?;
    derive::derived(org, &mut draft);
    rules::validate(&org.rules, &draft)?;
    rules::find_duplicates(org, &draft, id, caller)?;
    if caller.auto_assign {
        rules::assign(&org.rules, &mut draft);
    }
    derive::stamps(&mut draft, org.now(), caller.user);
    let id = match id {
        Some(id) => id,
        None => org.new_id(object).ok_or_else(|| check::entity_type("inserted", &object.name))?,
    };
    if let ("RecordType", Value::Text(of)) = (object.name.as_str(), draft.get("SobjectType")) {
        org.add_record_types(of).map_err(|_| errors::invalid_cross_reference(&["SobjectType"]))?;
    }
    let Draft { row, before, .. } = draft;
    org.put(&object.name, id, row.clone());
    note_activity(org, &object.name, before.as_ref(), Some(&row));
    if object.name == "Event" {
        people::relate(org, caller, id, &row);
    }
    if object.name == "EventRelation" {
        people::note_invitee(org, &row);
    }
    person::mirror(org, caller, object, id, &row);
    Ok(id)
}

/// The object, unless the user may not even read it: then it does not exist.
fn seen<'a>(org: &Org, caller: &Caller, schema: &'a Schema, name: &str) -> Result<&'a Object, ApiError> {
    let object = schema.object(name).filter(|object| org.permissions.object(caller.user, &object.name).read);
    object.ok_or_else(errors::not_found)
}

fn access(org: &Org, caller: &Caller, object: &Object, field: Ordinal) -> FieldAccess {
    org.permissions.field(caller.user, &object.name, field)
}

fn live<'a>(org: &'a Org, object: &Object, id: SalesforceId) -> Result<&'a Row, ApiError> {
    match org.find(&object.name, id) {
        Found::Live(row) => Ok(row),
        Found::Recycled(_) => Err(errors::entity_is_deleted()),
        Found::Missing => {
            let mut error = errors::invalid_cross_reference(&[]);
            error.status = 404;
            Err(error)
        }
    }
}

fn ordinals(given: &[(Ordinal, Value)]) -> Vec<Ordinal> {
    given.iter().map(|(ordinal, _)| *ordinal).collect()
}

fn fill(draft: &mut Draft<'_>, given: Vec<(Ordinal, Value)>) {
    for (ordinal, value) in given {
        draft.row.set(ordinal, value);
    }
}
