//! The JSON Schema of the file, for editors.

use serde_json::{Map, Value, json};

use super::keys::{Key, Otherwise, SECTIONS};
use super::takes::{MAX_KEY, SLUG_PATTERN, Takes};

/// The schema of the whole file.
pub fn schema() -> Value {
    let sections: Map<String, Value> = SECTIONS
        .iter()
        .map(|section| {
            let entries = json!({
                "description": section.help,
                "type": ["object", "null"],
                "propertyNames": {"pattern": SLUG_PATTERN, "maxLength": MAX_KEY},
                "additionalProperties": object(section.keys),
            });
            (section.name.to_owned(), entries)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Matchbook workspace file",
        "type": ["object", "null"],
        "properties": sections,
        "additionalProperties": false,
    })
}

/// The schema of an entry or a group.
pub(super) fn object(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let conditions: Vec<Value> = keys.iter().filter_map(condition).collect();
    if !conditions.is_empty() {
        schema["allOf"] = conditions.into();
    }
    schema
}

/// That a setting is needed with some values of another, and refused with others.
fn condition(key: &Key) -> Option<Value> {
    let (setting, values) = key.with?;
    Some(json!({
        "if": {"properties": {setting: {"enum": values}}, "required": [setting]},
        "then": {"required": [key.name]},
        "else": {"properties": {key.name: false}},
    }))
}

fn property(key: &Key) -> Value {
    let mut schema = key.takes.schema();
    if !key.required {
        schema = json!({"anyOf": [schema, {"type": "null"}]});
    }
    schema["description"] = key.help.into();
    if let Otherwise::Is(text) = key.default {
        schema["default"] = match key.takes {
            Takes::Flag => json!(text == "true"),
            _ => json!(text),
        };
    }
    schema
}
