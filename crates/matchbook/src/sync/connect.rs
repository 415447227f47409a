//! Connecting in the browser: the web server flow with PKCE (Salesforce facts 1.3).
//!
//! State and verifier are made here and stay here: the state's hash and the sealed verifier, good once, for ten minutes, for
//! the admin who began. What comes back is stored before anything is asked with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use salesforce::auth::{AuthError, AuthorizationRequest, Grant};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::engine::Engine;
use super::session::SessionError;
use crate::auth::{new_token, token_hash};
use crate::grant::ConnectionGrant;
use crate::secrets::VaultError;
use crate::store::{ConnectAttempt, Connection, StoreError, User};

/// How long an admin may take to sign in to Salesforce.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Why a connection was not connected. Shown to the admin.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The encryption key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The connection's grant needs no browser, or its settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The state is unknown, used, too old, or another user's.
    #[error(
        "This way back from Salesforce is not known here: it works once, within ten minutes, for who began it. Choose Connect again."
    )]
    Stale,
    /// Salesforce, or the person there, said no.
    #[error("Salesforce did not connect it: {0}.")]
    Denied(String),
    /// The token endpoint refused the code.
    #[error("{0}")]
    Refused(#[from] AuthError),
    /// Without a refresh token it would work for an hour or two only.
    #[error(
        "Salesforce gave no refresh token, so the connection would end within hours. Add the scope \"Perform requests at any time (refresh_token, offline_access)\" to the External Client App, then connect again."
    )]
    NoRefreshToken,
    /// The records that were written are in another org.
    #[error(
        "You signed in to the org {given}, but this connection's records are in the org {known}. Sign in there, or make a connection of its own for the other org."
    )]
    OtherOrg {
        /// The org of the connection.
        known: String,
        /// The org that was signed in to.
        given: String,
    },
}

impl Engine {
    /// Begins to connect, and gives the address to send the admin's browser to.
    pub async fn begin_connect(
        &self,
        connection: &Connection,
        admin: &User,
        redirect_uri: &str,
    ) -> Result<String, ConnectError> {
        if connection.grant != ConnectionGrant::WebServer {
            let words = "This connection signs in by itself; there is nothing to connect in the browser.";
            return Err(ConnectError::Settings(words.into()));
        }
        let host = self.sessions.login_host(connection).map_err(settings)?;
        let (state, verifier) = (new_token()?, new_token()?);
        let state_hash = token_hash(state.expose_secret());
        let attempt = ConnectAttempt {
            connection_id: connection.id.clone(),
            user_id: admin.id.clone(),
            sealed_verifier: self.sessions.vault.seal(&verifier_place(&state_hash), &verifier)?,
            redirect_uri: redirect_uri.to_owned(),
        };
        let now = self.clock.now();
        self.store.begin_connect(&state_hash, &attempt, now, now + PATIENCE).await?;
        Ok(host.authorization_url(&AuthorizationRequest {
            client_id: &connection.client_id,
            redirect_uri,
            state: state.expose_secret(),
            code_challenge: &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret())),
        }))
    }

    /// The attempt that a state belongs to. It is used up by this.
    pub async fn take_connect(&self, state: &str, admin: &User) -> Result<ConnectAttempt, ConnectError> {
        let attempt = self.store.take_connect(&token_hash(state), self.clock.now()).await?;
        attempt.filter(|attempt| attempt.user_id == admin.id).ok_or(ConnectError::Stale)
    }

    /// Exchanges the code that came back, and lets the connection's waiting syncs go on.
    pub async fn finish_connect(
        &self,
        attempt: &ConnectAttempt,
        state: &str,
        code: SecretString,
    ) -> Result<(), ConnectError> {
        let connection = self.store.connection(&attempt.connection_id).await?.ok_or(ConnectError::Stale)?;
        let vault = &self.sessions.vault;
        let grant = Grant::AuthorizationCode {
            client_id: connection.client_id.clone(),
            client_secret: vault.open(&Connection::secret_place(&connection.id), &connection.sealed_secret)?,
            code,
            redirect_uri: attempt.redirect_uri.clone(),
            code_verifier: vault.open(&verifier_place(&token_hash(state)), &attempt.sealed_verifier)?,
        };
        let host = self.sessions.login_host(&connection).map_err(settings)?;
        let answer = self.client.token(&host, &grant).await?;
        if answer.refresh_token.is_none() {
            return Err(ConnectError::NoRefreshToken);
        }
        let tokens = self.sessions.sealed(&connection.id, &answer).map_err(settings)?;
        if let (Some(known), Some(given)) = (connection.organization_id, tokens.access.organization_id.clone())
            && known != given
        {
            return Err(ConnectError::OtherOrg { known, given });
        }
        self.store.connect(&connection.id, &tokens, self.clock.now()).await?;
        self.wake();
        Ok(())
    }
}

fn verifier_place(state_hash: &[u8]) -> String {
    format!("connect_attempt/{}/code_verifier", hex::encode(state_hash))
}

fn settings(error: SessionError) -> ConnectError {
    match error {
        SessionError::Store(error) => ConnectError::Store(error),
        SessionError::Refused(refusal) => ConnectError::Settings(refusal.message),
        SessionError::Busy { .. } => ConnectError::Settings(error.to_string()),
    }
}
