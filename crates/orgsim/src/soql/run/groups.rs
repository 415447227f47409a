//! Groups and their aggregate values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::super::Source;
use super::super::bind::column_field;
use super::super::compare::Key;
use super::super::error::Error;
use super::super::plan::{Aggregate, AggregateFunction, Column, Function, Groups, Left, Plan};
use super::{Found, State, compare_all, matching, read};
use crate::json;
use crate::schema::FieldType;
use crate::value::Value;

/// The most groups one answer holds: there is no next page (Salesforce facts 4.1).
const MAX_GROUPS: usize = 2_000;

/// One group: which fields a ROLLUP kept, its values, what its aggregates have gathered.
struct Group {
    kept: Vec<bool>,
    by: Vec<Value>,
    gathered: Vec<Gathered>,
}

/// What an aggregate has seen so far. Null is never seen.
enum Gathered {
    Count(i64),
    Distinct(BTreeSet<Key>),
    Sum {
        sum: f64,
        count: i64,
    },
    /// The value that is the smallest or greatest so far.
    Extreme(Option<(Key, Value)>),
}

/// The results of a grouped query as JSON.
pub(super) fn run(
    plan: &Plan<'_>,
    groups: &Groups<'_>,
    source: &dyn Source,
    state: &mut State,
) -> Result<Vec<Json>, Error> {
    let found = matching(plan, None, None, source, state);
    let mut all: Vec<Group> = groups.sets.iter().flat_map(|kept| gather(groups, kept, &found, source)).collect();
    if let Some(having) = &groups.having {
        all.retain(|group| {
            having.holds(&|column, matcher| {
                matcher.matches(&group.value(groups, *column), &column_field(groups, *column))
            })
        });
    }
    if !groups.order.is_empty() {
        all = sorted(all, groups);
    }
    let all: Vec<Group> = all.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX)).collect();
    if all.len() > MAX_GROUPS {
        let message =
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
        return Err(Error::plain("EXCEEDED_ID_LIMIT", message));
    }
    Ok(all.iter().map(|group| group.json(groups)).collect())
}

/// The groups of one run over the records, in the order of their keys. Without fields to group by there is one,
/// even of no records.
fn gather(groups: &Groups<'_>, kept: &[bool], found: &[Found<'_>], source: &dyn Source) -> Vec<Group> {
    let new = |by: Vec<Value>| Group {
        kept: kept.to_vec(),
        by,
        gathered: groups.aggregates.iter().map(|aggregate| Gathered::new(aggregate.function)).collect(),
    };
    let mut all: BTreeMap<Vec<Key>, Group> = BTreeMap::new();
    if groups.by.is_empty() {
        all.insert(Vec::new(), new(Vec::new()));
    }
    for record in found {
        let by: Vec<Value> =
            groups.by.iter().zip(kept).map(|(left, kept)| grouped(left, *kept, record, source)).collect();
        let keys = by.iter().zip(&groups.by).map(|(value, left)| Key::of(value, left.path.field)).collect();
        let group = all.entry(keys).or_insert_with(|| new(by));
        for (aggregate, gathered) in groups.aggregates.iter().zip(&mut group.gathered) {
            gathered.add(aggregate, &read::path(source, &aggregate.path, record.0, record.1));
        }
    }
    all.into_values().collect()
}

fn grouped(left: &Left<'_>, kept: bool, (id, row): &Found<'_>, source: &dyn Source) -> Value {
    if !kept {
        return Value::Null;
    }
    let value = read::path(source, &left.path, *id, row);
    match left.function {
        Function::None => value.into_owned(),
        function => read::apply(function, &value, left.path.field, source),
    }
}

fn sorted(all: Vec<Group>, groups: &Groups<'_>) -> Vec<Group> {
    let keys = |group: &Group| -> Vec<Key> {
        let key = |column: Column| Key::sort(&group.value(groups, column), &column_field(groups, column));
        groups.order.iter().map(|by| key(by.what)).collect()
    };
    let mut keyed: Vec<(Vec<Key>, Group)> = all.into_iter().map(|group| (keys(&group), group)).collect();
    keyed.sort_by(|(a, _), (b, _)| compare_all(a, b, &groups.order));
    keyed.into_iter().map(|(_, group)| group).collect()
}

impl Gathered {
    fn new(function: AggregateFunction) -> Self {
        match function {
            AggregateFunction::Count => Gathered::Count(0),
            AggregateFunction::CountDistinct => Gathered::Distinct(BTreeSet::new()),
            AggregateFunction::Sum | AggregateFunction::Avg => Gathered::Sum { sum: 0.0, count: 0 },
            AggregateFunction::Min | AggregateFunction::Max => Gathered::Extreme(None),
        }
    }

    fn add(&mut self, aggregate: &Aggregate<'_>, value: &Value) {
        let key = Key::of(value, aggregate.path.field);
        if key == Key::Null {
            return;
        }
        match self {
            Gathered::Count(count) => *count += 1,
            Gathered::Distinct(keys) => {
                keys.insert(key);
            }
            Gathered::Sum { sum, count } => {
                *sum += number(value);
                *count += 1;
            }
            Gathered::Extreme(held) => {
                let greatest = aggregate.function == AggregateFunction::Max;
                let better = held.as_ref().is_none_or(|(own, _)| if greatest { key > *own } else { key < *own });
                if better {
                    *held = Some((key, value.clone()));
                }
            }
        }
    }

    /// What the function makes of it.
    #[allow(clippy::cast_precision_loss, reason = "no org holds 2^52 records")]
    fn value(&self, aggregate: &Aggregate<'_>) -> Value {
        match self {
            Gathered::Count(count) => Value::Int(*count),
            Gathered::Distinct(keys) => Value::Int(i64::try_from(keys.len()).unwrap_or(i64::MAX)),
            Gathered::Sum { count: 0, .. } | Gathered::Extreme(None) => Value::Null,
            Gathered::Sum { sum, .. } if aggregate.function == AggregateFunction::Sum => Value::Double(*sum),
            Gathered::Sum { sum, count } => Value::Double(sum / *count as f64),
            Gathered::Extreme(Some((_, value))) => value.clone(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "int fields have nine digits at most")]
fn number(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Double(number) => *number,
        _ => 0.0,
    }
}

impl Group {
    fn value(&self, groups: &Groups<'_>, column: Column) -> Value {
        match column {
            Column::By(at) => self.by[at].clone(),
            Column::Aggregate(at) => self.gathered[at].value(&groups.aggregates[at]),
            Column::Grouping(at) => Value::Int(i64::from(!self.kept[at])),
        }
    }

    fn json(&self, groups: &Groups<'_>) -> Json {
        let mut json = Map::new();
        json.insert("attributes".to_owned(), json!({"type": "AggregateResult"}));
        for (key, column) in &groups.columns {
            let left_out = matches!(column, Column::By(at) if !self.kept[*at]);
            // A checkbox that ROLLUP left out is null, not false.
            let kind = if left_out { FieldType::String } else { column_field(groups, *column).kind };
            json.insert(key.clone(), json::value(kind, &self.value(groups, *column)));
        }
        Json::Object(json)
    }
}
