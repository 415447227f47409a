//! A booking: the state that its source wants, and how changes that arrive in any order become it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::email_domain::EmailAddress;
use crate::geo::Geo;

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
    /// It waits for its host's word, or for its payment.
    Requested,
    /// It takes place.
    Accepted,
    /// The host declined it.
    Rejected,
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
    /// The phone number, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
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
    /// The answers to a routing form that led to the booking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form_answers: Vec<BookingAnswer>,
    /// UTM parameters by their names without `utm_`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub utm: BTreeMap<String, String>,
    /// Where the booker was, as far as their browser's request told or an API caller stated it. No webhook says it.
    #[serde(default, skip_serializing_if = "Geo::is_empty")]
    pub place: Geo,
    /// Why it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
}

/// What happened to a booking. Where two changes carry the same instant, the later kind here wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Asked for, and not confirmed yet.
    Requested,
    /// Booked, or confirmed.
    Created,
    /// Moved to another time, or to another host.
    Rescheduled,
    /// Declined by the host.
    Rejected,
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
    /// What is known of it besides.
    pub marks: Marks,
}

/// What is known of a booking besides its latest state. Each mark adds up the same in any order of arrival.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// When it was booked, by the source's clock: the instant of its first kind of change, and that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<(ChangeKind, Timestamp)>,
    /// It was requested at some time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
    /// It was confirmed at some time: it took place, or was to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
    /// It proved to be another booking, which goes on in its place (spec 10): nothing was cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_another: bool,
    /// Who was marked as a no-show, or no longer is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub no_shows: BTreeMap<EmailAddress, NoShow>,
}

/// Whether somebody did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoShow {
    /// When they were marked, by the source's clock.
    pub marked_at: Timestamp,
    /// They did not come; false takes an earlier mark back.
    pub absent: bool,
}

/// Attendees of a booking were marked as no-shows, or no longer are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoShowChange {
    /// When, by the source's clock.
    pub occurred_at: Timestamp,
    /// Who, and whether they did not come.
    pub absent: BTreeMap<EmailAddress, bool>,
}

impl Marks {
    /// A booking is made by being requested or created; of two that say so, the one that was told first counts.
    fn add_instant(&mut self, kind: ChangeKind, at: Timestamp) {
        if self.created.is_none_or(|(known, _)| kind < known) {
            self.created = Some((kind, at));
        }
    }

    fn add_status(&mut self, status: BookingStatus) {
        self.requested |= status == BookingStatus::Requested;
        self.confirmed |= status == BookingStatus::Accepted;
    }

    fn add_no_show(&mut self, email: &EmailAddress, mark: NoShow) {
        let latest = self.no_shows.entry(email.clone()).or_insert(mark);
        *latest = (*latest).max(mark);
    }

    /// Whether this person did not come; `None` while nobody has said so.
    pub fn no_show(&self, email: &EmailAddress) -> Option<bool> {
        self.no_shows.get(email).map(|mark| mark.absent)
    }

    /// The marks of two bookings that prove to be one.
    pub fn merged(&self, other: &Marks) -> Marks {
        let mut both = self.clone();
        other.created.into_iter().for_each(|(kind, at)| both.add_instant(kind, at));
        both.requested |= other.requested;
        both.confirmed |= other.confirmed;
        for (email, mark) in &other.no_shows {
            both.add_no_show(email, *mark);
        }
        both
    }
}

impl RecordedBooking {
    /// A booking that was asked for and came to nothing before its host's word: nothing was to be written for it (spec 4.7).
    pub fn never_confirmed(&self) -> bool {
        match self.booking.status {
            BookingStatus::Requested | BookingStatus::Cancelled => self.marks.requested && !self.marks.confirmed,
            BookingStatus::Rejected => !self.marks.confirmed,
            BookingStatus::Accepted => false,
        }
    }

    /// When it was cancelled or declined, by the source's clock.
    pub fn cancelled_at(&self) -> Option<Timestamp> {
        let over = matches!(self.booking.status, BookingStatus::Cancelled | BookingStatus::Rejected);
        over.then_some(self.changed_at)
    }

    /// Whether the attendee did not come; `None` while nobody has said so.
    pub fn no_show(&self) -> Option<bool> {
        self.marks.no_show(&self.booking.attendee.email)
    }
}

