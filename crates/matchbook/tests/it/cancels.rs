//! Lists on cancel, where a booking is more than one attendee and one Event.

use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::{ON_CANCEL, add_fields, configuration_of, configure};
use crate::people::with_guests;
use crate::support::{Delivery, Engine, TestApp};
use crate::writes::{event, jane, with_email};

async fn told(test: &TestApp) -> Value {
    jane(test).await["Last_Status__c"].clone()
}

#[rstest]
#[tokio::test]
async fn two_bookings_that_prove_to_be_one_leave_one_event_and_tell_nobody_of_a_cancel(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    configure(&test, ON_CANCEL).await;
    // The move names no earlier uid at first, so that it seems to be another booking.
    let moved = || Delivery::rescheduled().with("iCalUID", Value::Null).with("title", "Jane Roe again");
    test.deliver(&Delivery::created().with("iCalUID", Value::Null).json()).await;
    test.deliver(&moved().with("rescheduleUid", Value::Null).json()).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 2, "nobody knows yet");
    test.deliver(&moved().at("2026-05-04T09:10:01Z").json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(test.org.records("Event").await.len(), 1, "the other booking's Event is not kept as cancelled");
    assert_eq!(told(&test).await, Value::Null, "nothing was cancelled");
}

#[rstest]
#[tokio::test]
async fn an_event_that_a_cancel_keeps_stays_with_its_guests(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    configure(&test, ON_CANCEL).await;
    let guests = ["gil@acme.example", "ida@acme.example"];
    test.deliver(&with_guests(Delivery::created(), &guests)).await;
    test.sync().await;
    let people = event(&test).await["EventWhoIds"].clone();
    assert_eq!(people.as_array().map(Vec::len), Some(3), "{people}");
    test.deliver(&with_guests(Delivery::cancelled(), &guests)).await;
    test.sync().await;
    let kept = event(&test).await;
    assert_eq!((&kept["ShowAs"], &kept["EventWhoIds"]), (&json!("Free"), &people));
    assert_eq!(told(&test).await, "Cancelled");
    assert_eq!(with_email(&test, "Contact", "gil@acme.example").await["Last_Status__c"], Value::Null);
}

/// An installation in which nobody gets a new Contact, and Gil has one.
async fn gil_is_known(engine: Engine, shared: bool, more: &str) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    add_fields(&test).await;
    test.org.control("PATCH", "settings", json!({"shared_activities": shared})).await;
    let settings = format!("\n      skip_contact_creation: true{more}");
    test.apply(&configuration_of(&test, &settings)).await.expect("the configuration is sound");
    test.org.load(json!({"Contact": [{"LastName": "Gil", "Email": "gil@acme.example"}]})).await;
    Some(test)
}

#[rstest]
#[tokio::test]
async fn a_guest_who_stands_in_for_a_stranger_is_not_told_of_the_cancel(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = gil_is_known(engine, true, ON_CANCEL).await else { return };
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example"])).await;
    test.sync().await;
    let gil = test.org.only("Contact").await;
    assert_eq!(event(&test).await["WhoId"], gil["Id"]);
    test.deliver(&with_guests(Delivery::cancelled(), &["gil@acme.example"])).await;
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(event(&test).await["ShowAs"], "Free");
    assert_eq!(test.org.only("Contact").await["Last_Status__c"], Value::Null, "it is the attendee's to be told");
}

#[rstest]
#[tokio::test]
async fn a_guest_whom_salesforce_puts_in_a_deleted_attendees_place_is_not_told_of_the_cancel(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    configure(&test, ON_CANCEL).await;
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example"])).await;
    test.sync().await;
    let id = jane(&test).await["Id"].as_str().expect("an id").to_owned();
    test.org.delete("Contact", &id).await;
    let gil = test.org.only("Contact").await;
    assert_eq!(event(&test).await["WhoId"], gil["Id"]);
    test.deliver(&with_guests(Delivery::cancelled(), &["gil@acme.example"])).await;
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(test.org.only("Contact").await["Last_Status__c"], Value::Null, "Gil did not cancel");
}

#[rstest]
#[tokio::test]
async fn a_guest_who_stands_in_for_a_stranger_is_not_taken_for_them_when_an_answer_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] has_field: bool,
) {
    let rows =
        "\n      person_fields_on_booking: {fields: [{field: Last_Status__c, type: text, value: Booked}]}".to_owned();
    let Some(test) = gil_is_known(engine, false, &rows).await else { return };
    if !has_field {
        let read_only = json!({"users": {"integration@northwind.example":
            {"fields": {"Event.Matchbook_Booking_Id__c": "hidden"}, "view_all": true, "modify_all": true}}});
        test.org.control("POST", "permissions", read_only).await;
    }
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "after"})).await;
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example"])).await;
    for _ in 0..4 {
        test.sync().await;
        test.pass(jiff::SignedDuration::from_mins(15));
    }
    test.assert_all_synced().await;
    let gil = test.org.only("Contact").await;
    assert_eq!(event(&test).await["WhoId"], gil["Id"], "one Event, found again");
    assert_eq!(gil["Last_Status__c"], Value::Null, "Gil did not book");
}

