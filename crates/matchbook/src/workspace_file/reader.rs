//! Reading values out of nodes. Every mistake is noted and reading goes on, so that all are
//! reported together; `None` from a method here says that the mistake was noted.

use domain::email_domain::EmailAddress;
use jiff::tz::TimeZone;

use super::keys::{self, Key};
use super::yaml::{Content, Node};
use super::{Position, SecretName, Spanned};

/// The longest text in characters.
const MAX_TEXT: usize = 255;

/// The longest key or slug in characters.
const MAX_KEY: usize = 63;

/// More mistakes than this are not reported: nobody reads them.
const MAX_ERRORS: usize = 100;

/// Collects the mistakes.
#[derive(Debug, Default)]
pub(super) struct Reader {
    errors: Vec<(Position, String)>,
}

/// An entry of the file: a mapping whose keys are all known.
#[derive(Debug)]
pub(super) struct Entry<'n> {
    path: String,
    at: Position,
    keys: &'static [Key],
    members: &'n [(Spanned<String>, Node)],
}

/// A value of an entry, with its path and what it should be.
#[derive(Debug, Clone)]
pub(super) struct Value<'n> {
    path: String,
    takes: &'static str,
    node: &'n Node,
}

impl<'n> Entry<'n> {
    /// The value of a key of the entry's table, if given.
    pub(super) fn get(&self, name: &str) -> Option<Value<'n>> {
        let key = self.keys.iter().find(|key| key.name == name)?;
        let (_, node) = self.members.iter().find(|(given, _)| given.value == name)?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Some(Value { path, takes: key.takes, node })
    }
}

