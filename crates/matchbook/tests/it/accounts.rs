//! Attendees as Contacts under the Account that they belong to.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Delivery, Engine, TestApp, configuration_with};

const UNDER: &str = "attendee_record_type: contact_under_account";

/// A warm installation with these settings, and an org with these records.
pub(crate) async fn with(engine: Engine, settings: &str, records: Value) -> Option<(TestApp, Value)> {
    let test = TestApp::spawn(engine).await?;
    test.apply(&configuration_with(&test.org.url, settings)).await.expect("the configuration is sound");
    let ids = test.org.load(records).await["refs"].clone();
    test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@gmail.com").with("title", "Warm up").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    Some((test, ids))
}

pub(crate) async fn book(test: &TestApp) -> u64 {
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

pub(crate) async fn jane(test: &TestApp, object: &str) -> Value {
    let mut all = test.org.records(object).await;
    all.retain(|record| record["Email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case("jane@acme.example")));
    assert_eq!(all.len(), 1, "one {object} of Jane's: {all:#?}");
    all.remove(0)
}

async fn who(test: &TestApp) -> Value {
    let events = test.org.records("Event").await;
    events.iter().find(|event| event["Subject"] != "Warm up").expect("Jane's Event")["WhoId"].clone()
}

#[rstest]
#[tokio::test]
async fn a_new_contact_comes_under_the_account_of_their_companys_website_in_two_calls(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("acme.example", "https://www.Acme.example:443/about?x=1")] website: &str,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": website},
        {"Name": "Not Acme", "Website": "notacme.example"}, {"Name": "Evil", "Website": "acme.example.evil.io"}]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    assert_eq!(book(&test).await, 2);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["acme"]);
    assert_eq!(who(&test).await, jane(&test, "Contact").await["Id"]);
}

#[rstest]
#[tokio::test]
async fn a_contact_that_has_an_account_keeps_it_and_one_that_has_none_is_linked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] has: bool,
) {
    let records = json!({
        "Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}, {"@ref": "old", "Name": "Old"}],
        "Contact": [{"LastName": "Roe", "Email": "Jane@acme.example", "AccountId": if has { json!("@old") } else { Value::Null }}]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    assert_eq!(book(&test).await, 2);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids[if has { "old" } else { "acme" }]);
}

#[rstest]
#[tokio::test]
async fn a_run_keeps_how_it_looked_for_the_account_candidate_by_candidate_also_where_it_found_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let acme = |name: &str, created: &str| json!({"@ref": name, "Name": name, "Website": "acme.example", "CreatedDate": created});
    let records = json!({"Account": [acme("Young", "2026-01-01T00:00:00Z"), acme("Old", "2020-01-01T00:00:00Z")]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    book(&test).await;
    let bookings = test.get("/api/v1/bookings").await.body["bookings"].clone();
    let account_of = async |email: &str| {
        let booking = bookings.as_array().expect("bookings").iter().find(|it| it["attendee"]["email"] == email);
        let id = booking.expect("the booking")["id"].as_str().expect("an id").to_owned();
        let run = test.get(&format!("/api/v1/bookings/{id}/sync-runs")).await.body["sync_runs"][0].clone();
        (id, run["account"].clone(), run["notes"].to_string())
    };
    let (_, account, notes) = account_of("jane@acme.example").await;
    assert_eq!(account["account"], json!({"id": ids["Old"], "name": "Old"}));
    let decided = account["stages"].as_array().expect("stages").iter().find(|it| it["result"] == "decided");
    let decided = decided.unwrap_or_else(|| panic!("a rule decided: {account:#}"));
    assert_eq!(decided["stage"], "P9 Earliest created");
    let young = decided["candidates"].as_array().expect("candidates").iter().find(|it| it["name"] == "Young");
    assert_eq!(young.expect("it is listed")["removed"], "outranked", "{decided:#}");
    assert!(
        notes.contains("The attendee's Account is Old (Exact match), chosen over 1 other by earliest created."),
        "{notes}"
    );

    let (id, account, notes) = account_of("warm@gmail.com").await;
    assert!(
        account.get("account").is_none() && account["stages"].to_string().contains("free mail provider"),
        "{account:#}"
    );
    assert!(notes.contains("No Account of the attendee's was found."), "{notes}");
    let none = test.app.store.runs(&id, 1).await.expect("runs").remove(0).account.expect("it is kept");
    assert_eq!(none.chosen, None);
}

#[rstest]
#[tokio::test]
async fn the_colleagues_account_is_found_by_their_email_the_most_of_them_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let colleague = |name: &str, account: &str| json!({"LastName": name, "Email": format!("{name}@acme.example"), "AccountId": account});
    let records = json!({
        "Account": [{"@ref": "few", "Name": "Few"}, {"@ref": "many", "Name": "Many"}],
        "Contact": [colleague("a", "@few"), colleague("b", "@many"), colleague("c", "@many")]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    assert_eq!(book(&test).await, 2);
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["many"]);
}

#[rstest]
#[tokio::test]
async fn of_an_attendees_own_contacts_the_account_decides(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mine =
        |account: &str, name: &str| json!({"LastName": name, "Email": "jane@acme.example", "AccountId": account});
    let records = json!({
        "Account": [{"@ref": "young", "Name": "Young", "CreatedDate": "2025-01-01T00:00:00Z"},
            {"@ref": "old", "Name": "Old", "CreatedDate": "2020-01-01T00:00:00Z"}],
        "Contact": [mine("@young", "Y"), mine("@old", "O")]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    book(&test).await;
    let contacts = test.org.records("Contact").await;
    let chosen = contacts.iter().find(|contact| contact["AccountId"] == ids["old"]).expect("it is there");
    assert_eq!(who(&test).await, chosen["Id"], "the oldest Account, never an arbitrary one");
}

#[rstest]
#[case::lead("lead", 1, 0)]
#[case::contact("contact", 0, 1)]
#[case::nothing("nothing", 0, 0)]
#[tokio::test]
async fn without_an_account_the_admin_decides_what_an_attendee_becomes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] no_account: &str,
    #[case] leads: usize,
    #[case] contacts: usize,
) {
    let settings = format!("{UNDER}, no_account: {no_account}");
    let Some((test, _)) = with(engine, &settings, json!({"Account": [{"Name": "Other"}]})).await else { return };
    assert!(book(&test).await <= 2);
    let count = async |object: &str| {
        let all = test.org.records(object).await;
        all.iter().filter(|record| record["Email"] == "jane@acme.example").count()
    };
    assert_eq!((count("Lead").await, count("Contact").await), (leads, contacts));
    let events = test.org.records("Event").await;
    assert_eq!(events.iter().filter(|event| event["Subject"] != "Warm up").count(), leads + contacts);
}

#[rstest]
#[tokio::test]
async fn free_mail_leads_to_no_account_and_excluded_accounts_are_not_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({
        "RecordType": [{"@ref": "partner", "Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account", "IsActive": true}],
        "Account": [{"Name": "Mail", "Website": "gmail.com"}, {"Name": "Acme", "Website": "acme.example", "RecordTypeId": "@partner"}]});
    let settings = format!("{UNDER}, no_account: contact, exclude_record_types: {{account: [partner]}}");
    let Some((test, _)) = with(engine, &settings, records).await else { return };
    book(&test).await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], Value::Null, "Acme is a partner");
    let warm = test.org.records("Contact").await;
    assert!(warm.iter().all(|contact| contact["AccountId"].is_null()), "gmail.com says nothing: {warm:#?}");
}

