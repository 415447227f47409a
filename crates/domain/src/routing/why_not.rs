//! "Why not X", of a host or an Account (spec 9).

use super::{HostState, NamedBy, RoutingDecision, RoutingTrace, Scheduling};
use crate::account::Coverage;
use crate::ask::RecordId;
use crate::round_robin::{Assignment, Criterion, telling};
use crate::tiebreak;
use crate::trace::{Removal, Stage, StageKey, StageResult, Trace};

/// Why a host, by id or name, or an Account, by id or name, was not chosen; none if the decision knows nobody by that name.
pub fn why_not(subject: &str, decision: &RoutingDecision, trace: &RoutingTrace) -> Option<String> {
    of_host(subject, decision, trace).or_else(|| of_account(subject, decision, trace.account.as_ref()?))
}

/// What is said of a name that is no host's and no Account's that any step found: where Accounts were looked for, and why nowhere
/// else.
pub fn unseen(subject: &str, decision: &RoutingDecision, trace: &RoutingTrace) -> String {
    if let Some(words) = nobody_weighed(decision, trace) {
        return format!("No host of this event type is called \"{subject}\". {words}");
    }
    let nobody = format!("No host of this event type is called \"{subject}\"");
    let Some(account) = &trace.account else {
        let why = match (&trace.fallback, trace.owner.is_empty()) {
            (Some(why), true) => format!(": {why}"),
            (_, _) => ", since the owner of another record decides".to_owned(),
        };
        return format!("{nobody}, and no Account was looked for{why}.");
    };
    let steps = account.stages.iter().filter(|stage| matches!(stage.key, StageKey::Step(_)));
    let mut told: Vec<String> = steps.map(step_words).collect();
    if account.stages.iter().any(|stage| stage.result == StageResult::Found) {
        told.push("so later steps were not gone through".to_owned());
    }
    format!("{nobody}, and no step found an Account of that name or id: {}.", told.join("; "))
}

/// Such as `Exact match found no candidate`.
fn step_words(stage: &Stage) -> String {
    let bounded = match &stage.coverage {
        Coverage::Complete => String::new(),
        Coverage::Bounded { read, rule } => format!(" among the first {read} ({rule})"),
    };
    format!("{} {}{bounded}", stage_label(&stage.key), result_words(&stage.result))
}

