//! An admin's way to Salesforce and back, for a grant of the web server flow: each is good once, for a short time.

use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, micros};

/// A way to Salesforce that was begun.
#[derive(Debug, Clone)]
pub struct ConnectAttempt {
    /// The connection that is to be connected.
    pub connection_id: String,
    /// The user who began it.
    pub user_id: String,
    /// The PKCE verifier, encrypted.
    pub sealed_verifier: Vec<u8>,
    /// Where Salesforce sends the browser back to.
    pub redirect_uri: String,
}

impl Store {
    /// Keeps an attempt under the hash of its state.
    pub async fn begin_connect(
        &self,
        state_hash: &[u8],
        attempt: &ConnectAttempt,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sql("DELETE FROM connect_attempt WHERE expires_at <= $1").bind(micros(now)).run(&mut tx).await?;
        sql("INSERT INTO connect_attempt (state_hash, connection_id, user_id, code_verifier, redirect_uri, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(state_hash)
        .bind(&attempt.connection_id)
        .bind(&attempt.user_id)
        .bind(&attempt.sealed_verifier)
        .bind(&attempt.redirect_uri)
        .bind(micros(expires))
        .run(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Takes an attempt for good; none if there is none, or not any more.
    pub async fn take_connect(&self, state_hash: &[u8], now: Timestamp) -> Result<Option<ConnectAttempt>, StoreError> {
        let row: Option<(String, String, Vec<u8>, String, i64)> =
            sql("DELETE FROM connect_attempt WHERE state_hash = $1
             RETURNING connection_id, user_id, code_verifier, redirect_uri, expires_at")
            .bind(state_hash)
            .optional(&self.write)
            .await?;
        Ok(row.filter(|(.., expires)| *expires > micros(now)).map(
            |(connection_id, user_id, sealed_verifier, redirect_uri, _)| ConnectAttempt {
                connection_id,
                user_id,
                sealed_verifier,
                redirect_uri,
            },
        ))
    }
}
