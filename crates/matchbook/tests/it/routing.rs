//! Who takes a booking whose host nobody named: the owner of the attendee's record, or whose turn it is; and how to ask why.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Engine, START, TestApp, user};

/// Wednesday at ten in London.
const SLOT: &str = "2026-05-06T09:00:00Z";

/// An installation whose event type has Ann, Ben and Cleo as hosts, each with a Salesforce user.
pub(crate) struct Routed {
    pub(crate) test: TestApp,
    /// The ids of what was loaded.
    pub(crate) ids: Value,
}

/// The hosts, and `more` of the event type and of its Salesforce section.
fn configuration(more: &str, salesforce: &str) -> String {
    format!(
        "hosts:
  ann: {{name: Ann Host, email: ann@seller.example, time_zone: Europe/London}}
  ben: {{name: Ben Host, email: ben@seller.example, time_zone: Europe/London}}
  cleo: {{name: Cleo Host, email: cleo@seller.example, time_zone: Europe/London}}
event_types:
  discovery-call:
    title: Discovery Call
    length_minutes: 30
    hosts: [ann, ben, cleo]
    scheduling: round_robin
    {more}
    salesforce: {{connection: main, {salesforce}}}
"
    )
}

impl Routed {
    /// With these records; `@ann`, `@ben` and `@cleo` in them are the hosts' users.
    pub(crate) async fn spawn(engine: Engine, more: &str, salesforce: &str, records: Value) -> Option<Routed> {
        Routed::prepare(TestApp::spawn(engine).await?, more, salesforce, records).await
    }

    pub(crate) async fn prepare(test: TestApp, more: &str, salesforce: &str, records: Value) -> Option<Routed> {
        test.org.control("PATCH", "settings", json!({"now": START})).await;
        test.org.load(json!({"User": [user("ben@seller.example"), user("cleo@seller.example")]})).await;
        let mut text = records.to_string();
        for host in ["ann", "ben", "cleo"] {
            text = text.replace(&format!("@{host}"), &test.org.only_user(&format!("{host}@seller.example")).await);
        }
        let ids = test.org.load(text.parse().expect("records")).await["refs"].clone();
        test.apply(&configuration(more, salesforce)).await.expect("the test's configuration is sound");
        Some(Routed { test, ids })
    }

    /// Books for an email, with more in the body.
    pub(crate) async fn book(&self, email: &str, more: Value) -> Answer {
        self.test.post("/api/v1/bookings", &asked(email, &more).to_string()).await
    }

    /// The key of the host of a booking that is made.
    pub(crate) async fn host(&self, email: &str, more: Value) -> String {
        let answer = self.book(email, more).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        key(&answer.body)
    }

    /// How the booking of an answer came to its host.
    pub(crate) async fn decision(&self, booking: &Value) -> Value {
        let id = booking["id"].as_str().expect("an id");
        self.test.get(&format!("/api/v1/bookings/{id}/routing-decisions")).await.body["routing_decisions"][0].clone()
    }

    /// The first sentence on the only booking.
    pub(crate) async fn sentence(&self) -> String {
        let decision = self.decision(&self.test.only_booking().await).await;
        decision["sentence"].as_str().expect("a sentence").to_owned()
    }

    /// Taken turns and balances of Ann, Ben and Cleo; all lines sum to zero.
    async fn turns(&self) -> Vec<(String, String, String)> {
        let ledger = self.test.get("/api/v1/event-types/discovery-call/rotation").await.body;
        let line = |line: &Value| {
            let text = |name: &str| line[name].as_str().expect("a text").to_owned();
            (text("host"), text("taken"), text("balance"))
        };
        let mut lines: Vec<_> = ledger["hosts"].as_array().expect("lines").iter().map(line).collect();
        lines.sort();
        let balance = |text: &str| text.parse::<f64>().expect("a number");
        let adjustment = balance(ledger["adjustment"]["balance"].as_str().expect("a balance"));
        let sum: f64 = lines.iter().map(|(_, _, text)| balance(text)).sum::<f64>() + adjustment;
        assert!(sum.abs() < 0.02, "the ledger does not sum to zero: {ledger:#}");
        lines
    }
}

