//! What was known when deciding is stored beside the trace, so that a decision can be run again (spec 9).

use domain::account::Coverage;
use domain::ask::{Answer, Known, Next};
use domain::routing::{RoutingTrace, decide};
use rstest::rstest;
use serde_json::{Value, json};

use crate::explain::{DIRECTLY, routed, routed_with};
use crate::support::{Engine, TestApp};

/// Books with an email and gives the booking's id.
async fn book(test: &TestApp, email: &str, start: &str) -> String {
    let asked = json!({"event_type": "discovery-call", "start": start,
        "attendee": {"email": email, "name": "Jane Roe"}, "place": {"country": "DE"},
        "answers": [{"slug": "company", "label": "Company", "value": "Acme Ltd"}]});
    let made = test.post("/api/v1/bookings", &asked.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["id"].as_str().expect("an id").to_owned()
}

/// Runs the only decision of a booking again from what is stored of it; gives what was known, and the trace.
async fn run_again(test: &TestApp, booking: &str) -> (Known, RoutingTrace) {
    let stored = test.app.store.decisions_of(booking).await.expect("decisions").remove(0);
    let (input, known) = test.app.store.decision_input(&stored.id).await.expect("it is read").expect("it is kept");
    let (decision, trace) = decide(&input, &known);
    assert_eq!(decision, Next::Done(stored.decision), "run again, {booking} would get another decision");
    assert_eq!(trace, stored.trace, "run again, {booking} would get another trace");
    (known, trace)
}

/// An org in which each step of account resolution finds somebody.
fn records(ann: &str, ben: &str) -> Value {
    let account = |name: &str, website: &str, country: &str, owner: &str| {
        json!({"@ref": name, "Name": name, "Website": website, "BillingCountry": country, "OwnerId": owner,
            "CreatedDate": "2024-01-01T00:00:00Z"})
    };
    let contact = |email: &str, account: &str| json!({"LastName": "Roe", "Email": email, "AccountId": account});
    json!({
        "Account": [
            account("Tied DE", "tied.example", "Germany", ann), account("Tied US", "www.tied.example", "US", ben),
            account("Level 1", "level.example", "", ann), account("Level 2", "level.example", "", ben),
            account("Normal", "https://WWW.normal.example:443/about?x=1", "", ben),
            account("Few", "", "", ann), account("Many", "", "", ben),
            account("Fuzzy", "fuzzy.de", "", ann), account("Own", "", "", ben),
            account("Foreign", "foreign.example", "", "@somebody"),
        ],
        "User": [{"@ref": "somebody", "LastName": "Else", "Username": "else@seller.example",
            "Email": "else@seller.example", "IsActive": true, "UserType": "Standard"}],
        "Contact": [
            contact("a@colleagues.example", "@Few"), contact("b@colleagues.example", "@Many"),
            contact("c@colleagues.example", "@Many"), contact("known@elsewhere.example", "@Own"),
            contact("other@elsewhere.example", "@Level 2"),
        ]
    })
}

async fn load(test: &TestApp) {
    let (ann, ben) = (test.org.only_user("ann@seller.example").await, test.org.only_user("ben@seller.example").await);
    test.org.load(records(&ann, &ben)).await;
}

#[rstest]
#[tokio::test]
async fn a_stored_decision_run_again_comes_to_the_same_whatever_was_known(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed_with(engine, DIRECTLY, "    fuzzy_domain_matching: true\n").await else { return };
    load(&test).await;
    for (number, (email, says)) in [
        ("jane@tied.example", "owns Tied DE, chosen over 1 other by country match"),
        ("jane@level.example", "owns Level 2, chosen over 1 other by most contacts"),
        ("jane@normal.example", "owns Normal"),
        ("jane@colleagues.example", "owns Many, chosen over 1 other by most contacts at the domain"),
        ("jane@fuzzy.co.uk", "owns Fuzzy"),
        ("Known@Elsewhere.example", "owns Own"),
        ("jane@foreign.example", "by round robin: no candidate's owner is an enabled host"),
        ("jane@nobody.example", "by round robin: no account was found"),
        ("jane@gmail.com", "by round robin: the email is with a free mail provider"),
    ]
    .into_iter()
    .enumerate()
    {
        let booking = book(&test, email, &format!("2026-05-{:02}T09:30:00Z", number + 5)).await;
        let (_, trace) = run_again(&test, &booking).await;
        assert!(trace.sentence.contains(says), "{email}: {}", trace.sentence);
    }
}

#[rstest]
#[tokio::test]
async fn so_does_one_that_saw_a_part_of_the_records(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    let owner = test.org.only_user("ben@seller.example").await;
    let account = |number: usize| json!({"Name": format!("Wide {number}"), "Website": format!("https://wide.example/{number}"), "OwnerId": owner});
    test.org.load(json!({"Account": (0..2_001).map(account).collect::<Vec<_>>()})).await;
    let booking = book(&test, "jane@wide.example", "2026-05-06T09:30:00Z").await;
    let (known, trace) = run_again(&test, &booking).await;
    let bounded = |answer: &Answer| matches!(answer, Answer::Accounts { coverage: Coverage::Bounded { .. }, .. });
    assert!(known.values().flatten().any(bounded), "the answer was bounded");
    assert!(trace.sentence.contains("who owns Wide "), "{}", trace.sentence);
}

#[rstest]
#[tokio::test]
async fn so_does_one_for_which_a_look_up_failed_or_the_org_was_down(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = routed(engine, DIRECTLY).await else { return };
    load(&test).await;
    book(&test, "warm@tied.example", "2026-05-05T09:30:00Z").await;

    let slow = json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}});
    test.org.fault(json!({"soql": "from account"}), slow).await;
    let booking = book(&test, "jane@tied.example", "2026-05-06T09:30:00Z").await;
    let (known, trace) = run_again(&test, &booking).await;
    assert!(known.values().any(Result::is_err), "the failure is a part of what was known");
    assert!(trace.sentence.contains("QUERY_TIMEOUT"), "{}", trace.sentence);

    test.org.control("POST", "faults", json!({"match": {"path": "/"}, "effect": {"html": 503}, "times": 50})).await;
    let booking = book(&test, "jane@tied.example", "2026-05-07T09:30:00Z").await;
    let (_, trace) = run_again(&test, &booking).await;
    assert!(trace.sentence.contains("by round robin: "), "{}", trace.sentence);
    let booking = book(&test, "jane@tied.example", "2026-05-08T09:30:00Z").await;
    let (known, trace) = run_again(&test, &booking).await;
    assert!(known.is_empty() && trace.sentence.contains("the connection Main org rests"), "{}", trace.sentence);
}