#[rstest]
#[tokio::test]
async fn websites_of_other_suffixes_match_where_the_connection_allows_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] fuzzy: bool,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "www.acme.de"},
        {"Name": "1acme", "Website": "1acme.de"}, {"@ref": "bolt", "Name": "Bolt", "Website": "bolt.co.uk"},
        {"@ref": "cord", "Name": "Cord", "Website": "https://cord.com/en"}]});
    let settings = format!("{UNDER}, no_account: contact");
    let Some((test, ids)) = fuzzily(engine, &settings, fuzzy, records).await else { return };
    for (name, email) in [("acme", "jane@acme.co.uk"), ("bolt", "jane@bolt.com"), ("cord", "jane@cord.com.au")] {
        let contact = contact_of(&test, email).await;
        assert_eq!(contact["AccountId"], if fuzzy { ids[name].clone() } else { Value::Null }, "{email}");
    }
}

/// An installation whose connection allows other suffixes or not, and an org with these records.
async fn fuzzily(engine: Engine, settings: &str, fuzzy: bool, records: Value) -> Option<(TestApp, Value)> {
    let test = TestApp::spawn(engine).await?;
    let text = configuration_with(&test.org.url, settings);
    let text = text.replace("    grant:", &format!("    fuzzy_domain_matching: {fuzzy}\n    grant:"));
    test.apply(&text).await.expect("the configuration is sound");
    let ids = test.org.load(records).await["refs"].clone();
    Some((test, ids))
}

