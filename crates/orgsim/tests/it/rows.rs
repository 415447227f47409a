//! One record at a time, with Salesforce's own words for what is wrong.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, answer, code};

fn hour(hour: u32) -> String {
    format!("2027-03-08T{hour:02}:00:00.000Z")
}

fn event(who: &str) -> Json {
    json!({ "Subject": "Demo", "StartDateTime": hour(10), "EndDateTime": hour(11), "WhoId": who })
}

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let org = Org::start("empty").await;
    let response = org.rest(Method::POST, "/sobjects/contact").json(&json!({"FirstName": "Ann", "LastName": "Lee"}));
    let response = response.send().await.expect("an answer");
    let location = response.headers()["location"].to_str().expect("text").to_owned();
    assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
    assert_eq!(response.headers()["sforce-limit-info"], "api-usage=1/15000");
    let (status, created) = answer(response).await;
    let id = created["id"].as_str().expect("an id").to_owned();
    assert_eq!((status, &created), (201, &json!({"id": id, "success": true, "errors": []})));
    assert_eq!(location, format!("/services/data/v66.0/sobjects/Contact/{id}"));

    let (_, row) = org.get(&format!("/sobjects/Contact/{id}?fields=name,Email,IsDeleted")).await;
    assert_eq!(
        row,
        json!({
            "attributes": {"type": "Contact", "url": format!("/services/data/v66.0/sobjects/Contact/{id}")},
            "Name": "Ann Lee", "Email": null, "IsDeleted": false,
        }),
        "names come back in their canonical case, unset checkboxes as false"
    );
    assert_eq!(org.patch(&format!("/sobjects/Contact/{id}"), json!({"FirstName": ""})).await, (204, Json::Null));
    assert_eq!(org.field("Contact", &id, "Name").await, "Lee");
    assert_eq!(org.delete(&format!("/sobjects/Contact/{id}")).await, (204, Json::Null));
    let gone = (404, json!([{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]));
    assert_eq!(org.delete(&format!("/sobjects/Contact/{id}")).await, gone);
    assert_eq!(org.get(&format!("/sobjects/Contact/{id}")).await, gone);
    org.stop().await;
}

#[tokio::test]
async fn a_whole_row_has_every_field_and_its_system_fields() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": "2027-01-04T08:30:00Z"})).await;
    let id = org.create("Account", json!({"Name": "Acme", "BillingCity": "Oslo", "AnnualRevenue": 5})).await;
    let (_, row) = org.get(&format!("/sobjects/Account/{id}")).await;
    assert_eq!(row["Id"], id.as_str());
    assert_eq!(row["CreatedDate"], "2027-01-04T08:30:00.000+0000");
    assert_eq!(row["SystemModstamp"], row["CreatedDate"]);
    assert_eq!(row["OwnerId"], row["CreatedById"], "the creator owns what it creates");
    assert_eq!(row["BillingAddress"]["city"], "Oslo");
    assert_eq!(row["ShippingAddress"], Json::Null);
    org.stop().await;
}

#[tokio::test]
async fn sessions_are_checked_before_anything_else() {
    let org = Org::start("empty").await;
    let url = org.url("/services/data/v66.0/sobjects/Contact/describe");
    let bare = answer(org.client.get(&url).send().await.expect("an answer")).await;
    assert_eq!(bare, (401, json!([{"message": "INVALID_HEADER_TYPE", "errorCode": "INVALID_AUTH_HEADER"}])));
    let wrong = answer(org.client.get(&url).bearer_auth("00D!x").send().await.expect("an answer")).await;
    assert_eq!(wrong, (401, json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])));
    let versions = answer(org.client.get(org.url("/services/data")).send().await.expect("an answer")).await;
    assert_eq!(versions.1[35]["version"], "66.0", "the list of versions needs no session");
    org.stop().await;
}

