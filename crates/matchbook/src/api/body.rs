//! Reading the JSON body of a request: every field that is wrong is named by its JSON pointer, all of them at once.

use serde_json::{Map, Value};

use super::Problem;
use crate::json_kind::kind_of;

/// The longest name of an unknown field that is repeated, in characters.
const LONGEST_NAME: usize = 63;

/// Collects what is wrong.
#[derive(Debug)]
pub(super) struct Body {
    problem: Problem,
}

/// An object of the body.
#[derive(Debug, Clone)]
pub(super) struct Object<'v> {
    pointer: String,
    members: &'v Map<String, Value>,
}

/// A place in the body: its pointer, and what is there.
pub(super) type Place<'v> = (String, &'v Value);

impl Default for Body {
    fn default() -> Self {
        Body { problem: Problem::invalid() }
    }
}

impl<'v> Object<'v> {
    /// Whether it has the member, and not as null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).1.is_some()
    }

    /// The member's pointer, and its value unless that is missing or null.
    fn get(&self, name: &str) -> (String, Option<&'v Value>) {
        (format!("{}/{name}", self.pointer), self.members.get(name).filter(|value| !value.is_null()))
    }
}

impl Body {
    /// Notes what is wrong at a pointer.
    pub(super) fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        let problem = std::mem::replace(&mut self.problem, Problem::invalid());
        self.problem = problem.field(pointer, detail);
    }

    /// The value that was read, unless anything was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if !self.problem.names_fields() => Ok(value),
            _ => Err(self.problem),
        }
    }

    /// The value at a place as an object; members with other names than these are wrong.
    pub(super) fn object<'v>(&mut self, (pointer, value): Place<'v>, names: &[&str]) -> Option<Object<'v>> {
        let Value::Object(members) = value else {
            self.wrong(pointer, format!("This must be an object; it is {}.", kind_of(value)));
            return None;
        };
        for name in members.keys().filter(|name| !names.contains(&name.as_str())) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
            let escaped = shown.replace('~', "~0").replace('/', "~1");
            self.wrong(
                format!("{pointer}/{escaped}"),
                format!("There is no such field. Known here: {}.", names.join(", ")),
            );
        }
        Some(Object { pointer, members })
    }

    /// A member that must be an object.
    pub(super) fn required_object<'v>(&mut self, of: &Object<'v>, name: &str, names: &[&str]) -> Option<Object<'v>> {
        match of.get(name) {
            (pointer, Some(value)) => self.object((pointer, value), names),
            (pointer, None) => {
                self.wrong(pointer, format!("This is missing: an object with {}.", names.join(", ")));
                None
            }
        }
    }

    /// A member that may be an object.
    pub(super) fn optional_object<'v>(&mut self, of: &Object<'v>, name: &str, names: &[&str]) -> Option<Object<'v>> {
        let (pointer, value) = of.get(name);
        self.object((pointer, value?), names)
    }

    /// A text, if there is one.
    pub(super) fn text(&mut self, of: &Object<'_>, name: &str) -> Option<String> {
        let (pointer, value) = of.get(name);
        self.text_at((pointer, value?))
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, of: &Object<'_>, name: &str, example: &str) -> Option<String> {
        match of.get(name) {
            (pointer, Some(value)) => self.text_at((pointer, value)),
            (pointer, None) => {
                self.wrong(pointer, format!("This is missing: a text such as \"{example}\"."));
                None
            }
        }
    }

    /// The value at a place as a text.
    pub(super) fn text_at(&mut self, (pointer, value): Place<'_>) -> Option<String> {
        match value {
            Value::String(text) if text.contains('\0') => {
                self.wrong(pointer, "The text holds a NUL character, which cannot be stored.");
                None
            }
            Value::String(text) => Some(text.clone()),
            other => {
                self.wrong(pointer, format!("This must be a text; it is {}.", kind_of(other)));
                None
            }
        }
    }

    /// The items of a list; none if there is no list.
    pub(super) fn items<'v>(&mut self, of: &Object<'v>, name: &str) -> Vec<Place<'v>> {
        match of.get(name) {
            (_, None) => Vec::new(),
            (pointer, Some(Value::Array(items))) => {
                items.iter().enumerate().map(|(at, item)| (format!("{pointer}/{at}"), item)).collect()
            }
            (pointer, Some(other)) => {
                self.wrong(pointer, format!("This must be a list; it is {}.", kind_of(other)));
                Vec::new()
            }
        }
    }
}
