//! What the columns of a query are, for clients that make tables of answers (`?columns=true`, Salesforce facts 2.3).

use serde_json::{Value as Json, json};

use super::bind::column_field;
use super::plan::{Column, Entry, Output, Plan, Tree};
use crate::row::Ordinal;
use crate::schema::{Field, FieldType, Object};

/// The description of a query's columns.
pub(super) fn describe(plan: &Plan<'_>) -> Json {
    let (columns, grouped) = match &plan.output {
        Output::Count => (Vec::new(), false),
        Output::Records { tree, .. } => (of_tree(tree), false),
        Output::Groups(groups) => {
            let one = |(key, column): &(String, Column)| {
                let aggregate = !matches!(column, Column::By(_));
                self::column(key, &column_field(groups, *column), aggregate)
            };
            (groups.columns.iter().map(one).collect(), !groups.by.is_empty())
        }
    };
    let id_selected = columns.iter().any(|column: &Json| column["columnName"] == "Id");
    json!({
        "columnMetadata": columns,
        "entityName": plan.object.name,
        "groupBy": grouped,
        "idSelected": id_selected,
        "keyPrefix": plan.object.key_prefix.map(|prefix| String::from_utf8_lossy(&prefix).into_owned()),
    })
}

fn of_tree(tree: &Tree<'_>) -> Vec<Json> {
    tree.entries.iter().map(of_entry).collect()
}

fn of_entry(entry: &Entry<'_>) -> Json {
    match entry {
        Entry::Field { key, object, ordinal, .. } => column(key, field(object, *ordinal), false),
        Entry::Parent { step, tree } => join(step.name, of_tree(tree)),
        Entry::Children { key, plan, .. } => match &plan.output {
            Output::Records { tree, .. } => join(key, of_tree(tree)),
            _ => join(key, Vec::new()),
        },
        Entry::TypeOf { step, when, otherwise } => {
            let trees = when.iter().map(|(_, tree)| tree).chain(otherwise);
            let mut columns: Vec<Json> = trees.flat_map(of_tree).collect();
            columns.dedup();
            join(step.name, columns)
        }
    }
}

fn field(object: &Object, ordinal: Ordinal) -> &Field {
    &object.fields()[usize::from(ordinal)]
}

fn column(key: &str, field: &Field, aggregate: bool) -> Json {
    let apex = match field.kind {
        FieldType::Id | FieldType::Reference => "Id",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Integer",
        FieldType::Date => "Date",
        FieldType::DateTime => "Datetime",
        FieldType::Time => "Time",
        FieldType::Address => "Address",
        kind if kind.is_number() => "Double",
        _ => "String",
    };
    json!({
        "aggregate": aggregate,
        "apexType": apex,
        "booleanType": field.kind == FieldType::Boolean,
        "columnName": key,
        "custom": field.custom,
        "displayName": key,
        "foreignKeyName": field.relationship_name,
        "insertable": field.createable || field.kind == FieldType::Id,
        "joinColumns": [],
        "numberType": field.kind.is_number(),
        "textType": field.kind.is_text(),
        "updatable": field.updateable,
    })
}

/// A column that holds records: a parent or children.
fn join(name: &str, columns: Vec<Json>) -> Json {
    json!({
        "aggregate": false,
        "apexType": null,
        "booleanType": false,
        "columnName": name,
        "custom": false,
        "displayName": name,
        "foreignKeyName": null,
        "insertable": false,
        "joinColumns": columns,
        "numberType": false,
        "textType": false,
        "updatable": false,
    })
}
