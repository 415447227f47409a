//! Guests, Leads, no-shows, requests and rejections, as people see them in Salesforce.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Delivery, Engine, TestApp, configuration_with};

/// An installation with these settings in its event type's Salesforce section.
async fn with(engine: Engine, salesforce: &str) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    test.apply(&configuration_with(&test.org.url, salesforce)).await.expect("the configuration is sound");
    Some(test)
}

pub(crate) fn with_guests(delivery: Delivery, guests: &[&str]) -> Value {
    delivery.with("responses", json!({"guests": {"label": "additional_guests", "value": guests}})).json()
}

async fn emails(test: &TestApp, object: &str) -> Vec<String> {
    let records = test.org.records(object).await;
    let mut emails: Vec<String> = records.iter().map(|r| r["Email"].as_str().unwrap_or_default().to_owned()).collect();
    emails.sort();
    emails
}

#[rstest]
#[tokio::test]
async fn guests_are_contacts_on_the_event_where_the_org_relates_several_people(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    test.org.load(json!({"Contact": [{"LastName": "Known", "Email": "GIL@acme.example"}]})).await;
    let gil = test.org.only("Contact").await["Id"].clone();
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example", "ida@acme.example", "ben@seller.example"]))
        .await;
    test.sync().await;
    assert_eq!(emails(&test, "Contact").await, ["GIL@acme.example", "ida@acme.example", "jane@acme.example"]);
    let event = test.org.only("Event").await;
    assert_eq!(event["EventWhoIds"].as_array().map(Vec::len), Some(3), "{event:#}");
    assert!(
        event["EventWhoIds"].as_array().is_some_and(|ids| ids.contains(&gil)),
        "the known Contact is used: {event:#}"
    );
    assert!(!event["Description"].to_string().contains("Guests:"), "{event:#}");

    let moved = with_guests(Delivery::rescheduled(), &["gil@acme.example"]);
    test.deliver(&moved).await;
    test.sync().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["EventWhoIds"].as_array().map(Vec::len), Some(2), "Ida no longer comes: {event:#}");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_guest_who_no_longer_comes_leaves_an_event_whose_answer_was_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "after"})).await;
    test.deliver(&with_guests(Delivery::created(), &["gil@acme.example", "ida@acme.example"])).await;
    test.sync().await;
    test.pass(jiff::SignedDuration::from_mins(15));
    test.sync().await;
    assert_eq!(test.org.only("Event").await["EventWhoIds"].as_array().map(Vec::len), Some(3));
    test.deliver(&with_guests(Delivery::rescheduled(), &[])).await;
    test.sync().await;
    test.assert_all_synced().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["EventWhoIds"], json!([event["WhoId"]]), "{event:#}");
}

#[rstest]
#[tokio::test]
async fn guests_are_contacts_and_a_line_of_the_description_where_an_event_is_with_one_person(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.sync().await;
    assert_eq!(emails(&test, "Contact").await, ["ida@acme.example", "jane@acme.example"]);
    let event = test.org.only("Event").await;
    assert!(event["Description"].to_string().contains("Guests: ida@acme.example"), "{event:#}");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn ignored_guests_are_nowhere_in_salesforce(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = with(engine, "ignore_guests: true").await else { return };
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.sync().await;
    assert_eq!(emails(&test, "Contact").await, ["jane@acme.example"]);
    assert!(!test.org.only("Event").await["Description"].to_string().contains("ida@"));
}

#[rstest]
#[tokio::test]
async fn a_guest_whom_salesforce_refuses_never_costs_the_event(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    let rule = json!({"error": {"status": 400, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Guests need a title.", "fields": []}});
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    test.org.fault(json!({"method": "POST", "object": "Contact"}), rule).await;
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.sync().await;
    assert!(test.org.only("Event").await["Description"].to_string().contains("Guests: ida@acme.example"));
    let notes = test.latest_notes().await;
    assert!(notes.iter().any(|n| n.contains("ida@acme.example") && n.contains("Guests need a title")), "{notes:?}");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn two_bookings_that_bring_the_same_new_guest_make_one_contact(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.deliver(&with_guests(Delivery::created().by("uid-9", "Joe", "joe@acme.example"), &["Ida@acme.example"])).await;
    test.deliver(&Delivery::created().by("uid-8", "Ida", "IDA@acme.example").json()).await;
    let step = || test.app.engine.step();
    let (one, two, three) = tokio::join!(step(), step(), step());
    one.and(two).and(three).expect("the database can be used");
    test.sync().await;
    let contacts = emails(&test, "Contact").await;
    assert_eq!(
        contacts.iter().filter(|email| email.eq_ignore_ascii_case("ida@acme.example")).count(),
        1,
        "{contacts:?}"
    );
    assert_eq!(test.org.records("Event").await.len(), 3);
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_attendee_is_a_lead_where_the_event_type_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = with(engine, "attendee_record_type: lead").await else { return };
    test.deliver(&with_guests(Delivery::created(), &["ida@acme.example"])).await;
    test.sync().await;
    let lead = test.org.only("Lead").await;
    assert_eq!(
        (&lead["Email"], &lead["LastName"], &lead["Company"]),
        (&json!("jane@acme.example"), &json!("Roe"), &json!("Acme Ltd"))
    );
    let event = test.org.only("Event").await;
    assert_eq!(event["WhoId"], lead["Id"]);
    assert!(event["Description"].to_string().contains("Guests: ida@acme.example"), "{event:#}");
    assert_eq!(emails(&test, "Contact").await, [""; 0]);
    let again = Delivery::created().by("uid-9", "Jane Roe", "JANE@acme.example");
    test.deliver(&again.json()).await;
    test.sync().await;
    assert_eq!(test.org.records("Lead").await.len(), 1, "the same person is the same Lead");
    test.assert_all_synced().await;
}

/// The checkbox that says whether the attendee did not come.
async fn add_no_show_field(test: &TestApp) {
    let field = json!({"name": "No_Show__c", "label": "No show", "type": "boolean"});
    test.org.control("POST", "fields", json!({"Event": [field]})).await;
}

#[rstest]
#[tokio::test]
async fn a_no_show_is_ticked_on_the_event_and_unticked_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = with(engine, "no_show_field: No_Show__c").await else { return };
    add_no_show_field(&test).await;
    let early = test.deliver(&Delivery::no_show("2026-05-04T09:05:00Z", true)).await;
    assert_eq!(early.status, 202, "kept until its booking is known: {}", early.text);
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["No_Show__c"], true);
    assert_eq!(test.app.store.waiting_deliveries(10).await.expect("a list").len(), 0, "the early mark is applied");
    test.deliver(&Delivery::no_show("2026-05-04T09:06:00Z", false)).await;
    test.deliver(&Delivery::no_show("2026-05-04T09:05:00Z", true)).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["No_Show__c"], false, "the latest word counts");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_request_shows_in_salesforce_only_once_its_host_confirms_it_and_goes_when_declined(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::requested().json()).await;
    test.org.take_calls().await;
    test.sync().await;
    assert_eq!(test.org.take_calls().await, 0, "nothing is asked, nothing is written");
    assert_eq!(test.only_booking().await["status"], "requested");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.only("Event").await;
    test.deliver(&Delivery::rejected().json()).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 0);
    assert_eq!(test.only_booking().await["cancel_reason"], "Out of office");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_request_that_is_declined_or_called_off_writes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::rejected().json()).await;
    test.deliver(&Delivery::requested().json()).await;
    test.sync().await;
    assert_eq!(emails(&test, "Contact").await, [""; 0]);
    test.assert_all_synced().await;
}

