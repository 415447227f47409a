//! Deliveries that are wrong: each gets a clear answer, and nothing is lost.

use std::sync::Arc;

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Delivery, Engine, TestApp, sign};

async fn waiting(test: &TestApp) -> Vec<String> {
    let waiting = test.app.store.waiting_deliveries(100).await.expect("a list");
    waiting.into_iter().map(|d| d.reason.unwrap_or_default()).collect()
}

#[rstest]
#[tokio::test]
async fn a_wrong_or_missing_signature_is_refused_and_nothing_is_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let body = Delivery::created().json().to_string();
    let almost = sign(body.as_bytes()).replacen(|c: char| c.is_ascii_hexdigit(), "g", 1);
    for signature in
        [None, Some("no-secret-provided"), Some("00"), Some(""), Some(almost.as_str()), Some(&sign(b"other"))]
    {
        let answer = test.post_webhook("calcom", &body, signature).await;
        assert_eq!(answer.status, 401, "signature {signature:?}");
        assert_eq!(answer.body["title"], "The signature is not right. Nothing was saved.");
        assert!(answer.body["detail"].as_str().is_some_and(|d| d.len() > 10), "it says what is wrong: {}", answer.text);
    }
    assert_eq!(waiting(&test).await.len(), 0);
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"], json!([]));
}

#[rstest]
#[tokio::test]
async fn an_unknown_source_is_not_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let body = Delivery::created().json().to_string();
    let answer = test.post_webhook("nowhere", &body, Some(&sign(body.as_bytes()))).await;
    assert_eq!((answer.status, &answer.body["title"]), (404, &json!("No booking source has this name.")));
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_too_large_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let body = "x".repeat(10 * 1024 * 1024);
    let answer = test.post_webhook("calcom", &body, Some(&sign(body.as_bytes()))).await;
    assert_eq!((answer.status, &answer.body["detail"]), (413, &json!("At most 1024 KiB are read.")));
    assert_eq!(waiting(&test).await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_understood_is_kept_and_says_which_field_is_wrong(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let good = Delivery::created().json();
    let text = good.to_string();
    let changed = |path: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).expect("the sample has it") = value;
        body.to_string()
    };
    let cases = [
        (text[..text.len() / 2].to_owned(), "JSON"),
        (String::new(), "JSON"),
        ("[]".to_owned(), ""),
        (changed("/payload/startTime", json!(12)), "payload.startTime"),
        (changed("/payload/startTime", json!("soon")), "payload.startTime"),
        (changed("/payload/attendees", json!({})), "payload.attendees"),
        (changed("/payload/attendees/0/email", json!("not an address")), "payload.attendees[0].email"),
        (changed("/payload/organizer", json!("Ann")), "payload.organizer"),
        (changed("/payload/uid", json!(null)), "payload.uid"),
        (changed("/payload", json!(7)), "payload"),
        (changed("/triggerEvent", json!(["BOOKING_CREATED"])), "triggerEvent"),
    ];
    let Some(test) = TestApp::spawn(engine).await else { return };
    for (at, (body, names)) in cases.iter().enumerate() {
        let answer = test.post_webhook("calcom", body, Some(&sign(body.as_bytes()))).await;
        assert_eq!(answer.status, 202, "case {at}: {}", answer.text);
        let reason = answer.body["reason"].as_str().expect("a reason");
        assert!(reason.contains(names), "case {at} should name {names}: {reason}");
    }
    assert_eq!(waiting(&test).await.len(), cases.len(), "every one is kept");
    test.sync().await;
    assert_eq!(test.org.take_calls().await, 0, "nothing reaches Salesforce");
}

