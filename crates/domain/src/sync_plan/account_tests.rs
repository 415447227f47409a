use jiff::Timestamp;

use super::*;
use crate::account::{AccountNow, ContactRow, Coverage};
use crate::account_merges::WhyGone;
use crate::account_resolution::LookupSettings;
use crate::ask::{Answer, Ask, Known, LookupFailure, PersonRow};
use crate::booking::{Booking, BookingId};
use crate::org_shape::{FieldShape, OrgShape, RecordTypeShape};
use crate::salesforce_settings::{AttendeeRecordType, ByObject, NoAccount, RelateTo, SalesforceSettings};
use crate::sync_outcome::{ErrorClass, FieldValue, PersonKind, Synced};
use crate::sync_plan::examples::{at, booking, email, org, person_row, record, wanted};
use crate::sync_plan::{PersonPart, PlanInput, Planned, Write, plan};
use crate::sync_refusals::Refusals;

/// An org in which the domain of every email leads to the Account `001Domain`.
#[derive(Default)]
struct World {
    contacts: Vec<PersonRow>,
    accounts: Vec<AccountNow>,
    /// The look-up of one Account fails.
    slow: bool,
}

fn row(id: &str) -> AccountRow {
    AccountRow {
        id: record(id),
        name: id.trim_start_matches("001").to_owned(),
        owner: record("005"),
        record_type: None,
        person_account: false,
        created: Timestamp::UNIX_EPOCH,
        last_activity: None,
        fields: [("Website".to_owned(), "acme.example".to_owned())].into(),
    }
}

fn stands(id: &str) -> AccountNow {
    AccountNow { account: row(id), deleted: false, merged_into: None }
}

fn gone(id: &str, merged_into: Option<&str>) -> AccountNow {
    AccountNow { account: row(id), deleted: true, merged_into: merged_into.map(record) }
}

fn too_slow() -> LookupFailure {
    LookupFailure { class: ErrorClass::Passing, code: "QUERY_TIMEOUT".into(), message: "It took too long".into() }
}

/// What came of a booking that was routed to the Account `001Routed`.
struct Outcome {
    plan: Plan,
    notes: Vec<Note>,
    account: Option<crate::trace::ResolutionTrace>,
    /// What was asked, round by round.
    rounds: Vec<BTreeSet<Ask>>,
}

impl World {
    fn answer(&self, ask: &Ask) -> Result<Answer, LookupFailure> {
        let account_of = |person: &PersonRow| {
            let of = |id: &RecordId| AccountRow { person_account: person.person_account, ..row(&id.0) };
            person.account.as_ref().map(of)
        };
        Ok(match ask {
            Ask::Account { .. } if self.slow => return Err(too_slow()),
            Ask::Account { id, .. } => Answer::Account(self.accounts.iter().find(|a| a.account.id == *id).cloned()),
            Ask::Contacts { .. } => Answer::People(self.contacts.clone()),
            Ask::ContactsWithAccounts { .. } => Answer::ContactsWithAccounts(
                self.contacts.iter().map(|p| ContactRow { person: p.clone(), account: account_of(p) }).collect(),
            ),
            Ask::Leads { .. } => Answer::People(vec![]),
            Ask::AccountsByWebsite(_) => {
                Answer::Accounts { rows: vec![row("001Domain")], coverage: Coverage::Complete }
            }
            Ask::AccountsByContactDomain { .. } => {
                Answer::DomainGroups { groups: vec![], coverage: Coverage::Complete, not_grouped: BTreeSet::new() }
            }
            other => panic!("planning does not ask {other:?}"),
        })
    }

    fn routed(&self, settings: &SalesforceSettings) -> Outcome {
        self.planned(settings, Some(&record("001Routed")))
    }

    fn planned(&self, settings: &SalesforceSettings, routed_account: Option<&RecordId>) -> Outcome {
        self.planned_of(booking(), settings, routed_account)
    }

