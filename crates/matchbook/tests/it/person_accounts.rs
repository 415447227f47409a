//! Orgs with person accounts: found by their Contact, written there, never re-parented, never created, nobody else's Account.

use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::configuration_of;
use crate::support::{Delivery, Engine, TestApp};
use crate::writes::event;

/// An installation with these settings, and an org that has person accounts: Jane with this email and website.
async fn with_jane(engine: Engine, settings: &str, email: &str) -> Option<(TestApp, Value)> {
    let test = TestApp::spawn(engine).await?;
    test.org.control("PATCH", "settings", json!({"person_accounts": true})).await;
    let person = json!({"FirstName": "Jane", "LastName": "Roe", "PersonEmail": email, "Website": "acme.example"});
    let account = test.org.create("Account", person).await;
    test.apply(&configuration_of(&test, settings)).await.expect("the configuration is sound");
    Some((test, account))
}

async fn book(test: &TestApp) {
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.assert_all_synced().await;
}

/// The Contact that mirrors an Account.
async fn mirror(test: &TestApp, account: &Value) -> Value {
    let contacts = test.org.records("Contact").await;
    contacts.into_iter().find(|contact| contact["AccountId"] == *account).expect("its Contact")
}

#[rstest]
#[case::contact("")]
#[case::contact_under_account("\n      attendee_record_type: contact_under_account")]
#[case::lead("\n      attendee_record_type: lead")]
#[tokio::test]
async fn a_person_account_is_found_by_its_contact_and_written_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] settings: &str,
) {
    let rows =
        "\n      person_fields_on_booking:\n        fields:\n          - {field: Title, type: text, value: Prospect}";
    let Some((test, account)) = with_jane(engine, &format!("{settings}{rows}"), "jane@acme.example").await else {
        return;
    };
    let (accounts, contacts) = (test.org.records("Account").await.len(), test.org.records("Contact").await.len());
    book(&test).await;
    let mirror = mirror(&test, &account).await;
    assert_eq!((&event(&test).await["WhoId"], &mirror["Title"]), (&mirror["Id"], &json!("Prospect")));
    assert_eq!(
        (test.org.records("Account").await.len(), test.org.records("Contact").await.len()),
        (accounts, contacts),
        "nobody was created"
    );
}

#[rstest]
#[tokio::test]
async fn a_person_account_is_never_another_persons_account(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let under = "\n      attendee_record_type: contact_under_account\n      no_account: contact";
    let Some((test, _)) = with_jane(engine, under, "joe@acme.example").await else { return };
    book(&test).await;
    let contacts = test.org.records("Contact").await;
    let jane = contacts.iter().find(|contact| contact["Email"] == "jane@acme.example").expect("Jane's new Contact");
    assert_eq!(
        jane["AccountId"],
        Value::Null,
        "Joe's person account has the website of Jane's company, and is Joe's alone"
    );
}

#[rstest]
#[tokio::test]
async fn a_person_account_of_an_excluded_record_type_is_not_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let excluded = "\n      exclude_record_types: {contact: [PersonAccount]}";
    let Some((test, account)) = with_jane(engine, excluded, "jane@acme.example").await else { return };
    book(&test).await;
    assert_ne!(event(&test).await["WhoId"], mirror(&test, &account).await["Id"]);
}
