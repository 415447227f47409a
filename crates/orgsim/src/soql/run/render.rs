//! Records as JSON: keys in SELECT order, canonical names, parents and children nested (Salesforce facts 2.3).

use serde_json::{Map, Value as Json, json};

use super::super::Source;
use super::super::plan::{Entry, Function, Output, Plan, Step, Tree};
use super::read::{self, Reached};
use super::{State, select};
use crate::id::SalesforceId;
use crate::json;
use crate::row::{Ordinal, Row};
use crate::schema::{FieldType, Object};

pub(super) struct Render<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) version: &'a str,
    pub(super) state: &'a mut State,
}

impl<'a> Render<'a> {
    /// One record with its `attributes`.
    pub(super) fn record(&mut self, object: &Object, id: SalesforceId, row: &'a Row, tree: &Tree<'_>) -> Json {
        // The object of the schema lives as long as the source; the plan's may not.
        let Some(object) = self.source.schema().object(&object.name) else { return Json::Null };
        self.reached(&Reached { object, id, row, as_name: false }, tree)
    }

    fn reached(&mut self, record: &Reached<'a>, tree: &Tree<'_>) -> Json {
        let mut json = Map::with_capacity(tree.entries.len() + 1);
        json.insert("attributes".to_owned(), self.attributes(record));
        for entry in &tree.entries {
            let (key, value) = self.entry(record, entry);
            json.insert(key, value);
        }
        Json::Object(json)
    }

    fn attributes(&self, record: &Reached<'a>) -> Json {
        let mut attributes = json::attributes(&record.object.name, record.id, self.version);
        if record.as_name {
            attributes["type"] = "Name".into();
        }
        attributes
    }

    fn entry(&mut self, record: &Reached<'a>, entry: &Entry<'_>) -> (String, Json) {
        match entry {
            Entry::Field { key, object, ordinal, function } => {
                (key.clone(), self.field(record, object, *ordinal, *function))
            }
            Entry::Parent { step, tree } => {
                let parent = read::further_up(self.source, step, record);
                (step.name.to_owned(), parent.map_or(Json::Null, |parent| self.reached(&parent, tree)))
            }
            Entry::Children { key, reference, plan } => (key.clone(), self.children(record.id, *reference, plan)),
            Entry::TypeOf { step, when, otherwise } => {
                (step.name.to_owned(), self.type_of(record, step, when, otherwise.as_ref()))
            }
        }
    }

    fn field(&self, record: &Reached<'a>, object: &Object, ordinal: Ordinal, function: Function) -> Json {
        let field = &object.fields()[usize::from(ordinal)];
        if field.kind == FieldType::Address && !record.as_name {
            return json::address(object, record.row, &field.name);
        }
        let value = read::of(self.source, record, object, ordinal);
        match function {
            Function::None => json::value(field.kind, &value),
            function => json::value(FieldType::String, &read::apply(function, &value, field, self.source)),
        }
    }

    /// The children of a record, or null when there are none.
    fn children(&mut self, parent: SalesforceId, reference: Ordinal, plan: &Plan<'_>) -> Json {
        let Output::Records { tree, order } = &plan.output else { return Json::Null };
        let found = select(plan, order, Some((reference, parent)), self.source, self.state);
        if found.is_empty() {
            return Json::Null;
        }
        let records: Vec<Json> = found.into_iter().map(|(id, row)| self.record(plan.object, id, row, tree)).collect();
        json!({"totalSize": records.len(), "done": true, "records": records})
    }

    fn type_of(
        &mut self,
        record: &Reached<'a>,
        step: &Step<'_>,
        when: &[(&Object, Tree<'_>)],
        otherwise: Option<&Tree<'_>>,
    ) -> Json {
        let Some(parent) = read::further_up(self.source, step, record) else { return Json::Null };
        let own = when.iter().find(|(object, _)| object.name == parent.object.name);
        match (own, otherwise) {
            (Some((_, tree)), _) => self.reached(&Reached { as_name: false, ..parent }, tree),
            (None, Some(tree)) => self.reached(&parent, tree),
            (None, None) => Json::Null,
        }
    }
}
