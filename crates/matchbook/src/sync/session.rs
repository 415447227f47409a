//! Sessions with orgs: one token per connection, renewed once however many runs and instances find it dead.
//!
//! Whoever finds it dead waits for the lock of its process, reads the stored token again, and uses a newer one. Else it takes
//! the connection's lease in the database, and with it the right to ask. What is granted is stored before it is used: with
//! refresh token rotation the former refresh token is dead by then. If a process dies in between, Salesforce refuses the old
//! one, and somebody must connect again; nothing else is lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sync_outcome::{ErrorClass, Refusal};
use jiff::Timestamp;
use salesforce::auth::{AuthAction, AuthError, Grant, InstanceUrl, LoginHost, LoopbackPolicy, TokenAnswer};
use salesforce::client::{ApiVersion, Client, Session};
use salesforce::jwt::{Claims, SigningKey};
use secrecy::ExposeSecret as _;

use crate::clock::Clock;
use crate::crm::classify;
use crate::grant::ConnectionGrant;
use crate::secrets::Vault;
use crate::store::{Connection, NewTokens, RenewLease, Store, StoreError, StoredAccess, StoredTokens};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Salesforce or the connection's settings; the sync waits.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Another instance is asking for a token; its lease ends then, if nothing is heard of it.
    #[error("another instance is renewing the connection's access")]
    Busy {
        /// When.
        until: Timestamp,
    },
}

/// A session, and the Salesforce user it acts as.
#[derive(Debug, Clone)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    pub(crate) user_id: Option<String>,
}

