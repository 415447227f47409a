//! `/api/v1/sync-errors` and `/api/v1/sync-error-groups`: what syncs could not do, by booking and by cause.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::booking_query::{cursor, limit, wrong};
use super::caller::Caller;
use super::deliveries::{Dismissal, for_admins, note};
use super::request::JsonBody;
use crate::access::{KeyScope, Role};
use crate::app::App;
use crate::store::{ErrorFilter, ErrorGroup, ErrorState, StoredError};

/// The length of a page that asks for none, and the most causes of a listing.
const DEFAULT_PAGE: usize = 50;
const MOST_GROUPS: usize = 200;

/// What the query of a listing of sync errors may hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document's form of what is read")]
struct SyncErrorQuery {
    /// Only sync errors in this state.
    #[param(inline)]
    state: Option<SyncErrorState>,
    /// Only those of this cause.
    cause: Option<String>,
    /// Only those of this booking.
    booking: Option<String>,
    /// Only those of the event type with this key.
    event_type: Option<String>,
    /// Only those of the connection with this key.
    connection: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many a page has; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What became of a sync error.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SyncErrorState {
    /// What failed was not done yet.
    Open,
    /// A later sync did it, or had no more need to.
    Resolved,
    /// Somebody said that it needs no attention.
    Dismissed,
}

/// One page of sync errors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncErrorPage)]
pub struct ShownPage {
    sync_errors: Vec<ShownError>,
    /// Pass it as `after` to get the next page; null on the last one.
    next: Option<String>,
}

/// What a sync of a booking could not do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncError)]
pub struct ShownError {
    id: String,
    /// What it has in common with others of its kind.
    cause: ShownCause,
    /// Salesforce's message, or Matchbook's.
    message: String,
    booking_id: String,
    /// The key of the event type.
    event_type: String,
    /// The key of the connection.
    connection: String,
    /// Whose record it was to be, where that is not the attendee.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest: Option<String>,
    #[schema(value_type = SyncErrorState)]
    state: String,
    first_at: Timestamp,
    last_at: Timestamp,
    /// How many syncs of the booking met it.
    times: i64,
    /// When it was resolved or dismissed.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// The email of the user who dismissed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    dismissed_by: Option<String>,
    /// Why it was dismissed.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What sync errors have in common that are mended by the same act.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncErrorCause)]
struct ShownCause {
    id: String,
    /// Salesforce's error code, or one of Matchbook's.
    #[schema(example = "FIELD_CUSTOM_VALIDATION_EXCEPTION")]
    code: String,
    /// The object's API name; empty where it is about no one object.
    object: String,
    /// What was to be done.
    #[schema(example = "create")]
    operation: String,
    /// The fields that were left out so that the rest could be written.
    dropped_fields: Vec<String>,
    /// What an admin can do about it.
    fix: String,
}

/// All open sync errors of one cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncErrorGroup)]
pub struct ShownGroup {
    /// How many bookings met it.
    count: i64,
    first_at: Timestamp,
    last_at: Timestamp,
    latest: ShownError,
}

/// The open sync errors by cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncErrorGroups)]
pub struct ShownGroups {
    groups: Vec<ShownGroup>,
}

/// How many were changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncErrorsChanged)]
pub struct Changed {
    changed: u64,
}

/// List sync errors
///
/// What syncs could not do, the latest first: one for each booking and cause. Members see those of their own bookings.
#[utoipa::path(get, path = "/sync-errors",
    operation_id = "listSyncErrors", tag = "Sync errors", params(SyncErrorQuery), security(("api_key" = ["sync:read"])),
    responses((status = 200, description = "One page of sync errors", body = ShownPage)))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownPage>, Problem> {
    caller.may(KeyScope::SyncRead)?;
    let mut filter = own(&caller);
    let (mut after, mut length) = (None, DEFAULT_PAGE);
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => filter.state = Some(state_of(&value)?),
            "cause" => filter.cause_id = Some(value.into_owned()),
            "booking" => filter.booking_id = Some(value.into_owned()),
            "event_type" => filter.event_type = Some(value.into_owned()),
            "connection" => filter.connection = Some(value.into_owned()),
            "after" => after = Some(cursor(&value)?),
            "limit" => length = limit(&value)?,
            _ => {
                let known = "It may have state, cause, booking, event_type, connection, after and limit.";
                return Err(wrong("The query cannot be understood.", known));
            }
        }
    }
    let (errors, next) = app.store.sync_errors(&filter, after.as_deref(), length).await?;
    Ok(Json(ShownPage { sync_errors: errors.into_iter().map(ShownError::from).collect(), next }))
}

/// List the causes of sync errors
///
/// The open sync errors by cause, the last seen first, each with the latest of them and what to do about it.
#[utoipa::path(get, path = "/sync-error-groups",
    operation_id = "listSyncErrorGroups", tag = "Sync errors", security(("api_key" = ["sync:read"])),
    responses((status = 200, description = "The groups", body = ShownGroups)))]
pub async fn groups(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ShownGroups>, Problem> {
    caller.may(KeyScope::SyncRead)?;
    let groups = app.store.sync_error_groups(&own(&caller), MOST_GROUPS).await?;
    Ok(Json(ShownGroups { groups: groups.into_iter().map(ShownGroup::from).collect() }))
}

/// Retry all of a cause
///
/// All bookings with an open sync error of this cause are synced again at once, and their orgs are asked anew what they look
/// like. For admins only.
#[utoipa::path(post, path = "/sync-error-groups/{cause}/retry",
    operation_id = "retrySyncErrorGroup", tag = "Sync errors", security(("api_key" = ["sync:write"])),
    params(("cause" = String, Path, description = "The cause's id")),
    responses((status = 200, description = "How many bookings are synced again", body = Changed)))]
