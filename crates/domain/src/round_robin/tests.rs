use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::booking::BookingId;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

pub(super) fn id(name: &str) -> HostId {
    HostId(name.to_owned())
}

pub(super) fn booking(number: usize) -> BookingId {
    BookingId(format!("b{number}"))
}

/// A host with nothing on their line.
pub(super) fn host(name: &str, weight: u32) -> RotationHost {
    let weight = NonZeroU32::new(weight).expect("a weight is at least one");
    RotationHost {
        id: id(name),
        name: name.to_uppercase(),
        weight,
        priority: 2,
        last_booked: None,
        balance: Turns::ZERO,
    }
}

fn owed(name: &str, hundredths: i64) -> RotationHost {
    RotationHost { balance: Turns(hundredths * 10_000_000), ..host(name, 1) }
}

pub(super) fn total(entries: &[Entry]) -> Turns {
    entries.iter().map(|entry| entry.amount).sum()
}

fn balance(entries: &[Entry], name: &str) -> String {
    ledger(entries).hosts.get(&id(name)).map(|tally| tally.balance.to_string()).unwrap_or_default()
}

/// Each step books one turn among those named, as the ledger stands.
pub(super) fn book(entries: &mut Vec<Entry>, number: usize, free: &[RotationHost]) -> HostId {
    let lines = ledger(entries).hosts;
    let balance = |host: &RotationHost| lines.get(&host.id).map(|line| line.balance).unwrap_or_default();
    let free: Vec<_> = free.iter().map(|host| RotationHost { balance: balance(host), ..host.clone() }).collect();
    let chosen = choose(&free).expect("somebody is free").host;
    entries.extend(booked(&booking(number), &chosen, &free, at(0)));
    chosen
}

#[test]
fn turns_read_with_two_decimals_and_sum_exactly() {
    let texts =
        [(1_250_000_000, "1.25"), (-333_333_333, "-0.33"), (-4_999_999, "0.00"), (995_000_000, "1.00"), (0, "0.00")];
    for (amount, text) in texts {
        assert_eq!(Turns(amount).to_string(), text);
    }
    assert_eq!(format!("{:.9} {:.0}", Turns(-333_333_333), Turns(1_600_000_000)), "-0.333333333 2");
    assert_eq!(serde_json::to_string(&Turns(5)).expect("a number"), "5");
}

#[test]
fn a_turn_is_shared_by_weight_and_what_rounding_leaves_goes_to_who_lost_most() {
    let third = 333_333_333;
    assert_eq!(Turns::shares(&[1, 1, 1]), [Turns(third + 1), Turns(third), Turns(third)], "level, so the first");
    assert_eq!(Turns::shares(&[1, 5]), [Turns(166_666_667), Turns(833_333_333)], "0.67 was lost here, 0.33 there");
    assert_eq!(Turns::shares(&[7]), [Turns::ONE]);
    assert_eq!(Turns::shares(&[u32::MAX, u32::MAX]), [Turns(500_000_000); 2]);
}

#[test]
fn a_booking_credits_all_who_are_free_by_weight_and_debits_the_organizer_one() {
    let entries = booked(&booking(1), &id("b"), &[host("b", 1), host("a", 3)], at(7));
    let read: Vec<_> = entries.iter().map(|entry| (&entry.line, entry.amount.to_string(), entry.to_string())).collect();
    let (a, b) = (Line::Host(id("a")), Line::Host(id("b")));
    let share = |parts| format!("Enabled and free for booking b1: a share of {parts} in 4.");
    let wanted = [
        (&a, "0.75".to_owned(), share(3)),
        (&b, "0.25".to_owned(), share(1)),
        (&b, "-1.00".to_owned(), "Took booking b1.".to_owned()),
    ];
    assert_eq!(read, wanted);
    assert!(booked(&booking(1), &id("b"), &[], at(7)).is_empty(), "nobody to share among");
}

