//! Errors as `application/problem+json` (RFC 9457): what happened, and what to do, field by field.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error_chain::chain;
use crate::store::StoreError;

/// The seconds after which a request may be sent again that failed for a passing reason.
const RETRY_AFTER: u64 = 5;

/// An error answer (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    #[serde(skip)]
    #[schema(ignore)]
    status_code: StatusCode,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
    /// The HTTP status again.
    status: u16,
    /// What happened, in a sentence.
    title: String,
    /// What there is to know or to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct FieldProblem {
    /// Where it is in the body: a JSON pointer such as `/attendee/email`.
    #[schema(example = "/attendee/email")]
    pointer: String,
    /// What is wrong, and how to mend it.
    detail: String,
}

impl Problem {
    /// An answer with a status and a sentence.
    pub fn new(status: StatusCode, title: &str) -> Self {
        Problem {
            status_code: status,
            retry_after: None,
            status: status.as_u16(),
            title: title.to_owned(),
            detail: None,
            errors: Vec::new(),
        }
    }

    /// Adds what there is to know or to do.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what is wrong with one field, named by its JSON pointer such as `/attendee/email`.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldProblem { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Whether a field was named.
    pub fn names_fields(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The request's fields are wrong.
    pub fn invalid() -> Self {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "The request has fields that cannot be used. Nothing was saved.")
    }

    /// The database cannot be used for now.
    fn later() -> Self {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database is locked, full or out of reach. Nothing was saved.",
        )
        .detail(format!("Please send this again in {RETRY_AFTER} seconds."))
        .retry_after(RETRY_AFTER)
    }

    /// A key calls too often.
    pub(super) fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "This API key has called too often in the last minute.")
            .detail(format!("Please send this again in {seconds} seconds."))
            .retry_after(seconds)
    }

    /// Says after how many seconds the request may be sent again.
    fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// We failed; the details are in the log, never in the answer.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "a request failed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Matchbook could not do this just now. Please try again.")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = Problem::internal(&error);
        if error.is_passing() { Problem::later() } else { problem }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let limit = crate::routes::LARGEST_BODY / 1024;
            return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large. Nothing was saved.")
                .detail(format!("At most {limit} KiB are read."));
        }
        Problem::new(StatusCode::BAD_REQUEST, "The body could not be read. Nothing was saved.")
            .detail("It did not arrive whole, or not in time.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status_code, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status_code == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
