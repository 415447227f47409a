//! API keys: a user's, kept as hashes.

use jiff::Timestamp;

use super::database::{sql, sql_from_parts};
use super::users::{self, User};
use super::{Store, StoreError, instant, micros};
use crate::access::KeyScope;
use crate::clock::new_id;

/// The microseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A key that is known.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// Whose it is: a user's id.
    pub user_id: String,
    /// What it is for.
    pub name: String,
    /// Its scopes; none says that it may whatever its user's role may.
    pub scopes: Option<Vec<KeyScope>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is no longer taken.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The start of the UTC day on which it was last used.
    pub last_used: Option<Timestamp>,
}

/// A key to be added.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyDraft<'a> {
    /// Whose it is: a user's id.
    pub user_id: &'a str,
    /// What it is for.
    pub name: &'a str,
    /// The key's hash.
    pub key_hash: &'a [u8],
    /// Its scopes; none lets it do whatever its user's role may.
    pub scopes: Option<&'a [KeyScope]>,
    /// From when on it is no longer taken.
    pub expires_at: Option<Timestamp>,
}

const SELECT: &str = "SELECT id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_day FROM api_key";

type Row = (String, String, String, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>);

fn api_key(row: Row) -> Result<ApiKey, StoreError> {
    let (id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_day) = row;
    // A word that this version does not know allows nothing.
    let scopes = scopes.map(|words| words.split(' ').filter_map(|word| word.parse().ok()).collect());
    Ok(ApiKey {
        id,
        user_id,
        name,
        scopes,
        created_at: instant(created_at)?,
        expires_at: expires_at.map(instant).transpose()?,
        revoked_at: revoked_at.map(instant).transpose()?,
        last_used: last_used_day.map(|day| instant(day.saturating_mul(DAY))).transpose()?,
    })
}

impl Store {
    /// Adds a key for a user; gives its id.
    pub async fn add_api_key(&self, draft: ApiKeyDraft<'_>, now: Timestamp) -> Result<String, StoreError> {
        let ApiKeyDraft { user_id, name, key_hash, scopes, expires_at } = draft;
        let scopes = scopes.map(|scopes| scopes.iter().map(KeyScope::to_string).collect::<Vec<_>>().join(" "));
        let id = new_id("key");
        sql("INSERT INTO api_key (id, user_id, name, key_hash, created_at, scopes, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&id)
        .bind(user_id)
        .bind(name)
        .bind(key_hash)
        .bind(micros(now))
        .bind(&scopes)
        .bind(expires_at.map(micros))
        .run(&self.write)
        .await?;
        Ok(id)
    }

    /// The key with this hash, and its user.
    pub async fn api_key(&self, key_hash: &[u8]) -> Result<Option<(ApiKey, User)>, StoreError> {
        let text = format!("{SELECT} WHERE key_hash = $1");
        let row: Option<Row> = sql_from_parts(text).bind(key_hash).optional(&self.read).await?;
        let Some(key) = row.map(api_key).transpose()? else { return Ok(None) };
        let user = users::by_id(&self.read, &key.user_id).await?;
        Ok(user.map(|user| (key, user)))
    }

    /// The keys of a user, the oldest first.
    pub async fn api_keys_of(&self, user_id: &str) -> Result<Vec<ApiKey>, StoreError> {
        let text = format!("{SELECT} WHERE user_id = $1 ORDER BY created_at, id");
        let rows: Vec<Row> = sql_from_parts(text).bind(user_id).all(&self.read).await?;
        rows.into_iter().map(api_key).collect()
    }

    /// Revokes a key; false if there is none with this id that is not revoked yet.
    pub async fn revoke_api_key(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = sql("UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id)
            .bind(micros(now))
            .run(&self.write)
            .await?;
        Ok(revoked == 1)
    }

    /// Notes the day on which a key is used; once a day writes something.
    pub async fn note_use(&self, key: &ApiKey, now: Timestamp) -> Result<(), StoreError> {
        let day = micros(now).div_euclid(DAY);
        if key.last_used.is_some_and(|at| micros(at) >= day.saturating_mul(DAY)) {
            return Ok(());
        }
        sql("UPDATE api_key SET last_used_day = $2 WHERE id = $1").bind(&key.id).bind(day).run(&self.write).await?;
        Ok(())
    }
}
