//! Records by an external id: `sobjects/X/Field/value` (Salesforce facts 2.5).

use serde_json::{Map, Value as Json, json};

use crate::dml::{self, parse};
use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::schema::{Field, FieldType, Object, Schema};
use crate::soql::Source as _;
use crate::value::Value;
use crate::view::View;

use super::parents;
use super::rows;
use super::state::Access;
use super::wire::{Reply, Request};

/// The first version that answers an update with 200 and a body instead of 204.
const BODY_SINCE: u32 = 46;

/// `PATCH sobjects/X/Field/value`: creates, or changes the one record that has the value.
pub(crate) fn upsert(access: &mut Access<'_>, request: &Request, object: &str, field: &str, value: &str) -> Reply {
    access.write(|org| upsert_in(org, request, object, field, value)).into()
}

/// `GET sobjects/X/Field/value`.
pub(crate) fn get(access: &mut Access<'_>, request: &Request, object: &str, field: &str, value: &str) -> Reply {
    let found: Result<_, ApiError> = access.read(|org| {
        let schema = org.schema();
        let key = Key::read(&View::new(org, request.user, false), org, &schema, (object, field, value))?;
        Ok((key.object.name.clone(), key.matches))
    });
    match found {
        Err(error) => error.into(),
        Ok((_, matches)) if matches.is_empty() => errors::not_found().into(),
        Ok((object, matches)) if matches.len() > 1 => several(request, &object, &matches),
        Ok((object, matches)) => rows::get(access, request, &object, matches[0].as_str()),
    }
}

fn upsert_in(org: &mut Org, request: &Request, object: &str, field: &str, value: &str) -> Result<Reply, ApiError> {
    let body = request.json_object()?;
    let named = org.schema_ref().object(object).and_then(|object| object.field(field)).map(|(_, field)| &field.name);
    let field_name = named.map_or(field, String::as_str);
    let repeated = body.keys().find(|name| name.eq_ignore_ascii_case(field_name) || name.eq_ignore_ascii_case("Id"));
    if let Some(name) = repeated {
        let message = format!("The {name} field should not be specified in the sobject data.");
        return Err(ApiError::new(400, "INVALID_FIELD", message));
    }
    let object = org.schema_ref().object(object).map(|object| object.name.clone()).ok_or_else(errors::not_found)?;
    let location = |id: SalesforceId| format!("/services/data/v{}/sobjects/{object}/{id}", request.version);
    Ok(match record(org, request, &object, (field, value), body)? {
        Upserted::Created(id) => Reply::json(201, result(id, true)).with_header("Location", location(id)),
        Upserted::Changed(id) if request.number() >= BODY_SINCE => {
            Reply::json(200, result(id, false)).with_header("Location", location(id))
        }
        Upserted::Changed(_) => Reply::empty(204),
        Upserted::Several(ids) => several(request, &object, &ids),
    })
}

/// What an upsert did.
pub(crate) enum Upserted {
    Created(SalesforceId),
    Changed(SalesforceId),
    /// Nothing: several records hold the value.
    Several(Vec<SalesforceId>),
}

/// Creates a record or changes the one whose external id field, the first of `key`, has the value that is the second.
pub(crate) fn record(
    org: &mut Org,
    request: &Request,
    object: &str,
    key: (&str, &str),
    mut fields: Map<String, Json>,
) -> Result<Upserted, ApiError> {
    let schema = org.schema();
    let (field, value) = key;
    let key = Key::read(&View::new(org, request.user, false), org, &schema, (object, field, value))?;
    parents::resolve(org, &key.object.name, &mut fields)?;
    match key.matches[..] {
        [] if request.param("updateOnly") == Some("true") || key.field.kind == FieldType::Id => {
            Err(errors::not_found())
        }
        [] => {
            fields.insert(key.field.name.clone(), value.into());
            dml::create(org, request.caller(), &key.object.name, &fields, &request.body).map(Upserted::Created)
        }
        [id] => {
            dml::update(org, request.caller(), &key.object.name, id, &fields, &request.body)?;
            Ok(Upserted::Changed(id))
        }
        _ => Ok(Upserted::Several(key.matches)),
    }
}

/// What the address names.
struct Key<'a> {
    object: &'a Object,
    field: &'a Field,
    matches: Vec<SalesforceId>,
}

impl<'a> Key<'a> {
    /// Reads object, field and value of an address. A key that the user cannot see is none, and records that the user
    /// cannot see do not match.
    fn read(view: &View<'_>, org: &Org, schema: &'a Schema, address: (&str, &str, &str)) -> Result<Self, ApiError> {
        let (object, field, value) = address;
        let object = schema.object(object).filter(|object| view.readable(&object.name, None));
        let object = object.ok_or_else(errors::not_found)?;
        let named = object.field(field).filter(|(_, f)| f.external_id || f.id_lookup || f.kind == FieldType::Id);
        let named = named.filter(|(ordinal, _)| view.readable(&object.name, Some(*ordinal)));
        let (ordinal, field) = named.ok_or_else(|| errors::unknown_external_id(field))?;
        let wanted = parse::value(field, &Json::from(value)).map_err(|_| errors::not_found())?;
        let mut matches: Vec<SalesforceId> = match wanted {
            Value::Id(id) if field.kind == FieldType::Id => {
                org.table(&object.name).filter(|table| table.live().contains_key(&id)).map(|_| id).into_iter().collect()
            }
            Value::Null => return Err(errors::not_found()),
            wanted => dml::holders(org, &object.name, field, ordinal, &wanted),
        };
        matches.retain(|id| view.row(&object.name, *id).is_some());
        Ok(Key { object, field, matches })
    }
}

fn several(request: &Request, object: &str, matches: &[SalesforceId]) -> Reply {
    let urls = matches.iter().map(|id| format!("/services/data/v{}/sobjects/{object}/{id}", request.version));
    Reply::json(300, urls.collect())
}

fn result(id: SalesforceId, created: bool) -> Json {
    json!({ "id": id.as_str(), "success": true, "errors": [], "created": created })
}
