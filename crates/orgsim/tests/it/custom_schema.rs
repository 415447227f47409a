//! Objects and fields that an org has of its own.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, code};

#[tokio::test]
async fn a_custom_object_is_written_queried_and_met_about() {
    let org = Org::start("empty").await;
    let visit = json!({
        "name": "Visit__c",
        "fields": [
            {"name": "Day__c", "type": "date", "required": true},
            {"name": "Kind__c", "type": "picklist", "picklist": ["Short", "Long"], "restricted": true},
            {"name": "Account__c", "type": "reference", "referenceTo": ["Account"], "childRelationship": "Visits__r"},
        ],
    });
    org.sim(Method::POST, "objects", json!([visit, {"name": "Room__c"}])).await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let id = org.create("Visit__c", json!({"Name": "V1", "Day__c": "2027-03-08", "Account__c": account})).await;
    assert!(id.starts_with("a00"), "{id}: the first custom object has the first key prefix");
    let found = org.query("SELECT Name, (SELECT Name FROM Visits__r) FROM Account WHERE Name = 'Acme'").await.1;
    assert_eq!(found["records"][0]["Visits__r"]["records"][0]["Name"], "V1");
    let meeting = json!({"StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 30, "WhatId": id});
    let meeting = org.create("Event", meeting).await;
    assert_eq!(org.field("Event", &meeting, "WhatId").await, id);
    assert_eq!(
        org.post("/sobjects/Visit__c", json!({"Name": "V2"})).await,
        (
            400,
            json!([{
                "message": "Required fields are missing: [Day__c]",
                "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Day__c"],
            }])
        )
    );
    let bad = org.post("/sobjects/Visit__c", json!({"Day__c": "2027-03-08", "Kind__c": "Other"})).await;
    assert_eq!(
        bad.1,
        json!([{
            "message": "Kind: bad value for restricted picklist field: Other",
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "fields": ["Kind__c"],
        }])
    );
    let twice = org.sim_raw(Method::POST, "objects", json!([{"name": "Room__c"}])).await;
    assert_eq!(twice, (422, json!({"error": "there is an object Room__c already"})));
    let lost =
        json!([{"name": "Seat__c", "fields": [{"name": "Row__c", "type": "reference", "referenceTo": ["Row__c"]}]}]);
    let lost = org.sim_raw(Method::POST, "objects", lost).await;
    assert_eq!(lost, (422, json!({"error": "Seat__c: field Row__c refers to Row__c, which is no object"})));
    org.stop().await;
}

#[tokio::test]
async fn a_field_of_an_activity_is_one_of_events_and_tasks() {
    let org = Org::start("empty").await;
    org.sim(Method::POST, "fields", json!({"Activity": [{"name": "Uid__c", "type": "string", "length": 64}]})).await;
    let task = org.create("Task", json!({"Subject": "Call", "Uid__c": "u1"})).await;
    assert_eq!(org.field("Task", &task, "Uid__c").await, "u1");
    let event = json!({"StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 30, "Uid__c": "u1"});
    org.create("Event", event).await;
    let found = org.query("SELECT COUNT() FROM Event WHERE Uid__c = 'u1'").await.1;
    assert_eq!(found["totalSize"], 1);
    org.stop().await;
}

#[tokio::test]
async fn an_org_can_have_the_objects_of_a_real_one() {
    let plain = Org::start("empty").await;
    let (_, mut contact) = plain.get("/sobjects/Contact/describe").await;
    let fields = contact["fields"].as_array_mut().expect("fields");
    fields.retain(|field| field["name"] != "Fax");
    let mut tier = fields.iter().find(|field| field["name"] == "Title").expect("a title").clone();
    (tier["name"], tier["label"], tier["custom"]) = (json!("Tier__c"), json!("Tier"), json!(true));
    fields.push(tier);
    let kind = json!({
        "active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Guest", "master": false,
        "name": "Guest", "recordTypeId": "012dM00000vfgTuQAI", "urls": {},
    });
    contact["recordTypeInfos"].as_array_mut().expect("a list").insert(0, kind);
    plain.stop().await;

    let org = Org::start_described("demo", vec![contact]).await;
    let id = org.create("Contact", json!({"LastName": "Lee", "Tier__c": "Gold"})).await;
    assert_eq!(org.field("Contact", &id, "Tier__c").await, "Gold");
    assert_eq!(org.field("Contact", &id, "RecordTypeId").await, "012dM00000vfgTuQAI", "record types come along");
    assert_eq!(
        code(&org.post("/sobjects/Contact", json!({"LastName": "A", "Fax": "1"})).await),
        (400, "INVALID_FIELD")
    );
    org.sim(Method::POST, "reset", json!({"world": "empty"})).await;
    let (_, answer) = org.sim_raw(Method::GET, "records/RecordType", Json::Null).await;
    assert_eq!(answer[0]["DeveloperName"], "Guest", "a reset keeps the real describes");
    org.stop().await;
}

#[tokio::test]
async fn describes_that_a_world_cannot_live_with_are_told() {
    let started = orgsim::Server::start_described(
        "127.0.0.1:0".parse().expect("an address"),
        "demo",
        vec![json!({"name": "Contact", "label": "Contact"})],
    );
    let error = started.await.expect_err("no describe").to_string();
    assert_eq!(error, "the describes cannot be used: Contact: missing field `labelPlural`");
}
