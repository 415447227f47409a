//! `POST composite/graph`: several transactions in one request (Salesforce facts 2.7).

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::errors::{ApiError, json_parser};
use crate::faults::Face;

use super::composite::{self, Subrequest};
use super::state::Shared;
use super::wire::{Reply, Request};

const MOST_GRAPHS: usize = 75;
const MOST_NODES: usize = 500;
const MOST_KINDS: usize = 15;
/// Further graphs are not tried after so many failed.
const MOST_FAILURES: usize = 14;
/// The first version that has graphs.
const SINCE: u32 = 50;

#[derive(Debug, Deserialize)]
struct Body {
    graphs: Vec<Graph>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    graph_id: String,
    composite_request: Vec<Subrequest>,
}

/// Runs the graphs in order, each as a transaction of its own.
pub(crate) fn run(shared: &Shared, request: &Request) -> Reply {
    let body = match parse(request) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    let mut failures = 0;
    let mut graphs = Vec::new();
    let mut subcalls = Vec::new();
    for graph in &body.graphs {
        if failures == MOST_FAILURES {
            break;
        }
        let (response, successful) = one(shared, request, graph, &mut subcalls);
        failures += usize::from(!successful);
        graphs.push(json!({ "graphId": graph.graph_id, "graphResponse": response, "isSuccessful": successful }));
    }
    let mut reply = Reply::json(200, json!({ "graphs": graphs }));
    reply.subcalls = subcalls;
    reply
}

/// The nodes as faults see them; none when the body is wrong.
pub(crate) fn faces(request: &Request) -> Vec<Face> {
    let Ok(body) = parse(request) else { return Vec::new() };
    body.graphs.iter().flat_map(|graph| composite::faces_of(request, &graph.composite_request)).collect()
}

fn parse(request: &Request) -> Result<Body, ApiError> {
    if request.number() < SINCE {
        return Err(crate::errors::not_found());
    }
    let body: Body =
        serde_json::from_value(request.json_object()?.into()).map_err(|error| json_parser(error.to_string()))?;
    if body.graphs.len() > MOST_GRAPHS {
        let message = format!("Limit of {MOST_GRAPHS} reached for number of Graphs");
        return Err(ApiError::new(400, "LIMIT_EXCEEDED", message));
    }
    for graph in &body.graphs {
        composite::check_reference_ids(&graph.composite_request)?;
    }
    Ok(body)
}

/// In a failed graph every node tells the error of the culprit.
fn one(shared: &Shared, request: &Request, graph: &Graph, subcalls: &mut Vec<crate::calls::Subcall>) -> (Json, bool) {
    let nodes = &graph.composite_request;
    if let Err(error) = within_limits(nodes) {
        let reply = Reply::from(error);
        let node =
            json!({ "body": reply.body, "httpHeaders": {}, "httpStatusCode": reply.status, "referenceId": null });
        return (json!({ "compositeResponse": [node] }), false);
    }
    let (mut answers, successful) = match composite::as_one(shared, request, nodes) {
        Ok(answers) => (answers, true),
        Err(failure) => (vec![failure.1; nodes.len()], false),
    };
    let response = composite::response(nodes, &mut answers);
    subcalls.extend(nodes.iter().zip(answers).map(|(sub, answer)| composite::subcall(sub, answer)));
    (response, successful)
}

fn within_limits(nodes: &[Subrequest]) -> Result<(), ApiError> {
    let kinds: HashSet<(&str, &str)> = nodes.iter().map(|node| (node.method.as_str(), kind(&node.url))).collect();
    let over = if nodes.len() > MOST_NODES {
        format!("Limit of {MOST_NODES} reached for number of Nodes in the Graph")
    } else if kinds.len() > MOST_KINDS {
        format!("Limit of {MOST_KINDS} reached for number of distinct Nodes in the Graph")
    } else {
        return Ok(());
    };
    Err(ApiError::new(400, "LIMIT_EXCEEDED", over))
}

/// Nodes with the same method and object are of one kind.
fn kind(url: &str) -> &str {
    let after = url.split_once("/sobjects/").map_or(url, |(_, after)| after);
    after.split(['/', '?']).next().unwrap_or(after)
}
