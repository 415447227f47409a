//! Under which names sources know bookings: the iCalUID, and the chain of uids (spec 10).

use std::collections::BTreeSet;

use super::bookings::{KNOWN, KnownBooking, KnownRow, known_booking, lock};
use super::database::{sql, sql_from_parts};
use super::{StoreError, Tx};

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

/// Lets changes of one booking in one after the other, where several processes write: each must see what the one before
/// it recorded. Locks are taken in a fixed order, so that two changes never wait for each other.
pub(super) async fn one_at_a_time(tx: &mut Tx, identity: &BookingIdentity) -> Result<(), StoreError> {
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

/// The bookings that a change's names lead to, the oldest first: by iCalUID, and by the chain of uids (spec 10).
pub(super) async fn find(tx: &mut Tx, identity: &BookingIdentity) -> Result<Vec<KnownBooking>, StoreError> {
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

/// Keeps the uids that a change came with.
pub(super) async fn remember_uids(tx: &mut Tx, id: &str, identity: &BookingIdentity) -> Result<(), StoreError> {
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
pub(super) async fn remember_ical_uid(tx: &mut Tx, id: &str, identity: &BookingIdentity) -> Result<(), StoreError> {
    if let Some(ical_uid) = &identity.ical_uid {
        sql("UPDATE booking SET ical_uid = $2 WHERE id = $1 AND ical_uid IS NULL")
            .bind(id)
            .bind(ical_uid)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}
