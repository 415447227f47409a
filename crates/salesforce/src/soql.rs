//! SOQL, built from typed parts: a value cannot leave its quotes, and parentheses stand where Salesforce wants them
//! (Salesforce facts 4.1).

use std::fmt::{self, Write as _};

use jiff::civil::{Date, date};

use crate::sobject::{ApiName, NameError, SalesforceId};

const MOST_PARENT_STEPS: usize = 5;

/// A field, possibly of a parent: `Email`, `Account.Owner.Email`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<ApiName>);

/// Why a text is no field path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// One of the names between the dots is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// More steps up than SOQL follows.
    #[error("a field path may go up at most five parents")]
    TooDeep,
}

impl FieldPath {
    /// Reads a path of names joined by dots, at most five parents up.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.split('.').count() > MOST_PARENT_STEPS + 1 {
            return Err(PathError::TooDeep);
        }
        Ok(Self(text.split('.').map(ApiName::parse).collect::<Result<_, _>>()?))
    }

    /// The field `field` of the parent row that this path leads to.
    pub fn then(mut self, field: ApiName) -> Self {
        self.0.push(field);
        self
    }
}

impl From<ApiName> for FieldPath {
    fn from(name: ApiName) -> Self {
        Self(vec![name])
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_char('.')?;
            }
            write!(f, "{name}")?;
        }
        Ok(())
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Any text; it is escaped.
    Text(String),
    /// A record id.
    Id(SalesforceId),
    /// A calendar day. Days outside the years 1700 to 4000 become the nearest that SOQL knows.
    Date(Date),
    /// An instant, written in UTC, to the millisecond. Clamped like days.
    Instant(jiff::Timestamp),
    /// A whole number.
    Integer(i64),
    /// A checkbox.
    Checkbox(bool),
    /// No value.
    Null,
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<SalesforceId> for Literal {
    fn from(id: SalesforceId) -> Self {
        Self::Id(id)
    }
}

impl From<bool> for Literal {
    fn from(checked: bool) -> Self {
        Self::Checkbox(checked)
    }
}

impl From<jiff::Timestamp> for Literal {
    fn from(instant: jiff::Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl From<Date> for Literal {
    fn from(day: Date) -> Self {
        Self::Date(day)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", escape(text)),
            Self::Id(id) => write!(f, "'{id}'"),
            Self::Date(day) => write!(f, "{}", (*day).clamp(date(1700, 1, 1), date(4000, 12, 31))),
            Self::Instant(instant) => f.write_str(&render_instant(*instant)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Checkbox(checked) => write!(f, "{checked}"),
            Self::Null => f.write_str("null"),
        }
    }
}

fn render_instant(instant: jiff::Timestamp) -> String {
    let utc = jiff::tz::Offset::UTC.to_datetime(instant);
    let clamped = utc.clamp(date(1700, 1, 1).at(0, 0, 0, 0), date(4000, 12, 31).at(23, 59, 59, 0));
    let format = if clamped.subsec_nanosecond() == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%3fZ" };
    clamped.strftime(format).to_string()
}

/// Escapes a text for use between single quotes.
///
/// `@{` gets its brace escaped, too: inside a composite request it would be read as a reference to another
/// subrequest's answer (Salesforce facts 2.7). For SOQL `{` and `\u007B` are the same text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    let mut before = '\0';
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str(r"\\"),
            '\'' => escaped.push_str(r"\'"),
            '\n' => escaped.push_str(r"\n"),
            '\r' => escaped.push_str(r"\r"),
            '\t' => escaped.push_str(r"\t"),
            '\u{8}' => escaped.push_str(r"\b"),
            '\u{c}' => escaped.push_str(r"\f"),
            '{' if before == '@' => escaped.push_str(r"\u007B"),
            c if c.is_control() => {
                let _ = write!(escaped, r"\u{:04X}", u32::from(c));
            }
            c => escaped.push(c),
        }
        before = c;
    }
    escaped
}

