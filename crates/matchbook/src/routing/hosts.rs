//! The hosts of an event type, and when they are free.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use domain::availability::Calendar;
use domain::email_domain::EmailAddress;
use domain::round_robin::{HostId, Turns};
use domain::routing::{RoutingHost, Scheduling};
use jiff::{SignedDuration, Timestamp};

use super::RoutingRequest;
use crate::store::{Host, Slot, StoreError};
use crate::sync::Engine;
use crate::workspace_file::Document;
use crate::workspace_file::entries::{self, Typed as _};

/// Hosts.
pub(super) struct Hosts {
    /// All of the installation.
    pub(super) all: Vec<Host>,
    /// Those of the event type, as decisions see them, in the order in which the event type names them.
    pub(super) in_event_type: Vec<RoutingHost>,
    /// By what emails their Salesforce users are found.
    pub(super) emails: BTreeMap<HostId, EmailAddress>,
}

/// The hosts of the request's event type. What they are owed is read where the decision is stored.
pub(super) async fn of(
    engine: &Engine,
    request: &RoutingRequest<'_>,
    document: &Document,
) -> Result<Hosts, StoreError> {
    let settings = &request.event_type.settings;
    let all = engine.store.hosts().await?;
    let now = engine.clock.now();
    let horizon =
        now + SignedDuration::from_hours(24 * i64::from(settings.salesforce.settings.book_directly.horizon_days));
    let mut taken = match settings.scheduling {
        Scheduling::RoundRobin if request.named.is_none() => {
            let (from, until) = match request.slot {
                Some(Slot { start, end }) => (now.min(start), horizon.max(end)),
                None => (now, horizon),
            };
            engine.store.taken(&request.event_type.id, from, until, request.instead_of).await?
        }
        _ => BTreeMap::new(),
    };
    let (mut in_event_type, mut emails) = (Vec::new(), BTreeMap::new());
    for host in settings.hosts.iter().filter_map(|key| all.iter().find(|host| host.key == *key)) {
        let id = HostId(host.id.clone());
        let part = settings.rotation.hosts.get(&host.key);
        let busy = taken.remove(&id).unwrap_or_default();
        let calendar = calendar(host, document, busy.clone());
        let free_at_slot = request.slot.and_then(|Slot { start, end }| match &calendar {
            Some(calendar) => Some(calendar.is_free_at(start, end)),
            // Their hours are not known, but their meetings are.
            None => busy.iter().any(|(from, to)| start < *to && *from < end).then_some(false),
        });
        let length = SignedDuration::from_mins(settings.length_minutes.into());
        in_event_type.push(RoutingHost {
            name: host.name.clone(),
            user: None,
            enabled: part.is_none_or(|part| part.enabled),
            weight: part.map_or(NonZeroU32::MIN, |part| part.weight),
            priority: part.map_or(0, |part| part.priority),
            last_booked: None,
            balance: Turns::ZERO,
            free_at_slot,
            free_within_horizon: calendar.map(|calendar| calendar.is_free_within(length, now, horizon)),
            id: id.clone(),
        });
        emails.insert(id, host.email.clone());
    }
    Ok(Hosts { all, in_event_type, emails })
}

/// When a host can be met; none where their hours are not set.
fn calendar(host: &Host, document: &Document, busy: Vec<(Timestamp, Timestamp)>) -> Option<Calendar> {
    let entry = document.get(entries::Host::SECTION, &host.key)?;
    entries::Host::read(&host.key, entry).ok()?.calendar(busy)
}
