//! The SELECT list: fields, parents, children, TYPEOF, FIELDS().

use std::collections::BTreeSet;

use super::super::ast::{Expression, Item, Name, Path, Query, TypeOf};
use super::super::plan::{Entry, FieldPath, Function, Left, Step, Tree};
use super::{Binder, Bound, Scope};
use crate::row::Ordinal;
use crate::schema::Object;

/// The most child queries in one statement, and how deep they nest since version 58 (Salesforce facts 4.1).
const MAX_CHILDREN: usize = 20;
const MAX_DEPTH: usize = 4;
const DEEP_SINCE: u32 = 58;
/// The largest LIMIT beside `FIELDS(ALL)` and `FIELDS(CUSTOM)`.
const MAX_FIELDS_LIMIT: i64 = 200;

/// The tree under construction and what is in it.
struct Builder<'s> {
    tree: Tree<'s>,
    seen: BTreeSet<String>,
}

impl<'s> Binder<'s> {
    pub(super) fn tree(&self, query: &Query, scope: &Scope<'s>, depth: usize) -> Bound<Tree<'s>> {
        let mut builder = Builder { tree: Tree::default(), seen: BTreeSet::new() };
        self.check_children(query, depth)?;
        for item in &query.select {
            match item {
                Item::Count => return Err(self.malformed(query.from.path.at(), "COUNT() must stand alone")),
                Item::Field { what, alias } => self.add_field(&mut builder, query, what, alias.as_ref(), scope)?,
                Item::Children(children) => builder.tree.entries.push(self.children(children, scope, depth)?),
                Item::TypeOf(type_of) => builder.tree.entries.push(self.type_of(type_of, scope)?),
            }
        }
        Ok(builder.tree)
    }

    fn check_children(&self, query: &Query, depth: usize) -> Bound<()> {
        let mut children = query.select.iter().filter_map(|item| match item {
            Item::Children(query) => Some(query.from.path.at()),
            _ => None,
        });
        let deepest = if self.version >= DEEP_SINCE { MAX_DEPTH } else { 0 };
        match (children.clone().next(), children.nth(MAX_CHILDREN)) {
            (Some(at), _) if depth > deepest => {
                Err(self.malformed(at, "child queries are nested more deeply than this version allows"))
            }
            (_, Some(at)) => {
                let sentence = format!("a query can have at most {MAX_CHILDREN} child queries");
                Err(self.malformed(at, &sentence))
            }
            _ => Ok(()),
        }
    }

    fn add_field(
        &self,
        builder: &mut Builder<'s>,
        query: &Query,
        what: &Expression,
        alias: Option<&Name>,
        scope: &Scope<'s>,
    ) -> Bound<()> {
        if let Some(which) = fields_function(what) {
            return self.add_all(builder, query, which, scope);
        }
        let left = self.left(what, scope)?;
        match (left.function, alias) {
            (Function::Part(_), _) => {
                let sentence = format!("Field must be grouped or aggregated: {}", left.path.field.name);
                return Err(self.malformed(what.at(), &sentence));
            }
            (Function::None, Some(alias)) => {
                return Err(self.malformed(alias.at, "only aggregate expressions use field aliasing"));
            }
            _ => {}
        }
        let key = alias.map_or_else(|| left.path.field.name.clone(), |alias| alias.text.clone());
        builder.add(left, key).map_err(|name| self.duplicate(what.at(), &name))
    }

    fn duplicate(&self, at: usize, name: &str) -> super::Error {
        self.invalid_field(at, &format!("duplicate field selected: {name}"))
    }

    /// `FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`.
    fn add_all(&self, builder: &mut Builder<'s>, query: &Query, which: &Path, scope: &Scope<'s>) -> Bound<()> {
        let word = which.text().to_ascii_uppercase();
        let wanted = |custom: bool| match word.as_str() {
            "ALL" => Some(true),
            "STANDARD" => Some(!custom),
            "CUSTOM" => Some(custom),
            _ => None,
        };
        if wanted(true).is_none() {
            return Err(self.malformed(which.at(), &format!("unexpected token: '{}'", which.text())));
        }
        let small = query.limit.as_ref().and_then(|limit| limit.value).is_some_and(|n| n <= MAX_FIELDS_LIMIT);
        if word != "STANDARD" && !small {
            let sentence = format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}");
            return Err(self.malformed(which.at(), &sentence));
        }
        let object = scope.object;
        for (at, field) in object.fields().iter().enumerate() {
            let ordinal = Ordinal::try_from(at).expect("an object has under 65,536 fields");
            if wanted(field.custom) == Some(true) && self.source.readable(&object.name, Some(ordinal)) {
                let path = FieldPath { steps: Vec::new(), object, ordinal, field };
                let left = Left { path, function: Function::None };
                let added = builder.add(left, field.name.clone());
                added.map_err(|name| self.duplicate(which.at(), &name))?;
            }
        }
        Ok(())
    }

