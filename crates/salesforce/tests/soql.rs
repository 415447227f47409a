//! What the SOQL builder writes, judged by a reader of its own.

use jiff::civil::date;
use proptest::prelude::*;
use salesforce::sobject::{ApiName, SalesforceId};
use salesforce::soql::{Column, Condition, FieldPath, Literal, Order, Select};

const ACCOUNT: ApiName = ApiName::of("Account");
const CONTACT: ApiName = ApiName::of("Contact");
const EMAIL: ApiName = ApiName::of("Email");
const ID: ApiName = ApiName::of("Id");
const NAME: ApiName = ApiName::of("Name");
const WEBSITE: ApiName = ApiName::of("Website");

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path of the test is valid")
}

#[test]
fn a_query_is_written_clause_by_clause() {
    let soql = Select::from(CONTACT, [path("Id"), path("Account.Owner.Email")])
        .filter(Condition::eq(EMAIL, "o'neil@acme.com"))
        .filter(Condition::not_null(ApiName::of("AccountId")))
        .order_by(Order::Descending(path("LastActivityDate")))
        .order_by(Order::Ascending(ID.into()))
        .limit(200)
        .to_string();
    assert_eq!(
        soql,
        "SELECT Id,Account.Owner.Email FROM Contact WHERE Email = 'o\\'neil@acme.com' AND AccountId != null \
         ORDER BY LastActivityDate DESC NULLS LAST,Id ASC NULLS LAST LIMIT 200"
    );
}

#[test]
fn contacts_of_a_domain_are_counted_by_account() {
    let columns = [
        Column::Field(path("AccountId")),
        Column::Aliased(path("Account.Name"), ApiName::of("accountName")),
        Column::Count(ID.into(), ApiName::of("contacts")),
    ];
    let soql = Select::from(CONTACT, columns)
        .filter(Condition::ends_with(EMAIL, "@acme.com"))
        .group_by(path("AccountId"))
        .group_by(path("Account.Name"))
        .order_by(Order::MostCounted(ID.into()))
        .limit(2000);
    assert_eq!(
        soql.to_string(),
        "SELECT AccountId,Account.Name accountName,COUNT(Id) contacts FROM Contact WHERE Email LIKE '%@acme.com' \
         GROUP BY AccountId,Account.Name ORDER BY COUNT(Id) DESC LIMIT 2000"
    );
}

#[test]
fn parentheses_stand_wherever_and_or_and_not_meet() {
    let a = || Condition::eq(NAME, "a");
    let b = || Condition::eq(NAME, "b");
    let c = || Condition::eq(NAME, "c");
    let written = |condition: Condition| condition.to_string();
    assert_eq!(written(a().and(b()).or(c())), "(Name = 'a' AND Name = 'b') OR Name = 'c'");
    assert_eq!(written(a().and(b().or(c()))), "Name = 'a' AND (Name = 'b' OR Name = 'c')");
    assert_eq!(written(a().and(b().negated())), "Name = 'a' AND (NOT Name = 'b')");
    assert_eq!(written(a().or(b()).negated()), "(NOT (Name = 'a' OR Name = 'b'))");
    assert_eq!(written(a().and(b()).and(c())), "Name = 'a' AND Name = 'b' AND Name = 'c'", "no needless parentheses");
    assert_eq!(
        [a(), b(), c()].into_iter().reduce(Condition::or).map(written).as_deref(),
        Some("Name = 'a' OR Name = 'b' OR Name = 'c'")
    );
}

#[test]
fn an_empty_list_is_no_condition() {
    assert_eq!(Condition::is_in(ID, Vec::<SalesforceId>::new()), None, "IN () is a syntax error in SOQL");
    let ids = ["001dM00003jU9Gy"].map(|id| SalesforceId::parse(id).expect("valid"));
    assert_eq!(
        Condition::is_in(ID, ids).map(|c| c.to_string()).as_deref(),
        Some("Id IN ('001dM00003jU9GyQAK')"),
        "an id is written in quotes, with 18 characters"
    );
}

#[test]
fn excluding_values_keeps_rows_without_a_value() {
    let excluded = Condition::not_in(path("RecordType.DeveloperName"), ["Partner"]).expect("one value");
    assert_eq!(
        Condition::eq(EMAIL, "a@b.c").and(excluded).to_string(),
        "Email = 'a@b.c' AND (RecordType.DeveloperName = null OR RecordType.DeveloperName NOT IN ('Partner'))"
    );
    assert_eq!(Condition::not_in(ID, Vec::<SalesforceId>::new()), None, "nothing is excluded");
}

