//! The pages as a browser without scripts sees them.

use jiff::SignedDuration;
use reqwest::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use rstest::rstest;
use serde_json::json;

use crate::browser::{Browser, PASSWORD};
use crate::support::{Delivery, Engine, TestApp, add_user};

const ADMIN: &str = "admin@seller.example";

async fn booking_path(test: &TestApp) -> String {
    format!("/bookings/{}", test.only_booking().await["id"].as_str().expect("an id"))
}

#[rstest]
#[tokio::test]
async fn a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_user(&test.app, ADMIN, "admin").await;
    let mut browser = Browser::new(&test);
    assert_eq!(browser.get("/").await.header(LOCATION), "/bookings");
    let asked = browser.get("/bookings?scope=past").await;
    assert_eq!((asked.status, asked.header(LOCATION)), (303, "/sign-in?next=%2Fbookings%3Fscope%3Dpast"));
    browser.get("/sign-in?next=%2Fbookings%3Fscope%3Dpast").await.says("value=\"/bookings?scope=past\"");

    let signed_in = browser.sign_in(ADMIN, PASSWORD).await;
    assert_eq!((signed_in.status, signed_in.header(LOCATION)), (303, "/bookings?scope=past"));
    let cookie = signed_in.header(SET_COOKIE);
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
        assert!(cookie.contains(part), "the session's cookie lacks {part}: {cookie}");
    }
    browser.get("/bookings?scope=past").await.says("No booking has started yet.");
}

#[rstest]
#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_are_told_apart_by_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_user(&test.app, ADMIN, "admin").await;
    let mut browser = Browser::new(&test);
    let wrong = browser.sign_in(ADMIN, "not the password").await;
    let unknown = browser.sign_in("nobody@seller.example", "not the password").await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.text.replace(ADMIN, ""), unknown.text.replace("nobody@seller.example", ""));
    wrong.says("The email and the password don't belong together.");
    browser.sign_in("", "").await.says("Enter your email.");
}

#[rstest]
#[tokio::test]
async fn guessing_passwords_is_slowed_down(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_user(&test.app, ADMIN, "admin").await;
    let mut browser = Browser::new(&test);
    for _ in 0..10 {
        assert_eq!(browser.sign_in(ADMIN, "a guess").await.status, 401);
    }
    let limited = browser.sign_in(ADMIN, PASSWORD).await;
    assert_eq!(limited.status, 429, "the right password is not tried either");
    limited.says("That was one try too many.");
    assert!(limited.header(RETRY_AFTER).parse::<u64>().is_ok_and(|seconds| seconds <= 61));
    test.pass(SignedDuration::from_secs(61));
    assert_eq!(browser.sign_in(ADMIN, PASSWORD).await.status, 303, "later one gets in");
}

#[rstest]
#[tokio::test]
async fn nobody_is_locked_out_by_a_strangers_guesses_or_by_signing_in_often(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    add_user(&test.app, ADMIN, "admin").await;
    let mut stranger = Browser { address: Some("198.51.100.7"), ..Browser::new(&test) };
    for _ in 0..10 {
        assert_eq!(stranger.sign_in(ADMIN, "a guess").await.status, 401);
    }
    assert_eq!(stranger.sign_in(ADMIN, PASSWORD).await.status, 429);
    let mut admin = Browser { address: Some("198.51.100.7, 203.0.113.9"), ..Browser::new(&test) };
    for _ in 0..12 {
        assert_eq!(admin.sign_in(ADMIN, PASSWORD).await.status, 303, "only failures count");
    }
}

#[rstest]
#[tokio::test]
async fn signing_out_and_two_weeks_end_a_session(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let kept = browser.cookie.clone();
    assert_eq!(browser.submit("/sign-out", &[]).await.header(LOCATION), "/sign-in");
    assert_eq!(browser.cookie, None, "the browser forgets the session");
    browser.cookie = kept;
    assert_eq!(browser.get("/bookings").await.status, 303, "a copy of the cookie is of no use after signing out");

    assert_eq!(browser.sign_in(ADMIN, PASSWORD).await.status, 303);
    test.pass(SignedDuration::from_hours(14 * 24 - 1));
    assert_eq!(browser.get("/bookings").await.status, 200);
    test.pass(SignedDuration::from_hours(1));
    assert_eq!(browser.get("/bookings").await.status, 303);
}

