//! Collections: up to 200 records in one request (Salesforce facts 2.6).

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::dml;
use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::org::Org;

use super::parents;
use super::rows;
use super::state::Access;
use super::upsert::{self, Upserted};
use super::wire::{Reply, Request};

const MOST_RECORDS: usize = 200;
/// Neighbouring records of one type are one chunk.
const MOST_CHUNKS: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    all_or_none: bool,
    records: Vec<Map<String, Json>>,
}

/// What became of one record: its answer when all went well, and its refusal.
type Outcome = Result<Done, ApiError>;

struct Done {
    id: SalesforceId,
    /// Said of an upsert only.
    created: Option<bool>,
}

/// `POST composite/sobjects`.
pub(crate) fn create(access: &mut Access<'_>, request: &Request) -> Reply {
    each_record(access, request, None, |org, object, record| {
        let mut fields = record.clone();
        parents::resolve(org, &object, &mut fields)?;
        let id = dml::create(org, request.caller(), &object, &fields, &request.body)?;
        Ok(Done { id, created: None })
    })
}

/// `PATCH composite/sobjects`: each record names its `id`.
pub(crate) fn update(access: &mut Access<'_>, request: &Request) -> Reply {
    each_record(access, request, None, |org, object, record| {
        let mut fields = record.clone();
        let key = fields.keys().find(|key| key.eq_ignore_ascii_case("id")).cloned();
        let id = key.and_then(|key| fields.shift_remove(&key));
        let Some(Json::String(text)) = id else {
            return Err(ApiError::on_fields("MISSING_ARGUMENT", "Id not specified in an update call", &[]));
        };
        let id = SalesforceId::parse(&text).ok_or_else(|| malformed_id(&text))?;
        parents::resolve(org, &object, &mut fields)?;
        dml::update(org, request.caller(), &object, id, &fields, &request.body)?;
        Ok(Done { id, created: None })
    })
}

/// `PATCH composite/sobjects/X/Field`: each record brings its own value of the external id field.
pub(crate) fn upsert(access: &mut Access<'_>, request: &Request, object: &str, field: &str) -> Reply {
    each_record(access, request, Some(object), |org, object, record| {
        let mut fields = record.clone();
        let key = fields.keys().find(|key| key.eq_ignore_ascii_case(field)).cloned();
        let value = match key.and_then(|key| fields.shift_remove(&key)) {
            Some(Json::String(value)) => value,
            None | Some(Json::Null) => {
                return Err(ApiError::on_fields("MISSING_ARGUMENT", format!("{field} not specified"), &[]));
            }
            Some(value) => value.to_string(),
        };
        match upsert::record(org, request, &object, (field, &value), fields)? {
            Upserted::Created(id) => Ok(Done { id, created: Some(true) }),
            Upserted::Changed(id) => Ok(Done { id, created: Some(false) }),
            Upserted::Several(ids) => {
                let ids: Vec<&str> = ids.iter().map(SalesforceId::as_str).collect();
                let message =
                    format!("{field}: more than one record found for external id field: [{}]", ids.join(", "));
                Err(ApiError::on_fields("DUPLICATE_EXTERNAL_ID", message, &[]))
            }
        }
    })
}

/// `DELETE composite/sobjects?ids=a,b`.
pub(crate) fn delete(access: &mut Access<'_>, request: &Request) -> Reply {
    let ids = ids(request.param("ids").unwrap_or(""));
    if let Err(error) = count(ids.len()) {
        return error.into();
    }
    let all_or_none = request.param("allOrNone") == Some("true");
    access.write(|org| {
        perform(org, all_or_none, ids.len(), false, |org, at| {
            let id = SalesforceId::parse(ids[at]).ok_or_else(|| malformed_id(ids[at]))?;
            let object = org.object_of(id).map(|object| object.name.clone());
            let object = object.ok_or_else(|| errors::invalid_cross_reference(&[]))?;
            dml::delete(org, request.caller(), &object, id)?;
            Ok(Done { id, created: None })
        })
    })
}

/// `GET composite/sobjects/X?ids=a,b&fields=A,B`, or `POST` with the same as JSON: null stands for a record that is
/// not there.
pub(crate) fn get(access: &mut Access<'_>, request: &Request, object: &str) -> Reply {
    read_many(access, request, object).into()
}

