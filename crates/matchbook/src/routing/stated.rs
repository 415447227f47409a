//! What callers state of a booking, by the API and by the command line alike.

use domain::geo::Country;
use jiff::{SignedDuration, Timestamp};

use crate::store::{EventType, Slot};

/// A country by its name or ISO code; else what to write instead.
pub(crate) fn country(text: &str) -> Result<Country, &'static str> {
    Country::parse(text).ok_or("This is no country. Write its name or its ISO code, like Germany or DE.")
}

/// An instant; else what to write instead.
pub(crate) fn instant(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "Write an instant with its offset, such as 2026-12-01T09:30:00Z.")
}

/// From when to when a booking of an event type is that starts then; else what is wrong with that.
pub(crate) fn slot(event_type: &EventType, start: Timestamp) -> Result<Slot, &'static str> {
    let end = start.checked_add(SignedDuration::from_mins(event_type.settings.length_minutes.into()));
    Ok(Slot { start, end: end.map_err(|_| "This is too far in the future.")? })
}
