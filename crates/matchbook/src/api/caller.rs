//! Who calls the API: the holder of an API key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{StatusCode, header};

use super::Problem;
use crate::app::App;
use crate::auth::token_hash;

/// A caller with a valid key.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The id of their key.
    pub(super) api_key_id: String,
    role: String,
}

impl Caller {
    /// Refuses callers that may only read.
    pub(super) fn may_write(&self) -> Result<(), Problem> {
        if self.role == "viewer" {
            let problem = Problem::new(StatusCode::FORBIDDEN, "This API key may only read.");
            return Err(problem.detail("Use a key of a user with the role member or admin."));
        }
        Ok(())
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        let key =
            header.and_then(|h| h.trim().split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, key)) = key else {
            return Err(unauthorized("Send the header \"Authorization: Bearer KEY\" with an API key."));
        };
        match app.store.api_key(&token_hash(key.trim())).await? {
            Some((api_key_id, role)) => Ok(Caller { api_key_id, role }),
            None => Err(unauthorized("This API key is not known. Make one with `matchbook user key EMAIL`.")),
        }
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.").detail(detail)
}
