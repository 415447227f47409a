//! What a decision on a host costs where nothing must be asked any more: Accounts that are tied at every rule, so that the
//! lowest id decides at last.
//!
//! `cargo bench -p domain --bench decide`. A call to an org takes about 100 ms; a decision on 50 candidates shall take well
//! under a hundredth of that. Every rule is on, and the booker's place is known down to the postal code; the sub-region is
//! found in the last of 50 rows of the admin's table.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use domain::account::{AccountRow, Coverage};
use domain::account_resolution::ResolutionInput;
use domain::ask::{Answer, Ask, Known, Next, RecordId};
use domain::email_domain::EmailAddress;
use domain::geo::{Country, Geo, SubRegionRow, SubRegionTable};
use domain::round_robin::{HostId, Turns};
use domain::routing::{
    BookDirectly, OwnerOf, RoutingDecision, RoutingHost, RoutingInput, RoutingTrace, Scheduling, decide,
};
use domain::salesforce_settings::AttendeeRecordType;
use domain::tiebreak::{RULES, Situation, TiebreakSettings};
use domain::trace::StageKey;
use jiff::Timestamp;
use jiff::civil::date;

/// How often a decision is timed.
const SAMPLES: usize = 500;
/// A hundredth of a call to an org.
const AIM: Duration = Duration::from_millis(1);
const ROWS: usize = 50;
const SUB_REGION_FIELD: &str = "Sales_Region__c";

fn main() {
    say(&format!("{:>10} {:>12} {:>12} {:>14}", "candidates", "middle", "slowest", "per candidate"));
    for candidates in [5, 50, 500] {
        let (middle, slowest) = timed(candidates);
        let each = middle / u32::try_from(candidates).expect("a small number");
        say(&format!("{candidates:>10} {middle:>12?} {slowest:>12?} {each:>14?}"));
        assert!(candidates > 50 || middle < AIM, "{candidates} candidates took {middle:?}; {AIM:?} is too much");
    }
}

/// The middle and the greatest time of a decision on so many candidates.
fn timed(candidates: usize) -> (Duration, Duration) {
    let input = input();
    let known = known(&input, candidates);
    let run = || {
        let started = Instant::now();
        let (decision, trace) = done(&input, &known).expect("everything is known");
        let took = started.elapsed();
        check(&decision, &trace, candidates);
        took
    };
    // The first use of a list of names reads it.
    run();
    let mut times: Vec<Duration> = (0..SAMPLES).map(|_| run()).collect();
    times.sort_unstable();
    (times[SAMPLES / 2], times[SAMPLES - 1])
}

/// The lowest id decides, and no rule removed any candidate or was skipped.
fn check(decision: &RoutingDecision, trace: &RoutingTrace, candidates: usize) {
    assert_eq!(decision.account, Some(id("001", 0)));
    let stages = &trace.account.as_ref().expect("an Account was looked for").stages;
    let rules = stages.iter().filter(|stage| matches!(stage.key, StageKey::Rule(_)) && stage.seen.len() == candidates);
    assert_eq!(rules.count(), RULES.len(), "every rule sees every candidate: {stages:#?}");
}

fn done(input: &RoutingInput, known: &Known) -> Option<(RoutingDecision, RoutingTrace)> {
    match decide(input, known) {
        (Next::Done(decision), trace) => Some((decision, trace)),
        (Next::Ask(_), _) => None,
    }
}

/// All that a decision asks for.
fn known(input: &RoutingInput, candidates: usize) -> Known {
    let rows: Vec<AccountRow> = (0..candidates).map(account).collect();
    let mut known = Known::new();
    while let (Next::Ask(asks), _) = decide(input, &known) {
        known.extend(asks.into_iter().map(|ask| {
            let answer = answer(&ask, &rows);
            (ask, Ok(answer))
        }));
    }
    known
}

fn answer(ask: &Ask, rows: &[AccountRow]) -> Answer {
    match ask {
        Ask::ContactsWithAccounts { .. } => Answer::ContactsWithAccounts(vec![]),
        Ask::AccountsByWebsite(_) => Answer::Accounts { rows: rows.to_vec(), coverage: Coverage::Complete },
        Ask::AccountsByContactDomain { .. } => {
            Answer::DomainGroups { groups: vec![], coverage: Coverage::Complete, not_grouped: [].into() }
        }
        Ask::RelatedCount { of, .. } => Answer::RelatedCount(of.iter().map(|id| (id.clone(), 7)).collect()),
        other => panic!("a decision by website does not ask {other:?}"),
    }
}

fn input() -> RoutingInput {
    let email = EmailAddress::parse("jane@acme.com").expect("an address");
    let settings = TiebreakSettings {
        sub_region_field: Some(SUB_REGION_FIELD.to_owned()),
        sub_regions: SubRegionTable { rows: (1..=ROWS).map(row).collect() },
        ..TiebreakSettings::default()
    };
    let place = Geo::of(Country::parse("DE"), Some("BY"), Some("München"), Some("80331"));
    let situation = Situation::with(&settings, place, []);
    RoutingInput {
        email: Some(email.clone()),
        event_type: "demo".into(),
        scheduling: Scheduling::RoundRobin,
        hosts: vec![host()],
        book_directly: BookDirectly { enabled: true, owner_of: Some(OwnerOf::Account), ..BookDirectly::default() },
        record_type: AttendeeRecordType::ContactUnderAccount,
        resolution: Some(Box::new(ResolutionInput { situation, ..ResolutionInput::new(email) })),
        unseen_fields: BTreeMap::new(),
        not_asked: None,
    }
}

/// A row of the booker's state; the last is of their city, and agrees.
fn row(number: usize) -> SubRegionRow {
    let is_last = number == ROWS;
    SubRegionRow {
        country: Country::parse("DE"),
        region: "Bayern".into(),
        city: if is_last { "München".into() } else { format!("Neustadt {number}") },
        postal_prefix: if is_last { "803".into() } else { format!("9{number}") },
        value: if is_last { "Süd".into() } else { format!("Gebiet {number}") },
    }
}

fn account(number: usize) -> AccountRow {
    let fields = [
        ("Website", "https://www.acme.com/"),
        ("BillingCountry", "Germany"),
        ("BillingState", "Bavaria"),
        (SUB_REGION_FIELD, "SÜD"),
    ];
    AccountRow {
        id: id("001", number),
        name: format!("Acme {number}"),
        owner: id("005", 0),
        record_type: None,
        person_account: false,
        created: Timestamp::from_second(1_500_000_000).expect("in range"),
        last_activity: Some(date(2026, 4, 1)),
        fields: fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
    }
}

fn host() -> RoutingHost {
    RoutingHost {
        id: HostId("hst_1".into()),
        name: "Ann".into(),
        user: Some(id("005", 0)),
        enabled: true,
        weight: NonZeroU32::MIN,
        priority: 0,
        last_booked: None,
        balance: Turns::ZERO,
        free_at_slot: None,
        free_within_horizon: None,
    }
}

fn id(prefix: &str, number: usize) -> RecordId {
    RecordId(format!("{prefix}{number:012}AAA"))
}

#[allow(clippy::print_stdout, reason = "a bench prints what it measured")]
fn say(line: &str) {
    println!("{line}");
}
