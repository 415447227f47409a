//! `GET|POST /api/v1/bookings`, `GET /api/v1/bookings/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use domain::round_robin::HostId;
use domain::routing::NamedBy;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Body;
use super::booking_query::{BookingQuery, list_query};
use super::caller::Caller;
use super::new_booking::{self, NewBooking, Offered};
use super::request::JsonBody;
use super::shown_booking::{BookingAnswered, ShownBooking, no_booking};
use super::{Problem, idempotency};
use crate::access::KeyScope;
use crate::app::App;
use crate::routing::{self, Asker, RoutingRequest};
use crate::store::{BookingRow, RoutedBooking};

/// One page of bookings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingPage)]
pub struct ShownPage {
    bookings: Vec<ShownBooking>,
    /// Pass it as `after` to get the next page; null on the last one.
    next: Option<String>,
}

/// List bookings
///
/// Upcoming ones are listed the next one first, others the latest start first. A member's key lists the bookings of which they
/// are the organizer.
#[utoipa::path(get, path = "/bookings",
    operation_id = "listBookings", tag = "Bookings", params(BookingQuery), security(("api_key" = ["bookings:read"])),
    responses((status = 200, description = "One page of bookings", body = ShownPage)))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownPage>, Problem> {
    caller.may(KeyScope::BookingsRead)?;
    let mut query = list_query(query.as_deref().unwrap_or_default())?;
    query.filter.organizer = caller.access.only_of().cloned();
    let page = app.store.bookings(&query.filter, query.after.as_deref(), query.limit, app.clock.now()).await?;
    Ok(Json(ShownPage { bookings: page.rows.into_iter().map(ShownBooking::from).collect(), next: page.next }))
}

/// Read a booking
#[utoipa::path(get, path = "/bookings/{id}",
    operation_id = "readBooking", tag = "Bookings", params(("id" = String, Path, description = "The booking's id")),
    security(("api_key" = ["bookings:read"])),
    responses((status = 200, description = "The booking", body = ShownBooking, headers(("ETag" = String, description = "The booking's version, for `If-Match`")))))]
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsRead)?;
    let row = seen(&app, &caller, &id).await?;
    BookingAnswered::now(&app, StatusCode::OK, &row.id.0).await
}

/// A booking that the caller sees; others are as if they were not there.
pub(super) async fn seen(app: &App, caller: &Caller, id: &str) -> Result<BookingRow, Problem> {
    let row = app.store.booking(id).await?.filter(|row| caller.access.sees(&row.booking));
    row.ok_or_else(no_booking)
}

/// Make a booking
///
/// It is with the host that the request names, else with the one who is chosen for it: then `GET
/// /bookings/{id}/routing-decisions` says how. Its length is the event type's. With an `Idempotency-Key`, a request that is
/// sent again, as after a lost answer, makes nothing new and answers 200 with the booking that it made. A member's key makes
/// bookings of their own only.
#[utoipa::path(post, path = "/bookings",
    operation_id = "createBooking", tag = "Bookings", request_body = NewBooking, security(("api_key" = ["bookings:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of your choice, such as a UUID; remembered for a day", min_length = 1, max_length = 255)),
    responses(
        (status = 201, description = "The booking is made", body = ShownBooking,
            headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version"))),
        (status = 200, description = "The same request made it before", body = ShownBooking, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "No host is enabled and free; or the same request is being answered just now", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<JsonBody, Problem>,
) -> Result<BookingAnswered, Problem> {
    caller.may(KeyScope::BookingsWrite)?;
    let body = body?;
    let now = app.clock.now();
    let request = idempotency::request(&headers, &caller, uri.path(), &body.bytes)?;
    if let Some(request) = &request
        && let Some(earlier) = app.store.earlier_request(request, now).await?
    {
        let id = idempotency::repeated(request, earlier)?;
        return BookingAnswered::now(&app, StatusCode::OK, &id).await;
    }
    let offered = Offered { event_types: app.store.event_types().await?, hosts: app.store.hosts().await? };
    let draft = new_booking::read(&body.value, &offered)?;
    caller.may_act_for(draft.host.map(|host| &host.email))?;
    let event_type = draft.event_type;
    let routing = RoutingRequest {
        event_type,
        email: Some(draft.attendee.email.clone()),
        slot: Some(draft.slot),
        place: draft.place.clone(),
        answers: &draft.answers,
        form_answers: &draft.form_answers,
        instead_of: None,
        named: draft.host.map(|host| (HostId(host.id.clone()), NamedBy::Request)),
        asker: Asker::SignedIn,
    };
    let routing = routing::gather(&app.lookups, &routing).await?;
    let by_id = |id: &HostId| offered.hosts.iter().find(|host| host.id == id.0);
    let book = |id: &HostId| by_id(id).map(|host| draft.with(host));
    match app.store.book_routed(&routing, &event_type.slug, book, request.as_ref(), now).await? {
        RoutedBooking::Recorded(id) => {
            app.engine.wake();
            BookingAnswered::now(&app, StatusCode::CREATED, &id.0).await
        }
        RoutedBooking::NobodyFree(sentence) => {
            Err(Problem::new(StatusCode::CONFLICT, "No host can take this booking. Nothing was saved.")
                .detail(format!("{sentence} Choose another time, or name a host.")))
        }
        RoutedBooking::UnknownEventType => {
            let mut body = Body::default();
            body.wrong("/event_type", "No event type has this slug any more.");
            body.finish(None)
        }
        RoutedBooking::MadeMeanwhile => Err(idempotency::made_meanwhile()),
    }
}
