//! Connections: one credential for one Salesforce org (spec 2).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::database::{sql, sql_from_parts};
use super::{Store, StoreError, Tx, describes, instant, micros};
use crate::clock::new_id;
use crate::grant::ConnectionGrant;
use crate::secrets::Vault;
use crate::workspace_file::entries;

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
    /// How it gets its tokens.
    pub grant: ConnectionGrant,
    /// The app's client id.
    pub client_id: String,
    /// What is the matter with it; none while it works.
    pub trouble: Option<String>,
    /// Until when none of its syncs is tried; none while it works.
    pub parked_until: Option<Timestamp>,
    /// It is parked until somebody connects it again.
    pub reconnect_needed: bool,
    /// The org's API host, once it has signed in.
    pub instance_url: Option<String>,
    /// The org's id, once it has signed in.
    pub organization_id: Option<String>,
    /// What the grant takes, encrypted: the app's client secret, or a private key.
    pub sealed_secret: Vec<u8>,
}

impl Connection {
    /// Where the grant's secret is sealed for.
    pub fn secret_place(id: &str) -> String {
        format!("connection/{id}/client_secret")
    }

    /// Where an access token is sealed for.
    pub fn access_place(id: &str) -> String {
        format!("connection/{id}/access_token")
    }

    /// Where a refresh token is sealed for.
    pub fn refresh_place(id: &str) -> String {
        format!("connection/{id}/refresh_token")
    }
}

/// Tokens as stored, encrypted.
#[derive(Debug, Clone)]
pub struct StoredTokens {
    /// The access token; none before the first, or after a change of the credential.
    pub access: Option<StoredAccess>,
    /// The refresh token, of the web server flow alone.
    pub refresh: Option<Vec<u8>>,
    /// Goes up whenever tokens are stored or dropped.
    pub version: i64,
}

/// An access token as stored.
#[derive(Debug, Clone)]
pub struct StoredAccess {
    /// The token, encrypted.
    pub sealed: Vec<u8>,
    /// The org's API host.
    pub instance_url: String,
    /// The Salesforce user it acts as.
    pub user_id: Option<String>,
    /// The org it is of.
    pub organization_id: Option<String>,
}

/// Tokens to be stored.
#[derive(Debug, Clone)]
pub struct NewTokens {
    /// The access token.
    pub access: StoredAccess,
    /// The refresh token, encrypted, if a new one was given; else the stored one stays.
    pub refresh: Option<Vec<u8>>,
}

/// Whether this worker may ask for a token now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenewLease {
    /// It alone may.
    Taken,
    /// Another one is asking, and is taken to be alive until then.
    Busy {
        /// When its lease ends.
        until: Timestamp,
    },
}

/// How long one may take to ask for a token: longer than a call may take.
const RENEW_LEASE: SignedDuration = SignedDuration::from_mins(1);

/// `parked_until` of a connection that somebody must connect first: the year 9999.
pub(crate) const UNTIL_CONNECTED: i64 = 253_370_764_800_000_000;

const COLUMNS: &str =
    "SELECT id, key, name, login_host, api_version, grant_kind, username, client_id, trouble, parked_until,
     reconnect_needed, instance_url, organization_id, client_secret FROM connection";

type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<i64>,
    i64,
    Option<String>,
    Option<String>,
    Vec<u8>,
);

fn connection(row: Row) -> Result<Connection, StoreError> {
    let (
        id,
        key,
        name,
        login_host,
        api_version,
        grant,
        username,
        client_id,
        trouble,
        parked_until,
        reconnect,
        instance_url,
        organization_id,
        sealed_secret,
    ) = row;
    let grant = ConnectionGrant::from_words(&grant, username)
        .ok_or(StoreError::Corrupt { what: "a connection's grant", why: grant })?;
    Ok(Connection {
        id,
        key,
        name,
        login_host,
        api_version,
        grant,
        client_id,
        trouble,
        parked_until: parked_until.map(instant).transpose()?,
        reconnect_needed: reconnect == 1,
        instance_url,
        organization_id,
        sealed_secret,
    })
}

