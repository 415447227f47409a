//! A booking as the API shows it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use domain::booking::{BookingAnswer, BookingStatus, Organizer};
use domain::sync_outcome::SyncedEvent;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::request::etag;
use crate::app::App;
use crate::store::{BookingRow, SyncState};

/// A booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Booking)]
pub(super) struct ShownBooking {
    /// Matchbook's own id; it never changes.
    #[schema(example = "bkg_019aa1c2f3b07d5e8a4c6b1d2e3f4a5b")]
    pub(super) id: String,
    /// The slug of its event type.
    #[schema(example = "discovery-call")]
    event_type: String,
    /// The name of the source that it came from; left out where it was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Counts its changes, from 1; the `ETag` of the booking.
    version: i64,
    /// When it was first recorded.
    created_at: Timestamp,
    /// When its latest change was recorded.
    updated_at: Timestamp,
    /// Where it stands.
    status: Status,
    /// What the meeting is called.
    title: String,
    /// When it starts.
    start: Timestamp,
    /// When it ends.
    end: Timestamp,
    /// A place or a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// What the booker added.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    /// Who booked.
    attendee: Attendee,
    /// The emails of those they bring.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    guests: Vec<String>,
    /// Whose meeting it is.
    organizer: ShownOrganizer,
    /// The answers to the event type's questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    answers: Vec<ShownAnswer>,
    /// The answers to a form that led there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    form_answers: Vec<ShownAnswer>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    /// Whether the attendee did not come; left out while nobody has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_show: Option<bool>,
    /// How its sync stands; left out where its event type is not synced.
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<ShownSync>,
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// It waits for its host's word, or for its payment.
    Requested,
    /// It takes place.
    Accepted,
    /// The host declined it.
    Rejected,
    /// It was cancelled.
    Cancelled,
}

/// The person who booked.
#[derive(Debug, Serialize, ToSchema)]
struct Attendee {
    /// Where they are reached, and how Salesforce knows them.
    #[schema(example = "jane@acme.com")]
    email: String,
    /// The name in one piece; may be empty.
    name: String,
    /// First name, where it is known apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    /// Last name, where it is known apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// The phone number, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

/// The host of one booking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organizer)]
struct ShownOrganizer {
    /// By which the Salesforce user is found.
    email: String,
    /// Name.
    name: String,
    /// IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
}

/// The answer to one booking question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Answer)]
struct ShownAnswer {
    /// The question's slug.
    slug: String,
    /// The question as the booker saw it.
    label: String,
    /// The answer; several choices are joined by `, `.
    value: String,
}

/// How a booking's sync stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SyncState)]
struct ShownSync {
    /// Whether it goes on by itself, waits for a person, or is done.
    #[schema(value_type = StateWord)]
    state: String,
    /// Why it waits or is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it is next tried, if it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// The Contact in Salesforce; null before there is one.
    contact_id: Option<String>,
    /// The Event in Salesforce; null while there is none.
    event_id: Option<String>,
    /// Records that Salesforce takes for the attendee: the sync is on hold until one of the choices is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates: Option<ShownDuplicates>,
}

/// What is to be decided about duplicates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicates)]
struct ShownDuplicates {
    /// The ids of the records.
    records: Vec<String>,
    /// The org's rule only alerts, so that a record may be created beside them.
    may_create_anyway: bool,
}

/// Whether a sync goes on by itself, waits for a person, or is done.
#[derive(ToSchema)]
#[schema(as = SyncStateWord, rename_all = "snake_case")]
#[allow(dead_code, reason = "the document's word for what the store keeps as text")]
enum StateWord {
    Waiting,
    Held,
    Done,
}

/// A booking as the answer to a request.
#[derive(Debug)]
pub struct BookingAnswered {
    status: StatusCode,
    booking: ShownBooking,
}

impl BookingAnswered {
    /// The booking as it is now.
    pub(super) async fn now(app: &App, status: StatusCode, id: &str) -> Result<Self, Problem> {
        let Some(row) = app.store.booking(id).await? else { return Err(no_booking()) };
        Ok(BookingAnswered { status, booking: row.into() })
    }
}

impl IntoResponse for BookingAnswered {
    fn into_response(self) -> Response {
        let tag = etag(self.booking.version);
        let location = HeaderValue::try_from(format!("/api/v1/bookings/{}", self.booking.id));
        let mut response = (self.status, [(header::ETAG, tag)], Json(self.booking)).into_response();
        if self.status == StatusCode::CREATED
            && let Ok(location) = location
        {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// No booking that the caller sees has the id.
pub(super) fn no_booking() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "No booking has this id.")
}

impl From<BookingRow> for ShownBooking {
    fn from(row: BookingRow) -> Self {
        let booking = row.booking;
        ShownBooking {
            id: row.id.0,
            event_type: row.event_type_slug,
            source: row.source,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            status: match booking.status {
                BookingStatus::Requested => Status::Requested,
                BookingStatus::Accepted => Status::Accepted,
                BookingStatus::Rejected => Status::Rejected,
                BookingStatus::Cancelled => Status::Cancelled,
            },
            title: booking.title,
            start: booking.start,
            end: booking.end,
            location: booking.location,
            notes: booking.notes,
            attendee: booking.attendee.into(),
            guests: booking.guests.iter().map(|guest| guest.as_written().to_owned()).collect(),
            organizer: booking.organizer.into(),
            answers: booking.answers.into_iter().map(ShownAnswer::from).collect(),
            form_answers: booking.form_answers.into_iter().map(ShownAnswer::from).collect(),
            cancel_reason: booking.cancel_reason,
            no_show: row.no_show,
            sync: row.sync.map(ShownSync::from),
        }
    }
}

impl From<domain::booking::Attendee> for Attendee {
    fn from(attendee: domain::booking::Attendee) -> Self {
        let domain::booking::Attendee { email, name, first_name, last_name, time_zone, phone } = attendee;
        Attendee { email: email.as_written().to_owned(), name, first_name, last_name, time_zone, phone }
    }
}

impl From<Organizer> for ShownOrganizer {
    fn from(organizer: Organizer) -> Self {
        let Organizer { email, name, time_zone } = organizer;
        ShownOrganizer { email: email.as_written().to_owned(), name, time_zone }
    }
}

impl From<BookingAnswer> for ShownAnswer {
    fn from(BookingAnswer { slug, label, value }: BookingAnswer) -> Self {
        ShownAnswer { slug, label, value }
    }
}

impl From<SyncState> for ShownSync {
    fn from(sync: SyncState) -> Self {
        ShownSync {
            duplicates: sync.duplicates_to_decide().map(|known| ShownDuplicates {
                records: known.records.iter().map(|id| id.0.clone()).collect(),
                may_create_anyway: known.may_create_anyway,
            }),
            due_at: (sync.state == "waiting" && !sync.waits_for_connect()).then_some(sync.due_at),
            state: sync.state,
            reason: sync.reason,
            contact_id: sync.synced.person.map(|p| p.id.0),
            event_id: match sync.synced.event {
                SyncedEvent::Written { id, .. } => Some(id.0),
                _ => None,
            },
        }
    }
}
