//! Sync errors as runs end: what could not be done is kept, what was done makes good what was kept before (spec 8).

use std::collections::{BTreeMap, BTreeSet};

use domain::email_domain::EmailAddress;
use domain::sync_error::{Done, ErrorCause, SyncError, SyncReport};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::database::sql;
use super::{Claimed, Released, StoreError, Tx, from_json, json, micros};
use crate::clock::new_id;

/// What is to be done to a cause.
enum CauseChange<'a> {
    Met(Vec<&'a SyncError>),
    WorksAgain,
}

/// Keeps what a run could not do, and marks as resolved what it made good. Its booking's own errors are resolved by what it did,
/// or all that it did not meet again once Salesforce is in step; the same cause of other bookings is said to work again.
pub(crate) async fn settle(
    tx: &mut Tx,
    claimed: &Claimed,
    released: &Released,
    report: &SyncReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    // In the order of their ids, so that runs that end at once never wait for each other in a ring.
    let mut changes: BTreeMap<String, CauseChange<'_>> = BTreeMap::new();
    for error in report.errors() {
        match changes.entry(cause_id(&claimed.connection_id, error)).or_insert(CauseChange::Met(Vec::new())) {
            CauseChange::Met(errors) => errors.push(error),
            CauseChange::WorksAgain => {}
        }
    }
    for id in causes_made_good(tx, &claimed.connection_id, report.done()).await? {
        changes.entry(id).or_insert(CauseChange::WorksAgain);
    }
    for (id, change) in &changes {
        match change {
            CauseChange::Met(errors) => record(tx, claimed, id, errors, now).await?,
            CauseChange::WorksAgain => works_again(tx, id, now).await?,
        }
    }
    resolve_own(tx, claimed, matches!(released, Released::Synced), report, now).await
}

/// The id of an error's cause on a connection: the same for all errors of that cause.
fn cause_id(connection_id: &str, error: &SyncError) -> String {
    let digest = Sha256::digest(format!("{connection_id}\n{}", error.cause_key()));
    format!("cause_{}", hex::encode(&digest[..16]))
}

async fn causes_made_good(tx: &mut Tx, connection_id: &str, done: &[Done]) -> Result<Vec<String>, StoreError> {
    if done.is_empty() {
        return Ok(Vec::new());
    }
    let failing: Vec<(String, String)> =
        sql("SELECT id, cause FROM sync_error_cause WHERE connection_id = $1 AND works_again_at IS NULL")
            .bind(connection_id)
            .all(tx)
            .await?;
    let mut made_good = Vec::new();
    for (id, cause) in failing {
        let cause: ErrorCause = from_json("the cause of a sync error", &cause)?;
        if done.iter().any(|done| done.makes_good(&cause)) {
            made_good.push(id);
        }
    }
    Ok(made_good)
}

async fn works_again(tx: &mut Tx, cause_id: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE sync_error_cause SET works_again_at = $2 WHERE id = $1")
        .bind(cause_id)
        .bind(micros(now))
        .run(tx)
        .await?;
    Ok(())
}

async fn record(
    tx: &mut Tx,
    claimed: &Claimed,
    cause_id: &str,
    errors: &[&SyncError],
    now: Timestamp,
) -> Result<(), StoreError> {
    for error in errors {
        sql("INSERT INTO sync_error_cause (id, connection_id, cause) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET cause = $3, works_again_at = NULL")
        .bind(cause_id)
        .bind(&claimed.connection_id)
        .bind(json(&error.cause))
        .run(&mut *tx)
        .await?;
        sql("INSERT INTO sync_error (id, cause_id, booking_id, event_type_id, connection_id, guest, message, state, first_at, last_at, times)
             SELECT $1, $2, id, event_type_id, $4, $5, $6, 'open', $7, $7, 1 FROM booking WHERE id = $3
             ON CONFLICT (booking_id, cause_id, guest) WHERE state = 'open'
             DO UPDATE SET message = $6, last_at = $7, times = sync_error.times + 1")
        .bind(new_id("err"))
        .bind(cause_id)
        .bind(&claimed.id.0)
        .bind(&claimed.connection_id)
        .bind(guest(error.guest.as_ref()))
        .bind(&error.message)
        .bind(micros(now))
        .run(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Whose record it is about, as stored.
fn guest(guest: Option<&EmailAddress>) -> &str {
    guest.map_or("", EmailAddress::as_written)
}

/// Resolves the errors of the run's own booking: all that it did not meet again if it is in step, else those made good.
async fn resolve_own(
    tx: &mut Tx,
    claimed: &Claimed,
    in_step: bool,
    report: &SyncReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    let met_again: BTreeSet<(String, &str)> = report
        .errors()
        .iter()
        .map(|error| (cause_id(&claimed.connection_id, error), guest(error.guest.as_ref())))
        .collect();
    let open: Vec<(String, String, String, String)> = sql("SELECT e.id, e.cause_id, e.guest, c.cause FROM sync_error e
             JOIN sync_error_cause c ON c.id = e.cause_id WHERE e.booking_id = $1 AND e.state = 'open'")
    .bind(&claimed.id.0)
    .all(&mut *tx)
    .await?;
    for (id, cause_id, whose, cause) in open {
        let cause: ErrorCause = from_json("the cause of a sync error", &cause)?;
        let made_good =
            || report.done().iter().any(|done| guest(done.guest.as_ref()) == whose && done.makes_good(&cause));
        if !met_again.contains(&(cause_id, whose.as_str())) && (in_step || made_good()) {
            sql("UPDATE sync_error SET state = 'resolved', ended_at = $2 WHERE id = $1")
                .bind(id)
                .bind(micros(now))
                .run(&mut *tx)
                .await?;
        }
    }
    Ok(())
}
