//! GROUP BY, aggregate functions and HAVING.

use super::super::ast::{Expression, GroupKind, Item, Name, Order, Query, Test};
use super::super::plan::{Aggregate, AggregateFunction, Column, FieldPath, Filter, Function, Groups, Left, OrderBy};
use super::{Binder, Bound, Scope};
use crate::schema::{Field, FieldType};

/// The most fields of a ROLLUP or CUBE.
const MAX_ROLLUP: usize = 3;

/// Whether a query without GROUP BY has an aggregate function in its SELECT list.
pub(super) fn aggregates(query: &Query) -> bool {
    query.select.iter().any(|item| match item {
        Item::Field { what: Expression::Call { function, .. }, .. } => aggregate_function(&function.text).is_some(),
        _ => false,
    })
}

fn aggregate_function(name: &str) -> Option<AggregateFunction> {
    match name.to_ascii_lowercase().as_str() {
        "count" => Some(AggregateFunction::Count),
        "count_distinct" => Some(AggregateFunction::CountDistinct),
        "sum" => Some(AggregateFunction::Sum),
        "avg" => Some(AggregateFunction::Avg),
        "min" => Some(AggregateFunction::Min),
        "max" => Some(AggregateFunction::Max),
        _ => None,
    }
}

impl<'s> Binder<'s> {
    pub(super) fn groups(&self, query: &Query, scope: &Scope<'s>) -> Bound<Groups<'s>> {
        let mut groups = Groups {
            by: Vec::new(),
            sets: Vec::new(),
            aggregates: Vec::new(),
            columns: Vec::new(),
            having: None,
            order: Vec::new(),
        };
        match &query.group {
            Some(group) => {
                for what in &group.fields {
                    groups.by.push(self.grouped(what, scope)?);
                }
                groups.sets = self.sets(group.kind, group.fields.len(), query.from.path.at())?;
            }
            None => {
                self.check_ungrouped(query)?;
                groups.sets = vec![Vec::new()];
            }
        }
        self.columns(&mut groups, query, scope)?;
        if let Some(having) = &query.having {
            let bound = std::cell::RefCell::new(groups);
            let filter = self.condition(having, &|test| self.having(test, &mut bound.borrow_mut(), scope))?;
            groups = bound.into_inner();
            groups.having = Some(filter);
        }
        for order in &query.order {
            let order = self.group_order(order, &mut groups, scope)?;
            groups.order.push(order);
        }
        Ok(groups)
    }

    fn check_ungrouped(&self, query: &Query) -> Bound<()> {
        match &query.limit {
            Some(limit) => {
                let sentence = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
                Err(self.malformed(limit.at, sentence))
            }
            None => Ok(()),
        }
    }

    fn grouped(&self, what: &Expression, scope: &Scope<'s>) -> Bound<Left<'s>> {
        let left = self.left(what, scope)?;
        let may = match left.function {
            Function::None => left.path.field.groupable,
            Function::Part(_) => true,
            Function::Label | Function::Format => false,
        };
        if may {
            return Ok(left);
        }
        let sentence = format!("field '{}' can not be grouped in a query call", left.path.field.name);
        Err(self.malformed(what.at(), &sentence))
    }

    /// Which fields each run keeps: all; for ROLLUP also the leading ones, for CUBE every choice.
    fn sets(&self, kind: GroupKind, fields: usize, at: usize) -> Bound<Vec<Vec<bool>>> {
        if kind != GroupKind::Plain && fields > MAX_ROLLUP {
            let sentence = format!("ROLLUP and CUBE take at most {MAX_ROLLUP} fields");
            return Err(self.malformed(at, &sentence));
        }
        Ok(match kind {
            GroupKind::Plain => vec![vec![true; fields]],
            GroupKind::Rollup => (0..=fields).rev().map(|kept| (0..fields).map(|at| at < kept).collect()).collect(),
            GroupKind::Cube => {
                (0..1_usize << fields).rev().map(|set| (0..fields).map(|at| set >> at & 1 == 1).collect()).collect()
            }
        })
    }

    fn columns(&self, groups: &mut Groups<'s>, query: &Query, scope: &Scope<'s>) -> Bound<()> {
        let mut unnamed = 0;
        for item in &query.select {
            let Item::Field { what, alias } = item else {
                let sentence = "a query with GROUP BY or aggregate functions selects fields and functions only";
                return Err(self.malformed(query.from.path.at(), sentence));
            };
            let column = self.column(what, groups, scope)?;
            let key = match (alias, what) {
                (Some(alias), _) => alias.text.clone(),
                (None, Expression::Path(_)) => column_name(groups, column),
                (None, Expression::Call { .. }) => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            };
            if groups.columns.iter().any(|(own, _)| own.eq_ignore_ascii_case(&key)) {
                return Err(self.malformed(what.at(), &format!("duplicate alias: {key}")));
            }
            groups.columns.push((key, column));
        }
        Ok(())
    }

    /// A column for a field that is grouped by, or for a function.
    fn column(&self, what: &Expression, groups: &mut Groups<'s>, scope: &Scope<'s>) -> Bound<Column> {
        if let Expression::Call { function, inner } = what {
            if let Some(kind) = aggregate_function(&function.text) {
                return self.aggregate(kind, function, inner.as_deref(), groups, scope);
            }
            if function.is("grouping") {
                let path = self.argument(function, inner.as_deref(), scope)?;
                return self.by(what.at(), &Left { path, function: Function::None }, groups).map(
                    |column| match column {
                        Column::By(at) => Column::Grouping(at),
                        other => other,
                    },
                );
            }
            if function.is("fields") {
                return Err(self.malformed(function.at, "FIELDS() cannot stand beside GROUP BY or aggregate functions"));
            }
        }
        let left = self.left(what, scope)?;
        self.by(what.at(), &left, groups)
    }

    fn by(&self, at: usize, left: &Left<'s>, groups: &Groups<'s>) -> Bound<Column> {
        let same = |own: &Left<'s>| own.path.text() == left.path.text() && own.function == left.function;
        groups.by.iter().position(same).map(Column::By).ok_or_else(|| {
            self.malformed(at, &format!("Field must be grouped or aggregated: {}", left.path.field.name))
        })
    }

    fn aggregate(
        &self,
        kind: AggregateFunction,
        function: &Name,
        inner: Option<&Expression>,
        groups: &mut Groups<'s>,
        scope: &Scope<'s>,
    ) -> Bound<Column> {
        let path = self.argument(function, inner, scope)?;
        if !fits(kind, &path) {
            let sentence = format!(
                "field {} does not support aggregate operator {}",
                path.field.name,
                function.text.to_uppercase()
            );
            return Err(self.malformed(function.at, &sentence));
        }
        let same = |own: &Aggregate<'s>| own.function == kind && own.path.text() == path.text();
        let known = groups.aggregates.iter().position(same);
        let at = known.unwrap_or_else(|| {
            groups.aggregates.push(Aggregate { function: kind, path });
            groups.aggregates.len() - 1
        });
        Ok(Column::Aggregate(at))
    }

    fn having(&self, test: &Test, groups: &mut Groups<'s>, scope: &Scope<'s>) -> Bound<Filter<Column>> {
        let column = self.column(&test.left, groups, scope)?;
        let matcher = self.matcher(test, &column_field(groups, column))?;
        Ok(Filter::Test(column, matcher))
    }

    fn group_order(&self, order: &Order, groups: &mut Groups<'s>, scope: &Scope<'s>) -> Bound<OrderBy<Column>> {
        let what = self.column(&order.what, groups, scope)?;
        let foreign_key = matches!(what, Column::By(at) if groups.by[at].path.field.kind == FieldType::Reference);
        let nulls_last = order.nulls_last == Some(true) && !foreign_key;
        Ok(OrderBy { what, descending: order.descending, nulls_last })
    }
}

/// Whether a field may stand in an aggregate function.
fn fits(function: AggregateFunction, path: &FieldPath<'_>) -> bool {
    let field = path.field;
    match function {
        AggregateFunction::Sum | AggregateFunction::Avg => field.kind.is_number() && field.aggregatable,
        AggregateFunction::Count | AggregateFunction::CountDistinct => {
            field.aggregatable || matches!(field.kind, FieldType::Date | FieldType::DateTime)
        }
        AggregateFunction::Min | AggregateFunction::Max => {
            field.aggregatable && !matches!(field.kind, FieldType::Id | FieldType::Reference)
        }
    }
}

/// The key of a grouped field: the last part of its path, in its canonical case.
fn column_name(groups: &Groups<'_>, column: Column) -> String {
    match column {
        Column::By(at) | Column::Grouping(at) => groups.by[at].path.field.name.clone(),
        Column::Aggregate(at) => groups.aggregates[at].path.field.name.clone(),
    }
}

/// A column as a comparison in HAVING sees it.
pub(in super::super) fn column_field(groups: &Groups<'_>, column: Column) -> Field {
    let (mut field, number) = match column {
        Column::By(at) => (groups.by[at].path.field.clone(), matches!(groups.by[at].function, Function::Part(_))),
        Column::Grouping(at) => (groups.by[at].path.field.clone(), true),
        Column::Aggregate(at) => {
            let Aggregate { function, path } = &groups.aggregates[at];
            let same = matches!(function, AggregateFunction::Min | AggregateFunction::Max);
            (path.field.clone(), !same)
        }
    };
    if number {
        field.kind = FieldType::Double;
    }
    field
}
