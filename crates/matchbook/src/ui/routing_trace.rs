//! `GET /bookings/{id}/routing`: how a booking's host was chosen, one sentence first, then the steps as they were kept, and "why
//! not" (spec 9). Nothing is looked up anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use domain::round_robin::Assignment;
use domain::routing::nobody_weighed;
use maud::{Markup, html};
use serde::Deserialize;

use super::booking::seen;
use super::bookings::title;
use super::decision_steps::Steps;
use super::host_choice::{other_organizer, without_decision};
use super::icons::{Icon, icon};
use super::layout::Page;
use super::{PageError, SignedIn, times};
use crate::access::Access;
use crate::app::App;
use crate::routing::shown::why_not_words;
use crate::store::{BookingRow, Connection, Host, StoredDecision};

/// What somebody wants to know.
#[derive(Debug, Default, Deserialize)]
pub struct Question {
    /// A host or an Account, by name or id.
    why_not: Option<String>,
}

struct Shown {
    row: BookingRow,
    decisions: Vec<StoredDecision>,
    hosts: Vec<Host>,
    connection: Option<Connection>,
    why_not: String,
    /// Where the ledger of turns is.
    ledger: String,
}

/// How the host of a booking was chosen.
pub async fn page(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    query: Result<Query<Question>, QueryRejection>,
) -> Result<Markup, PageError> {
    let access = Access::of(&user);
    let row = seen(&app, &access, &id).await?;
    let connection = match &row.sync {
        Some(sync) => app.store.connection(&sync.connection_id).await?,
        None => None,
    };
    let question = query.map(|Query(question)| question).unwrap_or_default();
    let shown = Shown {
        decisions: app.store.decisions_of(&row.id.0).await?,
        hosts: app.store.hosts().await?,
        connection,
        why_not: question.why_not.unwrap_or_default().trim().to_owned(),
        ledger: format!("/event-types/{}/rotation", row.event_type_slug),
        row,
    };
    Ok(Page { title: shown.heading(), user: Some(&user), refreshes: false }.render(&shown.render()))
}

impl Shown {
    fn heading(&self) -> &'static str {
        heading(self.decisions.iter().any(StoredDecision::is_routing_trace))
    }

    fn render(&self) -> Markup {
        html! {
            p.back { a href={ "/bookings/" (self.row.id) } { (icon(Icon::Left)) (title(&self.row)) } }
            h1 { (self.heading()) }
            @match self.decisions.split_first() {
                None => p.verdict { (without_decision(&self.row)) },
                Some((latest, earlier)) => {
                    p.verdict { (latest.trace.sentence) }
                    @if let Some(note) = other_organizer(latest, &self.row.booking, &self.hosts) {
                        p.reason { (icon(Icon::Alert)) " " (note) }
                    }
                    (self.steps(latest, false).render())
                    (self.ask(latest))
                    @if !earlier.is_empty() { (self.earlier(earlier)) }
                }
            }
        }
    }

    fn steps<'a>(&'a self, of: &'a StoredDecision, earlier: bool) -> Steps<'a> {
        Steps { of, connection: self.connection.as_ref(), ledger: &self.ledger, earlier }
    }

    /// "Why not X?", of the latest decision that weighed anything: where somebody named the host, nobody else was looked at.
    fn ask(&self, latest: &StoredDecision) -> Markup {
        let nobody = nobody_weighed(&latest.decision, &latest.trace);
        let weighed = |stored: &&StoredDecision| stored.decision.assignment != Assignment::ByHand;
        let of = self.decisions.iter().find(weighed);
        html! {
            @if of.is_some() || nobody.is_some() {
                section.card aria-labelledby="why-not" {
                    h2 id="why-not" { "Why not somebody else?" }
                    @if let Some(words) = nobody { p { (words) } }
                    @if let Some(of) = of { (self.question(of, of.id == latest.id)) }
                }
            }
        }
    }

    fn question(&self, of: &StoredDecision, is_latest: bool) -> Markup {
        let accounts = of.trace.account.iter().flat_map(|trace| trace.accounts.values());
        let names: BTreeSet<&str> = accounts
            .map(|account| account.name.as_str())
            .chain(of.trace.hosts.iter().map(|host| host.name.as_str()))
            .collect();
        html! {
            @if !is_latest { p.sub { "Asked of what was decided " (times::moment(of.created_at)) ", before the host was named." } }
            form.ask method="get" action={ "/bookings/" (self.row.id) "/routing#why-not" } {
                div.field {
                    label for="why-not-whom" { "A host or an account, by name or id" }
                    input id="why-not-whom" name="why_not" value=(self.why_not) list="why-not-names" maxlength="255" autocomplete="off";
                    datalist id="why-not-names" { @for name in names { option value=(name) {} } }
                }
                button.main type="submit" { "Why not?" }
            }
            @if !self.why_not.is_empty() {
                p.reason { (why_not_words(&self.why_not, &of.decision, &of.trace)) }
            }
        }
    }

    fn earlier(&self, decisions: &[StoredDecision]) -> Markup {
        html! {
            section aria-labelledby="earlier" {
                h2 id="earlier" { "Earlier decisions" }
                @for decision in decisions {
                    details.earlier {
                        summary { (times::moment(decision.created_at)) ": " (decision.trace.sentence) }
                        (self.steps(decision, true).render())
                    }
                }
            }
        }
    }
}

/// What the page is called (spec 9).
pub(super) fn heading(is_routing_trace: bool) -> &'static str {
    if is_routing_trace { "Routing trace" } else { "How this host was chosen" }
}
