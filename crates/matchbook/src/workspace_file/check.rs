//! What must hold of a configuration as a whole.

use domain::field_write::{ListKind, RowError, WriteList, check_list};
use salesforce::auth::{LoginHost, LoopbackPolicy};
use serde_json::Value;

use super::document::{Document, Entry, Spot, default, path, spots};
use super::entries::{EventType, Host, Hours, Typed};
use super::keys::{self, SECTIONS, Section};
use super::reader::nearest;
use super::takes::{Takes, shown};

/// What is wrong at a path of the configuration, and how to mend it. The message goes after the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Such as `event_types.intro.hosts[0]`.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Everything that is wrong with a configuration. Of two entries that are at odds, the one that `blames` accepts is named.
pub fn check(document: &Document, loopback: LoopbackPolicy, blames: impl Fn(&str) -> bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (section, key, entry) in document.all() {
        problems.extend(unknown_names(document, section, key, entry));
        problems.extend(rows_refused(section, key, entry));
        problems.extend(hours_refused(section, key, entry));
        problems.extend(hosts_refused(section, key, entry, loopback).filter(|problem| blames(&problem.path)));
    }
    for section in SECTIONS {
        problems.extend(taken(document, section, &blames));
    }
    problems.extend(enabled_without_connection(document));
    problems
}

fn unknown_names(document: &Document, section: &Section, key: &str, entry: &Entry) -> Vec<Problem> {
    let unknown = |spot| match spot {
        Spot::Names { path, section, key } if document.get(section, key).is_none() => {
            Some(unknown(document, path, section, key))
        }
        _ => None,
    };
    spots(section, key, entry).into_iter().filter_map(unknown).collect()
}

fn unknown(document: &Document, path: String, section: &str, key: &str) -> Problem {
    let mend = match nearest(key, document.entries(section).map(|(known, _)| known)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("name it under {section}"),
    };
    let one = keys::section(section).map_or(section, |section| section.one);
    Problem { path, message: format!("there is no {one} \"{}\"; {mend}", shown(key)) }
}

/// Rows of the four lists that cannot be saved, as far as can be told without the org (spec 8).
fn rows_refused(section: &Section, key: &str, entry: &Entry) -> Vec<Problem> {
    let Some(settings) = entry.get("salesforce").filter(|_| section.name == EventType::SECTION) else { return vec![] };
    let lists = ListKind::ALL.into_iter().filter_map(|kind| {
        let list: WriteList = serde_json::from_value(settings.get(kind.key())?.clone()).ok()?;
        Some((kind, check_list(kind, &list)))
    });
    let problem = |kind: ListKind, error: RowError| Problem {
        path: format!("{}.salesforce.{}.fields[{}].{}", path(section, key), kind.key(), error.row, error.part),
        message: error.message,
    };
    lists.flat_map(|(kind, errors)| errors.into_iter().map(move |error| problem(kind, error))).collect()
}

/// Rows of weekly hours that no meeting fits into, and rows that share a part of a day: which of them holds there?
fn hours_refused(section: &Section, key: &str, entry: &Entry) -> Vec<Problem> {
    let Some(rows) = entry.get("weekly_hours").filter(|_| section.name == Host::SECTION) else { return vec![] };
    let rows: Vec<Hours> = serde_json::from_value(rows.clone()).unwrap_or_default();
    let row = |at: usize| format!("{}.weekly_hours[{at}]", path(section, key));
    let mut problems = Vec::new();
    for (at, hours) in rows.iter().enumerate() {
        if hours.span().is_some_and(|(from, to)| to <= from) {
            let Hours { from, to, .. } = hours;
            let message = format!("{to} is not after {from}; hours end later on the day on which they begin");
            problems.push(Problem { path: format!("{}.to", row(at)), message });
        }
        let overlaps =
            rows.iter().take(at).enumerate().filter_map(|(other, before)| Some((other, shared_day(before, hours)?)));
        problems.extend(overlaps.map(|(other, day)| Problem {
            path: row(at),
            message: format!(
                "on {day} it overlaps with weekly_hours[{other}], {} to {}; write each part of a day once",
                rows[other].from, rows[other].to
            ),
        }));
    }
    problems
}

/// A day on which both hold at once.
fn shared_day<'h>(one: &Hours, other: &'h Hours) -> Option<&'h str> {
    let ((from, to), (other_from, other_to)) = (one.span()?, other.span()?);
    let meet = from < other_to && other_from < to && from < to && other_from < other_to;
    other.days.iter().find(|day| meet && one.days.contains(day)).map(String::as_str)
}

/// The file's reader accepts what may be accepted; what is left is an org on this machine.
fn hosts_refused(
    section: &Section,
    key: &str,
    entry: &Entry,
    loopback: LoopbackPolicy,
) -> impl Iterator<Item = Problem> {
    spots(section, key, entry).into_iter().filter_map(move |spot| match spot {
        Spot::Setting { path, takes: Takes::LoginHost, value: Value::String(host) } => {
            let error = LoginHost::parse(host, loopback).err()?;
            let message = format!("{error}; give --allow-loopback-orgs, to `apply` and to `serve`");
            Some(Problem { path, message })
        }
        _ => None,
    })
}

/// Values that two entries of a section share, and may not.
fn taken(document: &Document, section: &Section, blames: impl Fn(&str) -> bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    for setting in section.keys.iter().filter(|setting| setting.unique) {
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (key, entry) in document.entries(section.name) {
            let given = entry.get(setting.name).and_then(Value::as_str).or_else(|| default(setting, key));
            let Some(given) = given else { continue };
            let folded = given.to_lowercase();
            if let Some((_, other)) = seen.iter().find(|(value, _)| *value == folded) {
                let (blamed, other) = if blames(&path(section, key)) { (key, *other) } else { (*other, key) };
                problems.push(Problem {
                    path: format!("{}.{}", path(section, blamed), setting.name),
                    message: format!(
                        "{given} is the {} of the {} \"{other}\" already; give each their own",
                        setting.name, section.one
                    ),
                });
            }
            seen.push((folded, key));
        }
    }
    problems
}

fn enabled_without_connection(document: &Document) -> impl Iterator<Item = Problem> {
    document.entries("event_types").filter_map(|(key, entry)| {
        let salesforce = entry.get("salesforce")?;
        let lacks = salesforce.get("enabled") == Some(&Value::Bool(true)) && salesforce.get("connection").is_none();
        lacks.then(|| Problem {
            path: format!("event_types.{key}.salesforce"),
            message: "it is enabled, so it needs a connection; add connection: and the key of one, or enabled: false"
                .into(),
        })
    })
}
