//! Why a meeting went to whom, as a browser without scripts sees it.

use reqwest::header::LOCATION;
use rstest::rstest;
use serde_json::{Value, json};

use crate::browser::{Browser, Seen};
use crate::routing::Routed;
use crate::support::{Delivery, Engine, TestApp};

const ADMIN: &str = "admin@seller.example";
const BY_ACCOUNT: &str = "attendee_record_type: contact_under_account, book_directly: {enabled: true}";
const BY_TURNS: &str = "attendee_record_type: contact";
const HOSTILE: &str = "<script>alert(1)</script>";

/// Three Accounts of one website: Cleo's in Britain, Ben's in the United States, and one of nobody who takes meetings.
fn tied() -> Value {
    let account =
        |name: &str, more: Value| json!({"Name": name, "Website": "acme.example", "BillingCountry": more["country"]});
    let mut accounts = vec![
        account("Acme EMEA", json!({"country": "United Kingdom"})),
        account("Acme US", json!({"country": "United States"})),
        account(HOSTILE, json!({"country": "United Kingdom"})),
    ];
    for (account, owner) in accounts.iter_mut().zip(["@cleo", "@ben"]) {
        account["OwnerId"] = owner.into();
    }
    json!({"Account": accounts})
}

/// Books for Jane in Britain; gives the path of the booking's page.
async fn book(routed: &Routed) -> String {
    book_for(routed, "jane@acme.example", json!({"place": {"country": "GB", "city": "Leeds"}})).await
}

async fn book_for(routed: &Routed, email: &str, more: Value) -> String {
    let answer = routed.book(email, more).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    format!("/bookings/{}", answer.body["id"].as_str().expect("an id"))
}

/// The part of a page from one text to another, without tags.
fn part(page: &Seen, from: &str, to: &str) -> String {
    let rest = &page.text[page.text.find(from).unwrap_or_else(|| panic!("{from:?} is missing: {}", page.text))..];
    let html = &rest[..rest.find(to).unwrap_or(rest.len())];
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The booking's version that the page's form sends.
fn version(page: &Seen) -> String {
    let rest = page.text.split("name=\"version\" value=\"").nth(1).expect("the page has the form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[rstest]
#[tokio::test]
async fn one_reads_why_a_meeting_went_to_its_host(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, tied()).await else { return };
    let path = book(&routed).await;
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    let list = browser.get("/bookings").await;
    let menu = part(&list, "<details class=\"menu\"", "</details>");
    assert!(menu.ends_with("Open Routing trace Sync again"), "{menu}");
    list.says("Actions for Discovery Call");

    const SENTENCE: &str = "Booked with Cleo Host, who owns Acme EMEA, chosen over 2 others by country match.";
    let booking = browser.get(&path).await;
    booking.says(SENTENCE);
    booking.says(&format!("<a class=\"badge busy\" href=\"{path}/routing\">"));

    let page = browser.get(&format!("{path}/routing")).await;
    page.says(SENTENCE);
    let input = part(&page, "What it went by", "</section>");
    for words in ["By the API", "jane@ acme.example", "Leeds, United Kingdom", "Version"] {
        assert!(input.contains(words), "{words} is missing: {input}");
    }
    let owner = part(&page, "The owner of the attendee", "</section>");
    assert!(owner.contains("Yes The owner is a host Cleo Host is"), "{owner}");
    let steps = part(&page, "How the account was found", "</ol>");
    for words in [
        "Found none Existing contact",
        "Found several Exact match 3 accounts.",
        "Removed some Host filter 2 of 3 are left.",
        "Decided P1 Country match Acme EMEA is left of 2.",
    ] {
        assert!(steps.contains(words), "{words} is missing: {steps}");
    }
    let rows: Vec<&str> = page.text.split("<tr").skip(1).collect();
    let row = |name: &str| *rows.iter().find(|row| row.contains(name)).expect("a row");
    assert!(row("Acme EMEA").contains("Chosen") && !row("Acme EMEA").contains("<s>"), "{}", row("Acme EMEA"));
    for (name, value, why) in [
        ("Acme US", "United States", "Removed: others fit better"),
        ("&lt;script&gt;", "The owner is not a host", "Removed: only a host can take the meeting"),
    ] {
        let row = row(&format!("<s>{name}"));
        assert!(row.contains(&format!("<s>{value}</s>")) && row.contains(why), "{row}");
    }
    assert!(row("&lt;script&gt;").contains("not looked at, as it was removed before"));
    page.lacks(HOSTILE);
    page.says("<caption class=\"sr\">Candidates by rules</caption>");
    page.says("data-label=\"P1 Country match\"");
    let hosts = part(&page, "<h2 id=\"turns", "</section>");
    assert!(hosts.contains("turns decided nothing") && hosts.contains("Available"), "{hosts}");
}

#[rstest]
#[tokio::test]
async fn one_asks_why_not_somebody_else(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, tied()).await else { return };
    let path = book(&routed).await;
    let mut browser = Browser::signed_in(&routed.test, "eve@seller.example", "viewer").await;
    for (asked, answer) in [
        ("acme+us", "Acme US was removed at P1 Country match: it has United States, what was kept has United Kingdom."),
        ("Ben+Host", "Ben Host is available, but does not own the record that decides."),
        ("Globex", "No host of this event type is called &quot;Globex&quot;, and no"),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "&lt;script&gt;alert(1)&lt;/script&gt; was removed at Host filter"),
    ] {
        let page = browser.get(&format!("{path}/routing?why_not={asked}")).await;
        page.says(answer);
        page.lacks(HOSTILE);
    }
}

