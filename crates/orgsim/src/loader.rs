//! Loading records as a whole: for worlds and for `POST /_sim/records`.
//!
//! A loaded record may set what the API may not (`CreatedDate`, `IsConverted`) and may lack what the API requires.
//! Unset fields are filled in as on create. One that says `IsDeleted` is in the recycle bin (Salesforce facts 2.3).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json, json};

use crate::dml::{self, parse};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::row::Row;
use crate::schema::{FieldType, Object, Schema};
use crate::value::Value;

/// Loads `{"Account": [{"@ref": "acme", "Name": "Acme"}], "Contact": [{"AccountId": "@acme"}]}`. `@ref` (or `@id`)
/// names a record for the others of the same load. Answers `{"ids": {object: [id, …]}, "refs": {name: id}}`; nothing
/// is loaded when anything is wrong, and the error names the object, the row and the field.
pub fn load(org: &mut Org, user: SalesforceId, records: &Map<String, Json>) -> Result<Json, String> {
    for record_type in records.get("RecordType").and_then(Json::as_array).into_iter().flatten() {
        if let Some(object) = record_type.get("SobjectType").and_then(Json::as_str) {
            org.add_record_types(object).map_err(|error| format!("RecordType: {error}"))?;
        }
    }
    let schema = org.schema();
    let mut batch = Batch { schema: &schema, refs: HashMap::new(), rows: Vec::new() };
    for (object, rows) in records {
        batch.name_rows(org, object, rows)?;
    }
    let parsed = batch.parse()?;
    let mut ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ((object, id, _), (row, given)) in batch.rows.iter().zip(parsed) {
        let row = dml::complete_loaded(org, object, row, given, user);
        let deleted = object.field("IsDeleted").is_some_and(|(field, _)| *row.get(field) == Value::Bool(true));
        if deleted {
            org.recycle(&object.name, *id, row);
        } else {
            org.put(&object.name, *id, row.clone());
            dml::note_activity(org, &object.name, None, Some(&row));
        }
        ids.entry(&object.name).or_default().push(id.as_str());
    }
    let refs: Map<String, Json> = batch.refs.iter().map(|(name, id)| ((*name).into(), id.as_str().into())).collect();
    Ok(json!({ "ids": ids, "refs": refs }))
}

struct Batch<'a> {
    schema: &'a Schema,
    refs: HashMap<&'a str, SalesforceId>,
    rows: Vec<(&'a Object, SalesforceId, &'a Map<String, Json>)>,
}

impl<'a> Batch<'a> {
    /// Gives every row of one object its id, so that rows may name rows that come later.
    fn name_rows(&mut self, org: &mut Org, name: &str, rows: &'a Json) -> Result<(), String> {
        let object = self.schema.object(name).ok_or_else(|| {
            let known: Vec<&str> = self.schema.objects().iter().map(|o| o.name.as_str()).collect();
            format!("there is no object {name}; there are {}", known.join(", "))
        })?;
        let rows = rows.as_array().ok_or_else(|| format!("{name}: a list of records is meant"))?;
        for (at, row) in rows.iter().enumerate() {
            let row = row.as_object().ok_or_else(|| format!("{name}[{at}]: a record is a JSON object"))?;
            let id = match row.get("Id").and_then(Json::as_str) {
                Some(text) => own_id(object, text)
                    .ok_or_else(|| format!("{name}[{at}].Id: {text} is no id of {name} with a right checksum"))?,
                None => org.new_id(object).ok_or_else(|| format!("{name} has no records of its own"))?,
            };
            if let Some(reference) = row.get("@ref").or_else(|| row.get("@id")) {
                let reference = reference.as_str().ok_or_else(|| format!("{name}[{at}].@ref: a text is meant"))?;
                if self.refs.insert(reference, id).is_some() {
                    return Err(format!("{name}[{at}].@ref: {reference} is the name of another record"));
                }
            }
            self.rows.push((object, id, row));
        }
        Ok(())
    }

    fn parse(&self) -> Result<Vec<(Row, Vec<u16>)>, String> {
        self.rows.iter().enumerate().map(|(at, (object, _, row))| self.row(object, at, row)).collect()
    }

    fn row(&self, object: &Object, at: usize, fields: &Map<String, Json>) -> Result<(Row, Vec<u16>), String> {
        let mut row = Row::default();
        let mut given = Vec::new();
        for (name, json) in fields.iter().filter(|(name, _)| !name.starts_with('@') && *name != "Id") {
            let place = || format!("{} (record {} of the load), {name}", object.name, at + 1);
            let (ordinal, field) = object.field(name).ok_or_else(|| format!("{}: there is no such field", place()))?;
            let reference = json.as_str().and_then(|text| text.strip_prefix('@'));
            let named = match reference {
                Some(reference) if field.kind == FieldType::Reference => Some(self.named(reference, place)?),
                _ => None,
            };
            let json = named.as_ref().unwrap_or(json);
            let value = parse::value(field, json).map_err(|_| format!("{}: {json} does not fit its type", place()))?;
            row.set(ordinal, value);
            given.push(ordinal);
        }
        Ok((row, given))
    }

    fn named(&self, reference: &str, place: impl Fn() -> String) -> Result<Json, String> {
        let id = self.refs.get(reference);
        id.map(|id| id.as_str().into()).ok_or_else(|| format!("{}: no record is named @{reference}", place()))
    }
}

fn own_id(object: &Object, text: &str) -> Option<SalesforceId> {
    let id = SalesforceId::parse(text)?;
    let prefix = object.key_prefix?;
    (id.as_str().as_bytes()[..3] == prefix).then_some(id)
}
