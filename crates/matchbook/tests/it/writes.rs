//! Fields that an admin asks to be written, on booking and on cancel, and what happens where the org refuses some.

use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::{LISTS, ON_CANCEL, add_fields, configuration_of, configure};
use crate::support::{Delivery, Engine, TestApp};

/// An installation with these settings, its org with the fields they name; it is warm, and no calls are counted yet.
pub(crate) async fn writing(engine: Engine, settings: &str) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    configure(&test, settings).await;
    warm_up(&test).await;
    Some(test)
}

async fn warm_up(test: &TestApp) {
    let other = Delivery::created().by("warm", "Warm Up", "warm@acme.example").with("title", "Warm up");
    test.deliver(&other.json()).await;
    test.sync().await;
    test.org.take_calls().await;
}

pub(crate) async fn with_email(test: &TestApp, object: &str, email: &str) -> Value {
    let mut records = test.org.records(object).await;
    records.retain(|record| record["Email"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(email)));
    assert_eq!(records.len(), 1, "one {object} with {email}: {records:#?}");
    records.remove(0)
}

pub(crate) async fn jane(test: &TestApp) -> Value {
    with_email(test, "Contact", "jane@acme.example").await
}

/// Jane's Event, if it is there.
pub(crate) async fn events_of_jane(test: &TestApp) -> Vec<Value> {
    let mut events = test.org.records("Event").await;
    events.retain(|event| event["Subject"].as_str().is_some_and(|subject| subject.contains("Jane Roe")));
    events
}

pub(crate) async fn event(test: &TestApp) -> Value {
    let mut events = events_of_jane(test).await;
    assert_eq!(events.len(), 1, "one Event of Jane's: {events:#?}");
    events.remove(0)
}

/// The notes of the latest run of Jane's booking.
async fn notes(test: &TestApp) -> Vec<String> {
    let listed = test.get("/api/v1/bookings?attendee=jane@acme.example").await.body;
    let id = listed["bookings"][0]["id"].as_str().expect("a booking of Jane's");
    test.app.store.runs(id, 1).await.expect("runs").remove(0).notes
}

async fn book(test: &TestApp) -> u64 {
    sync(test, &Delivery::created()).await
}

async fn sync(test: &TestApp, delivery: &Delivery) -> u64 {
    assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

#[rstest]
#[tokio::test]
async fn a_booking_writes_its_fields_to_the_event_and_the_new_contact_in_two_calls(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    assert_eq!(book(&test).await, 2);
    let event = event(&test).await;
    assert_eq!(event["Kind__c"], "Demo");
    assert_eq!(event["Summary__c"], "Booked by Jane Roe (Acme Ltd)");
    assert_eq!(event["Day__c"], "2026-05-06", "the calendar day where the organizer is");
    let contact = jane(&test).await;
    assert_eq!(contact["Title"], "Prospect", "the token has no value, so its default counts");
    assert_eq!(contact["Last_Booked__c"], "2026-05-04T09:00:00.000+0000");
    assert_eq!(contact["Next_Meeting__c"], "2026-05-06");
    assert_eq!(contact["Score__c"], 7.5);
}

#[rstest]
#[tokio::test]
async fn a_known_contact_is_written_to_but_a_filled_field_is_left_where_the_admin_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "JANE@acme.example", "Title": "CEO"}]})).await;
    assert_eq!(book(&test).await, 2);
    let contact = jane(&test).await;
    assert_eq!((&contact["Title"], &contact["Score__c"]), (&json!("CEO"), &json!(7.5)), "{contact:#}");

    assert_eq!(sync(&test, &Delivery::rescheduled()).await, 1, "a reschedule needs to read nothing");
    let contact = jane(&test).await;
    assert_eq!((&contact["Title"], &contact["Next_Meeting__c"]), (&json!("CEO"), &json!("2026-05-07")));
    assert_eq!(event(&test).await["Day__c"], "2026-05-07", "rows run again where their value changed");
}

