//! Giving a booking to another host on its page (spec 7). `POST /bookings/{id}/reassignment`.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::booking::BookingStatus;
use domain::booking_action::NotNow;
use domain::routing::Scheduling;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::booking::seen;
use super::{PageError, SignedIn};
use crate::access::Access;
use crate::app::App;
use crate::reassign::{Reassignment, reassign};
use crate::store::{Asked, BookingRow, EventType, Host};

/// What the forms send.
#[derive(Debug, Deserialize)]
pub struct NewHost {
    /// The key of a host; left out, the booking is routed again.
    #[serde(default)]
    host: String,
    /// The booking's version that was looked at.
    version: i64,
}

/// Gives a booking to the chosen host, or to whoever is chosen now.
pub async fn reassign_booking(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    form: Result<Form<NewHost>, FormRejection>,
) -> Result<Redirect, PageError> {
    let access = Access::of(&user);
    let row = seen(&app, &access, &id).await?;
    if !access.acts_on(&row.booking) {
        return Err(forbidden("Your role reads bookings. Ask an admin to give this one to another host."));
    }
    let Form(form) = form.map_err(|_| no_choice())?;
    let (hosts, event_types) = (app.store.hosts().await?, app.store.event_types().await?);
    let Some(event_type) = event_types.iter().find(|known| known.slug == row.event_type_slug) else {
        return Err(refused("Its event type is archived. Nothing was changed."));
    };
    let named = match form.host.as_str() {
        "" => None,
        key => Some(hosts_of(event_type, &hosts).into_iter().find(|host| host.key == key).ok_or_else(no_choice)?),
    };
    if !named.map_or(access.only_of().is_none(), |host| access.acts_for(&host.email)) {
        return Err(forbidden("A member cannot give bookings to others. Ask an admin to do this."));
    }
    if let Some(source) = &row.source {
        let advice =
            format!("It came from {source}, which has the last word on it. Change it there, and it follows here.");
        return Err(refused(&advice));
    }
    let reassignment = Reassignment { row: &row, event_type, hosts: &hosts, to: named };
    match reassign(&app, &reassignment, |version| version == form.version, None).await? {
        Asked::Done(_) => Ok(Redirect::to(&format!("/bookings/{}#host-choice", row.id))),
        Asked::Refused(not_now) => Err(refused(why_not_now(not_now))),
        Asked::OtherVersion(_) | Asked::MadeMeanwhile | Asked::Unknown => {
            let advice = "The booking has changed since the page was opened. Nothing was changed now. Open it again, and decide anew.";
            Err(PageError::new(StatusCode::CONFLICT, "Somebody was faster", advice))
        }
    }
}

fn no_choice() -> PageError {
    let advice = "Go back to the booking and choose one of its event type's hosts. Nothing was changed.";
    PageError::new(StatusCode::BAD_REQUEST, "This is no choice", advice)
}

fn forbidden(advice: &str) -> PageError {
    PageError::new(StatusCode::FORBIDDEN, "This is for admins", advice)
}

fn refused(advice: &str) -> PageError {
    PageError::new(StatusCode::CONFLICT, "This booking keeps its host", advice)
}

fn why_not_now(not_now: NotNow) -> &'static str {
    match not_now {
        NotNow::CalledOff => "It was cancelled or declined. Nothing was changed.",
        NotNow::NobodyFree => {
            "No host is enabled and free at its time. Nothing was changed. Choose a host by name, or move the booking first."
        }
        NotNow::NotStarted | NotNow::TooLate => "It cannot be changed now. Nothing was changed.",
    }
}

fn hosts_of<'h>(event_type: &EventType, hosts: &'h [Host]) -> Vec<&'h Host> {
    event_type.settings.hosts.iter().filter_map(|key| hosts.iter().find(|host| host.key == *key)).collect()
}

/// The forms, for bookings that were made here and still take place, and users who may give them away.
pub(super) fn forms(row: &BookingRow, event_type: Option<&EventType>, hosts: &[Host], access: &Access) -> Markup {
    let off = matches!(row.booking.status, BookingStatus::Cancelled | BookingStatus::Rejected);
    let may = access.acts_on(&row.booking) && access.only_of().is_none();
    let Some(event_type) = event_type.filter(|_| may && !off && row.source.is_none()) else { return html! {} };
    let now = &row.booking.organizer.email;
    let mut others = hosts_of(event_type, hosts);
    others.retain(|host| host.email.folded() != now.folded());
    let turns = event_type.settings.scheduling == Scheduling::RoundRobin;
    if others.is_empty() && !turns {
        return html! {};
    }
    let action = format!("/bookings/{}/reassignment", row.id);
    html! {
        div.reassign role="group" aria-labelledby="reassign" {
            h3 id="reassign" { "Reassign" }
            div.delivery-actions {
                @if !others.is_empty() {
                    form method="post" action=(action) {
                        input type="hidden" name="version" value=(row.version);
                        div.field {
                            label for="new-host" { "Give it to" }
                            select id="new-host" name="host" {
                                @for host in others {
                                    option value=(host.key) { (host.name) @if is_off(event_type, host) { " (switched off)" } }
                                }
                            }
                        }
                        button.quiet type="submit" { "Reassign" }
                    }
                }
                @if turns {
                    form method="post" action=(action) {
                        input type="hidden" name="version" value=(row.version);
                        button.quiet type="submit" { "Choose again" }
                    }
                }
            }
            p.sub {
                "Its Event in Salesforce follows to the new host."
                @if turns { " Choosing again goes by what Salesforce and the turns say now." }
            }
        }
    }
}

fn is_off(event_type: &EventType, host: &Host) -> bool {
    event_type.settings.rotation.hosts.get(&host.key).is_some_and(|part| !part.enabled)
}
