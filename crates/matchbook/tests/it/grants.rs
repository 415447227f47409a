//! Signing in to Salesforce: every grant, tokens that end, several instances, connecting in the browser.

use jiff::SignedDuration;
use matchbook::store::RenewLease;
use matchbook::sync::Stepped;
use reqwest::header::{LOCATION, REFRESH};
use rstest::rstest;
use serde_json::json;

use crate::browser::{Browser, Seen};
use crate::support::{CERTIFICATE, Delivery, Engine, PUBLIC_URL, START, TestApp, configuration};

const ADMIN: &str = "admin@seller.example";
/// The user that the connection acts as.
const USER: &str = "integration@northwind.example";

/// An installation whose connection is connected in the browser, by an app that rotates refresh tokens.
async fn to_be_connected(engine: Engine) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    let app = json!({
        "client_id": "matchbook-web",
        "client_secret": "matchbook-demo",
        "scopes": ["api", "refresh_token"],
        "callbacks": [format!("{PUBLIC_URL}/oauth/callback")],
    });
    test.org.control("POST", "apps", app).await;
    test.org.control("PATCH", "settings", json!({"refresh_token_rotation": true})).await;
    test.apply(&web_server(&test)).await.expect("applied");
    Some(test)
}

fn web_server(test: &TestApp) -> String {
    configuration(&test.org.url)
        .replace("client_credentials", "web_server")
        .replace("client_id: matchbook-demo", "client_id: matchbook-web")
}

async fn connection_path(test: &TestApp) -> String {
    format!("/connections/{}", test.app.store.connections().await.expect("a list")[0].id)
}

/// Chooses Connect; gives the address in Salesforce.
async fn begin(test: &TestApp, browser: &mut Browser) -> String {
    let path = format!("{}/connect", connection_path(test).await);
    let seen = browser.submit(&path, &[]).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    seen.header(REFRESH).strip_prefix("0; url=").expect("the way to Salesforce").to_owned()
}

/// Answers Salesforce's consent page; gives the path on our server that the browser is sent back to.
async fn consent(address: &str, decision: &str) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let form = [("decision", decision), ("username", USER)];
    let answer = http.post(address).form(&form).send().await.expect("Salesforce answers");
    let back = answer.headers()[LOCATION].to_str().expect("a text").to_owned();
    back.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("back to our server: {back}")).to_owned()
}

async fn connect(test: &TestApp, browser: &mut Browser) -> Seen {
    let address = begin(test, browser).await;
    let back = consent(&address, "allow").await;
    browser.get(&back).await
}

async fn end_sessions(test: &TestApp) {
    test.org.control("DELETE", "tokens", json!(null)).await;
}

async fn end_grants(test: &TestApp) {
    test.org.control("DELETE", "tokens?refresh_tokens=true", json!(null)).await;
}

/// The same person's nth booking.
fn booking(n: usize) -> serde_json::Value {
    let email = format!("person{n}@acme.example");
    Delivery::created().by(&format!("uid-{n}"), "Jane Roe", &email).json()
}

#[rstest]
#[tokio::test]
async fn a_signed_assertion_signs_in(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"now": START})).await;
    let app = json!({"client_id": "signer", "certificate": CERTIFICATE, "users": [USER]});
    test.org.control("POST", "apps", app).await;
    let file = configuration(&test.org.url)
        .replace("client_credentials", "jwt_bearer")
        .replace("client_id: matchbook-demo", &format!("client_id: signer\n    username: {USER}"))
        .replace("client_secret: {secret: CLIENT}", "private_key: {secret: PRIVATE_KEY}");
    test.apply(&file).await.expect("applied");
    test.deliver(&booking(1)).await;
    test.sync().await;
    end_sessions(&test).await;
    test.deliver(&booking(2)).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 2, "a new assertion got a new token");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_secret_that_is_no_private_key_is_told_when_applied(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let file = configuration(&test.org.url)
        .replace("client_credentials", "jwt_bearer")
        .replace("client_secret: {secret: CLIENT}", &format!("username: {USER}\n    private_key: {{secret: CLIENT}}"));
    let error = test.apply(&file).await.expect_err("this is no key").to_string();
    assert!(error.contains("connections.main.private_key: this is not an RSA private key"), "{error}");
    assert!(!error.contains("matchbook-demo"), "{error}");
}

