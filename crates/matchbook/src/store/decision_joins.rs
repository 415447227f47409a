//! Bookings that sources bring, joined with the decisions that sent their bookers there (spec 7).

use std::collections::BTreeSet;

use domain::booking::{Booking, BookingId, RecordedBooking};
use domain::round_robin::HostId;
use domain::routing::{RoutingDecision, RoutingTrace};
use jiff::{SignedDuration, Timestamp};

use super::database::{sql, sql_from_parts};
use super::deciding::turn_of;
use super::{StoreError, Tx, bookings, configuration, event_types, from_json, micros, rotation};
use crate::workspace_file::entries::{self, Typed as _};

/// How long a decision waits for its booking to come in by webhook (spec 7).
const JOINED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How far a source's clock may be behind ours: a booking that was made before a decision was not sent by it.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

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

/// A decision that a booking is joined with.
struct Joinable {
    id: String,
    decision: RoutingDecision,
    trace: RoutingTrace,
    /// The decided host's email, in lower case.
    host: Option<String>,
}

/// Joins a booking that a source brings with the decision that sent its booker there: by the decision's id, else, where the
/// booking is new, by event type and email within a day. An organizer other than the decided host is noted; the decided one
/// has had a turn (spec 7).
pub(super) async fn join(
    tx: &mut Tx,
    event_type_id: &str,
    brought: &Brought<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Deliveries come in any order: the one that names the decision may not be the one that brought the booking.
    if !brought.is_new && (brought.decision.is_none() || has_one(tx, brought.id).await?) {
        return Ok(());
    }
    while let Some(found) = joinable(tx, event_type_id, brought).await? {
        let organizer = brought.recorded.booking.organizer.email.folded();
        let other = found.host.is_some_and(|host| host != organizer).then_some(organizer);
        // Another booking may have been joined with it since it was read.
        let joined = sql(
            "UPDATE routing_decision SET booking_id = $2, other_organizer = $3 WHERE id = $1 AND booking_id IS NULL",
        )
        .bind(&found.id)
        .bind(brought.id)
        .bind(other)
        .run(&mut *tx)
        .await?;
        if joined == 1 {
            let booking = &brought.recorded.booking;
            if booking.place.is_empty() && !found.trace.place.is_empty() {
                bookings::set_place(tx, brought.id, booking, found.trace.place).await?;
            }
            if other.is_none() {
                had_turn(tx, event_type_id, found.decision, (brought.id, brought.recorded), now).await?;
            }
            break;
        }
    }
    Ok(())
}

async fn has_one(tx: &mut Tx, booking_id: &str) -> Result<bool, StoreError> {
    let row: Option<(String,)> =
        sql("SELECT id FROM routing_decision WHERE booking_id = $1 LIMIT 1").bind(booking_id).optional(tx).await?;
    Ok(row.is_some())
}

/// The decision that a booking is to be joined with: that of its event type which it names, if that was made for its
/// attendee; else the latest that was made for them within a day before the booking.
async fn joinable(tx: &mut Tx, event_type_id: &str, brought: &Brought<'_>) -> Result<Option<Joinable>, StoreError> {
    const OPEN: &str = "SELECT d.id, d.decision, d.trace, h.email_folded FROM routing_decision d
         LEFT JOIN host h ON h.id = d.host_id WHERE d.booking_id IS NULL AND d.event_type_id = $1";
    type Row = (String, String, String, Option<String>);
    let email = brought.recorded.booking.attendee.email.folded();
    let mut row: Option<Row> = None;
    if let Some(named) = brought.decision {
        let text = format!("{OPEN} AND d.id = $2 AND (d.email_folded = $3 OR d.email_folded IS NULL)");
        row = sql_from_parts(text).bind(event_type_id).bind(named).bind(email).optional(&mut *tx).await?;
    }
    if row.is_none() && brought.is_new {
        let text = format!(
            "{OPEN} AND d.email_folded = $2 AND d.created_at >= $3 AND d.created_at <= $4
             ORDER BY d.created_at DESC, d.id DESC LIMIT 1"
        );
        row = sql_from_parts(text)
            .bind(event_type_id)
            .bind(email)
            .bind(micros(brought.made_at - JOINED_WITHIN))
            .bind(micros(brought.made_at + CLOCKS_APART))
            .optional(tx)
            .await?;
    }
    let joinable = |(id, decision, trace, host): Row| {
        let decision = from_json("a decision", &decision)?;
        Ok(Joinable { id, decision, trace: from_json("a routing trace", &trace)?, host })
    };
    row.map(joinable).transpose()
}