#[rstest]
#[tokio::test]
async fn an_event_whose_guests_no_longer_come_and_whose_attendee_has_no_record_is_with_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = gil_is_known(engine, true, "").await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Ida", "Email": "ida@acme.example"}]})).await;
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example", "ida@acme.example"])).await;
    test.sync().await;
    test.deliver(&with_guests(Delivery::rescheduled(), &[])).await;
    test.sync().await;
    test.assert_all_synced().await;
    let event = event(&test).await;
    assert_eq!((&event["WhoId"], &event["EventWhoIds"]), (&Value::Null, &Value::Null), "{event:#}");
    assert_eq!(event["StartDateTime"], "2026-05-07T09:30:00.000+0000");
}

/// The booking of Delivery::created() is called off where it stands.
fn called_off() -> Delivery {
    Delivery::cancelled().with("uid", "uid-1").without(&["rescheduleUid"])
}

#[rstest]
#[tokio::test]
async fn a_sales_team_tracks_who_cancels_by_a_status_and_a_date_on_the_contact_or_lead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("Contact", "Lead")] person: &str,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let status =
        json!({"name": "Last_Booking_Status__c", "label": "Last booking status", "type": "string", "length": 40});
    let date = json!({"name": "Last_Cancel_Date__c", "label": "Last cancel date", "type": "date"});
    test.org.control("POST", "fields", json!({person: [status, date]})).await;
    let settings = format!(
        "
      attendee_record_type: {}
      person_fields_on_cancel:
        enabled: true
        fields:
          - {{field: Last_Booking_Status__c, type: text, value: Cancelled, when: always}}
          - {{field: Last_Cancel_Date__c, type: date, value: booking_cancel_date, when: always}}",
        person.to_lowercase()
    );
    test.apply(&configuration_of(&test, &settings)).await.expect("the configuration is sound");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let tracked = |record: Value| [record["Last_Booking_Status__c"].clone(), record["Last_Cancel_Date__c"].clone()];
    let booked = with_email(&test, person, "jane@acme.example").await;
    assert_eq!(tracked(booked), [Value::Null, Value::Null], "nothing is cancelled yet");
    test.deliver(&called_off().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let off = with_email(&test, person, "jane@acme.example").await;
    assert_eq!(tracked(off), [json!("Cancelled"), json!("2026-05-04")]);
    assert_eq!(test.org.records("Event").await.len(), 0, "the other list is off, so the Event goes");
}

#[rstest]
#[tokio::test]
async fn on_cancel_a_filled_field_is_left_where_the_admin_says_so_and_else_written_each_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text = |name: &str| json!({"name": name, "label": name, "type": "string", "length": 40});
    let fields = json!([text("Filled__c"), text("Empty__c"), text("Always__c")]);
    test.org.control("POST", "fields", json!({"Event": fields, "Contact": fields})).await;
    let list = |key: &str, rows: &[(&str, &str, &str)]| {
        let row = |(field, value, when): &(&str, &str, &str)| {
            format!("\n          - {{field: {field}, type: text, value: {value}{when}}}")
        };
        format!("\n      {key}:\n        fields:{}", rows.iter().map(row).collect::<String>())
    };
    let booked = [("Filled__c", "Booked", ""), ("Always__c", "Booked", "")];
    let off = [
        ("Filled__c", "'Off {booking.cancel_reason}'", ", when: if_empty"),
        ("Empty__c", "'Off {booking.cancel_reason}'", ", when: if_empty"),
        ("Always__c", "'Off {booking.cancel_reason}'", ", when: always"),
    ];
    let settings = [
        list("event_fields_on_booking", &booked),
        list("person_fields_on_booking", &booked),
        list("event_fields_on_cancel", &off),
        list("person_fields_on_cancel", &off),
    ];
    test.apply(&configuration_of(&test, &settings.concat())).await.expect("the configuration is sound");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.deliver(&called_off().with("cancellationReason", "once").json()).await;
    test.sync().await;
    let read = |record: Value| ["Filled__c", "Empty__c", "Always__c"].map(|name| record[name].clone());
    let wanted = [json!("Booked"), json!("Off once"), json!("Off once")];
    assert_eq!(read(event(&test).await), wanted, "the Event that is kept");
    assert_eq!(read(jane(&test).await), wanted, "the attendee's record");

    // Jane books and cancels another time.
    let again = |delivery: Delivery| delivery.by("uid-9", "Jane Roe", "jane@acme.example");
    test.deliver(&again(Delivery::created().with("title", "Again")).json()).await;
    test.sync().await;
    let off = again(called_off().with("title", "Again").with("cancellationReason", "twice"));
    test.deliver(&off.json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(read(jane(&test).await), [json!("Booked"), json!("Off once"), json!("Off twice")]);
}
