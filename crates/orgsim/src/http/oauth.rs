//! The OAuth endpoints (Salesforce facts 1).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::auth::{Exchange, Granted, OAuthError, Policy};
use crate::calls::Kind;
use crate::faults::{Drop, Face, Plan};
use crate::id::SalesforceId;
use crate::jwt::Assertion;
use crate::org::{Found, Org};
use crate::value::Value;

use super::authorize;
use super::connection::Connection;
use super::identity;
use super::rest::{self, Entry};
use super::state::Shared;
use super::wire::Reply;

/// The largest form taken, in bytes.
const LARGEST_FORM: usize = 64 * 1024;
/// The public login hosts, which an assertion may be for (Salesforce facts 1.6).
const LOGIN_HOSTS: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

pub(crate) type Form = HashMap<String, String>;

/// A call to an OAuth endpoint.
pub(crate) struct Call {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: Form,
    /// The form in the body.
    pub(crate) form: Form,
    pub(crate) headers: HeaderMap,
}

impl Call {
    /// A parameter of the body, else of the address.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.form.get(name).or_else(|| self.query.get(name)).map(String::as_str)
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION)?.to_str().ok()
    }

    /// The URL that the request was made to, which becomes the `instance_url`.
    pub(crate) fn base_url(&self) -> String {
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        format!("http://{host}")
    }

    /// Consumer key and secret, from the header or the form.
    fn client(&self) -> (String, Option<String>) {
        match basic(self.authorization()) {
            Some((id, secret)) => (id, Some(secret)),
            None => (self.param("client_id").unwrap_or("").to_owned(), self.param("client_secret").map(str::to_owned)),
        }
    }
}

/// Any call to `/services/oauth2/…`, `/id/…` and `/.well-known/…`. It goes on when the client goes away.
pub(crate) async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let answered = tokio::spawn(served(shared, connection, request)).await;
    answered.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn served(shared: Arc<Shared>, connection: Connection, request: HttpRequest) -> Response {
    let face = face_of(&request);
    let release = shared.held.subscribe();
    let plan = shared.faults().for_call(&face, &[]);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_FORM).await.unwrap_or_default();
    let form = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    let call = Call {
        method: face.method.clone(),
        path: parts.uri.path().to_owned(),
        query: form(parts.uri.query().unwrap_or("").as_bytes()),
        form: form(&body),
        headers: parts.headers,
    };
    let refreshing = call.param("refresh_token").filter(|_| call.param("grant_type") == Some("refresh_token"));
    let refreshing = refreshing.map(str::to_owned);
    if let Some(token) = &refreshing
        && let Err(busy) = shared.auth().begin_refresh(token)
    {
        let answer = refused(&busy);
        log(&shared, &face, &answer, &plan);
        return answer;
    }
    rest::wait_for_release(&shared, &plan, release).await;
    let answer = effect(&shared, &call, &plan);
    log(&shared, &face, &answer, &plan);
    let answer = rest::send(&shared, &connection, &plan, answer).await;
    if let Some(token) = refreshing {
        shared.auth().end_refresh(&token);
    }
    answer
}

fn face_of(request: &HttpRequest) -> Face {
    let path = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    Face { method: request.method().as_str().to_owned(), path, ..Default::default() }
}

fn log(shared: &Shared, face: &Face, answer: &Response, plan: &Plan) {
    // Tokens in an address stay out of the log.
    let path = face.path.split('?').next().unwrap_or_default();
    let entry = Entry { method: &face.method, path, kind: Kind::Token, counted: false };
    rest::log(shared, entry, &Reply::empty(answer.status().as_u16()), plan.drop);
}

fn effect(shared: &Shared, call: &Call, plan: &Plan) -> Response {
    if let Some(status) = plan.html {
        return rest::html_page(status);
    }
    if let Some(refusal) = &plan.error {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        return json_answer(status, &refusal.oauth_body());
    }
    rest::revoke_as_planned(shared, call.authorization(), plan);
    match plan.drop {
        Some(Drop::Before | Drop::Late | Drop::LateMs(_)) => StatusCode::NO_CONTENT.into_response(),
        None | Some(Drop::After) => route(shared, call),
    }
}

