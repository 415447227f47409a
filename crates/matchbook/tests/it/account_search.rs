//! Accounts found by Salesforce's search, for orgs where a query takes too long.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Delivery, Engine, TestApp, configuration_with};

/// A warm installation that searches, and an org with these records.
async fn searching(engine: Engine, fuzzy: bool, records: Value) -> Option<(TestApp, Value)> {
    let test = TestApp::spawn(engine).await?;
    let text = configuration_with(&test.org.url, "attendee_record_type: contact_under_account, no_account: contact");
    let lookup = format!("    account_lookup: search\n    fuzzy_domain_matching: {fuzzy}\n    grant:");
    test.apply(&text.replace("    grant:", &lookup)).await.expect("the configuration is sound");
    let ids = test.org.load(records).await["refs"].clone();
    test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@gmail.com").with("title", "Warm up").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    Some((test, ids))
}

/// Books and syncs. Gives what it cost in calls.
async fn book(test: &TestApp, delivery: Delivery) -> u64 {
    assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

async fn contacts_of(test: &TestApp, email: &str) -> Vec<Value> {
    let mut all = test.org.records("Contact").await;
    all.retain(|contact| contact["Email"] == email);
    all
}

async fn account_of(test: &TestApp, email: &str) -> Value {
    let contacts = contacts_of(test, email).await;
    assert_eq!(contacts.len(), 1, "one Contact with {email}: {contacts:#?}");
    contacts[0]["AccountId"].clone()
}

/// The requests for a search that the org was sent, by their addresses.
async fn searches(test: &TestApp) -> Vec<String> {
    let log = test.org.control("GET", "calls", Value::Null).await;
    let calls = log["calls"].as_array().expect("a list of calls");
    let searches = calls.iter().filter(|call| call["kind"] == "search");
    searches.map(|call| call["path"].as_str().expect("an address").to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn a_new_contact_comes_under_the_account_that_search_finds_for_one_more_call(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("acme.example", "https://www.Acme.example:443/about?x=1")] website: &str,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": website}]});
    let Some((test, ids)) = searching(engine, false, records).await else { return };
    // A query that scans for websites would fail here.
    let slow = json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your query request was running for too long.", "fields": []}});
    test.org.fault(json!({"soql": "website like"}), slow).await;
    assert_eq!(book(&test, Delivery::created()).await, 3, "the look-up, the search, the write");
    assert_eq!(account_of(&test, "jane@acme.example").await, ids["acme"]);
    let again = Delivery::created().by("uid-2", "Jane Roe", "jane@acme.example");
    assert_eq!(book(&test, again).await, 2, "her Contact tells her Account, so nothing is searched");
}

#[rstest]
#[tokio::test]
async fn look_alikes_that_search_finds_do_not_match(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let records = json!({"Account": [
        {"Name": "Evil", "Website": "acme.example.evil.io"}, {"Name": "Not Acme", "Website": "notacme.example"},
        {"Name": "acme.example"}, {"Name": "Reseller", "Website": "reseller.io", "Description": "Sells for acme.example"},
        {"Name": "Page", "Website": "pages.io/acme.example"}, {"Name": "At", "Website": "https://acme.example@evil.io"}]});
    let Some((test, _)) = searching(engine, true, records).await else { return };
    assert_eq!(book(&test, Delivery::created()).await, 3);
    assert_eq!(account_of(&test, "jane@acme.example").await, Value::Null);
}

#[rstest]
#[tokio::test]
async fn one_search_finds_the_same_name_under_another_suffix_where_that_is_allowed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] fuzzy: bool,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "www.acme-corp.de"},
        {"Name": "1acme", "Website": "1acme-corp.de"}, {"Name": "Acme", "Website": "acme.de"}]});
    let Some((test, ids)) = searching(engine, fuzzy, records).await else { return };
    let booked = Delivery::created().by("uid-1", "Jane Roe", "jane@acme-corp.co.uk");
    assert_eq!(book(&test, booked).await, 3);
    let account = account_of(&test, "jane@acme-corp.co.uk").await;
    assert_eq!(account, if fuzzy { ids["acme"].clone() } else { Value::Null });
}

#[rstest]
#[tokio::test]
async fn an_account_that_search_does_not_know_yet_is_none_until_it_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, _)) = searching(engine, false, json!({})).await else { return };
    let hour = 3_600_000;
    test.org.control("PATCH", "settings", json!({"search_lag_ms": hour})).await;
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}]});
    let acme = test.org.load(records).await["refs"]["acme"].clone();
    book(&test, Delivery::created()).await;
    assert_eq!(account_of(&test, "jane@acme.example").await, Value::Null, "as the setting for no Account says");
    test.org.control("PATCH", "settings", json!({"advance_ms": hour})).await;
    book(&test, Delivery::created().by("uid-2", "Jane Roe", "jane@acme.example")).await;
    assert_eq!(account_of(&test, "jane@acme.example").await, acme, "her Contact is linked to it");
}

#[rstest]
#[case::refused(json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your search was running for too long.", "fields": []}}))]
#[case::unavailable(json!({"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "Too busy.", "fields": []}}))]
#[case::lost(json!({"drop": "before"}))]
#[case::a_page(json!({"html": 503}))]
#[tokio::test]
async fn a_failed_search_is_tried_again_and_nobody_is_made_without_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] fails: Value,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}]});
    let Some((test, ids)) = searching(engine, false, records).await else { return };
    test.org.fault(json!({"path": "/search"}), fails).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(contacts_of(&test, "jane@acme.example").await.len(), 0, "it is not known whether she has an Account");
    assert_eq!(test.org.records("Event").await.len(), 1, "only the warm-up");
    test.pass(SignedDuration::from_mins(31));
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(account_of(&test, "jane@acme.example").await, ids["acme"]);
}

#[rstest]
#[tokio::test]
async fn a_token_that_ends_before_the_search_is_renewed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}]});
    let Some((test, ids)) = searching(engine, false, records).await else { return };
    test.org.fault(json!({"path": "/search"}), json!({"revoke": "session"})).await;
    book(&test, Delivery::created()).await;
    assert_eq!(account_of(&test, "jane@acme.example").await, ids["acme"]);
}

#[rstest]
#[tokio::test]
async fn people_are_never_searched_for_and_the_timeline_tells_the_search(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, _)) = searching(engine, false, json!({})).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let searches = searches(&test).await;
    assert_eq!(searches.len(), 1, "{searches:#?}");
    assert!(searches[0].contains("RETURNING%20Account%28"), "{searches:?}");
    let bookings = test.get("/api/v1/bookings").await.body["bookings"].clone();
    let all = bookings.as_array().expect("a list");
    let jane = all.iter().find(|booking| booking["title"] != "Warm up").expect("Jane's booking");
    let id = jane["id"].as_str().expect("an id");
    let run = test.app.store.runs(id, 1).await.expect("runs").remove(0);
    let purposes: Vec<&str> = run.calls.iter().map(|call| call.purpose.as_str()).collect();
    assert!(purposes.contains(&"Search for the Accounts with the website acme.example"), "{purposes:#?}");
}