    fn planned_of(
        &self,
        booking: Booking,
        settings: &SalesforceSettings,
        routed_account: Option<&RecordId>,
    ) -> Outcome {
        let input = PlanInput {
            id: &BookingId("bkg_1".into()),
            wanted: &wanted(booking),
            settings,
            lookup: &LookupSettings::default(),
            hosts: &[email("ann@seller.example")],
            routed_account,
            event_type: "Discovery Call",
            url: None,
            assignment_reason: None,
            refusals: &Refusals::default(),
            synced: &Synced::default(),
            org: &partners(),
            now: at("2026-05-04T09:31:00Z"),
        };
        let (mut known, mut rounds) = (Known::new(), Vec::new());
        while rounds.len() < 10 {
            let Planned { next, notes, account } = plan(input, &known);
            match next {
                Next::Done(plan) => return Outcome { plan, notes, account, rounds },
                Next::Ask(asks) => {
                    known.extend(asks.iter().map(|ask| (ask.clone(), self.answer(ask))));
                    rounds.push(asks);
                }
            }
        }
        panic!("it does not come to an end: {rounds:?}");
    }
}

impl Outcome {
    fn writes(&self) -> &[Write] {
        match &self.plan {
            Plan::Write { writes, .. } => writes,
            other => panic!("expected something to write, got {other:?}"),
        }
    }

    /// The Account that the attendee's record is created under or linked to.
    fn account(&self) -> Option<&str> {
        let given = self.writes().iter().find_map(|write| match write {
            Write::CreatePerson { fields, .. } | Write::UpdatePerson { fields, .. } => fields.get("AccountId"),
            _ => None,
        });
        given.map(|value| match value {
            FieldValue::Record(id) => id.0.as_str(),
            other => panic!("AccountId should be a record, is {other:?}"),
        })
    }
}

/// An org whose Accounts may be partners, and whose Events may be related to them.
fn partners() -> OrgShape {
    let mut org = OrgShape { lead: org().contact, ..org() };
    let what = FieldShape { createable: true, updateable: true, ..FieldShape::default() };
    org.event.fields.insert("WhatId".into(), what);
    org.account.record_types = vec![RecordTypeShape {
        id: record("012P"),
        name: "Partner".into(),
        developer_name: "Partner".into(),
        active: true,
        available: true,
        master: false,
        default: false,
    }];
    org
}

fn under_account() -> SalesforceSettings {
    SalesforceSettings {
        attendee_record_type: AttendeeRecordType::ContactUnderAccount,
        ..SalesforceSettings::default()
    }
}

fn without_partners() -> SalesforceSettings {
    let account = ["partner".to_owned()].into();
    SalesforceSettings { exclude_record_types: ByObject { account, ..ByObject::default() }, ..under_account() }
}

#[test]
fn a_new_contact_comes_under_the_account_that_routing_found_and_no_domain_is_looked_up() {
    let world = World { accounts: vec![stands("001Routed")], ..World::default() };
    let outcome = world.routed(&under_account());
    assert_eq!(outcome.account(), Some("001Routed"));
    assert_eq!(outcome.notes, [Note::RoutedAccountUsed { name: "Routed".into(), merged: false }]);
    let [asks] = &outcome.rounds[..] else { panic!("one round of asks is enough: {:?}", outcome.rounds) };
    let account = Ask::Account { id: record("001Routed"), fields: BTreeSet::new() };
    assert!(asks.contains(&account), "{asks:?}");
    let others = |ask: &&Ask| matches!(ask, Ask::ContactsWithAccounts { .. } | Ask::Leads { .. });
    assert_eq!(asks.iter().filter(others).count() + 1, asks.len(), "besides it only people are asked for: {asks:?}");
}

#[test]
fn a_booking_that_was_not_routed_is_resolved() {
    let outcome = World::default().planned(&under_account(), None);
    assert_eq!(outcome.account(), Some("001Domain"));
    let found = Note::AccountFound { name: "Domain".into(), step: "Exact match", over: String::new() };
    assert_eq!((outcome.notes, outcome.rounds.len()), (vec![found], 1));
    let looked = outcome.account.expect("how it was looked for is told");
    assert_eq!(looked.chosen, Some(record("001Domain")));
    assert!(looked.trace.accounts.contains_key(&record("001Domain")), "{looked:?}");
}

