//! `POST composite`: up to 25 requests in one (Salesforce facts 2.7).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::calls::{Kind, Subcall};
use crate::errors::{ApiError, json_parser};
use crate::faults::Face;

use super::references::{self, Results};
use super::route::route;
use super::state::{Access, Shared};
use super::wire::{Reply, Request};

const MOST_SUBREQUESTS: usize = 25;
const MOST_QUERIES: usize = 5;
/// The version from which subrequests are collated unless told not to.
const COLLATES_BY_DEFAULT: f64 = 49.0;
/// Headers that a subrequest may not set.
const CALLS_OWN_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    collate_subrequests: Option<bool>,
    composite_request: Vec<Subrequest>,
}

/// One part of a composite or of a graph.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subrequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) reference_id: String,
    #[serde(default)]
    http_headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<Json>,
}

impl Subrequest {
    /// Whether it refers to an answer to an earlier one.
    fn refers(&self) -> bool {
        self.url.contains("@{") || self.body.as_ref().is_some_and(|body| body.to_string().contains("@{"))
    }
}

/// Runs the subrequests in order. The answer is 200 whatever becomes of them.
pub(crate) fn run(shared: &Shared, request: &Request) -> Reply {
    let body = match parse(request) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    let parts = &body.composite_request;
    let mut answers = if body.all_or_none {
        match as_one(shared, request, parts) {
            Ok(answers) => answers,
            Err(failure) => halted(failure.0, failure.1, parts.len()),
        }
    } else {
        let collate = body.collate_subrequests.unwrap_or(version_of(request) >= COLLATES_BY_DEFAULT);
        let order = if collate { collated(parts) } else { (0..parts.len()).collect() };
        each_alone(shared, request, parts, &order)
    };
    let mut reply = Reply::json(200, response(parts, &mut answers));
    reply.subcalls = parts.iter().zip(answers).map(|(sub, answer)| subcall(sub, answer)).collect();
    reply
}

/// The answers as one document. Their bodies are taken, not copied: describes are large.
pub(crate) fn response(parts: &[Subrequest], answers: &mut [Reply]) -> Json {
    let response: Json = parts.iter().zip(answers).map(|(sub, answer)| shown(sub, answer)).collect();
    Map::from_iter([("compositeResponse".to_owned(), response)]).into()
}

/// The parts of a call as faults see them, with references still in them; none when the body is wrong.
pub(crate) fn faces(request: &Request) -> Vec<Face> {
    match request.path()[..] {
        ["composite"] => parse(request).map(|body| faces_of(request, &body.composite_request)).unwrap_or_default(),
        ["composite", "batch"] => super::batch::faces(request),
        ["composite", "graph"] => super::graph::faces(request),
        _ => Vec::new(),
    }
}

/// The subrequests as faults see them.
pub(crate) fn faces_of(request: &Request, parts: &[Subrequest]) -> Vec<Face> {
    let part = |sub: &Subrequest| Request::parse(&sub.method, &sub.url, request.user).map(|r| r.face());
    parts.iter().filter_map(part).collect()
}

fn parse(request: &Request) -> Result<Body, ApiError> {
    let object = request.json_object()?;
    let body: Body = serde_json::from_value(object.into()).map_err(|error| json_parser(error.to_string()))?;
    within_limits(&body, request)?;
    check_reference_ids(&body.composite_request)?;
    Ok(body)
}

/// Every part has a well-formed name of its own.
pub(crate) fn check_reference_ids(parts: &[Subrequest]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for sub in parts {
        if !references::well_formed(&sub.reference_id) {
            return Err(invalid_input(references::rule(&sub.reference_id)));
        }
        if !seen.insert(&sub.reference_id) {
            return Err(invalid_input(format!("Duplicate referenceId: {}", sub.reference_id)));
        }
    }
    Ok(())
}

