//! From JSON to values, with the parser errors of Salesforce facts 3.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::{Map, Value as Json};

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::row::Ordinal;
use crate::schema::{Field, FieldType, Object};
use crate::value::Value;

/// The fields of a request body. `attributes` is skipped; `raw` is the text that error positions point into.
/// A field that the user does not see is as unknown as one that is not there.
pub fn fields(
    object: &Object,
    body: &Map<String, Json>,
    raw: &str,
    seen: impl Fn(Ordinal) -> bool,
) -> Result<Vec<(Ordinal, Value)>, ApiError> {
    let fields = body.iter().filter(|(name, _)| *name != "attributes");
    fields.map(|(name, json)| field(object, name, json, raw, &seen)).collect()
}

fn field(
    object: &Object,
    name: &str,
    json: &Json,
    raw: &str,
    seen: &impl Fn(Ordinal) -> bool,
) -> Result<(Ordinal, Value), ApiError> {
    let known = object.field(name).filter(|(ordinal, _)| seen(*ordinal));
    let (ordinal, field) = known.ok_or_else(|| errors::no_such_column(name, &object.name))?;
    match value(field, json) {
        Ok(value) => Ok((ordinal, value)),
        Err(Mismatch::Id(text)) => Err(wrong_id(field, &text)),
        Err(Mismatch::Type) => Err(cannot_deserialize(field, json, raw, name)),
    }
}

/// Why a JSON value does not fit a field.
#[derive(Debug, PartialEq)]
pub enum Mismatch {
    /// Not the type's form.
    Type,
    /// Text that is no record id.
    Id(String),
}

/// A JSON value as the field holds it. Empty text is null (Salesforce facts 4.1).
pub fn value(field: &Field, json: &Json) -> Result<Value, Mismatch> {
    match json {
        Json::Null if field.kind == FieldType::Boolean => Err(Mismatch::Type),
        Json::Null => Ok(Value::Null),
        Json::Bool(yes) if field.kind == FieldType::Boolean => Ok(Value::Bool(*yes)),
        Json::Number(number) => self::number(field, number).ok_or(Mismatch::Type),
        Json::String(text) => self::text(field, text),
        Json::Array(items) if field.kind == FieldType::JunctionIdList => ids(items),
        _ => Err(Mismatch::Type),
    }
}

fn number(field: &Field, number: &serde_json::Number) -> Option<Value> {
    match field.kind {
        FieldType::Int => number.as_i64().or_else(|| whole(number.as_f64()?)).map(Value::Int),
        FieldType::Double | FieldType::Currency | FieldType::Percent => {
            number.as_f64().map(|n| Value::Double(to_scale(n, field.scale)))
        }
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn to_scale(number: f64, scale: u32) -> f64 {
    let unit = 10f64.powi(i32::try_from(scale).unwrap_or(18));
    let scaled = (number * unit).round() / unit;
    if scaled.is_finite() { scaled } else { number }
}

fn text(field: &Field, text: &str) -> Result<Value, Mismatch> {
    use FieldType as T;
    if text.is_empty() && field.kind != T::Boolean {
        return Ok(Value::Null);
    }
    let parsed = match field.kind {
        T::String | T::TextArea | T::Phone | T::Email | T::Url | T::Picklist | T::MultiPicklist | T::Combobox => {
            Some(Value::Text(text.into()))
        }
        T::EncryptedString | T::AnyType => Some(Value::Text(text.into())),
        T::Id | T::Reference => {
            return SalesforceId::parse(text).map(Value::Id).ok_or_else(|| Mismatch::Id(text.into()));
        }
        T::Boolean => text.to_ascii_lowercase().parse().ok().map(Value::Bool),
        T::Int => text.parse().ok().map(Value::Int),
        T::Double | T::Currency | T::Percent => {
            text.parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| Value::Double(to_scale(n, field.scale)))
        }
        T::Date => date(text).map(Value::Date),
        T::DateTime => datetime(text).map(Value::DateTime),
        T::Time => text.trim_end_matches('Z').parse::<Time>().ok().map(Value::Time),
        T::JunctionIdList | T::Address | T::Location | T::Base64 | T::ComplexValue => None,
    };
    parsed.ok_or(Mismatch::Type)
}

fn ids(items: &[Json]) -> Result<Value, Mismatch> {
    let ids: Result<Vec<_>, _> = items
        .iter()
        .map(|item| {
            let text = item.as_str().ok_or(Mismatch::Type)?;
            SalesforceId::parse(text).ok_or_else(|| Mismatch::Id(text.into()))
        })
        .collect();
    Ok(Value::Ids(ids?.into()))
}

fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// An instant with its offset, to the second: Salesforce keeps no milliseconds.
fn datetime(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse::<Timestamp>().ok()?.as_second()).ok()
}

