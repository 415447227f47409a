//! A routing decision and its trace as JSON: for the API and the command line alike (spec 9).

mod told;

use domain::account::Coverage;
use domain::ask::RecordId;
use domain::round_robin::{Assignment, HostId};
use domain::routing::{
    OwnerCheck, RoutingDecision, RoutingTrace, TracedHost, result_words, stage_label, unseen, why_not,
};
use domain::trace::{Removal, ResolutionTrace, Seen, Stage, Trace};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoredDecision;

/// How a host is chosen: one plain sentence first, then the steps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingTrace)]
pub(crate) struct ShownTrace {
    /// What happened.
    #[schema(example = "Booked with Dana Ito, who owns Acme EMEA, chosen over 3 others by country match.")]
    sentence: String,
    /// Who takes the meeting; left out where nobody is enabled and free.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<ShownHost>,
    /// How it came to them.
    assignment: ShownAssignment,
    /// The Account that was found, to which records are linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<ShownAccount>,
    /// The record whose owner was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<String>,
    /// Who books, where that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Where the booker is, as far as it was known.
    place: ShownPlace,
    /// Why the owner does not take the meeting, where round robin decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
    /// What was asked of the record's owner, in order.
    owner_checks: Vec<ShownCheck>,
    /// How the Account was found: steps, host filter and rules in their order.
    stages: Vec<ShownStage>,
    /// All hosts as they stood, those in turn in the order of their turns.
    hosts: Vec<ShownHostState>,
    /// Whose turn it was, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<String>,
    /// The version of the configuration that decided.
    configuration_version: i64,
}

/// A host.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TracedHost)]
struct ShownHost {
    /// Their id.
    id: String,
    /// Name.
    name: String,
}

/// How a booking came to its host.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Assignment)]
#[serde(rename_all = "snake_case")]
enum ShownAssignment {
    /// It was their turn.
    Rotation,
    /// They own the attendee's record.
    Ownership,
    /// Somebody named them, or the event type has one host.
    ByHand,
}