#[rstest]
#[tokio::test]
async fn two_instances_that_find_one_token_dead_ask_for_a_new_one_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    connect(&test, &mut browser).await;
    test.deliver(&booking(1)).await;
    test.sync().await;

    end_sessions(&test).await;
    test.org.take_calls().await;
    test.deliver(&booking(2)).await;
    test.deliver(&booking(3)).await;
    test.org.fault(json!({"path": "/oauth2/token"}), json!({"hold": true})).await;
    let (one, other) = (test.another_engine(), test.another_engine());
    let first = tokio::spawn(async move { one.step().await });
    test.org.until_held().await;
    assert!(matches!(other.step().await, Ok(Stepped::Worked)), "the other instance finds the token dead, too");
    assert!(matches!(other.step().await, Ok(Stepped::Idle(Some(_)))), "and rests instead of asking again and again");
    test.org.control("POST", "release", json!(null)).await;
    first.await.expect("no panic").expect("the database");

    test.pass(SignedDuration::from_secs(2));
    other.drain().await.expect("the database");
    test.sync().await;
    assert_eq!(test.org.token_requests().await, 1, "two refreshes side by side would end the grant");
    assert_eq!(test.org.records("Event").await.len(), 3);
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_rotated_refresh_token_survives_a_restart(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    connect(&test, &mut browser).await;
    for n in 1..=3 {
        end_sessions(&test).await;
        test.deliver(&booking(n)).await;
        test.another_engine().drain().await.expect("the database");
        assert_eq!(test.org.records("Event").await.len(), n, "after {n} restarts and rotations");
    }
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_connection_whose_grant_ended_waits_until_somebody_connects_it_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let path = connection_path(&test).await;
    browser.get(&path).await.says("Not connected yet");
    let done = connect(&test, &mut browser).await;
    assert_eq!((done.status, done.header(LOCATION)), (303, path.as_str()));
    test.deliver(&booking(1)).await;
    test.sync().await;
    browser.get(&path).await.says("Connected");

    end_grants(&test).await;
    for n in 2..=4 {
        test.deliver(&booking(n)).await;
        test.sync().await;
    }
    let shown = browser.get(&path).await;
    shown.says("Reconnect needed");
    shown.says("expired access/refresh token");
    shown.says("3 syncs wait.");
    browser.get("/connections").await.says("Reconnect needed");
    browser.get("/bookings").await.says("Waiting for its connection");
    let waiting = test.get("/api/v1/bookings").await.body["bookings"][0]["sync"].clone();
    assert_eq!(
        (&waiting["state"], waiting.get("due_at")),
        (&json!("waiting"), None),
        "it waits for no time: {waiting}"
    );
    test.org.take_calls().await;
    test.pass(SignedDuration::from_hours(24 * 7));
    test.sync().await;
    assert_eq!(test.org.token_requests().await, 0, "a dead grant is not asked for a token again");
    assert_eq!(test.app.store.unfinished().await.expect("a count"), 3, "nothing is lost");

    assert_eq!(connect(&test, &mut browser).await.status, 303);
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 4);
    test.assert_all_synced().await;
    browser.get(&path).await.says("Connected");
}