fn asked(email: &str, more: &Value) -> Value {
    let mut body =
        json!({"event_type": "discovery-call", "start": SLOT, "attendee": {"email": email, "name": "Jane Roe"}});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

/// The key of a booking's host.
fn key(booking: &Value) -> String {
    let email = booking["organizer"]["email"].as_str().expect("an email");
    email.split('@').next().unwrap_or_default().to_owned()
}

pub(crate) fn account(name: &str, owner: &str, more: Value) -> Value {
    let mut account = json!({"@ref": name, "Name": name, "Website": "acme.example", "OwnerId": owner});
    account.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    account
}

pub(crate) const BY_ACCOUNT: &str = "attendee_record_type: contact_under_account, book_directly: {enabled: true}";

#[rstest]
#[tokio::test]
async fn the_owner_of_the_attendees_account_takes_the_meeting_and_the_sync_links_to_that_account_in_two_calls(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({"Account": [
        account("Acme EMEA", "@ben", json!({"BillingCountry": "Germany"})),
        account("Acme US", "@cleo", json!({"BillingCountry": "United States"}))]});
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, records).await else { return };
    assert_eq!(routed.host("warm@nowhere.example", json!({})).await, "ann", "the first by id, all being level");
    routed.test.sync().await;
    routed.test.org.take_calls().await;

    let germany = json!({"start": "2026-05-06T10:00:00Z", "place": {"country": "DE"}});
    let answer = routed.book("jane@acme.example", germany).await;
    assert_eq!((answer.status, key(&answer.body).as_str()), (201, "ben"), "{}", answer.text);
    assert_eq!(routed.test.org.take_calls().await, 1, "a decision is one call");
    let decision = routed.decision(&answer.body).await;
    assert_eq!(decision["sentence"], "Booked with Ben Host, who owns Acme EMEA, chosen over 1 other by country match.");
    assert_eq!(decision["account"]["id"], routed.ids["Acme EMEA"]);
    assert_eq!((&decision["assignment"], &decision["entered"]), (&json!("ownership"), &json!("api")));

    routed.test.sync().await;
    assert_eq!(routed.test.org.take_calls().await, 2, "a routed booking is not resolved again");
    let contacts = routed.test.org.records("Contact").await;
    let jane = contacts.iter().find(|contact| contact["Email"] == "jane@acme.example").expect("Jane's Contact");
    assert_eq!(jane["AccountId"], routed.ids["Acme EMEA"]);
    let ben = routed.test.org.only_user("ben@seller.example").await;
    let events = routed.test.org.records("Event").await;
    assert!(events.iter().any(|event| event["WhoId"] == jane["Id"] && event["OwnerId"] == ben.as_str()), "{events:#?}");
    routed.test.assert_all_synced().await;
}