fn within_limits(body: &Body, request: &Request) -> Result<(), ApiError> {
    let is_query = |sub: &&Subrequest| {
        Request::parse(&sub.method, &sub.url, request.user)
            .is_some_and(|sub| matches!(sub.kind(), Kind::Query | Kind::Collections))
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

fn version_of(request: &Request) -> f64 {
    request.version.parse().unwrap_or(0.0)
}

/// The order in which collated subrequests run: those that refer to no other and do the same to the same object are brought
/// together, behind the first of them. The order of independent ones is not promised (Salesforce facts 10).
fn collated(parts: &[Subrequest]) -> Vec<usize> {
    let alike = |sub: &Subrequest| {
        let target = sub.url.split('?').next().and_then(|path| path.split("/sobjects/").nth(1)).map(str::to_owned);
        let refers = sub.refers();
        let object = target.and_then(|t| t.split('/').next().map(str::to_ascii_lowercase));
        object.filter(|_| !refers && sub.method != "GET").map(|object| (sub.method.clone(), object))
    };
    let mut order: Vec<usize> = Vec::with_capacity(parts.len());
    for at in 0..parts.len() {
        if order.contains(&at) {
            continue;
        }
        order.push(at);
        if let Some(kind) = alike(&parts[at]) {
            let more = (at + 1..parts.len()).filter(|later| alike(&parts[*later]).as_ref() == Some(&kind));
            let more: Vec<usize> = more.filter(|later| !order.contains(later)).collect();
            order.extend(more);
        }
    }
    order
}

fn each_alone(shared: &Shared, request: &Request, parts: &[Subrequest], order: &[usize]) -> Vec<Reply> {
    let refers = parts.iter().any(Subrequest::refers);
    let mut results = Results::default();
    let mut answers: Vec<Option<Reply>> = parts.iter().map(|_| None).collect();
    for &at in order {
        let answer = one(shared, &mut Access::Each(shared), request, &parts[at], &results);
        if refers {
            results.add(&parts[at].reference_id, &answer);
        }
        answers[at] = Some(answer);
    }
    answers.into_iter().flatten().collect()
}

/// One transaction: the first failure undoes everything. It is told with its place.
pub(crate) fn as_one(
    shared: &Shared,
    request: &Request,
    parts: &[Subrequest],
) -> Result<Vec<Reply>, Box<(usize, Reply)>> {
    let mut org = shared.org_mut();
    org.begin();
    let refers = parts.iter().any(Subrequest::refers);
    let mut results = Results::default();
    let mut answers = Vec::new();
    for (at, sub) in parts.iter().enumerate() {
        let answer = one(shared, &mut Access::Held(&mut org), request, sub, &results);
        if answer.status >= 400 {
            org.roll_back();
            return Err(Box::new((at, answer)));
        }
        if refers {
            results.add(&sub.reference_id, &answer);
        }
        answers.push(answer);
    }
    org.commit();
    Ok(answers)
}

/// The culprit keeps its own error, all others are halted.
fn halted(culprit: usize, error: Reply, all: usize) -> Vec<Reply> {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    let mut answers = vec![Reply::from(ApiError::new(400, "PROCESSING_HALTED", message)); all];
    answers[culprit] = error;
    answers
}

fn one(shared: &Shared, access: &mut Access<'_>, call: &Request, sub: &Subrequest, results: &Results) -> Reply {
    let request = match resolved(call, sub, results) {
        Ok(request) => request,
        Err(error) => return error.into(),
    };
    let allowed = matches!(request.kind(), Kind::Describe | Kind::Row | Kind::Query | Kind::Collections);
    if !allowed {
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

fn shown(sub: &Subrequest, answer: &mut Reply) -> Json {
    let headers: Map<String, Json> =
        answer.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let parts = [
        ("body", answer.body.take().unwrap_or(Json::Null)),
        ("httpHeaders", headers.into()),
        ("httpStatusCode", answer.status.into()),
        ("referenceId", sub.reference_id.clone().into()),
    ];
    parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

pub(crate) fn subcall(sub: &Subrequest, answer: Reply) -> Subcall {
    let parsed = Request::parse(&sub.method, &sub.url, crate::org::Org::id());
    Subcall {
        method: sub.method.clone(),
        path: sub.url.clone(),
        kind: parsed.map_or(Kind::Other, |request| request.kind()),
        status: answer.status,
        cost: answer.cost,
    }
}