#[rstest]
#[tokio::test]
async fn a_cancel_keeps_the_event_and_writes_to_it_and_the_person(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, &format!("{LISTS}{ON_CANCEL}")).await else { return };
    book(&test).await;
    let cancel = Delivery::cancelled().with("cancellationReason", "Ill");
    assert_eq!(sync(&test, &cancel).await, 2);
    let event = event(&test).await;
    assert_eq!((&event["ShowAs"], &event["Summary__c"]), (&json!("Free"), &json!("Cancelled: Ill")), "{event:#}");
    assert_eq!(event["Kind__c"], "Demo", "what the booking wrote stays");
    let contact = jane(&test).await;
    assert_eq!(
        (&contact["Last_Status__c"], &contact["Last_Cancel__c"]),
        (&json!("Cancelled"), &json!("2026-05-04")),
        "{contact:#}"
    );
}

#[rstest]
#[tokio::test]
async fn cancelled_before_any_sync_both_lists_are_written_to_one_event(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, &format!("{LISTS}{ON_CANCEL}")).await else { return };
    test.deliver(&Delivery::created().json()).await;
    assert_eq!(sync(&test, &Delivery::cancelled()).await, 2);
    let event = event(&test).await;
    assert_eq!((&event["Kind__c"], &event["ShowAs"]), (&json!("Demo"), &json!("Free")), "{event:#}");
    let contact = jane(&test).await;
    assert_eq!((&contact["Score__c"], &contact["Last_Status__c"]), (&json!(7.5), &json!("Cancelled")));
}

#[rstest]
#[tokio::test]
async fn with_the_event_list_off_a_cancel_deletes_the_event_and_writes_to_the_person_it_is_with(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let only_person =
        ON_CANCEL.replace("event_fields_on_cancel:\n", "event_fields_on_cancel:\n        enabled: false\n");
    let Some(test) = writing(engine, &only_person).await else { return };
    book(&test).await;
    // A rep put the Event on another person.
    let other = test.org.load(json!({"Contact": [{"LastName": "Boss", "Email": "boss@acme.example"}]})).await;
    let (other, event) = (other["ids"]["Contact"][0].clone(), event(&test).await);
    test.org.update("Event", &event["Id"], json!({"WhoId": other})).await;
    sync(&test, &Delivery::cancelled()).await;
    assert!(events_of_jane(&test).await.is_empty(), "the Event is deleted");
    assert_eq!(with_email(&test, "Contact", "boss@acme.example").await["Last_Status__c"], "Cancelled");
    assert_eq!(jane(&test).await["Last_Status__c"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn a_lead_that_was_converted_before_the_cancel_is_followed_to_its_contact(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, &format!("\n      attendee_record_type: lead{ON_CANCEL}")).await else { return };
    book(&test).await;
    let lead = with_email(&test, "Lead", "jane@acme.example").await;
    test.org.control("POST", "convert", json!({"lead": lead["Id"]})).await;
    sync(&test, &Delivery::cancelled()).await;
    assert_eq!(jane(&test).await["Last_Status__c"], "Cancelled");
}

#[rstest]
#[tokio::test]
async fn a_person_whose_event_was_deleted_is_still_told_of_the_cancel(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, ON_CANCEL).await else { return };
    book(&test).await;
    let id = event(&test).await["Id"].as_str().expect("an id").to_owned();
    test.org.delete("Event", &id).await;
    sync(&test, &Delivery::cancelled()).await;
    assert_eq!(jane(&test).await["Last_Status__c"], "Cancelled");
    assert!(events_of_jane(&test).await.is_empty(), "a deleted Event is not written anew for a cancel");
}

/// What is left of [`LISTS`] where one row is refused.
async fn assert_the_rest_is_written(test: &TestApp, without: &str) {
    let (event, contact) = (event(test).await, jane(test).await);
    let values = [
        ("Kind__c", &event, json!("Demo")),
        ("Summary__c", &event, json!("Booked by Jane Roe (Acme Ltd)")),
        ("Day__c", &event, json!("2026-05-06")),
        ("Next_Meeting__c", &contact, json!("2026-05-06")),
        ("Score__c", &contact, json!(7.5)),
    ];
    for (field, record, value) in values.iter().filter(|(field, ..)| *field != without) {
        assert_eq!(record[*field], *value, "{field} is written though {without} is refused: {record:#}");
    }
}

#[rstest]
#[case::missing_on_the_event("{field: Gone__c, type: text, value: x}", "")]
#[case::missing_on_the_person("", "{field: Gone__c, type: text, value: x}")]
#[case::read_only(
    "{field: GroupEventType, type: text, value: x}",
    "{field: LastActivityDate, type: date, value: booking_start_date}"
)]
#[case::no_active_value("{field: Kind2__c, type: picklist, value: Old}", "")]
#[tokio::test]
async fn a_row_that_the_org_would_refuse_is_left_out_and_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] of_event: &str,
    #[case] of_person: &str,
) {
    let more = |list: &str, row: &str| match row {
        "" => String::new(),
        row => format!("\n          - {row}{list}"),
    };
    let lists = LISTS
        .replace("\n          - {field: Kind__c", &format!("{}\n          - {{field: Kind__c", more("", of_event)))
        .replace("\n          - {field: Title", &format!("{}\n          - {{field: Title", more("", of_person)));
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_fields(&test).await;
    let retired =
        json!({"name": "Kind2__c", "label": "Kind", "type": "picklist", "restricted": true, "picklist": ["Demo"]});
    test.org.control("POST", "fields", json!({"Event": [retired]})).await;
    test.apply(&configuration_of(&test, &lists)).await.expect("the configuration is sound");
    warm_up(&test).await;
    assert_eq!(book(&test).await, 2, "what describe tells needs no call");
    assert_the_rest_is_written(&test, "").await;
    let notes = notes(&test).await;
    assert!(notes.iter().any(|note| note.contains("was left out")), "{notes:?}");
}

