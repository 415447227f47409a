//! `POST /webhooks/{source}`: signed deliveries of booking sources.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::Problem;
use crate::app::App;
use crate::ingest::{self, IngestError, Received};
use crate::store::Receipt;

/// What became of a delivery.
#[derive(Debug, Serialize)]
pub struct Answer {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    booking: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Takes one delivery. 200: applied, repeated or of no concern; 202: kept, needs attention; 401, 404, 413 and 503
/// keep nothing.
pub async fn receive(
    State(app): State<Arc<App>>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Answer>), Problem> {
    let body = body?;
    let received = ingest::receive(&app, &source, &headers, &body).await.map_err(|error| match error {
        IngestError::Store(error) => Problem::from(error),
        other => Problem::internal(&other),
    })?;
    let answer = |status, result, booking, reason| Ok((status, Json(Answer { result, booking, reason })));
    match received {
        Received::UnknownSource => Err(Problem::new(StatusCode::NOT_FOUND, "No booking source has this name.")
            .detail("Check the last part of the URL against `sources` in the configuration file.")),
        Received::Refused(refused) => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "The signature is not right. Nothing was saved.")
                .detail(refused.to_string()))
        }
        Received::Stored(Receipt::Applied(booking)) => answer(StatusCode::OK, "applied", Some(booking), None),
        Received::Stored(Receipt::Known(booking)) => answer(StatusCode::OK, "repeated", Some(booking), None),
        Received::Stored(Receipt::Repeated(booking)) => answer(StatusCode::OK, "repeated", booking, None),
        Received::Stored(Receipt::Ignored) => answer(StatusCode::OK, "ignored", None, None),
        Received::Stored(Receipt::NeedsAttention(reason)) => {
            answer(StatusCode::ACCEPTED, "needs_attention", None, Some(reason))
        }
    }
}
