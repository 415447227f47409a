//! `matchbook explain`: who would take a booking, and why, without making it.

use std::process::Output;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{ENCRYPTION_KEY, Engine, TestApp, configuration_with, user};

/// An event type whose two hosts take turns, except where they own the attendee's Account.
pub(crate) const DIRECTLY: &str =
    "attendee_record_type: contact_under_account, no_account: contact, book_directly: {enabled: true}";

/// An installation whose hosts are both Salesforce users, with more in the Salesforce section.
pub(crate) async fn routed(engine: Engine, salesforce: &str) -> Option<TestApp> {
    routed_with(engine, salesforce, "").await
}

/// The same with more lines of the connection.
pub(crate) async fn routed_with(engine: Engine, salesforce: &str, connection: &str) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    test.org.load(json!({"User": [user("ben@seller.example")]})).await;
    let text = configuration_with(&test.org.url, salesforce)
        .replace("hosts: [ann]", "scheduling: round_robin\n    hosts: [ann, ben]")
        .replace("    grant:", &format!("{connection}    grant:"));
    test.apply(&text).await.expect("the configuration is sound");
    Some(test)
}

/// Two Accounts of the same website: Ann's in Germany, Ben's in the United States.
async fn two_acmes(test: &TestApp) {
    let account = |name: &str, country: &str, owner: String| {
        json!({"Name": name, "Website": "acme.example", "BillingCountry": country, "OwnerId": owner,
            "CreatedDate": "2024-01-01T00:00:00Z"})
    };
    let (ann, ben) = (test.org.only_user("ann@seller.example").await, test.org.only_user("ben@seller.example").await);
    let accounts = [account("Acme DE", "Germany", ann), account("Acme US", "United States", ben)];
    test.org.load(json!({ "Account": accounts })).await;
}

async fn run(test: &TestApp, more: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_matchbook"));
    command.args(["explain", "--allow-loopback-orgs", "--database", &test.database_argument()]).args(more);
    command.env("MATCHBOOK_ENCRYPTION_KEY", ENCRYPTION_KEY).output().await.expect("it runs")
}

/// What the command tells about a booking of the event type by Jane.
async fn explained(test: &TestApp, more: &[&str]) -> String {
    let arguments = [&["--event-type", "discovery-call", "--email", "jane@acme.example"], more].concat();
    let ran = run(test, &arguments).await;
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("a text")
}

/// Why a command failed.
async fn refused(test: &TestApp, arguments: &[&str]) -> String {
    let ran = run(test, arguments).await;
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(!ran.status.success() && ran.stdout.is_empty(), "it should fail: {told}");
    told
}

/// How many bookings, decisions, turns and records there are.
async fn written(test: &TestApp) -> [i64; 5] {
    let records = test.org.control("GET", "changes", Value::Null).await["records"].as_i64().expect("a count");
    [
        test.number("SELECT COUNT(*) FROM booking").await,
        test.number("SELECT COUNT(*) FROM routing_decision").await,
        test.number("SELECT COUNT(*) FROM ledger_entry").await,
        test.number("SELECT COUNT(*) FROM rotation_host").await,
        records,
    ]
}

#[rstest]
#[tokio::test]
async fn the_place_decides_who_would_take_the_booking_and_nothing_is_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    two_acmes(&test).await;
    let before = written(&test).await;

    let told = explained(&test, &["--country", "Germany"]).await;
    assert!(
        told.starts_with("Booked with Ann Host, who owns Acme DE, chosen over 1 other by country match.\n"),
        "{told}"
    );
    assert!(told.contains("The booker is in: DE.\n"), "{told}");
    let told = explained(&test, &["--country", "us", "--region", "CA", "--city", "Fresno"]).await;
    assert!(told.starts_with("Booked with Ben Host, who owns Acme US, chosen over 1 other by country match.\n"));
    assert!(told.contains("The booker is in: US, CA, Fresno.\n"), "{told}");
    let told = explained(&test, &["--start", "2026-05-06T09:30:00Z", "--answer", "company=Acme"]).await;
    assert!(told.contains("P1 Country match: skipped"), "without a place no rule goes by it: {told}");

    assert_eq!(written(&test).await, before, "bookings, decisions, turns, hosts in turn, records of the org");
}

