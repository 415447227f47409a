//! `GET /sync-errors`: what syncs could not do, by cause, with what to do about it. `POST /sync-errors/{cause}/retry` and
//! `/dismissal`.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Redirect;
use http::StatusCode;
use maud::{Markup, html};

use super::connection::admins_only;
use super::deliveries::Dismissal;
use super::icons::{Icon, icon};
use super::layout::Page;
use super::{PageError, SignedIn, times};
use crate::app::App;
use crate::ingest::DISMISSAL_NOTE;
use crate::store::{ErrorFilter, ErrorGroup, StoredError, User};

/// How many causes are shown; mending one often settles others.
const SHOWN: usize = 100;

/// Where they are listed.
const INBOX: &str = "/sync-errors";

/// The open sync errors by cause, the last seen first. Members see those of their own bookings.
pub async fn inbox(State(app): State<Arc<App>>, SignedIn(user): SignedIn) -> Result<Markup, PageError> {
    let organizer = (user.role == "member").then(|| user.email.clone());
    let filter = ErrorFilter { organizer, ..ErrorFilter::default() };
    let groups = app.store.sync_error_groups(&filter, SHOWN).await?;
    let body = html! {
        h1 { "Sync errors" }
        @if groups.is_empty() { (empty()) } @else {
            p.sub { "What could not be written as wanted, by cause. One is resolved by itself once a later sync does it." }
            ul.deliveries { @for group in &groups { (shown(group, &user)) } }
        }
    };
    Ok(Page { title: "Sync errors", user: Some(&user), refreshes: false }.render(&body))
}

fn empty() -> Markup {
    html! {
        div.empty {
            h2 { "Nothing to mend" }
            p { "All that bookings ask for could be written to Salesforce." }
        }
    }
}

fn shown(group: &ErrorGroup, user: &User) -> Markup {
    let latest = &group.latest;
    let cause = &latest.cause;
    let dropped: Vec<&str> = cause.dropped_fields.iter().map(String::as_str).collect();
    html! {
        li id=(latest.cause_id) {
            p.delivery-head {
                (icon(Icon::Alert)) strong { (cause.code) }
                " " span.sub { (what(group)) }
            }
            p { (latest.message) }
            @if !dropped.is_empty() { p { "Left out: " @for (at, field) in dropped.iter().enumerate() {
                @if at > 0 { ", " } code { (field) }
            } "." } }
            @if !cause.fix.is_empty() { p { strong { "What to do: " } (cause.fix) } }
            p.sub {
                (bookings(group.count)) ", first " (times::moment(group.first_at)) ", last " (times::moment(group.last_at)) "; the latest is "
                a href={ "/bookings/" (latest.booking_id) } { "this booking" } " of " (latest.event_type_title) "."
            }
            @if user.role == "admin" { (actions(group)) }
        }
    }
}

/// Such as `create Contact, on Production org`.
fn what(group: &ErrorGroup) -> String {
    let cause = &group.latest.cause;
    let object = if cause.object.is_empty() { String::new() } else { format!(" {}", cause.object) };
    format!("{}{object}, on {}", cause.operation, group.latest.connection_name)
}

fn bookings(count: i64) -> String {
    match count {
        1 => "One booking".to_owned(),
        many => format!("{many} bookings"),
    }
}

fn actions(group: &ErrorGroup) -> Markup {
    let cause = &group.latest.cause_id;
    let note = format!("note-{cause}");
    let retry = if group.count == 1 { "Retry" } else { "Retry all" };
    html! {
        div.delivery-actions {
            form method="post" action={ (INBOX) "/" (cause) "/retry" } {
                button.quiet type="submit" { (retry) }
            }
            form method="post" action={ (INBOX) "/" (cause) "/dismissal" } {
                div.field {
                    label for=(note) { "Why it needs no attention" }
                    input id=(note) name="note" required maxlength=(DISMISSAL_NOTE.end()) autocomplete="off";
                }
                button.quiet type="submit" { "Dismiss" }
            }
        }
    }
}

/// The latest sync error of a connection, as a notification; nothing where there is none, or it was dismissed (spec 8).
pub(super) fn notification(latest: Option<&StoredError>) -> Markup {
    let Some(error) = latest else { return html! {} };
    let dropped: Vec<&str> = error.cause.dropped_fields.iter().map(String::as_str).collect();
    html! {
        section.card aria-labelledby="latest-error" {
            h2 id="latest-error" { "Latest sync error" }
            p { strong { (error.cause.code) } ": " (error.message) }
            @if !dropped.is_empty() { p { "Left out: " (dropped.join(", ")) "." } }
            p.sub {
                (times::moment(error.last_at))
                @match error.resolved_at() {
                    Some(at) => { "; resolved " (times::moment(at)) "." }
                    None => { ". " a href={ (INBOX) "#" (error.cause_id) } { "What to do" } "." }
                }
            }
        }
    }
}

/// Syncs all bookings of a cause again, at once.
pub async fn retry(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(cause): Path<String>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    let filter = ErrorFilter { cause_id: Some(cause), ..ErrorFilter::default() };
    app.store.retry_sync_errors(&filter, app.clock.now()).await?;
    app.engine.wake();
    Ok(Redirect::to(INBOX))
}

/// Dismisses all of a cause.
pub async fn dismiss(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(cause): Path<String>,
    form: Result<Form<Dismissal>, FormRejection>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    let note = form.map(|Form(form)| form.note.trim().to_owned()).unwrap_or_default();
    if !DISMISSAL_NOTE.contains(&note.chars().count()) || note.contains('\0') {
        let advice = "Say in 1 to 500 characters why the sync error needs no attention. Nothing was changed.";
        return Err(PageError::new(StatusCode::UNPROCESSABLE_ENTITY, "A note is needed", advice));
    }
    let filter = ErrorFilter { cause_id: Some(cause), ..ErrorFilter::default() };
    let by = user.email.as_written();
    app.store.dismiss_sync_errors(&filter, None, (&note, by), app.clock.now()).await?;
    Ok(Redirect::to(INBOX))
}