#[tokio::test]
async fn refused_fields_are_told_as_salesforce_tells_them() {
    let org = Org::start("empty").await;
    let contact = "/sobjects/Contact";
    assert_eq!(
        org.post(contact, json!({"LastName": "Lee", "Nope__c": 1})).await,
        (
            400,
            json!([{"message": "No such column 'Nope__c' on sobject of type Contact", "errorCode": "INVALID_FIELD"}])
        )
    );
    assert_eq!(
        org.post(contact, json!({"FirstName": "Ann"})).await,
        (
            400,
            json!([{
                "message": "Required fields are missing: [LastName]",
                "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["LastName"],
            }])
        )
    );
    assert_eq!(
        org.post(contact, json!({"LastName": "Lee", "Name": "x", "LastActivityDate": "2027-01-01"})).await,
        (
            400,
            json!([{
                "message": "Unable to create/update fields: Name, LastActivityDate. Please check the security settings of \
                            this field and verify that it is read/write for your profile or permission set.",
                "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Name", "LastActivityDate"],
            }])
        )
    );
    assert_eq!(
        org.post("/sobjects/Account", json!({"Name": "Acme", "BillingCity": "x".repeat(41)})).await,
        (
            400,
            json!([{
                "message": format!("Billing City: data value too large: {} (max length=40)", "x".repeat(41)),
                "errorCode": "STRING_TOO_LONG", "fields": ["BillingCity"],
            }])
        )
    );
    assert_eq!(
        org.post(contact, json!({"LastName": "Lee", "Email": "123"})).await,
        (
            400,
            json!([{
                "message": "Email: invalid email address: 123", "errorCode": "INVALID_EMAIL_ADDRESS", "fields": ["Email"],
            }])
        )
    );
    let (status, body) = org.post("/sobjects/Event", json!({"StartDateTime": "x", "DurationInMinutes": 30})).await;
    let message = "Cannot deserialize instance of datetime from VALUE_STRING value x or request may be missing a \
                   required field at [line:1, column:18]";
    assert_eq!(
        (status, &body[0]["errorCode"], &body[0]["message"]),
        (400, &json!("JSON_PARSER_ERROR"), &json!(message))
    );
    let not_json = org.rest(Method::POST, contact).body("{\"LastName\" jan}").send().await.expect("an answer");
    assert_eq!(code(&answer(not_json).await), (400, "JSON_PARSER_ERROR"));
    let empty = org.rest(Method::POST, contact).send().await.expect("an answer");
    assert_eq!(
        answer(empty).await.1[0]["message"],
        "The HTTP entity body is required, but this request has no entity body."
    );
    org.stop().await;
}

#[tokio::test]
async fn references_must_name_a_record_of_the_right_object() {
    let org = Org::start("demo").await;
    let contact = org.create("Contact", json!({"LastName": "Lee"})).await;
    let account = org.create("Account", json!({"Name": "Gone"})).await;
    org.delete(&format!("/sobjects/Account/{account}")).await;
    assert_eq!(
        org.post("/sobjects/Contact", json!({"LastName": "A", "AccountId": contact})).await,
        (
            400,
            json!([{
                "message": format!("Account ID: id value of incorrect type: {contact}"),
                "errorCode": "MALFORMED_ID", "fields": ["AccountId"],
            }])
        )
    );
    let dead = org.post("/sobjects/Contact", json!({"LastName": "A", "AccountId": account})).await;
    assert_eq!(
        dead,
        (
            400,
            json!([{"message": "invalid cross reference id", "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": []}])
        )
    );
    let mut wrong_who = event(&contact);
    wrong_who["WhoId"] = org.create("Account", json!({"Name": "Acme"})).await.into();
    assert_eq!(code(&org.post("/sobjects/Event", wrong_who).await), (400, "FIELD_INTEGRITY_EXCEPTION"));
    let nobody = org.patch(&format!("/sobjects/Contact/{contact}"), json!({"OwnerId": null})).await;
    assert_eq!(code(&nobody), (400, "INVALID_CROSS_REFERENCE_KEY"));
    assert_eq!(nobody.1[0]["message"], "Owner ID: cannot be blank");
    org.stop().await;
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let org = Org::start("empty").await;
    let nothing = (404, json!([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]));
    assert_eq!(org.get("/sobjects/Nope/describe").await, nothing);
    assert_eq!(org.post("/sobjects/Nope", json!({})).await, nothing);
    assert_eq!(org.get("/sobjects/Contact/003SimZZZ000001").await, nothing);
    assert_eq!(org.get("/nope").await, nothing);
    assert_eq!(
        org.get("/sobjects/Contact/23foo").await.1[0]["message"],
        "Provided external ID field does not exist or is not accessible: 23foo"
    );
    assert_eq!(code(&org.delete("/sobjects").await), (405, "METHOD_NOT_ALLOWED"));
    org.stop().await;
}

