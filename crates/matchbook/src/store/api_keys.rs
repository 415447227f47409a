//! API keys: a user's, kept as hashes.

use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, micros};
use crate::clock::new_id;

impl Store {
    /// Adds a key for a user.
    pub async fn add_api_key(
        &self,
        user_id: &str,
        name: &str,
        key_hash: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO api_key (id, user_id, name, key_hash, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(new_id("key"))
            .bind(user_id)
            .bind(name)
            .bind(key_hash)
            .bind(micros(now))
            .run(&self.write)
            .await?;
        Ok(())
    }

    /// The id of the key with this hash, and the role of its user.
    pub async fn api_key(&self, key_hash: &[u8]) -> Result<Option<(String, String)>, StoreError> {
        sql("SELECT k.id, u.role FROM api_key k JOIN app_user u ON u.id = k.user_id WHERE k.key_hash = $1")
            .bind(key_hash)
            .optional(&self.read)
            .await
    }
}
