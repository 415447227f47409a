//! The API as another program meets it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Engine, TestApp, add_user};

fn new_booking() -> Value {
    json!({
        "event_type": "discovery-call",
        "start": "2026-05-06T11:30:00+02:00",
        "host": "ann",
        "attendee": {"email": "jane@acme.example", "name": "Jane Roe", "time_zone": "America/New_York"},
        "notes": "Wants pricing",
        "answers": [{"slug": "company", "label": "Company", "value": "Acme Ltd"}]
    })
}

#[rstest]
#[tokio::test]
async fn a_booking_made_by_api_reaches_salesforce(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let made = test.post("/api/v1/bookings", &new_booking().to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    test.sync().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["StartDateTime"], "2026-05-06T09:30:00.000+0000");
    assert_eq!(event["EndDateTime"], "2026-05-06T10:00:00.000+0000");
    let id = made.body["id"].as_str().expect("an id");
    let shown = test.get(&format!("/api/v1/bookings/{id}")).await;
    assert_eq!(shown.body["sync"]["event_id"], event["Id"]);
    assert_eq!(shown.body["title"], "Discovery Call between Ann Host and Jane Roe");
}

#[rstest]
#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_saved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let wrong = json!({
        "event_type": "nothing", "start": "tomorrow", "host": "carl",
        "attendee": {"email": "jane", "time_zone": "Mars/Base"}, "guests": ["x"], "notes": "a\u{0}b"
    });
    let answer = test.post("/api/v1/bookings", &wrong.to_string()).await;
    assert_eq!(answer.status, 422);
    let pointers: Vec<&str> =
        answer.body["errors"].as_array().expect("errors").iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(
        pointers,
        ["/event_type", "/start", "/host", "/attendee/email", "/attendee/time_zone", "/guests/0", "/notes"]
    );
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_field_of_the_wrong_shape_is_named_by_its_place(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let with = |pointer: &str, value: Value| {
        let mut body = new_booking();
        *body.pointer_mut(pointer).expect("the sample has it") = value;
        body.to_string()
    };
    for (body, status, pointer) in [
        (with("/attendee/email", json!(7)), 422, "/attendee/email"),
        (with("/answers/0/value", json!({})), 422, "/answers/0/value"),
        (with("/host", json!("ben")), 422, "/host"),
        (new_booking().to_string().replace("notes", "note"), 422, "/note"),
        (new_booking().to_string().replace("{", "["), 400, ""),
        (String::new(), 400, ""),
    ] {
        let answer = test.post("/api/v1/bookings", &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if !pointer.is_empty() {
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
        }
    }
}

#[rstest]
#[tokio::test]
async fn only_holders_of_a_key_may_ask_and_viewers_may_only_read(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let answer = test.get_anonymously("/api/v1/bookings").await;
    assert_eq!((answer.status, &answer.body["title"]), (401, &json!("An API key is needed.")));
    let mut test = test;
    test.api_key = add_user(&test.app, "eve@seller.example", "viewer").await;
    assert_eq!(test.get("/api/v1/bookings").await.status, 200);
    assert_eq!(test.post("/api/v1/bookings", &new_booking().to_string()).await.status, 403);
    test.api_key = "mbk_unknown".into();
    assert_eq!(test.get("/api/v1/bookings").await.status, 401);
}

#[rstest]
#[tokio::test]
async fn bookings_are_listed_page_by_page_without_gaps_or_repeats(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for hour in 10..17 {
        let mut body = new_booking();
        body["start"] = format!("2026-05-06T{hour}:00:00Z").into();
        assert_eq!(test.post("/api/v1/bookings", &body.to_string()).await.status, 201);
    }
    for (scope, first) in [("all", "2026-05-06T16:00:00Z"), ("upcoming", "2026-05-06T10:00:00Z")] {
        let (mut starts, mut after) = (Vec::new(), String::new());
        loop {
            let page = test.get(&format!("/api/v1/bookings?scope={scope}&limit=3{after}")).await.body;
            let rows = page["bookings"].as_array().expect("a list");
            starts.extend(rows.iter().map(|b| b["start"].as_str().expect("a start").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((starts.len(), starts[0].as_str()), (7, first), "{scope}");
        starts.sort();
        starts.dedup();
        assert_eq!(starts.len(), 7, "no booking twice");
    }
    assert_eq!(test.get("/api/v1/bookings?scope=past").await.body["bookings"], json!([]));
    assert_eq!(test.get("/api/v1/bookings?scope=nonsense").await.status, 400);
    assert_eq!(test.get("/api/v1/bookings?colour=red").await.status, 400);
    assert_eq!(test.get("/api/v1/bookings/bkg_nothing").await.status, 404);
}

#[rstest]
#[tokio::test]
async fn health_and_readiness_answer_without_a_key(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    assert_eq!(test.get_anonymously("/health").await.text, "ok\n");
    assert_eq!(test.get_anonymously("/ready").await.text, "ready\n");
}
