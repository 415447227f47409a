//! `/api/v1/configuration`: connections, hosts, event types and sources, as the workspace file tells of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Problem;
use super::caller::Caller;
use super::request::{IfMatch, JsonBody, etag};
use super::settings_validation::look_at_named_users;
use crate::access::KeyScope;
use crate::app::App;
use crate::configuration::{ChangeContext, ChangeError, Edit, SecretSources, change};
use crate::store::{Actor, ConfigurationVersion, PutError};
use crate::ui::ClientAddress;
use crate::workspace_file::entries::{EventType, Typed as _};
use crate::workspace_file::{self, FileError};

/// The sections that the API reads and changes.
const SECTIONS: [&str; 4] = ["connections", "event_types", "hosts", "sources"];

/// A section of the configuration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "the document's form of a part of the path")]
enum SectionWord {
    Connections,
    EventTypes,
    Hosts,
    Sources,
}

/// The entries of a section.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entries {
    /// What is set of each entry, by its stable key. A secret is shown as `{"secret": NAME}`, never its value.
    #[schema(value_type = Object)]
    entries: Map<String, Value>,
}

/// What is set of an entry: the settings of the workspace file, as docs/configuration.md lists them. Null takes one back.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the document's form of any entry")]
#[schema(value_type = Object)]
struct Settings(Map<String, Value>);

/// List the entries of a section
#[utoipa::path(get, path = "/configuration/{section}",
    operation_id = "listEntries", tag = "Configuration", security(("api_key" = ["config:read"])),
    params(("section" = inline(SectionWord), Path, description = "Which section")),
    responses((status = 200, description = "What is set of each entry", body = Entries, headers(("ETag" = String, description = "The version of the configuration")))))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(section): Path<String>,
) -> Result<Response, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let section = known(&section)?;
    let configuration = app.store.configuration().await?;
    let ConfigurationVersion { number, document } = &*configuration;
    let entries =
        document.entries(section).map(|(key, entry)| (key.to_owned(), Value::Object(entry.clone()))).collect();
    Ok(([(header::ETAG, etag(*number))], Json(Entries { entries })).into_response())
}

/// Read an entry
#[utoipa::path(get, path = "/configuration/{section}/{key}",
    operation_id = "readEntry", tag = "Configuration", security(("api_key" = ["config:read"])),
    params(("section" = inline(SectionWord), Path, description = "Which section"), ("key" = String, Path, description = "The entry's stable key")),
    responses((status = 200, description = "What is set of it", body = Settings, headers(("ETag" = String, description = "The version of the configuration")))))]
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((section, key)): Path<(String, String)>,
) -> Result<Response, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    shown(&app, known(&section)?, &key).await
}

