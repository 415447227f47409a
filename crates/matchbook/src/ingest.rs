//! Deliveries of booking sources: checked, stored raw, read, applied.

use std::ops::RangeInclusive;

use http::HeaderMap;
use jiff::Timestamp;

use crate::app::App;
use crate::secrets::VaultError;
use crate::sources::{self, BadSignature, Content, SourceKind};
use crate::store::{
    BookingIdentity, DeliveryRow, NewChange, NewDelivery, NewPartial, Reading, Receipt, Source, Store, StoreError, Told,
};

/// How long the note of a dismissed delivery may be, in characters.
pub const DISMISSAL_NOTE: RangeInclusive<usize> = 1..=500;

/// What came of a delivery.
#[derive(Debug)]
pub enum Received {
    /// It is stored.
    Stored(Receipt),
    /// No source has this key.
    UnknownSource,
    /// Its signature is missing or wrong; nothing is stored.
    Refused(BadSignature),
}

/// Why a delivery could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The encryption key does not open the source's secret.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The source is of a kind that this version does not know.
    #[error("the source {key} is of the kind {kind}, which this version does not know")]
    UnknownKind {
        /// The source.
        key: String,
        /// Its kind.
        kind: String,
    },
}

/// Takes a delivery to the source of this key.
pub async fn receive(app: &App, source_key: &str, headers: &HeaderMap, body: &[u8]) -> Result<Received, IngestError> {
    let Some(source) = app.store.source(source_key).await? else { return Ok(Received::UnknownSource) };
    let kind = kind_of(&source)?;
    let secret = app.vault.open(&Source::secret_place(&source.id), &source.sealed_secret)?;
    if let Err(refused) = (kind.verify)(headers, body, &secret) {
        tracing::warn!(source = source_key, reason = refused.0, "a delivery was refused");
        return Ok(Received::Refused(refused));
    }
    let received_at = app.clock.now();
    let (idempotency_key, reading) = read(kind, &source.id, body, received_at);
    let new = NewDelivery { source_id: source.id, idempotency_key, body: body.to_vec(), received_at };
    let receipt = app.store.receive(new, reading).await?;
    if let Receipt::Applied(_) = receipt {
        app.engine.wake();
    }
    Ok(Received::Stored(receipt))
}

/// Takes a booking that a source showed when asked. What it tells that is known already leaves no trace.
pub(crate) async fn receive_shown(
    store: &Store,
    kind: &SourceKind,
    source_id: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Receipt, StoreError> {
    match read(kind, source_id, body, now) {
        (_, Reading::Nothing(_)) => Ok(Receipt::Repeated(None)),
        (idempotency_key, reading) => {
            let source_id = source_id.to_owned();
            store
                .receive(NewDelivery { source_id, idempotency_key, body: body.to_vec(), received_at: now }, reading)
                .await
        }
    }
}

/// Tries the deliveries that wait, as after a change of the configuration; gives how many were applied.
pub async fn apply_waiting(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    const BATCH: i64 = 10_000;
    let mut applied = 0;
    for delivery in store.waiting_deliveries(BATCH).await? {
        applied += usize::from(try_again(store, &delivery, now).await?);
    }
    Ok(applied)
}

/// Tries one delivery that was not applied yet, dismissed or not; gives whether it was now.
pub async fn apply_one(store: &Store, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    match store.unapplied_delivery(id).await? {
        Some(delivery) => try_again(store, &delivery, now).await,
        None => Ok(false),
    }
}

async fn try_again(store: &Store, delivery: &DeliveryRow, now: Timestamp) -> Result<bool, StoreError> {
    let Some(kind) = sources::kind(&delivery.source_kind) else { return Ok(false) };
    let (_, reading) = read(kind, &delivery.source_id, &delivery.body, delivery.received_at);
    let receipt = store.receive_again(&delivery.id, reading, now).await?;
    Ok(matches!(receipt, Receipt::Applied(_) | Receipt::Known(_)))
}

fn kind_of(source: &Source) -> Result<&'static SourceKind, IngestError> {
    sources::kind(&source.kind)
        .ok_or_else(|| IngestError::UnknownKind { key: source.key.clone(), kind: source.kind.clone() })
}

fn read(kind: &SourceKind, source_id: &str, body: &[u8], received_at: Timestamp) -> (String, Reading) {
    match (kind.read)(body, received_at) {
        Ok(delivery) => {
            let reading = match delivery.content {
                Content::Change(change) => Reading::Change(Box::new(new_change(source_id, *change, Told::Happened))),
                Content::Shown(shown) => {
                    Reading::Change(Box::new(new_change(source_id, shown.change, Told::Shown(shown.absent))))
                }
                Content::Partial(partial) => Reading::Partial(new_partial(source_id, partial)),
                Content::Ignored { reason } => Reading::Nothing(reason),
            };
            (delivery.idempotency_key, reading)
        }
        Err(unreadable) => (unreadable.idempotency_key, Reading::Unreadable(unreadable.message)),
    }
}

fn new_change(source_id: &str, change: sources::SourceChange, told: Told) -> NewChange {
    NewChange {
        identity: Some(identity(source_id, change.identity)),
        event_type_slug: change.event_type_slug,
        change: change.change,
        made_at: change.made_at,
        decision: change.decision,
        told,
    }
}

fn new_partial(source_id: &str, partial: sources::PartialDelivery) -> NewPartial {
    let sources::PartialDelivery { identity: names, change, missing } = partial;
    NewPartial { identity: identity(source_id, names), change, missing }
}

fn identity(source_id: &str, names: sources::BookingIdentity) -> BookingIdentity {
    let sources::BookingIdentity { uid, ical_uid, previous_uid } = names;
    BookingIdentity { source_id: source_id.to_owned(), uid, ical_uid, previous_uid }
}
