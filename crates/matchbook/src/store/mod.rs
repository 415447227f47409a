//! The database: all SQL is in this folder, a file per table or two.

mod api_keys;
mod api_requests;
mod api_spend;
mod arrivals;
mod audit;
mod booking_actions;
mod booking_changes;
mod booking_list;
mod booking_names;
mod bookings;
pub(crate) mod configuration;
mod connect_attempts;
mod connection_tests;
pub(crate) mod connections;
mod cursor;
mod database;
mod deciding;
mod decision_joins;
mod deliveries;
mod delivery_list;
mod describes;
mod duplicate_choices;
mod event_types;
mod hosts;
mod key_rotation;
mod outbox;
mod polls;
mod rotation;
mod routed_bookings;
mod routing_decisions;
mod sources;
mod sync_error_inbox;
mod sync_errors;
mod sync_runs;
mod users;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlStr};

use arrivals::Arrivals;
pub(crate) use database::Tx;
use database::{Pool, sql};

pub use api_keys::{ApiKey, ApiKeyDraft};
pub use api_requests::{ApiRequest, EarlierRequest};
pub use api_spend::{LookupOutcome, Spent};
pub use audit::{Actor, AuditEntry};
pub use booking_actions::Asked;
pub use booking_changes::{NewChange, NewPartial, RecordedChange, Told};
pub use booking_list::{BookingFilter, BookingPage, Scope};
pub use booking_names::BookingIdentity;
pub use bookings::BookingRow;
pub use configuration::{ConfigurationVersion, SealedSecret};
pub use connect_attempts::ConnectAttempt;
pub use connections::{Connection, NewTokens, PutError, RenewLease, StoredAccess, StoredTokens};
pub use cursor::is_cursor;
pub use deciding::{Routing, Slot};
pub(crate) use deliveries::Reading;
pub use deliveries::{DeliveryRow, DeliveryState, NewDelivery, Receipt};
pub use delivery_list::Delivery;
pub use describes::StoredDescribe;
pub use event_types::EventType;
pub use hosts::Host;
pub use key_rotation::Resealed;
pub use outbox::{Claimed, Lease, Released, SyncState};
pub use polls::{ClaimedPoll, PollFound, PollState};
pub use rotation::Turn;
pub use routed_bookings::{Decided, RoutedBooking};
pub use routing_decisions::{Entered, StoredDecision};
pub use sources::Source;
pub use sync_error_inbox::{ErrorFilter, ErrorGroup, ErrorState, StoredError};
pub use sync_runs::{CallRow, NewCall, RunRow, RunTold};
pub use users::User;

/// The migrations, oldest first: version, name, text for SQLite, text for PostgreSQL.
pub const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "first",
        include_str!("../../migrations/sqlite/0001_first.sql"),
        include_str!("../../migrations/postgres/0001_first.sql"),
    ),
    (
        2,
        "requests",
        include_str!("../../migrations/sqlite/0002_requests.sql"),
        include_str!("../../migrations/postgres/0002_requests.sql"),
    ),
    (
        3,
        "people",
        include_str!("../../migrations/sqlite/0003_people.sql"),
        include_str!("../../migrations/postgres/0003_people.sql"),
    ),
    (
        4,
        "grants",
        include_str!("../../migrations/sqlite/0004_grants.sql"),
        include_str!("../../migrations/postgres/0004_grants.sql"),
    ),
    (
        5,
        "lists",
        include_str!("../../migrations/sqlite/0005_lists.sql"),
        include_str!("../../migrations/postgres/0005_lists.sql"),
    ),
    (
        6,
        "configuration",
        include_str!("../../migrations/sqlite/0006_configuration.sql"),
        include_str!("../../migrations/postgres/0006_configuration.sql"),
    ),
    (
        7,
        "api",
        include_str!("../../migrations/sqlite/0007_api.sql"),
        include_str!("../../migrations/postgres/0007_api.sql"),
    ),
    (
        8,
        "polls",
        include_str!("../../migrations/sqlite/0008_polls.sql"),
        include_str!("../../migrations/postgres/0008_polls.sql"),
    ),
    (
        9,
        "sync_errors",
        include_str!("../../migrations/sqlite/0009_sync_errors.sql"),
        include_str!("../../migrations/postgres/0009_sync_errors.sql"),
    ),
    (
        10,
        "routing",
        include_str!("../../migrations/sqlite/0010_routing.sql"),
        include_str!("../../migrations/postgres/0010_routing.sql"),
    ),
    (
        11,
        "account_traces",
        include_str!("../../migrations/sqlite/0011_account_traces.sql"),
        include_str!("../../migrations/postgres/0011_account_traces.sql"),
    ),
    (
        12,
        "user_checks",
        include_str!("../../migrations/sqlite/0012_user_checks.sql"),
        include_str!("../../migrations/postgres/0012_user_checks.sql"),
    ),
];

/// How long a statement waits for another process that holds SQLite's write lock. Whoever sent a webhook waits as long.
const LOCK_PATIENCE: Duration = Duration::from_secs(4);

/// How long a write waits for the writes before it.
const QUEUE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection to PostgreSQL may have been idle to be used without a look whether it is still there.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Which database, and where.
#[derive(Debug, Clone)]
pub enum Place {
    /// A SQLite file; it is made if it is not there.
    File(PathBuf),
    /// A PostgreSQL URL, which may hold a password.
    Postgres(SecretString),
}

