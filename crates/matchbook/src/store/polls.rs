//! Asking sources for their bookings: whose turn it is, how far each has been asked, and what came of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::database::sql;
use super::{Store, StoreError, Tx, instant, micros};

/// How long one who asks is taken to be alive without a word.
const LEASE: SignedDuration = SignedDuration::from_mins(5);

/// How far back the first poll of a source looks at most: what changed since the source was set up.
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A source that is to be asked now, by whoever claimed it.
#[derive(Debug, Clone)]
pub struct ClaimedPoll {
    /// The source's id.
    pub source_id: String,
    /// Its key.
    pub source_key: String,
    /// Its kind.
    pub source_kind: String,
    /// Where its API answers.
    pub api_url: String,
    /// The API key, encrypted.
    pub sealed_key: Vec<u8>,
    /// How long after a poll the next is due.
    pub every: SignedDuration,
    /// What changed before this is known.
    pub polled_to: Timestamp,
    /// How often asking failed in a row.
    pub failures: u32,
}

/// What a poll found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollFound {
    /// Bookings that the source showed.
    pub seen: i64,
    /// Of them, those that were news.
    pub changed: i64,
    /// Of them, those that need attention.
    pub waiting: i64,
}

/// How asking a source stands.
#[derive(Debug, Clone)]
pub struct PollState {
    /// Every how many minutes it is asked.
    pub every_minutes: i64,
    /// When it is asked next.
    pub due_at: Timestamp,
    /// When it last went through.
    pub polled_at: Option<Timestamp>,
    /// What was found then.
    pub found: PollFound,
    /// When it last failed and why, if it has not gone through since.
    pub trouble: Option<(Timestamp, String)>,
}

