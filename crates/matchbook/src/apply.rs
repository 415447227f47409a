//! `matchbook apply`: a workspace file into the database, whole or not at all (spec 11).

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use salesforce::auth::{LoginHost, LoopbackPolicy};
use salesforce::jwt::SigningKey;
use secrecy::SecretString;

use crate::grant::ConnectionGrant;
use crate::ingest;
use crate::secrets::Vault;
use crate::store::{
    Configuration, ConnectionDraft, EventTypeDraft, HostDraft, PutError, SalesforceDraft, SourceDraft, Store,
    StoreError,
};
use crate::workspace_file::{self, FileError, Position, ReferenceTo, SecretName, Spanned, WorkspaceFile};

/// Where named secrets come from.
#[derive(Debug, Clone, Default)]
pub struct SecretSources {
    /// The folder with a file per secret, if there is one.
    pub folder: Option<PathBuf>,
}

/// Why a file was not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file has mistakes.
    #[error("{}", lines(.0))]
    File(Vec<FileError>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database or the encryption key.
    #[error(transparent)]
    Put(#[from] PutError),
}

fn lines(errors: &[FileError]) -> String {
    errors.iter().map(FileError::to_string).collect::<Vec<_>>().join("\n")
}

/// What was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Connections that the file names.
    pub connections: usize,
    /// Hosts that the file names.
    pub hosts: usize,
    /// Event types that the file names.
    pub event_types: usize,
    /// Booking sources that the file names.
    pub sources: usize,
    /// Deliveries that waited and could now be applied.
    pub deliveries: usize,
}

/// What applying needs besides the file.
#[derive(Debug)]
pub struct ApplyContext<'a> {
    /// The database.
    pub store: &'a Store,
    /// Seals secrets.
    pub vault: &'a Vault,
    /// Where named secrets come from.
    pub secrets: &'a SecretSources,
    /// Whether an org may be on this machine.
    pub loopback: LoopbackPolicy,
    /// The present instant.
    pub now: Timestamp,
}

/// Applies the text of a workspace file.
pub async fn apply(context: &ApplyContext<'_>, text: &str, file_name: &str) -> Result<Applied, ApplyError> {
    let file = workspace_file::read(text, file_name).map_err(ApplyError::File)?;
    let mut errors = unknown_references(context.store, &file, file_name).await?;
    errors.extend(taken_slugs(context.store, &file, file_name).await?);
    errors.extend(taken_emails(context.store, &file, file_name).await?);
    let configuration = configuration(context, &file, file_name, &mut errors);
    if !errors.is_empty() {
        errors.sort_by_key(|e| e.at);
        return Err(ApplyError::File(errors));
    }
    context.store.configure(context.vault, &configuration, context.now).await?;
    let deliveries = ingest::apply_waiting(context.store, context.now).await?;
    Ok(Applied {
        connections: configuration.connections.len(),
        hosts: configuration.hosts.len(),
        event_types: configuration.event_types.len(),
        sources: configuration.sources.len(),
        deliveries,
    })
}

async fn unknown_references(
    store: &Store,
    file: &WorkspaceFile,
    file_name: &str,
) -> Result<Vec<FileError>, StoreError> {
    let hosts: Vec<String> = store.hosts().await?.into_iter().map(|h| h.key).collect();
    let connections: Vec<String> = store.connections().await?.into_iter().map(|c| c.key).collect();
    let mut errors = Vec::new();
    for reference in file.outside_references() {
        let known = match reference.to {
            ReferenceTo::Host => &hosts,
            ReferenceTo::Connection => &connections,
        };
        if !known.contains(&reference.key.value) {
            errors.push(reference.unknown(file_name, known.iter().map(String::as_str)));
        }
    }
    Ok(errors)
}

/// Slugs that event types have which the file does not name.
async fn taken_slugs(store: &Store, file: &WorkspaceFile, file_name: &str) -> Result<Vec<FileError>, StoreError> {
    let mut others = store.event_types().await?;
    others.retain(|other| file.event_types.iter().all(|entry| entry.key.value != other.key));
    let taken = file.event_types.iter().filter_map(|entry| {
        let other = others.iter().find(|other| other.slug == entry.slug.value)?;
        let message = format!(
            "event_types.{}: the slug \"{}\" is taken by the event type \"{}\", which is known already; choose another, \
             or give that one another slug in this file",
            entry.key.value, entry.slug.value, other.key
        );
        Some(FileError { file: file_name.to_owned(), at: entry.slug.at, message })
    });
    Ok(taken.collect())
}

