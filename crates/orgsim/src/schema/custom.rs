//! Custom fields and objects from JSON, as a test or an admin writes them.

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Field, FieldType, Object, PicklistEntry, SchemaError};

/// What describes a custom field. Sizes that are left out get what Salesforce's setup page offers first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "describe's own flags")]
struct CustomField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    label: Option<String>,
    length: Option<u32>,
    precision: Option<u32>,
    scale: Option<u32>,
    #[serde(default)]
    external_id: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    case_sensitive: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    picklist: Vec<Entry>,
    #[serde(default)]
    restricted: bool,
    #[serde(default)]
    reference_to: Vec<String>,
    relationship_name: Option<String>,
    child_relationship: Option<String>,
    default_value: Option<Json>,
    help: Option<String>,
    #[serde(default)]
    calculated: bool,
    #[serde(default)]
    read_only: bool,
}

/// One picklist entry: a value, or a value with its label and whether it may still be chosen.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Value(String),
    Full {
        value: String,
        label: Option<String>,
        #[serde(default = "yes")]
        active: bool,
    },
}

fn yes() -> bool {
    true
}

/// What describes a custom object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomObject {
    name: String,
    label: Option<String>,
    label_plural: Option<String>,
    key_prefix: Option<String>,
    #[serde(default)]
    fields: Vec<Json>,
}

/// A custom field from JSON: `{"name":"Booking__c","type":"string","length":64,"externalId":true}`. Further keys:
/// `label`, `precision`, `scale`, `unique`, `caseSensitive`, `required`, `picklist` (values, or objects with `value`,
/// `label`, `active`), `restricted`, `referenceTo`, `relationshipName`, `childRelationship`, `defaultValue`, `help`,
/// `calculated`, `readOnly`. The error says what to mend.
pub fn custom_field(json: &Json) -> Result<Field, SchemaError> {
    let said: CustomField = CustomField::deserialize(json).map_err(|e| SchemaError(format!("field: {e}")))?;
    let fail = |problem: String| SchemaError(format!("field {}: {problem}", said.name));
    check_name(&said.name).map_err(fail)?;
    let kind = FieldType::from_name(&said.kind)
        .ok_or_else(|| fail(format!("`{}` is no field type; describe's names are meant, like `string`", said.kind)))?;
    let label = said.label.clone().unwrap_or_else(|| label_of(&said.name));
    let mut field = Field::named(&said.name, &label, kind);
    field.custom = true;
    set_size(&mut field, &said);
    set_use(&mut field, &said);
    set_list(&mut field, &said).map_err(fail)?;
    set_reference(&mut field, &said).map_err(fail)?;
    check_uniqueness(&field).map_err(fail)?;
    field.indexed = field.has_index("");
    Ok(field)
}

/// A custom object from JSON: `{"name":"Visit__c","keyPrefix":"a00","label":"Visit","labelPlural":"Visits",
/// "fields":[…]}`. It gets the fields every custom object has, and without a key prefix the first that is not `taken`.
/// The error says what to mend.
pub fn custom_object(json: &Json, taken: impl Fn(&str) -> bool) -> Result<Object, SchemaError> {
    let said: CustomObject = CustomObject::deserialize(json).map_err(|e| SchemaError(format!("object: {e}")))?;
    let fail = |problem: String| SchemaError(format!("object {}: {problem}", said.name));
    check_name(&said.name).map_err(fail)?;
    let prefix = match &said.key_prefix {
        Some(prefix) if taken(prefix) => return Err(fail(format!("another object has the key prefix {prefix}"))),
        Some(prefix) => key_prefix(prefix).map_err(fail)?,
        None => free_prefix(taken).ok_or_else(|| fail("all key prefixes are taken".to_owned()))?,
    };
    let label = said.label.clone().unwrap_or_else(|| label_of(&said.name));
    let plural = said.label_plural.clone().unwrap_or_else(|| format!("{label}s"));
    let mut object = Object::named(&said.name, &label, &plural, Some(prefix));
    allow_all(&mut object);
    for field in system_fields(&label) {
        object.put_field(field);
    }
    for field in &said.fields {
        object.put_field(custom_field(field).map_err(|e| fail(e.0))?);
    }
    Ok(object)
}

fn key_prefix(text: &str) -> Result<[u8; 3], String> {
    let prefix: Option<[u8; 3]> = text.as_bytes().try_into().ok();
    prefix
        .filter(|prefix| prefix.iter().all(u8::is_ascii_alphanumeric))
        .ok_or_else(|| format!("`{text}` is no key prefix; three letters or digits are meant, like `a00`"))
}

