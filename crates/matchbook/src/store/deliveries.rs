//! Signed deliveries, kept raw (spec 10).

use domain::booking::PartialChange;
use jiff::Timestamp;

use super::database::{sql, sql_from_parts};
use super::{NewPartial, Store, StoreError, Tx, from_json, instant, json, micros};
use crate::clock::new_id;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Its booking is recorded.
    Applied,
    /// It says nothing that concerns Salesforce.
    Ignored,
    /// It cannot be applied yet.
    NeedsAttention,
    /// A person said that it needs no attention.
    Dismissed,
}

impl DeliveryState {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Applied => "applied",
            DeliveryState::Ignored => "ignored",
            DeliveryState::NeedsAttention => "needs_attention",
            DeliveryState::Dismissed => "dismissed",
        }
    }
}

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its source's id.
    pub source_id: String,
    /// Two deliveries with one key are one delivery.
    pub idempotency_key: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// A stored delivery that waits to be applied.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// Its id.
    pub id: String,
    /// Its source's id.
    pub source_id: String,
    /// Its source's kind.
    pub source_kind: String,
    /// Its source's name.
    pub source_name: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it could not be applied.
    pub reason: Option<String>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Store {
    /// Deliveries that need attention, oldest first, at most `limit`.
    pub async fn waiting_deliveries(&self, limit: i64) -> Result<Vec<DeliveryRow>, StoreError> {
        let text = format!("{SELECT} WHERE d.state = 'needs_attention' ORDER BY d.received_at LIMIT $1");
        let rows: Vec<Row> = sql_from_parts(text).bind(limit).all(&self.read).await?;
        rows.into_iter().map(delivery_row).collect()
    }

    /// A delivery that was not applied yet, dismissed or not.
    pub async fn unapplied_delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
        let text = format!("{SELECT} WHERE d.id = $1 AND d.state IN ('needs_attention', 'dismissed')");
        let row: Option<Row> = sql_from_parts(text).bind(id).optional(&self.read).await?;
        row.map(delivery_row).transpose()
    }
}

const SELECT: &str = "SELECT d.id, s.id, s.kind, s.name, d.received_at, d.reason, d.body
    FROM delivery d JOIN source s ON s.id = d.source_id";

type Row = (String, String, String, String, i64, Option<String>, Vec<u8>);

fn delivery_row(row: Row) -> Result<DeliveryRow, StoreError> {
    let (id, source_id, source_kind, source_name, received_at, reason, body) = row;
    let received_at = instant(received_at)?;
    Ok(DeliveryRow { id, source_id, source_kind, source_name, received_at, reason, body })
}

/// Stores a delivery and gives its id; `None` says that the same delivery is already stored.
async fn insert(tx: &mut Tx, new: &NewDelivery) -> Result<Option<String>, StoreError> {
    let id = new_id("dlv");
    let stored = sql("INSERT INTO delivery (id, source_id, received_at, idempotency_key, body, state)
         VALUES ($1, $2, $3, $4, $5, 'needs_attention') ON CONFLICT (source_id, idempotency_key) DO NOTHING")
    .bind(&id)
    .bind(&new.source_id)
    .bind(micros(new.received_at))
    .bind(&new.idempotency_key)
    .bind(&new.body)
    .run(&mut *tx)
    .await?;
    Ok((stored == 1).then_some(id))
}

/// The booking of the delivery of this key that came earlier, if it had one.
async fn earlier(tx: &mut Tx, new: &NewDelivery) -> Result<Option<String>, StoreError> {
    let (booking_id,): (Option<String>,) =
        sql("SELECT booking_id FROM delivery WHERE source_id = $1 AND idempotency_key = $2")
            .bind(&new.source_id)
            .bind(&new.idempotency_key)
            .one(&mut *tx)
            .await?;
    Ok(booking_id)
}

/// Notes what became of a delivery.
async fn settle(
    tx: &mut Tx,
    id: &str,
    state: DeliveryState,
    reason: Option<&str>,
    booking_id: Option<&str>,
) -> Result<(), StoreError> {
    sql("UPDATE delivery SET state = $2, reason = $3, booking_id = $4 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .bind(reason)
        .bind(booking_id)
        .run(&mut *tx)
        .await?;
    Ok(())
}

/// What storing a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Its booking is recorded.
    Applied(String),
    /// It told nothing new of its booking.
    Known(String),
    /// The same delivery came before; this is its booking, if it had one.
    Repeated(Option<String>),
    /// Stored; it says nothing that concerns Salesforce.
    Ignored,
    /// Stored; it cannot be applied yet, for this reason.
    NeedsAttention(String),
}

/// What reading a delivery's body came to.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// A change to record.
    Change(Box<super::NewChange>),
    /// A partial change of a booking; it waits until that is known.
    Partial(NewPartial),
    /// Nothing that concerns Salesforce, for this reason.
    Nothing(String),
    /// It cannot be understood, for this reason.
    Unreadable(String),
}

