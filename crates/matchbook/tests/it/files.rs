//! The files beside a SQLite database: who may read them, and what happens when one of them is gone or another's.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use matchbook::app::{App, BuildError, open, rotate_key};
use matchbook::clock::Clock;
use matchbook::config::{ServeConfig, StoreConfig};
use matchbook::configuration::{ChangeContext, Edit, SecretSources, change};
use matchbook::store::{Actor, Place};
use matchbook::workspace_file;
use salesforce::auth::LoopbackPolicy;
use secrecy::SecretString;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn store(path: &Path, key: Option<&str>) -> StoreConfig {
    StoreConfig {
        database: Place::File(path.to_owned()),
        encryption_key: key.map(SecretString::from),
        old_encryption_keys: Vec::new(),
    }
}

async fn serve(store: StoreConfig) -> Result<Arc<App>, BuildError> {
    let config = ServeConfig {
        store,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: None,
        workers: 1,
        api_calls_per_minute: NonZeroU32::new(600).expect("some"),
        lookup_deadline_ms: 3000,
        geo_headers: None,
        link_lookups_per_minute: NonZeroU32::new(20).expect("some"),
        allow_loopback_orgs: false,
        allow_private_sources: false,
        secure_cookies: false,
        trusted_proxies: Vec::new(),
    };
    App::build(&config, Clock::System).await
}

/// A database with one sealed secret.
async fn fill(config: &StoreConfig) {
    let (store, vault) = open(config).await.expect("a new database");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("WEBHOOK"), "a webhook secret").expect("written");
    let text = "sources:\n  calcom: {kind: cal.com, name: Cal.com, secret: {secret: WEBHOOK}}\n";
    let file = workspace_file::read(text, "test.yaml").expect("it is sound");
    let context = ChangeContext {
        store: &store,
        vault: &vault,
        secrets: &SecretSources { folder: Some(folder.path().to_owned()) },
        loopback: LoopbackPolicy::Refuse,
        now: jiff::Timestamp::now(),
    };
    let actor = Actor { who: "dana".into(), via: "cli".into(), address: None };
    change(&context, &actor, None, &Edit::File { file, exact: false }).await.expect("stored");
    store.close().await;
}

#[tokio::test]
async fn a_lost_key_file_is_asked_for_and_never_replaced_by_a_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.db");
    let key_file = folder.path().join("m.db.key");
    let config = store(&path, None);
    fill(&config).await;
    let key = fs::read(&key_file).expect("a key file was made");
    fs::remove_file(&key_file).expect("removed");
    let refused = serve(config.clone()).await.expect_err("the secrets cannot be opened").to_string();
    assert!(refused.contains("m.db.key") && refused.contains("missing"), "{refused}");
    assert!(open(&config).await.is_err(), "other commands refuse too");
    assert!(!key_file.exists(), "a new key would make the secrets unreadable for good");
    fs::write(&key_file, key).expect("put back");
    serve(config).await.expect("with its key it starts again");
}

#[tokio::test]
async fn another_key_is_refused_and_said_where_it_came_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.db");
    fill(&store(&path, None)).await;
    let refused = serve(store(&path, Some(KEY))).await.expect_err("another key").to_string();
    assert!(refused.contains("MATCHBOOK_ENCRYPTION_KEY"), "{refused}");
    let key_file = folder.path().join("m.db.key");
    fs::write(&key_file, KEY).expect("written");
    let refused = serve(store(&path, None)).await.expect_err("another key").to_string();
    assert!(refused.contains("m.db.key") && !refused.contains("MATCHBOOK"), "{refused}");
    fs::write(&key_file, "hello").expect("written");
    let refused = serve(store(&path, None)).await.expect_err("no key at all").to_string();
    assert!(refused.contains("m.db.key"), "{refused}");
}

