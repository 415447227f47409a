//! Which bookings and cancels touch the ledger (spec 7).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The two switches of an event type about its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RotationSwitches {
    /// Bookings assigned by ownership count as turns, too. Off by default.
    pub count_ownership: bool,
    /// A cancel before the start gives the turn back. On by default.
    pub give_back_cancelled: bool,
}

impl Default for RotationSwitches {
    fn default() -> Self {
        RotationSwitches { count_ownership: false, give_back_cancelled: true }
    }
}

/// How a booking came to its host. Its `Display` says whether that counts as a turn when `count_ownership` is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// Matchbook took whose turn it was.
    Rotation,
    /// Matchbook took the owner of the attendee's record.
    Ownership,
    /// A person chose the host.
    ByHand,
}

/// Whether a booking counts as a turn of its host.
pub fn counts(assignment: Assignment, switches: RotationSwitches) -> bool {
    match assignment {
        Assignment::Rotation => true,
        Assignment::Ownership => switches.count_ownership,
        Assignment::ByHand => false,
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Assignment::Rotation => "Assigned by rotation: it counts as a turn.",
            Assignment::Ownership => {
                "Assigned to the record's owner: it counts as a turn only where the event type says so."
            }
            Assignment::ByHand => "Assigned by hand: it does not count as a turn.",
        })
    }
}

/// What a cancel does to the ledger. Its `Display` is one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelEffect {
    /// It was cancelled before its start: its turn is given back.
    GivenBack,
    /// It had started: its turn was taken.
    Started,
    /// The event type gives nothing back.
    SwitchedOff,
}

/// What a cancel does to the ledger, given when the meeting was to start and when it was cancelled or declined.
pub fn cancel_effect(start: Timestamp, cancelled_at: Timestamp, switches: RotationSwitches) -> CancelEffect {
    if !switches.give_back_cancelled {
        CancelEffect::SwitchedOff
    } else if cancelled_at < start {
        CancelEffect::GivenBack
    } else {
        CancelEffect::Started
    }
}

impl fmt::Display for CancelEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CancelEffect::GivenBack => "Cancelled before its start: the turn is given back.",
            CancelEffect::Started => "Cancelled after its start: the turn stays taken.",
            CancelEffect::SwitchedOff => "Cancelled: this event type gives no turns back.",
        })
    }
}
