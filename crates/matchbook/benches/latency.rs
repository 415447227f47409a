//! How long a booking takes from its accepted webhook to Salesforce, in round trips to the org.
//!
//! `cargo bench -p matchbook` prints the median of each case, against an org that takes 100 ms a call.

#[allow(dead_code, reason = "as above")]
#[path = "../tests/it/lists.rs"]
mod lists;
#[allow(dead_code, reason = "the tests' harness, of which a bench needs a part")]
#[path = "../tests/it/support.rs"]
mod support;

use std::time::Duration;

use jiff::Timestamp;
use lists::{LISTS, ON_CANCEL, configure};
use matchbook::sync::Worker;
use serde_json::{Value, json};
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

type Rows = Vec<(&'static str, Vec<f64>)>;

async fn measure() -> Rows {
    let mut rows = of_plain_bookings().await;
    rows.extend(of_lists().await);
    for (case, settings, known) in [
        ("under Account", "\n      attendee_record_type: contact_under_account", false),
        ("owner change", "\n      change_record_owner: {to: organizer}", true),
    ] {
        rows.push((case, of_settings(settings, known).await));
    }
    rows.push(("four people", of_four_people().await));
    rows
}

/// A warm installation with these settings, and an org that is slow from now on.
async fn warm(settings: &str) -> (TestApp, Worker) {
    let test = TestApp::by_the_systems_clock().await;
    configure(&test, settings).await;
    let no_show = json!({"name": "No_Show__c", "label": "No-show", "type": "boolean"});
    test.org.control("POST", "fields", json!({"Event": [no_show]})).await;
    let worker = Worker::start(&test.app.engine, 4);
    synced(&test, Delivery::created().by("warm", "Warm Up", "warm@gmail.com").json()).await;
    test.org.control("PATCH", "settings", json!({"latency_ms": LATENCY_MS})).await;
    (test, worker)
}

/// Somebody who books twice.
struct Booker {
    email: String,
    first: String,
    second: String,
}

impl Booker {
    fn number(n: usize) -> Self {
        Booker { email: format!("person{n}@acme.example"), first: format!("first-{n}"), second: format!("second-{n}") }
    }

    /// A delivery about one of their bookings.
    fn has(&self, delivery: Delivery, uid: &str) -> Delivery {
        delivery.by(uid, "Pat Q", &self.email)
    }

    /// How long both bookings take: the first by a new person, the second by a known one.
    async fn book(&self, test: &TestApp) -> (f64, f64) {
        let first = synced(test, self.has(Delivery::created(), &self.first).json()).await;
        (first, synced(test, self.has(Delivery::created(), &self.second).json()).await)
    }

    /// A later delivery. Each names its own booking as the one before it; one name for all would prove them all to be one.
    fn later(&self, delivery: Delivery, uid: &str) -> Value {
        self.has(delivery, uid).with("rescheduleUid", uid).json()
    }
}

async fn of_plain_bookings() -> Rows {
    let (test, worker) = warm("").await;
    let mut rows = vec![("new Contact", vec![]), ("known Contact", vec![]), ("reschedule", vec![]), ("cancel", vec![])];
    for n in 0..ROUNDS {
        let booker = Booker::number(n);
        let (new, known) = booker.book(&test).await;
        rows[0].1.push(new);
        rows[1].1.push(known);
        rows[2].1.push(synced(&test, booker.later(Delivery::rescheduled(), &booker.first)).await);
        rows[3].1.push(synced(&test, booker.later(Delivery::cancelled(), &booker.first)).await);
    }
    worker.stop(Duration::MAX).await;
    rows
}

/// Bookings that write 3 fields of the Event and 4 of the Contact, and as many lists on cancel.
async fn of_lists() -> Rows {
    let (test, worker) = warm(&format!("{LISTS}{ON_CANCEL}\n      no_show_field: No_Show__c")).await;
    let mut rows =
        vec![("new, 7 fields", vec![]), ("known, 7 fields", vec![]), ("no-show", vec![]), ("cancel, lists", vec![])];
    for n in 0..ROUNDS {
        let booker = Booker::number(n);
        let (new, known) = booker.book(&test).await;
        rows[0].1.push(new);
        rows[1].1.push(known);
        let mut absent = Delivery::no_show("2026-05-06T10:05:00.000Z", true);
        absent["payload"]["bookingUid"] = booker.first.clone().into();
        absent["payload"]["attendees"][0]["email"] = booker.email.clone().into();
        rows[2].1.push(synced(&test, absent).await);
        rows[3].1.push(synced(&test, booker.later(Delivery::cancelled(), &booker.second)).await);
    }
    worker.stop(Duration::MAX).await;
    rows
}

async fn of_settings(settings: &str, known: bool) -> Vec<f64> {
    let (test, worker) = warm(settings).await;
    test.org.load(json!({"Account": [{"Name": "Acme", "Website": "www.acme.example"}]})).await;
    let mut times = Vec::new();
    for n in 0..ROUNDS {
        let email = format!("person{n}@acme.example");
        if known {
            test.org.load(json!({"Contact": [{"LastName": "Q", "Email": email}]})).await;
        }
        times.push(synced(&test, Delivery::created().by(&format!("uid-{n}"), "Pat Q", &email).json()).await);
    }
    worker.stop(Duration::MAX).await;
    times
}

async fn of_four_people() -> Vec<f64> {
    let (test, worker) = warm("").await;
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    let mut times = Vec::new();
    for n in 0..ROUNDS {
        let guests: Vec<String> = (0..3).map(|guest| format!("guest{guest}-{n}@acme.example")).collect();
        let mut booked =
            Delivery::created().by(&format!("uid-{n}"), "Pat Q", &format!("person{n}@acme.example")).json();
        booked["payload"]["responses"]["guests"]["value"] = json!(guests);
        times.push(synced(&test, booked).await);
    }
    worker.stop(Duration::MAX).await;
    times
}

/// Milliseconds from the answer to the webhook to the end of the sync run.
async fn synced(test: &TestApp, delivery: Value) -> f64 {
    let answer = test.deliver(&delivery).await;
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
