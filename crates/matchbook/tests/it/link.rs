//! The links `/r/`: where they lead, with whom, what is kept of it, and what strangers can make them cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use matchbook::polling::{Polled, Poller, Reach};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use crate::calcom_api::{CalcomApi, shown};
use crate::support::{Delivery, Engine, START, TestApp, user};

const PAGE: &str = "https://cal.example/team/sales/demo";

/// An installation whose event type has a page at Cal.com, and Ann and Ben as hosts; Ben owns Jane's Contact.
struct Links {
    test: TestApp,
    browser: reqwest::Client,
}

/// Where a browser was sent.
#[derive(Debug)]
struct Sent {
    /// Scheme, host and path.
    page: String,
    pairs: Vec<(String, String)>,
}

impl Sent {
    fn names(&self) -> Vec<&str> {
        self.pairs.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn get(&self, name: &str) -> &str {
        let values: Vec<&str> = self.pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        assert!(values.len() < 2, "{name} is there several times: {values:?}");
        values.first().copied().unwrap_or_default()
    }

    fn decision(&self) -> &str {
        self.get("metadata[matchbook_decision]")
    }

    fn host(&self) -> &str {
        self.get("cal.crmContactOwnerEmail")
    }
}

impl Links {
    async fn spawn(engine: Engine) -> Option<Links> {
        Links::prepare(TestApp::spawn(engine).await?).await
    }

    async fn prepare(test: TestApp) -> Option<Links> {
        test.org.control("PATCH", "settings", json!({"now": START})).await;
        test.org.load(json!({"User": [user("ben@seller.example")]})).await;
        let ben = test.org.only_user("ben@seller.example").await;
        test.org.load(json!({"Contact": [{"LastName": "Roe", "Email": "jane@acme.example", "OwnerId": ben}]})).await;
        let text = format!(
            "hosts:
  ann: {{name: Ann Host, email: ann@seller.example, time_zone: Europe/London, cal_com_user_id: 5}}
  ben: {{name: Ben Host, email: ben@seller.example, time_zone: Europe/London, cal_com_user_id: 6}}
event_types:
  discovery-call:
    title: Discovery Call
    length_minutes: 30
    hosts: [ann, ben]
    scheduling: round_robin
    cal_com_url: {PAGE}
    salesforce: {{connection: main, book_directly: {{enabled: true}}}}
  in-person: {{title: In person, length_minutes: 30, hosts: [ann]}}
"
        );
        test.apply(&text).await.expect("applied");
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Some(Links { test, browser: browser.expect("a client") })
    }

    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.browser.get(format!("{}{path}", self.test.url))
    }

    /// Follows the link of the event type once.
    async fn follow(&self, query: &str) -> Sent {
        sent(self.request(&format!("/r/discovery-call{query}"))).await
    }

    /// The same from an address of its own.
    async fn follow_from(&self, address: &str, query: &str) -> Sent {
        sent(self.request(&format!("/r/discovery-call{query}")).header("X-Forwarded-For", address)).await
    }

    /// The decisions on a booking.
    async fn decisions(&self, booking: &str) -> Vec<Value> {
        let answer = self.test.get(&format!("/api/v1/bookings/{booking}/routing-decisions")).await;
        answer.body["routing_decisions"].as_array().unwrap_or_else(|| panic!("decisions: {}", answer.text)).clone()
    }

    /// The only decision on a booking.
    async fn decision(&self, booking: &str) -> Value {
        let mut decisions = self.decisions(booking).await;
        assert_eq!(decisions.len(), 1, "{booking} should have one decision: {decisions:#?}");
        decisions.remove(0)
    }

    /// What the decision on a link came to, seen once somebody booked by it.
    async fn traced(&self, email: &str, sent: &Sent) -> Value {
        self.decision(&self.book(email, sent).await).await
    }

    /// Books as Cal.com would after a link; gives the booking's id.
    async fn book(&self, email: &str, sent: &Sent) -> String {
        self.deliver(&booked(email, sent)).await
    }

