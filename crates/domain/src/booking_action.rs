//! What people do to a booking here, and when it makes sense. A booking's source may not agree: that is for the caller to know.

use jiff::{SignedDuration, Timestamp};

use crate::booking::{
    Booking, BookingChange, BookingStatus, ChangeKind, NoShowChange, Organizer, PartialChange, RecordedBooking,
    apply_change, apply_partial,
};
use crate::meeting_title::title_with;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingAction {
    /// Move it; it stays as long as it was.
    Reschedule {
        /// When it starts from now on.
        start: Timestamp,
        /// Whose meeting it is from now on, if that changes.
        organizer: Option<Organizer>,
    },
    /// Give it to another host.
    Reassign {
        /// Whose meeting it is from now on.
        organizer: Organizer,
    },
    /// Call it off.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// Say whether the attendee came.
    MarkNoShow {
        /// They did not; false takes an earlier mark back.
        absent: bool,
    },
}

/// Why it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// It was cancelled or declined.
    CalledOff,
    /// Nobody can have missed what has not started.
    NotStarted,
    /// Its end would be later than any time that can be written.
    TooLate,
    /// No host is enabled and free.
    NobodyFree,
}

/// The booking as an action leaves it; `None` says that it is so already.
pub fn act(
    recorded: &RecordedBooking,
    action: BookingAction,
    now: Timestamp,
) -> Result<Option<RecordedBooking>, NotNow> {
    let was = &recorded.booking;
    let called_off = matches!(was.status, BookingStatus::Cancelled | BookingStatus::Rejected);
    let (kind, booking) = match action {
        BookingAction::Cancel { .. } if called_off => return Ok(None),
        _ if called_off => return Err(NotNow::CalledOff),
        BookingAction::MarkNoShow { absent } => return mark_no_show(recorded, absent, now),
        BookingAction::Reschedule { start, organizer } => (ChangeKind::Rescheduled, moved(was, start, organizer)?),
        BookingAction::Reassign { organizer } => (ChangeKind::Rescheduled, moved(was, was.start, Some(organizer))?),
        BookingAction::Cancel { reason } => {
            let cancel_reason = reason.or_else(|| was.cancel_reason.clone());
            (ChangeKind::Cancelled, Booking { status: BookingStatus::Cancelled, cancel_reason, ..was.clone() })
        }
    };
    if booking == *was {
        return Ok(None);
    }
    let occurred_at = now.max(after(recorded.changed_at)?);
    Ok(apply_change(Some(recorded), BookingChange { kind, occurred_at, booking }))
}

fn mark_no_show(recorded: &RecordedBooking, absent: bool, now: Timestamp) -> Result<Option<RecordedBooking>, NotNow> {
    if absent && now < recorded.booking.start {
        return Err(NotNow::NotStarted);
    }
    let email = &recorded.booking.attendee.email;
    let known = recorded.marks.no_shows.get(email);
    if known.map_or(!absent, |mark| mark.absent == absent) {
        return Ok(None);
    }
    let occurred_at = known.map_or(Ok(now), |mark| after(mark.marked_at).map(|after| now.max(after)))?;
    let change = NoShowChange { occurred_at, absent: [(email.clone(), absent)].into() };
    Ok(apply_partial(recorded, &PartialChange::NoShows(change)))
}

/// Changes are put in order by their time: a new one comes after what it was decided on, whatever the clock says.
fn after(known: Timestamp) -> Result<Timestamp, NotNow> {
    known.checked_add(SignedDuration::from_micros(1)).map_err(|_| NotNow::TooLate)
}

fn moved(was: &Booking, start: Timestamp, organizer: Option<Organizer>) -> Result<Booking, NotNow> {
    let end = start.checked_add(was.end.duration_since(was.start)).map_err(|_| NotNow::TooLate)?;
    let organizer = organizer.unwrap_or_else(|| was.organizer.clone());
    Ok(Booking { title: title_with(was, &organizer), start, end, organizer, ..was.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::Marks;
    use crate::sync_plan::examples::booking;

    fn recorded() -> RecordedBooking {
        RecordedBooking {
            booking: booking(),
            changed_at: at(1_000),
            changed_by: ChangeKind::Rescheduled,
            marks: Marks::default(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn reschedule(start: Timestamp) -> BookingAction {
        BookingAction::Reschedule { start, organizer: None }
    }

    #[test]
    fn a_moved_booking_stays_as_long_as_it_was() {
        let was = recorded();
        let is = act(&was, reschedule(at(5_000)), at(2_000)).expect("it can be moved").expect("it changes");
        assert_eq!((is.booking.start, is.changed_at), (at(5_000), at(2_000)));
        let length = |booking: &Booking| booking.end.duration_since(booking.start);
        assert_eq!(length(&is.booking), length(&was.booking));
        assert_eq!(act(&was, reschedule(was.booking.start), at(2_000)), Ok(None), "it stands there already");
        assert_eq!(act(&was, reschedule(Timestamp::MAX), at(2_000)), Err(NotNow::TooLate));
    }

    #[test]
    fn a_booking_that_is_given_to_another_host_is_called_by_them() {
        let dana = Organizer { name: "Dana Host".into(), ..booking().organizer };
        for action in [
            BookingAction::Reassign { organizer: dana.clone() },
            BookingAction::Reschedule { start: at(5_000), organizer: Some(dana) },
        ] {
            let is = act(&recorded(), action, at(2_000)).expect("it can be given").expect("it changes").booking;
            assert_eq!(
                (is.title.as_str(), is.organizer.name.as_str()),
                ("Discovery Call between Dana Host and Jane Roe", "Dana Host")
            );
        }
    }

    #[test]
    fn what_was_called_off_is_not_moved_and_not_called_off_again() {
        let cancel = |reason: &str| BookingAction::Cancel { reason: Some(reason.into()) };
        let off = act(&recorded(), cancel("ill"), at(2_000)).expect("it can be cancelled").expect("it changes");
        assert_eq!(off.booking.cancel_reason.as_deref(), Some("ill"));
        assert_eq!(act(&off, cancel("late"), at(3_000)), Ok(None));
        assert_eq!(act(&off, reschedule(at(5_000)), at(3_000)), Err(NotNow::CalledOff));
        let declined = Booking { status: BookingStatus::Rejected, ..booking() };
        let declined = RecordedBooking { booking: declined, ..recorded() };
        assert_eq!(act(&declined, reschedule(at(5_000)), at(3_000)), Err(NotNow::CalledOff));
    }

    #[test]
    fn an_action_is_news_even_by_a_clock_that_went_back() {
        let was = recorded();
        for now in [at(1), was.changed_at, at(2_000)] {
            let is = act(&was, reschedule(at(5_000)), now).expect("it can be moved");
            assert_eq!(is.expect("it changes").booking.start, at(5_000), "at {now}");
        }
    }

    #[test]
    fn nobody_misses_what_has_not_started_and_a_mark_can_be_taken_back() {
        let mark = |absent| BookingAction::MarkNoShow { absent };
        let (was, start) = (recorded(), recorded().booking.start);
        assert_eq!(act(&was, mark(true), start - SignedDuration::from_secs(1)), Err(NotNow::NotStarted));
        assert_eq!(act(&was, mark(false), start), Ok(None), "nobody said so");
        let absent = act(&was, mark(true), start).expect("it has started").expect("it is news");
        assert_eq!(absent.no_show(), Some(true));
        assert_eq!(act(&absent, mark(true), start), Ok(None));
        let back = act(&absent, mark(false), start).expect("it can be taken back").expect("it is news");
        assert_eq!(back.no_show(), Some(false), "even in the same moment");
    }
}