#[test]
fn values_other_than_texts_are_not_quoted() {
    let written = |literal: Literal| literal.to_string();
    assert_eq!(written(true.into()), "true");
    assert_eq!(written(Literal::Null), "null");
    assert_eq!(written(Literal::Integer(-7)), "-7");
    assert_eq!(written(date(2026, 3, 8).into()), "2026-03-08");
    assert_eq!(written(date(-44, 3, 15).into()), "1700-01-01", "SOQL knows no earlier day");
    let instant = |text: &str| Literal::Instant(text.parse().expect("an instant of the test is valid")).to_string();
    assert_eq!(instant("2026-03-08T10:00:00+01:00"), "2026-03-08T09:00:00Z");
    assert_eq!(instant("2026-03-08T09:00:00.1234Z"), "2026-03-08T09:00:00.123Z");
    assert_eq!(instant("9999-01-01T00:00:00Z"), "4000-12-31T23:59:59Z");
}

#[test]
fn a_path_goes_up_five_parents_at_most() {
    assert!(FieldPath::parse("A.B.C.D.E.F").is_ok());
    assert!(FieldPath::parse("A.B.C.D.E.F.G").is_err());
    for bad in ["", ".", "A.", "A..B", "A.B'", "Id FROM User"] {
        assert!(FieldPath::parse(bad).is_err(), "{bad:?} is no path");
    }
}

#[test]
fn wildcards_in_an_outside_text_are_only_themselves() {
    let condition = Condition::contains(WEBSITE, r"100%_\'x");
    assert_eq!(condition.to_string(), r"Website LIKE '%100\%\_\\\'x%'");
}

#[test]
fn a_text_that_looks_like_a_reference_is_not_one() {
    let soql = Select::from(ACCOUNT, [ID]).filter(Condition::eq(NAME, "@{p0.id}")).to_string();
    assert!(!soql.contains("@{"), "a composite request would replace it by another record's id: {soql}");
}

/// Reads a SOQL string literal as Salesforce documents it. Gives the text and what follows the closing quote; in a
/// LIKE pattern, bare wildcards become `None`.
fn read_literal(soql: &str, like: bool) -> Option<(Vec<Option<char>>, &str)> {
    let mut rest = soql.strip_prefix('\'')?.chars();
    let mut text = Vec::new();
    loop {
        text.push(match rest.next()? {
            '\'' => return Some((text, rest.as_str())),
            '\\' => Some(read_escape(&mut rest, like)?),
            '%' | '_' if like => None,
            c if c.is_control() => return None,
            c => Some(c),
        });
    }
}

fn read_escape(rest: &mut std::str::Chars<'_>, like: bool) -> Option<char> {
    match rest.next()? {
        c @ ('\\' | '\'' | '"') => Some(c),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'u' => char::from_u32(u32::from_str_radix(&rest.by_ref().take(4).collect::<String>(), 16).ok()?),
        c @ ('%' | '_') if like => Some(c),
        _ => None,
    }
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[\\'"%_@{}\n\r\t\x00-\x1f\x7f-\x9fnu0a-c ]{0,40}"#]
}

proptest! {
    #[test]
    fn any_text_stays_inside_its_quotes(text in hostile_text()) {
        let written = Literal::from(text.as_str()).to_string();
        let (read, rest) = read_literal(&written, false).expect("the literal is well-formed");
        prop_assert_eq!(rest, "", "nothing stands outside the quotes");
        prop_assert_eq!(read, text.chars().map(Some).collect::<Vec<_>>());
        prop_assert!(!written.contains("@\u{7b}"), "a composite request would read a reference");
    }

    #[test]
    fn any_text_in_a_pattern_means_itself(text in hostile_text()) {
        let written = Condition::contains(WEBSITE, &text).to_string();
        let pattern = written.strip_prefix("Website LIKE ").expect("the condition is a LIKE");
        let (read, rest) = read_literal(pattern, true).expect("the pattern is well-formed");
        prop_assert_eq!(rest, "");
        let wanted = std::iter::once(None).chain(text.chars().map(Some)).chain(std::iter::once(None));
        prop_assert_eq!(read, wanted.collect::<Vec<_>>(), "only the outer two wildcards are wildcards");
    }
}