/// An id of another object than the field may name. The activity's people and subjects have an error code of their
/// own (Salesforce facts 3, FIELD_INTEGRITY_EXCEPTION and MALFORMED_ID).
pub(crate) fn wrong_id(field: &Field, text: &str) -> ApiError {
    let code = if field.polymorphic { "FIELD_INTEGRITY_EXCEPTION" } else { "MALFORMED_ID" };
    ApiError::on_fields(code, format!("{}: id value of incorrect type: {text}", field.label), &[&field.name])
}

fn cannot_deserialize(field: &Field, json: &Json, raw: &str, name: &str) -> ApiError {
    let (token, shown) = match json {
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
        Json::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
        Json::Number(n) if n.is_f64() => ("VALUE_NUMBER_FLOAT", n.to_string()),
        Json::Number(n) => ("VALUE_NUMBER_INT", n.to_string()),
        Json::String(text) => ("VALUE_STRING", text.clone()),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    };
    let (line, column) = position(raw, name);
    errors::json_parser(format!(
        "Cannot deserialize instance of {} from {token} value {shown} or request may be missing a required field at \
         [line:{line}, column:{column}]",
        type_name(field.kind)
    ))
}

fn type_name(kind: FieldType) -> &'static str {
    use FieldType as T;
    match kind {
        T::Boolean => "boolean",
        T::Int => "int",
        T::Double => "double",
        T::Currency => "currency",
        T::Percent => "percent",
        T::Date => "date",
        T::DateTime => "datetime",
        T::Time => "time",
        T::Id | T::Reference => "reference",
        T::Phone => "phone",
        T::Email => "email",
        T::Url => "url",
        T::TextArea => "textarea",
        T::Picklist => "picklist",
        T::MultiPicklist => "multipicklist",
        T::Combobox => "combobox",
        _ => "string",
    }
}

/// Line and column, from 1, where the value of the first key of that name begins; the start where it is not found.
fn position(raw: &str, name: &str) -> (usize, usize) {
    let key = format!("\"{name}\"");
    let Some(at) = raw.find(&key) else { return (1, 1) };
    let value = at + key.len();
    let skipped = raw[value..].find(|c: char| c != ':' && !c.is_whitespace()).unwrap_or(0);
    let before = &raw[..value + skipped];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_point_at_the_value() {
        assert_eq!(position(r#"{"A":1,"When": "x"}"#, "When"), (1, 16));
        assert_eq!(position("{\"A\":1,\n \"When\":\"x\"}", "When"), (2, 9));
        assert_eq!(position("{}", "When"), (1, 1));
    }

    #[test]
    fn every_written_form_of_an_instant_is_read() {
        for text in ["2026-03-08T10:00:00Z", "2026-03-08T10:00:00.000+0000", "2026-03-08T11:00:00.5+01:00"] {
            let instant = datetime(text).unwrap_or_else(|| panic!("{text} is an instant"));
            assert_eq!(instant.to_string(), "2026-03-08T10:00:00Z", "{text}");
        }
        assert_eq!(datetime("tomorrow"), None);
        assert_eq!(datetime("2026-03-08T10:00:00"), None, "an instant needs its offset");
    }
}
