//! What a delete takes along and leaves behind, and how all of it comes back.
//!
//! A child whose relationship cascades goes to the recycle bin with its parent; every other look-up of a deleted
//! record is emptied. An undelete brings both back (Salesforce facts 5.1, cascadeDelete).

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::Ordinal;
use crate::value::Value;

use super::{Caller, Draft, check, derive, people};

/// What one delete did beside the record itself.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    children: Vec<(String, SalesforceId)>,
    cleared: Vec<Link>,
}

/// A reference from a record to another.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) object: String,
    pub(super) id: SalesforceId,
    pub(super) field: Ordinal,
    cascades: bool,
    nillable: bool,
}

/// All live records that refer to a record.
pub(super) fn links(org: &Org, object: &str, id: SalesforceId) -> Vec<Link> {
    let schema = org.schema_ref();
    let mut links = Vec::new();
    for child in schema.children(object) {
        let Some((ordinal, field)) = schema.object(&child.child).and_then(|o| o.field(&child.field)) else { continue };
        let found = check::holders(org, &child.child, field, ordinal, &Value::Id(id));
        links.extend(found.into_iter().map(|id| Link {
            object: child.child.clone(),
            id,
            field: ordinal,
            cascades: child.cascade_delete,
            nillable: field.nillable,
        }));
    }
    links
}

/// Recycles a record with all that goes along.
pub(super) fn recycle(org: &mut Org, caller: &Caller, object: &str, id: SalesforceId) {
    let schema = org.schema();
    let Some(known) = schema.object(object) else { return };
    let Found::Live(before) = org.find(object, id) else { return };
    let before = before.clone();
    let mut draft = Draft { object: known, row: before.clone(), before: None, given: Vec::new() };
    draft.set("IsDeleted", Value::Bool(true));
    draft.before = Some(before);
    derive::stamps(&mut draft, org.now(), caller.user);
    let Draft { row, before, .. } = draft;
    org.recycle(object, id, row);
    derive::note_activity(org, object, before.as_ref(), None);
    if let ("EventRelation", Some(before)) = (object, &before) {
        people::note_invitee(org, before);
    }
    let mut deletion = Deletion::default();
    let meetings = people::meetings(org, id);
    for link in links(org, object, id) {
        if link.cascades {
            recycle(org, caller, &link.object, link.id);
            deletion.children.push((link.object, link.id));
        } else if link.nillable {
            set_link(org, &link, Value::Null);
            deletion.cleared.push(link);
        }
    }
    people::replace(org, caller, &meetings, id, None);
    org.deletions.insert(id, deletion);
}

/// Makes a link name another record, or none.
pub(super) fn set_link(org: &mut Org, link: &Link, value: Value) {
    let schema = org.schema();
    let Some(object) = schema.object(&link.object) else { return };
    let Found::Live(row) = org.find(&link.object, link.id) else { return };
    let mut draft = Draft { object, row: row.clone(), before: Some(row.clone()), given: vec![link.field] };
    draft.row.set(link.field, value);
    derive::derived(org, &mut draft);
    let Draft { row, before, .. } = draft;
    org.put(&link.object, link.id, row.clone());
    derive::note_activity(org, &link.object, before.as_ref(), Some(&row));
}

/// Brings a deleted record back, with its children and the look-ups to it that are still empty.
pub fn undelete(org: &mut Org, caller: impl Into<Caller>, id: SalesforceId) -> Result<(), ApiError> {
    let caller = caller.into();
    let object = org.object_of(id).map(|object| object.name.clone()).ok_or_else(errors::not_found)?;
    restore(org, &caller, &object, id)
}

fn restore(org: &mut Org, caller: &Caller, object: &str, id: SalesforceId) -> Result<(), ApiError> {
    let schema = org.schema();
    let known = schema.object(object).ok_or_else(errors::not_found)?;
    let Found::Recycled(row) = org.find(object, id) else { return Err(errors::not_found()) };
    let mut draft = Draft { object: known, row: row.clone(), before: Some(row.clone()), given: Vec::new() };
    draft.set("IsDeleted", Value::Null);
    draft.set("MasterRecordId", Value::Null);
    derive::stamps(&mut draft, org.now(), caller.user);
    let row = draft.row;
    org.restore(object, id, row.clone());
    derive::note_activity(org, object, None, Some(&row));
    let deletion = org.deletions.remove(&id).unwrap_or_default();
    for (object, child) in deletion.children {
        // A child that was brought back or purged on its own stays as it is.
        _ = restore(org, caller, &object, child);
    }
    people::relate_again(org, caller, object, id);
    for link in deletion.cleared {
        let empty = matches!(org.find(&link.object, link.id), Found::Live(row) if row.get(link.field).is_null());
        if empty {
            set_link(org, &link, Value::Id(id));
        }
    }
    Ok(())
}
