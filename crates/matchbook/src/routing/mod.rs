//! Who takes a booking: what a decision goes by is gathered here, and what it must know of the org is asked for, in time
//! (spec 7). The deciding is `domain::routing`'s, on the turns as they stand when the decision is stored.

mod hosts;
mod lookup;
pub(crate) mod shown;
pub(crate) mod stated;
pub(crate) mod supposed;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::account_resolution::{LookupSettings, ResolutionInput};
use domain::ask::Known;
use domain::booking::BookingAnswer;
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use domain::round_robin::HostId;
use domain::routing::{NamedBy, RoutingInput};
use domain::salesforce_settings::AttendeeRecordType;
use domain::tiebreak::Situation;

use crate::store::{EventType, Routing, Slot, StoreError};
pub(crate) use lookup::{Lookups, ShapeError};

/// Who is to take a booking of an event type?
#[derive(Debug, Clone)]
pub(crate) struct RoutingRequest<'a> {
    /// The event type.
    pub(crate) event_type: &'a EventType,
    /// Who books; none before they said so.
    pub(crate) email: Option<EmailAddress>,
    /// From when to when, where that is chosen.
    pub(crate) slot: Option<Slot>,
    /// Where the booker is, as far as that is known.
    pub(crate) place: Geo,
    /// What they answered.
    pub(crate) answers: &'a [BookingAnswer],
    /// What the booker answered to a form that led there.
    pub(crate) form_answers: &'a [BookingAnswer],
    /// The booking that is routed again, whose own time does not count as taken.
    pub(crate) instead_of: Option<&'a str>,
    /// The host, where somebody named them: then nothing is looked up.
    pub(crate) named: Option<(HostId, NamedBy)>,
    /// Who wants to know.
    pub(crate) asker: Asker,
}

/// Who wants to know who takes a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody who is not signed in: their look-ups are limited, and reused (spec 7).
    Anonymous {
        /// Whether the org may be asked for them; not where too many look-ups came from where they are.
        may_ask: bool,
    },
    /// A user, or who holds an API key.
    SignedIn,
}

/// Gathers all that the decision goes by. What cannot be asked of the org stands in it as such; only the database's own trouble
/// is an error.
pub(crate) async fn gather(lookups: &Arc<Lookups>, request: &RoutingRequest<'_>) -> Result<Routing, StoreError> {
    let engine = &lookups.engine;
    let configuration = engine.store.configuration().await?;
    let event_type = request.event_type;
    let hosts = hosts::of(engine, request, &configuration.document).await?;
    let settings = &event_type.settings.salesforce.settings;
    let mut lookup = match &event_type.connection_id {
        Some(connection) => engine.lookup_settings(connection).await?,
        None => LookupSettings::default(),
    };
    lookup.domains = lookup.domains.with_hosts(hosts.all.iter().map(|host| &host.email));
    let resolution = request.email.as_ref().map(|email| {
        Box::new(ResolutionInput {
            contact_under_account: settings.attendee_record_type == AttendeeRecordType::ContactUnderAccount,
            lookup,
            contact_counts: settings.contact_counts,
            situation: Situation::with(
                &settings.tiebreakers,
                request.place.clone(),
                request.answers.iter().chain(request.form_answers),
            ),
            ..ResolutionInput::new(email.clone())
        })
    });
    let input = RoutingInput {
        email: request.email.clone(),
        event_type: event_type.slug.clone(),
        scheduling: event_type.settings.scheduling,
        hosts: hosts.in_event_type,
        book_directly: settings.book_directly_in_force(),
        record_type: settings.attendee_record_type,
        resolution,
        unseen_fields: BTreeMap::new(),
        not_asked: not_asked(request).map(str::to_owned),
    };
    let (input, known) = match &event_type.connection_id {
        Some(connection) if request.named.is_none() => {
            lookups.answer(connection, input, hosts.emails, settings, request.asker).await?
        }
        _ => (input, Known::new()),
    };
    Ok(Routing {
        event_type_id: event_type.id.clone(),
        slot: request.slot,
        instead_of: request.instead_of.map(str::to_owned),
        named: request.named.clone(),
        input,
        known,
        configuration_version: configuration.number,
        rotation: event_type.settings.rotation.clone(),
    })
}

/// Why the org is not asked, where that is known from the outset.
fn not_asked(request: &RoutingRequest<'_>) -> Option<&'static str> {
    if request.event_type.connection_id.is_none() {
        return Some("the event type has no connection to Salesforce");
    }
    let too_many = request.asker == Asker::Anonymous { may_ask: false };
    too_many.then_some("too many look-ups came from this address")
}
