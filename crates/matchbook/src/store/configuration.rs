//! The configuration as a whole: its versions, and what each brings into the tables, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use secrecy::SecretString;

use super::audit::{self, Actor, AuditEntry};
use super::connections::{self, Connection, PutError};
use super::database::{On, sql};
use super::sources::{self, NewSecrets, Source};
use super::{Store, StoreError, Tx, event_types, from_json, hosts, micros, outbox, users};
use crate::grant::ConnectionGrant;
use crate::secrets::Vault;
use crate::workspace_file::entries::{self, Typed};
use crate::workspace_file::{Change, Document, Entry, What};

/// A version of the configuration.
#[derive(Debug, Clone, Default)]
pub struct ConfigurationVersion {
    /// Counts from 1; 0 before anything is configured.
    pub number: i64,
    /// What it says.
    pub document: Document,
}

/// What a change of the configuration writes.
#[derive(Debug)]
pub(crate) struct NewVersion<'a> {
    /// The new version.
    pub(crate) version: &'a ConfigurationVersion,
    /// What changes in it.
    pub(crate) changes: &'a [Change],
    /// New values of secrets by their paths.
    pub(crate) secrets: &'a BTreeMap<String, SecretString>,
    /// Who makes it.
    pub(crate) actor: &'a Actor,
}

/// A sealed secret.
#[derive(Debug, Clone)]
pub struct SealedSecret {
    /// The entry of the configuration that it belongs to, such as `sources.calcom`.
    pub entry: String,
    /// Its setting there.
    pub setting: &'static str,
    /// Where it is sealed for.
    pub place: String,
    /// The secret, encrypted.
    pub sealed: Vec<u8>,
    /// Whether its entry is archived, so that it need not open.
    pub archived: bool,
}

impl SealedSecret {
    /// Its path in the configuration.
    pub fn path(&self) -> String {
        format!("{}.{}", self.entry, self.setting)
    }
}

/// The configuration as it was last read.
pub(super) type InForce = Arc<Mutex<Option<Arc<ConfigurationVersion>>>>;

impl Store {
    /// Every sealed secret of the configuration in force.
    pub async fn sealed_secrets(&self) -> Result<Vec<SealedSecret>, StoreError> {
        let mut sealed = sealed_in_connections(&self.read).await?;
        sealed.extend(sealed_in_sources(&self.read).await?);
        sealed.retain(|secret| !secret.archived);
        Ok(sealed)
    }

    /// The configuration in force. A version never changes, so what is kept of it is read again only once there is a later one.
    pub async fn configuration(&self) -> Result<Arc<ConfigurationVersion>, StoreError> {
        let (number,): (Option<i64>,) = sql("SELECT MAX(version) FROM audit_entry").one(&self.read).await?;
        let kept = self.configuration.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| Some(kept.number) == number) {
            return Ok(kept);
        }
        let read = Arc::new(in_force(&self.read).await?);
        *self.configuration.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
        Ok(read)
    }

    /// An earlier version of the configuration, or that in force.
    pub async fn configuration_version(&self, number: i64) -> Result<Option<ConfigurationVersion>, StoreError> {
        let row: Option<(i64, String)> = sql("SELECT version, document FROM audit_entry WHERE version = $1")
            .bind(number)
            .optional(&self.read)
            .await?;
        row.map(version).transpose()
    }

    /// Starts a transaction that may change the configuration; others that would wait until it ends.
    pub(crate) async fn configuring(&self) -> Result<Tx, StoreError> {
        let mut tx = self.begin().await?;
        if tx.is_shared() {
            sql("SELECT pg_advisory_xact_lock(hashtextextended('configuration', 0))").run(&mut tx).await?;
        }
        Ok(tx)
    }
}

/// The configuration in force.
pub(crate) async fn in_force(on: impl Into<On<'_>>) -> Result<ConfigurationVersion, StoreError> {
    let row: Option<(i64, String)> =
        sql("SELECT version, document FROM audit_entry WHERE version IS NOT NULL ORDER BY version DESC LIMIT 1")
            .optional(on)
            .await?;
    row.map(version).transpose().map(Option::unwrap_or_default)
}

fn version((number, document): (i64, String)) -> Result<ConfigurationVersion, StoreError> {
    Ok(ConfigurationVersion { number, document: from_json("a version of the configuration", &document)? })
}

/// The sealed secrets, as a transaction sees them.
pub(crate) async fn sealed(tx: &mut Tx) -> Result<Vec<SealedSecret>, StoreError> {
    let mut sealed = sealed_in_connections(&mut *tx).await?;
    sealed.extend(sealed_in_sources(&mut *tx).await?);
    Ok(sealed)
}

async fn sealed_in_connections(on: impl Into<On<'_>>) -> Result<Vec<SealedSecret>, StoreError> {
    type Row = (String, String, Vec<u8>, String, bool);
    let rows: Vec<Row> =
        sql("SELECT id, key, client_secret, grant_kind, archived_at IS NOT NULL FROM connection ORDER BY key")
            .all(on)
            .await?;
    let secret = |(id, key, sealed, grant, archived): Row| SealedSecret {
        entry: format!("connections.{key}"),
        setting: if grant == ConnectionGrant::JWT_BEARER { "private_key" } else { "client_secret" },
        place: Connection::secret_place(&id),
        sealed,
        archived,
    };
    Ok(rows.into_iter().map(secret).collect())
}

