//! `POST /api/v1/event-types/{slug}/salesforce-validations`: what saving would say of settings, with nothing saved (spec 8).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::ask::RecordId;
use domain::salesforce_settings::NewOwner;
use http::StatusCode;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Problem;
use super::caller::Caller;
use super::configuration::{lay_over, placed};
use super::org::not_asked;
use super::request::JsonBody;
use crate::access::KeyScope;
use crate::app::App;
use crate::configuration::{ChangeContext, ChangeError, Edit, SecretSources, plan};
use crate::routing::ShapeError;
use crate::store::PutError;
use crate::workspace_file::entries::{EventType, Typed as _};
use crate::workspace_file::{self, FileError};

/// How old what is known of the org may be. Whoever mends something in Salesforce looks again soon.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// What saving would say.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsValidation {
    /// Nothing is wrong, as far as it could be told.
    valid: bool,
    /// What is wrong, in the order of the settings.
    errors: Vec<SettingProblem>,
    org: OrgCheck,
}

/// What is wrong with a setting.
#[derive(Debug, Serialize, ToSchema)]
struct SettingProblem {
    /// Where it is in the body: a JSON pointer.
    #[schema(example = "/person_fields_on_booking/fields/0/value")]
    pointer: String,
    /// Of a row of fields to write: which, counted from 0.
    row: Option<usize>,
    /// Of such a row: the API name of its field.
    field: Option<String>,
    /// What is wrong, and how to mend it.
    detail: String,
}

/// Whether the settings were held against the org.
#[derive(Debug, Serialize, ToSchema)]
struct OrgCheck {
    /// They were. If not, the errors are those that can be told without the org.
    checked: bool,
    /// Why they were not, and what to do.
    reason: Option<String>,
}

/// A Salesforce section: the settings of the workspace file below `salesforce`, as docs/configuration.md lists them.
#[derive(ToSchema)]
#[allow(dead_code, reason = "the document's form of the section")]
#[schema(value_type = Object)]
struct SalesforceSettings(Map<String, Value>);

/// Check Salesforce settings without saving them
///
/// Says what `PATCH /configuration/event_types/{key}` would say to the body as its `salesforce`, by the same checks: what it doesn't name is as
/// it is set now, null takes a setting back. First what can be told without the org, such as a value that a field type does not take; then what the org tells, such
/// as a field that is not there, as it was described in the last minute. If the org cannot be asked, `org` says why.
#[utoipa::path(post, path = "/event-types/{slug}/salesforce-validations",
    operation_id = "validateSalesforceSettings", tag = "Configuration", request_body = SalesforceSettings, security(("api_key" = ["config:read"])),
    params(("slug" = String, Path, description = "The event type's slug")),
    responses((status = 200, description = "What is wrong with the settings, if anything", body = SettingsValidation)))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(slug): Path<String>,
    body: Result<JsonBody, Problem>,
) -> Result<Json<SettingsValidation>, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let Some(event_type) = app.store.event_type_of_slug(&slug).await? else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "No event type has this slug."));
    };
    let body = body?.value;
    if !body.is_object() {
        return Err(Problem::invalid().field("", "This must be an object of settings."));
    }
    let configuration = app.store.configuration().await?;
    let mut entry = configuration.document.get(EventType::SECTION, &event_type.key).cloned().unwrap_or_default();
    lay_over(&mut entry, Map::from_iter([("salesforce".to_owned(), body)]));
    let section = entry.get("salesforce").cloned().unwrap_or_default();
    let at = format!("{}.{}.salesforce", EventType::SECTION, event_type.key);
    let shown = |errors: Vec<FileError>| errors.iter().map(|error| shown(&at, &section, error)).collect();
    let text = json!({EventType::SECTION: {event_type.key.as_str(): entry}}).to_string();
    let file = match workspace_file::read(&text, "the body") {
        Ok(file) => file,
        Err(errors) => return Ok(Json(answer(shown(errors), Some("What is wrong here must be mended first.".into())))),
    };
    let unchecked = describe(&app, section["connection"].as_str()).await?;
    look_at_named_users(&app, &section).await?;
    let errors = refused(&app, Edit::File { file, exact: false }).await?;
    Ok(Json(answer(shown(errors), unchecked)))
}

fn answer(errors: Vec<SettingProblem>, unchecked: Option<String>) -> SettingsValidation {
    let org = OrgCheck { checked: unchecked.is_none(), reason: unchecked };
    SettingsValidation { valid: errors.is_empty(), errors, org }
}

/// Sees to it that the org is known as it is now; if it cannot be, why.
async fn describe(app: &App, connection: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(key) = connection else { return Ok(Some("No connection is chosen, so there is no org to ask.".into())) };
    let Some(connection) = app.store.connections().await?.into_iter().find(|known| known.key == key) else {
        return Ok(Some("There is no such connection, so there is no org to ask.".into()));
    };
    match app.lookups.shape(connection, FRESH).await {
        Ok(_) => Ok(None),
        Err(ShapeError::Store(error)) => Err(error.into()),
        Err(ShapeError::NotAsked(why)) => Ok(Some(not_asked(&why))),
    }
}

/// Sees to it that it is known whether the users whom a Salesforce section names are active, as far as its org can be asked.
pub(super) async fn look_at_named_users(app: &App, section: &Value) -> Result<(), Problem> {
    let Some(user) = section["change_record_owner"]["to"].as_str().filter(|to| *to != NewOwner::ORGANIZER) else {
        return Ok(());
    };
    let key = section["connection"].as_str().unwrap_or_default();
    let Some(connection) = app.store.connections().await?.into_iter().find(|known| known.key == key) else {
        return Ok(());
    };
    Ok(app.lookups.look_at_users(connection, BTreeSet::from([RecordId(user.to_owned())])).await?)
}

/// What saving would refuse.
async fn refused(app: &App, edit: Edit) -> Result<Vec<FileError>, Problem> {
    let context = ChangeContext {
        store: &app.store,
        vault: &app.vault,
        secrets: &SecretSources::default(),
        loopback: app.loopback,
        now: app.clock.now(),
    };
    match plan(&context, None, &edit).await {
        Ok(_) => Ok(Vec::new()),
        Err(ChangeError::File(errors)) => Ok(errors),
        Err(ChangeError::Store(error) | ChangeError::Put(PutError::Store(error))) => Err(error.into()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

fn shown(at: &str, section: &Value, error: &FileError) -> SettingProblem {
    let (pointer, words) = placed(at, error);
    let row = row_of(&pointer);
    let field = row.and_then(|(row, _)| section.pointer(row)?["field"].as_str());
    SettingProblem { row: row.map(|(_, at)| at), field: field.map(str::to_owned), detail: words.to_owned(), pointer }
}

/// The pointer of the row that a pointer leads into, and which row it is: `/LIST/fields/0` and 0 for `/LIST/fields/0/value`.
fn row_of(pointer: &str) -> Option<(&str, usize)> {
    let start = pointer.find("/fields/")? + "/fields/".len();
    let end = pointer[start..].find('/').map_or(pointer.len(), |length| start + length);
    Some((&pointer[..end], pointer[start..end].parse().ok()?))
}
