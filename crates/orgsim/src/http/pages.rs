//! The org's pages: its records as they change, one record, and OAuth consent. They work without script.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::calls::Call;
use crate::id::SalesforceId;
use crate::json;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::{Field, FieldType, Object};
use crate::value::Value;

use super::state::Shared;

/// Rows shown of each object.
const ROWS: usize = 25;
/// Calls shown.
const CALLS: usize = 30;

/// The objects in the order a person looks for them, with the fields that tell them apart.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("Event", &["Subject", "StartDateTime", "EndDateTime", "WhoId", "WhatId", "OwnerId", "ShowAs", "Location"]),
    ("Contact", &["Name", "Email", "AccountId", "OwnerId", "Title", "Phone"]),
    ("Lead", &["Name", "Email", "Company", "Status", "OwnerId", "IsConverted"]),
    ("Account", &["Name", "Website", "ParentId", "OwnerId", "BillingCountry", "LastActivityDate"]),
    ("Opportunity", &["Name", "AccountId", "StageName", "CloseDate", "Amount", "OwnerId"]),
    ("User", &["Name", "Email", "IsActive", "TimeZoneSidKey"]),
];

/// `GET /`.
pub(crate) async fn home(State(shared): State<Arc<Shared>>) -> Response {
    let calls: Vec<Call> = shared.calls().calls().rev().take(CALLS).cloned().collect();
    let counted = shared.calls().counted();
    let world = shared.world();
    let org = shared.org();
    let others = org.schema_ref().objects().iter().filter(|o| !COLUMNS.iter().any(|(name, _)| *name == o.name));
    let main = html! {
        h1 { "Simulated Salesforce org" }
        p.lede { "World " strong { (world) } ", " (counted) " API calls counted. Nothing here is real and nothing is kept." }
        @for (name, columns) in COLUMNS {
            @if let Some(object) = org.schema_ref().object(name) { (table(&org, object, columns)) }
        }
        @for object in others { (table(&org, object, &["Name"])) }
        (call_table(&calls))
    };
    page(StatusCode::OK, "Simulated Salesforce org", &main)
}

/// `GET /records/{Object}/{id}`.
pub(crate) async fn record(State(shared): State<Arc<Shared>>, Path((object, id)): Path<(String, String)>) -> Response {
    let org = shared.org();
    let found = org.schema_ref().object(&object).zip(SalesforceId::parse(&id));
    let found = found.map(|(object, id)| (object, id, org.find(&object.name, id)));
    let (object, id, row, deleted) = match found {
        Some((object, id, Found::Live(row))) => (object, id, row, false),
        Some((object, id, Found::Recycled(row))) => (object, id, row, true),
        _ => return no_record(&object, &id),
    };
    let name = name_of(object, row);
    let main = html! {
        p { a href="/" { "All records" } }
        h1 { (object.label) ": " (name) }
        @if deleted { p.deleted role="status" { "Deleted: this record is in the recycle bin." } }
        table.record {
            tr { th scope="row" { "Record ID" } td { code { (id) } } td.api { "Id" } }
            @for (field, value) in set_fields(object, row) {
                tr {
                    th scope="row" { (heading(field)) }
                    td { (cell(&org, field, value)) }
                    td.api { (field.name) }
                }
            }
        }
    };
    page(StatusCode::OK, &format!("{}: {name}", object.label), &main)
}

