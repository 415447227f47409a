//! The routing trace: how a host was chosen, one sentence first (spec 9).

use serde::{Deserialize, Serialize};

use super::{NamedBy, RoutingHost, RoutingInput, Scheduling};
use crate::geo::Geo;
use crate::round_robin::{HostId, Turns, Why};
use crate::trace::{Stage, StageResult, Trace};

/// How a host was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingTrace {
    /// What happened, in one plain sentence.
    pub sentence: String,
    /// The event type's slug.
    pub event_type: String,
    /// Who booked, if that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the booker is, as far as it was known.
    #[serde(default, skip_serializing_if = "Geo::is_empty")]
    pub place: Geo,
    /// How the event type finds its host.
    pub scheduling: Scheduling,
    /// Who named the host, where somebody did: then nobody was weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<NamedBy>,
    /// How the Account was found, where it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Trace>,
    /// What was asked of the owner, in order; the last that did not pass made the booking go by round robin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<OwnerCheck>,
    /// Why the owner did not take the meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Whose turn it was, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Why>,
    /// All hosts, as they stood.
    pub hosts: Vec<TracedHost>,
}

/// One thing that was asked of the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerCheck {
    /// What: `The owner is a host`.
    pub check: String,
    /// What came of it, in words.
    pub outcome: String,
    /// Whether it passed.
    pub passed: bool,
}

/// A host as they stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedHost {
    /// Who.
    pub id: HostId,
    /// Name.
    pub name: String,
    /// Whether they could take the meeting.
    pub state: HostState,
    /// What the ledger owed them.
    pub balance: Turns,
}

/// Whether a host could take the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Enabled, and free as far as can be seen.
    Available,
    /// Switched off for this event type.
    SwitchedOff,
    /// Not free at the slot.
    Busy,
}

impl HostState {
    fn of(host: &RoutingHost) -> Self {
        match host.enabled {
            false => HostState::SwitchedOff,
            true if host.free_at_slot == Some(false) => HostState::Busy,
            true => HostState::Available,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            HostState::Available => "available",
            HostState::SwitchedOff => "switched off for this event type",
            HostState::Busy => "not free at this time",
        }
    }
}

impl RoutingTrace {
    pub(super) fn of(input: &RoutingInput) -> Self {
        let hosts = input.hosts.iter().map(|host| TracedHost {
            id: host.id.clone(),
            name: host.name.clone(),
            state: HostState::of(host),
            balance: host.balance,
        });
        RoutingTrace {
            sentence: String::new(),
            event_type: input.event_type.clone(),
            email: input.email.as_ref().map(|email| email.as_written().to_owned()),
            place: input.resolution.as_ref().map(|resolution| resolution.situation.place.clone()).unwrap_or_default(),
            scheduling: input.scheduling,
            named: None,
            account: None,
            owner: Vec::new(),
            fallback: None,
            rotation: None,
            hosts: hosts.collect(),
        }
    }

    /// Whether the attendee's record was looked for in the org: then it is called the *routing trace* (spec 9).
    pub fn asked_the_org(&self) -> bool {
        self.account.is_some() || !self.owner.is_empty()
    }

    /// Whether an Account was looked for, and every step of it could be asked.
    pub fn looked_for_account(&self) -> bool {
        let failed = |stage: &Stage| matches!(stage.result, StageResult::Failed { .. });
        self.account.as_ref().is_some_and(|trace| !trace.stages.is_empty() && !trace.stages.iter().any(failed))
    }

    pub(super) fn check(&mut self, check: &str, outcome: impl Into<String>, passed: bool) {
        self.owner.push(OwnerCheck { check: check.to_owned(), outcome: outcome.into(), passed });
    }
}