#[rstest]
#[tokio::test]
async fn another_sites_form_changes_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let path = booking_path(&test).await;
    let request = browser.http.post(format!("{}{path}/sync", test.url)).header("Origin", "https://evil.example");
    let refused = browser.send(request).await;
    assert_eq!(refused.status, 403);
    refused.says("This came from another site");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn one_sees_a_booking_reach_salesforce(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    browser.get("/bookings").await.says("No bookings yet");
    test.deliver(&Delivery::created().json()).await;
    let list = browser.get("/bookings?scope=upcoming").await;
    for words in
        ["Discovery Call between Ann Host and Jane Roe", "Wed 6 May 2026, 09:30", "10:00 UTC", "Accepted", "Syncing…"]
    {
        list.says(words);
    }
    let path = booking_path(&test).await;
    let before = browser.get(&path).await;
    before.says("The first run has not started yet.");
    before.says("http-equiv=\"refresh\"");

    test.sync().await;
    let after = browser.get(&path).await;
    after.lacks("http-equiv=\"refresh\"");
    for object in ["Contact", "Event"] {
        let id = test.org.only(object).await["Id"].as_str().expect("an id").to_owned();
        after.says(&format!("href=\"{}/{id}\"", test.org.url));
    }
    for words in ["In Salesforce", "Wants pricing", "Acme Ltd", "05:30 on Wed 6 May in America/New_York"] {
        after.says(words);
    }
    for words in
        ["Synced", "Create the Contact and create the Event", "HTTP 200", "&quot;referenceId&quot;: &quot;p0&quot;"]
    {
        after.says(words);
    }
    browser.get("/bookings").await.says("In Salesforce");
    browser.get("/bookings?scope=needs_attention").await.says("Nothing needs you here.");
}

#[rstest]
#[tokio::test]
async fn a_sync_that_needs_a_person_says_why_and_can_be_tried_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let rule = json!({"error": {"status": 400, "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Fill in Region first."}});
    test.org.fault(json!({"object": "Event", "method": "POST"}), rule).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let mut browser = Browser::signed_in(&test, "ann@seller.example", "member").await;
    let list = browser.get("/bookings?scope=needs_attention").await;
    list.says("Needs attention");
    list.says("Fill in Region first (FIELD_CUSTOM_VALIDATION_EXCEPTION).");
    let path = booking_path(&test).await;
    browser.get(&path).await.says("Refused: Fill in Region first (FIELD_CUSTOM_VALIDATION_EXCEPTION).");

    let again = browser.submit(&format!("{path}/sync"), &[]).await;
    assert_eq!((again.status, again.header(LOCATION)), (303, path.as_str()));
    browser.get(&path).await.says("Syncing…");
    test.sync().await;
    let done = browser.get(&path).await;
    done.says("In Salesforce");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn who_may_only_read_is_not_offered_to_sync(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let mut browser = Browser::signed_in(&test, "eve@seller.example", "viewer").await;
    let path = booking_path(&test).await;
    browser.get(&path).await.lacks("Sync again");
    let refused = browser.submit(&format!("{path}/sync"), &[]).await;
    assert_eq!(refused.status, 403);
    refused.says("This is for members and admins");
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_member_sees_own_bookings_and_no_deliveries(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.deliver(&Delivery::created().with("uid", "u-2").with("iCalUID", "u-2@Cal.com").with("type", "unknown").json())
        .await;
    test.sync().await;
    let path = booking_path(&test).await;
    let mut ben = Browser::signed_in(&test, "ben@seller.example", "member").await;
    ben.get("/bookings").await.lacks("Jane Roe");
    let elsewhere = ben.get(&path).await;
    assert_eq!(elsewhere.status, 404, "another organizer's booking is as if it were not there");
    assert_eq!(ben.submit(&format!("{path}/sync"), &[]).await.status, 404);
    ben.get("/bookings?scope=needs_attention").await.lacks("Deliveries that wait");

    let mut ann = Browser::signed_in(&test, "ann@seller.example", "member").await;
    ann.get("/bookings").await.says("Jane Roe");
    ann.get(&path).await.says("Sync again");

    let mut eve = Browser::signed_in(&test, "eve@seller.example", "viewer").await;
    let list = eve.get("/bookings?scope=needs_attention").await;
    list.says("Deliveries that wait");
    list.lacks("What was sent");
}

#[rstest]
#[tokio::test]
async fn a_lost_answer_is_told_plainly(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.org.fault(json!({"object": "Event", "method": "POST"}), json!({"drop": "before"})).await;
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let page = browser.get(&booking_path(&test).await).await;
    page.says("Waiting, tried again at");
    page.says("No answer came: ");
    page.says("has no known answer. Matchbook looks whether it took effect before it writes again.");
}

#[rstest]
#[tokio::test]
async fn a_delivery_that_waits_is_listed_with_its_reason_and_its_text(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().with("type", "<b>unknown").json()).await;
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let list = browser.get("/bookings?scope=needs_attention").await;
    list.says("Deliveries that wait");
    list.says("&lt;b&gt;unknown");
    list.lacks("<b>unknown");
    list.says("&quot;triggerEvent&quot;: &quot;BOOKING_CREATED&quot;");
}

