//! Salesforce late, lost, wrong or doubled: nothing is lost, nothing is doubled.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;

use crate::support::{Delivery, Engine, TestApp};

async fn only_contact_and_event(test: &TestApp) {
    test.org.only("Contact").await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_expired_token_is_renewed_and_the_sync_goes_on(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.control("DELETE", "tokens", json!(null)).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["StartDateTime"], "2026-05-07T09:30:00.000+0000");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_unreachable_org_is_tried_again_and_nothing_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let busy = json!({"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"}});
    test.org.fault(json!({"path": "/composite"}), busy).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let booking = test.only_booking().await;
    assert_eq!(booking["sync"]["state"], "waiting");
    assert!(booking["sync"]["reason"].as_str().is_some_and(|r| r.contains("server too busy")), "{booking:#?}");
    test.pass(SignedDuration::from_secs(10));
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_failed_lookup_never_makes_a_second_contact(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    let limit =
        json!({"error": {"status": 403, "code": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}});
    test.org.fault(json!({"soql": "FROM Contact"}), limit).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 0, "nothing is written while the person is not known");
    test.pass(SignedDuration::from_mins(10));
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_write_that_took_effect_though_its_answer_was_lost_is_found_and_not_repeated(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    // The first composite describes, the second looks up, the third writes.
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "after"})).await;
    test.sync().await;
    test.pass(SignedDuration::from_secs(30));
    test.sync().await;
    only_contact_and_event(&test).await;
    assert!(test.only_booking().await["sync"]["event_id"].is_string());
}

#[rstest]
#[tokio::test]
async fn a_write_whose_effect_comes_late_is_waited_for(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "late"})).await;
    for _ in 0..4 {
        test.sync().await;
        test.pass(SignedDuration::from_mins(1));
    }
    assert_eq!(
        test.org.all_records("Event").await.len(),
        0,
        "it is not written a second time while the first may still come"
    );
    test.org.control("POST", "late", json!(null)).await;
    test.pass(SignedDuration::from_mins(5));
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_write_that_never_arrived_is_made_again_after_salesforces_own_limit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "before"})).await;
    for _ in 0..12 {
        test.sync().await;
        test.pass(SignedDuration::from_mins(1));
    }
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_refused_event_is_held_with_salesforces_reason_and_the_contact_is_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let rule = json!({"error": {"status": 400, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Meetings need a region.", "fields": []}});
    test.org.fault(json!({"method": "POST", "object": "Event"}), rule).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let booking = test.only_booking().await;
    assert_eq!(booking["sync"]["state"], "held");
    assert!(booking["sync"]["reason"].as_str().is_some_and(|r| r.contains("Meetings need a region")), "{booking:#?}");
    let contact = test.org.only("Contact").await;

    let id = booking["id"].as_str().expect("an id");
    assert!(test.app.store.sync_again(id, test.app.clock.now()).await.expect("stored"));
    test.sync().await;
    assert_eq!(test.org.only("Event").await["WhoId"], contact["Id"]);
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_locked_row_is_tried_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let locked = json!({"error": {"status": 400, "code": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "fields": []}});
    test.org.fault(json!({"method": "POST", "object": "Event"}), locked).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_wrong_client_secret_is_told_and_mended_by_applying_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let wrong = crate::support::configuration(&test.org.url).replace("secret: CLIENT", "secret: WEBHOOK");
    test.apply(&wrong).await.expect("applied");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let connections = test.app.store.connections().await.expect("a list");
    let trouble = connections[0].trouble.as_deref().expect("the connection is in trouble");
    assert!(trouble.contains("invalid client credentials"), "{trouble}");
    test.apply(&crate::support::configuration(&test.org.url)).await.expect("applied");
    test.sync().await;
    only_contact_and_event(&test).await;
    assert_eq!(test.app.store.connections().await.expect("a list")[0].trouble, None);
}
