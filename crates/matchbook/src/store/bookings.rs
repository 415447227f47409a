//! Bookings: what is wanted now, and under which uids their source knows them.

use std::collections::BTreeSet;

use domain::booking::{
    Booking, BookingChange, BookingId, BookingStatus, ChangeKind, Marks, NoShowChange, PartialChange, RecordedBooking,
    apply_change, apply_partial, apply_shown,
};
use domain::email_domain::EmailAddress;
use jiff::Timestamp;

use super::database::{Sql, sql, sql_from_parts};
use super::event_types::SyncTarget;
use super::{
    Store, StoreError, SyncState, Tx, deliveries, event_types, from_json, instant, json, micros, outbox, rotation,
    routing_decisions,
};
use crate::clock::new_id;

/// How a source names a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingIdentity {
    /// The source's id.
    pub source_id: String,
    /// The uid of this change; a reschedule brings a new one.
    pub uid: String,
    /// The iCalUID, which stays the same for the life of the booking.
    pub ical_uid: Option<String>,
    /// The uid before a reschedule.
    pub previous_uid: Option<String>,
}

/// A change to be recorded.
#[derive(Debug, Clone)]
pub struct NewChange {
    /// How the source names the booking; none for bookings made by our own API.
    pub identity: Option<BookingIdentity>,
    /// The slug of its event type.
    pub event_type_slug: String,
    /// The change.
    pub change: BookingChange,
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

/// A booking with what is needed to show it.
#[derive(Debug, Clone)]
pub struct BookingRow {
    /// Its id.
    pub id: BookingId,
    /// Its event type's title.
    pub event_type: String,
    /// Its event type's slug.
    pub event_type_slug: String,
    /// Its source's name; none for our own API.
    pub source: Option<String>,
    /// What is wanted now.
    pub booking: Booking,
    /// Whether the attendee did not come; none while nobody has said so.
    pub no_show: Option<bool>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was first recorded.
    pub created_at: Timestamp,
    /// When its latest change was recorded.
    pub updated_at: Timestamp,
    /// How its sync stands; none where its event type is not synced.
    pub sync: Option<SyncState>,
}

pub(super) const SELECT: &str = "SELECT b.id, e.title, e.slug, s.name, b.wanted, b.version, b.created_at, b.updated_at,
    o.state, CASE WHEN o.state = 'waiting' THEN coalesce(o.reason, c.trouble) ELSE o.reason END,
    CASE WHEN o.state = 'waiting' AND c.parked_until > o.due_at THEN c.parked_until ELSE o.due_at END,
    o.failures, o.worker IS NOT NULL, o.synced, o.connection_id, b.marks
    FROM booking b JOIN event_type e ON e.id = b.event_type_id
    LEFT JOIN source s ON s.id = b.source_id LEFT JOIN outbox o ON o.booking_id = b.id
    LEFT JOIN connection c ON c.id = o.connection_id";

pub(super) type Row = (
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    bool,
    Option<String>,
    Option<String>,
    String,
);

impl Store {
    /// One booking.
    pub async fn booking(&self, id: &str) -> Result<Option<BookingRow>, StoreError> {
        let text = format!("{SELECT} WHERE b.id = $1");
        let row: Option<Row> = sql_from_parts(text).bind(id).optional(&self.read).await?;
        row.map(booking_row).transpose()
    }
}

pub(super) fn booking_row(row: Row) -> Result<BookingRow, StoreError> {
    let (
        id,
        event_type,
        event_type_slug,
        source,
        wanted,
        version,
        created_at,
        updated_at,
        state,
        reason,
        due,
        failures,
        working,
        synced,
        connection_id,
        marks,
    ) = row;
    let sync = match (state, due, failures, synced, connection_id) {
        (Some(state), Some(due), Some(failures), Some(synced), Some(connection_id)) => Some(SyncState {
            state,
            reason,
            due_at: instant(due)?,
            failures,
            working,
            synced: from_json("what was synced", &synced)?,
            connection_id,
        }),
        _ => None,
    };
    let booking: Booking = from_json("a booking", &wanted)?;
    let marks: Marks = from_json("a booking's marks", &marks)?;
    Ok(BookingRow {
        id: BookingId(id),
        event_type,
        event_type_slug,
        source,
        no_show: marks.no_show(&booking.attendee.email),
        booking,
        version,
        created_at: instant(created_at)?,
        updated_at: instant(updated_at)?,
        sync,
    })
}

/// A booking that a source brings.
pub(super) struct Brought<'a> {
    pub(super) id: &'a str,
    /// Whether it was not known before.
    pub(super) is_new: bool,
    /// It as it is now.
    pub(super) recorded: &'a RecordedBooking,
    /// The routing decision that it names.
    pub(super) decision: Option<&'a str>,
    /// When it was made, by its source's clock.
    pub(super) made_at: Timestamp,
}

