//! Where a booker is: told by a trusted proxy of their browser, and by nobody else.

use domain::geo::GeoHeaders;
use rstest::rstest;
use serde_json::{Value, json};

use crate::routing::{BY_ACCOUNT, Routed, account};
use crate::support::{Delivery, Engine, TestApp};

/// Headers of a browser in the United States, as Cloudflare adds them.
const IN_THE_US: [(&str, &str); 2] = [("CF-IPCountry", "US"), ("CF-Region-Code", "CA")];

/// Two Accounts of one website: the older one in Germany is Ben's, the one in the United States is Cleo's.
async fn two_countries(engine: Engine, trusted: &str, settings: &str) -> Option<Routed> {
    let test = TestApp::spawn_with(engine, |config| {
        config.geo_headers = Some(GeoHeaders::Cloudflare);
        config.trusted_proxies = vec![trusted.parse().expect("a network")];
    });
    let records = json!({"Account": [
        account("Acme EMEA", "@ben", json!({"BillingCountry": "Germany", "CreatedDate": "2020-01-01T00:00:00Z"})),
        account("Acme US", "@cleo", json!({"BillingCountry": "United States", "CreatedDate": "2024-01-01T00:00:00Z"}))]});
    let page = "cal_com_url: https://cal.example/team/sales/demo";
    Routed::prepare(test.await?, page, &format!("{BY_ACCOUNT}{settings}"), records).await
}

/// The host whom the link names.
async fn linked_with(routed: &Routed) -> String {
    linked_by(routed, "jane@acme.example", &IN_THE_US).await
}

/// The same for this email and a browser with these headers.
async fn linked_by(routed: &Routed, email: &str, headers: &[(&str, &str)]) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut request = browser.get(format!("{}/r/discovery-call?email={email}", routed.test.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let onward: url::Url = answer.headers()["Location"].to_str().expect("a text").parse().expect("a URL");
    let owner = onward.query_pairs().find(|(name, _)| name == "cal.crmContactOwnerEmail");
    owner.expect("a host is named").1.into_owned()
}

#[rstest]
#[case::by_a_trusted_proxy("127.0.0.1/32", "cleo@seller.example")]
#[case::by_anybody_else("10.0.0.0/8", "ben@seller.example")]
#[tokio::test]
async fn headers_of_a_trusted_proxy_choose_among_accounts_and_a_strangers_change_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] trusted: &str,
    #[case] host: &str,
) {
    let Some(routed) = two_countries(engine, trusted, "").await else { return };
    assert_eq!(linked_with(&routed).await, host);
}

#[rstest]
#[case::cloudflare(GeoHeaders::Cloudflare, [("CF-IPCountry", "US"), ("CF-Region-Code", "CA")])]
#[case::vercel(GeoHeaders::Vercel, [("X-Vercel-IP-Country", "US"), ("X-Vercel-IP-Country-Region", "CA")])]
#[tokio::test]
async fn the_region_of_the_headers_is_held_against_the_billing_state(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] provider: GeoHeaders,
    #[case] headers: [(&str, &str); 2],
) {
    let Some(test) = TestApp::spawn_with(engine, |config| config.geo_headers = Some(provider)).await else { return };
    let us = |state: &str, created: &str| json!({"BillingCountry": "United States", "BillingState": state, "CreatedDate": created});
    let records = json!({"Account": [
        account("Acme Texas", "@ben", us("Texas", "2020-01-01T00:00:00Z")),
        account("Acme West", "@cleo", us("California", "2024-01-01T00:00:00Z"))]});
    let page = "cal_com_url: https://cal.example/team/sales/demo";
    let Some(routed) = Routed::prepare(test, page, BY_ACCOUNT, records).await else { return };
    assert_eq!(linked_by(&routed, "jane@acme.example", &headers).await, "cleo@seller.example");
    // What one person's browser told says nothing of the next one's.
    assert_eq!(linked_by(&routed, "joe@acme.example", &[]).await, "ben@seller.example", "the oldest, without a place");
}

#[rstest]
#[tokio::test]
async fn where_geo_is_off_for_the_event_type_nothing_follows_from_where_a_booker_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let off = ", tiebreakers: {geo: false}";
    let Some(routed) = two_countries(engine, "127.0.0.1/32", off).await else { return };
    assert_eq!(linked_with(&routed).await, "ben@seller.example");
}

#[rstest]
#[tokio::test]
async fn a_webhook_and_an_api_call_say_nothing_by_their_headers(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(routed) = two_countries(engine, "127.0.0.1/32", "").await else { return };
    let body = json!({"event_type": "discovery-call", "start": "2026-05-06T09:00:00Z",
        "attendee": {"email": "jane@acme.example", "name": "Jane Roe"}});
    let booked = routed.test.call("POST", "/api/v1/bookings", &IN_THE_US, Some(&body)).await;
    assert_eq!(booked.body["organizer"]["email"], "ben@seller.example", "{}", booked.text);
    assert_eq!(routed.decision(&booked.body).await["place"], json!({}), "an API caller states it in the body");

    let delivery = Delivery::created().json();
    assert_eq!(routed.test.deliver_with(&delivery, &IN_THE_US).await.status, 200);
    routed.test.sync().await;
    let contact = routed.test.org.only("Contact").await;
    assert_eq!(contact["AccountId"], routed.ids["Acme EMEA"], "the webhook's sync goes by the oldest Account");
    assert_ne!(contact["AccountId"], Value::Null);
}
