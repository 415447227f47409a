//! Decisions about duplicates, on bookings that wait for one.

use domain::sync_outcome::{ChoiceRefused, DuplicateChoice, Synced};
use jiff::Timestamp;

use super::database::sql;
use super::{Store, StoreError, from_json, json, micros};

impl Store {
    /// Keeps what was decided about the duplicates of a booking on hold, and makes its sync due; the inner error says why not.
    pub async fn choose_duplicate(
        &self,
        booking_id: &str,
        choice: DuplicateChoice,
        now: Timestamp,
    ) -> Result<Result<(), ChoiceRefused>, StoreError> {
        let mut tx = self.begin().await?;
        let held: Option<(String, i64)> =
            sql("SELECT synced, attempt FROM outbox WHERE booking_id = $1 AND state = 'held' AND worker IS NULL")
                .bind(booking_id)
                .optional(&mut tx)
                .await?;
        let Some((synced, attempt)) = held else { return Ok(Err(ChoiceRefused::NothingToDecide)) };
        let chosen = match from_json::<Synced>("what was synced", &synced)?.choosing(choice) {
            Ok(chosen) => chosen,
            Err(refused) => return Ok(Err(refused)),
        };
        // A run since then has the last word: its hold is decided anew.
        let taken = sql("UPDATE outbox SET synced = $2, state = 'waiting', due_at = $3, reason = NULL
             WHERE booking_id = $1 AND state = 'held' AND attempt = $4")
        .bind(booking_id)
        .bind(json(&chosen))
        .bind(micros(now))
        .bind(attempt)
        .run(&mut tx)
        .await?;
        if taken == 0 {
            return Ok(Err(ChoiceRefused::NothingToDecide));
        }
        tx.commit().await?;
        Ok(Ok(()))
    }
}
