//! The org's state: what it holds and how it changes. All writes pass `put` and `recycle`, so that indexes, the
//! rollback journal and the list of recent changes are always right.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::dml::Deletion;
use crate::id::SalesforceId;
use crate::permissions::Permissions;
use crate::row::{Ordinal, Row};
use crate::rules::Rules;
use crate::schema::{self, Feature, Field, FieldType, Object, Schema, SchemaError};
use crate::settings::Settings;
use crate::table::Table;

/// The three characters that stand for pod and instance in this org's ids.
const POD: &[u8; 3] = b"Sim";
/// How many recent changes the org's page can tell apart.
const RECENT: usize = 500;

/// One org: schema, records, settings and clock.
#[derive(Debug)]
pub struct Org {
    schema: Arc<Schema>,
    schema_changed: Timestamp,
    tables: HashMap<String, Table>,
    /// What a test may turn.
    pub settings: Settings,
    /// The rules its administrator wrote.
    pub rules: Rules,
    /// What its users may do.
    pub permissions: Permissions,
    /// What each deleted record took along, for its undelete.
    pub(crate) deletions: HashMap<SalesforceId, Deletion>,
    journal: Option<Vec<Undo>>,
    recent: VecDeque<(String, SalesforceId)>,
    changes: u64,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// Among the records a query sees.
    Live(&'a Row),
    /// In the recycle bin.
    Recycled(&'a Row),
    /// Nowhere.
    Missing,
}

/// A place in a transaction.
#[derive(Debug)]
pub struct Mark {
    /// Whether the transaction was there before the mark.
    outer: bool,
    length: usize,
}

#[derive(Debug)]
struct Undo {
    object: String,
    id: SalesforceId,
    live: Option<Row>,
    recycled: Option<Row>,
}

impl Org {
    /// An org without records.
    pub fn new(schema: Schema) -> Self {
        let tables = schema.objects().iter().map(|object| (object.name.clone(), table_of(object))).collect();
        Org {
            schema: Arc::new(schema),
            schema_changed: to_second(Timestamp::now()),
            tables,
            settings: Settings::default(),
            rules: Rules::default(),
            permissions: Permissions::default(),
            deletions: HashMap::new(),
            journal: None,
            recent: VecDeque::new(),
            changes: 0,
        }
    }

    /// The org's own id.
    pub fn id() -> SalesforceId {
        SalesforceId::from_number(b"00D", POD, 1)
    }

    /// Objects and fields. Shared, so that a write can read it while it changes records.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    /// The same for a reader that lives no longer than the org's borrow.
    pub fn schema_ref(&self) -> &Schema {
        &self.schema
    }

    /// When a field was last added, to the second.
    pub fn schema_changed(&self) -> Timestamp {
        self.schema_changed
    }

    /// Adds or replaces a field; `object` is an object's canonical name.
    pub fn put_field(&mut self, object: &str, field: Field) {
        let (name, indexed, holds_ids) = (field.name.clone(), field.indexed, holds_ids(&field));
        let Some(target) = Arc::make_mut(&mut self.schema).object_mut(object) else { return };
        target.put_field(field);
        let ordinal = target.field(&name).map(|(ordinal, _)| ordinal);
        if let (true, Some(ordinal), Some(table)) = (indexed, ordinal, self.tables.get_mut(object)) {
            table.add_index(ordinal, holds_ids);
        }
        self.schema_changed = self.now();
    }

    /// Gives an object its `RecordTypeId` (Salesforce facts 0.10); one that has it keeps it.
    pub fn add_record_types(&mut self, object: &str) -> Result<(), SchemaError> {
        let known = self.schema.object(object).ok_or_else(|| SchemaError(format!("there is no object {object}")))?;
        if known.field("RecordTypeId").is_none() {
            let name = known.name.clone();
            self.put_field(&name, schema::record_type_field());
        }
        Ok(())
    }

    /// Tells clients that keep describes that theirs are out of date.
    pub fn touch_schema(&mut self) {
        self.schema_changed = self.now();
    }

    /// The org's clock, to the second, as Salesforce keeps it.
    pub fn now(&self) -> Timestamp {
        to_second(self.settings.clock())
    }

    /// The object an id belongs to by its key prefix.
    pub fn object_of(&self, id: SalesforceId) -> Option<&Object> {
        self.schema.objects().iter().find(|o| o.key_prefix.is_some_and(|p| p == id.as_str().as_bytes()[..3]))
    }

    /// The records of an object, by its canonical name.
    pub fn table(&self, object: &str) -> Option<&Table> {
        self.tables.get(object)
    }

    /// A record by id, by its object's canonical name.
    pub fn find(&self, object: &str, id: SalesforceId) -> Found<'_> {
        let Some(table) = self.tables.get(object) else { return Found::Missing };
        match (table.live().get(&id), table.recycled().get(&id)) {
            (Some(row), _) => Found::Live(row),
            (None, Some(row)) => Found::Recycled(row),
            (None, None) => Found::Missing,
        }
    }

    /// A new id for a record of `object`; `None` for an object that has no records of its own.
    pub fn new_id(&mut self, object: &Object) -> Option<SalesforceId> {
        let number = self.tables.get_mut(&object.name)?.next_number();
        Some(SalesforceId::from_number(&object.key_prefix?, POD, number))
    }

    /// Stores a record.
    pub fn put(&mut self, object: &str, id: SalesforceId, row: Row) {
        let Some(table) = self.tables.get_mut(object) else { return };
        let live = table.put_live(id, Some(row));
        self.note(object, id, live, None);
    }

    /// Moves a live record to the recycle bin in the given form.
    pub fn recycle(&mut self, object: &str, id: SalesforceId, row: Row) {
        let Some(table) = self.tables.get_mut(object) else { return };
        let live = table.put_live(id, None);
        let recycled = table.put_recycled(id, Some(row));
        self.note(object, id, live, recycled);
    }

    /// Moves a record out of the recycle bin in the given form.
    pub fn restore(&mut self, object: &str, id: SalesforceId, row: Row) {
        let Some(table) = self.tables.get_mut(object) else { return };
        let live = table.put_live(id, Some(row));
        let recycled = table.put_recycled(id, None);
        self.note(object, id, live, recycled);
    }

    /// Takes new settings. The error names a feature that was to be switched off: its fields would be lost.
    pub fn change_settings(&mut self, settings: Settings) -> Result<(), String> {
        let features = |settings: &Settings| {
            [
                ("shared_activities", settings.shared_activities, Feature::SharedActivities),
                ("state_country_picklists", settings.state_country_picklists, Feature::StateCountryPicklists),
                ("person_accounts", settings.person_accounts, Feature::PersonAccounts),
            ]
        };
        for ((name, was, feature), (_, is, _)) in features(&self.settings).into_iter().zip(features(&settings)) {
            match (was, is) {
                (true, false) => return Err(format!("{name} cannot be switched off; reset the org instead")),
                (false, true) => self.enable(feature),
                _ => {}
            }
        }
        self.settings = settings;
        Ok(())
    }

    /// Switches a feature on: its fields and objects are there from now on.
    pub fn enable(&mut self, feature: Feature) {
        Arc::make_mut(&mut self.schema).enable(feature);
        self.index_schema();
    }

    /// Adds a custom object; activities may be related to it.
    pub fn add_custom_object(&mut self, object: Object) {
        let name = object.name.clone();
        let schema = Arc::make_mut(&mut self.schema);
        schema.put_object(object);
        for activity in ["Event", "Task"] {
            let what = schema.object_mut(activity).and_then(|activity| activity.field_mut("WhatId"));
            if let Some(what) = what {
                what.reference_to.push(name.clone());
            }
        }
        self.index_schema();
    }

    fn index_schema(&mut self) {
        let schema = self.schema();
        for object in schema.objects() {
            let table = self.tables.entry(object.name.clone()).or_default();
            indexed(object).for_each(|(ordinal, holds_ids)| table.add_index(ordinal, holds_ids));
        }
        self.touch_schema();
    }

    /// Starts a transaction: what follows can be rolled back as a whole.
    pub fn begin(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// Ends the transaction and keeps what it did.
    pub fn commit(&mut self) {
        self.journal = None;
    }

    /// Ends the transaction and undoes what it did. Ids that it used stay used, as in Salesforce.
    pub fn roll_back(&mut self) {
        for undo in self.journal.take().unwrap_or_default().into_iter().rev() {
            if let Some(table) = self.tables.get_mut(&undo.object) {
                table.put_live(undo.id, undo.live);
                table.put_recycled(undo.id, undo.recycled);
            }
            self.recent.pop_back();
        }
    }

    /// A place to roll back to, inside a transaction or as one of its own.
    pub fn mark(&mut self) -> Mark {
        let outer = self.journal.is_some();
        Mark { outer, length: self.journal.get_or_insert_default().len() }
    }

    /// Undoes what was done since the mark.
    pub fn roll_back_to(&mut self, mark: &Mark) {
        let mut kept = self.journal.take().unwrap_or_default();
        self.journal = Some(kept.split_off(mark.length.min(kept.len())));
        self.roll_back();
        self.journal = Some(kept);
    }

    /// Gives the mark up and keeps what was done since.
    pub fn release(&mut self, mark: &Mark) {
        if !mark.outer {
            self.journal = None;
        }
    }

    /// How many changes of records there were.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The latest changed records, newest first; a record changed twice is there twice.
    pub fn recent(&self) -> impl Iterator<Item = &(String, SalesforceId)> {
        self.recent.iter().rev()
    }

    fn note(&mut self, object: &str, id: SalesforceId, live: Option<Row>, recycled: Option<Row>) {
        if let Some(journal) = &mut self.journal {
            journal.push(Undo { object: object.into(), id, live, recycled });
        }
        self.changes += 1;
        self.recent.push_back((object.into(), id));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }
}

fn to_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

fn table_of(object: &Object) -> Table {
    Table::new(indexed(object))
}

/// The indexed fields, with whether they hold ids. The record's own id needs no index: the table is sorted by it.
fn indexed(object: &Object) -> impl Iterator<Item = (Ordinal, bool)> {
    let fields = (0..).zip(object.fields()).filter(|(_, f)| f.indexed && f.kind != FieldType::Id);
    fields.map(|(at, f)| (at, holds_ids(f)))
}

fn holds_ids(field: &Field) -> bool {
    matches!(field.kind, FieldType::Id | FieldType::Reference)
}
