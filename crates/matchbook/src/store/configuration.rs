//! The configuration as a whole: written in one transaction, or not at all.

use jiff::Timestamp;

use super::connections::{self, ConnectionDraft, PutError};
use super::event_types::{self, EventTypeDraft};
use super::hosts::{self, HostDraft};
use super::sources::{self, SourceDraft};
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
    /// Writes a configuration.
    pub async fn configure(&self, vault: &Vault, new: &Configuration, now: Timestamp) -> Result<(), PutError> {
        let mut tx = self.begin().await?;
        for draft in &new.connections {
            connections::put(&mut tx, vault, draft, now).await?;
        }
        for draft in &new.hosts {
            hosts::put(&mut tx, draft, now).await?;
        }
        for draft in &new.event_types {
            event_types::put(&mut tx, draft, now).await?;
        }
        for draft in &new.sources {
            sources::put(&mut tx, vault, draft, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}
