//! Consent in the browser (Salesforce facts 1.3).

use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::Value as Json;
use url::Url;

use crate::auth::{App, Consent, OAuthError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::value::Value;

use super::oauth::{self, Call};
use super::pages;
use super::state::Shared;

/// `GET authorize`: the consent page. An unknown app or a wrong redirect is told on a page of its own, because there is
/// nowhere safe to send the browser. There is no sign-in to remember, so that the page comes with every `prompt`, and
/// `immediate` never succeeds.
pub(crate) fn ask(shared: &Shared, call: &Call) -> Response {
    let (app, target) = match asked(shared, call) {
        Ok(asked) => asked,
        Err(OAuthError(error, description)) => return pages::oauth_error(error, description),
    };
    if call.param("response_type") != Some("code") {
        return pages::oauth_error("unsupported_response_type", "response type not supported");
    }
    if !scopes(call).split(' ').all(|scope| app.may_have(scope)) {
        return back(
            target,
            call,
            &[("error", "invalid_scope"), ("error_description", "the requested scope is not allowed")],
        );
    }
    if call.param("immediate") == Some("true") {
        return back(target, call, &[("error", "immediate_unsuccessful")]);
    }
    let users = usernames(&shared.org());
    let chosen = match call.param("login_hint") {
        Some(hint) => Some(hint.to_owned()),
        None => own_name(shared, &app),
    };
    Html(pages::consent(&call.query, &users, chosen.as_deref())).into_response()
}

/// `POST authorize`: the consent form's answer.
pub(crate) fn answer(shared: &Shared, call: &Call) -> Response {
    let (app, target) = match asked(shared, call) {
        Ok(asked) => asked,
        Err(OAuthError(error, description)) => return pages::oauth_error(error, description),
    };
    if call.param("decision") != Some("allow") {
        let description = ("error_description", "end-user denied authorization");
        return back(target, call, &[("error", "access_denied"), description]);
    }
    let named = call.param("username").filter(|name| !name.is_empty());
    let user = match named {
        Some(name) => oauth::user_named(&shared.org(), name),
        None => app.run_as,
    };
    let Some(user) = user else { return pages::oauth_error("invalid_grant", "authentication failure") };
    if !app.admits(user) {
        let description = ("error_description", "user is not admin approved to access this app");
        return back(target, call, &[("error", "invalid_app_access"), description]);
    }
    let consent = Consent {
        client_id: app.client_id,
        redirect_uri: call.param("redirect_uri").unwrap_or_default().to_owned(),
        challenge: call.param("code_challenge").filter(|challenge| !challenge.is_empty()).map(str::to_owned),
        user,
        scope: scopes(call).to_owned(),
        at: shared.org().now(),
    };
    let code = shared.auth().consent(consent);
    back(target, call, &[("code", &code)])
}

/// The app that asks, and where the browser goes next; only web addresses, never `javascript:`.
fn asked(shared: &Shared, call: &Call) -> Result<(App, Url), OAuthError> {
    let app = shared.auth().app(call.param("client_id").unwrap_or(""))?.clone();
    let uri = call.param("redirect_uri").unwrap_or("");
    let known = app.callbacks.is_empty() || app.callbacks.iter().any(|callback| callback == uri);
    let target = Url::parse(uri).ok().filter(|target| known && matches!(target.scheme(), "http" | "https"));
    let target = target.ok_or(OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration"))?;
    Ok((app, target))
}

fn scopes(call: &Call) -> &str {
    call.param("scope").filter(|scope| !scope.is_empty()).unwrap_or("api")
}

fn back(mut target: Url, call: &Call, params: &[(&str, &str)]) -> Response {
    let state = call.param("state").map(|state| ("state", state));
    for (name, value) in params.iter().copied().chain(state) {
        target.query_pairs_mut().append_pair(name, value);
    }
    Redirect::to(target.as_str()).into_response()
}

fn own_name(shared: &Shared, app: &App) -> Option<String> {
    match oauth::user_text(&shared.org(), app.run_as?, "Username") {
        Json::String(name) => Some(name),
        _ => None,
    }
}

/// The active users' names.
fn usernames(org: &Org) -> Vec<String> {
    let fields =
        org.schema_ref().object("User").and_then(|object| object.field("Username").zip(object.field("IsActive")));
    let Some((((username, _), (active, _)), table)) = fields.zip(org.table("User")) else { return Vec::new() };
    let users = table.live().iter().filter(|(_, row)| row.get(active) == &Value::Bool(true));
    let name = |(_, row): (&SalesforceId, &crate::row::Row)| match row.get(username) {
        Value::Text(name) => Some(name.to_string()),
        _ => None,
    };
    users.filter_map(name).collect()
}