    fn children(&self, query: &Query, scope: &Scope<'s>, depth: usize) -> Bound<Entry<'s>> {
        let path = &query.from.path;
        let relationship = match &path.parts[..] {
            [name] => name,
            [alias, name] if scope.aliases.iter().any(|(own, to)| alias.is(own) && to.is_empty()) => name,
            _ => return Err(self.no_children(path)),
        };
        let schema = self.source.schema();
        let named =
            |child: &crate::schema::ChildRelationship| child.name.as_deref().is_some_and(|name| relationship.is(name));
        let found = schema.children(&scope.object.name).into_iter().find(named);
        let found = found.filter(|child| self.source.readable(&child.child, None));
        let (child, key) = found
            .and_then(|c| Some((schema.object(&c.child)?, (c.field, c.name?))))
            .ok_or_else(|| self.no_children(path))?;
        let (reference, _) = child.field(&key.0).ok_or_else(|| self.no_children(path))?;
        if query.select == [Item::Count] {
            return Err(self.malformed(path.at(), "COUNT() cannot stand in a child query"));
        }
        let plan = self.plan(query, child, depth + 1)?;
        Ok(Entry::Children { key: key.1, reference, plan: Box::new(plan) })
    }

    fn type_of(&self, type_of: &TypeOf, scope: &Scope<'s>) -> Bound<Entry<'s>> {
        let path = &type_of.relationship;
        let steps = self.steps(&path.parts, path.at(), scope.object)?;
        let [step] = steps[..] else {
            return Err(self.malformed(path.at(), "TYPEOF takes one relationship of the object itself"));
        };
        if !step.polymorphic {
            let sentence = format!("TYPEOF needs a relationship to several objects, which {} is not", step.name);
            return Err(self.malformed(path.at(), &sentence));
        }
        let may_be = &scope.object.fields()[usize::from(step.reference)].reference_to;
        let mut when = Vec::new();
        for (name, fields) in &type_of.when {
            let object = self.object(&Path { parts: vec![name.clone()] })?;
            if !may_be.contains(&object.name) {
                let sentence = format!("{} never names a record of {}", step.name, object.name);
                return Err(self.malformed(name.at, &sentence));
            }
            when.push((object, self.fields_of(object, fields)?));
        }
        let otherwise = match &type_of.otherwise[..] {
            [] => None,
            fields => Some(self.fields_of(step.object, fields)?),
        };
        Ok(Entry::TypeOf { step, when, otherwise })
    }

    fn fields_of(&self, object: &'s Object, fields: &[Path]) -> Bound<Tree<'s>> {
        let scope = Scope { object, aliases: Vec::new() };
        let mut builder = Builder { tree: Tree::default(), seen: BTreeSet::new() };
        for path in fields {
            let left = Left { path: self.path(path, &scope)?, function: Function::None };
            let key = left.path.field.name.clone();
            builder.add(left, key).map_err(|name| self.duplicate(path.at(), &name))?;
        }
        Ok(builder.tree)
    }
}

impl<'s> Builder<'s> {
    /// Adds a field below its parents; the error is the name that is there already.
    fn add(&mut self, left: Left<'s>, key: String) -> Result<(), String> {
        let steps: Vec<&str> = left.path.steps.iter().map(|step| step.name).collect();
        if !self.seen.insert(format!("{}.{key}", steps.join("."))) {
            return Err(left.path.field.name.clone());
        }
        let FieldPath { steps, object, ordinal, .. } = left.path;
        let tree = steps.into_iter().fold(&mut self.tree, parent);
        tree.entries.push(Entry::Field { key, object, ordinal, function: left.function });
        Ok(())
    }
}

/// The parent's part of a tree, made if it is not there.
fn parent<'t, 's>(tree: &'t mut Tree<'s>, step: Step<'s>) -> &'t mut Tree<'s> {
    let same = |entry: &Entry<'s>| matches!(entry, Entry::Parent { step: own, .. } if own.reference == step.reference);
    let at = tree.entries.iter().position(same).unwrap_or_else(|| {
        tree.entries.push(Entry::Parent { step, tree: Tree::default() });
        tree.entries.len() - 1
    });
    match &mut tree.entries[at] {
        Entry::Parent { tree, .. } => tree,
        _ => unreachable!("the entry at this position is a parent"),
    }
}

/// The word in `FIELDS(…)`.
fn fields_function(what: &Expression) -> Option<&Path> {
    match what {
        Expression::Call { function, inner } if function.is("fields") => match inner.as_deref() {
            Some(Expression::Path(path)) => Some(path),
            _ => None,
        },
        _ => None,
    }
}
