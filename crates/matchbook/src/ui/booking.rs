//! `GET /bookings/{id}`: one booking, its records in Salesforce, its sync timeline. `POST /bookings/{id}/sync`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::booking::BookingAnswer;
use domain::sync_outcome::{Synced, SyncedEvent};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use url::Url;

use super::bookings::{email_text, person, status, title};
use super::duplicate_choice;
use super::icons::{Icon, icon};
use super::layout::Page;
use super::sync_word::SyncWord;
use super::{PageError, SignedIn, host_choice, reassignment, timeline, times};
use crate::access::Access;
use crate::app::App;
use crate::store::{BookingRow, Connection, EventType, Host, RunRow, StoredDecision, User};

/// How many runs a page shows.
const RUNS: i64 = 50;

/// Everything that the page shows.
struct Shown {
    row: BookingRow,
    runs: Vec<RunRow>,
    connection: Option<Connection>,
    access: Access,
    decisions: Vec<StoredDecision>,
    hosts: Vec<Host>,
    event_type: Option<EventType>,
    now: Timestamp,
}

/// One booking.
pub async fn page(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Markup, PageError> {
    let shown = load(&app, &user, &id).await?;
    let refreshes = shown.word().is_moving();
    Ok(Page { title: title(&shown.row), user: Some(&user), refreshes }.render(&shown.render()))
}

/// Makes the booking's sync due now.
pub async fn sync_again(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    let access = Access::of(&user);
    let row = seen(&app, &access, &id).await?;
    if !access.acts_on(&row.booking) {
        let advice = "Your role reads bookings. Ask its organizer or an admin to sync this one again.";
        return Err(PageError::new(StatusCode::FORBIDDEN, "This is for members and admins", advice));
    }
    if !app.store.sync_again(&row.id.0, app.clock.now()).await? {
        let advice = "Its event type is not connected to Salesforce. Connect it in the configuration file, and new changes are synced.";
        return Err(PageError::new(StatusCode::CONFLICT, "This booking is not synced", advice));
    }
    app.engine.wake();
    Ok(Redirect::to(&format!("/bookings/{}", row.id)))
}

/// A booking that they see; others are as if they were not there.
pub(super) async fn seen(app: &App, access: &Access, id: &str) -> Result<BookingRow, PageError> {
    let row = app.store.booking(id).await?.filter(|row| access.sees(&row.booking));
    row.ok_or_else(not_here)
}

fn not_here() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This booking is not here",
        "No booking has this id. Look for it in the list.",
    )
}

async fn load(app: &App, user: &User, id: &str) -> Result<Shown, PageError> {
    let access = Access::of(user);
    let row = seen(app, &access, id).await?;
    let runs = app.store.runs(id, RUNS).await?;
    let connection = match &row.sync {
        Some(sync) => app.store.connection(&sync.connection_id).await?,
        None => None,
    };
    let decisions = app.store.decisions_of(id).await?;
    let hosts = app.store.hosts().await?;
    let event_type = app.store.event_types().await?.into_iter().find(|known| known.slug == row.event_type_slug);
    Ok(Shown { row, runs, connection, access, decisions, hosts, event_type, now: app.clock.now() })
}

impl Shown {
    fn word(&self) -> SyncWord {
        SyncWord::of(self.row.sync.as_ref(), self.now)
    }

    fn render(&self) -> Markup {
        html! {
            p.back { a href="/bookings" { (icon(Icon::Left)) "Bookings" } }
            h1 { (title(&self.row)) }
            p.lead {
                (times::span(self.row.booking.start, self.row.booking.end)) " " (status(self.row.booking.status)) " "
                (host_choice::trace_badge(&self.row, &self.decisions))
            }
            div.halves {
                (self.details())
                (self.salesforce())
            }
            (self.host_choice())
            (self.timeline())
        }
    }

    fn may_sync(&self) -> bool {
        self.access.acts_on(&self.row.booking)
    }

    fn host_choice(&self) -> Markup {
        let reassign = reassignment::forms(&self.row, self.event_type.as_ref(), &self.hosts, &self.access);
        host_choice::section(&self.row, &self.decisions, &self.hosts, &reassign)
    }

    fn details(&self) -> Markup {
        let booking = &self.row.booking;
        html! {
            section.card aria-labelledby="details" {
                h2 id="details" { "Booking" }
                dl {
                    dt { "Attendee" }
                    dd {
                        (person(&booking.attendee.name, booking.attendee.email.as_written()))
                        @if let Some(theirs) = times::for_attendee(booking) { div.sub { "For them it starts at " (theirs) } }
                        @if self.row.no_show == Some(true) { div { "Did not come (no-show)" } }
                    }
                    @if !booking.guests.is_empty() {
                        dt { "Guests" }
                        dd { @for guest in &booking.guests { div { (email_text(guest.as_written())) } } }
                    }
                    dt { "Organizer" }
                    dd { (person(&booking.organizer.name, booking.organizer.email.as_written())) }
                    dt { "Event type" }
                    dd { (self.row.event_type) div.sub { (self.row.event_type_slug) } }
                    (optional("Location", booking.location.as_deref().map(location)))
                    (optional("Notes", booking.notes.as_deref().map(prose)))
                    (optional("Why cancelled", booking.cancel_reason.as_deref().map(prose)))
                    dt { "Came from" }
                    dd {
                        (self.row.source.as_deref().unwrap_or("Matchbook's API"))
                        div.sub { "first on " (times::moment(self.row.created_at)) }
                    }
                    dt { "Booking id" }
                    dd { (copyable(&self.row.id.0, "booking id")) }
                }
                (answers("Answers", &booking.answers))
                (answers("Answers to the form", &booking.form_answers))
            }
        }
    }