/// The file's path, or the word PostgreSQL: a URL may hold a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed.
    #[error("the database could not be used")]
    Database(#[from] sqlx::Error),
    /// A migration could not be applied.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another worker took the booking over while this one was at it; its results are not taken.
    #[error("another worker has taken this booking over")]
    LeaseLost,
    /// A whole group of writes failed for one reason.
    #[error(transparent)]
    Together(Arc<StoreError>),
    /// A fault in Matchbook itself ended a write before its time.
    #[error("storing broke off; please report this with the lines of the log before this one")]
    BrokenOff,
    /// Something stored does not read back.
    #[error("{what} in the database cannot be read: {why}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    /// Whether the same may work in a while: the database is locked, full, out of reach or out of connections.
    pub fn is_passing(&self) -> bool {
        match self {
            StoreError::Database(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
            StoreError::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| is_passing(&code)),
            StoreError::Together(error) => error.is_passing(),
            _ => false,
        }
    }
}

/// SQLite's extended result codes (busy, locked, I/O error, full, cannot open), or PostgreSQL's classes (connection,
/// rollback, resources, intervention).
fn is_passing(code: &str) -> bool {
    let is_postgres = code.len() == 5;
    match code.parse::<u32>() {
        Ok(code) if !is_postgres => [5, 6, 10, 13, 14].contains(&(code & 0xff)),
        _ => ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)),
    }
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// On SQLite one connection: there is one writer, and waiting here is fairer than its busy handler.
    write: Pool,
    read: Pool,
    arrivals: Arc<Arrivals>,
    configuration: configuration::InForce,
}

impl Store {
    /// Opens the database and brings it up to date. Several processes may do so at once.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::File(path) => Store::open_file(path).await,
            Place::Postgres(url) => Store::open_postgres(url).await,
        }
    }

    async fn open_file(path: &std::path::Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(LOCK_PATIENCE);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(QUEUE_PATIENCE)
            // A full disk ends a transaction by itself; a connection that still counts it as open is of no more use.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        let texts = MIGRATIONS.iter().map(|(version, name, sqlite, _)| (*version, *name, *sqlite));
        migrator(texts).run(&write).await?;
        let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Store {
            write: Pool::Sqlite(write),
            read: Pool::Sqlite(read),
            arrivals: Arc::default(),
            configuration: Arc::default(),
        })
    }

    async fn open_postgres(url: &SecretString) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url.expose_secret())?;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            // One that was used a moment ago need not be asked whether it is still there.
            .test_before_acquire(false)
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    if used.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        let texts = MIGRATIONS.iter().map(|(version, name, _, postgres)| (*version, *name, *postgres));
        migrator(texts).run(&pool).await?;
        let pool = Pool::Postgres(pool);
        Ok(Store { write: pool.clone(), read: pool, arrivals: Arc::default(), configuration: Arc::default() })
    }

    /// Starts a transaction that may write. On SQLite it holds the write lock from its first moment.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match &self.write {
            Pool::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => {
                // Whoever waits may go, as a request does whose client hangs up. A BEGIN that is dropped halfway would leave its
                // connection in a transaction that nobody ends, and later statements in it; so it is always brought to its end.
                let pool = pool.clone();
                let begun = tokio::spawn(async move { pool.begin().await }).await;
                Tx::Postgres(begun.map_err(|_| sqlx::Error::PoolClosed)??)
            }
        })
    }

    /// Whether the database can be read and written.
    pub async fn ping(&self, now: Timestamp) -> Result<(), StoreError> {
        sql("SELECT 1").run(&self.read).await?;
        sql("UPDATE readiness SET written_at = $1").bind(micros(now)).run(&self.write).await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for pool in [&self.read, &self.write] {
            match pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
    }
}

/// The migrations as the migrator takes them.
fn migrator(texts: impl Iterator<Item = (i64, &'static str, &'static str)>) -> Migrator {
    let migration = |(version, name, text): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(text), false)
    };
    Migrator::with_migrations(texts.map(migration).collect())
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|e| StoreError::Corrupt { what: "a time", why: e.to_string() })
}

fn email_address(text: &str) -> Result<domain::email_domain::EmailAddress, StoreError> {
    text.parse().map_err(|e: domain::email_domain::NotAnEmailAddress| StoreError::Corrupt {
        what: "an email",
        why: e.to_string(),
    })
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have text keys and no failing serializers")
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt { what, why: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn write(store: &Store, id: &str, length: usize) -> Result<(), StoreError> {
        let mut tx = store.begin().await?;
        sql("INSERT INTO app_user (id, email, email_folded, name, role, password_hash, created_at)
             VALUES ($1, $1, $1, $2, 'admin', '', 0)")
        .bind(id)
        .bind("x".repeat(length))
        .run(&mut tx)
        .await?;
        tx.commit().await
    }

    #[tokio::test]
    async fn writing_works_again_once_a_full_disk_has_space() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&Place::File(folder.path().join("m.db"))).await.expect("a new database");
        sql("PRAGMA max_page_count = 1").run(&store.write).await.expect("as large as it is, and no larger");
        let full = write(&store, "usr_1", 1_000_000).await.expect_err("there is no space");
        assert!(full.is_passing(), "{full:?}");
        sql("PRAGMA max_page_count = 100000").run(&store.write).await.expect("space again");
        write(&store, "usr_2", 1_000_000).await.expect("it is written");
    }

    #[test]
    fn troubles_that_pass_are_told_from_mistakes() {
        for code in ["5", "517", "6", "13", "778", "53100", "40001", "57P01", "08006"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42P01", "22001"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
