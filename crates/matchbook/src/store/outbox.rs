//! The outbox: one row per booking, so that waiting changes merge and order cannot be wrong.
//!
//! Claim, commit, then work: no transaction is open during a call to Salesforce. A claim also takes
//! the attendee's email on that connection, so that two bookings by one new person make one record.

use std::collections::BTreeSet;

use domain::api_budget::Purpose;
use domain::ask::RecordId;
use domain::booking::{Booking, BookingId, RecordedBooking};
use domain::email_domain::EmailAddress;
use domain::salesforce_settings::SalesforceSettings;
use domain::sync_outcome::{Duplicates, Synced};
use jiff::{SignedDuration, Timestamp};

use super::api_spend::{self, Spent};
use super::bookings::recorded_booking;
use super::database::{sql, sql_from_parts};
use super::routing_decisions::Routed;
use super::sync_runs::{self, NewCall, RunTold};
use super::{Store, StoreError, Tx, from_json, instant, json, micros};
use super::{connections, describes, hosts, routing_decisions, sync_errors};

/// How long a worker may hold a booking before others may take it over.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How a booking's sync stands.
#[derive(Debug, Clone)]
pub struct SyncState {
    /// `waiting`, `held` or `done`.
    pub state: String,
    /// Why it waits or is held.
    pub reason: Option<String>,
    /// When it is next tried, if it waits.
    pub due_at: Timestamp,
    /// Failures in a row.
    pub failures: i64,
    /// Whether a worker is at it.
    pub working: bool,
    /// What Salesforce was last made to show.
    pub synced: Synced,
    /// The connection it belongs to.
    pub connection_id: String,
}

impl SyncState {
    /// The duplicates of the attendee that a person must decide about, if it is on hold for that.
    pub fn duplicates_to_decide(&self) -> Option<&Duplicates> {
        self.synced.duplicates.as_ref().filter(|_| self.state == "held")
    }

    /// Whether it waits until somebody connects its connection, and for no time.
    pub fn waits_for_connect(&self) -> bool {
        self.state == "waiting" && micros(self.due_at) >= connections::UNTIL_CONNECTED
    }
}

/// Proof that this worker holds the booking. Results are taken only with it.
#[derive(Debug, Clone)]
pub struct Lease {
    booking_id: String,
    worker: String,
    attempt: i64,
    /// How many persons it holds.
    persons: u64,
}

/// A booking that this worker now holds.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: BookingId,
    /// Its connection's id.
    pub connection_id: String,
    /// The version that this run brings to Salesforce.
    pub version: i64,
    /// What is wanted.
    pub wanted: RecordedBooking,
    /// How its event type is written to Salesforce, today.
    pub settings: SalesforceSettings,
    /// Its event type's title.
    pub event_type: String,
    /// All hosts, where they matter: they are no guests, and their domains lead to no Account.
    pub hosts: Vec<EmailAddress>,
    /// The Account that routing found, where the settings want one: it is not looked for again.
    pub routed_account: Option<RecordId>,
    /// One sentence on how the organizer was chosen, where that was decided here and a row tells it.
    pub assignment_reason: Option<String>,
    /// What was last written.
    pub synced: Synced,
    /// Failures in a row before this run.
    pub failures: i64,
    /// Failures in a row of the whole connection before this run.
    pub connection_failures: i64,
    /// The run.
    pub run_id: String,
    /// The proof.
    pub lease: Lease,
}

/// How a run ends.
#[derive(Debug, Clone)]
pub enum Released {
    /// Salesforce shows what is wanted.
    Synced,
    /// To be tried again.
    Waiting {
        /// When.
        until: Timestamp,
        /// Why, in words.
        reason: String,
        /// Whether this counts as a failure for the next wait.
        failed: bool,
    },
    /// The whole connection waits.
    Parked {
        /// Until when.
        until: Timestamp,
        /// Why, in words.
        reason: String,
    },
    /// A person must mend something first.
    Held {
        /// What, in words.
        reason: String,
    },
}

