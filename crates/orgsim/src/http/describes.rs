//! Describe: of one object and of all.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::errors;
use crate::org::Org;
use crate::schema::Schema;
use crate::schema::describe;
use crate::sharing;

use super::state::Access;
use super::wire::{Reply, Request};

/// `GET sobjects`.
pub(crate) fn global(access: &mut Access<'_>, request: &Request) -> Reply {
    access.read(|org| {
        cached(org, request, || {
            let seen = seen(org, request);
            let objects = seen.objects().iter();
            let sobjects: Json = objects.map(|o| describe::global_entry(o, &request.version)).collect();
            json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects })
        })
    })
}

/// `GET sobjects/X/describe`. Honours `If-Modified-Since` (Salesforce facts 2.5).
pub(crate) fn one(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    access.read(|org| {
        let schema = seen(org, request);
        let Some(object) = schema.object(object) else { return errors::not_found().into() };
        cached(org, request, || {
            let record_types = sharing::record_types(org, request.user, &object.name);
            describe::describe(object, &schema, &request.version, &record_types)
        })
    })
}

/// The schema as the user who asks sees it.
fn seen(org: &Org, request: &Request) -> Arc<Schema> {
    match org.permissions.of(request.user) {
        None => org.schema(),
        Some(_) => Arc::new(org.permissions.seen(request.user, org.schema_ref())),
    }
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
