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

/// The rows of `docs/coverage.md` that have a number: the number, and what stands in the last column.
fn coverage() -> Vec<(usize, String)> {
    let page = fs::read_to_string(root().join("docs/coverage.md")).expect("docs/coverage.md");
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let number = cells.first()?.parse().ok()?;
        assert_eq!(cells.len(), 3, "statement {number} of docs/coverage.md should have number, statement and stories");
        Some((number, cells[2].to_owned()))
    };
    page.lines().filter_map(row).collect()
}

/// The stories that a cell names: where each stands, and its name.
fn stories(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect()
}

#[test]
fn the_statements_of_the_coverage_are_numbered_without_a_gap_and_each_says_what_holds_it() {
    let rows = coverage();
    assert!(rows.len() > 100, "docs/coverage.md goes through the document sentence by sentence");
    for (at, (number, cell)) in rows.iter().enumerate() {
        assert_eq!(*number, at + 1, "docs/coverage.md: its statements are numbered one by one");
        let honest = ["advice", "not there yet"].iter().any(|word| cell.contains(word));
        assert!(honest || !stories(cell).is_empty(), "docs/coverage.md: nothing holds statement {number}");
    }
}

#[test]
fn every_story_that_the_coverage_names_is_there() {
    for (number, cell) in coverage() {
        for (place, name) in stories(&cell) {
            let files = match place.contains('/') {
                true => vec![root().join(place)],
                false => ["", "driver/"]
                    .map(|folder| root().join(format!("crates/matchbook/tests/it/{folder}{place}.rs")))
                    .into(),
            };
            let texts: Vec<String> = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
            let is_there = texts.iter().any(|text| is_a_test(text, name));
            assert!(is_there, "statement {number} of docs/coverage.md names {place}::{name}, which is not there");
        }
    }
}

/// Whether a source has a test of this name: a function right below the attribute that makes it one.
fn is_a_test(text: &str, name: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    ["#[test]", "#[tokio::test]"].iter().any(|attribute| attributes.contains(attribute))
}