impl Released {
    /// Why Salesforce is not in step; none where it is.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Released::Synced => None,
            Released::Waiting { reason, .. } | Released::Parked { reason, .. } | Released::Held { reason } => {
                Some(reason)
            }
        }
    }

    /// The stored outcome word.
    pub fn outcome(&self) -> &'static str {
        match self {
            Released::Synced => "synced",
            Released::Waiting { .. } | Released::Parked { .. } => "waiting",
            Released::Held { .. } => "held",
        }
    }
}

/// How long a probe of a parked connection keeps its other bookings waiting, if nothing is heard of it.
const PROBE: SignedDuration = SignedDuration::from_mins(2);

/// How often a claim looks again when another instance was quicker.
const MOST_TRIES: usize = 5;

/// What one try to claim came to.
enum Attempt {
    Claimed(Box<Claimed>),
    NothingDue,
    Passed,
}

/// The claim: the outbox row that has been due longest. Instances that share a database pass over rows that another is claiming.
fn claim_text(shared: bool) -> String {
    let skip = if shared { "FOR UPDATE OF o SKIP LOCKED" } else { "" };
    format!(
        "UPDATE outbox SET worker = $1, lease_until = $2, attempt = attempt + 1
         WHERE booking_id = (
             SELECT o.booking_id FROM outbox o
             WHERE o.state = 'waiting' AND o.due_at <= $3 AND (o.lease_until IS NULL OR o.lease_until <= $3)
               AND NOT EXISTS (SELECT 1 FROM connection c WHERE c.id = o.connection_id AND c.parked_until > $3)
               AND NOT EXISTS (SELECT 1 FROM person_lock l WHERE l.connection_id = o.connection_id
                   AND l.email = o.person_email AND l.booking_id <> o.booking_id AND l.lease_until > $3)
               AND NOT EXISTS (SELECT 1 FROM outbox_guest g JOIN person_lock l ON l.email = g.email
                   WHERE g.booking_id = o.booking_id AND l.connection_id = o.connection_id
                   AND l.booking_id <> o.booking_id AND l.lease_until > $3)
             ORDER BY o.due_at LIMIT 1 {skip})
         RETURNING booking_id, connection_id, person_email, wanted_version, synced, failures, attempt"
    )
}

/// Makes a booking's sync due. A booking stays with the connection it was first synced to (spec 4.7).
pub(crate) async fn enqueue(
    tx: &mut Tx,
    booking_id: &str,
    connection_id: &str,
    booking: &Booking,
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    keep_guests(tx, booking_id, booking, version).await?;
    sql(
        "INSERT INTO outbox (booking_id, connection_id, person_email, wanted_version, synced_version, synced, state, failures, due_at, attempt, again)
         VALUES ($1, $2, $3, $4, 0, $5, 'waiting', 0, $6, 0, 0)
         ON CONFLICT (booking_id) DO UPDATE SET person_email = $3, wanted_version = $4, state = 'waiting', due_at = $6",
    )
    .bind(booking_id)
    .bind(connection_id)
    .bind(booking.attendee.email.folded())
    .bind(version)
    .bind(json(&Synced::default()))
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    Ok(())
}

/// Makes the sync of a booking due that has one; one without stays so.
pub(crate) async fn enqueue_again(
    tx: &mut Tx,
    booking_id: &str,
    booking: &Booking,
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    keep_guests(tx, booking_id, booking, version).await?;
    sql("UPDATE outbox SET person_email = $2, wanted_version = $3, state = 'waiting', due_at = $4 WHERE booking_id = $1")
        .bind(booking_id)
        .bind(booking.attendee.email.folded())
        .bind(version)
        .bind(micros(now))
        .run(&mut *tx)
        .await?;
    Ok(())
}

