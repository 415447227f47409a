//! Reading JSON that others wrote: each field knows its path, so that an error can name it.
//!
//! Texts come out without NUL (the databases refuse it), without white space around them, and bounded.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::json_kind::kind_of;

/// A place in a JSON document, which may hold nothing.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> Field<'a> {
    /// The whole document.
    pub(super) fn root(value: &'a Value) -> Self {
        Field { path: String::new(), value: Some(value) }
    }

    /// The member `key`; nothing if this is no object.
    pub(super) fn get(&self, key: &str) -> Field<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Field { path, value: self.value.and_then(|value| value.get(key)).filter(|value| !value.is_null()) }
    }

    /// The first item of a list; nothing if this is no list.
    pub(super) fn first(&self) -> Field<'a> {
        let value = self.value.and_then(|value| value.get(0)).filter(|value| !value.is_null());
        Field { path: format!("{}[0]", self.path), value }
    }

    /// The items of a list; none if this is no list.
    pub(super) fn each(&self) -> impl Iterator<Item = Field<'a>> {
        let items = self.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let path = self.path.clone();
        items.iter().enumerate().map(move |(at, value)| Field {
            path: format!("{path}[{at}]"),
            value: Some(value).filter(|value| !value.is_null()),
        })
    }

    /// The value, unless it is missing or null.
    pub(super) fn value(&self) -> Option<&'a Value> {
        self.value
    }

    /// The members of an object; nothing if this is none.
    pub(super) fn members(&self) -> Option<&'a Map<String, Value>> {
        self.value.and_then(Value::as_object)
    }

    /// A text of at most `max` characters; nothing if there is none or an empty one.
    pub(super) fn text(&self, max: usize) -> Option<String> {
        clean(self.value?.as_str()?, max)
    }

    /// A text that must be there. An identifier is not cut: over `max` characters it is an error.
    pub(super) fn required_text(&self, what: &str, max: usize) -> Result<String, String> {
        let text = match self.value {
            Some(Value::String(text)) => text,
            Some(Value::Array(items)) if items.is_empty() => return Err(self.wrong("is an empty list", what)),
            Some(other) => return Err(self.wrong(&format!("is {}", kind_of(other)), what)),
            None => return Err(self.wrong("is missing", what)),
        };
        if text.chars().count() > max {
            return Err(self.wrong(&format!("is longer than {max} characters"), what));
        }
        clean(text, max).ok_or_else(|| self.wrong("is empty", what))
    }

    /// An instant that must be there.
    pub(super) fn required_time(&self, what: &str) -> Result<Timestamp, String> {
        let expected = format!("{what}, like 2026-05-06T09:30:00Z");
        let text = self.required_text(&expected, 64)?;
        text.parse().map_err(|error: jiff::Error| {
            let problem = if error.is_range() { "is out of range" } else { "is not a time with an offset" };
            self.wrong(problem, &expected)
        })
    }

    /// A truth value that must be there.
    pub(super) fn required_bool(&self, what: &str) -> Result<bool, String> {
        match self.value {
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(self.wrong(&format!("is {}", kind_of(other)), &format!("{what}: true or false"))),
            None => Err(self.wrong("is missing", &format!("{what}: true or false"))),
        }
    }

    /// An object that must be there.
    pub(super) fn required_object(&self, what: &str) -> Result<(), String> {
        match self.value {
            Some(Value::Object(_)) => Ok(()),
            Some(other) => Err(self.wrong(&format!("is {}", kind_of(other)), what)),
            None => Err(self.wrong("is missing", what)),
        }
    }

    /// A sentence that says what is wrong here and what was expected.
    pub(super) fn wrong(&self, problem: &str, expected: &str) -> String {
        let name = if self.path.is_empty() { "The delivery".to_owned() } else { format!("The field {}", self.path) };
        format!("{name} {problem}; expected {expected}.")
    }
}

/// A text without NUL and surrounding white space, cut to `max` characters; nothing if nothing is left.
pub(super) fn clean(text: &str, max: usize) -> Option<String> {
    let text = text.replace('\0', "");
    let text: String = text.trim().chars().take(max).collect();
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}
