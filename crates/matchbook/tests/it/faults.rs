//! What may go wrong in Salesforce while a booking is written, each with exactly the records that are there in the end.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::{LISTS, ON_CANCEL, configuration_of};
use crate::support::{Delivery, Engine, TestApp};
use crate::writes::{event, events_of_jane, jane, writing};

fn refusal(status: u16, code: &str, message: &str) -> Value {
    json!({"error": {"status": status, "code": code, "message": message, "fields": []}})
}

/// Syncs, and lets pass what Matchbook waits for.
async fn sync_for_an_hour(test: &TestApp) {
    for _ in 0..30 {
        test.sync().await;
        if test.app.store.unfinished().await.expect("a count") == 0 {
            break;
        }
        test.pass(SignedDuration::from_mins(2));
    }
    test.assert_all_synced().await;
}

/// The values of these fields.
fn values(record: &Value, fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| record[*field].clone()).collect()
}

/// Jane's Contact and Event as [`LISTS`] says, and no other of hers.
async fn assert_as_wanted(test: &TestApp) {
    let (contact, event) = (jane(test).await, event(test).await);
    assert_eq!(
        values(&contact, &["FirstName", "LastName", "Title", "Next_Meeting__c", "Score__c"]),
        [json!("Jane"), json!("Roe"), json!("Prospect"), json!("2026-05-06"), json!(7.5)]
    );
    assert_eq!(
        values(&event, &["WhoId", "Kind__c", "Summary__c", "StartDateTime"]),
        [
            contact["Id"].clone(),
            json!("Demo"),
            json!("Booked by Jane Roe (Acme Ltd)"),
            json!("2026-05-06T09:30:00.000+0000")
        ]
    );
}

#[rstest]
#[case::row_lock_three_times(json!({"method": "POST", "object": "Event"}), refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), 3)]
#[case::the_persons_row_is_locked(json!({"method": "POST", "object": "Contact"}), refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), 3)]
#[case::service_unavailable(json!({"path": "/composite"}), refusal(503, "SERVER_UNAVAILABLE", "server too busy"), 3)]
#[case::a_page_instead_of_json(json!({"path": "/composite"}), json!({"html": 503}), 2)]
#[case::the_look_up_meets_the_limit(json!({"path": "/composite"}), refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 2)]
#[case::the_look_up_itself_is_refused(json!({"path": "/query"}), refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 2)]
#[tokio::test]
async fn what_passes_is_waited_out_and_then_all_is_written_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] known: bool,
    #[case] matches: Value,
    #[case] effect: Value,
    #[case] times: u32,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    if known {
        test.org
            .load(json!({"Contact": [{"FirstName": "Jane", "LastName": "Roe", "Email": "jane@acme.example"}]}))
            .await;
    }
    test.org.control("POST", "faults", json!({"match": matches, "effect": effect, "times": times})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    sync_for_an_hour(&test).await;
    assert_as_wanted(&test).await;
}

#[rstest]
#[tokio::test]
async fn a_contact_that_was_merged_into_another_is_not_made_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] cancelled: bool,
) {
    let Some(test) = writing(engine, &format!("{LISTS}{ON_CANCEL}")).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let merged = jane(&test).await["Id"].clone();
    let first = event(&test).await["Id"].clone();
    // A merge: the Events go to the master, the other is deleted.
    let master = json!({"LastName": "Roe", "FirstName": "Jane", "Email": "jane@acme.example", "Title": "VP"});
    let master = test.org.load(json!({"Contact": [master]})).await["ids"]["Contact"][0].clone();
    test.org.update("Event", &first, json!({"WhoId": master})).await;
    test.org.delete("Contact", merged.as_str().expect("an id")).await;
    let next = if cancelled { Delivery::cancelled() } else { Delivery::rescheduled() };
    test.deliver(&next.json()).await;
    sync_for_an_hour(&test).await;
    let (contact, event) = (jane(&test).await, event(&test).await);
    assert_eq!((&contact["Id"], &contact["Title"]), (&master, &json!("VP")));
    assert_eq!((&event["Id"], &event["WhoId"]), (&first, &master), "the same Event, with the master");
    if cancelled {
        assert_eq!(contact["Last_Status__c"], "Cancelled");
    } else {
        assert_eq!(contact["Next_Meeting__c"], "2026-05-07");
    }
}

