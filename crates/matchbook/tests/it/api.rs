//! The API as another program meets it.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Engine, TestApp, add_user};

fn new_booking() -> Value {
    json!({
        "event_type": "discovery-call",
        "start": "2026-05-06T11:30:00+02:00",
        "host": "ann",
        "attendee": {"email": "jane@acme.example", "name": "Jane Roe", "time_zone": "America/New_York"},
        "notes": "Wants pricing",
        "answers": [{"slug": "company", "label": "Company", "value": "Acme Ltd"}]
    })
}

#[rstest]
#[tokio::test]
async fn a_booking_made_by_api_reaches_salesforce(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let made = test.post("/api/v1/bookings", &new_booking().to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    test.sync().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["StartDateTime"], "2026-05-06T09:30:00.000+0000");
    assert_eq!(event["EndDateTime"], "2026-05-06T10:00:00.000+0000");
    let id = made.body["id"].as_str().expect("an id");
    let shown = test.get(&format!("/api/v1/bookings/{id}")).await;
    assert_eq!(shown.body["sync"]["event_id"], event["Id"]);
    assert_eq!(shown.body["title"], "Discovery Call between Ann Host and Jane Roe");
}

#[rstest]
#[tokio::test]
async fn every_wrong_field_is_named_at_once_and_nothing_is_saved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let wrong = json!({
        "event_type": "nothing", "start": "tomorrow", "host": "carl",
        "attendee": {"email": "jane", "time_zone": "Mars/Base"}, "guests": ["x"], "notes": "a\u{0}b"
    });
    let answer = test.post("/api/v1/bookings", &wrong.to_string()).await;
    assert_eq!(answer.status, 422);
    let pointers: Vec<&str> =
        answer.body["errors"].as_array().expect("errors").iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(
        pointers,
        ["/event_type", "/start", "/host", "/attendee/email", "/attendee/time_zone", "/guests/0", "/notes"]
    );
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_field_of_the_wrong_shape_is_named_by_its_place(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let with = |pointer: &str, value: Value| {
        let mut body = new_booking();
        *body.pointer_mut(pointer).expect("the sample has it") = value;
        body.to_string()
    };
    for (body, status, pointer) in [
        (with("/attendee/email", json!(7)), 422, "/attendee/email"),
        (with("/answers/0/value", json!({})), 422, "/answers/0/value"),
        (with("/host", json!("ben")), 422, "/host"),
        (new_booking().to_string().replace("notes", "note"), 422, "/note"),
        (new_booking().to_string().replace("{", "["), 400, ""),
        (String::new(), 400, ""),
    ] {
        let answer = test.post("/api/v1/bookings", &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if !pointer.is_empty() {
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
        }
    }
}

fn errors(answer: &Answer) -> Vec<(&str, &str)> {
    let errors = answer.body["errors"].as_array().expect("a list of errors");
    errors
        .iter()
        .map(|e| (e["pointer"].as_str().expect("a pointer"), e["detail"].as_str().expect("a detail")))
        .collect()
}

#[rstest]
#[tokio::test]
async fn missing_fields_wrong_shapes_and_wrong_values_are_named_together_in_plain_words(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let answer = test.post("/api/v1/bookings", "{}").await;
    let pointers: Vec<&str> = errors(&answer).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/event_type", "/start", "/host", "/attendee"]);

    let wrong = json!({
        "event_type": 7, "start": null, "host": "ann", "hostt": "ann", "a/b~c": 1,
        "attendee": ["jane@acme.example", "Jane"], "guests": {"0": "x"}, "notes": ["x"],
        "answers": [["company", "Company", "Acme"], {"slug": "a"}, {"value": "b", "slug": true}]
    });
    let answer = test.post("/api/v1/bookings", &wrong.to_string()).await;
    assert_eq!(answer.status, 422);
    let found = errors(&answer);
    for pointer in [
        "/hostt",
        "/a~1b~0c",
        "/event_type",
        "/start",
        "/attendee",
        "/guests",
        "/notes",
        "/answers/0",
        "/answers/1/value",
        "/answers/2/slug",
    ] {
        assert!(found.iter().any(|(p, _)| *p == pointer), "{pointer} is not named: {found:#?}");
    }
    assert_eq!(found.len(), 10, "{found:#?}");
    for (pointer, detail) in found {
        assert!(
            detail.starts_with("Th") && !detail.contains("struct") && !detail.contains("sequence"),
            "{pointer}: {detail}"
        );
    }
    for body in ["[]", "null", "7", "[\"discovery-call\"]"] {
        let answer = test.post("/api/v1/bookings", body).await;
        assert_eq!((answer.status, errors(&answer)[0].0), (422, ""), "{body}: {}", answer.text);
    }
}

#[rstest]
#[tokio::test]
async fn first_and_last_name_make_the_name_where_there_is_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut body = new_booking();
    body["attendee"] = json!({"email": "jane@acme.example", "first_name": "Jane ", "last_name": "Roe"});
    let made = test.post("/api/v1/bookings", &body.to_string()).await;
    assert_eq!(made.body["title"], "Discovery Call between Ann Host and Jane Roe", "{}", made.text);
    assert_eq!(made.body["attendee"]["name"], "Jane Roe");
}

