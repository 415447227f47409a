//! Queries and their pages (Salesforce facts 2.3).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::calls::Cost;
use crate::errors::ApiError;
use crate::id::SalesforceId;
use crate::sharing;
use crate::soql::{self, record_access};
use crate::view::View;

use super::state::{Access, Shared};
use super::wire::{Reply, Request};

/// Bounds of `Sforce-Query-Options: batchSize`; the largest is the default.
const PAGE: std::ops::RangeInclusive<usize> = 200..=2000;
/// How many unfinished queries are kept; a real org keeps them for two days.
const KEPT: usize = 20;

/// Queries with pages still to fetch.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: HashMap<String, Arc<Cursor>>,
    order: VecDeque<String>,
    last: u64,
}

#[derive(Debug)]
struct Cursor {
    records: Vec<Json>,
    page: usize,
}

impl Cursors {
    fn keep(&mut self, cursor: Cursor) -> String {
        self.last += 1;
        let locator = SalesforceId::from_number(b"0r8", b"Sim", self.last).to_string();
        self.open.insert(locator.clone(), Arc::new(cursor));
        self.order.push_back(locator.clone());
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.open.remove(&oldest);
        }
        locator
    }
}

/// `GET query?q=…` and `GET queryAll?q=…`, which also sees the recycle bin.
pub(crate) fn first_page(shared: &Shared, access: &mut Access<'_>, request: &Request) -> Reply {
    if let Some(statement) = request.param("explain") {
        return explain(access, request, statement);
    }
    let Some(statement) = request.param("q") else {
        return ApiError::new(400, "MALFORMED_QUERY", "A query string has to be specified").into();
    };
    if request.param("columns") == Some("true") {
        return columns(access, request, statement);
    }
    let recycled_too = request.path() == ["queryAll"];
    let answer = access.read(|org| {
        // Who does not see a record learns nothing of others' access to it.
        let seen = |id| sharing::access(org, request.user, id).is_some_and(|access| access.read);
        let of = |user, id| sharing::access(org, user, id).filter(|_| seen(id));
        record_access::query(statement, of)
            .unwrap_or_else(|| soql::query(statement, &View::new(org, request.user, recycled_too), &request.version))
    });
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return ApiError::new(400, error.code, error.message).into(),
    };
    let cost = Cost { rows_scanned: answer.rows_scanned, index_used: answer.index_used };
    let patience = access.read(|org| org.settings.query_timeout_rows);
    if cost.index_used.is_none() && patience.is_some_and(|most| cost.rows_scanned > most) {
        let message = "Your query request was running for too long.";
        return Reply { cost, ..ApiError::new(400, "QUERY_TIMEOUT", message).into() };
    }
    let page = page_size(request);
    let mut reply = if answer.records.len() <= page || answer.aggregate {
        Reply::json(200, json!({ "totalSize": answer.total, "done": true, "records": answer.records }))
    } else {
        let cursor = Cursor { records: answer.records, page };
        let locator = shared.cursors().keep(cursor);
        page_of(shared, request, &locator, 0)
    };
    reply.cost = cost;
    reply
}

/// `query?q=…&columns=true`: what the columns are.
fn columns(access: &mut Access<'_>, request: &Request, statement: &str) -> Reply {
    let columns = access.read(|org| soql::columns(statement, &View::new(org, request.user, false), &request.version));
    match columns {
        Ok(columns) => Reply::json(200, columns),
        Err(error) => ApiError::new(400, error.code, error.message).into(),
    }
}

/// `query?explain=…`: how the query would find its rows, told by running it.
fn explain(access: &mut Access<'_>, request: &Request, statement: &str) -> Reply {
    let answer = access.read(|org| {
        let total = |object: &str| org.table(object).map_or(0, |table| table.live().len());
        let answer = soql::query(statement, &View::new(org, request.user, false), &request.version);
        answer.map(|answer| (total(&answer.object), answer))
    });
    let (size, answer) = match answer {
        Ok(answer) => answer,
        Err(error) => return ApiError::new(400, error.code, error.message).into(),
    };
    let index = answer.index_used.as_ref().and_then(|index| index.split_once('.')).map(|(_, field)| field);
    #[allow(clippy::cast_precision_loss, reason = "a share of at most a few million rows")]
    let cost = if size == 0 { 0.0 } else { answer.rows_scanned as f64 / size as f64 };
    let plan = json!({
        "cardinality": answer.total,
        "fields": index.into_iter().collect::<Vec<_>>(),
        "leadingOperationType": if index.is_some() { "Index" } else { "TableScan" },
        "notes": [],
        "relativeCost": cost,
        "sobjectCardinality": size,
        "sobjectType": answer.object,
    });
    Reply::json(200, json!({ "plans": [plan], "sourceQuery": statement }))
}

/// `GET query/{locator}-{offset}`.
pub(crate) fn next_page(shared: &Shared, request: &Request, locator: &str) -> Reply {
    match locator.rsplit_once('-').map(|(locator, offset)| (locator, offset.parse::<usize>())) {
        Some((locator, Ok(offset))) => page_of(shared, request, locator, offset),
        _ => invalid_locator(),
    }
}

fn page_of(shared: &Shared, request: &Request, locator: &str, offset: usize) -> Reply {
    let cursor = shared.cursors().open.get(locator).cloned();
    let Some(cursor) = cursor.filter(|cursor| offset < cursor.records.len()) else { return invalid_locator() };
    let end = offset.saturating_add(cursor.page).min(cursor.records.len());
    let done = end == cursor.records.len();
    let mut body = json!({ "totalSize": cursor.records.len(), "done": done });
    if !done {
        body["nextRecordsUrl"] = format!("/services/data/v{}/query/{locator}-{end}", request.version).into();
    }
    body["records"] = cursor.records[offset..end].to_vec().into();
    Reply::json(200, body)
}

fn invalid_locator() -> Reply {
    ApiError::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator").into()
}

fn page_size(request: &Request) -> usize {
    let options = request.header("sforce-query-options").unwrap_or("");
    let named = options.split([',', ';']).filter_map(|option| option.split_once('='));
    let size = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"));
    let size = size.filter_map(|(_, size)| size.trim().parse::<usize>().ok()).next();
    size.map_or(*PAGE.end(), |size| size.clamp(*PAGE.start(), *PAGE.end()))
}
