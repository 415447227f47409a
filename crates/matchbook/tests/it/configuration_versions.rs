//! Changes of the configuration as its makers see them: plans, versions, conflicts, reverting, archiving.

use jiff::SignedDuration;
use matchbook::configuration::{ChangeError, Edit};
use matchbook::secrets::Vault;
use matchbook::store::Actor;
use matchbook::workspace_file::{self, Change};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::json;

use crate::support::{Delivery, Engine, TestApp, WEBHOOK_SECRET, add_user, configuration, edit, sign};

fn words(changes: &[Change]) -> Vec<String> {
    changes.iter().flat_map(Change::sentences).collect()
}

async fn planned(test: &TestApp, text: &str, exact: bool) -> Vec<String> {
    words(&test.plan(&edit(text, exact).expect("it is sound")).await.expect("it fits").changes)
}

async fn prune(test: &TestApp, text: &str) -> Vec<String> {
    let edit = edit(text, true).expect("it is sound");
    words(&test.change(None, &edit).await.expect("it is applied").changes)
}

async fn exported(test: &TestApp) -> String {
    workspace_file::write(&test.app.store.configuration().await.expect("the configuration").document)
}

#[rstest]
#[tokio::test]
async fn a_plan_says_in_words_what_applying_then_does(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text = "connections:
  main:
    name: Main org
    login_host: ORG
    api_version: \"65.0\"
    grant: client_credentials
    client_id: matchbook-demo
    client_secret: {secret: CLIENT}
hosts:
  cat: {name: Cat Host, email: cat@seller.example, time_zone: UTC}
event_types:
  discovery-call: {title: Discovery, slug: discovery, length_minutes: 45, hosts: [ann, cat], salesforce: {enabled: false}}
"
    .replace("ORG", &test.org.url);
    let expected = [
        "Change connection main: api_version 66.0 (the default) -> 65.0",
        "Add host cat: name \"Cat Host\"; email cat@seller.example; time_zone UTC",
        "Change event type discovery-call: title \"Discovery Call\" -> Discovery",
        "Change event type discovery-call: slug discovery-call (its key) -> discovery",
        "Change event type discovery-call: length_minutes 30 -> 45",
        "Change event type discovery-call: hosts ann -> ann, cat",
        "Change event type discovery-call: salesforce.enabled true (the default) -> false",
    ];
    let before = exported(&test).await;
    assert_eq!(planned(&test, &text, false).await, expected);
    assert_eq!(exported(&test).await, before, "a plan changes nothing");
    let applied = test.apply(&text).await.expect("applied");
    assert_eq!(words(&applied.changes), expected);
    assert_eq!(planned(&test, &text, false).await, [""; 0], "then it is done");
    let again = test.apply(&text).await.expect("applied");
    assert!(again.changes.is_empty());
    assert_eq!(again.version, applied.version, "nothing changed, so there is no new version");
    let latest = test.app.store.audit_log(1).await.expect("the log").remove(0);
    assert_eq!((latest.version, latest.words), (Some(applied.version), expected.map(str::to_owned).to_vec()));
    assert_eq!(latest.actor.to_string(), "dana on the command line");
}

#[rstest]
#[tokio::test]
async fn of_two_operators_at_once_one_gets_a_conflict_in_words(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let host = |name: &str| format!("hosts:\n  ann: {{name: {name}, email: ann@seller.example, time_zone: UTC}}\n");
    let against = test.app.store.configuration().await.expect("the configuration").number;
    let (first, second) = (edit(&host("Annie"), false).expect("sound"), edit(&host("Anna"), false).expect("sound"));
    let (first, second) = tokio::join!(test.change(Some(against), &first), test.change(Some(against), &second));
    let ((Ok(applied), Err(conflict)) | (Err(conflict), Ok(applied))) = (first, second) else {
        panic!("exactly one of them is applied")
    };
    assert_eq!(applied.version, against + 1);
    assert!(matches!(conflict, ChangeError::Conflict(_)));
    let told = conflict.to_string();
    for part in [
        format!("made against version {against}"),
        format!("at version {} by now", against + 1),
        "by dana on the command line at 2026-05-04".to_owned(),
        "Change host ann: name \"Ann Host\" -> Ann".to_owned(),
    ] {
        assert!(told.contains(&part), "{part} is not in:\n{told}");
    }
    let name = applied.changes.iter().flat_map(Change::sentences).next().expect("a change");
    let written = exported(&test).await;
    assert!(written.contains(name.rsplit(' ').next().expect("a name")), "the other's name is kept: {written}");
}

