//! What an object looks like to the connection's user (Salesforce facts 5.1).

use serde_json::Value;

use crate::sobject::SalesforceId;

/// An object with the fields that the user may see; a field that is missing here may exist, hidden from the user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectDescribe {
    /// The object's API name.
    pub name: String,
    /// Whether the user may create records.
    pub createable: bool,
    /// Whether the user may edit records.
    pub updateable: bool,
    /// Whether the user may delete records.
    pub deletable: bool,
    /// Whether the user may query it.
    pub queryable: bool,
    /// The fields that the user may see.
    pub fields: Vec<FieldDescribe>,
    /// The record types, the master one included.
    pub record_types: Vec<RecordTypeInfo>,
    /// `Last-Modified` of the answer, to be sent back as `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// A field as the user may use it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldDescribe {
    /// The API name.
    pub name: String,
    /// The label on Salesforce's pages.
    pub label: String,
    /// Salesforce's type: `string`, `picklist`, `reference`, `datetime`, …
    pub field_type: String,
    /// The longest text in characters; 0 for types without a length.
    pub length: u32,
    /// May be set on create.
    pub createable: bool,
    /// May be set on update.
    pub updateable: bool,
    /// May be empty.
    pub nillable: bool,
    /// Salesforce fills it on create.
    pub defaulted_on_create: bool,
    /// May stand in a WHERE clause.
    pub filterable: bool,
    /// Rows may be grouped by it.
    pub groupable: bool,
    /// May be the key of an upsert (custom).
    pub external_id: bool,
    /// No two records have the same value.
    pub unique: bool,
    /// May be the key of an upsert (standard).
    pub id_lookup: bool,
    /// Only active values of the list are accepted.
    pub restricted_picklist: bool,
    /// The active values of a picklist.
    pub active_picklist_values: Vec<String>,
    /// The objects that a reference may point to.
    pub reference_to: Vec<String>,
}

/// A record type of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordTypeInfo {
    /// The id; `012000000000000AAA` is the master one.
    pub id: SalesforceId,
    /// The label.
    pub name: String,
    /// The developer name; unique only together with a namespace.
    pub developer_name: String,
    /// In use.
    pub active: bool,
    /// This user may create records of it.
    pub available: bool,
    /// This user's default.
    pub default_for_user: bool,
    /// The one that stands for "no record type".
    pub master: bool,
}

impl ObjectDescribe {
    /// The field of this name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&FieldDescribe> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Reads the answer of a describe; missing keys count as off or empty. `None` if it is no describe.
    pub(crate) fn read(body: &Value, last_modified: Option<String>) -> Option<Self> {
        let fields = body["fields"].as_array()?;
        Some(Self {
            name: body["name"].as_str()?.to_owned(),
            createable: flag(body, "createable"),
            updateable: flag(body, "updateable"),
            deletable: flag(body, "deletable"),
            queryable: flag(body, "queryable"),
            fields: fields.iter().filter_map(FieldDescribe::read).collect(),
            record_types: items(body, "recordTypeInfos").filter_map(RecordTypeInfo::read).collect(),
            last_modified,
        })
    }
}

impl FieldDescribe {
    fn read(field: &Value) -> Option<Self> {
        let active = items(field, "picklistValues").filter(|value| flag(value, "active"));
        Some(Self {
            name: field["name"].as_str()?.to_owned(),
            label: text(field, "label"),
            field_type: text(field, "type"),
            length: field["length"].as_u64().and_then(|length| u32::try_from(length).ok()).unwrap_or(0),
            createable: flag(field, "createable"),
            updateable: flag(field, "updateable"),
            nillable: flag(field, "nillable"),
            defaulted_on_create: flag(field, "defaultedOnCreate"),
            filterable: flag(field, "filterable"),
            groupable: flag(field, "groupable"),
            external_id: flag(field, "externalId"),
            unique: flag(field, "unique"),
            id_lookup: flag(field, "idLookup"),
            restricted_picklist: flag(field, "restrictedPicklist"),
            active_picklist_values: active.map(|value| text(value, "value")).collect(),
            reference_to: items(field, "referenceTo").filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// Whether a create without this field is refused.
    pub fn required_on_create(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }
}

impl RecordTypeInfo {
    fn read(info: &Value) -> Option<Self> {
        Some(Self {
            id: SalesforceId::parse(info["recordTypeId"].as_str()?).ok()?,
            name: text(info, "name"),
            developer_name: text(info, "developerName"),
            active: flag(info, "active"),
            available: flag(info, "available"),
            default_for_user: flag(info, "defaultRecordTypeMapping"),
            master: flag(info, "master"),
        })
    }
}

fn flag(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or(false)
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_describe_is_read_and_missing_keys_are_off() {
        let body = json!({"name": "Contact", "createable": true, "fields": [
            {"name": "LastName", "type": "string", "length": 80, "createable": true, "nillable": false},
            {"name": "Level__c", "type": "picklist", "restrictedPicklist": true, "length": null,
             "picklistValues": [{"active": true, "value": "A"}, {"active": false, "value": "B"}]},
            {"label": "a field without a name"}],
            "recordTypeInfos": [{"recordTypeId": "012000000000000AAA", "master": true, "name": "Master"}]});
        let describe = ObjectDescribe::read(&body, None).expect("this is a describe");
        assert_eq!(describe.fields.len(), 2);
        let name = describe.field("lastname").expect("names are found whatever their case");
        assert!(name.required_on_create());
        assert!(!name.updateable, "a missing key is off");
        let level = describe.field("Level__c").expect("the field is there");
        assert_eq!(level.active_picklist_values, ["A"]);
        assert!(describe.record_types[0].master);
        assert_eq!(ObjectDescribe::read(&json!({"name": "Contact"}), None), None, "without fields it is no describe");
    }
}
