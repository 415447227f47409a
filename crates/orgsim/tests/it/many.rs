//! Many records in one request: collections, tree, batch, graph, and parents named by an external id.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, answer, code};

fn contact(fields: Json) -> Json {
    let mut record = json!({ "attributes": { "type": "Contact" } });
    record.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    record
}

fn refused(code: &str, message: &str, fields: Json) -> Json {
    json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": fields}]})
}

const ROLLED_BACK: &str =
    "Record rolled back because not all records were valid and the request was using AllOrNone header";

async fn contacts(org: &Org) -> usize {
    org.sim(Method::GET, "records/Contact", Json::Null).await.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn each_record_of_a_collection_has_its_own_answer() {
    let org = Org::start("empty").await;
    let records = json!([contact(json!({"LastName": "Lee"})), contact(json!({"FirstName": "Ann"})), {"LastName": "x"}]);
    let (status, body) = org.post("/composite/sobjects", json!({"allOrNone": false, "records": records})).await;
    let id = body[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        (status, &body),
        (
            200,
            &json!([
                {"id": id, "success": true, "errors": []},
                refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", json!(["LastName"])),
                refused(
                    "JSON_PARSER_ERROR",
                    "Nested object for polymorphic foreign key must have an attributes field before any other fields.",
                    json!([])
                ),
            ])
        )
    );
    let nobody = "003000000000001AAA";
    let updates = json!([
        contact(json!({"id": id, "LastName": "New"})),
        contact(json!({"LastName": "x"})),
        contact(json!({"id": nobody}))
    ]);
    let (status, body) = org.patch("/composite/sobjects", json!({"records": updates})).await;
    assert_eq!(
        (status, body),
        (
            200,
            json!([
                {"id": id, "success": true, "errors": []},
                refused("MISSING_ARGUMENT", "Id not specified in an update call", json!([])),
                refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", json!([])),
            ])
        )
    );
    let (status, body) = org.get(&format!("/composite/sobjects/Contact?ids={id},{nobody}&fields=LastName")).await;
    assert_eq!((status, &body[0]["LastName"], &body[1]), (200, &json!("New"), &Json::Null));
    let (status, body) = org.delete(&format!("/composite/sobjects?ids={id},{id}")).await;
    assert_eq!(
        (status, body),
        (
            200,
            json!([{"id": id, "success": true, "errors": []}, refused("ENTITY_IS_DELETED", "entity is deleted", json!([]))])
        )
    );
    org.stop().await;
}

#[tokio::test]
async fn all_or_none_leaves_nothing_behind() {
    let org = Org::start("empty").await;
    let records = json!([contact(json!({"FirstName": "Ann"})), contact(json!({"LastName": "Lee"}))]);
    let (status, body) = org.post("/composite/sobjects", json!({"allOrNone": true, "records": records})).await;
    assert_eq!(
        (status, body),
        (
            200,
            json!([
                refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", json!(["LastName"])),
                refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", ROLLED_BACK, json!([])),
            ])
        )
    );
    assert_eq!(contacts(&org).await, 0, "an innocent record stayed");
    org.stop().await;
}

#[tokio::test]
async fn upserts_say_which_records_are_new() {
    let org = Org::start("empty").await;
    let records =
        json!([contact(json!({"LastName": "Lee", "Email": "lee@acme.com"})), contact(json!({"LastName": "x"}))]);
    let body = json!({"records": records});
    let (_, first) = org.patch("/composite/sobjects/Contact/Email", body.clone()).await;
    let id = first[0]["id"].clone();
    let missing = json!({"success": false, "created": false, "errors": [
        {"statusCode": "MISSING_ARGUMENT", "message": "Email not specified", "fields": []}]});
    assert_eq!(first, json!([{"id": id, "success": true, "errors": [], "created": true}, missing]));
    let (_, second) = org.patch("/composite/sobjects/Contact/Email", body).await;
    assert_eq!(second, json!([{"id": id, "success": true, "errors": [], "created": false}, missing]));
    org.stop().await;
}

#[tokio::test]
async fn collections_have_limits() {
    let org = Org::start("empty").await;
    let empty = org.post("/composite/sobjects", json!({"records": []})).await;
    assert_eq!(
        empty,
        (400, json!([{"message": "At least 1 record is required", "errorCode": "REQUIRED_FIELD_MISSING"}]))
    );
    let many: Vec<Json> = (0..201).map(|_| contact(json!({"LastName": "x"}))).collect();
    assert_eq!(code(&org.post("/composite/sobjects", json!({"records": many})).await), (400, "LIMIT_EXCEEDED"));
    let lead = json!({"attributes": {"type": "Lead"}, "LastName": "x", "Company": "x"});
    let mixed: Vec<Json> =
        (0..11).map(|n| if n % 2 == 0 { contact(json!({"LastName": "x"})) } else { lead.clone() }).collect();
    assert_eq!(code(&org.post("/composite/sobjects", json!({"records": mixed})).await), (400, "LIMIT_EXCEEDED"));
    assert_eq!(contacts(&org).await, 0, "a refused collection did something");
    org.stop().await;
}

#[tokio::test]
async fn a_collection_is_one_part_of_a_composite() {
    let org = Org::start("empty").await;
    let people = json!({"records": [contact(json!({"LastName": "Lee"})), contact(json!({"LastName": "Roy"}))]});
    let collection = |n: usize| json!({"method": "POST", "url": "/services/data/v66.0/composite/sobjects", "referenceId": format!("people{n}"), "body": people});
    let read = json!({"method": "GET", "url": "/services/data/v66.0/sobjects/Contact/@{people0[1].id}?fields=LastName", "referenceId": "r"});
    let answers = org.composite(true, json!([collection(0), read])).await;
    assert_eq!(answers[1]["body"]["LastName"], "Roy");
    let six: Vec<Json> = (0..6).map(collection).collect();
    let refused = org.post("/composite", json!({"compositeRequest": six})).await;
    assert_eq!(code(&refused), (400, "LIMIT_EXCEEDED"), "a collection takes one of the five query places");
    let none =
        json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "bad", "body": {}});
    org.composite(true, json!([collection(0), none])).await;
    assert_eq!(contacts(&org).await, 2, "a collection in a failed transaction stayed");
    let search = json!({"method": "GET", "url": "/services/data/v66.0/search?q=FIND+{x}", "referenceId": "s"});
    assert_eq!(
        org.composite(false, json!([search])).await[0]["httpStatusCode"],
        400,
        "search has no place in a composite"
    );
    org.stop().await;
}

