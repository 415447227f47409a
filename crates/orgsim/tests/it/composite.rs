//! Several requests in one.

use serde_json::{Value as Json, json};

use crate::support::{Org, code};

fn create(reference: &str, object: &str, body: Json) -> Json {
    let url = format!("/services/data/v66.0/sobjects/{object}");
    json!({ "method": "POST", "url": url, "referenceId": reference, "body": body })
}

const MEETING: [(&str, &str); 3] =
    [("Subject", "Demo"), ("StartDateTime", "2027-03-08T10:00:00Z"), ("EndDateTime", "2027-03-08T10:30:00Z")];

fn meeting(who: &str) -> Json {
    let mut body: Json = MEETING.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    body["WhoId"] = who.into();
    body
}

#[tokio::test]
async fn later_requests_use_what_earlier_ones_answered() {
    let org = Org::start("demo").await;
    let answers = org
        .composite(
            false,
            json!([
                create("p0", "Contact", json!({"LastName": "Lee", "Email": "lee@acme.com"})),
                create("e0", "Event", meeting("@{p0.id}")),
                {"method": "GET", "url": "/services/data/v66.0/sobjects/Event/@{e0.id}?fields=WhoId", "referenceId": "r"},
            ]),
        )
        .await;
    let person = answers[0]["body"]["id"].as_str().expect("an id");
    assert_eq!(
        answers[0],
        json!({
            "body": {"id": person, "success": true, "errors": []},
            "httpHeaders": {"Location": format!("/services/data/v66.0/sobjects/Contact/{person}")},
            "httpStatusCode": 201, "referenceId": "p0",
        })
    );
    assert_eq!(answers[2]["body"]["WhoId"], person);
    let calls = org.sim(reqwest::Method::GET, "calls", Json::Null).await;
    assert_eq!(calls["api_calls"], 1, "a composite is one API call");
    assert_eq!(calls["calls"][1]["subrequests"][1]["status"], 201);
    org.stop().await;
}

#[tokio::test]
async fn one_failure_leaves_the_others_alone() {
    let org = Org::start("demo").await;
    let answers = org
        .composite(
            false,
            json!([
                create("bad", "Contact", json!({"FirstName": "Ann"})),
                create("event", "Event", meeting("@{bad.id}")),
                create("good", "Lead", json!({"LastName": "Lee", "Company": "Acme"})),
            ]),
        )
        .await;
    assert_eq!(answers[0]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(
        answers[1]["body"],
        json!([{
            "message": "Invalid reference specified. No value for bad.id found in bad. Provided referenceId ('bad') must \
                        start with a letter or a number, and it can contain only letters, numbers and underscores ('_').",
            "errorCode": "PROCESSING_HALTED",
        }])
    );
    assert_eq!(answers[2]["httpStatusCode"], 201, "a failure before it must not stop an independent request");
    org.stop().await;
}

#[tokio::test]
async fn all_or_none_undoes_everything_and_blames_the_culprit() {
    let org = Org::start("demo").await;
    let contact = org.create("Contact", json!({"LastName": "Before"})).await;
    let answers = org
        .composite(
            true,
            json!([
                {"method": "PATCH", "url": format!("/services/data/v66.0/sobjects/Contact/{contact}"),
                 "referenceId": "u", "body": {"LastName": "After", "Email": "after@acme.com"}},
                create("c", "Contact", json!({"LastName": "New"})),
                {"method": "DELETE", "url": format!("/services/data/v66.0/sobjects/Contact/{contact}"), "referenceId": "d"},
                create("bad", "Contact", json!({"Nope": 1, "LastName": "x"})),
                create("never", "Contact", json!({"LastName": "Never"})),
            ]),
        )
        .await;
    let halted = json!([{
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
        "errorCode": "PROCESSING_HALTED",
    }]);
    for at in [0, 1, 2, 4] {
        assert_eq!((&answers[at]["body"], &answers[at]["httpStatusCode"]), (&halted, &json!(400)), "request {at}");
    }
    assert_eq!(answers[3]["body"][0]["message"], "No such column 'Nope' on sobject of type Contact");
    assert_eq!(org.field("Contact", &contact, "LastName").await, "Before", "the change was not undone");
    let contacts = org.sim(reqwest::Method::GET, "records/Contact", Json::Null).await;
    assert!(contacts.as_array().expect("records").iter().all(|c| c["LastName"] != "New"), "the create was not undone");
    org.stop().await;
}

#[tokio::test]
async fn limits_and_reference_ids_are_checked_before_anything_is_done() {
    let org = Org::start("empty").await;
    let query = |n: usize| json!({"method": "GET", "url": "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact", "referenceId": format!("q{n}")});
    let six: Vec<Json> = (0..6).map(query).collect();
    let many: Vec<Json> = (0..26).map(|n| create(&format!("c{n}"), "Contact", json!({"LastName": "x"}))).collect();
    let twice =
        [create("same", "Contact", json!({"LastName": "x"})), create("same", "Contact", json!({"LastName": "x"}))];
    let ill_named = [create("_x", "Contact", json!({"LastName": "x"}))];
    for (requests, expected) in [
        (json!(six), "LIMIT_EXCEEDED"),
        (json!(many), "LIMIT_EXCEEDED"),
        (json!(twice), "INVALID_INPUT"),
        (json!(ill_named), "INVALID_INPUT"),
    ] {
        let refused = org.post("/composite", json!({"compositeRequest": requests})).await;
        assert_eq!(code(&refused), (400, expected));
    }
    let contacts = org.sim(reqwest::Method::GET, "records/Contact", Json::Null).await;
    assert_eq!(contacts, json!([]), "a refused composite did something");
    org.stop().await;
}

#[tokio::test]
async fn collated_subrequests_of_one_kind_run_together_and_answer_in_their_places() {
    let org = Org::start("empty").await;
    let create = |name: &str| json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": name, "body": {"LastName": name}});
    let count =
        json!({"method": "GET", "url": "/services/data/v66.0/query?q=SELECT+COUNT()+FROM+Contact", "referenceId": "n"});
    for (collate, seen) in [(json!(false), 1), (json!(true), 2 + 2), (json!(null), 2 + 4)] {
        let mut body = json!({"allOrNone": false, "compositeRequest": [create("a"), count, create("b")]});
        if !collate.is_null() {
            body["collateSubrequests"] = collate.clone();
        }
        let (status, answer) = org.post("/composite", body).await;
        let parts = answer["compositeResponse"].as_array().expect("answers");
        let names: Vec<&str> = parts.iter().filter_map(|p| p["referenceId"].as_str()).collect();
        assert_eq!((status, names), (200, vec!["a", "n", "b"]), "answers stand where they were asked");
        assert_eq!(parts[1]["body"]["totalSize"], seen, "collateSubrequests {collate}");
    }
    org.stop().await;
}