#[rstest]
#[tokio::test]
async fn the_text_shows_hosts_candidates_by_rules_and_why_not_somebody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    two_acmes(&test).await;
    let told = explained(&test, &["--country", "DE", "--why-not", "acme us"]).await;
    // Ids differ from run to run; their width does not.
    let accounts = test.org.records("Account").await;
    let mut shown = told.clone();
    for account in &accounts {
        let (id, name) = (account["Id"].as_str().expect("an id"), account["Name"].as_str().expect("a name"));
        shown = shown.replace(id, &format!("({:-<16})", name.replace(' ', "-")));
    }
    insta::assert_snapshot!("the_text_of_explain", shown);
    let told = explained(&test, &["--country", "DE", "--why-not", "Ben Host"]).await;
    let why = "\nWhy not Ben Host\n  Ben Host is available, but does not own the record that decides.";
    assert!(told.contains(why), "{told}");
    let told = explained(&test, &["--why-not", "Nobody Inc"]).await;
    assert!(told.contains("No host of this event type is called \"Nobody Inc\", and no"), "{told}");
}

#[rstest]
#[tokio::test]
async fn the_json_is_what_the_api_answers_whether_by_ownership_or_by_turns(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    two_acmes(&test).await;
    for (email, country, subject) in [
        ("jane@acme.example", "DE", "Acme US"),
        ("joe@nowhere.example", "FR", "Ben Host"),
        ("x@gmail.com", "FR", "Ann Host"),
    ] {
        let asked = json!({"event_type": "discovery-call", "email": email, "why_not": subject,
            "place": {"country": country}, "start": "2026-05-06T09:30:00Z"});
        let answered = test.post("/api/v1/routing-decisions", &asked.to_string()).await;
        assert_eq!(answered.status, 200, "{}", answered.text);
        let arguments =
            ["--event-type", "discovery-call", "--email", email, "--country", country, "--why-not", subject];
        let ran = run(&test, &[&arguments[..], &["--start", "2026-05-06T09:30:00Z", "--json"]].concat()).await;
        let json: Value = serde_json::from_slice(&ran.stdout).expect("JSON and nothing else");
        assert_eq!(json, answered.body, "{email}");
    }
}

#[rstest]
#[tokio::test]
async fn when_the_org_cannot_be_asked_the_turns_are_told_with_the_reason(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    test.org
        .control("POST", "faults", json!({"match": {"path": "/"}, "effect": {"drop": "before"}, "times": 50}))
        .await;
    let told = explained(&test, &["--why-not", "Ben Host"]).await;
    assert!(told.starts_with("Booked with Ann Host by round robin: Salesforce could not be asked"), "{told}");
    assert!(told.contains("\nTurns\n  Next in turn: "), "{told}");
    assert!(told.contains("\nWhy not Ben Host\n  Ben Host is number 2 in turn: "), "{told}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_flag_and_what_to_write() {
    let test = routed(Engine::Sqlite, DIRECTLY).await.expect("SQLite is always here");
    let jane = ["--event-type", "discovery-call", "--email", "jane@acme.example"];
    for (arguments, told) in [
        (
            vec!["--event-type", "demo", "--email", "jane@acme.example"],
            vec!["--event-type: no event type has the slug \"demo\"; there are: discovery-call"],
        ),
        (vec!["--event-type", "discovery-call"], vec!["--email"]),
        (vec!["--event-type", "discovery-call", "--email", "jane"], vec!["--email", "jane"]),
        ([&jane[..], &["--country", "Atlantis"]].concat(), vec!["--country", "like Germany or DE"]),
        ([&jane[..], &["--start", "tomorrow"]].concat(), vec!["--start", "2026-12-01T09:30:00Z"]),
        ([&jane[..], &["--start", "9999-12-30T22:00:00Z"]].concat(), vec!["--start: This is too far in the future."]),
        ([&jane[..], &["--answer", "company"]].concat(), vec!["--answer", "like company=Acme"]),
    ] {
        let error = refused(&test, &arguments).await;
        assert!(told.iter().all(|part| error.contains(part)), "{arguments:?}: {error}");
    }
}
