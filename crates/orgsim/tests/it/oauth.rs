//! Signing in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::support::{APP_ID, APP_SECRET, Answer, Org, answer, code};

const REDIRECT: (&str, &str) = ("redirect_uri", "http://localhost:1717/OauthRedirect");
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// Consents as a person does and gives the code the browser comes back with.
async fn consent(org: &Org, scope: &str) -> String {
    let challenge = challenge();
    let form =
        [APP_ID, REDIRECT, ("scope", scope), ("state", "s&1"), ("code_challenge", &challenge), ("decision", "allow")];
    let request = org.client.post(org.url("/services/oauth2/authorize")).form(&form);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 303);
    let location = url::Url::parse(response.headers()["location"].to_str().expect("text")).expect("a URL");
    let pairs: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    assert_eq!(pairs[1], ("state".into(), "s&1".into()), "the state must come back unchanged");
    pairs[0].1.clone()
}

async fn exchange(org: &Org, code: &str, verifier: &str) -> Answer {
    org.token(&[("grant_type", "authorization_code"), ("code", code), APP_ID, REDIRECT, ("code_verifier", verifier)])
        .await
}

async fn refresh(org: &Org, token: &str) -> Answer {
    org.token(&[("grant_type", "refresh_token"), ("refresh_token", token), APP_ID, APP_SECRET]).await
}

fn refused(error: &str, description: &str) -> Answer {
    (400, json!({ "error": error, "error_description": description }))
}

#[tokio::test]
async fn client_credentials_come_by_body_or_basic() {
    let org = Org::start("empty").await;
    let url = org.url("/services/oauth2/token");
    let request = org.client.post(&url).basic_auth("matchbook-demo", Some("matchbook-demo"));
    let (status, body) =
        answer(request.form(&[("grant_type", "client_credentials")]).send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["instance_url"], org.url(""));
    assert!(body.get("expires_in").is_none() && body.get("refresh_token").is_none(), "{body}");
    assert!(body["id"].as_str().is_some_and(|id| id.starts_with(&org.url("/id/00D"))), "{body}");
    let grant = ("grant_type", "client_credentials");
    assert_eq!(
        org.token(&[grant, ("client_id", "nobody"), APP_SECRET]).await,
        refused("invalid_client_id", "client identifier invalid")
    );
    assert_eq!(
        org.token(&[grant, APP_ID, ("client_secret", "x")]).await,
        refused("invalid_client", "invalid client credentials")
    );
    assert_eq!(
        org.token(&[("grant_type", "password")]).await,
        refused("unsupported_grant_type", "grant type not supported")
    );
    org.stop().await;
}

#[tokio::test]
async fn a_person_allows_access_and_the_token_refreshes() {
    let org = Org::start("demo").await;
    let page = org.client.get(org.url("/services/oauth2/authorize"));
    let page =
        page.query(&[("response_type", "code"), APP_ID, REDIRECT, ("scope", "api refresh_token"), ("state", "<b>")]);
    let page = page.send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("Allow") && page.contains("&lt;b&gt;") && !page.contains("<b>"), "{page}");

    let code = consent(&org, "api refresh_token").await;
    let (status, body) = exchange(&org, &code, VERIFIER).await;
    assert_eq!(status, 200, "{body}");
    let token = body["refresh_token"].as_str().expect("a refresh token").to_owned();
    let again = exchange(&org, &code, VERIFIER).await;
    assert_eq!(again, refused("invalid_grant", "invalid authorization code"), "a code is good for once");
    let (status, body) = refresh(&org, &token).await;
    assert_eq!((status, body.get("refresh_token")), (200, None), "without rotation the old token stays");
    assert_eq!(refresh(&org, "x").await, refused("invalid_grant", "expired access/refresh token"));
    org.stop().await;
}

#[tokio::test]
async fn a_challenge_is_s256_and_must_be_met() {
    let org = Org::start("empty").await;
    let code = consent(&org, "api").await;
    let wrong = exchange(&org, &code, &"x".repeat(43)).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (400, &json!("invalid_request")));
    let code = consent(&org, "api").await;
    let form = [("grant_type", "authorization_code"), ("code", &code), APP_ID, REDIRECT];
    let missing = org.token(&form).await;
    assert_eq!((missing.0, &missing.1["error"]), (400, &json!("invalid_grant")));
    let code = consent(&org, "api").await;
    let (status, body) = exchange(&org, &code, VERIFIER).await;
    assert_eq!((status, body.get("refresh_token")), (200, None), "no refresh token without the scope");
    org.stop().await;
}

#[tokio::test]
async fn refusing_sends_the_browser_back_with_the_reason() {
    let org = Org::start("empty").await;
    let form = [APP_ID, REDIRECT, ("state", "s"), ("decision", "deny")];
    let response = org.client.post(org.url("/services/oauth2/authorize")).form(&form).send().await.expect("an answer");
    assert_eq!(
        response.headers()["location"],
        "http://localhost:1717/OauthRedirect?error=access_denied&error_description=end-user+denied+authorization&state=s"
    );
    let hostile = [APP_ID, ("redirect_uri", "javascript:alert(1)"), ("decision", "allow")];
    let response =
        org.client.post(org.url("/services/oauth2/authorize")).form(&hostile).send().await.expect("an answer");
    assert_eq!(response.status(), 400, "the browser must not be sent to a script");
    org.stop().await;
}

#[tokio::test]
async fn a_rotated_refresh_token_used_again_ends_the_grant() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"refresh_token_rotation": true})).await;
    let code = consent(&org, "api refresh_token").await;
    let (_, first) = exchange(&org, &code, VERIFIER).await;
    let old = first["refresh_token"].as_str().expect("a refresh token").to_owned();
    let (_, second) = refresh(&org, &old).await;
    let new = second["refresh_token"].as_str().expect("rotation gives a new refresh token").to_owned();
    let expired = refused("invalid_grant", "expired access/refresh token");
    assert_eq!(refresh(&org, &old).await, expired);
    assert_eq!(refresh(&org, &new).await, expired, "the family lives on after a replay");
    org.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_an_invalid_session() {
    let org = Org::start("empty").await;
    org.sim(Method::DELETE, "tokens", Json::Null).await;
    assert_eq!(code(&org.get("/limits").await), (401, "INVALID_SESSION_ID"));
    let (_, fresh) = org.token(&[("grant_type", "client_credentials"), APP_ID, APP_SECRET]).await;
    let fresh = fresh["access_token"].as_str().expect("a token").to_owned();
    let userinfo = org.client.get(org.url("/services/oauth2/userinfo"));
    let (_, user) = answer(userinfo.bearer_auth(&fresh).send().await.expect("an answer")).await;
    assert_eq!(user["preferred_username"], "integration@northwind.example");
    let revoked = org.client.post(org.url("/services/oauth2/revoke")).form(&[("token", &fresh)]);
    assert_eq!(revoked.send().await.expect("an answer").status(), 200);
    let dead =
        org.client.get(org.url("/services/oauth2/userinfo")).bearer_auth(&fresh).send().await.expect("an answer");
    assert_eq!((dead.status().as_u16(), dead.text().await.expect("text").as_str()), (403, "Bad_OAuth_Token"));
    org.stop().await;
}
