//! Throws broken input at what reads it, as much as asked for: `cargo bench --bench hostile_input -- 10000000 files`, or
//! `webhooks`, or `pages`. A panic, a refusal without a reason, or an export that does not come back ends it with the input that did it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use jiff::Timestamp;
use matchbook::sources::{self, Content};
use matchbook::workspace_file::{Document, check, read, write};
use salesforce::auth::LoopbackPolicy;
use serde_json::{Value, json};

/// Files to begin with.
const FILES: &[&str] = &[
    include_str!("../src/cli/demo.yaml"),
    "connections:\n  a: {name: A, login_host: 'https://x.my.salesforce.com', grant: jwt_bearer, client_id: a, username: u, private_key: {secret: A}}\n",
    "hosts:\n  dana: {name: \"Dana \\u00e9\", email: d@x.example, time_zone: UTC, salesforce_users: {a: 005000000000001AAA}}\n",
    "event_types:\n  e:\n    title: |\n      Intro\n    length_minutes: 30\n    hosts:\n    - dana\n    salesforce: {enabled: false, connection: ~}\n",
    "{\"users\": {\"u\": {\"email\": \"u@x.example\", \"name\": \"U\", \"role\": \"admin\"}}}",
    "sources: {c: {kind: cal.com, name: 'It''s', secret: {secret: C}}}\n---\n# comment\nhosts: &a *a\n",
];

/// What is put in besides pieces of the seeds.
const PIECES: &[&str] = &[
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "\n",
    "\n  ",
    "\n\t",
    "&a ",
    "*a",
    "!!str ",
    "\"",
    "'",
    "|",
    ">-",
    "? ",
    "#",
    "~",
    "null",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\u{feff}",
    "\0",
    "é",
    "\u{2028}",
    "\r\n",
    "true",
    "1e999",
    "-0",
    "\\u0000",
    "secret",
    "hosts:",
    "event_types:",
    "users:",
    "connections:",
    "sources:",
    "salesforce:",
    "\"\\ud800\"",
    "[[[[[[[[",
    "{\"a\":",
    "payload",
    "BOOKING_CREATED",
];

/// A xorshift generator: the same files at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

/// Deliveries to begin with.
const WEBHOOKS: &[&str] = &[
    include_str!("../tests/data/calcom/created.json"),
    include_str!("../tests/data/calcom/rescheduled.json"),
    include_str!("../tests/data/calcom/cancelled.json"),
    include_str!("../tests/data/calcom/flat_in_list.json"),
    include_str!("../tests/data/calcom/no_show.json"),
    include_str!("../tests/data/calcom/meeting_ended.json"),
];

/// Answers of a source that is asked, to begin with.
const PAGES: &[&str] = &[include_str!("../tests/data/calcom/shown.json")];

/// What is thrown at, what is thrown first, and how it is judged: whether it was accepted.
struct Target {
    name: &'static str,
    seeds: &'static [&'static str],
    judge: fn(&str) -> bool,
}

const TARGETS: &[Target] = &[
    Target { name: "files", seeds: FILES, judge: judge_file },
    Target { name: "webhooks", seeds: WEBHOOKS, judge: judge_webhook },
    Target { name: "pages", seeds: PAGES, judge: judge_page },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count: u64 = arguments.iter().filter_map(|argument| argument.parse().ok()).next().unwrap_or(100_000);
    let named = |target: &&Target| arguments.iter().any(|argument| argument == target.name);
    let all = !TARGETS.iter().any(|target| named(&target));
    TARGETS.iter().filter(|target| all || named(target)).for_each(|target| throw(target, count));
}

#[allow(clippy::print_stderr, reason = "a bench tells its figures")]
fn throw(target: &Target, count: u64) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, begun) = (0_u64, Instant::now());
    for number in 0..count {
        let text = hostile(&mut random, target.seeds);
        match catch_unwind(AssertUnwindSafe(|| (target.judge)(&text))) {
            Ok(sound) => accepted += u64::from(sound),
            Err(_) => {
                eprintln!("{} {number} broke the reader:\n{text:?}", target.name);
                std::process::exit(1);
            }
        }
    }
    let seconds = begun.elapsed().as_secs();
    eprintln!("{count} {}, {accepted} of them accepted, no panic, {seconds} s", target.name);
}

