//! What other programs do to bookings: move them, call them off, sync them again, read their runs.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Delivery, Engine, TestApp, add_user};

impl TestApp {
    /// A booking of Jane's with Ann that was made by API and synced; its URL.
    async fn booking_by_api(&self) -> String {
        let body = json!({
            "event_type": "discovery-call", "start": "2026-05-06T09:30:00Z", "host": "ann",
            "attendee": {"email": "jane@acme.example", "name": "Jane Roe"}
        });
        let made = self.call("POST", "/api/v1/bookings", &[], Some(&body)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        self.sync().await;
        made.header("location").to_owned()
    }

    async fn act(&self, booking: &str, action: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        self.call("POST", &format!("{booking}/{action}"), headers, Some(&body)).await
    }
}

#[rstest]
#[tokio::test]
async fn a_booking_moves_and_its_event_moves_with_it(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let event = test.org.only("Event").await;
    for start in ["2026-05-07T12:00:00Z", "2026-05-08T15:00:00+02:00"] {
        let moved = test.act(&booking, "reschedule", &[], json!({"start": start})).await;
        assert_eq!(moved.status, 200, "{}", moved.text);
    }
    let shown = test.get(&booking).await;
    assert_eq!(
        (&shown.body["start"], &shown.body["end"]),
        (&json!("2026-05-08T13:00:00Z"), &json!("2026-05-08T13:30:00Z"))
    );
    assert_eq!((&shown.body["version"], shown.header("etag")), (&json!(3), "\"3\""));
    test.sync().await;
    let moved = test.org.only("Event").await;
    assert_eq!((&moved["Id"], &moved["StartDateTime"]), (&event["Id"], &json!("2026-05-08T13:00:00.000+0000")));
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn another_host_can_take_a_booking_over(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let file = crate::support::configuration(&test.org.url).replace("hosts: [ann]", "hosts: [ann, ben]");
    test.apply(&file).await.expect("Ben takes the event type, too");
    let booking = test.booking_by_api().await;
    let moved = test.act(&booking, "reschedule", &[], json!({"start": "2026-05-07T12:00:00Z", "host": "ben"})).await;
    assert_eq!(moved.body["organizer"]["email"], "ben@seller.example", "{}", moved.text);
    let wrong = test.act(&booking, "reschedule", &[], json!({"start": "soon", "host": "carl", "why": 1})).await;
    let pointers: Vec<&Value> =
        wrong.body["errors"].as_array().expect("errors").iter().map(|e| &e["pointer"]).collect();
    assert_eq!((wrong.status, pointers), (422, vec![&json!("/why"), &json!("/start"), &json!("/host")]));
}

#[rstest]
#[tokio::test]
async fn a_cancelled_booking_takes_its_event_along_and_stays_cancelled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let off = test.act(&booking, "cancellation", &[], json!({"reason": "Jane is ill"})).await;
    assert_eq!((off.status, &off.body["status"]), (200, &json!("cancelled")), "{}", off.text);
    let again = test.act(&booking, "cancellation", &[], json!({})).await;
    assert_eq!((again.status, &again.body["cancel_reason"]), (200, &json!("Jane is ill")));
    assert_eq!(again.body["version"], 2, "nothing changed the second time");
    let moved = test.act(&booking, "reschedule", &[], json!({"start": "2026-05-07T12:00:00Z"})).await;
    assert_eq!(moved.status, 409, "{}", moved.text);
    assert!(moved.text.contains("no longer takes place"), "{}", moved.text);
    test.sync().await;
    assert_eq!(test.org.records("Event").await, Vec::<Value>::new());
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_change_for_an_older_version_is_refused_in_words(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let tag = test.get(&booking).await.header("etag").to_owned();
    let body = |day: u8| json!({"start": format!("2026-05-{day:02}T12:00:00Z")});
    assert_eq!(test.act(&booking, "reschedule", &[("If-Match", &tag)], body(7)).await.status, 200);
    let late = test.act(&booking, "reschedule", &[("If-Match", &tag)], body(8)).await;
    assert_eq!(late.status, 412, "{}", late.text);
    assert!(late.text.contains("has changed meanwhile") && late.text.contains("\\\"2\\\""), "{}", late.text);
    assert_eq!(test.get(&booking).await.body["start"], "2026-05-07T12:00:00Z");
    assert_eq!(test.act(&booking, "cancellation", &[("If-Match", "*")], json!({})).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn an_action_that_is_sent_again_with_its_key_is_done_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let key = [("Idempotency-Key", "move-1"), ("If-Match", "\"1\"")];
    let to = |day: u8| json!({"start": format!("2026-05-{day:02}T12:00:00Z")});
    assert_eq!(test.act(&booking, "reschedule", &key, to(7)).await.status, 200);
    assert_eq!(test.act(&booking, "reschedule", &[], to(8)).await.status, 200);
    let again = test.act(&booking, "reschedule", &key, to(7)).await;
    assert_eq!((again.status, &again.body["start"]), (200, &json!("2026-05-08T12:00:00Z")), "{}", again.text);
    for (action, body) in [("reschedule", to(9)), ("cancellation", json!({}))] {
        let other = test.act(&booking, action, &key, body).await;
        assert_eq!(other.status, 422, "the key was another request's: {}", other.text);
    }
    assert_eq!(test.get(&booking).await.body["version"], 3);
}

#[rstest]
#[tokio::test]
async fn of_a_sources_booking_the_source_has_the_last_word(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let booking = format!("/api/v1/bookings/{}", test.only_booking().await["id"].as_str().expect("an id"));
    for (action, body) in [("reschedule", json!({"start": "2026-05-07T12:00:00Z"})), ("cancellation", json!({}))] {
        let refused = test.act(&booking, action, &[], body).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("Change it in Cal.com"), "{}", refused.text);
    }
    assert_eq!(test.only_booking().await["version"], 1);
}

#[rstest]
#[tokio::test]
async fn the_runs_of_a_booking_are_read_page_by_page_with_their_calls(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    for start in ["2026-05-07T12:00:00Z", "2026-05-08T12:00:00Z"] {
        test.act(&booking, "reschedule", &[], json!({"start": start})).await;
        test.sync().await;
    }
    let (mut versions, mut after) = (Vec::new(), String::new());
    loop {
        let page = test.get(&format!("{booking}/sync-runs?limit=2{after}")).await.body;
        for run in page["sync_runs"].as_array().expect("a list of runs") {
            assert_eq!(run["outcome"], "synced", "{run:#}");
            assert!(run["calls"][0]["asked"].is_array() || run["calls"][0]["asked"].is_object(), "{run:#}");
            versions.push(run["version"].as_i64().expect("a version"));
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(versions, [3, 2, 1]);
    assert_eq!(test.get(&format!("{booking}/sync-runs?limit=0")).await.status, 400);
    assert_eq!(test.get("/api/v1/bookings/bkg_nothing/sync-runs").await.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_held_sync_goes_on_when_it_is_asked_for_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let event = test.org.only("Event").await["Id"].as_str().expect("an id").to_owned();
    test.org.delete("Event", &event).await;
    test.act(&booking, "reschedule", &[], json!({"start": "2026-05-07T12:00:00Z"})).await;
    let again = test.call("POST", &format!("{booking}/sync"), &[], None).await;
    assert_eq!((again.status, &again.body["sync"]["state"]), (202, &json!("waiting")), "{}", again.text);
    test.sync().await;
    assert_eq!(test.org.only("Event").await["StartDateTime"], "2026-05-07T12:00:00.000+0000");
    assert_eq!(test.call("POST", "/api/v1/bookings/bkg_nothing/sync", &[], None).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_member_acts_on_own_bookings_and_does_not_see_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(mut test) = TestApp::spawn(engine).await else { return };
    let booking = test.booking_by_api().await;
    let to = json!({"start": "2026-05-07T12:00:00Z"});
    test.api_key = add_user(&test.app, "ben@seller.example", "member").await;
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"], json!([]));
    for (method, path) in [("GET", ""), ("GET", "/sync-runs"), ("POST", "/reschedule"), ("POST", "/sync")] {
        let body = (method == "POST").then_some(&to);
        let answer = test.call(method, &format!("{booking}{path}"), &[], body).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
    }
    let anns = json!({
        "event_type": "discovery-call", "start": "2026-05-06T09:30:00Z", "host": "ann", "attendee": {"email": "jane@acme.example"}
    });
    let refused = test.call("POST", "/api/v1/bookings", &[], Some(&anns)).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (403, &json!("/host")), "{}", refused.text);

    test.api_key = add_user(&test.app, "Ann@Seller.example", "member").await;
    assert_eq!(test.only_booking().await["version"], 1);
    assert_eq!(test.act(&booking, "reschedule", &[], to).await.status, 200);
    assert_eq!(test.call("POST", "/api/v1/bookings", &[], Some(&anns)).await.status, 201);

    test.api_key = add_user(&test.app, "eve@seller.example", "viewer").await;
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"].as_array().map(Vec::len), Some(2));
    assert_eq!(test.act(&booking, "cancellation", &[], json!({})).await.status, 403);
}

#[rstest]
#[tokio::test]
async fn a_no_show_is_marked_once_it_has_started_and_taken_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let booking = format!("/api/v1/bookings/{}", test.only_booking().await["id"].as_str().expect("an id"));
    let mark = async |method: &str| test.call(method, &format!("{booking}/no-show"), &[], None).await;
    let early = mark("POST").await;
    assert_eq!(early.status, 409, "{}", early.text);
    assert!(early.text.contains("has not started"), "{}", early.text);
    assert_eq!(test.get(&booking).await.body["no_show"], Value::Null);

    test.pass(jiff::SignedDuration::from_hours(72));
    for _ in 0..2 {
        let marked = mark("POST").await;
        assert_eq!((marked.status, &marked.body["no_show"], marked.header("etag")), (200, &json!(true), "\"2\""));
    }
    let back = mark("DELETE").await;
    assert_eq!((back.status, &back.body["no_show"], back.header("etag")), (200, &json!(false), "\"3\""));
    let other = test.call("POST", &format!("{booking}/no-show"), &[("If-Match", "\"2\"")], None).await;
    assert_eq!(other.status, 412, "{}", other.text);
    test.sync().await;
    test.assert_all_synced().await;
}
