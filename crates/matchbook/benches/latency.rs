//! How long a booking takes from its accepted webhook to Salesforce, in round trips to the org.
//!
//! `cargo bench -p matchbook` prints the median of each case, against an org that takes 100 ms a call.

#[allow(dead_code, reason = "the tests' harness, of which a bench needs a part")]
#[path = "../tests/it/support.rs"]
mod support;

use std::time::Duration;

use jiff::Timestamp;
use matchbook::sync::Worker;
use serde_json::json;
use support::{Delivery, TestApp};

const LATENCY_MS: u32 = 100;
const ROUNDS: usize = 21;

#[allow(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let rows = runtime.block_on(measure());
    println!("{:<16} {:>10} {:>14}", "sync", "median ms", "round trips");
    for (case, mut times) in rows {
        times.sort_by(f64::total_cmp);
        let median = times[times.len() / 2];
        println!("{case:<16} {median:>10.1} {:>14.2}", median / f64::from(LATENCY_MS));
    }
}

async fn measure() -> Vec<(&'static str, Vec<f64>)> {
    let test = TestApp::by_the_systems_clock().await;
    let worker = Worker::start(&test.app.engine, 4);
    let warm_up = Delivery::created().by("warm", "Warm Up", "warm@acme.example");
    synced(&test, warm_up).await;
    test.org.control("PATCH", "settings", json!({"latency_ms": LATENCY_MS})).await;

    let mut rows = vec![("new Contact", vec![]), ("known Contact", vec![]), ("reschedule", vec![]), ("cancel", vec![])];
    for n in 0..ROUNDS {
        let email = format!("person{n}@acme.example");
        let of = |delivery: Delivery, uid: &str| delivery.by(uid, "Pat Q", &email);
        let (first, second) = (format!("first-{n}"), format!("second-{n}"));
        rows[0].1.push(synced(&test, of(Delivery::created(), &first)).await);
        rows[1].1.push(synced(&test, of(Delivery::created(), &second)).await);
        // Each names its own booking as the one before it; one name for all would prove them all to be one.
        let later = |delivery: Delivery| of(delivery, &first).with("rescheduleUid", first.clone());
        rows[2].1.push(synced(&test, later(Delivery::rescheduled())).await);
        rows[3].1.push(synced(&test, later(Delivery::cancelled())).await);
    }
    worker.stop(Duration::MAX).await;
    rows
}

/// Milliseconds from the answer to the webhook to the end of the sync run.
async fn synced(test: &TestApp, delivery: Delivery) -> f64 {
    let answer = test.deliver(&delivery.json()).await;
    let accepted = Timestamp::now();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let id = answer.body["booking"].as_str().expect("a booking").to_owned();
    loop {
        let row = test.app.store.booking(&id).await.expect("the database").expect("the booking");
        if row.sync.is_some_and(|s| s.state == "done") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let run = test.app.store.runs(&id, 1).await.expect("the database").remove(0);
    run.finished_at.expect("the run ended").duration_since(accepted).as_secs_f64() * 1000.0
}