#[rstest]
#[tokio::test]
async fn a_request_that_is_sent_again_with_its_key_makes_one_booking(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(mut test) = TestApp::spawn(engine).await else { return };
    let body = new_booking().to_string();
    let first = test.post_booking_once("try-1", &body).await;
    let again = test.post_booking_once("try-1", &body).await;
    assert_eq!((first.status, again.status), (201, 200), "{}", again.text);
    assert_eq!(first.body["id"], again.body["id"]);
    let other = test.post_booking_once("try-1", &body.replace("Jane Roe", "Joe Roe")).await;
    assert_eq!(other.status, 422, "{}", other.text);
    assert!(other.text.contains("another request"), "{}", other.text);
    assert_eq!(test.only_booking().await["version"], 1);

    assert_eq!(test.post_booking_once(&"k".repeat(256), &body).await.status, 400);
    assert_eq!(test.post_booking_once("try-2", &body).await.status, 201, "another key is another booking");
    test.pass(SignedDuration::from_hours(25));
    assert_eq!(test.post_booking_once("try-1", &body).await.status, 201, "a day later the key is free");
    test.api_key = add_user(&test.app, "eve@seller.example", "admin").await;
    assert_eq!(test.post_booking_once("try-1", &body).await.status, 201, "another caller's keys are their own");
}

