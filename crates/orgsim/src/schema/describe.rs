//! The describe documents of REST (Salesforce facts 5.1), with every key that a recorded org sends.

use serde_json::{Map, Value as Json, json};

use super::{ChildRelationship, Field, FieldType, Object, PicklistEntry, Schema};
use crate::id::SalesforceId;

/// The record type every object has, whether or not it has others.
pub const MASTER_RECORD_TYPE: &str = "012000000000000AAA";

/// A record type as an object's describe shows it to the running user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTypeInfo {
    /// Its id.
    pub id: SalesforceId,
    /// Its name in the user's language.
    pub name: String,
    /// Its API name.
    pub developer_name: String,
    /// Whether it may be used at all.
    pub active: bool,
    /// Whether this user may use it.
    pub available: bool,
    /// Whether new records of this user get it.
    pub default_mapping: bool,
}

/// The describe of one object. `version` is the API version without `v` (`66.0`); `record_types` leaves out Master.
pub fn describe(object: &Object, schema: &Schema, version: &str, record_types: &[RecordTypeInfo]) -> Json {
    let mut body = flags(object);
    body.insert("actionOverrides".into(), json!([]));
    body.insert("childRelationships".into(), schema.children(&object.name).iter().map(child).collect());
    body.insert("compactLayoutable".into(), object.layoutable.into());
    body.insert("defaultImplementation".into(), Json::Null);
    body.insert("extendedBy".into(), Json::Null);
    body.insert("extendsInterfaces".into(), Json::Null);
    body.insert("fields".into(), object.fields().iter().map(field).collect());
    body.insert("implementedBy".into(), Json::Null);
    body.insert("implementsInterfaces".into(), Json::Null);
    body.insert("listviewable".into(), Json::Null);
    body.insert("lookupLayoutable".into(), Json::Null);
    body.insert("namedLayoutInfos".into(), json!([]));
    body.insert("networkScopeFieldName".into(), Json::Null);
    body.insert("recordTypeInfos".into(), record_type_infos(object, version, record_types));
    body.insert("searchLayoutable".into(), (object.searchable && object.layoutable).into());
    body.insert("sobjectDescribeOption".into(), "FULL".into());
    body.insert("supportedScopes".into(), scopes(object));
    body.insert("urls".into(), urls(object, version));
    body.sort_keys();
    Json::Object(body)
}

/// The object's entry in the list of all objects. `version` is the API version without `v`.
pub fn global_entry(object: &Object, version: &str) -> Json {
    let base = format!("/services/data/v{version}/sobjects/{}", object.name);
    let mut body = flags(object);
    body.insert(
        "urls".into(),
        json!({"rowTemplate": format!("{base}/{{ID}}"), "describe": format!("{base}/describe"), "sobject": base}),
    );
    body.sort_keys();
    Json::Object(body)
}

/// The `objectDescribe` of `sobjects/X`: the flags with the URLs of the whole describe.
pub fn basic_info(object: &Object, version: &str) -> Json {
    let mut body = flags(object);
    body.insert("urls".into(), urls(object, version));
    body.sort_keys();
    Json::Object(body)
}

