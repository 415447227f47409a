//! What a decision on a host costs end to end, against an org with ever more Accounts and five Contacts each.
//!
//! `cargo bench -p matchbook --bench decision -- 2000 20000 200000` prints a table: calls, the median time of a
//! `POST /api/v1/routing-decisions` by HTTP, and the rows that the org's queries read, by an index and without one. The
//! simulated org answers at once, so the time is the work of both in this process.

#[allow(dead_code, reason = "the tests' harness, of which a bench needs a part")]
#[path = "../tests/it/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{TestApp, configuration_with, user};

const CONTACTS_PER_ACCOUNT: usize = 5;
/// Records per load.
const BATCH: usize = 5_000;
const ROUNDS: usize = 11;
/// Of so many Accounts one has no website, and is known by its people's emails alone.
const WITHOUT_WEBSITE: usize = 10;

/// What of the resolution is measured.
type Case = (&'static str, fn(usize) -> String, &'static str);

/// Name, email of the booker of an Account's number, and what the decision then says.
const CASES: [Case; 5] = [
    ("known Contact", |n| format!("person{n}@{}", domain(n)), "who owns Company"),
    ("exact website", |n| format!("new@{}", domain(with_website(n))), "who owns Company"),
    ("colleagues' emails only", |n| format!("new@{}", domain(without_website(n))), "who owns Company"),
    ("other suffix (fuzzy)", |n| format!("new@company{}.co.jp", with_website(n)), "who owns Company"),
    ("nobody", |n| format!("new@nobody{n}.example"), "no account was found"),
];

#[allow(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![2_000, 20_000] } else { sizes };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| Accounts | Contacts | by | decision | calls | median ms | rows by index | rows without | per query |");
    println!("|---:|---:|---|---|---:|---:|---:|---:|---|");
    for accounts in sizes {
        let contacts = accounts * CONTACTS_PER_ACCOUNT;
        for (way, case, measured) in runtime.block_on(measure(accounts)) {
            let Measured { calls, mut times, by_index, without, queries } = measured;
            times.sort_unstable();
            let millis = times[times.len() / 2].as_secs_f64() * 1000.0;
            println!(
                "| {accounts} | {contacts} | {way} | {case} | {calls} | {millis:.1} | {by_index} | {without} | {queries} |"
            );
        }
    }
}

/// What one kind of decision cost: the last one's calls and rows, and all their times.
#[derive(Default)]
struct Measured {
    calls: u64,
    times: Vec<Duration>,
    by_index: u64,
    without: u64,
    queries: String,
}

/// How an admin lets Accounts be found: what the connection says.
const WAYS: [(&str, &str); 3] = [
    ("Website", ""),
    ("an indexed field", "    domain_fields: [Domain__c]\n"),
    ("search", "    account_lookup: search\n"),
];

type Row = (&'static str, &'static str, Measured);

async fn measure(accounts: usize) -> Vec<Row> {
    let test = TestApp::by_the_systems_clock().await;
    test.org.load(json!({"User": [user("ben@seller.example")]})).await;
    let domain = json!({"name": "Domain__c", "label": "Domain", "type": "string", "length": 255, "externalId": true});
    test.org.control("POST", "fields", json!({"Account": [domain]})).await;
    load(&test, accounts).await;
    let mut rows = Vec::new();
    for (way, lines) in WAYS {
        let directly = "attendee_record_type: contact_under_account, book_directly: {enabled: true}";
        let text = configuration_with(&test.org.url, directly)
            .replace("hosts: [ann]", "scheduling: round_robin\n    hosts: [ann, ben]")
            .replace("    grant:", &format!("    fuzzy_domain_matching: true\n{lines}    grant:"));
        test.apply(&text).await.expect("the configuration is sound");
        for (case, email, says) in CASES {
            rows.push((way, case, of_case(&test, accounts, email, says).await));
        }
    }
    rows
}

async fn of_case(test: &TestApp, accounts: usize, email: fn(usize) -> String, says: &str) -> Measured {
    let mut measured = Measured::default();
    // The first look-ups fetch describes and build the org's indexes.
    decide(test, &email(0), says).await;
    for round in 1..=ROUNDS {
        test.org.take_calls().await;
        // A step that shares no factor with the number of Accounts.
        let email = email(round * 7_919 % accounts);
        let started = Instant::now();
        decide(test, &email, says).await;
        measured.times.push(started.elapsed());
        measured.see(test).await;
    }
    measured
}

