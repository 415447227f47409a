//! What each kind of sync costs in calls to Salesforce, counted by the org; the table in `docs/calls.md` is this test's.

use std::fmt::Write as _;
use std::path::Path;

use rstest::rstest;
use serde_json::json;

use crate::explain::{DIRECTLY, routed_with};
use crate::lists::{LISTS, ON_CANCEL};
use crate::support::{Delivery, Engine, TestApp, configuration_with};
use crate::writes::writing;

/// A warm installation: token, describes and hosts' users are known, and no calls are counted yet.
async fn warm(engine: Engine) -> Option<TestApp> {
    let test = TestApp::spawn(engine).await?;
    let other = Delivery::created().by("warm", "Warm Up", "warm@acme.example");
    test.deliver(&other.json()).await;
    test.sync().await;
    test.org.take_calls().await;
    Some(test)
}

/// What bookings with fields to write cost.
async fn of_rows(engine: Engine) -> Vec<(&'static str, u64, u64)> {
    let both = format!("{LISTS}{ON_CANCEL}");
    let Some(test) = writing(engine, &both).await else { return vec![] };
    let mut rows = vec![("New Contact, 3 Event and 4 Contact fields", calls_of(&test, Delivery::created()).await, 2)];
    rows.push(("Reschedule, with fields that change", calls_of(&test, Delivery::rescheduled()).await, 1));
    rows.push(("Cancel with both lists", calls_of(&test, Delivery::cancelled()).await, 2));

    let Some(test) = writing(engine, LISTS).await else { return vec![] };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    rows.insert(1, ("Known Contact, 3 Event and 4 Contact fields", calls_of(&test, Delivery::created()).await, 2));

    let Some(test) = writing(engine, "\n      change_record_owner: {to: organizer}").await else { return vec![] };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    rows.push(("Known Contact whose owner changes", calls_of(&test, Delivery::created()).await, 2));

    let Some(test) = writing(engine, LISTS).await else { return vec![] };
    let rule = json!({"object": "Contact", "when": [{"field": "Score__c", "operator": ">", "value": 5}],
        "message": "Too high.", "field": "Score__c"});
    test.org.control("POST", "rules", json!({"validation": [rule]})).await;
    let dropped = "New Contact, a field is refused (that answer, and a describe)";
    rows.push((dropped, calls_of(&test, Delivery::created()).await, 4));
    rows
}

/// What a new Contact under its Account costs.
async fn of_account(engine: Engine) -> Option<(&'static str, u64, u64)> {
    let test = writing(engine, "\n      attendee_record_type: contact_under_account").await?;
    test.org.load(json!({"Account": [{"Name": "Acme", "Website": "www.acme.example"}]})).await;
    Some(("New Contact under the Account of its website", calls_of(&test, Delivery::created()).await, 2))
}

/// What a new Contact costs whose Account is one of two that only the number of Contacts tells apart.
async fn of_tie(engine: Engine) -> Option<(&'static str, u64, u64)> {
    let tied = "\n      attendee_record_type: contact_under_account\n      tiebreakers: {rules: [most_contacts]}";
    let test = writing(engine, tied).await?;
    let account = |name: &str| json!({"@ref": name, "Name": name, "Website": "acme.example"});
    let contact = json!({"LastName": "Other", "Email": "other@elsewhere.example", "AccountId": "@b"});
    test.org.load(json!({"Account": [account("a"), account("b")], "Contact": [contact]})).await;
    Some(("New Contact under one of two Accounts, told apart by counts", calls_of(&test, Delivery::created()).await, 3))
}

/// What deciding on a host costs, asked without a booking.
async fn of_decisions(engine: Engine) -> Option<Vec<(&'static str, u64, u64)>> {
    let tied = "tiebreakers: {rules: [most_contacts]}";
    let fuzzy = "    fuzzy_domain_matching: true\n";
    let test = routed_with(engine, &format!("{DIRECTLY}, {tied}"), fuzzy).await?;
    let ann = test.org.only_user("ann@seller.example").await;
    let account =
        |name: &str, website: &str| json!({"@ref": name, "Name": name, "Website": website, "OwnerId": ann.clone()});
    let contact = json!({"LastName": "Other", "Email": "other@elsewhere.example", "AccountId": "@b"});
    let accounts = [
        account("one", "one.example"),
        account("a", "tied.example"),
        account("b", "tied.example"),
        account("f", "far.de"),
    ];
    test.org.load(json!({"Account": accounts, "Contact": [contact]})).await;
    decided(&test, "warm@one.example", "who owns one").await;
    let mut rows = Vec::new();
    for (case, email, says, at_most) in [
        ("A decision: the owner of the website's Account", "jane@one.example", "who owns one", 1),
        ("A decision: a website of another suffix", "jane@far.co.uk", "who owns f", 1),
        ("A decision: no Account is found", "jane@nobody.example", "no account was found", 1),
        ("A decision: free mail, nothing is looked up", "jane@gmail.com", "free mail", 0),
        ("A decision: two Accounts, told apart by counts", "jane@tied.example", "who owns b", 2),
    ] {
        rows.push((case, decided(&test, email, says).await, at_most));
    }
    rows.push(("The sync of that booking, under the Account of its decision", routed_sync(&test).await, 2));
    Some(rows)
}