#[rstest]
#[tokio::test]
async fn a_row_that_only_the_answer_refuses_is_left_out_and_the_rest_is_sent_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(("Event", "Summary__c"), ("Contact", "Score__c"))] refused: (&str, &str),
) {
    let (object, field) = refused;
    let Some(test) = writing(engine, LISTS).await else { return };
    // A rule of the org that names the field, which describe cannot tell.
    let rule = json!({"object": object, "when": [{"field": field, "operator": "!=", "value": null}],
        "message": "Not today.", "field": field});
    test.org.control("POST", "rules", json!({"validation": [rule]})).await;
    let calls = book(&test).await;
    assert!(calls <= 4, "read, write, describe, write: {calls}");
    assert_the_rest_is_written(&test, field).await;
    let record = if object == "Event" { event(&test).await } else { jane(&test).await };
    assert_eq!(record[field], Value::Null);
}

#[rstest]
#[tokio::test]
async fn where_no_field_is_named_the_record_is_written_without_rows(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let rule = json!({"object": "Contact", "when": [{"field": "Score__c", "operator": ">", "value": 5}], "message": "Too high."});
    test.org.control("POST", "rules", json!({"validation": [rule]})).await;
    book(&test).await;
    let contact = jane(&test).await;
    assert_eq!((&contact["Score__c"], &contact["LastName"]), (&Value::Null, &json!("Roe")), "{contact:#}");
    assert_eq!(event(&test).await["Kind__c"], "Demo", "the Event keeps its rows");
}

