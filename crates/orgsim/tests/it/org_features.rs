//! Features that an org may have: several people of one event, country codes, accounts that are persons.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Answer, Org, code};

fn event(people: Json) -> Json {
    let mut event = json!({"Subject": "Demo", "StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 30});
    event.as_object_mut().expect("an object").extend(people.as_object().expect("an object").clone());
    event
}

async fn people(org: &Org, event: &str) -> Vec<String> {
    let soql = format!("SELECT RelationId FROM EventWhoRelation WHERE EventId = '{event}' ORDER BY RelationId");
    let (status, found) = org.query(&soql).await;
    assert_eq!(status, 200, "{found}");
    let ids = found["records"].as_array().expect("records").iter();
    ids.map(|relation| relation["RelationId"].as_str().expect("an id").to_owned()).collect()
}

async fn three_contacts(org: &Org) -> [String; 3] {
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(org.create("Contact", json!({"LastName": name})).await);
    }
    ids.try_into().expect("three")
}

#[tokio::test]
async fn without_shared_activities_an_event_has_one_person() {
    let org = Org::start("empty").await;
    let [a, ..] = three_contacts(&org).await;
    let refused = org.post("/sobjects/Event", event(json!({"EventWhoIds": [a]}))).await;
    assert_eq!(
        refused,
        (
            400,
            json!([{"message": "No such column 'EventWhoIds' on sobject of type Event", "errorCode": "INVALID_FIELD"}])
        )
    );
    assert_eq!(org.get("/sobjects/EventWhoRelation/describe").await.0, 404);
    org.stop().await;
}

#[tokio::test]
async fn a_shared_event_has_a_list_of_people_whose_first_is_its_who() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"shared_activities": true})).await;
    let off = org.sim_raw(Method::PATCH, "settings", json!({"shared_activities": false})).await;
    assert_eq!(off, (422, json!({"error": "shared_activities cannot be switched off; reset the org instead"})));
    let (_, global) = org.get("/sobjects").await;
    assert!(global["sobjects"].as_array().expect("a list").iter().any(|o| o["name"] == "EventWhoRelation"));

    let [a, b, c] = three_contacts(&org).await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let id = org.create("Event", event(json!({"EventWhoIds": [b, a], "WhatId": account}))).await;
    assert_eq!(org.field("Event", &id, "WhoId").await, b, "the first of the list is the primary person");
    assert_eq!(org.field("Event", &id, "WhoCount").await, 2);
    assert_eq!(people(&org, &id).await, [a.clone(), b.clone()]);
    let what = format!("SELECT RelationId FROM EventRelation WHERE EventId = '{id}' AND IsWhat = true");
    assert_eq!(org.query(&what).await.1["records"][0]["RelationId"], account, "the subject is a relation too");

    let path = format!("/sobjects/Event/{id}");
    assert_eq!(org.patch(&path, json!({"WhoId": c, "EventWhoIds": [a]})).await.0, 204);
    assert_eq!(org.field("Event", &id, "WhoId").await, c, "a WhoId outside the list is added in front");
    assert_eq!(people(&org, &id).await, [a.clone(), c.clone()]);
    assert_eq!(org.patch(&path, json!({"EventWhoIds": null})).await.0, 204);
    assert_eq!(people(&org, &id).await, std::slice::from_ref(&c), "an emptied list leaves the primary person");
    assert_eq!(org.patch(&path, json!({"WhoId": a})).await.0, 204);
    assert_eq!(people(&org, &id).await, std::slice::from_ref(&a));
    assert_eq!(org.patch(&path, json!({"EventWhoIds": [b, a]})).await.0, 204);
    org.sim(Method::POST, "merge", json!({"object": "Contact", "master": c, "losers": [a]})).await;
    assert_eq!(people(&org, &id).await, [b.clone(), c.clone()], "a merged person keeps its place in the list");
    assert_eq!(org.delete(&format!("/sobjects/Contact/{b}")).await.0, 204);
    assert_eq!(org.field("Event", &id, "WhoId").await, c, "the next person takes the place of a deleted one");
    org.sim(Method::POST, "undelete", json!({"id": b})).await;
    assert_eq!(people(&org, &id).await, std::slice::from_ref(&c), "a person who left an event comes back without it");
    assert_eq!(org.delete(&path).await.0, 204);
    assert_eq!(people(&org, &id).await, Vec::<String>::new(), "a deleted event has no people");

    let lead = org.create("Lead", json!({"LastName": "Lee", "Company": "Acme"})).await;
    let mixed = org.post("/sobjects/Event", event(json!({"EventWhoIds": [lead, c]}))).await;
    assert_eq!((code(&mixed), &mixed.1[0]["fields"]), ((400, "FIELD_INTEGRITY_EXCEPTION"), &json!(["EventWhoIds"])));
    let wrong = org.post("/sobjects/Event", event(json!({"EventWhoIds": [account]}))).await;
    assert_eq!(wrong.1[0]["message"], format!("Name ID: id value of incorrect type: {account}"));
    let old = org.client.post(org.url("/services/data/v36.0/sobjects/Event")).bearer_auth(&org.token);
    let other = org.create("Contact", json!({"LastName": "D"})).await;
    let old = old.json(&event(json!({"EventWhoIds": [other], "WhoId": c}))).send().await.expect("an answer");
    assert_eq!(old.status(), 400, "before version 37 the WhoId had to be in the list");
    org.stop().await;
}

