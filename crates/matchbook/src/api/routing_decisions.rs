//! `GET /api/v1/bookings/{id}/routing-decisions`: how a booking's host was chosen; `POST /api/v1/routing-decisions`: who would
//! take a booking, and why, without making one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::body::Body;
use super::bookings::seen;
use super::caller::Caller;
use super::new_booking::{self, NewAnswer, Offered, StatedPlace};
use super::request::JsonBody;
use crate::access::KeyScope;
use crate::app::App;
use crate::routing::shown::ShownDecision;
use crate::routing::supposed::{self, Explained, Supposed};

/// How a booking's host was chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingDecisions)]
pub struct ShownDecisions {
    /// The latest first. Empty where the booking's source chose the host.
    routing_decisions: Vec<ShownDecision>,
}

/// Show how a booking's host was chosen
///
/// As it was decided then, with what was known then: nothing is looked up anew.
#[utoipa::path(get, path = "/bookings/{id}/routing-decisions",
    operation_id = "listRoutingDecisions", tag = "Routing", params(("id" = String, Path, description = "The booking's id")),
    security(("api_key" = ["bookings:read"])),
    responses((status = 200, description = "The decisions", body = ShownDecisions)))]
pub async fn of_booking(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ShownDecisions>, Problem> {
    caller.may(KeyScope::BookingsRead)?;
    let row = seen(&app, &caller, &id).await?;
    let decisions = app.store.decisions_of(&row.id.0).await?;
    Ok(Json(ShownDecisions { routing_decisions: decisions.into_iter().map(ShownDecision::from).collect() }))
}

/// A booking that is not made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Supposed)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct NewSupposed {
    /// The slug of an event type.
    #[schema(example = "discovery-call")]
    event_type: String,
    /// Who would book.
    #[schema(example = "jane@acme.com", format = "email")]
    email: Option<String>,
    /// When it would start; without it nobody is left out for being busy.
    #[schema(example = "2026-12-01T09:30:00Z")]
    start: Option<jiff::Timestamp>,
    place: Option<StatedPlace>,
    /// Their answers to the event type's questions.
    answers: Option<Vec<NewAnswer>>,
    /// A host or an Account, by name or id, of which is asked why it was not chosen.
    #[schema(example = "Acme GmbH")]
    why_not: Option<String>,
}

/// Explain who would take a booking
///
/// The org is asked as for a real booking; nothing is written, here or there.
#[utoipa::path(post, path = "/routing-decisions",
    operation_id = "explainRouting", tag = "Routing", request_body = NewSupposed, security(("api_key" = ["config:read"])),
    responses((status = 200, description = "The decision", body = Explained)))]
pub async fn explain(
    State(app): State<Arc<App>>,
    caller: Caller,
    json: Result<JsonBody, Problem>,
) -> Result<Json<Explained>, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let json = json?;
    let offered = Offered { event_types: app.store.event_types().await?, hosts: Vec::new() };
    let supposed = read(&json, &offered)?;
    Ok(Json(supposed::explain(&app.lookups, &supposed).await?))
}

fn read<'o>(json: &JsonBody, offered: &'o Offered) -> Result<Supposed<'o>, Problem> {
    const NAMES: &[&str] = &["event_type", "email", "start", "place", "answers", "why_not"];
    let mut body = Body::default();
    let asked = body.object((String::new(), &json.value), NAMES).and_then(|root| {
        let event_type = new_booking::event_type(&mut body, &root, offered);
        let email = body.text(&root, "email");
        let email = email.and_then(|text| new_booking::parsed_email(&mut body, "/email".to_owned(), &text));
        let start = root.has("start").then(|| new_booking::start(&mut body, &root)).flatten();
        let place = new_booking::place(&mut body, &root);
        let answers = new_booking::answers(&mut body, &root, "answers");
        let why_not = body.text(&root, "why_not");
        let event_type = event_type?;
        let slot = start.and_then(|start| new_booking::slot(&mut body, event_type, start));
        Some(Supposed { event_type, email, slot, place, answers, why_not })
    });
    body.finish(asked)
}
