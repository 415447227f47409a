//! What an admin sees in Salesforce when bookings come in.

use rstest::rstest;
use serde_json::json;

use crate::support::{Delivery, Engine, TestApp, user};

#[rstest]
#[tokio::test]
async fn a_booking_becomes_one_contact_and_one_event_that_moves_and_then_is_gone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };

    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    test.sync().await;
    let contact = test.org.only("Contact").await;
    assert_eq!(
        (&contact["FirstName"], &contact["LastName"], &contact["Email"]),
        (&json!("Jane"), &json!("Roe"), &json!("jane@acme.example"))
    );
    let event = test.org.only("Event").await;
    let ann = test.org.all_records("User").await.into_iter().find(|u| u["Email"] == "ann@seller.example").expect("Ann");
    assert_eq!(event["Subject"], "Discovery Call between Ann Host and Jane Roe");
    assert_eq!(event["StartDateTime"], "2026-05-06T09:30:00.000+0000");
    assert_eq!(event["EndDateTime"], "2026-05-06T10:00:00.000+0000");
    assert_eq!(event["Location"], "https://video.example/uid-1");
    assert_eq!(event["WhoId"], contact["Id"]);
    assert_eq!(event["OwnerId"], ann["Id"], "the organizer's Salesforce user owns the Event");
    assert_eq!(
        event["Description"],
        "Booked by Jane Roe <jane@acme.example>\nTime zone: America/New_York\n\nNotes: Wants pricing\n\nCompany: Acme Ltd"
    );
    assert_eq!(event["Matchbook_Booking_Id__c"], test.only_booking().await["id"]);

    assert_eq!(test.deliver(&Delivery::rescheduled().json()).await.status, 200);
    test.sync().await;
    let moved = test.org.only("Event").await;
    assert_eq!(moved["Id"], event["Id"], "the same Event moves");
    assert_eq!(moved["StartDateTime"], "2026-05-07T09:30:00.000+0000");

    assert_eq!(test.deliver(&Delivery::cancelled().json()).await.status, 200);
    test.sync().await;
    assert_eq!(test.org.records("Event").await, Vec::<serde_json::Value>::new(), "a cancelled booking has no Event");
    assert_eq!(test.org.only("Contact").await["Id"], contact["Id"]);
    assert_eq!(test.only_booking().await["status"], "cancelled");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_known_person_is_found_whatever_the_case_of_their_email(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let jane = json!({"@ref": "jane", "LastName": "Roe", "Email": "Jane@ACME.example"});
    let ids = test.org.load(json!({"Contact": [jane]})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let contact = test.org.only("Contact").await;
    assert!(ids.to_string().contains(contact["Id"].as_str().expect("an id")), "no second Contact: {ids}");
    assert_eq!(test.org.only("Event").await["WhoId"], contact["Id"]);
}

#[rstest]
#[tokio::test]
async fn special_characters_in_an_email_are_only_themselves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    for email in ["o'brien@acme.example", "a_b%c@acme.example", "x+y-z@acme.example"] {
        let Some(test) = TestApp::spawn(engine).await else { return };
        let decoys = json!([{"LastName": "A", "Email": "axb-c@acme.example"}, {"LastName": "B", "Email": "obrien@acme.example"}]);
        test.org.load(json!({"Contact": decoys})).await;
        for (uid, minute) in [("one", "01"), ("two", "02")] {
            let delivery = Delivery::created().at(&format!("2026-05-04T09:{minute}:00Z")).by(uid, "Pat Q", email);
            assert_eq!(test.deliver(&delivery.json()).await.status, 200);
            test.sync().await;
        }
        let contacts = test.org.records("Contact").await;
        assert_eq!(
            contacts.iter().filter(|c| c["Email"] == email).count(),
            1,
            "one Contact for {email}: {contacts:#?}"
        );
        assert_eq!(contacts.len(), 3);
    }
}

#[rstest]
#[tokio::test]
async fn two_bookings_by_one_new_person_make_one_contact(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for n in 0..6 {
        let delivery = Delivery::created().at(&format!("2026-05-04T09:00:0{n}Z")).by(
            &format!("uid-{n}"),
            "Jane Roe",
            "jane@acme.example",
        );
        test.deliver(&delivery.json()).await;
    }
    // Several workers at once.
    let (a, b, c) = tokio::join!(test.app.engine.drain(), test.app.engine.drain(), test.app.engine.drain());
    a.and(b).and(c).expect("the database can be used");
    test.sync().await;
    test.org.only("Contact").await;
    assert_eq!(test.org.records("Event").await.len(), 6);
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn changes_in_any_order_and_twice_each_end_the_same(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let deliveries = [Delivery::created().json(), Delivery::rescheduled().json(), Delivery::cancelled().json()];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let Some(test) = TestApp::spawn(engine).await else { return };
        for at in order.into_iter().chain(order) {
            assert_eq!(test.deliver(&deliveries[at]).await.status, 200);
            test.sync().await;
        }
        assert_eq!(test.only_booking().await["status"], "cancelled", "order {order:?}");
        assert_eq!(test.org.records("Event").await.len(), 0, "order {order:?} leaves an Event");
        test.org.only("Contact").await;
        test.assert_all_synced().await;
    }
}

