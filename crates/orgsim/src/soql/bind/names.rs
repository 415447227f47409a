//! Fields and relationships by name.

use super::super::ast::{Expression, From, Name, Path, Query};
use super::super::compare::{Key, Matcher};
use super::super::error::Error;
use super::super::plan::{DatePart, FieldPath, Filter, Function, Left, Step};
use super::{Binder, Bound, Scope};
use crate::schema::{FieldType, Object};

/// The most relationships up in one path, and in one statement (Salesforce facts 4.1).
const MAX_LEVELS: usize = 5;
const MAX_RELATIONSHIPS: usize = 55;

/// The object that polymorphic relationships show.
const NAME: &str = "Name";

const ADVICE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

impl<'s> Binder<'s> {
    pub(super) fn scope(&self, query: &Query, object: &'s Object) -> Bound<Scope<'s>> {
        let mut scope = Scope { object, aliases: Vec::new() };
        if let Some(alias) = &query.from.alias {
            scope.aliases.push((alias.text.clone(), Vec::new()));
        }
        for From { path, alias } in &query.also_from {
            let parts = scope.expand(&path.parts).to_vec();
            self.steps(&parts, path.at(), object)?;
            if let Some(alias) = alias {
                scope.aliases.push((alias.text.clone(), parts));
            }
        }
        Ok(scope)
    }

    /// A field by its path.
    pub(super) fn path(&self, path: &Path, scope: &Scope<'s>) -> Bound<FieldPath<'s>> {
        let parts = scope.expand(&path.parts);
        let Some((last, relationships)) = parts.split_last() else {
            return Err(self.no_column(path.at(), &path.text(), scope.object));
        };
        let steps = self.steps(relationships, path.at(), scope.object)?;
        let object = steps.last().map_or(scope.object, |step| step.object);
        let found = object.field(&last.text);
        let found =
            found.filter(|(ordinal, _)| object.name == NAME || self.source.readable(&object.name, Some(*ordinal)));
        let (ordinal, field) = found.ok_or_else(|| self.no_column(path.at(), &last.text, object))?;
        Ok(FieldPath { steps, object, ordinal, field })
    }

    /// Follows relationships up.
    pub(super) fn steps(&self, names: &[Name], at: usize, from: &'s Object) -> Bound<Vec<Step<'s>>> {
        if names.len() > MAX_LEVELS {
            let sentence = format!("a field path can go up at most {MAX_LEVELS} relationships");
            return Err(self.malformed(at, &sentence));
        }
        let mut steps: Vec<Step<'s>> = Vec::with_capacity(names.len());
        for name in names {
            let object = steps.last().map_or(from, |step| step.object);
            steps.push(self.step(name, object).ok_or_else(|| self.no_relationship(at, &name.text))?);
        }
        self.note(&steps, at)?;
        Ok(steps)
    }

    /// One relationship up from an object, if it has it and the user may see both ends.
    pub(super) fn step(&self, name: &Name, object: &'s Object) -> Option<Step<'s>> {
        let (reference, field) = object.relationship(&name.text)?;
        if object.name != NAME && !self.source.readable(&object.name, Some(reference)) {
            return None;
        }
        let parent = if field.polymorphic { NAME } else { field.reference_to.first()? };
        let parent = self.source.schema().object(parent)?;
        let seen = field.polymorphic || self.source.readable(&parent.name, None);
        let name = field.relationship_name.as_deref()?;
        seen.then_some(Step { name, reference, object: parent, polymorphic: field.polymorphic })
    }

    fn note(&self, steps: &[Step<'s>], at: usize) -> Bound<()> {
        let mut known = self.relationships.borrow_mut();
        for end in 1..=steps.len() {
            known.insert(steps[..end].iter().map(|step| step.name).collect::<Vec<_>>().join("."));
        }
        if known.len() <= MAX_RELATIONSHIPS {
            return Ok(());
        }
        let sentence = format!("a statement can use at most {MAX_RELATIONSHIPS} relationships to parents");
        Err(self.malformed(at, &sentence))
    }

    fn no_column(&self, at: usize, name: &str, object: &Object) -> Error {
        let sentence = format!(
            "No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure to append \
             the '__c' after the custom field name. {ADVICE}",
            object.name
        );
        self.invalid_field(at, &sentence)
    }

    fn no_relationship(&self, at: usize, name: &str) -> Error {
        let sentence = format!(
            "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. {ADVICE}"
        );
        self.invalid_field(at, &sentence)
    }

    pub(super) fn no_children(&self, path: &Path) -> Error {
        let sentence = format!(
            "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. {ADVICE}",
            path.last()
        );
        Error::at("INVALID_TYPE", self.statement, path.at(), &sentence)
    }

    /// A field or a function of one, where no aggregate may stand.
    pub(super) fn left(&self, expression: &Expression, scope: &Scope<'s>) -> Bound<Left<'s>> {
        let (path, function) = match expression {
            Expression::Path(path) => return Ok(Left { path: self.path(path, scope)?, function: Function::None }),
            Expression::Call { function, inner } => (self.argument(function, inner.as_deref(), scope)?, function),
        };
        let applied = function_of(&function.text, path.field.kind);
        applied.map(|applied| Left { path, function: applied }).map_err(|reason| {
            let sentence = match reason {
                Unfit::Unknown => format!("unexpected token: '{}'", function.text),
                Unfit::Type => format!("function {} does not apply to this field", function.text),
            };
            self.malformed(function.at, &sentence)
        })
    }

    /// The field in a function's parentheses.
    pub(super) fn argument(
        &self,
        function: &Name,
        inner: Option<&Expression>,
        scope: &Scope<'s>,
    ) -> Bound<FieldPath<'s>> {
        match inner {
            Some(Expression::Path(path)) => self.path(path, scope),
            Some(Expression::Call { function, .. }) => {
                Err(self.malformed(function.at, &format!("unexpected token: '{}'", function.text)))
            }
            None => Err(self.malformed(function.at, &format!("function {} needs a field", function.text))),
        }
    }

    /// `USING SCOPE`: everything, or what the user owns.
    pub(super) fn mine(&self, scope: &Name, object: &'s Object) -> Bound<Option<Filter<Left<'s>>>> {
        if scope.is("everything") {
            return Ok(None);
        }
        let owner = object.field("OwnerId").filter(|_| scope.is("mine"));
        let (ordinal, field) = owner.ok_or_else(|| {
            let sentence = format!("scope '{}' is not supported for {}", scope.text, object.name);
            self.malformed(scope.at, &sentence)
        })?;
        let path = FieldPath { steps: Vec::new(), object, ordinal, field };
        let matcher = Matcher::Equal(Key::Id(self.source.user()));
        Ok(Some(Filter::Test(Left { path, function: Function::None }, matcher)))
    }
}

impl Scope<'_> {
    /// The names with an alias, or the object's own name, taken off the front.
    fn expand<'n>(&self, parts: &'n [Name]) -> std::borrow::Cow<'n, [Name]> {
        let [first, rest @ ..] = parts else { return parts.into() };
        if let Some((_, path)) = self.aliases.iter().find(|(alias, _)| first.is(alias)) {
            return match path.is_empty() {
                true => rest.into(),
                false => [path.as_slice(), rest].concat().into(),
            };
        }
        let own = first.is(&self.object.name) && !rest.is_empty() && self.object.relationship(&first.text).is_none();
        if own { rest.into() } else { parts.into() }
    }
}

enum Unfit {
    Unknown,
    Type,
}

fn function_of(name: &str, kind: FieldType) -> Result<Function, Unfit> {
    const PARTS: [(&str, DatePart); 13] = [
        ("calendar_year", DatePart::CalendarYear),
        ("calendar_quarter", DatePart::CalendarQuarter),
        ("calendar_month", DatePart::CalendarMonth),
        ("fiscal_year", DatePart::CalendarYear),
        ("fiscal_quarter", DatePart::CalendarQuarter),
        ("fiscal_month", DatePart::CalendarMonth),
        ("day_in_year", DatePart::DayInYear),
        ("day_in_month", DatePart::DayInMonth),
        ("day_in_week", DatePart::DayInWeek),
        ("week_in_year", DatePart::WeekInYear),
        ("week_in_month", DatePart::WeekInMonth),
        ("hour_in_day", DatePart::HourInDay),
        ("day_only", DatePart::DayOnly),
    ];
    let (function, fits) = match name.to_ascii_lowercase().as_str() {
        "tolabel" => {
            let listed = matches!(kind, FieldType::Picklist | FieldType::MultiPicklist | FieldType::Combobox);
            (Function::Label, listed)
        }
        "format" => {
            let dated = matches!(kind, FieldType::Date | FieldType::DateTime | FieldType::Time);
            (Function::Format, dated || kind.is_number())
        }
        name => {
            let (_, part) = PARTS.iter().find(|(own, _)| *own == name).ok_or(Unfit::Unknown)?;
            let timed = matches!(part, DatePart::HourInDay | DatePart::DayOnly);
            (Function::Part(*part), kind == FieldType::DateTime || (kind == FieldType::Date && !timed))
        }
    };
    if fits { Ok(function) } else { Err(Unfit::Type) }
}
