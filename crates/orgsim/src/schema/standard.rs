//! The objects every org starts with, and the features that add fields to them.

use super::text::load;
use super::{Field, FieldType, Schema, SchemaError};

const FILES: [&str; 7] = [
    include_str!("data/inferred.txt"),
    include_str!("data/account.txt"),
    include_str!("data/contact.txt"),
    include_str!("data/lead.txt"),
    include_str!("data/event.txt"),
    include_str!("data/opportunity.txt"),
    include_str!("data/opportunity_contact_role.txt"),
];

/// A switch of the org that changes its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Accounts that are persons (Salesforce facts 5.3).
    PersonAccounts,
    /// Country and state codes as restricted picklists (Salesforce facts 5.4).
    StateCountryPicklists,
    /// Several people of one activity (Salesforce facts 5.2).
    SharedActivities,
}

impl Feature {
    fn text(self) -> &'static str {
        match self {
            Feature::PersonAccounts => include_str!("data/person_accounts.txt"),
            Feature::StateCountryPicklists => include_str!("data/state_country_picklists.txt"),
            Feature::SharedActivities => include_str!("data/shared_activities.txt"),
        }
    }
}

/// The standard objects of an org with every feature off and without record types.
pub fn standard() -> Schema {
    let mut schema = Schema::default();
    for text in FILES {
        load(&mut schema, text).expect("the project's own schema files are read by its tests");
    }
    schema
}

impl Schema {
    /// Adds a feature's fields and objects. Fields that are there keep their places.
    pub fn enable(&mut self, feature: Feature) {
        load(self, feature.text()).expect("the project's own schema files are read by its tests");
    }

    /// Gives an object its `RecordTypeId`, which describe shows only when the object has record types (Salesforce
    /// facts, fact 10). The error says that there is no such object.
    pub fn add_record_types(&mut self, object: &str) -> Result<(), SchemaError> {
        let object = self.object_mut(object).ok_or_else(|| SchemaError(format!("there is no object {object}")))?;
        object.put_field(record_type_field());
        Ok(())
    }
}

/// The `RecordTypeId` of an object that has record types.
pub fn record_type_field() -> Field {
    let mut field = Field::named("RecordTypeId", "Record Type ID", FieldType::Reference);
    field.length = 18;
    field.reference_to = vec!["RecordType".to_owned()];
    field.relationship_name = Some("RecordType".to_owned());
    (field.createable, field.updateable, field.nillable) = (true, true, true);
    (field.filterable, field.sortable, field.groupable, field.aggregatable) = (true, true, true, true);
    field.indexed = true;
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Objects that fields refer to and that the simulated org does not have.
    const ELSEWHERE: [&str; 11] = [
        "Asset",
        "Contract",
        "DandBCompany",
        "Individual",
        "OperatingHours",
        "OpportunityHistory",
        "Order",
        "Pricebook2",
        "Product2",
        "Solution",
        "Image",
    ];

    fn everything() -> Schema {
        let mut schema = standard();
        for feature in [Feature::PersonAccounts, Feature::StateCountryPicklists, Feature::SharedActivities] {
            schema.enable(feature);
        }
        schema
    }

    #[test]
    fn every_reference_names_an_object_and_every_part_its_compound_field() {
        let schema = everything();
        for object in schema.objects() {
            for field in object.fields() {
                let place = format!("{}.{}", object.name, field.name);
                for to in &field.reference_to {
                    let known = schema.object(to).is_some() || ELSEWHERE.contains(&to.as_str());
                    assert!(known, "{place} refers to {to}, which nobody knows");
                }
                assert_eq!(field.kind == FieldType::Reference, !field.reference_to.is_empty(), "{place}");
                let compound = field.compound.as_deref().filter(|name| *name != "Fiscal");
                assert!(compound.is_none_or(|name| object.field(name).is_some()), "{place} is part of nothing");
            }
        }
    }

    #[test]
    fn event_says_nothing_is_required_and_a_person_needs_a_last_name() {
        let schema = standard();
        let required = |name: &str| -> Vec<&str> {
            let object = schema.object(name).expect("a standard object");
            object.fields().iter().filter(|f| f.required()).map(|f| f.name.as_str()).collect()
        };
        assert_eq!(required("Event"), Vec::<&str>::new());
        assert_eq!(required("Contact"), ["LastName"]);
        assert_eq!(required("Lead"), ["LastName", "Company"]);
        assert_eq!(required("Opportunity"), ["Name", "StageName", "CloseDate"]);
    }

    #[test]
    fn features_are_off_until_they_are_switched_on() {
        let mut schema = standard();
        let has = |schema: &Schema, object: &str, field: &str| {
            schema.object(object).is_some_and(|object| object.field(field).is_some())
        };
        assert!(!has(&schema, "Account", "IsPersonAccount"));
        assert!(!has(&schema, "Account", "BillingCountryCode"));
        assert!(!has(&schema, "Event", "EventWhoIds"));
        assert!(!has(&schema, "Account", "RecordTypeId"));
        schema = everything();
        schema.add_record_types("account").expect("Account is a standard object");
        assert!(has(&schema, "Account", "IsPersonAccount"));
        assert!(has(&schema, "Account", "BillingCountryCode"));
        assert!(has(&schema, "Event", "EventWhoIds"));
        assert!(has(&schema, "Account", "RecordTypeId"));
    }

    #[test]
    fn parents_know_their_children_by_name() {
        let schema = standard();
        let names: Vec<_> = schema.children("Account").into_iter().filter_map(|c| c.name).collect();
        for name in ["Contacts", "Opportunities", "ChildAccounts", "Cases", "Events"] {
            assert!(names.iter().any(|n| n == name), "Account has no child relationship {name}");
        }
    }

    #[test]
    fn a_state_is_valid_for_its_country_only() {
        let schema = everything();
        let account = schema.object("Account").expect("a standard object");
        let (_, states) = account.field("BillingStateCode").expect("switched on");
        let (_, countries) = account.field("BillingCountryCode").expect("switched on");
        let texas = states.picklist.iter().find(|e| e.value == "TX").expect("Texas is a state");
        let at = countries.picklist.iter().position(|e| e.value == "US").expect("a country");
        use base64::Engine as _;
        let bits = base64::engine::general_purpose::STANDARD
            .decode(texas.valid_for.as_deref().expect("Texas depends on the country"))
            .expect("base64");
        let set: Vec<usize> = (0..bits.len() * 8).filter(|i| bits[i / 8] & (0x80 >> (i % 8)) != 0).collect();
        assert_eq!(set, [at]);
    }
}
