//! Changes of bookings as sources and our own API bring them: each becomes what is wanted, with the sync that it needs.

use domain::booking::{
    Booking, BookingChange, BookingId, BookingStatus, ChangeKind, Marks, NoShowChange, PartialChange, RecordedBooking,
    apply_change, apply_partial, apply_shown,
};
use jiff::Timestamp;

use super::booking_names::{self, BookingIdentity};
use super::bookings::{KnownBooking, by_id, insert, update};
use super::database::sql;
use super::decision_joins::{self, Brought};
use super::{StoreError, Tx, deliveries, event_types, outbox};
use crate::clock::new_id;

/// A change to be recorded.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// How the source names the booking; none for bookings made by our own API.
    pub identity: Option<BookingIdentity>,
    /// The slug of its event type.
    pub event_type_slug: String,
    /// The change.
    pub change: BookingChange,
    /// When the booking was made, by its source's clock.
    pub made_at: Timestamp,
    /// The routing decision that it names.
    pub decision: Option<String>,
    /// How it is known.
    pub told: Told,
}

/// How a change is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It happened, and somebody told us.
    Happened,
    /// The booking was shown as it is when its source was asked, with who is marked as a no-show.
    Shown(NoShowChange),
}

/// A change that says little more than which booking.
#[derive(Debug, Clone)]
pub struct NewPartial {
    /// How the source names the booking.
    pub identity: BookingIdentity,
    /// What happened to it.
    pub change: PartialChange,
    /// What it lacks, or what it waits for, in a sentence.
    pub missing: String,
}

/// What recording a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedChange {
    /// The booking is now as the change says.
    Recorded(BookingId),
    /// It told nothing new of the booking.
    Known(BookingId),
    /// No event type has that slug.
    UnknownEventType,
}

/// Records a change and the sync it needs. Called inside the caller's transaction.
pub(crate) async fn record_change(tx: &mut Tx, new: NewChange, now: Timestamp) -> Result<RecordedChange, StoreError> {
    let known = match &new.identity {
        Some(identity) => {
            booking_names::one_at_a_time(tx, identity).await?;
            let found = booking_names::find(tx, identity).await?;
            merge(tx, found, identity, now).await?
        }
        None => None,
    };
    // A known booking stays of its event type, whatever that is called at the source by now.
    let target = match &known {
        Some(known) => Some(event_types::of_booking(tx, &known.id).await?),
        None => event_types::by_slug(tx, &new.event_type_slug).await?,
    };
    let Some(target) = target else { return Ok(RecordedChange::UnknownEventType) };
    let id = known.as_ref().map_or_else(|| new_id("bkg"), |k| k.id.clone());
    let recorded = known.as_ref().map(|k| &k.recorded);
    let made_at = new.made_at;
    let changed = match &new.told {
        Told::Happened => apply_change(recorded, new.change),
        Told::Shown(absent) => apply_shown(recorded, new.change, absent),
    };
    let is_news = changed.is_some();
    if let Some(changed) = &changed {
        match &known {
            Some(known) => update(tx, &known.id, changed, now).await?,
            None => insert(tx, &id, &target, new.identity.as_ref(), changed, now).await?,
        }
        let version = known.as_ref().map_or(1, |k| k.version + 1);
        if let Some(connection_id) = &target.connection_id {
            outbox::enqueue(tx, &id, connection_id, &changed.booking, version, now).await?;
        }
    }
    if let Some(identity) = &new.identity {
        booking_names::remember_uids(tx, &id, identity).await?;
        if known.is_some() {
            booking_names::remember_ical_uid(tx, &id, identity).await?;
        }
        if let Some(recorded) = changed.as_ref().or(recorded) {
            let decision = new.decision.as_deref();
            let brought = Brought { id: &id, is_new: known.is_none(), recorded, decision, made_at };
            decision_joins::join(tx, &target.event_type_id, &brought, now).await?;
        }
        record_early(tx, &id, now).await?;
    }
    Ok(if is_news { RecordedChange::Recorded(BookingId(id)) } else { RecordedChange::Known(BookingId(id)) })
}

