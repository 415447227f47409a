//! Hosts: the users who take meetings.

use domain::email_domain::EmailAddress;
use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, Tx, email_address, micros};
use crate::clock::new_id;
use crate::workspace_file::entries;

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its id.
    pub id: String,
    /// Its stable key in the configuration file.
    pub key: String,
    /// Name.
    pub name: String,
    /// Email, by which their Salesforce user is found.
    pub email: EmailAddress,
    /// IANA time zone.
    pub time_zone: String,
}

type Row = (String, String, String, String, String);

fn host((id, key, name, email, time_zone): Row) -> Result<Host, StoreError> {
    Ok(Host { id, key, name, email: email_address(&email)?, time_zone })
}

impl Store {
    /// All hosts who can be booked, by key.
    pub async fn hosts(&self) -> Result<Vec<Host>, StoreError> {
        let rows: Vec<Row> =
            sql("SELECT id, key, name, email, time_zone FROM host WHERE archived_at IS NULL ORDER BY key")
                .all(&self.read)
                .await?;
        rows.into_iter().map(host).collect()
    }

    /// The hosts of the event types that a connection writes for, by key.
    pub async fn hosts_of_connection(&self, connection_id: &str) -> Result<Vec<Host>, StoreError> {
        let rows: Vec<Row> = sql("SELECT id, key, name, email, time_zone FROM host WHERE id IN (
                 SELECT h.host_id FROM event_type_host h JOIN event_type e ON e.id = h.event_type_id
                 WHERE e.connection_id = $1 AND e.sync_enabled = 1 AND e.archived_at IS NULL)
             ORDER BY key")
        .bind(connection_id)
        .all(&self.read)
        .await?;
        rows.into_iter().map(host).collect()
    }
}

/// The emails of all hosts.
pub(crate) async fn emails(tx: &mut Tx) -> Result<Vec<EmailAddress>, StoreError> {
    let rows: Vec<(String,)> = sql("SELECT email FROM host WHERE archived_at IS NULL ORDER BY key").all(tx).await?;
    rows.iter().map(|(email,)| email_address(email)).collect()
}

/// Writes what the configuration says of a host.
pub(crate) async fn put(tx: &mut Tx, key: &str, new: &entries::Host, now: Timestamp) -> Result<(), StoreError> {
    let (id,): (String,) =
        sql("INSERT INTO host (id, key, name, email, email_folded, time_zone, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (key) DO UPDATE SET name = $3, email = $4, email_folded = $5, time_zone = $6, updated_at = $7,
             archived_at = NULL
         RETURNING id")
        .bind(new_id("hst"))
        .bind(key)
        .bind(&new.name)
        .bind(new.email.as_written())
        .bind(new.email.folded())
        .bind(&new.time_zone)
        .bind(micros(now))
        .one(&mut *tx)
        .await?;
    sql("DELETE FROM host_salesforce_user WHERE host_id = $1").bind(&id).run(&mut *tx).await?;
    for (connection, user) in &new.salesforce_users {
        sql("INSERT INTO host_salesforce_user (host_id, connection_id, user_id) SELECT $1, id, $3 FROM connection WHERE key = $2")
            .bind(&id)
            .bind(connection)
            .bind(user)
            .run(&mut *tx)
            .await?;
    }
    Ok(())
}
