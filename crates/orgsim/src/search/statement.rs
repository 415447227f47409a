//! `FIND {…} IN … FIELDS RETURNING …`.

use super::term::Term;
use super::{Error, Group, MOST_ROWS, Returning, Search};

/// A longer term finds nothing (Salesforce facts 4.2).
const LONGEST_TERM: usize = 10_000;

/// Reads a statement.
pub fn parse(statement: &str) -> Result<Search, Error> {
    let rest = keyword(statement.trim(), "FIND").unwrap_or_else(|| statement.trim());
    let (term, rest) = braces(rest)?;
    let term = if term.chars().count() > LONGEST_TERM { None } else { Term::parse(term)? };
    let mut search = Search { term, group: Group::All, returning: Vec::new(), limit: MOST_ROWS };
    let rest = clauses(rest.trim_start(), &mut search)?;
    if rest.is_empty() { Ok(search) } else { Err(unexpected(rest)) }
}

fn clauses<'a>(mut rest: &'a str, search: &mut Search) -> Result<&'a str, Error> {
    if let Some(after) = keyword(rest, "IN") {
        let (group, after) = word(after);
        search.group = Group::parse(group).ok_or_else(|| unexpected(group))?;
        rest = keyword(after, "FIELDS").ok_or_else(|| unexpected(after))?;
    }
    if let Some(mut after) = keyword(rest, "RETURNING") {
        loop {
            let (returning, left) = returning(after)?;
            search.returning.push(returning);
            match left.strip_prefix(',') {
                Some(left) => after = left.trim_start(),
                None => {
                    rest = left;
                    break;
                }
            }
        }
    }
    if let Some(after) = keyword(rest, "LIMIT") {
        let (number, after) = word(after);
        let limit: usize = number.parse().map_err(|_| unexpected(number))?;
        search.limit = limit.min(MOST_ROWS);
        rest = after;
    }
    Ok(rest)
}

/// The text between the braces, and what follows.
fn braces(text: &str) -> Result<(&str, &str), Error> {
    let missing = || Error::malformed("No search term found. The search term must be enclosed in braces.");
    let inside = text.strip_prefix('{').ok_or_else(missing)?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '}' => return Ok((&inside[..at], &inside[at + 1..])),
            _ => {}
        }
    }
    Err(missing())
}

fn returning(text: &str) -> Result<(Returning, &str), Error> {
    let (object, rest) = word(text);
    if object.is_empty() {
        return Err(unexpected(text));
    }
    let Some(inside) = rest.strip_prefix('(') else {
        return Ok((Returning { object: object.into(), fields: "Id".into(), rest: String::new() }, rest));
    };
    let (inside, rest) = parentheses(inside)?;
    let (fields, conditions) = split_fields(inside);
    let fields = if fields.is_empty() { "Id" } else { fields };
    Ok((Returning { object: object.into(), fields: fields.into(), rest: conditions.into() }, rest.trim_start()))
}

fn parentheses(text: &str) -> Result<(&str, &str), Error> {
    let mut depth = 1_u32;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Ok((&text[..at], &text[at + 1..]));
                }
            }
            _ => {}
        }
    }
    Err(unexpected("end of search"))
}

/// The SELECT list, and what follows from its first clause on.
fn split_fields(text: &str) -> (&str, &str) {
    const CLAUSES: [&str; 5] = ["USING", "WHERE", "ORDER", "LIMIT", "OFFSET"];
    let mut at = 0;
    for part in text.split_inclusive(char::is_whitespace) {
        if CLAUSES.iter().any(|clause| part.trim_end().eq_ignore_ascii_case(clause)) {
            return (text[..at].trim(), text[at..].trim());
        }
        at += part.len();
    }
    (text.trim(), "")
}

/// What follows a keyword, in any case; `None` when it does not stand there.
fn keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let start = text.get(..keyword.len())?;
    let rest = &text[keyword.len()..];
    let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    (start.eq_ignore_ascii_case(keyword) && ends).then(|| rest.trim_start())
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn unexpected(text: &str) -> Error {
    Error::malformed(format!("unexpected token: {}", text.split_whitespace().next().unwrap_or("end of search")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_statement_is_read() {
        let search = parse(
            "find {a\\}b} in email fields returning Contact(Id, Email where Name = 'x)' order by Name limit 5), Lead LIMIT 9",
        )
        .expect("a statement");
        assert_eq!((search.group, search.limit), (Group::Email, 9));
        let contact = Returning {
            object: "Contact".into(),
            fields: "Id, Email".into(),
            rest: "where Name = 'x)' order by Name limit 5".into(),
        };
        assert_eq!(search.returning[0], contact);
        assert_eq!(search.returning[1].fields, "Id");
    }

    #[test]
    fn broken_statements_are_refused() {
        for statement in [
            "",
            "FIND acme",
            "FIND {acme",
            "FIND {a} IN NOWHERE FIELDS",
            "FIND {a} RETURNING",
            "FIND {a} x",
            "FIND {a} RETURNING Contact(Id",
            "FIND {a} RETURNING Contact,",
            "FIND {a} LIMIT x",
        ] {
            assert_eq!(parse(statement).map_err(|error| error.code), Err("MALFORMED_SEARCH"), "{statement}");
        }
    }
}
