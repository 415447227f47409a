//! The workspace file: the whole configuration as one YAML file with stable keys (spec 11).
//!
//! Reading is pure. All mistakes of a file are reported together, each at its line and column;
//! only a text that is no YAML ends with its first. What a file may say stands in [`keys`], and for
//! people in `docs/configuration.md`.

pub mod keys;
mod reader;
mod sections;
mod yaml;

use std::fmt;

use domain::email_domain::EmailAddress;

use crate::grant::ConnectionGrant;
use reader::Reader;

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
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Position,
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

/// What a workspace file says. What it doesn't name is to be left alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkspaceFile {
    /// Salesforce connections, in the file's order.
    pub connections: Vec<ConnectionEntry>,
    /// Hosts, in the file's order.
    pub hosts: Vec<HostEntry>,
    /// Event types, in the file's order.
    pub event_types: Vec<EventTypeEntry>,
    /// Booking sources, in the file's order.
    pub sources: Vec<SourceEntry>,
}

/// A connection to a Salesforce org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionEntry {
    /// Its stable key.
    pub key: Spanned<String>,
    /// Its name for people.
    pub name: String,
    /// Scheme and host, such as `https://northwind.my.salesforce.com`: Salesforce's, or on this machine, which
    /// remains to be judged.
    pub login_host: Spanned<String>,
    /// Such as `66.0`.
    pub api_version: String,
    /// How tokens are got.
    pub grant: ConnectionGrant,
    /// The External Client App's consumer key.
    pub client_id: String,
    /// The External Client App's consumer secret; for the JWT bearer grant, the private key.
    pub secret: Spanned<SecretName>,
}

/// The name of a secret whose value is kept outside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretName(pub String);

/// Somebody who takes meetings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// Their stable key.
    pub key: Spanned<String>,
    /// Their name.
    pub name: String,
    /// By which their Salesforce user is found.
    pub email: Spanned<EmailAddress>,
    /// IANA time zone.
    pub time_zone: String,
}

/// A kind of meeting that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeEntry {
    /// Its stable key.
    pub key: Spanned<String>,
    /// What it is called.
    pub title: String,
    /// The part of its address that names it; sources know it by this. The key where not given.
    pub slug: Spanned<String>,
    /// 1 to 1440.
    pub length_minutes: u16,
    /// Keys of its hosts, at least one.
    pub hosts: Vec<Spanned<String>>,
    /// Its Salesforce section; not given, it is left alone.
    pub salesforce: Option<SalesforceEntry>,
}

/// The Salesforce section of an event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesforceEntry {
    /// Whether its bookings are written to Salesforce.
    pub enabled: bool,
    /// Key of the connection to write by; always there when enabled.
    pub connection: Option<Spanned<String>>,
}

/// Where bookings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Its stable key.
    pub key: Spanned<String>,
    /// A key of [`crate::sources::KINDS`].
    pub kind: &'static str,
    /// Its name for people.
    pub name: String,
    /// The secret that its deliveries are signed with.
    pub secret: Spanned<SecretName>,
}

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceTo {
    /// A host.
    Host,
    /// A connection.
    Connection,
}

/// A key by which one entry names another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What it names.
    pub to: ReferenceTo,
    /// The key that is named.
    pub key: &'a Spanned<String>,
    /// The entry and key that name it, such as `event_types.discovery-call.hosts`.
    pub path: String,
}

/// Reads a workspace file; `file_name` is what errors call it. The errors come in the file's order.
pub fn read(text: &str, file_name: &str) -> Result<WorkspaceFile, Vec<FileError>> {
    let mut reader = Reader::default();
    let file = yaml::parse(text, &mut reader).map(|root| sections::workspace(&root, &mut reader));
    let errors = reader.into_errors();
    match file {
        Some(file) if errors.is_empty() => Ok(file),
        _ => {
            Err(errors.into_iter().map(|(at, message)| FileError { file: file_name.to_owned(), at, message }).collect())
        }
    }
}

impl WorkspaceFile {
    /// The references to hosts and connections that the file itself doesn't name: the
    /// database must know them.
    pub fn outside_references(&self) -> Vec<Reference<'_>> {
        let mut references = self.references();
        references.retain(|reference| match reference.to {
            ReferenceTo::Host => self.hosts.iter().all(|host| host.key.value != reference.key.value),
            ReferenceTo::Connection => self.connections.iter().all(|one| one.key.value != reference.key.value),
        });
        references
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let mut references = Vec::new();
        for event_type in &self.event_types {
            let path = format!("event_types.{}", event_type.key.value);
            references.extend(event_type.hosts.iter().map(|key| Reference {
                to: ReferenceTo::Host,
                key,
                path: format!("{path}.hosts"),
            }));
            let connection = event_type.salesforce.as_ref().and_then(|salesforce| salesforce.connection.as_ref());
            references.extend(connection.map(|key| Reference {
                to: ReferenceTo::Connection,
                key,
                path: format!("{path}.salesforce.connection"),
            }));
        }
        references
    }
}

impl Reference<'_> {
    /// The error for a reference to what neither the file nor the database knows. `known` are the
    /// keys that could be meant.
    pub fn unknown<'k>(&self, file_name: &str, known: impl IntoIterator<Item = &'k str>) -> FileError {
        let (key, to) = (&self.key.value, self.to);
        let mend = match reader::nearest(key, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("name it under {}", to.section()),
        };
        let message = format!("{}: there is no {to} \"{key}\"; {mend}", self.path);
        FileError { file: file_name.to_owned(), at: self.key.at, message }
    }
}

impl ReferenceTo {
    fn section(self) -> &'static str {
        match self {
            ReferenceTo::Host => "hosts",
            ReferenceTo::Connection => "connections",
        }
    }
}

impl fmt::Display for ReferenceTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReferenceTo::Host => "host",
            ReferenceTo::Connection => "connection",
        })
    }
}

#[cfg(test)]
mod tests;
