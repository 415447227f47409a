//! A statement whose names are looked up: what the evaluator runs.

use crate::row::Ordinal;
use crate::schema::{Field, Object};

use super::compare::Matcher;

/// A query with every name resolved.
pub(super) struct Plan<'s> {
    pub(super) object: &'s Object,
    pub(super) filter: Option<Filter<Left<'s>>>,
    pub(super) output: Output<'s>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// What a query gives.
pub(super) enum Output<'s> {
    /// `COUNT()`.
    Count,
    Records {
        tree: Tree<'s>,
        order: Vec<OrderBy<FieldPath<'s>>>,
    },
    Groups(Groups<'s>),
}

/// A condition over lefts of some kind: fields of a record, or columns of a group.
pub(super) enum Filter<L> {
    And(Vec<Filter<L>>),
    Or(Vec<Filter<L>>),
    Not(Box<Filter<L>>),
    Test(L, Matcher),
}

impl<L> Filter<L> {
    /// Tries the condition, asking for single tests.
    pub(super) fn holds(&self, test: &impl Fn(&L, &Matcher) -> bool) -> bool {
        match self {
            Filter::And(parts) => parts.iter().all(|part| part.holds(test)),
            Filter::Or(parts) => parts.iter().any(|part| part.holds(test)),
            Filter::Not(part) => !part.holds(test),
            Filter::Test(left, matcher) => test(left, matcher),
        }
    }
}

/// A field and the relationships that lead to it.
#[derive(Clone)]
pub(super) struct FieldPath<'s> {
    pub(super) steps: Vec<Step<'s>>,
    /// The object the field is of; `Name` behind a polymorphic relationship.
    pub(super) object: &'s Object,
    pub(super) ordinal: Ordinal,
    pub(super) field: &'s Field,
}

impl FieldPath<'_> {
    /// The relationships and the field, for telling paths apart.
    pub(super) fn text(&self) -> String {
        let steps = self.steps.iter().map(|step| step.name);
        steps.chain([self.field.name.as_str()]).collect::<Vec<_>>().join(".")
    }
}

/// One relationship up.
#[derive(Clone, Copy)]
pub(super) struct Step<'s> {
    /// The relationship's name in its canonical case.
    pub(super) name: &'s str,
    pub(super) reference: Ordinal,
    /// The parent's object; `Name` for a polymorphic relationship.
    pub(super) object: &'s Object,
    pub(super) polymorphic: bool,
}

/// The left side of a comparison, or something to group by.
#[derive(Clone)]
pub(super) struct Left<'s> {
    pub(super) path: FieldPath<'s>,
    pub(super) function: Function,
}

/// What is made of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    None,
    /// The label of a picklist value.
    Label,
    /// As text in the user's language.
    Format,
    /// A part of a date.
    Part(DatePart),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatePart {
    CalendarYear,
    CalendarQuarter,
    CalendarMonth,
    DayInYear,
    DayInMonth,
    DayInWeek,
    WeekInYear,
    WeekInMonth,
    HourInDay,
    DayOnly,
}

/// ORDER BY.
pub(super) struct OrderBy<T> {
    pub(super) what: T,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

/// The SELECT list as the record's JSON will be: parents nest.
#[derive(Default)]
pub(super) struct Tree<'s> {
    pub(super) entries: Vec<Entry<'s>>,
}

pub(super) enum Entry<'s> {
    Field { key: String, object: &'s Object, ordinal: Ordinal, function: Function },
    Parent { step: Step<'s>, tree: Tree<'s> },
    Children { key: String, reference: Ordinal, plan: Box<Plan<'s>> },
    TypeOf { step: Step<'s>, when: Vec<(&'s Object, Tree<'s>)>, otherwise: Option<Tree<'s>> },
}

/// A query with GROUP BY or aggregate functions.
pub(super) struct Groups<'s> {
    pub(super) by: Vec<Left<'s>>,
    /// Which of `by` are kept in each run over the records; the others are null (ROLLUP, CUBE).
    pub(super) sets: Vec<Vec<bool>>,
    pub(super) aggregates: Vec<Aggregate<'s>>,
    /// Key and column of each value of a result.
    pub(super) columns: Vec<(String, Column)>,
    pub(super) having: Option<Filter<Column>>,
    pub(super) order: Vec<OrderBy<Column>>,
}

/// A value of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    By(usize),
    Aggregate(usize),
    /// 1 where a ROLLUP or CUBE left the field out.
    Grouping(usize),
}

#[derive(Clone)]
pub(super) struct Aggregate<'s> {
    pub(super) function: AggregateFunction,
    pub(super) path: FieldPath<'s>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AggregateFunction {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}
