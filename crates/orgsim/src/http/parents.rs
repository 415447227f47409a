//! Parents named by an external id in a record's body: `"Account": {"Ext__c": "x"}` stands for the `AccountId` of
//! the one account whose `Ext__c` is `x` (Salesforce facts 3, "INVALID_FIELD (DML ref)").

use serde_json::{Map, Value as Json};

use crate::dml::{self, parse};
use crate::errors::ApiError;
use crate::org::Org;
use crate::schema::{Field, Object};

/// Puts the parents' ids in the place of what names them. `object` is the canonical name of the record's object.
pub(crate) fn resolve(org: &Org, object: &str, fields: &mut Map<String, Json>) -> Result<(), ApiError> {
    let schema = org.schema_ref();
    let Some(object) = schema.object(object) else { return Ok(()) };
    let names: Vec<String> =
        fields.iter().filter(|(_, value)| value.is_object()).map(|(name, _)| name.clone()).collect();
    for name in names {
        let Some((_, reference)) = object.relationship(&name) else { continue };
        let Some(Json::Object(wanted)) = fields.shift_remove(&name) else { continue };
        let id = parent(org, object, reference, &wanted)?;
        fields.insert(reference.name.clone(), id);
    }
    Ok(())
}

/// The parent's id. A relationship to several objects says which in `attributes`.
fn parent(org: &Org, object: &Object, reference: &Field, wanted: &Map<String, Json>) -> Result<Json, ApiError> {
    let named = wanted.get("attributes").and_then(|attributes| attributes["type"].as_str());
    let target = match named {
        Some(name) => reference.reference_to.iter().find(|to| to.eq_ignore_ascii_case(name)),
        None => reference.reference_to.first(),
    };
    let key = wanted.iter().find(|(name, _)| *name != "attributes");
    let (Some(target), Some((key, value))) = (target.and_then(|name| org.schema_ref().object(name)), key) else {
        return Err(not_found(object, "", reference));
    };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some((ordinal, field)) = target.field(key) else {
        return Err(crate::errors::no_such_column(key, &target.name));
    };
    let missing = || {
        let message =
            format!("Foreign key external ID: {shown} not found for field {} in entity {}", field.name, target.name);
        ApiError::on_fields("INVALID_FIELD", message, &[&reference.name])
    };
    if !(field.external_id || field.id_lookup) {
        return Err(missing());
    }
    let wanted = parse::value(field, value).map_err(|_| missing())?;
    match dml::holders(org, &target.name, field, ordinal, &wanted)[..] {
        [id] => Ok(id.as_str().into()),
        _ => Err(missing()),
    }
}

fn not_found(object: &Object, shown: &str, reference: &Field) -> ApiError {
    let message =
        format!("Foreign key external ID: {shown} not found for field {} in entity {}", reference.name, object.name);
    ApiError::on_fields("INVALID_FIELD", message, &[&reference.name])
}
