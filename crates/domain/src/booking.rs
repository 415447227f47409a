//! A booking: the state that its source wants, and how changes that arrive in any order become it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::email_domain::EmailAddress;

/// Matchbook's own id of a booking. It never changes, and every Event carries it (spec 4.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BookingId(pub String);

impl fmt::Display for BookingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// It takes place.
    Accepted,
    /// It was cancelled.
    Cancelled,
}

/// The person who booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attendee {
    /// Where they are reached, and how Salesforce knows them.
    pub email: EmailAddress,
    /// The name in one piece, as the source sent it; may be empty.
    pub name: String,
    /// First name, where the source sends it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name, where the source sends it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// IANA time zone, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// The host of one booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organizer {
    /// By which the Salesforce user is found.
    pub email: EmailAddress,
    /// As the source shows it.
    pub name: String,
    /// IANA time zone, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// The answer to one booking question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookingAnswer {
    /// The question's slug.
    pub slug: String,
    /// The question as the booker saw it.
    pub label: String,
    /// The answer as text; several choices are joined by `, `.
    pub value: String,
}

/// What a booking is to be: its source's latest word on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Where it stands.
    pub status: BookingStatus,
    /// What the meeting is called.
    pub title: String,
    /// When it starts.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// A place or a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What the booker added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Who booked.
    pub attendee: Attendee,
    /// Whom they bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guests: Vec<EmailAddress>,
    /// Whose meeting it is.
    pub organizer: Organizer,
    /// The other answers, in the order of the questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<BookingAnswer>,
    /// Why it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
}

/// What happened to a booking. Where two changes carry the same instant, the later kind here wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Booked.
    Created,
    /// Moved to another time, or to another host.
    Rescheduled,
    /// Called off.
    Cancelled,
}

/// One change as a source tells it: the whole booking after it.
#[derive(Debug, Clone, PartialEq)]
pub struct BookingChange {
    /// What happened.
    pub kind: ChangeKind,
    /// When it happened, by the source's clock.
    pub occurred_at: Timestamp,
    /// The booking from then on.
    pub booking: Booking,
}

/// A booking with the place of its latest change in time.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedBooking {
    /// What is wanted now.
    pub booking: Booking,
    /// The latest change's instant by the source's clock.
    pub changed_at: Timestamp,
    /// The latest change's kind.
    pub changed_by: ChangeKind,
}

/// Takes a change into account. `None` says that a later change is already known, so that this one
/// alters nothing: whatever order changes arrive in, the booking ends the same (spec 10).
pub fn apply_change(recorded: Option<&RecordedBooking>, change: BookingChange) -> Option<RecordedBooking> {
    if let Some(known) = recorded
        && (change.occurred_at, change.kind) <= (known.changed_at, known.changed_by)
    {
        return None;
    }
    Some(RecordedBooking { booking: change.booking, changed_at: change.occurred_at, changed_by: change.kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_plan::examples::booking;

    fn change(kind: ChangeKind, second: i64) -> BookingChange {
        let status = if kind == ChangeKind::Cancelled { BookingStatus::Cancelled } else { BookingStatus::Accepted };
        let occurred_at = Timestamp::from_second(second).expect("in range");
        BookingChange {
            kind,
            occurred_at,
            booking: Booking { status, title: format!("{kind:?} {second}"), ..booking() },
        }
    }

    #[test]
    fn every_order_of_arrival_ends_in_the_same_booking() {
        use ChangeKind::{Cancelled, Created, Rescheduled};
        let changes = [change(Created, 1), change(Rescheduled, 2), change(Rescheduled, 3), change(Cancelled, 3)];
        for order in permutations(changes.len()) {
            let mut recorded = None;
            for at in order.iter().chain(&order) {
                recorded = apply_change(recorded.as_ref(), changes[*at].clone()).or(recorded);
            }
            let recorded = recorded.expect("something was recorded");
            assert_eq!(recorded.booking.title, "Cancelled 3", "arrival order {order:?}");
        }
    }

    fn permutations(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![vec![]];
        }
        permutations(n - 1)
            .into_iter()
            .flat_map(|p| {
                (0..n).map(move |at| {
                    let mut p = p.clone();
                    p.insert(at, n - 1);
                    p
                })
            })
            .collect()
    }
}
