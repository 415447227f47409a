//! One record: create, read, change, delete (Salesforce facts 2.5).

use serde_json::json;

use crate::dml;
use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::json as wire_json;
use crate::org::{Found, Org};
use crate::schema::{FieldType, Object};
use crate::sharing;
use crate::soql::Source as _;
use crate::view::View;

use super::conditions;
use super::parents;
use super::state::Access;
use super::wire::{Reply, Request};

/// `POST sobjects/X`.
pub(crate) fn create(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    access.write(|org| create_in(org, request, object)).into()
}

fn create_in(org: &mut Org, request: &Request, object: &str) -> Result<Reply, ApiError> {
    let schema = org.schema();
    let object = schema.object(object).ok_or_else(errors::not_found)?;
    let mut body = request.json_object()?;
    parents::resolve(org, &object.name, &mut body)?;
    let id = dml::create(org, request.caller(), &object.name, &body, &request.body)?;
    let location = format!("/services/data/v{}/sobjects/{}/{id}", request.version, object.name);
    let body = json!({ "id": id.as_str(), "success": true, "errors": [] });
    Ok(Reply::json(201, body).with_header("Location", location))
}

/// `GET sobjects/X/{id}`, with `fields=A,B` only those.
pub(crate) fn get(access: &mut Access<'_>, request: &Request, object: &str, id: &str) -> Reply {
    access.read(|org| get_in(org, request, object, id)).into()
}

fn get_in(org: &Org, request: &Request, object: &str, id: &str) -> Result<Reply, ApiError> {
    let view = View::new(org, request.user, false);
    let object = org.schema_ref().object(object).filter(|object| view.readable(&object.name, None));
    let object = object.ok_or_else(errors::not_found)?;
    let id = parse_id(id)?;
    let row = match org.find(&object.name, id) {
        Found::Live(row) if sharing::visible(org, request.user, object, row) => row,
        Found::Live(_) => return Err(errors::not_found()),
        Found::Recycled(_) => return Err(errors::entity_is_deleted()),
        Found::Missing => return Err(errors::not_found()),
    };
    let fields = match request.param("fields") {
        Some(names) => chosen(object, names, &view)?,
        None => (0..).take(object.fields().len()).filter(|at| view.readable(&object.name, Some(*at))).collect(),
    };
    if let Some(refused) = conditions::refused(request, object, row) {
        return Ok(refused);
    }
    let mut reply = Reply::json(200, wire_json::record(object, id, row, &fields, &request.version));
    if object.name == "Account" {
        reply = reply.with_header("ETag", conditions::etag(row));
    }
    Ok(match conditions::last_modified(object, row) {
        Some(at) => reply.with_header("Last-Modified", conditions::written(at)),
        None => reply,
    })
}

/// The ordinals of `A,B`. A field that is not there, or that is only ever written, is no column.
fn chosen(object: &Object, names: &str, view: &View<'_>) -> Result<Vec<u16>, ApiError> {
    let ordinal = |name: &str| match object.field(name) {
        Some((ordinal, field))
            if field.kind != FieldType::JunctionIdList && view.readable(&object.name, Some(ordinal)) =>
        {
            Ok(ordinal)
        }
        _ => Err(errors::no_such_column(name, &object.name)),
    };
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(ordinal).collect()
}

/// `PATCH sobjects/X/{id}`.
pub(crate) fn update(access: &mut Access<'_>, request: &Request, object: &str, id: &str) -> Reply {
    let updated = access.write(|org| {
        let schema = org.schema();
        let object = schema.object(object).ok_or_else(errors::not_found)?;
        let id = parse_id(id)?;
        if let Some(refused) = unmet(org, request, object, id) {
            return Ok(refused);
        }
        let mut body = request.json_object()?;
        parents::resolve(org, &object.name, &mut body)?;
        dml::update(org, request.caller(), &object.name, id, &body, &request.body)?;
        Ok(Reply::empty(204))
    });
    Result::<Reply, ApiError>::into(updated)
}

/// `DELETE sobjects/X/{id}`.
pub(crate) fn delete(access: &mut Access<'_>, request: &Request, object: &str, id: &str) -> Reply {
    let deleted = access.write(|org| {
        let schema = org.schema();
        let object = schema.object(object).ok_or_else(errors::not_found)?;
        let id = parse_id(id)?;
        if let Some(refused) = unmet(org, request, object, id) {
            return Ok(refused);
        }
        dml::delete(org, request.caller(), &object.name, id)?;
        Ok(Reply::empty(204))
    });
    Result::<Reply, ApiError>::into(deleted)
}

fn unmet(org: &Org, request: &Request, object: &Object, id: SalesforceId) -> Option<Reply> {
    match org.find(&object.name, id) {
        Found::Live(row) => conditions::refused(request, object, row),
        _ => None,
    }
}

fn parse_id(text: &str) -> Result<SalesforceId, ApiError> {
    SalesforceId::parse(text).ok_or_else(|| errors::unknown_external_id(text))
}
