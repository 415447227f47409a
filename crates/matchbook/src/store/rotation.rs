//! Turns: who takes them, what each is owed, and the ledger (spec 7).

use std::collections::{BTreeMap, BTreeSet};

use domain::booking::{BookingId, BookingStatus, RecordedBooking};
use domain::round_robin::{self, CancelEffect, Entry, HostId, Ledger, Line, Turns, cancel_effect};
use jiff::Timestamp;

use super::database::{On, sql};
use super::{Store, StoreError, Tx, event_types, from_json, instant, json, micros};
use crate::clock::new_id;

/// How a host stands with an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// What they are owed.
    pub balance: Turns,
    /// When they last got a booking by rotation.
    pub last_booked: Option<Timestamp>,
}

/// How the hosts of an event type stand who have taken turns, or may.
pub(super) type Standings = BTreeMap<HostId, Turn>;

impl Store {
    /// How the hosts of an event type stand.
    pub async fn standings(&self, event_type_id: &str) -> Result<Standings, StoreError> {
        let rows: Vec<StandingRow> = sql(STANDINGS).bind(event_type_id).all(&self.read).await?;
        rows.into_iter().map(standing).collect()
    }

    /// The ledger of an event type.
    pub async fn ledger(&self, event_type_id: &str) -> Result<Ledger, StoreError> {
        let rows: Vec<(String,)> = sql("SELECT entry FROM ledger_entry WHERE event_type_id = $1 ORDER BY id")
            .bind(event_type_id)
            .all(&self.read)
            .await?;
        let entries: Vec<Entry> =
            rows.iter().map(|(text,)| from_json("a ledger entry", text)).collect::<Result<_, _>>()?;
        Ok(round_robin::ledger(&entries))
    }

    /// From when to when the hosts of an event type are taken by bookings of any event type that end after `from` and start
    /// before `until`; `instead_of` names a booking that does not count.
    pub async fn taken(
        &self,
        event_type_id: &str,
        from: Timestamp,
        until: Timestamp,
        instead_of: Option<&str>,
    ) -> Result<Taken, StoreError> {
        taken(&self.read, event_type_id, from, until, instead_of).await
    }
}

/// From when to when hosts are taken.
pub(super) type Taken = BTreeMap<HostId, Vec<(Timestamp, Timestamp)>>;

