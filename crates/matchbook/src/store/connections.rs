//! Connections: one credential for one Salesforce org (spec 2).

use jiff::Timestamp;
use secrecy::SecretString;

use super::database::sql;
use super::{Store, StoreError, Tx, describes, micros};
use crate::clock::new_id;
use crate::secrets::Vault;

/// A connection without its secrets.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: String,
    /// Its stable key in the configuration file.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Where it logs in.
    pub login_host: String,
    /// Salesforce's API version, such as `66.0`.
    pub api_version: String,
    /// The app's client id.
    pub client_id: String,
    /// What is the matter with it; none while it works.
    pub trouble: Option<String>,
    /// The app's client secret, encrypted.
    pub sealed_client_secret: Vec<u8>,
}

impl Connection {
    /// Where the client secret is sealed for.
    pub fn secret_place(id: &str) -> String {
        format!("connection/{id}/client_secret")
    }
}

/// What the configuration says of a connection.
#[derive(Debug, Clone)]
pub struct ConnectionDraft {
    /// Stable key.
    pub key: String,
    /// Name.
    pub name: String,
    /// Login host as an https URL.
    pub login_host: String,
    /// API version.
    pub api_version: String,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretString,
}

/// An access token as stored, encrypted.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The token, encrypted.
    pub sealed: Vec<u8>,
    /// The org's API host.
    pub instance_url: String,
    /// The Salesforce user it acts as.
    pub user_id: Option<String>,
}

type Row = (String, String, String, String, String, String, Option<String>, Vec<u8>);

fn connection(row: Row) -> Connection {
    let (id, key, name, login_host, api_version, client_id, trouble, sealed_client_secret) = row;
    Connection { id, key, name, login_host, api_version, client_id, trouble, sealed_client_secret }
}

impl Store {
    /// All connections by key.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let rows: Vec<Row> = sql(
            "SELECT id, key, name, login_host, api_version, client_id, trouble, client_secret FROM connection ORDER BY key",
        )
        .all(&self.read)
        .await?;
        Ok(rows.into_iter().map(connection).collect())
    }

    /// One connection.
    pub async fn connection(&self, id: &str) -> Result<Option<Connection>, StoreError> {
        let row: Option<Row> = sql(
            "SELECT id, key, name, login_host, api_version, client_id, trouble, client_secret FROM connection WHERE id = $1",
        )
        .bind(id)
        .optional(&self.read)
        .await?;
        Ok(row.map(connection))
    }

    /// The stored access token, if there is one.
    pub async fn token(&self, connection_id: &str) -> Result<Option<StoredToken>, StoreError> {
        type TokenRow = (Option<Vec<u8>>, Option<String>, Option<String>);
        let row: Option<TokenRow> = sql("SELECT access_token, instance_url, user_id FROM connection WHERE id = $1")
            .bind(connection_id)
            .optional(&self.read)
            .await?;
        Ok(row.and_then(|(sealed, instance_url, user_id)| {
            Some(StoredToken { sealed: sealed?, instance_url: instance_url?, user_id })
        }))
    }

    /// Keeps a new access token, before it is used; the connection works again.
    pub async fn save_token(&self, connection_id: &str, token: &StoredToken) -> Result<(), StoreError> {
        sql("UPDATE connection SET access_token = $2, instance_url = $3, user_id = $4, trouble = NULL WHERE id = $1")
            .bind(connection_id)
            .bind(&token.sealed)
            .bind(&token.instance_url)
            .bind(&token.user_id)
            .run(&self.write)
            .await?;
        Ok(())
    }
}

/// Writes what the configuration says of a connection, and gives its id. A changed credential drops
/// the token that the old one got, and makes waiting work due.
pub(crate) async fn put(
    tx: &mut Tx,
    vault: &Vault,
    draft: &ConnectionDraft,
    now: Timestamp,
) -> Result<String, PutError> {
    let known: Option<(String, String, String, Vec<u8>)> =
        sql("SELECT id, login_host, client_id, client_secret FROM connection WHERE key = $1")
            .bind(&draft.key)
            .optional(&mut *tx)
            .await?;
    let id = known.as_ref().map_or_else(|| new_id("con"), |(id, ..)| id.clone());
    let place = Connection::secret_place(&id);
    let same_credential = known.as_ref().is_some_and(|(_, host, client, sealed)| {
        use secrecy::ExposeSecret as _;
        let opened = vault.open(&place, sealed);
        let same_secret = opened.is_ok_and(|s| s.expose_secret() == draft.client_secret.expose_secret());
        *host == draft.login_host && *client == draft.client_id && same_secret
    });
    let sealed = vault.seal(&place, &draft.client_secret)?;
    sql(
        "INSERT INTO connection (id, key, name, login_host, api_version, client_id, client_secret, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         ON CONFLICT (key) DO UPDATE SET name = $3, login_host = $4, api_version = $5, client_id = $6, client_secret = $7, updated_at = $8",
    )
    .bind(&id)
    .bind(&draft.key)
    .bind(&draft.name)
    .bind(&draft.login_host)
    .bind(&draft.api_version)
    .bind(&draft.client_id)
    .bind(&sealed)
    .bind(micros(now))
    .run(&mut *tx)
    .await
    ?;
    if !same_credential {
        forget_token(tx, &id, now).await?;
    }
    // Whoever applies may have changed the org, too: it is asked anew what it looks like.
    describes::forget(tx, &id).await?;
    Ok(id)
}

/// Parks a whole connection: none of its bookings is claimed until then, when one of them probes it.
pub(crate) async fn park(tx: &mut Tx, id: &str, until: Timestamp, reason: &str) -> Result<(), StoreError> {
    sql("UPDATE connection SET parked_until = $2, parked_times = parked_times + 1, trouble = $3 WHERE id = $1")
        .bind(id)
        .bind(micros(until))
        .bind(reason)
        .run(&mut *tx)
        .await?;
    Ok(())
}

/// Takes a parked connection whose time has come for one probe: others wait until it ended, or `until`.
/// Gives its failures in a row.
pub(crate) async fn probe(tx: &mut Tx, id: &str, until: Timestamp) -> Result<i64, StoreError> {
    sql("UPDATE connection SET parked_until = $2 WHERE id = $1 AND parked_until IS NOT NULL")
        .bind(id)
        .bind(micros(until))
        .run(&mut *tx)
        .await?;
    let (times,): (i64,) = sql("SELECT parked_times FROM connection WHERE id = $1").bind(id).one(&mut *tx).await?;
    Ok(times)
}

/// Salesforce answered: the connection works.
pub(crate) async fn unpark(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    sql("UPDATE connection SET parked_until = NULL, parked_times = 0, trouble = NULL WHERE id = $1 AND parked_until IS NOT NULL")
        .bind(id)
        .run(&mut *tx)
        .await?;
    Ok(())
}

/// Why a connection could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The encryption key.
    #[error(transparent)]
    Vault(#[from] crate::secrets::VaultError),
}

async fn forget_token(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE connection SET access_token = NULL, instance_url = NULL, user_id = NULL, trouble = NULL,
         parked_until = NULL, parked_times = 0 WHERE id = $1")
    .bind(id)
    .run(&mut *tx)
    .await?;
    sql("UPDATE outbox SET due_at = $2 WHERE connection_id = $1 AND state = 'waiting' AND due_at > $2")
        .bind(id)
        .bind(micros(now))
        .run(&mut *tx)
        .await?;
    Ok(())
}