#[tokio::test]
async fn an_event_needs_its_times_and_gets_the_rest() {
    let org = Org::start("demo").await;
    let contact = org.create("Contact", json!({"LastName": "Lee"})).await;
    let missing = org.post("/sobjects/Event", json!({"Subject": "x", "StartDateTime": hour(10)})).await;
    assert_eq!(
        missing,
        (
            400,
            json!([{
                "message": "Required fields are missing: [DurationInMinutes]",
                "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["DurationInMinutes"],
            }])
        )
    );
    let id = org.create("Event", event(&contact)).await;
    let (_, row) = org.get(&format!("/sobjects/Event/{id}")).await;
    assert_eq!((&row["DurationInMinutes"], &row["ShowAs"]), (&json!(60), &json!("Busy")));
    assert_eq!((&row["ActivityDate"], &row["EventSubtype"]), (&json!("2027-03-08"), &json!("Event")));
    assert_eq!(org.field("Contact", &contact, "LastActivityDate").await, "2027-03-08");

    let path = format!("/sobjects/Event/{id}");
    assert_eq!(org.patch(&path, json!({"StartDateTime": hour(14)})).await.0, 204);
    assert_eq!(
        org.field("Event", &id, "EndDateTime").await,
        "2027-03-08T15:00:00.000+0000",
        "an event that is moved keeps its length"
    );
    let disagree = json!({"EndDateTime": hour(16), "DurationInMinutes": 30});
    let (status, body) = org.patch(&path, disagree).await;
    assert_eq!((status, &body[0]["fields"]), (400, &json!(["EndDateTime"])), "{body}");
    let endless = json!({"StartDateTime": "9999-12-30T21:00:00Z", "DurationInMinutes": 1440});
    assert_eq!(code(&org.patch(&path, endless).await), (400, "FIELD_INTEGRITY_EXCEPTION"));
    let long = org.patch(&path, json!({"DurationInMinutes": 1441})).await;
    assert_eq!(long.1[0]["message"], "Duration must be between 0 and 1440 minutes: Duration");
    assert_eq!(org.delete(&path).await.0, 204);
    assert_eq!(org.field("Contact", &contact, "LastActivityDate").await, Json::Null);
    org.stop().await;
}

#[tokio::test]
async fn a_lead_event_is_related_to_nothing() {
    let org = Org::start("demo").await;
    let lead = org.create("Lead", json!({"LastName": "Lee", "Company": "Acme"})).await;
    assert_eq!(org.field("Lead", &lead, "Status").await, "Open - Not Contacted");
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let mut wrong = event(&lead);
    wrong["WhatId"] = account.clone().into();
    let refused = org.post("/sobjects/Event", wrong).await;
    assert_eq!(code(&refused), (400, "FIELD_INTEGRITY_EXCEPTION"));
    let contact = org.create("Contact", json!({"LastName": "Lee", "AccountId": account})).await;
    let id = org.create("Event", event(&contact)).await;
    assert_eq!(org.field("Event", &id, "AccountId").await, account, "an event's account is its contact's");
    org.stop().await;
}

#[tokio::test]
async fn describe_is_answered_once_until_a_field_is_added() {
    let org = Org::start("demo").await;
    let response = org.rest(Method::GET, "/sobjects/Event/describe").send().await.expect("an answer");
    let modified = response.headers()["last-modified"].clone();
    let (_, describe) = answer(response).await;
    let fields = describe["fields"].as_array().expect("fields");
    assert!(fields.iter().any(|f| f["name"] == "Matchbook_Booking_Id__c" && f["length"] == 64 && f["unique"] == false));
    let again = org.rest(Method::GET, "/sobjects/Event/describe").header("if-modified-since", modified);
    assert_eq!(again.send().await.expect("an answer").status(), 304);
    org.stop().await;
}

#[tokio::test]
async fn an_upsert_creates_once_and_then_changes() {
    let org = Org::start("empty").await;
    let path = "/sobjects/Contact/Email/lee%2B1%40acme.com";
    let (status, made) = org.patch(path, json!({"LastName": "Lee"})).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)), "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(org.field("Contact", &id, "Email").await, "lee+1@acme.com");
    let changed = org.patch(path, json!({"LastName": "Li"})).await;
    assert_eq!(changed, (200, json!({"id": id, "success": true, "errors": [], "created": false})));
    assert_eq!(org.get(&format!("{path}?fields=LastName")).await.1["LastName"], "Li");
    assert_eq!(code(&org.patch(path, json!({"Email": "x@acme.com"})).await), (400, "INVALID_FIELD"));
    assert_eq!(
        org.patch("/sobjects/Contact/Email/no%40acme.com?updateOnly=true", json!({"LastName": "x"})).await.0,
        404
    );
    let twin = org.create("Contact", json!({"LastName": "Lee", "Email": "LEE+1@acme.com"})).await;
    let url = |id: &str| format!("/services/data/v66.0/sobjects/Contact/{id}");
    assert_eq!(
        org.patch(path, json!({"LastName": "x"})).await,
        (300, json!([url(&id), url(&twin)])),
        "of several matches none is changed"
    );
    assert_eq!(
        org.patch("/sobjects/Contact/LastName/Lee", json!({})).await,
        (
            404,
            json!([{
                "message": "Provided external ID field does not exist or is not accessible: LastName",
                "errorCode": "NOT_FOUND",
            }])
        )
    );
    org.stop().await;
}
