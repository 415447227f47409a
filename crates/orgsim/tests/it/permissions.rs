//! What a user may see and do.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, code};

/// The integration user, as whom every test calls.
const ME: &str = "integration@northwind.example";

async fn allow(org: &Org, access: Json) {
    org.sim(Method::POST, "permissions", json!({"users": {ME: access}})).await;
}

async fn user(org: &Org, name: &str) -> String {
    let found = org.query(&format!("SELECT Id FROM User WHERE FirstName = '{name}'")).await.1;
    found["records"][0]["Id"].as_str().expect("a user").to_owned()
}

#[tokio::test]
async fn a_hidden_field_looks_like_one_that_is_not_there() {
    let org = Org::start("demo").await;
    let contact = org.create("Contact", json!({"LastName": "Lee", "Email": "lee@acme.com"})).await;
    allow(&org, json!({"fields": {"Contact.Email": "hidden", "Contact.Phone": "read"}, "modify_all": true})).await;

    let (_, describe) = org.get("/sobjects/Contact/describe").await;
    let fields = describe["fields"].as_array().expect("fields");
    assert!(fields.iter().all(|field| field["name"] != "Email"), "describe shows a hidden field");
    let phone = fields.iter().find(|field| field["name"] == "Phone").expect("a read-only field is shown");
    assert_eq!((&phone["createable"], &phone["updateable"]), (&json!(false), &json!(false)));

    let unknown =
        (400, json!([{"message": "No such column 'Email' on sobject of type Contact", "errorCode": "INVALID_FIELD"}]));
    let path = format!("/sobjects/Contact/{contact}");
    assert_eq!(org.patch(&path, json!({"Email": "x@acme.com"})).await, unknown);
    assert_eq!(org.post("/sobjects/Contact", json!({"LastName": "A", "Email": "x@acme.com"})).await, unknown);
    assert_eq!(org.get(&format!("{path}?fields=Email")).await, unknown);
    assert_eq!(org.get(&path).await.1.get("Email"), None, "a row shows a hidden field");
    let key = org.patch("/sobjects/Contact/Email/lee%40acme.com", json!({"LastName": "Li"})).await;
    assert_eq!(
        key,
        (
            404,
            json!([{
                "message": "Provided external ID field does not exist or is not accessible: Email",
                "errorCode": "NOT_FOUND",
            }])
        )
    );
    let query = org.query("SELECT Id FROM Contact WHERE Email = 'lee@acme.com'").await;
    assert_eq!(code(&query), (400, "INVALID_FIELD"));
    assert!(query.1[0]["message"].as_str().expect("text").contains("No such column 'Email' on entity 'Contact'"));
    assert_eq!(
        org.patch(&path, json!({"Phone": "1"})).await,
        (
            400,
            json!([{
                "message": "Unable to create/update fields: Phone. Please check the security settings of this field and \
                            verify that it is read/write for your profile or permission set.",
                "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Phone"],
            }])
        )
    );
    org.sim(Method::DELETE, "permissions", Json::Null).await;
    assert_eq!(org.field("Contact", &contact, "Email").await, "lee@acme.com");
    org.stop().await;
}

#[tokio::test]
async fn user_permissions_open_the_api_activities_and_the_editing_of_events() {
    let org = Org::start("demo").await;
    let event = json!({"Subject": "Call", "StartDateTime": "2026-05-04T10:00:00Z", "DurationInMinutes": 30});
    allow(&org, json!({"permissions": {"EditEvent": false}})).await;
    let (_, describe) = org.get("/sobjects/Event/describe").await;
    let may = ["queryable", "createable", "updateable", "deletable"].map(|right| describe[right].clone());
    assert_eq!(may, [true, false, false, false].map(Json::from));
    assert_eq!(org.post("/sobjects/Event", event.clone()).await.0, 400, "an event was made without Edit Events");
    let task = org.post("/sobjects/Task", json!({"Subject": "Call"})).await;
    assert_eq!(task.0, 201, "tasks are another permission: {task:?}");

    allow(&org, json!({"permissions": {"ActivitiesAccess": false}})).await;
    assert_eq!(org.get("/sobjects/Event/describe").await.0, 404);
    assert_eq!(code(&org.query("SELECT Id FROM Task").await), (400, "INVALID_TYPE"));

    allow(&org, json!({"permissions": {"ApiEnabled": false}})).await;
    let refused = (403, json!([{"message": "API is disabled for this User", "errorCode": "API_CURRENTLY_DISABLED"}]));
    assert_eq!(org.get("/sobjects/Contact/describe").await, refused);
    allow(&org, json!({"permissions": {"EditEvent": true}})).await;
    assert_eq!(org.post("/sobjects/Event", event).await.0, 201);
    org.stop().await;
}

