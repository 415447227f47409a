//! What an org said of its objects and users, kept so that a sync need not ask again.

use std::collections::BTreeMap;

use domain::ask::RecordId;
use domain::email_domain::EmailAddress;
use domain::org_shape::ObjectShape;
use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, Tx, email_address, from_json, instant, json, micros};

/// What an object looked like to the connection's user.
#[derive(Debug, Clone)]
pub struct StoredDescribe {
    /// The object's API name.
    pub object: String,
    /// Its fields.
    pub shape: ObjectShape,
    /// When it was fetched.
    pub fetched_at: Timestamp,
}

impl Store {
    /// The describes kept for a connection.
    pub async fn describes(&self, connection_id: &str) -> Result<Vec<StoredDescribe>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sql("SELECT object, body, fetched_at FROM describe WHERE connection_id = $1 ORDER BY object")
                .bind(connection_id)
                .all(&self.read)
                .await?;
        rows.into_iter()
            .map(|(object, body, at)| {
                let shape = from_json("a describe", &body)?;
                Ok(StoredDescribe { object, shape, fetched_at: instant(at)? })
            })
            .collect()
    }

    /// Keeps describes, in place of older ones.
    pub async fn save_describes(&self, connection_id: &str, describes: &[StoredDescribe]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for describe in describes {
            sql("INSERT INTO describe (connection_id, object, body, fetched_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (connection_id, object) DO UPDATE SET body = $3, fetched_at = $4")
            .bind(connection_id)
            .bind(&describe.object)
            .bind(json(&describe.shape))
            .bind(micros(describe.fetched_at))
            .run(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Drops what is kept of an org's objects and users, so that the next sync asks again.
    pub async fn forget_org(&self, connection_id: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        forget(&mut tx, connection_id).await?;
        tx.commit().await
    }

    /// The Salesforce users found for organizers' emails since an instant, and those that were set by hand; none for an email that
    /// has no active one.
    pub async fn salesforce_users(
        &self,
        connection_id: &str,
        since: Timestamp,
    ) -> Result<BTreeMap<EmailAddress, Option<RecordId>>, StoreError> {
        let rows: Vec<(String, Option<String>)> = sql(
            "SELECT email_folded, user_id FROM salesforce_user WHERE connection_id = $1 AND asked_at >= $2 ORDER BY email_folded",
        )
        .bind(connection_id)
        .bind(micros(since))
        .all(&self.read)
        .await?;
        let by_hand: Vec<(String, Option<String>)> =
            sql("SELECT h.email_folded, CASE WHEN k.active = 0 THEN NULL ELSE u.user_id END
                 FROM host_salesforce_user u JOIN host h ON h.id = u.host_id LEFT JOIN user_check k
                     ON k.connection_id = u.connection_id AND k.user_id = u.user_id AND k.checked_at >= $2
                 WHERE u.connection_id = $1 AND h.archived_at IS NULL ORDER BY h.email_folded")
            .bind(connection_id)
            .bind(micros(since))
            .all(&self.read)
            .await?;
        let all = rows.into_iter().chain(by_hand);
        all.map(|(email, user)| Ok((email_address(&email)?, user.map(RecordId)))).collect()
    }

    /// The users of hosts that were set by hand, by the host's email.
    pub async fn users_by_hand(&self, connection_id: &str) -> Result<BTreeMap<EmailAddress, RecordId>, StoreError> {
        let rows: Vec<(String, String)> =
            sql("SELECT h.email_folded, u.user_id FROM host_salesforce_user u JOIN host h ON h.id = u.host_id
                 WHERE u.connection_id = $1 AND h.archived_at IS NULL")
            .bind(connection_id)
            .all(&self.read)
            .await?;
        rows.into_iter().map(|(email, user)| Ok((email_address(&email)?, RecordId(user)))).collect()
    }

    /// Which users were found to be active, and which not, since an instant.
    pub async fn user_checks(
        &self,
        connection_id: &str,
        since: Timestamp,
    ) -> Result<BTreeMap<RecordId, bool>, StoreError> {
        let rows: Vec<(String, bool)> =
            sql("SELECT user_id, active <> 0 FROM user_check WHERE connection_id = $1 AND checked_at >= $2")
                .bind(connection_id)
                .bind(micros(since))
                .all(&self.read)
                .await?;
        Ok(rows.into_iter().map(|(user, active)| (RecordId(user), active)).collect())
    }

    /// Keeps whether a user is active.
    pub async fn save_user_check(
        &self,
        connection_id: &str,
        user: &RecordId,
        active: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO user_check (connection_id, user_id, active, checked_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection_id, user_id) DO UPDATE SET active = $3, checked_at = $4")
        .bind(connection_id)
        .bind(&user.0)
        .bind(i64::from(active))
        .bind(micros(now))
        .run(&self.write)
        .await?;
        Ok(())
    }

    /// Keeps which Salesforce user an email belongs to; none says that it is not exactly one active user.
    pub async fn save_salesforce_user(
        &self,
        connection_id: &str,
        email: &EmailAddress,
        user: Option<&RecordId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO salesforce_user (connection_id, email_folded, user_id, asked_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection_id, email_folded) DO UPDATE SET user_id = $3, asked_at = $4")
        .bind(connection_id)
        .bind(email.folded())
        .bind(user.map(|u| u.0.as_str()))
        .bind(micros(now))
        .run(&self.write)
        .await?;
        Ok(())
    }
}

/// Drops what is kept of an org.
pub(crate) async fn forget(tx: &mut Tx, connection_id: &str) -> Result<(), StoreError> {
    sql("DELETE FROM describe WHERE connection_id = $1").bind(connection_id).run(&mut *tx).await?;
    sql("DELETE FROM salesforce_user WHERE connection_id = $1").bind(connection_id).run(&mut *tx).await?;
    sql("DELETE FROM user_check WHERE connection_id = $1").bind(connection_id).run(&mut *tx).await?;
    Ok(())
}