pub async fn retry_group(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(cause): Path<String>,
) -> Result<Json<Changed>, Problem> {
    retry(&app, &caller, ErrorFilter { cause_id: Some(cause), ..ErrorFilter::default() }).await
}

/// Dismiss all of a cause
///
/// They need no attention any more, and are kept with the note. For admins only.
#[utoipa::path(post, path = "/sync-error-groups/{cause}/dismissal",
    operation_id = "dismissSyncErrorGroup", tag = "Sync errors", request_body = Dismissal,
    security(("api_key" = ["sync:write"])), params(("cause" = String, Path, description = "The cause's id")),
    responses((status = 200, description = "How many were dismissed", body = Changed)))]
pub async fn dismiss_group(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(cause): Path<String>,
    json: Result<JsonBody, Problem>,
) -> Result<Json<Changed>, Problem> {
    dismiss(&app, &caller, ErrorFilter { cause_id: Some(cause), ..ErrorFilter::default() }, None, json).await
}

/// Retry one
///
/// The booking of this sync error is synced again at once. For admins only.
#[utoipa::path(post, path = "/sync-errors/{id}/retry",
    operation_id = "retrySyncError", tag = "Sync errors", security(("api_key" = ["sync:write"])),
    params(("id" = String, Path, description = "The sync error's id")),
    responses((status = 200, description = "How many bookings are synced again", body = Changed)))]
pub async fn retry_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Changed>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    let error = app.store.sync_error(&ErrorFilter::default(), &id).await?.ok_or_else(no_error)?;
    let filter = ErrorFilter { booking_id: Some(error.booking_id), cause_id: Some(error.cause_id), ..own(&caller) };
    retry(&app, &caller, filter).await
}

/// Dismiss one
///
/// It needs no attention any more, and is kept with the note. For admins only.
#[utoipa::path(post, path = "/sync-errors/{id}/dismissal",
    operation_id = "dismissSyncError", tag = "Sync errors", request_body = Dismissal,
    security(("api_key" = ["sync:write"])), params(("id" = String, Path, description = "The sync error's id")),
    responses((status = 200, description = "How many were dismissed", body = Changed)))]
pub async fn dismiss_one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    json: Result<JsonBody, Problem>,
) -> Result<Json<Changed>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    app.store.sync_error(&ErrorFilter::default(), &id).await?.ok_or_else(no_error)?;
    dismiss(&app, &caller, ErrorFilter::default(), Some(&id), json).await
}

async fn retry(app: &App, caller: &Caller, filter: ErrorFilter) -> Result<Json<Changed>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    for_admins(caller)?;
    let changed = app.store.retry_sync_errors(&filter, app.clock.now()).await?;
    app.engine.wake();
    Ok(Json(Changed { changed }))
}

async fn dismiss(
    app: &App,
    caller: &Caller,
    filter: ErrorFilter,
    id: Option<&str>,
    json: Result<JsonBody, Problem>,
) -> Result<Json<Changed>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    for_admins(caller)?;
    let (note, by) = (note(&json?)?, caller.access.email.as_written());
    let changed = app.store.dismiss_sync_errors(&filter, id, (&note, by), app.clock.now()).await?;
    Ok(Json(Changed { changed }))
}

/// A member sees own bookings only.
fn own(caller: &Caller) -> ErrorFilter {
    let organizer = (caller.access.role == Role::Member).then(|| caller.access.email.clone());
    ErrorFilter { organizer, ..ErrorFilter::default() }
}

fn state_of(word: &str) -> Result<ErrorState, Problem> {
    match serde_json::from_value::<SyncErrorState>(word.into()) {
        Ok(SyncErrorState::Open) => Ok(ErrorState::Open),
        Ok(SyncErrorState::Resolved) => Ok(ErrorState::Resolved),
        Ok(SyncErrorState::Dismissed) => Ok(ErrorState::Dismissed),
        Err(_) => Err(wrong("The state is not known.", "It may be open, resolved or dismissed.")),
    }
}

fn no_error() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "No sync error has this id.")
}

impl From<StoredError> for ShownError {
    fn from(error: StoredError) -> Self {
        let cause = error.cause;
        ShownError {
            id: error.id,
            cause: ShownCause {
                id: error.cause_id,
                code: cause.code,
                object: cause.object,
                operation: cause.operation.word().to_owned(),
                dropped_fields: cause.dropped_fields.into_iter().collect(),
                fix: cause.fix,
            },
            message: error.message,
            booking_id: error.booking_id,
            event_type: error.event_type,
            connection: error.connection,
            guest: error.guest,
            state: error.state,
            first_at: error.first_at,
            last_at: error.last_at,
            times: error.times,
            ended_at: error.ended_at,
            dismissed_by: error.ended_by,
            note: error.note,
        }
    }
}

impl From<ErrorGroup> for ShownGroup {
    fn from(group: ErrorGroup) -> Self {
        let ErrorGroup { latest, count, first_at, last_at } = group;
        ShownGroup { count, first_at, last_at, latest: latest.into() }
    }
}
