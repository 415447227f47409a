//! Cal.com and Cal.diy webhooks.
//!
//! Read leniently: what the booking cannot do without must be right, everything else that has an
//! unexpected shape counts as absent.

mod answers;
mod shown;

use std::collections::BTreeMap;

use domain::booking::{
    Attendee, Booking, BookingChange, BookingStatus, ChangeKind, NoShowChange, Organizer, PartialChange,
};
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json_field::Field;
use super::json_text::lenient;
use super::{BadSignature, BookingIdentity, Content, Delivery, PartialDelivery, SourceChange, SourceKind, Unreadable};

/// Cal.com, and Cal.diy, whose webhooks are the same.
pub const KIND: SourceKind = SourceKind { key: "cal.com", label: "Cal.com", verify, read, polling: shown::POLLING };

/// The header that carries the lower-case hex HMAC-SHA256 of the raw body.
pub const SIGNATURE_HEADER: &str = "x-cal-signature-256";

/// What Cal.com sends for a signature where the webhook has no secret.
const NO_SECRET: &str = "no-secret-provided";

/// The key of a booking's metadata that carries the id of a routing decision from the link `/r/` to the webhook (Cal.com
/// facts 2.3).
pub(crate) const DECISION_KEY: &str = "matchbook_decision";

/// Longest identifier: uids, slugs, keys.
const MAX_ID: usize = 255;
/// Longest name, title or place.
const MAX_LINE: usize = 1_000;
/// Longest note, answer or reason.
const MAX_TEXT: usize = 32_000;

/// Cal.com's statuses of a booking that does not take place.
const NOT_TAKING_PLACE: &[&str] = &["CANCELLED", "REJECTED"];

/// Cal.com's statuses of a booking that does not take place yet.
const NOT_YET: &[&str] = &["PENDING", "AWAITING_HOST"];

/// The triggers that change a booking. A payment that was begun leaves it unconfirmed until it is made.
const CHANGES: &[(&str, ChangeKind)] = &[
    ("BOOKING_REQUESTED", ChangeKind::Requested),
    ("BOOKING_PAYMENT_INITIATED", ChangeKind::Requested),
    ("BOOKING_CREATED", ChangeKind::Created),
    ("BOOKING_PAID", ChangeKind::Created),
    ("BOOKING_RESCHEDULED", ChangeKind::Rescheduled),
    ("BOOKING_REJECTED", ChangeKind::Rejected),
    ("BOOKING_CANCELLED", ChangeKind::Cancelled),
];

/// The trigger that marks attendees as no-shows, or takes that back.
const NO_SHOW: &str = "BOOKING_NO_SHOW_UPDATED";

/// The triggers that say nothing Salesforce should know, with the reason.
const IGNORED: &[(&str, &str)] = &[
    ("PING", "It is a test that Cal.com sends from its webhook page; the signature is right."),
    ("MEETING_STARTED", "The Event in Salesforce already says when the meeting starts."),
    ("MEETING_ENDED", "The Event in Salesforce already says when the meeting ends."),
    ("RECORDING_READY", "Recordings are not written to Salesforce."),
    ("RECORDING_TRANSCRIPTION_GENERATED", "Transcripts are not written to Salesforce."),
    ("INSTANT_MEETING", "It asks a host to join now; the booking itself comes as BOOKING_CREATED."),
    ("FORM_SUBMITTED", "It is about a Cal.com form, not about a booking."),
    ("FORM_SUBMITTED_NO_EVENT", "It is about a Cal.com form, not about a booking."),
    ("ROUTING_FORM_FALLBACK_HIT", "It is about a Cal.com form, not about a booking."),
    ("WRONG_ASSIGNMENT_REPORT", "It is a report for the people who route bookings, not a change of one."),
    ("OOO_CREATED", "It is about a host's absence, not about a booking."),
    ("AFTER_HOSTS_CAL_VIDEO_NO_SHOW", "It is about the host, of whom Salesforce keeps no attendance."),
    ("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", "Only a no-show that a person marks (BOOKING_NO_SHOW_UPDATED) counts."),
];

