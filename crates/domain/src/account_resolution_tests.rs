use std::collections::BTreeSet;

use super::*;
use crate::account::{AccountLookup, AccountRow, ContactRow, DomainGroup, WebsiteReach, WebsiteSearch};
use crate::ask::{Answer, PersonRow, RecordId};
use crate::domain_name::DomainName;
use crate::email_domain::EmailAddress;
use crate::sync_outcome::ErrorClass;
use crate::sync_plan::examples::person_row;

fn id(text: &str) -> RecordId {
    RecordId(text.to_owned())
}

/// An Account whose owner is `owner of <id>`; the later its id, the later it was created.
fn account(name: &str, website: &str) -> AccountRow {
    AccountRow {
        id: id(name),
        name: name.to_owned(),
        owner: id(&format!("owner of {name}")),
        record_type: None,
        person_account: false,
        created: jiff::Timestamp::from_second(i64::from(name.as_bytes()[0])).expect("in range"),
        last_activity: None,
        fields: [("Website".to_owned(), website.to_owned())].into(),
    }
}

fn contact(email: &str, account: Option<AccountRow>) -> ContactRow {
    let person = PersonRow { account: account.as_ref().map(|a| a.id.clone()), ..person_row("003", email) };
    ContactRow { person, account }
}

/// An org that answers every ask from what it holds.
#[derive(Clone)]
struct World {
    contacts: Vec<ContactRow>,
    accounts: Vec<AccountRow>,
    groups: Vec<(AccountRow, u64)>,
    /// Searches that reach further than this find more than can be read.
    too_many: fn(&WebsiteReach) -> bool,
    failing: Option<fn(&Ask) -> bool>,
    /// Fields that rows cannot be grouped by.
    not_grouped: Vec<&'static str>,
}

impl World {
    fn new() -> Self {
        World {
            contacts: vec![],
            accounts: vec![],
            groups: vec![],
            too_many: |_| false,
            failing: None,
            not_grouped: vec![],
        }
    }

    fn answer(&self, ask: &Ask) -> Result<Answer, LookupFailure> {
        if self.failing.is_some_and(|fails| fails(ask)) {
            let message = "It took too long".to_owned();
            return Err(LookupFailure { class: ErrorClass::Passing, code: "QUERY_TIMEOUT".into(), message });
        }
        Ok(match ask {
            Ask::ContactsWithAccounts { .. } => Answer::ContactsWithAccounts(self.contacts.clone()),
            Ask::AccountsByWebsite(search) => match (self.too_many)(&search.reach) {
                true => Answer::Accounts {
                    rows: self.accounts.clone(),
                    coverage: Coverage::Bounded { read: self.accounts.len(), rule: "the oldest of too many".into() },
                },
                false => Answer::Accounts { rows: self.reached(search), coverage: Coverage::Complete },
            },
            Ask::AccountsByContactDomain { .. } => Answer::DomainGroups {
                groups: self
                    .groups
                    .iter()
                    .map(|(account, contacts)| DomainGroup { account: account.clone(), contacts: *contacts })
                    .collect(),
                coverage: Coverage::Complete,
                not_grouped: self.not_grouped.iter().map(|field| (*field).to_owned()).collect(),
            },
            Ask::AccountFields { of, fields } => Answer::AccountFields(
                of.iter()
                    .map(|id| (id.clone(), fields.iter().map(|field| (field.clone(), "text".to_owned())).collect()))
                    .collect(),
            ),
            other => panic!("resolution does not ask {other:?}"),
        })
    }

    /// A search for whole values finds no others.
    fn reached(&self, search: &WebsiteSearch) -> Vec<AccountRow> {
        let mut accounts = self.accounts.clone();
        if matches!(search.reach, WebsiteReach::Exactly(_)) {
            let texts = search.reach.texts();
            accounts.retain(|account| {
                search
                    .domain_fields
                    .iter()
                    .any(|field| account.fields.get(field).is_some_and(|text| texts.contains(text)))
            });
        }
        accounts
    }

