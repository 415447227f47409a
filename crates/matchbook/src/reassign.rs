//! A booking goes to another host: routed again, or to a chosen one; the owner of its Event follows (spec 7).

use domain::booking::Organizer;
use domain::booking_action::{BookingAction, NotNow, act};
use domain::round_robin::HostId;
use domain::routing::NamedBy;

use crate::app::App;
use crate::routing::{self, Asker, RoutingRequest};
use crate::store::{ApiRequest, Asked, BookingRow, EventType, Host, Slot, StoreError};

/// Which booking goes to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reassignment<'a> {
    /// The booking.
    pub(crate) row: &'a BookingRow,
    /// Its event type.
    pub(crate) event_type: &'a EventType,
    /// All hosts.
    pub(crate) hosts: &'a [Host],
    /// To whom; none: it is routed again.
    pub(crate) to: Option<&'a Host>,
}

/// Gives the booking to its new host, if its version is one that `admits` accepts.
pub(crate) async fn reassign(
    app: &App,
    reassignment: &Reassignment<'_>,
    admits: impl Fn(i64) -> bool,
    request: Option<&ApiRequest>,
) -> Result<Asked<NotNow>, StoreError> {
    let Reassignment { row, event_type, hosts, to } = *reassignment;
    let booking = &row.booking;
    let routing = RoutingRequest {
        event_type,
        email: Some(booking.attendee.email.clone()),
        slot: Some(Slot { start: booking.start, end: booking.end }),
        place: booking.place.clone(),
        answers: &booking.answers,
        form_answers: &booking.form_answers,
        instead_of: Some(&row.id.0),
        named: to.map(|host| (HostId(host.id.clone()), NamedBy::Hand)),
        asker: Asker::SignedIn,
    };
    let routing = routing::gather(&app.lookups, &routing).await?;
    let now = app.clock.now();
    let change = |recorded: &_, host: Option<&HostId>| {
        let host = host.and_then(|id| hosts.iter().find(|host| host.id == id.0)).ok_or(NotNow::NobodyFree)?;
        act(recorded, BookingAction::Reassign { organizer: Organizer::from(host) }, now)
    };
    let asked = app.store.reassign((&row.id.0, admits), &routing, change, request, now).await?;
    if asked == Asked::Done(true) {
        app.engine.wake();
    }
    Ok(asked)
}
