//! `POST /api/v1/bookings/{id}/duplicate-choice`: what to do where Salesforce takes the attendee for a duplicate.

use std::sync::Arc;

use axum::extract::{Path, State};
use domain::sync_outcome::ChoiceRefused;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::body::Body;
use super::bookings::seen;
use super::caller::Caller;
use super::request::JsonBody;
use super::shown_booking::{BookingAnswered, ShownBooking};
use crate::access::KeyScope;
use crate::app::App;
use crate::duplicates::{Decision, decide};

/// What to do about a duplicate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct DuplicateDecision {
    /// What to do.
    choice: DuplicateChoiceWord,
    /// With `use_record`: which of the records that Salesforce named.
    #[schema(example = "003xx000001aBcDAAU")]
    record_id: Option<String>,
}

/// `use_record`: the attendee is this record. `create_anyway`: create a record beside it, where the org's rule only alerts.
/// `not_now`: leave the booking on hold, and its sync errors dismissed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DuplicateChoiceWord {
    UseRecord,
    CreateAnyway,
    NotNow,
}

/// Decide about a duplicate
///
/// Where Salesforce takes an attendee for a duplicate of a record that is not plainly theirs, the booking is on hold and its `sync` names
/// the records. What is chosen here is done at once.
#[utoipa::path(post, path = "/bookings/{id}/duplicate-choice",
    operation_id = "chooseDuplicate", tag = "Bookings", request_body = DuplicateDecision,
    params(("id" = String, Path, description = "The booking's id")), security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "Nothing is to be decided, or this cannot be chosen", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn choose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    json: Result<JsonBody, Problem>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let row = seen(&app, &caller, &id).await?;
    let decision = read(&json?)?;
    match decide(&app, &row, decision, caller.access.email.as_written()).await? {
        Ok(()) => BookingAnswered::now(&app, StatusCode::OK, &row.id.0).await,
        Err(refused) => Err(cannot(refused)),
    }
}

fn read(json: &JsonBody) -> Result<Decision, Problem> {
    let mut body = Body::default();
    let decision = body.object((String::new(), &json.value), &["choice", "record_id"]).and_then(|root| {
        let word = body.required_text(&root, "choice", "use_record")?;
        if !Decision::WORDS.contains(&word.as_str()) {
            body.wrong("/choice", "It may be use_record, create_anyway or not_now.");
        }
        Decision::of(&word, || body.required_text(&root, "record_id", "003xx000001aBcDAAU"))
    });
    body.finish(decision)
}

fn cannot(refused: ChoiceRefused) -> Problem {
    let advice = match refused {
        ChoiceRefused::NothingToDecide => {
            "Read the booking again: its sync names the records while a decision is open."
        }
        ChoiceRefused::OtherRecord => "Choose one of the records that the booking's sync names.",
        ChoiceRefused::RuleBlocks => "Use the record that it names, or change the rule in Salesforce and sync again.",
    };
    Problem::new(StatusCode::CONFLICT, &format!("{refused} Nothing was changed.")).detail(advice)
}
