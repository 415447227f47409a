//! What holds of all hosts and of all that may happen to them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{at, book, booking, host, id, total};
use super::*;

fn any_hosts() -> impl Strategy<Value = Vec<RotationHost>> {
    let one = (0_usize..12, 1_u32..5, 0_u32..2, proptest::option::of(0_i64..3), -2_i64..3);
    proptest::collection::vec(one, 1..8).prop_map(|all| {
        let mut hosts = BTreeMap::new();
        for (name, weight, priority, last, balance) in all {
            let known = host(&format!("h{name}"), weight);
            let last_booked = last.map(at);
            hosts.insert(known.id.clone(), RotationHost { priority, last_booked, balance: Turns(balance), ..known });
        }
        hosts.into_values().collect()
    })
}

/// What may happen to four hosts: a booking with the set of those free, a cancel, a change of who is enabled.
#[derive(Debug, Clone)]
enum Step {
    Book([bool; 4]),
    Cancel(usize),
    Toggle(usize),
}

fn any_steps(cancels: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<[bool; 4]>().prop_map(Step::Book),
        cancels => (0_usize..40).prop_map(Step::Cancel),
        2 => (0_usize..4).prop_map(Step::Toggle),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Runs the steps; after each, the sum must be zero and balances within `bound`.
fn run(steps: &[Step], weights: [u32; 4], bound: Option<Turns>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut enabled = [true; 4];
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Book(free) => {
                let free: Vec<_> = (0..4)
                    .filter(|host| enabled[*host] && free[*host])
                    .map(|which| host(&format!("h{which}"), weights[which]))
                    .collect();
                if !free.is_empty() {
                    book(&mut entries, number, &free);
                }
            }
            Step::Cancel(which) => entries.extend(given_back(&booking(*which), &entries, at(0))),
            Step::Toggle(which) => {
                let who = id(&format!("h{which}"));
                let owed = ledger(&entries).hosts.get(&who).map(|line| line.balance).unwrap_or_default();
                enabled[*which] ^= true;
                entries.extend(if enabled[*which] { joined(&who, owed, at(0)) } else { left(&who, owed, at(0)) });
            }
        }
        assert_eq!(total(&entries), Turns::ZERO, "after step {number}");
        let read = ledger(&entries);
        for (host, tally) in &read.hosts {
            let explained = tally.entitled - tally.taken + tally.adjustments;
            assert_eq!(tally.balance, explained, "host {host} after step {number}");
            let far = bound.is_some_and(|bound| tally.balance.max(-tally.balance) > bound);
            assert!(!far, "host {host} is at {} after step {number}", tally.balance);
        }
        for which in (0..4).filter(|which| !enabled[*which]) {
            let line = read.hosts.get(&id(&format!("h{which}")));
            assert_eq!(line.map(|line| line.balance).unwrap_or_default(), Turns::ZERO, "h{which} has left");
        }
    }
    entries
}

proptest! {
    #[test]
    fn the_order_in_which_hosts_are_given_changes_nothing(hosts in any_hosts(), turn in 0_usize..8) {
        let mut turned = hosts.clone();
        turned.rotate_left(turn % hosts.len());
        let backwards: Vec<_> = turned.iter().rev().cloned().collect();
        let choice = choose(&hosts).expect("somebody is free");
        for other in [hosts.clone(), turned, backwards] {
            prop_assert_eq!(&choose(&other).expect("somebody is free"), &choice);
            let (written, first) = (|free: &[RotationHost]| booked(&booking(1), &choice.host, free, at(0)), &hosts);
            prop_assert_eq!(written(&other), written(first));
        }
    }

    #[test]
    fn the_choice_beats_all_others_by_what_it_names(hosts in any_hosts()) {
        let choice = choose(&hosts).expect("somebody is free");
        let first = &choice.why.ranking[0];
        for other in &choice.why.ranking[1..] {
            prop_assert!(first.balance >= other.balance);
            let level = first.balance == other.balance;
            prop_assert!(!level || first.priority >= other.priority);
            let level = level && first.priority == other.priority;
            prop_assert!(!level || first.last_booked <= other.last_booked);
            prop_assert!(!level || first.last_booked < other.last_booked || first.id < other.id);
        }
    }

    #[test]
    fn shares_sum_to_one_turn_and_are_off_by_less_than_a_billionth(weights in proptest::collection::vec(1_u32.., 1..30)) {
        let shares = Turns::shares(&weights);
        prop_assert_eq!(shares.iter().copied().sum::<Turns>(), Turns::ONE);
        let of: i128 = weights.iter().copied().map(i128::from).sum();
        for (share, weight) in shares.iter().zip(&weights) {
            let off = i128::from(share.0) * of - i128::from(Turns::ONE.0) * i128::from(*weight);
            prop_assert!(off.abs() < of, "{share:.9} of weight {weight} in {of}");
        }
    }

    #[test]
    fn whatever_happens_sums_to_zero_and_comes_out_the_same_again(steps in any_steps(3), weights in any::<[u8; 4]>()) {
        let weights = weights.map(|weight| u32::from(weight) + 1);
        prop_assert_eq!(run(&steps, weights, None), run(&steps, weights, None));
    }

    #[test]
    fn without_cancels_no_balance_passes_twice_the_others(steps in any_steps(0), weights in any::<[u8; 4]>()) {
        let weights = weights.map(|weight| u32::from(weight) + 1);
        run(&steps, weights, Some(Turns(6 * Turns::ONE.0)));
    }
}
