//! Look-ups in a large org: 200,000 accounts and 1,000,000 contacts, in process and without HTTP.
//!
//! `cargo bench -p orgsim --bench org`. Prints what loading took and the most memory the process had, then the times of
//! the look-ups, each in the large org and in one a hundredth its size: a look-up by index is as fast in both.

use std::time::{Duration, Instant};

use orgsim::id::SalesforceId;
use orgsim::loader;
use orgsim::org::Org;
use orgsim::schema;
use orgsim::soql;
use orgsim::view::View;
use orgsim::worlds::integration_user;
use serde_json::{Map, Value as Json, json};

const ACCOUNTS: usize = 200_000;
const CONTACTS_PER_ACCOUNT: usize = 5;
/// Records per load, as a test would send them.
const BATCH: usize = 2_000;
/// How often a look-up is timed.
const SAMPLES: usize = 2_000;

fn main() {
    let small = loaded(ACCOUNTS / 100);
    let started = Instant::now();
    let large = loaded(ACCOUNTS);
    say(&format!(
        "loaded {ACCOUNTS} accounts and {} contacts in {:?}",
        ACCOUNTS * CONTACTS_PER_ACCOUNT,
        started.elapsed()
    ));
    say(&format!("{:<34} {:>12} {:>12} {:>12}", "look-up", "small org", "large org", "slowest"));
    for (name, statement) in lookups() {
        let (few, _) = timed(&small, ACCOUNTS / 100, &statement);
        let (many, slowest) = timed(&large, ACCOUNTS, &statement);
        say(&format!("{name:<34} {few:>12?} {many:>12?} {slowest:>12?}"));
    }
    say(&format!("most memory: {}", peak_memory()));
}

/// A look-up of an account's or a contact's number, as a statement.
type Lookup = Box<dyn Fn(usize) -> String>;

fn lookups() -> Vec<(&'static str, Lookup)> {
    let id = |prefix: &[u8; 3], number: usize| SalesforceId::from_number(prefix, b"Sim", number as u64 + 1);
    vec![
        ("Contact by Id", Box::new(move |n| format!("SELECT Id, Name FROM Contact WHERE Id = '{}'", id(b"003", n)))),
        ("Contact by Email", Box::new(|n| format!("SELECT Id FROM Contact WHERE Email = 'person{n}@company{n}.com'"))),
        ("Account by external id", Box::new(|n| format!("SELECT Id FROM Account WHERE Number__c = 'A{n}'"))),
        (
            "Contacts of an account",
            Box::new(move |n| format!("SELECT Id FROM Contact WHERE AccountId = '{}'", id(b"001", n))),
        ),
        (
            "Contact, account by path",
            Box::new(|n| {
                format!(
                    "SELECT Id, Account.Name FROM Contact WHERE Email IN ('person{n}@company{n}.com', 'none@x.com')"
                )
            }),
        ),
        ("first 200 contacts by Id", Box::new(|_| "SELECT Id FROM Contact ORDER BY Id LIMIT 200".to_owned())),
    ]
}

/// The middle and the greatest time of a look-up. Every look-up finds something.
fn timed(org: &Org, accounts: usize, statement: &dyn Fn(usize) -> String) -> (Duration, Duration) {
    let view = View::new(org, integration_user(), false);
    let run = |sample: usize| {
        // A step that shares no factor with the number of accounts comes to all of them.
        let statement = statement(sample * 7_919 % accounts);
        let started = Instant::now();
        let answer =
            soql::query(&statement, &view, "66.0").unwrap_or_else(|error| panic!("{statement}: {}", error.message));
        assert!(answer.total > 0, "{statement} found nothing");
        started.elapsed()
    };
    // The first use of an index builds it.
    run(0);
    let mut times: Vec<Duration> = (1..=SAMPLES).map(run).collect();
    times.sort_unstable();
    (times[SAMPLES / 2], times[SAMPLES - 1])
}

fn loaded(accounts: usize) -> Org {
    let mut org = Org::new(schema::standard());
    let number = json!({"name": "Number__c", "type": "string", "length": 20, "externalId": true, "unique": true});
    org.put_field("Account", schema::custom_field(&number).expect("a good field"));
    let user = json!({"LastName": "Integration", "Username": "integration@northwind.example", "TimeZoneSidKey": "UTC"});
    load(&mut org, "User", vec![user]);
    for start in (0..accounts).step_by(BATCH) {
        load(&mut org, "Account", (start..(start + BATCH).min(accounts)).map(account).collect());
    }
    for start in (0..accounts * CONTACTS_PER_ACCOUNT).step_by(BATCH) {
        let batch = start..(start + BATCH).min(accounts * CONTACTS_PER_ACCOUNT);
        load(&mut org, "Contact", batch.map(|number| contact(number, accounts)).collect());
    }
    org
}

fn account(number: usize) -> Json {
    json!({"Name": format!("Company {number}"), "Website": format!("www.company{number}.com"), "Number__c": format!("A{number}")})
}

fn contact(number: usize, accounts: usize) -> Json {
    let account = number % accounts;
    json!({
        "FirstName": "Person", "LastName": format!("Number {number}"),
        "Email": format!("person{number}@company{account}.com"),
        "AccountId": SalesforceId::from_number(b"001", b"Sim", account as u64 + 1).as_str(),
    })
}

fn load(org: &mut Org, object: &str, rows: Vec<Json>) {
    let records = Map::from_iter([(object.to_owned(), Json::from(rows))]);
    loader::load(org, integration_user(), &records).unwrap_or_else(|error| panic!("{error}"));
}

/// The most memory this process ever had, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "not told by this system".to_owned(), |peak| peak.trim().to_owned())
}

#[allow(clippy::print_stdout, reason = "a bench prints what it measured")]
fn say(line: &str) {
    println!("{line}");
}
