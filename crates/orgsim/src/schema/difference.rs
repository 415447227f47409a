//! How the project's schema differs from what a real org describes.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{Feature, Schema, SchemaError, describe, standard};

/// Parts of a describe that depend on the org and the user, or are compared apart.
const OTHER: [&str; 7] = [
    "fields",
    "childRelationships",
    "recordTypeInfos",
    "urls",
    "actionOverrides",
    "namedLayoutInfos",
    "supportedScopes",
];

/// One line for each difference between a real describe and the project's own, made with the features that the real
/// org shows. The error says that the project has no such object.
pub fn differences(real: &Json) -> Result<Vec<String>, SchemaError> {
    let name = real.get("name").and_then(Json::as_str).unwrap_or_default();
    let schema = like(real, name);
    let object = schema.object(name).ok_or_else(|| SchemaError(format!("{name}: the schema has no such object")))?;
    let own = describe::describe(object, &schema, "66.0", &[]);
    let mut lines = values(name, &own, real, &OTHER);
    let (own, real) = (fields(&own), fields(real));
    let names: BTreeSet<&str> = own.keys().chain(real.keys()).map(String::as_str).collect();
    for field in names {
        let place = format!("{name}.{field}");
        match (own.get(field), real.get(field)) {
            (None, Some(real)) => {
                lines.push(format!("{place}: missing here ({})", real["type"].as_str().unwrap_or("?")))
            }
            (Some(_), None) => lines.push(format!("{place}: not in the real org")),
            (Some(own), Some(real)) => {
                lines.extend(values(&place, own, real, &["picklistValues"]));
                lines.extend(list(&place, own, real));
            }
            (None, None) => {}
        }
    }
    Ok(lines)
}

/// The project's schema with the features that the real object shows.
fn like(real: &Json, name: &str) -> Schema {
    let mut schema = standard();
    let real = fields(real);
    let shows = |field: &str| real.contains_key(field);
    if shows("IsPersonAccount") {
        schema.enable(Feature::PersonAccounts);
    }
    if ["BillingCountryCode", "MailingCountryCode", "CountryCode"].into_iter().any(shows) {
        schema.enable(Feature::StateCountryPicklists);
    }
    if shows("EventWhoIds") {
        schema.enable(Feature::SharedActivities);
    }
    if shows("RecordTypeId") {
        // An object that is not there is told by the caller.
        _ = schema.add_record_types(name);
    }
    schema
}

fn fields(describe: &Json) -> Map<String, Json> {
    let fields = describe["fields"].as_array().into_iter().flatten();
    fields.filter_map(|field| Some((field["name"].as_str()?.to_owned(), field.clone()))).collect()
}

/// The keys whose values differ. A key that the real org does not send is an older version's.
fn values(place: &str, own: &Json, real: &Json, but: &[&str]) -> Vec<String> {
    let (Some(own), Some(real)) = (own.as_object(), real.as_object()) else { return Vec::new() };
    let compared = real.iter().filter(|(key, _)| !but.contains(&key.as_str()));
    let told = compared.filter_map(|(key, real)| match own.get(key) {
        Some(own) if own == real => None,
        Some(own) => Some(format!("{place}: {key} is {own} here and {real} in the real org")),
        None => Some(format!("{place}: {key} is missing here, {real} in the real org")),
    });
    told.collect()
}

/// The entries of a picklist that one side lacks. A real list that somebody shortened lacks nothing.
fn list(place: &str, own: &Json, real: &Json) -> Vec<String> {
    let values = |field: &Json| -> BTreeSet<String> {
        let entries = field["picklistValues"].as_array().into_iter().flatten();
        entries.filter_map(|entry| Some(entry["value"].as_str()?.to_owned())).collect()
    };
    let shortened = real["picklistValues"].as_array().into_iter().flatten().any(|entry| entry["value"].is_null());
    let (own, real) = (values(own), values(real));
    let mut lines = Vec::new();
    let additional = if shortened { BTreeSet::new() } else { &own - &real };
    for (missing, what) in [(&real - &own, "missing here"), (additional, "not in the real org")] {
        if !missing.is_empty() {
            let shown: Vec<&str> = missing.iter().take(5).map(String::as_str).collect();
            lines.push(format!("{place}: {} of its values {what}: {}", missing.len(), shown.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_told_line_by_line() {
        let schema = standard();
        let lead = schema.object("Lead").expect("a standard object");
        let mut real = describe::describe(lead, &schema, "66.0", &[]);
        assert_eq!(differences(&real), Ok(vec![]), "a describe differs from itself");
        let fields = real["fields"].as_array_mut().expect("fields");
        fields.retain(|field| field["name"] != "Rating");
        fields.iter_mut().filter(|field| field["name"] == "Email").for_each(|field| field["length"] = json!(100));
        fields.push(json!({"name": "Score__c", "type": "double"}));
        real["mergeable"] = json!(false);
        let told = differences(&real).expect("a known object");
        assert_eq!(
            told,
            [
                "Lead: mergeable is true here and false in the real org",
                "Lead.Email: length is 80 here and 100 in the real org",
                "Lead.Rating: not in the real org",
                "Lead.Score__c: missing here (double)",
            ]
        );
    }
}
