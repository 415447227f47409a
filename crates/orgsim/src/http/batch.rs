//! `POST composite/batch`: up to 25 independent requests in one (Salesforce facts 2.7).

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::calls::{Kind, Subcall};
use crate::errors::{ApiError, json_parser};
use crate::faults::Face;

use super::route::route;
use super::state::{Access, Shared};
use super::wire::{Reply, Request};

const MOST_REQUESTS: usize = 25;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    batch_requests: Vec<Part>,
    #[serde(default)]
    halt_on_error: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    method: String,
    /// Below `/services/data/`: `v66.0/limits`.
    url: String,
    #[serde(default)]
    rich_input: Option<Json>,
}

/// Runs the requests in order. Each counts as an API request of its own.
pub(crate) fn run(shared: &Shared, request: &Request) -> Reply {
    let body = match parse(request) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    let mut failed = false;
    let mut subcalls = Vec::new();
    let mut results = Vec::new();
    for part in &body.batch_requests {
        let reply = if failed && body.halt_on_error {
            ApiError::new(412, "BATCH_PROCESSING_HALTED", "Batch processing halted as per request.").into()
        } else {
            one(shared, request, part)
        };
        failed |= reply.status >= 400;
        results.push(json!({ "statusCode": reply.status, "result": reply.body }));
        subcalls.push(subcall(part, &reply));
    }
    let mut reply = Reply::json(200, json!({ "hasErrors": failed, "results": results }));
    reply.subcalls = subcalls;
    reply
}

/// The requests as faults see them; none when the body is wrong.
pub(crate) fn faces(request: &Request) -> Vec<Face> {
    let Ok(body) = parse(request) else { return Vec::new() };
    let face = |part: &Part| Request::parse(&part.method, &target(part), request.user).map(|part| part.face());
    body.batch_requests.iter().filter_map(face).collect()
}

fn parse(request: &Request) -> Result<Body, ApiError> {
    let body: Body =
        serde_json::from_value(request.json_object()?.into()).map_err(|error| json_parser(error.to_string()))?;
    match body.batch_requests.len() {
        0 => Err(ApiError::new(400, "REQUIRED_FIELD_MISSING", "At least 1 request is required")),
        1..=MOST_REQUESTS => Ok(body),
        _ => {
            let message = format!("Limit of {MOST_REQUESTS} reached for number of requests in a batch");
            Err(ApiError::new(400, "LIMIT_EXCEEDED", message))
        }
    }
}

fn one(shared: &Shared, call: &Request, part: &Part) -> Reply {
    let Some(mut request) = Request::parse(&part.method, &target(part), call.user) else {
        return ApiError::new(400, "INVALID_INPUT", format!("Invalid subrequest URL: {}", part.url)).into();
    };
    if request.kind() == Kind::Composite {
        return ApiError::new(400, "INVALID_INPUT", format!("Invalid subrequest URL: {}", part.url)).into();
    }
    request.body = part.rich_input.as_ref().map(Json::to_string).unwrap_or_default();
    let (now, limit) = {
        let org = shared.org();
        (org.now(), org.settings.daily_api_limit)
    };
    if shared.calls().count(now, limit).is_none() {
        return crate::errors::request_limit_exceeded().into();
    }
    if let Some(refusal) = shared.faults().for_subrequest(&request.face()) {
        return refusal.api_error().into();
    }
    route(shared, &mut Access::Each(shared), &request)
}

fn target(part: &Part) -> String {
    let path = part.url.trim_start_matches('/');
    format!("/services/data/{}", path.strip_prefix("services/data/").unwrap_or(path))
}

fn subcall(part: &Part, reply: &Reply) -> Subcall {
    let kind = Request::parse(&part.method, &target(part), crate::org::Org::id()).map_or(Kind::Other, |r| r.kind());
    Subcall {
        method: part.method.clone(),
        path: part.url.clone(),
        kind,
        status: reply.status,
        cost: reply.cost.clone(),
    }
}