#[rstest]
#[tokio::test]
async fn what_no_record_can_do_without_holds_the_booking_with_the_reason(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let rule = json!({"object": "Contact", "when": [{"field": "LastName", "operator": "=", "value": "Roe"}],
        "message": "No Roes.", "field": "LastName"});
    test.org.control("POST", "rules", json!({"validation": [rule]})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert!(events_of_jane(&test).await.is_empty());
    let listed = test.get("/api/v1/bookings").await.text;
    assert!(listed.contains("No Roes"), "{listed}");
}

#[rstest]
#[tokio::test]
async fn the_known_persons_fields_fail_alone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = writing(engine, LISTS).await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    let denied = json!({"error": {"status": 403, "code": "INSUFFICIENT_ACCESS_OR_READONLY",
        "message": "insufficient access rights on object id", "fields": []}});
    test.org.fault(json!({"method": "PATCH", "object": "Contact"}), denied).await;
    book(&test).await;
    assert_eq!(event(&test).await["Kind__c"], "Demo", "the Event is written all the same");
    assert_eq!(jane(&test).await["Score__c"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn a_field_that_was_removed_after_it_was_described_is_left_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let hidden = json!({"users": {"matchbook-demo@example.com": {"fields": {"Event.Summary__c": "hidden"}, "view_all": true, "modify_all": true}}});
    let user = test
        .org
        .records("User")
        .await
        .into_iter()
        .find(|user| user["Username"].as_str().is_some_and(|name| name != "ann@seller.example"));
    let name = user.expect("the connection's user")["Username"].as_str().expect("a name").to_owned();
    let hidden = hidden.to_string().replace("matchbook-demo@example.com", &name);
    test.org.control("POST", "permissions", serde_json::from_str(&hidden).expect("JSON")).await;
    let calls = book(&test).await;
    assert!(calls <= 4, "read, write, describe, write: {calls}");
    assert_the_rest_is_written(&test, "Summary__c").await;
    assert_eq!(
        sync(&test, &Delivery::created().by("uid-7", "Joe", "joe@acme.example")).await,
        2,
        "the next booking knows"
    );
}

#[rstest]
#[tokio::test]
async fn hostile_text_is_only_text(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = writing(engine, LISTS).await else { return };
    let hostile = "'; DELETE \\ \" % _ {x} @{p0.id} \u{202e}abc\u{1f600}\nline two".to_owned() + &"x".repeat(4_000);
    let answers = json!({"company": {"label": "Company", "value": hostile}});
    let delivery = Delivery::created().with("responses", answers.clone()).with("userFieldsResponses", answers);
    sync(&test, &delivery).await;
    let event = event(&test).await;
    let summary = event["Summary__c"].as_str().expect("a text");
    assert_eq!(summary.chars().count(), 60, "cut to the field at a character: {summary}");
    assert!(summary.starts_with("Booked by Jane Roe ('; DELETE \\ \" % _ {x} @ {p0.id} "), "{summary}");
    assert_eq!(test.org.records("Contact").await.len(), 2, "nobody else was touched");
}

#[rstest]
#[tokio::test]
async fn the_owner_of_the_record_changes_last_and_only_from_whom_the_admin_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let users =
        json!({"User": [crate::support::user("pool@seller.example"), crate::support::user("cat@seller.example")]});
    test.org.load(users).await;
    let (pool, cat) = (test.org.only_user("pool@seller.example").await, test.org.only_user("cat@seller.example").await);
    let settings = format!("\n      change_record_owner: {{to: organizer, only_from: ['{pool}']}}");
    test.apply(&configuration_of(&test, &settings)).await.expect("sound");
    warm_up(&test).await;
    let ann = test.org.only_user("ann@seller.example").await;
    test.org
        .load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": pool},
            {"LastName": "Kept", "Email": "kept@acme.example", "OwnerId": cat}]}))
        .await;
    assert_eq!(book(&test).await, 2);
    assert_eq!(jane(&test).await["OwnerId"], json!(ann));
    sync(&test, &Delivery::created().by("uid-7", "Kept", "kept@acme.example")).await;
    assert_eq!(with_email(&test, "Contact", "kept@acme.example").await["OwnerId"], json!(cat), "not from the pool");
}

