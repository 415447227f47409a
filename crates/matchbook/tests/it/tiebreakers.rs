//! Which of several Accounts it is, by the admin's rules.

use rstest::rstest;
use serde_json::{Value, json};

use crate::accounts::{book, jane, with};
use crate::support::{Engine, TestApp};

/// An org with Accounts of the same website, and an installation whose rules are these.
async fn tied(engine: Engine, tiebreakers: &str, records: Value) -> Option<(TestApp, Value)> {
    with(engine, &format!("attendee_record_type: contact_under_account, tiebreakers: {{{tiebreakers}}}"), records).await
}

fn account(name: &str, more: Value) -> Value {
    let mut account =
        json!({"@ref": name, "Name": name, "Website": "acme.example", "CreatedDate": "2024-01-01T00:00:00Z"});
    account.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    account
}

#[rstest]
#[case::children("most_child_accounts", 3)]
#[case::opportunities("most_opportunities", 3)]
#[case::contacts("most_contacts", 3)]
#[case::activity("most_recent_activity", 2)]
#[case::created("earliest_created", 2)]
#[tokio::test]
async fn the_first_rule_that_leaves_one_account_decides_and_only_counts_cost_a_call(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] rule: &str,
    #[case] calls: u64,
) {
    let better = match rule {
        "most_recent_activity" => json!({"LastActivityDate": "2026-04-01"}),
        "earliest_created" => json!({"CreatedDate": "2020-01-01T00:00:00Z"}),
        _ => json!({}),
    };
    let opportunity = json!({"Name": "Deal", "AccountId": "@b", "StageName": "Prospecting", "CloseDate": "2026-12-31"});
    let records = json!({
        "Account": [account("a", json!({})), account("b", better), account("c", json!({})), {"Name": "Below", "ParentId": "@b"}],
        "Opportunity": [opportunity],
        "Contact": [{"LastName": "Other", "Email": "other@elsewhere.example", "AccountId": "@b"}]});
    let Some((test, ids)) = tied(engine, &format!("rules: [{rule}]"), records).await else { return };
    assert_eq!(book(&test).await, calls);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["b"]);
}

#[rstest]
#[tokio::test]
async fn order_is_what_runs_and_off_means_the_oldest(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(("rules: [earliest_created, most_contacts]", "old", 2), ("rules: [most_contacts, earliest_created]", "many", 3), ("enabled: false", "old", 2))]
    case: (&str, &str, u64),
) {
    let (tiebreakers, winner, calls) = case;
    let records = json!({
        "Account": [account("many", json!({})), account("old", json!({"CreatedDate": "2020-01-01T00:00:00Z"}))],
        "Contact": [{"LastName": "Other", "Email": "other@elsewhere.example", "AccountId": "@many"}]});
    let Some((test, ids)) = tied(engine, tiebreakers, records).await else { return };
    assert_eq!(book(&test).await, calls);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids[winner]);
}

#[rstest]
#[tokio::test]
async fn an_answer_is_the_sub_region_that_the_account_field_is_compared_with(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({"Account": [account("a", json!({"BillingCity": "Bolton"})), account("b", json!({"BillingCity": "ACME  ltd"}))]});
    let rules = "rules: [country, sub_region], sub_region_field: BillingCity, sub_region_question: company";
    let Some((test, ids)) = tied(engine, rules, records).await else { return };
    assert_eq!(book(&test).await, 2, "fields come with the look-up");
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["b"], "her answer is \"Acme Ltd\"");
}

#[rstest]
#[tokio::test]
async fn a_count_that_fails_is_asked_again_and_is_never_zero(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({
        "Account": [account("a", json!({})), account("b", json!({}))],
        "Contact": [{"LastName": "Other", "Email": "other@elsewhere.example", "AccountId": "@b"}]});
    let Some((test, ids)) = tied(engine, "rules: [most_contacts]", records).await else { return };
    let slow = json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}});
    test.org
        .control(
            "POST",
            "faults",
            json!({"match": {"path": "/query", "object": "Contact"}, "effect": slow, "times": 1}),
        )
        .await;
    test.deliver(&crate::support::Delivery::created().json()).await;
    for _ in 0..4 {
        test.sync().await;
        test.pass(jiff::SignedDuration::from_mins(5));
    }
    test.assert_all_synced().await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["b"]);
}
