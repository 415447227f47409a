//! The configuration as a value: what is set of every entry, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::keys::{self, Key, Otherwise, Section};
use super::takes::Takes;

/// What is set of an entry: settings by name, as their kind of value keeps them.
pub type Entry = Map<String, Value>;

/// Entries by section and stable key. Defaults are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document {
    sections: BTreeMap<String, BTreeMap<String, Entry>>,
}

impl Document {
    /// The entries of a section by key.
    pub fn entries(&self, section: &str) -> impl Iterator<Item = (&str, &Entry)> {
        self.sections.get(section).into_iter().flatten().map(|(key, entry)| (key.as_str(), entry))
    }

    /// An entry.
    pub fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        self.sections.get(section)?.get(key)
    }

    /// Sets an entry as a whole.
    pub fn set(&mut self, section: &str, key: &str, entry: Entry) {
        self.sections.entry(section.to_owned()).or_default().insert(key.to_owned(), entry);
    }

    /// Removes an entry.
    pub fn remove(&mut self, section: &str, key: &str) {
        if let Some(entries) = self.sections.get_mut(section) {
            entries.remove(key);
        }
    }

    /// Names a section, if only to say that it has no entries.
    pub(super) fn name_section(&mut self, section: &str) {
        self.sections.entry(section.to_owned()).or_default();
    }

    /// Every entry with its section, in the order of [`keys::SECTIONS`].
    pub fn all(&self) -> impl Iterator<Item = (&'static Section, &str, &Entry)> {
        keys::SECTIONS
            .iter()
            .flat_map(|section| self.entries(section.name).map(move |(key, entry)| (section, key, entry)))
    }

    /// This with what a file says laid over it. What the file doesn't name stays as it is; with `exact`, the sections that
    /// the file has are exactly what it says.
    pub fn with(&self, file: &Document, exact: bool) -> Document {
        let mut merged = self.clone();
        for (section, entries) in &file.sections {
            let known = merged.sections.entry(section.clone()).or_default();
            if exact {
                known.clear();
            }
            let keys = keys::section(section).map_or(&[][..], |section| section.keys);
            for (key, entry) in entries {
                let known = known.entry(key.clone()).or_default();
                lay_over(known, entry);
                drop_strangers(known, keys);
            }
        }
        merged
    }
}

/// Lays settings over others: a group setting by setting, null takes back what was set.
fn lay_over(known: &mut Entry, given: &Entry) {
    for (name, value) in given {
        match value {
            Value::Null => {
                known.shift_remove(name);
            }
            Value::Object(group) => {
                let known = known.entry(name.clone()).or_insert_with(|| Value::Object(Entry::new()));
                match known {
                    // A secret's name is one value, not a group.
                    Value::Object(known) if !group.contains_key(SECRET) => lay_over(known, group),
                    known => *known = value.clone(),
                }
            }
            value => {
                known.insert(name.clone(), value.clone());
            }
        }
    }
    known.retain(|_, value| value.as_object().is_none_or(|group| !group.is_empty()));
}

/// Drops settings that belong to another value of a setting than it has now.
fn drop_strangers(entry: &mut Entry, keys: &[Key]) {
    for (key, (setting, values)) in keys.iter().filter_map(|key| Some((key, key.with?))) {
        let fits = entry.get(setting).and_then(Value::as_str).is_some_and(|value| values.contains(&value));
        if !fits {
            entry.shift_remove(key.name);
        }
    }
}

/// The key of `{secret: NAME}`.
const SECRET: &str = "secret";

/// The name in a value `{secret: NAME}`.
pub(super) fn secret_name(value: &Value) -> Option<&str> {
    value.get(SECRET)?.as_str()
}

/// What stands at a place of an entry.
#[derive(Debug, Clone)]
pub(super) enum Spot<'d> {
    /// A setting with its value: what people see as one, so a list is one and a group is many.
    Setting { path: String, takes: &'static Takes, value: &'d Value },
    /// The key of an entry of another section.
    Names { path: String, section: &'static str, key: &'d str },
}

/// Everything that is set of an entry, in the order of its table. Paths are like `event_types.intro.hosts[0]`.
pub(super) fn spots<'d>(section: &Section, key: &str, entry: &'d Entry) -> Vec<Spot<'d>> {
    let mut spots = Vec::new();
    spots_of_group(&path(section, key), section.keys, entry, &mut spots);
    spots
}

/// The path of an entry.
pub(super) fn path(section: &Section, key: &str) -> String {
    format!("{}.{key}", section.name)
}

fn spots_of_group<'d>(path: &str, keys: &'static [Key], entry: &'d Entry, spots: &mut Vec<Spot<'d>>) {
    for key in keys {
        if let Some(value) = entry.get(key.name) {
            spots_of_value(format!("{path}.{}", key.name), &key.takes, value, spots);
        }
    }
}

fn spots_of_value<'d>(path: String, takes: &'static Takes, value: &'d Value, spots: &mut Vec<Spot<'d>>) {
    match (takes, value) {
        (Takes::Group(_, keys), Value::Object(group)) => spots_of_group(&path, keys, group, spots),
        (Takes::By(section, of), Value::Object(members)) => {
            for (key, value) in members {
                let path = format!("{path}.{key}");
                spots.push(Spot::Names { path: path.clone(), section, key });
                spots_of_value(path, of, value, spots);
            }
        }
        (Takes::Some(of), Value::Array(items)) => {
            let named = items.iter().enumerate().filter_map(|(at, item)| names(format!("{path}[{at}]"), of, item));
            spots.extend(named.collect::<Vec<_>>());
            spots.push(Spot::Setting { path, takes, value });
        }
        _ => {
            spots.extend(names(path.clone(), takes, value));
            spots.push(Spot::Setting { path, takes, value });
        }
    }
}

fn names<'d>(path: String, takes: &Takes, value: &'d Value) -> Option<Spot<'d>> {
    match (takes, value) {
        (Takes::Entry(section), Value::String(key)) => Some(Spot::Names { path, section, key }),
        _ => None,
    }
}

/// An entry with the defaults of what is not set, as the typed structs of [`super::entries`] take it.
pub(super) fn filled(keys: &[Key], key: &str, entry: &Entry) -> Entry {
    let filled = |setting: &Key| {
        let value = match (entry.get(setting.name), &setting.takes) {
            (Some(Value::Object(group)), Takes::Group(_, keys)) => Some(Value::Object(filled(keys, key, group))),
            (Some(given), _) => Some(given.clone()),
            (None, Takes::Group(_, keys)) => Some(Value::Object(filled(keys, key, &Entry::new()))),
            (None, Takes::By(..)) => Some(Value::Object(Entry::new())),
            (None, takes) => default(setting, key).and_then(|text| scalar(takes, text)),
        };
        Some((setting.name.to_owned(), value?))
    };
    keys.iter().filter_map(filled).collect()
}

/// The default of a setting as it would be written.
pub(super) fn default<'k>(setting: &Key, key: &'k str) -> Option<&'k str> {
    match setting.default {
        Otherwise::Nothing => None,
        Otherwise::Is(text) => Some(text),
        Otherwise::ItsKey => Some(key),
    }
}

fn scalar(takes: &Takes, text: &str) -> Option<Value> {
    match takes {
        Takes::Flag => text.parse().map(Value::Bool).ok(),
        takes => takes.parse(text).ok(),
    }
}