#[tokio::test]
async fn an_all_day_event_is_a_date_and_its_times_agree() {
    let org = Org::start("empty").await;
    let id = org.create("Event", json!({"Subject": "Off", "IsAllDayEvent": true, "ActivityDate": "2027-03-08"})).await;
    let (_, row) = org.get(&format!("/sobjects/Event/{id}")).await;
    assert_eq!(row["StartDateTime"], "2027-03-08T00:00:00.000+0000");
    assert_eq!((&row["DurationInMinutes"], &row["ActivityDateTime"]), (&json!(1440), &Json::Null));
    let other_day =
        json!({"IsAllDayEvent": true, "ActivityDate": "2027-03-08", "StartDateTime": "2027-03-09T00:00:00Z"});
    let refused = org.post("/sobjects/Event", other_day).await;
    assert_eq!(
        (code(&refused), &refused.1[0]["fields"]),
        ((400, "FIELD_INTEGRITY_EXCEPTION"), &json!(["ActivityDate"]))
    );
    let two_days = json!({"StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 2000});
    assert_eq!(
        org.post("/sobjects/Event", two_days.clone()).await,
        (
            400,
            json!([{
                "message": "Duration must be between 0 and 1440 minutes: Duration",
                "errorCode": "FIELD_INTEGRITY_EXCEPTION", "fields": ["DurationInMinutes"],
            }])
        )
    );
    org.sim(Method::PATCH, "settings", json!({"multiday_events": true})).await;
    org.create("Event", two_days).await;
    org.stop().await;
}

fn problem(message: &str, field: &str) -> Answer {
    (400, json!([{"message": message, "errorCode": "FIELD_INTEGRITY_EXCEPTION", "fields": [field]}]))
}

#[tokio::test]
async fn country_and_state_follow_from_their_codes_and_back() {
    let org = Org::start("empty").await;
    let free = org.create("Account", json!({"Name": "A", "BillingCountry": "Atlantis"})).await;
    assert_eq!(org.field("Account", &free, "BillingCountry").await, "Atlantis", "text is free without the picklists");
    org.sim(Method::PATCH, "settings", json!({"state_country_picklists": true})).await;
    let address = |id: &str| {
        let path =
            format!("/sobjects/Account/{id}?fields=BillingCountry,BillingCountryCode,BillingState,BillingStateCode");
        let org = &org;
        async move {
            let (_, row) = org.get(&path).await;
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            ["BillingCountry", "BillingCountryCode", "BillingState", "BillingStateCode"].map(text).join(" ")
        }
    };
    let us = org.create("Account", json!({"Name": "B", "BillingCountryCode": "US", "BillingStateCode": "TX"})).await;
    assert_eq!(address(&us).await, "United States US Texas TX");
    let by_text = org.create("Account", json!({"Name": "C", "BillingCountry": "germany"})).await;
    assert_eq!(address(&by_text).await, "Germany DE - -");
    assert_eq!(
        org.post("/sobjects/Account", json!({"Name": "D", "BillingCountry": "Atlantis"})).await,
        problem(
            "There's a problem with this country, even though it may appear correct. Please select a country/territory \
             from the list of valid countries.: Billing Country",
            "BillingCountry"
        )
    );
    let path = format!("/sobjects/Account/{us}");
    assert_eq!(
        org.patch(&path, json!({"BillingState": "Bavaria"})).await,
        problem(
            "The existing country/territory doesn't recognize the state value Bavaria: Billing State/Province Code",
            "BillingStateCode"
        )
    );
    let bad = org.patch(&path, json!({"BillingCountryCode": "QQ"})).await;
    assert_eq!(bad.1[0]["message"], "Billing Country Code: bad value for restricted picklist field: QQ");
    assert_eq!(org.patch(&path, json!({"BillingCountryCode": null, "BillingStateCode": null})).await.0, 204);
    assert_eq!(address(&us).await, "- - - -");
    org.stop().await;
}

#[tokio::test]
async fn a_person_account_has_a_contact_that_mirrors_it() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"person_accounts": true})).await;
    let person = json!({"FirstName": "Ann", "LastName": "Lee", "PersonEmail": "ann@lee.com", "Phone": "1"});
    let id = org.create("Account", person).await;
    let path = format!("/sobjects/Account/{id}");
    let (_, row) = org.get(&path).await;
    assert_eq!((&row["Name"], &row["IsPersonAccount"]), (&json!("Ann Lee"), &json!(true)));
    let contact = row["PersonContactId"].as_str().expect("a person has a contact").to_owned();
    let (_, mirror) = org.get(&format!("/sobjects/Contact/{contact}")).await;
    assert_eq!((&mirror["AccountId"], &mirror["IsPersonAccount"]), (&json!(id), &json!(true)));
    assert_eq!(
        (&mirror["Name"], &mirror["Email"], &mirror["Phone"]),
        (&json!("Ann Lee"), &json!("ann@lee.com"), &json!("1"))
    );
    let kind = org.query(&format!("SELECT RecordType.DeveloperName FROM Account WHERE Id = '{id}'")).await.1;
    assert_eq!(kind["records"][0]["RecordType"]["DeveloperName"], "PersonAccount");

    assert_eq!(org.patch(&path, json!({"PersonEmail": "ann@li.com"})).await.0, 204);
    assert_eq!(org.field("Contact", &contact, "Email").await, "ann@li.com");
    assert_eq!(org.patch(&format!("/sobjects/Contact/{contact}"), json!({"LastName": "Li"})).await.0, 204);
    assert_eq!(org.field("Account", &id, "Name").await, "Ann Li", "a change of the contact is one of the account");
    let name = org.patch(&path, json!({"Name": "x"})).await;
    assert_eq!((code(&name), &name.1[0]["fields"]), ((400, "INVALID_FIELD_FOR_INSERT_UPDATE"), &json!(["Name"])));

    let business = org.create("Account", json!({"Name": "Acme"})).await;
    let moved = org.patch(&format!("/sobjects/Contact/{contact}"), json!({"AccountId": business})).await;
    assert_eq!(
        (code(&moved), &moved.1[0]["fields"]),
        ((400, "INVALID_FIELD_FOR_INSERT_UPDATE"), &json!(["AccountId"]))
    );
    assert_eq!(org.field("Account", &business, "RecordTypeId").await, Json::Null);
    org.stop().await;
}

