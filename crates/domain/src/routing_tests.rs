use proptest::prelude::*;

use super::*;
use crate::account::{AccountRow, ContactRow, Coverage};
use crate::ask::{Answer, LookupFailure, PersonRow};
use crate::sync_outcome::ErrorClass;
use crate::sync_plan::examples::person_row;

fn id(text: &str) -> RecordId {
    RecordId(text.to_owned())
}

fn host(name: &str) -> RoutingHost {
    RoutingHost {
        id: HostId(format!("hst_{name}")),
        name: name.to_owned(),
        user: Some(id(&format!("005{name}"))),
        enabled: true,
        weight: NonZeroU32::MIN,
        priority: 0,
        last_booked: None,
        balance: Turns::ZERO,
        free_at_slot: None,
        free_within_horizon: None,
    }
}

fn input(owner_of: OwnerOf) -> RoutingInput {
    let email = EmailAddress::parse("jane@acme.com").expect("an address");
    RoutingInput {
        email: Some(email.clone()),
        event_type: "demo".into(),
        scheduling: Scheduling::RoundRobin,
        hosts: vec![host("Ann"), host("Dana")],
        book_directly: BookDirectly { enabled: true, owner_of: Some(owner_of), ..BookDirectly::default() },
        record_type: AttendeeRecordType::ContactUnderAccount,
        resolution: Some(Box::new(ResolutionInput::new(email))),
        unseen_fields: BTreeMap::new(),
        not_asked: None,
    }
}

fn account(name: &str, owner: &str) -> AccountRow {
    AccountRow {
        id: id(name),
        name: name.to_owned(),
        owner: id(owner),
        record_type: None,
        person_account: false,
        created: Timestamp::from_second(i64::from(name.as_bytes()[0])).expect("in range"),
        last_activity: None,
        fields: [("Website".to_owned(), "acme.com".to_owned()), ("Sdr__c".to_owned(), "005Ann".to_owned())].into(),
    }
}

/// What an org knows.
#[derive(Debug, Clone, Default)]
struct World {
    contacts: Vec<PersonRow>,
    leads: Vec<PersonRow>,
    accounts: Vec<AccountRow>,
    down: bool,
}

impl World {
    fn answer(&self, ask: &Ask) -> Result<Answer, LookupFailure> {
        if self.down {
            let message = "server too busy".to_owned();
            return Err(LookupFailure { class: ErrorClass::Passing, code: "SERVER_UNAVAILABLE".into(), message });
        }
        Ok(match ask {
            Ask::Contacts { .. } => Answer::People(self.contacts.clone()),
            Ask::Leads { .. } => Answer::People(self.leads.clone()),
            Ask::ContactsWithAccounts { .. } => Answer::ContactsWithAccounts(
                self.contacts.iter().map(|person| ContactRow { person: person.clone(), account: None }).collect(),
            ),
            Ask::AccountsByWebsite(_) => Answer::Accounts { rows: self.accounts.clone(), coverage: Coverage::Complete },
            Ask::AccountsByContactDomain { .. } => {
                Answer::DomainGroups { groups: vec![], coverage: Coverage::Complete, not_grouped: BTreeSet::new() }
            }
            Ask::RelatedCount { .. } => Answer::RelatedCount([].into()),
            other => panic!("a decision does not ask {other:?}"),
        })
    }

    /// Decides, and counts the requests that it takes.
    fn decide(&self, input: &RoutingInput) -> (RoutingDecision, RoutingTrace, Known, usize) {
        let mut known = Known::new();
        for requests in 0..6 {
            match decide(input, &known) {
                (Next::Done(decision), trace) => return (decision, trace, known, requests),
                (Next::Ask(asks), _) => known.extend(asks.into_iter().map(|ask| (ask.clone(), self.answer(&ask)))),
            }
        }
        panic!("it does not come to an end");
    }

