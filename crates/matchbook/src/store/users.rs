//! Users of Matchbook and their sessions.

use domain::email_domain::EmailAddress;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::database::{Pool, sql};
use super::{Store, StoreError, email_address, micros};
use crate::clock::new_id;

/// Someone who may sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Email, by which they sign in.
    pub email: EmailAddress,
    /// Name.
    pub name: String,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Argon2id hash of the password.
    pub password_hash: SecretString,
}

/// A new user.
#[derive(Debug, Clone)]
pub struct UserDraft {
    /// Email.
    pub email: EmailAddress,
    /// Name.
    pub name: String,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Argon2id hash of the password.
    pub password_hash: SecretString,
}

type Row = (String, String, String, String, String);

fn user((id, email, name, role, password_hash): Row) -> Result<User, StoreError> {
    let password_hash = SecretString::from(password_hash);
    Ok(User { id, email: email_address(&email)?, name, role, password_hash })
}

/// A user by id.
pub(super) async fn by_id(read: &Pool, id: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> =
        sql("SELECT id, email, name, role, password_hash FROM app_user WHERE id = $1").bind(id).optional(read).await?;
    row.map(user).transpose()
}

impl Store {
    /// A user by email.
    pub async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = sql("SELECT id, email, name, role, password_hash FROM app_user WHERE email_folded = $1")
            .bind(email.folded())
            .optional(&self.read)
            .await?;
        row.map(user).transpose()
    }

    /// Adds a user; false if there is one with this email.
    pub async fn add_user(&self, draft: &UserDraft, now: Timestamp) -> Result<bool, StoreError> {
        let added = sql("INSERT INTO app_user (id, email, email_folded, name, role, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email_folded) DO NOTHING")
        .bind(new_id("usr"))
        .bind(draft.email.as_written())
        .bind(draft.email.folded())
        .bind(&draft.name)
        .bind(&draft.role)
        .bind(draft.password_hash.expose_secret())
        .bind(micros(now))
        .run(&self.write)
        .await?;
        Ok(added == 1)
    }

    /// Opens a session; only the token's hash is kept.
    pub async fn add_session(
        &self,
        token_hash: &[u8],
        user_id: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO session (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(token_hash)
            .bind(user_id)
            .bind(micros(now))
            .bind(micros(expires_at))
            .run(&self.write)
            .await?;
        Ok(())
    }

    /// The user of a session that has not expired.
    pub async fn session_user(&self, token_hash: &[u8], now: Timestamp) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = sql(
            "SELECT u.id, u.email, u.name, u.role, u.password_hash FROM session s JOIN app_user u ON u.id = s.user_id
             WHERE s.token_hash = $1 AND s.expires_at > $2",
        )
        .bind(token_hash)
        .bind(micros(now))
        .optional(&self.read)
        .await?;
        row.map(user).transpose()
    }

    /// Ends a session, and clears expired ones.
    pub async fn end_session(&self, token_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
        sql("DELETE FROM session WHERE token_hash = $1 OR expires_at <= $2")
            .bind(token_hash)
            .bind(micros(now))
            .run(&self.write)
            .await?;
        Ok(())
    }
}
