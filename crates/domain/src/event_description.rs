//! The text of an Event's Description (spec 4.2): who booked, their time zone, notes and answers.

use std::fmt::Write as _;

use crate::booking::Booking;
use crate::email_domain::EmailAddress;

/// The Description of a booking's Event. `guests` are those that the Event is not with.
pub fn description(booking: &Booking, guests: &[EmailAddress]) -> String {
    let attendee = &booking.attendee;
    let mut text = match attendee.name.trim() {
        "" => format!("Booked by {}", attendee.email),
        name => format!("Booked by {name} <{}>", attendee.email),
    };
    if let Some(zone) = &attendee.time_zone {
        let _ = write!(text, "\nTime zone: {zone}");
    }
    if !guests.is_empty() {
        let guests: Vec<&str> = guests.iter().map(EmailAddress::as_written).collect();
        let _ = write!(text, "\nGuests: {}", guests.join(", "));
    }
    if let Some(notes) = &booking.notes {
        let _ = write!(text, "\n\nNotes: {notes}");
    }
    if !booking.answers.is_empty() {
        text.push('\n');
    }
    for answer in &booking.answers {
        let _ = write!(text, "\n{}: {}", answer.label, answer.value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_plan::examples::booking;

    #[test]
    fn the_rep_reads_who_booked_from_where_and_what_they_said() {
        assert_eq!(
            description(&booking(), &[]),
            "Booked by Jane Roe <jane@acme.example>\nTime zone: America/New_York\n\nNotes: Wants pricing\n\nCompany: Acme Ltd"
        );
    }
}
