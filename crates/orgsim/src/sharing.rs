//! Which records a user may see and change (Salesforce facts 10).

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::permissions::Sharing;
use crate::row::Row;
use crate::schema::Object;
use crate::schema::describe::RecordTypeInfo;
use crate::soql::record_access::RecordAccess;
use crate::value::Value;

/// How far a user's rights on one record go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The record does not exist for the user.
    None,
    /// It may be read.
    Read,
    /// It may be changed and deleted.
    Edit,
}

/// The parents that a record without an owner of its own belongs to.
const MASTERS: [(&str, &str); 4] = [
    ("EventRelation", "EventId"),
    ("EventWhoRelation", "EventId"),
    ("OpportunityContactRole", "OpportunityId"),
    ("CampaignMember", "CampaignId"),
];
/// Records of the setup: all users see them.
const SETUP: [&str; 3] = ["Group", "User", "Calendar"];

/// What sharing lets a user do with a record; the permissions on its object are another matter.
pub fn level(org: &Org, user: SalesforceId, object: &Object, row: &Row) -> Level {
    let rights = org.permissions.object(user, &object.name);
    if rights.modify_all || SETUP.contains(&object.name.as_str()) || owns(object, row, user) {
        return Level::Edit;
    }
    let shared = match object.name.as_str() {
        "Event" | "Task" => of_activity(org, user, object, row),
        "Contact" => of_contact(org, user, object, row),
        name => match MASTERS.iter().find(|(child, _)| *child == name) {
            Some((_, field)) => of_parent(org, user, get(object, row, field)).unwrap_or(Level::Edit),
            None if object.field("OwnerId").is_none() => Level::Edit,
            None => by_default(org.permissions.sharing(name)),
        },
    };
    if rights.view_all { shared.max(Level::Read) } else { shared }
}

/// A contact without an account is private to its owner and the administrators.
fn of_contact(org: &Org, user: SalesforceId, object: &Object, row: &Row) -> Level {
    let account = get(object, row, "AccountId");
    match org.permissions.sharing("Contact") {
        _ if account.is_null() => Level::None,
        Sharing::Parent => of_parent(org, user, account).unwrap_or(Level::None),
        sharing => by_default(sharing),
    }
}

/// Controlled by parent: the least that its person and its subject allow. Private: who may read either may read it.
fn of_activity(org: &Org, user: SalesforceId, object: &Object, row: &Row) -> Level {
    let parents = ["WhoId", "WhatId"].into_iter().filter_map(|name| of_parent(org, user, get(object, row, name)));
    match org.permissions.sharing("Activity") {
        Sharing::Private => parents.max().unwrap_or(Level::None).min(Level::Read),
        Sharing::Parent => parents.min().unwrap_or(Level::None),
        sharing => by_default(sharing),
    }
}

fn by_default(sharing: Sharing) -> Level {
    match sharing {
        Sharing::Private | Sharing::Parent => Level::None,
        Sharing::Read => Level::Read,
        Sharing::Write => Level::Edit,
    }
}

fn of_parent(org: &Org, user: SalesforceId, parent: &Value) -> Option<Level> {
    let Value::Id(id) = parent else { return None };
    let object = org.object_of(*id)?;
    match org.find(&object.name, *id) {
        Found::Live(row) => Some(level(org, user, object, row)),
        Found::Recycled(_) | Found::Missing => None,
    }
}

fn owns(object: &Object, row: &Row, user: SalesforceId) -> bool {
    get(object, row, "OwnerId") == &Value::Id(user)
}

/// Whether the user may see the record at all: its object and the record itself.
pub fn visible(org: &Org, user: SalesforceId, object: &Object, row: &Row) -> bool {
    if org.permissions.of(user).is_none() {
        return true;
    }
    org.permissions.object(user, &object.name).read && level(org, user, object, row) >= Level::Read
}

/// What a user may do with a record: permissions on its object and sharing together. None where there is no such record.
pub fn access(org: &Org, user: SalesforceId, id: SalesforceId) -> Option<RecordAccess> {
    let object = org.object_of(id)?;
    let Found::Live(row) = org.find(&object.name, id) else { return None };
    let (rights, level) = (org.permissions.object(user, &object.name), level(org, user, object, row));
    let mine = org.permissions.of(user).is_none() || level == Level::Edit;
    Some(RecordAccess {
        read: visible(org, user, object, row),
        edit: rights.edit && mine,
        delete: rights.delete && mine,
    })
}

/// Whether the user may change a record, with Salesforce's words when not.
pub(crate) fn editable(
    org: &Org,
    user: SalesforceId,
    object: &Object,
    id: SalesforceId,
    row: &Row,
    allowed: bool,
) -> Result<(), ApiError> {
    match level(org, user, object, row) {
        Level::None => Err(errors::insufficient_access_to(id)),
        Level::Edit if allowed => Ok(()),
        Level::Read | Level::Edit => Err(errors::insufficient_access()),
    }
}

/// The object's record types as its describe shows them to a user. Unless the user has a default of their own, the
/// first active one is it.
pub fn record_types(org: &Org, user: SalesforceId, object: &str) -> Vec<RecordTypeInfo> {
    let Some((table, schema)) = org.table("RecordType").zip(org.schema_ref().object("RecordType")) else {
        return Vec::new();
    };
    let chosen = org.permissions.default_record_type(user, object);
    let mut infos: Vec<RecordTypeInfo> = Vec::new();
    for (id, row) in table.live() {
        if text(schema, row, "SobjectType") != object {
            continue;
        }
        let active = get(schema, row, "IsActive") == &Value::Bool(true);
        let available = active && org.permissions.may_use(user, object, *id);
        // A person account gets its record type from being one.
        let of_persons = get(schema, row, "IsPersonType") == &Value::Bool(true);
        let first = chosen.is_none() && available && !of_persons && !infos.iter().any(|info| info.default_mapping);
        infos.push(RecordTypeInfo {
            id: *id,
            name: text(schema, row, "Name"),
            developer_name: text(schema, row, "DeveloperName"),
            active,
            available,
            default_mapping: first || chosen == Some(*id),
        });
    }
    infos
}

fn get<'a>(object: &Object, row: &'a Row, name: &str) -> &'a Value {
    object.field(name).map_or(&Value::Null, |(ordinal, _)| row.get(ordinal))
}

fn text(object: &Object, row: &Row, name: &str) -> String {
    match get(object, row, name) {
        Value::Text(text) => text.to_string(),
        _ => String::new(),
    }
}
