//! What the last test of a connection found.

use domain::preflight::ConnectionTest;
use jiff::Timestamp;

use super::api_spend::{self, Spent};
use super::database::sql;
use super::{Store, StoreError, connections, from_json, instant, json, micros};
use domain::api_budget::Purpose;

impl Store {
    /// The last test, and when it was.
    pub async fn connection_test(
        &self,
        connection_id: &str,
    ) -> Result<Option<(ConnectionTest, Timestamp)>, StoreError> {
        let row: Option<(String, i64)> = sql("SELECT body, tested_at FROM connection_test WHERE connection_id = $1")
            .bind(connection_id)
            .optional(&self.read)
            .await?;
        row.map(|(body, at)| Ok((from_json("a connection's test", &body)?, instant(at)?))).transpose()
    }

    /// Keeps a test in place of the one before it. If it signed in, a connection that rests goes on at once.
    pub async fn save_connection_test(
        &self,
        connection_id: &str,
        test: &ConnectionTest,
        instance: &str,
        spent: &Spent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sql("INSERT INTO connection_test (connection_id, body, tested_at) VALUES ($1, $2, $3)
             ON CONFLICT (connection_id) DO UPDATE SET body = $2, tested_at = $3")
        .bind(connection_id)
        .bind(json(test))
        .bind(micros(now))
        .run(&mut tx)
        .await?;
        if test.signed_in.is_some() {
            connections::resume(&mut tx, connection_id, now).await?;
        }
        api_spend::spend(&mut tx, connection_id, Purpose::Test, instance, spent, now).await?;
        tx.commit().await
    }
}