    async fn deliver(&self, delivery: &Delivery) -> String {
        let answer = self.test.deliver(&delivery.json()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["booking"].as_str().expect("a booking").to_owned()
    }

    /// Turns taken, by host key; all balances sum to zero.
    async fn turns(&self) -> BTreeMap<String, String> {
        let ledger = self.test.get("/api/v1/event-types/discovery-call/rotation").await.body;
        let lines = ledger["hosts"].as_array().expect("lines").iter();
        let sum: f64 = lines.clone().chain([&ledger["adjustment"]]).map(|line| number(&line["balance"])).sum();
        assert!(sum.abs() < 0.001, "the ledger does not sum to zero: {ledger:#}");
        lines.map(|line| (text(&line["host"]).to_owned(), text(&line["taken"]).to_owned())).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    text(value).parse().expect("a number")
}

/// The booking of a link with the host whom the link named.
fn booked(email: &str, sent: &Sent) -> Delivery {
    let organizer = json!({"id": 1, "name": "A Host", "email": sent.host(), "timeZone": "Europe/London"});
    Delivery::created()
        .at("2026-05-04T10:00:00.000Z")
        .by(email, "Jane Roe", email)
        .with("organizer", organizer)
        .with("metadata", json!({"matchbook_decision": sent.decision()}))
}

async fn sent(request: reqwest::RequestBuilder) -> Sent {
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 303, "a booker is always sent on");
    assert_eq!(answer.headers()["Cache-Control"], "no-store");
    assert_eq!(answer.headers()["Referrer-Policy"], "same-origin");
    let location = answer.headers()["Location"].to_str().expect("a text");
    let mut url: Url = location.parse().expect("a URL");
    let pairs = url.query_pairs().into_owned().collect();
    url.set_query(None);
    Sent { page: url.into(), pairs }
}

#[rstest]
#[tokio::test]
async fn a_link_leads_to_the_owner_and_strangers_to_whose_turn_it_is_in_the_same_form(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let known = links.follow("?email=Jane%40ACME.example&name=Jane+Roe&utm_source=mail&utm_source=x").await;
    assert_eq!(known.page, PAGE);
    assert_eq!(
        known.pairs[..7],
        [
            ("email", "Jane@ACME.example"),
            ("name", "Jane Roe"),
            ("utm_source", "mail"),
            ("utm_source", "x"),
            ("cal.routedTeamMemberIds", "6"),
            ("cal.crmContactOwnerEmail", "ben@seller.example"),
            ("cal.crmContactOwnerRecordType", "Contact"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let stranger = links.follow("?email=joe%40other.example&name=Joe&utm_source=mail&utm_source=x").await;
    assert_eq!(stranger.names(), known.names(), "the form tells whether Salesforce knows who books");
    for name in ["cal.crmContactOwnerRecordType", "cal.crmAppSlug", "cal.crmLookupDone"] {
        assert_eq!(stranger.get(name), known.get(name), "{name}");
    }
    let ids = BTreeMap::from([("ann@seller.example", "5"), ("ben@seller.example", "6")]);
    assert_eq!(ids.get(stranger.host()), Some(&stranger.get("cal.routedTeamMemberIds")), "one host, twice named");

    let spoofed = links
        .follow("?cal.routedTeamMemberIds=5&email=jane%40acme.example&c%61l.crmContactOwnerEmail=ann%40seller.example&metadata[matchbook_decision]=rtd_1&cal.skipContactOwner=true")
        .await;
    assert_eq!(spoofed.host(), "ben@seller.example", "a link chose an owner");
    assert_eq!(spoofed.get("cal.routedTeamMemberIds"), "6");
    assert_eq!(spoofed.get("cal.skipContactOwner"), "");
    assert_ne!(spoofed.decision(), "rtd_1");

    let unrouted = links.follow("?name=Joe&cal.routedTeamMemberIds=5").await;
    assert_eq!((unrouted.page.as_str(), unrouted.names()), (PAGE, vec!["name"]));
    assert_eq!(links.follow("?email=nobody").await.names(), ["email"], "what is no email is sent on unrouted");
    assert_eq!(links.follow("").await.names(), [""; 0]);
    let head = format!("{}/r/discovery-call?email=jane%40acme.example", links.test.url);
    assert_eq!(sent(links.browser.head(head)).await.names(), ["email"], "nothing is decided for a HEAD");

    let trace = links.traced("jane@acme.example", &known).await;
    assert_eq!((text(&trace["entered"]), text(&trace["assignment"])), ("link", "ownership"), "{trace:#}");
    assert_eq!(trace["host"]["name"], "Ben Host");
}

#[rstest]
#[tokio::test]
async fn a_link_leads_nowhere_but_to_the_configured_page(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(links) = Links::spawn(engine).await else { return };
    for path in [
        "/r/unknown",
        "/r/in-person?email=jane%40acme.example",
        "/r/%2F%2Fevil.example",
        "/r//evil.example",
        "/r/https:%2F%2Fevil.example",
        "/r/discovery-call/evil",
        "/r/discovery-call%00",
        "/r/%FF",
        "/r/",
    ] {
        let answer = links.request(path).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.headers().get("Location")), (404, None), "{path}");
        let page = answer.text().await.expect("a text");
        assert!(page.contains("This page is not here"), "{path}: {page}");
    }
    for (url, told) in [
        ("javascript:alert(1)", "write scheme, host and path"),
        ("//evil.example/demo", "write scheme, host and path"),
        ("https://cal.example:hunter2@evil.example/demo", "write scheme, host and path"),
        ("https://cal.example/demo?cal.routedTeamMemberIds=5", "leave out what follows the path"),
    ] {
        let text = format!("event_types:\n  x: {{title: X, length_minutes: 30, hosts: [ann], cal_com_url: '{url}'}}\n");
        let refused = links.test.apply(&text).await.expect_err("it is no page").to_string();
        assert!(refused.contains(told) && !refused.contains("hunter2"), "{url}: {refused}");
    }
    let hostile =
        links.follow("?next=//evil.example&cal_com_url=https://evil.example&url=https:%2F%2Fevil.example%2F%23").await;
    assert_eq!((hostile.page.as_str(), hostile.names()), (PAGE, vec!["next", "cal_com_url", "url"]));
    let posted = links.browser.post(format!("{}/r/discovery-call", links.test.url)).send().await.expect("an answer");
    assert_eq!(posted.status(), 405);
}

#[rstest]
#[tokio::test]
async fn a_booking_is_joined_by_the_decisions_id_and_takes_a_turn_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let first = links.follow("?email=joe%40other.example").await;
    let again = links.follow("?email=joe%40other.example").await;
    assert_ne!(first.decision(), again.decision());
    let delivery = booked("Joe@Other.example", &first);
    let booking = links.deliver(&delivery).await;
    links.deliver(&delivery).await;
    let decision = links.decision(&booking).await;
    assert_eq!(decision["id"], first.decision(), "the one that the booking names, though another is later");
    assert_eq!(decision.get("other_organizer"), None, "{decision:#}");
    assert_eq!(decision["assignment"], "rotation");
    let host = first.host().split('@').next().expect("a name").to_owned();
    let other = if host == "ann" { "ben" } else { "ann" };
    let taken = |taken: &str| BTreeMap::from([(host.clone(), taken.to_owned()), (other.to_owned(), "0.00".to_owned())]);
    assert_eq!(links.turns().await, taken("1.00"));

    // It moves: no other decision is joined, though one is open.
    let moved =
        Delivery::rescheduled().by("joe-2", "Joe", "joe@other.example").with("rescheduleUid", "Joe@Other.example");
    let moved = moved.with("iCalUID", "Joe@Other.example@Cal.com").at("2026-05-04T10:00:01.000Z");
    links.test.pass(SignedDuration::from_mins(1));
    assert_eq!(links.deliver(&moved).await, booking);
    assert_eq!(links.decisions(&booking).await.len(), 1);
    assert_eq!(links.turns().await, taken("1.00"));
    let next = links.follow("?email=kim%40other.example").await;
    assert_eq!(next.host(), format!("{other}@seller.example"), "who had a turn waits");

    let mut cancelled =
        Delivery::cancelled().by("joe-2", "Joe", "joe@other.example").with("rescheduleUid", Value::Null);
    cancelled = cancelled.with("iCalUID", "Joe@Other.example@Cal.com").at("2026-05-04T10:00:02.000Z");
    assert_eq!(links.deliver(&cancelled).await, booking);
    assert_eq!(links.turns().await, taken("0.00"), "a cancel gives the turn back");
    assert_eq!(links.decisions(&booking).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn without_its_id_a_decision_is_joined_by_email_within_a_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let sent = links.follow("?email=joe%40other.example").await;
    let bare = |uid: &str, at: &str| {
        booked("joe@other.example", &sent).by(uid, "Joe", "joe@other.example").at(at).without(&["metadata"])
    };

    let before = links.deliver(&bare("before", "2026-05-04T09:00:00.000Z")).await;
    assert_eq!(links.decisions(&before).await, [Value::Null; 0], "it was booked an hour before the link was followed");
    let other = bare("other", "2026-05-04T10:00:00.000Z").with("type", "in-person");
    let other = links.deliver(&other).await;
    assert_eq!(links.decisions(&other).await, [Value::Null; 0], "another event type");
    links.test.pass(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    let late = links.deliver(&bare("late", "2026-05-05T10:00:01.000Z")).await;
    assert_eq!(links.decisions(&late).await, [Value::Null; 0], "a day is over");
    // Its webhook was late, not the booking.
    let joined = links.deliver(&bare("joined", "2026-05-05T09:59:59.000Z")).await;
    assert_eq!(links.decision(&joined).await["id"], sent.decision());
    let second = links.deliver(&bare("second", "2026-05-05T09:59:59.000Z")).await;
    assert_eq!(links.decisions(&second).await, [Value::Null; 0], "a decision is joined once");
    // By its id it is joined whenever it comes.
    let sent = links.follow("?email=joe%40other.example").await;
    links.test.pass(SignedDuration::from_hours(30));
    let named = links
        .deliver(
            &booked("joe@other.example", &sent).by("named", "Joe", "joe@other.example").at("2026-05-06T15:00:00.000Z"),
        )
        .await;
    assert_eq!(links.decision(&named).await["id"], sent.decision());
}

#[rstest]
#[tokio::test]
async fn another_organizer_is_flagged_and_nobody_joins_anothers_decision(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let jane = links.follow("?email=jane%40acme.example").await;
    let joe = links.follow("?email=joe%40other.example").await;
    let thief = links.deliver(&booked("eve@evil.example", &jane)).await;
    assert_eq!(links.decisions(&thief).await, [Value::Null; 0], "Eve's booking names the decision made for Jane");
    let elsewhere =
        booked("jane@acme.example", &jane).by("elsewhere", "Jane", "jane@acme.example").with("type", "in-person");
    let elsewhere = links.deliver(&elsewhere).await;
    assert_eq!(links.decisions(&elsewhere).await, [Value::Null; 0], "another event type");
    for id in ["rtd_1", "rtd_' OR 1=1 --", "bkg_00000000000000000000000000000000", ""] {
        let booking =
            booked(&format!("x{}@evil.example", id.len()), &joe).with("metadata", json!({"matchbook_decision": id}));
        assert_eq!(links.deliver(&booking).await.split('_').next(), Some("bkg"), "{id}");
    }
    for metadata in [json!(7), json!([]), json!({"matchbook_decision": {"a": 1}}), Value::Null] {
        let uid = format!("m{}@evil.example", metadata.to_string().len());
        links.deliver(&booked(&uid, &joe).with("metadata", metadata)).await;
    }
    // Whoever booked took another host than they were sent to.
    let other = if joe.host() == "ann@seller.example" { "ben@seller.example" } else { "ann@seller.example" };
    let organizer = json!({"id": 1, "name": "A Host", "email": other, "timeZone": "Europe/London"});
    let booking = links.deliver(&booked("joe@other.example", &joe).with("organizer", organizer)).await;
    let decision = links.decision(&booking).await;
    assert_eq!((&decision["id"], &decision["other_organizer"]), (&json!(joe.decision()), &json!(other)));
    assert!(links.turns().await.values().all(|taken| taken == "0.00"), "it was not the turn that was decided");
    let owned = links.book("jane@acme.example", &jane).await;
    assert_eq!(links.decision(&owned).await.get("other_organizer"), None);
    assert!(links.turns().await.values().all(|taken| taken == "0.00"), "owners' meetings are no turns");
}

#[rstest]
#[tokio::test]
async fn a_booking_whose_webhook_was_lost_is_joined_when_it_is_polled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let calcom = CalcomApi::start(links.test.app.clock.now()).await;
    let source = format!(
        "sources:\n  calcom: {{kind: cal.com, name: Cal.com, secret: {{secret: WEBHOOK}}, api_key: {{secret: CALCOM_KEY}}, api_url: '{}'}}\n",
        calcom.url
    );
    links.test.apply(&source).await.expect("applied");
    let sent = links.follow("?email=joe%40other.example").await;
    let later = links.follow("?email=joe%40other.example").await;
    let mut held = shown(&booked("joe@other.example", &sent));
    held["metadata"] = json!({"matchbook_decision": sent.decision()});
    calcom.hold(held);
    links.test.pass(SignedDuration::from_mins(15));
    let poller = Poller::new(Arc::clone(&links.test.app), Reach::Everywhere);
    assert_eq!(poller.step().await.expect("the database can be used"), Polled::Asked);
    let booking = links.test.only_booking().await;
    assert_eq!(links.decision(text(&booking["id"])).await["id"], sent.decision(), "not {}", later.decision());
}

#[rstest]
#[case::made_after_the_link_was_followed("2026-05-04T10:00:00.000Z", true)]
#[case::made_before("2026-05-04T08:50:00.000Z", false)]
#[tokio::test]
async fn a_polled_booking_is_joined_by_when_it_was_made_not_by_when_it_was_changed_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] made: &str,
    #[case] joined: bool,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let calcom = CalcomApi::start(links.test.app.clock.now()).await;
    let source = format!(
        "sources:\n  calcom: {{kind: cal.com, name: Cal.com, secret: {{secret: WEBHOOK}}, api_key: {{secret: CALCOM_KEY}}, api_url: '{}'}}\n",
        calcom.url
    );
    links.test.apply(&source).await.expect("applied");
    let sent = links.follow("?email=joe%40other.example").await;
    // Somebody changed it three days later, and no webhook came.
    let mut held = shown(&booked("joe@other.example", &sent).at("2026-05-07T10:00:00.000Z"));
    held["createdAt"] = made.into();
    calcom.hold(held);
    links.test.pass(SignedDuration::from_hours(73));
    let poller = Poller::new(Arc::clone(&links.test.app), Reach::Everywhere);
    assert_eq!(poller.step().await.expect("the database can be used"), Polled::Asked);
    let booking = links.test.only_booking().await;
    assert_eq!(links.decisions(text(&booking["id"])).await.len(), usize::from(joined));
}

