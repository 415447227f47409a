//! `GET|POST /api/v1/bookings`, `GET /api/v1/bookings/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use bytes::Bytes;
use domain::booking::{Attendee, Booking, BookingAnswer, BookingChange, BookingStatus, ChangeKind, Organizer};
use domain::email_domain::EmailAddress;
use domain::sync_outcome::SyncedEvent;
use http::{HeaderName, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::caller::Caller;
use crate::app::App;
use crate::store::{BookingRow, EventType, Host, NewChange, RecordedChange, Scope};

/// The longest page of a listing.
const LONGEST_PAGE: usize = 200;

/// A booking to be made. The length is its event type's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBooking {
    /// The event type's slug.
    event_type: String,
    /// When it starts: an instant with offset, such as `2026-12-01T09:30:00Z`.
    start: String,
    /// The host's key or email.
    host: String,
    attendee: NewAttendee,
    #[serde(default)]
    guests: Vec<String>,
    location: Option<String>,
    notes: Option<String>,
    #[serde(default)]
    answers: Vec<NewAnswer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAttendee {
    email: String,
    #[serde(default)]
    name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    time_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAnswer {
    slug: String,
    label: Option<String>,
    value: String,
}

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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    scope: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// Lists bookings.
pub async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ShownPage>, Problem> {
    let Query(query) = query.map_err(|e| {
        Problem::new(StatusCode::BAD_REQUEST, "The query cannot be understood.")
            .detail(format!("{}. It may have scope, after and limit.", e.body_text()))
    })?;
    let Some(scope) = scope(query.scope.as_deref()) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "The scope is not known.")
            .detail("It may be all, upcoming, past, cancelled or needs_attention."));
    };
    let limit = query.limit.unwrap_or(50).clamp(1, LONGEST_PAGE);
    let page = app.store.bookings(scope, query.after.as_deref(), limit, app.clock.now()).await?;
    Ok(Json(ShownPage { bookings: page.rows.into_iter().map(shown).collect(), next: page.next }))
}

/// The scope of a word; none for all.
fn scope(word: Option<&str>) -> Option<Scope> {
    Some(match word {
        None | Some("all") => Scope::All,
        Some("upcoming") => Scope::Upcoming,
        Some("past") => Scope::Past,
        Some("cancelled") => Scope::Cancelled,
        Some("needs_attention") => Scope::NeedsAttention,
        Some(_) => return None,
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

/// Makes a booking with the host that the request names.
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ShownBooking>), Problem> {
    caller.may_write()?;
    let new: NewBooking = parse(&body?)?;
    let (event_types, hosts) = (app.store.event_types().await?, app.store.hosts().await?);
    let now = app.clock.now();
    let booking = booking(&new, &event_types, &hosts)?;
    let change = BookingChange { kind: ChangeKind::Created, occurred_at: now, booking };
    let new = NewChange { identity: None, event_type_slug: new.event_type, change };
    let RecordedChange::Recorded(id) = app.store.record(new, now).await? else {
        return Err(Problem::invalid().field("/event_type", "No event type has this slug any more."));
    };
    app.engine.wake();
    let row = app.store.booking(&id.0).await?;
    let Some(row) = row else { return Err(Problem::new(StatusCode::NOT_FOUND, "The booking was removed meanwhile.")) };
    let location = format!("/api/v1/bookings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown(row))))
}

/// Reads a JSON body; what is wrong is named by its place.
fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::new(StatusCode::BAD_REQUEST, "The body is not JSON. Nothing was saved.")
                .detail(inner.to_string());
        }
        let pointer: String = error.path().iter().map(step).collect();
        Problem::invalid().field(pointer, plain(inner))
    })?;
    reader.end().map_err(|e| {
        Problem::new(StatusCode::BAD_REQUEST, "The body is not JSON. Nothing was saved.").detail(e.to_string())
    })?;
    Ok(value)
}

/// One step of a JSON pointer.
fn step(segment: &serde_path_to_error::Segment) -> String {
    match segment {
        serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
        other => format!("/{other}"),
    }
}

