//! Whether rows can be saved: one function for the file, the API and the pages (spec 8).

use std::collections::BTreeSet;

use super::field_type::Content;
use super::{DateSource, FieldType, ListKind, Template, When, WriteList, WriteRow, convert};
use crate::field_write::{DropReason, Outcome};
use crate::org_shape::{BOOKING_ID_FIELD, FieldKind, ObjectShape};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Which row, from 0.
    pub row: usize,
    /// Which part of it: `field`, `type`, `value` or `when`.
    pub part: &'static str,
    /// What is wrong and how to mend it; fits after the row's name.
    pub message: String,
}

/// The fields that no row may name: they are Matchbook's own (spec 4.3).
const OURS: &[&str] = &[
    "Id",
    "OwnerId",
    "WhoId",
    "WhatId",
    "EventWhoIds",
    "AccountId",
    "RecordTypeId",
    "StartDateTime",
    "EndDateTime",
    "ActivityDate",
    "ActivityDateTime",
    "DurationInMinutes",
    BOOKING_ID_FIELD,
];

/// What can be told without the org.
pub fn check_list(kind: ListKind, list: &WriteList) -> Vec<RowError> {
    let mut seen = BTreeSet::new();
    let mut errors = Vec::new();
    for (row, write) in list.fields.iter().enumerate() {
        let mut refuse = |part: &'static str, message: String| errors.push(RowError { row, part, message });
        if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(&write.field)) {
            refuse("field", format!("Matchbook sets {} itself; choose another field", write.field));
        }
        if !seen.insert(write.field.to_lowercase()) {
            refuse("field", format!("{} stands in this list already; a field stands once", write.field));
        }
        if let Some(message) = value_error(write) {
            refuse("value", message);
        }
        if write.when == When::IfEmpty && !kind.has_condition() {
            refuse("when", "fields of the Event are written on every booking; leave this out".to_owned());
        } else if write.when == When::IfEmpty && write.field_type == FieldType::Checkbox {
            refuse("when", "a checkbox is never empty; write it every time".to_owned());
        }
    }
    errors
}

fn value_error(row: &WriteRow) -> Option<String> {
    let value = row.value.trim();
    if value.is_empty() {
        return Some("write what the field is to hold".to_owned());
    }
    match row.field_type.takes() {
        Content::Boolean => (value != "true" && value != "false").then(|| "a checkbox takes true or false".to_owned()),
        Content::Date => DateSource::parse(value).is_none().then(|| {
            let names = DateSource::NAMES;
            format!("a {} takes {}, {} or {}", row.field_type.key(), names[0], names[1], names[2])
        }),
        Content::Text | Content::Any => Template::parse(&row.value).err().map(|error| error.to_string()),
    }
}

/// What the org's describe tells besides: the field is there and writable, fits the declared type, takes the value.
/// `objects` are those that the list may write to; a field that one of them has is enough.
pub fn check_list_with_org(list: &WriteList, objects: &[(&str, &ObjectShape)]) -> Vec<RowError> {
    let each = |(row, write): (usize, &WriteRow)| {
        let (part, message) = org_error(write, objects)?;
        Some(RowError { row, part, message })
    };
    list.fields.iter().enumerate().filter_map(each).collect()
}

fn org_error(row: &WriteRow, objects: &[(&str, &ObjectShape)]) -> Option<(&'static str, String)> {
    let names: Vec<&str> = objects.iter().map(|(name, _)| *name).collect();
    let names = names.join(" and ");
    let found: Vec<_> = objects.iter().filter_map(|(_, shape)| shape.field(&row.field)).collect();
    if found.is_empty() {
        return Some(("field", format!("{names} has no field {} that the connection's user can see", row.field)));
    }
    let Some(field) = found.iter().find(|field| field.createable || field.updateable) else {
        return Some(("field", format!("the connection's user cannot write {}", row.field)));
    };
    if !row.field_type.fits(field.kind) {
        let message = format!("{} is of the org's type {}; choose a field type that fits", row.field, field.kind);
        return Some(("type", message));
    }
    if row.when == When::IfEmpty && field.kind == FieldKind::Checkbox {
        return Some(("when", "a checkbox is never empty; write it every time".to_owned()));
    }
    if row.field_type.takes() == Content::Any || row.date_source().is_some() {
        return None;
    }
    let template = Template::parse(&row.value).ok()?;
    match convert::text(template.literal()?, field, row.field_type) {
        Outcome::Drop(reason @ (DropReason::NotInList(_) | DropReason::WrongType(_) | DropReason::TooLong(_))) => {
            Some(("value", reason.to_string()))
        }
        Outcome::Write(_, Some(length)) => Some(("value", DropReason::TooLong(length).to_string())),
        _ => None,
    }
}
