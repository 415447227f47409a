//! Booking sources: each turns one signed delivery into a change of a booking, without any I/O.
//!
//! A source is one file here and its name in [`KINDS`].

pub mod calcom;
mod json_field;
mod json_text;

use domain::booking::{BookingChange, NoShowChange, PartialChange};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;

/// One kind of booking source.
#[derive(Debug)]
pub struct SourceKind {
    /// The stable key that configuration names, such as `cal.com`.
    pub key: &'static str,
    /// The name that people know.
    pub label: &'static str,
    /// Checks that whoever knows the source's secret sent this body.
    pub verify: fn(&HeaderMap, &[u8], &SecretString) -> Result<(), BadSignature>,
    /// Reads a delivery. The instant is when it was received, which stands in for the time of a
    /// change that its source doesn't tell; read a kept delivery again with the same instant.
    pub read: fn(&[u8], Timestamp) -> Result<Delivery, Unreadable>,
    /// How it is asked for what its deliveries should have told.
    pub polling: Polling,
}

/// How a kind of source is asked for its bookings, page by page.
#[derive(Debug)]
pub struct Polling {
    /// Headers of each request, besides `Authorization: Bearer` with the API key.
    pub headers: &'static [(&'static str, &'static str)],
    /// Path and query of a page, after the API's address: the bookings changed since an instant, without so many of them.
    pub path: fn(Timestamp, usize) -> String,
    /// Reads a page; the error goes after "its answer cannot be read:".
    pub read: fn(&[u8]) -> Result<Page, String>,
}

/// A page of bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The bookings.
    pub bookings: Vec<ShownBooking>,
    /// Whether another page follows.
    pub more: bool,
}

/// A booking that a source showed when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownBooking {
    /// When it last changed, by the source's clock, if that can be read.
    pub updated_at: Option<Timestamp>,
    /// It as a delivery, which [`SourceKind::read`] reads.
    pub body: Vec<u8>,
    /// Another booking took its place, which tells of both.
    pub moved: bool,
}

/// Every kind of source.
pub const KINDS: &[SourceKind] = &[calcom::KIND];

/// The kind with this key.
pub fn kind(key: &str) -> Option<&'static SourceKind> {
    KINDS.iter().find(|kind| kind.key == key)
}

/// Why a delivery is not believed. It names no secret and no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSignature(pub &'static str);

/// A delivery that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// What the source says happened, in its own word.
    pub trigger: String,
    /// The same for every repeat of this delivery, and for no other of the source (spec 10).
    pub idempotency_key: String,
    /// What it means here.
    pub content: Content,
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A booking changed.
    Change(Box<SourceChange>),
    /// Something happened to a booking, and the delivery says little more than which.
    Partial(PartialDelivery),
    /// A booking as it is, shown when asked.
    Shown(Box<Shown>),
    /// It says nothing that Salesforce should know.
    Ignored {
        /// Why, in a sentence.
        reason: String,
    },
}

/// A change of a booking, and which booking of the source it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceChange {
    /// The names by which the source knows the booking.
    pub identity: BookingIdentity,
    /// The event type that was booked, by its slug at the source.
    pub event_type_slug: String,
    /// The change itself.
    pub change: BookingChange,
    /// When the booking was made, by the source's clock, as far as this tells: else when the change happened.
    pub made_at: Timestamp,
    /// The routing decision that sent the booker to the source, by the id that the link `/r/` gave along.
    pub decision: Option<String>,
}

/// A booking as it is: what last happened to it can only be guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// It, with the likeliest kind of its latest change.
    pub change: SourceChange,
    /// Who is marked as a no-show at present.
    pub absent: NoShowChange,
}

/// A delivery that says little more than which booking it is of: what that is must be known already, or it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialDelivery {
    /// The names by which the source knows the booking.
    pub identity: BookingIdentity,
    /// What happened to it.
    pub change: PartialChange,
    /// What the delivery lacks, or what it waits for, in a sentence.
    pub missing: String,
}

/// A source's names for one booking. It is known by its iCalUID, else by the chain of previous
/// uids (spec 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingIdentity {
    /// The source's id; some sources give a new one with each reschedule.
    pub uid: String,
    /// The calendar id, which outlives reschedules.
    pub ical_uid: Option<String>,
    /// The uid that this booking had before it was rescheduled.
    pub previous_uid: Option<String>,
}

/// A delivery that is kept and needs attention: it can't be read, or Matchbook can't act on it yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// The trigger, if that much could be read.
    pub trigger: Option<String>,
    /// As in [`Delivery`], but by the body alone: a mended delivery is another one.
    pub idempotency_key: String,
    /// Which field is wrong and what was expected, in a sentence: `The field payload.attendees[0].email is missing; …`.
    pub message: String,
}