/// Custom objects have prefixes from `a00` on (Salesforce facts 7).
fn free_prefix(taken: impl Fn(&str) -> bool) -> Option<[u8; 3]> {
    let free = (0..100).map(|number| format!("a{number:02}")).find(|prefix| !taken(prefix))?;
    free.as_bytes().try_into().ok()
}

fn check_name(name: &str) -> Result<(), String> {
    let stem = name.strip_suffix("__c").ok_or("a custom name ends in __c")?;
    let starts = stem.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() <= 80 {
        Ok(())
    } else {
        Err("an API name starts with a letter and has letters, digits and underscores only".to_owned())
    }
}

fn label_of(name: &str) -> String {
    name.trim_end_matches("__c").replace('_', " ")
}

fn set_size(field: &mut Field, said: &CustomField) {
    let default_length = match field.kind {
        FieldType::Id | FieldType::Reference => 18,
        FieldType::Phone => 40,
        FieldType::Email => 80,
        FieldType::MultiPicklist => 4099,
        kind if kind.is_text() => 255,
        _ => 0,
    };
    field.length = if default_length == 0 { 0 } else { said.length.unwrap_or(default_length) };
    match field.kind {
        FieldType::Int => field.digits = said.precision.unwrap_or(9),
        kind if kind.is_number() => {
            (field.precision, field.scale) = (said.precision.unwrap_or(18), said.scale.unwrap_or(0));
        }
        _ => {}
    }
}

/// What follows from the type: long text can neither be filtered nor sorted, numbers not be grouped.
fn set_use(field: &mut Field, said: &CustomField) {
    use FieldType as T;
    let long = field.kind == T::TextArea && field.length > 255;
    let writable = !said.calculated && !said.read_only;
    (field.createable, field.updateable) = (writable, writable);
    field.nillable = !said.required && field.kind != T::Boolean;
    field.defaulted_on_create = field.kind == T::Boolean || said.default_value.is_some();
    field.filterable = !long;
    field.sortable = !long && field.kind != T::MultiPicklist;
    field.aggregatable = !long && !matches!(field.kind, T::Boolean | T::MultiPicklist);
    let countable = matches!(field.kind, T::Double | T::Currency | T::Percent | T::DateTime | T::MultiPicklist);
    field.groupable = !long && !countable && !said.calculated;
    field.calculated = said.calculated;
    field.permissionable = !said.required;
    field.external_id = said.external_id;
    field.unique = said.unique;
    field.case_sensitive = said.case_sensitive;
    field.id_lookup = said.external_id;
    field.help.clone_from(&said.help);
    field.default_value.clone_from(&said.default_value);
    if field.kind == T::Boolean && field.default_value.is_none() {
        field.default_value = Some(false.into());
    }
}

fn set_list(field: &mut Field, said: &CustomField) -> Result<(), String> {
    let listed = matches!(field.kind, FieldType::Picklist | FieldType::MultiPicklist | FieldType::Combobox);
    if !listed && (!said.picklist.is_empty() || said.restricted) {
        return Err("only a picklist, multipicklist or combobox has a list of values".to_owned());
    }
    let default = said.default_value.as_ref().and_then(Json::as_str);
    field.restricted_picklist = said.restricted;
    field.picklist = said.picklist.iter().map(|entry| entry.expand(default)).collect();
    Ok(())
}

impl Entry {
    fn expand(&self, default: Option<&str>) -> PicklistEntry {
        let (value, label, active) = match self {
            Entry::Value(value) => (value, value, true),
            Entry::Full { value, label, active } => (value, label.as_ref().unwrap_or(value), *active),
        };
        PicklistEntry {
            value: value.clone(),
            label: label.clone(),
            active,
            default: default == Some(value),
            valid_for: None,
        }
    }
}

fn set_reference(field: &mut Field, said: &CustomField) -> Result<(), String> {
    if (field.kind == FieldType::Reference) == said.reference_to.is_empty() {
        return Err("a reference names the objects it may refer to in `referenceTo`, and only a reference".to_owned());
    }
    if field.kind != FieldType::Reference {
        return Ok(());
    }
    field.polymorphic = said.reference_to.len() > 1;
    field.reference_to.clone_from(&said.reference_to);
    let stem = said.name.trim_end_matches("__c");
    let own = said.relationship_name.clone();
    field.relationship_name = Some(own.unwrap_or_else(|| format!("{stem}__r")));
    field.child_relationship.clone_from(&said.child_relationship);
    Ok(())
}

