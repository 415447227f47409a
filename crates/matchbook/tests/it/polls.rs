//! Asking a source for what its webhooks should have told.

use std::sync::Arc;

use jiff::SignedDuration;
use matchbook::check::{Report, check};
use matchbook::polling::{Polled, Poller, Reach};
use rstest::rstest;
use serde_json::{Value, json};

use crate::calcom_api::{CalcomApi, shown};
use crate::support::{Delivery, Engine, TestApp, edit};

/// A test whose source is asked, and its stand-in for Cal.com.
async fn asked_app(engine: Engine) -> Option<(TestApp, CalcomApi)> {
    let test = TestApp::spawn(engine).await?;
    let calcom = CalcomApi::start(test.app.clock.now()).await;
    test.apply(&source(&calcom.url)).await.expect("applied");
    Some((test, calcom))
}

fn source(url: &str) -> String {
    format!(
        "sources:
  calcom: {{kind: cal.com, name: Cal.com, secret: {{secret: WEBHOOK}}, api_key: {{secret: CALCOM_KEY}}, api_url: '{url}'}}
"
    )
}

fn poller(test: &TestApp) -> Poller {
    Poller::new(Arc::clone(&test.app), Reach::Everywhere)
}

/// Lets the next poll come, and gives what the API tells of it.
async fn poll(test: &TestApp) -> Value {
    test.pass(SignedDuration::from_mins(15));
    assert_eq!(poller(test).step().await.expect("the database can be used"), Polled::Asked);
    status(test).await
}

async fn status(test: &TestApp) -> Value {
    test.get("/api/v1/sources").await.body["sources"][0]["poll"].clone()
}

async fn checked(test: &TestApp) -> Report {
    let quiet = SignedDuration::from_hours(24 * 7);
    check(&test.app.store, &test.app.engine, quiet, test.app.clock.now()).await.expect("it is checked")
}

/// One of a hundred bookings: what is told of it, what Cal.com holds at the end, and when its Event is to start, if at all.
struct Told {
    webhooks: Vec<Delivery>,
    held: Vec<Value>,
    start: Option<&'static str>,
}

/// By its last digit: 0 to 5 booked, 6 moved, 7 cancelled, 8 requested, 9 requested and declined.
fn told(number: usize) -> Told {
    let uid = format!("uid-{number}");
    let of = |delivery: Delivery| {
        let delivery = delivery.by(&uid, "Jane Roe", &format!("jane{number}@acme.example"));
        delivery.with("title", format!("Call {number}"))
    };
    let created = of(Delivery::created());
    let first = shown(&created);
    match number % 10 {
        6 => {
            let moved = of(Delivery::rescheduled()).with("uid", format!("{uid}-b")).with("rescheduleUid", uid.clone());
            let mut old = first;
            old["status"] = "cancelled".into();
            old["rescheduledToUid"] = format!("{uid}-b").into();
            old["updatedAt"] = "2026-05-04T09:10:01.000Z".into();
            let held = vec![old, shown(&moved)];
            Told { webhooks: vec![created, moved], held, start: Some("2026-05-07T09:30:00") }
        }
        7 => {
            let cancelled = of(Delivery::cancelled()).with("uid", uid.clone()).with("rescheduleUid", Value::Null);
            let held = vec![shown(&cancelled)];
            Told { webhooks: vec![created, cancelled], held, start: None }
        }
        8 => {
            let requested = of(Delivery::requested().at("2026-05-04T09:01:00.000Z"));
            Told { held: vec![shown(&requested)], webhooks: vec![requested], start: None }
        }
        9 => {
            let (requested, rejected) = (of(Delivery::requested()), of(Delivery::rejected()));
            Told { held: vec![shown(&rejected)], webhooks: vec![requested, rejected], start: None }
        }
        _ => Told { webhooks: vec![created], held: vec![first], start: Some("2026-05-06T09:30:00") },
    }
}

#[rstest]
#[tokio::test]
async fn of_a_hundred_bookings_twenty_webhooks_are_lost_and_ten_come_twice_and_all_end_right(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    let (mut lost, mut twice) = (0, 0);
    for number in 0..100 {
        let Told { mut webhooks, held, .. } = told(number);
        held.into_iter().for_each(|booking| calcom.hold(booking));
        let decade = number / 10;
        // In each ten two others, so that every kind of booking loses its last word.
        if number % 5 == decade % 5 {
            webhooks.pop();
            lost += 1;
        }
        for webhook in &webhooks {
            assert_eq!(test.deliver(&webhook.json()).await.status, 200);
        }
        if number % 10 == (decade + 1) % 10 {
            assert_eq!(test.deliver(&webhooks[0].json()).await.status, 200);
            twice += 1;
        }
    }
    assert_eq!((lost, twice), (20, 10));
    test.sync().await;
    let found = poll(&test).await;
    assert_eq!(calcom.take_asked().len(), 2, "two pages hold the hundred bookings and those that were moved");
    assert_eq!((&found["seen"], &found["changed"], &found["needs_attention"]), (&json!(100), &json!(20), &json!(0)));
    test.sync().await;
    assert_ends_right(&test).await;
    test.org.take_calls().await;
    let again = poll(&test).await;
    assert_eq!((&again["changed"], &again["trouble"]), (&json!(0), &Value::Null), "what was seen is no news");
    test.sync().await;
    assert_eq!(test.org.take_calls().await, 0, "nothing is left to write");
    assert_ends_right(&test).await;
    test.assert_all_synced().await;
}

