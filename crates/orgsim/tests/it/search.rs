//! Search, and what the query address answers beside rows.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Answer, Org, answer, code};

async fn find(org: &Org, statement: &str) -> Answer {
    answer(org.rest(Method::GET, "/search").query(&[("q", statement)]).send().await.expect("an answer")).await
}

fn found(object: &str, id: &str, fields: Json) -> Json {
    let url = format!("/services/data/v66.0/sobjects/{object}/{id}");
    let mut record = json!({"attributes": {"type": object, "url": url}});
    record.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    record
}

#[tokio::test]
async fn a_person_is_found_by_email() {
    let org = Org::start("empty").await;
    let lee = org.create("Contact", json!({"LastName": "Lee", "Email": "lee@acme.com"})).await;
    let lead = org.create("Lead", json!({"LastName": "Roy", "Company": "lee acme com", "Email": "roy@acme.com"})).await;
    let statement = "FIND {lee@acme.com} IN EMAIL FIELDS RETURNING Contact(Id, Email), Lead(Id)";
    let record = found("Contact", &lee, json!({"Id": lee, "Email": "lee@acme.com"}));
    assert_eq!(find(&org, statement).await, (200, json!({"searchRecords": [record]})));
    let all = find(&org, "FIND {acme.com} RETURNING Lead(Id WHERE Email LIKE 'r%' ORDER BY Name LIMIT 3)").await;
    assert_eq!(all, (200, json!({"searchRecords": [found("Lead", &lead, json!({"Id": lead}))]})));
    assert_eq!(find(&org, "FIND {nobody}").await, (200, json!({"searchRecords": []})));
    org.stop().await;
}

#[tokio::test]
async fn a_website_is_found_by_its_domain_and_by_parameters() {
    let org = Org::start("empty").await;
    let acme = org.create("Account", json!({"Name": "Acme", "Website": "https://www.acme.com/home"})).await;
    let record = found("Account", &acme, json!({"Id": acme}));
    let expected = (200, json!({"searchRecords": [record]}));
    assert_eq!(find(&org, "FIND {acme.com} IN NAME FIELDS RETURNING Account").await, expected);
    assert_eq!(org.get("/parameterizedSearch?q=acme.com&sobject=Account").await, expected);
    let body = json!({"q": "acme.com", "in": "NAME", "fields": ["Id"], "sobjects": [{"name": "Account", "where": "Name = 'Acme'", "limit": 5}], "overallLimit": 100, "spellCorrection": false});
    assert_eq!(org.post("/parameterizedSearch", body).await, expected);
    let nothing = json!({"q": "acme", "sobjects": [{"name": "Account", "where": "Name = 'x'"}]});
    assert_eq!(org.post("/parameterizedSearch", nothing).await, (200, json!({"searchRecords": []})));
    org.stop().await;
}

#[tokio::test]
async fn a_new_record_is_found_only_after_a_while() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"search_lag_ms": 60_000, "now": "2027-03-08T10:00:00Z"})).await;
    org.create("Contact", json!({"LastName": "Lee"})).await;
    let hits =
        async || find(&org, "FIND {Lee} RETURNING Contact").await.1["searchRecords"].as_array().map_or(9, Vec::len);
    assert_eq!(hits().await, 0, "search found a record that was just created");
    org.sim(Method::PATCH, "settings", json!({"advance_ms": 60_000})).await;
    assert_eq!(hits().await, 1, "the index never took the record in");
    org.stop().await;
}

#[tokio::test]
async fn a_refused_search_says_why() {
    let org = Org::start("empty").await;
    assert_eq!(
        find(&org, "FIND acme").await,
        (
            400,
            json!([{"message": "No search term found. The search term must be enclosed in braces.", "errorCode": "MALFORMED_SEARCH"}])
        )
    );
    assert_eq!(code(&find(&org, "FIND {acme} RETURNING Nope(Id)").await), (400, "INVALID_TYPE"));
    assert_eq!(code(&find(&org, "FIND {acme} RETURNING Contact(Nope)").await), (400, "INVALID_FIELD"));
    assert_eq!(code(&find(&org, "FIND {acme} RETURNING Contact(Id WHERE)").await), (400, "MALFORMED_SEARCH"));
    org.stop().await;
}

#[tokio::test]
async fn a_query_tells_its_columns_and_its_plan() {
    let org = Org::start("demo").await;
    let (status, columns) = org.get("/query?q=select+id+from+Contact&columns=true").await;
    assert_eq!((status, &columns["columnMetadata"][0]["columnName"]), (200, &json!("Id")));
    assert_eq!((&columns["entityName"], &columns["idSelected"]), (&json!("Contact"), &json!(true)));
    let (status, plan) = org.get("/query?explain=SELECT+Id+FROM+Contact+WHERE+Email='x@y.z'").await;
    assert_eq!((status, &plan["plans"][0]["leadingOperationType"]), (200, &json!("Index")));
    assert_eq!(plan["plans"][0]["fields"], json!(["Email"]));
    org.stop().await;
}

#[tokio::test]
async fn a_query_that_reads_too_much_runs_out_of_time() {
    let org = Org::start("demo").await;
    org.sim(Method::PATCH, "settings", json!({"query_timeout_rows": 2})).await;
    assert_eq!(
        org.query("SELECT Id FROM Account WHERE Website LIKE '%acme%'").await,
        (400, json!([{"message": "Your query request was running for too long.", "errorCode": "QUERY_TIMEOUT"}]))
    );
    assert_eq!(org.query("SELECT Id FROM Contact WHERE Email = 'nobody@acme.com'").await.0, 200);
    org.stop().await;
}