impl Reader {
    /// Notes a mistake.
    pub(super) fn error(&mut self, at: Position, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push((at, message.into()));
        }
    }

    /// Notes that a value is wrong; the message goes after its path.
    pub(super) fn wrong(&mut self, value: &Value<'_>, message: &str) {
        self.error(value.node.at, format!("{}: {message}", value.path));
    }

    /// Notes that an entry lacks a key that only some of its kind need.
    pub(super) fn lacks(&mut self, entry: &Entry<'_>, name: &str, why: &str) {
        let takes = entry.keys.iter().find(|key| key.name == name).map_or("a value", |key| key.takes);
        self.error(entry.at, format!("{}: \"{name}\" is missing; add {name}: {takes}, since {why}", entry.path));
    }

    /// The mistakes in the file's order.
    pub(super) fn into_errors(mut self) -> Vec<(Position, String)> {
        self.errors.sort_by_key(|(at, _)| *at);
        self.errors
    }

    /// The whole file; nothing where it is empty.
    pub(super) fn root<'n>(&mut self, node: &'n Node) -> Option<Entry<'n>> {
        if matches!(node.content, Content::Null) {
            return None;
        }
        self.entry(&Value { path: String::new(), takes: "sections like connections: and hosts:", node }, keys::SECTIONS)
    }

    /// The entries of a section, each with its stable key.
    pub(super) fn entries<'n>(
        &mut self,
        section: Option<Value<'n>>,
        keys: &'static [Key],
    ) -> Vec<(Spanned<String>, Entry<'n>)> {
        let Some(section) = section else { return Vec::new() };
        let mut entries = Vec::new();
        for (key, node) in self.members(&section) {
            self.stable_key(&section.path, key);
            let value = Value { path: format!("{}.{}", section.path, shown(&key.value)), takes: "its keys", node };
            entries.extend(self.entry(&value, keys).map(|entry| (key.clone(), entry)));
        }
        entries
    }

    /// An entry; notes the keys that it should not have, and those that it lacks.
    pub(super) fn entry<'n>(&mut self, value: &Value<'n>, keys: &'static [Key]) -> Option<Entry<'n>> {
        let Content::Mapping(members) = &value.node.content else {
            self.mismatch(value);
            return None;
        };
        let prefix = if value.path.is_empty() { String::new() } else { format!("{}: ", value.path) };
        let mut meant = Vec::new();
        for (given, _) in members.iter().filter(|(given, _)| keys.iter().all(|key| key.name != given.value)) {
            let names = keys.iter().map(|key| key.name);
            let near = nearest(&given.value, names.clone());
            let mend = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("known here: {}", names.collect::<Vec<_>>().join(", ")),
            };
            meant.extend(near);
            self.error(given.at, format!("{prefix}\"{}\" is not a key here; {mend}", shown(&given.value)));
        }
        let lacks = |key: &Key| members.iter().all(|(given, _)| given.value != key.name) && !meant.contains(&key.name);
        for key in keys.iter().filter(|key| key.required && lacks(key)) {
            self.error(value.node.at, format!("{prefix}\"{}\" is missing; add {}: {}", key.name, key.name, key.takes));
        }
        Some(Entry { path: value.path.clone(), at: value.node.at, keys, members })
    }

    /// A text on one line.
    pub(super) fn text(&mut self, value: Option<Value<'_>>) -> Option<Spanned<String>> {
        let value = value?;
        let Content::Scalar { text, .. } = &value.node.content else {
            self.mismatch(&value);
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
            return Some(Spanned { value: text.to_owned(), at: value.node.at });
        };
        self.wrong(&value, problem);
        None
    }

    /// A text that `parse` turns into something; its error goes after the path.
    pub(super) fn parsed<T>(
        &mut self,
        value: Option<Value<'_>>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        let text = self.text(value.clone())?;
        match parse(&text.value) {
            Ok(parsed) => Some(Spanned { value: parsed, at: text.at }),
            Err(message) => {
                self.wrong(&value?, &message);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, value: &Value<'_>) -> Option<bool> {
        match &value.node.content {
            Content::Scalar { text, plain: true } if text == "true" => Some(true),
            Content::Scalar { text, plain: true } if text == "false" => Some(false),
            Content::Scalar { .. } => {
                self.wrong(value, "write true or false, without quotes");
                None
            }
            _ => {
                self.mismatch(value);
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, value: Option<Value<'_>>) -> Option<Vec<Spanned<String>>> {
        let value = value?;
        let Content::List(nodes) = &value.node.content else {
            self.mismatch(&value);
            return None;
        };
        let item = |(at, node)| Value { path: format!("{}[{at}]", value.path), takes: "a single value", node };
        Some(nodes.iter().enumerate().filter_map(|node| self.text(Some(item(node)))).collect())
    }

    /// `{secret: NAME}`. Whatever else stands there may be a secret, so no error repeats it.
    pub(super) fn secret(&mut self, value: Option<Value<'_>>) -> Option<Spanned<SecretName>> {
        let value = value?;
        let is_reference = match &value.node.content {
            Content::Mapping(members) => members.iter().all(|(key, _)| key.value == "secret"),
            Content::Null | Content::Refused => {
                self.mismatch(&value);
                return None;
            }
            Content::Scalar { .. } | Content::List(_) => false,
        };
        if !is_reference {
            self.wrong(
                &value,
                "a secret must not stand in this file; write {secret: NAME} and give its value as the environment \
                 variable MATCHBOOK_SECRET_NAME or the file NAME in the secrets folder",
            );
            return None;
        }
        let name = self.entry(&value, keys::SECRET)?.get("secret")?;
        self.parsed(Some(name), |name| {
            let sound = name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            sound.then(|| SecretName(name.to_owned())).ok_or_else(|| {
                "this takes a secret's name, not its value: capitals, digits and underscores, like \
                 SALESFORCE_CLIENT_SECRET"
                    .to_owned()
            })
        })
    }

    fn members<'n>(&mut self, section: &Value<'n>) -> &'n [(Spanned<String>, Node)] {
        match &section.node.content {
            Content::Mapping(members) => members,
            Content::Null => &[],
            _ => {
                self.mismatch(section);
                &[]
            }
        }
    }

    fn stable_key(&mut self, section: &str, key: &Spanned<String>) {
        if let Err(message) = slug(&key.value) {
            self.error(key.at, format!("{section}: \"{}\" cannot be a key: {message}", shown(&key.value)));
        }
    }

    fn mismatch(&mut self, value: &Value<'_>) {
        let found = match value.node.content {
            Content::Refused => return,
            ref content => content.kind(),
        };
        let path = if value.path.is_empty() { "the file" } else { &value.path };
        self.error(value.node.at, format!("{path}: expected {}, found {found}", value.takes));
    }
}

/// The known name that was probably meant.
pub(super) fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let given: String = given.to_lowercase().replace([' ', '-'], "_").chars().take(MAX_KEY).collect();
    let likeness = |name: &str| strsim::jaro_winkler(&given, &name.replace('-', "_"));
    let rated = known.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.82);
    rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// What the file said, fit for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_KEY).collect()
}

/// A stable key or slug.
pub(super) fn slug(text: &str) -> Result<String, String> {
    let hyphen_at_edge = text.starts_with('-') || text.ends_with('-');
    let letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if text.is_empty() || hyphen_at_edge || !letters || text.len() > MAX_KEY {
        return Err(format!(
            "use lower-case letters, digits and hyphens between them, at most {MAX_KEY}, like discovery-call"
        ));
    }
    Ok(text.to_owned())
}

/// An email address.
pub(super) fn email(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|error| error.to_string())
}

/// An IANA time zone, by its canonical name.
pub(super) fn time_zone(text: &str) -> Result<String, String> {
    let zone = TimeZone::get(text).ok();
    zone.as_ref().and_then(TimeZone::iana_name).map(str::to_owned).ok_or_else(|| {
        format!("\"{}\" is not a time zone; use an IANA name like Europe/Berlin or America/New_York", shown(text))
    })
}