async fn decide(test: &TestApp, email: &str, says: &str) {
    let asked = json!({"event_type": "discovery-call", "email": email, "place": {"country": "DE"}});
    let answer = test.post("/api/v1/routing-decisions", &asked.to_string()).await;
    let sentence = answer.body["sentence"].as_str().unwrap_or_default();
    assert!(answer.status == 200 && sentence.contains(says), "{email}: {}", answer.text);
}

impl Measured {
    /// Reads what the org counted since its calls were forgotten.
    async fn see(&mut self, test: &TestApp) {
        let log = test.org.control("GET", "calls", Value::Null).await;
        self.calls = log["api_calls"].as_u64().expect("a count");
        let calls = log["calls"].as_array().expect("a list of calls");
        let parts = calls.iter().flat_map(|call| match call["subrequests"].as_array() {
            Some(parts) if !parts.is_empty() => parts.iter().collect(),
            _ => vec![call],
        });
        (self.by_index, self.without) = (0, 0);
        let mut queries: BTreeMap<String, u64> = BTreeMap::new();
        for part in parts.filter(|part| part["kind"] == "query" || part["kind"] == "search") {
            let rows = part["rows_scanned"].as_u64().unwrap_or_default();
            let index = part["index_used"].as_str();
            *if index.is_some() { &mut self.by_index } else { &mut self.without } += rows;
            if part["kind"] == "search" {
                *queries.entry("search".to_owned()).or_default() += rows;
                continue;
            }
            let path = part["path"].as_str().unwrap_or_default().replace(['+', '\n'], " ").replace("%20", " ");
            let object = path.split_once(" FROM ").and_then(|(_, rest)| rest.split([' ', '&']).next()).unwrap_or("?");
            *queries.entry(format!("{object} by {}", index.unwrap_or("scan"))).or_default() += rows;
        }
        self.queries = queries.iter().map(|(query, rows)| format!("{query}: {rows}")).collect::<Vec<_>>().join(", ");
    }
}

/// The domain of an Account's people: a few suffixes, as companies have them.
fn domain(number: usize) -> String {
    let suffix = ["com", "com", "com", "de", "co.uk", "io", "fr"][number % 7];
    format!("company{number}.{suffix}")
}

fn with_website(number: usize) -> usize {
    if number.is_multiple_of(WITHOUT_WEBSITE) { number + 1 } else { number }
}

fn without_website(number: usize) -> usize {
    number - number % WITHOUT_WEBSITE
}

/// How people write their website.
fn website(number: usize) -> Option<String> {
    let domain = domain(number);
    (!number.is_multiple_of(WITHOUT_WEBSITE)).then(|| match number % 6 {
        0 | 1 => format!("www.{domain}"),
        2 => format!("https://www.{domain}/"),
        3 => format!("http://{domain}"),
        4 => format!("https://{domain}/en/home?ref=crm"),
        _ => domain,
    })
}

async fn load(test: &TestApp, accounts: usize) {
    let owners = [test.org.only_user("ann@seller.example").await, test.org.only_user("ben@seller.example").await];
    let countries = ["Germany", "United States", "France"];
    let account = |number: usize| {
        let website = website(number);
        let field = website.is_some().then(|| domain(number));
        json!({"@ref": number.to_string(), "Name": format!("Company {number}"), "Website": website, "Domain__c": field,
            "OwnerId": owners[number % 2], "BillingCountry": countries[number % countries.len()]})
    };
    let contact = |number: usize| {
        let at = number / CONTACTS_PER_ACCOUNT;
        let name =
            if number.is_multiple_of(CONTACTS_PER_ACCOUNT) { format!("person{at}") } else { format!("p{number}") };
        json!({"LastName": format!("Number {number}"), "Email": format!("{name}@{}", domain(at)), "AccountId": format!("@{at}")})
    };
    let per_load = BATCH / (CONTACTS_PER_ACCOUNT + 1);
    for first in (0..accounts).step_by(per_load) {
        let these = first..(first + per_load).min(accounts);
        let people = these.start * CONTACTS_PER_ACCOUNT..these.end * CONTACTS_PER_ACCOUNT;
        let records = json!({"Account": these.map(account).collect::<Vec<_>>(), "Contact": people.map(contact).collect::<Vec<_>>()});
        test.org.load(records).await;
    }
}
