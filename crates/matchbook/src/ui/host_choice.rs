//! How a booking's host was chosen, in short, on the booking's page (spec 9).

use domain::booking::Booking;
use maud::{Markup, html};

use super::icons::{Icon, icon};
use crate::store::{BookingRow, Host, StoredDecision};

/// Leads to the routing trace, for bookings that were routed through the CRM or a link.
pub(super) fn trace_badge(row: &BookingRow, decisions: &[StoredDecision]) -> Markup {
    html! {
        @if decisions.iter().any(StoredDecision::is_routing_trace) {
            a.badge.busy href={ "/bookings/" (row.id) "/routing" } { (icon(Icon::Route)) span { "Routing trace" } }
        }
    }
}

/// One sentence, and the way to the steps; `more` stands below.
pub(super) fn section(row: &BookingRow, decisions: &[StoredDecision], hosts: &[Host], more: &Markup) -> Markup {
    html! {
        section.card aria-labelledby="host-choice" {
            h2 id="host-choice" { "How this host was chosen" }
            @match decisions.first() {
                None => p { (without_decision(row)) },
                Some(latest) => {
                    p { (latest.trace.sentence) }
                    @if let Some(note) = other_organizer(latest, &row.booking, hosts) { p.reason { (icon(Icon::Alert)) " " (note) } }
                    p { a href={ "/bookings/" (row.id) "/routing" } { "See every step" } }
                }
            }
            (more)
        }
    }
}

/// What is said of a booking of which no decision is kept.
pub(super) fn without_decision(row: &BookingRow) -> String {
    match &row.source {
        Some(source) => format!("The host was chosen by {source}."),
        None => "The host was named by the request that made the booking.".to_owned(),
    }
}

/// What is said where a booking has another organizer than the host who was decided, or had one at first; hosts who are archived
/// are not known.
pub(super) fn other_organizer(latest: &StoredDecision, booking: &Booking, hosts: &[Host]) -> Option<String> {
    let decided = latest.decision.host.as_ref()?;
    let traced = latest.trace.hosts.iter().find(|host| host.id == *decided);
    let known = hosts.iter().find(|host| host.id == decided.0);
    let name = traced.map(|host| host.name.as_str()).or(known.map(|host| host.name.as_str())).unwrap_or("another host");
    let organizer = &booking.organizer;
    let has = match organizer.name.trim() {
        "" => organizer.email.as_written(),
        name => name,
    };
    let is_decided = known.is_some_and(|host| host.email.folded() == organizer.email.folded());
    match &latest.other_organizer {
        Some(first) if is_decided => Some(format!(
            "It was booked with another organizer, {first}, though {name} was decided. {name} has it now."
        )),
        Some(_) => Some(format!("Another organizer: {has} has this meeting, though {name} was decided.")),
        None if known.is_none() || is_decided => None,
        None => Some(format!("Another organizer: {has} has this meeting. It has been moved from {name} since.")),
    }
}
