//! An org in memory, small enough to be read at a glance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::id::SalesforceId;
use crate::row::{Ordinal, Row};
use crate::schema::{FieldType, Schema, standard};
use crate::soql::{self, Answer, Error, Source};
use crate::value::Value;

/// Objects and records; the index is a search through them, so that it cannot be stale.
pub(super) struct Org {
    pub(super) schema: Schema,
    records: BTreeMap<String, BTreeMap<SalesforceId, Row>>,
    /// Switch the indexes off to see that a scan finds the same.
    pub(super) indexed: bool,
    /// `Object.Field`s that the user may not see.
    pub(super) hidden: Vec<&'static str>,
    now: Timestamp,
    zone: TimeZone,
}

impl Org {
    pub(super) fn new(schema: Schema) -> Self {
        Org {
            schema,
            records: BTreeMap::new(),
            indexed: true,
            hidden: Vec::new(),
            now: "2026-11-25T03:00:00Z".parse().expect("an instant"),
            zone: TimeZone::get("America/New_York").expect("a zone"),
        }
    }

    /// Adds a record from `Field=value` pairs; the value's form follows the field's type. Gives its id.
    pub(super) fn add(&mut self, object: &str, fields: &[(&str, &str)]) -> SalesforceId {
        let described = self.schema.object(object).expect("an object of the schema");
        let prefix = described.key_prefix.expect("an object with records");
        let mut row = Row::default();
        for (name, text) in fields {
            let (ordinal, field) = described.field(name).unwrap_or_else(|| panic!("{object} has no {name}"));
            row.set(ordinal, value(field.kind, text));
        }
        let records = self.records.entry(object.to_owned()).or_default();
        let id = SalesforceId::from_number(&prefix, b"Sim", records.len() as u64 + 1);
        records.insert(id, row);
        id
    }

    pub(super) fn query(&self, statement: &str) -> Result<Answer, Error> {
        soql::query(statement, self, "66.0")
    }

