//! What a request brings besides its URL: a JSON body, and the entity tags it was made for.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use mime::Mime;
use serde_json::Value;

use super::Problem;
use crate::app::App;

/// A JSON body.
#[derive(Debug, Clone)]
pub struct JsonBody {
    /// As it came.
    pub(super) bytes: Bytes,
    /// What it says.
    pub(super) value: Value,
}

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let bytes = Bytes::from_request(request, app).await?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "The body is not JSON. Nothing was saved.");
            problem.detail(error.to_string())
        })?;
        Ok(JsonBody { bytes, value })
    }
}

/// Refuses bodies that are said to be something else than JSON.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let mime: Option<Mime> = given.to_str().ok().and_then(|text| text.parse().ok());
    let is_json = mime.is_some_and(|mime| mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON));
    if is_json {
        return Ok(());
    }
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON. Nothing was saved.");
    Err(problem.detail("Send the header \"Content-Type: application/json\"."))
}

/// The entity tags that a change is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Whatever there is.
    Any,
    /// One of these, in quotes.
    Tags(Vec<String>),
}

impl IfMatch {
    /// The header `If-Match`, if there is one.
    pub(super) fn of(headers: &HeaderMap) -> Option<IfMatch> {
        let given = headers.get(header::IF_MATCH)?;
        let text = given.to_str().unwrap_or_default().trim();
        Some(if text == "*" {
            IfMatch::Any
        } else {
            IfMatch::Tags(text.split(',').map(|tag| tag.trim().to_owned()).collect())
        })
    }

    /// The version that a single tag names.
    pub(super) fn version(&self) -> Option<i64> {
        match self {
            IfMatch::Tags(tags) => tags.first()?.trim_matches('"').parse().ok(),
            IfMatch::Any => None,
        }
    }

    /// Whether a version is one that the change is made for.
    pub(super) fn admits(&self, version: i64) -> bool {
        match self {
            IfMatch::Any => true,
            IfMatch::Tags(tags) => tags.contains(&tag(version)),
        }
    }
}

/// The entity tag of a version.
fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The header `ETag` of a version.
pub(super) fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(tag(version)).expect("digits in quotes are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_for_the_tags_it_names() {
        let admits = |value: &'static str, version| {
            let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(value))]);
            IfMatch::of(&headers).expect("a header").admits(version)
        };
        assert!(admits("*", 3) && admits("\"3\"", 3) && admits("\"2\", \"3\"", 3));
        assert!(!admits("\"3\"", 4) && !admits("3", 3) && !admits("W/\"3\"", 3) && !admits("", 3));
        assert_eq!(IfMatch::of(&HeaderMap::new()), None);
    }
}
