//! Runs a plan: finds records by index or scan, tries the conditions, sorts, cuts and renders.

mod groups;
mod read;
mod render;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::compare::{Key, Matcher};
use super::error::Error;
use super::plan::{FieldPath, Filter, Function, Left, OrderBy, Output, Plan};
use super::{Answer, Source};
use crate::id::SalesforceId;
use crate::row::Row;
use crate::schema::{Field, FieldType};
use crate::value::Value;

/// What happened while a plan ran.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Records that conditions were tried on.
    pub(super) scanned: u64,
    /// The index that chose the records of the outermost query.
    pub(super) index: Option<String>,
}

/// A record a plan found.
type Found<'a> = (SalesforceId, &'a Row);

/// Runs a whole query. `version` is for the records' URLs.
pub(super) fn run(plan: &Plan<'_>, source: &dyn Source, version: &str, scanned: u64) -> Result<Answer, Error> {
    let mut state = State { scanned, index: None };
    let (total, records, aggregate) = match &plan.output {
        Output::Count => (count(plan, source, &mut state), Vec::new(), false),
        Output::Records { tree, order } => {
            let found = select(plan, order, None, source, &mut state);
            let mut render = render::Render { source, version, state: &mut state };
            let records: Vec<Json> =
                found.into_iter().map(|(id, row)| render.record(plan.object, id, row, tree)).collect();
            (records.len(), records, false)
        }
        Output::Groups(groups) => {
            let records = groups::run(plan, groups, source, &mut state)?;
            (records.len(), records, true)
        }
    };
    let object = plan.object.name.clone();
    Ok(Answer { total, records, object, aggregate, rows_scanned: state.scanned, index_used: state.index })
}

fn count(plan: &Plan<'_>, source: &dyn Source, state: &mut State) -> usize {
    let cut = plan.limit.map(|limit| limit.saturating_add(plan.offset));
    let found = matching(plan, None, cut, source, state).len().saturating_sub(plan.offset);
    found.min(plan.limit.unwrap_or(usize::MAX))
}

/// The values a subquery of a condition selects.
pub(super) fn values(plan: &Plan<'_>, path: &FieldPath<'_>, source: &dyn Source, state: &mut State) -> BTreeSet<Key> {
    let found = matching(plan, None, None, source, state);
    let keys = found.iter().map(|(id, row)| Key::of(&read::path(source, path, *id, row), path.field));
    keys.filter(|key| *key != Key::Null).collect()
}

/// The records of a plan in their order, after OFFSET and LIMIT. `parent` keeps to the children of one record.
fn select<'a>(
    plan: &Plan<'_>,
    order: &[OrderBy<FieldPath<'_>>],
    parent: Option<(u16, SalesforceId)>,
    source: &'a dyn Source,
    state: &mut State,
) -> Vec<Found<'a>> {
    // Records are found in id order: without another one the first matching records will do.
    let sorted_already = order
        .first()
        .is_none_or(|by| by.what.steps.is_empty() && by.what.field.kind == FieldType::Id && !by.descending);
    let enough = plan.limit.map(|limit| limit.saturating_add(plan.offset)).filter(|_| sorted_already);
    let mut found = matching(plan, parent, enough, source, state);
    if !sorted_already {
        found = sorted(found, order, source);
    }
    found.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX)).collect()
}

