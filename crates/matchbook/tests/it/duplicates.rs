//! A new attendee whom a duplicate rule of the org takes for somebody else.

use rstest::rstest;
use serde_json::{Value, json};

use crate::browser::{Browser, PASSWORD};
use crate::support::{Delivery, Engine, TestApp, add_user};
use crate::sync_errors::open_errors;
use crate::writes::{event, events_of_jane, writing};

const ADMIN: &str = "admin@seller.example";

/// A booking of Jane's on hold, since the org has a rule over names and a Contact with hers: its id, and that Contact's.
async fn on_hold(engine: Engine, mode: &str) -> Option<(TestApp, Value, Value)> {
    let test = writing(engine, "").await?;
    let rule = json!({"object": "Contact", "match": ["LastName"], "mode": mode, "message": "Already there."});
    test.org.control("POST", "rules", json!({"duplicate": [rule]})).await;
    // The rule finds a record with her name, which the look-up by email does not.
    let there = test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "other@acme.example"}]})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let held = test.get("/api/v1/bookings").await.body["bookings"][0].clone();
    assert!(held["sync"]["reason"].to_string().contains("DUPLICATES_DETECTED"), "{held:#}");
    assert!(events_of_jane(&test).await.is_empty(), "nobody decided yet");
    let there = there["ids"]["Contact"][0].clone();
    assert_eq!(held["sync"]["duplicates"], json!({"records": [there], "may_create_anyway": mode == "alert"}));
    Some((test, held["id"].clone(), there))
}

async fn choose(test: &TestApp, booking: &Value, decision: Value) -> (u16, Value) {
    let path = format!("/api/v1/bookings/{}/duplicate-choice", booking.as_str().expect("an id"));
    let answer = test.call("POST", &path, &[], Some(&decision)).await;
    (answer.status, answer.body)
}

async fn contacts_called_roe(test: &TestApp) -> usize {
    test.org.records("Contact").await.iter().filter(|contact| contact["LastName"] == "Roe").count()
}

#[rstest]
#[tokio::test]
async fn a_duplicate_that_a_rule_names_is_used_once_it_is_plainly_the_attendee(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, booking, there)) = on_hold(engine, "block").await else { return };
    // Somebody corrects the record's email; before a look-up sees it, the rule names it again.
    test.org.update("Contact", &there, json!({"Email": "JANE@acme.example"})).await;
    let path = format!("/api/v1/bookings/{}/sync", booking.as_str().expect("an id"));
    assert_eq!(test.call("POST", &path, &[], None).await.status, 202);
    test.sync().await;
    assert_eq!(event(&test).await["WhoId"], there);
}

#[rstest]
#[tokio::test]
async fn use_this_record_puts_the_event_on_the_record_that_was_chosen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, booking, there)) = on_hold(engine, "block").await else { return };
    let refused = choose(&test, &booking, json!({"choice": "use_record", "record_id": "003000000000001AAA"})).await;
    assert_eq!(refused.0, 409, "{}", refused.1);
    assert!(refused.1.to_string().contains("did not name this record"), "{}", refused.1);
    let blocked = choose(&test, &booking, json!({"choice": "create_anyway"})).await;
    assert!(blocked.0 == 409 && blocked.1.to_string().contains("it blocks"), "{}", blocked.1);

    assert_eq!(choose(&test, &booking, json!({"choice": "use_record", "record_id": there})).await.0, 200);
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(event(&test).await["WhoId"], there);
    assert_eq!(contacts_called_roe(&test).await, 1);
    // It stays so, whatever comes later.
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(event(&test).await["WhoId"], there);
    assert_eq!(choose(&test, &booking, json!({"choice": "not_now"})).await.0, 409, "nothing is left to decide");
}

#[rstest]
#[tokio::test]
async fn create_anyway_makes_a_record_where_the_rule_only_alerts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, booking, there)) = on_hold(engine, "alert").await else { return };
    assert_eq!(choose(&test, &booking, json!({"choice": "create_anyway"})).await.0, 200);
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(contacts_called_roe(&test).await, 2);
    assert_ne!(event(&test).await["WhoId"], there);
}

#[rstest]
#[tokio::test]
async fn not_now_leaves_the_booking_on_hold_and_its_error_needs_no_attention(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, booking, there)) = on_hold(engine, "block").await else { return };
    assert_eq!(open_errors(&test).await, 1);
    assert_eq!(choose(&test, &booking, json!({"choice": "maybe"})).await.0, 422);
    assert_eq!(choose(&test, &booking, json!({"choice": "not_now"})).await.0, 200);
    assert_eq!(open_errors(&test).await, 0);
    test.sync().await;
    let held = test.get(&format!("/api/v1/bookings/{}", booking.as_str().expect("an id"))).await.body;
    assert_eq!((&held["sync"]["state"], contacts_called_roe(&test).await), (&json!("held"), 1));
    assert_eq!(
        choose(&test, &booking, json!({"choice": "use_record", "record_id": there})).await.0,
        200,
        "later is fine"
    );
}

#[rstest]
#[tokio::test]
async fn the_bookings_page_offers_the_choices_to_those_who_may_act(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, booking, there)) = on_hold(engine, "alert").await else { return };
    let there = there.as_str().expect("an id");
    add_user(&test.app, "viewer@seller.example", "viewer").await;
    add_user(&test.app, ADMIN, "admin").await;
    let path = format!("/bookings/{}", booking.as_str().expect("an id"));
    let choice = format!("{path}/duplicate-choice");
    let mut viewer = Browser::new(&test);
    viewer.sign_in("viewer@seller.example", PASSWORD).await;
    let page = viewer.get(&path).await;
    page.says("Is this the attendee?");
    page.lacks("class=\"reason\"");
    assert!(!page.text.contains("Use this record"));
    assert_eq!(viewer.submit(&choice, &[("choice", "create_anyway")]).await.status, 403);

    let mut admin = Browser::new(&test);
    admin.sign_in(ADMIN, PASSWORD).await;
    for label in ["Use this record", "Create anyway", "Not now", there] {
        admin.get(&path).await.says(label);
    }
    assert_eq!(admin.submit(&choice, &[("choice", "use_record"), ("record_id", there)]).await.status, 303);
    test.sync().await;
    assert_eq!(event(&test).await["WhoId"], *there);
    assert!(!admin.get(&path).await.text.contains("Is this the attendee?"));
}