#[rstest]
#[tokio::test]
async fn a_rotation_whose_answer_is_lost_costs_a_reconnect_and_no_booking(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    connect(&test, &mut browser).await;
    end_sessions(&test).await;
    test.org.fault(json!({"path": "/oauth2/token"}), json!({"drop": "after"})).await;
    test.deliver(&booking(1)).await;
    test.sync().await;
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    browser.get(&connection_path(&test).await).await.says("Reconnect needed");
    connect(&test, &mut browser).await;
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn salesforces_own_word_for_two_refreshes_at_once_is_only_waited_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    connect(&test, &mut browser).await;
    end_sessions(&test).await;
    let busy = json!({"error": {"status": 400, "code": "invalid_grant", "message": "token request is already being processed"}});
    test.org.fault(json!({"path": "/oauth2/token"}), busy).await;
    test.deliver(&booking(1)).await;
    test.sync().await;
    test.pass(SignedDuration::from_secs(10));
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_instance_that_died_while_it_renewed_holds_nobody_up_for_long(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let store = &test.app.store;
    let id = store.connections().await.expect("a list")[0].id.clone();
    let taken = store.take_renew_lease(&id, "wrk_dead", test.app.clock.now()).await.expect("the database");
    assert_eq!(taken, RenewLease::Taken);
    test.deliver(&booking(1)).await;
    for _ in 0..5 {
        test.sync().await;
        test.pass(SignedDuration::from_secs(3));
    }
    assert_eq!(test.org.token_requests().await, 0, "the other may still be asking");
    test.pass(SignedDuration::from_mins(1));
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_new_client_secret_keeps_what_was_granted_and_another_app_does_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    connect(&test, &mut browser).await;
    let path = connection_path(&test).await;
    test.apply(&web_server(&test).replace("secret: CLIENT", "secret: WEBHOOK")).await.expect("applied");
    browser.get(&path).await.says("Connected");
    test.apply(&web_server(&test).replace("matchbook-web", "another-app")).await.expect("applied");
    browser.get(&path).await.says("Not connected yet");
}

#[rstest]
#[tokio::test]
async fn the_way_back_from_salesforce_works_once_soon_and_for_who_began_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let mut other = Browser::signed_in(&test, "other@seller.example", "admin").await;

    let back = consent(&begin(&test, &mut browser).await, "allow").await;
    let stolen = other.get(&back).await;
    assert_eq!(stolen.status, 409);
    stolen.says("not known here");
    browser.get(&back).await.says("not known here");

    let late = consent(&begin(&test, &mut browser).await, "allow").await;
    test.pass(SignedDuration::from_mins(10));
    browser.get(&late).await.says("not known here");

    let denied = consent(&begin(&test, &mut browser).await, "deny").await;
    browser.get(&denied).await.says("end-user denied authorization");

    let back = consent(&begin(&test, &mut browser).await, "allow").await;
    let mut stranger = Browser::new(&test);
    assert!(stranger.get(&back).await.header(LOCATION).starts_with("/sign-in?next=%2Foauth%2Fcallback"));
    assert_eq!(browser.get(&back).await.status, 303, "it is not used up by who is not signed in");
    assert_eq!(browser.get(&back).await.status, 409, "a second use");
    for odd in ["/oauth/callback", "/oauth/callback?state=&code=x", "/oauth/callback?state=a&state=b"] {
        assert_eq!(browser.get(odd).await.status, 409, "{odd}");
    }
}

#[rstest]
#[tokio::test]
async fn only_admins_connect(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = to_be_connected(engine).await else { return };
    let path = connection_path(&test).await;
    for role in ["member", "viewer"] {
        let mut browser = Browser::signed_in(&test, &format!("{role}@seller.example"), role).await;
        browser.get(&path).await.lacks("<form method=\"post\" action=\"/connections");
        assert_eq!(browser.submit(&format!("{path}/connect"), &[]).await.status, 403);
        assert_eq!(browser.get("/oauth/callback?state=x&code=y").await.status, 403);
    }
}

#[rstest]
#[tokio::test]
async fn an_app_that_gives_no_refresh_token_is_refused_with_the_mend(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let address = begin(&test, &mut browser).await.replace("scope=api+refresh_token", "scope=api");
    let back = consent(&address, "allow").await;
    browser.get(&back).await.says("Salesforce gave no refresh token");
    browser.get(&connection_path(&test).await).await.says("Not connected yet");
}

#[rstest]
#[tokio::test]
async fn no_page_and_no_address_shows_a_secret(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = to_be_connected(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let address = begin(&test, &mut browser).await;
    assert!(address.contains("code_challenge_method=S256") && !address.contains("matchbook-demo"), "{address}");
    connect(&test, &mut browser).await;
    let shown = browser.get(&connection_path(&test).await).await;
    for secret in ["matchbook-demo", "5Aep", "!AQ"] {
        shown.lacks(secret);
    }
}
