//! Times as text in UTC, marked up so that the script can show them in the viewer's zone.

use domain::booking::Booking;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// A day and a time: `Mon 3 Aug 2026, 09:30 UTC`.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(iso(at)) data-shows="moment" { (utc(at, "%a %-d %b %Y, %H:%M")) " UTC" } }
}

/// A time to the second: `3 Aug, 09:30:02 UTC`.
pub(super) fn second(at: Timestamp) -> Markup {
    html! { time datetime=(iso(at)) data-shows="second" { (utc(at, "%-d %b, %H:%M:%S")) " UTC" } }
}

/// From when to when: `Mon 3 Aug 2026, 09:30 – 10:00 UTC`.
pub(super) fn span(start: Timestamp, end: Timestamp) -> Markup {
    let same_day = utc(start, "%F") == utc(end, "%F");
    html! {
        span {
            time datetime=(iso(start)) data-shows="start" { (utc(start, "%a %-d %b %Y, %H:%M")) }
            " – "
            time datetime=(iso(end)) data-shows="end" data-start=(iso(start)) {
                (utc(end, if same_day { "%H:%M" } else { "%a %-d %b %Y, %H:%M" })) " UTC"
            }
        }
    }
}

/// When a booking is for its attendee, where their zone is known: `11:30 on Mon 3 Aug in Europe/Berlin`.
pub(super) fn for_attendee(booking: &Booking) -> Option<String> {
    let name = booking.attendee.time_zone.as_deref()?;
    let zone = TimeZone::get(name).ok()?;
    Some(format!("{} in {name}", booking.start.to_zoned(zone).strftime("%H:%M on %a %-d %b")))
}

fn iso(at: Timestamp) -> String {
    utc(at, "%Y-%m-%dT%H:%M:%SZ")
}

fn utc(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_span_names_its_day_once_and_its_zone() {
        let shown = span(at("2026-08-03T09:30:00Z"), at("2026-08-03T10:00:00Z")).into_string();
        assert!(shown.contains(">Mon 3 Aug 2026, 09:30<"), "{shown}");
        assert!(shown.contains(">10:00 UTC<"), "{shown}");
        assert!(shown.contains("datetime=\"2026-08-03T09:30:00Z\""), "{shown}");
    }

    #[test]
    fn a_span_over_midnight_names_both_days() {
        let shown = span(at("2026-08-03T23:30:00Z"), at("2026-08-04T00:30:00Z")).into_string();
        assert!(shown.contains(">Tue 4 Aug 2026, 00:30 UTC<"), "{shown}");
    }
}
