//! Which of several Accounts decides who takes a meeting: the rules one by one, what each event type does with them, and which
//! Accounts take no part.

use rstest::rstest;
use serde_json::{Value, json};

use crate::routing::{BY_ACCOUNT, Routed, account};
use crate::support::{Answer, Engine, TestApp};

/// A Salesforce section whose Accounts have sub-regions smaller than a state.
const BY_TERRITORY: &str = "attendee_record_type: contact_under_account, book_directly: {enabled: true},
        tiebreakers: {sub_region_field: Sales_Territory__c, sub_regions: [{country: US, region: CA, value: Bay Area}]}";

/// The rules in their default order: as the sentence calls it, what makes an Account win by it, and what makes it lose.
fn rules() -> [(&'static str, Value, Value); 8] {
    let fields = |text: &str| -> Value { text.parse().expect("fields") };
    let one = |text: &str| json!({"@related": text});
    [
        ("country match", fields(r#"{"BillingCountry": "United States"}"#), fields(r#"{"BillingCountry": "Germany"}"#)),
        ("state/region match", fields(r#"{"BillingState": "California"}"#), fields(r#"{"BillingState": "Texas"}"#)),
        (
            "sub-region match",
            fields(r#"{"Sales_Territory__c": "Bay Area"}"#),
            fields(r#"{"Sales_Territory__c": "Sierra"}"#),
        ),
        ("most child accounts", one("Account"), json!({})),
        ("most opportunities", one("Opportunity"), json!({})),
        ("most contacts", one("Contact"), json!({})),
        (
            "most recent activity",
            fields(r#"{"LastActivityDate": "2026-04-01"}"#),
            fields(r#"{"LastActivityDate": "2026-03-01"}"#),
        ),
        (
            "earliest created",
            fields(r#"{"CreatedDate": "2020-01-01T00:00:00Z"}"#),
            fields(r#"{"CreatedDate": "2024-01-01T00:00:00Z"}"#),
        ),
    ]
}

/// Two Accounts for each rule, at a website of its own: Ben's wins by that rule, Cleo's by all that come after it, and before it
/// they are level. So an order other than the default one gives some of them to Cleo.
fn level_until_each_rule() -> Value {
    let (mut accounts, mut opportunities, mut contacts) = (vec![], vec![], vec![]);
    for deciding in 0..rules().len() {
        let (bens, cleos) = (format!("Ben {deciding}"), format!("Cleo {deciding}"));
        let site = json!({"Website": format!("p{deciding}.example")});
        let mut pair = [account(&bens, "@ben", site.clone()), account(&cleos, "@cleo", site)];
        for (at, (_, wins, loses)) in rules().into_iter().enumerate() {
            let sides = match at.cmp(&deciding) {
                std::cmp::Ordering::Less => [&wins, &wins],
                std::cmp::Ordering::Equal => [&wins, &loses],
                std::cmp::Ordering::Greater => [&loses, &wins],
            };
            for (account, side) in pair.iter_mut().zip(sides) {
                let below = format!("@{}", account["Name"].as_str().expect("a name"));
                match side["@related"].as_str() {
                    Some("Account") => accounts.push(json!({"Name": "Below", "ParentId": below})),
                    Some("Opportunity") => opportunities.push(deal(&below)),
                    Some(_) => contacts.push(json!({"LastName": "Other", "AccountId": below})),
                    None => account.as_object_mut().expect("fields").extend(side.as_object().expect("fields").clone()),
                }
            }
        }
        accounts.extend(pair);
    }
    json!({"Account": accounts, "Opportunity": opportunities, "Contact": contacts})
}

fn deal(account: &str) -> Value {
    json!({"Name": "Deal", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-12-31"})
}

async fn by_territory(engine: Engine) -> Option<Routed> {
    let test = TestApp::spawn(engine).await?;
    let field = json!({"name": "Sales_Territory__c", "label": "Sales territory", "type": "string", "length": 40});
    test.org.control("POST", "fields", json!({"Account": [field]})).await;
    Routed::prepare(test, "", BY_TERRITORY, level_until_each_rule()).await
}

/// Who would take a booking of this email, and why.
async fn explain(routed: &Routed, event_type: &str, email: &str, place: Value) -> Answer {
    let asked = json!({"event_type": event_type, "email": email, "place": place});
    let told = routed.test.post("/api/v1/routing-decisions", &asked.to_string()).await;
    assert_eq!(told.status, 200, "{}", told.text);
    told
}

fn in_california() -> Value {
    json!({"country": "US", "region": "California"})
}

/// The results of the stages of these names, in their order.
fn results(told: &Answer, begins: &str) -> Vec<(String, String)> {
    let text = |stage: &Value, key: &str| stage[key].as_str().expect("a text").to_owned();
    let stages = told.body["stages"].as_array().expect("stages").iter();
    stages
        .map(|stage| (text(stage, "stage"), text(stage, "result")))
        .filter(|(name, _)| name.starts_with(begins))
        .collect()
}

#[rstest]
#[tokio::test]
async fn each_rule_decides_in_the_default_order_where_those_before_it_leave_a_tie(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = by_territory(engine).await else { return };
    let numbers = ["P1", "P2", "P3", "P5", "P6", "P7", "P8", "P9"];
    for (deciding, (criterion, ..)) in rules().iter().enumerate() {
        let told = explain(&routed, "discovery-call", &format!("jane@p{deciding}.example"), in_california()).await;
        let sentence = format!("Booked with Ben Host, who owns Ben {deciding}, chosen over 1 other by {criterion}.");
        assert_eq!(told.body["sentence"], sentence, "{}", told.text);
        let went_through = results(&told, "P");
        let gone: Vec<&str> = went_through.iter().filter_map(|(name, _)| name.split(' ').next()).collect();
        assert_eq!(gone, numbers[..=deciding], "the first rule that leaves one ends it: {}", told.text);
        assert_eq!(went_through[deciding].1, "decided", "{}", told.text);
    }
}

#[rstest]
#[tokio::test]
async fn where_it_is_not_known_where_the_booker_is_the_rules_start_at_p5(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = by_territory(engine).await else { return };
    for geo in 0..3 {
        let told = explain(&routed, "discovery-call", &format!("jane@p{geo}.example"), json!({})).await;
        let sentence =
            format!("Booked with Cleo Host, who owns Cleo {geo}, chosen over 1 other by most child accounts.");
        assert_eq!(told.body["sentence"], sentence, "{}", told.text);
        let went_through = results(&told, "P");
        let (skipped, rest) = went_through.split_at(3);
        assert!(skipped.iter().all(|(_, result)| result.starts_with("skipped")), "{skipped:?}");
        assert_eq!(rest, [("P5 Most child accounts".to_owned(), "decided".to_owned())]);
    }
}

#[rstest]
#[tokio::test]
async fn each_event_type_goes_by_rules_and_an_order_of_its_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let us = |created: &str| json!({"BillingCountry": "United States", "CreatedDate": created});
    let records = json!({
        "Account": [
            account("Acme US", "@cleo", us("2024-01-01T00:00:00Z")),
            account("Acme EMEA", "@ben", json!({"BillingCountry": "Germany", "CreatedDate": "2023-01-01T00:00:00Z"})),
            account("Acme Old", "@ann", json!({"BillingCountry": "France", "CreatedDate": "2020-01-01T00:00:00Z"}))],
        "Opportunity": [deal("@Acme EMEA")]});
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, records).await else { return };
    let event_type = |key: &str, tiebreakers: &str| {
        format!(
            "  {key}: {{title: Demo, length_minutes: 30, hosts: [ann, ben, cleo], scheduling: round_robin,
    salesforce: {{connection: main, {BY_ACCOUNT}, tiebreakers: {{{tiebreakers}}}}}}}\n"
        )
    };
    let all = [
        event_type("deals-first", "rules: [most_opportunities, country]"),
        event_type("country-first", "rules: [country, most_opportunities]"),
        event_type("no-country", "rules: [state, most_opportunities]"),
        event_type("no-rules", "rules: []"),
        event_type("off", "enabled: false"),
    ];
    routed.test.apply(&format!("event_types:\n{}", all.concat())).await.expect("the configuration is sound");
    for (key, owner, ran) in [
        ("discovery-call", "Cleo Host, who owns Acme US", vec!["P1 Country match"]),
        ("country-first", "Cleo Host, who owns Acme US", vec!["P1 Country match"]),
        ("deals-first", "Ben Host, who owns Acme EMEA", vec!["P6 Most opportunities"]),
        ("no-country", "Ben Host, who owns Acme EMEA", vec!["P2 State/region match", "P6 Most opportunities"]),
        ("no-rules", "Ann Host, who owns Acme Old", vec![]),
        ("off", "Ann Host, who owns Acme Old", vec![]),
    ] {
        let told = explain(&routed, key, "jane@acme.example", in_california()).await;
        let sentence = told.body["sentence"].as_str().expect("a sentence");
        assert!(sentence.starts_with(&format!("Booked with {owner}, ")), "{key}: {sentence}");
        let names: Vec<String> = results(&told, "P").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ran, "{key}");
    }
    // A rule that was taken out and is listed again takes part again.
    let again = event_type("no-country", "rules: [state, country, most_opportunities]");
    routed.test.apply(&format!("event_types:\n{again}")).await.expect("the configuration is sound");
    let told = explain(&routed, "no-country", "jane@acme.example", in_california()).await;
    assert_eq!(told.body["account"]["id"], routed.ids["Acme US"], "{}", told.text);
    let emptied = event_type("no-country", "rules: []");
    let changed = routed.test.apply(&format!("event_types:\n{emptied}")).await.expect("the configuration is sound");
    let words = changed.changes[0].sentences().join(" ");
    assert!(words.ends_with("salesforce.tiebreakers.rules state, country, most_opportunities -> none"), "{words}");
}

#[rstest]
#[tokio::test]
async fn accounts_of_excluded_record_types_route_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] excluded: bool,
) {
    let kind = |name: &str| json!({"@ref": name, "Name": name, "DeveloperName": name, "SobjectType": "Account", "IsActive": true});
    let of = |kind: &str, created: &str| json!({"RecordTypeId": format!("@{kind}"), "CreatedDate": created});
    let mut vendor = account("Vendor", "@ben", of("Vendors", "2018-01-01T00:00:00Z"));
    vendor["Website"] = json!("www.other.example");
    let colleague = |account: &str| json!({"LastName": "Other", "Email": "joe@other.example", "AccountId": account});
    let mut plain = account("Plain", "@cleo", json!({}));
    plain["Website"] = Value::Null;
    let records = json!({
        "RecordType": [kind("Partners"), kind("Vendors"), kind("Customers")],
        "Account": [
            account("Partner", "@ben", of("Partners", "2019-01-01T00:00:00Z")),
            account("Customer", "@cleo", of("Customers", "2024-01-01T00:00:00Z")),
            vendor, plain],
        "Contact": [colleague("@Plain")]});
    let exclude = if excluded { ", exclude_record_types: {account: [pARTNERS, Vendors]}" } else { "" };
    let Some(routed) = Routed::spawn(engine, "", &format!("{BY_ACCOUNT}{exclude}"), records).await else { return };
    let jane = routed.book("jane@acme.example", json!({})).await;
    let decision = routed.decision(&jane.body).await;
    let (account, host) = if excluded { ("Customer", "Cleo Host") } else { ("Partner", "Ben Host") };
    assert_eq!((&decision["account"]["id"], &decision["host"]["name"]), (&routed.ids[account], &json!(host)));
    let partner = routed.ids["Partner"].clone();
    let stages = decision["stages"].as_array().expect("stages");
    let mut seen = stages.iter().flat_map(|stage| stage["candidates"].as_array().expect("candidates"));
    let removed = seen.any(|seen| seen["account_id"] == partner && seen["removed"] == "excluded_record_type");
    assert_eq!(removed, excluded, "the trace says why the partner takes no part: {decision:#}");

    // Where a step finds excluded Accounts alone, the next one is asked.
    let told = explain(&routed, "discovery-call", "ida@other.example", json!({})).await;
    let account = if excluded { "Plain" } else { "Vendor" };
    assert_eq!(told.body["account"]["id"], routed.ids[account], "{}", told.text);
}
