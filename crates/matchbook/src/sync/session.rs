//! Sessions with orgs: one token per connection, renewed once however many runs find it dead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sync_outcome::{ErrorClass, Refusal};
use salesforce::auth::{Grant, InstanceUrl, LoginHost, LoopbackPolicy};
use salesforce::client::{ApiVersion, Client, Session};
use secrecy::ExposeSecret as _;

use crate::crm::classify;
use crate::secrets::Vault;
use crate::store::{Connection, Store, StoreError, StoredToken};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Salesforce or the connection's settings; the sync waits.
    #[error("{}", .0.message)]
    Refused(Refusal),
}

/// A session, and the Salesforce user it acts as.
#[derive(Debug, Clone)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    pub(crate) user_id: Option<String>,
}

/// Sessions by connection.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Store,
    client: Client,
    vault: Vault,
    loopback: LoopbackPolicy,
    /// One lock per connection: who finds the token dead waits for the one who is renewing it.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

fn token_place(connection_id: &str) -> String {
    format!("connection/{connection_id}/access_token")
}

impl Sessions {
    pub(crate) fn new(store: Store, client: Client, vault: Vault, loopback: LoopbackPolicy) -> Self {
        Sessions { store, client, vault, loopback, locks: Mutex::default() }
    }

    /// The stored session, else a new one.
    pub(crate) async fn open(&self, connection_id: &str) -> Result<OpenSession, SessionError> {
        let connection = self.connection(connection_id).await?;
        match self.stored(&connection).await? {
            Some(session) => Ok(session),
            None => self.log_in(&connection, None).await,
        }
    }

    /// A session in place of one that Salesforce no longer accepts.
    pub(crate) async fn renew(&self, connection_id: &str, dead: &Session) -> Result<OpenSession, SessionError> {
        let connection = self.connection(connection_id).await?;
        self.log_in(&connection, Some(dead)).await
    }

    async fn connection(&self, id: &str) -> Result<Connection, SessionError> {
        self.store
            .connection(id)
            .await?
            .ok_or_else(|| refused("NO_CONNECTION", "The connection no longer exists.".into()))
    }

    async fn stored(&self, connection: &Connection) -> Result<Option<OpenSession>, SessionError> {
        let Some(token) = self.store.token(&connection.id).await? else { return Ok(None) };
        // A token sealed with another key, or for a host no longer allowed, is as good as none.
        let Ok(access_token) = self.vault.open(&token_place(&connection.id), &token.sealed) else { return Ok(None) };
        let Ok(instance_url) = InstanceUrl::parse(&token.instance_url, self.loopback) else { return Ok(None) };
        let session = Session { instance_url, access_token, api_version: api_version(connection)? };
        Ok(Some(OpenSession { session, user_id: token.user_id }))
    }

    async fn log_in(&self, connection: &Connection, dead: Option<&Session>) -> Result<OpenSession, SessionError> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(connection.id.clone()).or_default())
        };
        let _alone = lock.lock().await;
        if let Some(stored) = self.stored(connection).await?
            && dead.is_none_or(|d| d.access_token.expose_secret() != stored.session.access_token.expose_secret())
        {
            return Ok(stored);
        }
        self.ask_for_token(connection).await
    }

    async fn ask_for_token(&self, connection: &Connection) -> Result<OpenSession, SessionError> {
        let host = LoginHost::parse(&connection.login_host, self.loopback)
            .map_err(|e| refused("LOGIN_HOST", format!("{e}: start the server with --allow-loopback-orgs")))?;
        let client_secret = self
            .vault
            .open(&Connection::secret_place(&connection.id), &connection.sealed_client_secret)
            .map_err(|e| refused("ENCRYPTION_KEY", e.to_string()))?;
        let grant = Grant::ClientCredentials { client_id: connection.client_id.clone(), client_secret };
        let answer = match self.client.token(&host, &grant).await {
            Ok(answer) => answer,
            Err(error) => return Err(SessionError::Refused(classify::failed_login(&error))),
        };
        let user_id = answer.user_id().map(|id| id.as_str().to_owned());
        let sealed = self
            .vault
            .seal(&token_place(&connection.id), &answer.access_token)
            .map_err(|e| refused("ENCRYPTION_KEY", e.to_string()))?;
        let token =
            StoredToken { sealed, instance_url: answer.instance_url.as_str().to_owned(), user_id: user_id.clone() };
        self.store.save_token(&connection.id, &token).await?;
        let session = Session {
            instance_url: answer.instance_url,
            access_token: answer.access_token,
            api_version: api_version(connection)?,
        };
        Ok(OpenSession { session, user_id })
    }
}

fn api_version(connection: &Connection) -> Result<ApiVersion, SessionError> {
    ApiVersion::parse(&connection.api_version).map_err(|e| refused("API_VERSION", e.to_string()))
}

fn refused(code: &str, message: String) -> SessionError {
    let advice = "Correct the connection and apply the configuration again.";
    SessionError::Refused(Refusal::new(ErrorClass::Auth, code, message, advice))
}
