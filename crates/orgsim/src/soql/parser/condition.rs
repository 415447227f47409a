//! WHERE and HAVING. AND and OR do not mix without parentheses, and NOT stands alone or in them.

use super::super::ast::{Condition, Operand, Operator, Test};
use super::super::lexer::Kind;
use super::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Parsed<Condition> {
        if self.take_word("not") {
            let inner = self.simple()?;
            return Ok(Condition::Not(Box::new(inner)));
        }
        let first = self.simple()?;
        for (word, all) in [("and", Condition::And as fn(_) -> _), ("or", Condition::Or)] {
            if self.is_word(0, word) {
                let mut parts = vec![first];
                while self.take_word(word) {
                    parts.push(self.simple()?);
                }
                return Ok(all(parts));
            }
        }
        Ok(first)
    }

    fn simple(&mut self) -> Parsed<Condition> {
        if self.take_sign("(") {
            let inner = self.deeper(Self::condition)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        self.test().map(Condition::Test)
    }

    fn test(&mut self) -> Parsed<Test> {
        let left = self.expression()?;
        let operator_at = self.peek().at;
        let operator = self.operator()?;
        let right = match operator {
            Operator::In | Operator::NotIn => self.members()?,
            Operator::Includes | Operator::Excludes => Operand::List(self.literals()?),
            _ => Operand::One(self.literal(operator == Operator::Like)?),
        };
        Ok(Test { left, operator, operator_at, right })
    }

    fn operator(&mut self) -> Parsed<Operator> {
        const WORDS: [(&str, Operator); 4] = [
            ("like", Operator::Like),
            ("in", Operator::In),
            ("includes", Operator::Includes),
            ("excludes", Operator::Excludes),
        ];
        const SIGNS: [(&str, Operator); 7] = [
            ("=", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<>", Operator::NotEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
        ];
        if self.is_word(0, "not") && self.is_word(1, "in") {
            self.next += 2;
            return Ok(Operator::NotIn);
        }
        let token = self.peek();
        let table: &[(&str, Operator)] = if token.kind == Kind::Sign { &SIGNS } else { &WORDS };
        let found = table.iter().find(|(text, _)| token.text.eq_ignore_ascii_case(text));
        let (_, operator) = found.ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(*operator)
    }

    fn members(&mut self) -> Parsed<Operand> {
        if self.is_sign(0, "(") && self.is_word(1, "select") {
            self.expect_sign("(")?;
            let query = self.deeper(Self::query)?;
            self.expect_sign(")")?;
            return Ok(Operand::Query(Box::new(query)));
        }
        if self.is_sign(0, ":") {
            return Ok(Operand::List(vec![self.literal(false)?]));
        }
        self.literals().map(Operand::List)
    }

    fn literals(&mut self) -> Parsed<Vec<super::super::ast::Literal>> {
        self.expect_sign("(")?;
        let all = self.list(|parser| parser.literal(false))?;
        self.expect_sign(")")?;
        Ok(all)
    }
}
