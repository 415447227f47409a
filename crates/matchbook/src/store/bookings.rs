//! Bookings as they are kept: what is wanted now, and how its sync stands.

use domain::booking::{Booking, BookingId, ChangeKind, Marks, RecordedBooking};
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use jiff::Timestamp;

use super::booking_names::BookingIdentity;
use super::database::{Sql, sql, sql_from_parts};
use super::event_types::SyncTarget;
use super::{Store, StoreError, SyncState, Tx, from_json, instant, json, micros, rotation};

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

/// A booking as a change finds it.
pub(super) struct KnownBooking {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) recorded: RecordedBooking,
}

/// A booking's row: id, version, what is wanted, marks, and the latest change's instant and kind.
pub(super) type KnownRow = (String, i64, String, String, i64, String);

/// The columns of a [`KnownRow`].
pub(super) const KNOWN: &str = "id, version, wanted, marks, changed_at, changed_by";

/// Where other processes write, a booking is locked: each change must see what the one before it recorded. Not as for a
/// change of its key: a run that is being claimed refers to it, and would wait for it while this waits for the outbox row.
pub(super) fn lock(tx: &Tx) -> &'static str {
    if tx.is_shared() { "FOR NO KEY UPDATE" } else { "" }
}

/// A booking by its id; no other process changes it before the transaction ends.
pub(super) async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<KnownBooking>, StoreError> {
    let text = format!("SELECT {KNOWN} FROM booking WHERE id = $1 {}", lock(tx));
    let row: Option<KnownRow> = sql_from_parts(text).bind(id).optional(tx).await?;
    row.map(known_booking).transpose()
}

/// A booking of its row.
pub(super) fn known_booking(
    (id, version, wanted, marks, changed_at, changed_by): KnownRow,
) -> Result<KnownBooking, StoreError> {
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

pub(super) async fn insert(
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
    let before: Option<(String,)> =
        sql("SELECT organizer_email FROM booking WHERE id = $1").bind(id).optional(&mut *tx).await?;
    let update = sql("UPDATE booking SET wanted = $2, marks = $3, changed_at = $4, changed_by = $5, status = $6,
             start_at = $7, attendee_email = $8, updated_at = $9, organizer_email = $10, search_text = $11, version = version + 1 WHERE id = $1");
    with_recorded(update.bind(id), recorded, now).run(&mut *tx).await?;
    if before.is_some_and(|(email,)| email != recorded.booking.organizer.email.folded()) {
        rotation::settle_organizer(tx, id, recorded).await?;
    }
    rotation::settle_cancel(tx, id, recorded).await
}

/// Keeps from where a booking was made, which was found out since; its version stays.
pub(super) async fn set_place(tx: &mut Tx, id: &str, booking: &Booking, place: Geo) -> Result<(), StoreError> {
    let booking = Booking { place, ..booking.clone() };
    sql("UPDATE booking SET wanted = $2 WHERE id = $1").bind(id).bind(json(&booking)).run(tx).await.map(|_| ())
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