/// Records a change and the sync it needs. Called inside the caller's transaction.
pub(crate) async fn record_change(tx: &mut Tx, new: NewChange, now: Timestamp) -> Result<RecordedChange, StoreError> {
    let known = match &new.identity {
        Some(identity) => {
            one_at_a_time(tx, identity).await?;
            let found = find(tx, identity).await?;
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
    let made_at = new.change.occurred_at;
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
        remember_uids(tx, &id, identity).await?;
        if known.is_some() {
            remember_ical_uid(tx, &id, identity).await?;
        }
        if let Some(recorded) = changed.as_ref().or(recorded) {
            let decision = new.decision.as_deref();
            let brought = Brought { id: &id, is_new: known.is_none(), recorded, decision, made_at };
            routing_decisions::join(tx, &target.event_type_id, &brought, now).await?;
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
    one_at_a_time(tx, identity).await?;
    let found = find(tx, identity).await?;
    let Some(known) = merge(tx, found, identity, now).await? else { return Ok(None) };
    record_partial_of(tx, &known, change, now).await?;
    remember_uids(tx, &known.id, identity).await?;
    remember_ical_uid(tx, &known.id, identity).await?;
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
        routing_decisions::pass_on(tx, &other.id, &kept.id, &kept.recorded, now).await?;
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

/// Lets changes of one booking in one after the other, where several processes write: each must see what the one before
/// it recorded. Locks are taken in a fixed order, so that two changes never wait for each other.
async fn one_at_a_time(tx: &mut Tx, identity: &BookingIdentity) -> Result<(), StoreError> {
    if !tx.is_shared() {
        return Ok(());
    }
    let names: BTreeSet<String> = std::iter::once(&identity.uid)
        .chain(&identity.ical_uid)
        .chain(&identity.previous_uid)
        .map(|name| format!("{}/{name}", identity.source_id))
        .collect();
    // There are three names at most; a null locks nothing.
    let mut names = names.into_iter();
    sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)), pg_advisory_xact_lock(hashtextextended($2, 0)),
             pg_advisory_xact_lock(hashtextextended($3, 0))")
    .bind(names.next())
    .bind(names.next())
    .bind(names.next())
    .run(&mut *tx)
    .await?;
    Ok(())
}

/// A booking as the change finds it.
pub(super) struct KnownBooking {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) recorded: RecordedBooking,
}

/// A booking's row: id, version, what is wanted, marks, and the latest change's instant and kind.
type KnownRow = (String, i64, String, String, i64, String);

/// The columns of a [`KnownRow`].
const KNOWN: &str = "id, version, wanted, marks, changed_at, changed_by";

/// Where other processes write, a booking is locked: each change must see what the one before it recorded. Not as for a
/// change of its key: a run that is being claimed refers to it, and would wait for it while this waits for the outbox row.
fn lock(tx: &Tx) -> &'static str {
    if tx.is_shared() { "FOR NO KEY UPDATE" } else { "" }
}

/// The bookings that a change's names lead to, the oldest first: by iCalUID, and by the chain of uids (spec 10).
async fn find(tx: &mut Tx, identity: &BookingIdentity) -> Result<Vec<KnownBooking>, StoreError> {
    // A union, since PostgreSQL reads the whole table for an "or" between two ways to find a row.
    let text = format!(
        "SELECT {KNOWN} FROM booking
         WHERE id IN (SELECT id FROM booking WHERE source_id = $1 AND ical_uid = $2
             UNION SELECT booking_id FROM booking_uid WHERE source_id = $1 AND uid IN ($3, $4))
         ORDER BY id {}",
        lock(tx)
    );
    let rows: Vec<KnownRow> = sql_from_parts(text)
        .bind(&identity.source_id)
        .bind(&identity.ical_uid)
        .bind(&identity.uid)
        .bind(&identity.previous_uid)
        .all(&mut *tx)
        .await?;
    rows.into_iter().map(known_booking).collect()
}