    fn decided(&self, input: &RoutingInput) -> (String, Assignment, String) {
        let (decision, trace, ..) = self.decide(input);
        let host = decision.host.expect("somebody").0.trim_start_matches("hst_").to_owned();
        (host, decision.assignment, trace.sentence)
    }
}

fn owned(record: &str, owner: &str) -> PersonRow {
    PersonRow { owner: Some(id(owner)), ..person_row(record, "jane@acme.com") }
}

#[test]
fn the_owner_of_the_contact_the_lead_or_the_account_takes_the_meeting_after_one_call() {
    let world = World {
        contacts: vec![owned("003", "005Ann")],
        leads: vec![owned("00Q", "005Dana")],
        accounts: vec![account("Acme", "005Dana")],
        down: false,
    };
    for (of, name, sentence) in [
        (OwnerOf::Contact, "Ann", "Booked with Ann, who owns the attendee's Contact."),
        (OwnerOf::Lead, "Dana", "Booked with Dana, who owns the attendee's Lead."),
        (OwnerOf::Account, "Dana", "Booked with Dana, who owns Acme."),
    ] {
        assert_eq!(world.decided(&input(of)), (name.into(), Assignment::Ownership, sentence.into()));
        assert_eq!(world.decide(&input(of)).3, 1, "calls");
    }
    let mut by_field = input(OwnerOf::AccountField);
    by_field.book_directly.account_field = Some("Sdr__c".into());
    assert_eq!(world.decided(&by_field).0, "Ann", "the user that the field names, not the owner");
}

#[test]
fn the_default_is_the_owner_of_what_attendees_become() {
    let settings = BookDirectly::default();
    assert_eq!(settings.owner_of(AttendeeRecordType::Contact), OwnerOf::Contact);
    assert_eq!(settings.owner_of(AttendeeRecordType::Lead), OwnerOf::Lead);
    assert_eq!(settings.owner_of(AttendeeRecordType::ContactUnderAccount), OwnerOf::Account);
    assert_eq!((settings.enabled, settings.skip_free_mail, settings.horizon_days), (false, true, 14));
}

#[test]
fn a_lead_stands_in_for_a_missing_contact_only_where_the_admin_says_so() {
    let world = World { leads: vec![owned("00Q", "005Dana")], ..World::default() };
    let mut input = input(OwnerOf::Contact);
    assert_eq!(world.decided(&input).1, Assignment::Rotation);
    input.book_directly.contact_else_lead = true;
    assert_eq!(world.decided(&input).0, "Dana");
    assert_eq!(world.decide(&input).3, 1, "the Lead is asked for along");
}

#[test]
fn whoever_cannot_take_it_leaves_it_to_the_round_robin_with_the_reason() {
    let world = World { contacts: vec![owned("003", "005Dana")], ..World::default() };
    let reason = |change: &dyn Fn(&mut RoutingInput)| {
        let mut input = input(OwnerOf::Contact);
        change(&mut input);
        let (decision, trace, ..) = world.decide(&input);
        assert_eq!(decision.assignment, Assignment::Rotation, "{}", trace.sentence);
        trace.fallback.expect("a reason")
    };
    assert_eq!(
        reason(&|i| i.hosts[1].enabled = false),
        "the owner is no enabled host of this event type with an active user in Salesforce"
    );
    assert_eq!(
        reason(&|i| i.hosts[1].user = None),
        "the owner is no enabled host of this event type with an active user in Salesforce"
    );
    assert_eq!(
        reason(&|i| i.hosts[1].free_within_horizon = Some(false)),
        "Dana owns the record and is not free within 14 days"
    );
    assert_eq!(reason(&|i| i.hosts[1].free_at_slot = Some(false)), "Dana owns the record and is not free at this time");
    assert_eq!(reason(&|i| i.book_directly.enabled = false), "the event type does not book directly with owners");
    assert_eq!(
        reason(&|i| i.not_asked = Some("the org did not answer within 3 s".into())),
        "the org did not answer within 3 s"
    );
    assert_eq!(
        reason(&|i| i.email = EmailAddress::parse("jane@gmail.com").ok()),
        "the email is with a free mail provider"
    );
    assert_eq!(reason(&|i| i.email = None), "the booker's email was not known yet");
    let rule = |when, value: &str| OwnerRule { field: "Type".into(), value: value.into(), when };
    assert_eq!(
        reason(&|i| i.book_directly.rules = vec![rule(RuleEffect::MustInclude, "Customer")]),
        "Type is empty, and must be Customer"
    );
    let down = World { down: true, ..world.clone() };
    let (decision, trace, ..) = down.decide(&input(OwnerOf::Contact));
    assert_eq!(decision.assignment, Assignment::Rotation);
    assert_eq!(
        trace.fallback.as_deref(),
        Some("the Contact could not be looked up (SERVER_UNAVAILABLE: server too busy)")
    );
}