#[rstest]
#[tokio::test]
async fn the_event_is_related_to_the_account_or_its_latest_open_opportunity(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("account", "opportunity")] to: &str,
) {
    let Some(test) = writing(engine, &format!("\n      relate_event_to: {to}")).await else { return };
    let records = json!({
        "Account": [{"@ref": "acme", "Name": "Acme"}],
        "Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "AccountId": "@acme"}],
        "Opportunity": [
            {"Name": "Old", "AccountId": "@acme", "StageName": "Prospecting", "CloseDate": "2026-09-01", "IsClosed": false, "CreatedDate": "2026-01-01T00:00:00Z"},
            {"Name": "Latest", "AccountId": "@acme", "StageName": "Prospecting", "CloseDate": "2026-09-01", "IsClosed": false, "CreatedDate": "2026-02-01T00:00:00Z"},
            {"Name": "Lost", "AccountId": "@acme", "StageName": "Closed Lost", "CloseDate": "2026-03-01", "IsClosed": true, "CreatedDate": "2026-03-01T00:00:00Z"}]});
    test.org.load(records).await;
    let calls = book(&test).await;
    let wanted = match to {
        "account" => test.org.only("Account").await["Id"].clone(),
        _ => {
            let all = test.org.records("Opportunity").await;
            all.into_iter().find(|o| o["Name"] == "Latest").expect("it is there")["Id"].clone()
        }
    };
    assert_eq!((&event(&test).await["WhatId"], calls), (&wanted, if to == "account" { 2 } else { 3 }));
}

#[rstest]
#[tokio::test]
async fn a_contact_wins_over_an_open_lead_where_the_admin_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] check: bool,
    #[values(true, false)] known_lead: bool,
) {
    let settings = format!("\n      attendee_record_type: lead\n      check_for_existing_contact: {check}");
    let Some(test) = writing(engine, &settings).await else { return };
    let email = "jane@acme.example";
    let lead = json!([{"LastName": "Roe", "Company": "Acme", "Email": email}]);
    let leads = if known_lead { lead } else { json!([]) };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": email}], "Lead": leads})).await;
    assert_eq!(book(&test).await, 2);
    let wanted = with_email(&test, if check { "Contact" } else { "Lead" }, email).await;
    assert_eq!(event(&test).await["WhoId"], wanted["Id"]);
    let leads = test.org.records("Lead").await.into_iter().filter(|lead| lead["Email"] == email).count();
    assert_eq!(leads, usize::from(known_lead || !check), "a Lead is made only where no Contact is looked for");
}

#[rstest]
#[tokio::test]
async fn a_converted_lead_is_followed_to_its_contact(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let settings = "\n      attendee_record_type: lead\n      check_for_existing_contact: false";
    let Some(test) = writing(engine, settings).await else { return };
    let email = "jane@acme.example";
    let lead = test.org.load(json!({"Lead": [{"LastName": "Roe", "Company": "Acme", "Email": email}]})).await;
    test.org.control("POST", "convert", json!({"lead": lead["ids"]["Lead"][0]})).await;
    book(&test).await;
    let leads = test.org.records("Lead").await;
    assert_eq!(leads.iter().filter(|lead| lead["Email"] == email).count(), 1, "no second Lead: {leads:#?}");
    assert_eq!(event(&test).await["WhoId"], jane(&test).await["Id"]);
}

