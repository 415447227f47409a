//! *Change record owner on booking*, and what it costs where nothing is to be changed.

use rstest::rstest;
use serde_json::json;

use crate::lists::configuration_of;
use crate::support::{Delivery, Engine, TestApp, user};
use crate::writes::with_email;

async fn changing_owners(engine: Engine, settings: impl Fn(&str) -> String) -> Option<(TestApp, String)> {
    let test = TestApp::spawn(engine).await?;
    test.org.load(json!({"User": [user("rae@seller.example")]})).await;
    let rae = test.org.only_user("rae@seller.example").await;
    let rows = "\n      person_fields_on_booking: {fields: [{field: Title, type: text, value: '{booking.title}'}]}";
    let settings = format!("{rows}\n      change_record_owner: {}", settings(&rae));
    test.apply(&configuration_of(&test, &settings)).await.expect("the configuration is sound");
    test.deliver(&Delivery::created().by("warm", "Warm Up", "warm@acme.example").json()).await;
    test.sync().await;
    test.org.take_calls().await;
    Some((test, rae))
}

async fn book(test: &TestApp, delivery: &Delivery) -> u64 {
    test.deliver(&delivery.json()).await;
    test.sync().await;
    test.assert_all_synced().await;
    test.org.take_calls().await
}

#[rstest]
#[case::it_is_theirs_already("{to: '{rae}'}", true)]
#[case::it_belongs_to_somebody_else("{to: organizer, only_from: ['{rae}']}", false)]
#[tokio::test]
async fn an_owner_that_is_to_stay_is_not_asked_for_again_after_a_write(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] settings: &str,
    #[case] is_raes: bool,
) {
    let Some((test, rae)) = changing_owners(engine, |rae| settings.replace("{rae}", rae)).await else { return };
    let mut contact = json!({"LastName": "Roe", "Email": "jane@acme.example"});
    if is_raes {
        contact["OwnerId"] = json!(rae);
    }
    test.org.load(json!({"Contact": [contact]})).await;
    let before = with_email(&test, "Contact", "jane@acme.example").await["OwnerId"].clone();
    assert_eq!(book(&test, &Delivery::created()).await, 2, "a booking takes two calls");
    let contact = with_email(&test, "Contact", "jane@acme.example").await;
    assert_eq!((&contact["OwnerId"], contact["Title"].is_string()), (&before, true));
}

#[rstest]
#[tokio::test]
async fn the_owner_of_a_new_record_that_is_not_to_change_is_not_asked_for_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let settings = |rae: &str| format!("{{to: '{rae}', only_from: ['{rae}']}}");
    let Some((test, _)) = changing_owners(engine, settings).await else { return };
    // Ben has no Salesforce user: his people belong to the connection's, who is none of those named.
    let ben = json!({"name": "Ben Host", "email": "ben@seller.example"});
    let warm = Delivery::created().by("uid-7", "Joe", "joe@acme.example").with("organizer", ben.clone());
    book(&test, &warm).await;
    assert_eq!(book(&test, &Delivery::created().with("organizer", ben)).await, 2, "a booking takes two calls");
}

#[rstest]
#[tokio::test]
async fn the_record_comes_to_the_user_whom_the_admin_chose_whether_it_is_new_or_known(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("Contact", "Lead")] person: &str,
    #[values(true, false)] known: bool,
) {
    let record_type = format!("\n      attendee_record_type: {}", person.to_lowercase());
    let settings = |rae: &str| format!("{{to: '{rae}'}}{record_type}");
    let Some((test, rae)) = changing_owners(engine, settings).await else { return };
    if known {
        let ann = test.org.only_user("ann@seller.example").await;
        let mut record = json!({"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": ann});
        if person == "Lead" {
            record["Company"] = json!("Acme");
        }
        test.org.load(json!({person: [record]})).await;
    }
    book(&test, &Delivery::created()).await;
    let record = with_email(&test, person, "jane@acme.example").await;
    assert_eq!(record["OwnerId"], json!(rae), "not the organizer's any longer");
}

#[rstest]
#[tokio::test]
async fn a_user_who_is_not_active_is_refused_as_owner_on_save_and_one_who_left_later_costs_the_owner_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some((test, rae)) = changing_owners(engine, |rae| format!("{{to: '{rae}'}}")).await else { return };
    test.org.update("User", &json!(rae), json!({"IsActive": false})).await;
    book(&test, &Delivery::created()).await;
    let contact = with_email(&test, "Contact", "jane@acme.example").await;
    assert_ne!(contact["OwnerId"], json!(rae));
    assert!(test.org.records("Event").await.iter().any(|event| event["WhoId"] == contact["Id"]), "the Event is there");
    let errors = test.get("/api/v1/sync-errors").await.text;
    assert!(errors.contains("INACTIVE_OWNER_OR_USER") && errors.contains("OwnerId"), "it is told: {errors}");
    let next = Delivery::created().by("uid-9", "Joe", "joe@acme.example");
    assert_eq!(book(&test, &next).await, 2, "by now it is known, and not tried again for each booking");
    let ann = test.org.only_user("ann@seller.example").await;
    assert_eq!(
        with_email(&test, "Contact", "joe@acme.example").await["OwnerId"],
        json!(ann),
        "the organizer's, as usual"
    );

    let path = "/api/v1/configuration/event_types/discovery-call";
    let at = test.get(path).await;
    let change = json!({"salesforce": {"change_record_owner": {"to": rae}}});
    let refused = test.call("PATCH", path, &[("if-match", at.header("etag"))], Some(&change)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let told = format!("the org has no active user {rae}");
    assert!(
        refused.text.contains("/salesforce/change_record_owner/to") && refused.text.contains(&told),
        "{}",
        refused.text
    );
    let validated =
        test.post("/api/v1/event-types/discovery-call/salesforce-validations", &change["salesforce"].to_string()).await;
    assert!(validated.text.contains(&told), "{}", validated.text);

    test.org.update("User", &json!(rae), json!({"IsActive": true})).await;
    let saved = test.call("PATCH", path, &[("if-match", at.header("etag"))], Some(&change)).await;
    assert_eq!(saved.status, 200, "whoever mended it saves again: {}", saved.text);
}
