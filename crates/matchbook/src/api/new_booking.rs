//! A booking to be made, as a request tells it.

use domain::booking::{Attendee, Booking, BookingAnswer, BookingStatus, Organizer};
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Problem;
use super::body::{Body, Object, Place};
use crate::store::{EventType, Host};

const BOOKING: &[&str] = &["event_type", "start", "host", "attendee", "guests", "location", "notes", "answers", "utm"];
const ATTENDEE: &[&str] = &["email", "name", "first_name", "last_name", "time_zone", "phone"];
const UTM: &[&str] = &["source", "medium", "campaign", "term", "content"];
const ANSWER: &[&str] = &["slug", "label", "value"];

/// A booking to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field, so that all that is wrong is named")]
pub(super) struct NewBooking {
    /// The slug of an event type; its length is the booking's.
    #[schema(example = "discovery-call")]
    event_type: String,
    /// When it starts: an instant with its offset.
    #[schema(example = "2026-12-01T09:30:00Z")]
    start: Timestamp,
    /// The key or email of one of the event type's hosts.
    #[schema(example = "dana")]
    host: String,
    attendee: NewAttendee,
    /// The emails of those they bring.
    #[schema(example = json!(["joe@acme.com"]))]
    guests: Option<Vec<String>>,
    /// A place or a link.
    #[schema(example = "https://meet.example/1")]
    location: Option<String>,
    /// What the booker added.
    #[schema(example = "Wants pricing")]
    notes: Option<String>,
    /// The answers to the event type's questions.
    answers: Option<Vec<NewAnswer>>,
    utm: Option<NewUtm>,
}

/// The UTM parameters that led to the booking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct NewUtm {
    /// `utm_source`.
    source: Option<String>,
    /// `utm_medium`.
    medium: Option<String>,
    /// `utm_campaign`.
    campaign: Option<String>,
    /// `utm_term`.
    term: Option<String>,
    /// `utm_content`.
    content: Option<String>,
}

/// The person who books.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct NewAttendee {
    /// Where they are reached, and how Salesforce knows them.
    #[schema(example = "jane@acme.com", format = "email")]
    email: String,
    /// The name in one piece; made of first and last name where it is left out.
    #[schema(example = "Jane Roe")]
    name: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// IANA time zone.
    #[schema(example = "America/New_York")]
    time_zone: Option<String>,
    /// The phone number, as written.
    phone: Option<String>,
}

/// The answer to one booking question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
struct NewAnswer {
    /// The question's slug.
    #[schema(example = "company")]
    slug: String,
    /// The question as the booker saw it; the slug if left out.
    #[schema(example = "Company")]
    label: Option<String>,
    /// The answer.
    #[schema(example = "Acme Ltd")]
    value: String,
}

/// What a request may choose from.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) event_types: Vec<EventType>,
    pub(super) hosts: Vec<Host>,
}

/// The slug of the event type that is booked, and the booking.
pub(super) fn read(json: &Value, offered: &Offered) -> Result<(String, Booking), Problem> {
    let mut body = Body::default();
    let root = body.object((String::new(), json), BOOKING);
    let booking = root.and_then(|root| booking(&mut body, &root, offered));
    body.finish(booking)
}

/// Every field is read before anything is given up, so that all that is wrong is said at once.
fn booking(body: &mut Body, root: &Object<'_>, offered: &Offered) -> Option<(String, Booking)> {
    let event_type = event_type(body, root, offered);
    let start = start(body, root);
    let host = host(body, root, event_type, offered);
    let attendee = attendee(body, root);
    let guests: Vec<Option<EmailAddress>> =
        body.items(root, "guests").into_iter().map(|place| email(body, place)).collect();
    let location = body.text(root, "location");
    let notes = body.text(root, "notes");
    let answers: Vec<Option<BookingAnswer>> =
        body.items(root, "answers").into_iter().map(|place| answer(body, place)).collect();

    let utm = body.optional_object(root, "utm", UTM);
    let utm = utm.map(|utm| UTM.iter().filter_map(|name| Some(((*name).to_owned(), body.text(&utm, name)?))).collect());

    let (event_type, start, host, attendee) = (event_type?, start?, host?, attendee?);
    let Ok(end) = start.checked_add(SignedDuration::from_mins(event_type.settings.length_minutes.into())) else {
        body.wrong("/start", "This is too far in the future.");
        return None;
    };
    let booking = Booking {
        status: BookingStatus::Accepted,
        title: title(event_type, host, &attendee),
        start,
        end,
        location,
        notes,
        attendee,
        guests: guests.into_iter().flatten().collect(),
        organizer: host.into(),
        answers: answers.into_iter().flatten().collect(),
        form_answers: Vec::new(),
        utm: utm.unwrap_or_default(),
        place: Geo::default(),
        cancel_reason: None,
    };
    Some((event_type.slug.clone(), booking))
}