#[rstest]
#[tokio::test]
async fn without_contact_creation_a_stranger_gets_no_record_and_no_event(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.apply(&configuration_of(&test, "\n      skip_contact_creation: true")).await.expect("sound");
    test.org.load(json!({"Contact": [{"LastName": "Known", "Email": "known@acme.example"}]})).await;
    sync(&test, &Delivery::created()).await;
    assert_eq!((test.org.records("Contact").await.len(), test.org.records("Event").await.len()), (1, 0));
    let notes = notes(&test).await;
    assert!(notes.iter().any(|note| note.contains("No Event was written")), "{notes:?}");
    sync(&test, &Delivery::created().by("uid-7", "Known", "known@acme.example")).await;
    assert_eq!(test.org.records("Event").await.len(), 1, "who is known gets one");

    // The switch is one of Contacts: attendees who are Leads, or under Accounts, are made all the same.
    for (uid, record_type, becomes) in
        [("uid-8", "lead", "Lead"), ("uid-9", "contact_under_account\n      no_account: contact", "Contact")]
    {
        let settings = format!("\n      skip_contact_creation: true\n      attendee_record_type: {record_type}");
        test.apply(&configuration_of(&test, &settings)).await.expect("sound");
        let email = format!("{uid}@acme.example");
        sync(&test, &Delivery::created().by(uid, "Joe", &email)).await;
        with_email(&test, becomes, &email).await;
    }
}

#[rstest]
#[tokio::test]
async fn records_of_excluded_record_types_are_not_found_and_none_is_created(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let types = json!({"RecordType": [
        {"@ref": "business", "Name": "Business Contact", "DeveloperName": "Business", "SobjectType": "Contact", "IsActive": true},
        {"@ref": "partner", "Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Contact", "IsActive": true}],
        "Contact": [{"LastName": "Partner", "Email": "jane@acme.example", "RecordTypeId": "@partner"}]});
    let ids = test.org.load(types).await;
    test.apply(&configuration_of(&test, "\n      exclude_record_types: {contact: [pARTNER]}")).await.expect("sound");
    sync(&test, &Delivery::created()).await;
    let mut contacts = test.org.records("Contact").await;
    contacts.retain(|contact| contact["LastName"] == "Roe");
    assert_eq!(contacts.len(), 1, "a partner is not found, so Jane is created: {ids}");

    let settings = "\n      exclude_record_types: {contact: [Business]}";
    let refused = test.apply(&configuration_of(&test, settings)).await.expect_err("refused on save").to_string();
    assert!(refused.contains("new records would be of Business Contact, which is excluded"), "{refused}");
    test.apply(&configuration_of(&test, settings)).await.expect("what was told once is left to the admin");
    test.deliver(&Delivery::created().by("uid-7", "Joe", "joe@acme.example").json()).await;
    test.sync().await;
    let held = test.get("/api/v1/bookings").await.text;
    assert!(held.contains("record type Business Contact, which is excluded"), "{held}");
    test.apply(&configuration_of(&test, &format!("{settings}\n      new_record_types: {{contact: Partner}}")))
        .await
        .expect("sound");
}

#[rstest]
#[tokio::test]
async fn what_the_org_would_refuse_is_refused_on_save_beside_its_row(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, "").await else { return };
    let rows = "
      event_fields_on_booking:
        fields:
          - {field: Kind__c, type: picklist, value: Old}
          - {field: Summary__c, type: checkbox, value: true}
      person_fields_on_booking:
        fields:
          - {field: Gone__c, type: text, value: x}
      exclude_record_types: {contact: [Nobody]}";
    let refused = test.apply(&configuration_of(&test, rows)).await.expect_err("it is refused").to_string();
    for (place, message) in [
        ("event_fields_on_booking.fields[0].value", "\"Old\" is not an active value of its list"),
        ("event_fields_on_booking.fields[1].type", "Summary__c is of the org's type text"),
        ("person_fields_on_booking.fields[0].field", "Contact has no field Gone__c"),
        ("exclude_record_types.contact[0]", "the org has no record type \"Nobody\""),
    ] {
        assert!(refused.lines().any(|line| line.contains(place) && line.contains(message)), "{place}: {refused}");
    }
    // What the org says is told once; what can be told without it, always.
    test.apply(&configuration_of(&test, rows)).await.expect("whoever changed the org meanwhile saves again");
    let wrong = rows.replace("value: x", "value: '{attendee.nam}'");
    let refused = test.apply(&configuration_of(&test, &wrong)).await.expect_err("it is refused").to_string();
    assert!(refused.contains("did you mean {attendee.name}?"), "{refused}");
}
