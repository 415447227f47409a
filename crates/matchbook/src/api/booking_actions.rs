//! `POST /api/v1/bookings/{id}/reschedule` and `/cancellation`: changes of bookings that were made here.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, State};
use bytes::Bytes;
use domain::booking::Organizer;
use domain::booking_action::{BookingAction, NotNow, act};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::body::Body;
use super::bookings::seen;
use super::caller::Caller;
use super::idempotency::{self, IDEMPOTENCY_KEY};
use super::new_booking::{Offered, host, start};
use super::request::{IfMatch, JsonBody};
use super::shown_booking::{BookingAnswered, ShownBooking, no_booking};
use crate::access::KeyScope;
use crate::app::App;
use crate::store::{Asked, BookingRow};

/// The headers of a change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "the document's form of what is read from the headers")]
pub(super) struct ChangeHeaders {
    /// 1 to 255 characters of your choice, such as a UUID. A request that is sent again with it changes nothing twice; remembered
    /// for a day.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
    /// The `ETag` of the booking that the change is made for. If the booking has changed since, the answer is 412.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Where a booking is moved to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct Reschedule {
    /// When it starts from now on: an instant with its offset. The booking stays as long as it was.
    #[schema(example = "2026-12-02T09:30:00Z")]
    start: Timestamp,
    /// The key or email of the host who takes it over, if that changes: one of the event type's hosts.
    #[schema(example = "dana")]
    host: Option<String>,
}

/// Why a booking is called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct Cancellation {
    /// Why.
    #[schema(example = "Jane is ill")]
    reason: Option<String>,
}

/// Reschedule a booking
///
/// The same Event in Salesforce moves. Only bookings that were made here can be moved here: of others their source has the last
/// word, and the answer is 409.
#[utoipa::path(post, path = "/bookings/{id}/reschedule",
    operation_id = "rescheduleBooking", tag = "Bookings", request_body = Reschedule,
    params(("id" = String, Path, description = "The booking's id"), ChangeHeaders), security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "It came from a source, or was cancelled; or the same request is being answered just now", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The booking has changed meanwhile", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn reschedule(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<JsonBody, Problem>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let (row, body) = (seen(&app, &caller, &id).await?, body?);
    let action = read_reschedule(&app, &row, &body).await?;
    if let BookingAction::Reschedule { organizer: Some(organizer), .. } = &action {
        caller.may_act_for(Some(&organizer.email))?;
    }
    only_ours(&row)?;
    change(&app, Change { caller, row, path: uri.path(), headers, body: body.bytes }, action).await
}

async fn read_reschedule(app: &App, row: &BookingRow, json: &JsonBody) -> Result<BookingAction, Problem> {
    let offered = Offered { event_types: app.store.event_types().await?, hosts: app.store.hosts().await? };
    let event_type = offered.event_types.iter().find(|e| e.slug == row.event_type_slug);
    let mut body = Body::default();
    let action = body.object((String::new(), &json.value), &["start", "host"]).and_then(|root| {
        let start = start(&mut body, &root);
        let organizer = match root.has("host") {
            true => Some(host(&mut body, &root, event_type, &offered).map(Organizer::from)?),
            false => None,
        };
        Some(BookingAction::Reschedule { start: start?, organizer })
    });
    body.finish(action)
}

/// Cancel a booking
///
/// What becomes of the Event in Salesforce is the event type's setting. Only bookings that were made here can be cancelled here: of
/// others their source has the last word, and the answer is 409. One that is cancelled already stays as it is.
#[utoipa::path(post, path = "/bookings/{id}/cancellation",
    operation_id = "cancelBooking", tag = "Bookings", request_body = Cancellation,
    params(("id" = String, Path, description = "The booking's id"), ChangeHeaders), security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "It came from a source; or the same request is being answered just now", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The booking has changed meanwhile", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<JsonBody, Problem>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let (row, json) = (seen(&app, &caller, &id).await?, body?);
    let mut body = Body::default();
    let root = body.object((String::new(), &json.value), &["reason"]);
    let action = root.map(|root| BookingAction::Cancel { reason: body.text(&root, "reason") });
    let action = body.finish(action)?;
    only_ours(&row)?;
    change(&app, Change { caller, row, path: uri.path(), headers, body: json.bytes }, action).await
}

