//! One REST call from the socket to the answer: faults, session, count, effect, log, latency.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::auth::{Policy, Session};
use crate::calls::{Call, Kind};
use crate::errors::{self, ApiError};
use crate::faults::{Drop, Face, Plan, Revoke};
use crate::permissions::UserPermission;
use crate::worlds::integration_user;

use super::connection::Connection;
use super::state::{Access, Late, Shared};
use super::wire::{Reply, Request};
use super::{composite, oauth, route};

/// The largest body taken, in bytes; Salesforce takes 50 MB.
const LARGEST_BODY: usize = 50 * 1024 * 1024;

/// The longest address, and the longest address with headers, in bytes (Salesforce facts 3).
const LONGEST_URI: usize = 16_384;

/// `GET /services/data`: no session, not counted (Salesforce facts 2.1).
pub(crate) async fn versions(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let path = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let face = Face { method: request.method().as_str().to_owned(), path, ..Face::default() };
    let plan = shared.faults().for_call(&face, &[]);
    let reply = match (&plan.error, request.method() == Method::GET) {
        (Some(refusal), _) => refusal.api_error().into(),
        (None, true) => Reply::json(200, route::versions()),
        (None, false) => errors::method_not_allowed(face.method.as_str(), "GET").into(),
    };
    let entry = Entry { method: &face.method, path: &face.path, kind: Kind::Versions, counted: false };
    log(&shared, entry, &reply, plan.drop);
    let answer = plan.html.map_or_else(|| response(&reply, None, false), html_page);
    send(&shared, &connection, &plan, answer).await
}

/// Any call below `/services/data/vXX.0/`. It goes on when the client goes away, as it would in a real org
/// (Salesforce facts 10).
pub(crate) async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: HttpRequest,
) -> Response {
    let answered = tokio::spawn(served(shared, connection, request)).await;
    answered.unwrap_or_else(|_| response(&unexpected().into(), None, false))
}

async fn served(shared: Arc<Shared>, connection: Connection, request: HttpRequest) -> Response {
    let pretty = request.headers().get("x-prettyprint").is_some_and(|value| value == "1");
    if let Some(status) = too_long(&request) {
        return response(&Reply::empty(status), None, pretty);
    }
    let Some((parsed, authorization)) = read(request).await else {
        return response(&errors::not_found().into(), None, pretty);
    };
    let parts = composite::faces(&parsed);
    let release = shared.held.subscribe();
    let plan = shared.faults().for_call(&parsed.face(), &parts);
    wait_for_release(&shared, &plan, release).await;
    let (worker, its_plan) = (Arc::clone(&shared), plan.clone());
    // A full scan of a large org takes a second; the connections must not wait for it.
    let work = tokio::task::spawn_blocking(move || perform(&worker, &its_plan, parsed, authorization));
    let (reply, usage) = work.await.unwrap_or_else(|_| (unexpected().into(), None));
    let answer = plan.html.map_or_else(|| response(&reply, usage, pretty), html_page);
    send(&shared, &connection, &plan, answer).await
}