#[test]
fn every_mode_that_puts_new_contacts_under_an_account_takes_the_one_of_routing() {
    let world = World { accounts: vec![stands("001Routed")], ..World::default() };
    for mode in [AttendeeRecordType::Contact, AttendeeRecordType::Lead] {
        let create_contact_under_account = Some(true);
        let settings = SalesforceSettings {
            attendee_record_type: mode,
            create_contact_under_account,
            relate_event_to: RelateTo::Account,
            ..SalesforceSettings::default()
        };
        let outcome = world.routed(&settings);
        assert_eq!((outcome.account(), outcome.rounds.len()), (Some("001Routed"), 1), "{mode:?}");
        let Some(Write::CreateEvent { fields }) = outcome.writes().last() else { panic!("no Event in {mode:?} mode") };
        assert_eq!(fields["WhatId"], FieldValue::Record(record("001Routed")), "the Event is related to it, too");
        let off = SalesforceSettings { create_contact_under_account: Some(false), ..settings };
        let outcome = world.routed(&off);
        let asked = outcome.rounds.iter().flatten().any(|ask| matches!(ask, Ask::Account { .. }));
        assert!(!asked, "nobody asks for an Account that the settings do not want: {:?}", outcome.rounds);
    }
}

#[test]
fn a_found_contact_without_account_is_linked_to_the_one_of_routing() {
    let contacts = vec![person_row("003J", "jane@acme.example")];
    let world = World { contacts, accounts: vec![stands("001Routed")], ..World::default() };
    let outcome = world.routed(&under_account());
    let link = |write: &Write| matches!(write, Write::UpdatePerson { part: PersonPart::Account, .. });
    assert!(outcome.writes().iter().any(link), "{:?}", outcome.writes());
    assert_eq!((outcome.account(), outcome.rounds.len()), (Some("001Routed"), 1));
}

#[test]
fn a_contact_that_has_another_account_is_never_moved_and_the_run_says_so() {
    let contact = PersonRow { account: Some(record("001Other")), ..person_row("003J", "jane@acme.example") };
    let world = World { contacts: vec![contact], accounts: vec![stands("001Routed")], ..World::default() };
    let settings = SalesforceSettings { relate_event_to: RelateTo::Account, ..under_account() };
    let outcome = world.routed(&settings);
    let [Write::CreateEvent { fields }] = outcome.writes() else { panic!("only an Event: {:?}", outcome.writes()) };
    assert_eq!(fields["WhoId"], FieldValue::Record(record("003J")));
    assert_eq!(
        fields["WhatId"],
        FieldValue::Record(record("001Other")),
        "the Event is related to the Contact's Account"
    );
    assert!(outcome.notes.contains(&Note::OtherAccountKept { contact: record("003J") }), "{:?}", outcome.notes);
}

#[test]
fn of_several_contacts_the_one_under_the_account_of_routing_is_used() {
    let contact =
        |id: &str, account: &str| PersonRow { account: Some(record(account)), ..person_row(id, "jane@acme.example") };
    let contacts = vec![contact("003A", "001Other"), contact("003B", "001Routed")];
    let world = World { contacts, accounts: vec![stands("001Routed")], ..World::default() };
    let outcome = world.routed(&under_account());
    let Some(Write::CreateEvent { fields }) = outcome.writes().first() else { panic!("{:?}", outcome.writes()) };
    assert_eq!(fields["WhoId"], FieldValue::Record(record("003B")));
    assert_eq!(outcome.notes, [Note::RoutedAccountUsed { name: "Routed".into(), merged: false }]);
}

#[test]
fn merges_since_then_are_followed() {
    let accounts =
        vec![gone("001Routed", Some("001Middle")), gone("001Middle", Some("001Master")), stands("001Master")];
    let outcome = World { accounts, ..World::default() }.routed(&under_account());
    assert_eq!(outcome.account(), Some("001Master"));
    assert_eq!(outcome.notes, [Note::RoutedAccountUsed { name: "Master".into(), merged: true }]);
    assert_eq!(
        outcome.notes[0].to_string(),
        "The attendee's Account is Master: the one that routing found was merged into it."
    );
}