/// Records a partial change of the booking of these names, with the sync it needs; none if it is not known. Called inside the
/// caller's transaction.
pub(crate) async fn record_partial(
    tx: &mut Tx,
    identity: &BookingIdentity,
    change: &PartialChange,
    now: Timestamp,
) -> Result<Option<BookingId>, StoreError> {
    booking_names::one_at_a_time(tx, identity).await?;
    let found = booking_names::find(tx, identity).await?;
    let Some(known) = merge(tx, found, identity, now).await? else { return Ok(None) };
    record_partial_of(tx, &known, change, now).await?;
    booking_names::remember_uids(tx, &known.id, identity).await?;
    booking_names::remember_ical_uid(tx, &known.id, identity).await?;
    record_early(tx, &known.id, now).await?;
    Ok(Some(BookingId(known.id)))
}

async fn record_partial_of(
    tx: &mut Tx,
    known: &KnownBooking,
    change: &PartialChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(changed) = apply_partial(&known.recorded, change) else { return Ok(()) };
    update(tx, &known.id, &changed, now).await?;
    if let Some(connection_id) = event_types::of_booking(tx, &known.id).await?.connection_id {
        outbox::enqueue(tx, &known.id, &connection_id, &changed.booking, known.version + 1, now).await?;
    }
    Ok(())
}

/// Records the partial changes that came before their booking, now that it is known.
async fn record_early(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    for (delivery_id, change) in deliveries::early_changes(tx, id).await? {
        let Some(known) = by_id(tx, id).await? else { continue };
        record_partial_of(tx, &known, &change, now).await?;
        deliveries::settle_early(tx, &delivery_id, id).await?;
    }
    Ok(())
}

/// One booking from those that a change's names prove to be one (spec 10): the oldest takes over the latest word and all
/// names; the others are called off, so that their Events go.
async fn merge(
    tx: &mut Tx,
    found: Vec<KnownBooking>,
    identity: &BookingIdentity,
    now: Timestamp,
) -> Result<Option<KnownBooking>, StoreError> {
    let mut found = found.into_iter();
    let Some(mut kept) = found.next() else { return Ok(None) };
    for other in found {
        let latest = |k: &KnownBooking| (k.recorded.changed_at, k.recorded.changed_by);
        let called_off = called_off(&other.recorded, &kept.id);
        let marks = kept.recorded.marks.merged(&other.recorded.marks);
        let newer = if latest(&other) > latest(&kept) { other.recorded.clone() } else { kept.recorded.clone() };
        let both = RecordedBooking { marks, ..newer };
        if both != kept.recorded {
            update(tx, &kept.id, &both, now).await?;
            kept = KnownBooking { version: kept.version + 1, recorded: both, id: kept.id };
            outbox::enqueue_again(tx, &kept.id, &kept.recorded.booking, kept.version, now).await?;
        }
        update(tx, &other.id, &called_off, now).await?;
        outbox::enqueue_again(tx, &other.id, &called_off.booking, other.version + 1, now).await?;
        sql("UPDATE booking_uid SET booking_id = $2 WHERE booking_id = $1")
            .bind(&other.id)
            .bind(&kept.id)
            .run(&mut *tx)
            .await?;
        sql("UPDATE booking SET ical_uid = NULL WHERE id = $1").bind(&other.id).run(&mut *tx).await?;
        decision_joins::pass_on(tx, &other.id, &kept.id, &kept.recorded, now).await?;
        tracing::info!(kept = kept.id, merged = other.id, uid = identity.uid, "two bookings proved to be one");
    }
    Ok(Some(kept))
}

/// A booking that proved to be another one. Its own time stays before any end, so that its Event is not kept as a past one.
fn called_off(recorded: &RecordedBooking, kept: &str) -> RecordedBooking {
    let booking = Booking {
        status: BookingStatus::Cancelled,
        cancel_reason: Some(format!("This proved to be the booking {kept}, which goes on in its place.")),
        ..recorded.booking.clone()
    };
    let marks = Marks { is_another: true, ..recorded.marks.clone() };
    RecordedBooking { booking, marks, changed_by: ChangeKind::Cancelled, ..recorded.clone() }
}