fn check_uniqueness(field: &Field) -> Result<(), String> {
    use FieldType as T;
    let may = matches!(field.kind, T::String | T::Email | T::Double | T::Int);
    if (field.external_id || field.unique) && !may {
        return Err(format!(
            "a {} field cannot be an external id or unique; a string, email, double or int can",
            field.kind.name()
        ));
    }
    Ok(())
}

fn allow_all(object: &mut Object) {
    object.custom = true;
    (object.createable, object.updateable, object.deletable) = (true, true, true);
    (object.queryable, object.searchable, object.layoutable) = (true, true, true);
    (object.mru_enabled, object.replicateable, object.retrieveable) = (true, true, true);
    (object.triggerable, object.undeletable) = (true, true);
}

fn system_fields(label: &str) -> Vec<Field> {
    let field = |name: &str, label: &str, kind| {
        let mut field = Field::named(name, label, kind);
        (field.filterable, field.sortable, field.defaulted_on_create) = (true, true, true);
        field.groupable = kind != FieldType::DateTime;
        field.aggregatable = kind != FieldType::Boolean;
        field.inferred = true;
        field.indexed = field.has_index("");
        field
    };
    let mut id = field("Id", "Record ID", FieldType::Id);
    (id.length, id.id_lookup) = (18, true);
    let mut name = field("Name", &format!("{label} Name"), FieldType::String);
    (name.length, name.name_field, name.id_lookup, name.nillable) = (80, true, true, true);
    (name.createable, name.updateable, name.defaulted_on_create) = (true, true, false);
    let mut deleted = field("IsDeleted", "Deleted", FieldType::Boolean);
    deleted.default_value = Some(false.into());
    let user = |name: &str, label: &str, relationship: &str| {
        let mut user = field(name, label, FieldType::Reference);
        user.length = 18;
        user.reference_to = vec!["User".to_owned()];
        user.relationship_name = Some(relationship.to_owned());
        user
    };
    let mut owner = user("OwnerId", "Owner ID", "Owner");
    owner.reference_to = vec!["Group".to_owned(), "User".to_owned()];
    (owner.createable, owner.updateable, owner.polymorphic) = (true, true, true);
    vec![
        id,
        owner,
        deleted,
        name,
        field("CreatedDate", "Created Date", FieldType::DateTime),
        user("CreatedById", "Created By ID", "CreatedBy"),
        field("LastModifiedDate", "Last Modified Date", FieldType::DateTime),
        user("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        field("SystemModstamp", "System Modstamp", FieldType::DateTime),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_external_id_is_indexed_and_serves_as_upsert_key() {
        let json = json!({"name": "Booking_Id__c", "type": "string", "length": 64, "externalId": true, "unique": true});
        let field = custom_field(&json).expect("a good field");
        assert_eq!((field.label.as_str(), field.length), ("Booking Id", 64));
        assert!(field.indexed && field.id_lookup && field.unique && field.createable && field.nillable);
    }

    #[test]
    fn a_reference_has_a_relationship_of_its_own_name() {
        let json =
            json!({"name": "Host__c", "type": "reference", "referenceTo": ["User"], "childRelationship": "Hosted__r"});
        let field = custom_field(&json).expect("a good field");
        assert_eq!(field.relationship_name.as_deref(), Some("Host__r"));
        assert_eq!(field.child_relationship.as_deref(), Some("Hosted__r"));
    }

    #[test]
    fn bad_fields_are_refused_in_words() {
        let error = |json: Json| custom_field(&json).expect_err("a bad field").to_string();
        assert_eq!(error(json!({"name": "X", "type": "string"})), "field X: a custom name ends in __c");
        assert_eq!(
            error(json!({"name": "X__c", "type": "text"})),
            "field X__c: `text` is no field type; describe's names are meant, like `string`"
        );
        assert_eq!(
            error(json!({"name": "X__c", "type": "date", "unique": true})),
            "field X__c: a date field cannot be an external id or unique; a string, email, double or int can"
        );
        assert!(error(json!({"name": "X__c", "type": "string", "size": 3})).contains("unknown field `size`"));
        assert!(error(json!({"name": "X__c", "type": "reference"})).contains("referenceTo"));
    }

    #[test]
    fn a_custom_object_has_the_fields_every_object_has() {
        let json = json!({"name": "Visit__c", "keyPrefix": "a00", "fields": [{"name": "Day__c", "type": "date"}]});
        let object = custom_object(&json, |_| false).expect("a good object");
        assert_eq!(object.label_plural, "Visits");
        for name in ["Id", "Name", "OwnerId", "CreatedDate", "SystemModstamp", "Day__c"] {
            assert!(object.field(name).is_some(), "the object has no {name}");
        }
    }
}
