//! Random accounts and random conditions: the evaluator against a second, naive one that works on plain Rust values.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::org::Org;
use crate::schema::standard;

/// An account as the naive evaluator sees it.
#[derive(Debug, Clone)]
struct Account {
    name: Option<String>,
    site: Option<String>,
    employees: Option<i64>,
    revenue: Option<i64>,
    deleted: Option<bool>,
    /// A day of January 2026, at noon UTC.
    created: Option<i64>,
    /// The position of an earlier account.
    parent: Option<usize>,
}

#[derive(Debug, Clone)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Text(TextField, TextTest),
    Number(NumberField, &'static str, Option<i64>),
    Deleted(bool, Option<bool>),
    Parent(bool, Option<usize>),
}

#[derive(Debug, Clone, Copy)]
enum TextField {
    Name,
    Site,
    ParentName,
}

#[derive(Debug, Clone, Copy)]
enum NumberField {
    Employees,
    Revenue,
    Created,
}

#[derive(Debug, Clone)]
enum TextTest {
    Compare(&'static str, Option<String>),
    In(bool, Vec<Option<String>>),
    /// Pieces of a pattern: none is `%`, an empty text is `_`, others stand for themselves.
    Like(Vec<Option<String>>),
}

fn text() -> impl Strategy<Value = String> {
    "[aAbB%_'\\\\é]{1,3}"
}

fn account(at: usize) -> impl Strategy<Value = Account> {
    let parent = if at == 0 { Just(None).boxed() } else { option::of(0..at).boxed() };
    let fields = (option::of(text()), option::of(text()), option::of(-2..3_i64), option::of(-2..3_i64));
    (fields, option::of(any::<bool>()), option::of(1..5_i64), parent).prop_map(
        |((name, site, employees, revenue), deleted, created, parent)| Account {
            name,
            site,
            employees,
            revenue,
            deleted,
            created,
            parent,
        },
    )
}

fn accounts() -> impl Strategy<Value = Vec<Account>> {
    (1..12_usize).prop_flat_map(|count| (0..count).map(account).collect::<Vec<_>>())
}

fn comparison() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["=", "!=", "<>"])
}

fn ordering() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["=", "!=", "<>", "<", ">", "<=", ">="])
}

fn text_test() -> impl Strategy<Value = TextTest> {
    let piece = option::of(prop_oneof![Just(String::new()), text()]);
    prop_oneof![
        (comparison(), option::of(prop_oneof![Just(String::new()), text()])).prop_map(|(o, t)| TextTest::Compare(o, t)),
        (any::<bool>(), vec(option::of(text()), 1..4)).prop_map(|(positive, list)| TextTest::In(positive, list)),
        vec(piece, 1..4).prop_map(TextTest::Like),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    use NumberField::{Created, Employees, Revenue};
    use TextField::{Name, ParentName, Site};
    let leaf = prop_oneof![
        (prop::sample::select(vec![Name, Site, ParentName]), text_test()).prop_map(|(f, t)| Condition::Text(f, t)),
        (prop::sample::select(vec![Employees, Revenue, Created]), ordering(), 1..4_i64)
            .prop_map(|(f, o, n)| Condition::Number(f, o, Some(n))),
        (prop::sample::select(vec![Employees, Revenue, Created]), comparison())
            .prop_map(|(f, o)| Condition::Number(f, o, None)),
        (any::<bool>(), option::of(any::<bool>())).prop_map(|(equal, value)| Condition::Deleted(equal, value)),
        (any::<bool>(), option::of(0..12_usize)).prop_map(|(equal, parent)| Condition::Parent(equal, parent)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Condition::And),
            vec(inner.clone(), 1..4).prop_map(Condition::Or),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

// --- as SOQL ---

fn quoted(text: &Option<String>) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    text.as_deref().map_or("null".to_owned(), |text| format!("'{}'", escape(text)))
}

fn id(account: usize) -> String {
    crate::id::SalesforceId::from_number(b"001", b"Sim", account as u64 + 1).to_string()
}

impl Condition {
    fn soql(&self) -> String {
        let join = |parts: &[Condition], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| format!("({})", part.soql())).collect();
            parts.join(word)
        };
        match self {
            Condition::And(parts) => join(parts, " AND "),
            Condition::Or(parts) => join(parts, " OR "),
            Condition::Not(part) => format!("NOT ({})", part.soql()),
            Condition::Text(field, test) => test.soql(match field {
                TextField::Name => "Name",
                TextField::Site => "Site",
                TextField::ParentName => "Parent.Name",
            }),
            Condition::Number(field, operator, number) => field.soql(operator, *number),
            Condition::Deleted(equal, value) => {
                let value = value.map_or("null".to_owned(), |value| value.to_string());
                format!("IsDeleted {} {value}", if *equal { "=" } else { "!=" })
            }
            Condition::Parent(equal, parent) => {
                let parent = parent.map_or("null".to_owned(), |parent| format!("'{}'", id(parent)));
                format!("ParentId {} {parent}", if *equal { "=" } else { "!=" })
            }
        }
    }
}

impl TextTest {
    fn soql(&self, field: &str) -> String {
        match self {
            TextTest::Compare(operator, text) => format!("{field} {operator} {}", quoted(text)),
            TextTest::In(positive, list) => {
                let list: Vec<String> = list.iter().map(quoted).collect();
                format!("{field} {} ({})", if *positive { "IN" } else { "NOT IN" }, list.join(", "))
            }
            TextTest::Like(pieces) => {
                let pieces: Vec<String> = pieces
                    .iter()
                    .map(|piece| match piece.as_deref() {
                        None => "%".to_owned(),
                        Some("") => "_".to_owned(),
                        Some(text) => {
                            let text = text.replace('\\', "\\\\").replace('\'', "\\'");
                            text.replace('%', "\\%").replace('_', "\\_")
                        }
                    })
                    .collect();
                format!("{field} LIKE '{}'", pieces.concat())
            }
        }
    }
}

