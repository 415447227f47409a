//! Whatever a text from outside holds, in a whole statement or request it is only that text. The readers here follow Salesforce's
//! documents (facts 2.7, 4.1) and share nothing with the code that writes.

use proptest::prelude::*;
use salesforce::client::ApiVersion;
use salesforce::composite::{
    CompositeError, CompositeRequest, CreateOptions, FieldValue, RecordBody, ReferenceId, Subrequest,
};
use salesforce::sobject::ApiName;
use salesforce::soql::{Condition, Order, Select};
use serde_json::Value;

const ACCOUNT: ApiName = ApiName::of("Account");
const EVENT: ApiName = ApiName::of("Event");
const ID: ApiName = ApiName::of("Id");
const KEY: ApiName = ApiName::of("Matchbook_Booking_Id__c");
const NAME: ApiName = ApiName::of("Name");
const WEBSITE: ApiName = ApiName::of("Website");

/// The longest text that is tried, in characters: more than any field that is asked for holds.
const LONGEST: usize = 4000;

/// What breaks out of quotes, patterns, lines, statements, references and addresses where it is not held.
const PIECES: [&str; 34] = [
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "\\\\'",
    "%",
    "_",
    "\\%",
    "\\_",
    "{",
    "}",
    "@",
    "@{",
    "@{p0.id}",
    "@{q.records[0].Id}",
    "\n",
    "\r",
    "\t",
    "\u{8}",
    "\u{c}",
    "\0",
    "\u{85}",
    "\u{2028}",
    "\u{200f}",
    "\u{202e}",
    "\u{1f600}",
    "e\u{301}",
    "\\u0027",
    "') OR (Name != '",
    "' LIMIT 1 --",
    "&q=%27?#/",
    "+",
    "Acme",
];

fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = |most| prop::collection::vec(prop::sample::select(&PIECES[..]), 0..=most).prop_map(|all| all.concat());
    let long =
        (pieces(6), 1..LONGEST).prop_map(|(piece, length)| piece.chars().cycle().take(length).collect::<String>());
    let longest = prop::sample::select(&PIECES[..]).prop_map(|piece| piece.chars().cycle().take(LONGEST).collect());
    prop_oneof![6 => pieces(12), 3 => any::<String>(), 2 => long, 1 => longest]
}

/// What a string literal stands for, character by character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Itself(char),
    /// `%` in a LIKE.
    AnyRun,
    /// `_` in a LIKE.
    AnyOne,
}

/// A statement taken apart: what stands outside its literals, with `?` where each of them is, and the literals.
#[derive(Debug, PartialEq)]
struct Parts {
    outside: String,
    literals: Vec<Vec<Meaning>>,
}

/// Reads a statement as Salesforce does; `None` where Salesforce would refuse it.
fn take_apart(soql: &str) -> Option<Parts> {
    let (mut outside, mut literals) = (String::new(), Vec::new());
    let mut rest = soql.chars();
    while let Some(c) = rest.next() {
        if c != '\'' {
            outside.push(c);
            continue;
        }
        literals.push(literal(&mut rest, outside.ends_with(" LIKE "))?);
        outside.push('?');
    }
    Some(Parts { outside, literals })
}

/// The literal whose opening quote has been read, to behind its closing one.
fn literal(rest: &mut std::str::Chars<'_>, like: bool) -> Option<Vec<Meaning>> {
    let mut read = Vec::new();
    loop {
        read.push(match rest.next()? {
            '\'' => return Some(read),
            '\\' => Meaning::Itself(escaped(rest, like)?),
            '%' if like => Meaning::AnyRun,
            '_' if like => Meaning::AnyOne,
            '\n' | '\r' | '\0' => return None,
            c => Meaning::Itself(c),
        });
    }
}

fn escaped(rest: &mut std::str::Chars<'_>, like: bool) -> Option<char> {
    Some(match rest.next()? {
        'n' | 'N' => '\n',
        'r' | 'R' => '\r',
        't' | 'T' => '\t',
        'b' | 'B' => '\u{8}',
        'f' | 'F' => '\u{c}',
        c @ ('"' | '\'' | '\\') => c,
        c @ ('_' | '%') if like => c,
        'u' => {
            let digits: String = rest.take(4).collect();
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4)?;
            char::from_u32(code)?
        }
        _ => return None,
    })
}

fn itself(text: &str) -> Vec<Meaning> {
    text.chars().map(Meaning::Itself).collect()
}