#[test]
fn rules_on_the_record_let_its_owner_pass_or_not() {
    let mut row = owned("003", "005Dana");
    row.values = [("Type".to_owned(), "Partner".to_owned())].into();
    let world = World { contacts: vec![row], ..World::default() };
    let with = |when, value: &str| {
        let mut input = input(OwnerOf::Contact);
        input.book_directly.rules = vec![OwnerRule { field: "Type".into(), value: value.into(), when }];
        world.decided(&input).1 == Assignment::Ownership
    };
    assert!(with(RuleEffect::MustInclude, "partner") && !with(RuleEffect::MustInclude, "Customer"));
    assert!(!with(RuleEffect::Ignore, "PARTNER") && with(RuleEffect::Ignore, "Customer"));
}

#[test]
fn only_accounts_of_hosts_are_candidates_and_without_any_the_account_is_for_records_alone() {
    let mut world =
        World { accounts: vec![account("Old", "005Nobody"), account("Young", "005Dana")], ..World::default() };
    let (decision, trace, ..) = world.decide(&input(OwnerOf::Account));
    assert_eq!((decision.host, decision.account), (Some(HostId("hst_Dana".into())), Some(id("Young"))));
    assert_eq!(trace.sentence, "Booked with Dana, who owns Young, chosen over 1 other since its owner is a host.");
    assert_eq!(
        why_not("old", &world.decide(&input(OwnerOf::Account)).0, &trace).as_deref(),
        Some("Old was removed at Host filter: its owner is no enabled host.")
    );
    assert_eq!(
        why_not("Ann", &world.decide(&input(OwnerOf::Account)).0, &trace).as_deref(),
        Some(
            "Ann is available, but does not own the record that decides. Booked with Dana, who owns Young, chosen over 1 other since its owner is a host."
        )
    );
    world.accounts.pop();
    let (decision, trace, ..) = world.decide(&input(OwnerOf::Account));
    assert_eq!((decision.assignment, decision.account), (Assignment::Rotation, Some(id("Old"))));
    assert_eq!(trace.fallback.as_deref(), Some("no candidate's owner is an enabled host"));
}

#[test]
fn by_rotation_the_trace_says_whose_turn_it_is_and_why_nobody_elses() {
    let mut input = input(OwnerOf::Contact);
    input.hosts[1].priority = 5;
    input.hosts.push(RoutingHost { enabled: false, ..host("Off") });
    let (decision, trace, ..) = World::default().decide(&input);
    assert_eq!(
        trace.sentence,
        "Booked with Dana by round robin: no Contact has this email. Next in turn: of the highest balance (0.00), the highest priority (5)."
    );
    assert_eq!(decision.free.len(), 2, "who is switched off is credited nothing");
    assert_eq!(
        why_not("ann", &decision, &trace).as_deref(),
        Some("Ann is number 2 in turn: Dana has priority 5, Ann 0.")
    );
    assert_eq!(why_not("Off", &decision, &trace).as_deref(), Some("Off is switched off for this event type."));
    assert_eq!(why_not("Zoe", &decision, &trace), None);
    input.hosts.retain(|host| !host.enabled);
    let (decision, trace, ..) = World::default().decide(&input);
    assert_eq!(
        (decision.host, trace.sentence.as_str()),
        (None, "Nobody can take this: no host is enabled and free. (no Contact has this email.)")
    );
}

