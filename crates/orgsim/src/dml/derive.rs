//! What a record's other fields follow from: defaults, names, stages, system fields, activity dates.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::{Field, Object};
use crate::value::Value;

use super::{Draft, parse};

/// Fills a new record with its defaults. An unticked checkbox is simply absent.
pub(super) fn defaults(draft: &mut Draft<'_>, user: SalesforceId) {
    let object = draft.object;
    for field in object.fields().iter().filter(|f| f.createable || f.defaulted_on_create) {
        match default_of(field) {
            Value::Null | Value::Bool(false) => {}
            value => draft.set(&field.name, value),
        }
    }
    draft.set("OwnerId", Value::Id(user));
}

fn default_of(field: &Field) -> Value {
    let json = field.default_value.as_ref();
    let listed = || field.picklist.iter().find(|e| e.default).map(|e| Value::Text(e.value.as_str().into()));
    json.and_then(|json| parse::value(field, json).ok()).or_else(listed).unwrap_or_default()
}

/// Sets who created and last changed the record, and when.
pub(super) fn stamps(draft: &mut Draft<'_>, now: Timestamp, user: SalesforceId) {
    if draft.before.is_none() {
        draft.set("CreatedDate", Value::DateTime(now));
        draft.set("CreatedById", Value::Id(user));
    }
    draft.set("LastModifiedDate", Value::DateTime(now));
    draft.set("LastModifiedById", Value::Id(user));
    draft.set("SystemModstamp", Value::DateTime(now));
}

/// Marks a stored record as changed now.
pub(super) fn touch(org: &mut Org, object: &Object, id: SalesforceId, user: SalesforceId) {
    let Found::Live(row) = org.find(&object.name, id) else { return };
    let mut draft = Draft { object, row: row.clone(), before: Some(row.clone()), given: Vec::new() };
    stamps(&mut draft, org.now(), user);
    org.put(&object.name, id, draft.row);
}

/// Sets the fields that Salesforce derives from others.
pub(super) fn derived(org: &Org, draft: &mut Draft<'_>) {
    person_name(draft);
    match draft.object.name.as_str() {
        "Opportunity" => stage(draft),
        // Whom a client relates to an event is invited to it; its people have relations of their own.
        "EventRelation" if draft.before.is_none() => draft.set("IsInvitee", Value::Bool(true)),
        "Event" | "Task" => {
            let account = account_of(org, draft.get("WhatId"), draft.get("WhoId"));
            draft.set("AccountId", account);
        }
        _ => {}
    }
}

/// Fills in what a loaded record leaves out, without overwriting what it sets.
pub fn complete_loaded(org: &Org, object: &Object, row: Row, given: Vec<u16>, user: SalesforceId) -> Row {
    let mut draft = Draft { object, row: Row::default(), before: None, given };
    defaults(&mut draft, user);
    stamps(&mut draft, org.now(), user);
    let set: Vec<(u16, Value)> = row.iter().map(|(ordinal, value)| (ordinal, value.clone())).collect();
    super::fill(&mut draft, set.clone());
    if object.name == "Event" {
        // A loaded event may be one that the rules would refuse; it is then kept as it was given.
        _ = super::event::complete(&mut draft, true);
    }
    derived(org, &mut draft);
    super::fill(&mut draft, set);
    draft.row
}

fn person_name(draft: &mut Draft<'_>) {
    let own_name = draft.object.field("Name").is_none_or(|(_, name)| name.createable);
    if own_name || draft.object.field("LastName").is_none() {
        return;
    }
    let parts = [draft.get("FirstName"), draft.get("LastName")];
    let parts: Vec<&str> = parts.into_iter().filter_map(|part| text(part)).collect();
    let name = parts.join(" ");
    draft.set("Name", if name.is_empty() { Value::Null } else { Value::Text(name.into()) });
}

/// The standard stages that close an opportunity.
fn stage(draft: &mut Draft<'_>) {
    let won = text(draft.get("StageName")) == Some("Closed Won");
    let closed = won || text(draft.get("StageName")) == Some("Closed Lost");
    for (name, yes) in [("IsClosed", closed), ("IsWon", won)] {
        draft.set(name, if yes { Value::Bool(true) } else { Value::Null });
    }
}

/// An event's account: of what it is related to, else of its contact (Salesforce facts 5.2).
fn account_of(org: &Org, what: &Value, who: &Value) -> Value {
    for id in [what, who] {
        let Value::Id(id) = id else { continue };
        let Some(object) = org.object_of(*id) else { continue };
        if object.name == "Account" {
            return Value::Id(*id);
        }
        if let (Some((ordinal, _)), Found::Live(row)) = (object.field("AccountId"), org.find(&object.name, *id)) {
            return row.get(ordinal).clone();
        }
    }
    Value::Null
}

/// The objects whose records are activities.
const ACTIVITIES: [&str; 2] = ["Event", "Task"];

/// Keeps `LastActivityDate` of an activity's person, subject and account: the date of the latest of their events and
/// tasks, also of one to come (Salesforce facts 10).
pub fn note_activity(org: &mut Org, object: &str, before: Option<&Row>, after: Option<&Row>) {
    if !ACTIVITIES.contains(&object) {
        return;
    }
    let schema = org.schema();
    let Some(activity) = schema.object(object) else { return };
    let mut parents: Vec<SalesforceId> = Vec::new();
    for row in [before, after].into_iter().flatten() {
        let names = ["WhoId", "WhatId", "AccountId"];
        parents.extend(names.iter().filter_map(|name| match get(activity, row, name) {
            Value::Id(id) => Some(*id),
            _ => None,
        }));
    }
    parents.sort_unstable();
    parents.dedup();
    let old = before.and_then(|row| date(activity, row));
    for parent in parents {
        set_last_activity(org, parent, old);
    }
}

fn set_last_activity(org: &mut Org, parent: SalesforceId, old: Option<Date>) {
    let schema = org.schema();
    let Some(object) = org.object_of(parent).and_then(|o| schema.object(&o.name)) else { return };
    let Some((ordinal, _)) = object.field("LastActivityDate") else { return };
    let Found::Live(row) = org.find(&object.name, parent) else { return };
    let stored = match row.get(ordinal) {
        Value::Date(date) => Some(*date),
        _ => None,
    };
    let latest = ACTIVITIES.iter().filter_map(|name| latest(org, name, parent)).max();
    // A loaded date may stand for activities that were not loaded: only the event's own earlier date is taken back.
    let kept = stored.filter(|_| stored != old);
    let wanted = latest.max(kept);
    if wanted != stored {
        let mut row = row.clone();
        row.set(ordinal, wanted.map_or(Value::Null, Value::Date));
        org.put(&object.name, parent, row);
    }
}

fn latest(org: &Org, object: &str, parent: SalesforceId) -> Option<Date> {
    let (activity, table) = org.schema_ref().object(object).zip(org.table(object))?;
    let value = Value::Id(parent);
    let of_field = |name: &str| {
        let (ordinal, field) = activity.field(name)?;
        let ids = super::check::holders(org, object, field, ordinal, &value);
        ids.iter().filter_map(|id| date(activity, table.live().get(id)?)).max()
    };
    ["WhoId", "WhatId", "AccountId"].into_iter().filter_map(of_field).max()
}

fn date(activity: &Object, row: &Row) -> Option<Date> {
    match get(activity, row, "ActivityDate") {
        Value::Date(date) => Some(*date),
        _ => None,
    }
}

fn get<'a>(object: &Object, row: &'a Row, name: &str) -> &'a Value {
    object.field(name).map_or(&Value::Null, |(ordinal, _)| row.get(ordinal))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
