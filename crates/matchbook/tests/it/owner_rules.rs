//! *Book directly with attendee owner* where the org has not what the settings name, where people have several records, and what
//! the trace says of those.

use rstest::rstest;
use serde_json::{Value, json};

use crate::routing::{Routed, account};
use crate::support::{Engine, TestApp};

fn by_owner(owner_of: &str, rule: &str) -> String {
    let rules = if rule.is_empty() { String::new() } else { format!(", rules: [{rule}]") };
    format!("book_directly: {{enabled: true, owner_of: {owner_of}{rules}}}")
}

async fn checks(routed: &Routed) -> String {
    routed.decision(&routed.test.only_booking().await).await["owner_checks"].to_string()
}

#[rstest]
#[case::contact("contact", "ignore", "cleo")]
#[case::wanted("contact", "must_include", "ann")]
#[case::lead("contact, contact_else_lead: true", "ignore", "cleo")]
#[case::account("account", "ignore", "cleo")]
#[tokio::test]
async fn a_rule_on_a_field_that_the_org_has_not_counts_it_as_empty_and_the_trace_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] owner_of: &str,
    #[case] when: &str,
    #[case] host: &str,
) {
    let person = json!({"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": "@cleo"});
    let mut records = json!({"Account": [account("Acme", "@cleo", json!({}))]});
    match owner_of.contains("lead") {
        true => {
            records["Lead"] = json!([person]);
            records["Lead"][0]["Company"] = "Acme".into();
        }
        false => records["Contact"] = json!([person]),
    }
    // Of a Contact alone: the Lead has no such field, which leaves its owner to the other rules.
    let field = if owner_of.contains("lead") { "Department" } else { "Gone__c" };
    let settings = by_owner(owner_of, &format!("{{field: {field}, value: x, when: {when}}}"));
    let Some(routed) = Routed::spawn(engine, "", &settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, host);
    let checks = checks(&routed).await;
    assert!(checks.contains(&format!("{field} is empty")) && checks.contains("sees no such field"), "{checks}");
}

