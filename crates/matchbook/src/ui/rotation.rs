//! `GET /event-types/{slug}/rotation`: the ledger of turns, for people (spec 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use domain::round_robin::{HostId, Ledger, Tally, TallyLine};
use http::StatusCode;
use maud::{Markup, html};

use super::layout::Page;
use super::sheet::{cell, head, row_head, sheet};
use super::{PageError, SignedIn, times};
use crate::access::Access;
use crate::app::App;

/// How many entries of a line are shown; the API lists all.
const ENTRIES: usize = 100;

/// What begins the id of a booking.
const BOOKING: &str = "bkg_";

/// The turns of an event type.
pub async fn page(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(slug): Path<String>,
) -> Result<Markup, PageError> {
    let event_types = app.store.event_types().await?;
    let Some(event_type) = event_types.into_iter().find(|known| known.slug == slug) else {
        let advice = "No event type has this slug, or it is archived.";
        return Err(PageError::new(StatusCode::NOT_FOUND, "This event type is not here", advice));
    };
    let ledger = app.store.ledger(&event_type.id).await?;
    let hosts = app.store.hosts().await?;
    let names = hosts.into_iter().map(|host| (HostId(host.id), host.name)).collect();
    // Who sees their own bookings alone reads the ids of others, as by the API, and is led nowhere.
    let leads = Access::of(&user).only_of().is_none();
    let title = format!("Turns of {}", event_type.settings.title);
    let body = html! {
        h1 { (title) }
        @if ledger.hosts.is_empty() { (empty()) } @else { (shown(&lines(ledger, &names), leads)) }
    };
    Ok(Page { title: &title, user: Some(&user), refreshes: false }.render(&body))
}

fn empty() -> Markup {
    html! {
        div.empty {
            h2 { "No turn was taken yet" }
            p { "The first booking that goes to a host by round robin is the first entry here." }
        }
    }
}

/// Each line with its name, hosts before adjustments.
fn lines(ledger: Ledger, names: &BTreeMap<HostId, String>) -> Vec<(String, Tally)> {
    let name = |id: HostId| names.get(&id).cloned().unwrap_or_else(|| format!("Archived host {id}"));
    let mut lines: Vec<(String, Tally)> = ledger.hosts.into_iter().map(|(id, tally)| (name(id), tally)).collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    if !ledger.adjustment.why.is_empty() {
        lines.push(("Adjustments".to_owned(), ledger.adjustment));
    }
    for entry in lines.iter_mut().flat_map(|(_, tally)| &mut tally.why) {
        // The domain knows hosts by id, people by name.
        entry.text = names.iter().fold(std::mem::take(&mut entry.text), |text, (id, name)| text.replace(&id.0, name));
    }
    lines
}

fn shown(lines: &[(String, Tally)], leads: bool) -> Markup {
    html! {
        p {
            "Each booking by round robin shares one turn among the hosts who were enabled and free, by weight, and takes one turn "
            "from its host. Who is owed most is next. All balances sum to zero."
        }
        section.card aria-labelledby="balances" {
            h2 id="balances" { "Balances" }
            (sheet("Balances", "", &html! {
                (head(&html! { "Host" }, false))
                @for name in AMOUNTS { (head(&html! { (name) }, true)) }
            }, &html! { @for (name, tally) in lines { (balance(name, tally)) } }))
        }
        section.card aria-labelledby="why" {
            h2 id="why" { "How each balance came about" }
            @for (name, tally) in lines {
                details { summary { (name) ", " (entries_word(tally.why.len())) } (entries(name, &tally.why, leads)) }
            }
        }
    }
}

/// What a line adds up, in the order of its columns.
const AMOUNTS: [&str; 4] = ["Entitled", "Taken", "Adjustments", "Balance"];

fn balance(name: &str, tally: &Tally) -> Markup {
    let [entitled, taken, adjustments, balance] = AMOUNTS;
    html! {
        tr role="row" {
            (row_head(&html! { (name) }))
            (cell(entitled, true, &html! { (tally.entitled) }))
            (cell(taken, true, &html! { (tally.taken) }))
            (cell(adjustments, true, &html! { (tally.adjustments) }))
            (cell(balance, true, &html! { strong { (tally.balance) } }))
        }
    }
}

fn entries_word(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    }
}

/// The entries, the latest first; their bookings are links, if that `leads` anywhere.
fn entries(name: &str, why: &[TallyLine], leads: bool) -> Markup {
    html! {
        (sheet(&format!("Entries of {name}"), "entries", &html! {
            (head(&html! { "When" }, false))
            (head(&html! { "What for" }, false))
            (head(&html! { "Amount" }, true))
            (head(&html! { "Balance" }, true))
        }, &html! {
            @for line in why.iter().rev().take(ENTRIES) {
                tr role="row" {
                    (cell("When", false, &times::moment(line.at)))
                    (cell("What for", false, &html! { div { @if leads { (linked(&line.text)) } @else { (line.text) } } }))
                    (cell("Amount", true, &html! { (line.amount) }))
                    (cell("Balance", true, &html! { (line.balance) }))
                }
            }
        }))
        @if why.len() > ENTRIES { p.sub { "These are the latest " (ENTRIES) ". The API lists all." } }
    }
}

/// A sentence in which the booking is a link.
fn linked(text: &str) -> Markup {
    let Some(from) = text.find(BOOKING) else { return html! { (text) } };
    let rest = &text[from..];
    let (id, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len()));
    html! { (text[..from]) a href={ "/bookings/" (id) } { (id) } (after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_booking_of_an_entry_is_a_link() {
        let html = linked("Took booking bkg_0a1b.").into_string();
        assert_eq!(html, "Took booking <a href=\"/bookings/bkg_0a1b\">bkg_0a1b</a>.");
        assert_eq!(linked("Joined <b>.").into_string(), "Joined &lt;b&gt;.");
    }
}
