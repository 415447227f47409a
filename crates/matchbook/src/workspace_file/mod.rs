//! The workspace file: the whole configuration as one YAML file with stable keys (spec 11).
//!
//! Everything here is pure. All mistakes of a file are reported together, each at its line and column;
//! only a text that is no YAML ends with its first. What a file may say stands in [`keys`], and for
//! people in `docs/configuration.md`.

mod check;
mod difference;
mod document;
pub mod entries;
pub mod keys;
mod reader;
mod schema;
mod takes;
mod writer;
mod yaml;

use std::collections::BTreeMap;

pub use check::{Problem, check};
pub use difference::{Change, SettingChange, What, difference};
pub use document::{Document, Entry};
use document::{Spot, secret_name, spots};
use reader::Reader;
pub use schema::schema;
pub use takes::{SecretKind, Takes};
pub use writer::write;

/// A place in a file; line and column (in characters) count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A value and the place where the file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spanned<T> {
    value: T,
    at: Position,
}

/// A mistake in a file. Shown as `file:line:column: message`; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {message}", at.line, at.column)]
pub struct FileError {
    /// The file's name as the caller gave it.
    pub file: String,
    /// Where the mistake is.
    pub at: Position,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// A file that was read. What it doesn't name is to be left alone; null takes back what was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkspaceFile {
    /// What errors call it.
    pub name: String,
    /// What it says.
    pub document: Document,
    places: BTreeMap<String, Position>,
}

/// Reads a workspace file; `file_name` is what errors call it. The errors come in the file's order.
pub fn read(text: &str, file_name: &str) -> Result<WorkspaceFile, Vec<FileError>> {
    let mut reader = Reader::default();
    let document = yaml::parse(text, &mut reader).map(|root| reader.document(&root));
    let places = std::mem::take(&mut reader.places);
    let name = file_name.to_owned();
    let errors = reader.into_errors();
    match document {
        Some(document) if errors.is_empty() => Ok(WorkspaceFile { name, document, places }),
        _ => Err(errors.into_iter().map(|(at, message)| FileError { file: name.clone(), at, message }).collect()),
    }
}

impl WorkspaceFile {
    /// Whether the file says something at this path.
    pub fn has(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// A problem at its place in the file: where the file says it, else where it says what it is a part of.
    pub fn locate(&self, problem: &Problem) -> FileError {
        let mut path = problem.path.as_str();
        let at = loop {
            if let Some(at) = self.places.get(path) {
                break *at;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => break Position { line: 1, column: 1 },
            }
        };
        FileError { file: self.name.clone(), at, message: format!("{}: {}", problem.path, problem.message) }
    }
}

/// A secret that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    /// Its name.
    pub name: String,
    /// What its value is.
    pub kind: SecretKind,
}

/// The secrets that a configuration names, by path, such as `sources.calcom.secret`.
pub fn secrets(document: &Document) -> BTreeMap<String, NamedSecret> {
    let all = document.all().flat_map(|(section, key, entry)| spots(section, key, entry));
    all.filter_map(|spot| match spot {
        Spot::Setting { path, takes: Takes::Secret(kind), value } => {
            Some((path, NamedSecret { name: secret_name(value)?.to_owned(), kind: *kind }))
        }
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests;
