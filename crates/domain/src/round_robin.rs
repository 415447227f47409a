//! Whose turn it is among the hosts of an event type, and the ledger that says so (spec 7).
//!
//! Each booking by rotation credits every host enabled and free at its slot with their share of one turn, by weight, and
//! debits the organizer one turn. So all balances sum to zero, and a host who is seldom free is owed no more than their
//! share of the slots that they could have taken.
//!
//! # How far balances go
//! Where only rotation counts and nothing is cancelled, no balance ever passes 2 (n - 1) turns either way, n being the
//! most hosts there were at a time, whatever the weights, whoever is free, leaves or comes back. Why: let P(k) be the
//! highest sum of at most k balances. A host's balance set to zero never raises it. Where a booking raises it, the
//! organizer is not among these k but one of those credited is, who had no more than the organizer before; so
//! afterwards the two are at most 2 apart, and P(k) <= (P(k - 1) + P(k + 1)) / 2 + 1; and with k = n, P(n) = P(n - 1).
//! With P(0) = 0 this gives P(1) <= 2 (n - 1). The same holds of the lowest sums. A cancel gives back a turn that later
//! choices have counted with, so cancels can add to this for as long as it takes to book on.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod ledger;
mod switches;
mod turns;

pub use ledger::{
    Entry, Ledger, Line, Part, Reason, Tally, TallyLine, booked, given_back, holder, joined, ledger, left,
    roster_changed,
};
pub use switches::{Assignment, CancelEffect, RotationSwitches, cancel_effect, counts};
pub use turns::Turns;

/// Matchbook's own id of a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostId(pub String);

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host who is enabled and free at the slot in question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationHost {
    /// Who.
    pub id: HostId,
    /// What they are called, for explanations.
    pub name: String,
    /// Their part of the bookings, beside the others' weights.
    pub weight: NonZeroU32,
    /// Among equal balances the higher one is next, as in Cal.com.
    pub priority: u32,
    /// When they last got a booking of this event type, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_booked: Option<Timestamp>,
    /// What the ledger owes them; below zero they are ahead of their share.
    pub balance: Turns,
}

/// Who is next, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Who.
    pub host: HostId,
    /// Why.
    pub why: Why,
}

/// Why a host is next: what was seen of every host, and what told the first from the second. Its `Display` is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What decided.
    pub decided_by: Criterion,
    /// All hosts enabled and free, as they are next one after the other; the first was chosen.
    pub ranking: Vec<RotationHost>,
}

/// What tells hosts from each other, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Nobody else was enabled and free.
    OnlyHost,
    /// The highest balance.
    Balance,
    /// Of the highest balance, the highest priority.
    Priority,
    /// Of these, the one whose last booking lies longest back; never counts as longest.
    LeastRecentlyBooked,
    /// Of these, the first by id, so that no choice is arbitrary.
    Id,
}

/// Whose turn it is among the hosts who are enabled and free, each named once, in any order. `None` if there is no host.
pub fn choose(hosts: &[RotationHost]) -> Option<Choice> {
    let mut ranking = hosts.to_vec();
    ranking.sort_by(|a, b| compare(a, b).1);
    let host = ranking.first()?.id.clone();
    let decided_by = ranking.get(1).map_or(Criterion::OnlyHost, |second| telling(&ranking[0], second));
    Some(Choice { host, why: Why { decided_by, ranking } })
}

/// What tells two hosts from each other.
pub(crate) fn telling(one: &RotationHost, other: &RotationHost) -> Criterion {
    compare(one, other).0
}

/// Which of two hosts is earlier in turn, and by what.
fn compare(a: &RotationHost, b: &RotationHost) -> (Criterion, Ordering) {
    let criteria = [
        (Criterion::Balance, b.balance.cmp(&a.balance)),
        (Criterion::Priority, b.priority.cmp(&a.priority)),
        (Criterion::LeastRecentlyBooked, a.last_booked.cmp(&b.last_booked)),
    ];
    let telling = criteria.into_iter().find(|(_, order)| order.is_ne());
    telling.unwrap_or_else(|| (Criterion::Id, a.id.cmp(&b.id)))
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.ranking.first() else { return f.write_str("No host is enabled and free.") };
        let balance = first.balance;
        match self.decided_by {
            Criterion::OnlyHost => f.write_str("The only host who is enabled and free."),
            Criterion::Balance => write!(f, "Next in turn: the highest balance ({}).", self.telling_balance(first)),
            Criterion::Priority => {
                write!(
                    f,
                    "Next in turn: of the highest balance ({balance}), the highest priority ({}).",
                    first.priority
                )
            }
            Criterion::LeastRecentlyBooked => {
                let when = if first.last_booked.is_some() { "booked longest ago" } else { "not booked before" };
                write!(f, "Next in turn: of the highest balance ({balance}) and priority ({}), {when}.", first.priority)
            }
            Criterion::Id => write!(
                f,
                "Next in turn: the first by id, being level with others in balance ({balance}), priority ({}) and last booking.",
                first.priority
            ),
        }
    }
}

impl Why {
    /// The first's balance with so many decimals that it reads otherwise than the second's.
    fn telling_balance(&self, first: &RotationHost) -> String {
        let short = first.balance.to_string();
        let same = self.ranking.get(1).is_some_and(|second| second.balance.to_string() == short);
        if same { format!("{:.9}", first.balance) } else { short }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod properties;

#[cfg(test)]
mod simulation;