#[tokio::test]
async fn when_a_key_is_lost_for_good_every_secret_can_be_entered_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = store(&folder.path().join("m.db"), None);
    fill(&config).await;
    fs::remove_file(folder.path().join("m.db.key")).expect("removed");
    fs::write(folder.path().join("OTHER"), "another secret").expect("written");
    fs::write(
        folder.path().join("m.yaml"),
        "sources:\n  other: {kind: cal.com, name: Other, secret: {secret: OTHER}}\n",
    )
    .expect("written");
    let apply = async || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_matchbook"));
        command.arg("apply").arg(folder.path().join("m.yaml")).arg("--new-key").arg("--secrets").arg(folder.path());
        let ran =
            command.env_clear().arg("--database").arg(folder.path().join("m.db")).output().await.expect("it runs");
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (done, told) = apply().await;
    assert!(!done && told.contains("sources.calcom.secret: the secret WEBHOOK is not there"), "{told}");
    assert!(serve(config.clone()).await.is_err(), "one secret is still locked away");
    fs::write(folder.path().join("WEBHOOK"), "a webhook secret").expect("written");
    let (done, told) = apply().await;
    assert!(done, "{told}");
    let app = serve(config).await.expect("it starts with the new key");
    drop(app);
}

#[tokio::test]
async fn the_key_file_is_replaced_while_no_server_runs_and_a_rotation_that_broke_off_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key_file, next_file) = (folder.path().join("m.db.key"), folder.path().join("m.db.key.next"));
    let config = store(&folder.path().join("m.db"), None);
    fill(&config).await;
    let first = fs::read(&key_file).expect("a key");
    let actor = Actor { who: "dana".into(), via: "cli".into(), address: None };
    let rotate = async || rotate_key(&config, &actor, jiff::Timestamp::now()).await;
    let app = serve(config.clone()).await.expect("it starts");
    assert!(matches!(rotate().await, Err(BuildError::InUse(_))), "the server would go on with the key before");
    app.store.close().await;
    drop(app);
    // As if it had broken off after the next key was made and before anything was sealed with it.
    fs::write(&next_file, "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=").expect("written");
    open(&config).await.expect("the first key still opens all").0.close().await;
    assert_eq!(rotate().await.expect("rotated").count, 1);
    let second = fs::read(&key_file).expect("a key");
    assert_ne!(first, second);
    assert!(!next_file.exists());
    open(&config).await.expect("the new key opens all").0.close().await;
    // As if it had broken off before the new key took its place.
    fs::write(&next_file, &second).expect("written");
    fs::write(&key_file, &first).expect("written");
    serve(config.clone()).await.expect("it starts all the same");
    assert_eq!(rotate().await.expect("it goes on").count, 0);
    assert_eq!(fs::read(&key_file).expect("a key"), second);
    fs::write(&key_file, &first).expect("written");
    let refused = open(&config).await.expect_err("the key before opens nothing any more").to_string();
    assert!(refused.contains("holds secrets that the key file") && refused.contains("does not open"), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_and_the_files_beside_it_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let app = serve(store(&folder.path().join("m.db"), None)).await.expect("it starts");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).expect("a listing") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?} can be read by others", entry.file_name());
        names.push(entry.file_name().into_string().expect("a text"));
    }
    names.sort();
    assert_eq!(names, ["m.db", "m.db-shm", "m.db-wal", "m.db.key", "m.db.lock"]);
    drop(app);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_database_in_use_is_the_same_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, link) = (folder.path().join("m.db"), folder.path().join("link.db"));
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    let app = serve(store(&link, None)).await.expect("it starts");
    assert!(path.with_extension("db.key").exists(), "the key stands beside the real file");
    let refused = serve(store(&path, None)).await.expect_err("one server at a time");
    assert!(matches!(refused, BuildError::InUse(_)), "{refused}");
    app.store.close().await;
    drop(app);
    serve(store(&path, None)).await.expect("now it is free");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nowhere").join("m.db");
    let refused = serve(store(&path, None)).await.expect_err("no folder").to_string();
    assert!(refused.contains("nowhere"), "{refused}");
}
