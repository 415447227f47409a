//! A day without the org: everything waits, little is asked meanwhile, and all of it is synced in order afterwards.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::time::Instant;

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;

use crate::support::{Delivery, Engine, TestApp};

const BOOKINGS: usize = 5_000;
const HOURS: usize = 24;

#[rstest]
#[tokio::test]
#[ignore = "takes minutes; run by hand as docs/performance.md says"]
async fn what_waited_for_a_day_is_synced_in_order(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let unreachable = json!({"match": {}, "effect": {"drop": "before"}, "times": 1_000_000});
    test.org.control("POST", "faults", unreachable).await;
    let mut changes = 0;
    let mut order: Vec<(String, String)> = Vec::new();
    for hour in 0..HOURS {
        for n in (0..BOOKINGS).filter(|n| n % HOURS == hour) {
            let of = |delivery: Delivery, uid: String| delivery.by(&uid, "Pat Q", &format!("pat{n}@acme.example"));
            let stored = test.deliver(&of(Delivery::created(), format!("uid-{n}")).json()).await;
            // Every tenth moves twice; its iCalUID stays.
            for again in (0..2).filter(|_| n % 10 == 0) {
                let moved = of(Delivery::rescheduled().at(&format!("2026-05-04T09:1{again}:00Z")), format!("uid-{n}"));
                let moved = moved.with("uid", format!("uid-{n}-{again}")).with("rescheduleUid", format!("uid-{n}"));
                test.deliver(&moved.json()).await;
                changes += 1;
            }
            let id = stored.body["booking"].as_str().expect("a booking").to_owned();
            order.push((id, format!("pat{n}@acme.example")));
            test.pass(SignedDuration::from_millis(1));
        }
        for _ in 0..12 {
            test.sync().await;
            test.pass(SignedDuration::from_mins(5));
        }
    }
    let asked = test.org.control("GET", "faults", json!(null)).await["faults"][0]["hits"].clone();
    test.org.control("DELETE", "faults", json!(null)).await;
    test.org.take_calls().await;
    test.pass(SignedDuration::from_hours(1));
    let start = Instant::now();
    test.sync().await;
    let seconds = start.elapsed().as_secs_f64();
    let calls = test.org.take_calls().await;
    test.assert_all_synced().await;
    let _ = writeln!(
        std::io::stderr(),
        "{engine:?}: {BOOKINGS} bookings, {changes} later changes; {asked} requests during the day; drained in {seconds:.0} s by one worker with {calls} calls, {:.2} per booking",
        calls as f64 / BOOKINGS as f64
    );
    let contacts = test.org.records("Contact").await;
    let emails: HashMap<&str, &str> = contacts.iter().map(|c| (text(c, "Id"), text(c, "Email"))).collect();
    let events = test.org.records("Event").await;
    // Who probed the connection went behind those who waited then, so that no one booking can hold it up.
    let mut expected = Vec::new();
    for (id, email) in &order {
        if test.app.store.runs(id, 2).await.expect("runs").len() == 1 {
            expected.push(email.as_str());
        }
    }
    let probed = BOOKINGS - expected.len();
    assert!(probed < 100, "the connection is probed, not each booking: {probed}");
    let waited: HashSet<&str> = expected.iter().copied().collect();
    let written: Vec<&str> = events.iter().map(|e| emails[text(e, "WhoId")]).filter(|e| waited.contains(e)).collect();
    assert_eq!(written, expected, "who has waited longest comes first");
    let late = events.iter().filter(|e| text(e, "StartDateTime").starts_with("2026-05-07")).count();
    assert_eq!(late, BOOKINGS / 10, "each Event has the latest time of its booking");
}

fn text<'a>(record: &'a serde_json::Value, field: &str) -> &'a str {
    record[field].as_str().expect("a text")
}
