//! Throws broken workspace files at the reader, as many as asked for: `cargo bench --bench hostile_files -- 10000000`.
//! A panic, a refusal without a reason, or an export that does not come back ends it with the file that did it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use matchbook::workspace_file::{Document, check, read, write};
use salesforce::auth::LoopbackPolicy;

/// Files to begin with.
const SEEDS: &[&str] = &[
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

#[allow(clippy::print_stderr, reason = "a bench tells its figures")]
fn main() {
    let count: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(100_000);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, begun) = (0_u64, Instant::now());
    for number in 0..count {
        let text = mutated(&mut random);
        match catch_unwind(AssertUnwindSafe(|| judge(&text))) {
            Ok(sound) => accepted += u64::from(sound),
            Err(_) => {
                eprintln!("file {number} broke the reader:\n{text:?}");
                std::process::exit(1);
            }
        }
    }
    let seconds = begun.elapsed().as_secs();
    eprintln!("{count} files, {accepted} of them accepted, no panic, {seconds} s");
}

/// A seed with a few parts removed, doubled, or replaced by pieces or parts of another.
fn mutated(random: &mut Random) -> String {
    let mut chars: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
    for _ in 0..=random.below(6) {
        let at = random.below(chars.len() + 1);
        let end = (at + random.below(12)).min(chars.len());
        let new: Vec<char> = match random.below(4) {
            0 => Vec::new(),
            1 => chars[at..end].repeat(2),
            2 => PIECES[random.below(PIECES.len())].chars().collect(),
            _ => {
                let other: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
                let from = random.below(other.len());
                let to = (from + random.below(80)).min(other.len());
                other[from..to].to_vec()
            }
        };
        chars.splice(at..end, new);
    }
    chars.into_iter().collect()
}

/// Whether a file is accepted; all that is done with one is done.
fn judge(text: &str) -> bool {
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