    /// Resolves, and counts the requests that it takes.
    fn resolve(&self, input: &ResolutionInput) -> (Resolution, Trace, usize) {
        let mut known = Known::new();
        for requests in 0..6 {
            match resolve(input, &known) {
                (Next::Done(resolution), trace) => return (resolution, trace, requests),
                (Next::Ask(asks), _) => {
                    assert!(asks.iter().all(|ask| !known.contains_key(ask)), "it asks what it knows");
                    known.extend(asks.into_iter().map(|ask| (ask.clone(), self.answer(&ask))));
                }
            }
        }
        panic!("it does not come to an end");
    }
}

fn input(email: &str) -> ResolutionInput {
    let mut input = ResolutionInput::new(EmailAddress::parse(email).expect("an address"));
    input.situation.settings.enabled = false;
    input
}

fn fuzzy(email: &str) -> ResolutionInput {
    let mut input = input(email);
    input.lookup.fuzzy_domain_matching = true;
    input
}

fn found(resolution: Resolution) -> (String, StepKey, DecidedBy) {
    match resolution {
        Resolution::Found(found) => (found.account.name.clone(), found.step, found.decided_by.clone()),
        other => panic!("no Account was found: {other:?}"),
    }
}

#[test]
fn the_first_step_that_finds_candidates_wins_in_one_request() {
    let mut world = World::new();
    world.accounts = vec![account("5 fuzzy", "acme.de"), account("4 fuzzy", "shop.acme.com")];
    let only = || DecidedBy::OnlyCandidate;
    let check = |world: &World, name: &str, step| {
        let (resolution, _, requests) = world.resolve(&fuzzy("jane@acme.com"));
        assert_eq!((found(resolution), requests), ((name.to_owned(), step, only()), 1));
    };
    world.accounts.truncate(1);
    check(&world, "5 fuzzy", StepKey::FuzzyOtherSuffix);
    world.accounts.push(account("4 fuzzy", "shop.acme.com"));
    check(&world, "4 fuzzy", StepKey::FuzzySameDomain);
    world.groups = vec![(account("3 contacts", ""), 2)];
    check(&world, "3 contacts", StepKey::ContactEmail);
    world.accounts.push(account("2 normalized", "HTTPS://www.Acme.com:443/en?x#y"));
    check(&world, "2 normalized", StepKey::NormalizedWebsite);
    world.accounts.push(account("1 exact", "www.acme.com"));
    check(&world, "1 exact", StepKey::ExactWebsite);
    world.contacts = vec![contact("jane@acme.com", Some(account("0 contact", "")))];
    check(&world, "0 contact", StepKey::ExistingContact);
}

#[test]
fn free_mail_disposable_and_own_domains_find_existing_contacts_only() {
    let mut world = World::new();
    for (email, why) in [
        ("jane@gmail.com", "free mail"),
        ("jane@mailinator.com", "disposable"),
        ("jane@team.own.example", "own"),
        ("jane@free.example", "free mail"),
    ] {
        let domain = email.rsplit('@').next().expect("a domain");
        let mut input = fuzzy(email);
        input.lookup.domains.own = crate::domain_name::DomainName::parse("own.example").into_iter().collect();
        input.lookup.domains.free_mail = crate::domain_name::DomainName::parse("free.example").into_iter().collect();
        world.accounts = vec![account("website", domain)];
        world.groups = vec![(account("contacts", ""), 5)];
        world.contacts = vec![];
        let (resolution, trace, _) = world.resolve(&input);
        assert_eq!(resolution, Resolution::NoAccount, "{email}");
        let skipped = trace
            .stages
            .iter()
            .filter(|stage| matches!(&stage.result, StageResult::Skipped { why: words } if words.contains(why)));
        assert_eq!(skipped.count(), 5, "{email}: {:?}", trace.stages);
        world.contacts = vec![contact(email, Some(account("own", "")))];
        assert_eq!(found(world.resolve(&input).0).1, StepKey::ExistingContact);
    }
}

#[test]
fn fuzzy_needs_the_connection_and_contact_under_account() {
    let mut world = World::new();
    world.accounts = vec![account("1", "acme.de")];
    assert_eq!(world.resolve(&input("jane@acme.com")).0, Resolution::NoAccount);
    let mut contact_only = fuzzy("jane@acme.com");
    contact_only.contact_under_account = false;
    assert_eq!(world.resolve(&contact_only).0, Resolution::NoAccount);
    assert_eq!(found(world.resolve(&fuzzy("jane@acme.com")).0).0, "1");
}

