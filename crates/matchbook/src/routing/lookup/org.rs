//! What an org looks like to its connection's user: as it was described lately, else as it is described now.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ask::RecordId;
use domain::org_shape::OrgShape;
use jiff::SignedDuration;

use super::{Lookup, Lookups, Unasked, could_not, failed, rests};
use crate::crm::{classify, org_shapes};
use crate::routing::Asker;
use crate::store::{Connection, StoreError};

/// Why it is not known what an org looks like.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShapeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The org could not be asked; why, as a part of a sentence.
    #[error("{0}")]
    NotAsked(String),
}

/// Nothing that was known before is as it is now.
const NOW: SignedDuration = SignedDuration::from_micros(-1);

impl Lookups {
    /// The org of a connection, described no longer ago than that; for somebody who is signed in, so that a look at the org
    /// takes from what is kept for syncs. It takes as long as a call may take, since no booker waits for it.
    pub(crate) async fn shape(
        self: &Arc<Self>,
        connection: Connection,
        no_older_than: SignedDuration,
    ) -> Result<OrgShape, ShapeError> {
        let now = self.engine.clock.now();
        if let Some(known) = self.engine.known_shape(&connection.id, no_older_than).await? {
            return Ok(known);
        }
        if let Some(why) = rests(&connection, now) {
            return Err(ShapeError::NotAsked(why));
        }
        // In a task of its own: a caller who hangs up must not break a renewal of access off.
        let lookups = Arc::clone(self);
        let task = tokio::spawn(async move { lookups.described(&connection, no_older_than).await });
        task.await.unwrap_or_else(|broken| {
            tracing::error!(%broken, "a describe broke off");
            Err(ShapeError::NotAsked("describing the org broke off".into()))
        })
    }

    /// Asks whether users whom settings name are active, as far as the org can be asked now, and in time: whoever activated them looks
    /// again soon.
    pub(crate) async fn look_at_users(
        self: &Arc<Self>,
        connection: Connection,
        users: BTreeSet<RecordId>,
    ) -> Result<(), StoreError> {
        if users.is_empty() || rests(&connection, self.engine.clock.now()).is_some() {
            return Ok(());
        }
        let lookups = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut lookup = lookups.begin(&connection, Asker::SignedIn).await?;
            let asked = lookup.inactive_of(users, NOW).await;
            lookups.end(lookup).await?;
            match asked {
                Err(Unasked::Store(error)) => Err(error),
                Err(Unasked::Failed(_)) | Ok(_) => Ok(()),
            }
        });
        match tokio::time::timeout(self.deadline, task).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn described(&self, connection: &Connection, no_older_than: SignedDuration) -> Result<OrgShape, ShapeError> {
        let mut lookup = self.begin(connection, Asker::SignedIn).await?;
        let shape = lookup.shape(no_older_than).await;
        self.end(lookup).await?;
        shape.map_err(|error| match error {
            Unasked::Store(error) => ShapeError::Store(error),
            Unasked::Failed(failure) => ShapeError::NotAsked(could_not(&failure)),
        })
    }
}

impl Lookup<'_> {
    /// The org as it was described, if that is no longer ago, else as it is described now.
    pub(super) async fn shape(&mut self, no_older_than: SignedDuration) -> Result<OrgShape, Unasked> {
        let engine = &self.lookups.engine;
        if let Some(known) = engine.known_shape(&self.connection.id, no_older_than).await? {
            return Ok(known);
        }
        let request = org_shapes::request().map_err(|e| failed("UNSENDABLE", e.to_string()))?;
        let answer = self.composite(&request).await?;
        let shapes =
            org_shapes::read(&answer).map_err(|refusal| Unasked::Failed(classify::lookup_failure(&refusal)))?;
        engine.keep_shapes(&self.connection.id, shapes).await?;
        let known = engine.known_shape(&self.connection.id, no_older_than).await?;
        known.ok_or_else(|| failed("UNREADABLE", "what Salesforce described could not be kept"))
    }
}