#[rstest]
#[tokio::test]
async fn a_booking_that_goes_to_another_organizer_at_calcom_is_nobodys_turn_any_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let sent = links.follow("?email=joe%40other.example").await;
    let booking = links.book("joe@other.example", &sent).await;
    let host = sent.host().split('@').next().expect("a name").to_owned();
    assert_eq!(links.turns().await[&host], "1.00");
    let other = if host == "ann" { "ben@seller.example" } else { "ann@seller.example" };
    let organizer = json!({"id": 1, "name": "A Host", "email": other, "timeZone": "Europe/London"});
    let moved =
        Delivery::rescheduled().by("joe-2", "Joe", "joe@other.example").with("rescheduleUid", "joe@other.example");
    let moved =
        moved.with("iCalUID", "joe@other.example@Cal.com").at("2026-05-04T10:00:01.000Z").with("organizer", organizer);
    assert_eq!(links.deliver(&moved).await, booking);
    assert!(links.turns().await.values().all(|taken| taken == "0.00"), "{:?}", links.turns().await);
}

#[rstest]
#[tokio::test]
async fn who_is_at_another_meeting_when_a_booking_by_a_link_is_gets_no_part_of_its_turn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let sent = links.follow("?email=joe%40other.example").await;
    let busy = if sent.host() == "ann@seller.example" { "ben" } else { "ann" };
    let organizer =
        json!({"id": 1, "name": "Busy", "email": format!("{busy}@seller.example"), "timeZone": "Europe/London"});
    // At the same time, of no decision.
    links.deliver(&Delivery::created().by("busy", "Kim", "kim@busy.example").with("organizer", organizer)).await;
    links.book("joe@other.example", &sent).await;
    let ledger = links.test.get("/api/v1/event-types/discovery-call/rotation").await.body;
    let line = ledger["hosts"].as_array().expect("lines").iter().find(|line| line["host"] == busy).expect("a line");
    assert_eq!(line["entitled"], "0.00", "they could not have taken it: {ledger:#}");
}

