//! The OAuth endpoints (Salesforce facts 1).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json as JsonBody;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Query, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use url::{Url, form_urlencoded};

use crate::auth::{Consent, Exchange, Granted, OAuthError};
use crate::calls::Kind;
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::value::Value;

use super::connection::Connection;
use super::pages;
use super::rest::{self, Entry};
use super::state::Shared;
use super::wire::Reply;

/// The largest form taken, in bytes.
const LARGEST_FORM: usize = 64 * 1024;

type Form = HashMap<String, String>;

/// `POST /services/oauth2/token`.
pub(crate) async fn token(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let face = rest::face_of(&request);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_FORM).await.unwrap_or_default();
    let plan = shared.faults().for_call(&face, &[]);
    let (status, body) = match (&plan.error, plan.drop) {
        (Some(refusal), _) => (refusal.status, refusal.oauth_body()),
        (None, Some(crate::faults::Drop::Before | crate::faults::Drop::Late)) => (400, Json::Null),
        (None, _) => grant(&shared, &parts.headers, &body),
    };
    let entry = Entry { method: &face.method, path: "/services/oauth2/token", kind: Kind::Token, counted: false };
    rest::log(&shared, entry, &Reply::empty(status), plan.drop);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let answer = (status, [(header::CACHE_CONTROL, "no-store")], JsonBody(body)).into_response();
    rest::send(&shared, &connection, &plan, answer).await
}

