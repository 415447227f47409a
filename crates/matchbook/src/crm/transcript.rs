//! What was asked and answered, as a person reads it in the sync timeline. Nothing secret is in a body.

use salesforce::client::{Call, CallError, Session};
use salesforce::composite::{CompositeAnswer, CompositeRequest, SubAnswer};
use salesforce::error::ApiError;
use salesforce::query::Rows;
use salesforce::sobject::Record;
use salesforce::sosl::Find;
use serde_json::{Value, json};

/// The parts of a request.
pub fn asked(session: &Session, request: &CompositeRequest) -> String {
    request.to_json(session.api_version)["compositeRequest"].to_string()
}

/// The answers, by the names of the parts; or why there is none.
pub fn answered(answer: &Result<CompositeAnswer, CallError>) -> String {
    match answer {
        Ok(answer) => answer
            .clone()
            .into_parts()
            .iter()
            .map(|(name, part)| (name.as_str().to_owned(), part_json(part)))
            .collect::<Value>(),
        Err(error) => unanswered(error),
    }
    .to_string()
}

/// A search, written like the parts of a request.
pub fn asked_by_search(session: &Session, find: &Find) -> String {
    json!([{"method": "GET", "url": find.path(session.api_version)}]).to_string()
}

/// What a search found, written like the answer of a part; or why there is none.
pub fn found(answer: &Result<Vec<Record>, CallError>) -> String {
    match answer {
        Ok(records) => json!({"search": rows_json(records.len() as u64, records)}),
        Err(error) => unanswered(error),
    }
    .to_string()
}

/// A further page of rows: what was asked, and what was answered.
pub fn page(call: &Call<Rows>) -> (String, String) {
    let asked = json!([{"method": call.record.method, "url": call.record.path}]);
    let answered = match &call.result {
        Ok(rows) => json!({"page": rows_json(rows.total, &rows.records)}),
        Err(error) => unanswered(error),
    };
    (asked.to_string(), answered.to_string())
}

fn unanswered(error: &CallError) -> Value {
    match error {
        CallError::Refused { status, errors, .. } => json!({"status": status, "errors": errors_json(errors)}),
        error => json!({"error": error.to_string()}),
    }
}

fn rows_json(total: u64, records: &[Record]) -> Value {
    let records: Vec<Value> = records.iter().map(|record| Value::Object(record.0.clone())).collect();
    json!({"total": total, "records": records})
}

fn part_json(part: &SubAnswer) -> Value {
    match part {
        SubAnswer::Rows(rows) => rows_json(rows.total, &rows.records),
        SubAnswer::Record(record) => Value::Object(record.0.clone()),
        SubAnswer::Described(describe) => json!({"described": describe.name, "fields": describe.fields.len()}),
        SubAnswer::NotModified => json!("not modified"),
        SubAnswer::Saved { id, created } => json!({"id": id.as_str(), "created": created}),
        SubAnswer::Done => json!("done"),
        SubAnswer::Refused { status, errors } => json!({"status": status, "errors": errors_json(errors)}),
        SubAnswer::Unreadable => json!("unreadable"),
    }
}

fn errors_json(errors: &[ApiError]) -> Value {
    errors.iter().map(|e| json!({"errorCode": e.code, "message": e.message, "fields": e.fields})).collect()
}