#[rstest]
#[tokio::test]
async fn what_strangers_wrote_is_shown_as_text(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let hostile = "<script>alert(1)</script>";
    let delivery = Delivery::created()
        .by("uid-9", hostile, "jane@acme.example")
        .with("title", format!("\"{hostile}"))
        .with("additionalNotes", hostile)
        .with("location", "javascript:alert(1)")
        .with("metadata", json!({}));
    test.deliver(&delivery.json()).await;
    test.sync().await;
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    for path in ["/bookings".to_owned(), booking_path(&test).await] {
        let page = browser.get(&path).await;
        page.lacks(hostile);
        page.lacks("href=\"javascript:");
        page.says("&lt;script&gt;");
    }
}

#[rstest]
#[tokio::test]
async fn long_lists_come_in_pages(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for at in 0..51 {
        let (uid, email) = (format!("uid-{at}"), format!("jane{at}@acme.example"));
        test.deliver(&Delivery::created().by(&uid, "Jane", &email).json()).await;
    }
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    let first = browser.get("/bookings").await;
    assert_eq!(first.text.matches("<td class=\"what\"").count(), 50);
    let next = first.text.split("href=\"").find(|part| part.contains("after=")).expect("there is a next page");
    let next = next.split('"').next().unwrap_or_default().replace("&amp;", "&");
    let second = browser.get(&next).await;
    assert_eq!(second.text.matches("<td class=\"what\"").count(), 1);
    second.says("First page");
    second.lacks("Next page");
}

#[rstest]
#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_safe(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut browser = Browser::new(&test);
    for path in ["/sign-in", "/nowhere", "/api/v1/nowhere", "/bookings"] {
        let seen = browser.get(path).await;
        assert!(seen.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"), "{path}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(seen.header("cache-control"), "no-store", "{path} shows people's data");
    }
    let page = browser.get("/sign-in").await;
    page.lacks("<style");
    page.lacks(" style=");
    page.lacks("onclick");
    let style = page.text.split("href=\"").find(|part| part.starts_with("/assets/app.css")).expect("a style sheet");
    let style = browser.get(style.split('"').next().unwrap_or_default()).await;
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(browser.get("/assets/app.css?v=old").await.header("cache-control"), "no-cache");
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_says_so_to_people_and_programs(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let mut browser = Browser::signed_in(&test, ADMIN, "admin").await;
    for path in ["/nowhere", "/bookings/bkg_none", "/bookings?scope=odd", "/assets/none.css"] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, 404, "{path}");
        seen.says("Go to the bookings");
    }
    let seen = browser.get("/api/v1/nowhere").await;
    assert_eq!((seen.status, seen.header("content-type")), (404, "application/problem+json"));
    assert_eq!(browser.submit("/bookings/bkg_none/sync", &[]).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn an_admin_dismisses_a_delivery_with_a_note_or_tries_it_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().with("type", "unknown").json()).await;
    let id = test.app.store.waiting_deliveries(1).await.expect("deliveries").remove(0).id;
    let (retry, dismissal) = (format!("/deliveries/{id}/retry"), format!("/deliveries/{id}/dismissal"));
    let mut eve = Browser::signed_in(&test, "eve@seller.example", "viewer").await;
    eve.get("/bookings?scope=needs_attention").await.lacks("Dismiss");
    assert_eq!(eve.submit(&dismissal, &[("note", "x")]).await.status, 403);
    assert_eq!(eve.submit(&retry, &[]).await.status, 403);

    let mut admin = Browser::signed_in(&test, ADMIN, "admin").await;
    let again = admin.submit(&retry, &[]).await;
    assert_eq!((again.status, again.header(LOCATION)), (303, "/bookings?scope=needs_attention"));
    admin.get("/bookings?scope=needs_attention").await.says("Dismiss");
    assert_eq!(admin.submit(&dismissal, &[("note", " ")]).await.status, 422);
    assert_eq!(admin.submit(&dismissal, &[("note", "A test")]).await.status, 303);
    admin.get("/bookings?scope=needs_attention").await.lacks("Deliveries that wait");
}
