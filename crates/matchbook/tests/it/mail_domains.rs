//! Domains that say nothing about where a person works: what an admin adds to the lists that come with Matchbook.

use rstest::rstest;
use serde_json::{Value, json};

use crate::accounts::{contact_of, with};
use crate::people::with_guests;
use crate::routing::Routed;
use crate::support::{Delivery, Engine, TestApp};

/// Sets them on the connection.
async fn with_lists(test: &TestApp, lists: &str) -> Result<(), String> {
    let url = &test.org.url;
    let text = format!(
        "connections: {{main: {{name: Main org, login_host: {url}, grant: client_credentials, client_id: matchbook-demo,
          client_secret: {{secret: CLIENT}}, {lists}}}}}"
    );
    test.apply(&text).await.map(drop).map_err(|error| error.to_string())
}

async fn with_all_lists(test: &TestApp) {
    let lists = "own_domains: [Ours.example], free_mail_domains: [free.example], disposable_domains: [once.example]";
    with_lists(test, lists).await.expect("the lists are sound");
}

#[rstest]
#[tokio::test]
async fn an_admins_own_free_mail_disposable_and_own_domains_lead_to_no_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sites = ["acme.example", "free.example", "once.example", "ours.example"];
    let accounts: Vec<Value> = sites.iter().map(|site| json!({"@ref": site, "Name": site, "Website": site})).collect();
    let settings = "attendee_record_type: contact_under_account, no_account: contact";
    let Some((test, ids)) = with(engine, settings, json!({ "Account": accounts })).await else { return };
    assert_eq!(contact_of(&test, "before@free.example").await["AccountId"], ids["free.example"]);
    with_all_lists(&test).await;
    for email in ["jane@free.example", "jane@mail.once.example", "jane@team.ours.example"] {
        assert_eq!(contact_of(&test, email).await["AccountId"], Value::Null, "{email}");
    }
    assert_eq!(contact_of(&test, "jane@acme.example").await["AccountId"], ids["acme.example"]);
}

#[rstest]
#[tokio::test]
async fn guests_on_an_own_domain_are_no_guests(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, _)) = with(engine, "", json!({})).await else { return };
    with_all_lists(&test).await;
    test.deliver(&with_guests(Delivery::created(), &["sam@eu.ours.example", "kim@acme.example"])).await;
    test.sync().await;
    test.assert_all_synced().await;
    let contacts = test.org.records("Contact").await;
    let guests: Vec<&Value> = contacts.iter().map(|contact| &contact["Email"]).collect();
    assert!(guests.contains(&&json!("kim@acme.example")), "{guests:?}");
    assert!(!guests.contains(&&json!("sam@eu.ours.example")), "{guests:?}");
}

#[rstest]
#[tokio::test]
async fn a_lead_from_an_admins_free_mail_names_no_company(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some((test, _)) = with(engine, "attendee_record_type: lead", json!({})).await else { return };
    with_all_lists(&test).await;
    let silent = || Delivery::created().without(&["responses", "userFieldsResponses"]);
    test.deliver(&silent().by("free", "Jane Roe", "jane@free.example").json()).await;
    test.deliver(&silent().by("work", "Kim Doe", "kim@acme.example").json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    let companies = lead_companies(&test).await;
    assert_eq!(companies["jane@free.example"], "Not provided");
    assert_eq!(companies["kim@acme.example"], "Acme");
}

async fn lead_companies(test: &TestApp) -> Value {
    let leads = test.org.records("Lead").await;
    leads.iter().map(|lead| (lead["Email"].as_str().unwrap_or("").to_owned(), lead["Company"].clone())).collect()
}

#[rstest]
#[case("jane@free.example", "the email is with a free mail provider")]
#[case("jane@mail.gmail.com", "the email is with a free mail provider")]
#[case("jane@once.example", "the email is with a provider of disposable mailboxes")]
#[tokio::test]
async fn who_writes_from_such_a_mailbox_is_not_looked_up_for_an_owner(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] email: &str,
    #[case] why: &str,
) {
    let records = json!({"Contact": [{"LastName": "Roe", "Email": email, "OwnerId": "@cleo"}]});
    let settings = "book_directly: {enabled: true, owner_of: contact}";
    let Some(routed) = Routed::spawn(engine, "", settings, records).await else { return };
    with_all_lists(&routed.test).await;
    routed.test.org.take_calls().await;
    assert_eq!(routed.host(email, json!({})).await, "ann");
    assert_eq!(routed.test.org.take_calls().await, 0);
    assert!(routed.sentence().await.contains(why), "{}", routed.sentence().await);
}

#[rstest]
#[case("free_mail_domains: [jane@free.example]", "is not a domain")]
#[case("own_domains: [co.uk]", "is a suffix that many share")]
#[tokio::test]
async fn what_is_no_domain_is_refused_with_its_place(#[case] setting: &str, #[case] says: &str) {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always there");
    let refused = with_lists(&test, setting).await.expect_err("it is refused");
    assert!(refused.contains(says), "{refused}");
}
