//! Deciding about a duplicate on the booking's page. `POST /bookings/{id}/duplicate-choice`.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::sync_outcome::{ChoiceRefused, Duplicates, PersonKind};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::booking::seen;
use super::{PageError, SignedIn};
use crate::access::Access;
use crate::app::App;
use crate::duplicates::{Decision, decide};

/// What a button sends.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    /// `use_record`, `create_anyway` or `not_now`.
    choice: String,
    /// With `use_record`: which.
    #[serde(default)]
    record_id: String,
}

/// Does what a button says.
pub async fn choose(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Redirect, PageError> {
    let access = Access::of(&user);
    let row = seen(&app, &access, &id).await?;
    if !access.acts_on(&row.booking) {
        let advice = "Your role reads bookings. Ask its organizer or an admin to decide.";
        return Err(PageError::new(StatusCode::FORBIDDEN, "This is for members and admins", advice));
    }
    let unknown =
        || PageError::new(StatusCode::BAD_REQUEST, "This is no choice", "Go back to the booking and choose again.");
    let Form(chosen) = form.map_err(|_| unknown())?;
    let decision = Decision::of(&chosen.choice, || Some(chosen.record_id)).ok_or_else(unknown)?;
    match decide(&app, &row, decision, access.email.as_written()).await? {
        Ok(()) => Ok(Redirect::to(&format!("/bookings/{}", row.id))),
        Err(refused) => Err(cannot(refused)),
    }
}

fn cannot(refused: ChoiceRefused) -> PageError {
    let advice = format!("{refused} Nothing was changed. Open the booking again to see how it stands.");
    PageError::new(StatusCode::CONFLICT, "This cannot be chosen now", &advice)
}

/// The choices, where a decision is open; buttons only for those who may decide.
pub(super) fn choices(
    booking_id: &str,
    duplicates: &Duplicates,
    may_decide: bool,
    record: impl Fn(&str, &str) -> Markup,
) -> Markup {
    let action = format!("/bookings/{booking_id}/duplicate-choice");
    html! {
        div.decision role="group" aria-labelledby="duplicates" {
            h3 id="duplicates" { "Is this the attendee?" }
            p { "Salesforce takes the new record for a duplicate, and Matchbook does not guess." }
            ul.duplicates {
                @for id in &duplicates.records {
                    li {
                        (record(&id.0, PersonKind::of(id).object()))
                        @if may_decide {
                            form method="post" action=(action) {
                                input type="hidden" name="record_id" value=(id);
                                button.main type="submit" name="choice" value="use_record" { "Use this record" }
                            }
                        }
                    }
                }
            }
            @if may_decide {
                form.delivery-actions method="post" action=(action) {
                    @if duplicates.may_create_anyway {
                        button.quiet type="submit" name="choice" value="create_anyway" { "Create anyway" }
                    }
                    button.quiet type="submit" name="choice" value="not_now" { "Not now" }
                }
            }
            @if !duplicates.may_create_anyway {
                p.sub { "The org's duplicate rule blocks, so no record can be created beside it." }
            }
        }
    }
}