#[test]
fn the_highest_balance_is_next_then_priority_then_least_recently_booked_then_id() {
    let urgent = |host: RotationHost| RotationHost { priority: 3, ..host };
    let booked = |second, host: RotationHost| RotationHost { last_booked: Some(at(second)), ..host };
    let cases = [
        (vec![owed("a", -200)], "a", Criterion::OnlyHost, "The only host who is enabled and free."),
        (
            vec![urgent(owed("a", 49)), owed("b", 50)],
            "b",
            Criterion::Balance,
            "Next in turn: the highest balance (0.50).",
        ),
        (
            vec![booked(1, owed("a", 50)), urgent(booked(2, owed("b", 50))), owed("c", 0)],
            "b",
            Criterion::Priority,
            "Next in turn: of the highest balance (0.50), the highest priority (3).",
        ),
        (
            vec![booked(2, host("a", 1)), booked(1, host("b", 1))],
            "b",
            Criterion::LeastRecentlyBooked,
            "Next in turn: of the highest balance (0.00) and priority (2), booked longest ago.",
        ),
        (
            vec![booked(2, host("a", 1)), host("b", 1)],
            "b",
            Criterion::LeastRecentlyBooked,
            "Next in turn: of the highest balance (0.00) and priority (2), not booked before.",
        ),
        (
            vec![host("b", 9), host("a", 1)],
            "a",
            Criterion::Id,
            "Next in turn: the first by id, being level with others in balance (0.00), priority (2) and last booking.",
        ),
    ];
    for (hosts, wanted, by, sentence) in cases {
        let choice = choose(&hosts).expect("somebody is free");
        assert_eq!((choice.host, choice.why.decided_by), (id(wanted), by), "{sentence}");
        assert_eq!(choice.why.to_string(), sentence);
        assert_eq!(choice.why.ranking.len(), hosts.len(), "all are explained");
    }
    assert_eq!(choose(&[]), None);
}

#[test]
fn balances_that_differ_by_a_hair_are_told_with_the_hair() {
    let hair = RotationHost { balance: Turns(333_333_334), ..host("b", 1) };
    let choice = choose(&[RotationHost { balance: Turns(333_333_333), ..host("a", 1) }, hair]).expect("two are free");
    assert_eq!(choice.why.to_string(), "Next in turn: the highest balance (0.333333334).");
}

#[test]
fn bookings_follow_the_weights() {
    let mut entries = Vec::new();
    let hosts = [host("a", 3), host("b", 1)];
    let turns: Vec<String> = (0..8).map(|number| book(&mut entries, number, &hosts).0).collect();
    assert_eq!(turns.iter().filter(|turn| *turn == "a").count(), 6, "three in four: {turns:?}");
    assert_eq!((balance(&entries, "a"), balance(&entries, "b")), ("0.00".to_owned(), "0.00".to_owned()));
}

#[test]
fn who_was_not_free_is_owed_nothing_for_it() {
    let mut entries = Vec::new();
    (0..10).for_each(|number| {
        book(&mut entries, number, &[host("a", 1), host("b", 1)]);
    });
    let next = book(&mut entries, 10, &[host("a", 1), host("b", 1), host("c", 1)]);
    assert_eq!(
        (next, balance(&entries, "c")),
        (id("a"), "0.33".to_owned()),
        "c starts level and waits like the others"
    );
}

#[test]
fn a_new_host_starts_level_and_gets_no_run_of_bookings() {
    let mut entries = Vec::new();
    let two = [host("a", 1), host("b", 1)];
    (0..101).for_each(|number| {
        book(&mut entries, number, &two);
    });
    let gone = left(&id("a"), ledger(&entries).hosts[&id("a")].balance, at(1));
    entries.extend(gone);
    entries.extend(joined(&id("a"), Turns::ZERO, at(2)));
    entries.extend(joined(&id("n"), Turns::ZERO, at(2)));
    let three = [host("a", 1), host("b", 1), host("n", 1)];
    let turns: Vec<String> = (101..107).map(|number| book(&mut entries, number, &three).0).collect();
    let of_new = turns.iter().filter(|turn| *turn == "n").count();
    assert_eq!(of_new, 2, "a third of six: {turns:?}");
}