/// That nobody but the host was looked at, and why; none of a decision that weighed hosts.
pub fn nobody_weighed(decision: &RoutingDecision, trace: &RoutingTrace) -> Option<String> {
    if decision.assignment != Assignment::ByHand {
        return None;
    }
    let chosen = decision.host.as_ref()?;
    let host = trace.hosts.iter().find(|host| host.id == *chosen).map_or("the host", |host| host.name.as_str());
    let why = match (trace.named, trace.scheduling) {
        (Some(NamedBy::Request), _) => format!("the request named {host}"),
        (None, Scheduling::OneHost) => format!("{host} takes all meetings of this event type"),
        (Some(NamedBy::Hand) | None, _) => format!("an admin named {host}"),
    };
    Some(format!("Nobody else was weighed, since {why}."))
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn of_host(subject: &str, decision: &RoutingDecision, trace: &RoutingTrace) -> Option<String> {
    let host = trace.hosts.iter().find(|host| host.id.0 == subject || same(&host.name, subject))?;
    let name = &host.name;
    if decision.host.as_ref() == Some(&host.id) {
        return Some(format!("{name} was chosen. {}", trace.sentence));
    }
    // An event type's one host is the first who is switched on; who is named takes the meeting even so.
    let left_out = trace.named.is_none() && host.state == HostState::SwitchedOff;
    if let Some(words) = nobody_weighed(decision, trace).filter(|_| !left_out) {
        return Some(words);
    }
    if host.state != HostState::Available {
        return Some(format!("{name} is {}.", host.state.words()));
    }
    let Some(why) = &trace.rotation else {
        return Some(format!("{name} is available, but does not own the record that decides. {}", trace.sentence));
    };
    let place = why.ranking.iter().position(|ranked| ranked.id == host.id).map_or(0, |at| at + 1);
    let first = why.ranking.first()?;
    let second = why.ranking.get(place.saturating_sub(1))?;
    let reason = match telling(first, second) {
        Criterion::Balance => format!("{} is owed {} turns, {name} {}", first.name, first.balance, second.balance),
        Criterion::Priority => format!("{} has priority {}, {name} {}", first.name, first.priority, second.priority),
        Criterion::LeastRecentlyBooked => format!("{} was booked longer ago", first.name),
        Criterion::Id | Criterion::OnlyHost => {
            format!(
                "{} is level with {name} in all (balance, priority and last booking), and comes first by id",
                first.name
            )
        }
    };
    Some(format!("{name} is number {place} in turn: {reason}."))
}

fn of_account(subject: &str, decision: &RoutingDecision, trace: &Trace) -> Option<String> {
    let (id, account) = trace.accounts.iter().find(|(id, account)| id.0 == subject || same(&account.name, subject))?;
    let name = &account.name;
    if decision.account.as_ref() == Some(id) {
        return Some(format!("{name} was chosen."));
    }
    let removal =
        |stage: &Stage| stage.seen.iter().find(|seen| seen.account == *id)?.removed.map(|why| (why, stage.clone()));
    let removed = trace.stages.iter().find_map(removal);
    Some(match removed {
        Some((why, stage)) => {
            format!("{name} was removed at {}: {}.", stage_label(&stage.key), removed_words(why, id, &stage))
        }
        None => format!("{name} was still a candidate when the decision was made."),
    })
}

/// What people call a stage.
pub fn stage_label(key: &StageKey) -> String {
    match key {
        StageKey::Step(step) => step.label().to_owned(),
        StageKey::HostFilter => "Host filter".to_owned(),
        StageKey::ContactCounts => "Most contacts at the domain".to_owned(),
        StageKey::Rule(key) => {
            tiebreak::rule(key).map_or_else(|| key.clone(), |rule| format!("{} {}", rule.number, rule.criterion))
        }
        StageKey::FixedOrder => "Oldest account, then lowest id".to_owned(),
    }
}

fn removed_words(why: Removal, id: &RecordId, stage: &Stage) -> String {
    let value = stage.seen.iter().find(|seen| seen.account == *id).map_or("", |seen| seen.value.as_str());
    match why {
        Removal::ExcludedRecordType => "its record type is excluded".to_owned(),
        Removal::PersonAccount => "it is a person account, and another person's".to_owned(),
        Removal::OwnerNotHost => "its owner is no enabled host".to_owned(),
        Removal::FewerContacts => format!("it has {value} there, others have more"),
        Removal::Outranked => {
            let kept: Vec<&str> =
                stage.seen.iter().filter(|seen| seen.removed.is_none()).map(|seen| seen.value.as_str()).collect();
            format!("it has {value}, what was kept has {}", kept.first().unwrap_or(&""))
        }
        Removal::LaterInFixedOrder => format!("it was created {value}, another is older or has a lower id"),
    }
}

/// What a stage came to, in words.
pub fn result_words(result: &StageResult) -> String {
    match result {
        StageResult::Skipped { why } => format!("skipped: {why}"),
        StageResult::Failed { failure } => format!("could not be asked: {} ({})", failure.message, failure.code),
        StageResult::NothingFound => "found no candidate".to_owned(),
        StageResult::Found => "found candidates".to_owned(),
        StageResult::Narrowed => "removed some".to_owned(),
        StageResult::NotNarrowed => "told nobody from another".to_owned(),
        StageResult::LeftNobody => "would have removed all, so it removed nobody".to_owned(),
        StageResult::Decided => "decided".to_owned(),
    }
}