#[test]
fn what_is_excluded_is_no_candidate_at_any_step() {
    let excluded = |mut account: AccountRow| {
        account.record_type = Some(id("partner"));
        account
    };
    let person = |mut account: AccountRow| {
        account.person_account = true;
        account
    };
    let mut world = World::new();
    world.contacts = vec![contact("jane@acme.com", Some(excluded(account("0", ""))))];
    world.accounts = vec![
        excluded(account("1", "acme.com")),
        person(account("2", "acme.com")),
        excluded(account("3", "http://acme.com/x")),
        excluded(account("4", "shop.acme.com")),
        account("5", "acme.de"),
    ];
    world.groups = vec![(person(account("6", "")), 9), (excluded(account("7", "")), 3)];
    let mut input = fuzzy("jane@acme.com");
    input.excluded.account = BTreeSet::from([id("partner")]);
    let (resolution, trace, _) = world.resolve(&input);
    assert_eq!(found(resolution), ("5".into(), StepKey::FuzzyOtherSuffix, DecidedBy::OnlyCandidate));
    let removed: Vec<_> = trace.stages.iter().flat_map(|s| &s.seen).filter_map(|seen| seen.removed).collect();
    assert_eq!(removed.len(), 7, "each is accounted for: {removed:?}");
}

#[test]
fn a_person_account_is_found_by_its_own_person() {
    let mut own = account("0", "");
    own.person_account = true;
    let world = World { contacts: vec![contact("jane@acme.com", Some(own))], ..World::new() };
    assert_eq!(found(world.resolve(&input("jane@acme.com")).0).0, "0");
}

#[test]
fn a_contact_of_an_excluded_record_type_leads_nowhere() {
    let mut vendor = contact("jane@acme.com", Some(account("0", "")));
    vendor.person.record_type = Some(id("vendor"));
    let world = World { contacts: vec![vendor], ..World::new() };
    let mut input = input("jane@acme.com");
    input.excluded.contact = BTreeSet::from([id("vendor")]);
    assert_eq!(world.resolve(&input).0, Resolution::NoAccount);
}

#[test]
fn a_failed_look_up_is_never_no_account() {
    let mut world = World::new();
    world.accounts = vec![account("1", "acme.com")];
    world.failing = Some(|ask| matches!(ask, Ask::AccountsByWebsite(_)));
    let (resolution, trace, _) = world.resolve(&input("jane@acme.com"));
    let Resolution::Failed { step, failure } = resolution else { panic!("{resolution:?}") };
    assert_eq!((step, failure.code.as_str()), (StageKey::Step(StepKey::ExactWebsite), "QUERY_TIMEOUT"));
    assert!(matches!(trace.stages.last().map(|s| &s.result), Some(StageResult::Failed { .. })));
}

#[test]
fn a_failure_behind_the_step_that_found_is_no_failure() {
    let mut world = World::new();
    world.contacts = vec![contact("jane@acme.com", Some(account("0", "")))];
    world.failing = Some(|ask| matches!(ask, Ask::AccountsByWebsite(_)));
    assert_eq!(found(world.resolve(&input("jane@acme.com")).0).0, "0");
}

#[test]
fn where_a_wide_search_finds_too_many_a_narrower_one_follows() {
    let mut world = World::new();
    world.accounts = vec![account("1", "acme.com")];
    world.too_many = |reach| matches!(reach, WebsiteReach::Label(_));
    let (resolution, _, requests) = world.resolve(&fuzzy("jane@acme.com"));
    assert_eq!((found(resolution).1, requests), (StepKey::ExactWebsite, 2));
    world.too_many = |reach| !matches!(reach, WebsiteReach::Exactly(_));
    let (resolution, _, requests) = world.resolve(&fuzzy("jane@acme.com"));
    assert_eq!((found(resolution).1, requests), (StepKey::ExactWebsite, 3));
}

