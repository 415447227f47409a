//! When hosts are free, by their weekly hours and their bookings (spec 7: the horizon; spec 10).

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

/// When a host can be met.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Where the host's day is told.
    pub zone: TimeZone,
    /// Their hours; none: never.
    pub hours: Vec<Hours>,
    /// From when to when they are taken, in any order.
    pub busy: Vec<(Timestamp, Timestamp)>,
}

/// Hours of one day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The day.
    pub day: Weekday,
    /// From.
    pub from: Time,
    /// To; later on the same day.
    pub to: Time,
}

impl Calendar {
    /// Whether a meeting fits into the hours and meets no other.
    pub fn is_free_at(&self, start: Timestamp, end: Timestamp) -> bool {
        let (begins, ends) = (start.to_zoned(self.zone.clone()), end.to_zoned(self.zone.clone()));
        self.hours.iter().any(|hours| hours.hold(&begins, &ends))
            && self.busy.iter().all(|(from, to)| end <= *from || *to <= start)
    }

    /// Whether some meeting of this length fits that starts in time. If any does, one does that starts as early as it can: at once,
    /// as hours begin, or as another meeting ends.
    pub fn is_free_within(&self, length: SignedDuration, from: Timestamp, until: Timestamp) -> bool {
        let days = self.day(from).series(1.day()).take_while(|day| *day <= self.day(until));
        let begins = days.flat_map(|day| {
            let hours = self.hours.iter().filter(move |hours| hours.day == day.weekday());
            hours.filter_map(move |hours| {
                Some(day.to_datetime(hours.from).to_zoned(self.zone.clone()).ok()?.timestamp())
            })
        });
        let mut starts = [from].into_iter().chain(begins).chain(self.busy.iter().map(|(_, to)| *to));
        starts.any(|start| {
            let end = start.checked_add(length);
            from <= start && start <= until && end.is_ok_and(|end| self.is_free_at(start, end))
        })
    }

    fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

/// The hours with those of one day that touch as one, so that a meeting can lie across both.
pub fn joined(mut hours: Vec<Hours>) -> Vec<Hours> {
    hours.sort_by_key(|hours| (hours.day.to_monday_zero_offset(), hours.from, hours.to));
    let mut joined: Vec<Hours> = Vec::new();
    for next in hours {
        match joined.last_mut() {
            Some(last) if last.day == next.day && next.from <= last.to => last.to = last.to.max(next.to),
            _ => joined.push(next),
        }
    }
    joined
}

impl Hours {
    /// Whether a meeting lies within these hours of its day.
    fn hold(&self, begins: &Zoned, ends: &Zoned) -> bool {
        let same_day = begins.date() == ends.date();
        same_day && begins.weekday() == self.day && self.from <= begins.time() && ends.time() <= self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn calendar(busy: &[(&str, &str)]) -> Calendar {
        let at = |text: &str| text.parse().expect("an instant");
        let hours =
            [Weekday::Monday, Weekday::Tuesday].map(|day| Hours { day, from: time(9, 0, 0, 0), to: time(17, 0, 0, 0) });
        Calendar {
            zone: TimeZone::get("Europe/Berlin").expect("a zone"),
            hours: hours.into(),
            busy: busy.iter().map(|(from, to)| (at(from), at(to))).collect(),
        }
    }

    fn free(calendar: &Calendar, start: &str, end: &str) -> bool {
        calendar.is_free_at(start.parse().expect("an instant"), end.parse().expect("an instant"))
    }

    #[test]
    fn a_meeting_fits_into_the_hours_of_the_hosts_own_day() {
        let calendar = calendar(&[("2026-05-04T08:00:00Z", "2026-05-04T08:30:00Z")]);
        assert!(free(&calendar, "2026-05-04T07:00:00Z", "2026-05-04T07:30:00Z"), "nine in Berlin");
        assert!(!free(&calendar, "2026-05-04T06:30:00Z", "2026-05-04T07:30:00Z"), "begins before nine");
        assert!(!free(&calendar, "2026-05-04T14:45:00Z", "2026-05-04T15:15:00Z"), "ends after five");
        assert!(!free(&calendar, "2026-05-06T08:00:00Z", "2026-05-06T08:30:00Z"), "a Wednesday");
        assert!(!free(&calendar, "2026-05-04T08:15:00Z", "2026-05-04T08:45:00Z"), "meets another");
        assert!(free(&calendar, "2026-05-04T08:30:00Z", "2026-05-04T09:00:00Z"), "right after another");
    }

    #[test]
    fn a_meeting_can_lie_across_hours_that_touch_and_not_across_a_break() {
        let hours = |from, to| Hours { day: Weekday::Monday, from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) };
        let tuesday = Hours { day: Weekday::Tuesday, ..hours(17, 18) };
        let touching = joined(vec![hours(13, 17), tuesday, hours(9, 12), hours(12, 13), hours(18, 20)]);
        assert_eq!(touching, [hours(9, 17), hours(18, 20), tuesday]);
        let calendar = Calendar { hours: touching, ..calendar(&[]) };
        assert!(free(&calendar, "2026-05-04T09:45:00Z", "2026-05-04T10:15:00Z"), "across noon in Berlin");
        assert!(!free(&calendar, "2026-05-04T14:45:00Z", "2026-05-04T16:15:00Z"), "across the break at five");
    }

    #[test]
    fn the_horizon_holds_a_free_slot_or_not() {
        let within = |calendar: &Calendar, from: &str, until: &str| {
            let at = |text: &str| text.parse().expect("an instant");
            calendar.is_free_within(SignedDuration::from_mins(30), at(from), at(until))
        };
        assert!(!within(&calendar(&[]), "2026-05-06T00:00:00Z", "2026-05-09T00:00:00Z"), "no Monday or Tuesday in it");
        assert!(within(&calendar(&[]), "2026-05-06T00:00:00Z", "2026-05-12T00:00:00Z"));
        let gap = [("2026-05-11T07:00:00Z", "2026-05-11T08:20:00Z"), ("2026-05-11T08:50:00Z", "2026-05-13T00:00:00Z")];
        assert!(
            within(&calendar(&gap), "2026-05-06T00:00:00Z", "2026-05-12T23:00:00Z"),
            "from 8:20 to 8:50 all the same"
        );
        assert!(
            within(&calendar(&[]), "2026-05-11T14:25:00Z", "2026-05-11T15:00:00Z"),
            "at once, five minutes before it is too late"
        );
        assert!(!within(&calendar(&[]), "2026-05-11T14:35:00Z", "2026-05-11T15:00:00Z"));
        let full = calendar(&[("2026-05-11T00:00:00Z", "2026-05-13T00:00:00Z")]);
        assert!(!within(&full, "2026-05-06T00:00:00Z", "2026-05-12T23:00:00Z"));
    }
}