#[rstest]
#[case::before_the_booking(false)]
#[case::after_being_looked_up(true)]
#[tokio::test]
async fn an_inactive_organizer_owns_nothing_and_the_connections_user_stands_in(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] looked_up: bool,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let ann = test.org.only_user("ann@seller.example").await;
    if looked_up {
        test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@acme.example").with("title", "Warm up").json())
            .await;
        test.sync().await;
    }
    test.org.update("User", &json!(ann), json!({"IsActive": false})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let event = event(&test).await;
    let connection = test.org.only_user("integration@northwind.example").await;
    assert_eq!(event["OwnerId"], connection);
    assert_eq!(jane(&test).await["OwnerId"], connection);
    assert_eq!(events_of_jane(&test).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_required_field_of_the_org_that_nothing_fills_holds_the_booking_and_names_the_field(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let required = json!({"name": "Region__c", "label": "Region", "type": "string", "length": 40, "required": true});
    test.org.control("POST", "fields", json!({"Contact": [required]})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let held = test.get("/api/v1/bookings?attendee=jane@acme.example").await.body["bookings"][0].clone();
    assert_eq!(held["sync"]["state"], "held");
    assert!(held["sync"]["reason"].to_string().contains("Region__c"), "{held:#}");
    assert!(events_of_jane(&test).await.is_empty(), "no Event without its person");
    assert!(!test.org.records("Contact").await.iter().any(|contact| contact["LastName"] == "Roe"));
    // The admin maps it.
    let lists = LISTS.replace(
        "\n          - {field: Title",
        "\n          - {field: Region__c, type: text, value: EMEA}\n          - {field: Title",
    );
    test.apply(&configuration_of(&test, &lists)).await.expect("the configuration is sound");
    let path = format!("/api/v1/bookings/{}/sync", held["id"].as_str().expect("an id"));
    assert_eq!(test.call("POST", &path, &[], None).await.status, 202);
    sync_for_an_hour(&test).await;
    assert_as_wanted(&test).await;
    assert_eq!(jane(&test).await["Region__c"], "EMEA");
}

#[rstest]
#[tokio::test]
async fn a_picklist_value_that_was_retired_after_the_save_is_left_out_and_the_rest_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let retired =
        json!({"name": "Kind__c", "label": "Kind", "type": "picklist", "restricted": true, "picklist": ["Other"]});
    test.org.control("POST", "fields", json!({"Event": [retired]})).await;
    test.deliver(&Delivery::created().json()).await;
    sync_for_an_hour(&test).await;
    let event = event(&test).await;
    assert_eq!(
        values(&event, &["Kind__c", "Summary__c", "Day__c"]),
        [Value::Null, json!("Booked by Jane Roe (Acme Ltd)"), json!("2026-05-06")]
    );
    let open = test.get("/api/v1/sync-errors?state=open").await.body;
    assert_eq!(open["sync_errors"][0]["cause"]["dropped_fields"], json!(["Kind__c"]), "{open:#}");
}

#[rstest]
#[tokio::test]
async fn a_lead_comes_to_the_organizer_unless_the_admin_lets_assignment_rules_choose(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] by_rules: bool,
) {
    let settings = format!("\n      attendee_record_type: lead\n      lead_assignment_rules: {by_rules}");
    let Some(test) = writing(engine, &settings).await else { return };
    let other = json!({"FirstName": "Rae", "LastName": "Rep", "Username": "rae@seller.example", "Email": "rae@seller.example", "Alias": "rae", "IsActive": true, "UserType": "Standard"});
    let rae = test.org.load(json!({"User": [other]})).await["ids"]["User"][0].clone();
    test.org.control("POST", "rules", json!({"assignment": [{"object": "Lead", "when": [], "owner": rae}]})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let owner = |leads: Vec<Value>| {
        leads.iter().find(|lead| lead["LastName"] == "Roe").expect("Jane's Lead")["OwnerId"].clone()
    };
    let ann = json!(test.org.only_user("ann@seller.example").await);
    let made_for = if by_rules { &rae } else { &ann };
    assert_eq!(&owner(test.org.records("Lead").await), made_for);
    // A change of the Lead never runs them.
    test.org.control("POST", "rules", json!({"assignment": [{"object": "Lead", "when": [], "owner": ann}]})).await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert_eq!(&owner(test.org.records("Lead").await), made_for);
}
