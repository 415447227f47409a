//! API keys: until when they are taken, how often, and what callers are told.

use jiff::{SignedDuration, Timestamp};
use matchbook::auth;
use matchbook::store::ApiKeyDraft;
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{Engine, START, TestApp};

#[rstest]
#[tokio::test]
async fn a_key_is_taken_until_it_expires_or_is_revoked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(mut test) = TestApp::spawn(engine).await else { return };
    let store = test.app.store.clone();
    let email = "ops@seller.example".parse().expect("an email");
    let user = store.user_by_email(&email).await.expect("read").expect("is there");
    let key = auth::new_api_key().expect("a key");
    let start: Timestamp = START.parse().expect("an instant");
    let draft = ApiKeyDraft {
        user_id: &user.id,
        name: "For a week",
        key_hash: &auth::token_hash(key.expose_secret()),
        scopes: None,
        expires_at: Some(start + SignedDuration::from_hours(7 * 24)),
    };
    let id = store.add_api_key(draft, start).await.expect("stored");
    let old = std::mem::replace(&mut test.api_key, key.expose_secret().to_owned());
    assert_eq!(test.get("/api/v1/bookings").await.status, 200);
    test.pass(SignedDuration::from_hours(2 * 24));
    assert_eq!(test.get("/api/v1/bookings").await.status, 200);
    let keys = store.api_keys_of(&user.id).await.expect("keys");
    let used = keys.iter().find(|k| k.id == id).expect("the key").last_used.expect("it was used");
    assert_eq!(used.to_string(), "2026-05-06T00:00:00Z", "the last day of use is kept");
    test.pass(SignedDuration::from_hours(5 * 24));
    let expired = test.get("/api/v1/bookings").await;
    assert_eq!(expired.status, 401, "{}", expired.text);
    assert!(expired.text.contains("expired at 2026-05-11T10:00:00Z"), "{}", expired.text);

    test.api_key = old;
    let old = keys.iter().find(|k| k.id != id).expect("the other key").id.clone();
    assert_eq!(test.get("/api/v1/bookings").await.status, 200);
    assert!(store.revoke_api_key(&old, start).await.expect("revoked"));
    assert!(!store.revoke_api_key(&old, start).await.expect("nothing to do"), "it is revoked already");
    let revoked = test.get("/api/v1/bookings").await;
    assert!(revoked.status == 401 && revoked.text.contains("was revoked"), "{}", revoked.text);
}

#[tokio::test]
async fn a_key_that_calls_too_often_is_told_when_to_come_again() {
    let Some(test) = TestApp::spawn(Engine::Sqlite).await else { return };
    for call in 0..600 {
        assert_eq!(test.get("/api/v1/bookings/bkg_nothing").await.status, 404, "call {call}");
    }
    let limited = test.get("/api/v1/bookings").await;
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("1")), "{}", limited.text);
    assert_eq!(limited.header("content-type"), "application/problem+json");
    test.pass(SignedDuration::from_secs(1));
    assert_eq!(test.get("/api/v1/bookings").await.status, 200, "a second later it goes on");
}

#[tokio::test]
async fn a_url_says_what_it_takes_and_refuses_the_rest_in_words() {
    let Some(test) = TestApp::spawn(Engine::Sqlite).await else { return };
    let url = "/api/v1/bookings";
    let wrong_method = test.call("DELETE", url, &[], None).await;
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "GET,HEAD,POST"));
    assert_eq!(wrong_method.header("content-type"), "application/problem+json", "{}", wrong_method.text);
    let options = test.call("OPTIONS", url, &[], None).await;
    assert_eq!((options.status, options.header("allow")), (204, "GET,HEAD,POST"));
    let head = test.call("HEAD", url, &[], None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));

    let accept = test.call("GET", url, &[("Accept", "text/html")], None).await;
    assert_eq!((accept.status, &accept.body["title"]), (406, &json!("The API answers in JSON. Nothing was done.")));
    for json in ["application/json", "text/html, */*;q=0.1", "application/problem+json"] {
        assert_eq!(test.call("GET", url, &[("Accept", json)], None).await.status, 200, "{json}");
    }
    let body = json!({});
    for (media, status) in [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json", 422)]
    {
        let answer = test.call("POST", url, &[("Content-Type", media)], Some(&body)).await;
        assert_eq!(answer.status, status, "{media}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let long = json!({"notes": "x".repeat(1024 * 1024)});
    let too_large = test.call("POST", url, &[], Some(&long)).await;
    assert!(too_large.status == 413 && too_large.text.contains("1024 KiB"), "{}", too_large.text);
}