/// As [`Store::taken`].
pub(super) async fn taken(
    on: impl Into<On<'_>>,
    event_type_id: &str,
    from: Timestamp,
    until: Timestamp,
    instead_of: Option<&str>,
) -> Result<Taken, StoreError> {
    // No meeting lasts longer than a day, so none that started before that is still going on.
    let rows: Vec<(String, String)> = sql("SELECT h.id, b.wanted FROM event_type_host t
         JOIN host h ON h.id = t.host_id JOIN booking b ON b.organizer_email = h.email_folded
         WHERE t.event_type_id = $1 AND b.start_at >= $2 AND b.start_at < $3 AND b.id <> $4
           AND b.status IN ('accepted', 'requested')")
    .bind(event_type_id)
    .bind(micros(from) - LONGEST_MEETING)
    .bind(micros(until))
    .bind(instead_of.unwrap_or_default())
    .all(on)
    .await?;
    let mut taken = Taken::new();
    for (host, wanted) in rows {
        let booking: domain::booking::Booking = from_json("a booking", &wanted)?;
        if booking.end > from {
            taken.entry(HostId(host)).or_default().push((booking.start, booking.end));
        }
    }
    Ok(taken)
}

/// In microseconds.
const LONGEST_MEETING: i64 = 86_400_000_000;

type StandingRow = (String, i64, Option<i64>);

const STANDINGS: &str = "SELECT host_id, balance, last_booked_at FROM rotation_host WHERE event_type_id = $1";

fn standing((host, balance, last): StandingRow) -> Result<(HostId, Turn), StoreError> {
    Ok((HostId(host), Turn { balance: Turns(balance), last_booked: last.map(instant).transpose()? }))
}

/// Lets bookings of one event type take turns one after the other, and brings those who take turns in line with who is enabled:
/// whoever is new starts level, whoever is gone leaves their balance behind.
pub(super) async fn settle_roster(
    tx: &mut Tx,
    event_type_id: &str,
    enabled: &BTreeSet<HostId>,
    now: Timestamp,
) -> Result<Standings, StoreError> {
    let mut standings = standings_now(tx, event_type_id).await?;
    let balances = standings.iter().map(|(host, turn)| (host.clone(), turn.balance)).collect();
    let entries = round_robin::roster_changed(&balances, enabled, now);
    if entries.is_empty() {
        return Ok(standings);
    }
    for host in enabled.iter().filter(|host| !standings.contains_key(host)).cloned().collect::<Vec<_>>() {
        sql("INSERT INTO rotation_host (event_type_id, host_id, balance) VALUES ($1, $2, 0)")
            .bind(event_type_id)
            .bind(&host.0)
            .run(&mut *tx)
            .await?;
        standings.insert(host, Turn::default());
    }
    write(tx, event_type_id, &entries).await?;
    for host in balances.keys().filter(|host| !enabled.contains(host)) {
        sql("DELETE FROM rotation_host WHERE event_type_id = $1 AND host_id = $2")
            .bind(event_type_id)
            .bind(&host.0)
            .run(&mut *tx)
            .await?;
        standings.remove(host);
    }
    Ok(standings)
}

/// How those stand who take turns, whom no other booking changes before the transaction ends.
pub(super) async fn standings_now(tx: &mut Tx, event_type_id: &str) -> Result<Standings, StoreError> {
    one_at_a_time(tx, event_type_id).await?;
    let rows: Vec<StandingRow> = sql(STANDINGS).bind(event_type_id).all(tx).await?;
    rows.into_iter().map(standing).collect()
}

/// Lets decisions that may choose one of these hosts be made one after the other, also those of other event types: a host is at one
/// meeting at a time. Turns are locked before hosts, and hosts in one order, so that nobody waits for each other.
pub(super) async fn lock_hosts(tx: &mut Tx, hosts: &BTreeSet<HostId>) -> Result<(), StoreError> {
    if tx.is_shared() {
        for host in hosts {
            sql("SELECT pg_advisory_xact_lock(hashtextextended('host/' || $1, 0))").bind(&host.0).run(&mut *tx).await?;
        }
    }
    Ok(())
}

async fn one_at_a_time(tx: &mut Tx, event_type_id: &str) -> Result<(), StoreError> {
    if tx.is_shared() {
        sql("SELECT pg_advisory_xact_lock(hashtextextended('rotation/' || $1, 0))").bind(event_type_id).run(tx).await?;
    }
    Ok(())
}

/// Keeps that a booking was a turn of its host.
pub(super) async fn take_turn(
    tx: &mut Tx,
    event_type_id: &str,
    host: &HostId,
    entries: &[Entry],
    now: Timestamp,
) -> Result<(), StoreError> {
    write(tx, event_type_id, entries).await?;
    sql("UPDATE rotation_host SET last_booked_at = $3 WHERE event_type_id = $1 AND host_id = $2")
        .bind(event_type_id)
        .bind(&host.0)
        .bind(micros(now))
        .run(tx)
        .await?;
    Ok(())
}

/// Gives back the turn of a booking that is called off, where its event type gives back.
pub(super) async fn settle_cancel(tx: &mut Tx, booking_id: &str, recorded: &RecordedBooking) -> Result<(), StoreError> {
    if !matches!(recorded.booking.status, BookingStatus::Cancelled | BookingStatus::Rejected) {
        return Ok(());
    }
    let Some((event_type_id, _)) = turn(tx, booking_id).await? else { return Ok(()) };
    let switches = event_types::rotation_of(tx, &event_type_id).await?.switches;
    let effect = cancel_effect(recorded.booking.start, recorded.changed_at, switches);
    match effect {
        CancelEffect::GivenBack => give_back(tx, &event_type_id, booking_id, recorded.changed_at).await,
        CancelEffect::Started | CancelEffect::SwitchedOff => Ok(()),
    }
}

/// Gives back the turn of a booking that has another organizer by now than the host whose turn it was.
pub(super) async fn settle_organizer(
    tx: &mut Tx,
    booking_id: &str,
    recorded: &RecordedBooking,
) -> Result<(), StoreError> {
    let Some((event_type_id, holder)) = turn(tx, booking_id).await? else { return Ok(()) };
    let email: Option<(String,)> =
        sql("SELECT email_folded FROM host WHERE id = $1").bind(&holder.0).optional(&mut *tx).await?;
    if email.is_some_and(|(email,)| email == recorded.booking.organizer.email.folded()) {
        return Ok(());
    }
    give_back(tx, &event_type_id, booking_id, recorded.changed_at).await
}

/// The event type among whose turns a booking counts, and whose turn it is.
async fn turn(tx: &mut Tx, booking_id: &str) -> Result<Option<(String, HostId)>, StoreError> {
    let rows: Vec<(String, String)> =
        sql("SELECT event_type_id, entry FROM ledger_entry WHERE booking_id = $1 ORDER BY id")
            .bind(booking_id)
            .all(&mut *tx)
            .await?;
    let Some((event_type_id, _)) = rows.first().cloned() else { return Ok(None) };
    let entries: Vec<Entry> =
        rows.iter().map(|(_, text)| from_json("a ledger entry", text)).collect::<Result<_, _>>()?;
    Ok(round_robin::holder(&BookingId(booking_id.to_owned()), &entries).map(|holder| (event_type_id, holder)))
}

/// Gives back all that a booking wrote into the ledger.
pub(super) async fn give_back(
    tx: &mut Tx,
    event_type_id: &str,
    booking_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    one_at_a_time(tx, event_type_id).await?;
    let rows: Vec<(String,)> =
        sql("SELECT entry FROM ledger_entry WHERE event_type_id = $1 AND (booking_id = $2 OR booking_id IS NULL)
             AND id >= (SELECT min(id) FROM ledger_entry WHERE booking_id = $2) ORDER BY id")
        .bind(event_type_id)
        .bind(booking_id)
        .all(&mut *tx)
        .await?;
    let since: Vec<Entry> = rows.iter().map(|(text,)| from_json("a ledger entry", text)).collect::<Result<_, _>>()?;
    let entries = round_robin::given_back(&BookingId(booking_id.to_owned()), &since, at);
    write(tx, event_type_id, &entries).await
}

async fn write(tx: &mut Tx, event_type_id: &str, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        sql("INSERT INTO ledger_entry (id, event_type_id, booking_id, entry) VALUES ($1, $2, $3, $4)")
            .bind(new_id("led"))
            .bind(event_type_id)
            .bind(entry.reason.booking().map(|booking| booking.0.clone()))
            .bind(json(entry))
            .run(&mut *tx)
            .await?;
        if let Line::Host(host) = &entry.line {
            sql("UPDATE rotation_host SET balance = balance + $3 WHERE event_type_id = $1 AND host_id = $2")
                .bind(event_type_id)
                .bind(&host.0)
                .bind(entry.amount.0)
                .run(&mut *tx)
                .await?;
        }
    }
    Ok(())
}
