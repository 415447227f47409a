//! Which host takes a booking, and why (spec 7): the owner of the attendee's record where the event type says so, else whose turn it
//! is. [`decide`] is pure; what it must know of the org it asks for.

mod owner;
mod people_seen;
mod settings;
mod trace;
mod why_not;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account_resolution::ResolutionInput;
use crate::ask::{Ask, Known, Next, RecordId};
use crate::email_domain::EmailAddress;
use crate::round_robin::{self, Assignment, Choice, HostId, RotationHost, Turns};
use crate::salesforce_settings::AttendeeRecordType;
pub use settings::{BookDirectly, OwnerOf, OwnerRule, RuleEffect};
pub use trace::{HostState, OwnerCheck, RoutingTrace, TracedHost};
pub use why_not::{nobody_weighed, result_words, stage_label, unseen, why_not};

/// How an event type finds its host (spec 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduling {
    /// One host takes all meetings, or whoever books says which.
    #[default]
    OneHost,
    /// The hosts take turns.
    RoundRobin,
}

/// Everything that a decision depends on, besides what the org answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingInput {
    /// Who books; none before they said so.
    pub email: Option<EmailAddress>,
    /// The event type's slug.
    pub event_type: String,
    /// How it finds its host.
    pub scheduling: Scheduling,
    /// Its hosts, those switched off too.
    pub hosts: Vec<RoutingHost>,
    /// *Book directly with attendee owner*.
    pub book_directly: BookDirectly,
    /// What attendees become.
    pub record_type: AttendeeRecordType,
    /// How an Account is found; its host filter is set by the decision.
    pub resolution: Option<Box<ResolutionInput>>,
    /// The fields that *Book directly with attendee owner* names and the connection's user does not see, by the object's API name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen_fields: BTreeMap<String, BTreeSet<String>>,
    /// Why the org is not asked, where it is not.
    pub not_asked: Option<String>,
}

/// A host of the event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingHost {
    /// Who.
    pub id: HostId,
    /// Name.
    pub name: String,
    /// Their active Salesforce user on the event type's connection, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<RecordId>,
    /// Whether they take meetings of the event type.
    pub enabled: bool,
    /// Their part of the bookings.
    pub weight: NonZeroU32,
    /// The higher one is next among equal balances.
    pub priority: u32,
    /// When they last got a booking of the event type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_booked: Option<Timestamp>,
    /// What the ledger owes them.
    pub balance: Turns,
    /// Whether they are free at the slot; none where no slot is chosen, or their calendar cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_at_slot: Option<bool>,
    /// Whether they are free at all within the horizon; none where their calendar cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_within_horizon: Option<bool>,
}

impl RoutingHost {
    fn can_take(&self) -> bool {
        self.enabled && self.free_at_slot != Some(false)
    }

    fn in_rotation(&self) -> RotationHost {
        RotationHost {
            id: self.id.clone(),
            name: self.name.clone(),
            weight: self.weight,
            priority: self.priority,
            last_booked: self.last_booked,
            balance: self.balance,
        }
    }
}

/// Which host takes a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingDecision {
    /// Who; none where nobody is enabled and free.
    pub host: Option<HostId>,
    /// How it came to them.
    pub assignment: Assignment,
    /// The Account that was found, to which records are linked, whoever takes the meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<RecordId>,
    /// The record whose owner was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// Who were enabled and free at the slot, as the ledger credits them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub free: Vec<RotationHost>,
}

/// The asks of which the answers are missing.
type Missing = BTreeSet<Ask>;

/// Decides which host takes a booking, or says what must be known of the org first.
pub fn decide(input: &RoutingInput, known: &Known) -> (Next<RoutingDecision>, RoutingTrace) {
    let mut router = Router { input, known, trace: RoutingTrace::of(input) };
    match router.decide() {
        Ok(decision) => (Next::Done(decision), router.trace),
        Err(asks) => (Next::Ask(asks), router.trace),
    }
}

/// Who named the host of a booking, where none was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// The request that made the booking.
    Request,
    /// Somebody who gave the booking to another host.
    Hand,
}

/// The decision where a host was named: theirs it is, whoever else could take it.
pub fn named(input: &RoutingInput, host: &HostId, by: NamedBy) -> (RoutingDecision, RoutingTrace) {
    let mut trace = RoutingTrace { named: Some(by), ..RoutingTrace::of(input) };
    let name = input.hosts.iter().find(|known| known.id == *host).map_or("", |known| known.name.as_str());
    trace.sentence = match by {
        NamedBy::Request => format!("Booked with {name}, whom the request named."),
        NamedBy::Hand => format!("Given to {name} by hand."),
    };
    let decision = RoutingDecision {
        host: Some(host.clone()),
        assignment: Assignment::ByHand,
        account: None,
        record: None,
        free: Vec::new(),
    };
    (decision, trace)
}

struct Router<'a> {
    input: &'a RoutingInput,
    known: &'a Known,
    trace: RoutingTrace,
}

/// What the look-up of an owner came to.
struct Owner {
    /// The host who takes the meeting, or why none does by ownership.
    host: Result<HostId, String>,
    account: Option<RecordId>,
    record: Option<RecordId>,
    /// Such as `owns Acme EMEA, chosen over 3 others by country`.
    words: String,
}

impl Router<'_> {
    fn decide(&mut self) -> Result<RoutingDecision, Missing> {
        if self.input.scheduling == Scheduling::OneHost {
            return Ok(self.one_host());
        }
        let (owner, account, record) = match self.owner_applies() {
            Err(why) => (Err(why), None, None),
            Ok(()) => {
                let owner = self.find_owner()?;
                (owner.host.map(|host| (host, owner.words)), owner.account, owner.record)
            }
        };
        let mut decision = match owner {
            Ok((host, words)) => {
                let name = self.name(&host).to_owned();
                self.trace.sentence = format!("Booked with {name}, who {words}.");
                RoutingDecision {
                    host: Some(host),
                    assignment: Assignment::Ownership,
                    account: None,
                    record: None,
                    free: self.free(),
                }
            }
            Err(why) => self.by_rotation(why),
        };
        (decision.account, decision.record) = (account, record);
        Ok(decision)
    }

    fn one_host(&mut self) -> RoutingDecision {
        let host = self.input.hosts.iter().find(|host| host.enabled).map(|host| host.id.clone());
        self.trace.sentence = match &host {
            Some(host) => format!("Booked with {}, the event type's host.", self.name(host)),
            None => "No host of this event type is switched on.".to_owned(),
        };
        RoutingDecision { host, assignment: Assignment::ByHand, account: None, record: None, free: Vec::new() }
    }

    fn free(&self) -> Vec<RotationHost> {
        self.input.hosts.iter().filter(|host| host.can_take()).map(RoutingHost::in_rotation).collect()
    }

    fn by_rotation(&mut self, why: String) -> RoutingDecision {
        let free = self.free();
        let choice: Option<Choice> = round_robin::choose(&free);
        self.trace.sentence = match &choice {
            Some(choice) => format!("Booked with {} by round robin: {why}. {}", self.name(&choice.host), choice.why),
            None => format!("Nobody can take this: no host is enabled and free. ({why}.)"),
        };
        self.trace.fallback = Some(why);
        let host = choice.as_ref().map(|choice| choice.host.clone());
        self.trace.rotation = choice.map(|choice| choice.why);
        RoutingDecision { host, assignment: Assignment::Rotation, account: None, record: None, free }
    }

    fn name(&self, host: &HostId) -> &str {
        self.input.hosts.iter().find(|known| known.id == *host).map_or("", |known| known.name.as_str())
    }
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
