//! Words, numbers, texts and signs of a statement, with their places.

use super::error::Error;

/// One piece of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    /// As written; a text with its quotes.
    pub(super) text: &'s str,
    /// Where it starts, in bytes.
    pub(super) at: usize,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word,
    /// A text in single quotes.
    Text,
    /// A whole number without sign.
    Integer,
    /// A number with a point.
    Decimal,
    /// `2026-01-31`.
    Date,
    /// `2026-01-31T10:00:00Z`, with any zone.
    DateTime,
    /// `10:00:00Z`.
    Time,
    /// A sign such as `(` or `<=`.
    Sign,
    /// After the last piece.
    End,
}

/// Splits a statement. The last token is always `End`.
pub(super) fn lex(statement: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = statement[at..].chars().next() {
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let rest = &statement[at..];
        let (kind, length) = match first {
            '\'' => (Kind::Text, text_length(statement, at)?),
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest, |c| c.is_ascii_alphanumeric() || c == '_')),
            '0'..='9' => number(rest),
            _ => (Kind::Sign, sign_length(rest).ok_or_else(|| bad_character(statement, at, first))?),
        };
        tokens.push(Token { kind, text: &rest[..length], at });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, text: "<EOF>", at: statement.len() });
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn bad_character(statement: &str, at: usize, character: char) -> Error {
    let column = statement[..at].chars().count();
    let sentence = format!("line 1:{column} no viable alternative at character '{character}'");
    Error::plain("MALFORMED_QUERY", sentence)
}

/// The length of a text with its quotes; a backslash takes the next character with it.
fn text_length(statement: &str, at: usize) -> Result<usize, Error> {
    let mut escaped = false;
    for (offset, c) in statement[at..].char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return Ok(offset + 1),
            _ => {}
        }
    }
    let column = statement[..at].chars().count();
    Err(Error::plain("MALFORMED_QUERY", format!("line 1:{column} mismatched character '<EOF>' expecting '''")))
}

/// A number, or a date or time that starts like one.
fn number(text: &str) -> (Kind, usize) {
    if shape(text, "dddd-dd-dd") {
        let time = &text[10..];
        return match time.strip_prefix(['T', 't']).and_then(zoned_time) {
            Some(length) => (Kind::DateTime, 11 + length),
            None => (Kind::Date, 10),
        };
    }
    if let Some(length) = zoned_time(text) {
        return (Kind::Time, length);
    }
    let whole = run(text, |c| c.is_ascii_digit());
    let fraction = text[whole..].strip_prefix('.').map_or(0, |rest| run(rest, |c| c.is_ascii_digit()));
    match fraction {
        0 => (Kind::Integer, whole),
        digits => (Kind::Decimal, whole + 1 + digits),
    }
}

/// The length of `10:00:00`, a fraction if any, and a zone (`Z`, `+01:00`, `+0100`), which must be there.
fn zoned_time(text: &str) -> Option<usize> {
    if !shape(text, "dd:dd:dd") {
        return None;
    }
    let fraction = text[8..].strip_prefix('.').map_or(0, |rest| 1 + run(rest, |c| c.is_ascii_digit()));
    let zone = &text[8 + fraction..];
    let length = match zone.chars().next()? {
        'Z' | 'z' => 1,
        '+' | '-' if shape(&zone[1..], "dd:dd") => 6,
        '+' | '-' if shape(&zone[1..], "dddd") => 5,
        _ => return None,
    };
    Some(8 + fraction + length)
}

/// Whether a text starts in this shape, where `d` stands for a digit.
fn shape(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() >= pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

fn sign_length(text: &str) -> Option<usize> {
    const SIGNS: [&str; 18] =
        ["<>", "!=", "<=", ">=", "<", ">", "=", "(", ")", ",", ".", ":", ";", "+", "-", "*", "/", "?"];
    SIGNS.iter().find(|sign| text.starts_with(**sign)).map(|sign| sign.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(statement: &str) -> Vec<(Kind, &str)> {
        lex(statement).expect("a good statement").iter().map(|t| (t.kind, t.text)).collect()
    }

    #[test]
    fn dates_times_and_numbers_are_told_apart() {
        let end = (Kind::End, "<EOF>");
        assert_eq!(kinds("2026-01-31"), [(Kind::Date, "2026-01-31"), end]);
        for instant in ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123+01:00", "2026-01-31T10:00:00-0530"] {
            assert_eq!(kinds(instant), [(Kind::DateTime, instant), end]);
        }
        assert_eq!(kinds("10:00:00Z"), [(Kind::Time, "10:00:00Z"), end]);
        assert_eq!(kinds("12 1.5"), [(Kind::Integer, "12"), (Kind::Decimal, "1.5"), end]);
    }

    #[test]
    fn a_text_ends_at_its_own_quote() {
        assert_eq!(kinds(r"'O\'Neil' x")[0], (Kind::Text, r"'O\'Neil'"));
        assert!(lex("Name = 'open").is_err(), "an open text was taken for a whole one");
        assert!(lex(r"Name = 'open\'").is_err(), "an escaped quote ended the text");
    }

    #[test]
    fn a_character_that_is_nothing_is_refused_by_name() {
        let error = lex("Name = \"x\"").expect_err("double quotes are no SOQL");
        assert_eq!(error.message, "line 1:7 no viable alternative at character '\"'");
    }
}
