//! What stands between the braces of `FIND {…}`.

use super::Error;

/// Characters that stand for themselves only behind a backslash (Salesforce facts 4.2).
const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";

/// Parentheses and NOTs inside each other at most, so that no term can exhaust the stack.
const DEEPEST: usize = 50;

/// A condition on the words of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Words that follow each other; `*` and `?` in them stand for any characters and for one.
    Phrase(Vec<String>),
    /// All of them.
    And(Vec<Term>),
    /// One of them.
    Or(Vec<Term>),
    /// The opposite.
    Not(Box<Term>),
}

/// A text cut into its words, in lower case.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

impl Term {
    /// Plain words, all of which are looked for, without operators and escapes (`parameterizedSearch`). `None` when
    /// there are none.
    pub fn plain(text: &str) -> Option<Term> {
        let phrases = text.split_whitespace().map(pattern_words).filter(|words| !words.is_empty());
        let phrases: Vec<Term> = phrases.map(Term::Phrase).collect();
        (!phrases.is_empty()).then_some(Term::And(phrases))
    }

    /// Reads a term with its operators `AND`, `OR`, `AND NOT`, parentheses, quotes, wildcards and escapes.
    pub(super) fn parse(text: &str) -> Result<Option<Term>, Error> {
        let pieces = pieces(text)?;
        let mut parser = Parser { pieces: &pieces, at: 0, depth: 0 };
        if pieces.is_empty() {
            return Ok(None);
        }
        let term = parser.any()?;
        match parser.peek() {
            None => Ok(Some(term)),
            Some(_) => Err(unbalanced()),
        }
    }

    /// Whether the words of one record's fields fulfil the term. Phrases must stand within one field.
    pub(super) fn holds(&self, fields: &[Vec<String>]) -> bool {
        match self {
            Term::Phrase(phrase) => fields.iter().any(|words| stands_in(phrase, words)),
            Term::And(terms) => terms.iter().all(|term| term.holds(fields)),
            Term::Or(terms) => terms.iter().any(|term| term.holds(fields)),
            Term::Not(term) => !term.holds(fields),
        }
    }
}

fn stands_in(phrase: &[String], words: &[String]) -> bool {
    words.windows(phrase.len()).any(|window| phrase.iter().zip(window).all(|(pattern, word)| matches(pattern, word)))
}

/// `*` for any characters, `?` for one. A greedy match that goes back to the last `*` only: linear in memory, at most
/// quadratic in time.
fn matches(pattern: &str, word: &str) -> bool {
    let (pattern, word): (Vec<char>, Vec<char>) = (pattern.chars().collect(), word.chars().collect());
    let (mut p, mut w) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while w < word.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, w));
                p += 1;
            }
            Some(c) if *c == '?' || *c == word[w] => {
                p += 1;
                w += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    w = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[derive(Debug, PartialEq)]
enum Piece {
    And,
    Or,
    Not,
    Open,
    Close,
    Phrase(Vec<String>),
}

fn pieces(text: &str) -> Result<Vec<Piece>, Error> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.push(escaped(chars.next())?),
            '"' => {
                end_word(&mut word, &mut pieces)?;
                pieces.push(Piece::Phrase(pattern_words(&quoted(&mut chars)?)));
            }
            '(' | ')' => {
                end_word(&mut word, &mut pieces)?;
                pieces.push(if c == '(' { Piece::Open } else { Piece::Close });
            }
            c if c.is_whitespace() => end_word(&mut word, &mut pieces)?,
            c => word.push(c),
        }
    }
    end_word(&mut word, &mut pieces)?;
    pieces.retain(|piece| *piece != Piece::Phrase(Vec::new()));
    Ok(pieces)
}

/// A reserved character behind a backslash separates words, as all punctuation does.
fn escaped(c: Option<char>) -> Result<char, Error> {
    match c {
        Some(c) if RESERVED.contains(c) => Ok('.'),
        Some(c) => Ok(c),
        None => Err(Error::malformed("The search term ends with a backslash.")),
    }
}

fn quoted(chars: &mut std::str::Chars<'_>) -> Result<String, Error> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('"') => return Ok(text),
            Some('\\') => text.push(escaped(chars.next())?),
            Some(c) => text.push(c),
            None => return Err(Error::malformed("A quotation mark in the search term is not closed.")),
        }
    }
}

