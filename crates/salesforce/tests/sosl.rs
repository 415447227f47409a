//! What the SOSL builder writes, judged by a reader of its own.

use proptest::prelude::*;
use salesforce::client::ApiVersion;
use salesforce::sobject::ApiName;
use salesforce::soql::{Condition, Order};
use salesforce::sosl::{Find, FindError};

const ACCOUNT: ApiName = ApiName::of("Account");
const ID: ApiName = ApiName::of("Id");
const NAME: ApiName = ApiName::of("Name");

/// Characters that SOSL gives a meaning (Salesforce facts 4.2).
const RESERVED: &str = r#"?&|!{}[]()^~*:\"'+-"#;

fn find(text: &str) -> Result<Find, FindError> {
    Find::any_of([text], ACCOUNT, [ID])
}

#[test]
fn a_search_is_written_clause_by_clause() {
    let find = Find::any_of(["acme-corp.com", "acme"], ACCOUNT, [ID, NAME])
        .expect("both hold letters")
        .filter(Condition::eq(NAME, "O'Neil"))
        .filter(Condition::not_null(ApiName::of("OwnerId")))
        .order_by(Order::Ascending(ApiName::of("CreatedDate").into()))
        .limit(2000);
    assert_eq!(
        find.to_string(),
        "FIND {\"acme\\-corp.com\" OR \"acme\"} IN ALL FIELDS RETURNING Account(Id,Name WHERE Name = 'O\\'Neil' AND \
         OwnerId != null ORDER BY CreatedDate ASC NULLS LAST LIMIT 2000)"
    );
    let path = self::find("a b").expect("it holds letters").path(ApiVersion::DEFAULT);
    assert!(path.starts_with("/services/data/v66.0/search?q=FIND%20%7B%22a%20b%22%7D%20IN"), "{path}");
}

#[test]
fn what_salesforce_would_answer_with_nothing_is_refused_here() {
    for text in ["", " ", "--", "\"", "\u{0}"] {
        assert_eq!(find(text).map(|find| find.to_string()), Err(FindError::NoWords), "{text:?}");
    }
    assert_eq!(Find::any_of([""; 0], ACCOUNT, [ID]), Err(FindError::NoWords), "no text is nothing to look for");
    assert!(find(&"a".repeat(9_998)).is_ok());
    assert_eq!(find(&"a".repeat(9_999)), Err(FindError::TooLong), "it would find nothing, as if nothing were there");
    assert_eq!(find(&"-".repeat(5_000).replacen('-', "a", 1)), Err(FindError::TooLong), "backslashes count");
}

/// Reads `FIND {…}` as Salesforce documents it: the phrases, and what follows the closing brace. `None` where a
/// reserved character in a phrase has its meaning.
fn read_find(sosl: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = sosl.strip_prefix("FIND {")?;
    let mut phrases = Vec::new();
    loop {
        let (phrase, after) = read_phrase(rest)?;
        phrases.push(phrase);
        match after.strip_prefix(" OR ") {
            Some(more) => rest = more,
            None => return Some((phrases, after.strip_prefix('}')?)),
        }
    }
}

fn read_phrase(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut phrase = String::new();
    loop {
        phrase.push(match chars.next()? {
            '"' => return Some((phrase, chars.as_str())),
            '\\' => chars.next().filter(|c| RESERVED.contains(*c))?,
            c if RESERVED.contains(c) || c.is_control() => return None,
            c => c,
        });
    }
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[\\"{}()' ?*&|!\[\]^~:+\-@\n\r\x00-\x1fORANDNOTa-c]{0,40}"#]
}

proptest! {
    #[test]
    fn any_text_stays_inside_the_term(texts in prop::collection::vec(hostile_text(), 1..4)) {
        let built = Find::any_of(&texts, ACCOUNT, [ID]);
        if texts.iter().any(|text| !text.contains(char::is_alphanumeric)) {
            prop_assert_eq!(built, Err(FindError::NoWords));
            return Ok(());
        }
        let written = built.expect("there is a letter or a digit in each").to_string();
        let (phrases, rest) = read_find(&written).expect("the term is well-formed");
        prop_assert_eq!(rest, " IN ALL FIELDS RETURNING Account(Id)", "nothing of a text stands outside the term");
        let spaced = |text: &String| text.replace(char::is_control, " ");
        prop_assert_eq!(phrases, texts.iter().map(spaced).collect::<Vec<_>>());
    }
}