#[test]
fn who_leaves_takes_nothing_along_and_the_adjustment_line_keeps_the_sum() {
    let mut entries = booked(&booking(1), &id("a"), &[host("a", 1), host("b", 1)], at(1));
    entries.extend(left(&id("b"), Turns(500_000_000), at(2)));
    entries.extend(joined(&id("c"), Turns::ZERO, at(3)));
    let read = ledger(&entries);
    let tally = |name| &read.hosts[&id(name)];
    assert_eq!((read.total(), read.adjustment.balance), (Turns::ZERO, Turns(500_000_000)));
    assert_eq!((tally("b").balance, tally("b").adjustments), (Turns::ZERO, Turns(-500_000_000)));
    assert_eq!(tally("c").balance, Turns::ZERO);
    let texts: Vec<_> = read.adjustment.why.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["Host b left: the balance was moved here.", "Host c joined and starts at zero."]);
    assert_eq!(tally("b").why[1].text, "Left: the balance was moved to the adjustment line.");
    assert_eq!(tally("c").why[0].text, "Joined, starting at zero.");
}

#[test]
fn a_change_of_hosts_settles_who_is_gone_and_starts_who_is_new() {
    let balances = BTreeMap::from([(id("a"), Turns(-700)), (id("b"), Turns(700))]);
    let entries = roster_changed(&balances, &BTreeSet::from([id("b"), id("c")]), at(1));
    let reasons: Vec<_> = entries.iter().map(|entry| (entry.amount.0, &entry.reason)).collect();
    let (gone, new) = (Reason::Left { host: id("a") }, Reason::Joined { host: id("c") });
    assert_eq!(reasons, [(700, &gone), (-700, &gone), (0, &new), (0, &new)]);
    assert!(roster_changed(&balances, &balances.keys().cloned().collect(), at(1)).is_empty(), "nothing changed");
}

#[test]
fn a_cancel_given_back_leaves_the_balances_as_if_never_booked_and_only_once() {
    let mut entries = booked(&booking(1), &id("a"), &[host("a", 1), host("b", 3)], at(1));
    entries.extend(booked(&booking(2), &id("b"), &[host("a", 1), host("b", 3)], at(2)));
    let reversal = given_back(&booking(1), &entries, at(3));
    assert_eq!((reversal.len(), total(&reversal)), (3, Turns::ZERO));
    entries.extend(reversal);
    assert_eq!((balance(&entries, "a"), balance(&entries, "b")), ("0.25".to_owned(), "-0.25".to_owned()));
    assert_eq!(ledger(&entries).hosts[&id("a")].taken, Turns::ZERO);
    assert!(given_back(&booking(1), &entries, at(4)).is_empty(), "a cancel told twice gives back once");
    assert!(given_back(&booking(9), &entries, at(4)).is_empty(), "a booking that took no turn gives none back");
}

#[test]
fn a_booking_that_goes_to_another_host_is_given_back_and_booked_anew() {
    let hosts = [host("a", 1), host("b", 1)];
    let mut entries = booked(&booking(1), &id("a"), &hosts, at(1));
    entries.extend(given_back(&booking(1), &entries, at(2)));
    entries.extend(booked(&booking(1), &id("b"), &hosts, at(2)));
    assert_eq!((balance(&entries, "a"), balance(&entries, "b")), ("0.50".to_owned(), "-0.50".to_owned()));
    entries.extend(given_back(&booking(1), &entries, at(3)));
    assert_eq!((balance(&entries, "a"), balance(&entries, "b")), ("0.00".to_owned(), "0.00".to_owned()));
}

