//! The configuration as a whole: written in one transaction, or not at all.

use jiff::Timestamp;

use super::connections::{self, Connection, ConnectionDraft, PutError};
use super::database::sql;
use super::event_types::{self, EventTypeDraft};
use super::hosts::{self, HostDraft};
use super::outbox;
use super::sources::{self, Source, SourceDraft};
use super::{Store, StoreError};
use crate::secrets::Vault;

/// What is to be configured. What it does not name is left alone.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// Connections.
    pub connections: Vec<ConnectionDraft>,
    /// Hosts.
    pub hosts: Vec<HostDraft>,
    /// Event types; the hosts and connections they name are here or already stored.
    pub event_types: Vec<EventTypeDraft>,
    /// Booking sources.
    pub sources: Vec<SourceDraft>,
}

/// A sealed secret.
#[derive(Debug, Clone)]
pub struct SealedSecret {
    /// The entry of the configuration that it belongs to, such as `sources.calcom`.
    pub entry: String,
    /// Where it is sealed for.
    pub place: String,
    /// The secret, encrypted.
    pub sealed: Vec<u8>,
}

impl Store {
    /// Every sealed secret that the configuration brought.
    pub async fn sealed_secrets(&self) -> Result<Vec<SealedSecret>, StoreError> {
        type Rows = Vec<(String, String, Vec<u8>)>;
        let connections: Rows =
            sql("SELECT id, key, client_secret FROM connection ORDER BY key").all(&self.read).await?;
        let sources: Rows = sql("SELECT id, key, secret FROM source ORDER BY key").all(&self.read).await?;
        let of_connections = connections.into_iter().map(|(id, key, sealed)| SealedSecret {
            entry: format!("connections.{key}"),
            place: Connection::secret_place(&id),
            sealed,
        });
        let of_sources = sources.into_iter().map(|(id, key, sealed)| SealedSecret {
            entry: format!("sources.{key}"),
            place: Source::secret_place(&id),
            sealed,
        });
        Ok(of_connections.chain(of_sources).collect())
    }

    /// Writes a configuration.
    pub async fn configure(&self, vault: &Vault, new: &Configuration, now: Timestamp) -> Result<(), PutError> {
        let mut tx = self.begin().await?;
        for draft in &new.connections {
            connections::put(&mut tx, vault, draft, now).await?;
        }
        for draft in &new.hosts {
            hosts::put(&mut tx, draft, now).await?;
        }
        event_types::free_slugs(&mut tx, &new.event_types).await?;
        for draft in &new.event_types {
            event_types::put(&mut tx, draft, now).await?;
        }
        for draft in &new.sources {
            sources::put(&mut tx, vault, draft, now).await?;
        }
        outbox::catch_up(&mut tx, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