#[test]
fn what_a_search_that_had_to_stop_saw_still_counts_and_the_step_says_that_it_was_bounded() {
    let mut world = World::new();
    world.too_many = |reach| !matches!(reach, WebsiteReach::Exactly(_));
    let bounded = |trace: &Trace, step| {
        let stage = trace.stages.iter().find(|stage| stage.key == StageKey::Step(step)).expect("it was gone through");
        matches!(stage.coverage, Coverage::Bounded { .. })
    };
    world.accounts = vec![account("1", "https://acme.com/about")];
    let (resolution, trace, _) = world.resolve(&input("jane@acme.com"));
    assert_eq!(found(resolution).1, StepKey::NormalizedWebsite);
    assert!(!bounded(&trace, StepKey::ExactWebsite), "whole values were looked for to the end");
    assert!(bounded(&trace, StepKey::NormalizedWebsite));
    world.accounts = vec![account("1", "notacme.com")];
    let (resolution, trace, _) = world.resolve(&input("jane@acme.com"));
    assert_eq!(resolution, Resolution::NoAccount);
    assert!(bounded(&trace, StepKey::NormalizedWebsite), "others may not have been seen");
}

#[test]
fn an_indexed_field_is_asked_by_value_and_fuzzy_only_when_it_is_reached() {
    let mut input = fuzzy("jane@acme.com");
    input.lookup.domain_fields = vec!["Domain__c".into()];
    let (Next::Ask(asks), _) = resolve(&input, &Known::new()) else { panic!("it must ask") };
    let reaches: Vec<_> = asks
        .iter()
        .filter_map(|ask| match ask {
            Ask::AccountsByWebsite(search) => Some(search.reach.clone()),
            _ => None,
        })
        .collect();
    assert!(matches!(reaches.as_slice(), [WebsiteReach::Exactly(_)]), "{reaches:?}");
    let (_, trace, requests) = World::new().resolve(&input);
    assert_eq!(requests, 2, "one more for fuzzy");
    let normalized = trace.stages.iter().find(|stage| stage.key == StageKey::Step(StepKey::NormalizedWebsite));
    let coverage = &normalized.expect("it was gone through").coverage;
    assert!(
        matches!(coverage, Coverage::Bounded { .. }),
        "other spellings are not looked for, which it says: {coverage:?}"
    );
}

fn by_search(mut input: ResolutionInput) -> ResolutionInput {
    input.lookup.account_lookup = AccountLookup::Search;
    input
}

/// The asks after websites that resolution comes to in this world.
fn searches(world: &World, input: &ResolutionInput) -> Vec<WebsiteReach> {
    let mut known = Known::new();
    while let (Next::Ask(asks), _) = resolve(input, &known) {
        known.extend(asks.into_iter().map(|ask| (ask.clone(), world.answer(&ask))));
    }
    let search = |ask| match ask {
        Ask::AccountsByWebsite(search) if search.by == AccountLookup::Search => Some(search.reach),
        Ask::AccountsByWebsite(search) => panic!("{search:?} is not by search"),
        _ => None,
    };
    known.into_keys().filter_map(search).collect()
}

#[test]
fn by_search_the_same_rows_match_as_by_query() {
    let mut world = World::new();
    world.accounts = vec![
        account("5 fuzzy", "acme.de"),
        account("6 other", "acme.com.evil.io"),
        account("7 other", "notacme.com"),
        account("8 other", "acme"),
        account("9 other", ""),
    ];
    for input in [fuzzy("jane@acme.com"), by_search(fuzzy("jane@acme.com"))] {
        assert_eq!(found(world.resolve(&input).0).0, "5 fuzzy");
    }
    world.accounts.remove(0);
    assert_eq!(world.resolve(&by_search(fuzzy("jane@acme.com"))).0, Resolution::NoAccount, "look-alikes");
    world.accounts.push(account("1 exact", "https://acme.com"));
    assert_eq!(found(world.resolve(&by_search(input("jane@acme.com"))).0).1, StepKey::ExactWebsite);
}