#[tokio::test]
async fn a_parent_may_be_named_by_its_external_id() {
    let org = Org::start("empty").await;
    let field =
        json!({"name": "Ext__c", "label": "Ext", "type": "string", "length": 10, "externalId": true, "unique": true});
    org.sim(Method::POST, "fields", json!({"Account": [field]})).await;
    let account = org.create("Account", json!({"Name": "Acme", "Ext__c": "a1"})).await;
    let id = org.create("Contact", json!({"LastName": "Lee", "Account": {"Ext__c": "A1"}})).await;
    assert_eq!(org.field("Contact", &id, "AccountId").await, account.as_str());
    assert_eq!(
        org.post("/sobjects/Contact", json!({"LastName": "Lee", "Account": {"Ext__c": "a2"}})).await,
        (
            400,
            json!([{
                "message": "Foreign key external ID: a2 not found for field Ext__c in entity Account",
                "errorCode": "INVALID_FIELD", "fields": ["AccountId"],
            }])
        )
    );
    org.stop().await;
}

#[tokio::test]
async fn a_tree_is_created_whole_or_not_at_all() {
    let org = Org::start("empty").await;
    let tree = |email: &str| {
        json!({"records": [{
            "attributes": {"type": "Account", "referenceId": "a"}, "Name": "Acme",
            "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "Lee", "Email": email}]},
        }]})
    };
    let (status, body) = org.post("/composite/tree/Account", tree("lee@acme.com")).await;
    let (account, person) = (&body["results"][0]["id"], &body["results"][1]["id"]);
    assert_eq!(
        (status, &body),
        (
            201,
            &json!({"hasErrors": false, "results": [{"referenceId": "a", "id": account}, {"referenceId": "c", "id": person}]})
        )
    );
    assert_eq!(&org.field("Contact", person.as_str().expect("an id"), "AccountId").await, account);
    assert_eq!(
        org.post("/composite/tree/Account", tree("123")).await,
        (
            400,
            json!({"hasErrors": true, "results": [{"referenceId": "c", "errors": [{
                "statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: 123", "fields": ["Email"],
            }]}]})
        )
    );
    let accounts = org.sim(Method::GET, "records/Account", Json::Null).await;
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "half a tree stayed");
    org.stop().await;
}