#[rstest]
#[tokio::test]
async fn an_earlier_version_comes_back_whole(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let (before, version) = (exported(&test).await, test.app.store.configuration().await.expect("it").number);
    prune(&test, "hosts:\n  ann: {name: Ann, email: ann@seller.example, time_zone: UTC}\nsources: {}\n").await;
    assert_ne!(exported(&test).await, before);
    let reverted = test.change(None, &Edit::Version(version)).await.expect("reverted");
    assert_eq!(
        words(&reverted.changes),
        [
            "Change host ann: name Ann -> \"Ann Host\"",
            "Change host ann: time_zone UTC -> Europe/London",
            "Bring back host ben: name \"Ben Host\"; email ben@seller.example; time_zone Europe/London",
            "Bring back source calcom: kind cal.com; name Cal.com; secret {secret: WEBHOOK}",
        ]
    );
    assert_eq!((exported(&test).await, reverted.version), (before, version + 2));
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.org.only("Event").await;
    let unknown = test.change(None, &Edit::Version(99)).await.expect_err("there is none").to_string();
    assert!(unknown.contains("no version 99"), "{unknown}");
}

#[rstest]
#[tokio::test]
async fn an_archived_event_type_takes_no_new_bookings_and_keeps_those_it_has(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(prune(&test, "event_types: {}\n").await, ["Archive event type discovery-call"]);
    assert!(test.app.store.event_types().await.expect("a list").is_empty());
    test.deliver(&Delivery::rescheduled().json()).await;
    let other = Delivery::created().by("u-2", "Joe Roe", "joe@acme.example");
    assert_eq!(test.deliver(&other.json()).await.status, 202, "a new one waits for its event type");
    test.sync().await;
    let event = test.org.only("Event").await;
    assert_eq!(event["StartDateTime"], "2026-05-07T09:30:00.000+0000", "the known booking moves on");
    // Another event type may have its slug, and gives it back.
    let text = "event_types:\n  other: {title: Other, slug: discovery-call, length_minutes: 15, hosts: [ann]}\n";
    test.apply(text).await.expect("the slug is free");
    let text = text.replace("slug: discovery-call", "slug: other");
    let back = configuration(&test.org.url).replace("event_types:\n", &text);
    let applied = test.apply(&back).await.expect("it comes back");
    assert_eq!(
        words(&applied.changes),
        [
            "Bring back event type discovery-call: title \"Discovery Call\"; length_minutes 30; hosts ann; \
             salesforce.connection main",
            "Change event type other: slug discovery-call -> other",
        ]
    );
}

#[rstest]
#[tokio::test]
async fn syncs_of_an_archived_connection_wait_until_it_comes_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    let refused = edit("connections: {}\n", true).expect("sound");
    let refused = test.change(None, &refused).await.expect_err("an event type uses it").to_string();
    assert!(refused.contains("event_types.discovery-call.salesforce.connection: there is no connection"), "{refused}");
    let text = "connections: {}
event_types:
  discovery-call: {title: Discovery Call, length_minutes: 30, hosts: [ann]}
";
    prune(&test, text).await;
    test.sync().await;
    assert_eq!(test.org.records("Event").await.len(), 0, "nothing is written by an archived connection");
    assert_eq!(test.app.store.connections().await.expect("a list").len(), 0);
    test.apply(&configuration(&test.org.url)).await.expect("it comes back");
    test.sync().await;
    test.org.only("Event").await;
    test.assert_all_synced().await;
}

#[rstest]
#[tokio::test]
async fn an_archived_source_is_not_known_and_an_archived_host_cannot_be_booked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    prune(&test, "hosts:\n  ann: {name: Ann, email: ann@seller.example, time_zone: UTC}\nsources: {}\n").await;
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 404);
    let hosts = test.app.store.hosts().await.expect("a list");
    assert_eq!(hosts.iter().map(|host| host.key.as_str()).collect::<Vec<_>>(), ["ann"]);
}

