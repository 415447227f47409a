//! `GET /bookings`: the booking list.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Redirect;
use domain::booking::{BookingId, BookingStatus};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded;

use super::icons::Icon;
use super::layout::Page;
use super::session::HOME;
use super::sync_word::{SyncWord, badge};
use super::{PageError, SignedIn, deliveries, row_menu, timeline, times};
use crate::access::{Access, Role};
use crate::app::App;
use crate::store::{BookingFilter, BookingPage, BookingRow, DeliveryRow, Scope};

/// How many bookings a page shows.
const PAGE: usize = 50;

/// The lists: what the URL calls them, what people call them.
const SCOPES: [(Scope, &str, &str); 5] = [
    (Scope::All, "all", "All"),
    (Scope::Upcoming, "upcoming", "Upcoming"),
    (Scope::Past, "past", "Past"),
    (Scope::Cancelled, "cancelled", "Cancelled"),
    (Scope::NeedsAttention, "needs_attention", "Needs attention"),
];

/// What to list.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    scope: Option<String>,
    after: Option<String>,
}

/// The front door.
pub async fn home() -> Redirect {
    Redirect::to(HOME)
}

/// The booking list.
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Markup, PageError> {
    let Ok(Query(query)) = query else { return Err(no_such_list()) };
    let scope = scope(query.scope.as_deref()).ok_or_else(no_such_list)?;
    let now = app.clock.now();
    let access = Access::of(&user);
    let filter = BookingFilter { scope, organizer: access.only_of().cloned(), ..BookingFilter::default() };
    let page = app.store.bookings(&filter, query.after.as_deref(), PAGE, now).await?;
    let deliveries = match scope {
        Scope::NeedsAttention if access.role != Role::Member => app.store.waiting_deliveries(deliveries::SHOWN).await?,
        _ => Vec::new(),
    };
    let refreshes = page.rows.iter().any(|row| SyncWord::of(row.sync.as_ref(), now).is_moving());
    let ids: Vec<BookingId> = page.rows.iter().map(|row| row.id.clone()).collect();
    let routed = app.store.routed_of(&ids).await?;
    let shown = Shown { scope, page, routed, deliveries, access, first: query.after.is_none(), now };
    Ok(Page { title: "Bookings", user: Some(&user), refreshes }.render(&shown.render()))
}

fn no_such_list() -> PageError {
    PageError::new(StatusCode::NOT_FOUND, "There is no such list", "Choose one of the lists on the bookings page.")
}

fn scope(word: Option<&str>) -> Option<Scope> {
    let word = word.unwrap_or("all");
    SCOPES.iter().find(|(_, known, _)| *known == word).map(|(scope, ..)| *scope)
}

fn word(scope: Scope) -> &'static str {
    SCOPES.iter().find(|(known, ..)| *known == scope).map_or("all", |(_, word, _)| word)
}

/// What one page of the list shows.
struct Shown {
    scope: Scope,
    page: BookingPage,
    /// Those that were routed through the CRM or a link.
    routed: BTreeSet<BookingId>,
    deliveries: Vec<DeliveryRow>,
    access: Access,
    /// Whether it is the list's first page.
    first: bool,
    now: Timestamp,
}

impl Shown {
    fn render(&self) -> Markup {
        html! {
            h1 { "Bookings" }
            (self.tabs())
            @if !self.deliveries.is_empty() {
                (deliveries::waiting(&self.deliveries, self.access.role))
                h2 { "Bookings whose sync waits for a person" }
            }
            div id="list" data-live {
                @if self.page.rows.is_empty() { (self.empty()) } @else { (self.table()) }
            }
            (self.paging())
        }
    }

