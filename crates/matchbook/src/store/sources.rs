//! Booking sources: who may tell us of bookings, and how they sign.

use jiff::Timestamp;
use secrecy::SecretString;

use super::connections::PutError;
use super::database::sql;
use super::{Store, StoreError, Tx, instant, micros};
use crate::clock::new_id;
use crate::secrets::Vault;
use crate::workspace_file::entries;

/// A booking source.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// Its stable key: the last part of its webhook's URL.
    pub key: String,
    /// Its kind, such as `cal.com`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The secret that signs its deliveries, encrypted.
    pub sealed_secret: Vec<u8>,
}

impl Source {
    /// Where the signing secret is sealed for.
    pub fn secret_place(id: &str) -> String {
        format!("source/{id}/secret")
    }
}

impl Store {
    /// All sources by key, each with when its latest delivery came.
    pub async fn sources_with_latest(&self) -> Result<Vec<(Source, Option<Timestamp>)>, StoreError> {
        // Ids grow with time, so the latest is found from the end.
        type Row = (String, String, String, String, Vec<u8>, Option<i64>);
        let rows: Vec<Row> = sql("SELECT s.id, s.key, s.kind, s.name, s.secret,
                 (SELECT d.received_at FROM delivery d WHERE d.source_id = s.id ORDER BY d.id DESC LIMIT 1)
             FROM source s WHERE s.archived_at IS NULL ORDER BY s.key")
        .all(&self.read)
        .await?;
        rows.into_iter()
            .map(|(id, key, kind, name, sealed_secret, at)| {
                Ok((Source { id, key, kind, name, sealed_secret }, at.map(instant).transpose()?))
            })
            .collect()
    }

    /// A source by its key.
    pub async fn source(&self, key: &str) -> Result<Option<Source>, StoreError> {
        let row: Option<(String, String, String, String, Vec<u8>)> =
            sql("SELECT id, key, kind, name, secret FROM source WHERE key = $1 AND archived_at IS NULL")
                .bind(key)
                .optional(&self.read)
                .await?;
        Ok(row.map(|(id, key, kind, name, sealed_secret)| Source { id, key, kind, name, sealed_secret }))
    }
}

/// Writes what the configuration says of a source; `secret` where it has a new value.
pub(crate) async fn put(
    tx: &mut Tx,
    vault: &Vault,
    key: &str,
    new: &entries::Source,
    secret: Option<&SecretString>,
    now: Timestamp,
) -> Result<(), PutError> {
    let known: Option<(String, Vec<u8>)> =
        sql("SELECT id, secret FROM source WHERE key = $1").bind(key).optional(&mut *tx).await?;
    let (id, sealed) = known.unwrap_or_else(|| (new_id("src"), Vec::new()));
    let sealed = match secret {
        Some(secret) => vault.seal(&Source::secret_place(&id), secret)?,
        None => sealed,
    };
    sql("INSERT INTO source (id, key, kind, name, secret, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (key) DO UPDATE SET kind = $3, name = $4, secret = $5, updated_at = $6, archived_at = NULL")
    .bind(&id)
    .bind(key)
    .bind(&new.kind)
    .bind(&new.name)
    .bind(&sealed)
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    Ok(())
}