async fn assert_ends_right(test: &TestApp) {
    let mut events = test.org.records("Event").await;
    for number in 0..100 {
        let subject = format!("Call {number}");
        let of_it: Vec<Value> = events.extract_if(.., |event| event["Subject"] == *subject).collect();
        let starts: Vec<&str> = of_it.iter().map(|e| &e["StartDateTime"].as_str().expect("a start")[..19]).collect();
        assert_eq!(starts, Vec::from_iter(told(number).start), "{subject}");
    }
    assert_eq!(events, Vec::<Value>::new(), "Events of no booking");
    let mut people: Vec<Value> = test.org.records("Contact").await.iter().map(|c| c["Email"].clone()).collect();
    let count = people.len();
    people.dedup();
    assert_eq!(people.len(), count, "one Contact for each person: {people:?}");
}

#[rstest]
#[tokio::test]
async fn a_webhook_that_comes_after_its_poll_changes_nothing_and_a_no_show_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    let mut booking = shown(&Delivery::created());
    booking["attendees"][0]["absent"] = true.into();
    calcom.hold(booking);
    assert_eq!(poll(&test).await["changed"], 1);
    test.sync().await;
    let before = test.only_booking().await;
    assert_eq!(before["no_show"], true, "{before}");
    test.org.take_calls().await;
    assert_eq!(test.deliver(&Delivery::created().at("2026-05-04T08:59:59.000Z").json()).await.status, 200);
    test.sync().await;
    assert_eq!(test.only_booking().await["version"], before["version"]);
    assert_eq!(test.org.take_calls().await, 0);
    assert_eq!(poll(&test).await["changed"], 0);
}

#[rstest]
#[tokio::test]
async fn a_booking_of_an_unknown_event_type_waits_until_that_is_configured(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    calcom.hold(shown(&Delivery::created().with("type", "intro")));
    assert_eq!(poll(&test).await["needs_attention"], 1);
    assert_eq!(poll(&test).await["needs_attention"], 0, "it waits once");
    let event_type = "event_types:\n  intro: {title: Intro, length_minutes: 30, hosts: [ann]}\n";
    assert_eq!(test.apply(event_type).await.expect("applied").deliveries, 1);
    assert_eq!(test.only_booking().await["event_type"], "intro");
}

#[rstest]
#[tokio::test]
async fn what_changed_lately_is_left_to_its_webhook_and_found_by_the_next_poll(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    calcom.hold(shown(&Delivery::created().at("2026-05-04T10:14:00.000Z")));
    assert_eq!(poll(&test).await["seen"], 0);
    let first = calcom.take_asked();
    assert!(
        first[0].contains("&afterUpdatedAt=2026-05-04T09:00:00.000Z&sortUpdatedAt=desc&take=100&skip=0"),
        "{first:?}"
    );
    assert_eq!(poll(&test).await["changed"], 1);
    let second = calcom.take_asked();
    assert!(
        second[0].contains("&afterUpdatedAt=2026-05-04T09:13:00.000Z&"),
        "an hour before the first poll's end: {second:?}"
    );
}

#[rstest]
#[tokio::test]
async fn a_poll_that_fails_says_why_and_is_made_again_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    calcom.hold(shown(&Delivery::created()));
    calcom.fail(500, None);
    let failed = poll(&test).await;
    assert_eq!(failed["trouble"], "its API failed (500); it is asked again by itself");
    assert_eq!(failed["due_at"], "2026-05-04T10:15:02Z");
    let report = checked(&test).await;
    let finding =
        report.findings.iter().find(|found| found.about == "sources.calcom" && found.finding.fix.contains("asked"));
    assert_eq!(
        finding.expect("a finding").finding.what,
        "Cal.com could not be asked for bookings at 2026-05-04T10:15:00Z: its API failed (500); it is asked again by itself."
    );
    assert!(!report.ok);
    let Polled::Idle(Some(due)) = poller(&test).step().await.expect("a step") else { panic!("it must wait") };
    assert_eq!(due.to_string(), failed["due_at"]);
    calcom.fail(429, Some("600"));
    test.pass(SignedDuration::from_secs(2));
    assert_eq!(poller(&test).step().await.expect("a step"), Polled::Asked);
    assert_eq!(status(&test).await["due_at"], "2026-05-04T10:25:02Z", "as long as it asked to wait");
    test.pass(SignedDuration::from_secs(600));
    assert_eq!(poller(&test).step().await.expect("a step"), Polled::Asked);
    let mended = status(&test).await;
    assert_eq!((&mended["changed"], &mended["trouble"]), (&json!(1), &Value::Null));
    assert_eq!(mended["due_at"], "2026-05-04T10:40:02Z");
}

