//! What changed lately and how much there is (Salesforce facts 2.5 and 2.8).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::json as wire_json;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::{Object, describe};
use crate::soql::Source as _;
use crate::value::Value;
use crate::view::View;

use super::state::Access;
use super::wire::{Reply, Request};

/// How far back `updated` looks, and how long the recycle bin keeps.
const UPDATED_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
const DELETED_WINDOW: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Entries of `recent`, and of the basic info of an object.
const RECENT: usize = 200;
const RECENT_OF_OBJECT: usize = 5;

/// `GET sobjects/X`: what the object is and its records used last.
pub(crate) fn basic_info(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    access.read(|org| {
        let object = match readable(org, request, object) {
            Ok(object) => object,
            Err(error) => return error.into(),
        };
        let recent = recent_items(org, request, Some(&object.name), RECENT_OF_OBJECT);
        let body = json!({ "objectDescribe": describe::basic_info(object, &request.version), "recentItems": recent });
        Reply::json(200, body)
    })
}

/// `GET recent`: the records used last; here the ones changed last, by anybody.
pub(crate) fn recent(access: &mut Access<'_>, request: &Request) -> Reply {
    let most = request.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(RECENT).min(RECENT);
    access.read(|org| Reply::json(200, recent_items(org, request, None, most).into()))
}

fn recent_items(org: &Org, request: &Request, only: Option<&str>, most: usize) -> Vec<Json> {
    let view = View::new(org, request.user, false);
    let mut seen: Vec<SalesforceId> = Vec::new();
    let mut items = Vec::new();
    for (name, id) in org.recent() {
        if items.len() == most {
            break;
        }
        let Some(object) = org.schema_ref().object(name).filter(|object| object.mru_enabled) else { continue };
        let (Some(row), false) = (view.row(name, *id), seen.contains(id)) else { continue };
        if only.is_none_or(|only| only == name) {
            seen.push(*id);
            items.push(item(object, *id, row, request));
        }
    }
    items
}

fn item(object: &Object, id: SalesforceId, row: &Row, request: &Request) -> Json {
    let mut item = Map::new();
    item.insert("attributes".into(), wire_json::attributes(&object.name, id, &request.version));
    item.insert("Id".into(), id.as_str().into());
    if let Some((ordinal, field)) = object.name_field() {
        item.insert(field.name.clone(), wire_json::value(field.kind, row.get(ordinal)));
    }
    item.into()
}

/// `GET limits/recordCount?sObjects=A,B`: exact here. An object without records is not in the list.
pub(crate) fn record_count(access: &mut Access<'_>, request: &Request) -> Reply {
    let wanted = request.param("sObjects").unwrap_or("");
    access.read(|org| {
        let objects: Vec<&Object> = match wanted {
            "" => org.schema_ref().objects().iter().collect(),
            names => names.split(',').filter_map(|name| org.schema_ref().object(name.trim())).collect(),
        };
        let count = |object: &&Object| org.table(&object.name).map_or(0, |table| table.live().len());
        let counted = objects.iter().map(|object| (object, count(object))).filter(|(_, count)| *count > 0);
        let counts: Vec<Json> = counted.map(|(object, count)| json!({ "count": count, "name": object.name })).collect();
        Reply::json(200, json!({ "sObjects": counts }))
    })
}

/// `GET sobjects/X/updated?start=…&end=…`.
pub(crate) fn updated(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    let found = access.read(|org| {
        let object = readable(org, request, object)?;
        let window = window(org, request, UPDATED_WINDOW)?;
        let view = View::new(org, request.user, false);
        let changed = changed(object, view.rows(&object.name), window);
        let ids: Vec<&str> = changed.iter().map(|(_, id)| id.as_str()).collect();
        Ok(Reply::json(200, json!({ "ids": ids, "latestDateCovered": minute(window.1) })))
    });
    Result::<Reply, ApiError>::into(found)
}

/// `GET sobjects/X/deleted?start=…&end=…`.
pub(crate) fn deleted(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    let found = access.read(|org| {
        let object = readable(org, request, object)?;
        let window = window(org, request, DELETED_WINDOW)?;
        let view = View::new(org, request.user, true);
        let recycled = |id: &SalesforceId| matches!(org.find(&object.name, *id), Found::Recycled(_));
        let changed = changed(object, view.rows(&object.name).filter(|(id, _)| recycled(id)), window);
        let records: Vec<Json> = changed
            .iter()
            .map(|(at, id)| json!({ "deletedDate": wire_json::datetime(*at), "id": id.as_str() }))
            .collect();
        let earliest = org.now() - DELETED_WINDOW;
        Ok(Reply::json(
            200,
            json!({
                "deletedRecords": records,
                "earliestDateAvailable": minute(earliest),
                "latestDateCovered": minute(window.1),
            }),
        ))
    });
    Result::<Reply, ApiError>::into(found)
}

fn readable<'a>(org: &'a Org, request: &Request, object: &str) -> Result<&'a Object, ApiError> {
    let view = View::new(org, request.user, false);
    let object = org.schema_ref().object(object).filter(|object| view.readable(&object.name, None));
    object.ok_or_else(errors::not_found)
}

/// Records last modified in the window, oldest change first.
fn changed<'a>(
    object: &Object,
    rows: impl Iterator<Item = (SalesforceId, &'a Row)>,
    (start, end): (Timestamp, Timestamp),
) -> Vec<(Timestamp, SalesforceId)> {
    let Some((ordinal, _)) = object.field("LastModifiedDate") else { return Vec::new() };
    let inside = |(id, row): (SalesforceId, &Row)| match row.get(ordinal) {
        Value::DateTime(at) if (start..end).contains(at) => Some((*at, id)),
        _ => None,
    };
    let mut changed: Vec<(Timestamp, SalesforceId)> = rows.filter_map(inside).collect();
    changed.sort_unstable();
    changed
}

fn window(org: &Org, request: &Request, longest: SignedDuration) -> Result<(Timestamp, Timestamp), ApiError> {
    let instant = |name: &str| {
        let text = request.param(name).ok_or_else(|| {
            ApiError::new(400, "INVALID_REPLICATION_DATE", format!("The {name} date has to be specified"))
        })?;
        // A plus that was not escaped has become a space.
        text.replace(' ', "+")
            .parse::<Timestamp>()
            .map_err(|_| ApiError::new(400, "INVALID_REPLICATION_DATE", format!("The {name} date is no date: {text}")))
    };
    let (start, end) = (instant("start")?, instant("end")?);
    if start < org.now() - longest {
        let message = format!("startDate before org's replication window of {} days", longest.as_hours() / 24);
        return Err(ApiError::new(400, "INVALID_REPLICATION_DATE", message));
    }
    if end <= start {
        return Err(ApiError::new(400, "INVALID_REPLICATION_DATE", "The end date must be after the start date"));
    }
    Ok((start, end.min(org.now())))
}

/// Dates covered are told to the minute.
fn minute(instant: Timestamp) -> String {
    let second = instant.as_second();
    wire_json::datetime(Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(instant))
}