impl Store {
    /// Tries a waiting delivery again.
    pub(crate) async fn receive_again(
        &self,
        id: &str,
        reading: Reading,
        now: Timestamp,
    ) -> Result<Receipt, StoreError> {
        let mut tx = self.begin().await?;
        let receipt = apply(&mut tx, id, reading, now).await?;
        if let Receipt::Applied(booking) | Receipt::Known(booking) = &receipt {
            settle_early(&mut tx, id, booking).await?;
        }
        tx.commit().await?;
        Ok(receipt)
    }
}

/// Stores a delivery raw, and in the same transaction what it was read as. A booking that was only shown, with nothing new
/// to tell, is not kept.
pub(super) async fn store(tx: &mut Tx, new: &NewDelivery, reading: Reading) -> Result<Receipt, StoreError> {
    match insert(tx, new).await? {
        Some(id) => match apply(tx, &id, reading, new.received_at).await? {
            Receipt::Known(booking) => {
                sql("DELETE FROM delivery WHERE id = $1").bind(&id).run(tx).await?;
                Ok(Receipt::Known(booking))
            }
            receipt => Ok(receipt),
        },
        None => Ok(Receipt::Repeated(earlier(tx, new).await?)),
    }
}

async fn apply(tx: &mut Tx, id: &str, reading: Reading, now: Timestamp) -> Result<Receipt, StoreError> {
    let receipt = match reading {
        Reading::Change(new) => {
            let slug = new.event_type_slug.clone();
            let is_told = new.told == super::Told::Happened;
            match super::booking_changes::record_change(tx, *new, now).await? {
                super::RecordedChange::Recorded(booking) => Receipt::Applied(booking.0),
                super::RecordedChange::Known(booking) if is_told => Receipt::Applied(booking.0),
                super::RecordedChange::Known(booking) => Receipt::Known(booking.0),
                super::RecordedChange::UnknownEventType => Receipt::NeedsAttention(format!(
                    "No event type here has the slug \"{slug}\". Add one with this slug, and the booking is applied."
                )),
            }
        }
        Reading::Partial(partial) => {
            match super::booking_changes::record_partial(tx, &partial.identity, &partial.change, now).await? {
                Some(booking) => Receipt::Applied(booking.0),
                None => {
                    keep_early(tx, id, &partial).await?;
                    let missing = partial.missing;
                    Receipt::NeedsAttention(format!("No booking is known by this uid or iCalUID. {missing}"))
                }
            }
        }
        Reading::Nothing(reason) => {
            settle(tx, id, DeliveryState::Ignored, Some(&reason), None).await?;
            return Ok(Receipt::Ignored);
        }
        Reading::Unreadable(reason) => Receipt::NeedsAttention(reason),
    };
    if let Receipt::Applied(booking) | Receipt::Known(booking) = &receipt {
        settle(tx, id, DeliveryState::Applied, None, Some(booking)).await?;
    } else if let Receipt::NeedsAttention(reason) = &receipt {
        settle(tx, id, DeliveryState::NeedsAttention, Some(reason), None).await?;
    }
    Ok(receipt)
}

/// Keeps a partial change by its booking's names, to be applied in the transaction that brings the booking.
async fn keep_early(tx: &mut Tx, delivery_id: &str, partial: &NewPartial) -> Result<(), StoreError> {
    let NewPartial { identity, change, .. } = partial;
    sql("INSERT INTO early_change (delivery_id, source_id, uid, ical_uid, change) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (delivery_id) DO NOTHING")
    .bind(delivery_id)
    .bind(&identity.source_id)
    .bind(&identity.uid)
    .bind(&identity.ical_uid)
    .bind(json(change))
    .run(tx)
    .await?;
    Ok(())
}

/// The partial changes that came before their booking, which by now has this id; each with its delivery.
pub(crate) async fn early_changes(tx: &mut Tx, booking_id: &str) -> Result<Vec<(String, PartialChange)>, StoreError> {
    let rows: Vec<(String, String)> = sql("SELECT e.delivery_id, e.change FROM early_change e
             JOIN booking_uid u ON u.source_id = e.source_id AND u.uid = e.uid
             JOIN delivery d ON d.id = e.delivery_id AND d.state = 'needs_attention'
             WHERE u.booking_id = $1
         UNION
         SELECT e.delivery_id, e.change FROM early_change e
             JOIN booking b ON b.source_id = e.source_id AND b.ical_uid = e.ical_uid
             JOIN delivery d ON d.id = e.delivery_id AND d.state = 'needs_attention'
             WHERE b.id = $1")
    .bind(booking_id)
    .all(tx)
    .await?;
    rows.into_iter().map(|(id, change)| Ok((id, from_json("an early change", &change)?))).collect()
}

/// An early change is applied.
pub(crate) async fn settle_early(tx: &mut Tx, delivery_id: &str, booking_id: &str) -> Result<(), StoreError> {
    sql("DELETE FROM early_change WHERE delivery_id = $1").bind(delivery_id).run(&mut *tx).await?;
    settle(tx, delivery_id, DeliveryState::Applied, None, Some(booking_id)).await
}