fn grant(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> (u16, Json) {
    let now = shared.org().now();
    match granted(shared, headers, body) {
        Ok(granted) => (200, granted.body(&base_url(headers), Org::id(), now)),
        Err(OAuthError(error, description)) => (400, json!({ "error": error, "error_description": description })),
    }
}

fn granted(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Granted, OAuthError> {
    let form: Form = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str);
    let (client_id, secret) = match basic(headers) {
        Some((id, secret)) => (id, Some(secret)),
        None => (field("client_id").unwrap_or("").to_owned(), field("client_secret").map(str::to_owned)),
    };
    let (now, rotate) = {
        let org = shared.org();
        (org.now(), org.settings.refresh_token_rotation)
    };
    let mut auth = shared.auth();
    match field("grant_type") {
        Some("client_credentials") => auth.client_credentials(Org::id(), &client_id, secret.as_deref().unwrap_or("")),
        Some("authorization_code") => {
            let exchange = Exchange {
                code: field("code").unwrap_or(""),
                client_id: &client_id,
                client_secret: secret.as_deref(),
                redirect_uri: field("redirect_uri").unwrap_or(""),
                code_verifier: field("code_verifier"),
            };
            auth.exchange(Org::id(), now, &exchange)
        }
        Some("refresh_token") => {
            let token = field("refresh_token").unwrap_or("");
            auth.refresh(Org::id(), token, (&client_id, secret.as_deref()), rotate)
        }
        _ => Err(OAuthError("unsupported_grant_type", "grant type not supported")),
    }
}

/// `GET /services/oauth2/authorize`: the consent page. An unknown app or a missing redirect is told on a page of its
/// own, because there is nowhere safe to send the browser.
pub(crate) async fn authorize(State(shared): State<Arc<Shared>>, Query(asked): Query<Form>) -> Response {
    let client_id = asked.get("client_id").map_or("", String::as_str);
    if !shared.auth().knows(client_id) {
        return pages::oauth_error("invalid_client_id", "client identifier invalid");
    }
    if redirect_target(&asked).is_none() {
        return pages::oauth_error("redirect_uri_mismatch", "redirect_uri must match configuration");
    }
    if asked.get("response_type").map(String::as_str) != Some("code") {
        return pages::oauth_error("unsupported_response_type", "response type not supported");
    }
    Html(pages::consent(&asked)).into_response()
}

/// `POST /services/oauth2/authorize`: the consent form's answer.
pub(crate) async fn consent(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let asked: Form = form_urlencoded::parse(&body).into_owned().collect();
    let client_id = asked.get("client_id").cloned().unwrap_or_default();
    let user = shared.auth().consenting_user(&client_id);
    let Some(user) = user else {
        return pages::oauth_error("invalid_client_id", "client identifier invalid");
    };
    let Some(mut target) = redirect_target(&asked) else {
        return pages::oauth_error("redirect_uri_mismatch", "redirect_uri must match configuration");
    };
    if asked.get("decision").map(String::as_str) == Some("allow") {
        let consent = Consent {
            client_id,
            redirect_uri: asked.get("redirect_uri").cloned().unwrap_or_default(),
            challenge: asked.get("code_challenge").filter(|challenge| !challenge.is_empty()).cloned(),
            user,
            scope: asked.get("scope").filter(|scope| !scope.is_empty()).cloned().unwrap_or_else(|| "api".into()),
            at: shared.org().now(),
        };
        let code = shared.auth().consent(consent);
        target.query_pairs_mut().append_pair("code", &code);
    } else {
        target.query_pairs_mut().append_pair("error", "access_denied");
        target.query_pairs_mut().append_pair("error_description", "end-user denied authorization");
    }
    if let Some(state) = asked.get("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(target.as_str()).into_response()
}

/// `GET|POST /services/oauth2/revoke`.
pub(crate) async fn revoke(State(shared): State<Arc<Shared>>, Query(query): Query<Form>, body: Bytes) -> Response {
    let form: Form = form_urlencoded::parse(&body).into_owned().collect();
    let token = form.get("token").or_else(|| query.get("token")).map_or("", String::as_str);
    if shared.auth().revoke(token) {
        StatusCode::OK.into_response()
    } else {
        let body = json!({ "error": "invalid_token", "error_description": "invalid token" });
        (StatusCode::BAD_REQUEST, JsonBody(body)).into_response()
    }
}

/// `GET|POST /services/oauth2/userinfo`. A bad token is a 403 with plain text (Salesforce facts 1.6).
pub(crate) async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let user = rest::session(&shared, authorization(&headers).as_deref());
    let Ok(user) = user else { return (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response() };
    let base = base_url(&headers);
    let org = shared.org();
    let body = json!({
        "sub": format!("{base}/id/{}/{user}", Org::id()),
        "user_id": user.as_str(),
        "organization_id": Org::id().as_str(),
        "preferred_username": user_text(&org, user, "Username"),
        "name": user_text(&org, user, "Name"),
        "email": user_text(&org, user, "Email"),
        "email_verified": true,
        "given_name": user_text(&org, user, "FirstName"),
        "family_name": user_text(&org, user, "LastName"),
        "zoneinfo": user_text(&org, user, "TimeZoneSidKey"),
        "address": {},
        "urls": urls(&base),
        "active": true,
        "user_type": "STANDARD",
        "locale": user_text(&org, user, "LocaleSidKey"),
    });
    JsonBody(body).into_response()
}

/// `GET /id/{org}/{user}`: the identity document. The token may come as `oauth_token` (Salesforce facts 1.6).
pub(crate) async fn identity(
    State(shared): State<Arc<Shared>>,
    Path((org_id, user_id)): Path<(String, String)>,
    Query(query): Query<Form>,
    headers: HeaderMap,
) -> Response {
    let authorization =
        authorization(&headers).or_else(|| query.get("oauth_token").map(|token| format!("Bearer {token}")));
    let caller = rest::session(&shared, authorization.as_deref());
    let ids = (SalesforceId::parse(&org_id), SalesforceId::parse(&user_id));
    let (Ok(_), (Some(org_id), Some(user))) = (caller, ids) else {
        return (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response();
    };
    if org_id != Org::id() {
        return (StatusCode::FORBIDDEN, "Wrong_Org").into_response();
    }
    let base = base_url(&headers);
    let org = shared.org();
    let body = json!({
        "id": format!("{base}/id/{org_id}/{user}"),
        "asserted_user": true,
        "user_id": user.as_str(),
        "organization_id": org_id.as_str(),
        "username": user_text(&org, user, "Username"),
        "nick_name": user_text(&org, user, "Alias"),
        "display_name": user_text(&org, user, "Name"),
        "email": user_text(&org, user, "Email"),
        "email_verified": true,
        "first_name": user_text(&org, user, "FirstName"),
        "last_name": user_text(&org, user, "LastName"),
        "timezone": user_text(&org, user, "TimeZoneSidKey"),
        "urls": urls(&base),
        "active": true,
        "user_type": "STANDARD",
        "language": user_text(&org, user, "LanguageLocaleKey"),
        "locale": user_text(&org, user, "LocaleSidKey"),
    });
    JsonBody(body).into_response()
}

/// The URL that a request was made to, which becomes the `instance_url`.
pub(crate) fn base_url(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

fn urls(base: &str) -> Json {
    json!({
        "rest": format!("{base}/services/data/v{{version}}/"),
        "sobjects": format!("{base}/services/data/v{{version}}/sobjects/"),
        "query": format!("{base}/services/data/v{{version}}/query/"),
        "custom_domain": base,
    })
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned())
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = authorization(headers)?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Where the browser goes next; only web addresses, never `javascript:`.
fn redirect_target(asked: &Form) -> Option<Url> {
    let target = Url::parse(asked.get("redirect_uri")?).ok()?;
    matches!(target.scheme(), "http" | "https").then_some(target)
}

fn user_text(org: &Org, user: SalesforceId, name: &str) -> Json {
    let field = org.schema_ref().object("User").and_then(|object| object.field(name));
    match (field, org.find("User", user)) {
        (Some((ordinal, _)), Found::Live(row)) => match row.get(ordinal) {
            Value::Text(text) => text.as_ref().into(),
            _ => Json::Null,
        },
        _ => Json::Null,
    }
}