#[rstest]
#[case::contact("contact", "@ben", "", "owns the attendee's Contact", "ben")]
#[case::lead("lead", "", "@cleo", "owns the attendee's Lead", "cleo")]
#[case::contact_first("contact, contact_else_lead: true", "@ben", "@cleo", "owns the attendee's Contact", "ben")]
#[case::else_lead("contact, contact_else_lead: true", "", "@cleo", "owns the attendee's Lead", "cleo")]
#[tokio::test]
async fn the_owner_is_that_of_the_contact_the_lead_or_as_the_fallback_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] owner_of: &str,
    #[case] contact: &str,
    #[case] lead: &str,
    #[case] words: &str,
    #[case] host: &str,
) {
    let mut records = json!({});
    if !contact.is_empty() {
        records["Contact"] = json!([{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": contact}]);
    }
    if !lead.is_empty() {
        records["Lead"] =
            json!([{"LastName": "Roe", "Company": "Acme", "Email": "jane@acme.example", "OwnerId": lead}]);
    }
    let settings = format!("book_directly: {{enabled: true, owner_of: {owner_of}}}");
    let Some(routed) = Routed::spawn(engine, "", &settings, records).await else { return };
    assert_eq!(routed.host("Jane@ACME.example", json!({})).await, host);
    assert!(routed.sentence().await.contains(words), "{}", routed.sentence().await);
}

#[rstest]
#[tokio::test]
async fn a_user_field_of_the_account_names_the_host(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let field = json!({"name": "Sdr__c", "label": "SDR", "type": "reference", "referenceTo": ["User"]});
    test.org.control("POST", "fields", json!({"Account": [field]})).await;
    let records = json!({"Account": [account("Acme", "@ann", json!({"Sdr__c": "@cleo"}))]});
    let settings = "attendee_record_type: contact_under_account,
        book_directly: {enabled: true, owner_of: account_field, account_field: Sdr__c}";
    let Some(routed) = Routed::prepare(test, "", settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, "cleo");
    assert_eq!(routed.sentence().await, "Booked with Cleo Host, who is named by Acme.");
}

#[rstest]
#[case::free_mail("enabled: true, owner_of: contact", "jane@gmail.com", "the email is with a free mail provider")]
#[case::ignored(
    "enabled: true, owner_of: contact, rules: [{field: Department, value: SALES, when: ignore}]",
    "jane@acme.example",
    "Department is Sales, whose owners are passed over"
)]
#[case::must_include(
    "enabled: true, owner_of: contact, rules: [{field: Department, value: Legal, when: must_include}]",
    "jane@acme.example",
    "Department is Sales, and must be Legal"
)]
#[case::off("enabled: false", "jane@acme.example", "the event type does not book directly with owners")]
#[case::no_host("enabled: true, owner_of: contact", "joe@acme.example", "the owner is no enabled host")]
#[case::unknown("enabled: true, owner_of: contact", "who@acme.example", "no Contact has this email")]
#[tokio::test]
async fn round_robin_decides_with_the_reason_where_the_owner_does_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] book_directly: &str,
    #[case] email: &str,
    #[case] reason: &str,
) {
    let contact =
        |email: &str, owner: &str| json!({"LastName": "Roe", "Email": email, "OwnerId": owner, "Department": "Sales"});
    let records = json!({"Contact": [
        contact("jane@acme.example", "@cleo"), contact("jane@gmail.com", "@cleo"), contact("joe@acme.example", "@ben")]});
    let more = "rotation: {hosts: {ben: {enabled: false}}}";
    let settings = format!("book_directly: {{{book_directly}}}");
    let Some(routed) = Routed::spawn(engine, more, &settings, records).await else { return };
    assert_eq!(routed.host(email, json!({})).await, "ann");
    let sentence = routed.sentence().await;
    assert!(sentence.starts_with("Booked with Ann Host by round robin: ") && sentence.contains(reason), "{sentence}");
}

#[rstest]
#[case::wanted("must_include", "cleo")]
#[case::passed_over("ignore", "ann")]
#[tokio::test]
async fn a_rule_on_a_field_that_is_read_anyway_is_judged_like_any_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] when: &str,
    #[case] host: &str,
) {
    let records = json!({"Account": [account("Acme", "@cleo", json!({}))],
        "Contact": [{"@ref": "c", "LastName": "Roe", "Email": "kim@acme.example"}]});
    let settings = format!(
        "attendee_record_type: contact_under_account,
        book_directly: {{enabled: true, owner_of: account, rules: [{{field: Name, value: Acme, when: {when}}}]}}"
    );
    let Some(routed) = Routed::spawn(engine, "", &settings, records).await else { return };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, host);
    let sentence = routed.sentence().await;
    assert!(!sentence.contains("could not be"), "{sentence}");
}

#[rstest]
#[tokio::test]
async fn an_owner_who_is_not_free_within_the_horizon_does_not_take_it_and_one_whose_hours_are_unknown_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let contact = |email: &str, owner: &str| json!({"LastName": "Roe", "Email": email, "OwnerId": owner});
    let records = json!({"Contact": [contact("jane@acme.example", "@cleo"), contact("joe@acme.example", "@ben")]});
    let settings = "book_directly: {enabled: true, owner_of: contact, horizon_days: 3}";
    let Some(routed) = Routed::spawn(engine, "", settings, records).await else { return };
    let hours = "hosts:
  cleo: {name: Cleo Host, email: cleo@seller.example, time_zone: Europe/London, weekly_hours: [{days: [saturday], from: '09:00', to: '12:00'}]}
";
    routed.test.apply(hours).await.expect("applied");
    let saturday = json!({"start": "2026-05-09T09:00:00Z"});
    let answer = routed.book("jane@acme.example", saturday).await;
    assert_eq!(key(&answer.body), "ann");
    let decision = routed.decision(&answer.body).await;
    assert_eq!(decision["fallback"], "Cleo Host owns the record and is not free within 3 days");

    let answer = routed.book("joe@acme.example", json!({})).await;
    assert_eq!(key(&answer.body), "ben");
    let checks = routed.decision(&answer.body).await["owner_checks"].to_string();
    assert!(checks.contains("their calendar cannot be seen here, so this was not asked"), "{checks}");
}

