//! Grants and sessions beyond a plain sign-in: assertions, registered apps, lifetimes, revocation.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value as Json, json};

use crate::support::{APP_ID, APP_SECRET, Answer, Org, answer, code};

const CERTIFICATE: &str = include_str!("keys/app.crt");
const KEY: &str = include_str!("keys/app.key");
const REDIRECT: (&str, &str) = ("redirect_uri", "http://localhost:1717/OauthRedirect");
const USER: &str = "integration@northwind.example";
const NOW: &str = "2027-03-08T10:00:00Z";
/// `NOW` in seconds since 1970.
const NOW_SECONDS: i64 = 1_804_500_000;

fn sign(claims: &Json) -> String {
    let der: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).expect("base64")).expect("a key");
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256"})), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn bear(org: &Org, assertion: &str) -> Answer {
    org.token(&[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]).await
}

fn refused(error: &str, description: &str) -> Answer {
    (400, json!({ "error": error, "error_description": description }))
}

async fn consent(org: &Org, more: &[(&str, &str)]) -> String {
    let mut form = vec![APP_ID, REDIRECT, ("scope", "api refresh_token"), ("decision", "allow")];
    form.extend_from_slice(more);
    let response = org.client.post(org.url("/services/oauth2/authorize")).form(&form).send().await.expect("an answer");
    let location = url::Url::parse(response.headers()["location"].to_str().expect("text")).expect("a URL");
    location.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned()
}

async fn exchange(org: &Org, code: &str) -> Json {
    let (status, body) = org.token(&[("grant_type", "authorization_code"), ("code", code), APP_ID, REDIRECT]).await;
    assert_eq!(status, 200, "{body}");
    body
}

fn text(body: &Json, key: &str) -> String {
    body[key].as_str().unwrap_or_else(|| panic!("{key} in {body}")).to_owned()
}

async fn refresh(org: &Org, token: &str) -> Answer {
    org.token(&[("grant_type", "refresh_token"), ("refresh_token", token), APP_ID, APP_SECRET]).await
}

