//! `GET /api/v1/bookings/{id}/sync-runs`, `POST /api/v1/bookings/{id}/sync`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::booking_query::paging;
use super::bookings::seen;
use super::caller::Caller;
use super::shown_booking::{BookingAnswered, ShownBooking};
use crate::access::KeyScope;
use crate::app::App;
use crate::routing::shown::ShownResolution;
use crate::store::{CallRow, RunRow};

/// How many runs a page has that asks for none; each comes with its calls.
const DEFAULT_PAGE: usize = 20;

/// What the query of a listing of runs may hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document's form of what is read")]
struct RunQuery {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many runs a page has; 20 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// One page of a booking's sync runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncRunPage)]
pub struct ShownRuns {
    sync_runs: Vec<ShownRun>,
    /// Pass it as `after` to get the next page; null on the last one.
    next: Option<String>,
}

/// One go at bringing Salesforce in line with a booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncRun)]
struct ShownRun {
    id: String,
    /// The booking's version that it worked on.
    version: i64,
    started_at: Timestamp,
    /// When it ended; null while it goes on, or if its process died.
    finished_at: Option<Timestamp>,
    /// `synced`, `waiting` or `held`; null while it goes on.
    outcome: Option<String>,
    /// Why, in words, unless all went well.
    summary: Option<String>,
    /// What is worth knowing, a sentence each.
    notes: Vec<String>,
    /// How it looked for the attendee's Account; left out where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<ShownResolution>,
    /// Its requests to Salesforce, in order.
    calls: Vec<ShownCall>,
}

/// One request of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncCall)]
struct ShownCall {
    /// What it was for, in words.
    purpose: String,
    sent_at: Timestamp,
    /// The HTTP status; null while no answer is known.
    status: Option<i64>,
    /// How long it took; null while no answer is known.
    milliseconds: Option<i64>,
    /// What was asked of Salesforce.
    asked: Value,
    /// What it answered; null while no answer is known.
    answered: Value,
}

/// List a booking's sync runs
///
/// The latest first, each with the calls that it made: what was asked of Salesforce, and what it answered.
#[utoipa::path(get, path = "/bookings/{id}/sync-runs",
    operation_id = "listSyncRuns", tag = "Syncs", security(("api_key" = ["sync:read"])),
    params(("id" = String, Path, description = "The booking's id"), RunQuery),
    responses((status = 200, description = "One page of sync runs", body = ShownRuns)))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownRuns>, Problem> {
    caller.may(KeyScope::SyncRead)?;
    let row = seen(&app, &caller, &id).await?;
    let paging = paging(query.as_deref().unwrap_or_default(), DEFAULT_PAGE)?;
    let (runs, next) = app.store.run_page(&row.id.0, paging.after.as_deref(), paging.limit).await?;
    Ok(Json(ShownRuns { sync_runs: runs.into_iter().map(ShownRun::from).collect(), next }))
}

/// Sync a booking again
///
/// Makes its sync due now, as after mending what held it. What is in order already is not written again, so that sending this
/// twice does no harm.
#[utoipa::path(post, path = "/bookings/{id}/sync",
    operation_id = "syncBooking", tag = "Syncs", security(("api_key" = ["sync:write"])),
    params(("id" = String, Path, description = "The booking's id")),
    responses(
        (status = 202, description = "Its sync is due", body = ShownBooking),
        (status = 409, description = "Its event type is not connected to Salesforce", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn again(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    let row = seen(&app, &caller, &id).await?;
    if !app.store.sync_again(&row.id.0, app.clock.now()).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "This booking is not synced.")
            .detail("Its event type is not connected to Salesforce. Connect it, and new changes are synced."));
    }
    app.engine.wake();
    BookingAnswered::now(&app, StatusCode::ACCEPTED, &row.id.0).await
}

impl From<RunRow> for ShownRun {
    fn from(row: RunRow) -> Self {
        let RunRow { id, version, started_at, finished_at, outcome, summary, notes, account, calls } = row;
        let account = account.as_ref().map(ShownResolution::from);
        let calls = calls.into_iter().map(ShownCall::from).collect();
        ShownRun { id, version, started_at, finished_at, outcome, summary, notes, account, calls }
    }
}

impl From<CallRow> for ShownCall {
    fn from(row: CallRow) -> Self {
        let CallRow { purpose, asked, answered, status, milliseconds, sent_at } = row;
        let answered = answered.map_or(Value::Null, json);
        ShownCall { purpose, sent_at, status, milliseconds, asked: json(asked), answered }
    }
}

/// JSON as it was kept; what is none is shown as a text.
fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
