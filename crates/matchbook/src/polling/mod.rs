//! Asking sources for what their deliveries should have told: deliveries can be lost (spec 10). Each source is asked by one
//! instance at a time, and what it shows goes the way of deliveries.

mod network;
mod source_api;

use std::sync::Arc;
use std::time::Duration;

use domain::backoff;
use domain::sync_outcome::ErrorClass;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use network::Reach;
use source_api::{ApiError, SourceApi};

use crate::app::App;
use crate::clock::new_id;
use crate::error_chain::chain;
use crate::ingest;
use crate::secrets::VaultError;
use crate::sources::{self, SourceKind};
use crate::store::{ClaimedPoll, PollFound, Receipt, Source, StoreError};

/// How far behind a poll stays: a delivery on its way says more than what is shown.
const BEHIND: SignedDuration = SignedDuration::from_mins(2);

/// How far a poll looks back beyond the one before: the source's clock may be another.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// More pages than any source has; an API that goes on and on is broken.
const MOST_PAGES: usize = 10_000;

/// The longest sleep: another process may have configured a source.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The shortest sleep.
const SHORTEST_SLEEP: Duration = Duration::from_millis(500);

/// Asks sources, one a step.
#[derive(Debug)]
pub struct Poller {
    app: Arc<App>,
    reach: Reach,
    name: String,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// It asked a source.
    Asked,
    /// No source was due; the next is due then, if any is to be asked.
    Idle(Option<Timestamp>),
}

/// Why a poll broke off.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("another instance asks it")]
    LeaseLost,
    #[error("it is of the kind {0}, which this version does not know")]
    UnknownKind(String),
    #[error("its answers never end")]
    Endless,
    #[error("its answer cannot be read: {0}; look whether api_url is the address of its API")]
    Unreadable(String),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Poller {
    /// One that reaches what is allowed to it.
    pub fn new(app: Arc<App>, reach: Reach) -> Self {
        Poller { app, reach, name: new_id("pol") }
    }

    /// Asks the source that has been due longest.
    pub async fn step(&self) -> Result<Polled, StoreError> {
        let App { store, clock, .. } = self.app.as_ref();
        let Some(claimed) = store.claim_poll(&self.name, clock.now()).await? else {
            return Ok(Polled::Idle(store.next_poll().await?));
        };
        let (source, polled_to) = (&claimed.source_key, clock.now() - BEHIND);
        match self.ask(&claimed, polled_to).await {
            Ok(found) => {
                store.finish_poll(&claimed, &self.name, polled_to, found, clock.now()).await?;
                tracing::info!(source, seen = found.seen, changed = found.changed, waiting = found.waiting, "polled");
            }
            Err(PollError::Store(error)) => {
                store.free_polls(&self.name).await?;
                return Err(error);
            }
            Err(PollError::LeaseLost) => tracing::warn!(source, "another instance has taken this poll over"),
            Err(error) => {
                let trouble = chain(&error);
                tracing::warn!(source, error = trouble, "a poll failed; it is tried again");
                self.fail(&claimed, &error, &trouble).await?;
            }
        }
        Ok(Polled::Asked)
    }

    async fn fail(&self, claimed: &ClaimedPoll, error: &PollError, trouble: &str) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let (class, retry_after) = match error {
            PollError::Api(error) => (error.class(), error.retry_after()),
            _ => (ErrorClass::Auth, None),
        };
        let wait = backoff::wait(class, claimed.failures.saturating_add(1), retry_after, 0.5).unwrap_or(claimed.every);
        self.app.store.fail_poll(&claimed.source_id, &self.name, trouble, now + wait, now).await
    }

    async fn ask(&self, claimed: &ClaimedPoll, polled_to: Timestamp) -> Result<PollFound, PollError> {
        let kind = sources::kind(&claimed.source_kind);
        let kind = kind.ok_or_else(|| PollError::UnknownKind(claimed.source_kind.clone()))?;
        let key = self.app.vault.open(&Source::api_key_place(&claimed.source_id), &claimed.sealed_key)?;
        let api = SourceApi::reach(&claimed.api_url, key, kind.polling.headers, self.reach).await?;
        let since = claimed.polled_to - OVERLAP;
        let (mut found, mut skip) = (PollFound::default(), 0);
        for _ in 0..MOST_PAGES {
            let body = api.get(&(kind.polling.path)(since, skip)).await?;
            let page = (kind.polling.read)(&body).map_err(PollError::Unreadable)?;
            for shown in &page.bookings {
                if !shown.moved && shown.updated_at.is_none_or(|at| at <= polled_to) {
                    self.take(kind, claimed, &shown.body, &mut found).await?;
                }
            }
            if !page.more || page.bookings.is_empty() {
                return Ok(found);
            }
            skip += page.bookings.len();
            if !self.app.store.keep_poll(&claimed.source_id, &self.name, self.app.clock.now()).await? {
                return Err(PollError::LeaseLost);
            }
        }
        Err(PollError::Endless)
    }

    async fn take(
        &self,
        kind: &SourceKind,
        claimed: &ClaimedPoll,
        body: &[u8],
        found: &mut PollFound,
    ) -> Result<(), StoreError> {
        let App { store, clock, engine, .. } = self.app.as_ref();
        found.seen += 1;
        match ingest::receive_shown(store, kind, &claimed.source_id, body, clock.now()).await? {
            Receipt::Applied(_) => {
                found.changed += 1;
                engine.wake();
            }
            Receipt::NeedsAttention(_) => found.waiting += 1,
            Receipt::Known(_) | Receipt::Repeated(_) | Receipt::Ignored => {}
        }
        Ok(())
    }
}

/// Polls that go on until stopped.
#[derive(Debug)]
pub struct Polling {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Polling {
    /// Starts asking.
    pub fn start(poller: Poller) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(poll_on(poller, stop.clone()));
        Polling { task, stop }
    }

    /// Ends at once: a poll that is broken off is made again.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(error = chain(&error), "the polls broke off");
        }
    }
}

async fn poll_on(poller: Poller, stop: CancellationToken) {
    let poller = Arc::new(poller);
    while !stop.is_cancelled() {
        // A task of its own: a panic in one poll must not end all.
        let its = Arc::clone(&poller);
        let mut stepping = tokio::spawn(async move { its.step().await });
        let stepped = tokio::select! {
            () = stop.cancelled() => {
                stepping.abort();
                _ = stepping.await;
                break;
            }
            stepped = &mut stepping => stepped,
        };
        let pause = match stepped {
            Ok(Ok(Polled::Asked)) => continue,
            Ok(Ok(Polled::Idle(due))) => until(due, poller.app.clock.now()),
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "polls could not use the database");
                LONGEST_SLEEP
            }
            Err(panicked) => {
                tracing::error!(error = chain(&panicked), "a poll broke off; it is made again later");
                LONGEST_SLEEP
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    if let Err(error) = poller.app.store.free_polls(&poller.name).await {
        tracing::error!(error = chain(&error), "a poll could not be given back; it waits for its lease");
    }
}

fn until(due: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
    wait.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}