#[tokio::test]
async fn an_event_with_invitees_is_a_group_event() {
    let org = Org::start("demo").await;
    org.sim(Method::PATCH, "settings", json!({"shared_activities": true})).await;
    let [a, ..] = three_contacts(&org).await;
    let id = org.create("Event", event(json!({"EventWhoIds": [a]}))).await;
    assert_eq!(org.field("Event", &id, "IsGroupEvent").await, false, "its own person is no invitee");
    let found = org.query("SELECT Id FROM User WHERE FirstName = 'Dana'").await.1;
    let dana = found["records"][0]["Id"].as_str().expect("a user").to_owned();
    let relation = org.create("EventRelation", json!({"EventId": id, "RelationId": dana})).await;
    assert_eq!(org.field("Event", &id, "IsGroupEvent").await, true);
    assert_eq!(org.field("EventRelation", &relation, "IsInvitee").await, true);
    let path = format!("/sobjects/EventRelation/{relation}");
    assert_eq!(org.patch(&path, json!({"Status": "Accepted"})).await.0, 204);
    let moved = org.patch(&path, json!({"RelationId": a})).await;
    assert_eq!(code(&moved), (400, "INVALID_FIELD_FOR_INSERT_UPDATE"), "an invitee cannot become another");
    assert_eq!(org.delete(&path).await.0, 204);
    assert_eq!(org.field("Event", &id, "IsGroupEvent").await, false);
    org.stop().await;
}