/// An Account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TracedAccount)]
struct ShownAccount {
    /// Its id in Salesforce.
    id: String,
    /// Its Name; left out where it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Where the booker is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
struct ShownPlace {
    /// ISO code of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// State or region, as it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
}

/// One thing that was asked of the owner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnerCheck)]
struct ShownCheck {
    /// What.
    #[schema(example = "The owner is a host")]
    check: String,
    /// What came of it.
    outcome: String,
    /// Whether it passed.
    passed: bool,
}

/// How an attendee's Account was looked for when their records were written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountResolution)]
pub(crate) struct ShownResolution {
    /// The Account that the records are linked to; left out where none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<ShownAccount>,
    /// Steps and rules in their order.
    stages: Vec<ShownStage>,
}

/// A step, the host filter or a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingStage)]
struct ShownStage {
    /// Which.
    #[schema(example = "P1 Country match")]
    stage: String,
    /// What it came to.
    #[schema(example = "decided")]
    result: String,
    /// Which part of the records it saw, where that is not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    bounded: Option<String>,
    /// The candidates, with what it saw of each.
    candidates: Vec<ShownCandidate>,
}

/// A candidate, as one stage saw it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
struct ShownCandidate {
    /// The Account's id.
    account_id: String,
    /// Its Name.
    name: String,
    /// What the stage saw of it.
    value: String,
    /// Why it was removed; left out where it stayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'static str>,
}

/// A host as they stood.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HostStanding)]
struct ShownHostState {
    /// Their id.
    id: String,
    /// Name.
    name: String,
    /// Whether they could take the meeting.
    #[schema(example = "available")]
    state: &'static str,
    /// How many turns the ledger owed them.
    #[schema(example = "0.50")]
    balance: String,
}

/// A decision that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingDecision)]
pub(crate) struct ShownDecision {
    /// Its id.
    id: String,
    /// How the booking came in: `api`, `link`, or `reassigned`.
    entered: String,
    /// When it was decided.
    decided_at: Timestamp,
    /// The organizer that the booking has instead of the decided host; left out where it has that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_organizer: Option<String>,
    #[serde(flatten)]
    trace: ShownTrace,
}

impl ShownTrace {
    /// The form of a decision.
    pub(crate) fn of(decision: &RoutingDecision, trace: &RoutingTrace, configuration_version: i64) -> Self {
        let name = |id: &HostId| trace.hosts.iter().find(|host| host.id == *id).map(|host| host.name.clone());
        ShownTrace {
            sentence: trace.sentence.clone(),
            host: decision.host.as_ref().map(|id| ShownHost { id: id.0.clone(), name: name(id).unwrap_or_default() }),
            assignment: match decision.assignment {
                Assignment::Rotation => ShownAssignment::Rotation,
                Assignment::Ownership => ShownAssignment::Ownership,
                Assignment::ByHand => ShownAssignment::ByHand,
            },
            account: decision.account.as_ref().map(|id| account(id, trace.account.as_ref())),
            record_id: decision.record.as_ref().map(|id| id.0.clone()),
            email: trace.email.clone(),
            place: ShownPlace {
                country: trace.place.country.map(|country| country.code().to_owned()),
                region: trace.place.region.clone(),
                city: trace.place.city.clone(),
                postal_code: trace.place.postal_code.clone(),
            },
            fallback: trace.fallback.clone(),
            owner_checks: trace.owner.iter().map(ShownCheck::from).collect(),
            stages: trace.account.as_ref().map(stages).unwrap_or_default(),
            hosts: hosts(trace),
            rotation: trace.rotation.as_ref().map(ToString::to_string),
            configuration_version,
        }
    }
}

/// Why a host or an Account was not chosen, in words for whoever asked; also where the decision knows none by that name.
pub(crate) fn why_not_words(subject: &str, decision: &RoutingDecision, trace: &RoutingTrace) -> String {
    why_not(subject, decision, trace).unwrap_or_else(|| unseen(subject, decision, trace))
}

/// Those in turn first, in the order of their turns.
fn hosts(trace: &RoutingTrace) -> Vec<ShownHostState> {
    let mut hosts: Vec<&TracedHost> = trace.hosts.iter().collect();
    let ranking = trace.rotation.as_ref().map_or(&[][..], |why| &why.ranking);
    hosts.sort_by_key(|host| ranking.iter().position(|ranked| ranked.id == host.id).unwrap_or(usize::MAX));
    let shown = |host: &TracedHost| ShownHostState {
        id: host.id.0.clone(),
        name: host.name.clone(),
        state: host.state.words(),
        balance: host.balance.to_string(),
    };
    hosts.into_iter().map(shown).collect()
}

impl From<&ResolutionTrace> for ShownResolution {
    fn from(ResolutionTrace { chosen, trace }: &ResolutionTrace) -> Self {
        ShownResolution { account: chosen.as_ref().map(|id| account(id, Some(trace))), stages: stages(trace) }
    }
}

fn account(id: &RecordId, trace: Option<&Trace>) -> ShownAccount {
    let known = trace.and_then(|trace| trace.accounts.get(id));
    ShownAccount { id: id.0.clone(), name: known.map(|known| known.name.clone()) }
}

fn stages(trace: &Trace) -> Vec<ShownStage> {
    trace.stages.iter().map(|each| stage(trace, each)).collect()
}

fn stage(trace: &Trace, stage: &Stage) -> ShownStage {
    let candidate = |seen: &Seen| ShownCandidate {
        account_id: seen.account.0.clone(),
        name: trace.accounts.get(&seen.account).map(|known| known.name.clone()).unwrap_or_default(),
        value: seen.value.clone(),
        removed: seen.removed.map(removed_word),
    };
    ShownStage {
        stage: stage_label(&stage.key),
        result: result_words(&stage.result),
        bounded: match &stage.coverage {
            Coverage::Complete => None,
            Coverage::Bounded { read, rule } => Some(format!("the first {read}: {rule}")),
        },
        candidates: stage.seen.iter().map(candidate).collect(),
    }
}

/// Why a candidate was removed, in one word of the API.
pub(crate) fn removed_word(why: Removal) -> &'static str {
    match why {
        Removal::ExcludedRecordType => "excluded_record_type",
        Removal::PersonAccount => "person_account",
        Removal::OwnerNotHost => "owner_not_host",
        Removal::FewerContacts => "fewer_contacts",
        Removal::Outranked => "outranked",
        Removal::LaterInFixedOrder => "later_in_fixed_order",
    }
}

impl From<&OwnerCheck> for ShownCheck {
    fn from(check: &OwnerCheck) -> Self {
        ShownCheck { check: check.check.clone(), outcome: check.outcome.clone(), passed: check.passed }
    }
}

impl From<StoredDecision> for ShownDecision {
    fn from(stored: StoredDecision) -> Self {
        ShownDecision {
            trace: ShownTrace::of(&stored.decision, &stored.trace, stored.configuration_version),
            id: stored.id,
            entered: stored.entered,
            decided_at: stored.created_at,
            other_organizer: stored.other_organizer,
        }
    }
}