impl Store {
    /// All connections that are not archived, by key.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let rows: Vec<Row> =
            sql_from_parts(format!("{COLUMNS} WHERE archived_at IS NULL ORDER BY key")).all(&self.read).await?;
        rows.into_iter().map(connection).collect()
    }

    /// One connection.
    pub async fn connection(&self, id: &str) -> Result<Option<Connection>, StoreError> {
        let row: Option<Row> = sql_from_parts(format!("{COLUMNS} WHERE id = $1")).bind(id).optional(&self.read).await?;
        row.map(connection).transpose()
    }

    /// The stored tokens of a connection.
    pub async fn tokens(&self, connection_id: &str) -> Result<StoredTokens, StoreError> {
        type TokenRow = (Option<Vec<u8>>, Option<String>, Option<String>, Option<String>, Option<Vec<u8>>, i64);
        let (sealed, instance_url, user_id, organization_id, refresh, version): TokenRow = sql(
            "SELECT access_token, instance_url, user_id, organization_id, refresh_token, token_version FROM connection
             WHERE id = $1",
        )
        .bind(connection_id)
        .one(&self.read)
        .await?;
        let access = sealed.zip(instance_url).map(|(sealed, instance_url)| StoredAccess {
            sealed,
            instance_url,
            user_id,
            organization_id,
        });
        Ok(StoredTokens { access, refresh, version })
    }

    /// Takes the right to ask for a token, from nobody or from one who is taken to be dead. Tokens are read after it, never
    /// before: the one who had it may just have stored newer ones.
    pub async fn take_renew_lease(
        &self,
        connection_id: &str,
        worker: &str,
        now: Timestamp,
    ) -> Result<RenewLease, StoreError> {
        let taken = sql("UPDATE connection SET renewer = $2, renewer_until = $3
             WHERE id = $1 AND (renewer_until IS NULL OR renewer_until <= $4)")
        .bind(connection_id)
        .bind(worker)
        .bind(micros(now + RENEW_LEASE))
        .bind(micros(now))
        .run(&self.write)
        .await?;
        if taken == 1 {
            return Ok(RenewLease::Taken);
        }
        let (until,): (Option<i64>,) =
            sql("SELECT renewer_until FROM connection WHERE id = $1").bind(connection_id).one(&self.write).await?;
        Ok(RenewLease::Busy { until: until.map(instant).transpose()?.unwrap_or(now) })
    }

    /// Gives the right to ask for a token back.
    pub async fn free_renew_lease(&self, connection_id: &str, worker: &str) -> Result<(), StoreError> {
        sql("UPDATE connection SET renewer = NULL, renewer_until = NULL WHERE id = $1 AND renewer = $2")
            .bind(connection_id)
            .bind(worker)
            .run(&self.write)
            .await?;
        Ok(())
    }

    /// Keeps tokens that were asked for when the stored ones had this version, before they are used, and gives the lease
    /// back; false if others were stored or dropped meanwhile.
    pub async fn save_tokens(&self, connection_id: &str, version: i64, tokens: &NewTokens) -> Result<bool, StoreError> {
        let saved = sql("UPDATE connection SET access_token = $3, instance_url = $4, user_id = $5,
                 organization_id = coalesce($6, organization_id), refresh_token = coalesce($7, refresh_token),
                 token_version = token_version + 1, trouble = NULL, renewer = NULL, renewer_until = NULL
             WHERE id = $1 AND token_version = $2")
        .bind(connection_id)
        .bind(version)
        .bind(&tokens.access.sealed)
        .bind(&tokens.access.instance_url)
        .bind(&tokens.access.user_id)
        .bind(&tokens.access.organization_id)
        .bind(&tokens.refresh)
        .run(&self.write)
        .await?;
        Ok(saved == 1)
    }

    /// How many bookings' syncs wait by connection.
    pub async fn waiting_syncs(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows: Vec<(String, i64)> =
            sql("SELECT connection_id, count(*) FROM outbox WHERE state = 'waiting' GROUP BY connection_id")
                .all(&self.read)
                .await?;
        Ok(rows.into_iter().collect())
    }

    /// Keeps what an admin granted in the browser, in place of all older tokens, and lets waiting syncs go on.
    pub async fn connect(&self, connection_id: &str, tokens: &NewTokens, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        forget_tokens(&mut tx, connection_id, now).await?;
        sql("UPDATE connection SET access_token = $2, instance_url = $3, user_id = $4, organization_id = $5,
                 refresh_token = $6 WHERE id = $1")
        .bind(connection_id)
        .bind(&tokens.access.sealed)
        .bind(&tokens.access.instance_url)
        .bind(&tokens.access.user_id)
        .bind(&tokens.access.organization_id)
        .bind(&tokens.refresh)
        .run(&mut tx)
        .await?;
        // Another user may see other fields.
        describes::forget(&mut tx, connection_id).await?;
        tx.commit().await
    }

    /// Parks a connection whose grant ended until somebody connects it, unless other tokens were stored since they had this
    /// version.
    pub async fn need_reconnect(&self, connection_id: &str, version: i64, trouble: &str) -> Result<(), StoreError> {
        sql("UPDATE connection SET reconnect_needed = 1, trouble = $3, parked_until = $4, access_token = NULL,
                 refresh_token = NULL, token_version = token_version + 1, renewer = NULL, renewer_until = NULL
             WHERE id = $1 AND token_version = $2")
        .bind(connection_id)
        .bind(version)
        .bind(trouble)
        .bind(UNTIL_CONNECTED)
        .run(&self.write)
        .await?;
        Ok(())
    }
}

/// Writes what the configuration says of a connection; `secret` is the grant's where it has a new value. A changed credential
/// drops the tokens that the old one got, and makes waiting work due.
pub(crate) async fn put(
    tx: &mut Tx,
    vault: &Vault,
    key: &str,
    new: &entries::Connection,
    secret: Option<&SecretString>,
    now: Timestamp,
) -> Result<(), PutError> {
    let grant = ConnectionGrant::from_words(&new.grant, new.username.clone())
        .ok_or_else(|| StoreError::Corrupt { what: "a connection's grant", why: new.grant.clone() })?;
    let known: Option<Row> = sql_from_parts(format!("{COLUMNS} WHERE key = $1 AND archived_at IS NULL"))
        .bind(key)
        .optional(&mut *tx)
        .await?;
    let known = known.map(connection).transpose()?;
    let same_grant = known.as_ref().is_some_and(|known| {
        known.login_host == new.login_host && known.client_id == new.client_id && known.grant == grant
    });
    let stored: Option<(String, Vec<u8>)> =
        sql("SELECT id, client_secret FROM connection WHERE key = $1").bind(key).optional(&mut *tx).await?;
    let (id, sealed) = stored.unwrap_or_else(|| (new_id("con"), Vec::new()));
    let sealed = match secret {
        Some(secret) => vault.seal(&Connection::secret_place(&id), secret)?,
        None => sealed,
    };
    sql("INSERT INTO connection (id, key, name, login_host, api_version, client_id, client_secret, grant_kind, username, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT (key) DO UPDATE SET name = $3, login_host = $4, api_version = $5, client_id = $6, client_secret = $7,
             grant_kind = $8, username = $9, updated_at = $10, archived_at = NULL")
    .bind(&id)
    .bind(key)
    .bind(&new.name)
    .bind(&new.login_host)
    .bind(&new.api_version)
    .bind(&new.client_id)
    .bind(&sealed)
    .bind(grant.word())
    .bind(grant.username())
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    match grant {
        _ if same_grant && secret.is_none() => {}
        // What an admin granted outlives a new client secret.
        ConnectionGrant::WebServer if same_grant => {
            resume(tx, &id, now).await?;
        }
        ConnectionGrant::WebServer => {
            forget_tokens(tx, &id, now).await?;
            wait_for_connect(tx, &id).await?;
        }
        _ => forget_tokens(tx, &id, now).await?,
    }
    Ok(())
}

/// Whoever applies a file that names a connection may have changed its org, too: it is asked anew what it looks like.
pub(crate) async fn ask_anew(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    let id: Option<(String,)> = sql("SELECT id FROM connection WHERE key = $1").bind(key).optional(&mut *tx).await?;
    match id {
        Some((id,)) => describes::forget(tx, &id).await,
        None => Ok(()),
    }
}

/// Archives a connection: it signs in no longer, and syncs that need it wait until it is brought back.
pub(crate) async fn archive(tx: &mut Tx, key: &str, now: Timestamp) -> Result<(), StoreError> {
    const REASON: &str = "This connection is archived. Name it in the configuration again, and its syncs go on.";
    let id: Option<(String,)> = sql("SELECT id FROM connection WHERE key = $1").bind(key).optional(&mut *tx).await?;
    let Some((id,)) = id else { return Ok(()) };
    forget_tokens(tx, &id, now).await?;
    sql("UPDATE connection SET archived_at = $2, reconnect_needed = 1, parked_until = $3, trouble = $4 WHERE id = $1")
        .bind(id)
        .bind(micros(now))
        .bind(UNTIL_CONNECTED)
        .bind(REASON)
        .run(tx)
        .await?;
    Ok(())
}

/// Parks a whole connection: none of its bookings is claimed until then, when one of them probes it. One that must be
/// connected first stays parked until it is.
pub(crate) async fn park(tx: &mut Tx, id: &str, until: Timestamp, reason: &str) -> Result<(), StoreError> {
    sql("UPDATE connection SET parked_until = $2, parked_times = parked_times + 1, trouble = $3
         WHERE id = $1 AND reconnect_needed = 0")
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
    sql("UPDATE connection SET parked_until = $2 WHERE id = $1 AND parked_until IS NOT NULL AND reconnect_needed = 0")
        .bind(id)
        .bind(micros(until))
        .run(&mut *tx)
        .await?;
    parked_times(tx, id).await
}

/// How often in a row a connection was parked.
pub(crate) async fn parked_times(tx: &mut Tx, id: &str) -> Result<i64, StoreError> {
    let (times,): (i64,) = sql("SELECT parked_times FROM connection WHERE id = $1").bind(id).one(&mut *tx).await?;
    Ok(times)
}

/// Salesforce answered: the connection works.
pub(crate) async fn unpark(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    sql("UPDATE connection SET parked_until = NULL, parked_times = 0, trouble = NULL
         WHERE id = $1 AND parked_until IS NOT NULL AND reconnect_needed = 0")
    .bind(id)
    .run(&mut *tx)
    .await?;
    Ok(())
}

/// Lets the syncs of a connection that rests go on at once.
pub(crate) async fn resume(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    unpark(tx, id).await?;
    make_due(tx, id, now).await
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

/// Drops all tokens of a connection, and whatever was the matter with it; its waiting syncs are due.
async fn forget_tokens(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE connection SET access_token = NULL, refresh_token = NULL, instance_url = NULL, user_id = NULL, organization_id = NULL,
             token_version = token_version + 1, reconnect_needed = 0, trouble = NULL, parked_until = NULL, parked_times = 0
         WHERE id = $1")
    .bind(id)
    .run(&mut *tx)
    .await?;
    make_due(tx, id, now).await
}

async fn wait_for_connect(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    sql("UPDATE connection SET reconnect_needed = 1, trouble = $2, parked_until = $3 WHERE id = $1")
        .bind(id)
        .bind("It is not connected yet: an admin opens its page under Connections and chooses Connect.")
        .bind(UNTIL_CONNECTED)
        .run(&mut *tx)
        .await?;
    Ok(())
}

async fn make_due(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("UPDATE outbox SET due_at = $2 WHERE connection_id = $1 AND state = 'waiting' AND due_at > $2")
        .bind(id)
        .bind(micros(now))
        .run(&mut *tx)
        .await?;
    Ok(())
}