    /// The values of the only field selected, as JSON texts, or what went wrong.
    pub(super) fn column(&self, statement: &str) -> Vec<String> {
        let answer = self.query(statement).unwrap_or_else(|e| panic!("{statement} was refused: {}", e.message));
        let last = |record: &Json| match record.as_object().and_then(|o| o.values().next_back()) {
            Some(Json::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        answer.records.iter().map(last).collect()
    }

    pub(super) fn error(&self, statement: &str) -> Error {
        match self.query(statement) {
            Ok(_) => panic!("{statement} was answered"),
            Err(error) => error,
        }
    }
}

fn value(kind: FieldType, text: &str) -> Value {
    match kind {
        FieldType::Id | FieldType::Reference => Value::Id(SalesforceId::parse(text).expect("an id")),
        FieldType::Boolean => Value::Bool(text == "true"),
        FieldType::Int => Value::Int(text.parse().expect("a whole number")),
        FieldType::Date => Value::Date(text.parse().expect("a date")),
        FieldType::DateTime => Value::DateTime(text.parse().expect("an instant")),
        kind if kind.is_number() => Value::Double(text.parse().expect("a number")),
        _ => Value::Text(text.into()),
    }
}

impl Source for Org {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn readable(&self, object: &str, field: Option<Ordinal>) -> bool {
        let name = match field {
            Some(at) => {
                let field = &self.schema.object(object).expect("an object").fields()[usize::from(at)];
                format!("{object}.{}", field.name)
            }
            None => object.to_owned(),
        };
        !self.hidden.contains(&name.as_str())
    }

    fn rows<'a>(&'a self, object: &str) -> Box<dyn Iterator<Item = (SalesforceId, &'a Row)> + 'a> {
        Box::new(self.records.get(object).into_iter().flatten().map(|(id, row)| (*id, row)))
    }

    fn row(&self, object: &str, id: SalesforceId) -> Option<&Row> {
        self.records.get(object)?.get(&id)
    }

    fn index(&self, object: &str, field: Ordinal, value: &Value) -> Option<Vec<SalesforceId>> {
        if !self.indexed || !self.schema.object(object)?.fields()[usize::from(field)].indexed {
            return None;
        }
        let same = |own: &Value| match (own, value) {
            (Value::Text(own), Value::Text(wanted)) => soql::fold(own) == wanted.as_ref(),
            _ => own == value,
        };
        Some(self.rows(object).filter(|(_, row)| same(row.get(field))).map(|(id, _)| id).collect())
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    fn user(&self) -> SalesforceId {
        SalesforceId::from_number(b"005", b"Sim", 1)
    }
}

/// Two accounts, people of them, a queue's lead, opportunities, events.
pub(super) fn sales() -> Org {
    let mut schema = standard();
    schema.add_record_types("Account").expect("a standard object");
    let contact = schema.object_mut("Contact").expect("a standard object");
    let interests =
        serde_json::json!({"name": "Interests__c", "type": "multipicklist", "picklist": ["Golf", "Chess", "Wine"]});
    contact.put_field(crate::schema::custom_field(&interests).expect("a good field"));
    let mut org = Org::new(schema);
    let admin = org.add("Profile", &[("Name", "System Administrator")]);
    let ann =
        [("Name", "Ann Admin"), ("Email", "ann@own.example"), ("IsActive", "true"), ("ProfileId", admin.as_str())];
    let ann = org.add("User", &ann);
    let bob = org.add("User", &[("Name", "Bob Busy"), ("Email", "bob@own.example")]);
    let queue = org.add("Group", &[("Name", "Inbound"), ("Type", "Queue")]);
    let partner =
        org.add("RecordType", &[("Name", "Partner"), ("DeveloperName", "Partner"), ("SobjectType", "Account")]);
    let acme = org.add(
        "Account",
        &[
            ("Name", "Acme"),
            ("Website", "https://www.ACME.example"),
            ("OwnerId", ann.as_str()),
            ("RecordTypeId", partner.as_str()),
            ("Type", "Other"),
            ("NumberOfEmployees", "40"),
            ("AnnualRevenue", "1500.5"),
            ("BillingCity", "Oslo"),
            ("CreatedDate", "2026-11-20T10:00:00Z"),
        ],
    );
    let zeta = org.add(
        "Account",
        &[
            ("Name", "zeta"),
            ("OwnerId", bob.as_str()),
            ("ParentId", acme.as_str()),
            ("Type", "Prospect"),
            ("NumberOfEmployees", "7"),
            ("CreatedDate", "2026-11-25T02:00:00Z"),
        ],
    );
    org.add("Account", &[("Name", "O'Neil 50%"), ("OwnerId", bob.as_str()), ("CreatedDate", "2025-01-31T10:00:00Z")]);
    let person = |org: &mut Org, first: &str, email: &str, more: &[(&str, &str)]| {
        let name = format!("{first} Person");
        let own = [("FirstName", first), ("LastName", "Person"), ("Name", name.as_str()), ("Email", email)];
        org.add("Contact", &[&own[..], more].concat())
    };
    let amy =
        person(&mut org, "Amy", "amy@acme.example", &[("AccountId", acme.as_str()), ("Interests__c", "Golf;Wine")]);
    person(&mut org, "Ben", "BEN@acme.example", &[("AccountId", acme.as_str()), ("Interests__c", "Chess")]);
    person(&mut org, "Cy", "cy@zeta.example", &[("AccountId", zeta.as_str())]);
    org.add("Contact", &[("LastName", "Nobody"), ("Name", "Nobody")]);
    let lead = org.add(
        "Lead",
        &[
            ("LastName", "Lee"),
            ("Name", "Lee"),
            ("Company", "Lee Ltd"),
            ("Email", "lee@new.example"),
            ("OwnerId", queue.as_str()),
        ],
    );
    for (account, stage, amount, close) in [
        (acme, "Closed Won", "100", "2026-01-31"),
        (acme, "Prospecting", "50.5", "2026-11-24"),
        (zeta, "Qualification", "10", "2027-02-01"),
    ] {
        org.add(
            "Opportunity",
            &[
                ("AccountId", account.as_str()),
                ("Name", stage),
                ("StageName", stage),
                ("Amount", amount),
                ("CloseDate", close),
            ],
        );
    }
    let event = |org: &mut Org, subject: &str, more: &[(&str, &str)]| {
        org.add(
            "Event",
            &[&[("Subject", subject), ("OwnerId", ann.as_str()), ("ShowAs", "OutOfOffice")][..], more].concat(),
        );
    };
    event(&mut org, "With Amy", &[("WhoId", amy.as_str()), ("WhatId", acme.as_str())]);
    event(&mut org, "With Lee", &[("WhoId", lead.as_str())]);
    event(&mut org, "Alone", &[]);
    org
}