#[test]
fn the_part_of_who_left_goes_to_the_adjustment_line_also_when_they_are_back() {
    let mut entries = booked(&booking(1), &id("a"), &[host("a", 1), host("b", 1)], at(1));
    entries.extend(left(&id("a"), Turns(-500_000_000), at(2)));
    let reversal = given_back(&booking(1), &entries, at(3));
    let adjusted: Vec<_> = reversal.iter().filter(|entry| entry.line == Line::Adjustment).collect();
    assert_eq!(adjusted.iter().map(|entry| entry.amount.0).collect::<Vec<_>>(), [-500_000_000, 1_000_000_000]);
    let text = "Booking b1 was cancelled or moved: the turn is given back here, since host a has left in between.";
    assert_eq!(adjusted[1].to_string(), text);
    entries.extend(joined(&id("a"), Turns::ZERO, at(3)));
    entries.extend(given_back(&booking(1), &entries, at(4)));
    let read = ledger(&entries);
    assert_eq!(read.hosts[&id("a")].balance, Turns::ZERO, "they started at zero");
    assert_eq!((read.total(), read.adjustment.balance), (Turns::ZERO, Turns::ZERO), "the line is even again");
}

#[test]
fn only_bookings_by_rotation_count_unless_ownership_is_switched_on() {
    let off = RotationSwitches::default();
    let on = RotationSwitches { count_ownership: true, ..off };
    let all = [Assignment::Rotation, Assignment::Ownership, Assignment::ByHand];
    assert_eq!(all.map(|by| counts(by, off)), [true, false, false]);
    assert_eq!(all.map(|by| counts(by, on)), [true, true, false]);
}

#[test]
fn a_cancel_gives_the_turn_back_only_before_the_start_and_where_switched_on() {
    let on = RotationSwitches::default();
    assert_eq!(cancel_effect(at(10), at(9), on), CancelEffect::GivenBack);
    assert_eq!(cancel_effect(at(10), at(10), on), CancelEffect::Started);
    let off = RotationSwitches { give_back_cancelled: false, ..on };
    assert_eq!(cancel_effect(at(10), at(9), off), CancelEffect::SwitchedOff);
}

#[test]
fn the_ledger_reads_entitled_taken_and_why() {
    let mut entries = Vec::new();
    (1..=3).for_each(|number| {
        book(&mut entries, number, &[host("a", 1), host("b", 1)]);
    });
    let read = ledger(&entries);
    let tally = &read.hosts[&id("a")];
    let figures = [tally.entitled, tally.taken, tally.adjustments, tally.balance].map(|turns| turns.to_string());
    assert_eq!(figures, ["1.50", "2.00", "0.00", "-0.50"]);
    let lines: Vec<_> =
        tally.why.iter().map(|line| format!("{} {} {}", line.amount, line.balance, line.text)).collect();
    assert_eq!(
        lines[..2],
        ["0.50 0.50 Enabled and free for booking b1: a share of 1 in 2.", "-1.00 -0.50 Took booking b1.",]
    );
}

#[test]
fn what_is_stored_is_read_back_and_a_weight_of_zero_is_refused() {
    let choice = choose(&[host("a", 2), owed("b", 50)]).expect("two are free");
    let text = serde_json::to_string(&choice).expect("a value");
    assert_eq!(serde_json::from_str::<Choice>(&text).expect("a choice"), choice);
    let mut entries = booked(&booking(1), &id("a"), &[host("a", 1)], at(1));
    entries.extend(given_back(&booking(1), &entries, at(2)));
    entries.extend(left(&id("a"), Turns::ZERO, at(3)));
    let text = serde_json::to_string(&entries).expect("a value");
    assert_eq!(serde_json::from_str::<Vec<Entry>>(&text).expect("entries"), entries);
    let zero = serde_json::to_string(&host("a", 1)).expect("a value").replace("\"weight\":1", "\"weight\":0");
    assert!(serde_json::from_str::<RotationHost>(&zero).is_err());
}
