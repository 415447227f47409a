//! Bookings that were routed: their people belong to the Account that routing found.

use domain::ask::RecordId;
use domain::round_robin::Assignment;
use domain::routing::RoutingDecision;
use rstest::rstest;
use serde_json::{Value, json};

use crate::accounts::{jane, with};
use crate::support::{Delivery, Engine, TestApp};

const UNDER: &str = "attendee_record_type: contact_under_account";

/// An org in which Jane's email leads to Acme, and routing to Group.
fn org() -> Value {
    json!({
        "RecordType": [{"@ref": "partner", "Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account", "IsActive": true}],
        "Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}, {"@ref": "group", "Name": "Group"},
            {"@ref": "holding", "Name": "Holding"}]})
}

/// Books for Jane, routed to this Account, and syncs. Gives the calls to Salesforce.
async fn book_routed(test: &TestApp, account: &Value) -> u64 {
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    let account = Some(RecordId(account.as_str().expect("an id").to_owned()));
    decide(test, "1", Assignment::Ownership, account).await;
    sync(test).await
}

async fn sync(test: &TestApp) -> u64 {
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

/// Keeps a decision on Jane's booking.
async fn decide(test: &TestApp, name: &str, assignment: Assignment, account: Option<RecordId>) {
    decide_after(test, name, assignment, account, json!({})).await;
}

/// The same, after it was looked for an Account like this.
async fn decide_after(test: &TestApp, name: &str, assignment: Assignment, account: Option<RecordId>, looked: Value) {
    let decision = RoutingDecision { host: None, assignment, account, record: None, free: vec![] };
    let decision = serde_json::to_string(&decision).expect("JSON");
    let mut trace = json!({"sentence": "", "event_type": "discovery-call", "scheduling": "round_robin", "hosts": []});
    trace.as_object_mut().expect("an object").extend(looked.as_object().expect("an object").clone());
    let statement = format!(
        "INSERT INTO routing_decision (id, event_type_id, booking_id, decision, input, known, trace, entered,
             configuration_version, created_at)
         SELECT 'rtd_{name}', b.event_type_id, b.id, '{decision}', '{{}}', '[]', '{trace}', 'api', 1, b.created_at
         FROM booking b JOIN outbox o ON o.booking_id = b.id WHERE o.person_email = 'jane@acme.example'"
    );
    test.meddle(statement.leak()).await;
}

/// What the latest sync of Jane's booking told.
async fn notes(test: &TestApp) -> Vec<String> {
    let page = test.get("/api/v1/bookings?attendee=jane@acme.example").await;
    let id = page.body["bookings"][0]["id"].as_str().expect("Jane's booking").to_owned();
    test.app.store.runs(&id, 1).await.expect("runs").remove(0).notes
}

#[rstest]
#[tokio::test]
async fn a_new_contact_comes_under_the_account_that_routing_found_in_two_calls(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("contact_under_account", "contact, create_contact_under_account: true")] mode: &str,
) {
    let settings = format!("attendee_record_type: {mode}, relate_event_to: account");
    let Some((test, ids)) = with(engine, &settings, org()).await else { return };
    assert_eq!(book_routed(&test, &ids["group"]).await, 2);
    let contact = jane(&test, "Contact").await;
    assert_eq!(contact["AccountId"], ids["group"], "though her email's domain leads to Acme");
    let events = test.org.records("Event").await;
    let event = events.iter().find(|event| event["WhoId"] == contact["Id"]).expect("Jane's Event");
    assert_eq!(event["WhatId"], ids["group"]);
    assert_eq!(notes(&test).await, ["The attendee's Account is Group, which routing found."]);
}

#[rstest]
#[tokio::test]
async fn the_latest_decision_that_looked_for_an_account_counts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    let id = |name: &str| Some(RecordId(ids[name].as_str().expect("an id").to_owned()));
    decide(&test, "1", Assignment::Ownership, id("holding")).await;
    decide(&test, "2", Assignment::Rotation, id("group")).await;
    decide(&test, "3", Assignment::ByHand, None).await;
    sync(&test).await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["group"], "whoever then took the meeting by hand");
}

#[rstest]
#[case::it_looked_for_none(json!({}), "group")]
#[case::it_could_not_look(json!({"account": {"accounts": {}, "stages": [
    {"key": {"step": "existing_contact"}, "seen": [], "coverage": "complete",
     "result": {"failed": {"failure": {"class": "passing", "code": "QUERY_TIMEOUT", "message": "late"}}}}]}}), "group")]
