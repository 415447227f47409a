//! *Exclude Record Types* where attendees are Leads, by the names that the org gives them.

use rstest::rstest;
use serde_json::json;

use crate::lists::configuration_of;
use crate::support::{Delivery, Engine, TestApp};

#[rstest]
#[tokio::test]
async fn leads_of_excluded_record_types_are_not_found_and_new_ones_are_of_the_type_that_the_admin_chose(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] excluded: bool,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let kind = |name: &str| json!({"@ref": name, "Name": format!("{name} Lead"), "DeveloperName": name, "SobjectType": "Lead", "IsActive": true});
    let records = json!({
        "RecordType": [kind("Inbound"), kind("Vendor")],
        "Lead": [{"@ref": "vendor", "LastName": "Vendor", "Company": "Acme", "Email": "jane@acme.example", "RecordTypeId": "@Vendor"}]});
    let ids = test.org.load(records).await["refs"].clone();
    let lead = "\n      attendee_record_type: lead\n      new_record_types: {lead: Inbound}";
    let exclude = if excluded { "\n      exclude_record_types: {lead: [vENDOR lEAD]}" } else { "" };
    test.apply(&configuration_of(&test, &format!("{lead}{exclude}"))).await.expect("the configuration is sound");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let leads = test.org.records("Lead").await;
    let who = test.org.only("Event").await["WhoId"].clone();
    let hers = leads.iter().find(|lead| lead["Id"] == who).expect("the Event is with a Lead");
    if excluded {
        assert_eq!((leads.len(), &hers["LastName"]), (2, &json!("Roe")), "the vendor is passed over: {leads:#?}");
        assert_eq!(hers["RecordTypeId"], ids["Inbound"]);
    } else {
        assert_eq!((leads.len(), &hers["Id"]), (1, &ids["vendor"]), "the vendor is found: {leads:#?}");
    }
}

#[rstest]
#[tokio::test]
async fn where_an_excluded_record_type_was_renamed_nobody_is_written_until_the_admin_says_which_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let kind = |name: &str| json!({"@ref": name, "Name": name, "DeveloperName": name, "SobjectType": "Contact", "IsActive": true});
    let records = json!({
        "RecordType": [kind("Vendor"), kind("Buyer")],
        "Contact": [{"LastName": "Vendor", "Email": "jane@acme.example", "RecordTypeId": "@Vendor"}]});
    let ids = test.org.load(records).await["refs"].clone();
    let exclude = |name: &str| {
        format!("\n      new_record_types: {{contact: Buyer}}\n      exclude_record_types: {{contact: [{name}]}}")
    };
    test.apply(&configuration_of(&test, &exclude("Supplier"))).await.expect("nobody has asked the org yet");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let reason = test.only_booking().await["sync"]["reason"].to_string();
    assert!(reason.contains("no record type Supplier any more") && reason.contains("Exclude Record Types"), "{reason}");
    assert!(test.org.records("Event").await.is_empty(), "nothing is written to a record that may be excluded");

    // It gets its name back, or another one.
    test.org.update("RecordType", &ids["Vendor"], json!({"Name": "Supplier"})).await;
    let id = test.only_booking().await["id"].as_str().expect("an id").to_owned();
    assert_eq!(test.post(&format!("/api/v1/bookings/{id}/sync"), "").await.status, 202);
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(test.org.records("Contact").await.len(), 2, "the vendor is left alone");

    let short = &ids["Vendor"].as_str().expect("an id")[..15];
    test.apply(&configuration_of(&test, &exclude(short))).await.expect("an id of 15 characters is one, too");
}
