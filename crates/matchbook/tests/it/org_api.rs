//! What the API tells of an org, and what saving would say of settings that are to fit it.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::add_fields;
use crate::support::{Engine, TestApp};
use crate::writes::writing;

const FIELDS: &str = "/api/v1/connections/main/fields";
const RECORD_TYPES: &str = "/api/v1/connections/main/record-types";
const VALIDATIONS: &str = "/api/v1/event-types/discovery-call/salesforce-validations";
const EVENT_TYPE: &str = "/api/v1/configuration/event_types/discovery-call";

/// Mistakes of which the last alone can be told without the org.
fn mistaken() -> Value {
    json!({
        "event_fields_on_booking": {"fields": [
            {"field": "Kind__c", "type": "picklist", "value": "Old"},
            {"field": "Summary__c", "type": "checkbox", "value": true}]},
        "exclude_record_types": {"contact": ["Nobody"]},
        "person_fields_on_booking": {"fields": [
            {"field": "Title", "type": "text", "value": "Prospect"},
            {"field": "Gone__c", "type": "text", "value": "{attendee.nam}"}]}})
}

/// The pointers of errors with their messages.
fn told(errors: &Value) -> Vec<(String, String)> {
    let text = |error: &Value, key: &str| error[key].as_str().expect("a text").to_owned();
    let errors = errors.as_array().expect("errors");
    errors.iter().map(|error| (text(error, "pointer"), text(error, "detail"))).collect()
}

