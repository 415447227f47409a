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
