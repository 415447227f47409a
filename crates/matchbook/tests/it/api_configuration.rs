//! The configuration by API: read, changed and archived entry by entry.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Engine, TestApp};

const HOST: &str = "/api/v1/configuration/hosts/ann";

impl TestApp {
    async fn configure(&self, path: &str, tag: &str, body: Value) -> Answer {
        self.call("PATCH", path, &[("If-Match", tag)], Some(&body)).await
    }
}

#[rstest]
#[tokio::test]
async fn an_entry_is_changed_setting_by_setting_and_takes_effect(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let ann = test.get(HOST).await;
    assert_eq!((ann.status, &ann.body["email"]), (200, &json!("ann@seller.example")), "{}", ann.text);
    let changed =
        test.configure(HOST, ann.header("etag"), json!({"name": "Ann Ko", "time_zone": "Europe/Paris"})).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Ann Ko")), "{}", changed.text);
    assert_eq!(changed.body["email"], "ann@seller.example", "what is not named stays as it is");
    assert_ne!(changed.header("etag"), ann.header("etag"));
    let discovery = "/api/v1/configuration/event_types/discovery-call";
    assert_eq!(test.configure(discovery, "*", json!({"slug": "hello"})).await.body["slug"], "hello");
    let back = test.configure(discovery, "*", json!({"slug": null})).await;
    assert_eq!((back.status, &back.body["slug"]), (200, &Value::Null), "null takes a setting back: {}", back.text);
    let new = test
        .configure(
            "/api/v1/configuration/event_types/demo",
            "*",
            json!({"title": "Demo", "length_minutes": 45, "hosts": ["ann"]}),
        )
        .await;
    assert_eq!(new.status, 200, "{}", new.text);
    let booking = json!({
        "event_type": "demo", "start": "2026-05-06T09:30:00Z", "host": "ann", "attendee": {"email": "jane@acme.example"}
    });
    let made = test.call("POST", "/api/v1/bookings", &[], Some(&booking)).await;
    assert_eq!(made.body["title"], "Demo between Ann Ko and jane@acme.example", "{}", made.text);
    let log = test.app.store.audit_log(1).await.expect("the audit log");
    assert_eq!((log[0].actor.via.as_str(), log[0].actor.who.as_str()), ("api", "ops@seller.example"));
}

#[rstest]
#[tokio::test]
async fn two_who_change_at_once_never_overwrite_each_other(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let tag = test.get(HOST).await.header("etag").to_owned();
    assert_eq!(test.configure(HOST, &tag, json!({"name": "Ann Ko"})).await.status, 200);
    let late = test.configure(HOST, &tag, json!({"name": "Ann Li"})).await;
    assert_eq!(late.status, 412, "{}", late.text);
    assert!(late.text.contains("ops@seller.example by the API") && late.text.contains("Ann Ko"), "{}", late.text);
    assert_eq!(test.configure(HOST, "\"x\"", json!({"name": "Ann Li"})).await.status, 412);
    let blind = test.call("PATCH", HOST, &[], Some(&json!({"name": "Ann Li"}))).await;
    assert_eq!(blind.status, 428, "{}", blind.text);
    assert_eq!(test.get(HOST).await.body["name"], "Ann Ko");
}

#[rstest]
#[tokio::test]
async fn a_wrong_setting_is_named_by_its_pointer_and_nothing_is_changed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let path = "/api/v1/configuration/event_types/discovery-call";
    let before = test.get(path).await;
    for (body, pointer) in [
        (json!({"length_minutes": 0}), "/length_minutes"),
        (json!({"hosts": ["ann", "carl"]}), "/hosts/1"),
        (json!({"salesforce": {"enabled": "maybe"}}), "/salesforce/enabled"),
        (json!({"titel": "Demo"}), "/titel"),
        (json!(["x"]), ""),
    ] {
        let refused = test.configure(path, "*", body).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!(pointer)), "{}", refused.text);
    }
    assert_eq!(test.get(path).await.header("etag"), before.header("etag"));
    assert_eq!(test.get("/api/v1/configuration/users").await.status, 404, "users are not configured here");
    assert_eq!(test.get("/api/v1/configuration/hosts/carl").await.status, 404);
}

#[rstest]
#[tokio::test]
async fn weekly_hours_that_end_before_they_begin_or_overlap_are_refused_at_their_row(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let row = |day: &str, from: &str, to: &str| json!({"days": [day], "from": from, "to": to});
    let morning = row("monday", "09:00", "12:00");
    for (second, pointer, says) in [
        (row("friday", "17:00", "09:00"), "/weekly_hours/1/to", "09:00 is not after 17:00"),
        (row("friday", "09:00", "09:00"), "/weekly_hours/1/to", "09:00 is not after 09:00"),
        (
            row("monday", "11:00", "17:00"),
            "/weekly_hours/1",
            "on monday it overlaps with weekly_hours[0], 09:00 to 12:00",
        ),
    ] {
        let refused = test.configure(HOST, "*", json!({"weekly_hours": [morning, second]})).await;
        let error = &refused.body["errors"][0];
        assert_eq!((refused.status, &error["pointer"]), (422, &json!(pointer)), "{}", refused.text);
        assert!(error["detail"].as_str().expect("a detail").contains(says), "{}", refused.text);
    }
    let afternoon = row("monday", "12:00", "17:00");
    let taken = test.configure(HOST, "*", json!({"weekly_hours": [morning, afternoon]})).await;
    assert_eq!(taken.status, 200, "hours that touch do not overlap: {}", taken.text);
}

#[rstest]
#[tokio::test]
async fn an_entry_is_archived_once_nothing_names_it(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let archive = async |path: &str| test.call("DELETE", path, &[("If-Match", "*")], None).await;
    let named = archive(HOST).await;
    assert_eq!(named.status, 422, "{}", named.text);
    assert!(named.text.contains("discovery-call"), "{}", named.text);
    let ben = "/api/v1/configuration/hosts/ben";
    assert_eq!(archive(ben).await.status, 204);
    assert_eq!((archive(ben).await.status, test.get(ben).await.status), (404, 404));
}

#[rstest]
#[tokio::test]
async fn no_secret_is_ever_shown(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for section in ["connections", "sources"] {
        let entries = test.get(&format!("/api/v1/configuration/{section}")).await;
        assert_eq!(entries.status, 200);
        assert!(!entries.text.contains("matchbook-demo\"}") && !entries.text.contains(crate::support::WEBHOOK_SECRET));
        assert!(entries.text.contains("{\"secret\":\""), "a secret is shown by its name: {}", entries.text);
    }
}