/// A booking went to the host who was decided for it elsewhere: that was a turn, if it counts as one. Who left the rotation
/// since has no part in it, nor has who could not have taken it then: at the link no time was chosen yet.
async fn had_turn(
    tx: &mut Tx,
    event_type_id: &str,
    mut decision: RoutingDecision,
    (booking_id, recorded): (&str, &RecordedBooking),
    now: Timestamp,
) -> Result<(), StoreError> {
    let standings = rotation::standings_now(tx, event_type_id).await?;
    let away = away(tx, event_type_id, (booking_id, &recorded.booking)).await?;
    let organizer = decision.host.clone();
    decision.free.retain(|host| {
        standings.contains_key(&host.id) && (!away.contains(&host.id) || organizer.as_ref() == Some(&host.id))
    });
    if decision.host.as_ref().is_none_or(|host| !standings.contains_key(host)) {
        return Ok(());
    }
    let switches = event_types::rotation_of(tx, event_type_id).await?.switches;
    turn_of(tx, event_type_id, switches, (&decision, &BookingId(booking_id.to_owned())), now).await?;
    rotation::settle_cancel(tx, booking_id, recorded).await
}

/// The hosts of an event type who are at another meeting when a booking is, or not at work by their hours.
async fn away(
    tx: &mut Tx,
    event_type_id: &str,
    (booking_id, booking): (&str, &Booking),
) -> Result<BTreeSet<HostId>, StoreError> {
    let (start, end) = (booking.start, booking.end);
    let taken = rotation::taken(&mut *tx, event_type_id, start, end, Some(booking_id)).await?;
    let document = configuration::in_force(&mut *tx).await?.document;
    let hosts: Vec<(String, String)> =
        sql("SELECT h.id, h.key FROM event_type_host t JOIN host h ON h.id = t.host_id WHERE t.event_type_id = $1")
            .bind(event_type_id)
            .all(tx)
            .await?;
    let works = |key: &str| {
        let entry = document.get(entries::Host::SECTION, key);
        let host = entry.and_then(|entry| entries::Host::read(key, entry).ok());
        host.and_then(|host| host.calendar(Vec::new())).is_none_or(|calendar| calendar.is_free_at(start, end))
    };
    let off = hosts.into_iter().filter(|(_, key)| !works(key)).map(|(id, _)| HostId(id));
    Ok(taken.into_keys().chain(off).collect())
}

/// The decisions of a booking are those of the one that it proved to be. Its turn was given back as it was called off; the
/// other takes it, if it had none.
pub(super) async fn pass_on(
    tx: &mut Tx,
    from: &str,
    to: &str,
    recorded: &RecordedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    let had_one = has_one(tx, to).await?;
    type Row = (String, String, bool);
    let rows: Vec<Row> = sql("SELECT event_type_id, decision, other_organizer IS NULL FROM routing_decision
         WHERE booking_id = $1 ORDER BY created_at DESC, id DESC")
    .bind(from)
    .all(&mut *tx)
    .await?;
    sql("UPDATE routing_decision SET booking_id = $2 WHERE booking_id = $1").bind(from).bind(to).run(&mut *tx).await?;
    match rows.into_iter().next() {
        Some((event_type_id, decision, true)) if !had_one => {
            had_turn(tx, &event_type_id, from_json("a decision", &decision)?, (to, recorded), now).await
        }
        _ => Ok(()),
    }
}