#[test]
fn why_not_an_account_that_no_step_found_says_where_accounts_were_looked_for() {
    let world = World { accounts: vec![account("Acme", "005Dana")], ..World::default() };
    let ask = |input: &RoutingInput, subject: &str| {
        let (decision, trace, ..) = world.decide(input);
        why_not(subject, &decision, &trace).unwrap_or_else(|| unseen(subject, &decision, &trace))
    };
    assert_eq!(
        ask(&input(OwnerOf::Account), "Globex"),
        "No host of this event type is called \"Globex\", and no step found an Account of that name or id: Existing contact \
         found no candidate; Exact match found candidates; so later steps were not gone through."
    );
    let mut none = input(OwnerOf::Account);
    none.email = EmailAddress::parse("jane@other.org").ok();
    none.resolution = none.email.clone().map(|email| Box::new(ResolutionInput::new(email)));
    let words = ask(&none, "001Globex");
    assert!(words.contains("Contact email match found no candidate") && words.contains("Fuzzy"), "{words}");
    assert!(
        ask(&input(OwnerOf::Contact), "Globex")
            .ends_with("no Account was looked for, since the owner of another record decides.")
    );
    let mut late = input(OwnerOf::Account);
    late.not_asked = Some("Salesforce did not answer within 3 seconds".into());
    assert!(ask(&late, "Globex").ends_with("no Account was looked for: Salesforce did not answer within 3 seconds."));
}

#[test]
fn where_somebody_named_the_host_nobody_else_was_weighed_whatever_they_own_and_however_they_stand() {
    let mut input = input(OwnerOf::Contact);
    input.hosts[0].free_at_slot = Some(false);
    let mut off = host("Off");
    off.enabled = false;
    input.hosts.push(off);
    for (by, why) in [(NamedBy::Request, "the request named Dana."), (NamedBy::Hand, "an admin named Dana.")] {
        let (decision, trace) = named(&input, &HostId("hst_Dana".into()), by);
        for name in ["Ann", "Off"] {
            assert_eq!(why_not(name, &decision, &trace), Some(format!("Nobody else was weighed, since {why}")));
        }
        let told = format!("Dana was chosen. {}", trace.sentence);
        assert_eq!(why_not("Dana", &decision, &trace), Some(told));
    }
    input.scheduling = Scheduling::OneHost;
    let (decision, trace, ..) = World::default().decide(&input);
    assert_eq!(trace.sentence, "Booked with Ann, the event type's host.");
    assert_eq!(
        why_not("dana", &decision, &trace).as_deref(),
        Some("Nobody else was weighed, since Ann takes all meetings of this event type.")
    );
    assert_eq!(why_not("Off", &decision, &trace).as_deref(), Some("Off is switched off for this event type."));
    input.hosts.retain(|host| !host.enabled);
    let (decision, trace, ..) = World::default().decide(&input);
    assert_eq!(nobody_weighed(&decision, &trace), None, "there is no host whom anybody could have named");
}

