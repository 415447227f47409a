//! `POST composite/tree/X`: records with their children, all or none (Salesforce facts 2.7).

use std::collections::{HashSet, VecDeque};

use serde_json::{Map, Value as Json, json};

use crate::dml;
use crate::errors::{self, ApiError};
use crate::org::Org;
use crate::schema::Schema;

use super::parents;
use super::state::Access;
use super::wire::{Reply, Request};

const MOST_RECORDS: usize = 200;
const MOST_LEVELS: usize = 5;
const MOST_TYPES: usize = 5;

/// A record of the tree.
struct Node {
    object: String,
    reference_id: String,
    fields: Map<String, Json>,
    /// The node it is a child of, and the field that says so.
    parent: Option<(usize, String)>,
    level: usize,
}

/// Creates the whole tree.
pub(crate) fn create(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    access.write(|org| create_in(org, request, object)).into()
}

fn create_in(org: &mut Org, request: &Request, object: &str) -> Result<Reply, ApiError> {
    let schema = org.schema();
    let object = schema.object(object).ok_or_else(errors::not_found)?;
    let nodes = nodes(&schema, &object.name, request.json_object()?)?;
    let mark = org.mark();
    let created = insert(org, request, &nodes);
    if created.is_err() {
        org.roll_back_to(&mark);
    }
    org.release(&mark);
    Ok(match created {
        Ok(results) => Reply::json(201, json!({ "hasErrors": false, "results": results })),
        Err(refused) => Reply::json(400, json!({ "hasErrors": true, "results": refused })),
    })
}

/// The nodes level by level, parents before their children.
fn nodes(schema: &Schema, object: &str, mut body: Map<String, Json>) -> Result<Vec<Node>, ApiError> {
    let mut waiting: VecDeque<Node> = VecDeque::new();
    queue(&mut waiting, object, body.shift_remove("records"), None, 1)?;
    let mut nodes: Vec<Node> = Vec::new();
    while let Some(mut node) = waiting.pop_front() {
        let at = nodes.len();
        for relationship in schema.children(&node.object) {
            let Some(name) = &relationship.name else { continue };
            let Some(mut children) = node.fields.shift_remove(name) else { continue };
            let parent = Some((at, relationship.field.clone()));
            queue(
                &mut waiting,
                &relationship.child,
                children.get_mut("records").map(Json::take),
                parent,
                node.level + 1,
            )?;
        }
        nodes.push(node);
        within_limits(&nodes, waiting.len())?;
    }
    Ok(nodes)
}

fn queue(
    waiting: &mut VecDeque<Node>,
    object: &str,
    records: Option<Json>,
    parent: Option<(usize, String)>,
    level: usize,
) -> Result<(), ApiError> {
    let Some(Json::Array(records)) = records else {
        return Err(errors::json_parser("A tree needs its records as a list under 'records'"));
    };
    for record in records {
        let Json::Object(mut fields) = record else {
            return Err(errors::json_parser("Every record of a tree is a JSON object"));
        };
        let attributes = fields.shift_remove("attributes").unwrap_or_default();
        let reference_id = attributes["referenceId"].as_str().unwrap_or_default().to_owned();
        let named = attributes["type"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(object));
        if reference_id.is_empty() || !named {
            let message = format!("Include a reference ID and the type {object} in the attributes of every record.");
            return Err(ApiError::new(400, "INVALID_INPUT", message));
        }
        waiting.push_back(Node { object: object.into(), reference_id, fields, parent: parent.clone(), level });
    }
    Ok(())
}

fn within_limits(nodes: &[Node], waiting: usize) -> Result<(), ApiError> {
    let types: HashSet<&str> = nodes.iter().map(|node| node.object.as_str()).collect();
    let names: HashSet<&str> = nodes.iter().map(|node| node.reference_id.as_str()).collect();
    let over = if nodes.len() + waiting > MOST_RECORDS {
        format!("Limit of {MOST_RECORDS} reached for number of records in a tree")
    } else if nodes.iter().any(|node| node.level > MOST_LEVELS) {
        format!("Limit of {MOST_LEVELS} reached for depth of a tree")
    } else if types.len() > MOST_TYPES {
        format!("Limit of {MOST_TYPES} reached for number of types in a tree")
    } else if names.len() < nodes.len() {
        return Err(ApiError::new(400, "INVALID_INPUT", "Duplicate ReferenceId provided in the request."));
    } else {
        return Ok(());
    };
    Err(ApiError::new(400, "LIMIT_EXCEEDED", over))
}

/// Results of all records, or those of the refused ones. The children of a refused record are not tried.
fn insert(org: &mut Org, request: &Request, nodes: &[Node]) -> Result<Vec<Json>, Vec<Json>> {
    let mut ids: Vec<Option<Json>> = Vec::new();
    let mut refused = Vec::new();
    for node in nodes {
        let parent = node.parent.as_ref().map(|(at, field)| (ids[*at].clone(), field));
        let outcome = match parent {
            Some((None, _)) => None,
            Some((Some(id), field)) => Some(one(org, request, node, Some((field, id)))),
            None => Some(one(org, request, node, None)),
        };
        ids.push(match outcome {
            Some(Ok(id)) => Some(id),
            Some(Err(error)) => {
                refused.push(json!({ "referenceId": node.reference_id, "errors": error.row_errors() }));
                None
            }
            None => None,
        });
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let result = |(node, id): (&Node, Option<Json>)| json!({ "referenceId": node.reference_id, "id": id });
    Ok(nodes.iter().zip(ids).map(result).collect())
}

fn one(org: &mut Org, request: &Request, node: &Node, parent: Option<(&String, Json)>) -> Result<Json, ApiError> {
    let mut fields = node.fields.clone();
    if let Some((field, id)) = parent {
        fields.insert(field.clone(), id);
    }
    parents::resolve(org, &node.object, &mut fields)?;
    let id = dml::create(org, request.caller(), &node.object, &fields, &request.body)?;
    Ok(id.as_str().into())
}
