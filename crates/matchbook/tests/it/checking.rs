//! Testing a connection, and `matchbook check`.

use std::process::Output;

use domain::preflight::{Finding, Severity};
use jiff::SignedDuration;
use matchbook::check::{Report, check};
use rstest::rstest;
use serde_json::{Value, json};

use crate::browser::{Browser, Seen};
use crate::support::{Delivery, Engine, START, TestApp, configuration, user};

const USER: &str = "integration@northwind.example";

/// The page after a test by its button.
async fn test_by_button(test: &TestApp) -> Seen {
    let mut browser = Browser::signed_in(test, "admin@seller.example", "admin").await;
    let path = format!("/connections/{}", test.app.store.connections().await.expect("a list")[0].id);
    assert_eq!(browser.submit(&format!("{path}/test"), &[]).await.status, 303);
    browser.get(&path).await
}

async fn checked(test: &TestApp) -> Report {
    let now = test.app.clock.now();
    check(&test.app.store, &test.app.engine, SignedDuration::from_hours(24 * 7), now).await.expect("it is checked")
}

fn mends(report: &Report) -> Vec<&Finding> {
    report.findings.iter().map(|found| &found.finding).filter(|finding| finding.severity != Severity::Note).collect()
}

/// An Event of Ann's, which the connection's user does not own.
async fn event_of_ann(test: &TestApp) {
    let loaded = json!({"Event": [{"Subject": "Hers", "StartDateTime": "2026-05-06T09:30:00Z", "EndDateTime": "2026-05-06T10:00:00Z", "OwnerId": test.org.only_user("ann@seller.example").await}]});
    test.org.load(loaded).await;
}

#[rstest]
#[tokio::test]
async fn a_test_shows_org_user_and_use_and_that_nothing_needs_mending(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    event_of_ann(&test).await;
    let shown = test_by_button(&test).await;
    shown.says("Signed in as <strong>Matchbook Integration</strong> (integration@northwind.example)");
    shown.says("of its 15,000 API requests of 24 hours");
    shown.says("Nothing needs mending");
    shown.says("Event.Matchbook_Booking_Id__c is a plain field");
    shown.says("00D");
    shown.lacks("Breaks syncs");
}

#[rstest]
#[tokio::test]
async fn what_the_user_may_not_do_is_told_with_what_it_breaks_and_its_fix(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    event_of_ann(&test).await;
    let access = json!({
        "objects": {"Event": {"delete": false}},
        "fields": {"Contact.FirstName": "read", "Event.Matchbook_Booking_Id__c": "hidden"},
    });
    let permissions = json!({"users": {USER: access}, "sharing": {"Activity": "read"}});
    test.org.control("POST", "permissions", permissions).await;
    let shown = test_by_button(&test).await;
    for words in [
        "This user may not delete Events: cancelled bookings are held.",
        "Give it the permission Edit Events, by its profile or a permission set.",
        "This user sees Events of other owners but may not change them",
        "Contact.FirstName is read-only for this user: new Contacts have no first name.",
        "Events have no field Matchbook_Booking_Id__c that this user sees.",
        "Add a text field of 64 characters named Matchbook_Booking_Id__c to Activity",
    ] {
        shown.says(words);
    }
    let report = checked(&test).await;
    assert!(!report.ok);
    assert_eq!(mends(&report).iter().filter(|finding| finding.severity == Severity::Breaks).count(), 2);
}

#[rstest]
#[tokio::test]
async fn hosts_without_one_user_are_named(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let both = configuration(&test.org.url).replace("hosts: [ann]", "hosts: [ann, ben]");
    test.apply(&both).await.expect("applied");
    let report = checked(&test).await;
    let told: Vec<&str> = mends(&report).iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "Ben Host (ben@seller.example) has no active standard user in the org: their Events belong to the connection's user."
        ]
    );
    let mut twin = user("ben@seller.example");
    twin["Username"] = "ben.twin@seller.example".into();
    let sandbox = json!({"Email": "Ben@seller.example.invalid", "Username": "ben@sandbox.example"});
    let mut refreshed = user("ben@seller.example");
    refreshed.as_object_mut().expect("an object").extend(sandbox.as_object().expect("an object").clone());
    test.org.load(json!({"User": [refreshed]})).await;
    assert!(checked(&test).await.ok, "a sandbox's email is the host's");
    test.org.load(json!({"User": [twin]})).await;
    let report = checked(&test).await;
    assert!(mends(&report)[0].what.starts_with("2 active users have the email of Ben Host"), "{report:#?}");
}