fn read_many(access: &mut Access<'_>, request: &Request, object: &str) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    struct Wanted {
        ids: Vec<String>,
        fields: Vec<String>,
    }
    let wanted = if request.method == "POST" {
        serde_json::from_value(request.json_object()?.into()).map_err(|error| errors::json_parser(error.to_string()))?
    } else {
        let list = |name| ids(request.param(name).unwrap_or("")).into_iter().map(str::to_owned).collect();
        Wanted { ids: list("ids"), fields: list("fields") }
    };
    count(wanted.ids.len())?;
    if wanted.fields.is_empty() {
        return Err(errors::required_fields(&["fields"]));
    }
    if access.read(|org| org.schema_ref().object(object).is_none()) {
        return Err(errors::not_found());
    }
    let fields = wanted.fields.join(",");
    let record = |id: &String| {
        let mut one = request.clone();
        one.params = vec![("fields".into(), fields.clone())];
        let reply = rows::get(access, &one, object, id);
        match (reply.status, reply.body) {
            (200, Some(body)) => Ok(body),
            (404, _) => Ok(Json::Null),
            (status, body) => Err((status, body)),
        }
    };
    match wanted.ids.iter().map(record).collect::<Result<Vec<Json>, _>>() {
        Ok(records) => Ok(Reply::json(200, records.into())),
        Err((status, body)) => Ok(Reply::json(status, body.unwrap_or_default())),
    }
}

fn each_record(
    access: &mut Access<'_>,
    request: &Request,
    only: Option<&str>,
    one: impl Fn(&mut Org, String, &Map<String, Json>) -> Outcome,
) -> Reply {
    let body = match body(request) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    access.write(|org| {
        perform(org, body.all_or_none, body.records.len(), only.is_some(), |org, at| {
            let record = &body.records[at];
            let object = object_of(record)?;
            let object = org.schema_ref().object(object).map(|object| object.name.clone());
            let object = object.filter(|object| only.is_none_or(|only| only.eq_ignore_ascii_case(object)));
            one(org, object.ok_or_else(errors::not_found)?, record)
        })
    })
}

fn body(request: &Request) -> Result<Body, ApiError> {
    let body: Body = serde_json::from_value(request.json_object()?.into())
        .map_err(|error| errors::json_parser(error.to_string()))?;
    count(body.records.len())?;
    let mut types: Vec<Option<&str>> = body.records.iter().map(|record| object_of(record).ok()).collect();
    types.dedup();
    if types.len() > MOST_CHUNKS {
        let message = format!(
            "Cannot have more than {MOST_CHUNKS} chunks in a single operation. Please rearrange the data to reduce \
             chunking."
        );
        return Err(ApiError::new(400, "LIMIT_EXCEEDED", message));
    }
    Ok(body)
}

fn count(records: usize) -> Result<(), ApiError> {
    match records {
        0 => Err(ApiError::new(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required")),
        1..=MOST_RECORDS => Ok(()),
        _ => {
            let message =
                format!("record limit reached. cannot submit more than {MOST_RECORDS} records into this call");
            Err(ApiError::new(400, "LIMIT_EXCEEDED", message))
        }
    }
}

/// The type in a record's `attributes`. The words of the refusal ask for them first, but a recorded org took them in
/// any place.
fn object_of(record: &Map<String, Json>) -> Result<&str, ApiError> {
    let attributes = record.get("attributes");
    attributes.and_then(|attributes| attributes["type"].as_str()).ok_or_else(|| {
        ApiError::on_fields(
            "JSON_PARSER_ERROR",
            "Nested object for polymorphic foreign key must have an attributes field before any other fields.",
            &[],
        )
    })
}

/// Does every record, and with `all_or_none` undoes all when one is refused. The answer is 200 either way.
fn perform(
    org: &mut Org,
    all_or_none: bool,
    records: usize,
    says_created: bool,
    mut one: impl FnMut(&mut Org, usize) -> Outcome,
) -> Reply {
    let mark = org.mark();
    let mut outcomes: Vec<Outcome> = (0..records).map(|at| one(org, at)).collect();
    if all_or_none && outcomes.iter().any(Result::is_err) {
        org.roll_back_to(&mark);
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
            *outcome = Err(rolled_back());
        }
    }
    org.release(&mark);
    Reply::json(200, outcomes.iter().map(|outcome| shown(outcome, says_created)).collect())
}

fn rolled_back() -> ApiError {
    let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    ApiError::on_fields("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[])
}

fn malformed_id(text: &str) -> ApiError {
    ApiError::on_fields("MALFORMED_ID", format!("malformed id {text}"), &[])
}

fn shown(outcome: &Outcome, says_created: bool) -> Json {
    let (mut shown, created) = match outcome {
        Ok(done) => (json!({ "id": done.id.as_str(), "success": true, "errors": [] }), done.created),
        Err(error) => (json!({ "success": false, "errors": error.row_errors() }), says_created.then_some(false)),
    };
    if let Some(created) = created {
        shown["created"] = created.into();
    }
    shown
}

fn ids(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}