impl TestApp {
    async fn validate(&self, section: &Value) -> Value {
        let answer = self.call("POST", VALIDATIONS, &[], Some(section)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    /// Has the org refuse every connection.
    async fn cut_off(&self) {
        let unreachable = json!({"match": {}, "effect": {"drop": "before"}, "times": 1000});
        self.org.control("POST", "faults", unreachable).await;
    }
}

#[rstest]
#[tokio::test]
async fn the_orgs_record_types_and_fields_are_told_as_its_user_sees_them_for_one_call_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_fields(&test).await;
    let kind = |name: &str, object: &str| json!({"Name": format!("{name} {object}"), "DeveloperName": name, "SobjectType": object, "IsActive": true});
    let types = json!({"RecordType": [kind("Business", "Contact"), kind("Partner", "Account"),
        {"Name": "Retired", "DeveloperName": "Retired", "SobjectType": "Contact", "IsActive": false}]});
    test.org.load(types).await;
    test.org.take_calls().await;

    let types = test.get(RECORD_TYPES).await;
    assert_eq!(types.status, 200, "{}", types.text);
    let named = |object: &str, name: &str| {
        let all = types.body[object].as_array().expect("a list");
        all.iter().find(|each| each["name"] == name).unwrap_or_else(|| panic!("{name} of {object}: {all:#?}")).clone()
    };
    let business = named("contact", "Business Contact");
    assert_eq!((&business["developer_name"], &business["active"]), (&json!("Business"), &json!(true)));
    assert_eq!((&business["available"], &business["default"]), (&json!(true), &json!(true)), "{business:#}");
    assert!(business["id"].as_str().is_some_and(|id| id.starts_with("012")), "{business:#}");
    assert_eq!(named("contact", "Retired")["active"], false);
    assert_eq!(named("account", "Partner Account")["master"], false);
    assert_eq!(named("lead", "Master")["master"], true);

    let event = test.get(&format!("{FIELDS}?object=Event")).await;
    assert_eq!(event.body["object"], "Event", "{}", event.text);
    let field = |body: &Value, name: &str| {
        let fields = body["fields"].as_array().expect("a list");
        fields.iter().find(|field| field["name"] == name).unwrap_or_else(|| panic!("{name}: {fields:#?}")).clone()
    };
    assert_eq!(
        field(&event.body, "Kind__c"),
        json!({"name": "Kind__c", "type": "picklist", "length": 255, "createable": true, "updateable": true,
            "picklist_values": ["Demo"], "only_these_values": true})
    );
    assert_eq!(field(&event.body, "Summary__c")["length"], 60);
    assert_eq!(field(&event.body, "Day__c")["type"], "date");
    assert_eq!(field(&event.body, "CreatedDate")["createable"], false);
    let account = test.get(&format!("{FIELDS}?object=Account")).await;
    let industry = field(&account.body, "Industry");
    assert_eq!(industry["only_these_values"], false, "{industry:#}");
    assert!(!industry["picklist_values"].as_array().expect("values").is_empty(), "{industry:#}");
    assert_eq!(field(&test.get(&format!("{FIELDS}?object=Lead")).await.body, "Vip__c")["type"], "checkbox");
    assert_eq!(test.org.take_calls().await, 1, "one describe serves all of them");

    test.pass(SignedDuration::from_mins(61));
    assert_eq!(test.get(RECORD_TYPES).await.status, 200);
    assert_eq!(test.org.take_calls().await, 1, "what is older than an hour is asked for again");
}

#[rstest]
#[tokio::test]
async fn an_org_that_cannot_be_asked_is_told_plainly_and_so_is_what_is_not_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    assert_eq!(test.get("/api/v1/connections/other/record-types").await.status, 404);
    assert_eq!(test.get("/api/v1/connections/other/fields?object=Event").await.status, 404);
    for query in ["", "?object=event", "?object=User", "?object=Event&object=Lead", "?of=Event"] {
        let refused = test.get(&format!("{FIELDS}{query}")).await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
        assert!(refused.text.contains("object=Event, Contact, Lead or Account"), "{}", refused.text);
    }
    test.cut_off().await;
    let fields = format!("{FIELDS}?object=Event");
    for (path, why) in [(RECORD_TYPES, "Salesforce could not be asked"), (&fields, "The connection Main org rests")] {
        let refused = test.get(path).await;
        assert_eq!((refused.status, &refused.body["title"]), (503, &json!("The org cannot be asked now.")));
        let detail = refused.body["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(why) && detail.contains("Test the connection on its page"), "{detail}");
    }
}

#[rstest]
#[tokio::test]
async fn settings_are_checked_as_on_save_row_by_row_and_nothing_is_saved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = writing(engine, "").await else { return };
    let before = test.get(EVENT_TYPE).await;
    let checked = test.validate(&mistaken()).await;
    assert_eq!((&checked["valid"], &checked["org"]), (&json!(false), &json!({"checked": true, "reason": null})));
    let errors = checked["errors"].as_array().expect("errors");
    for (pointer, row, field, words) in [
        ("/event_fields_on_booking/fields/0/value", Some(0), Some("Kind__c"), "\"Old\" is not an active value"),
        ("/event_fields_on_booking/fields/1/type", Some(1), Some("Summary__c"), "is of the org's type text"),
        ("/person_fields_on_booking/fields/1/field", Some(1), Some("Gone__c"), "Contact has no field Gone__c"),
        ("/person_fields_on_booking/fields/1/value", Some(1), Some("Gone__c"), "did you mean {attendee.name}?"),
        ("/exclude_record_types/contact/0", None, None, "the org has no record type \"Nobody\""),
    ] {
        let error = errors.iter().find(|error| error["pointer"] == pointer);
        let error = error.unwrap_or_else(|| panic!("nothing is said of {pointer}: {checked:#}"));
        assert_eq!((&error["row"], &error["field"]), (&json!(row), &json!(field)), "{error:#}");
        assert!(error["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{error:#}");
    }
    assert_eq!(errors.len(), 5, "{checked:#}");

    // Saving says the same.
    let saved = test.call("PATCH", EVENT_TYPE, &[("If-Match", "*")], Some(&json!({"salesforce": mistaken()}))).await;
    assert_eq!(saved.status, 422, "{}", saved.text);
    let on_save: Vec<_> = told(&saved.body["errors"])
        .into_iter()
        .map(|(pointer, words)| (pointer.replacen("/salesforce", "", 1), words))
        .collect();
    assert_eq!(told(&checked["errors"]), on_save);
    assert_eq!(test.get(EVENT_TYPE).await.header("etag"), before.header("etag"));

    // What is in order is said to be, and is not saved either.
    let sound =
        json!({"person_fields_on_booking": {"fields": [{"field": "Title", "type": "text", "value": "Prospect"}]}});
    let sound = test.validate(&sound).await;
    assert_eq!((&sound["valid"], &sound["errors"]), (&json!(true), &json!([])));
    assert_eq!(test.get(EVENT_TYPE).await.body, before.body);
    assert_eq!(test.app.store.audit_log(1).await.expect("the log")[0].actor.via, "cli", "nothing was changed since");
}

#[rstest]
#[tokio::test]
async fn what_was_mended_in_the_org_is_seen_a_minute_later(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = writing(engine, "").await else { return };
    let rows =
        json!({"event_fields_on_booking": {"fields": [{"field": "Region__c", "type": "text", "value": "EMEA"}]}});
    assert_eq!(test.validate(&rows).await["valid"], false);
    let field = json!({"name": "Region__c", "label": "Region", "type": "string", "length": 40});
    test.org.control("POST", "fields", json!({"Event": [field]})).await;
    test.pass(SignedDuration::from_secs(61));
    assert_eq!(test.validate(&rows).await["valid"], true);
}

#[rstest]
#[tokio::test]
async fn without_the_org_what_can_be_told_is_told_and_that_the_rest_could_not_be(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.cut_off().await;
    let checked = test.validate(&mistaken()).await;
    assert_eq!(checked["org"]["checked"], false, "{checked:#}");
    let reason = checked["org"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("Salesforce could not be asked") && reason.contains("Test the connection"), "{reason}");
    let errors = told(&checked["errors"]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].0, "/person_fields_on_booking/fields/1/value");

    let no_connection = test.validate(&json!({"enabled": false, "connection": null})).await;
    assert_eq!((&no_connection["valid"], &no_connection["org"]["checked"]), (&json!(true), &json!(false)));
    let unreadable = test.validate(&json!({"ignore_guest": true})).await;
    assert_eq!(unreadable["errors"][0]["pointer"], "/ignore_guest", "{unreadable:#}");
    assert_eq!(test.call("POST", VALIDATIONS, &[], Some(&json!([]))).await.status, 422);
    let nowhere = "/api/v1/event-types/nothing/salesforce-validations";
    assert_eq!(test.call("POST", nowhere, &[], Some(&json!({}))).await.status, 404);
}
