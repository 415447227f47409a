//! What goes wrong between a client and an org: held and late effects, pages, limits that come back, conditions,
//! compression, odd requests.

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::support::{Org, answer, code};

async fn contacts(org: &Org) -> usize {
    org.sim(Method::GET, "records/Contact", Json::Null).await.as_array().map_or(0, Vec::len)
}

async fn fault(org: &Org, effect: Json) {
    org.sim(Method::POST, "faults", json!({"match": {"object": "Contact"}, "effect": effect})).await;
}

async fn at(org: &Org, now: &str) {
    org.sim(Method::PATCH, "settings", json!({"now": now})).await;
}

#[tokio::test]
async fn an_effect_may_come_long_after_the_connection_is_gone() {
    let org = Org::start("empty").await;
    at(&org, "2027-03-08T10:00:00Z").await;
    fault(&org, json!({"drop": {"late_ms": 30_000}})).await;
    let sent = org.rest(Method::POST, "/sobjects/Contact").json(&json!({"LastName": "Lee"})).send().await;
    sent.expect_err("the connection was to be dropped, but an answer came");
    at(&org, "2027-03-08T10:00:29Z").await;
    assert_eq!(contacts(&org).await, 0, "the effect came too early");
    at(&org, "2027-03-08T10:00:30Z").await;
    assert_eq!(contacts(&org).await, 1, "the effect did not come");
    org.stop().await;
}

#[tokio::test]
async fn a_held_request_takes_effect_when_released_even_if_its_client_is_gone() {
    let org = Org::start("empty").await;
    fault(&org, json!({"hold": true})).await;
    let waiting = tokio::spawn(org.rest(Method::POST, "/sobjects/Contact").json(&json!({"LastName": "Lee"})).send());
    org.until_held().await;
    assert_eq!(contacts(&org).await, 0);
    waiting.abort();
    _ = waiting.await;
    assert_eq!(org.sim(Method::POST, "release", Json::Null).await, json!({"released": 1}));
    org.until_logged("row").await;
    assert_eq!(contacts(&org).await, 1, "the effect was lost with the client");
    org.stop().await;
}

#[tokio::test]
async fn a_fault_may_end_the_session_or_answer_a_page() {
    let org = Org::start("empty").await;
    fault(&org, json!({"html": 503})).await;
    let page = org.rest(Method::GET, "/sobjects/Contact/describe").send().await.expect("an answer");
    assert_eq!(
        (page.status(), &page.headers()["content-type"]),
        (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("text/html; charset=utf-8"))
    );
    assert!(page.text().await.expect("text").starts_with("<html>"));
    assert_eq!(org.get("/limits").await.0, 200);
    fault(&org, json!({"revoke": "session"})).await;
    assert_eq!(code(&org.post("/sobjects/Contact", json!({"LastName": "x"})).await), (401, "INVALID_SESSION_ID"));
    assert_eq!(org.get("/limits").await.0, 401, "the session lives on");
    let path = json!({"match": {"path": "/oauth2/userinfo"}, "effect": {"error": {"status": 500, "code": "x", "message": "y"}}});
    org.sim(Method::POST, "faults", path).await;
    let struck = org.client.get(org.url("/services/oauth2/userinfo")).send().await.expect("an answer");
    assert_eq!(answer(struck).await, (500, json!({"error": "x", "error_description": "y"})));
    org.stop().await;
}

#[tokio::test]
async fn a_fault_finds_the_object_of_a_collection() {
    let org = Org::start("empty").await;
    fault(&org, json!({"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"}})).await;
    let record = |object: &str| json!({"records": [{"attributes": {"type": object}, "LastName": "x", "Company": "x"}]});
    assert_eq!(org.post("/composite/sobjects", record("Lead")).await.0, 200);
    assert_eq!(code(&org.post("/composite/sobjects", record("Contact")).await), (503, "SERVER_UNAVAILABLE"));
    org.stop().await;
}

#[tokio::test]
async fn a_batch_and_a_graph_are_dropped_through_any_of_their_parts() {
    let org = Org::start("empty").await;
    let url = "/services/data/v66.0/sobjects/Contact";
    let node = json!({"method": "POST", "url": url, "referenceId": "c", "body": {"LastName": "x"}});
    let part = json!({"method": "POST", "url": &url[15..], "richInput": {"LastName": "x"}});
    for (path, body) in [
        ("/composite/graph", json!({"graphs": [{"graphId": "1", "compositeRequest": [node]}]})),
        ("/composite/batch", json!({"batchRequests": [part]})),
    ] {
        fault(&org, json!({"drop": "before"})).await;
        let sent = org.rest(Method::POST, path).json(&body).send().await;
        sent.expect_err("the connection was to be dropped, but an answer came");
        assert_eq!(contacts(&org).await, 0, "{path}");
    }
    org.stop().await;
}

