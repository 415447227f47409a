//! Salesforce late, lost, wrong or doubled: nothing is lost, nothing is doubled.

use std::future::{Future as _, poll_fn};
use std::task::Poll;
use std::time::Duration;

use domain::api_budget::Purpose;
use domain::sync_error::SyncReport;
use jiff::SignedDuration;
use matchbook::sync::Worker;
use rstest::rstest;
use serde_json::json;

use crate::support::{Delivery, Engine, START, TestApp};
use matchbook::store::{RunTold, Spent};

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

#[rstest]
#[tokio::test]
async fn an_outage_during_a_cancel_is_waited_out(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let dropped = json!({"match": {"method": "DELETE", "object": "Event"}, "effect": {"drop": "before"}, "times": 5});
    test.org.control("POST", "faults", dropped).await;
    test.org.take_calls().await;
    test.deliver(&Delivery::cancelled().json()).await;
    test.sync().await;
    assert_eq!(test.only_booking().await["sync"]["state"], "waiting");
    for _ in 0..5 {
        test.pass(SignedDuration::from_mins(20));
        test.sync().await;
    }
    assert_eq!(test.org.records("Event").await.len(), 0, "the Event of a cancelled booking goes in the end");
    assert!(test.org.take_calls().await <= 7, "each try is one call");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_late_change_does_not_win_over_a_newer_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), json!({"drop": "late"})).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    let newer = Delivery::rescheduled().at("2026-05-04T09:15:00Z").with("uid", "uid-3").with("rescheduleUid", "uid-2");
    test.deliver(&newer.with("startTime", "2026-05-08T09:30:00Z").with("endTime", "2026-05-08T10:00:00Z").json()).await;
    test.sync().await;
    test.pass(SignedDuration::from_mins(1));
    test.org.control("POST", "late", json!(null)).await;
    test.sync().await;
    for _ in 0..3 {
        test.pass(SignedDuration::from_mins(10));
        test.sync().await;
    }
    assert_eq!(test.org.only("Event").await["StartDateTime"], "2026-05-08T09:30:00.000+0000");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_late_change_is_undone_even_if_the_first_try_at_that_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), json!({"drop": "late"})).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    test.org.control("POST", "late", json!(null)).await;
    let back = Delivery::rescheduled().at("2026-05-04T09:15:00Z").with("uid", "uid-3").with("rescheduleUid", "uid-2");
    test.deliver(&back.with("startTime", "2026-05-06T09:30:00Z").with("endTime", "2026-05-06T10:00:00Z").json()).await;
    test.pass(SignedDuration::from_mins(11));
    let locked = json!({"error": {"status": 400, "code": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "fields": []}});
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), locked).await;
    test.sync().await;
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    assert_eq!(
        test.org.only("Event").await["StartDateTime"],
        "2026-05-06T09:30:00.000+0000",
        "the booking was moved back to its first time"
    );
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_late_change_is_undone_even_if_the_first_try_at_that_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), json!({"drop": "after"})).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    let back = Delivery::rescheduled().at("2026-05-04T09:15:00Z").with("uid", "uid-3").with("rescheduleUid", "uid-2");
    test.deliver(&back.with("startTime", "2026-05-06T09:30:00Z").with("endTime", "2026-05-06T10:00:00Z").json()).await;
    test.pass(SignedDuration::from_mins(11));
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), json!({"drop": "before"})).await;
    test.sync().await;
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    assert_eq!(
        test.org.only("Event").await["StartDateTime"],
        "2026-05-06T09:30:00.000+0000",
        "the booking was moved back to its first time"
    );
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn other_bookings_of_a_person_wait_while_their_contact_may_still_come_into_being(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.fault(json!({"method": "POST", "object": "Contact"}), json!({"drop": "late"})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let second = Delivery::created().at("2026-05-04T09:05:00Z").by("uid-b", "Jane Roe", "JANE@acme.example");
    test.deliver(&second.json()).await;
    test.sync().await;
    assert_eq!(test.org.records("Contact").await.len(), 0, "the second booking does not make a Contact of its own");
    test.org.control("POST", "late", json!(null)).await;
    for _ in 0..4 {
        test.pass(SignedDuration::from_mins(4));
        test.sync().await;
    }
    test.org.only("Contact").await;
    assert_eq!(test.org.records("Event").await.len(), 2);
    test.assert_all_synced().await;
}

#[rstest]
#[case::took_effect("after")]
#[case::never_arrived("before")]
#[tokio::test]
async fn without_the_booking_id_field_a_lost_event_is_looked_for_by_what_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] dropped: &str,
) {
    let Some(test) = TestApp::unconfigured(engine).await else { return };
    test.apply(&crate::support::configuration(&test.org.url)).await.expect("applied");
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": dropped})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    // Adding the field meanwhile changes nothing: the lost Event does not carry it.
    test.org.add_booking_id_field().await;
    for _ in 0..8 {
        test.pass(SignedDuration::from_mins(2));
        test.sync().await;
    }
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_person_and_event_deleted_in_salesforce_are_made_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    for object in ["Event", "Contact"] {
        let id = test.org.only(object).await["Id"].as_str().expect("an id").to_owned();
        test.org.delete(object, &id).await;
    }
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[case::never_arrived("before")]
#[case::came_late("late")]
#[tokio::test]
async fn an_event_written_anew_is_not_mistaken_for_the_deleted_one_when_its_answer_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] dropped: &str,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let first = test.org.only("Event").await["Id"].as_str().expect("an id").to_owned();
    test.org.delete("Event", &first).await;
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": dropped})).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    test.org.control("POST", "late", json!(null)).await;
    for _ in 0..6 {
        test.pass(SignedDuration::from_mins(3));
        test.sync().await;
    }
    only_contact_and_event(&test).await;
    let second = test.org.only("Event").await["Id"].clone();
    assert_eq!(test.only_booking().await["sync"]["event_id"], second, "a later cancel must know which Event to delete");
}

