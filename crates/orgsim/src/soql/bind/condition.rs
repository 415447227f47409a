//! WHERE: fields, operators and values that fit each other.

use std::collections::BTreeSet;

use super::super::ast::{Condition, Expression, Item, Literal, LiteralKind, Operand, Operator, Query, Test};
use super::super::compare::{DayTest, Key, Matcher, Number, Order};
use super::super::dates;
use super::super::error::Error;
use super::super::fold;
use super::super::like::Pattern;
use super::super::plan::{DatePart, Filter, Function, Left};
use super::super::run;
use super::{Binder, Bound, Scope};
use crate::id::SalesforceId;
use crate::schema::{Field, FieldType};

/// The most subqueries in the conditions of one statement (Salesforce facts 4.1).
const MAX_SEMI_JOINS: usize = 2;

impl<'s> Binder<'s> {
    pub(super) fn filter(&self, condition: &Condition, scope: &Scope<'s>) -> Bound<Filter<Left<'s>>> {
        self.check_semi_joins(condition)?;
        self.condition(condition, &|test| self.test(test, scope))
    }

    /// A condition with each test bound by `bind`.
    pub(super) fn condition<L>(
        &self,
        condition: &Condition,
        bind: &impl Fn(&Test) -> Bound<Filter<L>>,
    ) -> Bound<Filter<L>> {
        let all = |parts: &[Condition]| -> Bound<Vec<Filter<L>>> {
            parts.iter().map(|part| self.condition(part, bind)).collect()
        };
        match condition {
            Condition::And(parts) => all(parts).map(Filter::And),
            Condition::Or(parts) => all(parts).map(Filter::Or),
            Condition::Not(part) => Ok(Filter::Not(Box::new(self.condition(part, bind)?))),
            Condition::Test(test) => bind(test),
        }
    }

    /// At most two subqueries, and none beside OR.
    fn check_semi_joins(&self, condition: &Condition) -> Bound<()> {
        let mut found = Vec::new();
        semi_joins(condition, false, &mut found);
        if let Some((at, _)) = found.iter().find(|(_, beside_or)| *beside_or) {
            let sentence = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in \
                            nested WHERE expressions.";
            return Err(self.malformed(*at, sentence));
        }
        match found.get(MAX_SEMI_JOINS) {
            Some((at, _)) => {
                let sentence = format!("Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed.");
                Err(self.malformed(*at, &sentence))
            }
            None => Ok(()),
        }
    }

    fn test(&self, test: &Test, scope: &Scope<'s>) -> Bound<Filter<Left<'s>>> {
        let left = self.left(&test.left, scope)?;
        let field = left.path.field;
        let compound = matches!(field.kind, FieldType::Address | FieldType::Location | FieldType::JunctionIdList);
        if !field.filterable || compound || left.function == Function::Format {
            let sentence = format!("field '{}' can not be filtered in a query call", field.name);
            return Err(self.invalid_field(test.left.at(), &sentence));
        }
        let matcher = match &test.right {
            Operand::Query(query) => self.semi_join(test, query, &left, scope)?,
            _ => self.matcher(test, &compared(&left))?,
        };
        Ok(Filter::Test(left, matcher))
    }

    /// What the operator and the right side ask of a field. The field stands for what is compared: its type and name
    /// are all that matters.
    pub(super) fn matcher(&self, test: &Test, field: &Field) -> Bound<Matcher> {
        self.check_operator(test, field)?;
        match &test.right {
            Operand::List(list) if matches!(test.operator, Operator::Includes | Operator::Excludes) => {
                let sets = list.iter().map(|literal| self.value_set(literal, field)).collect::<Bound<_>>()?;
                let includes = test.operator == Operator::Includes;
                Ok(if includes { Matcher::Includes(sets) } else { Matcher::Excludes(sets) })
            }
            Operand::List(list) => {
                let keys = list.iter().map(|literal| self.key(literal, field)).collect::<Bound<_>>()?;
                Ok(if test.operator == Operator::In { Matcher::In(keys) } else { Matcher::NotIn(keys) })
            }
            Operand::One(literal) => self.single(test.operator, literal, field),
            Operand::Query(query) => Err(self.malformed(query.from.path.at(), "a subquery cannot stand here")),
        }
    }

    fn single(&self, operator: Operator, literal: &Literal, field: &Field) -> Bound<Matcher> {
        if let LiteralKind::Relative { name, n } = &literal.kind {
            return self.relative(operator, literal.at, name, *n, field);
        }
        let key = self.key(literal, field)?;
        Ok(match operator {
            Operator::NotEqual => Matcher::NotEqual(key),
            Operator::Like => match &literal.kind {
                LiteralKind::Text(pattern) => Matcher::Like(Pattern::new(pattern)),
                _ => return Err(self.wrong_type(literal.at, field)),
            },
            _ => match order_of(operator) {
                Some(order) => Matcher::Ordered(order, key),
                None => Matcher::Equal(key),
            },
        })
    }

    fn relative(&self, operator: Operator, at: usize, name: &str, n: Option<i64>, field: &Field) -> Bound<Matcher> {
        if !matches!(field.kind, FieldType::Date | FieldType::DateTime) {
            return Err(self.wrong_type(at, field));
        }
        let zone = self.source.time_zone();
        let days = dates::days(name, n, self.source.now(), zone).ok_or_else(|| {
            let sentence = match (dates::needs_number(name), n) {
                (true, None) => format!("date literal {name} needs a number, as in {name}:30"),
                (false, Some(_)) => format!("date literal {name} takes no number"),
                _ => format!("date literal {name} reaches beyond the calendar"),
            };
            self.malformed(at, &sentence)
        })?;
        let test = match operator {
            Operator::Equal => DayTest::Equal,
            Operator::NotEqual => DayTest::NotEqual,
            _ => DayTest::Ordered(order_of(operator).ok_or_else(|| self.wrong_type(at, field))?),
        };
        Ok(Matcher::Days(test, days, zone.clone()))
    }

    fn check_operator(&self, test: &Test, field: &Field) -> Bound<()> {
        let kind = field.kind;
        let multi = kind == FieldType::MultiPicklist;
        let allowed = match test.operator {
            Operator::Equal | Operator::NotEqual => true,
            Operator::In | Operator::NotIn => true,
            Operator::Like => kind.is_text() && !multi,
            Operator::Includes | Operator::Excludes => multi,
            _ => kind != FieldType::Boolean && !multi,
        };
        if allowed {
            return Ok(());
        }
        let sentence = format!("invalid operator on {} field", kind.name());
        Err(Error::at("INVALID_QUERY_FILTER_OPERATOR", self.statement, test.operator_at, &sentence))
    }

    fn wrong_type(&self, at: usize, field: &Field) -> Error {
        let (kind, quotes) = match field.kind {
            FieldType::Id | FieldType::Reference => ("string", "should"),
            kind if kind.is_text() => ("string", "should"),
            kind => (kind.soap().rsplit(':').next().unwrap_or(""), "should not"),
        };
        let sentence = format!(
            "value of filter criterion for field '{}' must be of type {kind} and {quotes} be enclosed in quotes",
            field.name
        );
        self.invalid_field(at, &sentence)
    }

    /// A literal as what the field is compared by.
    fn key(&self, literal: &Literal, field: &Field) -> Bound<Key> {
        use FieldType as T;
        let key = match (&literal.kind, field.kind) {
            (LiteralKind::Bind, _) => return Err(self.no_bind(literal.at)),
            (LiteralKind::Null, T::Boolean) => Key::Bool(false),
            (LiteralKind::Null, _) => Key::Null,
            (LiteralKind::Bool(yes), T::Boolean) => Key::Bool(*yes),
            (LiteralKind::Text(text), T::Id | T::Reference) => return self.id(text, literal.at),
            (LiteralKind::Text(text), kind) if kind.is_text() => Key::text(text, field),
            (LiteralKind::Number(number), kind) if kind.is_number() => Key::Number(Number(*number)),
            (LiteralKind::Date(date), T::Date) => Key::Date(*date),
            (LiteralKind::DateTime(instant), T::DateTime) => Key::DateTime(*instant),
            (LiteralKind::Time(time), T::Time) => Key::Time(*time),
            _ => return Err(self.wrong_type(literal.at, field)),
        };
        Ok(key)
    }

    fn id(&self, text: &str, at: usize) -> Bound<Key> {
        if text.is_empty() {
            return Ok(Key::Null);
        }
        SalesforceId::parse(text).map(Key::Id).ok_or_else(|| {
            let sentence = format!("invalid ID field: {text}");
            Error::at("INVALID_QUERY_FILTER_OPERATOR", self.statement, at, &sentence)
        })
    }

    fn value_set(&self, literal: &Literal, field: &Field) -> Bound<Vec<String>> {
        match &literal.kind {
            LiteralKind::Text(text) => Ok(text.split(';').map(fold).collect()),
            LiteralKind::Bind => Err(self.no_bind(literal.at)),
            _ => Err(self.wrong_type(literal.at, field)),
        }
    }

    /// `Id IN (SELECT AccountId FROM Contact)`: runs the subquery and asks for its values.
    fn semi_join(&self, test: &Test, query: &Query, left: &Left<'s>, scope: &Scope<'s>) -> Bound<Matcher> {
        let at = query.from.path.at();
        let ids = |kind| matches!(kind, FieldType::Id | FieldType::Reference);
        if !ids(left.path.field.kind) {
            let sentence = format!(
                "The left operand field in the where expression for outer query should be an id field, cannot use: '{}'",
                left.path.field.name
            );
            return Err(self.malformed(test.left.at(), &sentence));
        }
        let object = self.object(&query.from.path)?;
        if object.name == scope.object.name {
            return Err(self.malformed(at, "The inner and outer selects should not be on the same object type"));
        }
        if matches!(object.name.as_str(), "Event" | "Task") {
            let sentence = format!("Entity '{}' is not supported for semi join inner selects", object.name);
            return Err(self.malformed(at, &sentence));
        }
        let [Item::Field { what: Expression::Path(path), alias: None }] = &query.select[..] else {
            return Err(self.malformed(at, "the subquery of a condition selects exactly one field"));
        };
        self.check_plain(query)?;
        let inner = self.scope(query, object)?;
        let selected = self.path(path, &inner)?;
        if !ids(selected.field.kind) {
            let sentence = format!("the subquery of a condition selects an id, which {} is not", selected.field.name);
            return Err(self.malformed(path.at(), &sentence));
        }
        let plan = self.plan(query, object, 0)?;
        let mut state = run::State::default();
        let keys: BTreeSet<Key> = run::values(&plan, &selected, self.source, &mut state);
        self.scanned.set(self.scanned.get() + state.scanned);
        Ok(if test.operator == Operator::In { Matcher::In(keys) } else { Matcher::NotIn(keys) })
    }

    /// A subquery of a condition has no subqueries, groups or order of its own.
    fn check_plain(&self, query: &Query) -> Bound<()> {
        let mut nested = Vec::new();
        if let Some(condition) = &query.condition {
            semi_joins(condition, false, &mut nested);
        }
        if let Some((at, _)) = nested.first() {
            return Err(self.malformed(*at, "Nested semi join sub-selects are not supported"));
        }
        let more = query.group.is_some() || !query.order.is_empty() || query.limit.is_some() || query.offset.is_some();
        let sentence = "the subquery of a condition has a WHERE and nothing after it";
        if more { Err(self.malformed(query.from.path.at(), sentence)) } else { Ok(()) }
    }
}

/// The field as a comparison sees it: a part of a date is a number or a date, a label is text.
fn compared(left: &Left<'_>) -> Field {
    let mut field = left.path.field.clone();
    match left.function {
        Function::Part(DatePart::DayOnly) => field.kind = FieldType::Date,
        Function::Part(_) => field.kind = FieldType::Int,
        Function::Label => field.kind = FieldType::String,
        Function::None | Function::Format => {}
    }
    field
}

fn order_of(operator: Operator) -> Option<Order> {
    match operator {
        Operator::Less => Some(Order::Less),
        Operator::Greater => Some(Order::Greater),
        Operator::LessOrEqual => Some(Order::LessOrEqual),
        Operator::GreaterOrEqual => Some(Order::GreaterOrEqual),
        _ => None,
    }
}

/// The places of the subqueries of a condition, and whether each stands below an OR or NOT.
fn semi_joins(condition: &Condition, beside_or: bool, found: &mut Vec<(usize, bool)>) {
    match condition {
        Condition::And(parts) => parts.iter().for_each(|part| semi_joins(part, beside_or, found)),
        Condition::Or(parts) => parts.iter().for_each(|part| semi_joins(part, true, found)),
        Condition::Not(part) => semi_joins(part, true, found),
        Condition::Test(Test { right: Operand::Query(query), .. }) => found.push((query.from.path.at(), beside_or)),
        Condition::Test(_) => {}
    }
}
