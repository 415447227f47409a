//! From a row's text to the value of a field of the org's type.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{FieldType, Outcome};
use crate::org_shape::{FieldKind, FieldShape};
use crate::sync_outcome::FieldValue;

/// Why the org would refuse a row, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// No field of this name is there, or this user cannot see it.
    NoSuchField,
    /// This user cannot write it.
    NotWritable,
    /// The list is restricted, and this is not one of its active values.
    NotInList(String),
    /// The value is not what the field's type takes.
    WrongType(String),
    /// The text is longer than the field, whose type is never cut.
    TooLong(usize),
    /// Salesforce's answer refused it.
    Refused {
        /// Its code.
        code: String,
        /// Its message.
        message: String,
    },
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DropReason::NoSuchField => f.write_str("no such field, or the connection's user cannot see it"),
            DropReason::NotWritable => f.write_str("the connection's user cannot write it"),
            DropReason::NotInList(value) => write!(f, "\"{value}\" is not an active value of its list"),
            DropReason::WrongType(value) => write!(f, "\"{value}\" does not fit its type"),
            DropReason::TooLong(length) => write!(f, "the text is longer than the {length} characters it holds"),
            DropReason::Refused { code, message } => write!(f, "{} ({code})", message.trim_end_matches('.')),
        }
    }
}

/// A date or instant for a field.
pub(super) fn date(at: Timestamp, day: Date, field: &FieldShape, declared: FieldType) -> Outcome {
    let value = match (field.kind, declared) {
        (FieldKind::Date, _) => FieldValue::Date(day),
        (FieldKind::Datetime, _) => FieldValue::Instant(at),
        (FieldKind::Text | FieldKind::LongText, FieldType::Datetime) => FieldValue::Text(at.to_string()),
        (FieldKind::Text | FieldKind::LongText, _) => FieldValue::Text(day.to_string()),
        _ => return wrong_type(&day.to_string()),
    };
    Outcome::Write(value, None)
}

/// A text for a field.
pub(super) fn text(text: &str, field: &FieldShape, declared: FieldType) -> Outcome {
    let value = match field.kind {
        FieldKind::Checkbox => match text.trim().to_lowercase().as_str() {
            "true" => FieldValue::Checkbox(true),
            "false" => FieldValue::Checkbox(false),
            _ => return wrong_type(text),
        },
        FieldKind::Number => match text.trim().parse::<serde_json::Number>() {
            Ok(number) => FieldValue::Number(number),
            Err(_) => return wrong_type(text),
        },
        FieldKind::Date => match text.trim().parse::<Date>() {
            Ok(day) => FieldValue::Date(day),
            Err(_) => return wrong_type(text),
        },
        FieldKind::Datetime => match text.trim().parse::<Timestamp>() {
            Ok(at) => FieldValue::Instant(at),
            Err(_) => return wrong_type(text),
        },
        FieldKind::Picklist => return in_list(text.trim(), &[text.trim()], field),
        FieldKind::Multipicklist => {
            let values: Vec<&str> = text.split(';').map(str::trim).filter(|value| !value.is_empty()).collect();
            return in_list(&values.join(";"), &values, field);
        }
        FieldKind::Text | FieldKind::LongText if declared != FieldType::Custom => return cut(text, field),
        FieldKind::Other => match declared {
            FieldType::Custom => FieldValue::Text(text.to_owned()),
            _ => return wrong_type(text),
        },
        FieldKind::Text
        | FieldKind::LongText
        | FieldKind::Url
        | FieldKind::Email
        | FieldKind::Phone
        | FieldKind::Combobox
        | FieldKind::Reference => return whole(text, field),
    };
    Outcome::Write(value, None)
}

/// Text as it goes into requests: `@{` opens a reference in a composite request (Salesforce facts 2.7), for which no escape is
/// known, so it is written, and remembered, with a space between.
pub(crate) fn safe(text: &str) -> String {
    text.replace("@{", "@ {")
}

/// Cut at a character boundary to what the field holds.
fn cut(text: &str, field: &FieldShape) -> Outcome {
    let text = safe(text);
    match field.length.filter(|length| text.chars().count() > *length) {
        Some(length) => Outcome::Write(FieldValue::Text(text.chars().take(length).collect()), Some(length)),
        None => Outcome::Write(FieldValue::Text(text), None),
    }
}

fn whole(text: &str, field: &FieldShape) -> Outcome {
    let text = safe(text);
    match field.length.filter(|length| text.chars().count() > *length) {
        Some(length) => Outcome::Drop(DropReason::TooLong(length)),
        None => Outcome::Write(FieldValue::Text(text), None),
    }
}

fn in_list(text: &str, values: &[&str], field: &FieldShape) -> Outcome {
    let other = values.iter().find(|value| !field.takes_value(value));
    match other {
        Some(other) => Outcome::Drop(DropReason::NotInList(short(other))),
        None => whole(text, field),
    }
}

fn wrong_type(text: &str) -> Outcome {
    Outcome::Drop(DropReason::WrongType(short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