/// Serde's message without its position: the pointer says where.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Checks every field, so that all that is wrong is said at once.
fn booking(new: &NewBooking, event_types: &[EventType], hosts: &[Host]) -> Result<Booking, Problem> {
    let mut problem = Problem::invalid();
    let mut wrong = |pointer: &str, detail: String| {
        problem = std::mem::replace(&mut problem, Problem::invalid()).field(pointer, detail)
    };

    let event_type = event_types.iter().find(|e| e.slug == new.event_type);
    if event_type.is_none() {
        let slugs: Vec<&str> = event_types.iter().map(|e| e.slug.as_str()).collect();
        wrong("/event_type", format!("No event type has this slug. There are: {}.", slugs.join(", ")));
    }
    let start = new.start.parse::<Timestamp>();
    if start.is_err() {
        wrong("/start", "Write an instant with its offset, such as 2026-12-01T09:30:00Z.".into());
    }
    let host = hosts.iter().find(|h| h.key == new.host || new.host.parse().is_ok_and(|e: EmailAddress| e == h.email));
    match (host, event_type) {
        (None, _) => wrong("/host", "No host has this key or email.".into()),
        (Some(host), Some(event_type)) if !event_type.hosts.contains(&host.key) => {
            wrong(
                "/host",
                format!(
                    "This host does not take \"{}\". Its hosts are: {}.",
                    event_type.slug,
                    event_type.hosts.join(", ")
                ),
            );
        }
        _ => {}
    }
    let email = new.attendee.email.parse::<EmailAddress>();
    if let Err(error) = &email {
        wrong("/attendee/email", error.to_string());
    }
    if let Some(zone) = &new.attendee.time_zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        wrong("/attendee/time_zone", "This is no IANA time zone; write one such as Europe/Berlin.".into());
    }
    let mut guests = Vec::new();
    for (at, guest) in new.guests.iter().enumerate() {
        match guest.parse::<EmailAddress>() {
            Ok(guest) => guests.push(guest),
            Err(error) => wrong(&format!("/guests/{at}"), error.to_string()),
        }
    }
    for (pointer, text) in texts(new) {
        if text.contains('\0') {
            wrong(&pointer, "The text holds a NUL character, which cannot be stored.".into());
        }
    }
    let (Some(event_type), Ok(start), Some(host), Ok(email)) = (event_type, start, host, email) else {
        return Err(problem);
    };
    let Ok(end) = start.checked_add(SignedDuration::from_mins(event_type.length_minutes)) else {
        return Err(problem.field("/start", "This is too far in the future."));
    };
    if problem.names_fields() {
        return Err(problem);
    }
    let attendee = Attendee {
        email,
        name: new.attendee.name.clone(),
        first_name: new.attendee.first_name.clone(),
        last_name: new.attendee.last_name.clone(),
        time_zone: new.attendee.time_zone.clone(),
    };
    Ok(Booking {
        status: BookingStatus::Accepted,
        title: title(event_type, host, &attendee),
        start,
        end,
        location: new.location.clone(),
        notes: new.notes.clone(),
        attendee,
        guests,
        organizer: Organizer {
            email: host.email.clone(),
            name: host.name.clone(),
            time_zone: Some(host.time_zone.clone()),
        },
        answers: new.answers.iter().map(answer).collect(),
        cancel_reason: None,
    })
}

fn title(event_type: &EventType, host: &Host, attendee: &Attendee) -> String {
    let who = if attendee.name.trim().is_empty() { attendee.email.as_written() } else { attendee.name.trim() };
    format!("{} between {} and {who}", event_type.title, host.name)
}

fn answer(new: &NewAnswer) -> BookingAnswer {
    let label = new.label.clone().unwrap_or_else(|| new.slug.clone());
    BookingAnswer { slug: new.slug.clone(), label, value: new.value.clone() }
}

/// Every free text of a request with its pointer.
fn texts(new: &NewBooking) -> Vec<(String, &str)> {
    let attendee = &new.attendee;
    let mut texts = vec![("/attendee/name".to_owned(), attendee.name.as_str())];
    let optional = [
        ("/attendee/first_name", &attendee.first_name),
        ("/attendee/last_name", &attendee.last_name),
        ("/location", &new.location),
        ("/notes", &new.notes),
    ];
    texts.extend(optional.into_iter().filter_map(|(p, t)| Some((p.to_owned(), t.as_deref()?))));
    for (at, answer) in new.answers.iter().enumerate() {
        texts.push((format!("/answers/{at}/slug"), &answer.slug));
        texts.push((format!("/answers/{at}/label"), answer.label.as_deref().unwrap_or_default()));
        texts.push((format!("/answers/{at}/value"), &answer.value));
    }
    texts
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
