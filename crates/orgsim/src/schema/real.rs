//! Objects as a real org describes them, read back from its describe answers (Salesforce facts 5.1).

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Field, FieldType, Object, PicklistEntry, Schema, SchemaError};

/// What a describe says of an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "describe's own flags")]
struct Described {
    name: String,
    label: String,
    label_plural: String,
    key_prefix: Option<String>,
    custom: bool,
    createable: bool,
    updateable: bool,
    deletable: bool,
    queryable: bool,
    searchable: bool,
    layoutable: bool,
    mergeable: bool,
    mru_enabled: bool,
    replicateable: bool,
    retrieveable: bool,
    triggerable: bool,
    undeletable: bool,
    #[serde(default)]
    feed_enabled: bool,
    fields: Vec<DescribedField>,
    #[serde(default)]
    child_relationships: Vec<DescribedChild>,
}

/// What a describe says of a field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "describe's own flags")]
struct DescribedField {
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    length: u32,
    precision: u32,
    scale: u32,
    digits: u32,
    createable: bool,
    updateable: bool,
    nillable: bool,
    defaulted_on_create: bool,
    filterable: bool,
    sortable: bool,
    groupable: bool,
    aggregatable: bool,
    external_id: bool,
    unique: bool,
    case_sensitive: bool,
    id_lookup: bool,
    custom: bool,
    name_field: bool,
    calculated: bool,
    #[serde(default)]
    polymorphic_foreign_key: bool,
    reference_to: Vec<String>,
    relationship_name: Option<String>,
    #[serde(default)]
    compound_field_name: Option<String>,
    controller_name: Option<String>,
    restricted_picklist: bool,
    picklist_values: Vec<DescribedEntry>,
    #[serde(default)]
    default_value: Option<Json>,
    #[serde(default)]
    extra_type_info: Option<String>,
    permissionable: bool,
    #[serde(default)]
    search_prefilterable: bool,
    inline_help_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedEntry {
    /// Absent where somebody shortened the list.
    value: Option<String>,
    label: Option<String>,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    default_value: bool,
    valid_for: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedChild {
    #[serde(rename = "childSObject")]
    child: String,
    field: String,
    relationship_name: Option<String>,
    cascade_delete: bool,
}

/// The describes of a folder: the files `describe_*.json`, each an answer as it came or under `response`. Lists of all
/// objects are passed over. Sorted by file name; the error names the file.
pub fn read_describes(folder: &Path) -> Result<Vec<(String, Json)>, SchemaError> {
    let entries = fs::read_dir(folder).map_err(|error| SchemaError(format!("{}: {error}", folder.display())))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|n| n.starts_with("describe_") && n.ends_with(".json")).collect();
    names.sort_unstable();
    let mut describes = Vec::new();
    for name in names {
        let fail = |problem: String| SchemaError(format!("{name}: {problem}"));
        let text = fs::read_to_string(folder.join(&name)).map_err(|error| fail(error.to_string()))?;
        let json: Json = serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
        let body = json.get("response").unwrap_or(&json);
        if body.get("fields").is_some() {
            describes.push((name, body.clone()));
        }
    }
    if describes.is_empty() {
        return Err(SchemaError(format!("{} has no files describe_*.json", folder.display())));
    }
    Ok(describes)
}

/// Puts described objects in the place of those of the same name. A field keeps its name among its parent's children,
/// which only the parent's describe tells. The error names the object and what its describe lacks.
pub fn add_describes(schema: &mut Schema, describes: &[Json]) -> Result<(), SchemaError> {
    let mut children = Vec::new();
    for json in describes {
        let name = json.get("name").and_then(Json::as_str).unwrap_or("a describe").to_owned();
        let said = Described::deserialize(json).map_err(|error| SchemaError(format!("{name}: {error}")))?;
        let (mut object, relationships) = said.object()?;
        if let Some(known) = schema.object(&object.name) {
            object.keep_child_names(known);
        }
        schema.put_object(object);
        children.extend(relationships);
    }
    for child in children {
        let field = schema.object_mut(&child.child).and_then(|object| object.field_mut(&child.field));
        if let Some(field) = field {
            field.child_relationship = child.relationship_name;
            field.cascade_delete = child.cascade_delete;
        }
    }
    Ok(())
}

impl Described {
    fn object(self) -> Result<(Object, Vec<DescribedChild>), SchemaError> {
        let fail = |problem: String| SchemaError(format!("{}: {problem}", self.name));
        let prefix = match &self.key_prefix {
            Some(text) => Some(text.as_bytes().try_into().map_err(|_| fail(format!("{text} is no key prefix")))?),
            None => None,
        };
        let mut object = Object::named(&self.name, &self.label, &self.label_plural, prefix);
        for field in self.fields {
            let field = field.field(&self.name).map_err(SchemaError)?;
            object.put_field(field);
        }
        object.custom = self.custom;
        (object.createable, object.updateable, object.deletable) = (self.createable, self.updateable, self.deletable);
        (object.queryable, object.searchable, object.layoutable) = (self.queryable, self.searchable, self.layoutable);
        (object.mergeable, object.mru_enabled) = (self.mergeable, self.mru_enabled);
        (object.replicateable, object.retrieveable) = (self.replicateable, self.retrieveable);
        (object.triggerable, object.undeletable) = (self.triggerable, self.undeletable);
        object.feed_enabled = self.feed_enabled;
        Ok((object, self.child_relationships))
    }
}

impl DescribedField {
    fn field(self, object: &str) -> Result<Field, String> {
        let kind = FieldType::from_name(&self.kind)
            .ok_or_else(|| format!("{object}.{}: `{}` is no field type", self.name, self.kind))?;
        let mut field = Field::named(&self.name, &self.label, kind);
        (field.length, field.precision, field.scale, field.digits) =
            (self.length, self.precision, self.scale, self.digits);
        (field.createable, field.updateable) = (self.createable, self.updateable);
        (field.nillable, field.defaulted_on_create) = (self.nillable, self.defaulted_on_create);
        (field.filterable, field.sortable) = (self.filterable, self.sortable);
        (field.groupable, field.aggregatable) = (self.groupable, self.aggregatable);
        (field.external_id, field.unique) = (self.external_id, self.unique);
        (field.case_sensitive, field.id_lookup) = (self.case_sensitive, self.id_lookup);
        (field.custom, field.name_field, field.calculated) = (self.custom, self.name_field, self.calculated);
        field.polymorphic = self.polymorphic_foreign_key;
        field.reference_to = self.reference_to;
        field.relationship_name = self.relationship_name;
        field.compound = self.compound_field_name;
        field.controller = self.controller_name;
        field.restricted_picklist = self.restricted_picklist;
        field.picklist = self.picklist_values.into_iter().filter_map(DescribedEntry::entry).collect();
        field.default_value = self.default_value;
        field.extra_type_info = self.extra_type_info;
        (field.permissionable, field.search_prefilterable) = (self.permissionable, self.search_prefilterable);
        field.help = self.inline_help_text;
        field.indexed = field.has_index(object);
        Ok(field)
    }
}

impl DescribedEntry {
    fn entry(self) -> Option<PicklistEntry> {
        let value = self.value?;
        let label = self.label.unwrap_or_else(|| value.clone());
        Some(PicklistEntry {
            value,
            label,
            active: self.active,
            default: self.default_value,
            valid_for: self.valid_for,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{describe, standard};
    use super::*;

    #[test]
    fn an_object_survives_its_own_describe() {
        let ours = standard();
        let object = ours.object("Contact").expect("a standard object");
        let body = describe::describe(object, &ours, "66.0", &[]);
        let mut read = standard();
        add_describes(&mut read, std::slice::from_ref(&body)).expect("our own describe is readable");
        let again = describe::describe(read.object("Contact").expect("read"), &read, "66.0", &[]);
        assert_eq!(again, body);
    }

    #[test]
    fn a_describe_without_its_parts_is_refused_by_name() {
        let error = add_describes(&mut standard(), &[serde_json::json!({"name": "Contact"})]).expect_err("no describe");
        assert_eq!(error.to_string(), "Contact: missing field `label`");
    }
}