#[rstest]
#[tokio::test]
async fn a_hosts_salesforce_user_can_be_set_by_hand(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let other = json!({"User": [{"FirstName": "A", "LastName": "Host", "Username": "a@other.example", "Email": "a@other.example", "Alias": "a", "IsActive": true, "UserType": "Standard", "@ref": "other"}]});
    test.org.load(other).await;
    let users = test.org.records("User").await;
    let id =
        users.iter().find(|user| user["Email"] == "a@other.example").expect("loaded")["Id"].as_str().expect("an id");
    let text = format!(
        "hosts:\n  ann: {{name: Ann Host, email: ann@seller.example, time_zone: Europe/London, salesforce_users: {{main: {id}}}}}\n"
    );
    assert_eq!(
        words(&test.apply(&text).await.expect("applied").changes),
        [format!("Change host ann: salesforce_users.main nothing -> {id}")]
    );
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Event").await["OwnerId"], id);
    // Taken back, the user with the host's email counts again.
    test.apply(&text.replace(&format!("{{main: {id}}}"), "")).await.expect("applied");
    test.deliver(&Delivery::created().by("u-2", "Joe Roe", "joe@acme.example").json()).await;
    test.sync().await;
    let owners: Vec<_> = test.org.records("Event").await.iter().map(|event| event["OwnerId"].clone()).collect();
    assert!(owners.iter().any(|owner| owner != id), "{owners:?}");
}

