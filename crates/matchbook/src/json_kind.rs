//! What a JSON value is, in a person's words, for errors that say what was expected and what came.

use serde_json::Value;

/// The kind of a value, as in "it is a list".
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
