//! A small stand-in for Cal.com's API v2: `GET /v2/bookings` with `cal-api-version: 2024-08-13`, as far as Matchbook uses it. Its
//! filters, order, pages, defaults and errors are those of Cal.com's published source and API reference.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{OriginalUri, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{CALCOM_KEY, Delivery};

/// The stand-in, and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct CalcomApi {
    pub(crate) url: String,
    state: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    bookings: Vec<Value>,
    /// By which upcoming and past are told apart.
    now: Option<Timestamp>,
    /// Answers to give first, instead.
    faults: VecDeque<(u16, Option<&'static str>)>,
    /// Paths with their queries, as they were asked.
    asked: Vec<String>,
}

impl CalcomApi {
    pub(crate) async fn start(now: Timestamp) -> CalcomApi {
        let state = Arc::new(Mutex::new(Held { now: Some(now), ..Held::default() }));
        let app =
            axum::Router::new().route("/v2/bookings", axum::routing::get(bookings)).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        CalcomApi { url, state }
    }

    /// Holds a booking from now on, in place of one with its uid.
    pub(crate) fn hold(&self, booking: Value) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.bookings.retain(|held| held["uid"] != booking["uid"]);
        state.bookings.push(booking);
    }

    /// Answers the next request with this instead.
    pub(crate) fn fail(&self, status: u16, retry_after: Option<&'static str>) {
        self.state.lock().expect("nobody panicked").faults.push_back((status, retry_after));
    }

    /// What was asked since the last time this was called.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("nobody panicked").asked)
    }
}

/// The booking of a webhook as the API shows it after that.
pub(crate) fn shown(delivery: &Delivery) -> Value {
    let payload = delivery.payload();
    let organizer = &payload["organizer"];
    let answers = payload["responses"].as_object().expect("responses").iter();
    let answers: serde_json::Map<String, Value> = answers.map(|(slug, r)| (slug.clone(), r["value"].clone())).collect();
    let attendees: Vec<Value> = payload["attendees"]
        .as_array()
        .expect("attendees")
        .iter()
        .map(|a| {
            json!({"name": a["name"], "email": a["email"], "displayEmail": a["email"], "timeZone": a["timeZone"], "language": "en", "absent": false})
        })
        .collect();
    let delivery = delivery.json();
    json!({
        "id": payload["bookingId"],
        "uid": payload["uid"],
        "title": payload["title"],
        "description": "",
        "hosts": [{"id": organizer["id"], "name": organizer["name"], "email": organizer["email"], "username": organizer["username"], "timeZone": organizer["timeZone"]}],
        "status": payload["status"].as_str().expect("a status").to_lowercase(),
        "cancellationReason": payload["cancellationReason"].as_str().unwrap_or_default(),
        "rescheduledFromUid": payload["rescheduleUid"],
        "start": payload["startTime"],
        "end": payload["endTime"],
        "duration": 30,
        "eventType": {"id": 7, "slug": payload["type"]},
        "eventTypeId": 7,
        "attendees": attendees,
        "location": payload["metadata"]["videoCallUrl"],
        "createdAt": "2026-05-04T08:50:00.000Z",
        "updatedAt": delivery["createdAt"],
        "icsUid": payload["iCalUID"],
        "bookingFieldsResponses": answers,
        "metadata": {}
    })
}

async fn bookings(
    State(state): State<Arc<Mutex<Held>>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut state = state.lock().expect("nobody panicked");
    state.asked.push(uri.to_string());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("cal-api-version") != "2024-08-13" {
        return refusal(404, "NotFoundException", &format!("Cannot GET {uri}"));
    }
    if header("authorization") != format!("Bearer {CALCOM_KEY}") {
        return refusal(401, "UnauthorizedException", "ApiAuthStrategy - api key - Your api key is not valid");
    }
    if let Some((status, retry_after)) = state.faults.pop_front() {
        let answer = refusal(status, "InternalServerErrorException", "Internal server error");
        return match retry_after {
            Some(wait) => ([("Retry-After", wait)], answer).into_response(),
            None => answer,
        };
    }
    let statuses: Vec<&str> = query.get("status").map_or("upcoming", String::as_str).split(',').collect();
    let number = |key: &str, default: usize| query.get(key).map_or(default, |text| text.parse().expect("a number"));
    let (take, skip) = (number("take", 100), number("skip", 0));
    assert!((1..=250).contains(&take), "take must be 1 to 250");
    let after: Option<Timestamp> = query.get("afterUpdatedAt").map(|text| text.parse().expect("an instant"));
    let now = state.now.expect("it was started");
    let mut found: Vec<&Value> = state
        .bookings
        .iter()
        .filter(|booking| statuses.iter().any(|status| is(booking, status, now)))
        .filter(|booking| after.is_none_or(|after| instant(booking, "updatedAt") >= after))
        .collect();
    if let Some(order) = query.get("sortUpdatedAt") {
        found.sort_by_key(|booking| instant(booking, "updatedAt"));
        if order == "desc" {
            found.reverse();
        }
    }
    let total = found.len();
    let page: Vec<&Value> = found.into_iter().skip(skip).take(take).collect();
    let rest = total.saturating_sub(skip + page.len());
    Json(json!({
        "status": "success",
        "data": page,
        "pagination": {"returnedItems": page.len(), "totalItems": total, "itemsPerPage": take, "remainingItems": rest,
            "currentPage": skip / take + 1, "totalPages": total.div_ceil(take), "hasNextPage": rest > 0, "hasPreviousPage": skip > 0}
    }))
    .into_response()
}

fn is(booking: &Value, status: &str, now: Timestamp) -> bool {
    let word = booking["status"].as_str().expect("a status");
    let off = matches!(word, "cancelled" | "rejected");
    let over = instant(booking, "end") <= now;
    match status {
        "upcoming" => !over && !off,
        "past" => over && !off,
        "cancelled" => off,
        "unconfirmed" => !over && word == "pending",
        "recurring" => false,
        other => panic!("{other} is no status of Cal.com"),
    }
}

fn instant(booking: &Value, key: &str) -> Timestamp {
    booking[key].as_str().expect("a text").parse().expect("an instant")
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"status": "error", "timestamp": "2026-05-04T10:00:00.000Z", "path": "/v2/bookings",
        "error": {"code": code, "message": message, "details": {"message": message, "statusCode": status}}});
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}
