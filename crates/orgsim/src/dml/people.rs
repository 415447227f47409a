//! Several people of one event: Shared Activities (Salesforce facts 5.2).
//!
//! `EventWhoIds` and `WhoId` follow from each other, and `EventRelation` and `EventWhoRelation` from both.

use crate::errors::ApiError;
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::Object;
use crate::value::Value;

use super::{Caller, Draft, check, derive, parse};

const MOST_CONTACTS: usize = 50;
/// From this version on a `WhoId` that is not in the list is added to it.
const ADDS_SINCE: u32 = 37;

/// Brings `WhoId` and `EventWhoIds` in line. Does nothing in an org without Shared Activities.
pub(super) fn settle(draft: &mut Draft<'_>, caller: &Caller) -> Result<(), ApiError> {
    let (Some((list, _)), Some((who, _))) = (draft.object.field("EventWhoIds"), draft.object.field("WhoId")) else {
        return Ok(());
    };
    let sent = draft.given.contains(&list);
    let mut ids = ids(draft.row.get(list));
    match (draft.row.get(who).clone(), sent) {
        // Nothing is left of an emptied list but the primary person.
        (Value::Id(primary), true) if ids.is_empty() => ids = vec![primary],
        (Value::Id(primary), true) if draft.given.contains(&who) => put_first(&mut ids, primary, caller)?,
        (Value::Id(primary), false) => replace_first(&mut ids, primary),
        (Value::Null, false) if draft.given.contains(&who) && !ids.is_empty() => _ = ids.remove(0),
        _ => {}
    }
    fitting(draft.object, &ids)?;
    draft.row.set(who, ids.first().map_or(Value::Null, |id| Value::Id(*id)));
    let counts = [("WhoCount", ids.len()), ("WhatCount", usize::from(!draft.get("WhatId").is_null()))];
    for (name, count) in counts {
        draft.set(name, Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    }
    draft.row.set(list, if ids.is_empty() { Value::Null } else { Value::Ids(ids.into()) });
    Ok(())
}

fn put_first(ids: &mut Vec<SalesforceId>, primary: SalesforceId, caller: &Caller) -> Result<(), ApiError> {
    if !ids.contains(&primary) && caller.number() < ADDS_SINCE {
        let message = "Name ID: WhoId has to be one of EventWhoIds: Name ID";
        return Err(ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &["WhoId", "EventWhoIds"]));
    }
    ids.retain(|id| *id != primary);
    ids.insert(0, primary);
    Ok(())
}

fn replace_first(ids: &mut Vec<SalesforceId>, primary: SalesforceId) {
    if ids.first() == Some(&primary) {
        return;
    }
    if !ids.is_empty() {
        ids.remove(0);
    }
    ids.retain(|id| *id != primary);
    ids.insert(0, primary);
}

/// Up to fifty contacts, or one lead.
fn fitting(event: &Object, ids: &[SalesforceId]) -> Result<(), ApiError> {
    if let Some((_, field)) = event.field("WhoId")
        && let Some(wrong) = ids.iter().find(|id| !["003", "00Q"].contains(&id.prefix()))
    {
        return Err(parse::wrong_id(field, wrong.as_str()));
    }
    let leads = ids.iter().filter(|id| id.prefix() == "00Q").count();
    if ids.len() > MOST_CONTACTS || (leads > 0 && ids.len() > 1) {
        let message = format!("Name IDs: an event has up to {MOST_CONTACTS} contacts or one lead: Name IDs");
        return Err(ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &["EventWhoIds"]));
    }
    Ok(())
}

fn ids(list: &Value) -> Vec<SalesforceId> {
    match list {
        Value::Ids(ids) => {
            let mut seen = Vec::with_capacity(ids.len());
            ids.iter().for_each(|id| {
                if !seen.contains(id) {
                    seen.push(*id);
                }
            });
            seen
        }
        _ => Vec::new(),
    }
}

/// Keeps the relations of a stored event: one for each person and one for what it is about.
pub(super) fn relate(org: &mut Org, caller: &Caller, event: SalesforceId, row: &Row) {
    let schema = org.schema();
    let Some(object) = schema.object("Event") else { return };
    let Some((list, _)) = object.field("EventWhoIds") else { return };
    let mut wanted: Vec<(SalesforceId, bool)> = ids(row.get(list)).into_iter().map(|id| (id, false)).collect();
    if let Some((what, _)) = object.field("WhatId")
        && let Value::Id(what) = row.get(what)
    {
        wanted.push((*what, true));
    }
    let there = parents(org, event);
    for (at, (relation, id, is_what)) in there.iter().enumerate() {
        let twice = there[..at].iter().any(|(_, known, what)| (known, what) == (id, is_what));
        if twice || !wanted.contains(&(*id, *is_what)) {
            super::deletion::recycle(org, caller, "EventRelation", *relation);
            super::deletion::recycle(org, caller, "EventWhoRelation", *relation);
        }
    }
    for (id, is_what) in wanted {
        if !there.iter().any(|(_, known, what)| (*known, *what) == (id, is_what)) {
            add(org, caller, event, id, is_what);
        }
    }
}