fn verify(headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), BadSignature> {
    let Some(given) = headers.get(SIGNATURE_HEADER) else {
        return Err(BadSignature("The X-Cal-Signature-256 header is missing; send it as Cal.com does."));
    };
    if given.as_bytes() == NO_SECRET.as_bytes() {
        return Err(BadSignature(
            "The webhook at Cal.com has no secret; set one there, the same as this source's secret here.",
        ));
    }
    let Some(given) = hex::decode(given.as_bytes()).ok().filter(|bytes| bytes.len() == 32) else {
        return Err(BadSignature("The X-Cal-Signature-256 header is not 64 hexadecimal digits."));
    };
    if secret.expose_secret().is_empty() {
        return Err(BadSignature("This source's secret is empty here, so no signature can be right; set it."));
    }
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.verify_slice(&given).map_err(|_| {
        BadSignature(
            "The signature does not fit the body; the secret of the webhook at Cal.com and of this source differ, \
             or the body was changed on its way.",
        )
    })
}

fn read(body: &[u8], received_at: Timestamp) -> Result<Delivery, Unreadable> {
    // Two deliveries that cannot be read are the same only if they are equal: nothing else of them can be trusted.
    let unreadable = |trigger, message| Unreadable { trigger, idempotency_key: body_hash(body), message };
    let json: Value = serde_json::from_slice(&lenient(body)).map_err(|error| {
        let message = format!(
            "The delivery is not JSON ({error}). If the webhook at Cal.com has a custom payload template, remove it."
        );
        unreadable(None, message)
    })?;
    let root = Field::root(unwrap_list(&json));
    let key = idempotency_key(&root).unwrap_or_else(|| body_hash(body));
    let trigger = root
        .required_object("a JSON object with triggerEvent and payload")
        .and_then(|()| root.get("triggerEvent").required_text("a trigger such as BOOKING_CREATED", MAX_ID))
        .map_err(|message| unreadable(None, message))?;
    match content(&root, &trigger, received_at) {
        Ok(content) => Ok(Delivery { trigger, idempotency_key: key, content }),
        Err(message) => Err(unreadable(Some(trigger), message)),
    }
}

/// Some subscribers get the object inside a list of one (Cal.com facts 1).
fn unwrap_list(json: &Value) -> &Value {
    match json.as_array().map(Vec::as_slice) {
        Some([only]) => only,
        _ => json,
    }
}

/// The booking's object: `payload`, or the delivery itself where it is flat.
fn payload<'a>(root: &Field<'a>) -> Result<Field<'a>, String> {
    let payload = root.get("payload");
    if payload.value().is_none() {
        return Ok(root.clone());
    }
    payload.required_object("the booking as an object")?;
    Ok(payload)
}

/// Cal.com sends no delivery id. Trigger, uid and time make one; without all three the body does.
fn idempotency_key(root: &Field<'_>) -> Option<String> {
    let payload = payload(root).ok()?;
    let part = |field: Field<'_>| field.required_text("", MAX_ID).ok();
    let uid = part(payload.get("uid")).or_else(|| part(payload.get("bookingUid")))?;
    Some(format!("{}:{uid}:{}", part(root.get("triggerEvent"))?, part(root.get("createdAt"))?))
}

fn body_hash(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

fn content(root: &Field<'_>, trigger: &str, received_at: Timestamp) -> Result<Content, String> {
    if let Some((_, kind)) = CHANGES.iter().find(|(name, _)| *name == trigger) {
        let change = source_change(root, *kind, received_at).map(|change| Content::Change(Box::new(change)));
        return match (kind, change) {
            (ChangeKind::Cancelled, Err(missing)) => cancellation(root, received_at, missing).map(Content::Partial),
            (_, change) => change,
        };
    }
    if trigger == shown::TRIGGER {
        return shown::content(&payload(root)?, occurred_at(root, received_at)?, received_at);
    }
    if trigger == NO_SHOW {
        return no_show(root, received_at).map(Content::Partial);
    }
    if let Some((_, reason)) = IGNORED.iter().find(|(name, _)| *name == trigger) {
        return Ok(Content::Ignored { reason: (*reason).to_owned() });
    }
    if trigger.starts_with("BOOKING_") {
        return Err(not_applied(trigger));
    }
    Ok(Content::Ignored { reason: format!("Matchbook does not know {trigger}, which is not about a booking.") })
}

/// A trigger about a booking that Cal.com may have added since.
fn not_applied(trigger: &str) -> String {
    format!(
        "{trigger}: something happened to a booking that Matchbook does not know, so nothing was written to Salesforce for it."
    )
}

fn source_change(root: &Field<'_>, kind: ChangeKind, received_at: Timestamp) -> Result<SourceChange, String> {
    let payload = payload(root)?;
    let identity = identity(&payload, kind)?;
    let event_type_slug = payload.get("type").required_text("the event type's slug", MAX_ID)?;
    let occurred_at = occurred_at(root, received_at)?;
    let status = status(&payload, kind)?;
    let booking = booking(&payload, status, &event_type_slug)?;
    let change = BookingChange { kind, occurred_at, booking };
    Ok(SourceChange { identity, event_type_slug, change, made_at: occurred_at, decision: decision(&payload) })
}

/// The id of a routing decision in a booking's metadata. Whoever books may have edited it, so only what looks like ours is read.
fn decision(payload: &Field<'_>) -> Option<String> {
    let id = payload.get("metadata").get(DECISION_KEY).text(MAX_ID)?;
    let is_ours = id.strip_prefix("rtd_").is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    });
    is_ours.then_some(id)
}

