//! The ledger of turns: what is written into it, always in sets that sum to zero, and how it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HostId, RotationHost, Turns};
use crate::booking::BookingId;

/// One entry. Entries are never changed or removed; what they add up to on a host's line is the host's balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// Where it stands.
    pub line: Line,
    /// How much; above zero is to the line's credit.
    pub amount: Turns,
    /// What for.
    pub reason: Reason,
}

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A host's.
    Host(HostId),
    /// The one that takes what hosts who left had or owed, so that all lines sum to zero.
    Adjustment,
}

/// What an entry is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The host was enabled and free at a booking's slot.
    Credit {
        /// The booking.
        booking: BookingId,
        /// The host's weight then.
        weight: u32,
        /// The sum of the weights of all who were enabled and free.
        of: u64,
    },
    /// The host took a booking.
    Debit {
        /// The booking.
        booking: BookingId,
    },
    /// A booking was cancelled before its start, or moved to another host.
    GivenBack {
        /// The booking.
        booking: BookingId,
        /// Whose entry is reversed; it stands on the adjustment line if they have left since.
        host: HostId,
        /// Which entry of theirs.
        part: Part,
    },
    /// The host was added or switched on, and starts at zero.
    Joined {
        /// Who.
        host: HostId,
    },
    /// The host was removed or switched off.
    Left {
        /// Who.
        host: HostId,
    },
}

/// Which of a booking's entries is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The share for being free.
    Credit,
    /// The turn taken.
    Debit,
}

/// What a booking that counts as a turn writes: a credit to every host who was enabled and free, a debit of one turn to its
/// organizer. `free` names each host once, in any order; if it is empty there is nothing to share and nothing is written.
pub fn booked(booking: &BookingId, organizer: &HostId, free: &[RotationHost], at: Timestamp) -> Vec<Entry> {
    if free.is_empty() {
        return Vec::new();
    }
    let mut free: Vec<(&HostId, u32)> = free.iter().map(|host| (&host.id, host.weight.get())).collect();
    free.sort_unstable();
    let weights: Vec<u32> = free.iter().map(|(_, weight)| *weight).collect();
    let of = weights.iter().copied().map(u64::from).sum();
    let credits = free.into_iter().zip(Turns::shares(&weights)).map(|((host, weight), amount)| {
        let reason = Reason::Credit { booking: booking.clone(), weight, of };
        Entry { at, line: Line::Host(host.clone()), amount, reason }
    });
    let reason = Reason::Debit { booking: booking.clone() };
    let debit = Entry { at, line: Line::Host(organizer.clone()), amount: -Turns::ONE, reason };
    credits.chain([debit]).collect()
}

/// What reverses all that a booking wrote and that was not given back yet: when [`cancel_effect`](super::cancel_effect) says
/// so, and before a booking goes to another host. The part of a host who has left since goes to the adjustment line, also if
/// they are back: they started at zero then.
///
/// `since` is the ledger in its order: all entries of the booking, and all that tell who joined or left after its first.
/// Others don't matter.
pub fn given_back(booking: &BookingId, since: &[Entry], at: Timestamp) -> Vec<Entry> {
    let pending = pending(booking, since).into_iter().filter(|(_, (amount, _))| *amount != Turns::ZERO);
    let reversed = pending.map(|((host, part), (amount, has_left))| {
        let line = if has_left { Line::Adjustment } else { Line::Host(host.clone()) };
        let reason = Reason::GivenBack { booking: booking.clone(), host: host.clone(), part };
        Entry { at, line, amount: -amount, reason }
    });
    reversed.collect()
}

/// Whose turn a booking is by what it wrote, in the ledger's order, if it is one that was not given back.
pub fn holder(booking: &BookingId, entries: &[Entry]) -> Option<HostId> {
    let pending = pending(booking, entries);
    let mut debits =
        pending.into_iter().filter(|((_, part), (amount, _))| *part == Part::Debit && *amount != Turns::ZERO);
    debits.next().map(|((host, _), _)| host.clone())
}

/// What a booking wrote and was not given back, by host and part, and whether the host has left since.
fn pending<'a>(booking: &BookingId, since: &'a [Entry]) -> BTreeMap<(&'a HostId, Part), (Turns, bool)> {
    let mut pending: BTreeMap<(&HostId, Part), (Turns, bool)> = BTreeMap::new();
    for entry in since {
        if let Reason::Left { host } | Reason::Joined { host } = &entry.reason {
            for part in [Part::Credit, Part::Debit] {
                pending.entry((host, part)).and_modify(|(_, has_left)| *has_left = true);
            }
        } else if entry.reason.booking() == Some(booking)
            && let Some((host, part)) = entry.turn()
        {
            let given_back = matches!(entry.reason, Reason::GivenBack { .. });
            let (amount, has_left) = pending.entry((host, part)).or_default();
            *amount += entry.amount;
            *has_left &= given_back;
        }
    }
    pending
}

/// What is written when a host is removed or switched off: their balance goes to the adjustment line.
pub fn left(host: &HostId, balance: Turns, at: Timestamp) -> Vec<Entry> {
    settled(host, balance, Reason::Left { host: host.clone() }, at)
}