#[rstest]
#[tokio::test]
async fn a_listing_refuses_what_it_cannot_mean(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for (query, names) in [
        ("after=nonsense", "after"),
        ("after=1~", "after"),
        ("after=1~bkg%00", "after"),
        ("after=x~bkg_1", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("colour=red", "query"),
    ] {
        let answer = test.get(&format!("/api/v1/bookings?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        let title = answer.body["title"].as_str().expect("a title");
        assert!(title.contains(names), "{query}: {title}");
    }
    for limit in [1, 200] {
        assert_eq!(test.get(&format!("/api/v1/bookings?limit={limit}")).await.status, 200);
    }
    for path in ["/api/v1/bookings/bkg%00", "/webhooks/cal%00com"] {
        assert!([404, 405].contains(&test.get(path).await.status), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn the_scheme_of_a_key_may_be_written_in_any_case(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = test.get_authorized("/api/v1/bookings", &format!("{scheme} {}", test.api_key)).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
    assert_eq!(test.get_authorized("/api/v1/bookings", &format!("Basic {}", test.api_key)).await.status, 401);
}

#[rstest]
#[tokio::test]
async fn only_holders_of_a_key_may_ask_and_viewers_may_only_read(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let answer = test.get_anonymously("/api/v1/bookings").await;
    assert_eq!((answer.status, &answer.body["title"]), (401, &json!("An API key is needed.")));
    let mut test = test;
    test.api_key = add_user(&test.app, "eve@seller.example", "viewer").await;
    assert_eq!(test.get("/api/v1/bookings").await.status, 200);
    assert_eq!(test.post("/api/v1/bookings", &new_booking().to_string()).await.status, 403);
    test.api_key = "mbk_unknown".into();
    assert_eq!(test.get("/api/v1/bookings").await.status, 401);
}

#[rstest]
#[tokio::test]
async fn bookings_are_listed_page_by_page_without_gaps_or_repeats(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for hour in 10..17 {
        let mut body = new_booking();
        body["start"] = format!("2026-05-06T{hour}:00:00Z").into();
        assert_eq!(test.post("/api/v1/bookings", &body.to_string()).await.status, 201);
    }
    for (scope, first) in [("all", "2026-05-06T16:00:00Z"), ("upcoming", "2026-05-06T10:00:00Z")] {
        let (mut starts, mut after) = (Vec::new(), String::new());
        loop {
            let page = test.get(&format!("/api/v1/bookings?scope={scope}&limit=3{after}")).await.body;
            let rows = page["bookings"].as_array().expect("a list");
            starts.extend(rows.iter().map(|b| b["start"].as_str().expect("a start").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((starts.len(), starts[0].as_str()), (7, first), "{scope}");
        starts.sort();
        starts.dedup();
        assert_eq!(starts.len(), 7, "no booking twice");
    }
    assert_eq!(test.get("/api/v1/bookings?scope=past").await.body["bookings"], json!([]));
    assert_eq!(test.get("/api/v1/bookings?scope=nonsense").await.status, 400);
    assert_eq!(test.get("/api/v1/bookings?colour=red").await.status, 400);
    assert_eq!(test.get("/api/v1/bookings/bkg_nothing").await.status, 404);
}

#[rstest]
#[tokio::test]
async fn health_and_readiness_answer_without_a_key(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    assert_eq!(test.get_anonymously("/health").await.text, "ok\n");
    assert_eq!(test.get_anonymously("/ready").await.text, "ready\n");
}

#[rstest]
#[tokio::test]
async fn a_listing_can_be_narrowed_down(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for (email, name) in
        [("jane@acme.example", "Jane Roe"), ("50%_off!@shop.example", "Élodie Q"), ("joe@acme.example", "Joe")]
    {
        let mut body = new_booking();
        body["attendee"] = json!({"email": email, "name": name});
        assert_eq!(test.post("/api/v1/bookings", &body.to_string()).await.status, 201);
        test.pass(SignedDuration::from_hours(1));
    }
    for (query, names) in [
        ("attendee=JANE@acme.example", vec!["Jane Roe"]),
        ("text=acme.EXAMPLE", vec!["Joe", "Jane Roe"]),
        ("text=%C3%A9lodie", vec!["Élodie Q"]),
        ("text=50%25_", vec!["Élodie Q"]),
        ("text=5%25%25", vec![]),
        ("text=o_", vec![]),
        ("text=ff!", vec!["Élodie Q"]),
        ("text=ann%20host", vec!["Joe", "Élodie Q", "Jane Roe"]),
        ("updated_since=2026-05-04T11:00:00Z", vec!["Joe", "Élodie Q"]),
        ("updated_since=2026-05-04T13:00:00%2B01:00&text=joe", vec!["Joe"]),
        ("event_type=discovery-call&limit=1", vec!["Joe"]),
        ("event_type=other", vec![]),
    ] {
        let page = test.get(&format!("/api/v1/bookings?{query}")).await;
        let rows = page.body["bookings"].as_array().unwrap_or_else(|| panic!("{query}: {}", page.text));
        let found: Vec<&str> = rows.iter().map(|b| b["attendee"]["name"].as_str().expect("a name")).collect();
        assert_eq!(found, names, "{query}");
    }
    for query in ["attendee=jane", "updated_since=yesterday", "text=", "text=a%00b", "event_type=%00"] {
        assert_eq!(test.get(&format!("/api/v1/bookings?{query}")).await.status, 400, "{query}");
    }
}
