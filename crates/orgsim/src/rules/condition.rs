//! Conditions of rules: a field, an operator, a value.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::dml::{Draft, parse};
use crate::row::Ordinal as FieldOrdinal;
use crate::schema::Object;
use crate::value::Value;

/// A condition as it is written: `{"field": "Amount", "operator": ">", "value": 5}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    field: String,
    operator: Operator,
    #[serde(default)]
    value: Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    Unequal,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
    Contains,
    Changed,
}

/// A condition on one field.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    field: FieldOrdinal,
    operator: Operator,
    value: Value,
}

impl Condition {
    pub(super) fn read_all(object: &Object, written: Vec<Written>) -> Result<Vec<Condition>, String> {
        written.into_iter().map(|one| Condition::read(object, one)).collect()
    }

    fn read(object: &Object, written: Written) -> Result<Condition, String> {
        let name = &written.field;
        let (field, known) = object.field(name).ok_or_else(|| format!("{} has no field {name}", object.name))?;
        let value = match &written.value {
            Json::Null => Value::Null,
            value => parse::value(known, value).map_err(|_| format!("{value} does not fit the type of {name}"))?,
        };
        Ok(Condition { field, operator: written.operator, value })
    }

    /// Whether it holds for a record about to be stored. An unset checkbox is false; null is not less than anything.
    pub(super) fn holds(&self, draft: &Draft<'_>) -> bool {
        let is = draft.row.get(self.field);
        let same = self.is_same(is);
        match self.operator {
            Operator::Equal => same,
            Operator::Unequal => !same,
            Operator::Less => order(is, &self.value) == Some(Ordering::Less),
            Operator::AtMost => same || order(is, &self.value) == Some(Ordering::Less),
            Operator::More => order(is, &self.value) == Some(Ordering::Greater),
            Operator::AtLeast => same || order(is, &self.value) == Some(Ordering::Greater),
            Operator::Contains => match (is, &self.value) {
                (Value::Text(text), Value::Text(part)) => text.contains(part.as_ref()),
                _ => false,
            },
            Operator::Changed => draft.before.as_ref().is_some_and(|before| before.get(self.field) != is),
        }
    }

    fn is_same(&self, is: &Value) -> bool {
        match (is, &self.value) {
            (Value::Null, Value::Bool(yes)) => !yes,
            (one, other) => one == other,
        }
    }
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