impl NumberField {
    fn soql(self, operator: &str, number: Option<i64>) -> String {
        let (name, number) = match (self, number) {
            (NumberField::Employees, n) => ("NumberOfEmployees", n.map(|n| n.to_string())),
            (NumberField::Revenue, n) => ("AnnualRevenue", n.map(|n| format!("{n}.0"))),
            (NumberField::Created, n) => ("CreatedDate", n.map(instant)),
        };
        format!("{name} {operator} {}", number.unwrap_or_else(|| "null".to_owned()))
    }
}

fn instant(day: i64) -> String {
    format!("2026-01-{day:02}T12:00:00Z")
}

// --- the naive evaluator ---

fn fold(text: &str) -> Vec<char> {
    text.to_lowercase().chars().collect()
}

fn same(a: &Option<String>, b: &Option<String>) -> bool {
    let known = |text: &Option<String>| text.as_ref().filter(|t| !t.is_empty()).map(|t| fold(t));
    known(a) == known(b)
}

fn like(pieces: &[Option<String>], text: &[char]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first.as_deref() {
        None => (0..=text.len()).any(|skip| like(rest, &text[skip..])),
        Some("") => !text.is_empty() && like(rest, &text[1..]),
        Some(literal) => text.strip_prefix(fold(literal).as_slice()).is_some_and(|after| like(rest, after)),
    }
}

impl Condition {
    fn holds(&self, account: &Account, all: &[Account]) -> bool {
        match self {
            Condition::And(parts) => parts.iter().all(|part| part.holds(account, all)),
            Condition::Or(parts) => parts.iter().any(|part| part.holds(account, all)),
            Condition::Not(part) => !part.holds(account, all),
            Condition::Text(field, test) => test.holds(match field {
                TextField::Name => &account.name,
                TextField::Site => &account.site,
                TextField::ParentName => account.parent.map_or(&None, |parent| &all[parent].name),
            }),
            Condition::Number(field, operator, wanted) => {
                let own = match field {
                    NumberField::Employees => account.employees,
                    NumberField::Revenue => account.revenue,
                    NumberField::Created => account.created,
                };
                let both = own.zip(*wanted);
                match *operator {
                    "=" => own == *wanted,
                    "!=" | "<>" => own != *wanted,
                    "<" => both.is_some_and(|(a, b)| a < b),
                    ">" => both.is_some_and(|(a, b)| a > b),
                    "<=" => both.is_some_and(|(a, b)| a <= b),
                    _ => both.is_some_and(|(a, b)| a >= b),
                }
            }
            Condition::Deleted(equal, value) => {
                let same = (account.deleted == Some(true)) == (*value == Some(true));
                same == *equal
            }
            Condition::Parent(equal, parent) => (account.parent == *parent) == *equal,
        }
    }
}

impl TextTest {
    fn holds(&self, own: &Option<String>) -> bool {
        match self {
            TextTest::Compare("=", wanted) => same(own, wanted),
            TextTest::Compare(_, wanted) => !same(own, wanted),
            TextTest::In(positive, list) => list.iter().any(|wanted| same(own, wanted)) == *positive,
            TextTest::Like(pieces) => own.as_ref().is_some_and(|own| like(pieces, &fold(own))),
        }
    }
}

// --- the comparison ---

fn org_of(accounts: &[Account]) -> Org {
    let mut org = Org::new(standard());
    for account in accounts {
        let mut fields: Vec<(&str, String)> = Vec::new();
        let mut set = |name: &'static str, value: Option<String>| fields.extend(value.map(|value| (name, value)));
        set("Name", account.name.clone());
        set("Site", account.site.clone());
        set("NumberOfEmployees", account.employees.map(|n| n.to_string()));
        set("AnnualRevenue", account.revenue.map(|n| n.to_string()));
        set("IsDeleted", account.deleted.map(|yes| yes.to_string()));
        set("CreatedDate", account.created.map(instant));
        set("ParentId", account.parent.map(id));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        org.add("Account", &fields);
    }
    org
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn conditions_find_what_a_naive_reading_finds(accounts in accounts(), condition in condition()) {
        let expected: Vec<String> =
            accounts.iter().enumerate().filter(|(_, a)| condition.holds(a, &accounts)).map(|(at, _)| id(at)).collect();
        let statement = format!("SELECT Id FROM Account WHERE {}", condition.soql());
        let mut org = org_of(&accounts);
        for indexed in [true, false] {
            org.indexed = indexed;
            let answer = org.query(&statement).map_err(|e| TestCaseError::fail(format!("{statement}\n{}", e.message)))?;
            let found: Vec<_> = answer.records.iter().filter_map(|r| r["Id"].as_str()).map(str::to_owned).collect();
            prop_assert_eq!(&found, &expected, "{}, with indexes: {}", statement, indexed);
            prop_assert!(answer.rows_scanned as usize >= found.len());
            let count = statement.replacen("SELECT Id", "SELECT COUNT()", 1);
            prop_assert_eq!(org.query(&count).map(|answer| answer.total), Ok(expected.len()));
        }
    }

    #[test]
    fn no_text_breaks_the_parser(statement in "(SELECT|select|FROM|WHERE|Id|Account|\\(|\\)|,|'|=|LIKE|AND|NOT|IN|LIMIT|1|\\.|\\\\|:|é|-| ){0,40}") {
        let _ = org_of(&[]).query(&statement);
    }
}
