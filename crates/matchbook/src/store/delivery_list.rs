//! Deliveries as people look through them: listed, read one by one, dismissed.

use jiff::Timestamp;

use super::database::{sql, sql_from_parts};
use super::deliveries::DeliveryState;
use super::{Store, StoreError, cursor, instant, micros};

/// A delivery without its body, which is personal data.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// Its source's key.
    pub source: String,
    /// Its source's name.
    pub source_name: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it: a word of [`DeliveryState`].
    pub state: String,
    /// Why it was not applied.
    pub reason: Option<String>,
    /// The booking that it told of.
    pub booking_id: Option<String>,
    /// Why it was dismissed.
    pub note: Option<String>,
    /// The email of the user who dismissed it.
    pub dismissed_by: Option<String>,
}

const SELECT: &str =
    "SELECT d.id, s.key, s.name, d.received_at, d.state, d.reason, d.booking_id, d.note, d.dismissed_by
    FROM delivery d JOIN source s ON s.id = d.source_id";

type Row = (String, String, String, i64, String, Option<String>, Option<String>, Option<String>, Option<String>);

fn delivery(row: Row) -> Result<Delivery, StoreError> {
    let (id, source, source_name, received_at, state, reason, booking_id, note, dismissed_by) = row;
    let received_at = instant(received_at)?;
    Ok(Delivery { id, source, source_name, received_at, state, reason, booking_id, note, dismissed_by })
}

impl Store {
    /// A page of deliveries, the latest first, and where the next page starts. `cursor` is the `next` of the page before; one
    /// that we did not make starts over.
    pub async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Delivery>, Option<String>), StoreError> {
        // Ids begin with the time at which they were made, so that their order is that of arrival.
        let (_, before) = cursor.and_then(cursor::read).unwrap_or((0, "~".to_owned()));
        let condition = if state.is_some() { "d.state = $3" } else { "$3 = ''" };
        let text = format!("{SELECT} WHERE d.id < $1 AND {condition} ORDER BY d.id DESC LIMIT $2");
        let rows: Vec<Row> = sql_from_parts(text)
            .bind(before)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .bind(state.map_or("", DeliveryState::as_str))
            .all(&self.read)
            .await?;
        let mut found: Vec<Delivery> = rows.into_iter().map(delivery).collect::<Result<_, _>>()?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| cursor::write(micros(last.received_at), &last.id));
        Ok((found, next))
    }

    /// One delivery.
    pub async fn delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError> {
        let text = format!("{SELECT} WHERE d.id = $1");
        let row: Option<Row> = sql_from_parts(text).bind(id).optional(&self.read).await?;
        row.map(delivery).transpose()
    }

    /// The body of a delivery as it came.
    pub async fn delivery_body(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> =
            sql("SELECT body FROM delivery WHERE id = $1").bind(id).optional(&self.read).await?;
        Ok(row.map(|(body,)| body))
    }

    /// Dismisses a delivery that needs attention; false if it does not, or is not there.
    pub async fn dismiss_delivery(&self, id: &str, note: &str, by: &str) -> Result<bool, StoreError> {
        let dismissed = sql("UPDATE delivery SET state = 'dismissed', note = $2, dismissed_by = $3
             WHERE id = $1 AND state = 'needs_attention'")
        .bind(id)
        .bind(note)
        .bind(by)
        .run(&self.write)
        .await?;
        Ok(dismissed == 1)
    }
}
