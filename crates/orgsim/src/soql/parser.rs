//! Recursive descent over a statement (Salesforce facts 4.1). Names are not looked up here.

mod condition;
mod literal;

use super::ast::{Count, Expression, From, Group, GroupKind, Item, Name, Order, Path, Query, TypeOf};
use super::error::Error;
use super::lexer::{Kind, Token, lex};

/// The longest statement (Salesforce facts 4.1).
const LONGEST: usize = 100_000;
/// How deep parentheses may nest, so that no statement can exhaust the stack.
const DEEPEST: usize = 100;

/// Words that cannot be names; the other keywords can (`FROM Order`).
const RESERVED: [&str; 24] = [
    "and", "asc", "by", "desc", "else", "excludes", "false", "for", "from", "having", "in", "includes", "like",
    "limit", "not", "null", "nulls", "or", "select", "true", "update", "using", "where", "with",
];

/// Reads a whole statement.
pub(super) fn parse(statement: &str) -> Result<Query, Error> {
    if statement.chars().count() > LONGEST {
        let message = format!("SOQL statements cannot be longer than {LONGEST} characters.");
        return Err(Error::plain("MALFORMED_QUERY", message));
    }
    let mut parser = Parser { statement, tokens: lex(statement)?, next: 0, depth: 0 };
    let query = parser.query()?;
    parser.take_sign(";");
    parser.expect_end()?;
    Ok(query)
}

struct Parser<'s> {
    statement: &'s str,
    tokens: Vec<Token<'s>>,
    next: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Error>;

impl<'s> Parser<'s> {
    fn peek(&self) -> Token<'s> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Token<'s> {
        let last = self.tokens.len() - 1;
        self.tokens[(self.next + ahead).min(last)]
    }

