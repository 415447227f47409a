//! Booking sources: who may tell us of bookings, and how they sign.

use jiff::Timestamp;
use secrecy::SecretString;

use super::connections::PutError;
use super::database::sql;
use super::{Store, StoreError, Tx, instant, micros, polls};
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

    /// Where the API key is sealed for.
    pub fn api_key_place(id: &str) -> String {
        format!("source/{id}/api_key")
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

/// New values of a source's secrets.
#[derive(Debug)]
pub(crate) struct NewSecrets<'a> {
    /// What signs its deliveries.
    pub(crate) secret: Option<&'a SecretString>,
    /// Its API key.
    pub(crate) api_key: Option<&'a SecretString>,
}

/// Writes what the configuration says of a source, with the secrets that have a new value. One with an API key is asked anew.
pub(crate) async fn put(
    tx: &mut Tx,
    vault: &Vault,
    key: &str,
    new: &entries::Source,
    secrets: NewSecrets<'_>,
    now: Timestamp,
) -> Result<(), PutError> {
    let known: Option<(String, Vec<u8>, Option<Vec<u8>>)> =
        sql("SELECT id, secret, api_key FROM source WHERE key = $1").bind(key).optional(&mut *tx).await?;
    let (id, sealed, sealed_key) = known.unwrap_or_else(|| (new_id("src"), Vec::new(), None));
    let sealed = match secrets.secret {
        Some(secret) => vault.seal(&Source::secret_place(&id), secret)?,
        None => sealed,
    };
    let sealed_key = match (&new.api_key, secrets.api_key) {
        (None, _) => None,
        (Some(_), Some(api_key)) => Some(vault.seal(&Source::api_key_place(&id), api_key)?),
        (Some(_), None) => sealed_key,
    };
    sql("INSERT INTO source (id, key, kind, name, secret, api_key, api_url, poll_minutes, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (key) DO UPDATE SET kind = $3, name = $4, secret = $5, api_key = $6, api_url = $7, poll_minutes = $8,
             updated_at = $9, archived_at = NULL")
    .bind(&id)
    .bind(key)
    .bind(&new.kind)
    .bind(&new.name)
    .bind(&sealed)
    .bind(&sealed_key)
    .bind(&new.api_url)
    .bind(i64::from(new.poll_minutes))
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    if sealed_key.is_some() {
        polls::make_due(tx, &id, now).await?;
    }
    Ok(())
}
