//! Merging records of one object: the losers go, what belonged to them is the master's.

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::value::Value;

use super::{Caller, deletion, derive, people};

/// The most records that one merge takes away.
const MOST_LOSERS: usize = 2;

/// Merges `losers` into `master`. All that refers to a loser refers to the master afterwards; a loser is deleted
/// with the master's id in its `MasterRecordId`. The master keeps its own values.
pub fn merge(
    org: &mut Org,
    caller: impl Into<Caller>,
    object: &str,
    master: SalesforceId,
    losers: &[SalesforceId],
) -> Result<(), ApiError> {
    let caller = caller.into();
    let schema = org.schema();
    let object = schema.object(object).filter(|object| object.mergeable).ok_or_else(errors::not_found)?;
    if losers.is_empty() || losers.len() > MOST_LOSERS || losers.contains(&master) {
        return Err(ApiError::new(400, "INVALID_ARGUMENT", "a merge has a master and one or two other records"));
    }
    for id in losers.iter().chain([&master]) {
        match org.find(&object.name, *id) {
            Found::Live(_) => {}
            Found::Recycled(_) => return Err(errors::entity_is_deleted()),
            Found::Missing => return Err(errors::invalid_cross_reference(&[])),
        }
    }
    for &loser in losers {
        let meetings = people::meetings(org, loser);
        for link in deletion::links(org, &object.name, loser) {
            // A master that named its loser would otherwise name itself.
            let value = if link.id == master { Value::Null } else { Value::Id(master) };
            deletion::set_link(org, &link, value);
        }
        people::replace(org, &caller, &meetings, loser, Some(master));
        deletion::recycle(org, &caller, &object.name, loser);
        let (Some((field, _)), Found::Recycled(row)) = (object.field("MasterRecordId"), org.find(&object.name, loser))
        else {
            continue;
        };
        let mut row = row.clone();
        row.set(field, Value::Id(master));
        org.recycle(&object.name, loser, row);
    }
    derive::touch(org, object, master, caller.user);
    Ok(())
}