#[rstest]
#[tokio::test]
async fn fields_that_owners_are_judged_by_are_held_against_the_org_on_save(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let rule = |field: &str| json!({"field": field, "value": "x", "when": "ignore"});
    let owner_of = |owner: Value| {
        let mut on = json!({"enabled": true});
        on.as_object_mut().expect("an object").extend(owner.as_object().expect("an object").clone());
        json!({"book_directly": on})
    };
    for (settings, told) in [
        (
            owner_of(json!({"owner_of": "contact", "rules": [rule("Department"), rule("Gone__c")]})),
            Some(("/book_directly/rules/1/field", "Contact has no field Gone__c that the connection's user can see")),
        ),
        (
            owner_of(json!({"owner_of": "contact", "contact_else_lead": true, "rules": [rule("Gone__c")]})),
            Some(("/book_directly/rules/0/field", "Contact and Lead have no field Gone__c")),
        ),
        (owner_of(json!({"owner_of": "contact", "contact_else_lead": true, "rules": [rule("Department")]})), None),
        (
            owner_of(json!({"owner_of": "lead", "rules": [rule("Department")]})),
            Some(("/book_directly/rules/0/field", "Lead has no field Department")),
        ),
        (
            owner_of(json!({"owner_of": "account_field", "account_field": "Gone__c"})),
            Some(("/book_directly/account_field", "Account has no field Gone__c")),
        ),
        (
            owner_of(json!({"owner_of": "account_field", "account_field": "Website"})),
            Some(("/book_directly/account_field", "Website is a URL field; name a lookup of users")),
        ),
        (json!({"book_directly": {"enabled": false, "rules": [rule("Gone__c")]}}), None),
        (
            json!({"tiebreakers": {"sub_region_field": "Gone__c"}}),
            Some(("/tiebreakers/sub_region_field", "Account has no field Gone__c")),
        ),
    ] {
        let path = "/api/v1/event-types/discovery-call/salesforce-validations";
        let answer = routed.test.post(path, &settings.to_string()).await;
        let errors = answer.body["errors"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
        match told {
            None => assert!(errors.is_empty(), "{settings}: {}", answer.text),
            Some((pointer, words)) => {
                assert_eq!(errors.len(), 1, "{settings}: {}", answer.text);
                let detail = errors[0]["detail"].as_str().expect("a detail");
                assert!(
                    errors[0]["pointer"] == pointer && detail.contains(words),
                    "{pointer}, {words}: {}",
                    answer.text
                );
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn fields_in_which_a_connection_looks_for_domains_are_held_against_the_org_on_save(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let fields = routed.test.get("/api/v1/connections/main/fields?object=Account").await;
    assert_eq!(fields.status, 200, "{}", fields.text);
    let connection = routed.test.get("/api/v1/configuration/connections/main").await;
    let change = json!({"domain_fields": ["Website", "Gone__c"]});
    let if_match = [("if-match", connection.header("etag"))];
    let path = "/api/v1/configuration/connections/main";
    let refused = routed.test.call("PATCH", path, &if_match, Some(&change)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.text.contains("/domain_fields/1") && refused.text.contains("Account has no field Gone__c"),
        "{}",
        refused.text
    );
}

#[rstest]
#[tokio::test]
async fn whoever_owns_what_a_converted_lead_became_takes_the_meeting(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({"Lead": [
        {"@ref": "lead", "LastName": "Roe", "Company": "Acme", "Email": "jane@acme.example", "OwnerId": "@ben"}]});
    let Some(routed) = Routed::spawn(engine, "", &by_owner("lead", ""), records).await else { return };
    let org = &routed.test.org;
    org.control("POST", "convert", json!({"lead": routed.ids["lead"]})).await;
    let (contact, cleo) = (org.only("Contact").await, org.only_user("cleo@seller.example").await);
    org.update("Contact", &contact["Id"], json!({"OwnerId": cleo})).await;
    assert_eq!(routed.host("jane@acme.example", json!({})).await, "cleo");
    assert_eq!(routed.sentence().await, "Booked with Cleo Host, who owns the Contact that the attendee's Lead became.");
}

#[rstest]
#[case::a_contact_wins("", "ben")]
#[case::unless_it_is_not_looked_for(", check_for_existing_contact: false", "cleo")]
#[tokio::test]
async fn where_nothing_is_said_it_is_the_owner_of_the_record_that_the_booking_goes_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] more: &str,
    #[case] host: &str,
) {
    let records = json!({
        "Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": "@ben"}],
        "Lead": [{"LastName": "Roe", "Company": "Acme", "Email": "jane@acme.example", "OwnerId": "@cleo"}]});
    let settings = format!("attendee_record_type: lead, book_directly: {{enabled: true}}{more}");
    let Some(routed) = Routed::spawn(engine, "", &settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, host);
}

#[rstest]
#[tokio::test]
async fn the_trace_names_all_people_with_the_email_and_why_the_others_are_not_the_attendee(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let contact = |name: &str, more: Value| {
        let mut contact = json!({"@ref": name, "LastName": name, "Email": "jane@acme.example", "OwnerId": "@ben"});
        contact.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        contact
    };
    let records = json!({
        "Account": [account("Acme", "@ann", json!({}))],
        "Contact": [contact("Later", json!({})), contact("Theirs", json!({"AccountId": "@Acme", "OwnerId": "@cleo"}))]});
    let Some(routed) = Routed::spawn(engine, "", &by_owner("contact", ""), records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, "cleo");
    let checks = checks(&routed).await;
    let id = |name: &str| routed.ids[name].as_str().expect("an id").to_owned();
    for words in [
        format!("{} is the one (with an account, no activity", id("Theirs")),
        format!("{} comes after it", id("Later")),
    ] {
        assert!(checks.contains(&words), "{words}: {checks}");
    }
}

#[rstest]
#[case("1000", "cleo")]
#[case("1001", "ann")]
#[tokio::test]
async fn a_rule_reads_a_number_as_people_write_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] value: &str,
    #[case] host: &str,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let records = json!({"Account": [account("Acme", "@cleo", json!({"AnnualRevenue": 1000.0}))]});
    let settings = by_owner("account", &format!("{{field: AnnualRevenue, value: '{value}', when: must_include}}"));
    let Some(routed) = Routed::prepare(test, "", &settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, host);
}

#[rstest]
#[tokio::test]
async fn a_rule_reads_a_long_text_also_of_the_only_account_that_colleagues_lead_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({
        "Account": [account("Acme", "@cleo", json!({"Website": null, "Description": "vip"}))],
        "Contact": [{"LastName": "Roe", "Email": "joe@acme.example", "AccountId": "@Acme"}]});
    let settings = by_owner("account", "{field: Description, value: VIP, when: must_include}");
    let Some(routed) = Routed::spawn(engine, "", &settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, "cleo", "{}", routed.sentence().await);
}

#[rstest]
#[case::active(true, "cleo")]
#[case::deactivated(false, "ann")]
#[tokio::test]
async fn a_user_that_was_set_by_hand_takes_meetings_only_while_active_in_salesforce(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] active: bool,
    #[case] host: &str,
) {
    let records = json!({"User": [{"@ref": "hand", "Username": "c@other.example", "Email": "c@other.example", "LastName": "C",
            "Alias": "c", "IsActive": active}],
        "Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": "@hand"}]});
    let Some(routed) = Routed::spawn(engine, "", &by_owner("contact", ""), records).await else { return };
    let hand = routed.ids["hand"].as_str().expect("an id");
    let cleo = format!(
        "hosts:\n  cleo: {{name: Cleo Host, email: cleo@seller.example, time_zone: Europe/London, salesforce_users: {{main: {hand}}}}}\n"
    );
    routed.test.apply(&cleo).await.expect("applied");
    assert_eq!(routed.host("jane@acme.example", json!({})).await, host, "{}", routed.sentence().await);
    routed.test.org.take_calls().await;
    routed.book("jane@acme.example", json!({"start": "2026-05-07T09:00:00Z"})).await;
    assert_eq!(routed.test.org.take_calls().await, 1, "it is not asked again for every decision");
}