    fn tabs(&self) -> Markup {
        html! {
            nav.tabs aria-label="Lists of bookings" {
                @for (scope, word, label) in SCOPES {
                    a href={ "/bookings?scope=" (word) } aria-current=[(scope == self.scope).then_some("page")] { (label) }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.cards.reasons[self.scope == Scope::NeedsAttention] role="table" aria-label="Bookings" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for head in ["When", "Booking", "Attendee", "Organizer", "Status", "Salesforce"] {
                            th role="columnheader" scope="col" { (head) }
                        }
                        th role="columnheader" scope="col" { span.sr { "Actions" } }
                    }
                }
                tbody role="rowgroup" { @for row in &self.page.rows { (self.row(row)) } }
            }
        }
    }

    fn row(&self, row: &BookingRow) -> Markup {
        let booking = &row.booking;
        let word = SyncWord::of(row.sync.as_ref(), self.now);
        let reason = row.sync.as_ref().and_then(|s| s.reason.as_deref());
        let reason = reason.filter(|_| self.scope == Scope::NeedsAttention);
        html! {
            tr role="row" {
                td.when role="cell" { (times::span(booking.start, booking.end)) }
                td.what role="cell" {
                    a href={ "/bookings/" (row.id) } { (title(row)) }
                    div.sub { (row.event_type) }
                }
                td role="cell" data-label="Attendee" { (person(&booking.attendee.name, booking.attendee.email.as_written())) }
                td role="cell" data-label="Organizer" { (person(&booking.organizer.name, booking.organizer.email.as_written())) }
                td role="cell" data-label="Status" { (status(booking.status)) }
                td role="cell" data-label="Salesforce" {
                    (word.badge())
                    @if let Some(reason) = reason { p.reason { (reason) } }
                }
                td.row-actions role="cell" {
                    (row_menu::menu(row, self.routed.contains(&row.id), self.access.acts_on(booking)))
                }
            }
        }
    }

    fn paging(&self) -> Markup {
        let next = self.page.next.as_ref().map(|next| {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("scope", word(self.scope))
                .append_pair("after", next)
                .finish();
            format!("/bookings?{query}")
        });
        html! {
            @if next.is_some() || !self.first {
                nav.paging aria-label="Pages" {
                    @if !self.first { a href={ "/bookings?scope=" (word(self.scope)) } { "First page" } }
                    @if let Some(next) = next { a href=(next) rel="next" { "Next page" } }
                }
            }
        }
    }

    fn empty(&self) -> Markup {
        html! {
            div.empty {
                @match self.scope {
                    _ if !self.first => p { "There are no more bookings." },
                    Scope::All => (how_to_begin()),
                    Scope::Upcoming => p { "Nothing is coming up. New bookings show here as soon as their source tells of them." },
                    Scope::Past => p { "No booking has started yet." },
                    Scope::Cancelled => p { "No booking was cancelled." },
                    Scope::NeedsAttention => {
                        p { "Nothing needs you here." }
                        p.sub { "A sync that cannot go on by itself shows here, with what to do." }
                    }
                }
            }
        }
    }
}

fn how_to_begin() -> Markup {
    html! {
        h2 { "No bookings yet" }
        p { "They show here as soon as a source tells of them. There are two ways:" }
        ul {
            li {
                strong { "Cal.com. " }
                "In Cal.com's settings, add a webhook that posts to " code { "/webhooks/SOURCE" }
                " on this server, with the secret of that source. SOURCE is its key in the configuration file, such as "
                code { "calcom" } "."
            }
            li {
                strong { "Your own program. " }
                "Make a key with " code { "matchbook user key EMAIL" } ", then send " code { "POST /api/v1/bookings" } ":"
                (timeline::code_block(EXAMPLE))
            }
        }
    }
}

/// A request that makes a booking.
const EXAMPLE: &str = r#"{
  "event_type": "intro-call",
  "start": "2026-12-01T09:30:00Z",
  "host": "dana",
  "attendee": { "name": "Ada Example", "email": "ada@example.com" }
}"#;

/// A booking's title; sources may send an empty one.
pub(super) fn title(row: &BookingRow) -> &str {
    let title = row.booking.title.trim();
    if title.is_empty() { &row.event_type } else { title }
}

/// A name over its email.
pub(super) fn person(name: &str, email: &str) -> Markup {
    html! {
        @if !name.trim().is_empty() { div { (name) } }
        div.sub { (email_text(email)) }
    }
}

/// An email that breaks after its @ where it is narrow.
pub(super) fn email_text(email: &str) -> Markup {
    let (local, host) = email.rsplit_once('@').unwrap_or(("", email));
    html! { @if !local.is_empty() { (local) "@" wbr; } (host) }
}

/// Whether a booking takes place.
pub(super) fn status(status: BookingStatus) -> Markup {
    match status {
        BookingStatus::Requested => badge("idle", Icon::Clock, &html! { "Requested" }),
        BookingStatus::Accepted => badge("plain", Icon::Calendar, &html! { "Accepted" }),
        BookingStatus::Rejected => badge("idle", Icon::Slash, &html! { "Rejected" }),
        BookingStatus::Cancelled => badge("idle", Icon::Slash, &html! { "Cancelled" }),
    }
}
