//! A booking to be made, as a request tells it.

use std::collections::BTreeMap;

use domain::booking::{Attendee, Booking, BookingAnswer, BookingStatus, Organizer};
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use domain::meeting_title::meeting_title;
use domain::routing::Scheduling;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Problem;
use super::body::{Body, Object, Place};
use crate::routing::stated;
use crate::store::{EventType, Host, Slot};

const BOOKING: &[&str] = &[
    "event_type",
    "start",
    "host",
    "attendee",
    "guests",
    "location",
    "notes",
    "answers",
    "form_answers",
    "utm",
    "place",
];
const ATTENDEE: &[&str] = &["email", "name", "first_name", "last_name", "time_zone", "phone"];
const UTM: &[&str] = &["source", "medium", "campaign", "term", "content"];
const ANSWER: &[&str] = &["slug", "label", "value"];
const PLACE: &[&str] = &["country", "region", "city", "postal_code"];

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
    /// The key or email of one of the event type's hosts. Left out, the host is chosen: the event type's one host, or by round
    /// robin and the owner of the attendee's record, as the event type says.
    #[schema(example = "dana")]
    host: Option<String>,
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
    /// The answers to a form that led there, which rows name as `{form:slug}`.
    form_answers: Option<Vec<NewAnswer>>,
    utm: Option<NewUtm>,
    place: Option<StatedPlace>,
}

/// Where the booker is, if the caller knows: tiebreakers go by it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the document's form of what is read field by field")]
pub(super) struct StatedPlace {
    /// By name or ISO code.
    #[schema(example = "DE")]
    country: Option<String>,
    /// State or region, by name or ISO code.
    #[schema(example = "Bavaria")]
    region: Option<String>,
    /// City.
    #[schema(example = "Munich")]
    city: Option<String>,
    /// Postal code.
    #[schema(example = "80331")]
    postal_code: Option<String>,
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
pub(super) struct NewAnswer {
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

/// A booking to be made, before it has a host.
#[derive(Debug)]
pub(super) struct Draft<'o> {
    pub(super) event_type: &'o EventType,
    /// The host that the request names.
    pub(super) host: Option<&'o Host>,
    pub(super) slot: Slot,
    pub(super) attendee: Attendee,
    pub(super) answers: Vec<BookingAnswer>,
    pub(super) form_answers: Vec<BookingAnswer>,
    pub(super) place: Geo,
    guests: Vec<EmailAddress>,
    location: Option<String>,
    notes: Option<String>,
    utm: BTreeMap<String, String>,
}

impl Draft<'_> {
    /// The booking with a host.
    pub(super) fn with(self, host: &Host) -> Booking {
        Booking {
            status: BookingStatus::Accepted,
            title: meeting_title(&self.event_type.settings.title, &host.name, &self.attendee),
            start: self.slot.start,
            end: self.slot.end,
            location: self.location,
            notes: self.notes,
            attendee: self.attendee,
            guests: self.guests,
            organizer: host.into(),
            answers: self.answers,
            form_answers: self.form_answers,
            utm: self.utm,
            place: self.place,
            cancel_reason: None,
        }
    }
}

/// The booking that a request asks for.
pub(super) fn read<'o>(json: &Value, offered: &'o Offered) -> Result<Draft<'o>, Problem> {
    let mut body = Body::default();
    let root = body.object((String::new(), json), BOOKING);
    let draft = root.and_then(|root| draft(&mut body, &root, offered));
    body.finish(draft)
}

/// Every field is read before anything is given up, so that all that is wrong is said at once.
fn draft<'o>(body: &mut Body, root: &Object<'_>, offered: &'o Offered) -> Option<Draft<'o>> {
    let event_type = event_type(body, root, offered);
    let start = start(body, root);
    let chosen = event_type.is_some_and(|event_type| {
        event_type.settings.scheduling == Scheduling::RoundRobin || event_type.settings.hosts.len() == 1
    });
    let host = match root.has("host") || !chosen {
        true => Some(host(body, root, event_type, offered)),
        false => None,
    };
    let attendee = attendee(body, root);
    let guests: Vec<Option<EmailAddress>> =
        body.items(root, "guests").into_iter().map(|place| email(body, place)).collect();
    let location = body.text(root, "location");
    let notes = body.text(root, "notes");
    let (answers, form_answers) = (answers(body, root, "answers"), answers(body, root, "form_answers"));
    let utm = body.optional_object(root, "utm", UTM);
    let utm = utm.map(|utm| UTM.iter().filter_map(|name| Some(((*name).to_owned(), body.text(&utm, name)?))).collect());
    let place = place(body, root);

    let (event_type, start, attendee) = (event_type?, start?, attendee?);
    let host = match host {
        Some(named) => Some(named?),
        None => None,
    };
    let slot = slot(body, event_type, start)?;
    Some(Draft {
        event_type,
        host,
        slot,
        attendee,
        answers,
        form_answers,
        place,
        guests: guests.into_iter().flatten().collect(),
        location,
        notes,
        utm: utm.unwrap_or_default(),
    })
}

/// From when to when a booking of an event type is that starts then.
pub(super) fn slot(body: &mut Body, event_type: &EventType, start: Timestamp) -> Option<Slot> {
    stated::slot(event_type, start).map_err(|why| body.wrong("/start", why)).ok()
}

/// The answers that stand under this name.
pub(super) fn answers(body: &mut Body, root: &Object<'_>, name: &str) -> Vec<BookingAnswer> {
    body.items(root, name).into_iter().filter_map(|place| answer(body, place)).collect()
}

/// Where the booker is, as the caller states it.
pub(super) fn place(body: &mut Body, root: &Object<'_>) -> Geo {
    let Some(given) = body.optional_object(root, "place", PLACE) else { return Geo::default() };
    let [country, region, city, postal_code] = PLACE else { unreachable!("four parts of a place") };
    let [named, region, city, postal_code] = [country, region, city, postal_code].map(|name| body.text(&given, name));
    let country = named.as_deref().map(stated::country);
    let country = country.and_then(|read| read.map_err(|why| body.wrong("/place/country", why)).ok());
    Geo::of(country, region.as_deref(), city.as_deref(), postal_code.as_deref())
}

impl From<&Host> for Organizer {
    fn from(host: &Host) -> Self {
        let Host { email, name, time_zone, .. } = host.clone();
        Organizer { email, name, time_zone: Some(time_zone) }
    }
}

pub(super) fn event_type<'o>(body: &mut Body, root: &Object<'_>, offered: &'o Offered) -> Option<&'o EventType> {
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
    let start = body.required_text(root, "start", "2026-12-01T09:30:00Z")?;
    stated::instant(&start).map_err(|why| body.wrong("/start", why)).ok()
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

pub(super) fn parsed_email(body: &mut Body, pointer: String, text: &str) -> Option<EmailAddress> {
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
