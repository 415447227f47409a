//! Texts, numbers, dates and the like.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::super::ast::{Literal, LiteralKind};
use super::super::dates;
use super::super::lexer::{Kind, Token};
use super::{Parsed, Parser};

/// The longest text in a condition (Salesforce facts 4.1).
const LONGEST_TEXT: usize = 4_000;

impl Parser<'_> {
    /// A value on the right of a comparison. `pattern` is for LIKE, where `\%` and `\_` may stand.
    pub(super) fn literal(&mut self, pattern: bool) -> Parsed<Literal> {
        let token = self.peek();
        let kind = match token.kind {
            Kind::Text => LiteralKind::Text(self.text(token, pattern)?),
            Kind::Integer | Kind::Decimal => LiteralKind::Number(self.number(token)?),
            Kind::Sign if token.text == "-" || token.text == "+" => return self.signed(),
            Kind::Sign if token.text == ":" => return self.bind(),
            Kind::Date => LiteralKind::Date(self.read(token, date(token.text))?),
            Kind::DateTime => LiteralKind::DateTime(self.read(token, date_time(token.text))?),
            Kind::Time => LiteralKind::Time(self.read(token, time(token.text))?),
            Kind::Word => return self.word_literal(),
            Kind::Sign | Kind::End => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Literal { kind, at: token.at })
    }

    fn signed(&mut self) -> Parsed<Literal> {
        let sign = self.take();
        let token = self.peek();
        if !matches!(token.kind, Kind::Integer | Kind::Decimal) {
            return Err(self.unexpected());
        }
        let number = self.number(token)?;
        self.next += 1;
        let number = if sign.text == "-" { -number } else { number };
        Ok(Literal { kind: LiteralKind::Number(number), at: sign.at })
    }

    fn number(&self, token: Token<'_>) -> Parsed<f64> {
        self.read(token, token.text.parse().ok().filter(|number: &f64| number.is_finite()))
    }

    fn bind(&mut self) -> Parsed<Literal> {
        let at = self.take().at;
        self.path()?;
        Ok(Literal { kind: LiteralKind::Bind, at })
    }

    fn word_literal(&mut self) -> Parsed<Literal> {
        let token = self.peek();
        let word = token.text.to_ascii_uppercase();
        let kind = match word.as_str() {
            "NULL" => LiteralKind::Null,
            "TRUE" => LiteralKind::Bool(true),
            "FALSE" => LiteralKind::Bool(false),
            _ if dates::is_name(&word) => return self.relative(word),
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Literal { kind, at: token.at })
    }

    fn relative(&mut self, name: String) -> Parsed<Literal> {
        let at = self.take().at;
        let n = if self.take_sign(":") { self.count()?.value } else { None };
        Ok(Literal { kind: LiteralKind::Relative { name, n }, at })
    }

    fn read<T>(&self, token: Token<'_>, value: Option<T>) -> Parsed<T> {
        value.ok_or_else(|| self.malformed(token.at, &format!("unexpected token: '{}'", token.text)))
    }

    /// A text without its quotes and with its escapes resolved.
    fn text(&self, token: Token<'_>, pattern: bool) -> Parsed<String> {
        let inside = &token.text[1..token.text.len() - 1];
        if inside.chars().count() > LONGEST_TEXT {
            let sentence = format!("a text in a condition cannot be longer than {LONGEST_TEXT} characters");
            return Err(self.malformed(token.at, &sentence));
        }
        let mut text = String::with_capacity(inside.len());
        let mut chars = inside.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            let escaped = chars.next().unwrap_or('\\');
            let unicode: String =
                if matches!(escaped, 'u' | 'U') { chars.clone().take(4).collect() } else { String::new() };
            match unescape(escaped, &unicode, pattern) {
                Some(resolved) => text.push_str(&resolved),
                None => return Err(self.bad_escape(token, escaped)),
            }
            if !unicode.is_empty() {
                chars.nth(3);
            }
        }
        Ok(text)
    }

    fn bad_escape(&self, token: Token<'_>, escaped: char) -> super::Error {
        let inside = &token.text[1..token.text.len() - 1];
        let sentence =
            format!("Invalid string literal '{inside}'. Illegal character sequence '\\{escaped}' in string literal.");
        self.malformed(token.at, &sentence)
    }
}

/// What an escape stands for. A LIKE pattern keeps the escapes that mean something to it.
fn unescape(escaped: char, unicode: &str, pattern: bool) -> Option<String> {
    let plain = match escaped {
        '%' | '_' if pattern => return Some(format!("\\{escaped}")),
        '\\' if pattern => return Some("\\\\".to_owned()),
        '\'' | '"' | '\\' => escaped,
        'n' | 'N' => '\n',
        'r' | 'R' => '\r',
        't' | 'T' => '\t',
        'b' | 'B' => '\u{8}',
        'f' | 'F' => '\u{c}',
        'u' | 'U' if unicode.len() == 4 && unicode.bytes().all(|b| b.is_ascii_hexdigit()) => {
            // A half of a surrogate pair is no character on its own.
            char::from_u32(u32::from_str_radix(unicode, 16).ok()?).unwrap_or('\u{fffd}')
        }
        _ => return None,
    };
    Some(plain.to_string())
}

/// Salesforce knows the years 1700 to 4000 (Salesforce facts 4.1).
fn known_year(year: i16) -> bool {
    (1700..=4000).contains(&year)
}

fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| known_year(date.year()))
}

fn date_time(text: &str) -> Option<Timestamp> {
    let known = text.get(..4)?.parse().is_ok_and(known_year);
    text.parse().ok().filter(|_| known)
}

fn time(text: &str) -> Option<Time> {
    text.trim_end_matches(['Z', 'z']).parse().ok()
}