#[rstest]
#[tokio::test]
async fn where_somebody_named_the_host_the_page_says_that_nobody_else_was_weighed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, tied()).await else { return };
    let path = book_for(&routed, "jane@acme.example", json!({"host": "ann"})).await;
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    let page = browser.get(&format!("{path}/routing?why_not=Ben+Host")).await;
    let why_not = part(&page, "Why not somebody else?", "</section>");
    assert_eq!(why_not, "Why not somebody else? Nobody else was weighed, since the request named Ann Host.");
}

#[rstest]
#[tokio::test]
async fn where_its_source_chose_the_host_the_page_says_so(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let path = format!("/bookings/{}", test.only_booking().await["id"].as_str().expect("an id"));
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    for page in [path.clone(), format!("{path}/routing")] {
        let page = browser.get(&page).await;
        page.says("How this host was chosen");
        page.says("The host was chosen by Cal.com.");
        page.lacks("Routing trace");
    }
    let list = browser.get("/bookings").await;
    list.says("How this host was chosen");
    browser.get(&path).await.lacks("Reassign");
    let refused = browser.submit(&format!("{path}/reassignment"), &[("host", "ann"), ("version", "1")]).await;
    assert_eq!(refused.status, 409);
    refused.says("It came from Cal.com, which has the last word on it.");
}

/// Follows the link of an event type, and lets Cal.com tell that Jane booked with an organizer; gives the path of the booking's
/// page, and whom the link decided for.
async fn booked_by_link(routed: &Routed, organizer: &str) -> (String, String) {
    let followed = Browser::new(&routed.test).get("/r/discovery-call?email=jane%40acme.example").await;
    assert_eq!(followed.status / 100, 3, "{}", followed.text);
    let booked = Delivery::created().by("uid-1", "Jane Roe", "jane@acme.example").at("2026-05-04T10:01:00.000Z");
    routed.test.deliver(&booked.with("organizer", calcom_host(organizer)).json()).await;
    let booking = routed.test.only_booking().await;
    let decided = routed.decision(&booking).await["host"]["name"].as_str().expect("a name").to_owned();
    (format!("/bookings/{}", booking["id"].as_str().expect("an id")), decided)
}

