//! A statement as written: names are not looked up yet.

/// A name and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) at: usize,
}

impl Name {
    pub(super) fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }
}

/// A field, with the relationships that lead to it: at least one name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) parts: Vec<Name>,
}

impl Path {
    pub(super) fn at(&self) -> usize {
        self.parts.first().map_or(0, |part| part.at)
    }

    /// The last part: the field itself.
    pub(super) fn last(&self) -> &str {
        self.parts.last().map_or("", |part| &part.text)
    }

    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".")
    }
}

/// One SELECT, whole or in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) select: Vec<Item>,
    /// The object or child relationship.
    pub(super) from: From,
    /// `FROM Contact c, c.Account a`.
    pub(super) also_from: Vec<From>,
    pub(super) scope: Option<Name>,
    pub(super) condition: Option<Condition>,
    pub(super) group: Option<Group>,
    pub(super) having: Option<Condition>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<Count>,
    pub(super) offset: Option<Count>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct From {
    pub(super) path: Path,
    pub(super) alias: Option<Name>,
}

/// One thing in the SELECT list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// `COUNT()`, always alone.
    Count,
    Field {
        what: Expression,
        alias: Option<Name>,
    },
    Children(Box<Query>),
    TypeOf(TypeOf),
}

/// `TYPEOF Who WHEN Contact THEN Email ELSE Name END`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TypeOf {
    pub(super) relationship: Path,
    pub(super) when: Vec<(Name, Vec<Path>)>,
    pub(super) otherwise: Vec<Path>,
}

/// A field or a function of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Path(Path),
    Call { function: Name, inner: Option<Box<Expression>> },
}

impl Expression {
    pub(super) fn at(&self) -> usize {
        match self {
            Expression::Path(path) => path.at(),
            Expression::Call { function, .. } => function.at,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test(Test),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) left: Expression,
    pub(super) operator: Operator,
    pub(super) operator_at: usize,
    pub(super) right: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Like,
    In,
    NotIn,
    Includes,
    Excludes,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    One(Literal),
    List(Vec<Literal>),
    Query(Box<Query>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal {
    pub(super) kind: LiteralKind,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum LiteralKind {
    Null,
    Bool(bool),
    /// Escapes resolved; in a LIKE pattern `\%`, `_` and `\\` are kept.
    Text(String),
    Number(f64),
    Date(jiff::civil::Date),
    DateTime(jiff::Timestamp),
    Time(jiff::civil::Time),
    /// `TODAY`, `LAST_N_DAYS:30`.
    Relative {
        name: String,
        n: Option<i64>,
    },
    /// `:name`, which only Apex can fill.
    Bind,
}

/// GROUP BY.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) fields: Vec<Expression>,
    pub(super) kind: GroupKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    Plain,
    Rollup,
    Cube,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) what: Expression,
    pub(super) descending: bool,
    pub(super) nulls_last: Option<bool>,
}

/// The number of LIMIT or OFFSET.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    pub(super) value: Option<i64>,
    pub(super) at: usize,
}