impl From<&Host> for Organizer {
    fn from(host: &Host) -> Self {
        let Host { email, name, time_zone, .. } = host.clone();
        Organizer { email, name, time_zone: Some(time_zone) }
    }
}

fn event_type<'o>(body: &mut Body, root: &Object<'_>, offered: &'o Offered) -> Option<&'o EventType> {
    let slug = body.required_text(root, "event_type", "discovery-call")?;
    let found = offered.event_types.iter().find(|e| e.slug == slug);
    if found.is_none() {
        let slugs: Vec<&str> = offered.event_types.iter().map(|e| e.slug.as_str()).collect();
        body.wrong("/event_type", format!("No event type has this slug. There are: {}.", slugs.join(", ")));
    }
    found
}

/// When a booking starts.
pub(super) fn start(body: &mut Body, root: &Object<'_>) -> Option<Timestamp> {
    let start = body.required_text(root, "start", "2026-12-01T09:30:00Z")?.parse().ok();
    if start.is_none() {
        body.wrong("/start", "Write an instant with its offset, such as 2026-12-01T09:30:00Z.");
    }
    start
}

/// The host that a request names, who must take the event type.
pub(super) fn host<'o>(
    body: &mut Body,
    root: &Object<'_>,
    event_type: Option<&EventType>,
    offered: &'o Offered,
) -> Option<&'o Host> {
    let given = body.required_text(root, "host", "dana")?;
    let is_given = |h: &&Host| h.key == given || given.parse().is_ok_and(|e: EmailAddress| e == h.email);
    let Some(host) = offered.hosts.iter().find(is_given) else {
        body.wrong("/host", "No host has this key or email.");
        return None;
    };
    if let Some(event_type) = event_type.filter(|e| !e.settings.hosts.contains(&host.key)) {
        let (slug, hosts) = (&event_type.slug, event_type.settings.hosts.join(", "));
        body.wrong("/host", format!("This host does not take \"{slug}\". Its hosts are: {hosts}."));
    }
    Some(host)
}

fn attendee(body: &mut Body, root: &Object<'_>) -> Option<Attendee> {
    let given = body.required_object(root, "attendee", ATTENDEE)?;
    let email = body.required_text(&given, "email", "jane@acme.com");
    let email = email.and_then(|text| parsed_email(body, "/attendee/email".to_owned(), &text));
    let name = body.text(&given, "name").unwrap_or_default();
    let (first_name, last_name) = (body.text(&given, "first_name"), body.text(&given, "last_name"));
    let time_zone = body.text(&given, "time_zone");
    if time_zone.as_deref().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        body.wrong("/attendee/time_zone", "This is no IANA time zone; write one such as Europe/Berlin.");
    }
    let phone = body.text(&given, "phone");
    let name = if name.trim().is_empty() { joined(&first_name, &last_name) } else { name };
    Some(Attendee { email: email?, name, first_name, last_name, time_zone, phone })
}

/// First and last name in one piece.
fn joined(first: &Option<String>, last: &Option<String>) -> String {
    let parts: Vec<&str> =
        [first, last].into_iter().flatten().map(|part| part.trim()).filter(|p| !p.is_empty()).collect();
    parts.join(" ")
}

fn email(body: &mut Body, place: Place<'_>) -> Option<EmailAddress> {
    let pointer = place.0.clone();
    let text = body.text_at(place)?;
    parsed_email(body, pointer, &text)
}

fn parsed_email(body: &mut Body, pointer: String, text: &str) -> Option<EmailAddress> {
    text.parse().map_err(|error: domain::email_domain::NotAnEmailAddress| body.wrong(pointer, error.to_string())).ok()
}

fn answer(body: &mut Body, place: Place<'_>) -> Option<BookingAnswer> {
    let given = body.object(place, ANSWER)?;
    let slug = body.required_text(&given, "slug", "company");
    let label = body.text(&given, "label");
    let value = body.required_text(&given, "value", "Acme Ltd");
    let slug = slug?;
    Some(BookingAnswer { label: label.unwrap_or_else(|| slug.clone()), slug, value: value? })
}

fn title(event_type: &EventType, host: &Host, attendee: &Attendee) -> String {
    let who = if attendee.name.trim().is_empty() { attendee.email.as_written() } else { attendee.name.trim() };
    format!("{} between {} and {who}", event_type.settings.title, host.name)
}
