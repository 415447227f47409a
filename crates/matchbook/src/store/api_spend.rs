//! What calls to an org were spent on, by the hour, and what the org said of its own count.

use domain::api_budget::{Allowance, ApiUsage, HourSpent, OrgCount, Purpose, Shares, may_call};
use domain::backoff;
use domain::sync_outcome::Refusal;
use jiff::{SignedDuration, Timestamp};

use super::database::{On, sql};
use super::{Store, StoreError, Tx, connections, instant, micros};

const HOUR: i64 = 3_600_000_000;

/// How long an hour's row is kept: longer than any window looks back.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

/// The calls of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many.
    pub calls: i64,
    /// The org's latest word on its own count.
    pub org: Option<OrgCount>,
    /// Until when the whole connection must rest for it, and why.
    pub rest: Option<(Timestamp, String)>,
}

impl Spent {
    /// Counts a call, with what its answer said of the org's own count.
    pub fn count(&mut self, org: Option<OrgCount>) {
        self.calls += 1;
        self.org = org.or(self.org);
    }
}

/// What a look-up means for its connection.
#[derive(Debug, Clone, PartialEq)]
pub enum LookupOutcome {
    /// The org answered: the connection works.
    Answered,
    /// Something befell the whole connection: it rests, as after a sync.
    Failed {
        /// What.
        refusal: Refusal,
        /// How long the org asked to wait.
        retry_after: Option<SignedDuration>,
    },
    /// The org was not asked.
    NotAsked,
}

impl Store {
    /// Keeps what a look-up means for its connection, and what it spent: for what, on whose part, and how much.
    pub async fn after_lookup(
        &self,
        connection_id: &str,
        outcome: LookupOutcome,
        (purpose, instance, spent): (Purpose, &str, &Spent),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if spent.calls == 0 && outcome == LookupOutcome::NotAsked {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        match outcome {
            LookupOutcome::Answered => connections::unpark(&mut tx, connection_id).await?,
            LookupOutcome::Failed { refusal, retry_after } => {
                let times = connections::parked_times(&mut tx, connection_id).await?;
                let failures = u32::try_from(times + 1).unwrap_or(u32::MAX);
                if let Some(wait) = backoff::wait(refusal.class, failures, retry_after, 0.5) {
                    let reason = format!("{} ({})", refusal.message.trim_end_matches('.'), refusal.code);
                    connections::park(&mut tx, connection_id, now + wait, &reason).await?;
                }
            }
            LookupOutcome::NotAsked => {}
        }
        spend(&mut tx, connection_id, purpose, instance, spent, now).await?;
        tx.commit().await
    }

    /// What is known of a connection's day.
    pub async fn api_usage(&self, connection_id: &str, now: Timestamp) -> Result<ApiUsage, StoreError> {
        usage(&self.read, connection_id, now).await
    }

    /// Whether a call may be made for somebody who is not signed in. One that may be is counted here, before it is made: of
    /// many at once, on whatever instance, none goes beyond the share.
    pub(crate) async fn allow_lookup(
        &self,
        connection_id: &str,
        instance: &str,
        shares: Shares,
        now: Timestamp,
    ) -> Result<Allowance, StoreError> {
        let mut tx = self.begin().await?;
        if tx.is_shared() {
            sql("SELECT pg_advisory_xact_lock(hashtextextended('lookup/' || $1, 0))")
                .bind(connection_id)
                .run(&mut tx)
                .await?;
        }
        let usage = usage(&mut tx, connection_id, now).await?;
        let allowance = may_call(Purpose::Lookup, &usage, shares, now);
        if allowance == Allowance::May {
            let call = Spent { calls: 1, ..Spent::default() };
            spend(&mut tx, connection_id, Purpose::Lookup, instance, &call, now).await?;
            tx.commit().await?;
        }
        Ok(allowance)
    }
}

async fn usage(on: impl Into<On<'_>>, connection_id: &str, now: Timestamp) -> Result<ApiUsage, StoreError> {
    type Row = (i64, String, i64, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Row> = sql("SELECT hour, purpose, calls, org_used, org_limit, org_said_at FROM api_spend
         WHERE connection_id = $1 AND hour >= $2 ORDER BY hour")
    .bind(connection_id)
    .bind(micros(now - KEPT) / HOUR)
    .all(on)
    .await?;
    let mut usage = ApiUsage::default();
    for (hour, word, calls, used, limit, said_at) in rows {
        usage.spent.push(HourSpent { hour: instant(hour * HOUR)?, purpose: purpose(&word)?, calls });
        if let (Some(used), Some(limit), Some(said_at)) = (used, limit, said_at) {
            let said_at = instant(said_at)?;
            let is_latest = usage.org.is_none_or(|known| (known.said_at, known.used) < (said_at, used));
            if is_latest {
                usage.org = Some(OrgCount { used, limit, said_at });
            }
        }
    }
    Ok(usage)
}

/// Counts calls that were made. To be the last statement of its transaction: runs of one instance write the same row.
pub(crate) async fn spend(
    tx: &mut Tx,
    connection_id: &str,
    purpose: Purpose,
    instance: &str,
    spent: &Spent,
    now: Timestamp,
) -> Result<(), StoreError> {
    if spent.calls == 0 && spent.org.is_none() {
        return Ok(());
    }
    let hour = micros(now) / HOUR;
    let (calls,): (i64,) =
        sql("INSERT INTO api_spend (connection_id, hour, purpose, instance, calls, org_used, org_limit, org_said_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (connection_id, hour, purpose, instance) DO UPDATE SET calls = api_spend.calls + $5,
             org_used = coalesce($6, api_spend.org_used), org_limit = coalesce($7, api_spend.org_limit),
             org_said_at = coalesce($8, api_spend.org_said_at)
         RETURNING calls")
        .bind(connection_id)
        .bind(hour)
        .bind(word(purpose))
        .bind(instance)
        .bind(spent.calls)
        .bind(spent.org.map(|org| org.used))
        .bind(spent.org.map(|org| org.limit))
        .bind(spent.org.map(|org| micros(org.said_at)))
        .one(&mut *tx)
        .await?;
    let is_first_of_the_hour = calls == spent.calls;
    if is_first_of_the_hour {
        sql("DELETE FROM api_spend WHERE connection_id = $1 AND hour < $2")
            .bind(connection_id)
            .bind(micros(now - KEPT) / HOUR)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}

fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Sync => "sync",
        Purpose::Lookup => "lookup",
        Purpose::Test => "test",
    }
}

fn purpose(word: &str) -> Result<Purpose, StoreError> {
    match word {
        "sync" => Ok(Purpose::Sync),
        "lookup" => Ok(Purpose::Lookup),
        "test" => Ok(Purpose::Test),
        other => Err(StoreError::Corrupt { what: "what a call was for", why: other.to_owned() }),
    }
}