#[rstest]
#[tokio::test]
async fn changes_that_wait_are_merged(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["StartDateTime"], "2026-05-07T09:30:00.000+0000");

    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.deliver(&Delivery::cancelled().json()).await;
    test.sync().await;
    assert_eq!(test.org.all_records("Event").await.len(), 0, "cancelled before any sync: no Event was ever written");
    test.org.only("Contact").await;
}

#[rstest]
#[tokio::test]
async fn an_organizer_without_a_salesforce_user_leaves_the_event_with_the_connections_user(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut delivery = Delivery::created().json();
    delivery["payload"]["organizer"]["email"] = "nobody@seller.example".into();
    test.deliver(&delivery).await;
    test.sync().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["OwnerId"], event["CreatedById"]);
    let notes = test.latest_notes().await;
    assert!(notes[0].contains("nobody@seller.example"), "{notes:?}");
}

#[rstest]
#[tokio::test]
async fn a_sandbox_user_is_found_behind_the_invalid_that_sandboxes_append(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.load(json!({"User": [user("ben@seller.example.invalid")]})).await;
    let mut delivery = Delivery::created().json();
    delivery["payload"]["organizer"]["email"] = "ben@seller.example".into();
    test.deliver(&delivery).await;
    test.sync().await;
    let event = test.org.only("Event").await;
    let users = test.org.all_records("User").await;
    let ben = users.iter().find(|u| u["Email"] == "ben@seller.example.invalid").expect("Ben");
    assert_eq!(event["OwnerId"], ben["Id"]);
}

#[rstest]
#[tokio::test]
async fn an_event_deleted_in_salesforce_is_written_anew_when_the_booking_moves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let first = test.org.only("Event").await;
    test.org.delete("Event", first["Id"].as_str().expect("an id")).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    let second = test.org.only("Event").await;
    assert_ne!(first["Id"], second["Id"]);
    assert_eq!(second["StartDateTime"], "2026-05-07T09:30:00.000+0000");
    assert!(test.latest_notes().await.iter().any(|n| n.contains("written anew")));
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_org_without_the_booking_id_field_gets_its_events_all_the_same(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::unconfigured(engine).await else { return };
    test.apply(&crate::support::configuration(&test.org.url)).await.expect("applied");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["Subject"], "Discovery Call between Ann Host and Jane Roe");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn bookings_of_an_event_type_that_is_not_synced_stay_here(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let off = crate::support::configuration(&test.org.url).replace("{connection: main}", "{enabled: false}");
    test.apply(&off).await.expect("applied");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.only_booking().await["sync"], serde_json::Value::Null);
    assert_eq!(test.org.records("Event").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn without_an_ical_uid_the_chain_of_uids_makes_one_booking_in_any_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let bare = |delivery: Delivery| delivery.with("iCalUID", serde_json::Value::Null);
    let moved_again =
        Delivery::rescheduled().at("2026-05-04T09:15:00Z").with("uid", "uid-3").with("rescheduleUid", "uid-2");
    let deliveries = [
        bare(Delivery::created()).json(),
        bare(Delivery::rescheduled()).json(),
        bare(moved_again).json(),
        bare(Delivery::cancelled()).with("uid", "uid-3").with("rescheduleUid", "uid-2").json(),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 1, 3], [0, 3, 1, 2], [2, 0, 3, 1], [3, 0, 1, 2]] {
        let Some(test) = TestApp::spawn(engine).await else { return };
        for at in order {
            test.deliver(&deliveries[at]).await;
            test.sync().await;
        }
        assert_eq!(test.org.records("Event").await.len(), 0, "order {order:?} leaves an Event of a cancelled booking");
        test.org.only("Contact").await;
        test.assert_all_synced().await;
    }
}

#[rstest]
#[tokio::test]
async fn a_new_contact_belongs_to_the_organizer_even_if_the_booking_is_cancelled_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.deliver(&Delivery::cancelled().json()).await;
    test.sync().await;
    let ann = test.org.all_records("User").await.into_iter().find(|u| u["Email"] == "ann@seller.example").expect("Ann");
    assert_eq!(test.org.only("Contact").await["OwnerId"], ann["Id"]);
}

#[rstest]
#[tokio::test]
async fn a_change_while_syncing_is_switched_off_is_caught_up_when_it_is_on_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let on = crate::support::configuration(&test.org.url);
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.apply(&on.replace("{connection: main}", "{enabled: false}")).await.expect("applied");
    test.deliver(&Delivery::cancelled().json()).await;
    test.sync().await;
    test.org.only("Event").await;
    test.apply(&on.replace("{connection: main}", "{enabled: true}")).await.expect("applied");
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 0, "the cancel is caught up");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_renamed_event_type_at_the_source_does_not_lose_the_bookings_it_had(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.deliver(&Delivery::cancelled().with("type", "renamed").json()).await.status, 200);
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 0);
    test.assert_all_synced().await;
}