/// The booking is moved at Cal.com to another host.
async fn moved(routed: &Routed, organizer: &str) {
    let moved = Delivery::rescheduled().at("2026-05-04T10:10:00.000Z").with("organizer", calcom_host(organizer));
    routed.test.deliver(&moved.json()).await;
}

fn calcom_host(name: &str) -> Value {
    let email = format!("{}@seller.example", name.to_lowercase());
    json!({"id": 5, "name": format!("{name} Host"), "email": email, "timeZone": "Europe/London"})
}

/// That the booking's page and the trace say this of another organizer.
async fn both_say(browser: &mut Browser, path: &str, note: &str) {
    for page in [path.to_owned(), format!("{path}/routing")] {
        let page = browser.get(&page).await;
        page.says(note);
        page.says("Routing trace");
    }
}

#[rstest]
#[tokio::test]
async fn another_organizer_than_the_link_decided_is_told(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let more = "cal_com_url: https://cal.example/demo";
    let Some(routed) = Routed::spawn(engine, more, BY_ACCOUNT, tied()).await else { return };
    let (path, decided) = booked_by_link(&routed, "Ann").await;
    assert_eq!(decided, "Cleo Host");
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    both_say(&mut browser, &path, "Another organizer: Ann Host has this meeting, though Cleo Host was decided.").await;
    browser.get(&format!("{path}/routing")).await.says("By the routing link");

    moved(&routed, "Cleo").await;
    let note =
        "It was booked with another organizer, ann@seller.example, though Cleo Host was decided. Cleo Host has it now.";
    both_say(&mut browser, &path, note).await;
}

#[rstest]
#[tokio::test]
async fn menu_and_badge_lead_to_a_routing_trace_where_a_booking_was_routed_and_nowhere_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let more = "cal_com_url: https://cal.example/demo";
    let Some(routed) = Routed::spawn(engine, more, BY_ACCOUNT, tied()).await else { return };
    let others = "event_types:
  by-turns: {title: Turns, length_minutes: 30, hosts: [ann, ben], scheduling: round_robin, salesforce: {connection: main}}
";
    routed.test.apply(others).await.expect("the configuration is sound");
    let by_owner = book(&routed).await;
    let later = json!({"start": "2026-05-06T12:00:00Z"});
    let no_account = book_for(&routed, "joe@nowhere.example", later.clone()).await;
    let mut turns = later;
    turns["event_type"] = json!("by-turns");
    let by_turns = book_for(&routed, "joe@acme.example", turns).await;
    let named = json!({"start": "2026-05-06T14:00:00Z", "host": "ann"});
    let named = book_for(&routed, "ida@acme.example", named).await;
    Browser::new(&routed.test).get("/r/discovery-call?email=kim%40acme.example").await;
    let delivered = async |email: &str| {
        let delivery = Delivery::created().by(email, "Kim Roe", email).at("2026-05-04T10:01:00.000Z");
        let answer = routed.test.deliver(&delivery.json()).await;
        format!("/bookings/{}", answer.body["booking"].as_str().expect("a booking"))
    };
    let by_link = delivered("kim@acme.example").await;
    let by_source = delivered("lou@acme.example").await;

    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    let list = browser.get("/bookings").await;
    for (path, has_trace, how) in [
        (by_owner, true, "by the owner of the Account"),
        (no_account, true, "by turns, after Salesforce knew no Account"),
        (by_link, true, "by a link"),
        (by_turns, false, "by turns alone"),
        (named, false, "by whoever booked"),
        (by_source, false, "by Cal.com"),
    ] {
        let id = path.rsplit('/').next().unwrap_or_default();
        let menu = part(&list, &format!("<details class=\"menu\" id=\"actions-{id}\""), "</details>");
        assert_eq!(menu.contains("Routing trace"), has_trace, "the menu of a booking routed {how}: {menu}");
        assert_eq!(menu.contains("How this host was chosen"), !has_trace, "{how}: {menu}");
        let badge = format!("<a class=\"badge busy\" href=\"{path}/routing\">");
        let page = browser.get(&path).await;
        assert_eq!(page.text.contains(&badge), has_trace, "the page of a booking routed {how}");
        assert_eq!(browser.get(&format!("{path}/routing")).await.status, 200, "{how}");
    }
}

