//! What goes around every answer: headers, and the answers where no route fits or a form came from elsewhere.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use tower_http::csrf::ProtectionError;

use super::PageError;
use crate::api::Problem;

/// Nothing but our own files, nothing inline, no framing, forms only to ourselves.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// Adds the headers that keep pages safe. What does not say how long it may be kept is not kept at all:
/// pages and answers show people's data.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Answers where no route fits: programs get JSON, people a page.
pub async fn not_found(uri: Uri) -> Response {
    let for_programs =
        ["/api/", "/webhooks/"].iter().any(|start| uri.path().starts_with(start)) || uri.path() == "/api";
    if for_programs {
        return Problem::new(StatusCode::NOT_FOUND, "Nothing is at this URL.")
            .detail("Check the path: the API's begin with /api/v1/, webhooks' with /webhooks/.")
            .into_response();
    }
    let advice = "The address may be mistyped, or what was here may be gone.";
    PageError::new(StatusCode::NOT_FOUND, "This page is not here", advice).into_response()
}

/// Lets nothing be looked up by a name with a NUL in it: there is none, and PostgreSQL refuses even the question.
pub async fn no_nul(request: Request, next: Next) -> Response {
    if request.uri().path().contains("%00") {
        return not_found(request.uri().clone()).await;
    }
    next.run(request).await
}

/// Answers a form that another site's page sent.
pub fn cross_site(_: ProtectionError) -> Response {
    let advice =
        "Matchbook takes forms only from its own pages, so nothing was changed. Open the page here and try again.";
    PageError::new(StatusCode::FORBIDDEN, "This came from another site", advice).into_response()
}