#[test]
fn one_search_serves_all_steps_and_is_made_only_where_no_contact_decides() {
    let mut world = World::new();
    let domain = WebsiteReach::Domain(DomainName::of_website("acme.com").expect("a domain"));
    let label = WebsiteReach::Label("acme".to_owned());
    assert_eq!(searches(&world, &by_search(input("jane@acme.com"))), std::slice::from_ref(&domain));
    assert_eq!(searches(&world, &by_search(fuzzy("jane@acme.com"))), std::slice::from_ref(&label));
    let mut indexed = by_search(input("jane@acme.com"));
    indexed.lookup.domain_fields = vec!["Domain__c".into()];
    assert_eq!(searches(&world, &indexed), std::slice::from_ref(&domain), "search knows words, not values");
    assert_eq!(world.resolve(&by_search(fuzzy("jane@acme.com"))).2, 2, "one request, then the search");
    assert_eq!(searches(&world, &by_search(input("jane@gmail.com"))), []);
    world.too_many = |reach| matches!(reach, WebsiteReach::Label(_));
    assert_eq!(searches(&world, &by_search(fuzzy("jane@acme.com"))), [label, domain], "a search that had to stop");
    world.contacts = vec![contact("jane@acme.com", Some(account("0", "")))];
    assert_eq!(searches(&world, &by_search(fuzzy("jane@acme.com"))), [], "a search is a call of its own");
}

#[test]
fn a_failed_search_is_never_no_account() {
    let mut world = World::new();
    world.failing = Some(|ask| matches!(ask, Ask::AccountsByWebsite(_)));
    let (resolution, ..) = world.resolve(&by_search(input("jane@acme.com")));
    assert!(
        matches!(resolution, Resolution::Failed { step: StageKey::Step(StepKey::ExactWebsite), .. }),
        "{resolution:?}"
    );
}

#[test]
fn what_rows_are_not_grouped_by_is_asked_of_the_only_account_of_colleagues_where_somebody_reads_it() {
    let mut world = World::new();
    world.groups = vec![(account("0 Acme", ""), 1)];
    world.not_grouped = vec!["Notes__c", "Region__c"];
    let mut reads = input("jane@acme.com");
    reads.more_fields = BTreeSet::from(["Notes__c".to_owned()]);
    let (resolution, _, requests) = world.resolve(&reads);
    let Resolution::Found(found) = resolution else { panic!("{resolution:?}") };
    assert_eq!(found.account.fields.get("Notes__c").map(String::as_str), Some("text"));
    assert!(!found.account.fields.contains_key("Region__c"), "a tiebreaker reads no field of the only one");
    assert_eq!(requests, 2);
    assert_eq!(world.resolve(&input("jane@acme.com")).2, 1, "nobody reads more");
}

#[test]
fn the_contacts_count_first_or_the_rules_do() {
    let mut world = World::new();
    world.groups = vec![(account("2", ""), 7), (account("3", ""), 7), (account("1", ""), 6)];
    let most_first = input("jane@acme.com");
    assert_eq!(found(world.resolve(&most_first).0), ("2".into(), StepKey::ContactEmail, DecidedBy::FixedOrder));
    let rules = ResolutionInput { contact_counts: ContactCounts::RulesDecide, ..most_first };
    assert_eq!(found(world.resolve(&rules).0).0, "1");
}

#[test]
fn only_owners_who_are_hosts_are_candidates_where_the_owner_takes_the_meeting() {
    let mut world = World::new();
    world.groups = vec![(account("1", ""), 9), (account("2", ""), 1), (account("3", ""), 1)];
    let mut input = input("jane@acme.com");
    input.host_users = Some(BTreeSet::from([id("owner of 3"), id("owner of 2")]));
    let (resolution, ..) = world.resolve(&input);
    assert_eq!(found(resolution).0, "2", "before counts and rules");
    input.host_users = Some(BTreeSet::from([id("somebody else")]));
    let (Resolution::Found(found), trace, _) = world.resolve(&input) else { panic!("records are linked all the same") };
    assert!(found.no_owner_is_host);
    assert_eq!(found.account.name, "1", "the unfiltered winner");
    assert!(trace.stages.iter().any(|stage| stage.result == StageResult::LeftNobody));
}

#[test]
fn guests_are_asked_for_together_with_the_attendee() {
    let mut input = input("jane@acme.com");
    let guest = EmailAddress::parse("guest@acme.com").expect("an address");
    input.asked_with.insert(guest);
    let world = World {
        contacts: vec![contact("guest@acme.com", Some(account("1", ""))), contact("jane@acme.com", None)],
        ..World::new()
    };
    assert_eq!(world.resolve(&input).0, Resolution::NoAccount, "a guest's Account is not the attendee's");
}