#[tokio::test]
async fn an_object_without_read_permission_does_not_exist() {
    let org = Org::start("demo").await;
    allow(
        &org,
        json!({"objects": {"Lead": {"read": false}, "Contact": {"create": false, "edit": false, "delete": false}}}),
    )
    .await;
    let nothing = (404, json!([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]));
    assert_eq!(org.get("/sobjects/Lead/describe").await, nothing);
    assert_eq!(org.post("/sobjects/Lead", json!({"LastName": "A", "Company": "B"})).await, nothing);
    assert_eq!(code(&org.query("SELECT Id FROM Lead").await), (400, "INVALID_TYPE"));
    let (_, all) = org.get("/sobjects").await;
    assert!(all["sobjects"].as_array().expect("a list").iter().all(|object| object["name"] != "Lead"));

    let refused = org.post("/sobjects/Contact", json!({"LastName": "A"})).await;
    assert_eq!(
        refused,
        (
            400,
            json!([{
                "message": "entity type cannot be inserted: Contact",
                "errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "fields": [],
            }])
        )
    );
    let found = org.query("SELECT Id FROM Contact WHERE AccountId != null LIMIT 1").await.1;
    let contact = format!("/sobjects/Contact/{}", found["records"][0]["Id"].as_str().expect("a contact"));
    let denied = (
        400,
        json!([{
            "message": "insufficient access rights on object id",
            "errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "fields": [],
        }]),
    );
    assert_eq!(org.patch(&contact, json!({"FirstName": "A"})).await, denied);
    assert_eq!(org.delete(&contact).await, denied);
    org.stop().await;
}

#[tokio::test]
async fn what_is_not_shared_is_not_found() {
    let org = Org::start("demo").await;
    let dana = user(&org, "Dana").await;
    let account = org.create("Account", json!({"Name": "Hers", "OwnerId": dana})).await;
    let contact = json!({"LastName": "Lee", "Email": "lee@hers.com", "OwnerId": dana});
    let orphan = org.create("Contact", contact).await;
    let child = org.create("Contact", json!({"LastName": "Li", "AccountId": account, "OwnerId": dana})).await;
    let mine = org.create("Account", json!({"Name": "Mine"})).await;

    allow(&org, json!({})).await;
    let private = "a contact without an account is its owner's alone";
    let found = org.query("SELECT Id FROM Contact WHERE Email = 'lee@hers.com'").await.1;
    assert_eq!(found["totalSize"], 0, "{private}");
    assert_eq!(code(&org.get(&format!("/sobjects/Contact/{orphan}")).await), (404, "NOT_FOUND"), "{private}");
    let (status, made) = org.patch("/sobjects/Contact/Email/lee%40hers.com", json!({"LastName": "Lee"})).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)), "an upsert finds only what its user may see");
    assert_eq!(org.field("Contact", &child, "LastName").await, "Li", "accounts and contacts are open unless said");

    org.sim(Method::POST, "permissions", json!({"sharing": {"Account": "private", "Contact": "parent"}})).await;
    let names = org.query("SELECT Name FROM Account WHERE Name IN ('Hers', 'Mine')").await.1;
    assert_eq!(names["records"][0]["Name"], "Mine");
    assert_eq!(names["totalSize"], 1);
    assert_eq!(org.get(&format!("/sobjects/Contact/{child}")).await.0, 404, "a contact follows its account");
    assert_eq!(
        org.post("/sobjects/Contact", json!({"LastName": "A", "AccountId": account})).await,
        (
            400,
            json!([{
                "message": format!("insufficient access rights on cross-reference id: {account}"),
                "errorCode": "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "fields": [],
            }])
        )
    );
    org.sim(Method::POST, "permissions", json!({"sharing": {"Account": "read"}})).await;
    let path = format!("/sobjects/Account/{account}");
    assert_eq!(org.get(&path).await.0, 200);
    assert_eq!(code(&org.patch(&path, json!({"Phone": "1"})).await), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
    assert_eq!(org.patch(&format!("/sobjects/Account/{mine}"), json!({"Phone": "1"})).await.0, 204);
    allow(&org, json!({"objects": {"Account": {"modify_all": true}}})).await;
    assert_eq!(org.patch(&path, json!({"Phone": "1"})).await.0, 204, "Modify All goes past sharing");
    allow(&org, json!({"view_all": true})).await;
    assert_eq!(org.get(&format!("/sobjects/Contact/{orphan}")).await.0, 200, "View All Data sees private contacts");
    org.stop().await;
}