/// The shared events that a person takes part in.
pub(super) fn meetings(org: &Org, person: SalesforceId) -> Vec<SalesforceId> {
    let Some((object, table)) = org.schema_ref().object("EventWhoRelation").zip(org.table("EventWhoRelation")) else {
        return Vec::new();
    };
    let (Some((ordinal, field)), Some((event, _))) = (object.field("RelationId"), object.field("EventId")) else {
        return Vec::new();
    };
    let relations = check::holders(org, "EventWhoRelation", field, ordinal, &Value::Id(person));
    let of = |id: &SalesforceId| match table.live().get(id)?.get(event) {
        Value::Id(event) => Some(*event),
        _ => None,
    };
    relations.iter().filter_map(of).collect()
}

/// Puts another person in the place of one, or nobody, in shared events.
pub(super) fn replace(
    org: &mut Org,
    caller: &Caller,
    events: &[SalesforceId],
    from: SalesforceId,
    to: Option<SalesforceId>,
) {
    let schema = org.schema();
    let Some(object) = schema.object("Event") else { return };
    let Some((list, _)) = object.field("EventWhoIds") else { return };
    for &event in events {
        let Found::Live(row) = org.find("Event", event) else { continue };
        let mut draft = Draft { object, row: row.clone(), before: Some(row.clone()), given: vec![list] };
        let there = ids(draft.row.get(list)).into_iter();
        let mut kept: Vec<SalesforceId> = Vec::new();
        for id in there.filter_map(|id| if id == from { to } else { Some(id) }) {
            if !kept.contains(&id) {
                kept.push(id);
            }
        }
        draft.set("WhoId", kept.first().map_or(Value::Null, |id| Value::Id(*id)));
        draft.row.set(list, Value::Ids(kept.into()));
        // People that fitted before fit without one, or with a contact for a lead.
        _ = settle(&mut draft, caller);
        derive::derived(org, &mut draft);
        let Draft { row, before, .. } = draft;
        org.put("Event", event, row.clone());
        derive::note_activity(org, "Event", before.as_ref(), Some(&row));
        relate(org, caller, event, &row);
    }
}

/// Brings the relations in line after an undelete: of the event itself, or of all events of a person.
pub(super) fn relate_again(org: &mut Org, caller: &Caller, object: &str, id: SalesforceId) {
    let events = if object == "Event" { vec![id] } else { meetings(org, id) };
    for event in events {
        if let Found::Live(row) = org.find("Event", event) {
            let row = row.clone();
            relate(org, caller, event, &row);
        }
    }
}

/// Keeps whether an event is a group event: whether somebody is invited to it. `relation` is the `EventRelation` that
/// came, changed or went.
pub(super) fn note_invitee(org: &mut Org, relation: &Row) {
    let schema = org.schema();
    let Some((object, known)) = schema.object("Event").zip(schema.object("EventRelation")) else { return };
    let Some((ordinal, field)) = known.field("EventId") else { return };
    let Value::Id(event) = *relation.get(ordinal) else { return };
    let Found::Live(row) = org.find("Event", event) else { return };
    let all = check::holders(org, "EventRelation", field, ordinal, &Value::Id(event)).len();
    let invited = all > parents(org, event).len();
    let mut draft = Draft { object, row: row.clone(), before: Some(row.clone()), given: Vec::new() };
    draft.set("IsGroupEvent", if invited { Value::Bool(true) } else { Value::Null });
    draft.set("GroupEventType", Value::Text(if invited { "1" } else { "0" }.into()));
    let Draft { row, before, .. } = draft;
    if before.as_ref() != Some(&row) {
        org.put("Event", event, row);
    }
}

/// The relations of an event that stand for its people and its subject: relation, record, whether it is the subject.
fn parents(org: &Org, event: SalesforceId) -> Vec<(SalesforceId, SalesforceId, bool)> {
    let Some((object, table)) = org.schema_ref().object("EventRelation").zip(org.table("EventRelation")) else {
        return Vec::new();
    };
    let Some((ordinal, field)) = object.field("EventId") else { return Vec::new() };
    let get = |row: &Row, name: &str| object.field(name).map_or(Value::Null, |(at, _)| row.get(at).clone());
    let mut found = Vec::new();
    for id in check::holders(org, "EventRelation", field, ordinal, &Value::Id(event)) {
        let Some(row) = table.live().get(&id) else { continue };
        if let (Value::Bool(true), Value::Id(related)) = (get(row, "IsParent"), get(row, "RelationId")) {
            found.push((id, related, get(row, "IsWhat") == Value::Bool(true)));
        }
    }
    found
}

fn add(org: &mut Org, caller: &Caller, event: SalesforceId, related: SalesforceId, is_what: bool) {
    let schema = org.schema();
    let Some(relation) = schema.object("EventRelation") else { return };
    let Some(id) = org.new_id(relation) else { return };
    let kind = org.object_of(related).map(|object| Value::Text(object.name.as_str().into()));
    let copies: &[&str] = if is_what { &["EventRelation"] } else { &["EventRelation", "EventWhoRelation"] };
    for name in copies {
        let Some(object) = schema.object(name) else { continue };
        let mut draft = Draft { object, row: Row::default(), before: None, given: Vec::new() };
        draft.set("EventId", Value::Id(event));
        draft.set("RelationId", Value::Id(related));
        draft.set("IsParent", Value::Bool(true));
        draft.set("IsWhat", if is_what { Value::Bool(true) } else { Value::Null });
        draft.set("Status", Value::Text("New".into()));
        draft.set("Type", kind.clone().unwrap_or_default());
        derive::stamps(&mut draft, org.now(), caller.user);
        org.put(name, id, draft.row);
    }
}
