//! The header `Idempotency-Key`: a request that is sent again, as after a lost answer, does nothing twice.

use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Problem;
use super::caller::Caller;
use crate::store::{ApiRequest, EarlierRequest};

/// The header.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest key.
const LONGEST: usize = 255;

/// The request as it is remembered, if it carries a key.
pub(super) fn request(
    headers: &HeaderMap,
    caller: &Caller,
    path: &str,
    body: &[u8],
) -> Result<Option<ApiRequest>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let is_sound = |key: &&str| (1..=LONGEST).contains(&key.len());
    let Some(key) = key.to_str().ok().filter(is_sound) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "The Idempotency-Key cannot be used. Nothing was saved.")
            .detail(format!("Send 1 to {LONGEST} visible ASCII characters, such as a UUID.")));
    };
    let (api_key_id, idempotency_key) = (caller.api_key_id.clone(), key.to_owned());
    let hash = Sha256::new().chain_update(path).chain_update([0]).chain_update(body).finalize();
    Ok(Some(ApiRequest { api_key_id, idempotency_key, request_hash: hash.to_vec() }))
}

/// The booking that the same request made or changed before.
pub(super) fn repeated(request: &ApiRequest, earlier: EarlierRequest) -> Result<String, Problem> {
    if earlier.request_hash == request.request_hash {
        return Ok(earlier.booking_id);
    }
    let title = "This Idempotency-Key came with another request before. Nothing was saved.";
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title)
        .detail("Use a new key for something new, and the same URL and body to send a request again."))
}

/// The same request is being answered at this moment.
pub(super) fn made_meanwhile() -> Problem {
    Problem::new(StatusCode::CONFLICT, "The same request is being answered just now. Nothing was saved twice.")
        .detail("Send it again to get the booking.")
}
