//! Reading values out of nodes, by the tables of [`keys`]. Every mistake is noted and reading goes on, so that all are
//! reported together; `None` from a method here says that the mistake was noted.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Document, Entry};
use super::keys::{self, Key, SECTIONS, Section};
use super::takes::{MAX_KEY, MAX_LONG_TEXT, MAX_TEXT, Takes, alternatives, plain, shown, slug};
use super::yaml::{Content, Node};
use super::{Position, Spanned};

/// More mistakes than this are not reported: nobody reads them.
const MAX_ERRORS: usize = 100;

/// A mistake: where, the path if it has one, what is wrong and how to mend it.
pub(super) type Mistake = (Position, String);

/// Collects the mistakes, and the places of what is read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    errors: Vec<Mistake>,
    pub(super) places: BTreeMap<String, Position>,
}

impl Reader {
    /// Notes a mistake.
    pub(super) fn error(&mut self, at: Position, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push((at, message.into()));
        }
    }

    /// Notes that a value is wrong; the message goes after its path.
    fn wrong(&mut self, node: &Node, path: &str, message: &str) {
        self.error(node.at, format!("{path}: {message}"));
    }

    /// The mistakes in the file's order.
    pub(super) fn into_errors(mut self) -> Vec<Mistake> {
        self.errors.sort_by_key(|(at, _)| *at);
        self.errors
    }

    /// The whole file.
    pub(super) fn document(&mut self, root: &Node) -> Document {
        let mut document = Document::default();
        if matches!(root.content, Content::Null) {
            return document;
        }
        let Some(members) = self.mapping(root, "", "sections like connections: and hosts:") else { return document };
        self.unknown_keys("", members, &SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
        for (given, node) in members {
            if let Some(section) = keys::section(&given.value) {
                self.places.insert(section.name.to_owned(), given.at);
                document.name_section(section.name);
                self.section(section, node, &mut document);
            }
        }
        document
    }

    fn section(&mut self, section: &Section, node: &Node, document: &mut Document) {
        let takes = format!("{} by their keys", plain(section.name));
        if matches!(node.content, Content::Null) {
            return;
        }
        for (key, node) in self.mapping(node, section.name, &takes).unwrap_or_default() {
            self.stable_key(section.name, key);
            let path = format!("{}.{}", section.name, shown(&key.value));
            self.places.insert(path.clone(), key.at);
            if let Some(entry) = self.group(node, &path, "its keys", section.keys) {
                document.set(section.name, &key.value, entry);
            }
        }
    }

    /// Settings; notes those that there should not be, and those that lack.
    fn group(&mut self, node: &Node, path: &str, takes: &str, keys: &'static [Key]) -> Option<Entry> {
        let members = self.mapping(node, path, takes)?;
        let meant = self.unknown_keys(path, members, &keys.iter().map(|key| key.name).collect::<Vec<_>>());
        let lacks = |key: &Key| members.iter().all(|(given, _)| given.value != key.name) && !meant.contains(&key.name);
        for key in keys.iter().filter(|key| key.required && lacks(key)) {
            let message = format!("\"{}\" is missing; add {}: {}", key.name, key.name, key.takes.words());
            self.wrong(node, path, &message);
        }
        self.settings_of_a_value(node, path, members, keys);
        let mut entry = Entry::new();
        for key in keys {
            let Some((_, node)) = members.iter().find(|(given, _)| given.value == key.name) else { continue };
            let path = format!("{path}.{}", key.name);
            let back_to_default = !key.required && matches!(node.content, Content::Null);
            let value = if back_to_default { Some(Value::Null) } else { self.value(node, &path, &key.takes) };
            self.places.insert(path, node.at);
            if let Some(value) = value {
                entry.insert(key.name.to_owned(), value);
            }
        }
        Some(entry)
    }

    /// Notes settings that lack with the value of another, and those that it does not take.
    fn settings_of_a_value(&mut self, node: &Node, path: &str, members: &[(Spanned<String>, Node)], keys: &[Key]) {
        let given = |name: &str| {
            let (_, node) = members.iter().find(|(given, _)| given.value == name)?;
            Some(node).filter(|node| !matches!(node.content, Content::Null))
        };
        for (key, (setting, values)) in keys.iter().filter_map(|key| Some((key, key.with?))) {
            let Some(Content::Scalar { text: value, .. }) = given(setting).map(|node| &node.content) else { continue };
            match given(key.name) {
                None if values.contains(&value.as_str()) => {
                    let (name, takes) = (key.name, key.takes.words());
                    let message =
                        format!("\"{name}\" is missing; add {name}: {takes}, since the {setting} {value} needs it");
                    self.wrong(node, path, &message);
                }
                Some(stranger) if !values.contains(&value.as_str()) => {
                    let message = format!("only the {setting} {} takes this; leave it out", alternatives(values));
                    self.wrong(stranger, &format!("{path}.{}", key.name), &message);
                }
                _ => {}
            }
        }
    }

    /// Notes keys that are not known; gives the known ones that were probably meant.
    fn unknown_keys(
        &mut self,
        path: &str,
        members: &[(Spanned<String>, Node)],
        known: &[&'static str],
    ) -> Vec<&'static str> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let mut meant = Vec::new();
        for (given, _) in members.iter().filter(|(given, _)| !known.contains(&given.value.as_str())) {
            let near = nearest(&given.value, known.iter().copied());
            let mend = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("known here: {}", known.join(", ")),
            };
            meant.extend(near);
            self.error(given.at, format!("{prefix}\"{}\" is not a key here; {mend}", shown(&given.value)));
        }
        meant
    }

    fn value(&mut self, node: &Node, path: &str, takes: &'static Takes) -> Option<Value> {
        match takes {
            Takes::Group(words, keys) => self.group(node, path, words, keys).map(Value::Object),
            Takes::Some(of) | Takes::SomeOrNone(of) => self.list(node, path, takes, of),
            Takes::By(_, of) => self.by_keys(node, path, takes, of),
            Takes::Secret(_) => self.secret(node, path),
            Takes::Flag => self.flag(node, path).map(Value::Bool),
            Takes::LongText => self.long_text(node, path).map(Value::from),
            scalar => {
                let text = self.text(node, path, &scalar.words())?;
                scalar.parse(text).map_err(|message| self.wrong(node, path, &message)).ok()
            }
        }
    }

    /// A text on one line.
    fn text<'n>(&mut self, node: &'n Node, path: &str, takes: &str) -> Option<&'n str> {
        let Content::Scalar { text, .. } = &node.content else {
            self.mismatch(node, path, takes);
            return None;
        };
        let text = text.trim();
        let problem = if text.is_empty() {
            "it is empty"
        } else if text.chars().count() > MAX_TEXT {
            "it is longer than 255 characters"
        } else if text.chars().any(char::is_control) {
            "it holds a line break or another control character; keep it on one line"
        } else {
            return Some(text);
        };
        self.wrong(node, path, problem);
        None
    }

    /// A text on as many lines as it has.
    fn long_text<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n str> {
        let Content::Scalar { text, .. } = &node.content else {
            self.mismatch(node, path, &Takes::LongText.words());
            return None;
        };
        let problem = if text.trim().is_empty() {
            "it is empty"
        } else if text.chars().count() > MAX_LONG_TEXT {
            "it is longer than 32,000 characters"
        } else if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) {
            "it holds a control character; leave it out"
        } else {
            return Some(text);
        };
        self.wrong(node, path, problem);
        None
    }

    fn flag(&mut self, node: &Node, path: &str) -> Option<bool> {
        match &node.content {
            Content::Scalar { text, plain: true } if text == "true" => return Some(true),
            Content::Scalar { text, plain: true } if text == "false" => return Some(false),
            Content::Scalar { .. } => self.wrong(node, path, "write true or false, without quotes"),
            _ => self.mismatch(node, path, &Takes::Flag.words()),
        }
        None
    }

    fn list(&mut self, node: &Node, path: &str, takes: &Takes, of: &'static Takes) -> Option<Value> {
        let Content::List(nodes) = &node.content else {
            self.mismatch(node, path, &takes.words());
            return None;
        };
        if nodes.is_empty() && !matches!(takes, Takes::SomeOrNone(_)) {
            self.wrong(node, path, "the list is empty; name at least one");
        }
        let mut items = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let Some(mut item) = self.value(node, &path, of) else { continue };
            if let Value::Object(members) = &mut item {
                // A list is one setting, so there is nothing to take back within it.
                members.retain(|_, value| !value.is_null());
            }
            if items.contains(&item) {
                let item = item.as_str().map_or_else(|| item.to_string(), |text| format!("\"{}\"", shown(text)));
                self.wrong(node, &path, &format!("{item} is listed twice; keep one"));
            }
            self.places.insert(path, node.at);
            items.push(item);
        }
        Some(Value::Array(items))
    }

    fn by_keys(&mut self, node: &Node, path: &str, takes: &Takes, of: &'static Takes) -> Option<Value> {
        let mut read = Entry::new();
        for (key, node) in self.mapping(node, path, &takes.words())? {
            self.stable_key(path, key);
            let path = format!("{path}.{}", shown(&key.value));
            let value =
                if matches!(node.content, Content::Null) { Some(Value::Null) } else { self.value(node, &path, of) };
            self.places.insert(path, key.at);
            read.extend(value.map(|value| (key.value.clone(), value)));
        }
        Some(Value::Object(read))
    }

    /// `{secret: NAME}`. Whatever else stands there may be a secret, so no error repeats it.
    fn secret(&mut self, node: &Node, path: &str) -> Option<Value> {
        let is_reference = match &node.content {
            Content::Mapping(members) => members.iter().all(|(key, _)| key.value == "secret"),
            Content::Null | Content::Refused => {
                self.mismatch(node, path, "{secret: NAME}");
                return None;
            }
            Content::Scalar { .. } | Content::List(_) => false,
        };
        if !is_reference {
            let message = "a secret must not stand in this file; write {secret: NAME} and give its value as the environment \
                           variable MATCHBOOK_SECRET_NAME or the file NAME in the secrets folder";
            self.wrong(node, path, message);
            return None;
        }
        let reference = self.group(node, path, "{secret: NAME}", keys::SECRET)?;
        (!reference.is_empty()).then_some(Value::Object(reference))
    }

    fn mapping<'n>(&mut self, node: &'n Node, path: &str, takes: &str) -> Option<&'n [(Spanned<String>, Node)]> {
        let Content::Mapping(members) = &node.content else {
            self.mismatch(node, path, takes);
            return None;
        };
        Some(members)
    }

    fn stable_key(&mut self, section: &str, key: &Spanned<String>) {
        if let Err(message) = slug(&key.value) {
            self.error(key.at, format!("{section}: \"{}\" cannot be a key: {message}", shown(&key.value)));
        }
    }

    fn mismatch(&mut self, node: &Node, path: &str, takes: &str) {
        let found = match node.content {
            Content::Refused => return,
            ref content => content.kind(),
        };
        let path = if path.is_empty() { "the file" } else { path };
        self.wrong(node, path, &format!("expected {takes}, found {found}"));
    }
}

/// The known name that was probably meant.
pub(super) fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let given: String = given.to_lowercase().replace([' ', '-'], "_").chars().take(MAX_KEY).collect();
    let likeness = |name: &str| strsim::jaro_winkler(&given, &name.replace('-', "_"));
    let rated = known.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.82);
    rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}
