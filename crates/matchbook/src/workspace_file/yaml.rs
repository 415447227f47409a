//! YAML as a tree of nodes with their places.
//!
//! The parser's events are walked here, rather than deserialized, so that one mistake doesn't hide
//! the next. Anchors, aliases and tags are refused: nothing here needs them, and so no small
//! file can unfold into a large one.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, options};

use super::reader::Reader;
use super::{Position, Spanned};

/// The largest file in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The deepest nesting, of block and of flow collections each.
const MAX_DEPTH: usize = 16;

/// A value of the file.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it starts.
    pub(super) at: Position,
    /// What it is.
    pub(super) content: Content,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar; `plain` says that it stands without quotes.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the file's order, each key once.
    Mapping(Vec<(Spanned<String>, Node)>),
    /// What was refused already.
    Refused,
}

impl Content {
    /// What this is, in words that fit after "found".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Content::Null | Content::Refused => "nothing",
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Mapping(_) => "keys with values",
        }
    }
}

/// The file's only document; nothing if it is no YAML. An empty file is an empty document.
pub(super) fn parse(text: &str, reader: &mut Reader) -> Option<Node> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {MAX_BYTES} bytes; split it and apply the parts one by one");
        reader.error(Position { line: 1, column: 1 }, message);
        return None;
    }
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    Tree { parser: Parser::new_from_str_with_options(text, options), reader }.document()
}

struct Tree<'t, 'r> {
    parser: Parser<'t, StrInput<'t>>,
    reader: &'r mut Reader,
}

impl<'t> Tree<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let message = "a workspace file is one document; remove this --- and what follows";
                    self.reader.error(position(&span.start), message);
                    return root;
                }
                Event::DocumentStart(..) => {}
                Event::StreamEnd => {
                    let at = Position { line: 1, column: 1 };
                    return Some(root.unwrap_or(Node { at, content: Content::Null }));
                }
                event => root = Some(self.node(event, span)?),
            }
        }
    }

    /// The next event; nothing after an error, which is reported here.
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        match self.parser.next()? {
            Ok(next) => Some(next),
            Err(error) => {
                self.reader.error(position(error.marker()), format!("this is not YAML: {}", error.info()));
                None
            }
        }
    }

    /// The node that starts with this event. Recursion is as deep as the parser's nesting limits.
    fn node(&mut self, event: Event<'t>, span: Span) -> Option<Node> {
        let at = position(&span.start);
        if event.tag().is_some() {
            self.reader.error(at, "tags (!) are not understood here; remove it");
        }
        let content = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style == ScalarStyle::Plain),
            Event::SequenceStart(..) => self.list()?,
            Event::MappingStart(..) => self.mapping()?,
            _ => {
                self.reader.error(at, "aliases (*) are not understood here; write the value out");
                Content::Refused
            }
        };
        Some(Node { at, content })
    }

    fn list(&mut self) -> Option<Content> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(Content::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Option<Content> {
        let mut members = Vec::new();
        let mut first_lines = HashMap::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Some(Content::Mapping(members)),
                (event, span) => self.node(event, span)?,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let Some(key) = self.key(key) else { continue };
            match first_lines.entry(key.value.clone()) {
                Vacant(new) => {
                    new.insert(key.at.line);
                    members.push((key, value));
                }
                Occupied(first) => {
                    let message = format!("\"{}\" is given twice, first on line {}; keep one", key.value, first.get());
                    self.reader.error(key.at, message);
                }
            }
        }
    }

    fn key(&mut self, node: Node) -> Option<Spanned<String>> {
        match node.content {
            Content::Scalar { text, .. } => return Some(Spanned { value: text, at: node.at }),
            Content::Refused => {}
            Content::Null | Content::List(_) | Content::Mapping(_) => {
                self.reader.error(node.at, "a key must be a single word; put quotes around it if it is one");
            }
        }
        None
    }
}

fn scalar(text: String, plain: bool) -> Content {
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        return Content::Null;
    }
    Content::Scalar { text, plain }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}
