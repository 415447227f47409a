//! Named sample orgs.

use serde_json::{Map, Value as Json, json};

use crate::auth::{App, Auth};
use crate::id::SalesforceId;
use crate::loader;
use crate::org::Org;
use crate::schema::{self, Schema};

/// A sample org: its records and who may call it.
#[derive(Debug)]
pub struct World {
    /// Schema and records.
    pub org: Org,
    /// Its app and tokens.
    pub auth: Auth,
}

/// The names of the worlds with a sentence each.
pub const WORLDS: [(&str, &str); 2] = [
    ("empty", "no records but the integration user"),
    ("demo", "a small sales org: accounts, contacts, leads, opportunities, three sales users"),
];

/// The app of the official command line, which every org has.
const CLI_APP: &str = "PlatformCLI";

/// Client id and secret of every world's app.
pub const APP: &str = "matchbook-demo";

const EMPTY: &str = include_str!("empty.json");
const DEMO: &str = include_str!("demo.json");

/// Builds a world; `None` for an unknown name.
pub fn build(name: &str) -> Option<World> {
    let built = build_described(name, &[])?;
    Some(built.expect("the world's file fits the project's own schema"))
}

/// Builds a world whose objects are as a real org describes them, with the record types of the describes. `None` for an
/// unknown name; the error says what the world's records need and the describes lack.
pub fn build_described(name: &str, describes: &[Json]) -> Option<Result<World, String>> {
    let records = match name {
        "empty" => EMPTY,
        "demo" => DEMO,
        _ => return None,
    };
    let mut schema = schema::standard();
    if let Err(error) = schema::add_describes(&mut schema, describes) {
        return Some(Err(error.to_string()));
    }
    if name == "demo" {
        add_booking_id(&mut schema);
    }
    Some(world(schema, records, &record_types(describes)))
}

/// The record types that describes name, as records to be loaded; Master is none.
fn record_types(describes: &[Json]) -> Map<String, Json> {
    let mut rows = Vec::new();
    for describe in describes {
        let infos = describe["recordTypeInfos"].as_array().into_iter().flatten();
        rows.extend(infos.filter(|info| info["master"] != true).map(|info| {
            json!({
                "Id": info["recordTypeId"], "Name": info["name"], "DeveloperName": info["developerName"],
                "IsActive": info["active"], "SobjectType": describe["name"],
            })
        }));
    }
    if rows.is_empty() { Map::new() } else { Map::from_iter([("RecordType".to_owned(), Json::from(rows))]) }
}

/// The first user of an org: all worlds load the integration user first.
pub fn integration_user() -> SalesforceId {
    SalesforceId::from_number(b"005", b"Sim", 1)
}

fn add_booking_id(schema: &mut Schema) {
    let field =
        json!({ "name": "Matchbook_Booking_Id__c", "label": "Matchbook Booking Id", "type": "string", "length": 64 });
    let field = schema::custom_field(&field).expect("a plain text field");
    schema.object_mut("Event").expect("the standard schema has Event").put_field(field);
}

fn world(schema: Schema, records: &str, record_types: &Map<String, Json>) -> Result<World, String> {
    let mut org = Org::new(schema);
    let user = integration_user();
    let records: Map<String, Json> = serde_json::from_str(records).expect("the world's file is JSON");
    loader::load(&mut org, user, record_types)?;
    loader::load(&mut org, user, &records)?;
    let apps = vec![App::trusted(APP, user), App::public(CLI_APP)];
    Ok(World { org, auth: Auth::new(apps) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::org::Found;

    #[test]
    fn every_world_loads_and_has_the_integration_user() {
        for (name, _) in WORLDS {
            let world = build(name).unwrap_or_else(|| panic!("{name} is a world"));
            assert!(
                matches!(world.org.find("User", integration_user()), Found::Live(_)),
                "{name} has no user to call as"
            );
        }
        assert!(build("nowhere").is_none());
    }
}
