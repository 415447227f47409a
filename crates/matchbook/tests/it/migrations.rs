//! Each migration is applied to a database that holds sample data of the version before it.

use std::path::Path;

use matchbook::store::{Place, Scope, Store};

/// Sample data as each version wrote it.
const SAMPLES: &[&str] =
    &[include_str!("../data/migrations/0001_first.sql"), include_str!("../data/migrations/0002_requests.sql")];

#[tokio::test]
async fn a_database_with_data_comes_up_to_date_and_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.db");
    Store::open(&Place::File(path.clone())).await.expect("a new database").close().await;
    for sample in SAMPLES {
        fill(&path, sample).await;
    }
    let store = Store::open(&Place::File(path.clone())).await.expect("the database comes up to date");
    let now = "2026-05-04T09:00:00Z".parse().expect("an instant");
    let page = store.bookings(Scope::All, None, 10, now).await.expect("bookings");
    assert_eq!(page.rows.len(), 2);
    let synced = page.rows.iter().find(|r| r.id.0 == "bkg_1").expect("the first booking");
    assert_eq!(synced.booking.attendee.email.as_written(), "jane@acme.example");
    assert_eq!(synced.sync.as_ref().expect("its sync").state, "done");
    assert_eq!(store.runs("bkg_1", 10).await.expect("runs")[0].calls.len(), 1);
    assert_eq!(store.connections().await.expect("connections")[0].key, "main");
    assert_eq!(store.waiting_deliveries(10).await.expect("deliveries").len(), 1);
    let held = store.bookings(Scope::NeedsAttention, None, 10, now).await.expect("bookings");
    assert_eq!(held.rows.len(), 1);
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("same.db");
    Store::open(&Place::File(path.clone())).await.expect("a new database").close().await;
    let store = Store::open(&Place::File(path.clone())).await.expect("the same database");
    store.ping("2026-05-04T09:00:00Z".parse().expect("an instant")).await.expect("it answers");
}

async fn fill(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("a connection");
    sqlx::raw_sql(sql).execute(&pool).await.expect("the sample data fits the schema");
    pool.close().await;
}
