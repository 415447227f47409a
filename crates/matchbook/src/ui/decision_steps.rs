//! The steps of a routing decision: what it went by, the owner, how the Account was found, whose turn it was (spec 9).

use domain::account::Coverage;
use domain::ask::RecordId;
use domain::round_robin::{Assignment, RotationHost};
use domain::routing::{OwnerCheck, RoutingTrace, TracedHost, stage_label};
use domain::sync_outcome::PersonKind;
use domain::trace::{Stage, StageKey, StageResult, Trace};
use maud::{Markup, html};

use super::booking::record;
use super::bookings::email_text;
use super::candidates;
use super::icons::Icon;
use super::sheet::{cell, head, row_head, sheet};
use super::sync_word::badge;
use super::times;
use crate::store::{Connection, StoredDecision};

/// A decision to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps<'a> {
    /// The decision.
    pub(super) of: &'a StoredDecision,
    /// Where its records are.
    pub(super) connection: Option<&'a Connection>,
    /// Where the ledger of turns is.
    pub(super) ledger: &'a str,
    /// Whether it is an earlier one, which stands within another part of the page.
    pub(super) earlier: bool,
}

impl Steps<'_> {
    /// All steps, without the sentence.
    pub(super) fn render(&self) -> Markup {
        let trace = &self.of.trace;
        html! {
            (self.part("input", "What it went by", Some(self.input())))
            (self.part("owner", "The owner of the attendee's record", owner(trace)))
            (self.part("account", "How the account was found", self.account()))
            (self.part("turns", turns_heading(trace), self.turns()))
        }
    }

    /// A part under its heading, if there is one.
    fn part(&self, key: &str, heading: &str, body: Option<Markup>) -> Markup {
        let Some(body) = body else { return html! {} };
        let id = format!("{key}-{}", self.of.id);
        html! {
            // Earlier decisions have parts of the same names, so that none of them can be a landmark.
            @if self.earlier {
                div.card { h3 id=(id) { (heading) } (body) }
            } @else {
                section.card aria-labelledby=(id) { h2 id=(id) { (heading) } (body) }
            }
        }
    }

    fn input(&self) -> Markup {
        let StoredDecision { decision, trace, .. } = self.of;
        let person = decision.record.as_ref().filter(|id| decision.account.as_ref() != Some(*id));
        html! {
            dl {
                dt { "Decided" }
                dd { (times::moment(self.of.created_at)) }
                dt { "Came in" }
                dd { (came_in(self.of)) }
                dt { "Booked by" }
                dd { @match &trace.email { Some(email) => (email_text(email)), None => "Not known when this was decided." } }
                dt { "From" }
                dd { (place(trace).unwrap_or_else(|| "Not known.".to_owned())) }
                @if let Some(id) = &decision.account {
                    dt { "Account" }
                    dd {
                        @if let Some(name) = account_name(trace, id) { div { (name) } }
                        (record(self.connection, &id.0, "Account"))
                    }
                }
                @if let Some(id) = person {
                    dt { "Record" }
                    dd { (record(self.connection, &id.0, PersonKind::of(id).object())) }
                }
                dt { "Configuration" }
                dd { "Version " (self.of.configuration_version) }
            }
        }
    }

    fn account(&self) -> Option<Markup> {
        let StoredDecision { decision, trace, .. } = self.of;
        trace.account.as_ref().map(|found| account(found, decision.account.as_ref(), self.connection))
    }

    /// The hosts, where turns were looked at. Where a host was named, balances were not even read.
    fn turns(&self) -> Option<Markup> {
        let trace = &self.of.trace;
        let named = self.of.decision.assignment == Assignment::ByHand;
        if named || trace.hosts.is_empty() {
            return None;
        }
        let ranking = trace.rotation.as_ref().map_or(&[][..], |why| &why.ranking);
        let turn = |host: &TracedHost| ranking.iter().position(|ranked| ranked.id == host.id);
        let mut hosts: Vec<(Option<usize>, &TracedHost)> = trace.hosts.iter().map(|host| (turn(host), host)).collect();
        hosts.sort_by_key(|(turn, _)| turn.unwrap_or(usize::MAX));
        Some(html! {
            p {
                @match &trace.rotation {
                    Some(why) => (why),
                    None => "The owner takes the meeting, so turns decided nothing. This is how the hosts stood.",
                }
            }
            (sheet("Hosts", "", &hosts_heads(!ranking.is_empty()), &html! {
                @for (turn, host) in hosts {
                    (self.host(turn.map(|at| (at + 1, &ranking[at])), host, !ranking.is_empty()))
                }
            }))
            p { a href=(self.ledger) { "The ledger of turns" } " says how balances came about." }
        })
    }

    fn host(&self, turn: Option<(usize, &RotationHost)>, host: &TracedHost, ranked: bool) -> Markup {
        let chosen = self.of.decision.host.as_ref() == Some(&host.id);
        let known = turn.map(|(_, known)| known);
        let number = turn.map(|(number, _)| html! { (number) });
        html! {
            tr.chosen[chosen] role="row" {
                @if ranked { (cell(TURN, true, &number.unwrap_or_else(|| nothing("not in turn")))) }
                (row_head(&html! {
                    (host.name)
                    @if chosen { div { (badge("good", Icon::Check, &html! { "Chosen" })) } }
                }))
                (cell(STATE, false, &html! { (sentence_case(host.state.words())) }))
                (cell(BALANCE, true, &html! { (host.balance) }))
                @if ranked {
                    (cell(PRIORITY, true, &known.map_or_else(|| nothing("not looked at"), |known| html! { (known.priority) })))
                    (cell(LAST_BOOKED, false, &known.map_or_else(|| nothing("not looked at"), last_booked)))
                }
            }
        }
    }
}

