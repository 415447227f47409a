//! Requests to the API that carry an Idempotency-Key: what each of them made, for a day.

use domain::booking::BookingId;
use jiff::{SignedDuration, Timestamp};

use super::database::sql;
use super::{Store, StoreError, Tx, micros};

/// How long a request is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// A request with its key.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// Whose key it is: another API key's is another.
    pub api_key_id: String,
    /// The key.
    pub idempotency_key: String,
    /// The SHA-256 of its path and body.
    pub request_hash: Vec<u8>,
}

/// What the first request with a key came with, and what it made.
#[derive(Debug, Clone)]
pub struct EarlierRequest {
    /// The SHA-256 of its path and body.
    pub request_hash: Vec<u8>,
    /// The booking that it made or changed.
    pub booking_id: String,
}

impl Store {
    /// The first request with the same key, if it is remembered.
    pub async fn earlier_request(
        &self,
        request: &ApiRequest,
        now: Timestamp,
    ) -> Result<Option<EarlierRequest>, StoreError> {
        let row: Option<(Vec<u8>, String)> = sql("SELECT body_hash, booking_id FROM api_request
             WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > $3")
        .bind(&request.api_key_id)
        .bind(&request.idempotency_key)
        .bind(micros(now - REMEMBERED))
        .optional(&self.read)
        .await?;
        Ok(row.map(|(request_hash, booking_id)| EarlierRequest { request_hash, booking_id }))
    }
}

/// Notes what a request made; false if its key is taken.
pub(super) async fn remember(
    tx: &mut Tx,
    request: &ApiRequest,
    booking: &BookingId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sql("DELETE FROM api_request WHERE created_at <= $1").bind(micros(now - REMEMBERED)).run(&mut *tx).await?;
    let noted = sql("INSERT INTO api_request (api_key_id, idempotency_key, body_hash, booking_id, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (api_key_id, idempotency_key) DO NOTHING")
    .bind(&request.api_key_id)
    .bind(&request.idempotency_key)
    .bind(&request.request_hash)
    .bind(&booking.0)
    .bind(micros(now))
    .run(&mut *tx)
    .await?;
    Ok(noted == 1)
}
