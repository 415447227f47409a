//! Event types: the kinds of meeting that can be booked (spec 3).

use std::collections::BTreeSet;

use domain::round_robin::HostId;
use jiff::Timestamp;

use super::configuration::typed;
use super::database::sql;
use super::{Store, StoreError, Tx, from_json, json, micros};
use crate::clock::new_id;
use crate::workspace_file::{Entry, entries};

/// An event type.
#[derive(Debug, Clone)]
pub struct EventType {
    /// Its id.
    pub id: String,
    /// Its stable key in the configuration file.
    pub key: String,
    /// The name by which pages and sources know it.
    pub slug: String,
    /// The connection its bookings are synced to, if syncing is on.
    pub connection_id: Option<String>,
    /// Everything that is set of it.
    pub settings: entries::EventType,
}

type Row = (String, String, String, Option<String>, bool, String);

impl Store {
    /// All event types that can be booked, by key.
    pub async fn event_types(&self) -> Result<Vec<EventType>, StoreError> {
        let rows: Vec<Row> = sql("SELECT id, key, slug, connection_id, sync_enabled <> 0, settings FROM event_type
             WHERE archived_at IS NULL ORDER BY key")
        .all(&self.read)
        .await?;
        rows.into_iter().map(event_type).collect()
    }

    /// The event type of a slug, if it can be booked.
    pub async fn event_type_of_slug(&self, slug: &str) -> Result<Option<EventType>, StoreError> {
        let row: Option<Row> = sql("SELECT id, key, slug, connection_id, sync_enabled <> 0, settings FROM event_type
             WHERE archived_at IS NULL AND slug = $1")
        .bind(slug)
        .optional(&self.read)
        .await?;
        row.map(event_type).transpose()
    }
}

fn event_type((id, key, slug, connection_id, sync_enabled, settings): Row) -> Result<EventType, StoreError> {
    let settings = typed(&key, &from_json("an event type's settings", &settings)?)?;
    Ok(EventType { id, key, slug, connection_id: connection_id.filter(|_| sync_enabled), settings })
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
        sql("SELECT id, connection_id, sync_enabled <> 0 FROM event_type WHERE slug = $1 AND archived_at IS NULL")
            .bind(slug)
            .optional(&mut *tx)
            .await?;
    Ok(row.map(|(event_type_id, connection_id, on)| SyncTarget {
        event_type_id,
        connection_id: connection_id.filter(|_| on),
    }))
}

/// How the hosts of an event type take turns.
pub(super) async fn rotation_of(tx: &mut Tx, event_type_id: &str) -> Result<entries::Rotation, StoreError> {
    let (key, settings): (String, String) =
        sql("SELECT key, settings FROM event_type WHERE id = $1").bind(event_type_id).one(tx).await?;
    let settings: entries::EventType = typed(&key, &from_json("an event type's settings", &settings)?)?;
    Ok(settings.rotation)
}

/// The hosts who take meetings of an event type by the configuration in force. Whoever changes that meanwhile waits for nobody: the
/// next decision sees it.
pub(super) async fn enabled_hosts(tx: &mut Tx, event_type_id: &str) -> Result<BTreeSet<HostId>, StoreError> {
    let parts = rotation_of(tx, event_type_id).await?.hosts;
    let rows: Vec<(String, String)> =
        sql("SELECT h.id, h.key FROM event_type_host t JOIN host h ON h.id = t.host_id WHERE t.event_type_id = $1")
            .bind(event_type_id)
            .all(tx)
            .await?;
    let enabled = rows.into_iter().filter(|(_, key)| parts.get(key).is_none_or(|part| part.enabled));
    Ok(enabled.map(|(id, _)| HostId(id)).collect())
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

/// Frees the slug of an event type that is about to get one, so that several may pass theirs on to each other.
pub(crate) async fn free_slug(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    sql("UPDATE event_type SET slug = '~' || id WHERE key = $1").bind(key).run(tx).await?;
    Ok(())
}

/// Writes what the configuration says of an event type: all that is set, and what statements ask for.
pub(crate) async fn put(
    tx: &mut Tx,
    key: &str,
    entry: &Entry,
    new: &entries::EventType,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (id,): (String,) = sql(
        "INSERT INTO event_type (id, key, slug, title, connection_id, sync_enabled, settings, created_at, updated_at,
             salesforce_settings)
         VALUES ($1, $2, $3, $4, (SELECT id FROM connection WHERE key = $5), $6, $7, $8, $8, $9)
         ON CONFLICT (key) DO UPDATE SET slug = $3, title = $4, connection_id = excluded.connection_id, sync_enabled = $6,
             settings = $7, updated_at = $8, archived_at = NULL, salesforce_settings = $9
         RETURNING id",
    )
    .bind(new_id("evt"))
    .bind(key)
    .bind(&new.slug)
    .bind(&new.title)
    .bind(&new.salesforce.connection)
    .bind(i64::from(new.salesforce.enabled))
    .bind(json(entry))
    .bind(micros(now))
    .bind(json(&new.salesforce.settings))
    .one(&mut *tx)
    .await?;
    sql("DELETE FROM event_type_host WHERE event_type_id = $1").bind(&id).run(&mut *tx).await?;
    for (position, host) in (0_i64..).zip(&new.hosts) {
        sql(
            "INSERT INTO event_type_host (event_type_id, host_id, position) SELECT $1, id, $3 FROM host WHERE key = $2",
        )
        .bind(&id)
        .bind(host)
        .bind(position)
        .run(&mut *tx)
        .await?;
    }
    Ok(())
}