#[rstest]
#[case::not_at_work("saturday", "0.00")]
#[case::at_work("wednesday", "0.50")]
#[tokio::test]
async fn who_does_not_work_when_a_booking_by_a_link_is_gets_no_part_of_its_turn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] day: &str,
    #[case] entitled: &str,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let sent = links.follow("?email=joe%40other.example").await;
    let off = if sent.host() == "ann@seller.example" { "ben" } else { "ann" };
    let hours = format!(
        "hosts:\n  {off}: {{name: Off, email: {off}@seller.example, time_zone: Europe/London, weekly_hours: [{{days: [{day}], from: '08:00', to: '18:00'}}]}}\n"
    );
    links.test.apply(&hours).await.expect("applied");
    links.book("joe@other.example", &sent).await;
    let ledger = links.test.get("/api/v1/event-types/discovery-call/rotation").await.body;
    let line = ledger["hosts"].as_array().expect("lines").iter().find(|line| line["host"] == off).expect("a line");
    assert_eq!(line["entitled"], entitled, "the meeting is on a Wednesday: {ledger:#}");
}

#[rstest]
#[tokio::test]
async fn from_where_somebody_followed_a_link_is_known_of_their_booking(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let test = TestApp::spawn_with(engine, |config| config.geo_headers = Some(domain::geo::GeoHeaders::Cloudflare));
    let Some(test) = test.await else { return };
    let Some(links) = Links::prepare(test).await else { return };
    let request = links.request("/r/discovery-call?email=joe%40other.example").header("CF-IPCountry", "DE");
    let sent = sent(request).await;
    let booking = links.book("joe@other.example", &sent).await;
    let country = async || {
        let row = links.test.app.store.booking(&booking).await.expect("the database").expect("the booking");
        row.booking.place.country.map(|country| country.code().to_owned())
    };
    assert_eq!(country().await.as_deref(), Some("DE"));
    // What Cal.com says next does not know it, and takes it not away.
    let moved =
        Delivery::rescheduled().by("joe-2", "Joe", "joe@other.example").with("rescheduleUid", "joe@other.example");
    let moved =
        moved.with("iCalUID", "joe@other.example@Cal.com").at("2026-05-04T10:00:01.000Z").with("title", "Changed");
    links.deliver(&moved).await;
    let shown = links.test.get(&format!("/api/v1/bookings/{booking}")).await.body;
    assert_eq!((text(&shown["title"]), country().await.as_deref()), ("Changed", Some("DE")), "{shown:#}");
}