    fn take(&mut self) -> Token<'s> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Sign && token.text == sign
    }

    fn take_word(&mut self, word: &str) -> bool {
        let there = self.is_word(0, word);
        self.next += usize::from(there);
        there
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let there = self.is_sign(0, sign);
        self.next += usize::from(there);
        there
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_end(&self) -> Parsed<()> {
        if self.peek().kind == Kind::End { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The refusal of the next token.
    fn unexpected(&self) -> Error {
        let token = self.peek();
        self.malformed(token.at, &format!("unexpected token: '{}'", token.text))
    }

    fn malformed(&self, at: usize, sentence: &str) -> Error {
        Error::at("MALFORMED_QUERY", self.statement, at, sentence)
    }

    /// Runs one level deeper, or refuses to.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return Err(self.malformed(self.peek().at, "the statement is nested too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn is_name(&self, ahead: usize) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Word && !RESERVED.contains(&token.text.to_ascii_lowercase().as_str())
    }

    fn name(&mut self) -> Parsed<Name> {
        if !self.is_name(0) {
            return Err(self.unexpected());
        }
        let token = self.take();
        Ok(Name { text: token.text.to_owned(), at: token.at })
    }

    fn path(&mut self) -> Parsed<Path> {
        let mut parts = vec![self.name()?];
        while self.take_sign(".") {
            parts.push(self.name()?);
        }
        Ok(Path { parts })
    }

    fn paths(&mut self) -> Parsed<Vec<Path>> {
        self.list(Self::path)
    }

    /// One or more, separated by commas.
    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.take_sign(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn query(&mut self) -> Parsed<Query> {
        self.expect_word("select")?;
        let select = if self.is_count() { self.count_item()? } else { self.list(Self::item)? };
        self.expect_word("from")?;
        let mut from = self.list(Self::from)?;
        let also_from = from.split_off(1);
        let from = from.remove(0);
        let scope = if self.take_word("using") { Some(self.scope()?) } else { None };
        let condition = if self.take_word("where") { Some(self.condition()?) } else { None };
        self.with()?;
        let group = if self.take_word("group") { Some(self.group()?) } else { None };
        let having = if group.is_some() && self.take_word("having") { Some(self.condition()?) } else { None };
        let order = if self.take_word("order") { self.order()? } else { Vec::new() };
        let limit = if self.take_word("limit") { Some(self.count()?) } else { None };
        let offset = if self.take_word("offset") { Some(self.count()?) } else { None };
        self.purpose()?;
        Ok(Query { select, from, also_from, scope, condition, group, having, order, limit, offset })
    }

    fn is_count(&self) -> bool {
        self.is_word(0, "count") && self.is_sign(1, "(") && self.is_sign(2, ")")
    }

    fn count_item(&mut self) -> Parsed<Vec<Item>> {
        self.next += 3;
        Ok(vec![Item::Count])
    }

    fn item(&mut self) -> Parsed<Item> {
        if self.is_count() {
            self.next += 1;
            return Err(self.unexpected());
        }
        if self.is_sign(0, "(") {
            return self.children();
        }
        if self.is_word(0, "typeof") && self.is_name(1) {
            return self.type_of();
        }
        let what = self.expression()?;
        let alias = if self.is_name(0) { Some(self.name()?) } else { None };
        Ok(Item::Field { what, alias })
    }

    fn children(&mut self) -> Parsed<Item> {
        self.expect_sign("(")?;
        let query = self.deeper(Self::query)?;
        self.expect_sign(")")?;
        Ok(Item::Children(Box::new(query)))
    }

    fn type_of(&mut self) -> Parsed<Item> {
        self.expect_word("typeof")?;
        let relationship = self.path()?;
        let mut when = Vec::new();
        while self.take_word("when") {
            let object = self.name()?;
            self.expect_word("then")?;
            when.push((object, self.paths()?));
        }
        if when.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.take_word("else") { self.paths()? } else { Vec::new() };
        self.expect_word("end")?;
        Ok(Item::TypeOf(TypeOf { relationship, when, otherwise }))
    }

    /// A field, or a function of a field.
    fn expression(&mut self) -> Parsed<Expression> {
        if !(self.is_name(0) && self.is_sign(1, "(")) {
            return self.path().map(Expression::Path);
        }
        let function = self.name()?;
        self.expect_sign("(")?;
        let inner = if self.is_sign(0, ")") { None } else { Some(Box::new(self.deeper(Self::expression)?)) };
        self.expect_sign(")")?;
        Ok(Expression::Call { function, inner })
    }

    fn from(&mut self) -> Parsed<From> {
        let path = self.path()?;
        if self.take_word("as") {
            return Ok(From { path, alias: Some(self.name()?) });
        }
        let clause = self.is_clause("group", "by") || self.is_clause("order", "by") || self.is_offset();
        let alias = if self.is_name(0) && !clause { Some(self.name()?) } else { None };
        Ok(From { path, alias })
    }

    fn is_clause(&self, first: &str, second: &str) -> bool {
        self.is_word(0, first) && self.is_word(1, second)
    }

    fn is_offset(&self) -> bool {
        self.is_word(0, "offset") && (self.peek_at(1).kind == Kind::Integer || self.is_sign(1, ":"))
    }

    fn scope(&mut self) -> Parsed<Name> {
        self.expect_word("scope")?;
        self.name()
    }

    /// `WITH SECURITY_ENFORCED`, `WITH USER_MODE`, `WITH SYSTEM_MODE`: REST always reads as its user, so they change
    /// nothing.
    fn with(&mut self) -> Parsed<()> {
        if !self.take_word("with") {
            return Ok(());
        }
        let known = ["security_enforced", "user_mode", "system_mode"];
        if known.iter().any(|word| self.take_word(word)) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn group(&mut self) -> Parsed<Group> {
        self.expect_word("by")?;
        let kind = match (self.is_sign(1, "("), self.is_word(0, "rollup"), self.is_word(0, "cube")) {
            (true, true, _) => GroupKind::Rollup,
            (true, _, true) => GroupKind::Cube,
            _ => return Ok(Group { fields: self.list(Self::expression)?, kind: GroupKind::Plain }),
        };
        self.next += 2;
        let fields = self.list(Self::expression)?;
        self.expect_sign(")")?;
        Ok(Group { fields, kind })
    }

    fn order(&mut self) -> Parsed<Vec<Order>> {
        self.expect_word("by")?;
        self.list(Self::order_item)
    }

    fn order_item(&mut self) -> Parsed<Order> {
        let what = self.expression()?;
        let descending = self.take_word("desc");
        if !descending {
            self.take_word("asc");
        }
        let nulls_last = match self.take_word("nulls") {
            true if self.take_word("last") => Some(true),
            true => {
                self.expect_word("first")?;
                Some(false)
            }
            false => None,
        };
        Ok(Order { what, descending, nulls_last })
    }

    /// A whole number, with a sign if any; `:name`, which only Apex can fill, has no value.
    fn count(&mut self) -> Parsed<Count> {
        let at = self.peek().at;
        if self.take_sign(":") {
            self.name()?;
            return Ok(Count { value: None, at });
        }
        let negative = self.is_sign(0, "-");
        if negative || self.is_sign(0, "+") {
            self.next += 1;
        }
        if self.peek().kind != Kind::Integer {
            return Err(self.unexpected());
        }
        let value = self.take().text.parse::<i64>().unwrap_or(i64::MAX);
        Ok(Count { value: Some(if negative { -value } else { value }), at })
    }

    /// `FOR VIEW`, `FOR REFERENCE`, `UPDATE TRACKING`, `UPDATE VIEWSTAT`: they mark records as seen and change no
    /// answer.
    fn purpose(&mut self) -> Parsed<()> {
        while self.take_word("for") {
            if !(self.take_word("view") || self.take_word("reference")) {
                return Err(self.unexpected());
            }
        }
        if self.take_word("update") && !(self.take_word("tracking") || self.take_word("viewstat")) {
            return Err(self.unexpected());
        }
        Ok(())
    }
}