#[rstest]
#[tokio::test]
async fn how_attendees_are_written_is_configured_by_event_type(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text =
        configuration(&test.org.url).replace("{connection: main}", "{connection: main, attendee_record_type: lead}");
    assert_eq!(
        words(&test.apply(&text).await.expect("applied").changes),
        ["Change event type discovery-call: salesforce.attendee_record_type contact (the default) -> lead"]
    );
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    assert_eq!(test.org.only("Lead").await["Email"], "jane@acme.example");
    assert_eq!(test.org.records("Contact").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_new_value_of_a_secret_is_a_change_and_a_value_that_is_not_given_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let text = "sources:\n  calcom: {kind: cal.com, name: Cal.com, secret: {secret: WEBHOOK}}\n";
    assert_eq!(planned(&test, text, false).await, [""; 0]);
    std::fs::write(test.secrets_folder().join("WEBHOOK"), "").expect("written");
    assert_eq!(planned(&test, text, false).await, [""; 0], "without its value it stays as it is");
    assert_eq!(test.deliver(&Delivery::created().json()).await.status, 200);
    std::fs::write(test.secrets_folder().join("WEBHOOK"), "hunter2").expect("written");
    let expected = ["Change source calcom: secret the value before -> a new value"];
    assert_eq!(planned(&test, text, false).await, expected);
    assert_eq!(words(&test.apply(text).await.expect("applied").changes), expected);
    let body = Delivery::rescheduled().json().to_string();
    let old = test.post_webhook("calcom", &body, Some(&sign(body.as_bytes()))).await;
    assert_eq!(old.status, 401, "signed with {WEBHOOK_SECRET}, which holds no longer");
    let other = edit(&text.replace("WEBHOOK", "ANOTHER"), false).expect("sound");
    let missing = test.change(None, &other).await.expect_err("there is no such value").to_string();
    assert!(missing.starts_with("test.yaml:2:50: sources.calcom.secret: the secret ANOTHER is not there"), "{missing}");
    for entry in test.app.store.audit_log(20).await.expect("the log") {
        assert!(!format!("{entry:?}").contains("hunter2"), "a secret is in the log");
    }
}

#[rstest]
#[tokio::test]
async fn nobody_can_lock_everybody_out(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let key = add_user(&test.app, "eve@seller.example", "admin").await;
    let refused = test.change(None, &edit("users: {}\n", true).expect("sound")).await.expect_err("no admin is left");
    assert!(refused.to_string().starts_with("test.yaml:1:1: users: no admin would be left"), "{refused}");
    let text = "users:\n  new: {email: new@seller.example, name: New, role: admin}\n";
    assert_eq!(
        prune(&test, text).await,
        ["Add user new: email new@seller.example; name New; role admin", "Archive user eve", "Archive user ops"]
    );
    let answer = test.get_authorized("/api/v1/bookings", &format!("Bearer {key}")).await;
    assert_eq!(answer.status, 401, "the keys of who is archived are gone");
    let text = "users:\n  eva: {email: eve@seller.example, name: Eva, role: viewer}\n";
    test.apply(text).await.expect("the email is free again");
}

#[rstest]
#[tokio::test]
async fn secrets_are_sealed_anew_while_instances_run_that_know_both_keys(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    test.deliver(&Delivery::created().json()).await;
    test.sync().await;
    test.deliver(&Delivery::created().by("uid-9", "Joe Doe", "joe@acme.example").json()).await;
    let new = Vault::from_key(&SecretString::from("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")).expect("a key");
    let both = new.clone().with_other(&test.app.vault);
    let actor = Actor { who: "dana".into(), via: "cli".into(), address: None };
    let source = "sources:\n  calcom: {kind: cal.com, name: Cal.com, secret: {secret: WEBHOOK}, api_key: {secret: CALCOM_KEY}}\n";
    test.apply(source).await.expect("applied");
    test.pass(SignedDuration::from_secs(1));
    let resealed = test.app.store.seal_anew(&both, &actor, test.app.clock.now()).await.expect("sealed anew");
    assert_eq!((resealed.count, resealed.lost), (4, 0), "client secret, access token, webhook secret, API key");
    let again = test.app.store.seal_anew(&both, &actor, test.app.clock.now()).await.expect("nothing to do");
    assert_eq!(again.count, 0);
    let other_instance = test.app.vault.clone().with_other(&new);
    for secret in test.app.store.sealed_secrets().await.expect("secrets") {
        assert!(new.open(&secret.place, &secret.sealed).is_ok(), "{} needs the old key", secret.path());
        assert!(test.app.vault.open(&secret.place, &secret.sealed).is_err(), "the old key opens {}", secret.path());
        assert!(other_instance.open(&secret.place, &secret.sealed).is_ok(), "an instance that knows both keys");
    }
    let running = test.engine_with(other_instance);
    running.drain().await.expect("it goes on beside the rotation");
    assert_eq!(test.org.records("Event").await.len(), 2);
    let latest = test.app.store.audit_log(1).await.expect("the log").remove(0);
    assert_eq!((latest.words, latest.version), (vec!["Seal 4 secrets with another encryption key".to_owned()], None));
}

/// What is written to Salesforce, with every setting and awkward values.
const WRITES: &str = ", salesforce: {attendee_record_type: contact_under_account, no_account: nothing, contact_counts: rules_decide, \
    create_contact_under_account: false, check_for_existing_contact: false, relate_event_to: opportunity, \
    event_fields_on_booking: {fields: [{field: A__c, type: custom, value: \"{company|a: b} {{ \\u2028 # 'x'\\nline two\"}, \
    {field: B__c, type: checkbox, value: true}]}, person_fields_on_booking: {enabled: false, fields: [{field: C__c, type: text, \
    value: \"- ~\", when: if_empty}]}, event_fields_on_cancel: {enabled: true}, person_fields_on_cancel: {fields: [{field: D__c, \
    type: date, value: booking_cancel_date, when: always}]}, change_record_owner: {to: organizer, only_from: [00G000000000001EAA]}, \
    exclude_record_types: {contact: [Partner, 'no: 1'], account: ['012000000000001AAA']}, new_record_types: {lead: Default}, \
    lead_assignment_rules: true}";

/// How Accounts are looked up.
const LOOKUPS: [&str; 4] = [
    "",
    ", account_lookup: search, fuzzy_domain_matching: true, domain_fields: [Website, Domain__c]",
    ", account_lookup: soql",
    ", lookup_share_percent: 0, sync_reserve_percent: 100",
];

/// Configurations of every shape, as files. Names and references are small numbers, so that entries meet again.
fn any_file() -> impl Strategy<Value = String> {
    let text = "[^\\p{C}\\s]([^\\p{C}]{0,20}[^\\p{C}\\s])?".prop_map(|text| json!(text).to_string());
    let host = (text.clone(), any::<bool>())
        .prop_map(|(name, zone)| (name, if zone { "Europe/Berlin" } else { "America/New_York" }));
    let event_type = (text.clone(), 1..1441_u16, prop::collection::btree_set(0..4_usize, 1..4), 0..6_u8, any::<bool>());
    (
        prop::option::of((text.clone(), prop::sample::select(&LOOKUPS))),
        prop::collection::vec(host, 4..8),
        prop::collection::vec(event_type, 0..6),
        prop::collection::vec(text.clone(), 0..4),
        prop::collection::vec((text, 0..3_usize), 0..4),
    )
        .prop_map(|(connection, hosts, event_types, sources, users)| {
            let mut lines = vec!["connections:".to_owned()];
            let connected = connection.is_some();
            lines.extend(connection.map(|(name, lookup)| format!("  main: {{name: {name}, login_host: \"ORG\", grant: client_credentials, client_id: {name}, client_secret: {{secret: CLIENT}}{lookup}}}")));
            lines.push("hosts:".to_owned());
            for (at, (name, zone)) in hosts.iter().enumerate() {
                let by_hand = if connected && at % 2 == 0 { ", salesforce_users: {main: 005000000000001AAA}" } else { "" };
                lines.push(format!("  h{at}: {{time_zone: {zone}, name: {name}, email: h{at}@seller.example{by_hand}}}"));
            }
            lines.push("event_types:".to_owned());
            for (at, (title, minutes, hosts, salesforce, slug)) in event_types.iter().enumerate() {
                let hosts: Vec<String> = hosts.iter().map(|host| format!("h{host}")).collect();
                let salesforce = match salesforce {
                    0 => "",
                    1 => ", salesforce: {enabled: false}",
                    2 if connected => ", salesforce: {connection: main}",
                    3 if connected => ", salesforce: {connection: main, enabled: true, attendee_record_type: lead, ignore_guests: true, no_show_field: No_Show__c}",
                    4 => WRITES,
                    _ => ", salesforce: {}",
                };
                let slug = if *slug { format!(", slug: s{at}") } else { String::new() };
                lines.push(format!("  e{at}: {{title: {title}, length_minutes: {minutes}, hosts: [{}]{slug}{salesforce}}}", hosts.join(", ")));
            }
            lines.push("sources:".to_owned());
            let polled = |at| [
                "",
                ", api_key: {secret: CALCOM_KEY}",
                ", api_key: {secret: CALCOM_KEY}, api_url: 'https://cal.seller.example/api/', poll_minutes: 5",
            ][at % 3];
            lines.extend(sources.iter().enumerate().map(|(at, name)| format!("  s{at}: {{kind: cal.com, name: {name}, secret: {{secret: WEBHOOK}}{}}}", polled(at))));
            lines.push("users:\n  admin: {email: admin@seller.example, name: Admin, role: admin}".to_owned());
            lines.extend(users.iter().enumerate().map(|(at, (name, role))| {
                format!("  u{at}: {{email: u{at}@seller.example, name: {name}, role: {}}}", ["admin", "member", "viewer"][*role])
            }));
            lines.join("\n")
        })
}

#[rstest]
#[tokio::test]
async fn three_hundred_configurations_come_back_byte_for_byte(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(test) = TestApp::unconfigured(engine).await else { return };
    let mut runner = TestRunner::deterministic();
    let mut changes = 0;
    for _ in 0..300 {
        let text = any_file().new_tree(&mut runner).expect("a file").current().replace("ORG", &test.org.url);
        changes += prune(&test, &text).await.len();
        let first = exported(&test).await;
        assert_eq!(planned(&test, &text, true).await, [""; 0], "applied again, this changes something:\n{text}");
        assert_eq!(prune(&test, &first).await, [""; 0], "the export differs from what is there:\n{first}");
        let second = exported(&test).await;
        assert_eq!(first, second);
        assert_eq!(workspace_file::write(&workspace_file::read(&first, "x").expect("sound").document), first);
    }
    assert!(changes > 3_000, "these configurations are too much alike: {changes} changes");
}
