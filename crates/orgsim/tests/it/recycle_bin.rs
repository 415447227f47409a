//! What becomes of records that are deleted, brought back, merged and converted.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, code};

fn event(who: &str) -> Json {
    json!({"Subject": "Demo", "StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 30, "WhoId": who})
}

#[tokio::test]
async fn a_deleted_parent_takes_its_children_along_and_empties_look_ups() {
    let org = Org::start("empty").await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let contact = org.create("Contact", json!({"LastName": "Lee", "AccountId": account})).await;
    let deal = json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-01-01", "AccountId": account});
    let deal = org.create("Opportunity", deal).await;
    let child = org.create("Account", json!({"Name": "Child", "ParentId": account})).await;

    assert_eq!(org.delete(&format!("/sobjects/Account/{account}")).await.0, 204);
    assert_eq!(code(&org.get(&format!("/sobjects/Opportunity/{deal}")).await), (404, "ENTITY_IS_DELETED"));
    assert_eq!(org.field("Account", &child, "ParentId").await, Json::Null, "a look-up goes on naming what is deleted");
    let path = "/queryAll?q=SELECT+Id,IsDeleted+FROM+Opportunity";
    assert_eq!(org.get(path).await.1["records"][0]["IsDeleted"], true);

    org.sim(Method::POST, "undelete", json!({"id": account})).await;
    assert_eq!(org.field("Opportunity", &deal, "AccountId").await, account, "children come back with their parent");
    assert_eq!(org.field("Account", &child, "ParentId").await, account);
    assert_eq!(org.field("Contact", &contact, "AccountId").await, account);
    assert_eq!(org.field("Account", &account, "IsDeleted").await, false);
    let again = org.sim_raw(Method::POST, "undelete", json!({"id": account})).await;
    assert_eq!(again, (422, json!({"error": "The requested resource does not exist"})));
    org.stop().await;
}

#[tokio::test]
async fn a_cascade_is_undone_with_its_transaction() {
    let org = Org::start("empty").await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let deal = json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-01-01", "AccountId": account});
    let deal = org.create("Opportunity", deal).await;
    let parts = json!([
        {"method": "DELETE", "url": format!("/services/data/v66.0/sobjects/Account/{account}"), "referenceId": "a"},
        {"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "b", "body": {}},
    ]);
    let answers = org.composite(true, parts).await;
    assert_eq!(answers[1]["httpStatusCode"], 400);
    assert_eq!(org.field("Opportunity", &deal, "AccountId").await, account, "a halted delete took children along");
    org.stop().await;
}

#[tokio::test]
async fn a_merged_contact_leaves_its_events_to_the_master() {
    let org = Org::start("empty").await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let master = org.create("Contact", json!({"LastName": "Lee", "AccountId": account})).await;
    let loser = org.create("Contact", json!({"LastName": "Li"})).await;
    let meeting = org.create("Event", event(&loser)).await;
    org.sim(Method::POST, "merge", json!({"object": "Contact", "master": master, "losers": [loser]})).await;
    assert_eq!(org.field("Event", &meeting, "WhoId").await, master);
    assert_eq!(org.field("Event", &meeting, "AccountId").await, account, "the event's account is the master's");
    assert_eq!(org.field("Contact", &master, "LastActivityDate").await, "2027-03-08");
    assert_eq!(code(&org.get(&format!("/sobjects/Contact/{loser}")).await), (404, "ENTITY_IS_DELETED"));
    let path = "/queryAll?q=SELECT+MasterRecordId,IsDeleted+FROM+Contact+WHERE+IsDeleted+%3D+true";
    assert_eq!(org.get(path).await.1["records"][0]["MasterRecordId"], master, "the loser tells who took its place");
    let wrong =
        org.sim_raw(Method::POST, "merge", json!({"object": "Event", "master": meeting, "losers": [meeting]})).await;
    assert_eq!(wrong.0, 422, "events cannot be merged");
    org.stop().await;
}

#[tokio::test]
async fn a_load_may_hold_deleted_and_merged_records() {
    let org = Org::start("empty").await;
    let load = json!({"Account": [{"@ref": "kept", "Name": "Kept"}, {"@ref": "gone", "Name": "Gone", "IsDeleted": true},
        {"@ref": "loser", "Name": "Loser", "IsDeleted": true, "MasterRecordId": "@kept"}]});
    let ids = org.sim(Method::POST, "records", load).await["refs"].clone();
    let (kept, loser) = (ids["kept"].as_str().expect("an id"), ids["loser"].as_str().expect("an id"));
    let live = org.query("SELECT Id FROM Account").await.1;
    assert_eq!((&live["totalSize"], &live["records"][0]["Id"]), (&json!(1), &ids["kept"]));
    let path = format!("/queryAll?q=SELECT+IsDeleted,MasterRecordId+FROM+Account+WHERE+Id+%3D+'{loser}'");
    let row = &org.get(&path).await.1["records"][0];
    assert_eq!((&row["IsDeleted"], &row["MasterRecordId"]), (&json!(true), &json!(kept)));
    assert_eq!(code(&org.get(&format!("/sobjects/Account/{loser}")).await), (404, "ENTITY_IS_DELETED"));
    org.stop().await;
}

#[tokio::test]
async fn a_converted_lead_hands_over_and_refuses_changes() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": "2027-02-04T08:30:00Z"})).await;
    let lead =
        json!({"FirstName": "Ann", "LastName": "Lee", "Company": "Acme", "Email": "ann@acme.com", "City": "Oslo"});
    let lead = org.create("Lead", lead).await;
    let meeting = org.create("Event", event(&lead)).await;
    let made = org.sim(Method::POST, "convert", json!({"lead": lead, "opportunity": true})).await;
    let id = |key: &str| made[key].as_str().expect("an id").to_owned();
    let (_, row) = org.get(&format!("/sobjects/Lead/{lead}")).await;
    assert_eq!((&row["IsConverted"], &row["ConvertedDate"]), (&json!(true), &json!("2027-02-04")));
    assert_eq!((&row["ConvertedContactId"], &row["ConvertedAccountId"]), (&made["contactId"], &made["accountId"]));
    assert_eq!(row["ConvertedOpportunityId"], made["opportunityId"]);
    assert_eq!(org.field("Account", &id("accountId"), "Name").await, "Acme");
    assert_eq!(org.field("Account", &id("accountId"), "BillingCity").await, "Oslo");
    assert_eq!(org.field("Contact", &id("contactId"), "Email").await, "ann@acme.com");
    assert_eq!(org.field("Opportunity", &id("opportunityId"), "CloseDate").await, "2027-03-31");
    assert_eq!(org.field("Event", &meeting, "WhoId").await, made["contactId"], "meetings go with the person");
    assert_eq!(org.field("Event", &meeting, "AccountId").await, made["accountId"]);
    assert_eq!(
        org.patch(&format!("/sobjects/Lead/{lead}"), json!({"Title": "x"})).await,
        (
            400,
            json!([{
                "message": "cannot reference converted lead", "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "fields": [],
            }])
        )
    );
    let twice = org.sim_raw(Method::POST, "convert", json!({"lead": lead})).await;
    assert_eq!(twice, (422, json!({"error": "cannot reference converted lead"})));
    org.stop().await;
}

#[tokio::test]
async fn an_inactive_user_owns_nothing_new() {
    let org = Org::start("demo").await;
    let found = org.query("SELECT Id FROM User WHERE FirstName = 'Dana'").await.1;
    let dana = found["records"][0]["Id"].as_str().expect("a user").to_owned();
    assert_eq!(org.patch(&format!("/sobjects/User/{dana}"), json!({"IsActive": false})).await.0, 204);
    assert_eq!(
        org.post("/sobjects/Contact", json!({"LastName": "Lee", "OwnerId": dana})).await,
        (
            400,
            json!([{
                "message": format!("operation performed with inactive user [{dana}] as owner of contact"),
                "errorCode": "INACTIVE_OWNER_OR_USER", "fields": [],
            }])
        )
    );
    let group = org.sim(Method::POST, "records", json!({"Group": [{"Name": "All", "Type": "Regular"}]})).await;
    let group = group["ids"]["Group"][0].as_str().expect("an id");
    let lead = org.post("/sobjects/Lead", json!({"LastName": "A", "Company": "B", "OwnerId": group})).await;
    assert_eq!(lead.0, 400, "a group that is no queue owned a lead");
    org.stop().await;
}

#[tokio::test]
async fn the_last_activity_is_the_latest_event_or_task() {
    let org = Org::start("empty").await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let contact = org.create("Contact", json!({"LastName": "Lee", "AccountId": account})).await;
    let meeting = org.create("Event", event(&contact)).await;
    let task = json!({"Subject": "Call", "ActivityDate": "2027-04-01", "WhoId": contact});
    let task = org.create("Task", task).await;
    assert_eq!(org.field("Contact", &contact, "LastActivityDate").await, "2027-04-01");
    assert_eq!(
        org.field("Account", &account, "LastActivityDate").await,
        "2027-04-01",
        "a contact's task is its account's"
    );
    assert_eq!(org.delete(&format!("/sobjects/Task/{task}")).await.0, 204);
    assert_eq!(org.field("Account", &account, "LastActivityDate").await, "2027-03-08");
    assert_eq!(org.delete(&format!("/sobjects/Event/{meeting}")).await.0, 204);
    assert_eq!(org.field("Account", &account, "LastActivityDate").await, Json::Null);
    org.stop().await;
}