#[rstest]
#[tokio::test]
async fn hosts_take_turns_by_their_weights_and_the_ledger_says_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "rotation: {hosts: {ben: {weight: 2}}}", "", json!({})).await else {
        return;
    };
    for hour in 8..16 {
        routed.host(&format!("h{hour}@acme.example"), json!({"start": format!("2026-05-06T{hour:02}:00:00Z")})).await;
    }
    let taken: Vec<(String, String)> = routed.turns().await.into_iter().map(|(host, taken, _)| (host, taken)).collect();
    assert_eq!(taken, [("ann", "2.00"), ("ben", "4.00"), ("cleo", "2.00")].map(|(h, t)| (h.to_owned(), t.to_owned())));
    let ledger = routed.test.get("/api/v1/event-types/discovery-call/rotation").await.text;
    assert!(ledger.contains("a share of 2 in 4"), "the ledger says what a share was: {ledger}");
}

#[rstest]
#[tokio::test]
async fn two_bookings_at_the_same_moment_never_get_the_same_host(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let book = async |email: &str| routed.book(email, json!({})).await;
    let (a, b, c, d) =
        tokio::join!(book("a@acme.example"), book("b@acme.example"), book("c@acme.example"), book("d@acme.example"));
    let answers = [a, b, c, d];
    let mut hosts: Vec<String> = answers.iter().filter(|a| a.status == 201).map(|a| key(&a.body)).collect();
    hosts.sort();
    assert_eq!(hosts, ["ann", "ben", "cleo"], "three hosts take three, whoever asks at once");
    let late = answers.iter().find(|answer| answer.status == 409).expect("the fourth finds nobody");
    assert!(late.text.contains("no host is enabled and free"), "{}", late.text);
}

#[rstest]
#[case::a_cancel_before_the_start_gives_it_back("", "0.00")]
#[case::unless_it_is_switched_off("give_back_cancelled: false", "1.00")]
#[tokio::test]
async fn a_cancelled_booking_is_no_turn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] switch: &str,
    #[case] taken: &str,
) {
    let Some(routed) = Routed::spawn(engine, &format!("rotation: {{{switch}}}"), "", json!({})).await else { return };
    let booking = routed.book("jane@acme.example", json!({})).await.body;
    let id = booking["id"].as_str().expect("an id");
    assert_eq!(routed.test.post(&format!("/api/v1/bookings/{id}/cancellation"), "{}").await.status, 200);
    let turns = routed.turns().await;
    assert_eq!(turns.iter().find(|(host, ..)| *host == key(&booking)).expect("a line").1, taken);
}

#[rstest]
#[case::not_by_default("", "0.00")]
#[case::where_the_admin_says_so("count_ownership: true", "1.00")]
#[tokio::test]
async fn a_booking_that_its_owner_takes_counts_as_a_turn_only_where_the_event_type_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] switch: &str,
    #[case] taken: &str,
) {
    let records = json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": "@cleo"}]});
    let settings = "book_directly: {enabled: true}";
    let Some(routed) = Routed::spawn(engine, &format!("rotation: {{{switch}}}"), settings, records).await else {
        return;
    };
    assert_eq!(routed.host("jane@acme.example", json!({})).await, "cleo");
    let cleo = routed.turns().await.into_iter().find(|(host, ..)| host == "cleo");
    assert_eq!(cleo.map_or("0.00".to_owned(), |(_, turns, _)| turns), taken);
}

#[rstest]
#[tokio::test]
async fn candidates_whose_owner_is_no_host_are_passed_over_and_where_none_is_left_the_records_still_link(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.load(json!({"User": [user("stranger@seller.example")]})).await;
    let stranger = test.org.only_user("stranger@seller.example").await;
    let records = json!({"Account": [
        account("Oldest", &stranger, json!({"CreatedDate": "2020-01-01T00:00:00Z"})),
        account("Hosted", "@ben", json!({"CreatedDate": "2024-01-01T00:00:00Z"})),
        account("Alone", &stranger, json!({"Website": "alone.example"}))]});
    let Some(routed) = Routed::prepare(test, "", BY_ACCOUNT, records).await else { return };
    let answer = routed.book("jane@acme.example", json!({})).await;
    assert_eq!(key(&answer.body), "ben");
    let decision = routed.decision(&answer.body).await;
    assert_eq!(decision["account"]["id"], routed.ids["Hosted"]);
    assert!(decision["stages"].to_string().contains("owner_not_host"), "{decision:#}");

    let answer = routed.book("joe@alone.example", json!({})).await;
    let decision = routed.decision(&answer.body).await;
    assert_eq!(decision["assignment"], "rotation");
    assert_eq!(decision["fallback"], "no candidate's owner is an enabled host");
    assert_eq!(decision["account"]["id"], routed.ids["Alone"], "the records link to the unfiltered winner");
}

