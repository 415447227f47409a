//! What syncs could not do: kept, grouped by cause, made good, retried, dismissed.

use jiff::SignedDuration;
use matchbook::store::{ErrorFilter, ErrorGroup, ErrorState, StoredError};
use rstest::rstest;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::lists::{LISTS, configure};
use crate::people::with_guests;
use crate::support::{Delivery, Engine, TestApp};

const USER: &str = "integration@northwind.example";

/// What a validation rule of the org answers.
fn rule(message: &str) -> Value {
    json!({"error": {"status": 400, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": message, "fields": []}})
}

impl TestApp {
    async fn errors(&self, state: Option<ErrorState>) -> Vec<StoredError> {
        let filter = ErrorFilter { state, ..ErrorFilter::default() };
        self.app.store.sync_errors(&filter, None, 100).await.expect("errors").0
    }

    async fn groups(&self) -> Vec<ErrorGroup> {
        self.app.store.sync_error_groups(&ErrorFilter::default(), 100).await.expect("groups")
    }

    /// The next `count` Events are refused by a rule.
    async fn refuse_events(&self, message: &str, count: u32) {
        let matches = json!({"method": "POST", "object": "Event"});
        self.org.control("POST", "faults", json!({"match": matches, "effect": rule(message), "times": count})).await;
    }

    /// What the connection's user may do with fields.
    async fn field_access(&self, fields: Value) {
        let access = json!({"users": {USER: {"view_all": true, "modify_all": true, "fields": fields}}});
        self.org.control("POST", "permissions", access).await;
    }

    /// A booking of Joe's, besides that of Jane's.
    async fn another_booking(&self) {
        let joe = Delivery::created().by("uid-9", "Joe Poe", "joe@other.example");
        assert_eq!(self.deliver(&joe.json()).await.status, 200);
    }
}

/// How many sync errors need attention.
pub(crate) async fn open_errors(test: &TestApp) -> usize {
    test.errors(Some(ErrorState::Open)).await.len()
}

#[rstest]
#[tokio::test]
async fn a_hold_is_a_sync_error_until_its_booking_is_in_step(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.refuse_events("Meetings need a region.", 2).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let [error] = &test.errors(None).await[..] else { panic!("there should be one error") };
    assert_eq!((error.state.as_str(), error.times), ("open", 1));
    assert_eq!(error.cause.code, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!((error.message.as_str(), error.cause.object.as_str()), ("Meetings need a region.", "Event"));
    assert!(error.cause.fix.starts_with("A validation rule of the org refused the record."), "{}", error.cause.fix);
    assert_eq!((error.event_type.as_str(), error.connection.as_str()), ("discovery-call", "main"));

    test.pass(SignedDuration::from_mins(5));
    assert_eq!(test.app.store.retry_sync_errors(&ErrorFilter::default(), test.app.clock.now()).await.expect("done"), 1);
    test.sync().await;
    let again = test.errors(None).await;
    assert_eq!((again.len(), again[0].times), (1, 2), "the same trouble again is no other error: {again:#?}");
    assert_eq!((again[0].first_at, again[0].last_at), (error.first_at, test.app.clock.now()));

    test.app.store.sync_again(&error.booking_id, test.app.clock.now()).await.expect("stored");
    test.sync().await;
    let resolved = test.errors(None).await;
    assert_eq!((resolved[0].state.as_str(), resolved[0].ended_at), ("resolved", Some(test.app.clock.now())));
    assert!(test.groups().await.is_empty());
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_dropped_field_is_a_sync_error_until_it_is_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.field_access(json!({"Event.Location": "read"})).await;
    test.deliver(&Delivery::created().json()).await;
    test.another_booking().await;
    test.sync().await;
    test.assert_all_synced().await;
    let [group] = &test.groups().await[..] else { panic!("one cause for both bookings") };
    assert_eq!(group.count, 2);
    assert_eq!(group.latest.cause.dropped_fields.iter().collect::<Vec<_>>(), ["Location"]);
    assert_eq!(group.latest.resolved_at(), None);
    assert!(group.latest.cause.fix.contains("field-level security"), "{}", group.latest.cause.fix);

    test.field_access(json!({})).await;
    test.pass(SignedDuration::from_mins(5));
    let first = ErrorFilter { booking_id: Some(group.latest.booking_id.clone()), ..ErrorFilter::default() };
    test.app.store.retry_sync_errors(&first, test.app.clock.now()).await.expect("done");
    test.sync().await;
    let [rest] = &test.groups().await[..] else { panic!("the other booking still lacks the field") };
    assert_eq!(rest.count, 1);
    assert_eq!(rest.latest.resolved_at(), Some(test.app.clock.now()), "a later sync has written the field");
    test.app.store.retry_sync_errors(&ErrorFilter::default(), test.app.clock.now()).await.expect("done");
    test.sync().await;
    assert!(test.groups().await.is_empty());
    assert!(test.org.records("Event").await.iter().all(|event| event["Location"].is_string()));
}

#[rstest]
#[tokio::test]
async fn a_refused_guest_is_a_sync_error_of_its_own(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    test.org.fault(json!({"method": "POST", "object": "Contact"}), rule("Guests need a title.")).await;
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.sync().await;
    test.org.only("Event").await;
    let [error] = &test.errors(Some(ErrorState::Open)).await[..] else { panic!("there should be one error") };
    assert_eq!(error.guest.as_deref(), Some("ida@acme.example"));
    assert_eq!((error.cause.object.as_str(), error.cause.operation.word()), ("Contact", "create"));
}

#[rstest]
#[tokio::test]
async fn trouble_of_the_connection_is_told_once_and_resolved_by_the_next_call(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let busy = json!({"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"}});
    test.org.fault(json!({"path": "/composite"}), busy).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let [error] = &test.errors(None).await[..] else { panic!("there should be one error") };
    assert_eq!((error.cause.code.as_str(), error.cause.operation.word()), ("SERVER_UNAVAILABLE", "call"));
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    assert_eq!(test.errors(None).await[0].state, "resolved");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_dismissed_error_stays_dismissed_and_the_next_is_told_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.refuse_events("Meetings need a region.", 2).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let now = test.app.clock.now();
    let all = ErrorFilter::default();
    let dismissed = test.app.store.dismiss_sync_errors(&all, None, ("Known.", "ops@seller.example"), now).await;
    assert_eq!(dismissed.expect("done"), 1);
    assert!(test.groups().await.is_empty());
    assert!(test.app.store.latest_sync_error(&all).await.expect("read").is_none());
    test.another_booking().await;
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    let latest = test.app.store.latest_sync_error(&all).await.expect("read").expect("the next error");
    assert_eq!(latest.state, "open");
    assert_eq!(test.errors(Some(ErrorState::Dismissed)).await[0].note.as_deref(), Some("Known."));
}

#[rstest]
#[tokio::test]
async fn the_inbox_shows_causes_with_what_to_do_and_settles_them_by_api(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.refuse_events("Meetings <need> a region.", 2).await;
    test.deliver(&Delivery::created().json()).await;
    test.another_booking().await;
    test.sync().await;
    let groups = test.get("/api/v1/sync-error-groups").await.body;
    assert_eq!(groups["groups"][0]["count"], 2, "{groups:#}");
    let cause = groups["groups"][0]["latest"]["cause"].clone();
    assert_eq!((&cause["object"], &cause["operation"]), (&json!("Event"), &json!("create")));
    let id = cause["id"].as_str().expect("an id");
    let retry = format!("/api/v1/sync-error-groups/{id}/retry");
    let retried = test.call("POST", &retry, &[], None).await;
    assert_eq!((retried.status, &retried.body["changed"]), (200, &json!(2)));
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(test.get("/api/v1/sync-error-groups").await.body["groups"], json!([]));
    let all = test.get("/api/v1/sync-errors?state=resolved&limit=1").await.body;
    assert_eq!(all["sync_errors"][0]["state"], "resolved", "{all:#}");
    assert!(all["next"].is_string(), "there is another page");

    test.refuse_events("Meetings need a reason.", 1).await;
    test.deliver(&Delivery::created().by("uid-7", "Ida", "ida@acme.example").json()).await;
    test.sync().await;
    let open = test.get("/api/v1/sync-errors?state=open").await.body;
    let path = format!("/api/v1/sync-errors/{}/dismissal", open["sync_errors"][0]["id"].as_str().expect("an id"));
    assert_eq!(test.call("POST", &path, &[], Some(&json!({"note": " "}))).await.status, 422, "it says why");
    let dismissed = test.call("POST", &path, &[], Some(&json!({"note": "A test"}))).await;
    assert_eq!((dismissed.status, &dismissed.body["changed"]), (200, &json!(1)));
    assert_eq!(test.get("/api/v1/sync-errors?state=open").await.body["sync_errors"], json!([]));
    assert_eq!(test.call("POST", "/api/v1/sync-errors/err_nothing/retry", &[], None).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_field_that_the_org_no_longer_has_is_told_on_the_connections_page_until_somebody_dismisses_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    configure(&test, LISTS).await;
    test.another_booking().await;
    test.sync().await;
    let page = format!("/connections/{}", test.app.store.connections().await.expect("a list")[0].id);
    let mut browser = Browser::signed_in(&test, "admin@seller.example", "admin").await;
    browser.get(&page).await.lacks("Latest sync error");

    test.field_access(json!({"Event.Summary__c": "hidden"})).await;
    test.pass(SignedDuration::from_mins(5));
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let [error] = &test.errors(Some(ErrorState::Open)).await[..] else { panic!("there should be one error") };
    assert_eq!(error.cause.dropped_fields.iter().collect::<Vec<_>>(), ["Summary__c"]);
    assert!(!error.cause.code.is_empty() && error.message.contains("Summary__c"), "{error:#?}");
    let shown = browser.get(&page).await;
    shown.says("Latest sync error");
    shown.says(&format!("<strong>{}</strong>: ", error.cause.code));
    shown.says("Left out: Summary__c.");
    shown.says("Mon 4 May 2026, 10:05 UTC");
    let inbox = browser.get("/sync-errors").await;
    inbox.says(&error.cause.code);
    inbox.says("<code>Summary__c</code>");
    inbox.says("Mon 4 May 2026, 10:05 UTC");

    let dismissal = format!("/sync-errors/{}/dismissal", error.cause_id);
    assert_eq!(browser.submit(&dismissal, &[("note", "It is gone for good.")]).await.status, 303);
    browser.get(&page).await.lacks("Latest sync error");
}
