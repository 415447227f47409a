//! `POST composite`: up to 25 requests in one (Salesforce facts 2.7).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::calls::{Kind, Subcall};
use crate::errors::{ApiError, json_parser};

use super::references::{self, Results};
use super::route::route;
use super::state::{Access, Shared};
use super::wire::{Reply, Request};

const MOST_SUBREQUESTS: usize = 25;
const MOST_QUERIES: usize = 5;
/// Headers that a subrequest may not set.
const CALLS_OWN_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Subrequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    http_headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<Json>,
}

/// Runs the subrequests in order. The answer is 200 whatever becomes of them.
pub(crate) fn run(shared: &Shared, request: &Request) -> Reply {
    let body = match parse(request) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    let answers = if body.all_or_none { as_one(shared, request, &body) } else { each_alone(shared, request, &body) };
    let response: Json = body.composite_request.iter().zip(&answers).map(|(sub, answer)| shown(sub, answer)).collect();
    let mut reply = Reply::json(200, json!({ "compositeResponse": response }));
    reply.subcalls = body.composite_request.iter().zip(answers).map(|(sub, answer)| subcall(sub, answer)).collect();
    reply
}

/// The subrequests as faults see them, with references still in them; none when the body is wrong.
pub(crate) fn parts(request: &Request) -> Vec<crate::faults::Face> {
    let Ok(body) = parse(request) else { return Vec::new() };
    let part = |sub: &Subrequest| Request::parse(&sub.method, &sub.url, request.user).map(|r| r.face());
    body.composite_request.iter().filter_map(part).collect()
}

fn parse(request: &Request) -> Result<Body, ApiError> {
    let object = request.json_object()?;
    let body: Body = serde_json::from_value(object.into()).map_err(|error| json_parser(error.to_string()))?;
    within_limits(&body, request)?;
    let mut seen = HashSet::new();
    for sub in &body.composite_request {
        if !references::well_formed(&sub.reference_id) {
            return Err(invalid_input(references::rule(&sub.reference_id)));
        }
        if !seen.insert(&sub.reference_id) {
            return Err(invalid_input(format!("Duplicate referenceId: {}", sub.reference_id)));
        }
    }
    Ok(body)
}

fn within_limits(body: &Body, request: &Request) -> Result<(), ApiError> {
    let is_query = |sub: &&Subrequest| {
        Request::parse(&sub.method, &sub.url, request.user).is_some_and(|sub| sub.kind() == Kind::Query)
    };
    let over = if body.composite_request.len() > MOST_SUBREQUESTS {
        format!("Limit of {MOST_SUBREQUESTS} reached for number of subrequests in a Composite request")
    } else if body.composite_request.iter().filter(is_query).count() > MOST_QUERIES {
        format!("Limit of {MOST_QUERIES} reached for number of Query, QueryAll and Collections subrequests")
    } else {
        return Ok(());
    };
    Err(ApiError::new(400, "LIMIT_EXCEEDED", over))
}

fn invalid_input(message: String) -> ApiError {
    ApiError::new(400, "INVALID_INPUT", message)
}

fn each_alone(shared: &Shared, request: &Request, body: &Body) -> Vec<Reply> {
    let mut results = Results::default();
    let mut answers = Vec::new();
    for sub in &body.composite_request {
        let answer = one(shared, &mut Access::Each(shared), request, sub, &results);
        results.add(&sub.reference_id, &answer);
        answers.push(answer);
    }
    answers
}

/// One transaction: the first failure undoes everything, keeps its own error, and halts all others.
fn as_one(shared: &Shared, request: &Request, body: &Body) -> Vec<Reply> {
    let mut org = shared.org_mut();
    org.begin();
    let mut results = Results::default();
    let mut answers = Vec::new();
    for sub in &body.composite_request {
        let answer = one(shared, &mut Access::Held(&mut org), request, sub, &results);
        let failed = answer.status >= 400;
        results.add(&sub.reference_id, &answer);
        answers.push(answer);
        if failed {
            org.roll_back();
            return halted(answers, body.composite_request.len());
        }
    }
    org.commit();
    answers
}

fn halted(mut answers: Vec<Reply>, all: usize) -> Vec<Reply> {
    let culprit = answers.len() - 1;
    answers.resize_with(all, || Reply::empty(200));
    for (at, answer) in answers.iter_mut().enumerate() {
        if at != culprit {
            let message = "The transaction was rolled back since another operation in the same transaction failed.";
            *answer = ApiError::new(400, "PROCESSING_HALTED", message).into();
        }
    }
    answers
}

fn one(shared: &Shared, access: &mut Access<'_>, call: &Request, sub: &Subrequest, results: &Results) -> Reply {
    let request = match resolved(call, sub, results) {
        Ok(request) => request,
        Err(error) => return error.into(),
    };
    if matches!(request.kind(), Kind::Composite) || request.segments.first().is_some_and(|s| s == "search") {
        return invalid_input(format!("Invalid subrequest URL: {}", sub.url)).into();
    }
    if let Some(refusal) = shared.faults().for_subrequest(&request.face()) {
        return refusal.api_error().into();
    }
    route(shared, access, &request)
}

fn resolved(call: &Request, sub: &Subrequest, results: &Results) -> Result<Request, ApiError> {
    let url = results.text(&sub.url)?;
    let request = Request::parse(&sub.method, &url, call.user);
    let mut request = request.ok_or_else(|| invalid_input(format!("Invalid subrequest URL: {url}")))?;
    for (name, value) in &sub.http_headers {
        let name = name.to_ascii_lowercase();
        if CALLS_OWN_HEADERS.contains(&name.as_str()) {
            return Err(invalid_input(format!("Header not allowed in a subrequest: {name}")));
        }
        request.headers.push((name, value.clone()));
    }
    if let Some(body) = &sub.body {
        request.body = results.json(body)?.to_string();
    }
    Ok(request)
}

fn shown(sub: &Subrequest, answer: &Reply) -> Json {
    let headers: Map<String, Json> =
        answer.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    json!({
        "body": answer.body,
        "httpHeaders": headers,
        "httpStatusCode": answer.status,
        "referenceId": sub.reference_id,
    })
}

fn subcall(sub: &Subrequest, answer: Reply) -> Subcall {
    let parsed = Request::parse(&sub.method, &sub.url, crate::org::Org::id());
    Subcall {
        method: sub.method.clone(),
        path: sub.url.clone(),
        kind: parsed.map_or(Kind::Other, |request| request.kind()),
        status: answer.status,
        cost: answer.cost,
    }
}