/// Takes a change into account. `None` says that it alters nothing, since a later one is already known: whatever order
/// changes arrive in, the booking ends the same (spec 10).
pub fn apply_change(recorded: Option<&RecordedBooking>, change: BookingChange) -> Option<RecordedBooking> {
    let mut marks = recorded.map(|known| known.marks.clone()).unwrap_or_default();
    marks.add_status(change.booking.status);
    marks.add_instant(change.kind, change.occurred_at);
    match recorded {
        Some(known) if (change.occurred_at, change.kind) <= (known.changed_at, known.changed_by) => {
            (marks != known.marks).then(|| RecordedBooking { marks, ..known.clone() })
        }
        _ => {
            let BookingChange { kind, occurred_at, mut booking } = change;
            // Sources do not tell from where somebody books; what was found out once stays.
            if let Some(known) = recorded.filter(|_| booking.place.is_empty()) {
                booking.place = known.booking.place.clone();
            }
            Some(RecordedBooking { booking, changed_at: occurred_at, changed_by: kind, marks })
        }
    }
}

/// Takes what a source shows of a booking, when asked, into account. It comes without what happened, and its latest change may
/// be one that no change tells of. So it is news only where it differs in what a meeting is: whether and when it takes place,
/// with whom. Else, and for all other parts, the word of changes stays: they say more. Who is `absent` is news while nobody
/// has said a word about them. `None` says that nothing is news.
pub fn apply_shown(
    recorded: Option<&RecordedBooking>,
    shown: BookingChange,
    absent: &NoShowChange,
) -> Option<RecordedBooking> {
    let changed = match recorded {
        None => apply_change(None, shown),
        Some(known) if is_same_meeting(&known.booking, &shown.booking) => None,
        Some(known) => {
            let booking = laid_over(&known.booking, shown.booking);
            apply_change(Some(known), BookingChange { booking, ..shown })
        }
    };
    let latest = changed.as_ref().or(recorded)?;
    let mut new = absent.clone();
    new.absent.retain(|email, _| latest.marks.no_show(email).is_none());
    apply_partial(latest, &PartialChange::NoShows(new)).or(changed)
}

fn is_same_meeting(known: &Booking, shown: &Booking) -> bool {
    let what = |booking: &Booking| (booking.status, booking.start, booking.end);
    what(known) == what(shown) && known.organizer.email == shown.organizer.email
}

/// What is known of a booking, with what its source shows of the meeting itself.
fn laid_over(known: &Booking, shown: Booking) -> Booking {
    let organizer =
        if known.organizer.email == shown.organizer.email { known.organizer.clone() } else { shown.organizer };
    Booking {
        status: shown.status,
        title: shown.title,
        start: shown.start,
        end: shown.end,
        location: shown.location.or_else(|| known.location.clone()),
        organizer,
        cancel_reason: shown.cancel_reason,
        ..known.clone()
    }
}

/// A change that says little more than what happened: the booking itself must be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialChange {
    /// It was called off.
    Cancelled {
        /// When, by the source's clock.
        occurred_at: Timestamp,
        /// Why, if the source says so.
        reason: Option<String>,
    },
    /// Who did not come.
    NoShows(NoShowChange),
}