/// The Contact that a booking of this email makes.
pub(crate) async fn contact_of(test: &TestApp, email: &str) -> Value {
    test.deliver(&Delivery::created().by(email, "Jane Roe", email).json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let mut contacts = test.org.records("Contact").await;
    contacts.retain(|contact| contact["Email"] == email);
    assert_eq!(contacts.len(), 1, "one Contact with {email}: {contacts:#?}");
    contacts.remove(0)
}

#[rstest]
#[tokio::test]
async fn each_way_to_an_account_is_tried_before_the_next_and_other_suffixes_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let ways = [
        ("fuzzy", "www.other-suffix.de"),
        ("colleague", ""),
        ("normalized", "https://www.SITE.example:443/about"),
        ("exact", "SITE.example"),
    ];
    // The later in the list, the better the way, and the younger the Account: its age must not decide.
    let (mut accounts, mut contacts) = (vec![], vec![]);
    for best in 0..ways.len() {
        let site = format!("site{best}");
        for (at, (way, website)) in ways.iter().enumerate().take(best + 1) {
            let website = match *way {
                "fuzzy" => format!("www.{site}.de"),
                _ => website.replace("SITE", &site),
            };
            let name = format!("{way} {best}");
            accounts.push(json!({"@ref": name, "Name": name, "Website": website, "CreatedDate": format!("202{at}-01-01T00:00:00Z")}));
            if *way == "colleague" {
                contacts.push(json!({"LastName": "Other", "Email": format!("joe@{site}.example"), "AccountId": format!("@{name}")}));
            }
        }
    }
    let records = json!({"Account": accounts, "Contact": contacts});
    let Some((test, ids)) = fuzzily(engine, UNDER, true, records).await else { return };
    for (best, (way, _)) in ways.iter().enumerate() {
        let contact = contact_of(&test, &format!("jane@site{best}.example")).await;
        assert_eq!(contact["AccountId"], ids[format!("{way} {best}")], "{way} comes first");
    }
}

#[rstest]
#[case::contact("attendee_record_type: contact, create_contact_under_account: true", "Contact")]
#[case::lead("attendee_record_type: lead, create_contact_under_account: true", "Lead")]
#[tokio::test]
async fn other_suffixes_do_not_match_where_attendees_are_contacts_or_leads_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] settings: &str,
    #[case] becomes: &str,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.de"},
        {"@ref": "bolt", "Name": "Bolt", "Website": "bolt.com"}]});
    let Some((test, ids)) = fuzzily(engine, settings, true, records).await else { return };
    let exact = contact_of(&test, "joe@bolt.com").await;
    assert_eq!(exact["AccountId"], ids["bolt"], "the very domain still leads to the Account");
    test.deliver(&Delivery::created().by("uid-2", "Jane Roe", "jane@acme.co.uk").json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let mut all = test.org.records(becomes).await;
    all.retain(|record| record["Email"] == "jane@acme.co.uk");
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["AccountId"], Value::Null, "acme.de is another domain here");
}

#[rstest]
#[tokio::test]
async fn the_fuzzy_switch_of_a_connection_holds_for_all_its_event_types_and_for_no_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let connection = |key: &str, fuzzy: bool| {
        format!(
            "  {key}: {{name: {key}, login_host: '{}', grant: client_credentials, client_id: matchbook-demo,
    client_secret: {{secret: CLIENT}}, fuzzy_domain_matching: {fuzzy}}}\n",
            test.org.url
        )
    };
    let event_type = |key: &str, connection: &str| {
        format!(
            "  {key}: {{title: {key}, length_minutes: 30, hosts: [ann],
    salesforce: {{connection: {connection}, {UNDER}, no_account: contact}}}}\n"
        )
    };
    let text = format!(
        "connections:\n{}{}event_types:\n{}{}{}",
        connection("main", true),
        connection("other", false),
        event_type("discovery-call", "main"),
        event_type("demo", "main"),
        event_type("support", "other")
    );
    test.apply(&text).await.expect("the configuration is sound");
    let account = |name: &str| json!({"@ref": name, "Name": name, "Website": format!("{name}.de")});
    let accounts = json!({"Account": [account("acme"), account("bolt"), account("cord")]});
    let ids = test.org.load(accounts).await["refs"].clone();
    for (at, (slug, name)) in [("discovery-call", "acme"), ("demo", "bolt"), ("support", "cord")].iter().enumerate() {
        let email = format!("jane@{name}.example");
        let booked = Delivery::created().by(&email, "Jane Roe", &email).with("type", *slug).with("eventTypeId", 7 + at);
        test.deliver(&booked.json()).await;
        test.sync().await;
        test.assert_all_synced().await;
        let contacts = test.org.records("Contact").await;
        let contact = contacts.iter().find(|contact| contact["Email"] == email.as_str()).expect("a Contact");
        let wanted = if *slug == "support" { Value::Null } else { ids[*name].clone() };
        assert_eq!(contact["AccountId"], wanted, "{slug}");
    }
}

