//! The shape that ARCHITECTURE.md promises, read from manifests and `use` lines.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust sources below a folder, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there").map(|e| e.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&entry).expect("a text");
                found.push((entry.strip_prefix(root()).unwrap_or(&entry).display().to_string(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {folder}");
    found
}

/// The names below `[dependencies]` of a crate.
fn dependencies(krate: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join("crates").join(krate).join("Cargo.toml")).expect("a manifest");
    let section =
        manifest.split("[dependencies]").nth(1).expect("dependencies").split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
        .collect()
}

fn without<'a>(files: &'a [(String, String)], allowed: &[&str], words: &[&str]) -> Vec<&'a str> {
    let offends = |(path, text): &&(String, String)| {
        !allowed.iter().any(|a| path.contains(a)) && words.iter().any(|word| text.contains(word))
    };
    files.iter().filter(offends).map(|(path, _)| path.as_str()).collect()
}

#[test]
fn the_domain_does_no_io() {
    let io = ["tokio", "sqlx", "axum", "reqwest", "salesforce", "orgsim", "rand", "getrandom", "tracing"];
    let found: Vec<String> = dependencies("domain").into_iter().filter(|d| io.contains(&d.as_str())).collect();
    assert_eq!(found, Vec::<String>::new(), "domain must stay pure");
    let clocks = [
        "Timestamp::now(",
        "Zoned::now(",
        "SystemTime",
        "Instant::now(",
        "std::fs",
        "std::net",
        "std::env",
        "async fn",
    ];
    assert_eq!(without(&sources("crates/domain/src"), &[], &clocks), Vec::<&str>::new());
}

#[test]
fn the_simulator_shares_nothing_with_the_client_or_the_domain() {
    for (krate, strangers) in
        [("orgsim", ["salesforce", "domain", "matchbook"]), ("salesforce", ["orgsim", "domain", "matchbook"])]
    {
        let found: Vec<String> = dependencies(krate).into_iter().filter(|d| strangers.contains(&d.as_str())).collect();
        assert_eq!(found, Vec::<String>::new(), "{krate} must stand alone");
    }
}

#[test]
fn only_the_clients_one_file_builds_requests_to_salesforce() {
    let files = sources("crates/salesforce/src");
    assert_eq!(without(&files, &["client.rs"], &["reqwest::"]), Vec::<&str>::new());
    let files = sources("crates/matchbook/src");
    assert_eq!(
        without(&files, &["polling/source_api.rs"], &["reqwest::"]),
        Vec::<&str>::new(),
        "the binary speaks HTTP to Salesforce by its client only, and to sources by one file"
    );
}

#[test]
fn sql_stands_in_the_store_only() {
    assert_eq!(without(&sources("crates/matchbook/src"), &["src/store/"], &["sqlx::"]), Vec::<&str>::new());
}

#[test]
fn the_store_and_the_crm_do_not_know_each_other() {
    let files = sources("crates/matchbook/src");
    let of = |part: &str| files.iter().filter(|(p, _)| p.contains(part)).cloned().collect::<Vec<_>>();
    assert_eq!(without(&of("src/store/"), &[], &["crate::crm", "salesforce::"]), Vec::<&str>::new());
    assert_eq!(without(&of("src/crm/"), &[], &["crate::store"]), Vec::<&str>::new());
}

/// What fields with secrets are called.
const SECRETS: &[&str] = &[
    "access_token",
    "api_key",
    "assertion",
    "authorization",
    "client_secret",
    "encryption_key",
    "password",
    "password_hash",
    "private_key",
    "refresh_token",
    "secret",
    "token",
    "webhook_secret",
];

#[test]
fn no_secret_type_can_be_printed_or_serialized() {
    for (path, text) in sources("crates/matchbook/src").into_iter().chain(sources("crates/salesforce/src")) {
        for (at, line) in text.lines().enumerate() {
            let field = line.trim_start().trim_start_matches("pub ");
            let named = SECRETS.iter().any(|name| field.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
            assert!(
                !(named && field.contains("String") && !field.contains("SecretString")),
                "{path}:{} keeps a secret as plain text",
                at + 1
            );
        }
    }
}

#[test]
fn every_story_that_the_coverage_names_is_there() {
    let coverage = fs::read_to_string(root().join("docs/coverage.md")).expect("docs/coverage.md");
    let texts: Vec<String> = sources("crates").into_iter().map(|(_, text)| text).collect();
    let named: Vec<&str> = coverage.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(named.len() > 30, "the page names its stories");
    for story in named {
        let function = format!("fn {}(", story.rsplit("::").next().unwrap_or_default());
        assert!(
            texts.iter().any(|text| text.contains(&function)),
            "docs/coverage.md names {story}, which is not there"
        );
    }
}