/// Escapes a text for a LIKE pattern: quotes as above, and `%` and `_` stand for themselves.
fn escape_like(text: &str) -> String {
    escape(text).replace('%', r"\%").replace('_', r"\_")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Compare(FieldPath, Operator, Literal),
    In(FieldPath, Vec<Literal>),
    NotIn(FieldPath, Vec<Literal>),
    Like(FieldPath, String),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

/// A condition of a WHERE clause.
///
/// Texts compare without case (Salesforce facts 4.1).
/// Many conditions are joined with `conditions.reduce(Condition::or)`, which is `None` when there are none: what "no
/// condition" means is then the caller's decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Node);

impl Condition {
    fn compare(field: impl Into<FieldPath>, operator: Operator, value: impl Into<Literal>) -> Self {
        Self(Node::Compare(field.into(), operator, value.into()))
    }

    /// The field has this value.
    pub fn eq(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::Equal, value)
    }

    /// The field has another value, or none.
    pub fn ne(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::NotEqual, value)
    }

    /// The field is below this value.
    pub fn lt(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::Less, value)
    }

    /// The field is this value or below it.
    pub fn le(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::AtMost, value)
    }

    /// The field is above this value.
    pub fn gt(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::Greater, value)
    }

    /// The field is this value or above it.
    pub fn ge(field: impl Into<FieldPath>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::AtLeast, value)
    }

    /// The field has no value.
    pub fn is_null(field: impl Into<FieldPath>) -> Self {
        Self::eq(field, Literal::Null)
    }

    /// The field has a value.
    pub fn not_null(field: impl Into<FieldPath>) -> Self {
        Self::ne(field, Literal::Null)
    }

    /// The field has one of these values. `None` for an empty list: SOQL has no empty IN, and no row fits.
    pub fn is_in<V: Into<Literal>>(field: impl Into<FieldPath>, values: impl IntoIterator<Item = V>) -> Option<Self> {
        let values: Vec<Literal> = values.into_iter().map(Into::into).collect();
        (!values.is_empty()).then(|| Self(Node::In(field.into(), values)))
    }

    /// The field has none of these values; rows without a value are kept, which is written out because they would
    /// otherwise depend on how Salesforce treats nulls. `None` for an empty list: every row fits.
    pub fn not_in<V: Into<Literal>>(field: impl Into<FieldPath>, values: impl IntoIterator<Item = V>) -> Option<Self> {
        let field = field.into();
        let values: Vec<Literal> = values.into_iter().map(Into::into).collect();
        (!values.is_empty()).then(|| Self::is_null(field.clone()).or(Self(Node::NotIn(field, values))))
    }

    /// The field's text contains this text. `%` and `_` in it are only themselves, here and below.
    pub fn contains(field: impl Into<FieldPath>, text: &str) -> Self {
        Self(Node::Like(field.into(), format!("%{}%", escape_like(text))))
    }

    /// The field's text starts with this text.
    pub fn starts_with(field: impl Into<FieldPath>, text: &str) -> Self {
        Self(Node::Like(field.into(), format!("{}%", escape_like(text))))
    }

    /// The field's text ends with this text.
    pub fn ends_with(field: impl Into<FieldPath>, text: &str) -> Self {
        Self(Node::Like(field.into(), format!("%{}", escape_like(text))))
    }

    /// What holds already, if anything does, and this.
    pub(crate) fn also(before: Option<Self>, this: Self) -> Self {
        match before {
            Some(before) => before.and(this),
            None => this,
        }
    }

    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        let mut parts = match self.0 {
            Node::And(parts) => parts,
            node => vec![Self(node)],
        };
        match other.0 {
            Node::And(more) => parts.extend(more),
            node => parts.push(Self(node)),
        }
        Self(Node::And(parts))
    }

    /// At least one holds.
    pub fn or(self, other: Self) -> Self {
        let mut parts = match self.0 {
            Node::Or(parts) => parts,
            node => vec![Self(node)],
        };
        match other.0 {
            Node::Or(more) => parts.extend(more),
            node => parts.push(Self(node)),
        }
        Self(Node::Or(parts))
    }

    /// The condition does not hold.
    pub fn negated(self) -> Self {
        Self(Node::Not(Box::new(self)))
    }

    /// Writes the condition as a part of a larger one.
    fn write_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::And(_) | Node::Or(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Compare(field, operator, value) => write!(f, "{field} {} {value}", operator.symbol()),
            Node::In(field, values) => write!(f, "{field} IN ({})", list(values)),
            Node::NotIn(field, values) => write!(f, "{field} NOT IN ({})", list(values)),
            Node::Like(field, pattern) => write!(f, "{field} LIKE '{pattern}'"),
            Node::And(parts) => write_joined(f, parts, " AND "),
            Node::Or(parts) => write_joined(f, parts, " OR "),
            // Salesforce refuses a NOT beside AND or OR without parentheses around it.
            Node::Not(part) => {
                f.write_str("(NOT ")?;
                part.write_part(f)?;
                f.write_char(')')
            }
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[Condition], word: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        part.write_part(f)?;
    }
    Ok(())
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// What a query returns for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// A field under its own name.
    Field(FieldPath),
    /// A grouped field under another name; two grouped fields of one name (`Name`, `Account.Name`) need it.
    Aliased(FieldPath, ApiName),
    /// The number of rows of the group that have this field, under a name of our own.
    Count(FieldPath, ApiName),
    /// The greatest value in the group, under a name of our own.
    Max(FieldPath, ApiName),
}