/// Takes a partial change of a known booking into account. `None` says that it alters nothing.
pub fn apply_partial(recorded: &RecordedBooking, change: &PartialChange) -> Option<RecordedBooking> {
    match change {
        PartialChange::Cancelled { occurred_at, reason } => {
            let was = recorded.booking.clone();
            let cancel_reason = reason.clone().or_else(|| was.cancel_reason.clone());
            let booking = Booking { status: BookingStatus::Cancelled, cancel_reason, ..was };
            let change = BookingChange { kind: ChangeKind::Cancelled, occurred_at: *occurred_at, booking };
            apply_change(Some(recorded), change)
        }
        PartialChange::NoShows(change) => {
            let mut marks = recorded.marks.clone();
            for (email, absent) in &change.absent {
                marks.add_no_show(email, NoShow { marked_at: change.occurred_at, absent: *absent });
            }
            (marks != recorded.marks).then(|| RecordedBooking { marks, ..recorded.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_plan::examples::booking;

    fn change(kind: ChangeKind, second: i64) -> BookingChange {
        let status = match kind {
            ChangeKind::Requested => BookingStatus::Requested,
            ChangeKind::Created | ChangeKind::Rescheduled => BookingStatus::Accepted,
            ChangeKind::Rejected => BookingStatus::Rejected,
            ChangeKind::Cancelled => BookingStatus::Cancelled,
        };
        let occurred_at = Timestamp::from_second(second).expect("in range");
        BookingChange {
            kind,
            occurred_at,
            booking: Booking { status, title: format!("{kind:?} {second}"), ..booking() },
        }
    }

    fn in_every_order(changes: &[BookingChange]) -> RecordedBooking {
        let mut ends = permutations(changes.len()).into_iter().map(|order| {
            let mut recorded = None;
            for at in order.iter().chain(&order) {
                recorded = apply_change(recorded.as_ref(), changes[*at].clone()).or(recorded);
            }
            (recorded.expect("something was recorded"), order)
        });
        let (first, _) = ends.next().expect("one order at least");
        ends.for_each(|(end, order)| assert_eq!(end, first, "arrival order {order:?}"));
        first
    }

    #[test]
    fn every_order_of_arrival_ends_in_the_same_booking() {
        use ChangeKind::{Cancelled, Created, Rejected, Requested, Rescheduled};
        let changes = [change(Created, 1), change(Rescheduled, 2), change(Rescheduled, 3), change(Cancelled, 3)];
        assert_eq!(in_every_order(&changes).booking.title, "Cancelled 3");
        let refused = in_every_order(&[change(Requested, 1), change(Rejected, 2)]);
        assert!(refused.never_confirmed(), "a request that was declined writes nothing");
        let confirmed = in_every_order(&[change(Requested, 1), change(Created, 2), change(Rejected, 3)]);
        assert!(!confirmed.never_confirmed(), "what was confirmed before it was declined was written");
        assert!(!in_every_order(&[change(Cancelled, 3)]).never_confirmed(), "a cancel alone is of a confirmed booking");
    }

    #[test]
    fn the_latest_mark_of_a_no_show_counts_in_any_order() {
        let booked = apply_change(None, change(ChangeKind::Created, 1)).expect("recorded");
        let mark = |second, absent| {
            let occurred_at = Timestamp::from_second(second).expect("in range");
            let absent = [(booked.booking.attendee.email.clone(), absent)].into();
            PartialChange::NoShows(NoShowChange { occurred_at, absent })
        };
        let (marked, taken_back) = (mark(5, true), mark(6, false));
        for order in [[&marked, &taken_back, &marked], [&taken_back, &marked, &taken_back]] {
            let end = order.iter().fold(booked.clone(), |known, change| apply_partial(&known, change).unwrap_or(known));
            assert_eq!(end.no_show(), Some(false));
        }
        assert_eq!(booked.no_show(), None, "nobody has said so");
    }

    #[test]
    fn what_a_source_shows_is_news_only_where_the_meeting_differs() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let nobody = NoShowChange { occurred_at: at(9), absent: BTreeMap::new() };
        let jane = NoShowChange { occurred_at: at(9), absent: [(booking().attendee.email, true)].into() };
        let known = apply_change(None, change(ChangeKind::Created, 1)).expect("recorded");
        let same = change(ChangeKind::Created, 5);
        assert_eq!(apply_shown(Some(&known), same.clone(), &nobody), None, "another title alone is no news");
        let cancelled = apply_shown(Some(&known), change(ChangeKind::Cancelled, 5), &nobody).expect("news");
        assert_eq!(cancelled.booking.status, BookingStatus::Cancelled);
        assert_eq!(cancelled.booking.answers, known.booking.answers);
        assert_eq!(
            apply_shown(Some(&cancelled), change(ChangeKind::Created, 4), &nobody),
            None,
            "the later word stays"
        );
        let marked = apply_shown(Some(&known), same.clone(), &jane).expect("news");
        assert_eq!((marked.no_show(), &marked.booking), (Some(true), &known.booking));
        let taken_back = NoShowChange { occurred_at: at(7), absent: [(booking().attendee.email, false)].into() };
        let came = apply_partial(&known, &PartialChange::NoShows(taken_back)).expect("news");
        assert_eq!(apply_shown(Some(&came), same, &jane), None, "somebody has said that Jane came");
        let new = apply_shown(None, change(ChangeKind::Created, 1), &jane).expect("news");
        assert_eq!(new.no_show(), Some(true));
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
