//! What an admin asks to be written besides: rows of field and value, for Events and for the attendee's record (spec 4.3).

mod convert;
mod field_type;
mod template;
mod token;
mod validate;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::booking::{BookingId, RecordedBooking};
use crate::org_shape::{FieldShape, ObjectShape};
use crate::sync_outcome::FieldValue;

pub use convert::DropReason;
pub(crate) use convert::safe;
pub use field_type::{DateSource, FieldType};
pub use template::{Template, TemplateError};
pub use token::{ASSIGNMENT_REASON, TOKENS, Token};
pub use validate::{RowError, check_list, check_list_with_org};

/// One of the four lists, with its switch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WriteList {
    /// Its switch; where it was not touched, a list with rows is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its rows; a field stands once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<WriteRow>,
}

impl WriteList {
    /// The rows that are in force.
    pub fn rows(&self) -> &[WriteRow] {
        if self.is_on() { &self.fields } else { &[] }
    }

    /// Whether it is in force.
    pub fn is_on(&self) -> bool {
        self.enabled.unwrap_or(!self.fields.is_empty())
    }
}

/// One field to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteRow {
    /// The field's API name.
    pub field: String,
    /// *Field type*, as the admin declares it.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// A text with tokens, or the name of a date.
    pub value: String,
    /// *When to write*.
    #[serde(default)]
    pub when: When,
}

/// *When to write*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// *Every booking*, or *Every cancellation*.
    #[default]
    Always,
    /// *Only if the field is empty*.
    IfEmpty,
}

/// The four lists (spec 4.3): which object, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// *On booking, write to the event object*.
    EventOnBooking,
    /// *On booking, write to a custom field on the attendee record*.
    PersonOnBooking,
    /// *On cancelled booking, write to event record instead of deleting event*.
    EventOnCancel,
    /// *On cancelled booking, write to a custom field on the attendee contact/lead record*.
    PersonOnCancel,
}

impl ListKind {
    /// All four.
    pub const ALL: [ListKind; 4] =
        [ListKind::EventOnBooking, ListKind::PersonOnBooking, ListKind::EventOnCancel, ListKind::PersonOnCancel];

    /// As it is named in a configuration.
    pub fn key(self) -> &'static str {
        match self {
            ListKind::EventOnBooking => "event_fields_on_booking",
            ListKind::PersonOnBooking => "person_fields_on_booking",
            ListKind::EventOnCancel => "event_fields_on_cancel",
            ListKind::PersonOnCancel => "person_fields_on_cancel",
        }
    }

    /// Whether its rows may be written only where the field is empty: rows of the Event on booking have no condition.
    pub fn has_condition(self) -> bool {
        self != ListKind::EventOnBooking
    }
}

/// What values are made from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Which booking.
    pub id: &'a BookingId,
    /// As it is wanted.
    pub wanted: &'a RecordedBooking,
    /// The event type's title.
    pub event_type: &'a str,
    /// Where the booking is shown to people, where that is known.
    pub url: Option<&'a str>,
    /// One sentence on how the organizer was chosen, where that was decided here.
    pub assignment_reason: Option<&'a str>,
}

impl Source<'_> {
    /// The instant of a date; none while it has not come.
    pub fn instant(&self, date: DateSource) -> Option<Timestamp> {
        let booking = &self.wanted.booking;
        match date {
            DateSource::BookingStart => Some(booking.start),
            DateSource::BookingCreated => self.wanted.marks.created.map(|(_, at)| at),
            DateSource::BookingCancel => self.wanted.cancelled_at(),
        }
    }

    /// The calendar day of an instant where the organizer is.
    fn day(&self, at: Timestamp) -> Date {
        let zone = self.wanted.booking.organizer.time_zone.as_deref();
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        at.to_zoned(zone).date()
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is written. The length is told where the text was cut to it.
    Write(FieldValue, Option<usize>),
    /// There is nothing to write: a token or date has no value yet.
    Skip(Skipped),
    /// The org would refuse it; the rest is written without it.
    Drop(DropReason),
}

/// Why there is nothing to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// A token has no value and no default.
    NoValue,
    /// The date has not come: the booking is not cancelled, or its creation was never told.
    NoDate,
}

/// What becomes of a row for an object that looks like this; `writable` says whether this user may set a field now.
pub fn outcome(row: &WriteRow, source: &Source<'_>, shape: &ObjectShape, writable: fn(&FieldShape) -> bool) -> Outcome {
    let field = match shape.field(&row.field) {
        None => return Outcome::Drop(DropReason::NoSuchField),
        Some(field) if !writable(field) => return Outcome::Drop(DropReason::NotWritable),
        Some(field) => field,
    };
    if let Some(date) = row.date_source() {
        return match source.instant(date) {
            None => Outcome::Skip(Skipped::NoDate),
            Some(at) => convert::date(at, source.day(at), field, row.field_type),
        };
    }
    // A template that cannot be read was refused on save; nothing is invented for it here.
    match Template::parse(&row.value).ok().and_then(|template| template.resolve(source)) {
        Some(text) => convert::text(&text, field, row.field_type),
        None => Outcome::Skip(Skipped::NoValue),
    }
}

impl WriteRow {
    /// The date that the value names, for types that take one.
    pub fn date_source(&self) -> Option<DateSource> {
        self.field_type.takes_dates().then(|| DateSource::parse(self.value.trim())).flatten()
    }
}

#[cfg(test)]
mod tests;
