//! What a change of the configuration does, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::document::{Document, Entry, Spot, path, spots};
use super::keys::{Key, Otherwise, SECTIONS, Section};
use super::takes::Takes;
use super::writer::inline;

/// A change of one entry. Shown as sentences, one a line; no secret is in them.
#[derive(Debug, Clone)]
pub struct Change {
    /// The entry's section.
    pub section: &'static Section,
    /// Its key.
    pub key: String,
    /// What happens to it.
    pub what: What,
}

/// What happens to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Added(Vec<SettingChange>),
    /// It was archived and is named again.
    BroughtBack(Vec<SettingChange>),
    /// Some of its settings change.
    Changed(Vec<SettingChange>),
    /// It is offered no longer.
    Archived,
}

/// A setting before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Its path within the entry, such as `salesforce.connection`.
    pub setting: String,
    /// What it was, in words; none where nothing was set.
    pub old: Option<String>,
    /// What it will be, in words; none where nothing is set.
    pub new: Option<String>,
}

/// What changes from one configuration to another. `archived` are the sections and keys of archived entries; `new_secrets`
/// are the paths of secrets that get another value.
pub fn difference(
    old: &Document,
    new: &Document,
    archived: &BTreeSet<(String, String)>,
    new_secrets: &BTreeSet<String>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for section in SECTIONS {
        for (key, entry) in new.entries(section.name) {
            let was_archived = archived.contains(&(section.name.to_owned(), key.to_owned()));
            let what = match old.get(section.name, key) {
                Some(known) => What::Changed(settings(section, key, known, entry, new_secrets)),
                None if was_archived => {
                    What::BroughtBack(settings(section, key, &Entry::new(), entry, &BTreeSet::new()))
                }
                None => What::Added(settings(section, key, &Entry::new(), entry, &BTreeSet::new())),
            };
            if what != What::Changed(Vec::new()) {
                changes.push(Change { section, key: key.to_owned(), what });
            }
        }
    }
    let gone = old.all().filter(|(section, key, _)| new.get(section.name, key).is_none());
    changes.extend(gone.map(|(section, key, _)| Change { section, key: key.to_owned(), what: What::Archived }));
    changes
}

fn settings(
    section: &Section,
    key: &str,
    old: &Entry,
    new: &Entry,
    new_secrets: &BTreeSet<String>,
) -> Vec<SettingChange> {
    let (before, mut after) = (shown(section, key, old), shown(section, key, new));
    let prefix = path(section, key).len() + 1;
    let mut changes = Vec::new();
    for (path, old) in &before {
        let new = after.remove(path);
        if new.as_ref() != Some(old) {
            changes.push(SettingChange { setting: path[prefix..].to_owned(), old: Some(old.clone()), new });
        } else if new_secrets.contains(path) {
            let new = Some("a new value".to_owned());
            changes.push(SettingChange {
                setting: path[prefix..].to_owned(),
                old: Some("the value before".into()),
                new,
            });
        }
    }
    changes.extend(after.into_iter().map(|(path, new)| SettingChange {
        setting: path[prefix..].to_owned(),
        old: None,
        new: Some(new),
    }));
    let order: Vec<String> = spots(section, key, new).into_iter().map(path_of).collect();
    changes.sort_by_key(|change| order.iter().position(|path| path[prefix..] == change.setting));
    for change in &mut changes {
        let default = default_words(section.keys, &change.setting, key);
        if change.new.is_none() || change.old.is_none() && !old.is_empty() {
            let missing = if change.new.is_none() { &mut change.new } else { &mut change.old };
            *missing = default;
        }
    }
    changes
}

fn path_of(spot: Spot<'_>) -> String {
    match spot {
        Spot::Setting { path, .. } | Spot::Names { path, .. } => path,
    }
}

fn shown(section: &Section, key: &str, entry: &Entry) -> BTreeMap<String, String> {
    let setting = |spot| match spot {
        Spot::Setting { path, value, .. } => Some((path, in_words(value))),
        Spot::Names { .. } => None,
    };
    spots(section, key, entry).into_iter().filter_map(setting).collect()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::String(text) if text.contains(' ') => format!("\"{text}\""),
        Value::String(text) => text.clone(),
        other => inline(other),
    }
}

fn default_words(keys: &[Key], setting: &str, key: &str) -> Option<String> {
    let (name, rest) = setting.split_once('.').unwrap_or((setting, ""));
    let row = keys.iter().find(|row| row.name == name)?;
    match (&row.takes, row.default) {
        (Takes::Group(_, keys), _) => default_words(keys, rest, key),
        (_, Otherwise::Is(text)) => Some(format!("{text} (the default)")),
        (_, Otherwise::ItsKey) => Some(format!("{key} (its key)")),
        (_, Otherwise::Nothing) => None,
    }
}

impl Change {
    /// The change in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let subject = format!("{} {}", self.section.one, self.key);
        match &self.what {
            What::Added(settings) => vec![format!("Add {subject}: {}", listed(settings))],
            What::BroughtBack(settings) => vec![format!("Bring back {subject}: {}", listed(settings))],
            What::Changed(settings) => settings.iter().map(|change| format!("Change {subject}: {change}")).collect(),
            What::Archived => vec![format!("Archive {subject}")],
        }
    }
}

fn listed(settings: &[SettingChange]) -> String {
    let given = settings.iter().filter_map(|change| Some(format!("{} {}", change.setting, change.new.as_ref()?)));
    given.collect::<Vec<_>>().join("; ")
}

impl fmt::Display for SettingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{} {} -> {}", self.setting, word(&self.old), word(&self.new))
    }
}
