//! `GET|POST /api/v1/bookings`, `GET /api/v1/bookings/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, RawQuery, State};
use bytes::Bytes;
use domain::booking::{Booking, BookingChange, ChangeKind};
use domain::sync_outcome::SyncedEvent;
use http::{HeaderMap, HeaderName, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;

use super::body::Body;
use super::caller::Caller;
use super::new_booking::{self, Offered};
use super::{Problem, idempotency};
use crate::app::App;
use crate::store::{BookingPage, BookingRow, NewChange, RecordedRequest, Scope};

/// The length of a page that asks for none.
const DEFAULT_PAGE: usize = 50;

/// The longest page of a listing.
const LONGEST_PAGE: usize = 200;

/// A booking as the API shows it.
#[derive(Debug, Serialize)]
pub struct ShownBooking {
    id: String,
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    version: i64,
    created_at: Timestamp,
    #[serde(flatten)]
    booking: Booking,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<ShownSync>,
}

/// How a booking's sync stands.
#[derive(Debug, Serialize)]
struct ShownSync {
    /// `waiting`, `held` or `done`.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    contact_id: Option<String>,
    event_id: Option<String>,
}

/// One page of bookings.
#[derive(Debug, Serialize)]
pub struct ShownPage {
    bookings: Vec<ShownBooking>,
    /// Pass it as `after` to get the next page; null on the last one.
    next: Option<String>,
}

/// What to list.
#[derive(Debug, Default)]
struct ListQuery {
    scope: Scope,
    after: Option<String>,
    limit: Option<usize>,
}

/// Lists bookings.
pub async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownPage>, Problem> {
    let ListQuery { scope, after, limit } = list_query(query.as_deref().unwrap_or_default())?;
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    let page = app.store.bookings(scope, after.as_deref(), limit, app.clock.now()).await?;
    Ok(Json(ShownPage { bookings: page.rows.into_iter().map(shown).collect(), next: page.next }))
}

fn list_query(text: &str) -> Result<ListQuery, Problem> {
    let wrong = |title: &str, detail: &str| Err(Problem::new(StatusCode::BAD_REQUEST, title).detail(detail));
    let mut query = ListQuery::default();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match (&*name, &*value) {
            ("scope", word) => match scope(word) {
                Some(scope) => query.scope = scope,
                None => {
                    return wrong(
                        "The scope is not known.",
                        "It may be all, upcoming, past, cancelled or needs_attention.",
                    );
                }
            },
            ("after", cursor) if BookingPage::is_cursor(cursor) => query.after = Some(cursor.to_owned()),
            ("after", _) => {
                return wrong("This `after` is of no page.", "Send the `next` of the page before as it came.");
            }
            ("limit", number) => match number.parse() {
                Ok(limit) if (1..=LONGEST_PAGE).contains(&limit) => query.limit = Some(limit),
                _ => return wrong("The limit cannot be used.", "Send a whole number from 1 to 200."),
            },
            _ => return wrong("The query cannot be understood.", "It may have scope, after and limit."),
        }
    }
    Ok(query)
}

/// The scope of a word.
fn scope(word: &str) -> Option<Scope> {
    Some(match word {
        "all" => Scope::All,
        "upcoming" => Scope::Upcoming,
        "past" => Scope::Past,
        "cancelled" => Scope::Cancelled,
        "needs_attention" => Scope::NeedsAttention,
        _ => return None,
    })
}

/// Shows one booking.
pub async fn read(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ShownBooking>, Problem> {
    match app.store.booking(&id).await? {
        Some(row) => Ok(Json(shown(row))),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "No booking has this id.")),
    }
}

/// Makes a booking with the host that the request names; 201, or 200 if the same request made it before.
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ShownBooking>), Problem> {
    caller.may_write()?;
    let body = body?;
    let now = app.clock.now();
    let request = idempotency::request(&headers, &caller, &body)?;
    if let Some(request) = &request
        && let Some(earlier) = app.store.earlier_request(request, now).await?
    {
        let id = idempotency::repeated(request, earlier)?;
        return answer(&app, StatusCode::OK, &id).await;
    }
    let offered = Offered { event_types: app.store.event_types().await?, hosts: app.store.hosts().await? };
    let (event_type_slug, booking) = new_booking::read(&body, &offered)?;
    let change = BookingChange { kind: ChangeKind::Created, occurred_at: now, booking };
    let new = NewChange { identity: None, event_type_slug, change };
    match app.store.record_requested(new, request.as_ref(), now).await? {
        RecordedRequest::Recorded(id) => {
            app.engine.wake();
            answer(&app, StatusCode::CREATED, &id.0).await
        }
        RecordedRequest::UnknownEventType => {
            let mut body = Body::default();
            body.wrong("/event_type", "No event type has this slug any more.");
            body.finish(None)
        }
        RecordedRequest::MadeMeanwhile => Err(Problem::new(
            StatusCode::CONFLICT,
            "The same request is being answered just now. Nothing was saved twice.",
        )
        .detail("Send it again to get the booking.")),
    }
}

/// A booking that was made, and where it is shown.
async fn answer(
    app: &App,
    status: StatusCode,
    id: &str,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ShownBooking>), Problem> {
    let Some(row) = app.store.booking(id).await? else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "The booking was removed meanwhile."));
    };
    Ok((status, [(header::LOCATION, format!("/api/v1/bookings/{id}"))], Json(shown(row))))
}

fn shown(row: BookingRow) -> ShownBooking {
    let sync = row.sync.map(|sync| ShownSync {
        due_at: (sync.state == "waiting").then_some(sync.due_at),
        state: sync.state,
        reason: sync.reason,
        contact_id: sync.synced.person.map(|p| p.id.0),
        event_id: match sync.synced.event {
            SyncedEvent::Written { id, .. } => Some(id.0),
            _ => None,
        },
    });
    ShownBooking {
        id: row.id.0,
        event_type: row.event_type_slug,
        source: row.source,
        version: row.version,
        created_at: row.created_at,
        booking: row.booking,
        sync,
    }
}
