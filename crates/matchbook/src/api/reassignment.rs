//! `POST /api/v1/bookings/{id}/reassignment`: a booking goes to another host (spec 7).

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, State};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::body::Body;
use super::booking_actions::{ChangeHeaders, answer, only_ours};
use super::bookings::seen;
use super::caller::Caller;
use super::idempotency;
use super::new_booking::{Offered, host};
use super::request::{IfMatch, JsonBody};
use super::shown_booking::{BookingAnswered, ShownBooking};
use crate::access::KeyScope;
use crate::app::App;
use crate::reassign::{Reassignment, reassign};
use crate::store::Host;

/// Who takes a booking over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct NewHost {
    /// The key or email of one of the event type's hosts. Left out, the booking is routed again.
    #[schema(example = "dana")]
    host: Option<String>,
}

/// Reassign a booking
///
/// To a host, or to whoever is chosen now; the owner of its Event in Salesforce follows. Only bookings that were made here: of others
/// their source has the last word, and the answer is 409.
#[utoipa::path(post, path = "/bookings/{id}/reassignment",
    operation_id = "reassignBooking", tag = "Bookings", request_body = NewHost,
    params(("id" = String, Path, description = "The booking's id"), ChangeHeaders), security(("api_key" = ["bookings:write"])),
    responses(
        (status = 200, description = "The booking as it is now", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "It came from a source, or was cancelled, or no host is enabled and free; or the same request is being answered just now", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The booking has changed meanwhile", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    json: Result<JsonBody, Problem>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let (row, json) = (seen(&app, &caller, &id).await?, json?);
    let offered = Offered { event_types: app.store.event_types().await?, hosts: app.store.hosts().await? };
    let Some(event_type) = offered.event_types.iter().find(|known| known.slug == row.event_type_slug) else {
        return Err(Problem::new(StatusCode::CONFLICT, "The booking's event type is archived. Nothing was changed."));
    };
    let mut body = Body::default();
    let named: Option<Option<&Host>> =
        body.object((String::new(), &json.value), &["host"]).and_then(|root| match root.has("host") {
            true => host(&mut body, &root, Some(event_type), &offered).map(Some),
            false => Some(None),
        });
    let named = body.finish(named)?;
    caller.may_act_for(named.map(|host| &host.email))?;
    only_ours(&row)?;
    let request = idempotency::request(&headers, &caller, uri.path(), &json.bytes)?;
    if let Some(request) = &request
        && let Some(earlier) = app.store.earlier_request(request, app.clock.now()).await?
    {
        let id = idempotency::repeated(request, earlier)?;
        return BookingAnswered::now(&app, StatusCode::OK, &id).await;
    }
    let if_match = IfMatch::of(&headers);
    let reassignment = Reassignment { row: &row, event_type, hosts: &offered.hosts, to: named };
    let admits = |version| if_match.as_ref().is_none_or(|tags| tags.admits(version));
    let asked = reassign(&app, &reassignment, admits, request.as_ref()).await?;
    answer(&app, &row.id.0, asked).await
}
