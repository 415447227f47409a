//! Users of Matchbook and their sessions.

use domain::email_domain::EmailAddress;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::audit::{self, AuditEntry};
use super::database::{Pool, sql};
use super::{Store, StoreError, Tx, email_address, micros};
use crate::clock::new_id;
use crate::workspace_file::entries;

/// Someone who may sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Their stable key in the configuration.
    pub key: String,
    /// Email, by which they sign in.
    pub email: EmailAddress,
    /// Name.
    pub name: String,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Argon2id hash of the password; none where none was set yet.
    pub password_hash: Option<SecretString>,
}

type Row = (String, String, String, String, String, String);

fn user((id, key, email, name, role, password_hash): Row) -> Result<User, StoreError> {
    let password_hash = Some(password_hash).filter(|hash| !hash.is_empty()).map(SecretString::from);
    Ok(User { id, key, email: email_address(&email)?, name, role, password_hash })
}

/// A user by id.
pub(super) async fn by_id(read: &Pool, id: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = sql("SELECT id, key, email, name, role, password_hash FROM app_user WHERE id = $1")
        .bind(id)
        .optional(read)
        .await?;
    row.map(user).transpose()
}

impl Store {
    /// A user by email.
    pub async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = sql("SELECT id, key, email, name, role, password_hash FROM app_user
             WHERE email_folded = $1 AND archived_at IS NULL")
        .bind(email.folded())
        .optional(&self.read)
        .await?;
        row.map(user).transpose()
    }

    /// All users who may sign in, by key.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<Row> = sql("SELECT id, key, email, name, role, password_hash FROM app_user
             WHERE archived_at IS NULL ORDER BY key")
        .all(&self.read)
        .await?;
        rows.into_iter().map(user).collect()
    }

    /// Sets a user's password, and ends their sessions.
    pub async fn set_password(&self, user_id: &str, hash: &SecretString, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sql("UPDATE app_user SET password_hash = $2 WHERE id = $1")
            .bind(user_id)
            .bind(hash.expose_secret())
            .run(&mut tx)
            .await?;
        sql("DELETE FROM session WHERE user_id = $1").bind(user_id).run(&mut tx).await?;
        audit::add(&mut tx, entry, None).await?;
        tx.commit().await
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
            "SELECT u.id, u.key, u.email, u.name, u.role, u.password_hash FROM session s JOIN app_user u ON u.id = s.user_id
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

/// Frees the email of a user who is about to get one, so that several may pass theirs on to each other.
pub(crate) async fn free_email(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    sql("UPDATE app_user SET email_folded = '~' || id WHERE key = $1").bind(key).run(tx).await?;
    Ok(())
}

/// Writes what the configuration says of a user. One who is new has no password yet.
pub(crate) async fn put(tx: &mut Tx, key: &str, new: &entries::User, now: Timestamp) -> Result<(), StoreError> {
    sql("INSERT INTO app_user (id, key, email, email_folded, name, role, password_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, '', $7)
         ON CONFLICT (key) DO UPDATE SET email = $3, email_folded = $4, name = $5, role = $6, archived_at = NULL")
    .bind(new_id("usr"))
    .bind(key)
    .bind(new.email.as_written())
    .bind(new.email.folded())
    .bind(&new.name)
    .bind(&new.role)
    .bind(micros(now))
    .run(tx)
    .await?;
    Ok(())
}

/// Archives a user: password, sessions and keys are gone for good.
pub(crate) async fn archive(tx: &mut Tx, key: &str, now: Timestamp) -> Result<(), StoreError> {
    sql("DELETE FROM session WHERE user_id = (SELECT id FROM app_user WHERE key = $1)").bind(key).run(&mut *tx).await?;
    sql("DELETE FROM api_request WHERE api_key_id IN
             (SELECT k.id FROM api_key k JOIN app_user u ON u.id = k.user_id WHERE u.key = $1)")
    .bind(key)
    .run(&mut *tx)
    .await?;
    sql("DELETE FROM api_key WHERE user_id = (SELECT id FROM app_user WHERE key = $1)").bind(key).run(&mut *tx).await?;
    sql("UPDATE app_user SET archived_at = $2, email_folded = '~' || id, password_hash = '' WHERE key = $1")
        .bind(key)
        .bind(micros(now))
        .run(&mut *tx)
        .await?;
    Ok(())
}
