//! The rules an administrator writes, seen by a client.

use reqwest::Method;
use serde_json::json;

use crate::support::{Org, answer, code};

#[tokio::test]
async fn a_duplicate_is_refused_with_the_record_it_repeats() {
    let org = Org::start("empty").await;
    let rule = json!({"object": "Contact", "match": ["Email"], "mode": "alert", "message": "Already there.", "name": "Contacts_DR"});
    org.sim(Method::POST, "rules", json!({"duplicate": [rule]})).await;
    let first = org.create("Contact", json!({"LastName": "Lee", "Email": "lee@acme.com"})).await;
    let twin = json!({"LastName": "Li", "Email": "LEE@acme.com"});
    assert_eq!(
        org.post("/sobjects/Contact", twin.clone()).await,
        (
            400,
            json!([{
                "duplicateResut": {
                    "allowSave": true,
                    "duplicateRule": "Contacts_DR",
                    "duplicateRuleEntityType": "Contact",
                    "errorMessage": "Already there.",
                    "matchResults": [{
                        "entityType": "Contact",
                        "errors": [],
                        "matchEngine": "ExactMatchEngine",
                        "matchRecords": [{
                            "additionalInformation": [],
                            "fieldDiffs": [],
                            "matchConfidence": 100,
                            "record": {
                                "attributes": {
                                    "type": "Contact",
                                    "url": format!("/services/data/v66.0/sobjects/Contact/{first}"),
                                },
                                "Id": first,
                            },
                        }],
                        "rule": "Contacts_DR_Match",
                        "size": 1,
                        "success": true,
                    }],
                },
                "errorCode": "DUPLICATES_DETECTED",
                "message": "Already there.",
            }])
        )
    );
    let allowed = |org: &Org| {
        org.rest(Method::POST, "/sobjects/Contact")
            .header("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=false")
    };
    let saved = answer(allowed(&org).json(&twin).send().await.expect("an answer")).await;
    assert_eq!(saved.0, 201, "an alert lets a client pass that insists: {}", saved.1);

    let rule = json!({"object": "Contact", "match": ["Email"], "mode": "block"});
    org.sim(Method::POST, "rules", json!({"duplicate": [rule]})).await;
    let blocked = answer(allowed(&org).json(&twin).send().await.expect("an answer")).await;
    assert_eq!(code(&blocked), (400, "DUPLICATES_DETECTED"), "nobody passes a rule that blocks");
    assert_eq!(blocked.1[0]["message"], "Use one of these records?");
    assert_eq!(blocked.1[0]["duplicateResut"]["allowSave"], false);
    let path = format!("/sobjects/Contact/{first}");
    assert_eq!(org.patch(&path, json!({"FirstName": "Ann"})).await.0, 204, "a change of other fields is no duplicate");
    org.stop().await;
}

#[tokio::test]
async fn a_validation_rule_speaks_in_its_own_words_also_on_update() {
    let org = Org::start("empty").await;
    let old = org.create("Account", json!({"Name": "Old"})).await;
    let rules = json!({"validation": [
        {"object": "Account", "when": [{"field": "Website", "operator": "=", "value": null}],
         "message": "Every account needs a website.", "field": "Website"},
        {"object": "Account", "when": [{"field": "NumberOfEmployees", "operator": ">", "value": 10}], "message": "Too big."},
    ]});
    org.sim(Method::POST, "rules", rules).await;
    let refusal = json!([{
        "message": "Every account needs a website.",
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Website"],
    }]);
    assert_eq!(org.post("/sobjects/Account", json!({"Name": "Acme"})).await, (400, refusal.clone()));
    let path = format!("/sobjects/Account/{old}");
    assert_eq!(
        org.patch(&path, json!({"Phone": "1"})).await,
        (400, refusal),
        "an old record meets a new rule at its next change, whatever the change"
    );
    let big = org.post("/sobjects/Account", json!({"Name": "A", "Website": "a.com", "NumberOfEmployees": 11})).await;
    assert_eq!(
        big,
        (400, json!([{"message": "Too big.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}]))
    );
    org.sim(Method::DELETE, "rules", json!(null)).await;
    assert_eq!(org.patch(&path, json!({"Phone": "1"})).await.0, 204);
    org.stop().await;
}

#[tokio::test]
async fn an_assignment_rule_replaces_the_owner_unless_told_not_to() {
    let org = Org::start("demo").await;
    let loaded = org.sim(Method::POST, "records", json!({"Group": [{"Name": "Inbound", "Type": "Queue"}]})).await;
    let queue = loaded["ids"]["Group"][0].as_str().expect("an id").to_owned();
    let users = org.query("SELECT Id FROM User WHERE FirstName = 'Dana'").await.1;
    let dana = users["records"][0]["Id"].as_str().expect("an id").to_owned();
    org.sim(Method::POST, "rules", json!({"assignment": [{"object": "Lead", "owner": queue}]})).await;
    let lead = json!({"LastName": "Lee", "Company": "Acme", "OwnerId": dana});
    let id = org.create("Lead", lead.clone()).await;
    assert_eq!(org.field("Lead", &id, "OwnerId").await, queue, "the rule wins over the owner that was sent");
    let request = org.rest(Method::POST, "/sobjects/Lead").header("Sforce-Auto-Assign", "FALSE").json(&lead);
    let kept = answer(request.send().await.expect("an answer")).await;
    let kept = kept.1["id"].as_str().expect("an id");
    assert_eq!(org.field("Lead", kept, "OwnerId").await, dana);
    let owner = org.query(&format!("SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{id}'")).await.1;
    assert_eq!(owner["records"][0]["Owner"]["Name"], "Inbound", "a queue can own a lead");
    let wrong = org.sim_raw(Method::POST, "rules", json!({"assignment": [{"object": "Contact", "owner": dana}]})).await;
    assert_eq!(
        wrong,
        (422, json!({"error": "assignment[0]: Contact has no assignment rules; Account, Case, Lead have"}))
    );
    org.stop().await;
}
