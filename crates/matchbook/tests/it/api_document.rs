//! The OpenAPI document against the routes, both ways.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::support::{Engine, TestApp, add_key, add_user};
use matchbook::access::KeyScope;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation of the document: method, path, its scope if it needs one, the whole operation.
fn operations(document: &Value) -> Vec<(String, String, Option<String>, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let operation = item.get(method)?;
            let scope = operation["security"][0]["api_key"][0].as_str().map(str::to_owned);
            Some((method.to_uppercase(), path.clone(), scope, operation.clone()))
        })
    });
    operations.collect()
}

/// A path whose parameters name nothing that is there.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_documented_operation_is_there_and_nothing_else() {
    let Some(test) = TestApp::spawn(Engine::Sqlite).await else { return };
    let document = test.get_anonymously("/api/v1/openapi.json").await.body;
    let operations = operations(&document);
    assert!(operations.len() > 5, "the document describes nothing: {document:#}");
    let mut names: Vec<&str> =
        operations.iter().filter_map(|(.., operation)| operation["operationId"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), operations.len(), "generated clients need one name for each operation: {names:?}");
    for path in document["paths"].as_object().expect("paths").keys() {
        for method in METHODS.map(str::to_uppercase) {
            let documented = operations.iter().any(|(m, p, ..)| *m == method && p == path);
            let answer = test.call(&method, &filled(path), &[], None).await;
            let is_there = answer.status != 405 && answer.body["title"] != "Nothing is at this URL.";
            assert_eq!(documented, is_there, "{method} {path}: {} {}", answer.status, answer.text);
        }
    }
}

/// Reads the sources: a handler that is described but not routed, or routed but not described, would not show above.
#[test]
fn every_handler_of_the_api_is_in_the_document() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a source");
    let files = std::fs::read_dir(folder.join("api")).expect("the folder").map(|e| e.expect("an entry").path());
    let described: usize = files.map(|file| read(&file).matches("#[utoipa::path(").count()).sum();
    let document = serde_json::to_value(&*matchbook::api::openapi::DOCUMENT).expect("JSON");
    assert_eq!(operations(&document).len(), described, "some described handlers are not in routes::api()");
    let routes = read(&folder.join("routes.rs"));
    assert!(
        !routes.contains(".route(\"/api/v1"),
        "routes of the API go through routes!(…), so that they are described"
    );
}

#[tokio::test]
async fn the_page_shows_every_operation_and_leads_nowhere_else() {
    let Some(test) = TestApp::spawn(Engine::Sqlite).await else { return };
    let page = test.get_anonymously("/api/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let document = test.get_anonymously("/api/v1/openapi.json").await.body;
    for (method, path, _, operation) in operations(&document) {
        assert!(page.text.contains(&format!("<code>{method} {path}</code>")), "{method} {path} is not on the page");
        let summary = operation["summary"].as_str().expect("a summary");
        assert!(page.text.contains(summary), "{summary} is not on the page");
    }
    let targets = page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for target in targets {
        assert!(page.text.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
    assert!(!page.text.contains("://"), "the page needs nothing from elsewhere");
}

#[test]
fn the_published_reference_is_that_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let document = serde_json::to_string_pretty(&*matchbook::api::openapi::DOCUMENT).expect("JSON") + "\n";
    let reference = matchbook::api::reference::reference().markdown();
    for (name, text) in [("openapi.json", document), ("api-reference.md", reference)] {
        let path = folder.join(name);
        if std::env::var_os("MATCHBOOK_WRITE_DOCS").is_some() {
            std::fs::write(&path, &text).expect("docs/ can be written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == text, "docs/{name} is out of date; run this test with MATCHBOOK_WRITE_DOCS=1");
    }
}

#[rstest]
#[tokio::test]
async fn an_operation_takes_the_scope_that_the_document_says_and_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(mut test) = TestApp::spawn(engine).await else { return };
    let scopes = ["bookings:read", "bookings:write", "config:read", "config:write", "sync:read", "sync:write"];
    let scopes = scopes.map(|word| word.parse::<KeyScope>().expect("a scope"));
    add_user(&test.app, "key@seller.example", "admin").await;
    let email = "key@seller.example".parse().expect("an email");
    let user = test.app.store.user_by_email(&email).await.expect("read").expect("is there");
    let document = test.get("/api/v1/openapi.json").await.body;
    for (method, path, scope, operation) in operations(&document) {
        let Some(scope) = scope else {
            assert_eq!(test.get_anonymously(&path).await.status, 200, "{path} needs no key");
            continue;
        };
        test.api_key = "mbk_unknown".into();
        assert_eq!(test.call(&method, &filled(&path), &[], None).await.status, 401, "{method} {path} needs a key");
        for held in scopes {
            test.api_key = add_key(&test.app, &user.id, Some(&[held])).await;
            let answer = test.call(&method, &filled(&path), &[], None).await;
            let refused = answer.status == 403;
            assert_eq!(refused, held.to_string() != scope, "{method} {path} with {held}: {}", answer.text);
            let status = answer.status.to_string();
            assert!(operation["responses"].get(&status).is_some(), "{method} {path}: {status} is not documented");
        }
    }
}
