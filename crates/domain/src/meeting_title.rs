//! What a meeting is called that is made here, and how that follows to another host.

use crate::booking::{Attendee, Booking, Organizer};

/// The title of a meeting, such as `Discovery Call between Ann Host and Jane Roe`. An attendee without a name is told by email.
pub fn meeting_title(event_type: &str, host: &str, attendee: &Attendee) -> String {
    format!("{event_type}{}", between(host, attendee))
}

/// The title once a booking is another host's: one that was made here names that host, any other stays as it is.
pub(crate) fn title_with(booking: &Booking, organizer: &Organizer) -> String {
    let (title, attendee) = (&booking.title, &booking.attendee);
    // The event type may be called otherwise by now; what it was called then stands before the names.
    match title.strip_suffix(between(&booking.organizer.name, attendee).as_str()) {
        Some(event_type) => meeting_title(event_type, &organizer.name, attendee),
        None => title.clone(),
    }
}

fn between(host: &str, attendee: &Attendee) -> String {
    let who = if attendee.name.trim().is_empty() { attendee.email.as_written() } else { attendee.name.trim() };
    format!(" between {host} and {who}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_plan::examples::booking;

    fn dana() -> Organizer {
        Organizer { name: "Dana Host".into(), ..booking().organizer }
    }

    #[test]
    fn a_title_that_was_made_here_names_the_new_host_and_any_other_stays() {
        let was = booking();
        let made = meeting_title("Discovery Call", &was.organizer.name, &was.attendee);
        assert_eq!(made, was.title, "the example's title is one of ours");
        assert_eq!(title_with(&was, &dana()), "Discovery Call between Dana Host and Jane Roe");
        for title in ["Renewal with Ann Host", "Call between Ann Host and Jane Roe (moved)", ""] {
            let other = Booking { title: title.into(), ..booking() };
            assert_eq!(title_with(&other, &dana()), title);
        }
    }

    #[test]
    fn an_attendee_without_a_name_is_told_by_email_before_and_after() {
        let attendee = Attendee { name: " ".into(), ..booking().attendee };
        let title = meeting_title("Intro between jobs", "Ann Host", &attendee);
        assert!(title.ends_with("between Ann Host and jane@acme.example"), "{title}");
        let was = Booking { title, attendee, organizer: Organizer { name: "Ann Host".into(), ..dana() }, ..booking() };
        assert_eq!(title_with(&was, &dana()), "Intro between jobs between Dana Host and jane@acme.example");
    }
}