#[rstest]
#[case::down(json!({"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "Down."}}))]
#[case::limit(json!({"error": {"status": 403, "code": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}}))]
#[case::lost(json!({"drop": "after"}))]
#[tokio::test]
async fn a_booking_goes_ahead_by_round_robin_while_salesforce_is_in_trouble(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] trouble: Value,
) {
    let records = json!({"Account": [account("Acme", "@ben", json!({}))]});
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, records).await else { return };
    let fault = json!({"match": {"path": "/services/data"}, "effect": trouble, "times": 20});
    routed.test.org.control("POST", "faults", fault).await;
    let answer = routed.book("jane@acme.example", json!({})).await;
    assert_eq!((answer.status, key(&answer.body).as_str()), (201, "ann"), "{}", answer.text);
    let decision = routed.decision(&answer.body).await;
    assert!(decision["fallback"].as_str().expect("why").contains("could not be asked"), "{decision:#}");

    routed.test.org.control("DELETE", "faults", Value::Null).await;
    routed.test.pass(jiff::SignedDuration::from_hours(2));
    routed.test.sync().await;
    routed.test.assert_all_synced().await;
    let jane = routed.test.org.only("Contact").await;
    assert_eq!(jane["AccountId"], routed.ids["Acme"], "the sync waited for the org, and resolves the Account itself");
}

#[rstest]
#[tokio::test]
async fn nobody_waits_longer_than_the_deadline_for_an_org_that_is_slow(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn_with(engine, |config| config.lookup_deadline_ms = 50).await else { return };
    let records = json!({"Account": [account("Acme", "@ben", json!({}))]});
    let Some(routed) = Routed::prepare(test, "", BY_ACCOUNT, records).await else { return };
    routed.test.org.control("PATCH", "settings", json!({"latency_ms": 20_000})).await;
    let answer = routed.book("jane@acme.example", json!({})).await;
    assert_eq!((answer.status, key(&answer.body).as_str()), (201, "ann"), "{}", answer.text);
    let decision = routed.decision(&answer.body).await;
    assert_eq!(decision["fallback"], "Salesforce did not answer within 50 ms");
}

#[rstest]
#[tokio::test]
async fn a_booking_that_moves_while_it_is_routed_again_is_left_as_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "book_directly: {enabled: true}", json!({})).await else { return };
    let booking = routed.book("jane@acme.example", json!({})).await.body;
    let path = |action: &str| format!("/api/v1/bookings/{}/{action}", booking["id"].as_str().expect("an id"));
    routed.test.org.fault(json!({"path": "/composite"}), json!({"hold": true})).await;
    let move_it = async {
        routed.test.org.until_held().await;
        let moved = routed.test.post(&path("reschedule"), r#"{"start": "2026-05-07T09:00:00Z"}"#).await;
        routed.test.org.control("POST", "release", Value::Null).await;
        moved.status
    };
    let reassignment = path("reassignment");
    let (again, moved) = tokio::join!(routed.test.post(&reassignment, "{}"), move_it);
    assert_eq!((moved, again.status), (200, 412), "{}", again.text);
    assert!(again.text.contains("has changed meanwhile"), "{}", again.text);
    let now = routed.test.only_booking().await;
    assert_eq!((&now["start"], &now["organizer"]), (&json!("2026-05-07T09:00:00Z"), &booking["organizer"]));
}