fn unexpected() -> ApiError {
    ApiError::new(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
}

/// 414 and 431 have no error array (Salesforce facts 3).
fn too_long(request: &HttpRequest) -> Option<u16> {
    let uri = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if uri >= LONGEST_URI { Some(414) } else { (uri + headers >= LONGEST_URI).then_some(431) }
}

/// Holds a request back while a fault says so. `release` was taken before the faults were asked, so that no release in
/// between is missed.
pub(crate) async fn wait_for_release(shared: &Shared, plan: &Plan, mut release: watch::Receiver<u64>) {
    if plan.hold {
        shared.holding.fetch_add(1, Ordering::AcqRel);
        tokio::select! {
            _ = release.changed() => {}
            () = shared.stop.cancelled() => {}
        }
        shared.holding.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Before every request: what was due by the org's clock has happened.
pub(crate) async fn settle(State(shared): State<Arc<Shared>>, request: HttpRequest, next: Next) -> Response {
    let now = shared.org().settings.clock();
    if shared.late().iter().any(|late| late.due.is_some_and(|due| due <= now)) {
        let worker = Arc::clone(&shared);
        // A panic in there has been told on the console; this request goes on without it.
        _ = tokio::task::spawn_blocking(move || perform_late(&worker, Some(now))).await;
    }
    next.run(request).await
}

/// Anything else. A path may begin with several slashes: clients whose login address ends in one write it so.
pub(crate) async fn elsewhere(
    shared: State<Arc<Shared>>,
    connection: ConnectInfo<Connection>,
    mut request: HttpRequest,
) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let bare = format!("/{}", target.trim_start_matches('/'));
    match bare.parse().ok().filter(|_| bare != target) {
        Some(uri) => *request.uri_mut() = uri,
        None => return response(&errors::not_found().into(), None, false),
    }
    match request.uri().path() {
        "/services/data" | "/services/data/" => versions(shared, connection, request).await,
        path if path.starts_with("/services/data/") => call(shared, connection, request).await,
        path if path.starts_with("/services/oauth2/") => oauth::call(shared, connection, request).await,
        _ => response(&errors::not_found().into(), None, false),
    }
}

/// Sends an answer as the faults want it: late, or not at all. The org's latency comes on top.
pub(crate) async fn send(shared: &Shared, connection: &Connection, plan: &Plan, answer: Response) -> Response {
    let latency = shared.next_wait_ms().saturating_add(plan.slow_ms);
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

/// Performs requests whose connection was dropped before their effect: those that are due at `now`, or, with none,
/// those that wait to be told. Gives how many there were.
pub(crate) fn perform_late(shared: &Shared, now: Option<Timestamp>) -> usize {
    let ready = |late: &mut Late| match now {
        Some(now) => late.due.is_some_and(|due| due <= now),
        None => late.due.is_none(),
    };
    let mut ready: Vec<Late> = shared.late().extract_if(.., ready).collect();
    ready.sort_by_key(|late| late.due);
    for late in &ready {
        route::route(shared, &mut Access::Each(shared), &late.request);
    }
    ready.len()
}

/// A page instead of JSON.
pub(crate) fn html_page(status: u16) -> Response {
    let page = "<html>\n<head><title>Salesforce</title></head>\n<body><h1>Down for maintenance</h1></body>\n</html>\n";
    let mut response = Html(page).into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response
}

/// Ends the caller's session or grant when a fault says so.
pub(crate) fn revoke_as_planned(shared: &Shared, authorization: Option<&str>, plan: &Plan) {
    let Some((what, token)) = plan.revoke.zip(authorization.and_then(bearer)) else { return };
    match what {
        Revoke::Session => _ = shared.auth().revoke(token),
        Revoke::Grant => shared.auth().revoke_grant_of(token),
    }
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

/// The blocking part. Gives the answer, and the usage for `Sforce-Limit-Info`.
fn perform(
    shared: &Shared,
    plan: &Plan,
    mut request: Request,
    authorization: Option<String>,
) -> (Reply, Option<Usage>) {
    revoke_as_planned(shared, authorization.as_deref(), plan);
    let session = session(shared, authorization.as_deref(), &oauth::policy(shared));
    let usage = session.as_ref().ok().map(|_| count(shared));
    let reply = match (session, plan) {
        (_, Plan { html: Some(status), .. }) => Reply::empty(*status),
        (_, Plan { error: Some(refusal), .. }) => refusal.api_error().into(),
        (Err(error), _) => error.into(),
        _ if usage.is_some_and(|usage| usage.exhausted) => errors::request_limit_exceeded().into(),
        (Ok(session), _) if !session.has_api() => errors::no_api_session().into(),
        (Ok(session), _) if !shared.org().permissions.has(session.user, UserPermission::ApiEnabled) => {
            errors::api_disabled_for_user().into()
        }
        _ if !takes(&request) => Reply::empty(415),
        (Ok(session), Plan { drop, .. }) => {
            request.user = session.user;
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
    (reply, usage)
}

/// A body must be JSON.
fn takes(request: &Request) -> bool {
    let media = request.header("content-type").map(|value| value.split(';').next().unwrap_or("").trim());
    request.body.is_empty() || media.is_none_or(|media| media.eq_ignore_ascii_case("application/json"))
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
        Some(Drop::Late) => keep(shared, request, None),
        Some(Drop::LateMs(ms)) => {
            let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
            let due = shared.org().settings.clock().saturating_add(wait).unwrap_or(Timestamp::MAX);
            keep(shared, request, Some(due))
        }
    }
}

fn keep(shared: &Shared, request: &Request, due: Option<Timestamp>) -> Reply {
    shared.late().push(Late { request: request.clone(), due });
    Reply::empty(204)
}

/// The session of an `Authorization` header.
pub(crate) fn session(shared: &Shared, authorization: Option<&str>, policy: &Policy) -> Result<Session, ApiError> {
    let token = authorization.and_then(bearer).ok_or_else(errors::auth_header_invalid)?;
    shared.auth().session(token, policy).cloned().ok_or_else(errors::session_invalid)
}

/// The token. `OAuth` is the older spelling of `Bearer`.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim()).filter(|token| !token.is_empty())
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