/// The consent form, with the users to consent as. What was asked travels in hidden fields.
pub(crate) fn consent(asked: &HashMap<String, String>, users: &[String], chosen: Option<&str>) -> String {
    let text = |name: &str| asked.get(name).map_or("", String::as_str);
    let kept = ["client_id", "redirect_uri", "state", "scope", "code_challenge"];
    let main = html! {
        h1 { "Allow access?" }
        p { strong { (text("client_id")) } " is asking to:" }
        ul { @for scope in text("scope").split(' ').filter(|s| !s.is_empty()) { li { (scope_words(scope)) } } }
        form method="post" action="/services/oauth2/authorize" {
            @for name in kept.into_iter().filter(|name| asked.contains_key(*name)) {
                input type="hidden" name=(name) value=(text(name));
            }
            p { label for="username" { "Signed in as " }
                select id="username" name="username" {
                    @for user in users { option value=(user) selected[chosen == Some(user)] { (user) } }
                } }
            button name="decision" value="allow" { "Allow" }
            " "
            button.quiet name="decision" value="deny" { "Deny" }
        }
        p.lede { "This is a simulated org: nobody has a password, choose who you are." }
    };
    document("Allow access?", &main, false).into_string()
}

/// An OAuth error that cannot go back to the app.
pub(crate) fn oauth_error(error: &str, description: &str) -> Response {
    let main = html! {
        h1 { "OAuth error" }
        p { "error=" (error) "&error_description=" (description) }
    };
    page(StatusCode::BAD_REQUEST, "OAuth error", &main)
}

/// `GET /assets/page.css`.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css")).into_response()
}

/// `GET /{id}`: a link to a record as Salesforce takes them, by its id alone.
pub(crate) async fn by_id(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let object = SalesforceId::parse(&id).and_then(|id| {
        let org = shared.org();
        org.schema_ref().by_prefix(id.prefix()).map(|object| object.name.clone())
    });
    match object {
        Some(object) => record(State(shared), Path((object, id))).await,
        None => no_record("record", &id),
    }
}

/// `GET /assets/page.js`.
pub(crate) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page.js")).into_response()
}

fn no_record(object: &str, id: &str) -> Response {
    let main = html! {
        p { a href="/" { "All records" } }
        h1 { "No such record" }
        p { "This org has no " (object) " with the id " code { (id) } ". It may belong to a world before the last reset." }
    };
    page(StatusCode::NOT_FOUND, "No such record", &main)
}

fn table(org: &Org, object: &Object, columns: &[&str]) -> Markup {
    let rows = newest(org, object);
    let count = org.table(&object.name).map_or(0, |table| table.live().len());
    let custom = object.fields().iter().filter(|f| f.custom).map(|f| f.name.as_str());
    let columns = columns.iter().copied().chain(custom).filter_map(|name| object.field(name));
    let set = |ordinal: u16| rows.iter().any(|(_, row, _)| !row.get(ordinal).is_null());
    let columns: Vec<(u16, &Field)> = columns.filter(|(ordinal, _)| set(*ordinal)).collect();
    html! {
        section {
            h2 id=(object.name) { (object.label_plural) " " span.count { (count) } }
            @if rows.is_empty() {
                p.empty { "None yet." }
            } @else {
                div.scroll { table {
                    thead { tr { @for (_, field) in &columns { th scope="col" title=(field.name) { (heading(field)) } } th scope="col" { "Record" } } }
                    tbody { @for (id, row, deleted) in &rows {
                        tr.gone[*deleted] {
                            @for (ordinal, field) in &columns { td.number[field.kind.is_number()] { (cell(org, field, row.get(*ordinal))) } }
                            td { a href=(format!("/records/{}/{id}", object.name)) { @if *deleted { "deleted" } @else { "open" } } }
                        }
                    } }
                } }
                @if count > rows.len() { p.empty { "The " (rows.len()) " newest of " (count) "." } }
            }
        }
    }
}

/// Recently changed records first, then the newest.
fn newest<'a>(org: &'a Org, object: &Object) -> Vec<(SalesforceId, &'a Row, bool)> {
    let Some(table) = org.table(&object.name) else { return Vec::new() };
    let changed = org.recent().filter(|(name, _)| *name == object.name).map(|(_, id)| *id);
    let mut shown: Vec<(SalesforceId, &Row, bool)> = Vec::new();
    for id in changed.chain(table.live().keys().rev().copied()) {
        if shown.len() == ROWS {
            break;
        }
        let row = match org.find(&object.name, id) {
            Found::Live(row) => (id, row, false),
            Found::Recycled(row) => (id, row, true),
            Found::Missing => continue,
        };
        if !shown.iter().any(|(known, ..)| *known == id) {
            shown.push(row);
        }
    }
    shown
}