/// How an Account was looked for, step by step.
pub(super) fn account(trace: &Trace, chosen: Option<&RecordId>, connection: Option<&Connection>) -> Markup {
    html! {
        p.sub { "The first step that finds candidates wins. Of several, the rules choose one." }
        ol.findings.steps { @for each in &trace.stages { (stage(trace, each, chosen)) } }
        (candidates::table(trace, chosen, |id| record(connection, &id.0, "Account")))
    }
}

const TURN: &str = "Turn";
const STATE: &str = "State";
const BALANCE: &str = "Balance";
const PRIORITY: &str = "Priority";
const LAST_BOOKED: &str = "Last booked";

fn hosts_heads(ranked: bool) -> Markup {
    html! {
        @if ranked { (head(&html! { (TURN) }, true)) }
        (head(&html! { "Host" }, false))
        (head(&html! { (STATE) }, false))
        (head(&html! { (BALANCE) }, true))
        @if ranked { (head(&html! { (PRIORITY) }, true)) (head(&html! { (LAST_BOOKED) }, false)) }
    }
}

fn last_booked(known: &RotationHost) -> Markup {
    known.last_booked.map_or_else(|| html! { "Not yet" }, times::moment)
}

/// What stands where nothing is known, for eyes and for readers.
fn nothing(why: &str) -> Markup {
    html! { span.sub aria-hidden="true" { "–" } span.sr { (why) } }
}

fn turns_heading(trace: &RoutingTrace) -> &'static str {
    if trace.rotation.is_some() { "Whose turn it was" } else { "The hosts" }
}

fn came_in(stored: &StoredDecision) -> &'static str {
    match (stored.entered.as_str(), stored.decision.assignment) {
        ("link", _) => "By the routing link",
        ("reassigned", Assignment::ByHand) => "Given to a host by hand",
        ("reassigned", _) => "Routed again",
        _ => "By the API",
    }
}

fn place(trace: &RoutingTrace) -> Option<String> {
    let place = &trace.place;
    let country = place.country.map(|country| country.name().to_owned());
    let parts = [place.postal_code.clone(), place.city.clone(), place.region.clone(), country];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn account_name<'a>(trace: &'a RoutingTrace, id: &RecordId) -> Option<&'a str> {
    Some(trace.account.as_ref()?.accounts.get(id)?.name.as_str())
}

