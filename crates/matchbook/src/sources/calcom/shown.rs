//! Bookings as Cal.com's API v2 shows them, with `cal-api-version: 2024-08-13`. A delivery may be lost; what it told of is found
//! here.

use domain::booking::{Booking, BookingChange, BookingStatus, ChangeKind, NoShowChange};
use domain::geo::Geo;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{MAX_ID, MAX_LINE, MAX_TEXT, answers, attendee_of, decision, email, optional_id, organizer_of};
use crate::sources::json_field::Field;
use crate::sources::json_text::lenient;
use crate::sources::{BookingIdentity, Content, Page, Polling, Shown, ShownBooking, SourceChange};

/// How Cal.com is asked for bookings.
pub(super) const POLLING: Polling =
    Polling { headers: &[("cal-api-version", "2024-08-13")], path: page_path, read: read_page };

/// What stands for a trigger where a booking was not told of but shown.
pub(super) const TRIGGER: &str = "SHOWN";

/// Bookings of one page; Cal.com takes 1 to 250, and 100 in older versions.
const PAGE: usize = 100;

/// Without it only upcoming bookings are shown.
const STATUSES: &str = "upcoming,recurring,past,cancelled,unconfirmed";

/// Answers that Cal.com adds by itself, beside those to questions.
const ADDED_ANSWERS: &[&str] = &["displayEmail", "displayGuests", "rescheduledReason"];

/// A page of the bookings changed since an instant. The latest changed come first, so that a change in between moves bookings
/// to later pages, never past the reader.
fn page_path(since: Timestamp, skip: usize) -> String {
    format!("/v2/bookings?status={STATUSES}&afterUpdatedAt={since:.3}&sortUpdatedAt=desc&take={PAGE}&skip={skip}")
}

fn read_page(body: &[u8]) -> Result<Page, String> {
    let json: Value = serde_json::from_slice(&lenient(body)).map_err(|error| format!("it is not JSON ({error})"))?;
    let bookings = json.get("data").and_then(Value::as_array).ok_or("it has no list \"data\"")?;
    let more = json.pointer("/pagination/hasNextPage").and_then(Value::as_bool).unwrap_or(bookings.len() >= PAGE);
    Ok(Page { bookings: bookings.iter().map(delivery).collect(), more })
}

/// A booking in the envelope of a webhook, so that it is kept and read like one.
fn delivery(booking: &Value) -> ShownBooking {
    let text = |key: &str| booking.get(key).and_then(Value::as_str);
    let updated_at = text("updatedAt").or_else(|| text("createdAt"));
    let body = json!({"triggerEvent": TRIGGER, "createdAt": updated_at, "payload": booking});
    ShownBooking {
        updated_at: updated_at.and_then(|at| at.parse().ok()),
        body: body.to_string().into_bytes(),
        moved: text("rescheduledToUid").is_some_and(|uid| !uid.is_empty()),
    }
}

/// Reads a booking that was shown. `present` is when.
pub(super) fn content(payload: &Field<'_>, occurred_at: Timestamp, present: Timestamp) -> Result<Content, String> {
    if payload.get("rescheduledToUid").text(MAX_ID).is_some() {
        return Ok(Content::Ignored { reason: "It was moved; the booking that took its place tells the rest.".into() });
    }
    let identity = BookingIdentity {
        uid: payload.get("uid").required_text("the booking's uid", MAX_ID)?,
        ical_uid: optional_id(payload, "icsUid", "the calendar id")?,
        previous_uid: optional_id(payload, "rescheduledFromUid", "the uid before the reschedule")?,
    };
    let event_type_slug = payload.get("eventType").get("slug").required_text("the event type's slug", MAX_ID)?;
    let (status, kind) = status(payload, identity.previous_uid.is_some())?;
    let booking = booking(payload, status, &event_type_slug)?;
    let change = BookingChange { kind, occurred_at, booking };
    let made_at = payload.get("createdAt").text(MAX_ID).and_then(|at| at.parse().ok()).unwrap_or(occurred_at);
    let change = SourceChange { identity, event_type_slug, change, made_at, decision: decision(payload) };
    Ok(Content::Shown(Box::new(Shown { change, absent: absent(payload, present) })))
}

fn status(payload: &Field<'_>, moved_here: bool) -> Result<(BookingStatus, ChangeKind), String> {
    const EXPECTED: &str = "accepted, pending, cancelled or rejected";
    let given = payload.get("status").required_text(EXPECTED, MAX_ID)?;
    let accepted = if moved_here { ChangeKind::Rescheduled } else { ChangeKind::Created };
    match given.to_ascii_lowercase().as_str() {
        "accepted" => Ok((BookingStatus::Accepted, accepted)),
        "pending" | "awaiting_host" => Ok((BookingStatus::Requested, ChangeKind::Requested)),
        "cancelled" => Ok((BookingStatus::Cancelled, ChangeKind::Cancelled)),
        "rejected" => Ok((BookingStatus::Rejected, ChangeKind::Rejected)),
        _ => Err(payload.get("status").wrong("is another word", EXPECTED)),
    }
}

fn booking(payload: &Field<'_>, status: BookingStatus, event_type_slug: &str) -> Result<Booking, String> {
    let start = payload.get("start").required_time("when the meeting starts")?;
    let end = payload.get("end").required_time("when the meeting ends")?;
    if end < start {
        return Err(payload.get("end").wrong("is before the start", "when the meeting ends"));
    }
    let responses = payload.get("bookingFieldsResponses");
    let answered = json!({"responses": responses.value()});
    let answered = Field::root(&answered);
    let attendee = attendee_of(&answered, &booker(payload, &responses))?;
    let mut own_answers = answers::custom(&answered);
    own_answers.retain(|answer| !ADDED_ANSWERS.contains(&answer.slug.as_str()));
    let is_off = matches!(status, BookingStatus::Cancelled | BookingStatus::Rejected);
    Ok(Booking {
        place: Geo::default(),
        status,
        title: payload.get("title").text(MAX_LINE).unwrap_or_else(|| event_type_slug.to_owned()),
        start,
        end,
        location: answers::location(payload),
        notes: answers::text(&answered, "notes"),
        guests: answers::guests(&answered, &attendee.email),
        organizer: organizer_of(&payload.get("hosts").first())?,
        answers: own_answers,
        form_answers: Vec::new(),
        utm: std::collections::BTreeMap::new(),
        cancel_reason: payload.get("cancellationReason").text(MAX_TEXT).filter(|_| is_off),
        attendee,
    })
}

/// Who filled in the form; attendees come in no order.
fn booker<'a>(payload: &Field<'a>, responses: &Field<'_>) -> Field<'a> {
    let given = responses.get("email").text(MAX_ID);
    let attendees = payload.get("attendees");
    let is_given = |attendee: &Field<'_>| {
        let given = given.as_deref().unwrap_or_default();
        attendee.get("email").text(MAX_ID).is_some_and(|one| one.eq_ignore_ascii_case(given))
    };
    attendees.each().find(is_given).unwrap_or_else(|| attendees.first())
}

/// Who is marked as a no-show. Of those who are not, nobody may have said so yet.
fn absent(payload: &Field<'_>, occurred_at: Timestamp) -> NoShowChange {
    let is_absent = |attendee: &Field<'_>| attendee.get("absent").required_bool("").unwrap_or_default();
    let attendees = payload.get("attendees");
    let emails = attendees.each().filter(is_absent).filter_map(|attendee| email(&attendee.get("email"), "").ok());
    NoShowChange { occurred_at, absent: emails.map(|email| (email, true)).collect() }
}
