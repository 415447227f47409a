//! `/api/v1/deliveries`: what sources sent, and what became of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::body::Body;
use super::booking_query::{cursor, limit, wrong};
use super::caller::Caller;
use super::request::JsonBody;
use crate::access::{KeyScope, Role};
use crate::app::App;
use crate::ingest::{self, DISMISSAL_NOTE};
use crate::store::{Delivery, DeliveryState};

/// The length of a page that asks for none.
const DEFAULT_PAGE: usize = 50;

/// What the query of a listing of deliveries may hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document's form of what is read")]
struct DeliveryQuery {
    /// Only deliveries of which this became.
    #[param(inline)]
    state: Option<StateWord>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many deliveries a page has; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// What became of a delivery.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryState)]
enum StateWord {
    Applied,
    Ignored,
    NeedsAttention,
    Dismissed,
}

impl From<StateWord> for DeliveryState {
    fn from(word: StateWord) -> Self {
        match word {
            StateWord::Applied => DeliveryState::Applied,
            StateWord::Ignored => DeliveryState::Ignored,
            StateWord::NeedsAttention => DeliveryState::NeedsAttention,
            StateWord::Dismissed => DeliveryState::Dismissed,
        }
    }
}

/// One page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
pub struct ShownPage {
    deliveries: Vec<ShownDelivery>,
    /// Pass it as `after` to get the next page; null on the last one.
    next: Option<String>,
}

/// A delivery of a source, without its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct ShownDelivery {
    id: String,
    /// The key of its source.
    #[schema(example = "calcom")]
    source: String,
    received_at: Timestamp,
    /// What became of it.
    #[schema(value_type = StateWord)]
    state: String,
    /// Why it was not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The booking that it told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_id: Option<String>,
    /// Why it was dismissed.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The email of the user who dismissed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    dismissed_by: Option<String>,
}

/// Why something is dismissed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
pub(super) struct Dismissal {
    /// Why, for those who come after you.
    #[schema(example = "A test of the webhook", min_length = 1, max_length = 500)]
    note: String,
}

/// List deliveries
///
/// What sources sent, the latest first, and what became of it. Members have no part in them.
#[utoipa::path(get, path = "/deliveries",
    operation_id = "listDeliveries", tag = "Deliveries", params(DeliveryQuery), security(("api_key" = ["sync:read"])),
    responses((status = 200, description = "One page of deliveries", body = ShownPage)))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownPage>, Problem> {
    may_read(&caller)?;
    let (mut state, mut after, mut length) = (None, None, DEFAULT_PAGE);
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => state = Some(state_of(&value)?),
            "after" => after = Some(cursor(&value)?),
            "limit" => length = limit(&value)?,
            _ => return Err(wrong("The query cannot be understood.", "It may have state, after and limit.")),
        }
    }
    let (deliveries, next) = app.store.deliveries(state, after.as_deref(), length).await?;
    Ok(Json(ShownPage { deliveries: deliveries.into_iter().map(ShownDelivery::from).collect(), next }))
}

fn state_of(word: &str) -> Result<DeliveryState, Problem> {
    let known = "It may be applied, ignored, needs_attention or dismissed.";
    let word = serde_json::from_value::<StateWord>(word.into());
    word.map(DeliveryState::from).map_err(|_| wrong("The state is not known.", known))
}

/// Read a delivery
#[utoipa::path(get, path = "/deliveries/{id}",
    operation_id = "readDelivery", tag = "Deliveries", security(("api_key" = ["sync:read"])),
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = ShownDelivery)))]
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ShownDelivery>, Problem> {
    may_read(&caller)?;
    shown(&app, &id).await
}

/// Read what a source sent
///
/// The body of a delivery, byte by byte as it came. It is personal data: for admins only.
#[utoipa::path(get, path = "/deliveries/{id}/body",
    operation_id = "readDeliveryBody", tag = "Deliveries", security(("api_key" = ["sync:read"])),
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The body as it came", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn body(State(app): State<Arc<App>>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.may(KeyScope::SyncRead)?;
    for_admins(&caller)?;
    let body = app.store.delivery_body(&id).await?.ok_or_else(no_delivery)?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, body).into_response())
}

/// Try a delivery again
///
/// As after mending what it waited for. The answer is the delivery as it is then: applied, or why not. One that is applied
/// already stays so, and sending this twice does no harm. For admins only.
#[utoipa::path(post, path = "/deliveries/{id}/retry",
    operation_id = "retryDelivery", tag = "Deliveries", security(("api_key" = ["sync:write"])),
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery as it is now", body = ShownDelivery)))]
pub async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ShownDelivery>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    for_admins(&caller)?;
    if ingest::apply_one(&app.store, &id, app.clock.now()).await? {
        app.engine.wake();
    }
    shown(&app, &id).await
}

/// Dismiss a delivery
///
/// It no longer needs attention, and is kept with the note. Only one that needs attention can be dismissed. For admins only.
#[utoipa::path(post, path = "/deliveries/{id}/dismissal",
    operation_id = "dismissDelivery", tag = "Deliveries", request_body = Dismissal,
    security(("api_key" = ["sync:write"])), params(("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, description = "The delivery as it is now", body = ShownDelivery),
        (status = 409, description = "It does not need attention", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn dismiss(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    json: Result<JsonBody, Problem>,
) -> Result<Json<ShownDelivery>, Problem> {
    caller.may(KeyScope::SyncWrite)?;
    for_admins(&caller)?;
    let delivery = app.store.delivery(&id).await?.ok_or_else(no_delivery)?;
    let note = note(&json?)?;
    let dismissed = app.store.dismiss_delivery(&id, &note, caller.access.email.as_written()).await?;
    if !dismissed && delivery.state != DeliveryState::Dismissed.as_str() {
        let problem = Problem::new(StatusCode::CONFLICT, "This delivery does not need attention. Nothing was changed.");
        return Err(problem.detail("Only deliveries that need attention can be dismissed."));
    }
    shown(&app, &id).await
}

pub(super) fn note(json: &JsonBody) -> Result<String, Problem> {
    let mut body = Body::default();
    let root = body.object((String::new(), &json.value), &["note"]);
    let note = root.and_then(|root| body.required_text(&root, "note", "A test of the webhook"));
    if let Some(note) = &note
        && !DISMISSAL_NOTE.contains(&note.trim().chars().count())
    {
        body.wrong("/note", "Say why in 1 to 500 characters.");
    }
    body.finish(note.map(|note| note.trim().to_owned()))
}

/// Refuses members: what waits to be understood is nobody's booking yet.
pub(super) fn may_read(caller: &Caller) -> Result<(), Problem> {
    caller.may(KeyScope::SyncRead)?;
    if caller.access.role != Role::Member {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "This is for admins and viewers.")
        .detail("A member sees own bookings only."))
}

pub(super) fn for_admins(caller: &Caller) -> Result<(), Problem> {
    if caller.access.role == Role::Admin {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "This is for admins.").detail("Use the key of an admin."))
}

async fn shown(app: &App, id: &str) -> Result<Json<ShownDelivery>, Problem> {
    Ok(Json(app.store.delivery(id).await?.ok_or_else(no_delivery)?.into()))
}

fn no_delivery() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "No delivery has this id.")
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, source, received_at, state, reason, booking_id, note, dismissed_by, .. } = delivery;
        ShownDelivery { id, source, received_at, state, reason, booking_id, note, dismissed_by }
    }
}
