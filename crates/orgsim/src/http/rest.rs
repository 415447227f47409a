//! One REST call from the socket to the answer: faults, session, count, effect, log, latency.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value as Json;

use crate::calls::{Call, Kind};
use crate::errors::{self, ApiError};
use crate::faults::{Drop, Plan};
use crate::id::SalesforceId;
use crate::worlds::integration_user;

use super::connection::Connection;
use super::state::{Access, Shared};
use super::wire::{Reply, Request};
use super::{composite, route};

/// The largest body taken, in bytes; Salesforce takes 50 MB.
const LARGEST_BODY: usize = 50 * 1024 * 1024;

/// `GET /services/data`: no session, not counted (Salesforce facts 2.1).
pub(crate) async fn versions(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let face = face_of(&request);
    let plan = shared.faults().for_call(&face, &[]);
    let reply = match &plan.error {
        Some(refusal) => refusal.api_error().into(),
        None => Reply::json(200, route::versions()),
    };
    let entry = Entry { method: &face.method, path: &face.path, kind: Kind::Versions, counted: false };
    log(&shared, entry, &reply, plan.drop);
    send(&shared, &connection, &plan, response(&reply, None, false)).await
}

/// Any call below `/services/data/vXX.0/`.
pub(crate) async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let pretty = request.headers().get("x-prettyprint").is_some_and(|value| value == "1");
    let Some((parsed, authorization)) = read(request).await else {
        return response(&errors::not_found().into(), None, pretty);
    };
    let worker = Arc::clone(&shared);
    // A full scan of a large org takes a second; the connections must not wait for it.
    let work = tokio::task::spawn_blocking(move || perform(&worker, parsed, authorization));
    let Ok((plan, reply, usage)) = work.await else {
        let failed = ApiError::new(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.");
        return response(&failed.into(), None, pretty);
    };
    send(&shared, &connection, &plan, response(&reply, usage, pretty)).await
}

/// Anything else.
pub(crate) async fn not_found() -> Response {
    response(&errors::not_found().into(), None, false)
}

/// A call outside REST as a fault sees it.
pub(crate) fn face_of(request: &HttpRequest) -> crate::faults::Face {
    let path = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    crate::faults::Face { method: request.method().as_str().to_owned(), path, ..Default::default() }
}

/// Sends an answer as the faults want it: late, or not at all. The org's latency comes on top.
pub(crate) async fn send(shared: &Shared, connection: &Connection, plan: &Plan, answer: Response) -> Response {
    let latency = shared.org().settings.latency_ms.saturating_add(plan.slow_ms);
    if latency > 0 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(latency)) => {}
            () = shared.stop.cancelled() => {}
        }
    }
    if plan.drop.is_some() {
        connection.drop_it();
    }
    answer
}

/// A call for the log.
pub(crate) struct Entry<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) kind: Kind,
    pub(crate) counted: bool,
}

/// Adds a call to the log.
pub(crate) fn log(shared: &Shared, entry: Entry<'_>, reply: &Reply, dropped: Option<Drop>) {
    let at = shared.org().now();
    let call = Call {
        number: 0,
        at,
        method: entry.method.to_owned(),
        path: entry.path.to_owned(),
        kind: entry.kind,
        status: if dropped.is_some() { None } else { Some(reply.status) },
        counted: entry.counted,
        cost: reply.cost.clone(),
        subrequests: reply.subcalls.clone(),
    };
    shared.calls().add(call);
}

/// Performs requests whose connection was dropped before their effect.
pub(crate) fn perform_late(shared: &Shared) -> usize {
    let late: Vec<Request> = std::mem::take(&mut *shared.late());
    for request in &late {
        route::route(shared, &mut Access::Each(shared), request);
    }
    late.len()
}

async fn read(request: HttpRequest) -> Option<(Request, Option<String>)> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query()?.as_str();
    // Who calls is known only once the session is looked up.
    let mut parsed = Request::parse(parts.method.as_str(), target, integration_user())?;
    let body: Bytes = axum::body::to_bytes(body, LARGEST_BODY).await.ok()?;
    parsed.body = String::from_utf8_lossy(&body).into_owned();
    parsed.headers = headers(&parts.headers);
    let authorization = parsed.header("authorization").map(str::to_owned);
    Some((parsed, authorization))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// The blocking part. Gives the plan of faults, the answer, and the usage for `Sforce-Limit-Info`.
fn perform(shared: &Shared, mut request: Request, authorization: Option<String>) -> (Plan, Reply, Option<Usage>) {
    let parts = if request.kind() == Kind::Composite { composite::parts(&request) } else { Vec::new() };
    let plan = shared.faults().for_call(&request.face(), &parts);
    let user = session(shared, authorization.as_deref());
    let usage = user.as_ref().ok().map(|_| count(shared));
    let reply = match (user, &plan) {
        (_, Plan { error: Some(refusal), .. }) => refusal.api_error().into(),
        (Err(error), _) => error.into(),
        _ if usage.is_some_and(|usage| usage.exhausted) => errors::request_limit_exceeded().into(),
        (Ok(user), Plan { drop, .. }) => {
            request.user = user;
            effect(shared, &request, *drop)
        }
    };
    let entry = Entry {
        method: &request.method,
        path: &request.target,
        kind: request.kind(),
        counted: usage.is_some_and(|usage| !usage.exhausted),
    };
    log(shared, entry, &reply, plan.drop);
    (plan, reply, usage)
}

/// The API requests of the last 24 hours.
#[derive(Debug, Clone, Copy)]
struct Usage {
    used: u64,
    most: u64,
    /// The request found none left.
    exhausted: bool,
}

fn count(shared: &Shared) -> Usage {
    let (now, most) = {
        let org = shared.org();
        (org.now(), org.settings.daily_api_limit)
    };
    let counted = shared.calls().count(now, most);
    Usage { used: counted.unwrap_or(most), most, exhausted: counted.is_none() }
}

/// The answer of a dropped connection is never sent; what counts is whether the request takes effect.
fn effect(shared: &Shared, request: &Request, drop: Option<Drop>) -> Reply {
    match drop {
        None | Some(Drop::After) => route::route(shared, &mut Access::Each(shared), request),
        Some(Drop::Before) => Reply::empty(204),
        Some(Drop::Late) => {
            shared.late().push(request.clone());
            Reply::empty(204)
        }
    }
}

/// The user of the session. `OAuth` is the older spelling of `Bearer`.
pub(crate) fn session(shared: &Shared, authorization: Option<&str>) -> Result<SalesforceId, ApiError> {
    let token = authorization.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
        known.then(|| token.trim()).filter(|token| !token.is_empty())
    });
    let token = token.ok_or_else(errors::auth_header_invalid)?;
    shared.auth().session(token).map(|session| session.user).ok_or_else(errors::session_invalid)
}

fn response(reply: &Reply, usage: Option<Usage>, pretty: bool) -> Response {
    let body = reply.body.as_ref().map(|body| written(body, pretty)).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    }
    let no_store = HeaderValue::from_static("no-cache,must-revalidate,max-age=0,no-store,private");
    headers.insert(header::CACHE_CONTROL, no_store);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(Usage { used, most, .. }) = usage {
        put(headers, "sforce-limit-info", &format!("api-usage={used}/{most}"));
    }
    for (name, value) in &reply.headers {
        put(headers, name, value);
    }
    response
}

fn written(body: &Json, pretty: bool) -> String {
    if pretty { format!("{body:#}") } else { body.to_string() }
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}