#[rstest]
#[tokio::test]
async fn a_booking_that_was_moved_from_the_decided_host_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let more = "cal_com_url: https://cal.example/demo";
    let Some(routed) = Routed::spawn(engine, more, BY_ACCOUNT, tied()).await else { return };
    let (path, decided) = booked_by_link(&routed, "Cleo").await;
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    assert_eq!(decided, "Cleo Host");
    for page in [path.clone(), format!("{path}/routing")] {
        browser.get(&page).await.lacks("nother organizer");
    }
    moved(&routed, "Ann").await;
    let note = "Another organizer: Ann Host has this meeting. It has been moved from Cleo Host since.";
    both_say(&mut browser, &path, note).await;
}

#[rstest]
#[tokio::test]
async fn a_booking_goes_to_another_host_and_what_was_decided_before_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, tied()).await else { return };
    let path = book(&routed).await;
    let (routing, to) = (format!("{path}/routing"), format!("{path}/reassignment"));
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    let before = browser.get(&path).await;
    let seen = version(&before);
    assert!(part(&before, "<select", "</select>").ends_with("Ann Host Ben Host"), "Cleo has it already");
    let gave = browser.submit(&to, &[("host", "ben"), ("version", &seen)]).await;
    assert_eq!((gave.status, gave.header(LOCATION)), (303, format!("{path}#host-choice").as_str()));
    let after = browser.get(&path).await;
    after.says("Given to Ben Host by hand.");
    after.says("Routing trace");
    let page = browser.get(&routing).await;
    assert!(part(&page, "What it went by", "</section>").contains("Given to a host by hand"));
    let earlier = part(&page, "Earlier decisions", "</main>");
    let landmarks = page.text.matches("<section class=\"card\"").count();
    assert_eq!(landmarks, 2, "parts of earlier decisions have the same names, and are no landmarks");
    assert!(earlier.contains("chosen over 2 others by country match"), "{earlier}");

    let why = browser.get(&format!("{routing}?why_not=acme+us")).await;
    why.says("Nobody else was weighed, since an admin named Ben Host.");
    why.says("before the host was named");
    why.says("Acme US was removed at P1 Country match");

    let late = browser.submit(&to, &[("host", "ann"), ("version", &seen)]).await;
    assert_eq!(late.status, 409);
    late.says("The booking has changed since the page was opened.");
    let unknown = browser.submit(&to, &[("host", "nobody"), ("version", "2")]).await;
    assert_eq!(unknown.status, 400);
    unknown.says("Go back to the booking and choose one of its event type's hosts");

    let again = browser.submit(&to, &[("version", &version(&after))]).await;
    assert_eq!(again.status, 303);
    browser.get(&path).await.says("Booked with Cleo Host, who owns Acme EMEA");
    assert!(part(&browser.get(&routing).await, "What it went by", "</section>").contains("Routed again"));
    assert_eq!(routed.test.only_booking().await["organizer"]["email"], "cleo@seller.example");
}

#[rstest]
#[tokio::test]
async fn only_who_may_give_a_booking_away_is_offered_to(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(routed) = Routed::spawn(engine, "", BY_ACCOUNT, tied()).await else { return };
    let path = book(&routed).await;
    let to = format!("{path}/reassignment");
    for (email, role, advice) in [
        ("cleo@seller.example", "member", "A member cannot give bookings to others."),
        ("eve@seller.example", "viewer", "Your role reads bookings."),
    ] {
        let mut browser = Browser::signed_in(&routed.test, email, role).await;
        browser.get(&path).await.lacks("Reassign");
        for host in ["ben", ""] {
            let refused = browser.submit(&to, &[("host", host), ("version", "1")]).await;
            assert_eq!(refused.status, 403, "{role} {host}");
            refused.says(advice);
        }
    }
    let mut ben = Browser::signed_in(&routed.test, "ben@seller.example", "member").await;
    assert_eq!(ben.get(&format!("{path}/routing")).await.status, 404, "another's booking is not there");
    assert_eq!(ben.submit(&to, &[("host", "ben"), ("version", "1")]).await.status, 404);
    assert_eq!(routed.test.only_booking().await["organizer"]["email"], "cleo@seller.example");
}