#[case::it_found_none(json!({"account": {"accounts": {}, "stages": [
    {"key": {"step": "existing_contact"}, "seen": [], "coverage": "complete", "result": "nothing_found"}]}}), "acme")]
#[tokio::test]
async fn only_a_later_decision_that_looked_for_an_account_takes_an_earlier_ones_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] looked: Value,
    #[case] expected: &str,
) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    let group = Some(RecordId(ids["group"].as_str().expect("an id").to_owned()));
    decide(&test, "1", Assignment::Ownership, group).await;
    decide_after(&test, "2", Assignment::Rotation, None, looked).await;
    sync(&test).await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids[expected]);
}

#[rstest]
#[tokio::test]
async fn a_contact_that_has_an_account_is_not_moved_to_the_one_of_routing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    let contact = json!({"LastName": "Roe", "Email": "jane@acme.example", "AccountId": ids["holding"]});
    let id = test.org.create("Contact", contact).await;
    test.org.take_calls().await;
    assert_eq!(book_routed(&test, &ids["group"]).await, 2);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["holding"]);
    let told =
        format!("The attendee's Contact {} belongs to another Account and is not moved.", id.as_str().expect("an id"));
    assert!(notes(&test).await.contains(&told), "{:?}", notes(&test).await);
}

#[rstest]
#[tokio::test]
async fn an_account_that_was_merged_since_is_followed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    let merge = json!({"object": "Account", "master": ids["holding"], "losers": [ids["group"]]});
    test.org.control("POST", "merge", merge).await;
    assert_eq!(book_routed(&test, &ids["group"]).await, 3, "one more for the merge");
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["holding"]);
    let told = "The attendee's Account is Holding: the one that routing found was merged into it.";
    assert_eq!(notes(&test).await, [told]);
}

#[rstest]
#[tokio::test]
async fn an_account_that_was_deleted_or_excluded_since_is_looked_for_as_usual(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] deleted: bool,
) {
    let settings = format!("{UNDER}, exclude_record_types: {{account: [partner]}}");
    let Some((test, ids)) = with(engine, &settings, org()).await else { return };
    match deleted {
        true => test.org.delete("Account", ids["group"].as_str().expect("an id")).await,
        false => test.org.update("Account", &ids["group"], json!({"RecordTypeId": ids["partner"]})).await,
    }
    test.org.take_calls().await;
    assert_eq!(book_routed(&test, &ids["group"]).await, 3, "one more to look for another");
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["acme"], "as her email's domain leads");
    let told = notes(&test).await;
    let why = match deleted {
        true => "cannot be used: the Account was deleted in Salesforce",
        false => "Group, is not used: its record type is excluded",
    };
    assert!(told[0].contains(why), "{told:?}");
    assert_eq!(told[1], "The attendee's Account is Acme (Exact match).");
}

#[rstest]
#[tokio::test]
async fn a_look_up_that_failed_is_never_read_as_gone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    let slow = json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your query request was running for too long.", "fields": []}});
    test.org.fault(json!({"soql": "from account"}), slow).await;
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    let group = RecordId(ids["group"].as_str().expect("an id").to_owned());
    decide(&test, "1", Assignment::Ownership, Some(group)).await;
    test.sync().await;
    assert!(test.org.records("Contact").await.iter().all(|contact| contact["Email"] != "jane@acme.example"));
    test.pass(jiff::SignedDuration::from_mins(31));
    sync(&test).await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["group"]);
}

#[rstest]
#[tokio::test]
async fn a_decision_that_cannot_be_read_holds_its_booking_and_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, ids)) = with(engine, UNDER, org()).await else { return };
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    let group = RecordId(ids["group"].as_str().expect("an id").to_owned());
    decide(&test, "1", Assignment::Ownership, Some(group)).await;
    test.meddle("UPDATE routing_decision SET decision = '?'").await;
    let joe = Delivery::created().by("uid-joe", "Joe Poe", "joe@acme.example");
    assert_eq!(test.deliver(&joe.json()).await.status, 200);
    test.sync().await;
    assert_eq!(test.app.store.held().await.expect("a count"), 1, "Jane's booking waits for a person");
    let contacts = test.org.records("Contact").await;
    assert!(contacts.iter().any(|contact| contact["Email"] == "joe@acme.example"), "Joe's is synced: {contacts:#?}");
}