/// A cancel of a booking that is known needs no more than its uid.
fn cancellation(root: &Field<'_>, received_at: Timestamp, missing: String) -> Result<PartialDelivery, String> {
    let payload = payload(root)?;
    let identity = identity(&payload, ChangeKind::Cancelled)?;
    let occurred_at = occurred_at(root, received_at).unwrap_or(received_at);
    let reason = payload.get("cancellationReason").text(MAX_TEXT);
    Ok(PartialDelivery { identity, change: PartialChange::Cancelled { occurred_at, reason }, missing })
}

/// Who was marked as a no-show, of the booking that the delivery names.
fn no_show(root: &Field<'_>, received_at: Timestamp) -> Result<PartialDelivery, String> {
    let payload = payload(root)?;
    let uid = match payload.get("bookingUid").value() {
        None => payload.get("uid").required_text("the booking's uid", MAX_ID)?,
        Some(_) => payload.get("bookingUid").required_text("the booking's uid", MAX_ID)?,
    };
    let occurred_at = occurred_at(root, received_at)?;
    let mut absent = BTreeMap::new();
    for attendee in payload.get("attendees").each() {
        let email = email(&attendee.get("email"), "the attendee's email address")?;
        absent.insert(email, attendee.get("noShow").required_bool("whether the attendee did not come")?);
    }
    if absent.is_empty() {
        return Err(payload.get("attendees").wrong("names nobody", "who did not come"));
    }
    let identity = BookingIdentity { uid, ical_uid: None, previous_uid: None };
    let missing = "It is applied as soon as the booking comes.".to_owned();
    Ok(PartialDelivery { identity, change: PartialChange::NoShows(NoShowChange { occurred_at, absent }), missing })
}

/// Without a time of its own a change counts as having happened when it arrived: changes that are all undated then apply in
/// their order of arrival. None happened later than it arrived: such a clock is wrong, and would outdo all later changes.
fn occurred_at(root: &Field<'_>, received_at: Timestamp) -> Result<Timestamp, String> {
    let created_at = root.get("createdAt");
    match created_at.value() {
        None => Ok(received_at),
        Some(_) => Ok(created_at.required_time("when this happened")?.min(received_at)),
    }
}

/// Where the booking stands after the change. A status that contradicts its trigger is for a person to look at: writing an
/// Event would say that it takes place.
fn status(payload: &Field<'_>, kind: ChangeKind) -> Result<BookingStatus, String> {
    let given = payload.get("status").text(MAX_ID).unwrap_or_default();
    let is_one_of = |words: &[&str]| words.iter().any(|word| given.eq_ignore_ascii_case(word));
    match kind {
        ChangeKind::Cancelled => Ok(BookingStatus::Cancelled),
        ChangeKind::Rejected => Ok(BookingStatus::Rejected),
        _ if is_one_of(NOT_TAKING_PLACE) => {
            let wanted = "a booking that takes place with this trigger, so nothing was written to Salesforce";
            Err(payload.get("status").wrong(&format!("is {given}"), wanted))
        }
        ChangeKind::Requested => Ok(BookingStatus::Requested),
        ChangeKind::Created | ChangeKind::Rescheduled if is_one_of(NOT_YET) => Ok(BookingStatus::Requested),
        ChangeKind::Created | ChangeKind::Rescheduled => Ok(BookingStatus::Accepted),
    }
}

fn identity(payload: &Field<'_>, kind: ChangeKind) -> Result<BookingIdentity, String> {
    let uid = payload.get("uid").required_text("the booking's uid", MAX_ID)?;
    let previous_uid = match kind {
        ChangeKind::Rescheduled | ChangeKind::Requested => {
            optional_id(payload, "rescheduleUid", "the uid before the reschedule")?
        }
        ChangeKind::Created | ChangeKind::Rejected | ChangeKind::Cancelled => None,
    };
    let ical_uid = optional_id(payload, "iCalUID", "the calendar id")?;
    Ok(BookingIdentity { previous_uid: previous_uid.filter(|previous| *previous != uid), uid, ical_uid })
}