#[test]
fn an_account_that_is_gone_is_looked_for_as_usual() {
    for (accounts, why) in [(vec![gone("001Routed", None)], WhyGone::Deleted), (vec![], WhyGone::NotFound)] {
        let outcome = World { accounts, ..World::default() }.routed(&under_account());
        assert_eq!(outcome.account(), Some("001Domain"), "{why:?}");
        let found = Note::AccountFound { name: "Domain".into(), step: "Exact match", over: String::new() };
        assert_eq!(outcome.notes, [Note::RoutedAccountGone { why }, found]);
        assert_eq!(outcome.rounds.len(), 2, "the people are not asked for again: {:?}", outcome.rounds);
    }
    let words = Note::RoutedAccountGone { why: WhyGone::Deleted }.to_string();
    assert_eq!(
        words,
        "The Account that routing found cannot be used: the Account was deleted in Salesforce. The attendee's Account is looked up instead."
    );
}

#[test]
fn an_excluded_account_is_not_used_not_even_as_the_master_of_a_merge() {
    let partner = AccountNow {
        account: AccountRow { record_type: Some(record("012P")), ..row("001Partner") },
        ..stands("001Partner")
    };
    let itself =
        AccountNow { account: AccountRow { id: record("001Routed"), ..partner.account.clone() }, ..partner.clone() };
    for accounts in [vec![itself], vec![gone("001Routed", Some("001Partner")), partner]] {
        let world = World { accounts, ..World::default() };
        let outcome = world.routed(&without_partners());
        assert_eq!(outcome.account(), Some("001Domain"));
        assert_eq!(outcome.notes[0], Note::RoutedAccountExcluded { name: "Partner".into() });
        assert_ne!(world.routed(&under_account()).account(), Some("001Domain"), "where it is not excluded, it is used");
    }
}

#[test]
fn nobody_else_comes_under_a_person_account() {
    let person = AccountRow { person_account: true, ..row("001Routed") };
    let accounts = vec![AccountNow { account: person, ..stands("001Routed") }];
    let outcome = World { accounts: accounts.clone(), ..World::default() }.routed(&under_account());
    assert_eq!(outcome.account(), Some("001Domain"));
    let own = PersonRow {
        person_account: true,
        account: Some(record("001Routed")),
        ..person_row("003P", "jane@acme.example")
    };
    let outcome = World { contacts: vec![own], accounts, ..World::default() }.routed(&under_account());
    let [Write::CreateEvent { fields }] = outcome.writes() else { panic!("only an Event: {:?}", outcome.writes()) };
    assert_eq!((&fields["WhoId"], outcome.rounds.len()), (&FieldValue::Record(record("003P")), 1));
}

#[test]
fn a_new_contact_never_comes_under_the_attendees_own_person_account() {
    let own = PersonRow {
        person_account: true,
        account: Some(record("001Person")),
        ..person_row("003P", "jane@acme.example")
    };
    let settings = SalesforceSettings {
        attendee_record_type: AttendeeRecordType::Lead,
        check_for_existing_contact: false,
        create_contact_under_account: Some(true),
        ..SalesforceSettings::default()
    };
    let outcome = World { contacts: vec![own], ..World::default() }.planned(&settings, None);
    let Write::CreatePerson { kind, .. } = &outcome.writes()[0] else { panic!("a person: {:?}", outcome.writes()) };
    assert_eq!(
        (*kind, outcome.account()),
        (PersonKind::Lead, None),
        "Salesforce refuses Contacts under person accounts"
    );
}

#[test]
fn a_failed_look_up_is_never_read_as_gone() {
    let outcome = World { slow: true, ..World::default() }.routed(&under_account());
    assert_eq!((outcome.plan, outcome.notes), (Plan::Failed(too_slow()), vec![]));
}

#[test]
fn without_any_account_left_the_settings_say_what_to_do() {
    let settings = SalesforceSettings { no_account: NoAccount::Nothing, ..under_account() };
    let mut free_mail = booking();
    free_mail.attendee.email = email("jane@gmail.com");
    let outcome = World::default().planned_of(free_mail, &settings, Some(&record("001Routed")));
    assert_eq!(
        outcome.notes,
        [Note::RoutedAccountGone { why: WhyGone::NotFound }, Note::NoAccountFound, Note::NobodyLeft]
    );
}