#[rstest]
#[tokio::test]
async fn a_turn_is_given_back_where_the_booking_moves_to_another_host(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let booking = routed.book("jane@acme.example", json!({})).await.body;
    assert_eq!(key(&booking), "ann");
    let path = format!("/api/v1/bookings/{}/reschedule", booking["id"].as_str().expect("an id"));
    let same = routed.test.post(&path, r#"{"start": "2026-05-07T09:00:00Z"}"#).await;
    assert_eq!(same.status, 200, "{}", same.text);
    let taken = async || routed.turns().await.into_iter().map(|(_, taken, _)| taken).collect::<Vec<_>>();
    assert_eq!(taken().await, ["1.00", "0.00", "0.00"], "another time is the same turn");
    let moved = routed.test.post(&path, r#"{"start": "2026-05-07T10:00:00Z", "host": "ben"}"#).await;
    assert_eq!((moved.status, key(&moved.body).as_str()), (200, "ben"), "{}", moved.text);
    assert_eq!(taken().await, ["0.00", "0.00", "0.00"], "Ben was named, and Ann is next again");
}

#[rstest]
#[tokio::test]
async fn two_event_types_never_give_one_host_two_meetings_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let second = "event_types:
  demo: {title: Demo, length_minutes: 30, hosts: [ann, ben, cleo], scheduling: round_robin}
";
    routed.test.apply(second).await.expect("applied");
    for hour in 8..14 {
        let at = json!({"start": format!("2026-05-06T{hour:02}:00:00Z")});
        let at = |event_type: &str| {
            let mut body = at.clone();
            body["event_type"] = event_type.into();
            body
        };
        let (a, b, c) = tokio::join!(
            routed.book("a@acme.example", at("demo")),
            routed.book("b@acme.example", at("discovery-call")),
            routed.book("c@acme.example", at("demo")),
        );
        let mut hosts: Vec<String> = [&a, &b, &c].iter().map(|answer| key(&answer.body)).collect();
        hosts.sort();
        assert_eq!(hosts, ["ann", "ben", "cleo"], "at {hour}: each of three meetings has a host of its own");
    }
}

#[rstest]
#[tokio::test]
async fn whoever_is_switched_off_while_a_booking_is_routed_does_not_get_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "book_directly: {enabled: true}", json!({})).await else { return };
    routed.test.org.fault(json!({"path": "/composite"}), json!({"hold": true})).await;
    let switch_off = async {
        routed.test.org.until_held().await;
        let off = configuration("rotation: {hosts: {ann: {enabled: false}}}", "book_directly: {enabled: true}");
        routed.test.apply(&off).await.expect("applied");
        routed.test.org.control("POST", "release", Value::Null).await;
    };
    let (answer, ()) = tokio::join!(routed.book("jane@acme.example", json!({})), switch_off);
    assert_eq!((answer.status, key(&answer.body).as_str()), (201, "ben"), "{}", answer.text);
    let lines: Vec<String> = routed.turns().await.into_iter().map(|(host, ..)| host).collect();
    assert_eq!(lines, ["ben", "cleo"], "who was switched off takes no part");
}