fn any_world() -> impl Strategy<Value = (World, RoutingInput)> {
    let owner = || prop::sample::select(vec!["005Ann", "005Dana", "005Bo", "005Nobody"]);
    let accounts = prop::collection::vec((owner(), 0u8..4), 0..6).prop_map(|list| {
        let named = |(at, (owner, created)): (usize, (&str, u8))| AccountRow {
            created: Timestamp::from_second(created.into()).expect("in range"),
            ..account(&format!("{at}"), owner)
        };
        list.into_iter().enumerate().map(named).collect::<Vec<_>>()
    });
    let people = |prefix: &'static str| {
        prop::collection::vec(owner(), 0..3).prop_map(move |owners| {
            owners.into_iter().enumerate().map(|(at, owner)| owned(&format!("{prefix}{at}"), owner)).collect::<Vec<_>>()
        })
    };
    let flags = (
        any::<bool>(),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        0u32..3,
        0i64..3,
    );
    let hosts = prop::collection::vec(flags, 3);
    let of = prop::sample::select(vec![OwnerOf::Contact, OwnerOf::Lead, OwnerOf::Account, OwnerOf::AccountField]);
    (accounts, people("003"), people("00Q"), prop::bool::weighted(0.1), hosts, of, any::<bool>()).prop_map(
        |(accounts, contacts, leads, down, hosts, of, fallback)| {
            let mut input = input(of);
            input.book_directly.account_field = Some("Sdr__c".into());
            input.book_directly.contact_else_lead = fallback;
            let names = ["Ann", "Dana", "Bo"];
            input.hosts = names
                .iter()
                .zip(hosts)
                .map(|(name, (enabled, user, slot, horizon, priority, last))| {
                    let plain = host(name);
                    RoutingHost {
                        enabled,
                        priority,
                        free_at_slot: slot,
                        free_within_horizon: horizon,
                        user: plain.user.clone().filter(|_| user),
                        last_booked: Timestamp::from_second(last).ok(),
                        ..plain
                    }
                })
                .collect();
            (World { contacts, leads, accounts, down }, input)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_order_of_records_and_hosts_never_changes_the_decision((world, input) in any_world()) {
        let (decision, trace, ..) = world.decide(&input);
        let (mut turned, mut other) = (world, input);
        turned.accounts.reverse();
        turned.contacts.reverse();
        turned.leads.reverse();
        other.hosts.reverse();
        let (again, other_trace, ..) = turned.decide(&other);
        prop_assert_eq!((&again.host, &again.account, &again.record), (&decision.host, &decision.account, &decision.record));
        prop_assert_eq!(other_trace.sentence, trace.sentence);
    }

    #[test]
    fn whoever_is_chosen_is_enabled_and_free_and_every_round_robin_has_a_reason((world, input) in any_world()) {
        let (decision, trace, _, requests) = world.decide(&input);
        let chosen = decision.host.as_ref().map(|id| input.hosts.iter().find(|host| host.id == *id).expect("a host"));
        prop_assert!(chosen.is_none_or(|host| host.enabled && host.free_at_slot != Some(false)));
        prop_assert_eq!(chosen.is_none(), !input.hosts.iter().any(RoutingHost::can_take), "somebody who can take it does");
        prop_assert_eq!(trace.fallback.is_some(), decision.assignment == Assignment::Rotation);
        prop_assert!(requests <= 2);
        for host in &input.hosts {
            prop_assert!(why_not(&host.name, &decision, &trace).is_some(), "every host is accounted for");
        }
        for account in trace.account.iter().flat_map(|trace| trace.accounts.values()) {
            prop_assert!(why_not(&account.name, &decision, &trace).is_some(), "every candidate is accounted for");
        }
    }

    #[test]
    fn what_was_known_decides_again_to_the_same_decision_and_trace((world, input) in any_world()) {
        let (decision, trace, known, _) = world.decide(&input);
        let stored = serde_json::to_string(&known.into_iter().collect::<Vec<_>>()).expect("JSON");
        let known: Known = serde_json::from_str::<Vec<_>>(&stored).expect("reads back").into_iter().collect();
        let input: RoutingInput = serde_json::from_str(&serde_json::to_string(&input).expect("JSON")).expect("reads back");
        let (again, other) = decide(&input, &known);
        prop_assert_eq!(again, Next::Done(decision));
        prop_assert_eq!(&other, &trace);
        let read: RoutingTrace = serde_json::from_str(&serde_json::to_string(&trace).expect("JSON")).expect("reads back");
        prop_assert_eq!(read, trace);
    }
}
