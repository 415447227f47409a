//! A booking that is not made: who would take it, and why (spec 9).

use std::sync::Arc;

use domain::booking::BookingAnswer;
use domain::email_domain::EmailAddress;
use domain::geo::Geo;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::{ShownTrace, why_not_words};
use super::{Asker, Lookups, RoutingRequest, gather};
use crate::store::{EventType, Slot, StoreError};

/// A booking that is not made.
#[derive(Debug)]
pub(crate) struct Supposed<'a> {
    /// The event type.
    pub(crate) event_type: &'a EventType,
    /// Who would book.
    pub(crate) email: Option<EmailAddress>,
    /// From when to when; without it nobody is left out for being busy.
    pub(crate) slot: Option<Slot>,
    /// Where the booker is.
    pub(crate) place: Geo,
    /// What they would answer.
    pub(crate) answers: Vec<BookingAnswer>,
    /// A host or an Account, by name or id, of which is asked why it is not chosen.
    pub(crate) why_not: Option<String>,
}

/// Who would take a booking, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupposedDecision)]
pub struct Explained {
    /// Why the host or Account that was asked for was not chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why_not: Option<String>,
    #[serde(flatten)]
    pub(crate) trace: ShownTrace,
}

/// Who would take a booking, and why. The org is asked as for a real one; no booking, decision or turn is written.
pub(crate) async fn explain(lookups: &Arc<Lookups>, supposed: &Supposed<'_>) -> Result<Explained, StoreError> {
    let request = RoutingRequest {
        event_type: supposed.event_type,
        email: supposed.email.clone(),
        slot: supposed.slot,
        place: supposed.place.clone(),
        answers: &supposed.answers,
        form_answers: &[],
        instead_of: None,
        named: None,
        asker: Asker::SignedIn,
    };
    let routing = gather(lookups, &request).await?;
    let (decision, trace) = lookups.engine.store.would_decide(&routing).await?;
    let why_not = supposed.why_not.as_ref().map(|subject| why_not_words(subject, &decision, &trace));
    Ok(Explained { why_not, trace: ShownTrace::of(&decision, &trace, routing.configuration_version) })
}
