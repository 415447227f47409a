//! Bookings that go to the host who is decided: booking, turn, decision and the sync they need are one transaction (spec 7).

use domain::booking::{Booking, BookingChange, BookingId, ChangeKind, RecordedBooking};
use domain::round_robin::HostId;
use domain::routing::{RoutingDecision, RoutingTrace};
use jiff::{SignedDuration, Timestamp};

use super::api_requests::{self, ApiRequest};
use super::database::sql;
use super::deciding::{Routing, Slot, decide_now, turn_of};
use super::routing_decisions::{Entered, insert};
use super::{
    Asked, NewChange, RecordedChange, Store, StoreError, Told, booking_actions, booking_changes, bookings, micros,
    rotation,
};

/// How long a decision is kept that nobody has booked by.
const KEPT_OPEN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What booking with a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutedBooking {
    /// The booking is made.
    Recorded(BookingId),
    /// No host is enabled and free; a sentence that says so.
    NobodyFree(String),
    /// No event type has that slug any more.
    UnknownEventType,
    /// Another request with the same key has been recorded since; nothing was changed.
    MadeMeanwhile,
}

/// A decision that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision's id.
    pub id: String,
    /// What was decided.
    pub decision: RoutingDecision,
    /// How.
    pub trace: RoutingTrace,
}

impl Store {
    /// Makes a booking with the host that is decided here and now, on the turns as they stand: booking, turn, decision and the
    /// sync it needs are one transaction. `book` gives the booking with a host.
    pub async fn book_routed(
        &self,
        routing: &Routing,
        slug: &str,
        book: impl FnOnce(&HostId) -> Option<Booking>,
        request: Option<&ApiRequest>,
        now: Timestamp,
    ) -> Result<RoutedBooking, StoreError> {
        let mut tx = self.begin().await?;
        let made = decide_now(&mut tx, routing, now).await?;
        let Some(booking) = made.decision.host.as_ref().and_then(book) else {
            return Ok(RoutedBooking::NobodyFree(made.trace.sentence));
        };
        let change = BookingChange { kind: ChangeKind::Created, occurred_at: now, booking };
        let event_type_slug = slug.to_owned();
        let new =
            NewChange { identity: None, event_type_slug, change, made_at: now, decision: None, told: Told::Happened };
        let RecordedChange::Recorded(id) = booking_changes::record_change(&mut tx, new, now).await? else {
            return Ok(RoutedBooking::UnknownEventType);
        };
        turn_of(&mut tx, &routing.event_type_id, routing.rotation.switches, (&made.decision, &id), now).await?;
        insert(&mut tx, routing, &made, (Entered::Api, Some(&id)), now).await?;
        if let Some(request) = request
            && !api_requests::remember(&mut tx, request, &id, now).await?
        {
            return Ok(RoutedBooking::MadeMeanwhile);
        }
        tx.commit().await?;
        Ok(RoutedBooking::Recorded(id))
    }

    /// Gives a booking to the host that is decided here and now. Its turn before is given back first; a new one is taken where
    /// the decision is one of rotation. `change` gives the booking with that host; `None` from it leaves the booking as it is.
    pub async fn reassign<R>(
        &self,
        (id, admits): (&str, impl Fn(i64) -> bool),
        routing: &Routing,
        change: impl FnOnce(&RecordedBooking, Option<&HostId>) -> Result<Option<RecordedBooking>, R>,
        request: Option<&ApiRequest>,
        now: Timestamp,
    ) -> Result<Asked<R>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(known) = bookings::by_id(&mut tx, id).await? else { return Ok(Asked::Unknown) };
        if !admits(known.version) {
            return Ok(Asked::OtherVersion(known.version));
        }
        // It was moved while this was gathered: whoever was found free is so at another time.
        let Booking { start, end, .. } = known.recorded.booking;
        if routing.slot.is_some_and(|slot| slot != Slot { start, end }) {
            return Ok(Asked::OtherVersion(known.version));
        }
        rotation::give_back(&mut tx, &routing.event_type_id, id, now).await?;
        let made = decide_now(&mut tx, routing, now).await?;
        let changed = match change(&known.recorded, made.decision.host.as_ref()) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Asked::Refused(refused)),
        };
        booking_actions::write(&mut tx, &known, changed.as_ref(), now).await?;
        let booking = BookingId(id.to_owned());
        turn_of(&mut tx, &routing.event_type_id, routing.rotation.switches, (&made.decision, &booking), now).await?;
        insert(&mut tx, routing, &made, (Entered::Reassigned, Some(&booking)), now).await?;
        if let Some(request) = request
            && !api_requests::remember(&mut tx, request, &booking, now).await?
        {
            return Ok(Asked::MadeMeanwhile);
        }
        tx.commit().await?;
        Ok(Asked::Done(changed.is_some()))
    }

    /// Keeps a decision whose booking is made elsewhere.
    pub async fn keep_decision(&self, routing: &Routing, now: Timestamp) -> Result<Decided, StoreError> {
        let mut tx = self.begin().await?;
        let made = decide_now(&mut tx, routing, now).await?;
        sql("DELETE FROM routing_decision WHERE booking_id IS NULL AND created_at < $1")
            .bind(micros(now - KEPT_OPEN))
            .run(&mut tx)
            .await?;
        let id = insert(&mut tx, routing, &made, (Entered::Link, None), now).await?;
        tx.commit().await?;
        Ok(Decided { id, decision: made.decision, trace: made.trace })
    }
}