    fn salesforce(&self) -> Markup {
        html! {
            section.card aria-labelledby="salesforce" id="records" data-live {
                h2 id="salesforce" { "In Salesforce" }
                p { (self.word().badge()) }
                (self.trouble())
                @if let Some(sync) = &self.row.sync {
                    @if let Some(duplicates) = sync.duplicates_to_decide() {
                        (duplicate_choice::choices(&self.row.id.0, duplicates, self.may_sync(), |id, object| self.record(id, object)))
                    } @else if let Some(reason) = &sync.reason { p.reason { (reason) } }
                    (self.records(&sync.synced))
                } @else {
                    p { "The event type " strong { (self.row.event_type) } " is not connected to Salesforce, so nothing is written." }
                }
                @if self.row.sync.is_some() && self.may_sync() {
                    form method="post" action={ "/bookings/" (self.row.id) "/sync" } {
                        button.main id="sync-again" type="submit" { "Sync again" }
                    }
                }
            }
        }
    }

    fn trouble(&self) -> Markup {
        html! {
            @if let Some(Connection { id, name, trouble: Some(trouble), .. }) = &self.connection {
                p.reason { "The connection " a href={ "/connections/" (id) } { (name) } " rests: " (trouble) }
            }
        }
    }

    fn records(&self, synced: &Synced) -> Markup {
        html! {
            dl {
                dt { (synced.person.as_ref().map_or("Attendee", |person| person.kind.object())) }
                dd {
                    @match &synced.person {
                        Some(person) => (self.record(&person.id.0, person.kind.object())),
                        None => "No record yet.",
                    }
                }
                @for guest in &synced.guests {
                    dt { "Guest" }
                    dd { (email_text(guest.email.as_written())) " " (self.record(&guest.id.0, guest.kind.object())) }
                }
                dt { "Event" }
                dd {
                    @match &synced.event {
                        SyncedEvent::Written { id, .. } => (self.record(&id.0, "Event")),
                        SyncedEvent::None => "None yet.",
                        SyncedEvent::Deleted => "Removed, as the booking was cancelled.",
                        SyncedEvent::Missing | SyncedEvent::InBin { .. } => "Somebody deleted it in Salesforce.",
                    }
                }
                @if let Some(connection) = &self.connection {
                    dt { "Connection" }
                    dd { a href={ "/connections/" (connection.id) } { (connection.name) } }
                }
            }
            @if let Some(unclear) = &synced.unclear {
                p.reason {
                    "A write sent at " (times::moment(unclear.since))
                    " has no known answer. Matchbook looks whether it took effect before it writes again."
                }
            }
        }
    }

    fn record(&self, id: &str, object: &str) -> Markup {
        record(self.connection.as_ref(), id, object)
    }

    fn timeline(&self) -> Markup {
        let working = self.row.sync.as_ref().is_some_and(|s| s.working);
        html! {
            section aria-labelledby="timeline" id="runs" data-live {
                h2 id="timeline" { "Sync timeline" }
                @if self.runs.is_empty() {
                    p.sub {
                        @if self.row.sync.is_some() { "The first run has not started yet." }
                        @else { "Nothing is synced, so there are no runs." }
                    }
                } @else {
                    (timeline::runs(&self.runs, working, self.connection.as_ref()))
                }
                @if i64::try_from(self.runs.len()).is_ok_and(|n| n >= RUNS) {
                    p.sub { "These are the latest " (RUNS) " runs." }
                }
            }
        }
    }
}

/// A record: a link to it where its org is known, and its id.
pub(super) fn record(connection: Option<&Connection>, id: &str, object: &str) -> Markup {
    let org = connection.and_then(|connection| connection.instance_url.as_deref());
    let url = org.and_then(|org| web_link(&format!("{}/{id}", org.trim_end_matches('/'))));
    html! {
        @if let Some(url) = url {
            a.out href=(url) rel="noreferrer" { "Open the " (object) (icon(Icon::Out)) }
        }
        (copyable(id, &format!("{object} id")))
    }
}

fn optional(label: &str, value: Option<Markup>) -> Markup {
    html! { @if let Some(value) = value { dt { (label) } dd { (value) } } }
}

fn answers(heading: &str, answers: &[BookingAnswer]) -> Markup {
    html! {
        @if !answers.is_empty() {
            h3 { (heading) }
            dl {
                @for answer in answers {
                    dt { (answer.label) }
                    dd { (prose(&answer.value)) }
                }
            }
        }
    }
}

/// Text that keeps its line breaks.
fn prose(text: &str) -> Markup {
    html! { div.prose { (text) } }
}

/// A location; a link only if it leads to the web.
fn location(text: &str) -> Markup {
    html! {
        @match web_link(text) {
            Some(url) => a.out href=(url) rel="noreferrer nofollow" { (text) (icon(Icon::Out)) },
            None => (prose(text)),
        }
    }
}

/// The URL of a text that is one, of http or https alone: anything else could be a script.
pub(super) fn web_link(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// An id with a button that copies it, shown where scripts run.
pub(super) fn copyable(id: &str, what: &str) -> Markup {
    html! {
        span.copyable {
            code { (id) }
            button.quiet type="button" data-copy=(id) aria-label={ "Copy the " (what) } hidden { "Copy" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert!(location("https://meet.example/x").into_string().contains("href=\"https://meet.example/x\""));
        for text in ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "Room 4", "integrations:daily"]
        {
            assert!(!location(text).into_string().contains("href"), "{text}");
        }
        assert!(location("<img src=x>").into_string().contains("&lt;img"));
    }
}