#[rstest]
#[tokio::test]
async fn an_event_that_cannot_be_seen_is_never_written_twice(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let hidden =
        json!({"error": {"status": 404, "code": "NOT_FOUND", "message": "The requested resource does not exist"}});
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), hidden).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(test.only_booking().await["sync"]["state"], "held");
    test.org.only("Event").await;
}

#[rstest]
#[tokio::test]
async fn sync_again_during_a_run_is_not_lost(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let (store, now) = (&test.app.store, test.app.clock.now());
    let claimed = store.claim("wrk_test", now).await.expect("the database").expect("a booking is due");
    assert!(store.sync_again(&claimed.id.0, now).await.expect("the database"));
    let held = matchbook::store::Released::Held { reason: "Held.".into() };
    let told = RunTold { notes: &[], account: None, report: &SyncReport::default() };
    store.release(&claimed, &claimed.synced, &held, told, &Spent::default(), now).await.expect("the database");
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_connection_that_points_to_another_org_forgets_what_it_knew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let other = crate::support::Org::start().await;
    test.apply(&crate::support::configuration(&other.url)).await.expect("applied");
    let second = Delivery::created().at("2026-05-04T09:05:00Z").by("uid-b", "Joe Doe", "joe@acme.example");
    test.deliver(&second.json()).await;
    test.sync().await;
    other.only("Contact").await;
    other.only("Event").await;
}

