//! The control interface: loading, settings, calls and faults.

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{APP_ID, APP_SECRET, Org, answer, code};

#[tokio::test]
async fn records_are_loaded_with_references_in_any_order() {
    let org = Org::start("empty").await;
    let loaded = org
        .sim(
            Method::POST,
            "records",
            json!({
                "Contact": [{"LastName": "Lee", "AccountId": "@acme", "CreatedDate": "2020-01-01T00:00:00Z"}],
                "Account": [{"@ref": "acme", "Name": "Acme"}],
            }),
        )
        .await;
    let account = loaded["refs"]["acme"].as_str().expect("the named record's id");
    assert_eq!(loaded["ids"]["Account"], json!([account]));
    let contacts = org.sim(Method::GET, "records/Contact", Json::Null).await;
    assert_eq!((&contacts[0]["AccountId"], &contacts[0]["Name"]), (&json!(account), &json!("Lee")));
    assert_eq!(contacts[0]["CreatedDate"], "2020-01-01T00:00:00.000+0000", "a load may set system fields");
    for (wrong, told) in [
        (json!({"Nope": []}), "there is no object Nope"),
        (
            json!({"Account": [{"Name": "A"}, {"Nope": 1}]}),
            "Account (record 2 of the load), Nope: there is no such field",
        ),
        (json!({"Contact": [{"AccountId": "@x"}]}), "no record is named @x"),
    ] {
        let (status, body) = org.sim_raw(Method::POST, "records", wrong).await;
        assert!(status == 422 && body["error"].as_str().is_some_and(|e| e.contains(told)), "{body}");
    }
    let accounts = org.sim(Method::GET, "records/Account", Json::Null).await;
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "a refused load left something behind");
    org.stop().await;
}

#[tokio::test]
async fn a_reset_brings_the_world_back() {
    let org = Org::start("demo").await;
    let before = org.sim(Method::GET, "records/Account", Json::Null).await;
    org.create("Account", json!({"Name": "New"})).await;
    org.sim(Method::POST, "reset", Json::Null).await;
    let after = org.sim(Method::GET, "records/Account", Json::Null).await;
    let names = |list: &Json| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|a| a["Name"].to_string()).collect()
    };
    assert_eq!(names(&after), names(&before));
    assert_eq!(org.sim(Method::POST, "reset", json!({"world": "empty"})).await, json!({"world": "empty"}));
    let (status, body) = org.sim_raw(Method::POST, "reset", json!({"world": "moon"})).await;
    assert_eq!((status, body), (422, json!({"error": "there is no world named moon; there are empty, demo"})));
    org.stop().await;
}

#[tokio::test]
async fn an_added_field_is_there_for_everybody() {
    let org = Org::start("empty").await;
    let field = json!({"name": "Tier__c", "label": "Tier", "type": "string", "length": 10, "unique": true});
    org.sim(Method::POST, "fields", json!({"Account": [field]})).await;
    let id = org.create("Account", json!({"Name": "Acme", "Tier__c": "Gold"})).await;
    assert_eq!(org.field("Account", &id, "Tier__c").await, "Gold");
    assert_eq!(
        org.post("/sobjects/Account", json!({"Name": "Other", "Tier__c": "gold"})).await,
        (
            400,
            json!([{
                "message": format!("duplicate value found: Tier__c duplicates value on record with id: {id}"),
                "errorCode": "DUPLICATE_VALUE", "fields": [],
            }])
        )
    );
    org.stop().await;
}

#[tokio::test]
async fn calls_are_listed_and_counted_as_the_org_counts_them() {
    let org = Org::start("empty").await;
    org.get("/limits").await;
    answer(org.client.get(org.url("/services/data")).send().await.expect("an answer")).await;
    let log = org.sim(Method::GET, "calls", Json::Null).await;
    assert_eq!(log["api_calls"], 1, "signing in and the list of versions are not counted");
    let kinds: Vec<&Json> = log["calls"].as_array().expect("calls").iter().map(|call| &call["kind"]).collect();
    assert_eq!(kinds, ["token", "limits", "versions"]);
    org.sim(Method::DELETE, "calls", Json::Null).await;
    assert_eq!(org.sim(Method::GET, "calls", Json::Null).await, json!({"api_calls": 0, "calls": []}));
    org.stop().await;
}

#[tokio::test]
async fn an_exhausted_limit_refuses() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"daily_api_limit": 1})).await;
    assert_eq!(org.get("/limits").await.1["DailyApiRequests"], json!({"Max": 1, "Remaining": 0}));
    let over = org.get("/limits").await;
    assert_eq!(
        over,
        (403, json!([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]))
    );
    let (status, body) = org.sim_raw(Method::PATCH, "settings", json!({"latencies": 5})).await;
    assert!(status == 422 && body["error"].as_str().is_some_and(|e| e.contains("latency_ms")), "{body}");
    org.stop().await;
}