fn route(shared: &Shared, call: &Call) -> Response {
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (call.method.as_str(), &segments[..]) {
        ("POST", ["services", "oauth2", "token"]) => token(shared, call),
        ("GET", ["services", "oauth2", "authorize"]) => authorize::ask(shared, call),
        ("POST", ["services", "oauth2", "authorize"]) => authorize::answer(shared, call),
        ("GET" | "POST", ["services", "oauth2", "revoke"]) => revoke(shared, call),
        ("POST", ["services", "oauth2", "introspect"]) => introspect(shared, call),
        ("GET" | "POST", ["services", "oauth2", "userinfo"]) => identity::userinfo(shared, call),
        ("GET" | "POST", ["id", org, user]) => identity::document(shared, call, org, user),
        ("GET", [".well-known", "openid-configuration"]) => identity::configuration(call),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn token(shared: &Shared, call: &Call) -> Response {
    let policy = policy(shared);
    let granted = granted(shared, &policy, call).and_then(|granted| {
        if is_active(&shared.org(), granted.user) {
            return Ok(granted);
        }
        shared.auth().revoke_grant_of(&granted.access_token);
        Err(OAuthError("invalid_grant", "inactive user"))
    });
    match granted {
        Ok(granted) => {
            let body = body(&granted, &call.base_url(), &policy);
            json_answer(StatusCode::OK, &body)
        }
        Err(error) => refused(&error),
    }
}

fn granted(shared: &Shared, policy: &Policy, call: &Call) -> Result<Granted, OAuthError> {
    let (client_id, secret) = call.client();
    match call.param("grant_type") {
        Some("client_credentials") => {
            shared.auth().client_credentials(policy, &client_id, secret.as_deref().unwrap_or(""))
        }
        Some("authorization_code") => {
            let exchange = Exchange {
                code: call.param("code").unwrap_or(""),
                client_id: &client_id,
                client_secret: secret.as_deref(),
                redirect_uri: call.param("redirect_uri").unwrap_or(""),
                code_verifier: call.param("code_verifier"),
            };
            shared.auth().exchange(policy, &exchange)
        }
        Some("refresh_token") => {
            let token = call.param("refresh_token").unwrap_or("");
            shared.auth().refresh(policy, token, (&client_id, secret.as_deref()))
        }
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
            let assertion = Assertion::read(call.param("assertion").unwrap_or(""));
            let assertion = assertion.ok_or(OAuthError("invalid_grant", "invalid assertion"))?;
            let user = user_named(&shared.org(), &assertion.claims.sub);
            let base = call.base_url();
            let audiences = [LOGIN_HOSTS[0], LOGIN_HOSTS[1], &base];
            shared.auth().assertion(policy, &assertion, &audiences, user)
        }
        _ => Err(OAuthError("unsupported_grant_type", "grant type not supported")),
    }
}

/// The token answer. It has no `expires_in` (Salesforce facts 0.1).
fn body(granted: &Granted, base_url: &str, policy: &Policy) -> Json {
    let id = format!("{base_url}/id/{}/{}", policy.org, granted.user);
    let issued_at = policy.now.as_millisecond().to_string();
    let signature = STANDARD.encode(Sha256::digest(format!("{id}{issued_at}")));
    let mut body = json!({ "access_token": granted.access_token });
    if let Some(refresh_token) = &granted.refresh_token {
        body["refresh_token"] = refresh_token.as_str().into();
    }
    body["signature"] = signature.into();
    body["scope"] = granted.scope.as_str().into();
    body["instance_url"] = base_url.into();
    body["id"] = id.into();
    body["token_type"] = "Bearer".into();
    body["issued_at"] = issued_at.into();
    body
}

/// `GET|POST revoke`.
fn revoke(shared: &Shared, call: &Call) -> Response {
    if shared.auth().revoke(call.param("token").unwrap_or("")) {
        StatusCode::OK.into_response()
    } else {
        refused(&OAuthError("invalid_token", "invalid token"))
    }
}

/// `POST introspect`: the one place that tells when a session ends (Salesforce facts 1.6).
fn introspect(shared: &Shared, call: &Call) -> Response {
    let (client_id, secret) = call.client();
    let token = call.param("token").unwrap_or("");
    let policy = policy(shared);
    let found = {
        let mut auth = shared.auth();
        if let Err(error) = auth.check_client(&client_id, secret.as_deref()) {
            return refused(&error);
        }
        let session = auth.session(token, &policy).cloned();
        let session = session.map(|s| ("access_token", s.user, s.client_id, s.scope, s.issued, s.expires));
        session.or_else(|| {
            let grant = auth.grant_of(token).cloned();
            grant.map(|g| ("refresh_token", g.user, g.client_id, g.scope, g.issued, None))
        })
    };
    let Some((kind, user, client_id, scope, issued, expires)) = found else {
        return json_answer(StatusCode::OK, &json!({ "active": false }));
    };
    let username = user_text(&shared.org(), user, "Username");
    let mut body = json!({
        "active": true,
        "scope": scope,
        "client_id": client_id,
        "username": username,
        "sub": format!("{}/id/{}/{user}", call.base_url(), policy.org),
        "token_type": kind,
        "iat": issued.as_second(),
        "nbf": issued.as_second(),
    });
    if let Some(expires) = expires {
        body["exp"] = expires.as_second().into();
    }
    json_answer(StatusCode::OK, &body)
}

fn refused(error: &OAuthError) -> Response {
    let body = json!({ "error": error.0, "error_description": error.1 });
    json_answer(StatusCode::BAD_REQUEST, &body)
}

/// A document with the headers that a real org sends.
pub(crate) fn json_answer(status: StatusCode, body: &Json) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (header::CACHE_CONTROL, "no-cache,must-revalidate,max-age=0,no-store,private"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body.to_string()).into_response()
}