#[tokio::test]
async fn a_batch_halts_only_when_told() {
    let org = Org::start("empty").await;
    let requests = json!([
        {"method": "GET", "url": "v66.0/sobjects/Nope/describe"},
        {"method": "POST", "url": "v66.0/sobjects/Contact", "richInput": {"LastName": "Lee"}},
    ]);
    let (status, body) = org.post("/composite/batch", json!({"batchRequests": requests})).await;
    let not_found = json!([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]);
    assert_eq!((status, &body["hasErrors"]), (200, &json!(true)));
    assert_eq!(body["results"][0], json!({"statusCode": 404, "result": not_found}));
    assert_eq!(body["results"][1]["statusCode"], 201);
    let calls = org.sim(Method::GET, "calls", Json::Null).await;
    assert_eq!(calls["api_calls"], 3, "each request of a batch counts, and so does the batch");
    let (_, body) = org.post("/composite/batch", json!({"batchRequests": requests, "haltOnError": true})).await;
    assert_eq!(
        body["results"][1],
        json!({"statusCode": 412, "result": [{"message": "Batch processing halted as per request.", "errorCode": "BATCH_PROCESSING_HALTED"}]})
    );
    assert_eq!(contacts(&org).await, 1);
    org.stop().await;
}

#[tokio::test]
async fn every_graph_is_a_transaction_of_its_own() {
    let org = Org::start("empty").await;
    let node = |reference: &str, body: Json| json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": reference, "body": body});
    let graphs = json!({"graphs": [
        {"graphId": "1", "compositeRequest": [node("a", json!({"LastName": "Lee"}))]},
        {"graphId": "2", "compositeRequest": [node("a", json!({"LastName": "Roy"})), node("b", json!({"Nope": 1}))]},
    ]});
    let (status, body) = org.post("/composite/graph", graphs).await;
    let id = body["graphs"][0]["graphResponse"]["compositeResponse"][0]["body"]["id"].as_str().expect("an id");
    let wrong = |reference: &str| {
        json!({
            "body": [{"message": "No such column 'Nope' on sobject of type Contact", "errorCode": "INVALID_FIELD"}],
            "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference,
        })
    };
    assert_eq!(
        (status, &body),
        (
            200,
            &json!({"graphs": [
                {"graphId": "1", "isSuccessful": true, "graphResponse": {"compositeResponse": [{
                    "body": {"id": id, "success": true, "errors": []},
                    "httpHeaders": {"Location": format!("/services/data/v66.0/sobjects/Contact/{id}")},
                    "httpStatusCode": 201, "referenceId": "a",
                }]}},
                {"graphId": "2", "isSuccessful": false, "graphResponse": {"compositeResponse": [wrong("a"), wrong("b")]}},
            ]})
        )
    );
    assert_eq!(contacts(&org).await, 1, "a failed graph left something behind");
    org.stop().await;
}

#[tokio::test]
async fn changes_and_counts_are_listed() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": "2027-03-08T10:00:30Z"})).await;
    let id = org.create("Account", json!({"Name": "Acme"})).await;
    let url = format!("/services/data/v66.0/sobjects/Account/{id}");
    let window = "start=2027-03-08T09:00:00Z&end=2027-03-08T10:05:00%2B00:00";
    org.sim(Method::PATCH, "settings", json!({"now": "2027-03-08T10:06:00Z"})).await;
    assert_eq!(
        org.get(&format!("/sobjects/Account/updated/?{window}")).await,
        (200, json!({"ids": [id], "latestDateCovered": "2027-03-08T10:05:00.000+0000"}))
    );
    assert_eq!(
        org.get("/limits/recordCount?sObjects=Account,Contact").await,
        (200, json!({"sObjects": [{"count": 1, "name": "Account"}]}))
    );
    let item = json!({"attributes": {"type": "Account", "url": url}, "Id": id, "Name": "Acme"});
    assert_eq!(org.get("/recent?limit=1").await, (200, json!([item])));
    let (_, info) = org.get("/sobjects/account").await;
    assert_eq!((&info["objectDescribe"]["name"], &info["recentItems"]), (&json!("Account"), &json!([item])));
    org.delete(&format!("/sobjects/Account/{id}")).await;
    let window = "start=2027-03-08T09:00:00Z&end=2027-03-08T11:00:00Z";
    org.sim(Method::PATCH, "settings", json!({"now": "2027-03-08T10:07:30Z"})).await;
    assert_eq!(
        org.get(&format!("/sobjects/Account/deleted?{window}")).await,
        (
            200,
            json!({
                "deletedRecords": [{"deletedDate": "2027-03-08T10:06:00.000+0000", "id": id}],
                "earliestDateAvailable": "2027-02-21T10:07:00.000+0000",
                "latestDateCovered": "2027-03-08T10:07:00.000+0000",
            })
        )
    );
    let old = org.get("/sobjects/Account/updated?start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z").await;
    assert_eq!(code(&old), (400, "INVALID_REPLICATION_DATE"));
    let unsigned = org.client.get(org.url("/services/data/v66.0/recent")).send().await.expect("an answer");
    assert_eq!(code(&answer(unsigned).await), (401, "INVALID_AUTH_HEADER"));
    org.stop().await;
}
