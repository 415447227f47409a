//! Queries over HTTP: paging, cost, the recycle bin. What SOQL means is tested beside its own code.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Org, answer, code};

#[tokio::test]
async fn a_query_sees_what_was_written() {
    let org = Org::start("demo").await;
    let id = org.create("Contact", json!({"LastName": "Lee", "Email": "Lee@Acme.com"})).await;
    let (status, body) = org.query("SELECT id, name, IsDeleted FROM contact WHERE Email = 'lee@acme.com'").await;
    assert_eq!(
        (status, body),
        (
            200,
            json!({
                "totalSize": 1, "done": true,
                "records": [{
                    "attributes": {"type": "Contact", "url": format!("/services/data/v66.0/sobjects/Contact/{id}")},
                    "Id": id, "Name": "Lee", "IsDeleted": false,
                }],
            })
        )
    );
    let log = org.sim(Method::GET, "calls", Json::Null).await;
    let call = log["calls"].as_array().and_then(|calls| calls.last()).expect("a call");
    assert_eq!((&call["kind"], &call["index_used"]), (&json!("query"), &json!("Contact.Email")), "{call}");
    org.stop().await;
}

#[tokio::test]
async fn the_accounts_of_a_domain_come_with_their_owners() {
    let org = Org::start("demo").await;
    let soql =
        "SELECT Name, Owner.Email FROM Account WHERE Website LIKE '%acme.com%' AND IsDeleted = false ORDER BY Name";
    let (_, body) = org.query(soql).await;
    let found: Vec<(&Json, &Json)> =
        body["records"].as_array().expect("records").iter().map(|r| (&r["Name"], &r["Owner"]["Email"])).collect();
    assert_eq!(
        found,
        [
            (&json!("Acme"), &json!("dana.ito@northwind.example")),
            (&json!("Acme EMEA"), &json!("ravi.menon@northwind.example")),
            (&json!("Acme France"), &json!("lea.moreau@northwind.example")),
        ]
    );
    let soql = "SELECT AccountId, COUNT(Id) n FROM Contact WHERE Account.Name = 'Acme' GROUP BY AccountId";
    assert_eq!(org.query(soql).await.1["records"][0]["n"], 3);
    org.stop().await;
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let org = Org::start("empty").await;
    let leads: Vec<Json> = (0..450).map(|n| json!({"LastName": format!("L{n}"), "Company": "x"})).collect();
    org.sim(Method::POST, "records", json!({"Lead": leads})).await;
    let first = org.rest(Method::GET, "/query/").query(&[("q", "SELECT LastName FROM Lead ORDER BY Id")]);
    let (_, first) =
        answer(first.header("Sforce-Query-Options", "batchSize=200").send().await.expect("an answer")).await;
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(450), &json!(false)));
    let mut names: Vec<Json> = Vec::new();
    let mut page = first;
    loop {
        names.extend(page["records"].as_array().expect("records").iter().map(|r| r["LastName"].clone()));
        let Some(next) = page["nextRecordsUrl"].as_str() else { break };
        let (status, body) = org.get(next.strip_prefix("/services/data/v66.0").expect("the same version")).await;
        assert_eq!(status, 200, "{body}");
        page = body;
    }
    assert_eq!(page["done"], true);
    let expected: Vec<Json> = (0..450).map(|n| json!(format!("L{n}"))).collect();
    assert_eq!(names, expected, "the pages do not add up");
    assert_eq!(code(&org.get("/query/0r8SimZZZ-200").await), (400, "INVALID_QUERY_LOCATOR"));
    org.stop().await;
}

#[tokio::test]
async fn deleted_records_are_only_in_query_all() {
    let org = Org::start("empty").await;
    let kept = org.create("Lead", json!({"LastName": "Kept", "Company": "x", "Email": "l@acme.com"})).await;
    let gone = org.create("Lead", json!({"LastName": "Gone", "Company": "x", "Email": "l@acme.com"})).await;
    org.delete(&format!("/sobjects/Lead/{gone}")).await;
    let soql = "SELECT Id, IsDeleted FROM Lead WHERE Email = 'l@acme.com' ORDER BY Id";
    let ids = |body: &Json| -> Vec<Json> {
        body["records"].as_array().expect("records").iter().map(|r| r["Id"].clone()).collect()
    };
    assert_eq!(ids(&org.query(soql).await.1), [json!(kept)]);
    let all = org.rest(Method::GET, "/queryAll").query(&[("q", soql)]).send().await.expect("an answer");
    let (_, all) = answer(all).await;
    assert_eq!(ids(&all), [json!(kept), json!(gone)]);
    assert_eq!(all["records"][1]["IsDeleted"], true);
    org.stop().await;
}

#[tokio::test]
async fn a_refused_query_points_at_the_error() {
    let org = Org::start("empty").await;
    let (status, body) = org.query("SELECT Id, Foo__c FROM Contact").await;
    let message = "\nSELECT Id, Foo__c FROM Contact\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo__c' on \
                   entity 'Contact'. If you are attempting to use a custom field, be sure to append the '__c' after the \
                   custom field name. Please reference your WSDL or the describe call for the appropriate names.";
    assert_eq!((status, body), (400, json!([{"message": message, "errorCode": "INVALID_FIELD"}])));
    org.stop().await;
}

#[tokio::test]
async fn a_composite_reads_with_what_its_queries_found() {
    let org = Org::start("demo").await;
    let answers = org
        .composite(
            false,
            json!([
                {"method": "GET", "referenceId": "q",
                 "url": "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact+WHERE+Email+%3D+'alice.chen%40acme.com'"},
                {"method": "GET", "referenceId": "c",
                 "url": "/services/data/v66.0/sobjects/Contact/@{q.records[0].Id}?fields=Name"},
                {"method": "GET", "referenceId": "none",
                 "url": "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact+WHERE+LastName+%3D+'nobody'"},
                {"method": "GET", "referenceId": "halted",
                 "url": "/services/data/v66.0/sobjects/Contact/@{none.records[0].Id}"},
            ]),
        )
        .await;
    assert_eq!(answers[1]["body"]["Name"], "Alice Chen");
    assert_eq!(answers[3]["body"][0]["errorCode"], "PROCESSING_HALTED", "an empty result has no first record");
    org.stop().await;
}

#[tokio::test]
async fn an_org_knows_itself() {
    let org = Org::start("empty").await;
    let (_, found) = org.query("SELECT Id, IsSandbox FROM Organization LIMIT 1").await;
    let id = found["records"][0]["Id"].as_str().expect("the org's own record");
    assert_eq!(found["records"][0]["IsSandbox"], false);
    assert!(org.token.starts_with(&id[..15]), "tokens begin with the org's id: {id}");
    assert_eq!(org.field("Organization", id, "OrganizationType").await, "Developer Edition");
    org.stop().await;
}