#[rstest]
#[case::took_effect("after")]
#[case::never_arrived("before")]
#[tokio::test]
async fn with_a_unique_external_id_a_lost_event_is_written_again_without_waiting(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] dropped: &str,
) {
    let Some(test) = TestApp::unconfigured(engine).await else { return };
    let field =
        json!({"name": "Matchbook_Booking_Id__c", "type": "string", "length": 64, "externalId": true, "unique": true});
    test.org.control("POST", "fields", json!({"Event": [field]})).await;
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    test.apply(&crate::support::configuration(&test.org.url)).await.expect("applied");
    test.org.fault(json!({"method": "PATCH", "object": "Event"}), json!({"drop": dropped})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.pass(SignedDuration::from_secs(10));
    test.sync().await;
    only_contact_and_event(&test).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    for _ in 0..3 {
        test.pass(SignedDuration::from_mins(5));
        test.sync().await;
    }
    assert_eq!(test.org.only("Event").await["StartDateTime"], "2026-05-07T09:30:00.000+0000");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_outage_parks_the_connection_and_one_probe_tests_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@acme.example").json()).await;
    test.sync().await;
    let away = json!({"match": {"path": "/composite"}, "effect": {"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"}}, "times": 1000});
    test.org.control("POST", "faults", away).await;
    for n in 0..10 {
        let delivery = Delivery::created().at(&format!("2026-05-04T09:01:{n:02}Z"));
        test.deliver(&delivery.by(&format!("uid-{n}"), "Pat Q", &format!("pat{n}@acme.example")).json()).await;
    }
    test.org.take_calls().await;
    for _ in 0..3 {
        test.sync().await;
        assert_eq!(test.org.take_calls().await, 1, "ten waiting bookings send one probe");
        test.pass(SignedDuration::from_mins(3));
    }
    let connection = test.app.store.connections().await.expect("a list").remove(0);
    assert!(connection.trouble.is_some_and(|t| t.contains("server too busy")), "the connection tells why it rests");
    test.org.control("DELETE", "faults", json!(null)).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 11);
    assert_eq!(test.app.store.connections().await.expect("a list")[0].trouble, None);
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_used_up_day_rests_the_connection_until_its_window_moves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"now": START})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    // From here on the org counts from zero.
    test.org.take_calls().await;
    test.org.control("PATCH", "settings", json!({"daily_api_limit": 3})).await;
    for n in 2..=4 {
        let next = Delivery::created().by(&format!("uid-{n}"), "Jane Roe", &format!("person{n}@acme.example"));
        test.deliver(&next.json()).await;
    }
    for _ in 0..20 {
        test.sync().await;
        test.pass(SignedDuration::from_mins(20));
    }
    let trouble = test.app.store.connections().await.expect("a list")[0].trouble.clone().expect("it rests");
    assert!(trouble.contains("used up"), "{trouble}");
    assert!(test.app.store.unfinished().await.expect("a count") > 0);

    test.pass(SignedDuration::from_hours(24));
    test.org.control("PATCH", "settings", json!({"now": test.app.clock.now().to_string()})).await;
    for _ in 0..10 {
        test.sync().await;
        test.pass(SignedDuration::from_mins(31));
    }
    test.org.control("PATCH", "settings", json!({"daily_api_limit": 15000})).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 4);
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_day_that_an_answer_calls_used_up_is_not_tried_further(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    // Cold, a booking takes three calls: describe, look up, write.
    test.org.control("PATCH", "settings", json!({"daily_api_limit": 3})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
    let refused_before = test.org.take_calls().await;
    assert_eq!(refused_before, 3);
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(test.org.take_calls().await, 0, "the last answer said that nothing is left");
    let trouble = test.app.store.connections().await.expect("a list")[0].trouble.clone().expect("it rests");
    assert!(trouble.starts_with("The org's 3 API requests of 24 hours are used up."), "{trouble}");

    test.org.control("PATCH", "settings", json!({"daily_api_limit": 15000})).await;
    test.pass(SignedDuration::from_mins(15));
    test.sync().await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_crowded_moment_is_waited_out_in_seconds(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let crowded = json!({"error": {"status": 403, "code": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}});
    test.org.fault(json!({"path": "/composite"}), crowded).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.pass(SignedDuration::from_secs(3));
    test.sync().await;
    only_contact_and_event(&test).await;
}

#[rstest]
#[tokio::test]
async fn what_syncs_spend_is_counted_for_all_instances(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for n in 1..=4 {
        let next = Delivery::created().by(&format!("uid-{n}"), "Jane Roe", &format!("person{n}@acme.example"));
        test.deliver(&next.json()).await;
        if n % 2 == 0 { test.sync().await } else { test.another_engine().drain().await.expect("the database") }
    }
    let id = test.app.store.connections().await.expect("a list")[0].id.clone();
    let calls = i64::try_from(test.org.take_calls().await).expect("a few");
    let usage = test.app.store.api_usage(&id, test.app.clock.now()).await.expect("the usage");
    assert_eq!(usage.spent_on(Purpose::Sync, test.app.clock.now()), calls);
    let org = usage.org.expect("the org said its count");
    assert_eq!((org.used, org.limit), (calls, 15_000));
    let later = test.app.clock.now() + SignedDuration::from_hours(26);
    assert_eq!(usage.spent_on(Purpose::Sync, later), 0, "a day later it is forgotten");
}

#[rstest]
#[tokio::test]
async fn further_pages_of_an_answer_are_calls_that_are_told_and_counted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let namesakes = (0..2_001).map(|n| json!({"LastName": format!("Roe {n}"), "Email": "jane@acme.example"}));
    test.org.load(json!({"Contact": namesakes.collect::<Vec<_>>()})).await;
    test.org.take_calls().await;
    test.deliver(&Delivery::created().by("uid-1", "Jane Roe", "jane@acme.example").json()).await;
    test.sync().await;
    let calls = i64::try_from(test.org.take_calls().await).expect("a few");
    let id = test.app.store.connections().await.expect("a list")[0].id.clone();
    let usage = test.app.store.api_usage(&id, test.app.clock.now()).await.expect("the usage");
    assert_eq!(usage.spent_on(Purpose::Sync, test.app.clock.now()), calls);
    let booking = test.get("/api/v1/bookings").await.body["bookings"][0]["id"].as_str().expect("an id").to_owned();
    let runs = test.get(&format!("/api/v1/bookings/{booking}/sync-runs")).await;
    assert!(runs.text.contains("Read the next page"), "{}", runs.text);
}

#[rstest]
#[tokio::test]
async fn a_sync_that_does_not_end_when_the_server_stops_is_given_back_and_goes_on_elsewhere(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.fault(json!({"path": "/composite"}), json!({"hold": true})).await;
    test.deliver(&Delivery::created().json()).await;
    let worker = Worker::start(&test.app.engine, 1);
    while test.org.control("GET", "faults", json!(null)).await["held"] != 1 {}
    worker.stop(Duration::ZERO).await;
    test.org.control("POST", "release", json!(null)).await;
    // No time has passed: a lease would still hold it.
    test.sync().await;
    only_contact_and_event(&test).await;
}

/// PostgreSQL alone: on SQLite nobody writes beside the other.
#[tokio::test]
async fn a_change_that_comes_while_its_booking_is_being_claimed_is_recorded() {
    let Some(test) = TestApp::spawn(Engine::Postgres).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let mut other = test.beside_on_postgres().await;
    // As a claim does: the outbox row, then a run that refers to the booking.
    sqlx::raw_sql("BEGIN; UPDATE outbox SET attempt = attempt + 1").execute(&mut other).await.expect("the row");
    let moved = Delivery::rescheduled().json();
    let (answer, claimed) = tokio::join!(test.deliver(&moved), async {
        let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))";
        while sqlx::query(waits).fetch_optional(&mut other).await.expect("an answer").is_none() {}
        let run = "INSERT INTO sync_run (id, booking_id, connection_id, version, started_at, notes)
                   SELECT 'run_other', booking_id, connection_id, 1, 0, '[]' FROM outbox; COMMIT";
        sqlx::raw_sql(run).execute(&mut other).await.map(|_| ())
    });
    claimed.expect("the claim goes through");
    assert_eq!(answer.status, 200, "neither waits for the other: {}", answer.text);
}

/// PostgreSQL alone: a transaction that nobody ends would swallow what comes after it on the same connection.
#[tokio::test]
async fn work_that_is_given_up_halfway_leaves_no_transaction_open() {
    let Some(test) = TestApp::spawn(Engine::Postgres).await else { return };
    let connection = test.app.store.connections().await.expect("a list").remove(0).id;
    let mut other = test.beside_on_postgres().await;
    for polls in 1..30 {
        let mut work = Box::pin(test.app.store.forget_org(&connection));
        for _ in 0..polls {
            let done = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
            if done {
                break;
            }
            // Lets what the database answered come in.
            sqlx::query("SELECT 1").execute(&mut other).await.expect("an answer");
        }
        drop(work);
        let now = test.app.clock.now() + SignedDuration::from_secs(polls);
        test.app.store.ping(now).await.expect("the database can be used");
        let (written,): (i64,) =
            sqlx::query_as("SELECT written_at FROM readiness").fetch_one(&mut other).await.expect("a row");
        assert_eq!(written, now.as_microsecond(), "what was written after {polls} steps of work is there for all");
    }
}
