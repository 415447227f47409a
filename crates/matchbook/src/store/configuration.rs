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

impl Store {
    /// One of the sealed secrets, if there is any, with the place it is sealed for.
    pub async fn a_sealed_secret(&self) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let connection: Option<(String, Vec<u8>)> =
            sql("SELECT id, client_secret FROM connection ORDER BY id LIMIT 1").optional(&self.read).await?;
        if let Some((id, sealed)) = connection {
            return Ok(Some((Connection::secret_place(&id), sealed)));
        }
        let source: Option<(String, Vec<u8>)> =
            sql("SELECT id, secret FROM source ORDER BY id LIMIT 1").optional(&self.read).await?;
        Ok(source.map(|(id, sealed)| (Source::secret_place(&id), sealed)))
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
