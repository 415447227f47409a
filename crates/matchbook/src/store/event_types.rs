//! Event types: the kinds of meeting that can be booked (spec 3).

use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, Tx, micros};
use crate::clock::new_id;

/// An event type.
#[derive(Debug, Clone)]
pub struct EventType {
    /// Its id.
    pub id: String,
    /// Its stable key in the configuration file.
    pub key: String,
    /// The name by which pages and sources know it.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Length in minutes.
    pub length_minutes: i64,
    /// The connection its bookings are synced to, if syncing is on.
    pub connection_id: Option<String>,
    /// The keys of its hosts, in order.
    pub hosts: Vec<String>,
}

/// What the configuration says of an event type.
#[derive(Debug, Clone)]
pub struct EventTypeDraft {
    /// Stable key.
    pub key: String,
    /// Slug.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Length in minutes.
    pub length_minutes: i64,
    /// Its Salesforce section; none leaves it as it is.
    pub salesforce: Option<SalesforceDraft>,
    /// The hosts' keys, in order.
    pub hosts: Vec<String>,
}

/// What the configuration says of an event type's Salesforce section.
#[derive(Debug, Clone)]
pub struct SalesforceDraft {
    /// Whether its bookings are synced.
    pub enabled: bool,
    /// The connection's key, if any.
    pub connection: Option<String>,
}

type Row = (String, String, String, String, i64, Option<String>, bool);

impl Store {
    /// All event types by key.
    pub async fn event_types(&self) -> Result<Vec<EventType>, StoreError> {
        let rows: Vec<Row> = sql(
            "SELECT id, key, slug, title, length_minutes, connection_id, sync_enabled <> 0 FROM event_type ORDER BY key",
        )
        .all(&self.read)
        .await?;
        let hosts: Vec<(String, String)> =
            sql("SELECT h.event_type_id, host.key FROM event_type_host h JOIN host ON host.id = h.host_id
             ORDER BY h.event_type_id, h.position")
            .all(&self.read)
            .await?;
        let hosts_of = |id: &str| hosts.iter().filter(|(e, _)| e == id).map(|(_, key)| key.clone()).collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let hosts = hosts_of(&row.0);
                event_type(row, hosts)
            })
            .collect())
    }
}

fn event_type(row: Row, hosts: Vec<String>) -> EventType {
    let (id, key, slug, title, length_minutes, connection_id, sync_enabled) = row;
    EventType { id, key, slug, title, length_minutes, connection_id: connection_id.filter(|_| sync_enabled), hosts }
}

/// An event type's id, and the connection its bookings are synced to.
#[derive(Debug, Clone)]
pub(crate) struct SyncTarget {
    pub(crate) event_type_id: String,
    pub(crate) connection_id: Option<String>,
}

/// The event type of a slug.
pub(crate) async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<SyncTarget>, StoreError> {
    let row: Option<(String, Option<String>, bool)> =
        sql("SELECT id, connection_id, sync_enabled <> 0 FROM event_type WHERE slug = $1")
            .bind(slug)
            .optional(&mut *tx)
            .await?;
    Ok(row.map(|(event_type_id, connection_id, on)| SyncTarget {
        event_type_id,
        connection_id: connection_id.filter(|_| on),
    }))
}

/// The event type of a booking.
pub(crate) async fn of_booking(tx: &mut Tx, booking_id: &str) -> Result<SyncTarget, StoreError> {
    let (event_type_id, connection_id, on): (String, Option<String>, bool) = sql(
        "SELECT e.id, e.connection_id, e.sync_enabled <> 0 FROM event_type e JOIN booking b ON b.event_type_id = e.id
             WHERE b.id = $1",
    )
    .bind(booking_id)
    .one(&mut *tx)
    .await?;
    Ok(SyncTarget { event_type_id, connection_id: connection_id.filter(|_| on) })
}

/// Frees the slugs of event types that are about to get others, so that they may pass them on to each other.
pub(crate) async fn free_slugs(tx: &mut Tx, drafts: &[EventTypeDraft]) -> Result<(), StoreError> {
    for draft in drafts {
        sql("UPDATE event_type SET slug = '~' || id WHERE key = $1 AND slug <> $2")
            .bind(&draft.key)
            .bind(&draft.slug)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Writes what the configuration says of an event type, and gives its id.
pub(crate) async fn put(tx: &mut Tx, draft: &EventTypeDraft, now: Timestamp) -> Result<String, StoreError> {
    let salesforce = draft.salesforce.as_ref();
    let (id,): (String,) = sql(
        "INSERT INTO event_type (id, key, slug, title, length_minutes, connection_id, sync_enabled, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, (SELECT id FROM connection WHERE key = $6), $7, $8, $8)
         ON CONFLICT (key) DO UPDATE SET slug = $3, title = $4, length_minutes = $5, updated_at = $8,
             connection_id = CASE WHEN $9 <> 0 THEN excluded.connection_id ELSE event_type.connection_id END,
             sync_enabled = CASE WHEN $9 <> 0 THEN excluded.sync_enabled ELSE event_type.sync_enabled END
         RETURNING id",
    )
    .bind(new_id("evt"))
    .bind(&draft.key)
    .bind(&draft.slug)
    .bind(&draft.title)
    .bind(draft.length_minutes)
    .bind(salesforce.and_then(|s| s.connection.as_ref()))
    .bind(i64::from(salesforce.is_some_and(|s| s.enabled)))
    .bind(micros(now))
    .bind(i64::from(salesforce.is_some()))
    .one(&mut *tx)
    .await?;
    sql("DELETE FROM event_type_host WHERE event_type_id = $1").bind(&id).run(&mut *tx).await?;
    for (position, host) in (0_i64..).zip(&draft.hosts) {
        sql(
            "INSERT INTO event_type_host (event_type_id, host_id, position) SELECT $1, id, $3 FROM host WHERE key = $2",
        )
        .bind(&id)
        .bind(host)
        .bind(position)
        .run(&mut *tx)
        .await?;
    }
    Ok(id)
}
