//! Tokens of rows that stand for what Matchbook knows besides the booking: how the host was chosen, and where the booking is seen.

use rstest::rstest;
use serde_json::json;

use crate::routing::Routed;
use crate::support::{Delivery, Engine, TestApp};

const ROWS: &str = "book_directly: {enabled: true},
        event_fields_on_booking: {fields: [
          {field: Why__c, type: text, value: '{assignmentReason|by the source}'},
          {field: Page__c, type: text, value: '{booking.url|nowhere}'}]}";

async fn with_fields(engine: Engine, public_url: Option<&str>) -> Option<Routed> {
    let test = TestApp::spawn_with(engine, |config| config.public_url = public_url.map(str::to_owned)).await?;
    let field = |name: &str| json!({"name": name, "label": name, "type": "string", "length": 255});
    test.org.control("POST", "fields", json!({"Event": [field("Why__c"), field("Page__c")]})).await;
    let contact = json!({"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": "@cleo"});
    Routed::prepare(test, "", ROWS, json!({"Contact": [contact]})).await
}

#[rstest]
#[tokio::test]
async fn a_row_tells_in_salesforce_how_the_host_was_chosen_and_where_the_booking_is_seen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = with_fields(engine, Some("https://matchbook.example")).await else { return };
    let booking = routed.book("jane@acme.example", json!({})).await.body;
    routed.test.sync().await;
    let event = routed.test.org.only("Event").await;
    let id = booking["id"].as_str().expect("an id");
    assert_eq!(event["Page__c"], format!("https://matchbook.example/bookings/{id}"));
    assert_eq!(event["Why__c"], "Booked with Cleo Host, who owns the attendee's Contact.");

    let given = routed.test.post(&format!("/api/v1/bookings/{id}/reassignment"), r#"{"host": "ben"}"#).await;
    assert_eq!(given.status, 200, "{}", given.text);
    routed.test.sync().await;
    assert_eq!(routed.test.org.only("Event").await["Why__c"], "Given to Ben Host by hand.");
    routed.test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn what_was_not_decided_here_and_is_seen_nowhere_is_left_to_the_rows_defaults(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = with_fields(engine, None).await else { return };
    assert_eq!(routed.test.deliver(&Delivery::created().json()).await.status, 200);
    routed.test.sync().await;
    let event = routed.test.org.only("Event").await;
    assert_eq!((&event["Why__c"], &event["Page__c"]), (&json!("by the source"), &json!("nowhere")));
    routed.test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn answers_to_a_form_that_led_to_the_booking_reach_salesforce_and_the_sub_region(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let field = |name: &str| json!({"name": name, "label": name, "type": "string", "length": 255});
    test.org.control("POST", "fields", json!({"Event": [field("Size__c")], "Account": [field("Territory__c")]})).await;
    let acme = |name: &str, owner: &str| crate::routing::account(name, owner, json!({"Territory__c": name}));
    let records = json!({"Account": [acme("North", "@ben"), acme("South", "@cleo")]});
    let settings = "attendee_record_type: contact_under_account, book_directly: {enabled: true},
        tiebreakers: {sub_region_field: Territory__c, sub_region_question: territory},
        event_fields_on_booking: {fields: [{field: Size__c, type: text, value: '{form:size}'}]}";
    let Some(routed) = Routed::prepare(test, "", settings, records).await else { return };
    let form = json!([{"slug": "size", "label": "Size", "value": "11 to 50"}, {"slug": "territory", "value": "South"}]);
    let booking = routed.book("jane@acme.example", json!({"form_answers": form})).await;
    assert_eq!(booking.status, 201, "{}", booking.text);
    assert_eq!(booking.body["organizer"]["email"], "cleo@seller.example", "{}", routed.sentence().await);
    assert_eq!(booking.body["form_answers"][0]["value"], "11 to 50");
    routed.test.sync().await;
    assert_eq!(routed.test.org.only("Event").await["Size__c"], "11 to 50");
    let wrong = routed.book("joe@acme.example", json!({"form_answers": [{"value": 7}]})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.text.contains("/form_answers/0/value"), "{}", wrong.text);
}