#[tokio::test]
async fn somebody_elses_event_is_moved_only_when_sharing_lets_it() {
    let org = Org::start("demo").await;
    let dana = user(&org, "Dana").await;
    let account = org.create("Account", json!({"Name": "Acme"})).await;
    let contact = org.create("Contact", json!({"LastName": "Lee", "AccountId": account})).await;
    let event = json!({
        "Subject": "Demo", "StartDateTime": "2027-03-08T10:00:00Z", "DurationInMinutes": 30,
        "WhoId": contact, "OwnerId": dana,
    });
    let path = format!("/sobjects/Event/{}", org.create("Event", event).await);
    allow(&org, json!({})).await;
    assert_eq!(
        org.patch(&path, json!({"Subject": "A"})).await.0,
        204,
        "controlled by parent: the contact may be changed"
    );
    org.sim(Method::POST, "permissions", json!({"sharing": {"Activity": "private"}})).await;
    assert_eq!(org.get(&path).await.0, 200, "who reads the contact reads its events");
    assert_eq!(code(&org.patch(&path, json!({"Subject": "B"})).await), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
    assert_eq!(code(&org.delete(&path).await), (400, "INSUFFICIENT_ACCESS_OR_READONLY"));
    org.stop().await;
}

#[tokio::test]
async fn a_record_type_is_for_those_who_have_it() {
    let org = Org::start("demo").await;
    let (_, before) = org.get("/sobjects/Account/describe").await;
    assert!(
        before["fields"].as_array().expect("fields").iter().all(|f| f["name"] != "RecordTypeId"),
        "without record types there is no RecordTypeId"
    );
    let kind = |name: &str| json!({"Name": name, "DeveloperName": name, "SobjectType": "Account", "IsActive": true});
    let loaded = org.sim(Method::POST, "records", json!({"RecordType": [kind("Customer"), kind("Partner")]})).await;
    let ids: Vec<&str> = loaded["ids"]["RecordType"].as_array().expect("ids").iter().filter_map(Json::as_str).collect();
    let id = org.create("Account", json!({"Name": "A"})).await;
    assert_eq!(org.field("Account", &id, "RecordTypeId").await, ids[0], "new records get the default record type");

    allow(&org, json!({"record_types": {"Account": {"available": [ids[1]], "default": ids[1]}}})).await;
    let id = org.create("Account", json!({"Name": "B"})).await;
    assert_eq!(org.field("Account", &id, "RecordTypeId").await, ids[1]);
    assert_eq!(
        org.post("/sobjects/Account", json!({"Name": "C", "RecordTypeId": ids[0]})).await,
        (
            400,
            json!([{
                "message": format!("Record Type ID: this ID value isn't valid for the user: {}", ids[0]),
                "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": ["RecordTypeId"],
            }])
        )
    );
    let (_, describe) = org.get("/sobjects/Account/describe").await;
    let shown = |at: usize, key: &str| describe["recordTypeInfos"][at][key].clone();
    assert_eq!((shown(0, "name"), shown(0, "available")), (json!("Customer"), json!(false)));
    assert_eq!((shown(1, "available"), shown(1, "defaultRecordTypeMapping")), (json!(true), json!(true)));
    org.stop().await;
}

#[tokio::test]
async fn a_user_may_ask_what_it_may_do_with_records() {
    let org = Org::start("demo").await;
    let (me, dana) = (user(&org, "Matchbook").await, user(&org, "Dana").await);
    let event =
        json!({"Subject": "Call", "StartDateTime": "2027-03-08T10:00:00Z", "EndDateTime": "2027-03-08T11:00:00Z"});
    let with_owner = |owner: &str| {
        let mut event = event.clone();
        event["OwnerId"] = owner.into();
        event
    };
    let theirs = org.create("Event", with_owner(&dana)).await;
    let mine = org.create("Event", with_owner(&me)).await;
    let access = async |records: &str| {
        org.query(&format!(
            "SELECT RecordId, HasEditAccess FROM UserRecordAccess WHERE UserId = '{me}' AND RecordId {records}"
        ))
        .await
    };
    let row = |id: &str, edit: bool| json!({"attributes": {"type": "UserRecordAccess"}, "RecordId": id, "HasEditAccess": edit});
    assert_eq!(access(&format!("= '{theirs}'")).await.1["records"], json!([row(&theirs, true)]), "an administrator");

    org.sim(Method::POST, "permissions", json!({"users": {ME: {}}, "sharing": {"Activity": "read"}})).await;
    let both = access(&format!("IN ('{theirs}', '{mine}')")).await;
    assert_eq!(both.1["records"], json!([row(&theirs, false), row(&mine, true)]));
    org.sim(Method::POST, "permissions", json!({"sharing": {"Activity": "private"}})).await;
    let seen = access(&format!("IN ('{theirs}', '{mine}')")).await;
    assert_eq!(seen.1["records"], json!([row(&mine, true)]), "a hidden record is left out");
    assert_eq!(code(&org.query("SELECT RecordId FROM UserRecordAccess").await), (400, "MALFORMED_QUERY"));
    org.stop().await;
}