async fn limits(org: &Org, token: &str) -> Answer {
    let request = org.client.get(org.url("/services/data/v66.0/limits")).bearer_auth(token);
    answer(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn a_signed_assertion_signs_in() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": NOW})).await;
    org.sim(Method::POST, "apps", json!({"client_id": "signer", "certificate": CERTIFICATE, "users": [USER]})).await;
    let claims = |iss: &str, sub: &str, aud: &str, exp: i64| {
        sign(&json!({"iss": iss, "sub": sub, "aud": aud, "exp": NOW_SECONDS + exp}))
    };
    let login = "https://login.salesforce.com";
    for aud in [login, "https://test.salesforce.com", &org.url("")] {
        let (status, body) = bear(&org, &claims("signer", USER, aud, 180)).await;
        assert_eq!(status, 200, "{aud}: {body}");
        assert!(body.get("refresh_token").is_none() && body["instance_url"] == org.url(""), "{body}");
        assert_eq!(limits(&org, &text(&body, "access_token")).await.0, 200);
    }
    let good = claims("signer", USER, login, 180);
    let text = json!({"iss": "signer", "sub": USER, "aud": login, "exp": (NOW_SECONDS + 180).to_string()});
    assert_eq!(bear(&org, &sign(&text)).await.0, 200, "a client sends the time as text");
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for (assertion, expected) in [
        (claims("nobody", USER, login, 180), refused("invalid_client_id", "client identifier invalid")),
        (claims("signer", "x@y.example", login, 180), refused("invalid_grant", "user hasn't approved this consumer")),
        (claims("signer", USER, "https://evil.example", 180), refused("invalid_grant", "audience is invalid")),
        (claims("signer", USER, login, -1), refused("invalid_grant", "expired authorization code")),
        (claims("matchbook-demo", USER, login, 180), refused("invalid_grant", "invalid assertion")),
        (forged, refused("invalid_grant", "invalid assertion")),
        ("x".into(), refused("invalid_grant", "invalid assertion")),
    ] {
        assert_eq!(bear(&org, &assertion).await, expected);
    }
    org.stop().await;
}

#[tokio::test]
async fn a_registered_app_has_its_own_rules() {
    let org = Org::start("demo").await;
    let app = json!({
        "client_id": "strict", "client_secret": "s", "scopes": ["web", "refresh_token"], "run_as": USER,
        "callbacks": ["http://localhost:1717/OauthRedirect"],
    });
    org.sim(Method::POST, "apps", app).await;
    let strict = ("client_id", "strict");
    let (_, body) = org.token(&[("grant_type", "client_credentials"), strict, ("client_secret", "s")]).await;
    assert_eq!(
        limits(&org, &text(&body, "access_token")).await,
        (
            403,
            json!([{"message": "This session is not valid for use with the REST API", "errorCode": "INVALID_SESSION_ID"}])
        )
    );
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x"), strict];
    assert_eq!(
        org.token(&form).await,
        refused("invalid_client", "invalid client credentials"),
        "the secret was left out"
    );
    let ask = |scope: &'static str, redirect: &'static str| {
        let query = [("response_type", "code"), strict, ("scope", scope), ("redirect_uri", redirect), ("state", "s")];
        org.client.get(org.url("/services/oauth2/authorize")).query(&query).send()
    };
    let answer = ask("api", REDIRECT.1).await.expect("an answer");
    let location = answer.headers()["location"].to_str().expect("text");
    assert!(location.contains("error=invalid_scope") && location.ends_with("&state=s"), "{location}");
    assert_eq!(ask("web", "http://localhost/other").await.expect("an answer").status(), 400, "an unknown callback");
    let (status, body) = org.sim_raw(Method::POST, "apps", json!({"client_id": "x", "run_as": "nobody"})).await;
    assert_eq!((status, body), (422, json!({"error": "there is no user with the username nobody"})));
    let (status, body) = org.sim_raw(Method::POST, "apps", json!({"client_id": "x", "certificate": "x"})).await;
    assert!(status == 422 && text(&body, "error").starts_with("certificate: "), "{body}");
    org.sim(Method::POST, "apps", json!({"client_id": "nobody's", "client_secret": "s"})).await;
    let nobodys = [("grant_type", "client_credentials"), ("client_id", "nobody's"), ("client_secret", "s")];
    assert_eq!(org.token(&nobodys).await, refused("invalid_grant", "no client credentials user enabled"));
    org.stop().await;
}

#[tokio::test]
async fn consent_is_given_as_any_user() {
    let org = Org::start("demo").await;
    let query = [
        ("response_type", "code"),
        APP_ID,
        REDIRECT,
        ("prompt", "login"),
        ("login_hint", "lea.moreau@northwind.example"),
    ];
    let page = org.client.get(org.url("/services/oauth2/authorize")).query(&query).send().await.expect("an answer");
    let page = page.text().await.expect("a page");
    assert!(page.contains("<option value=\"lea.moreau@northwind.example\" selected>"), "{page}");
    let body = exchange(&org, &consent(&org, &[("username", "lea.moreau@northwind.example")]).await).await;
    let info = org.client.get(org.url("/services/oauth2/userinfo")).bearer_auth(text(&body, "access_token"));
    let (_, info) = answer(info.send().await.expect("an answer")).await;
    assert_eq!(info["preferred_username"], "lea.moreau@northwind.example");
    let url = text(&body, "id") + "?format=json&oauth_token=" + &text(&body, "access_token");
    let (status, id) = answer(org.client.get(url).send().await.expect("an answer")).await;
    assert_eq!((status, &id["username"]), (200, &json!("lea.moreau@northwind.example")));
    org.sim(Method::POST, "apps", json!({"client_id": "closed", "users": [USER]})).await;
    let form = [("client_id", "closed"), REDIRECT, ("decision", "allow"), ("username", "lea.moreau@northwind.example")];
    let closed = org.client.post(org.url("/services/oauth2/authorize")).form(&form).send().await.expect("an answer");
    assert_eq!(
        closed.headers()["location"],
        "http://localhost:1717/OauthRedirect?error=invalid_app_access&error_description=user+is+not+admin+approved+to+access+this+app"
    );
    let immediate = [("response_type", "code"), APP_ID, REDIRECT, ("immediate", "true")];
    let answer =
        org.client.get(org.url("/services/oauth2/authorize")).query(&immediate).send().await.expect("an answer");
    assert_eq!(answer.headers()["location"], "http://localhost:1717/OauthRedirect?error=immediate_unsuccessful");
    org.stop().await;
}

#[tokio::test]
async fn a_session_ends_unless_it_is_used_and_introspection_tells_when() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": NOW, "session_minutes": 60})).await;
    let (_, body) = org.token(&[("grant_type", "client_credentials"), APP_ID, APP_SECRET]).await;
    let token = text(&body, "access_token");
    let introspect = async |token: &str| {
        let form = [("token", token), APP_ID, APP_SECRET];
        answer(org.client.post(org.url("/services/oauth2/introspect")).form(&form).send().await.expect("an answer"))
            .await
            .1
    };
    assert_eq!(
        introspect(&token).await,
        json!({
            "active": true, "scope": "api", "client_id": "matchbook-demo", "username": USER,
            "sub": body["id"], "token_type": "access_token",
            "iat": NOW_SECONDS, "nbf": NOW_SECONDS, "exp": NOW_SECONDS + 3600,
        })
    );
    let later = async |minutes: i64| org.sim(Method::PATCH, "settings", json!({"advance_ms": minutes * 60_000})).await;
    later(40).await;
    assert_eq!(limits(&org, &token).await.0, 200);
    later(90).await;
    assert_eq!(limits(&org, &token).await.0, 200, "use in the second half of its life did not renew the session");
    later(150).await;
    assert_eq!(code(&limits(&org, &token).await), (401, "INVALID_SESSION_ID"));
    assert_eq!(introspect(&token).await, json!({"active": false}));
    org.stop().await;
}