#[rstest]
#[tokio::test]
async fn a_booking_is_given_to_a_chosen_host_or_routed_again_and_its_event_and_turn_follow(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "book_directly: {enabled: true}", json!({})).await else { return };
    let booking = routed.book("jane@acme.example", json!({})).await.body;
    assert_eq!(key(&booking), "ann");
    routed.test.sync().await;
    let path = format!("/api/v1/bookings/{}/reassignment", booking["id"].as_str().expect("an id"));

    let given = routed.test.post(&path, r#"{"host": "cleo"}"#).await;
    assert_eq!((given.status, key(&given.body).as_str()), (200, "cleo"), "{}", given.text);
    assert_eq!(routed.sentence().await, "Given to Cleo Host by hand.");
    assert!(routed.turns().await.iter().all(|(_, taken, _)| taken == "0.00"), "her turn is given back");
    routed.test.sync().await;
    let cleo = routed.test.org.only_user("cleo@seller.example").await;
    let event = routed.test.org.only("Event").await;
    assert_eq!(
        (&event["OwnerId"], &event["Subject"]),
        (&json!(cleo), &json!("Discovery Call between Cleo Host and Jane Roe"))
    );

    // The Contact is Ben's by now.
    let ben = routed.test.org.only_user("ben@seller.example").await;
    let contact = routed.test.org.only("Contact").await;
    routed.test.org.update("Contact", &contact["Id"], json!({"OwnerId": ben})).await;
    let again = routed.test.post(&path, "{}").await;
    assert_eq!((again.status, key(&again.body).as_str()), (200, "ben"), "{}", again.text);
    routed.test.sync().await;
    let event = routed.test.org.only("Event").await;
    assert_eq!(
        (&event["OwnerId"], &event["Subject"]),
        (&json!(ben), &json!("Discovery Call between Ben Host and Jane Roe"))
    );
    let all = routed.test.get(&path.replace("reassignment", "routing-decisions")).await.body;
    assert_eq!(all["routing_decisions"].as_array().map(Vec::len), Some(3), "each decision is kept: {all:#}");
    routed.test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn only_those_who_may_give_a_booking_away_and_only_ours(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", "", json!({})).await else { return };
    let delivered = routed.test.deliver(&crate::support::Delivery::created().json()).await;
    let id = delivered.body["booking"].as_str().expect("an id");
    let theirs = routed.test.post(&format!("/api/v1/bookings/{id}/reassignment"), r#"{"host": "ben"}"#).await;
    assert_eq!(theirs.status, 409, "its source has the last word: {}", theirs.text);
    let member = crate::support::add_user(&routed.test.app, "ann@seller.example", "member").await;
    let booked = routed.book("jane@acme.example", json!({"host": "ann", "start": "2026-05-06T12:00:00Z"})).await;
    let path =
        format!("{}/api/v1/bookings/{}/reassignment", routed.test.url, booked.body["id"].as_str().expect("an id"));
    let away = reqwest::Client::new().post(path).bearer_auth(member).body(r#"{"host": "ben"}"#).send().await;
    assert_eq!(away.expect("an answer").status(), 403, "a member takes bookings of their own only");
}

#[rstest]
#[tokio::test]
async fn explaining_gives_decision_and_trace_and_says_why_not_and_writes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({"Account": [
        account("Acme EMEA", "@ben", json!({"BillingCountry": "Germany"})),
        account("Acme US", "@cleo", json!({"BillingCountry": "United States"}))]});
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, records).await else { return };
    let explain = async |more: Value| {
        let mut body =
            json!({"event_type": "discovery-call", "email": "jane@acme.example", "place": {"country": "us"}});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        routed.test.post("/api/v1/routing-decisions", &body.to_string()).await
    };
    let told = explain(json!({"why_not": "acme emea"})).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(told.body["sentence"], "Booked with Cleo Host, who owns Acme US, chosen over 1 other by country match.");
    let why_not = "Acme EMEA was removed at P1 Country match: it has Germany, what was kept has United States.";
    assert_eq!(told.body["why_not"], why_not);
    let told = explain(json!({"why_not": "Ben Host"})).await;
    assert!(
        told.body["why_not"].as_str().expect("why").starts_with("Ben Host is available, but does not own"),
        "{}",
        told.text
    );
    let told = explain(json!({"why_not": "Nobody"})).await;
    let why = told.body["why_not"].as_str().expect("a text");
    assert!(why.starts_with("No host of this event type is called \"Nobody\", and no"), "{why}");
    let wrong = explain(json!({"place": {"country": "Atlantis"}})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.text.contains("/place/country"), "{}", wrong.text);

    routed.test.sync().await;
    assert_eq!(routed.test.get("/api/v1/bookings").await.body["bookings"], json!([]));
    assert!(routed.test.org.records("Contact").await.is_empty() && routed.test.org.records("Event").await.is_empty());
    assert!(routed.turns().await.is_empty(), "no turn is taken, and nobody joined");
}

#[rstest]
#[tokio::test]
async fn where_an_event_type_has_one_host_nobody_else_is_weighed_and_explaining_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let records = json!({"Account": [account("Acme", "@ben", json!({}))]});
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, records).await else { return };
    let text = configuration("", BY_ACCOUNT).replace("round_robin", "one_host");
    routed.test.apply(&text).await.expect("applied");
    let nobody = "Nobody else was weighed, since Ann Host takes all meetings of this event type.";
    let unknown = format!("No host of this event type is called \"Acme\". {nobody}");
    for (subject, why) in [("Ben Host", nobody), ("Acme", &unknown)] {
        let asked = json!({"event_type": "discovery-call", "email": "jane@acme.example", "why_not": subject});
        let told = routed.test.post("/api/v1/routing-decisions", &asked.to_string()).await;
        assert_eq!((told.status, &told.body["why_not"]), (200, &json!(why)), "{}", told.text);
        assert_eq!(told.body["sentence"], "Booked with Ann Host, the event type's host.");
    }
}