/// What clock and settings say now.
pub(crate) fn policy(shared: &Shared) -> Policy {
    let org = shared.org();
    Policy {
        org: Org::id(),
        now: org.now(),
        session: org.settings.session_minutes.map(|minutes| SignedDuration::from_mins(i64::from(minutes))),
        rotate: org.settings.refresh_token_rotation,
        idle: org.settings.refresh_token_idle_days.map(|days| SignedDuration::from_hours(24 * i64::from(days))),
    }
}

/// The user of that username, in any case.
pub(crate) fn user_named(org: &Org, username: &str) -> Option<SalesforceId> {
    let (ordinal, _) = org.schema_ref().object("User")?.field("Username")?;
    let wanted = username.to_lowercase();
    let mut users = org.table("User")?.live().iter();
    let named = |row: &crate::row::Row| matches!(row.get(ordinal), Value::Text(name) if name.to_lowercase() == wanted);
    users.find(|(_, row)| named(row)).map(|(id, _)| *id)
}

fn is_active(org: &Org, user: SalesforceId) -> bool {
    let field = org.schema_ref().object("User").and_then(|object| object.field("IsActive"));
    match (field, org.find("User", user)) {
        (Some((ordinal, _)), Found::Live(row)) => row.get(ordinal) == &Value::Bool(true),
        _ => false,
    }
}

/// A text field of a user; null where it has none.
pub(crate) fn user_text(org: &Org, user: SalesforceId, name: &str) -> Json {
    let field = org.schema_ref().object("User").and_then(|object| object.field(name));
    match (field, org.find("User", user)) {
        (Some((ordinal, _)), Found::Live(row)) => match row.get(ordinal) {
            Value::Text(text) => text.as_ref().into(),
            _ => Json::Null,
        },
        _ => Json::Null,
    }
}

fn basic(authorization: Option<&str>) -> Option<(String, String)> {
    let (scheme, encoded) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