impl Store {
    /// Takes the source that is due longest, if one is; nobody else asks it until the claim ends.
    pub async fn claim_poll(&self, poller: &str, now: Timestamp) -> Result<Option<ClaimedPoll>, StoreError> {
        let claimed: Option<(String,)> = sql("UPDATE source_poll SET poller = $1, poller_until = $2
             WHERE source_id = (SELECT p.source_id FROM source_poll p JOIN source s ON s.id = p.source_id
                     WHERE p.due_at <= $3 AND (p.poller_until IS NULL OR p.poller_until <= $3)
                     AND s.api_key IS NOT NULL AND s.archived_at IS NULL ORDER BY p.due_at, p.source_id LIMIT 1)
                 AND due_at <= $3 AND (poller_until IS NULL OR poller_until <= $3)
             RETURNING source_id")
        .bind(poller)
        .bind(micros(now + LEASE))
        .bind(micros(now))
        .optional(&self.write)
        .await?;
        let Some((source_id,)) = claimed else { return Ok(None) };
        type Row = (String, String, String, Vec<u8>, i64, i64, i64);
        let row: Row = sql("SELECT s.key, s.kind, s.api_url, s.api_key, s.poll_minutes, p.polled_to, p.failures
             FROM source s JOIN source_poll p ON p.source_id = s.id WHERE s.id = $1")
        .bind(&source_id)
        .one(&self.write)
        .await?;
        let (source_key, source_kind, api_url, sealed_key, minutes, polled_to, failures) = row;
        Ok(Some(ClaimedPoll {
            source_id,
            source_key,
            source_kind,
            api_url,
            sealed_key,
            every: SignedDuration::from_mins(minutes),
            polled_to: instant(polled_to)?,
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
        }))
    }

    /// When a source is due next that nobody asks now.
    pub async fn next_poll(&self) -> Result<Option<Timestamp>, StoreError> {
        let (due,): (Option<i64>,) = sql("SELECT min(CASE WHEN p.poller_until > p.due_at THEN p.poller_until ELSE p.due_at END)
             FROM source_poll p JOIN source s ON s.id = p.source_id WHERE s.api_key IS NOT NULL AND s.archived_at IS NULL")
        .one(&self.read)
        .await?;
        due.map(instant).transpose()
    }

    /// Says that the one who asks is still at it; false if another took over.
    pub async fn keep_poll(&self, source_id: &str, poller: &str, now: Timestamp) -> Result<bool, StoreError> {
        let kept = sql("UPDATE source_poll SET poller_until = $3 WHERE source_id = $1 AND poller = $2")
            .bind(source_id)
            .bind(poller)
            .bind(micros(now + LEASE))
            .run(&self.write)
            .await?;
        Ok(kept == 1)
    }

    /// A poll went through: what changed before `polled_to` is known. False if another took over meanwhile.
    pub async fn finish_poll(
        &self,
        claimed: &ClaimedPoll,
        poller: &str,
        polled_to: Timestamp,
        found: PollFound,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let finished =
            sql("UPDATE source_poll SET due_at = $3, polled_to = $4, polled_at = $5, seen = $6, changed = $7,
                 waiting = $8, failed_at = NULL, trouble = NULL, failures = 0, poller = NULL, poller_until = NULL
             WHERE source_id = $1 AND poller = $2")
            .bind(&claimed.source_id)
            .bind(poller)
            .bind(micros(now + claimed.every))
            .bind(micros(polled_to.max(claimed.polled_to)))
            .bind(micros(now))
            .bind(found.seen)
            .bind(found.changed)
            .bind(found.waiting)
            .run(&self.write)
            .await?;
        Ok(finished == 1)
    }

    /// A poll failed; it is tried again at `due_at`.
    pub async fn fail_poll(
        &self,
        source_id: &str,
        poller: &str,
        trouble: &str,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql("UPDATE source_poll SET due_at = $3, failed_at = $4, trouble = $5, failures = failures + 1,
                 poller = NULL, poller_until = NULL
             WHERE source_id = $1 AND poller = $2")
        .bind(source_id)
        .bind(poller)
        .bind(micros(due_at))
        .bind(micros(now))
        .bind(trouble)
        .run(&self.write)
        .await?;
        Ok(())
    }

    /// How asking stands, by the source's id; only of sources that have an API key.
    pub async fn poll_states(&self) -> Result<BTreeMap<String, PollState>, StoreError> {
        type Row = (String, i64, i64, Option<i64>, i64, i64, i64, Option<i64>, Option<String>);
        let rows: Vec<Row> = sql("SELECT p.source_id, s.poll_minutes, p.due_at, p.polled_at, coalesce(p.seen, 0),
                 coalesce(p.changed, 0), coalesce(p.waiting, 0), p.failed_at, p.trouble
             FROM source_poll p JOIN source s ON s.id = p.source_id WHERE s.api_key IS NOT NULL AND s.archived_at IS NULL")
        .all(&self.read)
        .await?;
        let state = |(id, every_minutes, due, polled, seen, changed, waiting, failed, trouble): Row| {
            let state = PollState {
                every_minutes,
                due_at: instant(due)?,
                polled_at: polled.map(instant).transpose()?,
                found: PollFound { seen, changed, waiting },
                trouble: failed.map(instant).transpose()?.zip(trouble),
            };
            Ok((id, state))
        };
        rows.into_iter().map(state).collect()
    }

    /// Gives back what one who stops was asking.
    pub async fn free_polls(&self, poller: &str) -> Result<(), StoreError> {
        sql("UPDATE source_poll SET poller = NULL, poller_until = NULL WHERE poller = $1")
            .bind(poller)
            .run(&self.write)
            .await?;
        Ok(())
    }
}

/// Makes a source due that was configured with an API key. One that was never asked begins at its making.
pub(super) async fn make_due(tx: &mut Tx, source_id: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("INSERT INTO source_poll (source_id, due_at, polled_to)
         SELECT id, $2, CASE WHEN created_at > $3 THEN created_at ELSE $3 END FROM source WHERE id = $1
         ON CONFLICT (source_id) DO UPDATE SET due_at = $2, failures = 0")
    .bind(source_id)
    .bind(micros(now))
    .bind(micros(now - FURTHEST_BACK))
    .run(tx)
    .await?;
    Ok(())
}