fn call_table(calls: &[Call]) -> Markup {
    html! {
        section {
            h2 id="calls" { "Latest calls" }
            @if calls.is_empty() {
                p.empty { "None yet." }
            } @else {
                div.scroll { table {
                    thead { tr { th scope="col" { "Call" } th scope="col" { "Status" } th scope="col" { "Rows scanned" } th scope="col" { "Index" } } }
                    tbody { @for call in calls {
                        tr {
                            td.path { (call.method) " " (call.path) }
                            td { @match call.status { Some(status) => (status), None => "dropped" } }
                            td.number { (call.cost.rows_scanned) }
                            td { (call.cost.index_used.as_deref().unwrap_or("")) }
                        }
                        @for part in &call.subrequests {
                            tr.part {
                                td.path { (part.method) " " (part.path) }
                                td { (part.status) }
                                td.number { (part.cost.rows_scanned) }
                                td { (part.cost.index_used.as_deref().unwrap_or("")) }
                            }
                        }
                    } }
                } }
            }
        }
    }
}

fn set_fields<'a>(object: &'a Object, row: &'a Row) -> impl Iterator<Item = (&'a Field, &'a Value)> {
    row.iter().map(|(ordinal, value)| (&object.fields()[usize::from(ordinal)], value))
}

fn cell(org: &Org, field: &Field, value: &Value) -> Markup {
    match value {
        Value::Null => html! {},
        Value::Id(id) => link(org, *id),
        Value::Ids(ids) => html! { @for id in ids { (link(org, *id)) " " } },
        Value::Bool(yes) => html! { (if *yes { "yes" } else { "no" }) },
        Value::DateTime(at) => html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M UTC")) } },
        Value::Text(text) if field.kind == FieldType::TextArea => html! { span.long { (text) } },
        other => match json::value(field.kind, other) {
            serde_json::Value::String(text) => html! { (text) },
            json => html! { (json) },
        },
    }
}

/// The label; a reference is shown by its record's name, so its heading needs no "ID".
fn heading(field: &Field) -> &str {
    let label = field.label.as_str();
    if field.kind == FieldType::Reference { label.strip_suffix(" ID").unwrap_or(label) } else { label }
}

fn link(org: &Org, id: SalesforceId) -> Markup {
    let Some(object) = org.object_of(id) else { return html! { code { (id) } } };
    let (row, deleted) = match org.find(&object.name, id) {
        Found::Live(row) => (row, false),
        Found::Recycled(row) => (row, true),
        Found::Missing => return html! { code { (id) } },
    };
    html! { a.gone[deleted] href=(format!("/records/{}/{id}", object.name)) { (name_of(object, row)) } }
}

fn name_of(object: &Object, row: &Row) -> String {
    let name = object.fields().iter().zip(0..).find(|(field, _)| field.name_field);
    match name.map(|(_, ordinal)| row.get(ordinal)) {
        Some(Value::Text(name)) => name.to_string(),
        _ => format!("unnamed {}", object.label),
    }
}

fn scope_words(scope: &str) -> &str {
    match scope {
        "api" => "Manage user data via APIs (api)",
        "refresh_token" | "offline_access" => "Perform requests at any time (refresh_token)",
        "id" | "openid" => "Access the identity of its user (openid)",
        other => other,
    }
}

fn page(status: StatusCode, title: &str, main: &Markup) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Html(document(title, main, true).into_string())).into_response()
}

fn document(title: &str, main: &Markup, live: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/assets/page.css";
                @if live { script src="/assets/page.js" defer {} }
            }
            body { main { (main) } }
        }
    }
}