/// What the sync of a booking costs whose decision told two Accounts apart by counts.
async fn routed_sync(test: &TestApp) -> u64 {
    let attendee = json!({"email": "jane@tied.example", "name": "Jane Roe"});
    let body = json!({"event_type": "discovery-call", "start": "2026-05-06T09:30:00Z", "attendee": attendee});
    let booked = test.post("/api/v1/bookings", &body.to_string()).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
    test.org.take_calls().await;
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

/// What deciding costs where the connection finds Accounts by search.
async fn of_decision_by_search(engine: Engine) -> Option<(&'static str, u64, u64)> {
    let test = routed_with(engine, DIRECTLY, "    account_lookup: search\n").await?;
    decided(&test, "warm@one.example", "no account").await;
    Some((
        "A decision, Accounts by `account_lookup: search`",
        decided(&test, "jane@one.example", "no account").await,
        2,
    ))
}

/// The calls of a decision on a host.
async fn decided(test: &TestApp, email: &str, says: &str) -> u64 {
    let asked = json!({"event_type": "discovery-call", "email": email});
    let answer = test.post("/api/v1/routing-decisions", &asked.to_string()).await;
    let sentence = answer.body["sentence"].as_str().unwrap_or_default();
    assert!(answer.status == 200 && sentence.contains(says), "{email}: {}", answer.text);
    test.org.take_calls().await
}

/// What a booking costs whose first write was performed and whose answer was lost.
async fn of_lost_answer(engine: Engine) -> Option<(&'static str, u64, u64)> {
    let test = TestApp::spawn(engine).await?;
    test.org.add_booking_id_field().await;
    test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@acme.example").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    test.org.fault(json!({"object": "Event"}), json!({"drop": "after"})).await;
    let calls = calls_of(&test, Delivery::created()).await;
    Some(("New Contact, lost answer (looked for once more)", calls, 4))
}

async fn calls_of(test: &TestApp, delivery: Delivery) -> u64 {
    assert_eq!(test.deliver(&delivery.json()).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

#[rstest]
#[tokio::test]
async fn the_published_calls_per_sync_are_what_the_org_counts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = warm(engine).await else { return };
    let mut rows = vec![("New Contact", calls_of(&test, Delivery::created()).await, 2)];
    rows.push(("Reschedule", calls_of(&test, Delivery::rescheduled()).await, 1));
    rows.push(("Cancel", calls_of(&test, Delivery::cancelled()).await, 1));

    let Some(test) = warm(engine).await else { return };
    test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]})).await;
    rows.insert(1, ("Known Contact", calls_of(&test, Delivery::created()).await, 2));

    let Some(test) = warm(engine).await else { return };
    test.org.control("PATCH", "settings", json!({"shared_activities": true})).await;
    test.app.store.forget_org(&test.app.store.connections().await.expect("a list")[0].id).await.expect("forgotten");
    test.deliver(&Delivery::created().by("warm-again", "Warm Up", "warm@acme.example").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    let guests: Vec<String> = (1..4).map(|n| format!("guest{n}@acme.example")).collect();
    let four =
        Delivery::created().with("responses", json!({"guests": {"label": "additional_guests", "value": guests}}));
    rows.insert(2, ("Four people, none known", calls_of(&test, four).await, 2));

    let settings = "attendee_record_type: lead, no_show_field: No_Show__c";
    let Some(test) = warm(engine).await else { return };
    let field = json!({"name": "No_Show__c", "label": "No show", "type": "boolean"});
    test.org.control("POST", "fields", json!({"Event": [field]})).await;
    test.app.store.forget_org(&test.app.store.connections().await.expect("a list")[0].id).await.expect("forgotten");
    test.apply(&configuration_with(&test.org.url, settings)).await.expect("applied");
    test.deliver(&Delivery::created().by("warm-again", "Warm Up", "warm@acme.example").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    rows.insert(3, ("New Lead", calls_of(&test, Delivery::created()).await, 2));
    test.deliver(&Delivery::no_show("2026-05-06T10:05:00Z", true)).await;
    test.sync().await;
    rows.push(("No-show", test.org.take_calls().await, 1));

    rows.extend(of_rows(engine).await);
    rows.extend(of_account(engine).await);
    rows.extend(of_tie(engine).await);

    let Some(cold) = TestApp::spawn(engine).await else { return };
    rows.push(("New Contact, cold start (describes fetched first)", calls_of(&cold, Delivery::created()).await, 3));
    let Some(test) = warm(engine).await else { return };
    test.org.control("DELETE", "tokens", json!(null)).await;
    rows.push(("New Contact, expired token (one call is refused)", calls_of(&test, Delivery::created()).await, 3));

    rows.extend(of_lost_answer(engine).await);
    let Some(decisions) = of_decisions(engine).await else { return };
    let by_search = of_decision_by_search(engine).await;
    rows.extend(decisions);
    rows.extend(by_search);

    for (case, counted, at_most) in &rows {
        assert!(counted <= at_most, "{case}: {counted} calls, at most {at_most} are allowed");
    }
    let mut table = String::from(
        "# Calls to Salesforce\n\nWhat each sync costs, counted by the simulated org as Salesforce would count it: a composite request is\none call, OAuth is none. Warm means that the token, the describes and the hosts' users are known. A decision on a host,\nwhere *Book directly with attendee owner* is on, comes before the sync of its booking.\n\n| sync or decision | calls |\n|---|---:|\n",
    );
    for (case, counted, _) in &rows {
        let _ = writeln!(table, "| {case} | {counted} |");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/calls.md");
    if std::env::var_os("MATCHBOOK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &table).expect("docs/calls.md can be written");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(published, table, "docs/calls.md is out of date; run this test with MATCHBOOK_WRITE_DOCS=1");
}