#[tokio::test]
async fn an_error_strikes_the_next_matching_requests_only() {
    let org = Org::start("demo").await;
    let busy = json!({"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"});
    let fault = json!({"match": {"method": "POST", "object": "Contact"}, "effect": {"error": busy}, "times": 2});
    org.sim(Method::POST, "faults", fault).await;
    org.create("Account", json!({"Name": "Acme"})).await;
    let struck = org.post("/sobjects/Contact", json!({"LastName": "Lee"})).await;
    assert_eq!(struck, (503, json!([{"message": "server too busy", "errorCode": "SERVER_UNAVAILABLE"}])));
    let contact = |r: &str| json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": r, "body": {"LastName": "x"}});
    let answers = org.composite(false, json!([contact("a"), contact("b")])).await;
    assert_eq!((&answers[0]["httpStatusCode"], &answers[1]["httpStatusCode"]), (&json!(503), &json!(201)));
    let faults = org.sim(Method::GET, "faults", Json::Null).await;
    assert_eq!((&faults["faults"][0]["times"], &faults["faults"][0]["hits"]), (&json!(0), &json!(2)));
    org.stop().await;
}

#[tokio::test]
async fn a_token_can_be_refused_for_a_while() {
    let org = Org::start("empty").await;
    let busy = json!({"status": 400, "code": "invalid_grant", "message": "token request is already being processed"});
    org.sim(Method::POST, "faults", json!({"match": {"path": "/oauth2/token"}, "effect": {"error": busy}})).await;
    let form = [("grant_type", "client_credentials"), APP_ID, APP_SECRET];
    let refused = json!({"error": "invalid_grant", "error_description": "token request is already being processed"});
    assert_eq!(org.token(&form).await, (400, refused));
    assert_eq!(org.token(&form).await.0, 200);
    org.stop().await;
}

/// How many contacts the org holds after a create whose connection is dropped.
async fn after_drop(org: &Org, drop: &str) -> usize {
    let fault = json!({"match": {"method": "POST", "object": "Contact"}, "effect": {"drop": drop}});
    org.sim(Method::POST, "faults", fault).await;
    let sent = org.rest(Method::POST, "/sobjects/Contact").json(&json!({"LastName": "Lee"})).send().await;
    let error = sent.expect_err("the connection was to be dropped, but an answer came");
    assert!(!error.is_timeout() && !error.is_connect(), "the connection was not dropped in the middle: {error:?}");
    count(org).await
}

async fn count(org: &Org) -> usize {
    org.sim(Method::GET, "records/Contact", Json::Null).await.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_dropped_connection_may_or_may_not_have_had_its_effect() {
    let org = Org::start("empty").await;
    assert_eq!(after_drop(&org, "before").await, 0, "dropped before the effect");
    assert_eq!(after_drop(&org, "after").await, 1, "dropped after the effect");
    assert_eq!(after_drop(&org, "late").await, 1, "the effect is still to come");
    assert_eq!(org.sim(Method::POST, "late", Json::Null).await, json!({"performed": 1}));
    assert_eq!(count(&org).await, 2, "the late effect did not come");
    org.create("Contact", json!({"LastName": "Next"})).await;
    let log = org.sim(Method::GET, "calls", Json::Null).await;
    assert_eq!(log["calls"][1]["status"], Json::Null, "a dropped call has no status");
    org.stop().await;
}

#[tokio::test]
async fn a_composite_is_dropped_through_any_of_its_parts() {
    let org = Org::start("empty").await;
    org.sim(Method::POST, "faults", json!({"match": {"object": "Contact"}, "effect": {"drop": "after"}})).await;
    let part = json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "c", "body": {"LastName": "x"}});
    let sent = org.rest(Method::POST, "/composite").json(&json!({"compositeRequest": [part]})).send().await;
    sent.expect_err("the connection was to be dropped, but an answer came");
    assert_eq!(count(&org).await, 1);
    org.stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_slow_answers() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"latency_ms": 3_600_000})).await;
    let waiting = tokio::spawn(org.rest(Method::GET, "/limits").send());
    loop {
        // The call is in the log before its answer waits.
        let log = org.sim(Method::GET, "calls", Json::Null).await;
        if log["calls"].as_array().is_some_and(|calls| calls.iter().any(|call| call["kind"] == "limits")) {
            break;
        }
    }
    org.stop().await;
    let answer = waiting.await.expect("the request ran").expect("an answer came when the org stopped");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_wrong_fault_is_told() {
    let org = Org::start("empty").await;
    let (status, body) = org.sim_raw(Method::POST, "faults", json!({"effect": {"explode": 1}})).await;
    assert!(status == 422 && body["error"].as_str().is_some_and(|e| e.contains("explode")), "{body}");
    assert_eq!(code(&org.get("/nope").await), (404, "NOT_FOUND"));
    org.stop().await;
}

#[tokio::test]
async fn an_unknown_world_lists_the_known_ones() {
    let address = "127.0.0.1:0".parse().expect("an address");
    let error = orgsim::Server::start(address, "moon").await.expect_err("there is no such world");
    assert!(error.to_string().starts_with("there is no world named moon; there are: empty ("), "{error}");
}