fn optional_id(payload: &Field<'_>, key: &str, what: &str) -> Result<Option<String>, String> {
    let field = payload.get(key);
    field.text(1).map(|_| field.required_text(what, MAX_ID)).transpose()
}

fn booking(payload: &Field<'_>, status: BookingStatus, event_type_slug: &str) -> Result<Booking, String> {
    let start = payload.get("startTime").required_time("when the meeting starts")?;
    let end = payload.get("endTime").required_time("when the meeting ends")?;
    if end < start {
        return Err(payload.get("endTime").wrong("is before the start", "when the meeting ends"));
    }
    // The first attendee is who booked; the others are guests and team members.
    let attendee = attendee_of(payload, &payload.get("attendees").first())?;
    let title = payload.get("title").text(MAX_LINE).or_else(|| payload.get("eventTitle").text(MAX_LINE));
    let reason = match status {
        BookingStatus::Cancelled => payload.get("cancellationReason").text(MAX_TEXT),
        BookingStatus::Rejected => payload.get("rejectionReason").text(MAX_TEXT),
        BookingStatus::Requested | BookingStatus::Accepted => None,
    };
    Ok(Booking {
        place: Geo::default(),
        status,
        title: title.unwrap_or_else(|| event_type_slug.to_owned()),
        start,
        end,
        location: answers::location(payload),
        notes: payload.get("additionalNotes").text(MAX_TEXT).or_else(|| answers::text(payload, "notes")),
        guests: answers::guests(payload, &attendee.email),
        organizer: organizer_of(&payload.get("organizer"))?,
        answers: answers::custom(payload),
        form_answers: Vec::new(),
        utm: BTreeMap::new(),
        cancel_reason: reason,
        attendee,
    })
}

fn organizer_of(organizer: &Field<'_>) -> Result<Organizer, String> {
    let email = email(&organizer.get("email"), "the host's email address")?;
    Ok(Organizer {
        email,
        name: organizer.get("name").text(MAX_LINE).unwrap_or_default(),
        time_zone: time_zone(&organizer.get("timeZone")),
    })
}

fn attendee_of(payload: &Field<'_>, attendee: &Field<'_>) -> Result<Attendee, String> {
    let email_field = attendee.get("email");
    let email = email(&email_field, "the attendee's email address")?;
    if is_made_from_phone(&email, attendee.get("phoneNumber").text(MAX_ID)) {
        return Err(email_field.wrong(
            "is an address that Cal.com made up from a phone number",
            "the attendee's own, since Salesforce finds people by email; make email a required question of the \
             event type at Cal.com",
        ));
    }
    let part = |key: &str| attendee.get(key).text(MAX_LINE).or_else(|| answers::name_part(payload, key));
    Ok(Attendee {
        email,
        name: attendee.get("name").text(MAX_LINE).or_else(|| answers::text(payload, "name")).unwrap_or_default(),
        first_name: part("firstName"),
        last_name: part("lastName"),
        time_zone: time_zone(&attendee.get("timeZone")),
        phone: attendee.get("phoneNumber").text(MAX_ID).or_else(|| answers::text(payload, "attendeePhoneNumber")),
    })
}

fn email(field: &Field<'_>, what: &str) -> Result<EmailAddress, String> {
    let text = field.required_text(what, MAX_ID)?;
    EmailAddress::parse(&text)
        .map_err(|_| field.wrong("is not an email address", &format!("{what}, like name@company.com")))
}

/// Whoever books with a phone number alone gets an address made of its digits.
fn is_made_from_phone(email: &EmailAddress, phone: Option<String>) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let local = email.local_part();
    let all_digits = local.len() >= 7 && local.trim_start_matches('+').chars().all(|c| c.is_ascii_digit());
    let by_calcom = email.folded().ends_with("@sms.cal.com");
    all_digits && (by_calcom || phone.is_some_and(|phone| digits(&phone) == digits(local)))
}

/// An IANA time zone by its canonical name; anything else counts as not known.
fn time_zone(field: &Field<'_>) -> Option<String> {
    let zone = TimeZone::get(&field.text(MAX_ID)?).ok()?;
    zone.iana_name().map(str::to_owned)
}

#[cfg(test)]
mod tests;