/// Emails that hosts have which the file does not name.
async fn taken_emails(store: &Store, file: &WorkspaceFile, file_name: &str) -> Result<Vec<FileError>, StoreError> {
    let mut others = store.hosts().await?;
    others.retain(|other| file.hosts.iter().all(|entry| entry.key.value != other.key));
    let taken = file.hosts.iter().filter_map(|entry| {
        let other = others.iter().find(|other| other.email == entry.email.value)?;
        let message = format!(
            "hosts.{}.email: {} is the email of the host \"{}\", who is known already; give each host their own",
            entry.key.value, entry.email.value, other.key
        );
        Some(FileError { file: file_name.to_owned(), at: entry.email.at, message })
    });
    Ok(taken.collect())
}

fn configuration(
    context: &ApplyContext<'_>,
    file: &WorkspaceFile,
    file_name: &str,
    errors: &mut Vec<FileError>,
) -> Configuration {
    let mut new = Configuration::default();
    let mut wrong = |at: Position, message: String| errors.push(FileError { file: file_name.to_owned(), at, message });
    for entry in &file.connections {
        if let Err(error) = LoginHost::parse(&entry.login_host.value, context.loopback) {
            // The file's reader accepts what may be accepted; what is left is an org on this machine.
            let flag = "; give --allow-loopback-orgs, to `apply` and to `serve`";
            wrong(entry.login_host.at, format!("connections.{}.login_host: {error}{flag}", entry.key.value));
        }
        let Some(secret) = secret(context.secrets, &entry.secret, &mut wrong) else { continue };
        if let (ConnectionGrant::JwtBearer { .. }, Err(error)) = (&entry.grant, SigningKey::from_pem(&secret)) {
            wrong(entry.secret.at, format!("connections.{}.private_key: {error}", entry.key.value));
        }
        new.connections.push(ConnectionDraft {
            key: entry.key.value.clone(),
            name: entry.name.clone(),
            login_host: entry.login_host.value.clone(),
            api_version: entry.api_version.clone(),
            grant: entry.grant.clone(),
            client_id: entry.client_id.clone(),
            secret,
        });
    }
    for entry in &file.sources {
        let Some(secret) = secret(context.secrets, &entry.secret, &mut wrong) else { continue };
        let (key, kind, name) = (entry.key.value.clone(), entry.kind.to_owned(), entry.name.clone());
        new.sources.push(SourceDraft { key, kind, name, secret });
    }
    new.hosts = file.hosts.iter().map(host).collect();
    new.event_types = file.event_types.iter().map(event_type).collect();
    new
}

fn host(entry: &workspace_file::HostEntry) -> HostDraft {
    HostDraft {
        key: entry.key.value.clone(),
        name: entry.name.clone(),
        email: entry.email.value.clone(),
        time_zone: entry.time_zone.clone(),
    }
}

fn event_type(entry: &workspace_file::EventTypeEntry) -> EventTypeDraft {
    EventTypeDraft {
        key: entry.key.value.clone(),
        slug: entry.slug.value.clone(),
        title: entry.title.clone(),
        length_minutes: i64::from(entry.length_minutes),
        salesforce: entry.salesforce.as_ref().map(|salesforce| SalesforceDraft {
            enabled: salesforce.enabled,
            connection: salesforce.connection.as_ref().map(|c| c.value.clone()),
        }),
        hosts: entry.hosts.iter().map(|h| h.value.clone()).collect(),
    }
}

/// A named secret: from the environment variable `MATCHBOOK_SECRET_NAME`, else the file NAME in the secrets folder.
fn secret(
    sources: &SecretSources,
    name: &Spanned<SecretName>,
    wrong: &mut impl FnMut(Position, String),
) -> Option<SecretString> {
    let SecretName(key) = &name.value;
    let variable = format!("MATCHBOOK_SECRET_{key}");
    let from_folder = || std::fs::read_to_string(sources.folder.as_deref()?.join(Path::new(key).file_name()?)).ok();
    let found = std::env::var(&variable).ok().or_else(from_folder).map(|s| s.trim_end_matches(['\r', '\n']).to_owned());
    if found.as_deref().is_none_or(str::is_empty) {
        wrong(
            name.at,
            format!(
                "the secret {key} is not there; set the variable {variable}, or put it into the file {key} in the secrets folder"
            ),
        );
        return None;
    }
    found.map(SecretString::from)
}