/// Whether LIKE finds the value by the pattern: it must match as a whole.
fn like(pattern: &[Meaning], value: &[char]) -> bool {
    let mut reached = vec![false; value.len() + 1];
    reached[0] = true;
    for meaning in pattern {
        let before = reached.clone();
        for at in 0..reached.len() {
            let behind_one = |fits: bool| at > 0 && fits && before[at - 1];
            reached[at] = match meaning {
                Meaning::AnyRun => before[..=at].contains(&true),
                Meaning::AnyOne => behind_one(true),
                Meaning::Itself(c) => behind_one(at > 0 && value[at - 1] == *c),
            };
        }
    }
    reached[value.len()]
}

/// A statement with all places where texts stand: compared with, in lists, in patterns, negated.
fn statement(texts: [&str; 4]) -> String {
    let [a, b, c, d] = texts;
    let listed = Condition::is_in(NAME, [a, b]).expect("two values");
    let left_out = Condition::not_in(NAME, [c, d]).expect("two values");
    let found = Condition::contains(WEBSITE, a)
        .or(Condition::starts_with(WEBSITE, b))
        .or(Condition::ends_with(WEBSITE, c).negated());
    Select::from(ACCOUNT, [ID, NAME])
        .filter(Condition::eq(NAME, a))
        .filter(Condition::ne(NAME, d))
        .filter(listed)
        .filter(left_out)
        .filter(found)
        .order_by(Order::Ascending(ID.into()))
        .limit(2000)
        .to_string()
}

const OUTSIDE: &str = "SELECT Id,Name FROM Account WHERE Name = ? AND Name != ? AND Name IN (?,?) AND (Name = null OR Name NOT IN (?,?)) \
                       AND (Website LIKE ? OR Website LIKE ? OR (NOT Website LIKE ?)) ORDER BY Id ASC NULLS LAST LIMIT 2000";

/// The address that a part of a composite request asks, without escapes, as the server reads it.
fn address(part: Subrequest) -> Result<(String, String), CompositeError> {
    let part = sent(vec![part])?.remove(0);
    let written = part["url"].as_str().expect("an address is a text").to_owned();
    let mut bytes = Vec::new();
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).expect("two digits follow %");
        bytes.push(if byte == b'%' { u8::try_from(digit() * 16 + digit()).expect("a byte") } else { byte });
    }
    Ok((written, String::from_utf8(bytes).expect("an address is UTF-8")))
}

/// The parts as they are sent, named `p0`, `p1` and so on.
fn sent(parts: Vec<Subrequest>) -> Result<Vec<Value>, CompositeError> {
    let mut request = CompositeRequest::default();
    for (i, part) in parts.into_iter().enumerate() {
        request.push(ReferenceId::parse(&format!("p{i}"))?, part)?;
    }
    let mut sent = request.to_json(ApiVersion::DEFAULT);
    Ok(sent["compositeRequest"].as_array_mut().map(std::mem::take).expect("parts are a list"))
}