/// Change an entry, or add one
///
/// A merge patch (RFC 7396): what the body doesn't name stays as it is, null takes a setting back. `If-Match` must name the version of
/// the configuration that the change was made against; if somebody changed it meanwhile, the answer is 412 and tells what.
/// A secret is given by its name, `{"secret": NAME}`: its value is the server's variable `MATCHBOOK_SECRET_NAME`.
#[utoipa::path(patch, path = "/configuration/{section}/{key}",
    operation_id = "changeEntry", tag = "Configuration", request_body = Settings, security(("api_key" = ["config:write"])),
    params(("section" = inline(SectionWord), Path, description = "Which section"), ("key" = String, Path, description = "The entry's stable key"),
        ("If-Match" = String, Header, description = "The `ETag` that the configuration was read with")),
    responses(
        (status = 200, description = "What is set of it now", body = Settings, headers(("ETag" = String, description = "The new version of the configuration"))),
        (status = 412, description = "The configuration has changed meanwhile", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "There is no `If-Match`", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn patch(
    State(app): State<Arc<App>>,
    caller: Caller,
    ClientAddress(address): ClientAddress,
    Path((section, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<JsonBody, Problem>,
) -> Result<Response, Problem> {
    caller.may(KeyScope::ConfigWrite)?;
    let (section, body) = (known(&section)?, body?);
    let Value::Object(patch) = body.value else {
        return Err(Problem::invalid().field("", "This must be an object of settings."));
    };
    let present = app.store.configuration().await?;
    let expected = expected(&headers, present.number)?;
    let mut entry = present.document.get(section, &key).cloned().unwrap_or_default();
    lay_over(&mut entry, patch);
    // JSON is YAML: an entry is read, and its mistakes are told, as in a file that holds nothing else.
    let text = json!({section: {key.as_str(): entry}}).to_string();
    let file = workspace_file::read(&text, "the body").map_err(|errors| invalid(section, &key, &errors))?;
    if section == EventType::SECTION {
        let section = file.document.get(section, &key).and_then(|entry| entry.get("salesforce"));
        look_at_named_users(&app, section.unwrap_or(&Value::Null)).await?;
    }
    let actor = actor(&caller, address);
    changed(&app, &actor, expected, Edit::File { file, exact: false }, section, &key).await?;
    shown(&app, section, &key).await
}

/// Archive an entry
///
/// Bookings that were made with it are kept. An entry that others name cannot be archived.
#[utoipa::path(delete, path = "/configuration/{section}/{key}",
    operation_id = "archiveEntry", tag = "Configuration", security(("api_key" = ["config:write"])),
    params(("section" = inline(SectionWord), Path, description = "Which section"), ("key" = String, Path, description = "The entry's stable key"),
        ("If-Match" = String, Header, description = "The `ETag` that the configuration was read with")),
    responses(
        (status = 204, description = "It is archived"),
        (status = 412, description = "The configuration has changed meanwhile", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Another entry names it", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "There is no `If-Match`", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn archive(
    State(app): State<Arc<App>>,
    caller: Caller,
    ClientAddress(address): ClientAddress,
    Path((section, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(KeyScope::ConfigWrite)?;
    let section = known(&section)?;
    let present = app.store.configuration().await?;
    if present.document.get(section, &key).is_none() {
        return Err(no_entry());
    }
    let expected = expected(&headers, present.number)?;
    let edit = Edit::Archive { section, key: key.clone() };
    changed(&app, &actor(&caller, address), expected, edit, section, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn known(section: &str) -> Result<&'static str, Problem> {
    let problem = || {
        Problem::new(StatusCode::NOT_FOUND, "The configuration has no such section here.")
            .detail(format!("There are {}.", SECTIONS.join(", ")))
    };
    SECTIONS.into_iter().find(|known| *known == section).ok_or_else(problem)
}

fn no_entry() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "No entry of this section has this key.")
}

async fn shown(app: &App, section: &str, key: &str) -> Result<Response, Problem> {
    let configuration = app.store.configuration().await?;
    let ConfigurationVersion { number, document } = &*configuration;
    let entry = document.get(section, key).ok_or_else(no_entry)?;
    Ok(([(header::ETAG, etag(*number))], Json(entry.clone())).into_response())
}

/// The version that a change was made against: the present one, if the request is made for it.
fn expected(headers: &HeaderMap, present: i64) -> Result<i64, Problem> {
    let Some(if_match) = IfMatch::of(headers) else {
        let title = "The header If-Match is needed. Nothing was changed.";
        let problem = Problem::new(StatusCode::PRECONDITION_REQUIRED, title);
        return Err(problem.detail("Read the entry, and send the ETag that came with it."));
    };
    if if_match.admits(present) { Ok(present) } else { Ok(if_match.version().unwrap_or(-1)) }
}

/// Lays a merge patch over an entry. Nulls are kept: they say to the reader of the file that a setting is taken back.
pub(super) fn lay_over(entry: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match (entry.get_mut(&name), value) {
            (Some(Value::Object(group)), Value::Object(patch)) => lay_over(group, patch),
            (_, value) => {
                entry.insert(name, value);
            }
        }
    }
}

fn actor(caller: &Caller, address: Option<std::net::IpAddr>) -> Actor {
    let who = caller.access.email.as_written().to_owned();
    Actor { who, via: "api".to_owned(), address: address.map(|address| address.to_string()) }
}

async fn changed(app: &App, actor: &Actor, expected: i64, edit: Edit, section: &str, key: &str) -> Result<(), Problem> {
    let context = ChangeContext {
        store: &app.store,
        vault: &app.vault,
        secrets: &SecretSources::default(),
        loopback: app.loopback,
        now: app.clock.now(),
    };
    match change(&context, actor, Some(expected), &edit).await {
        Ok(_) => {
            app.engine.wake();
            Ok(())
        }
        Err(ChangeError::File(errors)) => Err(invalid(section, key, &errors)),
        Err(ChangeError::Problems(problems)) => {
            let named =
                |all: Problem, one: &workspace_file::Problem| all.field("", format!("{}: {}", one.path, one.message));
            Err(problems.iter().fold(Problem::invalid(), named))
        }
        Err(ChangeError::Conflict(conflict)) => {
            let title = "The configuration has changed meanwhile. Nothing was changed.";
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, title).detail(conflict.to_string()))
        }
        Err(ChangeError::Store(error) | ChangeError::Put(PutError::Store(error))) => Err(error.into()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// The mistakes of an entry, each at its pointer.
fn invalid(section: &str, key: &str, errors: &[FileError]) -> Problem {
    let entry = format!("{section}.{key}");
    errors.iter().fold(Problem::invalid(), |problem, error| {
        let (pointer, words) = placed(&entry, error);
        problem.field(pointer, words)
    })
}

/// The pointer of a mistake within what stands at a path, and its words. Messages begin with a path such as `hosts.ann.email`,
/// and where a setting is missing or not known, go on with its name in quotes.
pub(super) fn placed<'a>(at: &'a str, error: &'a FileError) -> (String, &'a str) {
    let split = error.message.split_once(": ").filter(|(path, _)| path.starts_with(at));
    let (path, words) = split.unwrap_or((at, &error.message));
    let within = path.strip_prefix(at).unwrap_or_default();
    let setting = words
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
        .filter(|(_, rest)| rest.starts_with(" is missing; ") || rest.starts_with(" is not a key here; "));
    let within = setting.map_or_else(|| within.to_owned(), |(name, _)| format!("{within}.{name}"));
    (within.replace(['.', '['], "/").replace(']', ""), words)
}