#[rstest]
#[tokio::test]
async fn a_key_that_is_refused_is_told_and_never_shown(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    std::fs::write(test.secrets_folder().join("CALCOM_KEY"), "cal_live_of_somebody_else").expect("written");
    let plan = test.plan(&edit(&source(&calcom.url), false).expect("read")).await;
    assert!(!format!("{plan:?}").contains("somebody_else"), "{plan:?}");
    test.apply(&source(&calcom.url)).await.expect("applied");
    let refused = poll(&test).await;
    assert_eq!(refused["trouble"], "its API refuses the API key (401); make another one there and give it as api_key");
    std::fs::remove_file(test.secrets_folder().join("CALCOM_KEY")).expect("removed");
    test.apply(&source(&calcom.url)).await.expect("applied");
    assert_eq!(
        test.app.store.next_poll().await.expect("asked"),
        Some(test.app.clock.now()),
        "a new key is tried at once"
    );
}

#[rstest]
#[tokio::test]
async fn a_key_goes_to_no_other_address_unless_whoever_says_so_knows_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    std::fs::write(test.secrets_folder().join("CALCOM_KEY"), "").expect("written");
    let elsewhere = &source("https://cal.mallory.example");
    let refused = test.apply(elsewhere).await.expect_err("the key is not given").to_string();
    assert!(refused.contains("sources.calcom.api_key: the secret CALCOM_KEY is not there"), "{refused}");
    test.apply(&source(&calcom.url)).await.expect("the same address is no change");
    std::fs::remove_file(test.secrets_folder().join("CALCOM_KEY")).expect("removed");
    test.apply(elsewhere).await.expect("the key is given");
}

#[rstest]
#[tokio::test]
async fn one_instance_asks_a_source_at_a_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, calcom)) = asked_app(engine).await else { return };
    let now = test.app.clock.now();
    let claimed = test.app.store.claim_poll("another", now).await.expect("a claim").expect("it is due");
    let Polled::Idle(Some(due)) = poller(&test).step().await.expect("a step") else { panic!("another asks it") };
    assert_eq!(due, now + SignedDuration::from_mins(5), "once the other is taken to be dead");
    test.pass(SignedDuration::from_mins(5));
    assert_eq!(poller(&test).step().await.expect("a step"), Polled::Asked);
    assert_eq!(calcom.take_asked().len(), 1);
    let store = &test.app.store;
    assert!(!store.keep_poll(&claimed.source_id, "another", now).await.expect("asked"), "its claim is gone");
    let late = store.finish_poll(&claimed, "another", now, Default::default(), now).await.expect("asked");
    assert!(!late, "and what it found no longer counts");
}

#[rstest]
#[case::loopback("https://127.0.0.1:1", "127.0.0.1 is not on the public internet")]
#[case::name("https://localhost:1", "localhost is not on the public internet")]
#[case::metadata("https://169.254.169.254", "169.254.169.254 is not on the public internet")]
#[case::six("https://[::1]:1", "[::1] is not on the public internet")]
#[case::unencrypted("http://203.0.113.7", "api_url is not https")]
#[tokio::test]
async fn a_source_does_not_make_the_server_ask_its_own_network(#[case] url: &str, #[case] trouble: &str) {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    test.apply(&source(url)).await.expect("applied");
    let poller = Poller::new(Arc::clone(&test.app), Reach::Public);
    assert_eq!(poller.step().await.expect("a step"), Polled::Asked);
    let told = status(&test).await["trouble"].to_string();
    assert!(told.contains(trouble) && told.contains("--allow-private-sources"), "{told}");
}

#[tokio::test]
async fn a_source_without_a_key_says_what_that_means() {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    assert_eq!(poller(&test).step().await.expect("a step"), Polled::Idle(None));
    assert_eq!(status(&test).await, Value::Null);
    let report = checked(&test).await;
    let says = |words: &str| report.findings.iter().any(|found| found.finding.what.contains(words));
    assert!(says("Cal.com is not asked for bookings: those whose webhooks were lost are not found."));
}
