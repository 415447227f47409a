//! What the booker filled in: `responses`, `userFieldsResponses` and the place of the meeting.

use domain::booking::BookingAnswer;
use domain::email_domain::EmailAddress;
use serde_json::Value;

use super::{MAX_ID, MAX_LINE, MAX_TEXT};
use crate::sources::json_field::{Field, clean};

/// Questions of every Cal.com event type, whose answers have places of their own in a booking.
const BUILT_IN: &[&str] = &["name", "email", "location", "notes", "guests", "title", "rescheduleReason"];

/// Cal.com's own question for a phone number. It has no place of its own, so it stays an answer.
const PHONE: &str = "attendeePhoneNumber";

/// More guests or answers than a form can hold are not read.
const MAX_ITEMS: usize = 100;

/// Video services as people know them, by Cal.com's name for a location.
const LOCATION_NAMES: &[(&str, &str)] = &[
    ("integrations:daily", "Cal Video"),
    ("integrations:google:meet", "Google Meet"),
    ("integrations:zoom", "Zoom"),
    ("integrations:office365_video", "Microsoft Teams"),
    ("integrations:webex_video", "Webex"),
    ("integrations:jitsi", "Jitsi Meet"),
    ("integrations:whereby_video", "Whereby"),
    ("integrations:around_video", "Around"),
    ("integrations:huddle01", "Huddle01"),
    ("conferencing", "Video call"),
    ("inPerson", "In person"),
    ("attendeeInPerson", "In person"),
    ("somewhereElse", "Somewhere else"),
    ("userPhone", "Phone call"),
    ("phone", "Phone call"),
    ("link", "Online meeting"),
];

/// Where the meeting is: a link, else a place in words, else the name of the video service.
pub(super) fn location(payload: &Field<'_>) -> Option<String> {
    let call = payload.get("metadata").get("videoCallUrl").text(MAX_LINE);
    if let Some(url) = call.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        return Some(url);
    }
    let given = payload.get("location").text(MAX_LINE);
    let chosen = response(payload, "location").and_then(|value| text_of(value, MAX_LINE));
    let is_code = |text: &String| location_name(text).is_some();
    let spelled_out = [&given, &chosen].into_iter().flatten().find(|text| !is_code(text));
    spelled_out.cloned().or_else(|| location_name(&given.or(chosen)?))
}

fn location_name(code: &str) -> Option<String> {
    if let Some((_, name)) = LOCATION_NAMES.iter().find(|(known, _)| *known == code) {
        return Some((*name).to_owned());
    }
    let app = code.strip_prefix("integrations:")?.trim_end_matches("_video");
    Some(format!("Video call ({})", app.replace([':', '_', '-'], " ")))
}

/// The answer to a built-in question as text.
pub(super) fn text(payload: &Field<'_>, slug: &str) -> Option<String> {
    match response(payload, slug)? {
        Value::String(text) => clean(text, MAX_TEXT),
        _ => None,
    }
}

/// `firstName` or `lastName`, where the form asks for them apart.
pub(super) fn name_part(payload: &Field<'_>, part: &str) -> Option<String> {
    clean(response(payload, "name")?.get(part)?.as_str()?, MAX_LINE)
}

/// The guests' addresses, each once, without the attendee's; what is no address is skipped.
pub(super) fn guests(payload: &Field<'_>, attendee: &EmailAddress) -> Vec<EmailAddress> {
    let listed = response(payload, "guests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut guests: Vec<EmailAddress> = Vec::new();
    for guest in listed.iter().take(MAX_ITEMS).filter_map(|guest| EmailAddress::parse(guest.as_str()?).ok()) {
        if guest != *attendee && !guests.contains(&guest) && guest.as_written().chars().count() <= MAX_ID {
            guests.push(guest);
        }
    }
    guests
}

/// The answers to the event type's own questions, and the phone number.
pub(super) fn custom(payload: &Field<'_>) -> Vec<BookingAnswer> {
    let responses = payload.get("responses").members();
    let own = payload.get("userFieldsResponses").members();
    let mut answers: Vec<BookingAnswer> = Vec::new();
    for (slug, entry) in responses.into_iter().chain(own).flatten().take(2 * MAX_ITEMS) {
        let known = answers.len() >= MAX_ITEMS || answers.iter().any(|answer| answer.slug == *slug);
        if known || BUILT_IN.contains(&slug.as_str()) {
            continue;
        }
        answers.extend(answer(slug, entry, own.and_then(|own| own.get(slug))));
    }
    if !answers.iter().any(|answer| answer.slug == PHONE) {
        let phone = payload.get("attendees").first().get("phoneNumber").text(MAX_ID);
        answers.extend(phone.map(|value| BookingAnswer { slug: PHONE.to_owned(), label: "Phone".to_owned(), value }));
    }
    answers
}

fn answer(slug: &str, entry: &Value, own_entry: Option<&Value>) -> Option<BookingAnswer> {
    if entry.get("isHidden").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let value = text_of(answered(entry)?, MAX_TEXT)?;
    let slug = clean(slug, MAX_ID)?;
    let label_in = |entry: &Value| entry.get("label").and_then(Value::as_str).and_then(|label| clean(label, MAX_LINE));
    let label = match slug.as_str() {
        PHONE => "Phone".to_owned(),
        _ => own_entry.and_then(label_in).or_else(|| label_in(entry)).unwrap_or_else(|| slug.clone()),
    };
    Some(BookingAnswer { slug, label, value })
}

fn response<'a>(payload: &Field<'a>, slug: &str) -> Option<&'a Value> {
    answered(payload.get("responses").get(slug).value()?)
}

/// A response is `{label, value}`, without `value` where nothing was answered; older ones are the bare value.
fn answered(entry: &Value) -> Option<&Value> {
    match entry {
        Value::Object(members) if members.contains_key("value") || members.contains_key("label") => {
            members.get("value")
        }
        bare => Some(bare),
    }
}

/// An answer as text: several choices joined, a choice with details by its details.
fn text_of(value: &Value, max: usize) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => return clean(text, max),
        Value::Array(items) => items.iter().filter_map(|item| text_of(item, max)).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let detail = members.get("optionValue").and_then(|detail| text_of(detail, max));
            return detail.or_else(|| text_of(members.get("value").or_else(|| members.get("label"))?, max));
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    clean(&text, max)
}
