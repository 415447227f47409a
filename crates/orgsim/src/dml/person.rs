//! Person accounts: an account that is a person has a contact that mirrors it (Salesforce facts 5.3).

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::Object;
use crate::value::Value;

use super::{Caller, Draft, derive};

/// Fields that account and contact share by the same name; all others by `Person` before the contact's.
const SHARED: [&str; 6] = ["FirstName", "LastName", "Salutation", "Phone", "Fax", "OwnerId"];

/// Settles what kind of account a draft is, and refuses what its kind does not have.
pub(super) fn settle(org: &Org, draft: &mut Draft<'_>) -> Result<(), ApiError> {
    match draft.object.name.as_str() {
        "Account" if draft.object.field("IsPersonAccount").is_some() => account(org, draft),
        "Contact" if is_person(draft) => contact(draft),
        _ => Ok(()),
    }
}

fn account(org: &Org, draft: &mut Draft<'_>) -> Result<(), ApiError> {
    let person = if draft.before.is_some() { is_person(draft) } else { draft.gave("LastName") };
    let others: &[&str] = if person { &["Name"] } else { &["FirstName", "LastName"] };
    let refused: Vec<&str> = others.iter().copied().filter(|name| draft.gave(name)).collect();
    if !refused.is_empty() {
        return Err(errors::not_writeable(&refused));
    }
    if !person {
        return Ok(());
    }
    let parts = ["FirstName", "LastName"].map(|name| match draft.get(name) {
        Value::Text(text) => text.to_string(),
        _ => String::new(),
    });
    draft.set("Name", Value::Text(parts.join(" ").trim().into()));
    draft.set("IsPersonAccount", Value::Bool(true));
    let typed = draft.before.is_some() || draft.gave("RecordTypeId");
    if let (false, Some(id)) = (typed, person_type(org)) {
        draft.set("RecordTypeId", Value::Id(id));
    }
    Ok(())
}

/// The mirror belongs to its account for good.
fn contact(draft: &Draft<'_>) -> Result<(), ApiError> {
    let Some((ordinal, _)) = draft.object.field("AccountId") else { return Ok(()) };
    let moved = draft.before.as_ref().is_some_and(|before| before.get(ordinal) != draft.row.get(ordinal));
    if moved { Err(errors::not_writeable(&["AccountId"])) } else { Ok(()) }
}

fn is_person(draft: &Draft<'_>) -> bool {
    draft.get("IsPersonAccount") == &Value::Bool(true)
}

/// The first record type for persons.
fn person_type(org: &Org) -> Option<SalesforceId> {
    let object = org.schema_ref().object("RecordType")?;
    let (person, _) = object.field("IsPersonType")?;
    let mut types = org.table("RecordType")?.live().iter();
    types.find(|(_, row)| row.get(person) == &Value::Bool(true)).map(|(id, _)| *id)
}

/// Brings the mirror in line with a stored account or contact.
pub(super) fn mirror(org: &mut Org, caller: &Caller, object: &Object, id: SalesforceId, row: &Row) {
    if object.field("IsPersonAccount").is_none_or(|(at, _)| row.get(at) != &Value::Bool(true)) {
        return;
    }
    match object.name.as_str() {
        "Account" => to_contact(org, caller, object, id, row),
        "Contact" => to_account(org, caller, object, row),
        _ => {}
    }
}

fn to_contact(org: &mut Org, caller: &Caller, account: &Object, id: SalesforceId, row: &Row) {
    let schema = org.schema();
    let Some(contact) = schema.object("Contact") else { return };
    let Some((link, _)) = account.field("PersonContactId") else { return };
    let known = match row.get(link) {
        Value::Id(known) => Some(*known),
        _ => None,
    };
    let Some(mirror) = known.or_else(|| org.new_id(contact)) else { return };
    let before = match org.find("Contact", mirror) {
        Found::Live(row) => Some(row.clone()),
        Found::Recycled(_) | Found::Missing => None,
    };
    let mut draft = Draft { object: contact, row: before.clone().unwrap_or_default(), before, given: Vec::new() };
    for (from, to) in pairs(account, contact) {
        draft.row.set(to, row.get(from).clone());
    }
    draft.set("AccountId", Value::Id(id));
    draft.set("IsPersonAccount", Value::Bool(true));
    derive::derived(org, &mut draft);
    derive::stamps(&mut draft, org.now(), caller.user);
    org.put("Contact", mirror, draft.row);
    if known.is_none() {
        let mut row = row.clone();
        row.set(link, Value::Id(mirror));
        org.put("Account", id, row);
    }
}

fn to_account(org: &mut Org, caller: &Caller, contact: &Object, row: &Row) {
    let schema = org.schema();
    let Some(account) = schema.object("Account") else { return };
    let Some((link, _)) = contact.field("AccountId") else { return };
    let Value::Id(id) = *row.get(link) else { return };
    let Found::Live(before) = org.find("Account", id) else { return };
    let mut draft = Draft { object: account, row: before.clone(), before: Some(before.clone()), given: Vec::new() };
    for (to, from) in pairs(account, contact) {
        draft.row.set(to, row.get(from).clone());
    }
    if let Some((name, _)) = contact.field("Name") {
        draft.set("Name", row.get(name).clone());
    }
    derive::stamps(&mut draft, org.now(), caller.user);
    org.put("Account", id, draft.row);
}

/// The fields that account and contact share: the account's, the contact's.
fn pairs(account: &Object, contact: &Object) -> Vec<(u16, u16)> {
    let pair = |at: u16, name: &str| {
        let of_contact = name.strip_prefix("Person").unwrap_or(name);
        if of_contact == name && !SHARED.contains(&name) {
            return None;
        }
        contact.field(of_contact).map(|(other, _)| (at, other))
    };
    (0..).zip(account.fields()).filter_map(|(at, field)| pair(at, &field.name)).collect()
}