/// What is written when a host is added or switched on: they start at zero, and a balance that their line still shows, which
/// is zero as a rule, goes to the adjustment line.
pub fn joined(host: &HostId, balance: Turns, at: Timestamp) -> Vec<Entry> {
    settled(host, balance, Reason::Joined { host: host.clone() }, at)
}

fn settled(host: &HostId, balance: Turns, reason: Reason, at: Timestamp) -> Vec<Entry> {
    let own = Entry { at, line: Line::Host(host.clone()), amount: -balance, reason: reason.clone() };
    vec![own, Entry { at, line: Line::Adjustment, amount: balance, reason }]
}

/// What is written when an event type's hosts are changed: `balances` are those of the hosts who were enabled before,
/// `enabled` are those who are from now on. Who is gone has left, who is new has joined; for the others nothing changes.
pub fn roster_changed(balances: &BTreeMap<HostId, Turns>, enabled: &BTreeSet<HostId>, at: Timestamp) -> Vec<Entry> {
    let gone = balances.iter().filter(|(host, _)| !enabled.contains(*host));
    let new = enabled.iter().filter(|host| !balances.contains_key(*host));
    gone.flat_map(|(host, balance)| left(host, *balance, at))
        .chain(new.flat_map(|host| joined(host, Turns::ZERO, at)))
        .collect()
}

impl Entry {
    /// Whose turn it concerns and which part of it; `None` for what only moves balances.
    fn turn(&self) -> Option<(&HostId, Part)> {
        match (&self.reason, &self.line) {
            (Reason::Credit { .. }, Line::Host(host)) => Some((host, Part::Credit)),
            (Reason::Debit { .. }, Line::Host(host)) => Some((host, Part::Debit)),
            (Reason::GivenBack { host, part, .. }, _) => Some((host, *part)),
            _ => None,
        }
    }
}

impl Reason {
    /// The booking that it is about, if it is about one.
    pub fn booking(&self) -> Option<&BookingId> {
        match self {
            Reason::Credit { booking, .. } | Reason::Debit { booking } | Reason::GivenBack { booking, .. } => {
                Some(booking)
            }
            Reason::Joined { .. } | Reason::Left { .. } => None,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let adjustment = self.line == Line::Adjustment;
        match &self.reason {
            Reason::Credit { booking, weight, of } if u64::from(*weight) == *of => {
                write!(f, "Alone enabled and free for booking {booking}: the whole turn.")
            }
            Reason::Credit { booking, weight, of } => {
                write!(f, "Enabled and free for booking {booking}: a share of {weight} in {of}.")
            }
            Reason::Debit { booking } => write!(f, "Took booking {booking}."),
            Reason::GivenBack { booking, host, part } => {
                let part = match part {
                    Part::Credit => "the share",
                    Part::Debit => "the turn",
                };
                write!(f, "Booking {booking} was cancelled or moved: {part} is given back")?;
                if adjustment { write!(f, " here, since host {host} has left in between.") } else { f.write_str(".") }
            }
            Reason::Joined { host } if adjustment => write!(f, "Host {host} joined and starts at zero."),
            Reason::Joined { .. } => f.write_str("Joined, starting at zero."),
            Reason::Left { host } if adjustment => write!(f, "Host {host} left: the balance was moved here."),
            Reason::Left { .. } => f.write_str("Left: the balance was moved to the adjustment line."),
        }
    }
}

/// The ledger, line by line, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// The hosts' lines, also of those who have left.
    pub hosts: BTreeMap<HostId, Tally>,
    /// The adjustment line.
    pub adjustment: Tally,
}

/// One line of the ledger: its balance is what it is entitled to, less what was taken, plus adjustments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The shares of all bookings that the host was free for, less those given back.
    pub entitled: Turns,
    /// The turns taken, less those given back.
    pub taken: Turns,
    /// What joining and leaving moved, and on the adjustment line what was given back of those who had left.
    pub adjustments: Turns,
    /// What is owed to the line.
    pub balance: Turns,
    /// Why: each entry with the balance after it.
    pub why: Vec<TallyLine>,
}

/// An entry as it reads on its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyLine {
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Turns,
    /// The balance after it.
    pub balance: Turns,
    /// What for, in one sentence.
    pub text: String,
}

/// Reads a ledger from its entries, all of them and in their order.
pub fn ledger(entries: &[Entry]) -> Ledger {
    let mut ledger = Ledger::default();
    for entry in entries {
        match &entry.line {
            Line::Host(host) => ledger.hosts.entry(host.clone()).or_default().add(entry),
            Line::Adjustment => ledger.adjustment.add(entry),
        }
    }
    ledger
}

impl Ledger {
    /// What all lines sum to: zero, unless entries are missing.
    pub fn total(&self) -> Turns {
        self.hosts.values().map(|tally| tally.balance).chain([self.adjustment.balance]).sum()
    }
}

impl Tally {
    fn add(&mut self, entry: &Entry) {
        let turn = entry.turn().filter(|_| entry.line != Line::Adjustment);
        match turn {
            Some((_, Part::Credit)) => self.entitled += entry.amount,
            Some((_, Part::Debit)) => self.taken += -entry.amount,
            None => self.adjustments += entry.amount,
        }
        self.balance += entry.amount;
        let (at, amount, balance) = (entry.at, entry.amount, self.balance);
        self.why.push(TallyLine { at, amount, balance, text: entry.to_string() });
    }
}
