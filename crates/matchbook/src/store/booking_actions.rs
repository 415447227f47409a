//! Changes of a booking that people ask for here.

use domain::booking::{BookingId, RecordedBooking};
use jiff::Timestamp;

use super::bookings::KnownBooking;
use super::{ApiRequest, Store, StoreError, Tx, api_requests, bookings, event_types, outbox};

/// What asking for a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked<R> {
    /// The booking is as was asked for; `true` says that something changed.
    Done(bool),
    /// No booking has this id.
    Unknown,
    /// It is of another version by now: this one.
    OtherVersion(i64),
    /// It was not done, for this reason.
    Refused(R),
    /// Another request with the same key has been recorded since; nothing was changed.
    MadeMeanwhile,
}

impl Store {
    /// Changes a booking as `decide` says, with the sync it needs and the request, in one transaction. `None` from it leaves
    /// the booking as it is.
    pub async fn ask_change<R>(
        &self,
        id: &str,
        admits: impl Fn(i64) -> bool,
        decide: impl FnOnce(&RecordedBooking) -> Result<Option<RecordedBooking>, R>,
        request: Option<&ApiRequest>,
        now: Timestamp,
    ) -> Result<Asked<R>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(known) = bookings::by_id(&mut tx, id).await? else { return Ok(Asked::Unknown) };
        if !admits(known.version) {
            return Ok(Asked::OtherVersion(known.version));
        }
        let changed = match decide(&known.recorded) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Asked::Refused(refused)),
        };
        write(&mut tx, &known, changed.as_ref(), now).await?;
        if let Some(request) = request
            && !api_requests::remember(&mut tx, request, &BookingId(id.to_owned()), now).await?
        {
            return Ok(Asked::MadeMeanwhile);
        }
        tx.commit().await?;
        Ok(Asked::Done(changed.is_some()))
    }
}

/// Writes a booking as it is changed, and the sync that it needs; none leaves it as it is.
pub(super) async fn write(
    tx: &mut Tx,
    known: &KnownBooking,
    changed: Option<&RecordedBooking>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(changed) = changed else { return Ok(()) };
    bookings::update(tx, &known.id, changed, now).await?;
    if let Some(connection_id) = event_types::of_booking(tx, &known.id).await?.connection_id {
        outbox::enqueue(tx, &known.id, &connection_id, &changed.booking, known.version + 1, now).await?;
    }
    Ok(())
}
