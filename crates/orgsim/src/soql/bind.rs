//! Looks up the names of a statement and checks what its fields allow (Salesforce facts 4.1).

mod condition;
mod groups;
mod names;
mod select;

pub(super) use groups::column_field;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::Source;
use super::ast::{Count, Item, Path, Query};
use super::error::Error;
use super::plan::{FieldPath, OrderBy, Output, Plan};
use crate::schema::{FieldType, Object};

/// The greatest OFFSET, and the words for more (Salesforce facts 3).
const MAX_OFFSET: i64 = 2_000;

/// Binds a parsed statement to an org.
pub(super) struct Binder<'s> {
    pub(super) statement: &'s str,
    pub(super) source: &'s dyn Source,
    /// The API version's number, which decides how deep child queries may go.
    pub(super) version: u32,
    /// Records that the subqueries of conditions were tried on.
    pub(super) scanned: Cell<u64>,
    relationships: RefCell<BTreeSet<String>>,
}

/// Where names are looked up.
pub(super) struct Scope<'s> {
    object: &'s Object,
    aliases: Vec<(String, Vec<super::ast::Name>)>,
}

type Bound<T> = Result<T, Error>;

impl<'s> Binder<'s> {
    pub(super) fn new(statement: &'s str, source: &'s dyn Source, version: &str) -> Self {
        let number = version.trim_start_matches(['v', 'V']).split('.').next().and_then(|v| v.parse().ok());
        Binder {
            statement,
            source,
            version: number.unwrap_or(u32::MAX),
            scanned: Cell::new(0),
            relationships: RefCell::default(),
        }
    }

    /// Binds the outermost query.
    pub(super) fn query(&self, query: &Query) -> Bound<Plan<'s>> {
        let object = self.object(&query.from.path)?;
        self.plan(query, object, 0)
    }

    fn plan(&self, query: &Query, object: &'s Object, depth: usize) -> Bound<Plan<'s>> {
        let scope = self.scope(query, object)?;
        let condition = query.condition.as_ref().map(|condition| self.filter(condition, &scope)).transpose()?;
        let mine = query.scope.as_ref().map(|name| self.mine(name, object)).transpose()?.flatten();
        let filter = super::plan::Filter::all(mine.into_iter().chain(condition));
        let output = self.output(query, &scope, depth)?;
        let limit = self.limit(query.limit.as_ref())?;
        let offset = self.offset(query.offset.as_ref())?;
        Ok(Plan { object, filter, output, limit, offset })
    }

    fn output(&self, query: &Query, scope: &Scope<'s>, depth: usize) -> Bound<Output<'s>> {
        if query.select == [Item::Count] {
            return self.count(query);
        }
        if query.group.is_some() || groups::aggregates(query) {
            if depth > 0 {
                return Err(self.malformed(query.from.path.at(), "a child query cannot aggregate or group"));
            }
            return self.groups(query, scope).map(Output::Groups);
        }
        let tree = self.tree(query, scope, depth)?;
        let order = self.order(query, scope)?;
        Ok(Output::Records { tree, order })
    }

    fn count(&self, query: &Query) -> Bound<Output<'s>> {
        if query.group.is_some() || !query.order.is_empty() {
            return Err(self.malformed(query.from.path.at(), "COUNT() cannot be grouped or ordered"));
        }
        Ok(Output::Count)
    }

    fn order(&self, query: &Query, scope: &Scope<'s>) -> Bound<Vec<OrderBy<FieldPath<'s>>>> {
        let one = |order: &super::ast::Order| {
            let super::ast::Expression::Path(path) = &order.what else {
                return Err(self.malformed(order.what.at(), "a function cannot be sorted by in this query"));
            };
            let what = self.path(path, scope)?;
            if !what.field.sortable {
                let sentence = format!("field '{}' can not be sorted in a query call", path.last());
                return Err(self.malformed(path.at(), &sentence));
            }
            // NULLS LAST is not honoured on a foreign key.
            let nulls_last = order.nulls_last == Some(true) && what.field.kind != FieldType::Reference;
            Ok(OrderBy { what, descending: order.descending, nulls_last })
        };
        query.order.iter().map(one).collect()
    }

    fn limit(&self, limit: Option<&Count>) -> Bound<Option<usize>> {
        limit.map(|limit| self.number(limit)).transpose()
    }

    fn offset(&self, offset: Option<&Count>) -> Bound<usize> {
        let Some(offset) = offset else { return Ok(0) };
        if offset.value.is_some_and(|value| value > MAX_OFFSET) {
            let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET}");
            return Err(Error::plain("NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        self.number(offset)
    }

    fn number(&self, count: &Count) -> Bound<usize> {
        let value = count.value.ok_or_else(|| self.no_bind(count.at))?;
        usize::try_from(value).map_err(|_| self.malformed(count.at, "unexpected token: '-'"))
    }

    fn no_bind(&self, at: usize) -> Error {
        self.malformed(at, "Bind variables only allowed in Apex code")
    }

    fn malformed(&self, at: usize, sentence: &str) -> Error {
        Error::at("MALFORMED_QUERY", self.statement, at, sentence)
    }

    fn invalid_field(&self, at: usize, sentence: &str) -> Error {
        Error::at("INVALID_FIELD", self.statement, at, sentence)
    }

    /// The object of an outermost FROM.
    fn object(&self, path: &Path) -> Bound<&'s Object> {
        let name = path.text();
        let object = self.source.schema().object(&name);
        object.filter(|object| object.queryable && self.source.readable(&object.name, None)).ok_or_else(|| {
            let sentence = format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to \
                 append the '__c' after the entity name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            );
            Error::at("INVALID_TYPE", self.statement, path.at(), &sentence)
        })
    }
}

impl<L> super::plan::Filter<L> {
    /// One condition out of those that are there.
    fn all(parts: impl Iterator<Item = Self>) -> Option<Self> {
        let mut parts: Vec<Self> = parts.collect();
        if parts.len() > 1 { Some(super::plan::Filter::And(parts)) } else { parts.pop() }
    }
}