/// Every order of five things.
fn orders() -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for new in 0..5 {
        let longer = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |at| [&order[..at], &[new], &order[at..]].concat())
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

#[rstest]
#[tokio::test]
async fn every_order_of_arrival_ends_the_same(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = with(engine, "no_show_field: No_Show__c").await else { return };
    add_no_show_field(&test).await;
    for (number, order) in orders().iter().enumerate() {
        let email = format!("p{number}@acme.example");
        let changes = five_changes(number, &email);
        for (nth, at) in order.iter().chain(order).enumerate() {
            test.deliver(&changes[*at]).await;
            // Syncs fall between other deliveries from order to order.
            if (number >> (nth % 5)) & 1 == 1 {
                test.sync().await;
                assert!(events_of(&test, &email).await <= 1, "at most one Event, arrival in the order {order:?}");
            }
        }
        test.sync().await;
        assert_eq!(events_of(&test, &email).await, 0, "it was called off; arrival in the order {order:?}");
        let contacts = emails(&test, "Contact").await;
        assert_eq!(contacts.iter().filter(|e| **e == email).count(), 1, "arrival in the order {order:?}");
        let found = test.get(&format!("/api/v1/bookings?attendee={email}")).await.body;
        let of_its = |key: &str| -> Vec<Value> {
            let rows = found["bookings"].as_array().expect("a list").iter();
            rows.filter(|b| b["cancel_reason"] == "No longer needed").map(|b| b[key].clone()).collect()
        };
        assert_eq!(
            of_its("status"),
            ["cancelled"],
            "one booking in the end; arrival in the order {order:?}: {found:#}"
        );
        assert_eq!(of_its("no_show"), [true], "arrival in the order {order:?}");
    }
    test.assert_all_synced().await;
}

async fn events_of(test: &TestApp, subject: &str) -> usize {
    test.org.records("Event").await.iter().filter(|event| event["Subject"] == subject).count()
}

/// Created, rescheduled, rescheduled again, cancelled, and marked as a no-show in between.
fn five_changes(number: usize, email: &str) -> [Value; 5] {
    let uid = |n: usize| format!("b{number}-{n}");
    let of = |delivery: Delivery, n: usize| {
        delivery.by(&uid(n), "Pat", email).with("iCalUID", format!("b{number}@Cal.com")).with("title", email)
    };
    let again = of(Delivery::rescheduled().at("2026-05-04T09:15:00Z"), 3).with("rescheduleUid", uid(2));
    let mark = json!({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": "2026-05-04T09:17:00Z",
        "payload": {"bookingUid": uid(2), "attendees": [{"email": email, "noShow": true}]}});
    [
        of(Delivery::created(), 1).json(),
        of(Delivery::rescheduled(), 2).with("rescheduleUid", uid(1)).json(),
        again.with("startTime", "2026-05-08T09:30:00Z").with("endTime", "2026-05-08T10:00:00Z").json(),
        of(Delivery::cancelled(), 3).with("rescheduleUid", Value::Null).json(),
        mark,
    ]
}
