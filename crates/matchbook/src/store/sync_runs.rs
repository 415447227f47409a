//! Sync runs and their calls: every attempt as a row that a person can read.

use domain::sync_error::SyncReport;
use domain::trace::ResolutionTrace;
use jiff::Timestamp;

use super::database::sql;
use super::outbox::Released;
use super::{Store, StoreError, Tx, cursor, from_json, instant, json, micros};
use crate::clock::new_id;

/// One run.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// The booking's version it worked on.
    pub version: i64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; none while it goes on, or if its process died.
    pub finished_at: Option<Timestamp>,
    /// `synced`, `waiting` or `held`.
    pub outcome: Option<String>,
    /// Why, in words, unless all went well.
    pub summary: Option<String>,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// How it looked for the attendee's Account, where it did.
    pub account: Option<ResolutionTrace>,
    /// Its calls, in order.
    pub calls: Vec<CallRow>,
}

/// One call of a run.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// What it was for, in words.
    pub purpose: String,
    /// What was asked: JSON.
    pub asked: String,
    /// What was answered: JSON; none while no answer is known.
    pub answered: Option<String>,
    /// The HTTP status.
    pub status: Option<i64>,
    /// How long it took.
    pub milliseconds: Option<i64>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// A call to be recorded.
#[derive(Debug, Clone)]
pub struct NewCall<'a> {
    /// Its run.
    pub run_id: &'a str,
    /// What it is for, in words.
    pub purpose: &'a str,
    /// What is asked: JSON.
    pub asked: &'a str,
    /// When it is sent.
    pub sent_at: Timestamp,
}

/// What a finished run has to tell.
#[derive(Debug, Clone, Copy)]
pub struct RunTold<'a> {
    /// What is worth knowing, a sentence each.
    pub notes: &'a [String],
    /// How it looked for the attendee's Account, where it did.
    pub account: Option<&'a ResolutionTrace>,
    /// What it could and could not do.
    pub report: &'a SyncReport,
}

impl Store {
    /// The runs of a booking with their calls, the latest first, at most `limit`.
    pub async fn runs(&self, booking_id: &str, limit: i64) -> Result<Vec<RunRow>, StoreError> {
        self.runs_before(booking_id, (i64::MAX, String::new()), limit).await
    }

    /// A page of a booking's runs, and where the next one starts. `cursor` is the `next` of the page before; one that we did
    /// not make starts over.
    pub async fn run_page(
        &self,
        booking_id: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RunRow>, Option<String>), StoreError> {
        let before = cursor.and_then(cursor::read).unwrap_or((i64::MAX, String::new()));
        let mut runs = self.runs_before(booking_id, before, i64::try_from(limit + 1).unwrap_or(i64::MAX)).await?;
        let more = runs.len() > limit;
        runs.truncate(limit);
        let next = runs.last().filter(|_| more).map(|run| cursor::write(micros(run.started_at), &run.id));
        Ok((runs, next))
    }

    async fn runs_before(
        &self,
        booking_id: &str,
        (started_at, id): (i64, String),
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        type Row = (String, i64, i64, Option<i64>, Option<String>, Option<String>, String, Option<String>);
        let rows: Vec<Row> =
            sql("SELECT id, version, started_at, finished_at, outcome, summary, notes, account FROM sync_run
             WHERE booking_id = $1 AND (started_at < $2 OR (started_at = $2 AND id < $3))
             ORDER BY started_at DESC, id DESC LIMIT $4")
            .bind(booking_id)
            .bind(started_at)
            .bind(id)
            .bind(limit)
            .all(&self.read)
            .await?;
        let mut runs = Vec::with_capacity(rows.len());
        for (id, version, started_at, finished_at, outcome, summary, notes, account) in rows {
            let calls = self.calls(&id).await?;
            runs.push(RunRow {
                version,
                started_at: instant(started_at)?,
                finished_at: finished_at.map(instant).transpose()?,
                outcome,
                summary,
                notes: from_json("a run's notes", &notes)?,
                account: account.map(|text| from_json("how an Account was looked for", &text)).transpose()?,
                calls,
                id,
            });
        }
        Ok(runs)
    }

    async fn calls(&self, run_id: &str) -> Result<Vec<CallRow>, StoreError> {
        type Row = (String, String, Option<String>, Option<i64>, Option<i64>, i64);
        let rows: Vec<Row> = sql(
            "SELECT purpose, asked, answered, status, milliseconds, sent_at FROM sync_call WHERE run_id = $1 ORDER BY sent_at, id",
        )
        .bind(run_id)
        .all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(purpose, asked, answered, status, milliseconds, sent_at)| {
                let sent_at = instant(sent_at)?;
                Ok(CallRow { purpose, asked, answered, status, milliseconds, sent_at })
            })
            .collect()
    }

    /// Keeps a call that only read, once its answer is known.
    pub async fn save_read(
        &self,
        call: &NewCall<'_>,
        answered: &str,
        status: Option<u16>,
        milliseconds: u64,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO sync_call (id, run_id, purpose, asked, sent_at, answered, status, milliseconds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new_id("cal"))
        .bind(call.run_id)
        .bind(call.purpose)
        .bind(call.asked)
        .bind(micros(call.sent_at))
        .bind(answered)
        .bind(status.map(i64::from))
        .bind(i64::try_from(milliseconds).unwrap_or(i64::MAX))
        .run(&self.write)
        .await?;
        Ok(())
    }
}

pub(crate) async fn start(
    tx: &mut Tx,
    booking_id: &str,
    connection_id: &str,
    version: i64,
    now: Timestamp,
) -> Result<String, StoreError> {
    let id = new_id("run");
    sql(
        "INSERT INTO sync_run (id, booking_id, connection_id, version, started_at, notes) VALUES ($1, $2, $3, $4, $5, '[]')",
    )
    .bind(&id)
    .bind(booking_id)
    .bind(connection_id)
    .bind(version)
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    Ok(id)
}

pub(crate) async fn insert_call(tx: &mut Tx, call: &NewCall<'_>) -> Result<String, StoreError> {
    let id = new_id("cal");
    sql("INSERT INTO sync_call (id, run_id, purpose, asked, sent_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&id)
        .bind(call.run_id)
        .bind(call.purpose)
        .bind(call.asked)
        .bind(micros(call.sent_at))
        .run(&mut *tx)
        .await?;
    Ok(id)
}

pub(crate) async fn answer_call(
    tx: &mut Tx,
    id: &str,
    answered: &str,
    status: Option<u16>,
    milliseconds: u64,
) -> Result<(), StoreError> {
    sql("UPDATE sync_call SET answered = $2, status = $3, milliseconds = $4 WHERE id = $1")
        .bind(id)
        .bind(answered)
        .bind(status.map(i64::from))
        .bind(i64::try_from(milliseconds).unwrap_or(i64::MAX))
        .run(&mut *tx)
        .await?;
    Ok(())
}

pub(crate) async fn finish(
    tx: &mut Tx,
    id: &str,
    released: &Released,
    told: RunTold<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let summary = released.reason();
    sql("UPDATE sync_run SET finished_at = $2, outcome = $3, summary = $4, notes = $5, account = $6 WHERE id = $1")
        .bind(id)
        .bind(micros(now))
        .bind(released.outcome())
        .bind(summary)
        .bind(json(&told.notes))
        .bind(told.account.map(json))
        .run(&mut *tx)
        .await?;
    Ok(())
}