/// What the list of all objects and the describe of one have in common.
fn flags(object: &Object) -> Map<String, Json> {
    let body = json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": object.createable,
        "custom": object.custom,
        "customSetting": false,
        "deepCloneable": object.name == "Opportunity",
        "deletable": object.deletable,
        "deprecatedAndHidden": false,
        "feedEnabled": object.feed_enabled,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.key_prefix.map(|prefix| String::from_utf8_lossy(&prefix).into_owned()),
        "label": object.label,
        "labelPlural": object.label_plural,
        "layoutable": object.layoutable,
        "mergeable": object.mergeable,
        "mruEnabled": object.mru_enabled,
        "name": object.name,
        "queryable": object.queryable,
        "replicateable": object.replicateable,
        "retrieveable": object.retrieveable,
        "searchable": object.searchable,
        "triggerable": object.triggerable,
        "undeletable": object.undeletable,
        "updateable": object.updateable,
    });
    match body {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn child(child: &ChildRelationship) -> Json {
    json!({
        "cascadeDelete": child.cascade_delete,
        "childSObject": child.child,
        "deprecatedAndHidden": false,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": false,
    })
}

/// Keys that are the same for every field the simulated org can have.
const FALSE: [&str; 11] = [
    "aiPredictionField",
    "autoNumber",
    "cascadeDelete",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "htmlFormatted",
    "restrictedDelete",
    "writeRequiresMasterRead",
];
const NULL: [&str; 7] = [
    "calculatedFormula",
    "defaultValueFormula",
    "filteredLookupInfo",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipOrder",
];

/// Every key of a field.
fn field(field: &Field) -> Json {
    let mut body = Map::new();
    body.extend(FALSE.map(|key| (key.to_owned(), Json::Bool(false))));
    body.extend(NULL.map(|key| (key.to_owned(), Json::Null)));
    for part in [field_flags(field), field_values(field)] {
        if let Json::Object(part) = part {
            body.extend(part);
        }
    }
    body.sort_keys();
    Json::Object(body)
}

fn field_flags(field: &Field) -> Json {
    json!({
        "aggregatable": field.aggregatable,
        "calculated": field.calculated,
        "caseSensitive": field.case_sensitive,
        "createable": field.createable,
        "custom": field.custom,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": field.controller.is_some(),
        "externalId": field.external_id,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "idLookup": field.id_lookup,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "polymorphicForeignKey": field.polymorphic,
        "queryByDistance": matches!(field.kind, FieldType::Address | FieldType::Location),
        "restrictedPicklist": field.restricted_picklist,
        "searchPrefilterable": field.search_prefilterable,
        "sortable": field.sortable,
        "unique": field.unique,
        "updateable": field.updateable,
    })
}

fn field_values(field: &Field) -> Json {
    let bytes = match field.kind {
        FieldType::Id | FieldType::Reference => field.length,
        // Recorded so for the one text that Salesforce composes of numbers.
        _ if field.name == "Fiscal" => field.length,
        _ => field.length * 3,
    };
    json!({
        "byteLength": bytes,
        "compoundFieldName": field.compound,
        "controllerName": field.controller,
        "defaultValue": field.default_value,
        "digits": field.digits,
        "extraTypeInfo": field.extra_type_info,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "picklistValues": field.picklist.iter().map(entry).collect::<Vec<_>>(),
        "precision": field.precision,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship_name,
        "scale": field.scale,
        "soapType": field.kind.soap(),
        "type": field.kind.name(),
    })
}

fn entry(entry: &PicklistEntry) -> Json {
    json!({
        "active": entry.active,
        "defaultValue": entry.default,
        "label": entry.label,
        "validFor": entry.valid_for,
        "value": entry.value,
    })
}

fn record_type_infos(object: &Object, version: &str, own: &[RecordTypeInfo]) -> Json {
    let info = |id: &str, name: &str, developer_name: &str, active, available, default, master: bool| {
        let layout = format!("/services/data/v{version}/sobjects/{}/describe/layouts/{id}", object.name);
        json!({
            "active": active,
            "available": available,
            "defaultRecordTypeMapping": default,
            "developerName": developer_name,
            "master": master,
            "name": name,
            "recordTypeId": id,
            "urls": {"layout": layout},
        })
    };
    let master_is_default = !own.iter().any(|r| r.default_mapping);
    own.iter()
        .map(|r| info(r.id.as_str(), &r.name, &r.developer_name, r.active, r.available, r.default_mapping, false))
        .chain([info(MASTER_RECORD_TYPE, "Master", "Master", true, true, master_is_default, true)])
        .collect()
}

fn scopes(object: &Object) -> Json {
    let plural = object.label_plural.to_lowercase();
    let mut scopes = vec![json!({"label": format!("All {plural}"), "name": "everything"})];
    if object.field("OwnerId").is_some() {
        scopes.push(json!({"label": format!("My {plural}"), "name": "mine"}));
    }
    Json::Array(scopes)
}

fn urls(object: &Object, version: &str) -> Json {
    let base = format!("/services/data/v{version}/sobjects/{}", object.name);
    json!({
        "compactLayouts": format!("{base}/describe/compactLayouts"),
        "rowTemplate": format!("{base}/{{ID}}"),
        "describe": format!("{base}/describe"),
        "quickActions": format!("{base}/quickActions"),
        "layouts": format!("{base}/describe/layouts"),
        "sobject": base,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::standard;

    #[test]
    fn a_describe_has_the_keys_clients_read() {
        let schema = standard();
        let contact = schema.object("Contact").expect("a standard object");
        let body = describe(contact, &schema, "66.0", &[]);
        assert_eq!(body.as_object().map(Map::len), Some(45), "a describe has 45 keys");
        let email = body["fields"].as_array().expect("a list").iter().find(|f| f["name"] == "Email");
        let email = email.expect("Contact has an email");
        assert_eq!(email.as_object().map(Map::len), Some(57), "a field has 57 keys");
        assert_eq!(email["type"], "email");
        assert_eq!(email["byteLength"], 240);
        assert_eq!(body["recordTypeInfos"][0]["recordTypeId"], MASTER_RECORD_TYPE);
        assert_eq!(body["keyPrefix"], "003");
    }

    #[test]
    fn a_record_type_of_the_user_is_shown_before_master() {
        let schema = standard();
        let account = schema.object("Account").expect("a standard object");
        let own = RecordTypeInfo {
            id: SalesforceId::from_number(b"012", b"Sim", 7),
            name: "Partner".into(),
            developer_name: "Partner".into(),
            active: true,
            available: true,
            default_mapping: true,
        };
        let body = describe(account, &schema, "66.0", &[own]);
        assert_eq!(body["recordTypeInfos"][0]["name"], "Partner");
        assert_eq!(body["recordTypeInfos"][1]["defaultRecordTypeMapping"], false);
    }
}
