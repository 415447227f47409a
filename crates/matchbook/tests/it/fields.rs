//! Each type of field and each date, written to Events, Contacts and Leads, and what each type takes on save.

use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::configuration_of;
use crate::support::{Delivery, Engine, TestApp};
use crate::writes::{event, with_email};

/// Rows of every type, what the org's field is, and what it holds after a booking.
fn every_type() -> Vec<(&'static str, &'static str, &'static str, Value, Value)> {
    let plain = |kind: &str| json!({"type": kind});
    let text = |length: u32| json!({"type": "string", "length": length});
    let picklist = json!({"type": "picklist", "restricted": true, "picklist": ["Demo", "Other"]});
    let area = json!({"type": "textarea", "length": 2000});
    vec![
        ("Text__c", "text", "'Demo for {company}'", text(60), json!("Demo for Acme Ltd")),
        ("Start_Day__c", "date", "booking_start_date", plain("date"), json!("2026-05-06")),
        ("Made_Day__c", "date", "booking_created_date", plain("date"), json!("2026-05-04")),
        ("Start_At__c", "datetime", "booking_start_date", plain("datetime"), json!("2026-05-06T09:30:00.000+0000")),
        ("Made_At__c", "datetime", "booking_created_date", plain("datetime"), json!("2026-05-04T09:00:00.000+0000")),
        ("Phone__c", "phone", "'+44 20 7946 0018'", plain("phone"), json!("+44 20 7946 0018")),
        ("Booked__c", "checkbox", "true", plain("boolean"), json!(true)),
        ("Kind__c", "picklist", "Demo", picklist, json!("Demo")),
        ("Area__c", "textarea", r#""Two lines:\nby {attendee.name}""#, area, json!("Two lines:\nby Jane Roe")),
        ("Number__c", "custom", "'7.5'", json!({"type": "double", "precision": 18, "scale": 1}), json!(7.5)),
        ("As_It_Is__c", "custom", "' 50 % <b> {company} \"of\" it;'", text(60), json!(" 50 % <b> Acme Ltd \"of\" it;")),
    ]
}

/// Gives the objects fields of these names and shapes.
async fn add_fields<'a>(test: &TestApp, objects: &[&str], fields: impl Iterator<Item = (&'a str, Value)>) {
    let named = |(name, mut shape): (&str, Value)| {
        (shape["name"], shape["label"]) = (json!(name), json!(name));
        shape
    };
    let fields: Vec<Value> = fields.map(named).collect();
    let all: serde_json::Map<String, Value> =
        objects.iter().map(|object| ((*object).to_owned(), json!(fields))).collect();
    test.org.control("POST", "fields", Value::Object(all)).await;
}

/// A list with rows of field, type and value.
fn list<'a>(key: &str, rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> String {
    let row = |(field, kind, value)| format!("\n          - {{field: {field}, type: {kind}, value: {value}}}");
    format!("\n      {key}:\n        fields:{}", rows.map(row).collect::<String>())
}

async fn sync(test: &TestApp, delivery: &Delivery) {
    assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn every_type_of_field_is_written_to_the_event_and_to_the_contact_or_lead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("Contact", "Lead")] person: &str,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let all = every_type();
    add_fields(&test, &["Event", person], all.iter().map(|(name, _, _, shape, _)| (*name, shape.clone()))).await;
    let rows = || all.iter().map(|(name, kind, value, ..)| (*name, *kind, *value));
    let settings = format!(
        "\n      attendee_record_type: {}{}{}",
        person.to_lowercase(),
        list("event_fields_on_booking", rows()),
        list("person_fields_on_booking", rows())
    );
    test.apply(&configuration_of(&test, &settings)).await.expect("the configuration is sound");
    sync(&test, &Delivery::created().at("2026-05-04T09:00:00.000Z")).await;
    let (of_event, of_person) = (event(&test).await, with_email(&test, person, "jane@acme.example").await);
    for (name, kind, _, _, wanted) in &all {
        assert_eq!(of_event[name], *wanted, "{kind} {name} of the Event");
        assert_eq!(of_person[name], *wanted, "{kind} {name} of the attendee's record");
    }

    let off = settings.replace("on_booking:\n", "on_booking:\n        enabled: false\n");
    test.apply(&configuration_of(&test, &off)).await.expect("the configuration is sound");
    sync(&test, &Delivery::created().by("uid-9", "Joe Poe", "joe@acme.example").with("title", "Off")).await;
    let events = test.org.records("Event").await;
    let of_event = events.iter().find(|event| event["Subject"] == "Off").expect("Joe's Event");
    let of_person = with_email(&test, person, "joe@acme.example").await;
    for (name, ..) in &all {
        let unwritten = |value: &Value| value.is_null() || *value == json!(false);
        assert!(unwritten(&of_event[name]) && unwritten(&of_person[name]), "{name}, whose list is switched off");
    }
}

