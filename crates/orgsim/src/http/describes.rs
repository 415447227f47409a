//! Describe: of one object and of all.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::errors;
use crate::org::Org;
use crate::row::Row;
use crate::schema::Object;
use crate::schema::describe::{self, RecordTypeInfo};
use crate::value::Value;

use super::state::Access;
use super::wire::{Reply, Request};

/// `GET sobjects`.
pub(crate) fn global(access: &mut Access<'_>, request: &Request) -> Reply {
    access.read(|org| {
        cached(org, request, || {
            let objects = org.schema_ref().objects().iter();
            let sobjects: Json = objects.map(|o| describe::global_entry(o, &request.version)).collect();
            json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects })
        })
    })
}

/// `GET sobjects/X/describe`. Honours `If-Modified-Since` (Salesforce facts 2.5).
pub(crate) fn one(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    access.read(|org| {
        let Some(object) = org.schema_ref().object(object) else { return errors::not_found().into() };
        cached(org, request, || {
            describe::describe(object, org.schema_ref(), &request.version, &record_types(org, &object.name))
        })
    })
}

fn cached(org: &Org, request: &Request, body: impl FnOnce() -> Json) -> Reply {
    let changed = org.schema_changed();
    let since = request.header("if-modified-since").and_then(http_date);
    let reply = match since {
        Some(since) if since >= changed => Reply::empty(304),
        _ => Reply::json(200, body()),
    };
    let etag = format!("\"{:08x}\"", changed.as_second());
    reply.with_header("ETag", etag).with_header("Last-Modified", written(changed))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

fn written(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The object's record types for its describe. The one created first is everybody's default.
fn record_types(org: &Org, object: &str) -> Vec<RecordTypeInfo> {
    let Some((table, schema)) = org.table("RecordType").zip(org.schema_ref().object("RecordType")) else {
        return Vec::new();
    };
    let mut infos: Vec<RecordTypeInfo> = Vec::new();
    for (id, row) in table.live() {
        if text(schema, row, "SobjectType") != object {
            continue;
        }
        let active = get(schema, row, "IsActive") == &Value::Bool(true);
        infos.push(RecordTypeInfo {
            id: *id,
            name: text(schema, row, "Name"),
            developer_name: text(schema, row, "DeveloperName"),
            active,
            available: active,
            default_mapping: active && !infos.iter().any(|info| info.default_mapping),
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
