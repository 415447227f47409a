//! Who calls the API: the holder of an API key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::email_domain::EmailAddress;
use http::request::Parts;
use http::{StatusCode, header};

use super::Problem;
use crate::access::{Access, KeyScope};
use crate::app::App;
use crate::auth::token_hash;
use crate::error_chain::chain;
use crate::store::ApiKey;

/// A caller with a valid key.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The id of their key.
    pub(super) api_key_id: String,
    /// Whose key it is.
    pub(super) access: Access,
    /// The key's own scopes, where it has fewer than its user's role.
    scopes: Option<Vec<KeyScope>>,
}

impl Caller {
    /// Refuses callers whose key, or whose role, lacks a scope.
    pub(super) fn may(&self, scope: KeyScope) -> Result<(), Problem> {
        let problem = || Problem::new(StatusCode::FORBIDDEN, "This API key may not do this.");
        if !self.access.role.scopes().contains(&scope) {
            let detail = format!("It takes the scope {scope}, which its user's role does not have.");
            return Err(problem().detail(detail));
        }
        if self.scopes.as_ref().is_some_and(|own| !own.contains(&scope)) {
            let detail =
                format!("It lacks the scope {scope}. Make one with `matchbook user key EMAIL --scope {scope}`.");
            return Err(problem().detail(detail));
        }
        Ok(())
    }

    /// Refuses members to make or take a booking that is another organizer's; none: one whose organizer is still to be chosen.
    pub(super) fn may_act_for(&self, organizer: Option<&EmailAddress>) -> Result<(), Problem> {
        let may = match organizer {
            Some(organizer) => self.access.acts_for(organizer),
            None => self.access.only_of().is_none(),
        };
        if may {
            return Ok(());
        }
        let own = self.access.email.as_written();
        let problem =
            Problem::new(StatusCode::FORBIDDEN, "A member makes bookings of their own only. Nothing was saved.");
        Err(problem.field("/host", format!("Name the host with the email {own}, or use an admin's key.")))
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
        let Some((key, user)) = app.store.api_key(&token_hash(key.trim())).await? else {
            return Err(unauthorized("This API key is not known. Make one with `matchbook user key EMAIL`."));
        };
        let now = app.clock.now();
        if key.revoked_at.is_some() {
            return Err(unauthorized("This API key was revoked. Make another with `matchbook user key EMAIL`."));
        }
        if let Some(expired) = key.expires_at.filter(|at| *at <= now) {
            return Err(unauthorized(&format!(
                "This API key expired at {expired}. Make another with `matchbook user key EMAIL`."
            )));
        }
        app.api_limits.count(&key.id).map_err(Problem::too_many)?;
        note_use(app, &key).await;
        Ok(Caller { api_key_id: key.id, access: Access::of(&user), scopes: key.scopes })
    }
}

/// Notes the day of use. Reading goes on while the database cannot be written.
async fn note_use(app: &App, key: &ApiKey) {
    if let Err(error) = app.store.note_use(key, app.clock.now()).await {
        tracing::warn!(error = chain(&error), "the last use of an API key could not be noted");
    }
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.").detail(detail)
}
