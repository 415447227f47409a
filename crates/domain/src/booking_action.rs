//! What people do to a booking here, and when it makes sense. A booking's source may not agree: that is for the caller to know.

use jiff::{SignedDuration, Timestamp};

use crate::booking::{Booking, BookingChange, BookingStatus, ChangeKind, Organizer, RecordedBooking};

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
    /// Call it off.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
}

/// Why it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// What was called off is not moved.
    Cancelled,
    /// Its end would be later than any time that can be written.
    TooLate,
}

/// The change that an action makes of a booking; `None` says that it is so already.
pub fn act(recorded: &RecordedBooking, action: BookingAction, now: Timestamp) -> Result<Option<BookingChange>, NotNow> {
    let was = &recorded.booking;
    let cancelled = was.status == BookingStatus::Cancelled;
    let (kind, booking) = match action {
        BookingAction::Reschedule { .. } if cancelled => return Err(NotNow::Cancelled),
        BookingAction::Reschedule { start, organizer } => (ChangeKind::Rescheduled, moved(was, start, organizer)?),
        BookingAction::Cancel { .. } if cancelled => return Ok(None),
        BookingAction::Cancel { reason } => {
            let cancel_reason = reason.or_else(|| was.cancel_reason.clone());
            (ChangeKind::Cancelled, Booking { status: BookingStatus::Cancelled, cancel_reason, ..was.clone() })
        }
    };
    if booking == *was {
        return Ok(None);
    }
    // Changes are put in order by their time: this one comes after what it was decided on, whatever the clock says.
    let after = recorded.changed_at.checked_add(SignedDuration::from_micros(1)).map_err(|_| NotNow::TooLate)?;
    Ok(Some(BookingChange { kind, occurred_at: now.max(after), booking }))
}

fn moved(was: &Booking, start: Timestamp, organizer: Option<Organizer>) -> Result<Booking, NotNow> {
    let end = start.checked_add(was.end.duration_since(was.start)).map_err(|_| NotNow::TooLate)?;
    let organizer = organizer.unwrap_or_else(|| was.organizer.clone());
    Ok(Booking { start, end, organizer, ..was.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::{Marks, apply_change};
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
        let change = act(&was, reschedule(at(5_000)), at(2_000)).expect("it can be moved").expect("it changes");
        assert_eq!(change.booking.start, at(5_000));
        let length = |booking: &Booking| booking.end.duration_since(booking.start);
        assert_eq!(length(&change.booking), length(&was.booking));
        assert_eq!(act(&was, reschedule(was.booking.start), at(2_000)), Ok(None), "it stands there already");
        assert_eq!(act(&was, reschedule(Timestamp::MAX), at(2_000)), Err(NotNow::TooLate));
    }

    #[test]
    fn what_was_called_off_is_not_moved_and_not_called_off_again() {
        let cancel = |reason: &str| BookingAction::Cancel { reason: Some(reason.into()) };
        let change = act(&recorded(), cancel("ill"), at(2_000)).expect("it can be cancelled").expect("it changes");
        assert_eq!(change.booking.cancel_reason.as_deref(), Some("ill"));
        let off = apply_change(Some(&recorded()), change).expect("it is news");
        assert_eq!(act(&off, cancel("late"), at(3_000)), Ok(None));
        assert_eq!(act(&off, reschedule(at(5_000)), at(3_000)), Err(NotNow::Cancelled));
    }

    #[test]
    fn an_action_is_news_even_by_a_clock_that_went_back() {
        let was = recorded();
        for now in [at(1), was.changed_at, at(2_000)] {
            let change = act(&was, reschedule(at(5_000)), now).expect("it can be moved").expect("it changes");
            assert!(apply_change(Some(&was), change).is_some(), "at {now}");
        }
    }
}
