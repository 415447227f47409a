//! Deciding who takes a booking on the turns as they stand, within the transaction that keeps the decision (spec 7).

use domain::ask::{Known, Next};
use domain::booking::BookingId;
use domain::round_robin::{HostId, RotationSwitches, booked, counts};
use domain::routing::{NamedBy, RoutingDecision, RoutingInput, RoutingTrace, Scheduling, decide, named};
use jiff::Timestamp;

use super::rotation::{self, Standings};
use super::{Store, StoreError, Tx, event_types};
use crate::workspace_file::entries;

/// From when to when a meeting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// From.
    pub start: Timestamp,
    /// To.
    pub end: Timestamp,
}

/// All that a decision is made of.
#[derive(Debug, Clone)]
pub struct Routing {
    /// The event type's id.
    pub event_type_id: String,
    /// From when to when, where that is chosen: who is taken then since it was gathered is not free.
    pub slot: Option<Slot>,
    /// The booking that is routed again.
    pub instead_of: Option<String>,
    /// The host, where somebody named them.
    pub named: Option<(HostId, NamedBy)>,
    /// What it went by.
    pub input: RoutingInput,
    /// What the org had answered.
    pub known: Known,
    /// The configuration's version.
    pub configuration_version: i64,
    /// The event type's settings of turns.
    pub rotation: entries::Rotation,
}

impl Store {
    /// What would be decided here and now; nothing is written.
    pub async fn would_decide(&self, routing: &Routing) -> Result<(RoutingDecision, RoutingTrace), StoreError> {
        let standings = self.standings(&routing.event_type_id).await?;
        let made = decide_with(routing, with_standings(&routing.input, &standings));
        Ok((made.decision, made.trace))
    }
}

/// A decision that was made now.
pub(super) struct Made {
    pub(super) input: RoutingInput,
    pub(super) decision: RoutingDecision,
    pub(super) trace: RoutingTrace,
}

/// Decides on the turns as they stand, which no other booking of the event type changes before the transaction ends.
pub(super) async fn decide_now(tx: &mut Tx, routing: &Routing, now: Timestamp) -> Result<Made, StoreError> {
    if routing.input.scheduling == Scheduling::OneHost || routing.named.is_some() {
        return Ok(decide_with(routing, routing.input.clone()));
    }
    // Those who are enabled now: this was gathered by a configuration that may not be in force any more.
    let enabled = event_types::enabled_hosts(tx, &routing.event_type_id).await?;
    let standings = rotation::settle_roster(tx, &routing.event_type_id, &enabled, now).await?;
    let mut input = with_standings(&routing.input, &standings);
    for host in input.hosts.iter_mut().filter(|host| !enabled.contains(&host.id)) {
        host.enabled = false;
    }
    if let Some(Slot { start, end }) = routing.slot {
        // Who was booked since this was gathered is not free.
        rotation::lock_hosts(tx, &enabled).await?;
        let except = routing.instead_of.as_deref();
        let taken = rotation::taken(tx, &routing.event_type_id, start, end, except).await?;
        for host in input.hosts.iter_mut().filter(|host| taken.contains_key(&host.id)) {
            host.free_at_slot = Some(false);
        }
    }
    Ok(decide_with(routing, input))
}

fn decide_with(routing: &Routing, input: RoutingInput) -> Made {
    let (decision, trace) = match &routing.named {
        Some((host, by)) => named(&input, host, *by),
        None => match decide(&input, &routing.known) {
            (Next::Done(decision), trace) => (decision, trace),
            // Turns ask nothing of the org; whoever gathered this has asked all before.
            (Next::Ask(asks), _) => unreachable!("a decision still asks {asks:?}"),
        },
    };
    Made { input, decision, trace }
}

/// The same with what the hosts are owed.
fn with_standings(input: &RoutingInput, standings: &Standings) -> RoutingInput {
    let mut input = input.clone();
    for host in &mut input.hosts {
        let turn = standings.get(&host.id).copied().unwrap_or_default();
        (host.balance, host.last_booked) = (turn.balance, turn.last_booked);
    }
    input
}

/// Writes the turn that a booking is, if it counts as one.
pub(super) async fn turn_of(
    tx: &mut Tx,
    event_type_id: &str,
    switches: RotationSwitches,
    (decision, booking): (&RoutingDecision, &BookingId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(host) = &decision.host else { return Ok(()) };
    if !counts(decision.assignment, switches) {
        return Ok(());
    }
    let entries = booked(booking, host, &decision.free, now);
    rotation::take_turn(tx, event_type_id, host, &entries, now).await
}