/// What was asked of the owner, and what followed; nothing where no owner was to be looked for.
fn owner(trace: &RoutingTrace) -> Option<Markup> {
    if trace.owner.is_empty() && trace.fallback.is_none() {
        return None;
    }
    Some(html! {
        @if !trace.owner.is_empty() { ol.findings { @for each in &trace.owner { (check(each)) } } }
        @match (&trace.fallback, trace.owner.is_empty()) {
            (Some(why), true) => p { "No owner was looked for: " (why) ". So the hosts took turns." },
            (Some(why), false) => p { "So the hosts took turns: " (why) "." },
            (None, _) => {}
        }
    })
}

fn check(check: &OwnerCheck) -> Markup {
    let (tone, sign, word) = if check.passed { ("good", Icon::Check, "Yes") } else { ("wait", Icon::Slash, "No") };
    html! {
        li {
            (badge(tone, sign, &html! { (word) }))
            div { strong { (check.check) } span { (sentence_case(&check.outcome)) } }
        }
    }
}

fn stage(trace: &Trace, stage: &Stage, chosen: Option<&RecordId>) -> Markup {
    let (tone, sign) = match &stage.result {
        StageResult::Found | StageResult::Decided => ("good", Icon::Check),
        StageResult::Failed { .. } => ("bad", Icon::Alert),
        StageResult::Narrowed => ("busy", Icon::Check),
        StageResult::LeftNobody => ("wait", Icon::Slash),
        StageResult::Skipped { .. } | StageResult::NothingFound | StageResult::NotNarrowed => ("idle", Icon::Slash),
    };
    let more = detail(trace, stage, chosen);
    html! {
        li {
            (badge(tone, sign, &html! { (result_word(stage)) }))
            div {
                strong { (stage_label(&stage.key)) }
                @if !more.is_empty() { span { (sentence_case(&more)) } }
                @if let Coverage::Bounded { read, rule } = &stage.coverage {
                    span { "Bounded: it saw the first " (read) " (" (rule) "), not all." }
                }
            }
        }
    }
}

/// What a stage came to, in a word or two.
pub(super) fn result_word(stage: &Stage) -> &'static str {
    match &stage.result {
        StageResult::Skipped { .. } => "Skipped",
        StageResult::Failed { .. } => "Could not be asked",
        StageResult::NothingFound => "Found none",
        StageResult::Found if stage.seen.len() == 1 => "Found one",
        StageResult::Found => "Found several",
        StageResult::Narrowed => "Removed some",
        StageResult::NotNarrowed | StageResult::LeftNobody => "Removed none",
        StageResult::Decided => "Decided",
    }
}

fn detail(trace: &Trace, stage: &Stage, chosen: Option<&RecordId>) -> String {
    let left = stage.seen.iter().filter(|seen| seen.removed.is_none()).count();
    let all = stage.seen.len();
    match &stage.result {
        StageResult::Skipped { why } => format!("{why}."),
        StageResult::Failed { failure } => format!("{} ({}).", failure.message.trim_end_matches('.'), failure.code),
        StageResult::NothingFound if all > 0 => format!("{}, none of which counts.", accounts(all)),
        StageResult::Found if left < all => format!("{}, of which {left} may count.", accounts(all)),
        StageResult::Found => format!("{}.", accounts(all)),
        StageResult::Narrowed => format!("{left} of {all} {} left.", if left == 1 { "is" } else { "are" }),
        StageResult::NotNarrowed if stage.key == StageKey::HostFilter && all > 1 => {
            format!("all {all} owners are hosts.")
        }
        StageResult::NotNarrowed if all > 1 => format!("All {all} are alike to it."),
        StageResult::NothingFound | StageResult::NotNarrowed => String::new(),
        StageResult::LeftNobody if stage.key == StageKey::HostFilter => "no candidate's owner is a host.".to_owned(),
        StageResult::LeftNobody => "no candidate fits it.".to_owned(),
        StageResult::Decided => {
            let winner = chosen.and_then(|id| trace.accounts.get(id));
            winner.map_or_else(String::new, |account| format!("{} is left of {all}.", account.name))
        }
    }
}

fn accounts(count: usize) -> String {
    match count {
        1 => "1 account".to_owned(),
        many => format!("{many} accounts"),
    }
}

/// With a capital, as it stands alone.
fn sentence_case(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