#[rstest]
#[tokio::test]
async fn whoever_follows_links_far_more_often_than_bookers_do_is_sent_on_and_nothing_more_is_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    for n in 0..100 {
        let sent = links.follow_from("192.0.2.7", &format!("?email=p{n}%40other.example")).await;
        assert!(!sent.decision().is_empty(), "{n}");
    }
    let unrouted = links.follow_from("192.0.2.7", "?email=q%40other.example").await;
    assert_eq!((unrouted.page.as_str(), unrouted.names()), (PAGE, vec!["email"]));
    assert_eq!(links.test.number("SELECT count(*) FROM routing_decision").await, 100);
    assert!(!links.follow_from("198.51.100.7", "?email=q%40other.example").await.decision().is_empty(), "others are");
}

#[rstest]
#[tokio::test]
async fn while_salesforce_is_away_bookers_are_sent_on_by_turns_and_the_trace_says_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let away = json!({"match": {}, "effect": {"drop": "before"}, "times": 1_000_000});
    links.test.org.control("POST", "faults", away).await;
    let jane = links.follow("?email=jane%40acme.example").await;
    assert!(!jane.host().is_empty(), "{jane:?}");
    let joe = links.follow("?email=joe%40other.example").await;
    assert_eq!(joe.names(), jane.names());
    let trace = links.traced("jane@acme.example", &jane).await;
    assert_eq!(trace["assignment"], "rotation");
    assert!(text(&trace["fallback"]).contains("Salesforce could not be asked"), "{trace:#}");
    let trace = links.traced("joe@other.example", &joe).await;
    assert!(text(&trace["fallback"]).contains("rests"), "the connection is left alone meanwhile: {trace:#}");
    links.test.org.control("DELETE", "faults", json!(null)).await;
    links.test.pass(SignedDuration::from_hours(1));
    let jane = links.follow("?email=jane%40acme.example").await;
    assert_eq!(jane.host(), "ben@seller.example");
}

