//! What a composite request may hold, and how it is written.

use proptest::prelude::*;
use salesforce::client::ApiVersion;
use salesforce::composite::{
    CompositeError, CompositeRequest, CreateOptions, FieldValue, RecordBody, ReferenceId, Subrequest,
};
use salesforce::sobject::{ApiName, SalesforceId};
use salesforce::soql::Select;
use serde_json::{Value, json};

const CONTACT: ApiName = ApiName::of("Contact");
const KEY: ApiName = ApiName::of("Matchbook_Booking_Id__c");

fn name(text: &str) -> ReferenceId {
    ReferenceId::parse(text).expect("a name of the test is valid")
}

fn body(field: &'static str, value: impl Into<FieldValue>) -> RecordBody {
    let mut body = RecordBody::default();
    body.set(ApiName::of(field), value);
    body
}

fn create(body: RecordBody) -> Subrequest {
    Subrequest::Create { object: CONTACT, body, options: CreateOptions::default() }
}

fn upsert(value: &str, body: RecordBody) -> Subrequest {
    Subrequest::Upsert { object: ApiName::of("Event"), key: KEY, value: value.into(), body }
}

fn query() -> Subrequest {
    Subrequest::Query { select: Select::from(CONTACT, [ApiName::of("Id")]), include_deleted: false }
}

/// A request of this one part, as it is sent.
fn sent(part: Subrequest) -> Result<Value, CompositeError> {
    let mut request = CompositeRequest::default();
    request.push(name("a"), part)?;
    Ok(request.to_json(ApiVersion::DEFAULT)["compositeRequest"][0].take())
}

#[test]
fn parts_are_written_as_salesforce_reads_them() {
    let id = SalesforceId::parse("0031i000013x2TE").expect("valid");
    let fields = vec![ApiName::of("Id"), ApiName::of("Email")];
    let get = sent(Subrequest::Get { object: CONTACT, id, fields });
    let url = "/services/data/v66.0/sobjects/Contact/0031i000013x2TEAAY?fields=Id,Email";
    assert_eq!(get, Ok(json!({"method": "GET", "url": url, "referenceId": "a"})));

    let since = Some("Fri, 14 Aug 2020 20:53:02 GMT".to_owned());
    let describe = sent(Subrequest::Describe { object: CONTACT, if_modified_since: since }).expect("it fits");
    assert_eq!(describe["httpHeaders"], json!({"If-Modified-Since": "Fri, 14 Aug 2020 20:53:02 GMT"}));

    let upsert = sent(upsert("bk/1?x", body("Subject", "Demo"))).expect("it fits");
    assert_eq!(upsert["method"], "PATCH");
    assert_eq!(upsert["url"], "/services/data/v66.0/sobjects/Event/Matchbook_Booking_Id__c/bk%2F1%3Fx");

    let anyway = CreateOptions { run_assignment_rules: true, allow_duplicate: true };
    let create = Subrequest::Create { object: CONTACT, body: body("LastName", "Ruiz"), options: anyway };
    let headers = sent(create).expect("it fits")["httpHeaders"].take();
    let wanted = json!({"Sforce-Auto-Assign": "TRUE", "Sforce-Duplicate-Rule-Header": "allowSave=true"});
    assert_eq!(headers, wanted);
}

#[test]
fn a_26th_part_and_a_sixth_query_are_refused() {
    let mut request = CompositeRequest::default();
    for i in 0..5 {
        request.push(name(&format!("q{i}")), query()).expect("five queries fit");
    }
    assert_eq!(request.push(name("q5"), query()), Err(CompositeError::TooManyQueries));
    for i in 0..20 {
        request.push(name(&format!("c{i}")), create(body("LastName", "x"))).expect("25 parts fit");
    }
    assert_eq!(request.push(name("c20"), create(body("LastName", "x"))), Err(CompositeError::TooManyParts));
}

#[test]
fn references_lead_to_an_earlier_part_that_creates() {
    let mut request = CompositeRequest::default();
    request.push(name("q"), query()).expect("it fits");
    let to = |part: &str| create(body("AccountId", FieldValue::List(vec![FieldValue::IdOf(name(part))])));
    assert_eq!(request.push(name("c"), to("c")), Err(CompositeError::NotBefore("c".into())));
    assert_eq!(request.push(name("c"), to("q")), Err(CompositeError::NotBefore("q".into())));
    request.push(name("p0"), create(body("LastName", "x"))).expect("it fits");
    assert_eq!(request.push(name("c"), to("p0")), Ok(()));
    assert_eq!(request.push(name("c"), query()), Err(CompositeError::Repeated("c".into())));
    assert!(ReferenceId::parse("_p").is_err() && ReferenceId::parse("p-0").is_err() && ReferenceId::parse("").is_err());
}

#[test]
fn keys_stand_in_the_address_alone() {
    assert_eq!(sent(create(body("id", "x"))), Err(CompositeError::KeyInBody("Id".into())));
    let twice = upsert("b1", body("matchbook_booking_id__c", "b1"));
    assert_eq!(sent(twice), Err(CompositeError::KeyInBody(KEY.to_string())));
    for key in ["", ".", "..", "@{p0.id}"] {
        assert!(matches!(sent(upsert(key, RecordBody::default())), Err(CompositeError::Key(_))), "{key:?}");
    }
}

#[test]
fn a_field_is_written_once_with_its_last_value() {
    let mut body = body("Title", "old");
    body.set(ApiName::of("title"), FieldValue::Null);
    assert_eq!(sent(create(body)).expect("it fits")["body"], json!({"title": null}));
}

proptest! {
    #[test]
    fn no_text_from_outside_becomes_a_reference(text in r"[@{}a-z0. ]{0,30}|\PC*") {
        let part = create(body("LastName", text.clone()));
        let written = sent(part).expect("it fits")["body"]["LastName"].take();
        let written = written.as_str().expect("a text stays a text");
        prop_assert!(!written.contains("@\u{7b}"), "{written}");
        prop_assert_eq!(written.replace("@ {", "@{"), text.replace("@ {", "@{"), "nothing else changes");
    }
}
