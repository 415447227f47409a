//! What a token stands for (spec 4.3).

use super::{Source, TemplateError};
use crate::booking::BookingAnswer;
use crate::email_domain::EmailAddress;

/// The five UTM parameters.
const UTM: [&str; 5] = ["source", "medium", "campaign", "term", "content"];

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// `{slug}`: the answer to a booking question.
    Answer(String),
    /// `{form:slug}`: the answer to a routing form's question.
    FormAnswer(String),
    /// `{utm:source}` and the other four.
    Utm(String),
    /// One of [`TOKENS`].
    Named(&'static str),
}

/// The token that tells how the organizer was chosen.
pub const ASSIGNMENT_REASON: &str = "assignmentReason";

/// The tokens with a name of their own, and what each stands for.
pub const TOKENS: &[(&str, &str)] = &[
    (ASSIGNMENT_REASON, "one sentence on how the organizer was chosen"),
    ("attendee.name", "the name of who booked"),
    ("attendee.email", "the email of who booked"),
    ("attendee.phone", "the phone number of who booked"),
    ("organizer.name", "the host's name"),
    ("organizer.email", "the host's email"),
    ("booking.title", "the meeting's title"),
    ("booking.location", "where it takes place"),
    ("booking.id", "Matchbook's id of the booking"),
    ("booking.url", "the booking's page here, where this installation has a public URL"),
    ("booking.cancel_reason", "why it was cancelled"),
    ("event_type.title", "the event type's title"),
    ("guests", "the guests' emails"),
];

impl Token {
    /// Reads what stands between the braces.
    pub fn parse(name: &str) -> Result<Token, TemplateError> {
        if let Some((known, _)) = TOKENS.iter().find(|(known, _)| *known == name) {
            return Ok(Token::Named(known));
        }
        let unknown = || TemplateError::Unknown { name: shown(name), near: nearest(name) };
        match name.split_once(':') {
            Some(("form", slug)) if is_slug(slug) => Ok(Token::FormAnswer(slug.to_owned())),
            Some(("utm", which)) if UTM.contains(&which) => Ok(Token::Utm(which.to_owned())),
            None if is_slug(name) => Ok(Token::Answer(name.to_owned())),
            _ => Err(unknown()),
        }
    }

    /// What it stands for; none where that is nothing, or empty.
    pub(super) fn value(&self, source: &Source<'_>) -> Option<String> {
        let booking = &source.wanted.booking;
        let value = match self {
            Token::Answer(slug) => answer(&booking.answers, slug),
            Token::FormAnswer(slug) => answer(&booking.form_answers, slug),
            Token::Utm(which) => booking.utm.get(which).cloned(),
            Token::Named(name) => named(name, source),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

fn named(name: &str, source: &Source<'_>) -> Option<String> {
    let booking = &source.wanted.booking;
    match name {
        ASSIGNMENT_REASON => source.assignment_reason.map(str::to_owned),
        "attendee.name" => Some(booking.attendee.name.clone()),
        "attendee.email" => Some(booking.attendee.email.as_written().to_owned()),
        "attendee.phone" => booking.attendee.phone.clone(),
        "organizer.name" => Some(booking.organizer.name.clone()),
        "organizer.email" => Some(booking.organizer.email.as_written().to_owned()),
        "booking.title" => Some(booking.title.clone()),
        "booking.location" => booking.location.clone(),
        "booking.id" => Some(source.id.to_string()),
        "booking.url" => source.url.map(str::to_owned),
        "booking.cancel_reason" => booking.cancel_reason.clone(),
        "event_type.title" => Some(source.event_type.to_owned()),
        "guests" => Some(booking.guests.iter().map(EmailAddress::as_written).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}

fn answer(answers: &[BookingAnswer], slug: &str) -> Option<String> {
    answers.iter().find(|answer| answer.slug == slug).map(|answer| answer.value.clone())
}

/// Slugs of questions, here and at booking sources.
fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// A known token that differs in case, in its separator, or in one letter at its end.
fn nearest(name: &str) -> Option<String> {
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let wanted = plain(name);
    let known = TOKENS.iter().map(|(known, _)| (*known).to_owned()).chain(UTM.map(|which| format!("utm:{which}")));
    known.into_iter().find(|known| {
        let known = plain(known);
        known == wanted || (wanted.len() > 3 && (known.starts_with(&wanted) || wanted.starts_with(&known)))
    })
}