fn end_word(word: &mut String, pieces: &mut Vec<Piece>) -> Result<(), Error> {
    let text = std::mem::take(word);
    pieces.push(match text.as_str() {
        "" => return Ok(()),
        "AND" => Piece::And,
        "OR" => Piece::Or,
        "NOT" => Piece::Not,
        text if text.starts_with(['*', '?']) => {
            return Err(Error::malformed(format!("A wildcard cannot be the first character of a search term: {text}")));
        }
        text => Piece::Phrase(pattern_words(text)),
    });
    Ok(())
}

/// Words that may hold wildcards. One that is nothing else is no word.
fn pattern_words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '*' && c != '?');
    parts.filter(|part| part.contains(char::is_alphanumeric)).map(str::to_lowercase).collect()
}

struct Parser<'a> {
    pieces: &'a [Piece],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Piece> {
        self.pieces.get(self.at)
    }

    fn take(&mut self, piece: &Piece) -> bool {
        let there = self.peek() == Some(piece);
        self.at += usize::from(there);
        there
    }

    /// Terms joined by OR, the loosest.
    fn any(&mut self) -> Result<Term, Error> {
        let mut terms = vec![self.all()?];
        while self.take(&Piece::Or) {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Or(terms) })
    }

    /// Terms joined by AND, AND NOT, or nothing.
    fn all(&mut self) -> Result<Term, Error> {
        let mut terms = vec![self.one()?];
        loop {
            let joined = self.take(&Piece::And);
            match self.peek() {
                Some(Piece::Phrase(_) | Piece::Open | Piece::Not) => terms.push(self.one()?),
                _ if joined => return Err(unbalanced()),
                _ => break,
            }
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::And(terms) })
    }

    fn one(&mut self) -> Result<Term, Error> {
        let piece = self.pieces.get(self.at);
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::malformed("The search term has too many parentheses inside each other."));
        }
        let term = match piece {
            Some(Piece::Phrase(words)) => Ok(Term::Phrase(words.clone())),
            Some(Piece::Not) => Ok(Term::Not(Box::new(self.one()?))),
            Some(Piece::Open) => {
                let term = self.any()?;
                if self.take(&Piece::Close) { Ok(term) } else { Err(unbalanced()) }
            }
            _ => Err(unbalanced()),
        };
        self.depth -= 1;
        term
    }
}

fn unbalanced() -> Error {
    Error::malformed("The search term is not well formed: check its parentheses and operators.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(term: &str, text: &str) -> bool {
        let term = Term::parse(term).expect("a term").expect("not empty");
        term.holds(&[words(text)])
    }

    #[test]
    fn words_are_cut_at_punctuation() {
        assert!(finds("acme.com", "https://www.acme.com/about"));
        assert!(finds("lee\\-roy@acme.com", "Lee-Roy@Acme.com"));
        assert!(!finds("acme.com", "acme and com"), "words of a phrase stand together");
        assert!(!finds("acm", "acme"), "a word is a whole one");
    }

    #[test]
    fn operators_and_wildcards() {
        assert!(finds("acm*", "Acme") && finds("ac?e", "Acme") && !finds("ac?", "Acme"));
        assert!(finds("nope OR lee ann", "Ann Lee") && !finds("nope OR lee bob", "Ann Lee"));
        assert!(finds("lee AND NOT bob", "Ann Lee") && !finds("lee AND NOT ann", "Ann Lee"));
        assert!(finds("(bob OR ann) AND lee", "Ann Lee") && finds("\"ann lee\"", "Ann Lee"));
        assert!(!finds("\"lee ann\"", "Ann Lee"));
    }

    #[test]
    fn broken_terms_are_refused() {
        for term in ["(a", "a)", "\"a", "a AND", "OR a", "*cme", "a\\"] {
            assert_eq!(Term::parse(term).map_err(|error| error.code), Err("MALFORMED_SEARCH"), "{term}");
        }
        assert_eq!(Term::parse(" - "), Ok(None));
        assert_eq!(Term::parse(&"(".repeat(9_999)).map_err(|error| error.code), Err("MALFORMED_SEARCH"));
    }
}