/// Keeps whom a booking's sync works on besides the attendee.
async fn keep_guests(tx: &mut Tx, booking_id: &str, booking: &Booking, version: i64) -> Result<(), StoreError> {
    if version > 1 {
        sql("DELETE FROM outbox_guest WHERE booking_id = $1").bind(booking_id).run(&mut *tx).await?;
    }
    for guest in &booking.guests {
        sql("INSERT INTO outbox_guest (booking_id, email) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(booking_id)
            .bind(guest.folded())
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Makes the changes due that came in while their event type was not synced.
pub(crate) async fn catch_up(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE outbox SET state = 'waiting', due_at = $1,
             wanted_version = (SELECT version FROM booking b WHERE b.id = outbox.booking_id)
         WHERE EXISTS (SELECT 1 FROM booking b JOIN event_type e ON e.id = b.event_type_id
             WHERE b.id = outbox.booking_id AND b.version > outbox.wanted_version
               AND e.sync_enabled = 1 AND e.connection_id IS NOT NULL)")
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    Ok(())
}

impl Store {
    /// Takes the booking that has been due longest and whose attendee nobody else is working on.
    pub async fn claim(&self, worker: &str, now: Timestamp) -> Result<Option<Claimed>, StoreError> {
        // Another instance may take the same person between our look and our lock, or a row may not read back; then there
        // may be others.
        for _ in 0..MOST_TRIES {
            match self.try_claim(worker, now).await? {
                Attempt::Claimed(claimed) => return Ok(Some(*claimed)),
                Attempt::NothingDue => return Ok(None),
                Attempt::Passed => {}
            }
        }
        Ok(None)
    }

    async fn try_claim(&self, worker: &str, now: Timestamp) -> Result<Attempt, StoreError> {
        let mut tx = self.begin().await?;
        if tx.is_shared() {
            // PostgreSQL takes the waiting bookings for few, and would read and sort them all for each claim.
            sql("SELECT set_config('enable_sort', 'off', true)").run(&mut tx).await?;
        }
        type Row = (String, String, String, i64, String, i64, i64);
        let row: Option<Row> = sql_from_parts(claim_text(tx.is_shared()))
            .bind(worker)
            .bind(micros(now + LEASE))
            .bind(micros(now))
            .optional(&mut tx)
            .await?;
        let Some((booking_id, connection_id, email, version, synced, failures, attempt)) = row else {
            return Ok(Attempt::NothingDue);
        };
        let Some(persons) = lock_persons(&mut tx, &connection_id, &email, &booking_id, now).await? else {
            return Ok(Attempt::Passed);
        };
        let read = match read_wanted(&mut tx, &booking_id).await? {
            Ok(read) => from_json("what was synced", &synced).map(|synced| (read, synced)),
            Err(error) => Err(error),
        };
        let (Wanted { recorded: wanted, settings, event_type, routed }, synced) = match read {
            Ok(read) => read,
            Err(error) => return hold_unreadable(tx, &booking_id, &error).await,
        };
        let hosts_matter = !wanted.booking.guests.is_empty() || settings.resolves_account();
        let hosts = if hosts_matter { hosts::emails(&mut tx).await? } else { Vec::new() };
        let connection_failures = connections::probe(&mut tx, &connection_id, now + PROBE).await?;
        let run_id = sync_runs::start(&mut tx, &booking_id, &connection_id, version, now).await?;
        tx.commit().await?;
        Ok(Attempt::Claimed(Box::new(Claimed {
            id: BookingId(booking_id.clone()),
            connection_id,
            version,
            wanted,
            settings,
            event_type,
            hosts,
            routed_account: routed.account,
            assignment_reason: routed.assignment_reason,
            synced,
            failures,
            connection_failures,
            run_id,
            lease: Lease { booking_id, worker: worker.to_owned(), attempt, persons },
        })))
    }

    /// When the next waiting booking is due, if any waits.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (due,): (Option<i64>,) =
            sql("SELECT min(CASE WHEN c.parked_until > o.due_at THEN c.parked_until ELSE o.due_at END)
                 FROM outbox o JOIN connection c ON c.id = o.connection_id WHERE o.state = 'waiting' AND o.worker IS NULL").one(&self.read).await?;
        due.map(instant).transpose()
    }

    /// Commits what is about to be sent, with the state that holds until its answer is known. It needs the booking and the
    /// person still to be this worker's, and holds them for another while.
    pub async fn before_sending(
        &self,
        lease: &Lease,
        synced: &Synced,
        call: &NewCall<'_>,
    ) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        save_synced(&mut tx, lease, synced).await?;
        let until = micros(call.sent_at + LEASE);
        let persons = sql("UPDATE person_lock SET lease_until = $2 WHERE booking_id = $1")
            .bind(&lease.booking_id)
            .bind(until)
            .run(&mut tx)
            .await?;
        if persons < lease.persons {
            return Err(StoreError::LeaseLost);
        }
        sql("UPDATE outbox SET lease_until = $2 WHERE booking_id = $1")
            .bind(&lease.booking_id)
            .bind(until)
            .run(&mut tx)
            .await?;
        let id = sync_runs::insert_call(&mut tx, call).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Keeps what the answer to a write came to.
    pub async fn after_answer(
        &self,
        lease: &Lease,
        synced: &Synced,
        call_id: &str,
        answered: &str,
        status: Option<u16>,
        milliseconds: u64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sync_runs::answer_call(&mut tx, call_id, answered, status, milliseconds).await?;
        save_synced(&mut tx, lease, synced).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a run: its outcome, the booking's next step, and both leases, in one transaction.
    pub async fn release(
        &self,
        claimed: &Claimed,
        synced: &Synced,
        released: &Released,
        told: RunTold<'_>,
        spent: &Spent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        save_synced(&mut tx, &claimed.lease, synced).await?;
        let (state, reason, due, failures, synced_version) = match released {
            Released::Synced => ("done", None, now, 0, Some(claimed.version)),
            Released::Waiting { until, reason, failed } => {
                ("waiting", Some(reason), *until, claimed.failures + i64::from(*failed), None)
            }
            Released::Parked { until, reason } => ("waiting", Some(reason), *until, claimed.failures, None),
            Released::Held { reason } => ("held", Some(reason), now, claimed.failures, None),
        };
        // A change that came in meanwhile is due at once, unless the connection itself must rest.
        sql(
            "UPDATE outbox SET worker = NULL, lease_until = NULL, failures = $3, synced_version = coalesce($4, synced_version),
                 state = CASE WHEN wanted_version > $5 OR again = 1 THEN 'waiting' ELSE $6 END,
                 again = 0, reason = $7, due_at = $8
             WHERE booking_id = $1 AND attempt = $2",
        )
        .bind(&claimed.lease.booking_id)
        .bind(claimed.lease.attempt)
        .bind(failures)
        .bind(synced_version)
        .bind(claimed.version)
        .bind(state)
        .bind(reason)
        .bind(micros(due))
        .run(&mut tx)
        .await?;
        free_persons(&mut tx, &claimed.lease.booking_id, synced, now).await?;
        sync_errors::settle(&mut tx, claimed, released, told.report, now).await?;
        match released {
            Released::Parked { until, reason } => {
                connections::park(&mut tx, &claimed.connection_id, *until, reason).await?
            }
            _ => connections::unpark(&mut tx, &claimed.connection_id).await?,
        }
        if let Some((until, reason)) = &spent.rest {
            connections::park(&mut tx, &claimed.connection_id, *until, reason).await?;
        }
        sync_runs::finish(&mut tx, &claimed.run_id, released, told, now).await?;
        api_spend::spend(&mut tx, &claimed.connection_id, Purpose::Sync, &claimed.lease.worker, spent, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a booking's sync due now, held or not, or once more if it is running, and drops what is kept of the org, so that
    /// it is asked anew what it looks like; false if the booking has no sync.
    pub async fn sync_again(&self, booking_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let connection: Option<(String,)> = sql("UPDATE outbox SET state = 'waiting', due_at = $2, reason = NULL,
                 again = CASE WHEN worker IS NULL THEN 0 ELSE 1 END WHERE booking_id = $1 RETURNING connection_id")
        .bind(booking_id)
        .bind(micros(now))
        .optional(&mut tx)
        .await?;
        let Some((connection_id,)) = connection else { return Ok(false) };
        describes::forget(&mut tx, &connection_id).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Frees the bookings that a stopped process held. Only for a process that is alone on its database. Persons stay taken
    /// until their lease ends, since a request on its way may still create them; their own bookings go on at once.
    pub async fn free_all_leases(&self) -> Result<(), StoreError> {
        // What is held is waiting: so its index finds it, however many bookings are stored.
        sql("UPDATE outbox SET worker = NULL, lease_until = NULL WHERE state = 'waiting' AND worker IS NOT NULL")
            .run(&self.write)
            .await?;
        sql("UPDATE connection SET renewer = NULL, renewer_until = NULL WHERE renewer IS NOT NULL")
            .run(&self.write)
            .await?;
        sql("UPDATE source_poll SET poller = NULL, poller_until = NULL WHERE poller IS NOT NULL")
            .run(&self.write)
            .await?;
        Ok(())
    }

    /// How many bookings' syncs wait for a person.
    pub async fn held(&self) -> Result<i64, StoreError> {
        let (count,): (i64,) = sql("SELECT count(*) FROM outbox WHERE state = 'held'").one(&self.read).await?;
        Ok(count)
    }

    /// Frees the bookings that a worker holds and will not finish, as above; how many.
    pub async fn give_back(&self, worker: &str) -> Result<u64, StoreError> {
        sql("UPDATE outbox SET worker = NULL, lease_until = NULL WHERE state = 'waiting' AND worker = $1")
            .bind(worker)
            .run(&self.write)
            .await
    }

    /// How many bookings wait or are held.
    pub async fn unfinished(&self) -> Result<i64, StoreError> {
        let (count,): (i64,) = sql("SELECT count(*) FROM outbox WHERE state <> 'done'").one(&self.read).await?;
        Ok(count)
    }
}

/// What a claim reads of its booking.
struct Wanted {
    recorded: RecordedBooking,
    settings: SalesforceSettings,
    event_type: String,
    routed: Routed,
}

/// What is wanted of a booking, and how its event type is written; the inner error is of a row that does not read back.
async fn read_wanted(tx: &mut Tx, booking_id: &str) -> Result<Result<Wanted, StoreError>, StoreError> {
    type Row = (String, String, i64, String, String, String);
    let (wanted, marks, changed_at, changed_by, settings, event_type): Row =
        sql("SELECT b.wanted, b.marks, b.changed_at, b.changed_by, e.salesforce_settings, e.title
             FROM booking b JOIN event_type e ON e.id = b.event_type_id WHERE b.id = $1")
        .bind(booking_id)
        .one(&mut *tx)
        .await?;
    let settings: SalesforceSettings = match from_json("the Salesforce settings of an event type", &settings) {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(error)),
    };
    let recorded = match recorded_booking(&wanted, &marks, changed_at, &changed_by) {
        Ok(recorded) => recorded,
        Err(error) => return Ok(Err(error)),
    };
    let (resolves, tells) = (settings.resolves_account(), settings.tells_assignment_reason());
    let mut routed = Routed::default();
    if resolves || tells {
        match routing_decisions::routed_by(tx, booking_id, recorded.booking.organizer.email.folded()).await? {
            Ok(known) => routed = known,
            Err(error) => return Ok(Err(error)),
        }
    }
    routed.account = routed.account.filter(|_| resolves);
    routed.assignment_reason = routed.assignment_reason.filter(|_| tells);
    Ok(Ok(Wanted { recorded, settings, event_type, routed }))
}

/// Takes the attendee and all guests, in a fixed order, and tells how many they are; none if another run has one of them.
async fn lock_persons(
    tx: &mut Tx,
    connection_id: &str,
    attendee: &str,
    booking_id: &str,
    now: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let guests: Vec<(String,)> =
        sql("SELECT email FROM outbox_guest WHERE booking_id = $1").bind(booking_id).all(&mut *tx).await?;
    let persons: BTreeSet<&str> =
        guests.iter().map(|(email,)| email.as_str()).chain(std::iter::once(attendee)).collect();
    for email in &persons {
        let locked =
            sql("INSERT INTO person_lock (connection_id, email, booking_id, lease_until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection_id, email) DO UPDATE SET booking_id = $3, lease_until = $4
             WHERE person_lock.booking_id = $3 OR person_lock.lease_until <= $5")
            .bind(connection_id)
            .bind(*email)
            .bind(booking_id)
            .bind(micros(now + LEASE))
            .bind(micros(now))
            .run(&mut *tx)
            .await?;
        if locked == 0 {
            return Ok(None);
        }
    }
    Ok(Some(persons.len() as u64))
}

/// Frees the persons of a finished run; while a record of one may still come into being, their other bookings wait (spec 4.2).
async fn free_persons(tx: &mut Tx, booking_id: &str, synced: &Synced, now: Timestamp) -> Result<(), StoreError> {
    let until = |email: &str| {
        let unclear = synced.unclear_people.iter().find(|person| person.email.folded() == email);
        unclear.map(|person| person.until).filter(|until| *until > now)
    };
    if synced.unclear_people.is_empty() {
        sql("DELETE FROM person_lock WHERE booking_id = $1").bind(booking_id).run(&mut *tx).await?;
        return Ok(());
    }
    let held: Vec<(String,)> =
        sql("SELECT email FROM person_lock WHERE booking_id = $1").bind(booking_id).all(&mut *tx).await?;
    for (email,) in held {
        let statement = match until(&email) {
            Some(until) => sql("UPDATE person_lock SET lease_until = $3 WHERE booking_id = $1 AND email = $2")
                .bind(booking_id)
                .bind(&email)
                .bind(micros(until)),
            None => sql("DELETE FROM person_lock WHERE booking_id = $1 AND email = $2").bind(booking_id).bind(&email),
        };
        statement.run(&mut *tx).await?;
    }
    Ok(())
}

/// A row that does not read back is held, so that it neither blocks the queue nor goes unseen.
async fn hold_unreadable(mut tx: Tx, booking_id: &str, error: &StoreError) -> Result<Attempt, StoreError> {
    tracing::error!(booking = booking_id, error = error as &dyn std::error::Error, "a booking cannot be read");
    sql("UPDATE outbox SET state = 'held', worker = NULL, lease_until = NULL, reason = $2 WHERE booking_id = $1")
        .bind(booking_id)
        .bind(format!("The stored booking cannot be read: {error}. Please report this with the booking's id."))
        .run(&mut tx)
        .await?;
    sql("DELETE FROM person_lock WHERE booking_id = $1").bind(booking_id).run(&mut tx).await?;
    tx.commit().await?;
    Ok(Attempt::Passed)
}

async fn save_synced(tx: &mut Tx, lease: &Lease, synced: &Synced) -> Result<(), StoreError> {
    let saved = sql("UPDATE outbox SET synced = $4 WHERE booking_id = $1 AND worker = $2 AND attempt = $3")
        .bind(&lease.booking_id)
        .bind(&lease.worker)
        .bind(lease.attempt)
        .bind(json(synced))
        .run(&mut *tx)
        .await?;
    if saved == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}
