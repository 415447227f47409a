//! A database that cannot be written for a while: nothing is promised, and everything works again afterwards.

use jiff::SignedDuration;
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{Delivery, Engine, TestApp};

#[tokio::test]
async fn while_another_process_holds_the_database_senders_are_asked_to_come_back() {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    assert_eq!(test.get_anonymously("/ready").await.status, 200);
    test.pass(SignedDuration::from_secs(2));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(test.database_file());
    let mut other = SqliteConnection::connect_with(&options).await.expect("a connection");
    let held = other.begin_with("BEGIN IMMEDIATE").await.expect("the lock");

    let delivery = Delivery::created().json();
    let (refused, ready, page) =
        tokio::join!(test.deliver(&delivery), test.get_anonymously("/ready"), test.get("/api/v1/bookings"),);
    assert_eq!(refused.status, 503, "a sender who is told 503 sends again: {}", refused.text);
    assert_eq!(refused.retry_after.as_deref(), Some("5"));
    assert_eq!(ready.status, 503, "a server that cannot write is not ready");
    assert_eq!(page.status, 200, "reading goes on");

    held.rollback().await.expect("let go");
    assert_eq!(test.get_anonymously("/ready").await.status, 200);
    assert_eq!(test.deliver(&delivery).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
}