impl<F: Into<FieldPath>> From<F> for Column {
    fn from(field: F) -> Self {
        Self::Field(field.into())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => write!(f, "{field}"),
            Self::Aliased(field, name) => write!(f, "{field} {name}"),
            Self::Count(field, name) => write!(f, "COUNT({field}) {name}"),
            Self::Max(field, name) => write!(f, "MAX({field}) {name}"),
        }
    }
}

/// One key of the order of rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Smallest first, rows without a value last.
    Ascending(FieldPath),
    /// Greatest first, rows without a value last.
    Descending(FieldPath),
    /// Groups with the most such rows first.
    MostCounted(FieldPath),
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ascending(field) => write!(f, "{field} ASC NULLS LAST"),
            Self::Descending(field) => write!(f, "{field} DESC NULLS LAST"),
            Self::MostCounted(field) => write!(f, "COUNT({field}) DESC"),
        }
    }
}

/// A query of one object. `to_string()` gives the SOQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    object: ApiName,
    columns: Vec<Column>,
    condition: Option<Condition>,
    group_by: Vec<FieldPath>,
    order_by: Vec<Order>,
    limit: Option<u32>,
}

/// What is returned of each row: these, else the `Id`.
pub(crate) fn or_the_id<C: From<ApiName>>(columns: impl IntoIterator<Item = impl Into<C>>) -> Vec<C> {
    let mut columns: Vec<C> = columns.into_iter().map(Into::into).collect();
    if columns.is_empty() {
        columns.push(ApiName::of("Id").into());
    }
    columns
}

impl Select {
    /// A query of `object` that returns `columns`; with none, the `Id`.
    pub fn from<C: Into<Column>>(object: ApiName, columns: impl IntoIterator<Item = C>) -> Self {
        let columns = or_the_id(columns);
        Self { object, columns, condition: None, group_by: Vec::new(), order_by: Vec::new(), limit: None }
    }

    /// Keeps only rows that fit; several calls must all fit.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(Condition::also(self.condition, condition));
        self
    }

    /// Groups the rows by this field. At most 2,000 groups come back, without paging: set a limit.
    #[must_use]
    pub fn group_by(mut self, field: impl Into<FieldPath>) -> Self {
        self.group_by.push(field.into());
        self
    }

    /// Adds a key to the order. Without an order Salesforce returns rows in any; end with the `Id`.
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.order_by.push(order);
        self
    }

    /// Returns at most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM {}", list(&self.columns), self.object)?;
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        if !self.group_by.is_empty() {
            write!(f, " GROUP BY {}", list(&self.group_by))?;
        }
        if !self.order_by.is_empty() {
            write!(f, " ORDER BY {}", list(&self.order_by))?;
        }
        if let Some(rows) = self.limit {
            write!(f, " LIMIT {rows}")?;
        }
        Ok(())
    }
}
