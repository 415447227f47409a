//! Values as Salesforce writes them in JSON (Salesforce facts 2.3).

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::id::SalesforceId;
use crate::row::Row;
use crate::schema::{FieldType, Object};
use crate::value::Value;

/// A field's value. An unset checkbox is false, everything else unset is null.
pub fn value(kind: FieldType, value: &Value) -> Json {
    match value {
        Value::Null if kind == FieldType::Boolean => false.into(),
        Value::Null => Json::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Int(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        Value::Text(text) => text.as_ref().into(),
        Value::Id(id) => id.as_str().into(),
        Value::Date(date) => date.to_string().into(),
        Value::DateTime(instant) => datetime(*instant).into(),
        Value::Time(time) => time.strftime("%H:%M:%S.%3fZ").to_string().into(),
        Value::Ids(ids) => ids.iter().map(SalesforceId::as_str).collect(),
    }
}

/// An instant as `2026-05-01T07:25:37.000+0000`.
pub fn datetime(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// The `attributes` of a record.
pub fn attributes(object: &str, id: SalesforceId, version: &str) -> Json {
    json!({ "type": object, "url": format!("/services/data/v{version}/sobjects/{object}/{id}") })
}

/// A record with the fields at the given ordinals, in their order.
pub fn record(object: &Object, id: SalesforceId, row: &Row, fields: &[u16], version: &str) -> Json {
    let mut record = Map::new();
    record.insert("attributes".into(), attributes(&object.name, id, version));
    for &ordinal in fields {
        let field = &object.fields()[usize::from(ordinal)];
        let json = match field.kind {
            FieldType::Id => id.as_str().into(),
            FieldType::Address => address(object, row, &field.name),
            kind => value(kind, row.get(ordinal)),
        };
        record.insert(field.name.clone(), json);
    }
    record.into()
}

/// A compound address from its parts (`BillingAddress` from `BillingStreet`, …); null when all parts are unset.
/// Codes are there only in an org that has State and Country picklists (Salesforce facts 5.4).
pub fn address(object: &Object, row: &Row, compound: &str) -> Json {
    let mut parts = Map::new();
    let prefix = compound.strip_suffix("Address").unwrap_or(compound);
    for part in ADDRESS_PARTS {
        if let Some((ordinal, field)) = object.field(&format!("{prefix}{part}")) {
            let key = part[..1].to_lowercase() + &part[1..];
            parts.insert(key, value(field.kind, row.get(ordinal)));
        }
    }
    if parts.values().all(Json::is_null) { Json::Null } else { parts.into() }
}

const ADDRESS_PARTS: [&str; 10] = [
    "City",
    "Country",
    "CountryCode",
    "GeocodeAccuracy",
    "Latitude",
    "Longitude",
    "PostalCode",
    "State",
    "StateCode",
    "Street",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_salesforce_writes_them() {
        let instant: Timestamp = "2026-05-01T07:25:37Z".parse().expect("a timestamp");
        assert_eq!(datetime(instant), "2026-05-01T07:25:37.000+0000");
        let time = Value::Time(jiff::civil::time(12, 0, 0, 0));
        assert_eq!(value(FieldType::Time, &time), json!("12:00:00.000Z"));
        assert_eq!(value(FieldType::Boolean, &Value::Null), json!(false), "an unset checkbox is false");
    }
}
