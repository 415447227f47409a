//! Each migration is applied to a database that holds sample data of the version before it.

use std::path::Path;

use matchbook::store::{BookingFilter, MIGRATIONS, Place, Scope, Store};
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::support::postgres;

/// Sample data as each version wrote it, one for each migration.
const SAMPLES: &[&str] = &[
    include_str!("../data/migrations/0001_first.sql"),
    include_str!("../data/migrations/0002_requests.sql"),
    include_str!("../data/migrations/0003_people.sql"),
    include_str!("../data/migrations/0004_grants.sql"),
    include_str!("../data/migrations/0005_lists.sql"),
    include_str!("../data/migrations/0006_configuration.sql"),
    include_str!("../data/migrations/0007_api.sql"),
    include_str!("../data/migrations/0008_polls.sql"),
    include_str!("../data/migrations/0009_sync_errors.sql"),
    include_str!("../data/migrations/0010_routing.sql"),
    include_str!("../data/migrations/0011_account_traces.sql"),
    include_str!("../data/migrations/0012_user_checks.sql"),
];

#[tokio::test]
async fn a_database_with_data_comes_up_to_date_and_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.db");
    assert_eq!(SAMPLES.len(), MIGRATIONS.len(), "each migration has sample data of its version");
    let pool = connect(&path).await;
    for (version, sample) in (1..).zip(SAMPLES) {
        migrator(version).run(&pool).await.expect("the migration applies to the data before it");
        sqlx::raw_sql(*sample).execute(&pool).await.expect("the sample data fits the schema of its version");
    }
    pool.close().await;
    let store = Store::open(&Place::File(path.clone())).await.expect("the database comes up to date");
    let now = "2026-05-04T09:00:00Z".parse().expect("an instant");
    let page = store.bookings(&Scope::All.into(), None, 10, now).await.expect("bookings");
    assert_eq!(page.rows.len(), 2);
    let synced = page.rows.iter().find(|r| r.id.0 == "bkg_1").expect("the first booking");
    assert_eq!(synced.booking.attendee.email.as_written(), "jane@acme.example");
    assert_eq!(synced.sync.as_ref().expect("its sync").state, "done");
    assert_eq!(store.runs("bkg_1", 10).await.expect("runs")[0].calls.len(), 1);
    assert_eq!(store.connections().await.expect("connections")[0].key, "main");
    assert_eq!(store.waiting_deliveries(10).await.expect("deliveries").len(), 1);
    let held = store.bookings(&Scope::NeedsAttention.into(), None, 10, now).await.expect("bookings");
    assert_eq!(held.rows.len(), 1);
    let joes =
        BookingFilter { text: Some("JOE@acme".into()), organizer: email("ann@seller.example"), ..Default::default() };
    let found = store.bookings(&joes, None, 10, now).await.expect("bookings");
    assert_eq!(
        found.rows.iter().map(|r| r.id.0.as_str()).collect::<Vec<_>>(),
        ["bkg_2"],
        "old bookings can be searched"
    );
    let (key, _) = store.api_key(&[2]).await.expect("keys").expect("the old key");
    assert_eq!((key.scopes, key.expires_at, key.revoked_at), (None, None, None), "an old key may what its user may");
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("same.db");
    Store::open(&Place::File(path.clone())).await.expect("a new database").close().await;
    let store = Store::open(&Place::File(path.clone())).await.expect("the same database");
    store.ping("2026-05-04T09:00:00Z".parse().expect("an instant")).await.expect("it answers");
}

#[tokio::test]
async fn instances_that_start_at_once_bring_a_new_database_up_together() {
    let Some(place) = postgres::fresh_schema().await else { return };
    let starting: Vec<_> = (0..5)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move { Store::open(&place).await })
        })
        .collect();
    for started in starting {
        let store = started.await.expect("no panic").expect("each instance comes up");
        store.ping("2026-05-04T09:00:00Z".parse().expect("an instant")).await.expect("it answers");
        store.close().await;
    }
}

fn email(text: &str) -> Option<domain::email_domain::EmailAddress> {
    Some(text.parse().expect("an email"))
}

async fn connect(path: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    sqlx::SqlitePool::connect_with(options).await.expect("a connection")
}

/// The first migrations alone, as an earlier version had them.
fn migrator(versions: usize) -> Migrator {
    let migration = |(version, name, text, _): &(i64, &'static str, &'static str, &'static str)| {
        let text = sqlx::SqlStr::from_static(text);
        Migration::new(*version, (*name).into(), MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(MIGRATIONS[..versions].iter().map(migration).collect())
}