#[tokio::test]
async fn used_up_calls_come_back_after_a_day() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"daily_api_limit": 2, "now": "2027-03-08T10:00:00Z"})).await;
    org.get("/limits").await;
    at(&org, "2027-03-08T20:00:00Z").await;
    let last = org.rest(Method::GET, "/limits").send().await.expect("an answer");
    assert_eq!(last.headers()["sforce-limit-info"], "api-usage=2/2");
    assert_eq!(code(&org.get("/limits").await), (403, "REQUEST_LIMIT_EXCEEDED"));
    at(&org, "2027-03-09T10:00:00Z").await;
    assert_eq!(
        org.get("/limits").await.1["DailyApiRequests"],
        json!({"Max": 2, "Remaining": 0}),
        "the first call is still counted"
    );
    assert_eq!(code(&org.get("/limits").await), (403, "REQUEST_LIMIT_EXCEEDED"));
    org.stop().await;
}

#[tokio::test]
async fn latency_is_drawn_and_does_not_hold_up_the_end() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"latency": {"p50": 1, "p99": 2, "seed": 5}})).await;
    assert_eq!(org.get("/limits").await.0, 200);
    let (status, body) = org.sim_raw(Method::PATCH, "settings", json!({"latency": {"p90": 1}})).await;
    assert!(status == 422 && body["error"].as_str().is_some_and(|e| e.contains("p50")), "{body}");
    org.stop().await;
}

#[tokio::test]
async fn an_account_can_be_read_and_changed_on_condition() {
    let org = Org::start("empty").await;
    let path = format!("/sobjects/Account/{}", org.create("Account", json!({"Name": "Acme"})).await);
    let send = async |method: Method, header: &str, value: &str| {
        let request = org.rest(method.clone(), &path).header(header, value);
        let request = if method == Method::PATCH { request.json(&json!({"Name": "New"})) } else { request };
        request.send().await.expect("an answer")
    };
    let read = org.rest(Method::GET, &path).send().await.expect("an answer");
    let tag = read.headers()["etag"].to_str().expect("text").to_owned();
    let unmodified = send(Method::GET, "if-none-match", &tag).await;
    assert_eq!((unmodified.status().as_u16(), &unmodified.headers()["etag"]), (304, &read.headers()["etag"]));
    assert_eq!(unmodified.text().await.expect("text"), "");
    assert_eq!(send(Method::PATCH, "if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT").await.status(), 412);
    assert_eq!(send(Method::PATCH, "if-match", &tag).await.status(), 204);
    assert_eq!(send(Method::DELETE, "if-match", &tag).await.status(), 412, "the account has changed meanwhile");
    assert_eq!(send(Method::GET, "if-none-match", &tag).await.status(), 200);
    let contact = format!("/sobjects/Contact/{}", org.create("Contact", json!({"LastName": "Lee"})).await);
    let other = org.rest(Method::GET, &contact).header("if-match", "\"x\"").send().await.expect("an answer");
    assert_eq!(other.status(), 200, "only accounts know conditions");
    org.stop().await;
}

#[tokio::test]
async fn bodies_may_be_compressed_both_ways() {
    let org = Org::start("demo").await;
    // gzip of {"LastName":"Lee"}, stored rather than deflated.
    let plain = br#"{"LastName":"Lee"}"#;
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let length = u16::try_from(plain.len()).expect("short");
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(plain);
    packed.extend(crc32(plain).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    let request = org.rest(Method::POST, "/sobjects/Contact").header("content-encoding", "gzip");
    let created = request.header("content-type", "application/json").body(packed).send().await.expect("an answer");
    assert_eq!(created.status(), 201);
    // A client that shows the body as it came.
    let plain = reqwest::Client::builder().no_gzip().build().expect("a client can be made");
    let read = plain.get(org.url("/services/data/v66.0/sobjects")).bearer_auth(&org.token);
    let read = read.header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(read.headers()["content-encoding"], "gzip");
    let body = read.bytes().await.expect("bytes");
    assert_eq!(&body[..2], [0x1f, 0x8b]);
    org.stop().await;
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[tokio::test]
async fn odd_requests_get_their_status() {
    let org = Org::start("empty").await;
    let id = org.create("Contact", json!({"LastName": "Lee"})).await;
    let posted = org.post(&format!("/sobjects/Contact/{id}?_HttpMethod=PATCH"), json!({"LastName": "Roy"})).await;
    assert_eq!((posted.0, org.field("Contact", &id, "LastName").await), (204, json!("Roy")));
    let text = org.rest(Method::POST, "/sobjects/Contact").header("content-type", "text/plain").body("{}");
    assert_eq!(text.send().await.expect("an answer").status(), 415);
    let long = format!("/query?q={}", "x".repeat(16_400));
    assert_eq!(org.rest(Method::GET, &long).send().await.expect("an answer").status(), 414);
    let large = org.rest(Method::GET, "/limits").header("x-large", "x".repeat(16_400));
    assert_eq!(large.send().await.expect("an answer").status(), 431);
    assert_eq!(
        org.post("/limits", json!({})).await,
        (
            405,
            json!([{"message": "HTTP Method 'POST' not allowed. Allowed are GET", "errorCode": "METHOD_NOT_ALLOWED"}])
        )
    );
    let slashes = org.client.get(org.url("//services/data/v66.0/limits")).bearer_auth(&org.token).send().await;
    assert_eq!(slashes.expect("an answer").status(), 200, "a client whose address ends in a slash");
    let old = org.client.get(org.url("/services/data/v30.0/limits")).bearer_auth(&org.token).send().await;
    assert_eq!(code(&answer(old.expect("an answer")).await), (410, "UNSUPPORTED_API_VERSION"));
    org.stop().await;
}
