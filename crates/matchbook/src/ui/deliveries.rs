//! Deliveries that wait, as the booking list shows them. `POST /deliveries/{id}/retry` and `/dismissal`.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Redirect;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::connection::admins_only;
use super::icons::{Icon, icon};
use super::{PageError, SignedIn, timeline, times};
use crate::access::Role;
use crate::app::App;
use crate::ingest::{self, DISMISSAL_NOTE};
use crate::store::DeliveryRow;

/// How many waiting deliveries are shown; mending one often settles the others.
pub(super) const SHOWN: i64 = 50;

/// How much of a delivery's body is shown, in bytes.
const SHOWN_OF_A_BODY: usize = 16 * 1024;

/// Where they are listed.
const LIST: &str = "/bookings?scope=needs_attention";

/// Deliveries that could not be applied, with why. Only admins see what was sent, and settle them.
pub(super) fn waiting(rows: &[DeliveryRow], role: Role) -> Markup {
    html! {
        section aria-labelledby="deliveries" {
            h2 id="deliveries" { "Deliveries that wait" }
            p.sub { "They are kept as they came, and tried again whenever the configuration is applied." }
            ul.deliveries {
                @for row in rows {
                    li {
                        p.delivery-head {
                            (icon(Icon::Alert)) strong { (row.source_name) } " " span.sub { "received " (times::moment(row.received_at)) }
                        }
                        p { (sentence(row.reason.as_deref().unwrap_or("it could not be applied yet"))) }
                        @if role == Role::Admin {
                            details id=(row.id) {
                                summary { "What was sent" }
                                (sent(&row.body))
                            }
                            (actions(row))
                        }
                    }
                }
            }
            @if i64::try_from(rows.len()).is_ok_and(|n| n >= SHOWN) {
                p.sub { "These are the oldest " (SHOWN) "; there may be more." }
            }
        }
    }
}

fn actions(row: &DeliveryRow) -> Markup {
    let note = format!("note-{}", row.id);
    html! {
        div.delivery-actions {
            form method="post" action={ "/deliveries/" (row.id) "/retry" } {
                button.quiet type="submit" { "Try again" }
            }
            form method="post" action={ "/deliveries/" (row.id) "/dismissal" } {
                div.field {
                    label for=(note) { "Why it needs no attention" }
                    input id=(note) name="note" required maxlength=(DISMISSAL_NOTE.end()) autocomplete="off";
                }
                button.quiet type="submit" { "Dismiss" }
            }
        }
    }
}

/// A reason as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().trim_end_matches('.').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

fn sent(body: &[u8]) -> Markup {
    let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN_OF_A_BODY)]);
    html! {
        (timeline::json_block(&shown))
        @if body.len() > SHOWN_OF_A_BODY {
            p.sub { "The first " (SHOWN_OF_A_BODY / 1024) " of " (body.len() / 1024) " KiB are shown." }
        }
    }
}

/// Tries a delivery again; one that still cannot be applied stays in the list, with its reason.
pub async fn retry(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    if ingest::apply_one(&app.store, &id, app.clock.now()).await? {
        app.engine.wake();
    }
    Ok(Redirect::to(LIST))
}

/// Why something is dismissed.
#[derive(Debug, Deserialize)]
pub struct Dismissal {
    pub(super) note: String,
}

/// Dismisses a delivery. One that was settled meanwhile is no longer in the list.
pub async fn dismiss(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    form: Result<Form<Dismissal>, FormRejection>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    let note = form.map(|Form(form)| form.note.trim().to_owned()).unwrap_or_default();
    if !DISMISSAL_NOTE.contains(&note.chars().count()) || note.contains('\0') {
        let advice = "Say in 1 to 500 characters why the delivery needs no attention. Nothing was changed.";
        return Err(PageError::new(StatusCode::UNPROCESSABLE_ENTITY, "A note is needed", advice));
    }
    app.store.dismiss_delivery(&id, &note, user.email.as_written()).await?;
    Ok(Redirect::to(LIST))
}