fn sorted<'a>(found: Vec<Found<'a>>, order: &[OrderBy<FieldPath<'_>>], source: &dyn Source) -> Vec<Found<'a>> {
    let keys = |(id, row): Found<'a>| -> Vec<Key> {
        order.iter().map(|by| Key::sort(&read::path(source, &by.what, id, row), by.what.field)).collect()
    };
    let mut keyed: Vec<(Vec<Key>, Found<'a>)> = found.into_iter().map(|record| (keys(record), record)).collect();
    keyed.sort_by(|(a, _), (b, _)| compare_all(a, b, order));
    keyed.into_iter().map(|(_, record)| record).collect()
}

/// Compares by the first key that differs. Null is first unless NULLS LAST says otherwise, also with DESC.
fn compare_all<T>(a: &[Key], b: &[Key], order: &[OrderBy<T>]) -> Ordering {
    let compare = |((a, b), by): ((&Key, &Key), &OrderBy<T>)| {
        let reversed = if *a == Key::Null || *b == Key::Null { by.nulls_last } else { by.descending };
        if reversed { b.cmp(a) } else { a.cmp(b) }
    };
    a.iter().zip(b).zip(order).map(compare).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

/// All records of a plan that its conditions hold for, in id order; at most `enough` when that is said.
fn matching<'a>(
    plan: &Plan<'_>,
    parent: Option<(u16, SalesforceId)>,
    enough: Option<usize>,
    source: &'a dyn Source,
    state: &mut State,
) -> Vec<Found<'a>> {
    let enough = enough.unwrap_or(usize::MAX);
    let mut found = Vec::new();
    if enough == 0 {
        return found;
    }
    let object = plan.object.name.as_str();
    let mut try_one = |(id, row): Found<'a>| {
        state.scanned += 1;
        let child = parent.is_none_or(|(reference, parent)| *row.get(reference) == Value::Id(parent));
        if child && plan.filter.as_ref().is_none_or(|filter| holds(filter, source, id, row)) {
            found.push((id, row));
        }
        found.len() < enough
    };
    let chosen = match parent {
        Some((reference, parent)) => source.index(object, reference, &Value::Id(parent)).map(|ids| (ids, None)),
        None => plan.filter.as_ref().and_then(|filter| chosen(filter, source)).map(|(ids, name)| (ids, Some(name))),
    };
    match chosen {
        Some((ids, name)) => {
            let ids: BTreeSet<SalesforceId> = ids.into_iter().collect();
            let _ = ids.into_iter().filter_map(|id| Some((id, source.row(object, id)?))).all(&mut try_one);
            state.index = state.index.take().or(name);
        }
        None => {
            let _ = source.rows(object).all(&mut try_one);
        }
    }
    found
}

fn holds(filter: &Filter<Left<'_>>, source: &dyn Source, id: SalesforceId, row: &Row) -> bool {
    filter.holds(&|left, matcher| {
        let value = read::path(source, &left.path, id, row);
        match left.function {
            Function::None => matcher.matches(&value, left.path.field),
            function => matcher.matches(&read::apply(function, &value, left.path.field, source), left.path.field),
        }
    })
}

/// The records an index finds for a condition, and the index; none when the condition needs a scan.
fn chosen(filter: &Filter<Left<'_>>, source: &dyn Source) -> Option<(Vec<SalesforceId>, String)> {
    match filter {
        Filter::And(parts) => parts.iter().filter_map(|part| chosen(part, source)).min_by_key(|(ids, _)| ids.len()),
        Filter::Or(parts) => {
            let parts = parts.iter().map(|part| chosen(part, source)).collect::<Option<Vec<_>>>()?;
            let name = parts.iter().map(|(_, name)| name.as_str()).collect::<BTreeSet<_>>();
            let name = name.into_iter().collect::<Vec<_>>().join(", ");
            Some((parts.into_iter().flat_map(|(ids, _)| ids).collect(), name))
        }
        Filter::Not(_) => None,
        Filter::Test(left, matcher) => seek(left, matcher, source),
    }
}

fn seek(left: &Left<'_>, matcher: &Matcher, source: &dyn Source) -> Option<(Vec<SalesforceId>, String)> {
    let FieldPath { steps, object, ordinal, field } = &left.path;
    if !steps.is_empty() || left.function != Function::None {
        return None;
    }
    let keys: Vec<&Key> = match matcher {
        Matcher::Equal(key) => vec![key],
        Matcher::In(keys) => keys.iter().collect(),
        _ => return None,
    };
    let mut ids = Vec::new();
    for key in keys {
        match key {
            Key::Id(id) if field.kind == FieldType::Id => ids.push(*id),
            key => ids.extend(source.index(&object.name, *ordinal, &indexed(key, field)?)?),
        }
    }
    Some((ids, format!("{}.{}", object.name, field.name)))
}

/// A key as the index knows it; null is in no index.
#[allow(clippy::cast_possible_truncation, reason = "only whole numbers of at most nine digits get here")]
fn indexed(key: &Key, field: &Field) -> Option<Value> {
    Some(match key {
        Key::Null => return None,
        Key::Bool(yes) => Value::Bool(*yes),
        Key::Number(number) if field.kind == FieldType::Int => {
            if number.0.fract() != 0.0 || number.0.abs() > 1e15 {
                return None;
            }
            Value::Int(number.0 as i64)
        }
        Key::Number(number) => Value::Double(number.0),
        Key::Text(text) => Value::Text(super::fold(text).into()),
        Key::Id(id) => Value::Id(*id),
        Key::Date(date) => Value::Date(*date),
        Key::DateTime(instant) => Value::DateTime(*instant),
        Key::Time(time) => Value::Time(*time),
    })
}
