//! The configuration as canonical YAML: one text for one configuration, and [`super::read`] gives it back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::document::{Document, Entry};
use super::keys::{Key, SECTIONS};
use super::takes::Takes;

/// Writes a configuration: sections and settings in the order of their tables, entries by key.
pub fn write(document: &Document) -> String {
    let mut text = String::new();
    for section in SECTIONS {
        let mut entries = document.entries(section.name).peekable();
        if entries.peek().is_some() {
            line(&mut text, 0, section.name, "");
        }
        for (key, entry) in entries {
            line(&mut text, 1, &scalar(key), "");
            settings(&mut text, 2, section.keys, entry);
        }
    }
    text
}

fn settings(text: &mut String, depth: usize, keys: &[Key], entry: &Entry) {
    for key in keys {
        match (&key.takes, entry.get(key.name)) {
            (_, None) => {}
            (Takes::Group(_, keys), Some(Value::Object(group))) => {
                line(text, depth, key.name, "");
                settings(text, depth + 1, keys, group);
            }
            (Takes::By(..), Some(Value::Object(members))) => {
                line(text, depth, key.name, "");
                let sorted: BTreeMap<&String, &Value> = members.iter().collect();
                for (key, value) in sorted {
                    line(text, depth + 1, &scalar(key), &inline(value));
                }
            }
            (Takes::Some(Takes::Group(..)), Some(Value::Array(items))) => {
                line(text, depth, key.name, "");
                for item in items {
                    writeln!(text, "{:width$}- {}", "", inline(item), width = 2 * depth + 2)
                        .expect("a String takes all");
                }
            }
            (_, Some(value)) => line(text, depth, key.name, &inline(value)),
        }
    }
}

fn line(text: &mut String, depth: usize, key: &str, value: &str) {
    let space = if value.is_empty() { "" } else { " " };
    writeln!(text, "{:width$}{key}:{space}{value}", "", width = 2 * depth).expect("a String takes everything");
}

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{}: {}", scalar(key), inline(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// A text without quotes where nothing else could be read from it, else as JSON, which YAML reads as it is.
fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { Value::from(text).to_string() }
}

fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let letters = text.starts_with(char::is_alphabetic) && !text.ends_with([' ', ':']);
    let harmless = |c: char| c.is_alphanumeric() || " ._@/+-:".contains(c);
    letters && text.chars().all(harmless) && !text.contains(": ") && !WORDS.contains(&text.to_lowercase().as_str())
}