/// A booking by its id; no other process changes it before the transaction ends.
pub(super) async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<KnownBooking>, StoreError> {
    let text = format!("SELECT {KNOWN} FROM booking WHERE id = $1 {}", lock(tx));
    let row: Option<KnownRow> = sql_from_parts(text).bind(id).optional(tx).await?;
    row.map(known_booking).transpose()
}

fn known_booking((id, version, wanted, marks, changed_at, changed_by): KnownRow) -> Result<KnownBooking, StoreError> {
    Ok(KnownBooking { id, version, recorded: recorded_booking(&wanted, &marks, changed_at, &changed_by)? })
}

pub(crate) fn recorded_booking(
    wanted: &str,
    marks: &str,
    changed_at: i64,
    changed_by: &str,
) -> Result<RecordedBooking, StoreError> {
    Ok(RecordedBooking {
        booking: from_json("a booking", wanted)?,
        changed_at: instant(changed_at)?,
        changed_by: from_json::<ChangeKind>("a change", &json(&changed_by))?,
        marks: from_json("a booking's marks", marks)?,
    })
}

/// An enum as the plain word that serde gives it.
fn word<T: serde::Serialize>(value: &T) -> String {
    json(value).trim_matches('"').to_owned()
}

async fn insert(
    tx: &mut Tx,
    id: &str,
    target: &SyncTarget,
    identity: Option<&BookingIdentity>,
    recorded: &RecordedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = sql(
        "INSERT INTO booking (id, wanted, marks, changed_at, changed_by, status, start_at, attendee_email, updated_at,
             organizer_email, search_text, source_id, ical_uid, event_type_id, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $9)",
    );
    with_recorded(insert.bind(id), recorded, now)
        .bind(identity.map(|i| &i.source_id))
        .bind(identity.and_then(|i| i.ical_uid.as_ref()))
        .bind(&target.event_type_id)
        .run(&mut *tx)
        .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut Tx,
    id: &str,
    recorded: &RecordedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = sql("UPDATE booking SET wanted = $2, marks = $3, changed_at = $4, changed_by = $5, status = $6,
             start_at = $7, attendee_email = $8, updated_at = $9, organizer_email = $10, search_text = $11, version = version + 1 WHERE id = $1");
    with_recorded(update.bind(id), recorded, now).run(&mut *tx).await?;
    rotation::settle_cancel(tx, id, recorded).await
}

/// Binds what is recorded of a booking, as its second to eleventh values.
fn with_recorded(statement: Sql, recorded: &RecordedBooking, now: Timestamp) -> Sql {
    statement
        .bind(json(&recorded.booking))
        .bind(json(&recorded.marks))
        .bind(micros(recorded.changed_at))
        .bind(word(&recorded.changed_by))
        .bind(word(&recorded.booking.status))
        .bind(micros(recorded.booking.start))
        .bind(recorded.booking.attendee.email.folded())
        .bind(micros(now))
        .bind(recorded.booking.organizer.email.folded())
        .bind(search_text(&recorded.booking))
}

/// What a search for a text looks into, a line each.
fn search_text(booking: &Booking) -> String {
    let Booking { title, attendee, organizer, guests, .. } = booking;
    let people = [&attendee.name, attendee.email.as_written(), &organizer.name, organizer.email.as_written()];
    let lines = std::iter::once(title.as_str()).chain(people).chain(guests.iter().map(EmailAddress::as_written));
    lines.collect::<Vec<_>>().join("\n").to_lowercase()
}

async fn remember_uids(tx: &mut Tx, id: &str, identity: &BookingIdentity) -> Result<(), StoreError> {
    for uid in std::iter::once(&identity.uid).chain(&identity.previous_uid) {
        sql("INSERT INTO booking_uid (source_id, uid, booking_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(&identity.source_id)
            .bind(uid)
            .bind(id)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Learns the iCalUID of a booking that was known without one.
async fn remember_ical_uid(tx: &mut Tx, id: &str, identity: &BookingIdentity) -> Result<(), StoreError> {
    if let Some(ical_uid) = &identity.ical_uid {
        sql("UPDATE booking SET ical_uid = $2 WHERE id = $1 AND ical_uid IS NULL")
            .bind(id)
            .bind(ical_uid)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}