#[rstest]
#[tokio::test]
async fn a_booking_of_an_unknown_event_type_waits_until_it_is_configured(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let delivery = Delivery::created().with("type", "demo-call").json();
    let answer = test.deliver(&delivery).await;
    assert_eq!(answer.status, 202);
    assert!(answer.body["reason"].as_str().is_some_and(|r| r.contains("demo-call")), "{}", answer.text);
    let more =
        "event_types:\n  demo-call: {title: Demo, length_minutes: 30, hosts: [ann], salesforce: {connection: main}}\n";
    assert_eq!(test.apply(more).await.expect("applied").deliveries, 1);
    test.sync().await;
    test.org.only("Event").await;
    assert_eq!(waiting(&test).await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn a_repeated_delivery_changes_nothing_and_names_the_same_booking(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let first = test.deliver(&Delivery::created().json()).await;
    let second = test.deliver(&Delivery::created().json()).await;
    assert_eq!((second.status, &second.body["result"]), (200, &json!("repeated")));
    assert_eq!(first.body["booking"], second.body["booking"]);
    assert_eq!(test.only_booking().await["version"], 1);
}

#[rstest]
#[tokio::test]
async fn a_trigger_that_does_not_concern_salesforce_is_ignored_politely(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let answer = test
        .deliver(&json!({"triggerEvent": "RECORDING_READY", "createdAt": "2026-05-04T09:00:00Z", "payload": {}}))
        .await;
    assert_eq!((answer.status, &answer.body["result"]), (200, &json!("ignored")));
}

#[rstest]
#[tokio::test]
async fn hostile_text_reaches_salesforce_as_text(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let hostile =
        "Robert'); DROP TABLE booking;-- \\ \" % _ @{p0.id} {attendee.name} <script>alert(1)</script> \u{202e}rtl 🎯";
    let delivery = Delivery::created().with("title", hostile).with("additionalNotes", "a\u{0}b\nc").by(
        "u-9",
        "O'Neil \"Q\" \\ 100%",
        "o.neil@acme.example",
    );
    assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    test.sync().await;
    let event = test.org.only("Event").await;
    let subject = event["Subject"].as_str().expect("a subject");
    assert_eq!(subject.replace("@ {", "@{"), hostile);
    assert_eq!(test.org.only("Contact").await["LastName"], "\"Q\" \\ 100%");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_cancel_that_tells_no_more_than_its_uid_calls_the_booking_off(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let bare = ["type", "attendees", "organizer", "startTime", "endTime", "iCalUID", "rescheduleUid"];
    let early = test.deliver(&Delivery::cancelled().with("uid", "uid-9").without(&bare).json()).await;
    assert_eq!(early.status, 202, "{}", early.text);
    let reason = early.body["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("No booking is known") && reason.contains("payload.type is missing"), "{reason}");

    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let cancel = test.deliver(&Delivery::cancelled().with("uid", "uid-1").without(&bare).json()).await;
    assert_eq!((cancel.status, &cancel.body["result"]), (200, &json!("applied")), "{}", cancel.text);
    test.sync().await;
    assert_eq!(test.org.records("Event").await, Vec::<Value>::new());
    let booking = test.only_booking().await;
    assert_eq!(booking["status"], "cancelled");
    assert_eq!(booking["cancel_reason"], "No longer needed");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_clock_that_runs_ahead_does_not_outdo_later_changes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().at("2031-01-01T00:00:00Z").json()).await;
    test.pass(SignedDuration::from_mins(1));
    test.deliver(&Delivery::cancelled().at("2026-05-04T10:00:30Z").json()).await;
    assert_eq!(test.only_booking().await["status"], "cancelled");
}

#[rstest]
#[tokio::test]
async fn many_deliveries_at_once_are_each_answered_for_themselves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.meddle("UPDATE booking SET wanted = 'scrambled'").await;
    let news: Vec<_> = (0..60).map(|n| created_by(n).json()).collect();
    // Each comes twice, and among them are a change of the booking that no longer reads back, one of an unknown event type and
    // one of no concern.
    let poison = Delivery::rescheduled().json();
    let unknown = created_by(99).with("type", "no-such-type").json();
    let mut idle = created_by(98).json();
    idle["triggerEvent"] = "MEETING_STARTED".into();
    let all = news.iter().take(30).chain([&poison, &unknown, &idle]).chain(&news[30..]).chain(&news);
    let test = Arc::new(test);
    let sending: Vec<_> = all
        .map(|delivery| {
            let (test, delivery) = (Arc::clone(&test), delivery.clone());
            tokio::spawn(async move { test.deliver(&delivery).await })
        })
        .collect();
    let mut answers = Vec::new();
    for sent in sending {
        answers.push(sent.await.expect("an answer"));
    }

    let count = |status: u16, result: &str| {
        answers.iter().filter(|a| a.status == status && a.body["result"].as_str().unwrap_or_default() == result).count()
    };
    assert_eq!(
        (count(200, "applied"), count(200, "repeated"), count(202, "needs_attention"), count(200, "ignored")),
        (60, 60, 1, 1),
        "{answers:#?}"
    );
    assert_eq!(count(500, ""), 1, "the change that cannot be applied is refused, and spoils no other");
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 60, "each booking has its Event, once");
}

fn created_by(n: usize) -> Delivery {
    Delivery::created().by(&format!("many-{n}"), "Pat Q", &format!("pat{n}@acme.example"))
}