#[rstest]
#[tokio::test]
async fn a_refused_sign_in_is_a_finding_and_a_mended_one_goes_on_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let down = json!({"match": {"path": "/oauth2/token"}, "times": 3, "effect": {"error": {"status": 400, "code": "invalid_grant", "message": "inactive user"}}});
    test.org.control("POST", "faults", down).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let report = checked(&test).await;
    assert_eq!(
        mends(&report)[0].fix,
        "The user of the connection is inactive: activate it in Salesforce, or connect with another."
    );
    assert_eq!(report.connections[0].username, None);

    test.org.control("DELETE", "faults", json!(null)).await;
    test_by_button(&test).await.says("Connected");
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_dead_token_does_not_fail_a_test(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    assert!(checked(&test).await.ok);
    test.org.control("DELETE", "tokens", json!(null)).await;
    assert!(checked(&test).await.ok);
}

#[rstest]
#[tokio::test]
async fn quiet_sources_and_held_syncs_are_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    assert!(checked(&test).await.ok, "a source that never sent anything may just have been set up");
    let rule = json!({"error": {"status": 400, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Meetings need a region.", "fields": []}});
    test.org.fault(json!({"method": "POST", "object": "Event"}), rule).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let report = checked(&test).await;
    assert_eq!(mends(&report)[0].what, "The sync of one booking waits for a person.");

    test.pass(SignedDuration::from_hours(24 * 8));
    let report = checked(&test).await;
    assert!(mends(&report).iter().any(|finding| finding.what == "Cal.com has sent nothing for 8 days."), "{report:#?}");
    let is_of_source = |finding: &&&Finding| finding.what.starts_with("Cal.com");
    assert_eq!(mends(&report).iter().filter(is_of_source).count(), 1);
}

#[tokio::test]
async fn the_command_tells_people_and_monitors() {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    test.org.control("PATCH", "settings", json!({"now": START})).await;
    let key = crate::support::ENCRYPTION_KEY;
    let run = async |database: &std::path::Path, key: &str, more: &[&str]| -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_matchbook"));
        command.arg("check").args(more).arg("--allow-loopback-orgs").arg("--database").arg(database);
        command.env("MATCHBOOK_ENCRYPTION_KEY", key).output().await.expect("it runs")
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fine = run(&test.database_file(), key, &[]).await;
    assert_eq!(fine.status.code(), Some(0), "{}", text(&fine.stdout));
    let told = text(&fine.stdout);
    assert!(
        told.starts_with("The database and its key can be used.\nconnections.main: signed in to the org 00D"),
        "{told}"
    );
    assert!(told.ends_with("Nothing needs mending.\n"), "{told}");

    let both = configuration(&test.org.url).replace("hosts: [ann]", "hosts: [ann, ben]");
    test.apply(&both).await.expect("applied");
    let found = run(&test.database_file(), key, &["--json"]).await;
    assert_eq!(found.status.code(), Some(1), "{}", text(&found.stderr));
    assert_eq!(text(&found.stderr), "matchbook: one finding needs mending\n");
    let report: Value = serde_json::from_slice(&found.stdout).expect("JSON and nothing else");
    assert_eq!((&report["ok"], &report["findings"][0]["about"]), (&json!(false), &json!("connections.main")));
    assert_eq!(report["connections"][0]["api_limit"], 15_000);

    let other_key = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=";
    let blind = run(&test.database_file(), other_key, &[]).await;
    assert_eq!(blind.status.code(), Some(2), "{}", text(&blind.stderr));
    assert!(text(&blind.stderr).starts_with("matchbook: nothing could be checked: "), "{}", text(&blind.stderr));
}
