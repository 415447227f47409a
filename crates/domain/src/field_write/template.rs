//! Texts with tokens: `Booked by {attendee.name|somebody}`; `{{` is a brace.

use super::{Source, Token};

/// A text with tokens, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Token { token: Token, default: Option<String> },
}

/// Why a text with tokens cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace that is never closed.
    #[error("a token opens with {{ and is never closed; write {{{{ for a brace")]
    Open,
    /// Nobody knows the token.
    #[error("{{{name}}} is not a token{}", hint(near.as_deref()))]
    Unknown {
        /// As written.
        name: String,
        /// The nearest that is known.
        near: Option<String>,
    },
}

fn hint(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("; did you mean {{{near}}}?"),
        None => "; use an answer's slug, or one of the documented tokens".to_owned(),
    }
}

impl Template {
    /// Reads a text. `}}` outside a token is a closing brace, a single one is itself.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            rest = match after.strip_prefix(brace) {
                Some(after) => {
                    plain.push_str(brace);
                    after
                }
                None if brace == "}" => {
                    plain.push('}');
                    after
                }
                None => {
                    let (inside, after) = after.split_once('}').ok_or(TemplateError::Open)?;
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::token(inside)?);
                    after
                }
            };
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { parts })
    }

    /// The text with all values; none where a token has neither value nor default.
    pub fn resolve(&self, source: &Source<'_>) -> Option<String> {
        self.parts.iter().map(|part| part.resolve(source)).collect()
    }

    /// The text, where it holds no token.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl Part {
    fn token(inside: &str) -> Result<Part, TemplateError> {
        let (name, default) = match inside.split_once('|') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (inside, None),
        };
        Ok(Part::Token { token: Token::parse(name.trim())?, default })
    }

    fn resolve(&self, source: &Source<'_>) -> Option<String> {
        match self {
            Part::Text(text) => Some(text.clone()),
            Part::Token { token, default } => token.value(source).or_else(|| default.clone()),
        }
    }
}