async fn sealed_in_sources(on: impl Into<On<'_>>) -> Result<Vec<SealedSecret>, StoreError> {
    type Row = (String, String, Vec<u8>, Option<Vec<u8>>, bool);
    let rows: Vec<Row> =
        sql("SELECT id, key, secret, api_key, archived_at IS NOT NULL FROM source ORDER BY key").all(on).await?;
    let secrets = |(id, key, secret, api_key, archived): Row| {
        let entry = format!("sources.{key}");
        let api_key = api_key.map(|sealed| (sealed, "api_key", Source::api_key_place(&id)));
        let all = std::iter::once((secret, "secret", Source::secret_place(&id))).chain(api_key);
        all.map(move |(sealed, setting, place)| SealedSecret { entry: entry.clone(), setting, place, sealed, archived })
    };
    Ok(rows.into_iter().flat_map(secrets).collect())
}

/// Sections and keys of archived entries.
pub(crate) async fn archived(tx: &mut Tx) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows: Vec<(String, String)> = sql("SELECT 'connections', key FROM connection WHERE archived_at IS NOT NULL
         UNION ALL SELECT 'hosts', key FROM host WHERE archived_at IS NOT NULL
         UNION ALL SELECT 'event_types', key FROM event_type WHERE archived_at IS NOT NULL
         UNION ALL SELECT 'sources', key FROM source WHERE archived_at IS NOT NULL
         UNION ALL SELECT 'users', key FROM app_user WHERE archived_at IS NOT NULL")
    .all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Writes a version, and what it changes into the tables.
pub(crate) async fn write(tx: &mut Tx, vault: &Vault, new: &NewVersion<'_>, now: Timestamp) -> Result<(), PutError> {
    let (gone, there): (Vec<&Change>, Vec<&Change>) =
        new.changes.iter().partition(|change| change.what == What::Archived);
    for change in gone {
        archive(tx, change, now).await?;
    }
    for change in &there {
        match change.section.name {
            entries::EventType::SECTION => event_types::free_slug(tx, &change.key).await?,
            entries::User::SECTION => users::free_email(tx, &change.key).await?,
            _ => {}
        }
    }
    for change in there {
        if let Some(entry) = new.version.document.get(change.section.name, &change.key) {
            put(tx, vault, new, change, entry, now).await?;
        }
    }
    let words = new.changes.iter().flat_map(Change::sentences).collect();
    let entry = AuditEntry { at: now, actor: new.actor.clone(), words, version: Some(new.version.number) };
    audit::add(tx, &entry, Some(&new.version.document)).await?;
    outbox::catch_up(tx, now).await?;
    Ok(())
}

async fn put(
    tx: &mut Tx,
    vault: &Vault,
    new: &NewVersion<'_>,
    change: &Change,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), PutError> {
    let (section, key) = (change.section.name, change.key.as_str());
    let secret = |setting: &str| new.secrets.get(&format!("{section}.{key}.{setting}"));
    match section {
        entries::Connection::SECTION => {
            let secret = secret("client_secret").or_else(|| secret("private_key"));
            connections::put(tx, vault, key, &typed(key, entry)?, secret, now).await
        }
        entries::Host::SECTION => Ok(hosts::put(tx, key, &typed(key, entry)?, now).await?),
        entries::EventType::SECTION => Ok(event_types::put(tx, key, entry, &typed(key, entry)?, now).await?),
        entries::Source::SECTION => {
            let secrets = NewSecrets { secret: secret("secret"), api_key: secret("api_key") };
            sources::put(tx, vault, key, &typed(key, entry)?, secrets, now).await
        }
        entries::User::SECTION => Ok(users::put(tx, key, &typed(key, entry)?, now).await?),
        other => Err(StoreError::Corrupt { what: "the configuration", why: format!("{other} is no section") }.into()),
    }
}

/// A stored entry as its type.
pub(crate) fn typed<T: Typed>(key: &str, entry: &Entry) -> Result<T, StoreError> {
    T::read(key, entry).map_err(|e| StoreError::Corrupt { what: "the configuration", why: format!("{key}: {e}") })
}

async fn archive(tx: &mut Tx, change: &Change, now: Timestamp) -> Result<(), StoreError> {
    let statement = match change.section.name {
        entries::Connection::SECTION => return connections::archive(tx, &change.key, now).await,
        entries::User::SECTION => return users::archive(tx, &change.key, now).await,
        entries::Host::SECTION => "UPDATE host SET archived_at = $2 WHERE key = $1",
        entries::EventType::SECTION => "UPDATE event_type SET archived_at = $2, slug = '~' || id WHERE key = $1",
        _ => "UPDATE source SET archived_at = $2 WHERE key = $1",
    };
    sql(statement).bind(&change.key).bind(micros(now)).run(tx).await?;
    Ok(())
}
