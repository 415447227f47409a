//! Settings of event types and connections, held against the orgs that they are for when they are saved (spec 8).

use domain::settings_check::{SettingError, check_domain_fields, check_with_org};
use jiff::Timestamp;

use crate::store::{Store, StoreError};
use crate::sync::{SHAPE_LIFETIME, known_shape};
use crate::workspace_file::entries::{self, EventType, Typed as _};
use crate::workspace_file::{Document, Problem};

/// What the orgs tell of the event types and connections that a change names, by how they were described last, and the connections of those
/// orgs. It is told once: whoever tells it has the store forget what is known of them, so that whoever mended it in Salesforce
/// can save again.
pub async fn problems(
    store: &Store,
    document: &Document,
    names: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Result<(Vec<Problem>, Vec<String>), StoreError> {
    let (mut problems, mut told) = (Vec::new(), Vec::new());
    let connections = store.connections().await?;
    let since = now - SHAPE_LIFETIME;
    let mut tell = |connection: &str, at: &str, errors: Vec<SettingError>| {
        if !errors.is_empty() {
            told.push(connection.to_owned());
        }
        problems.extend(errors.into_iter().map(|error| Problem {
            path: format!("{at}.{}", error.path),
            message: format!("{} (by the org as it was last read; if you changed it since, save again)", error.message),
        }));
    };
    for (key, entry) in document.entries(entries::Connection::SECTION) {
        let at = format!("{}.{key}", entries::Connection::SECTION);
        let Ok(read) = entries::Connection::read(key, entry) else { continue };
        let connection = connections.iter().find(|known| known.key == *key);
        let Some(connection) = connection.filter(|_| names(&at)) else { continue };
        let (Some(fields), Some(org)) = (&read.domain_fields, known_shape(store, &connection.id, since).await?) else {
            continue;
        };
        tell(&connection.id, &at, check_domain_fields(fields, &org));
    }
    for (key, entry) in document.entries(EventType::SECTION) {
        let at = format!("{}.{key}.salesforce", EventType::SECTION);
        let Ok(event_type) = EventType::read(key, entry) else { continue };
        let connection = connections.iter().find(|known| Some(&known.key) == event_type.salesforce.connection.as_ref());
        let Some(connection) = connection.filter(|_| names(&at)) else { continue };
        let Some(org) = known_shape(store, &connection.id, since).await? else { continue };
        tell(&connection.id, &at, check_with_org(&event_type.salesforce.settings, &org));
    }
    Ok((problems, told))
}
