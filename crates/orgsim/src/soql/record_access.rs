//! `FROM UserRecordAccess`: what a user may do with records (Object Reference for the Salesforce Platform,
//! UserRecordAccess). Its rows are no records: they are made for the ids that the statement names.

use serde_json::{Map, Value as Json, json};

use super::ast::{Condition, Expression, Item, Literal, LiteralKind, Operand, Operator, Query};
use super::{Answer, Error, parser};
use crate::id::SalesforceId;

const OBJECT: &str = "UserRecordAccess";

/// The most records of one query.
const MOST: usize = 200;

/// What a user may do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordAccess {
    /// See it.
    pub read: bool,
    /// Change it.
    pub edit: bool,
    /// Delete it.
    pub delete: bool,
}

/// The answer to a statement about this object; none for any other. `access` is what a user may do with a record, none
/// where the one who asks does not see it.
pub fn query(
    statement: &str,
    access: impl Fn(SalesforceId, SalesforceId) -> Option<RecordAccess>,
) -> Option<Result<Answer, Error>> {
    let parsed = parser::parse(statement).ok()?;
    parsed.from.path.last().eq_ignore_ascii_case(OBJECT).then(|| answer(&parsed, access))
}

fn answer(query: &Query, access: impl Fn(SalesforceId, SalesforceId) -> Option<RecordAccess>) -> Result<Answer, Error> {
    let (user, records) = filter(query).ok_or_else(|| {
        Error::plain("MALFORMED_QUERY", "UserRecordAccess is filtered by one UserId and up to 200 RecordIds")
    })?;
    let mut rows = Vec::new();
    for record in records {
        if let Some(access) = access(user, record) {
            rows.push(row(query, record, access)?);
        }
    }
    let (total, rows_scanned) = (rows.len(), rows.len() as u64);
    Ok(Answer { total, records: rows, object: OBJECT.into(), aggregate: false, rows_scanned, index_used: None })
}

/// The user and the records: `UserId = '…' AND RecordId = '…'`, or `IN (…)`.
fn filter(query: &Query) -> Option<(SalesforceId, Vec<SalesforceId>)> {
    let Some(Condition::And(tests)) = &query.condition else { return None };
    let (mut user, mut records) = (None, None);
    for test in tests {
        let Condition::Test(test) = test else { return None };
        let Expression::Path(path) = &test.left else { return None };
        let ids: Vec<SalesforceId> = match (test.operator, &test.right) {
            (Operator::Equal, Operand::One(one)) => vec![id(one)?],
            (Operator::In, Operand::List(many)) => many.iter().map(id).collect::<Option<_>>()?,
            _ => return None,
        };
        match path.last().to_lowercase().as_str() {
            "userid" if ids.len() == 1 => user = ids.first().copied(),
            "recordid" if ids.len() <= MOST => records = Some(ids),
            _ => return None,
        }
    }
    user.zip(records)
}

fn id(literal: &Literal) -> Option<SalesforceId> {
    match &literal.kind {
        LiteralKind::Text(text) => SalesforceId::parse(text),
        _ => None,
    }
}

fn row(query: &Query, record: SalesforceId, access: RecordAccess) -> Result<Json, Error> {
    let mut row = Map::from_iter([("attributes".to_owned(), json!({ "type": OBJECT }))]);
    for item in &query.select {
        let Item::Field { what: Expression::Path(path), .. } = item else { return Err(no_column("that")) };
        let (name, value) = match path.last().to_lowercase().as_str() {
            "recordid" => ("RecordId", json!(record.to_string())),
            "hasreadaccess" => ("HasReadAccess", json!(access.read)),
            "haseditaccess" => ("HasEditAccess", json!(access.edit)),
            "hasdeleteaccess" => ("HasDeleteAccess", json!(access.delete)),
            _ => return Err(no_column(path.last())),
        };
        row.insert(name.to_owned(), value);
    }
    Ok(row.into())
}

fn no_column(name: &str) -> Error {
    Error::plain("INVALID_FIELD", format!("No such column '{name}' on entity '{OBJECT}'."))
}