#[rstest]
#[tokio::test]
async fn too_many_look_ups_from_one_network_go_by_turns(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(links) = Links::spawn(engine).await else { return };
    for n in 0..20 {
        links.follow_from(&format!("2001:db8::{n:x}"), &format!("?email=p{n}%40other.example")).await;
    }
    links.test.org.take_calls().await;
    let jane = links.follow_from("2001:db8::ffff", "?email=jane%40acme.example").await;
    assert_eq!(links.test.org.take_calls().await, 0, "Salesforce was asked for the 21st of a minute");
    let elsewhere = links.follow_from("2001:db8:0:1::1", "?email=jane%40acme.example").await;
    assert_eq!(elsewhere.host(), "ben@seller.example", "another network is not slowed down");
    assert_eq!(jane.names(), elsewhere.names());
    let trace = links.traced("jane@acme.example", &jane).await;
    assert_eq!(trace["fallback"], "too many look-ups came from this address");
    links.test.pass(SignedDuration::from_secs(3));
    let jane = links.follow_from("2001:db8::1", "?email=jane%40acme.example").await;
    assert_eq!(jane.host(), "ben@seller.example", "there is one more three seconds later");
}

#[rstest]
#[tokio::test]
async fn a_flood_of_strangers_spends_its_share_of_the_day_and_leaves_the_rest_to_syncs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let links = Arc::new(links);
    links.test.org.control("PATCH", "settings", json!({"daily_api_limit": 100})).await;
    links.test.org.take_calls().await;
    let mut floods = JoinSet::new();
    for client in 0..20 {
        let links = Arc::clone(&links);
        floods.spawn(async move {
            for n in 0..4 {
                let query = format!("?email=p{client}x{n}%40other.example");
                assert_ne!(links.follow_from(&format!("198.51.100.{client}"), &query).await.host(), "");
            }
        });
    }
    floods.join_all().await;
    let calls = links.test.org.take_calls().await;
    assert!((5..=10).contains(&calls), "of 100 calls a day strangers' look-ups may make 10, and made {calls}");
    let jane = links.follow("?email=jane%40acme.example").await;
    let trace = links.traced("jane@acme.example", &jane).await;
    assert!(text(&trace["fallback"]).contains("their share is 10"), "{trace:#}");
    links.test.org.take_calls().await;
    links.test.sync().await;
    assert!(links.test.org.take_calls().await > 0);
    links.test.org.only("Event").await;
    links.test.assert_all_synced().await;

    let setting = format!(
        "connections:\n  main: {{name: Main org, login_host: '{}', grant: client_credentials, client_id: matchbook-demo, client_secret: {{secret: CLIENT}}, lookup_share_percent: 50}}\n",
        links.test.org.url
    );
    links.test.apply(&setting).await.expect("applied");
    assert_eq!(
        links.follow("?email=jane%40acme.example").await.host(),
        "ben@seller.example",
        "a share of 50 % has room"
    );
    links.test.apply(&setting.replace("percent: 50", "percent: 50, sync_reserve_percent: 100")).await.expect("applied");
    let reserved = links.follow("?email=new%40acme.example").await;
    let trace = links.traced("new@acme.example", &reserved).await;
    assert!(text(&trace["fallback"]).contains("100 are kept for syncs"), "{trace:#}");
}

#[rstest]
#[tokio::test]
async fn a_look_up_is_reused_for_ten_minutes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(links) = Links::spawn(engine).await else { return };
    links.follow("?email=warm%40other.example").await;
    links.test.org.take_calls().await;
    for (wait, calls) in [(0, 1), (0, 0), (9, 0), (1, 1)] {
        links.test.pass(SignedDuration::from_mins(wait));
        assert_eq!(links.follow("?email=jane%40acme.example").await.host(), "ben@seller.example");
        assert_eq!(links.test.org.take_calls().await, calls, "after {wait} more minutes");
    }
}

#[rstest]
#[tokio::test]
async fn a_decision_that_nobody_books_by_is_not_kept_for_ever(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(links) = Links::spawn(engine).await else { return };
    let old = links.follow("?email=jane@acme.example").await;
    links.test.pass(SignedDuration::from_hours(31 * 24));
    let new = links.follow("?email=joe@acme.example").await;
    assert_eq!(links.decisions(&links.book("jane@acme.example", &old).await).await, Vec::<Value>::new());
    assert_eq!(links.decisions(&links.book("joe@acme.example", &new).await).await.len(), 1);
}
