//! Finds records by their words, then lets SOQL choose, sort and cut them.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::term::words;
use super::{Error, Group, Returning, Search, Term};
use crate::id::SalesforceId;
use crate::row::{Ordinal, Row};
use crate::schema::{Object, Schema};
use crate::soql::{self, Source};
use crate::value::Value;
use crate::view::View;

pub(super) fn run(search: &Search, view: &View<'_>, lag_ms: u64, version: &str) -> Result<(Vec<Json>, u64), Error> {
    let all;
    let returning = if search.returning.is_empty() {
        all = everything(view);
        &all
    } else {
        &search.returning
    };
    let mut records = Vec::new();
    let mut scanned = 0;
    for one in returning {
        let object = view.schema().object(&one.object);
        let object = object.filter(|object| object.searchable && view.readable(&object.name, None));
        let object = object.ok_or_else(|| unknown(&one.object))?;
        let ids = match &search.term {
            Some(term) => matching(term, search.group, view, object, lag_ms, &mut scanned),
            None => BTreeSet::new(),
        };
        let found = Among { view, object: &object.name, ids };
        let statement = format!("SELECT {} FROM {} {}", one.fields, object.name, one.rest);
        records.extend(soql::query(&statement, &found, version).map_err(|error| refused(&error))?.records);
    }
    records.truncate(search.limit);
    Ok((records, scanned))
}

fn everything(view: &View<'_>) -> Vec<Returning> {
    let objects = view.schema().objects().iter();
    let objects = objects.filter(|object| object.searchable && object.queryable && view.readable(&object.name, None));
    objects.map(|object| Returning { object: object.name.clone(), fields: "Id".into(), rest: String::new() }).collect()
}

fn matching(
    term: &Term,
    group: Group,
    view: &View<'_>,
    object: &Object,
    lag_ms: u64,
    scanned: &mut u64,
) -> BTreeSet<SalesforceId> {
    let fields: Vec<Ordinal> = (0..)
        .zip(object.fields())
        .filter(|(at, field)| group.holds(&object.name, field) && view.readable(&object.name, Some(*at)))
        .map(|(at, _)| at)
        .collect();
    let stamp = object.field("SystemModstamp").map(|(ordinal, _)| ordinal);
    let newest = view.now() - SignedDuration::from_millis(i64::try_from(lag_ms).unwrap_or(i64::MAX));
    let indexed = |row: &Row| match stamp.map(|stamp| row.get(stamp)) {
        Some(Value::DateTime(changed)) => lag_ms == 0 || *changed <= newest,
        _ => true,
    };
    let text = |row: &Row, at: Ordinal| match row.get(at) {
        Value::Text(text) => Some(words(text)),
        _ => None,
    };
    let rows = view.rows(&object.name).inspect(|_| *scanned += 1).filter(|(_, row)| indexed(row));
    let holds = |row: &Row| {
        let words: Vec<Vec<String>> = fields.iter().filter_map(|at| text(row, *at)).collect();
        term.holds(&words)
    };
    rows.filter(|(_, row)| holds(row)).map(|(id, _)| id).collect()
}

/// A view of which one object shows some records only.
struct Among<'a> {
    view: &'a View<'a>,
    object: &'a str,
    ids: BTreeSet<SalesforceId>,
}

impl Source for Among<'_> {
    fn schema(&self) -> &Schema {
        self.view.schema()
    }

    fn readable(&self, object: &str, field: Option<Ordinal>) -> bool {
        self.view.readable(object, field)
    }

    fn rows<'a>(&'a self, object: &str) -> Box<dyn Iterator<Item = (SalesforceId, &'a Row)> + 'a> {
        if object != self.object {
            return self.view.rows(object);
        }
        let object = object.to_owned();
        Box::new(self.ids.iter().filter_map(move |id| Some((*id, self.view.row(&object, *id)?))))
    }

    fn row(&self, object: &str, id: SalesforceId) -> Option<&Row> {
        self.view.row(object, id).filter(|_| object != self.object || self.ids.contains(&id))
    }

    fn index(&self, object: &str, field: Ordinal, value: &Value) -> Option<Vec<SalesforceId>> {
        if object == self.object { None } else { self.view.index(object, field, value) }
    }

    fn now(&self) -> Timestamp {
        self.view.now()
    }

    fn time_zone(&self) -> &TimeZone {
        self.view.time_zone()
    }

    fn user(&self) -> SalesforceId {
        self.view.user()
    }
}

fn unknown(object: &str) -> Error {
    let message = format!(
        "sObject type '{object}' is not supported. If you are attempting to use a custom object, be sure to append the \
         '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    );
    Error { code: "INVALID_TYPE", message }
}

/// SOQL's refusal without its excerpt, which would show a statement that nobody wrote.
fn refused(error: &soql::Error) -> Error {
    let sentence = error.message.lines().last().unwrap_or_default().to_owned();
    let code = if error.code == "MALFORMED_QUERY" { "MALFORMED_SEARCH" } else { error.code };
    Error { code, message: sentence }
}