/// A seed with odd values in it where it is JSON, or broken as a text, or both.
fn hostile(random: &mut Random, seeds: &[&str]) -> String {
    let seed = seeds[random.below(seeds.len())];
    let odd = match serde_json::from_str::<Value>(seed) {
        Ok(mut json) if random.below(4) > 0 => {
            for _ in 0..=random.below(3) {
                let place = random.below(40);
                make_odd(&mut json, place, random);
            }
            json.to_string()
        }
        _ => seed.to_owned(),
    };
    if odd != seed && random.below(2) == 0 { odd } else { mutated(random, &odd, seeds) }
}

/// Replaces, empties or doubles the value at a place in a walk through a document.
fn make_odd(json: &mut Value, place: usize, random: &mut Random) {
    let members: Vec<&mut Value> = match json {
        Value::Object(members) => members.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    let count = members.len();
    if let Some(member) = members.into_iter().nth(random.below(count)).filter(|_| !place.is_multiple_of(5)) {
        return make_odd(member, place / 2, random);
    }
    *json = match random.below(16) {
        0 => Value::Null,
        1 => json!({}),
        2 => json!([]),
        3 => json!([json.clone(), json.clone()]),
        4 => json!({"value": json.clone(), "label": 7}),
        5 => json!(i64::MIN),
        6 => json!(1e308),
        7 => json!(true),
        8 => json!("\0\u{2028}\u{feff} "),
        9 => json!("x".repeat(40_000)),
        10 => json!("2026-02-30T25:61:61Z"),
        11 => json!("-009999-01-02T01:59:59Z"),
        12 => json!("9999-12-31T23:59:59.999999999+00:00"),
        13 => json!("+4915112345678@sms.cal.com"),
        14 => json!("é@x.example"),
        _ => json!("BOOKING_CANCELLED"),
    };
}

/// A text with a few parts removed, doubled, or replaced by pieces or parts of a seed.
fn mutated(random: &mut Random, text: &str, seeds: &[&str]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(6) {
        let at = random.below(chars.len() + 1);
        let end = (at + random.below(12)).min(chars.len());
        let new: Vec<char> = match random.below(4) {
            0 => Vec::new(),
            1 => chars[at..end].repeat(2),
            2 => PIECES[random.below(PIECES.len())].chars().collect(),
            _ => {
                let other: Vec<char> = seeds[random.below(seeds.len())].chars().collect();
                let from = random.below(other.len());
                let to = (from + random.below(80)).min(other.len());
                other[from..to].to_vec()
            }
        };
        chars.splice(at..end, new);
    }
    chars.into_iter().collect()
}

/// Whether a page is read; each of its bookings is read as a delivery.
fn judge_page(text: &str) -> bool {
    let kind = sources::kind("cal.com").expect("a kind of source");
    match (kind.polling.read)(text.as_bytes()) {
        Err(message) => {
            assert!(!message.is_empty(), "a refusal says why");
            false
        }
        Ok(page) => {
            page.bookings.iter().for_each(|shown| drop((kind.read)(&shown.body, Timestamp::UNIX_EPOCH)));
            true
        }
    }
}

/// Whether a delivery changes a booking. Read again it must say the same.
fn judge_webhook(text: &str) -> bool {
    let received_at = Timestamp::UNIX_EPOCH;
    let kind = sources::kind("cal.com").expect("a kind of source");
    let read = (kind.read)(text.as_bytes(), received_at);
    assert_eq!(read, (kind.read)(text.as_bytes(), received_at), "a kept delivery reads the same again");
    match read {
        Err(unreadable) => {
            assert!(!unreadable.message.is_empty() && !unreadable.idempotency_key.is_empty(), "a refusal says why");
            false
        }
        Ok(delivery) => {
            if let Content::Change(change) = &delivery.content {
                let change = &change.change;
                assert!(change.booking.start <= change.booking.end && change.occurred_at <= received_at);
                assert!(!change.booking.title.contains('\0'), "the databases refuse NUL");
            }
            matches!(delivery.content, Content::Change(_))
        }
    }
}

/// Whether a file is accepted; all that is done with one is done.
fn judge_file(text: &str) -> bool {
    match read(text, "hostile.yaml") {
        Err(errors) => {
            assert!(!errors.is_empty(), "a refused file must say why");
            false
        }
        Ok(file) => {
            let document = Document::default().with(&file.document, true);
            for problem in check(&document, LoopbackPolicy::Refuse, |path| file.has(path)) {
                assert!(file.locate(&problem).at.line > 0, "lines count from 1");
            }
            let written = write(&document);
            let again = read(&written, "export.yaml").expect("an export is sound");
            assert_eq!(write(&again.document), written, "an export comes back");
            true
        }
    }
}
