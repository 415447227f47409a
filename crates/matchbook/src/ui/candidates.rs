//! The candidates of a routing decision by the rules that looked at them: the removed struck out, the chosen one marked (spec 9).

use std::cmp::Reverse;

use domain::ask::RecordId;
use domain::routing::stage_label;
use domain::trace::{Seen, Stage, StageKey, Trace};
use jiff::Timestamp;
use maud::{Markup, html};

use super::decision_steps::result_word;
use super::icons::{Icon, icon};
use super::sheet::{cell, head, row_head, sheet};
use super::sync_word::badge;
use super::times;

/// How many candidates are shown; whoever gets that many looks for the rule that should have told them apart.
const SHOWN: usize = 200;

/// The table, where any stage saw a candidate; `record` shows the id of an Account.
pub(super) fn table(trace: &Trace, chosen: Option<&RecordId>, record: impl Fn(&RecordId) -> Markup) -> Markup {
    let columns: Vec<&Stage> = trace.stages.iter().filter(|stage| !stage.seen.is_empty()).collect();
    let candidates = in_order(trace, chosen, &columns);
    if candidates.is_empty() {
        return html! {};
    }
    html! {
        (sheet("Candidates by rules", "candidates", &heads(&columns), &html! {
            @for candidate in candidates.iter().take(SHOWN) { (row(candidate, &columns, &record)) }
        }))
        @if candidates.len() > SHOWN {
            p.sub { "These are the " (SHOWN) " that came furthest of " (candidates.len()) ". The API lists all." }
        }
    }
}

fn heads(columns: &[&Stage]) -> Markup {
    html! {
        (head(&html! { "Account" }, false))
        @for stage in columns {
            (head(&html! { (stage_label(&stage.key)) div.sub { (result_word(stage)) } }, counts(stage)))
        }
    }
}

/// An Account, and how far it came.
struct Candidate<'a> {
    id: &'a RecordId,
    name: &'a str,
    chosen: bool,
    /// The column where it was removed.
    removed_at: Option<usize>,
}

/// The chosen one first, then those who came furthest, then by name.
fn in_order<'a>(trace: &'a Trace, chosen: Option<&RecordId>, columns: &[&Stage]) -> Vec<Candidate<'a>> {
    let mut candidates: Vec<Candidate<'_>> = trace
        .accounts
        .iter()
        .map(|(id, account)| Candidate {
            id,
            name: &account.name,
            chosen: chosen == Some(id),
            removed_at: columns.iter().position(|stage| seen(stage, id).is_some_and(|seen| seen.removed.is_some())),
        })
        .collect();
    candidates.sort_by_key(|candidate| {
        let came = Reverse(candidate.removed_at.unwrap_or(usize::MAX));
        (!candidate.chosen, came, candidate.name, candidate.id)
    });
    candidates
}

/// Whether a stage saw numbers alone.
fn counts(stage: &Stage) -> bool {
    stage.seen.iter().all(|seen| seen.value.parse::<u64>().is_ok())
}

fn seen<'a>(stage: &'a Stage, id: &RecordId) -> Option<&'a Seen> {
    stage.seen.iter().find(|seen| seen.account == *id)
}

fn row(candidate: &Candidate<'_>, columns: &[&Stage], record: &impl Fn(&RecordId) -> Markup) -> Markup {
    let Candidate { id, name, chosen, removed_at } = *candidate;
    html! {
        tr.chosen[chosen] role="row" {
            (row_head(&html! {
                @if removed_at.is_some() { s { (name) } } @else { (name) }
                @if chosen { div { (badge("good", Icon::Check, &html! { "Chosen" })) } }
                div.sub { (record(id)) }
            }))
            @for (at, stage) in columns.iter().enumerate() {
                (cell(&stage_label(&stage.key), counts(stage), &seen_by(stage, seen(stage, id), removed_at.is_some_and(|removed| removed < at))))
            }
        }
    }
}

fn seen_by(stage: &Stage, seen: Option<&Seen>, gone: bool) -> Markup {
    let Some(seen) = seen else {
        let why = if gone { "not looked at, as it was removed before" } else { "not found here" };
        return html! { span.sub aria-hidden="true" { "–" } span.sr { (why) } };
    };
    html! {
        @match seen.removed {
            None => (value(&stage.key, &seen.value)),
            Some(why) => {
                s { (value(&stage.key, &seen.value)) }
                div.removed { (icon(Icon::Slash)) span { "Removed: " (why.words()) } }
            }
        }
    }
}

/// What a stage saw; instants as all pages show them.
fn value(stage: &StageKey, seen: &str) -> Markup {
    let of_time = matches!(stage, StageKey::FixedOrder) || *stage == StageKey::Rule("earliest_created".to_owned());
    match seen.parse::<Timestamp>() {
        Ok(at) if of_time => times::moment(at),
        _ => html! { (seen) },
    }
}
