//! Deliveries that need attention: looked through, tried again, dismissed.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Delivery, Engine, TestApp, add_user, configuration};

const DELIVERIES: &str = "/api/v1/deliveries";

impl TestApp {
    /// A delivery for an event type that is not configured; its id.
    async fn waiting_delivery(&self, uid: &str) -> String {
        let delivery =
            Delivery::created().with("uid", uid).with("iCalUID", format!("{uid}@Cal.com")).with("type", "demo");
        assert_eq!(self.deliver(&delivery.json()).await.status, 202);
        self.get(DELIVERIES).await.body["deliveries"][0]["id"].as_str().expect("an id").to_owned()
    }
}

#[rstest]
#[tokio::test]
async fn deliveries_are_listed_page_by_page_by_what_became_of_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let waiting =
        [test.waiting_delivery("a").await, test.waiting_delivery("b").await, test.waiting_delivery("c").await];
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let page = test.get(&format!("{DELIVERIES}?state=needs_attention&limit=2{after}")).await.body;
        ids.extend(
            page["deliveries"].as_array().expect("a list").iter().map(|d| d["id"].as_str().expect("an id").to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(ids, [waiting[2].as_str(), &waiting[1], &waiting[0]]);
    let applied = test.get(&format!("{DELIVERIES}?state=applied")).await.body["deliveries"][0].clone();
    assert_eq!((&applied["source"], &applied["booking_id"]), (&json!("calcom"), &test.only_booking().await["id"]));
    assert_eq!(test.get(DELIVERIES).await.body["deliveries"].as_array().map(Vec::len), Some(4));
    for query in ["state=lost", "after=x", "limit=0", "colour=red"] {
        assert_eq!(test.get(&format!("{DELIVERIES}?{query}")).await.status, 400, "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn a_delivery_that_is_tried_again_after_the_mend_is_applied(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let id = test.waiting_delivery("a").await;
    let retry = format!("{DELIVERIES}/{id}/retry");
    let still = test.call("POST", &retry, &[], None).await;
    assert_eq!((still.status, &still.body["state"]), (200, &json!("needs_attention")), "{}", still.text);
    assert!(still.body["reason"].as_str().expect("a reason").contains("\"demo\""), "{}", still.text);

    let dismissed =
        test.call("POST", &format!("{DELIVERIES}/{id}/dismissal"), &[], Some(&json!({"note": "A test"}))).await;
    assert_eq!(dismissed.body["state"], "dismissed", "{}", dismissed.text);
    let file = configuration(&test.org.url).replace("discovery-call:", "demo:");
    test.apply(&file).await.expect("there is such an event type now");
    assert_eq!(test.get("/api/v1/bookings").await.body["bookings"], json!([]), "what was dismissed is left alone");
    let applied = test.call("POST", &retry, &[], None).await;
    assert_eq!(applied.body["state"], "applied", "{}", applied.text);
    assert_eq!(test.only_booking().await["id"], applied.body["booking_id"]);
    assert_eq!(test.call("POST", &retry, &[], None).await.body["state"], "applied", "again does no harm");
    test.sync().await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn a_dismissed_delivery_keeps_who_and_why(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let id = test.waiting_delivery("a").await;
    let dismissal = format!("{DELIVERIES}/{id}/dismissal");
    for wrong in [json!({}), json!({"note": " "}), json!({"note": "x".repeat(501)}), json!({"note": 7})] {
        let refused = test.call("POST", &dismissal, &[], Some(&wrong)).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/note")), "{}", refused.text);
    }
    let body = json!({"note": " A test of the webhook "});
    for _ in 0..2 {
        let dismissed = test.call("POST", &dismissal, &[], Some(&body)).await;
        assert_eq!(dismissed.status, 200, "{}", dismissed.text);
        assert_eq!(dismissed.body["note"], "A test of the webhook");
        assert_eq!(dismissed.body["dismissed_by"], "ops@seller.example");
    }
    assert_eq!(test.get(&format!("{DELIVERIES}?state=needs_attention")).await.body["deliveries"], json!([]));
    test.deliver(&Delivery::created().json()).await;
    let applied = test.get(&format!("{DELIVERIES}?state=applied")).await.body["deliveries"][0]["id"].clone();
    let path = format!("{DELIVERIES}/{}/dismissal", applied.as_str().expect("an id"));
    assert_eq!(test.call("POST", &path, &[], Some(&body)).await.status, 409);
}

#[rstest]
#[tokio::test]
async fn what_a_source_sent_is_read_by_admins_alone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(mut test) = TestApp::spawn(engine).await else { return };
    let id = test.waiting_delivery("a").await;
    let body = test.get(&format!("{DELIVERIES}/{id}/body")).await;
    assert_eq!((body.status, body.header("content-type")), (200, "application/octet-stream"));
    assert_eq!(body.body["payload"]["uid"], "a");
    let paths = ["", "/x", "/x/body", "/x/retry", "/x/dismissal"].map(|path| path.replace('x', &id));
    for (email, role, expected) in [
        ("eve@seller.example", "viewer", [200, 200, 403, 403, 403]),
        ("ann@seller.example", "member", [403, 403, 403, 403, 403]),
    ] {
        test.api_key = add_user(&test.app, email, role).await;
        let mut got = Vec::new();
        for path in &paths {
            let acts = path.ends_with("retry") || path.ends_with("dismissal");
            let (method, body) = if acts { ("POST", Some(json!({"note": "x"}))) } else { ("GET", None::<Value>) };
            got.push(test.call(method, &format!("{DELIVERIES}{path}"), &[], body.as_ref()).await.status);
        }
        assert_eq!(got, expected, "{role}");
    }
}