fn create(fields: impl IntoIterator<Item = (&'static str, FieldValue)>) -> Subrequest {
    let mut body = RecordBody::default();
    for (field, value) in fields {
        body.set(ApiName::of(field), value);
    }
    Subrequest::Create { object: EVENT, body, options: CreateOptions::default() }
}

/// The text with a space in every `@{`: what the documentation of `composite` promises, read letter by letter.
fn with_references_broken(text: &str) -> String {
    let mut broken = String::new();
    for c in text.chars() {
        if c == '{' && broken.ends_with('@') {
            broken.push(' ');
        }
        broken.push(c);
    }
    broken
}

#[test]
fn the_reader_of_these_tests_knows_a_bad_statement() {
    for bad in ["Name = 'a", r"Name = 'a\'", r"Name = 'a\x'", r"Name = 'a\%'", "Name = 'a\nb'", r"Name = '\u12'"] {
        assert_eq!(take_apart(bad), None, "{bad}");
    }
    let broken_out = take_apart("Name = 'a' OR Name != ''").expect("it is well-formed");
    assert_eq!((broken_out.outside.as_str(), broken_out.literals.len()), ("Name = ? OR Name != ?", 2));
    let pattern = &take_apart(r"Website LIKE '%100\%\_a_'").expect("it is well-formed").literals[0];
    let found = |value: &str| like(pattern, &value.chars().collect::<Vec<_>>());
    assert!(found("x100%_ab") && !found("x100_%ab") && !found("x1000_ab") && !found("100%_a"));
}

proptest! {
    #[test]
    fn a_statement_holds_its_texts_and_nothing_of_them_outside_its_literals(
        a in hostile_text(), b in hostile_text(), c in hostile_text(), d in hostile_text(),
    ) {
        let soql = statement([&a, &b, &c, &d]);
        let Some(Parts { outside, literals }) = take_apart(&soql) else {
            return Err(TestCaseError::fail(format!("Salesforce would refuse {soql:?}")));
        };
        prop_assert_eq!(outside, OUTSIDE, "a text stands outside its quotes");
        let run = || vec![Meaning::AnyRun];
        let (contains, starts, ends) =
            ([run(), itself(&a), run()].concat(), [itself(&b), run()].concat(), [run(), itself(&c)].concat());
        let wanted = [itself(&a), itself(&d), itself(&a), itself(&b), itself(&c), itself(&d), contains, starts, ends];
        prop_assert_eq!(literals, wanted, "a text is read as another");
        prop_assert!(!soql.contains("@\u{7b}"), "a composite request would read a reference: {}", soql);
        prop_assert!(!soql.chars().any(char::is_control), "a control character is sent as it is: {:?}", soql);
    }

    #[test]
    fn wildcards_of_a_text_find_only_themselves(
        text in r#"[a%_\\'{@"]{1,12}"#, front in "[ab%_]{0,3}", end in "[ab%_]{0,3}", other in r#"[a%_\\'{@"]{1,12}"#,
    ) {
        let finds = |condition: Condition, value: &str| {
            let parts = take_apart(&condition.to_string()).expect("the condition is well-formed");
            like(&parts.literals[0], &value.chars().collect::<Vec<_>>())
        };
        let around = format!("{front}{text}{end}");
        prop_assert!(finds(Condition::contains(WEBSITE, &text), &around));
        for value in [around.as_str(), &other, &text.replace('_', "x"), &text.replace('%', "xy"), &text.replace('%', "")] {
            prop_assert_eq!(finds(Condition::contains(WEBSITE, &text), value), value.contains(&text), "in {}", value);
            prop_assert_eq!(finds(Condition::starts_with(WEBSITE, &text), value), value.starts_with(&text), "in {}", value);
            prop_assert_eq!(finds(Condition::ends_with(WEBSITE, &text), value), value.ends_with(&text), "in {}", value);
        }
    }

    #[test]
    fn a_statement_reaches_the_org_as_it_was_written(text in hostile_text(), include_deleted: bool) {
        let select = Select::from(ACCOUNT, [ID]).filter(Condition::contains(NAME, &text));
        let soql = select.to_string();
        let (written, read) = address(Subrequest::Query { select, include_deleted }).expect("a query fits");
        let resource = if include_deleted { "queryAll" } else { "query" };
        prop_assert_eq!(read, format!("/services/data/v66.0/{resource}?q={soql}"));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/?=.-_~%".contains(&b);
        prop_assert!(written.bytes().all(plain), "{} could be read otherwise", written);
        prop_assert_eq!(written.matches(['?', '=']).count(), 2, "one parameter alone is sent: {}", written);
    }

    #[test]
    fn a_text_in_a_body_is_no_reference_and_a_reference_is_one(text in hostile_text(), other in hostile_text()) {
        let p0 = || FieldValue::IdOf(ReferenceId::parse("p0").expect("a name"));
        let list = FieldValue::List(vec![FieldValue::Text(other.clone()), p0()]);
        let fields = [("Subject", FieldValue::Text(text.clone())), ("WhoId", p0()), ("EventWhoIds", list)];
        let parts = sent(vec![create([("Subject", "Demo".into())]), create(fields)]).expect("it fits");
        let body = &parts[1]["body"];
        prop_assert_eq!(&body["Subject"], &Value::from(with_references_broken(&text)));
        prop_assert_eq!(&body["EventWhoIds"][0], &Value::from(with_references_broken(&other)));
        let whole = Value::from(parts).to_string();
        prop_assert_eq!(whole.matches("@\u{7b}").count(), 2, "only the two that are meant: {}", whole);
        prop_assert_eq!(whole.matches("@\u{7b}p0.id}").count(), 2);
    }

    #[test]
    fn a_key_is_one_step_of_the_address_or_is_refused(value in hostile_text()) {
        let part = Subrequest::Upsert { object: EVENT, key: KEY, value: value.clone(), body: RecordBody::default() };
        match address(part) {
            Ok((written, read)) => {
                let front = "/services/data/v66.0/sobjects/Event/Matchbook_Booking_Id__c/";
                prop_assert_eq!(read, format!("{front}{value}"));
                let step = written.strip_prefix(front).expect("the key stands last");
                prop_assert!(!step.contains(['/', '?', '#', '@', '\u{7b}']), "{} is more than a key", step);
                prop_assert!(!value.is_empty() && !value.contains("@\u{7b}"), "{:?} cannot be a key", value);
            }
            Err(refused) => {
                prop_assert!(matches!(refused, CompositeError::Key(_)), "{}", refused);
                let none = matches!(value.as_str(), "" | "." | "..");
                prop_assert!(none || value.contains("@\u{7b}"), "{:?} can be a key", value);
            }
        }
    }
}