#[tokio::test]
async fn the_sixth_grant_ends_the_first() {
    let org = Org::start("empty").await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(text(&exchange(&org, &consent(&org, &[]).await).await, "refresh_token"));
    }
    assert_eq!(refresh(&org, &tokens[0]).await, refused("invalid_grant", "expired access/refresh token"));
    assert_eq!(refresh(&org, &tokens[1]).await.0, 200);
    org.stop().await;
}

#[tokio::test]
async fn an_unused_refresh_token_dies() {
    let org = Org::start("empty").await;
    org.sim(Method::PATCH, "settings", json!({"now": NOW, "refresh_token_idle_days": 30})).await;
    let token = text(&exchange(&org, &consent(&org, &[]).await).await, "refresh_token");
    let day = async |day: i64| org.sim(Method::PATCH, "settings", json!({"advance_ms": day * 86_400_000})).await;
    day(30).await;
    assert_eq!(refresh(&org, &token).await.0, 200);
    day(60).await;
    assert_eq!(refresh(&org, &token).await.0, 200, "its use did not keep it alive");
    day(91).await;
    assert_eq!(refresh(&org, &token).await, refused("invalid_grant", "expired access/refresh token"));
    org.stop().await;
}

#[tokio::test]
async fn two_refreshes_at_once_are_one_too_many() {
    let org = Org::start("empty").await;
    let token = text(&exchange(&org, &consent(&org, &[]).await).await, "refresh_token");
    org.sim(Method::POST, "faults", json!({"match": {"path": "/oauth2/token"}, "effect": {"hold": true}})).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", &token), APP_ID, APP_SECRET];
    let first = tokio::spawn(org.client.post(org.url("/services/oauth2/token")).form(&form).send());
    org.until_held().await;
    assert_eq!(refresh(&org, &token).await, refused("invalid_grant", "token request is already being processed"));
    assert_eq!(org.sim(Method::POST, "release", Json::Null).await, json!({"released": 1}));
    assert_eq!(first.await.expect("it ran").expect("an answer").status(), 200);
    assert_eq!(refresh(&org, &token).await.0, 200, "the token is free again");
    org.stop().await;
}

#[tokio::test]
async fn revoking_a_grant_ends_its_sessions_and_inactive_users_get_none() {
    let org = Org::start("demo").await;
    let body = exchange(&org, &consent(&org, &[]).await).await;
    let revoke = org.client.get(org.url("/services/oauth2/revoke")).query(&[("token", text(&body, "refresh_token"))]);
    assert_eq!(revoke.send().await.expect("an answer").status(), 200);
    assert_eq!(limits(&org, &text(&body, "access_token")).await.0, 401);
    let unknown = org.client.post(org.url("/services/oauth2/revoke")).form(&[("token", "x")]).send().await;
    assert_eq!(answer(unknown.expect("an answer")).await, refused("invalid_token", "invalid token"));
    let log = org.sim(Method::GET, "calls", Json::Null).await;
    let paths: Vec<&str> = log["calls"].as_array().expect("calls").iter().filter_map(|c| c["path"].as_str()).collect();
    assert!(paths.contains(&"/services/oauth2/revoke") && paths.contains(&"/services/oauth2/authorize"), "{paths:?}");

    let body = exchange(&org, &consent(&org, &[("username", "lea.moreau@northwind.example")]).await).await;
    let (_, users) = org.query("SELECT Id FROM User WHERE Username = 'lea.moreau@northwind.example'").await;
    let lea = users["records"][0]["Id"].as_str().expect("an id").to_owned();
    org.patch(&format!("/sobjects/User/{lea}"), json!({"IsActive": false})).await;
    assert_eq!(refresh(&org, &text(&body, "refresh_token")).await, refused("invalid_grant", "inactive user"));
    let (status, openid) =
        answer(org.client.get(org.url("/.well-known/openid-configuration")).send().await.expect("an answer")).await;
    assert_eq!((status, &openid["token_endpoint"]), (200, &json!(org.url("/services/oauth2/token"))));
    org.stop().await;
}