#[rstest]
#[tokio::test]
async fn each_date_is_written_on_booking_and_on_cancel_once_it_has_come(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let sources = ["booking_start_date", "booking_created_date", "booking_cancel_date"];
    let on_booking = [["B_Start__c", "B_Start_At__c"], ["B_Made__c", "B_Made_At__c"], ["B_Off__c", "B_Off_At__c"]];
    let on_cancel = [["C_Start__c", "C_Start_At__c"], ["C_Made__c", "C_Made_At__c"], ["C_Off__c", "C_Off_At__c"]];
    let rows = |names: [[&'static str; 2]; 3]| {
        let of =
            |([day, at], source): ([&'static str; 2], &'static str)| [(day, "date", source), (at, "datetime", source)];
        names.into_iter().zip(sources).flat_map(of).collect::<Vec<_>>()
    };
    let shaped = rows(on_booking).into_iter().chain(rows(on_cancel));
    let shaped = shaped.map(|(name, kind, _)| (name, json!({"type": kind})));
    add_fields(&test, &["Event", "Contact"], shaped).await;
    let settings: String = [
        ("event_fields_on_booking", on_booking),
        ("person_fields_on_booking", on_booking),
        ("event_fields_on_cancel", on_cancel),
        ("person_fields_on_cancel", on_cancel),
    ]
    .map(|(key, names)| list(key, rows(names).into_iter()))
    .concat();
    test.apply(&configuration_of(&test, &settings)).await.expect("the configuration is sound");
    let records = async || [event(&test).await, with_email(&test, "Contact", "jane@acme.example").await];
    let read = |record: &Value, names: [[&str; 2]; 3]| names.map(|pair| pair.map(|name| record[name].clone()));
    let null = || [Value::Null, Value::Null];

    sync(&test, &Delivery::created().at("2026-05-04T09:00:00.000Z")).await;
    let start = [json!("2026-05-06"), json!("2026-05-06T09:30:00.000+0000")];
    let made = [json!("2026-05-04"), json!("2026-05-04T09:00:00.000+0000")];
    for record in records().await {
        assert_eq!(read(&record, on_booking), [start.clone(), made.clone(), null()], "{record:#}");
        assert_eq!(read(&record, on_cancel), [null(), null(), null()], "{record:#}");
    }
    let notes = test.latest_notes().await;
    assert!(notes.iter().any(|note| note.contains("B_Off__c")), "no cancel date has come yet: {notes:?}");

    let cancelled = Delivery::cancelled().with("uid", "uid-1").without(&["rescheduleUid"]);
    let cancelled = cancelled.with("startTime", "2026-05-06T09:30:00Z").with("endTime", "2026-05-06T10:00:00Z");
    test.pass(jiff::SignedDuration::from_hours(40));
    sync(&test, &cancelled.at("2026-05-05T23:20:00.000Z")).await;
    // In London it is the sixth by then.
    let off = [json!("2026-05-06"), json!("2026-05-05T23:20:00.000+0000")];
    for record in records().await {
        assert_eq!(read(&record, on_cancel), [start.clone(), made.clone(), off.clone()], "{record:#}");
    }
}

#[rstest]
#[tokio::test]
async fn what_each_type_takes_is_checked_on_save_and_nothing_is_saved_while_one_row_is_wrong(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let shapes = [
        ("Check__c", json!({"type": "boolean"})),
        ("Date__c", json!({"type": "date"})),
        ("At__c", json!({"type": "datetime"})),
        ("Text__c", json!({"type": "string", "length": 60})),
        ("Phone__c", json!({"type": "phone"})),
        ("Pick__c", json!({"type": "picklist", "picklist": ["Demo"]})),
        ("Area__c", json!({"type": "textarea", "length": 2000})),
        ("Custom__c", json!({"type": "boolean"})),
    ];
    add_fields(&test, &["Event"], shapes.into_iter()).await;
    let (flag, date, nothing) = ("a checkbox takes true or false", "takes booking_start_date", "it is empty");
    let event_type = "/api/v1/configuration/event_types/discovery-call";
    let before = test.get(event_type).await;
    for (field, kind, right, wrong, told) in [
        ("Check__c", "checkbox", &["true", "false"][..], &["yes", "1", "TRUE", ""][..], flag),
        (
            "Date__c",
            "date",
            &["booking_start_date", "booking_created_date", "booking_cancel_date"],
            &["2026-05-06", "today"],
            date,
        ),
        ("At__c", "datetime", &["booking_start_date", "booking_created_date", "booking_cancel_date"], &["now"], date),
        ("Text__c", "text", &["x"], &["", "  "], nothing),
        ("Phone__c", "phone", &["+1 555 0100"], &["", " "], nothing),
        ("Pick__c", "picklist", &["Demo"], &[""], nothing),
        ("Area__c", "textarea", &["x"], &["", "\n"], nothing),
        // A value of this type is not judged, even where the org would refuse it; that there is one is asked here.
        ("Custom__c", "custom", &["true", "perhaps", "7,5"], &[""], nothing),
    ] {
        let section = |value: &str| {
            let rows = json!([{"field": "Subject", "type": "text", "value": "Call"}, {"field": field, "type": kind, "value": value}]);
            json!({"connection": "main", "event_fields_on_booking": {"fields": rows}})
        };
        for value in wrong {
            let body = json!({"salesforce": section(value)});
            let refused = test.call("PATCH", event_type, &[("If-Match", "*")], Some(&body)).await;
            assert_eq!(refused.status, 422, "{kind} {value:?}: {}", refused.text);
            let errors = refused.body["errors"].as_array().expect("errors");
            let pointer = "/salesforce/event_fields_on_booking/fields/1/value";
            let beside =
                errors.iter().find(|error| error["pointer"] == pointer).unwrap_or_else(|| panic!("{errors:#?}"));
            let detail = beside["detail"].as_str().expect("a detail");
            let told = if value.trim().is_empty() { nothing } else { told };
            assert!(detail.contains(told), "{kind} {value:?}: {detail}");
        }
        assert_eq!(test.get(event_type).await.body, before.body, "nothing is saved, not even the sound row");
        for value in right {
            let url = "/api/v1/event-types/discovery-call/salesforce-validations";
            let checked = test.call("POST", url, &[], Some(&section(value))).await;
            assert_eq!(
                (&checked.body["valid"], &checked.body["org"]["checked"]),
                (&json!(true), &json!(true)),
                "{kind} {value:?}: {}",
                checked.text
            );
        }
    }
}
