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

/// Client id and secret of every world's app.
pub const APP: &str = "matchbook-demo";

const EMPTY: &str = include_str!("empty.json");
const DEMO: &str = include_str!("demo.json");

/// Builds a world; `None` for an unknown name.
pub fn build(name: &str) -> Option<World> {
    match name {
        "empty" => Some(world(schema::standard(), EMPTY)),
        "demo" => Some(world(demo_schema(), DEMO)),
        _ => None,
    }
}

/// The first user of an org: all worlds load the integration user first.
pub fn integration_user() -> SalesforceId {
    SalesforceId::from_number(b"005", b"Sim", 1)
}

fn demo_schema() -> Schema {
    let mut schema = schema::standard();
    let field =
        json!({ "name": "Matchbook_Booking_Id__c", "label": "Matchbook Booking Id", "type": "string", "length": 64 });
    let field = schema::custom_field(&field).expect("a plain text field");
    schema.object_mut("Event").expect("the standard schema has Event").put_field(field);
    schema
}

fn world(schema: Schema, records: &str) -> World {
    let mut org = Org::new(schema);
    let user = integration_user();
    let records: Map<String, Json> = serde_json::from_str(records).expect("the world's file is JSON");
    loader::load(&mut org, user, &records).expect("the world's file fits the schema");
    let app = App::trusted(APP, user);
    World { org, auth: Auth::new(vec![app]) }
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
