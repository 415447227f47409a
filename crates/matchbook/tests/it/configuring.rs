//! Applying configuration files, one after the other.

use rstest::rstest;

use crate::support::{Delivery, Engine, TestApp};

async fn refused(test: &TestApp, text: &str) -> String {
    test.apply(text).await.expect_err("the file must be refused").to_string()
}

async fn slugs(test: &TestApp) -> Vec<(String, String)> {
    let event_types = test.app.store.event_types().await.expect("a list");
    event_types.into_iter().map(|e| (e.key, e.slug)).collect()
}

#[rstest]
#[tokio::test]
async fn a_slug_that_another_event_type_has_is_refused_at_its_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text = "event_types:\n  demo: {title: Demo, slug: discovery-call, length_minutes: 15, hosts: [ann]}\n";
    let error = refused(&test, text).await;
    assert!(error.starts_with("test.yaml:2:29: event_types.demo.slug"), "{error}");
    assert!(error.contains("the slug of the event type \"discovery-call\""), "{error}");
    let text = "event_types:\n  demo: {title: Demo, length_minutes: 15, hosts: [ann]}\n";
    test.apply(text).await.expect("applied");
    let error =
        refused(&test, &text.replace("demo:", "other:").replace("title: Demo,", "title: Demo, slug: demo,")).await;
    assert!(error.contains("the slug of the event type \"demo\""), "{error}");
}

#[rstest]
#[tokio::test]
async fn event_types_may_swap_their_slugs(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let file = |a: &str, b: &str| {
        format!(
            "event_types:
  a: {{title: A, slug: {a}, length_minutes: 15, hosts: [ann]}}
  b: {{title: B, slug: {b}, length_minutes: 15, hosts: [ann]}}
"
        )
    };
    test.apply(&file("first", "second")).await.expect("applied");
    test.apply(&file("second", "first")).await.expect("swapped");
    let expected = [("a", "second"), ("b", "first"), ("discovery-call", "discovery-call")];
    assert_eq!(slugs(&test).await, expected.map(|(key, slug)| (key.to_owned(), slug.to_owned())));
}

#[rstest]
#[tokio::test]
async fn two_hosts_never_share_an_email_but_may_swap_theirs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let error = refused(&test, "hosts:\n  cat: {name: Cat, email: Ann@seller.example, time_zone: UTC}\n").await;
    assert!(error.starts_with("test.yaml:2:27: hosts.cat.email"), "{error}");
    assert!(error.contains("the email of the host \"ann\""), "{error}");
    let swapped = "hosts:
  ann: {name: Ann Host, email: ben@seller.example, time_zone: UTC}
  ben: {name: Ben Host, email: ann@seller.example, time_zone: UTC}
";
    test.apply(swapped).await.expect("applied");
}

#[rstest]
#[tokio::test]
async fn leaving_out_the_salesforce_section_leaves_syncing_as_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text = "event_types:\n  discovery-call: {title: Renamed, length_minutes: 45, hosts: [ben]}\n";
    test.apply(text).await.expect("applied");
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.only("Event").await;
    let off = text.replace("hosts: [ben]", "hosts: [ben], salesforce: {enabled: false}");
    test.apply(&off).await.expect("applied");
    test.apply(text).await.expect("applied");
    let other = Delivery::created().by("u-2", "Joe Roe", "joe@acme.example");
    test.deliver(&other.json()).await;
    test.sync().await;
    test.org.only("Event").await;
}

#[rstest]
#[tokio::test]
async fn hosts_and_versions_that_the_client_would_refuse_are_refused_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    for (key, wrong, names) in [
        ("login_host", "https://salesforce.example", "not a Salesforce host"),
        ("login_host", "https://northwind.lightning.force.com", "My Domain"),
        ("api_version", "\"20.0\"", "49.0 is the oldest"),
        ("api_version", "soon", "write it like 66.0"),
    ] {
        let mut lines = crate::support::configuration(&test.org.url);
        lines = match key {
            "login_host" => lines.replace(&test.org.url, wrong),
            _ => lines.replace("    grant:", &format!("    api_version: {wrong}\n    grant:")),
        };
        let error = refused(&test, &lines).await;
        assert!(error.contains(&format!("connections.main.{key}")) && error.contains(names), "{error}");
    }
}