#[rstest]
#[case::contact_by_default("attendee_record_type: contact", "Contact", false)]
#[case::contact("attendee_record_type: contact, create_contact_under_account: true", "Contact", true)]
#[case::under_account_by_default(UNDER, "Contact", true)]
#[case::switched_off(
    "attendee_record_type: contact_under_account, create_contact_under_account: false, no_account: contact",
    "Contact",
    false
)]
#[case::lead_by_default("attendee_record_type: lead", "Lead", false)]
#[case::lead("attendee_record_type: lead, create_contact_under_account: true", "Contact", true)]
#[tokio::test]
async fn new_contacts_come_under_the_account_where_the_setting_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] settings: &str,
    #[case] becomes: &str,
    #[case] linked: bool,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}]});
    let Some((test, ids)) = with(engine, settings, records).await else { return };
    book(&test).await;
    let account = jane(&test, becomes).await["AccountId"].clone();
    assert_eq!(account, if linked { ids["acme"].clone() } else { Value::Null });
}

#[rstest]
#[tokio::test]
async fn a_failed_look_up_is_never_read_as_no_account(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    let slow = json!({"error": {"status": 400, "code": "QUERY_TIMEOUT", "message": "Your query request was running for too long.", "fields": []}});
    test.org.fault(json!({"soql": "from account"}), slow).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert!(test.org.records("Lead").await.len() <= 1, "nobody is made in a hurry");
    test.pass(jiff::SignedDuration::from_mins(31));
    test.sync().await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["acme"]);
    test.assert_all_synced().await;
}

#[rstest]
#[case::the_contact_is_locked(json!({"method": "PATCH", "object": "Contact"}), json!({"error": {"status": 400, "code": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}}))]
#[case::the_change_never_arrives(json!({"method": "PATCH", "object": "Contact"}), json!({"drop": "before"}))]
#[case::its_answer_is_lost(json!({"method": "PATCH", "object": "Contact"}), json!({"drop": "after"}))]
#[tokio::test]
async fn a_link_that_meets_trouble_is_made_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] matches: Value,
    #[case] effect: Value,
) {
    let records = json!({"Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}],
        "Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]});
    let settings = format!("{UNDER}, relate_event_to: account");
    let Some((test, ids)) = with(engine, &settings, records).await else { return };
    test.org.fault(matches, effect).await;
    test.deliver(&Delivery::created().json()).await;
    for _ in 0..4 {
        test.sync().await;
        test.pass(jiff::SignedDuration::from_mins(15));
    }
    test.assert_all_synced().await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["acme"]);
    let mut events = test.org.records("Event").await;
    events.retain(|event| event["Subject"] != "Warm up");
    assert_eq!((events.len(), &events[0]["WhatId"]), (1, &ids["acme"]));
    test.org.take_calls().await;
    test.deliver(&Delivery::rescheduled().json()).await;
    test.sync().await;
    assert!(test.org.take_calls().await <= 2, "what is done is not looked at again, but the org is described anew");
}

#[rstest]
#[tokio::test]
async fn a_link_that_was_put_off_does_not_move_a_contact_whom_somebody_put_under_another_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({
        "Account": [{"@ref": "acme", "Name": "Acme", "Website": "acme.example"}, {"@ref": "other", "Name": "Other"}],
        "Contact": [{"LastName": "Roe", "Email": "jane@acme.example"}]});
    let Some((test, ids)) = with(engine, UNDER, records).await else { return };
    let locked = json!({"error": {"status": 400, "code": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}});
    test.org.fault(json!({"method": "PATCH", "object": "Contact"}), locked).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let contact = jane(&test, "Contact").await;
    test.org.update("Contact", &contact["Id"], json!({"AccountId": ids["other"]})).await;
    test.pass(jiff::SignedDuration::from_mins(15));
    test.sync().await;
    test.assert_all_synced().await;
    assert_eq!(jane(&test, "Contact").await["AccountId"], ids["other"]);
}

#[rstest]
#[tokio::test]
async fn an_event_with_a_lead_for_want_of_an_account_is_found_again_without_the_booking_id_field(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, _)) = with(engine, UNDER, json!({"Account": [{"Name": "Other"}]})).await else { return };
    let hidden = json!({"users": {"integration@northwind.example":
        {"fields": {"Event.Matchbook_Booking_Id__c": "hidden"}, "view_all": true, "modify_all": true}}});
    test.org.control("POST", "permissions", hidden).await;
    test.pass(jiff::SignedDuration::from_hours(48));
    test.org.fault(json!({"method": "POST", "object": "Event"}), json!({"drop": "after"})).await;
    test.deliver(&Delivery::created().json()).await;
    for _ in 0..4 {
        test.sync().await;
        test.pass(jiff::SignedDuration::from_mins(15));
    }
    test.assert_all_synced().await;
    let lead = jane(&test, "Lead").await;
    assert_eq!(who(&test).await, lead["Id"]);
    assert_eq!(test.org.records("Event").await.len(), 2, "hers and the one that warmed up");
}