/// Mark the attendee as a no-show
///
/// Of any booking that has started, wherever it came from: the latest word counts. Where the event type says so, Salesforce is told.
#[utoipa::path(post, path = "/bookings/{id}/no-show",
    operation_id = "markNoShow", tag = "Bookings",
    params(("id" = String, Path, description = "The booking's id"), ChangeHeaders), security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "It was cancelled, or has not started; or the same request is being answered just now", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The booking has changed meanwhile", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The `Idempotency-Key` was another request's", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn mark_no_show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let row = seen(&app, &caller, &id).await?;
    let request = Change { caller, row, path: uri.path(), headers, body: Bytes::new() };
    change(&app, request, BookingAction::MarkNoShow { absent: true }).await
}

/// Take the mark of a no-show back
#[utoipa::path(delete, path = "/bookings/{id}/no-show",
    operation_id = "unmarkNoShow", tag = "Bookings",
    params(("id" = String, Path, description = "The booking's id"), ("If-Match" = Option<String>, Header, description = "The `ETag` of the booking that the change is made for")),
    security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "It was cancelled", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The booking has changed meanwhile", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn unmark_no_show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    mut headers: HeaderMap,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let row = seen(&app, &caller, &id).await?;
    // Sent again, it does the same again: nothing.
    headers.remove(IDEMPOTENCY_KEY);
    let request = Change { caller, row, path: uri.path(), headers, body: Bytes::new() };
    change(&app, request, BookingAction::MarkNoShow { absent: false }).await
}

/// A request to change a booking.
struct Change<'a> {
    caller: Caller,
    row: BookingRow,
    path: &'a str,
    headers: HeaderMap,
    body: Bytes,
}

/// Changes a booking once, and shows it as it is then.
async fn change(app: &App, change: Change<'_>, action: BookingAction) -> Result<BookingAnswered, Problem> {
    let Change { caller, row, path, headers, body } = change;
    let (id, now) = (&row.id.0, app.clock.now());
    let request = idempotency::request(&headers, &caller, path, &body)?;
    if let Some(request) = &request
        && let Some(earlier) = app.store.earlier_request(request, now).await?
    {
        let id = idempotency::repeated(request, earlier)?;
        return BookingAnswered::now(app, StatusCode::OK, &id).await;
    }
    let if_match = IfMatch::of(&headers);
    let admits = |version| if_match.as_ref().is_none_or(|tags| tags.admits(version));
    let decide = |recorded: &_| act(recorded, action, now);
    let asked = app.store.ask_change(id, admits, decide, request.as_ref(), now).await?;
    if asked == Asked::Done(true) {
        app.engine.wake();
    }
    answer(app, id, asked).await
}

/// What asking for a change came to.
pub(super) async fn answer(app: &App, id: &str, asked: Asked<NotNow>) -> Result<BookingAnswered, Problem> {
    match asked {
        Asked::Done(_) => BookingAnswered::now(app, StatusCode::OK, id).await,
        Asked::Unknown => Err(no_booking()),
        Asked::OtherVersion(version) => Err(changed_meanwhile(version)),
        Asked::Refused(not_now) => Err(refused(not_now)),
        Asked::MadeMeanwhile => Err(idempotency::made_meanwhile()),
    }
}

/// Refuses bookings that came from a source.
pub(super) fn only_ours(row: &BookingRow) -> Result<(), Problem> {
    let Some(source) = &row.source else { return Ok(()) };
    Err(Problem::new(
        StatusCode::CONFLICT,
        "This booking came from a source, which has the last word on it. Nothing was changed.",
    )
    .detail(format!("Change it in {source}, and it follows here.")))
}

fn changed_meanwhile(version: i64) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "The booking has changed meanwhile. Nothing was changed.")
        .detail(format!("Its ETag is \"{version}\" now. Read it again, and decide anew."))
}

fn refused(not_now: NotNow) -> Problem {
    match not_now {
        NotNow::CalledOff => {
            Problem::new(StatusCode::CONFLICT, "The booking no longer takes place. Nothing was changed.")
                .detail("It was cancelled or declined. Make a new booking instead.")
        }
        NotNow::NotStarted => Problem::new(StatusCode::CONFLICT, "The booking has not started. Nothing was changed.")
            .detail("Nobody can have missed it yet. Send this again after its start."),
        NotNow::TooLate => Problem::invalid().field("/start", "This is too far in the future."),
        NotNow::NobodyFree => {
            Problem::new(StatusCode::CONFLICT, "No host is enabled and free at this time. Nothing was changed.")
                .detail("Name a host, or move the booking first.")
        }
    }
}