#[rstest]
#[tokio::test]
async fn what_was_called_off_keeps_its_host(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(routed) = Routed::spawn(engine, "", BY_TURNS, json!({})).await else { return };
    let path = book(&routed).await;
    let off = routed.test.post(&format!("/api/v1{path}/cancellation"), "{}").await;
    assert_eq!(off.status, 200, "{}", off.text);
    let mut browser = Browser::signed_in(&routed.test, ADMIN, "admin").await;
    browser.get(&path).await.lacks("Reassign");
    let refused = browser.submit(&format!("{path}/reassignment"), &[("host", ""), ("version", "2")]).await;
    assert_eq!(refused.status, 409);
    refused.says("It was cancelled or declined. Nothing was changed.");
}

#[rstest]
#[tokio::test]
async fn one_reads_whose_turn_it_was_and_how_balances_came_about(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", BY_TURNS, json!({})).await else { return };
    let mut browser = Browser::signed_in(&routed.test, "eve@seller.example", "viewer").await;
    browser.get("/event-types/discovery-call/rotation").await.says("No turn was taken yet");
    let path = book(&routed).await;
    let page = browser.get(&format!("{path}/routing")).await;
    page.says("How this host was chosen");
    page.lacks("Routing trace");
    let turns = part(&page, "Whose turn it was", "</section>");
    assert!(turns.contains("Next in turn: ") && turns.contains("Chosen Available 0.00"), "{turns}");
    let owner = part(&page, "The owner of the attendee", "</section>");
    assert!(owner.contains("the event type does not book directly with owners"), "{owner}");
    page.says("href=\"/event-types/discovery-call/rotation\"");

    let ledger = browser.get("/event-types/discovery-call/rotation").await;
    let balances = part(&ledger, "<tbody", "</tbody>");
    assert_eq!(balances.matches("Host 0.33 0.00 0.00 0.33").count(), 2, "{balances}");
    assert_eq!(balances.matches("Host 0.33 1.00 0.00 -0.67").count(), 1, "{balances}");
    ledger.says(&format!("href=\"{path}\""));
    assert_eq!(browser.get("/event-types/nowhere/rotation").await.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_member_reads_the_turns_by_page_and_api_alike_and_is_led_to_no_booking_of_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = Routed::spawn(engine, "", BY_TURNS, json!({})).await else { return };
    let path = book_for(&routed, "jane@acme.example", json!({})).await;
    let mut ann = Browser::signed_in(&routed.test, "ann@seller.example", "member").await;
    ann.get(&format!("{path}/routing")).await.says("href=\"/event-types/discovery-call/rotation\"");
    let page = ann.get("/event-types/discovery-call/rotation").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let balances = part(&page, "<tbody", "</tbody>");
    assert!(balances.contains("Ann Host 0.33 1.00 0.00 -0.67"), "{balances}");
    page.says(&format!("Took booking {}.", path.trim_start_matches("/bookings/")));
    page.lacks(&format!("href=\"{path}\""));

    let key = crate::support::add_user(&routed.test.app, "ben@seller.example", "member").await;
    let ledger = format!("{}/api/v1/event-types/discovery-call/rotation", routed.test.url);
    let read = reqwest::Client::new().get(ledger).bearer_auth(key).send().await.expect("an answer");
    assert_eq!(read.status(), 200, "the API shows the same to members");
}
