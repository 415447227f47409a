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