/// What sessions are made of.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) store: Store,
    pub(crate) client: Client,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) loopback: LoopbackPolicy,
    /// Who this process is to others on the same database.
    pub(crate) instance: String,
    /// One lock per connection: who finds the token dead waits for the one who is renewing it.
    pub(crate) locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Sessions {
    /// The stored session, else a new one.
    pub(crate) async fn open(&self, connection_id: &str) -> Result<OpenSession, SessionError> {
        let connection = self.connection(connection_id).await?;
        match self.stored(&connection, &self.store.tokens(&connection.id).await?)? {
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
        let connection = self.store.connection(id).await?;
        connection.ok_or_else(|| refused("NO_CONNECTION", "The connection no longer exists.".into()))
    }

    fn stored(&self, connection: &Connection, tokens: &StoredTokens) -> Result<Option<OpenSession>, SessionError> {
        let Some(access) = &tokens.access else { return Ok(None) };
        // A token sealed with another key, or for a host no longer allowed, is as good as none.
        let Ok(access_token) = self.vault.open(&Connection::access_place(&connection.id), &access.sealed) else {
            return Ok(None);
        };
        let Ok(instance_url) = InstanceUrl::parse(&access.instance_url, self.loopback) else { return Ok(None) };
        let session = Session { instance_url, access_token, api_version: api_version(connection)? };
        Ok(Some(OpenSession { session, user_id: access.user_id.clone() }))
    }

    async fn log_in(&self, connection: &Connection, dead: Option<&Session>) -> Result<OpenSession, SessionError> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(connection.id.clone()).or_default())
        };
        let _alone = lock.lock().await;
        let is_newer = |stored: &OpenSession| {
            dead.is_none_or(|d| d.access_token.expose_secret() != stored.session.access_token.expose_secret())
        };
        let tokens = self.store.tokens(&connection.id).await?;
        if let Some(stored) = self.stored(connection, &tokens)?.filter(is_newer) {
            return Ok(stored);
        }
        let now = self.clock.now();
        if let RenewLease::Busy { until } = self.store.take_renew_lease(&connection.id, &self.instance, now).await? {
            return Err(SessionError::Busy { until });
        }
        let renewed = self.renew_alone(connection, is_newer).await;
        self.store.free_renew_lease(&connection.id, &self.instance).await?;
        renewed
    }

    /// Asks for a token under the lease, unless the one who had it before stored a newer one.
    async fn renew_alone(
        &self,
        connection: &Connection,
        is_newer: impl Fn(&OpenSession) -> bool,
    ) -> Result<OpenSession, SessionError> {
        let tokens = self.store.tokens(&connection.id).await?;
        if let Some(stored) = self.stored(connection, &tokens)?.filter(is_newer) {
            return Ok(stored);
        }
        let grant = self.grant(connection, &tokens)?;
        let answer = match self.client.token(&self.login_host(connection)?, &grant).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.no_token(connection, &tokens, &error).await?),
        };
        let new = self.sealed(&connection.id, &answer)?;
        if !self.store.save_tokens(&connection.id, tokens.version, &new).await? {
            // Somebody connected anew, or changed the credential, while Salesforce answered: theirs counts.
            return Err(SessionError::Busy { until: self.clock.now() });
        }
        Ok(OpenSession {
            session: Session {
                instance_url: answer.instance_url,
                access_token: answer.access_token,
                api_version: api_version(connection)?,
            },
            user_id: new.access.user_id,
        })
    }

    fn grant(&self, connection: &Connection, tokens: &StoredTokens) -> Result<Grant, SessionError> {
        let open = |place: &str, sealed: &[u8]| {
            self.vault.open(place, sealed).map_err(|e| refused("ENCRYPTION_KEY", e.to_string()))
        };
        let secret = open(&Connection::secret_place(&connection.id), &connection.sealed_secret)?;
        let client_id = connection.client_id.clone();
        match &connection.grant {
            ConnectionGrant::ClientCredentials => Ok(Grant::ClientCredentials { client_id, client_secret: secret }),
            ConnectionGrant::JwtBearer { username } => {
                let audience = self.login_host(connection)?;
                let claims = Claims { client_id: &client_id, username, audience: &audience, now: self.clock.now() };
                let assertion = SigningKey::from_pem(&secret).and_then(|key| key.assertion(&claims));
                let assertion = assertion.map_err(|e| refused("PRIVATE_KEY", e.to_string()))?;
                Ok(Grant::JwtBearer { assertion })
            }
            ConnectionGrant::WebServer => {
                let sealed = tokens.refresh.as_ref().ok_or_else(not_connected)?;
                let refresh_token = open(&Connection::refresh_place(&connection.id), sealed)?;
                Ok(Grant::RefreshToken { client_id, client_secret: secret, refresh_token })
            }
        }
    }

    /// What a refused token means. A grant that ended parks the connection until somebody connects it.
    async fn no_token(
        &self,
        connection: &Connection,
        tokens: &StoredTokens,
        error: &AuthError,
    ) -> Result<SessionError, StoreError> {
        let refusal = classify::failed_login(error);
        if error.action == AuthAction::Reconnect && connection.grant == ConnectionGrant::WebServer {
            let trouble = format!("{}. {}", error.reason, error.advice);
            self.store.need_reconnect(&connection.id, tokens.version, &trouble).await?;
            return Ok(SessionError::Refused(Refusal { code: "RECONNECT_NEEDED".into(), ..refusal }));
        }
        Ok(SessionError::Refused(refusal))
    }

    /// Where a connection signs in.
    pub(crate) fn login_host(&self, connection: &Connection) -> Result<LoginHost, SessionError> {
        LoginHost::parse(&connection.login_host, self.loopback)
            .map_err(|e| refused("LOGIN_HOST", format!("{e}: start the server with --allow-loopback-orgs")))
    }

    /// A granted token, encrypted.
    pub(crate) fn sealed(&self, connection_id: &str, answer: &TokenAnswer) -> Result<NewTokens, SessionError> {
        let seal =
            |place: &str, token| self.vault.seal(place, token).map_err(|e| refused("ENCRYPTION_KEY", e.to_string()));
        let refresh = answer
            .refresh_token
            .as_ref()
            .map(|token| seal(&Connection::refresh_place(connection_id), token))
            .transpose()?;
        let access = StoredAccess {
            sealed: seal(&Connection::access_place(connection_id), &answer.access_token)?,
            instance_url: answer.instance_url.as_str().to_owned(),
            user_id: answer.user_id().map(|id| id.as_str().to_owned()),
            organization_id: answer.organization_id().map(|id| id.as_str().to_owned()),
        };
        Ok(NewTokens { access, refresh })
    }
}

fn api_version(connection: &Connection) -> Result<ApiVersion, SessionError> {
    ApiVersion::parse(&connection.api_version).map_err(|e| refused("API_VERSION", e.to_string()))
}

fn refused(code: &str, message: String) -> SessionError {
    let advice = "Correct the connection and apply the configuration again.";
    SessionError::Refused(Refusal::new(ErrorClass::Auth, code, message, advice))
}

fn not_connected() -> SessionError {
    let advice = "An admin opens its page under Connections and chooses Connect.";
    SessionError::Refused(Refusal::new(ErrorClass::Auth, "RECONNECT_NEEDED", "The connection is not connected", advice))
}
