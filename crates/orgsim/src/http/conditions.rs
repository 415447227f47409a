//! Conditional requests, which Salesforce knows for Account rows only (Salesforce facts 6). 304 and 412 have no body.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::row::Row;
use crate::schema::Object;
use crate::value::Value;

use super::wire::{Reply, Request};

/// The tag of a record as it is.
pub(crate) fn etag(row: &Row) -> String {
    let digest = Sha256::digest(format!("{row:?}"));
    format!("\"{}\"", hex::encode(&digest[..4]))
}

/// When a record was last changed.
pub(crate) fn last_modified(object: &Object, row: &Row) -> Option<Timestamp> {
    match object.field("LastModifiedDate").map(|(ordinal, _)| row.get(ordinal)) {
        Some(Value::DateTime(at)) => Some(*at),
        _ => None,
    }
}

/// An instant as headers write it.
pub(crate) fn written(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The answer to a request whose condition does not hold for the record as it is; none when it may go on.
pub(crate) fn refused(request: &Request, object: &Object, row: &Row) -> Option<Reply> {
    if object.name != "Account" {
        return None;
    }
    let (tag, changed) = (etag(row), last_modified(object, row));
    let names = |header: &str| request.header(header).map(|tags| named(tags, &tag));
    let date = |header: &str| request.header(header).and_then(instant);
    let changed_since = |since: Timestamp| changed.is_some_and(|changed| changed > since);
    if names("if-match") == Some(false) || date("if-unmodified-since").is_some_and(changed_since) {
        return Some(Reply::empty(412));
    }
    let reading = request.method == "GET";
    match names("if-none-match") {
        Some(true) if reading => Some(unmodified(&tag, changed)),
        Some(true) => Some(Reply::empty(412)),
        Some(false) => None,
        None => {
            let since = date("if-modified-since").filter(|_| reading);
            since.is_some_and(|since| !changed_since(since)).then(|| unmodified(&tag, changed))
        }
    }
}

fn unmodified(tag: &str, changed: Option<Timestamp>) -> Reply {
    let reply = Reply::empty(304).with_header("ETag", tag.to_owned());
    match changed {
        Some(at) => reply.with_header("Last-Modified", written(at)),
        None => reply,
    }
}

/// Whether a list of tags names this one. What compression adds to a tag (`--gzip`) does not count.
fn named(tags: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').trim_end_matches("--gzip").to_owned();
    tags.split(',').any(|other| other.trim() == "*" || bare(other) == bare(tag))
}

fn instant(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}
