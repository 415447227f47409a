//! The control interface under `/_sim/`: what a test or a person may do to the org from outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json as JsonBody;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use crate::auth::App;
use crate::calls::CallLog;
use crate::dml::{self, Conversion};
use crate::errors::ApiError;
use crate::faults::{Fault, Faults};
use crate::id::SalesforceId;
use crate::json as wire_json;
use crate::jwt::PublicKey;
use crate::loader;
use crate::org::Org;
use crate::permissions::Permissions;
use crate::rules::Rules;
use crate::schema::{self, Field, Object};
use crate::worlds::{self, WORLDS, integration_user};

use super::oauth;
use super::rest;
use super::state::Shared;

type Answer = Result<JsonBody<Json>, (StatusCode, JsonBody<Json>)>;

/// The version that records are shown in.
const VERSION: &str = "66.0";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reset {
    world: Option<String>,
}

/// `POST reset`: the world as it was at the start, or another.
pub(crate) async fn reset(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let reset: Reset = if body.is_empty() { Reset::default() } else { parse(&body)? };
    let wanted = reset.world.unwrap_or_else(|| shared.world().to_owned());
    let known = WORLDS.iter().find(|(name, _)| *name == wanted).map(|(name, _)| *name);
    let built = worlds::build_described(&wanted, shared.describes()).transpose().map_err(refuse)?;
    let Some((name, world)) = known.zip(built) else {
        let names: Vec<&str> = WORLDS.iter().map(|(name, _)| *name).collect();
        return Err(refuse(format!("there is no world named {wanted}; there are {}", names.join(", "))));
    };
    shared.reset(name, world);
    Ok(JsonBody(json!({ "world": name })))
}

/// `POST records`: loads records, all or none.
pub(crate) async fn load(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let records: Map<String, Json> = parse(&body)?;
    let loaded = loader::load(&mut shared.org_mut(), integration_user(), &records);
    loaded.map(JsonBody).map_err(refuse)
}

/// `GET records/{Object}`: all records in id order, the deleted ones too, with their set fields.
pub(crate) async fn records(State(shared): State<Arc<Shared>>, Path(object): Path<String>) -> Answer {
    let org = shared.org();
    let object = org.schema_ref().object(&object).ok_or_else(|| refuse(format!("there is no object {object}")))?;
    let Some(table) = org.table(&object.name) else { return Ok(JsonBody(json!([]))) };
    let rows: BTreeMap<_, _> = table.live().iter().chain(table.recycled()).collect();
    let id_field = object.field("Id").map(|(ordinal, _)| ordinal);
    let shown = rows.into_iter().map(|(id, row)| {
        let set = row.iter().map(|(ordinal, _)| ordinal).filter(|ordinal| Some(*ordinal) != id_field);
        let fields: Vec<u16> = id_field.into_iter().chain(set).collect();
        wire_json::record(object, *id, row, &fields, VERSION)
    });
    Ok(JsonBody(shown.collect()))
}

/// `POST fields`: `{"Event": [{"name", "label", "type", "length", …}]}`, all or none. A field of an activity is one of
/// events and of tasks (Salesforce facts 5.2); `Activity` names both.
pub(crate) async fn add_fields(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let wanted: BTreeMap<String, Vec<Json>> = parse(&body)?;
    let mut org = shared.org_mut();
    let mut fields = Vec::new();
    for (name, list) in &wanted {
        let activity = ACTIVITIES.iter().chain(["Activity"].iter()).any(|known| known.eq_ignore_ascii_case(name));
        let objects: Vec<&str> = if activity { ACTIVITIES.to_vec() } else { vec![name] };
        for json in list {
            let field = schema::custom_field(json).map_err(|error| refuse(format!("{name}: {error}")))?;
            for object in &objects {
                let known =
                    org.schema_ref().object(object).ok_or_else(|| refuse(format!("there is no object {name}")))?;
                check_targets(&org, &field, &[]).map_err(|problem| refuse(format!("{name}: {problem}")))?;
                fields.push((known.name.clone(), field.clone()));
            }
        }
    }
    for (object, field) in fields {
        org.put_field(&object, field);
    }
    Ok(JsonBody(json!({})))
}

/// The objects that share an activity's custom fields.
const ACTIVITIES: [&str; 2] = ["Event", "Task"];

/// `POST objects`: `[{"name": "Visit__c", "fields": [{"name", "type", …}]}]`, all or none. Activities may be related to
/// them.
pub(crate) async fn add_objects(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let wanted: Vec<Json> = parse(&body)?;
    let mut org = shared.org_mut();
    let mut objects: Vec<Object> = Vec::new();
    for json in &wanted {
        let taken: Vec<[u8; 3]> = objects.iter().filter_map(|object| object.key_prefix).collect();
        let object = schema::custom_object(json, |prefix| {
            org.schema_ref().by_prefix(prefix).is_some() || taken.iter().any(|t| t == prefix.as_bytes())
        });
        let object = object.map_err(|error| refuse(error.to_string()))?;
        if org.schema_ref().object(&object.name).is_some() {
            return Err(refuse(format!("there is an object {} already", object.name)));
        }
        objects.push(object);
    }
    let new: Vec<&str> = objects.iter().map(|object| object.name.as_str()).collect();
    for (object, field) in objects.iter().flat_map(|object| object.fields().iter().map(move |field| (object, field))) {
        check_targets(&org, field, &new).map_err(|problem| refuse(format!("{}: {problem}", object.name)))?;
    }
    for object in objects {
        org.add_custom_object(object);
    }
    Ok(JsonBody(json!({})))
}

/// A reference names objects that are there, or that come with it.
fn check_targets(org: &Org, field: &Field, new: &[&str]) -> Result<(), String> {
    let known = |name: &&String| org.schema_ref().object(name).is_some() || new.contains(&name.as_str());
    match field.reference_to.iter().find(|name| !known(name)).filter(|_| field.custom) {
        Some(name) => Err(format!("field {} refers to {name}, which is no object", field.name)),
        None => Ok(()),
    }
}

/// `GET settings`.
pub(crate) async fn settings(State(shared): State<Arc<Shared>>) -> Answer {
    let settings = shared.org().settings.clone();
    Ok(JsonBody(json!(settings)))
}

/// `PATCH settings`: some of them.
pub(crate) async fn change_settings(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let changes: Map<String, Json> = parse(&body)?;
    let mut org = shared.org_mut();
    let settings = org.settings.patched(changes).map_err(refuse)?;
    let persons = settings.person_accounts && !org.settings.person_accounts;
    org.change_settings(settings).map_err(refuse)?;
    if persons {
        let record_type = json!({
            "Name": "Person Account", "DeveloperName": "PersonAccount", "SobjectType": "Account", "IsActive": true,
            "IsPersonType": true,
        });
        let records = Map::from_iter([("RecordType".to_owned(), json!([record_type]))]);
        loader::load(&mut org, integration_user(), &records).map_err(refuse)?;
    }
    Ok(JsonBody(json!(org.settings)))
}

/// `GET rules`.
pub(crate) async fn rules(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(JsonBody(shared.org().rules.as_written()))
}

/// `POST rules`: the kinds of rules that it names, in the place of those there were.
pub(crate) async fn set_rules(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let written: Map<String, Json> = parse(&body)?;
    let mut org = shared.org_mut();
    org.rules = org.rules.replaced(&org, &written).map_err(refuse)?;
    Ok(JsonBody(org.rules.as_written()))
}

/// `DELETE rules`: none any more.
pub(crate) async fn clear_rules(State(shared): State<Arc<Shared>>) -> Answer {
    shared.org_mut().rules = Rules::default();
    Ok(JsonBody(json!({})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undelete {
    id: String,
}

/// `POST undelete`: `{"id"}`, out of the recycle bin with all that went along.
pub(crate) async fn undelete(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let wanted: Undelete = parse(&body)?;
    let id = id(&wanted.id)?;
    dml::undelete(&mut shared.org_mut(), integration_user(), id).map_err(refuse_as)?;
    Ok(JsonBody(json!({})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Merge {
    object: String,
    master: String,
    losers: Vec<String>,
}

/// `POST merge`: `{"object", "master", "losers": [ids]}`, as a user merges records.
pub(crate) async fn merge(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let wanted: Merge = parse(&body)?;
    let master = id(&wanted.master)?;
    let losers = wanted.losers.iter().map(|loser| id(loser)).collect::<Result<Vec<_>, _>>()?;
    dml::merge(&mut shared.org_mut(), integration_user(), &wanted.object, master, &losers).map_err(refuse_as)?;
    Ok(JsonBody(json!({})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Convert {
    lead: String,
    account: Option<String>,
    #[serde(default)]
    opportunity: bool,
}

/// `POST convert`: `{"lead", "account", "opportunity"}`, as a user converts a lead; all or nothing.
pub(crate) async fn convert(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let wanted: Convert = parse(&body)?;
    let lead = id(&wanted.lead)?;
    let account = wanted.account.as_deref().map(id).transpose()?;
    let conversion = Conversion { account, opportunity: wanted.opportunity };
    let mut org = shared.org_mut();
    // An administrator converts, whatever the integration user may do.
    let permissions = std::mem::take(&mut org.permissions);
    org.begin();
    let converted = dml::convert(&mut org, integration_user(), lead, conversion);
    org.permissions = permissions;
    match converted {
        Ok(made) => {
            org.commit();
            Ok(JsonBody(json!({
                "accountId": made.account.as_str(),
                "contactId": made.contact.as_str(),
                "opportunityId": made.opportunity.as_ref().map(SalesforceId::as_str),
            })))
        }
        Err(error) => {
            org.roll_back();
            Err(refuse_as(error))
        }
    }
}

/// `GET permissions`.
pub(crate) async fn permissions(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(JsonBody(shared.org().permissions.as_written()))
}

/// `POST permissions`: those of the users and objects that it names.
pub(crate) async fn set_permissions(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let written: Map<String, Json> = parse(&body)?;
    let mut org = shared.org_mut();
    org.permissions = org.permissions.replaced(&org, &written).map_err(refuse)?;
    org.touch_schema();
    Ok(JsonBody(org.permissions.as_written()))
}

/// `DELETE permissions`: every user is an administrator again.
pub(crate) async fn clear_permissions(State(shared): State<Arc<Shared>>) -> Answer {
    let mut org = shared.org_mut();
    org.permissions = Permissions::default();
    org.touch_schema();
    Ok(JsonBody(json!({})))
}

/// `GET calls`.
pub(crate) async fn calls(State(shared): State<Arc<Shared>>) -> Answer {
    let log = shared.calls();
    let calls: Vec<_> = log.calls().collect();
    Ok(JsonBody(json!({ "api_calls": log.counted(), "calls": calls })))
}

/// `DELETE calls`: forgets them and counts from zero.
pub(crate) async fn forget_calls(State(shared): State<Arc<Shared>>) -> Answer {
    *shared.calls() = CallLog::default();
    Ok(JsonBody(json!({})))
}

/// `GET faults`, with the number of requests that are held.
pub(crate) async fn faults(State(shared): State<Arc<Shared>>) -> Answer {
    let held = shared.holding.load(Ordering::Acquire);
    Ok(JsonBody(json!({ "faults": shared.faults().all(), "held": held })))
}

/// `POST faults`: one more.
pub(crate) async fn add_fault(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let fault: Fault = parse(&body)?;
    shared.faults().add(fault);
    Ok(JsonBody(json!({})))
}

/// `DELETE faults`.
pub(crate) async fn clear_faults(State(shared): State<Arc<Shared>>) -> Answer {
    *shared.faults() = Faults::default();
    Ok(JsonBody(json!({})))
}

/// `POST late`: lets the requests of `{"drop": "late"}` faults take effect now.
pub(crate) async fn late(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(JsonBody(json!({ "performed": rest::perform_late(&shared, None) })))
}

/// `POST release`: lets the requests of `{"hold": true}` faults go on.
pub(crate) async fn release(State(shared): State<Arc<Shared>>) -> Answer {
    let released = shared.holding.load(Ordering::Acquire);
    shared.held.send_modify(|times| *times += 1);
    Ok(JsonBody(json!({ "released": released })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApp {
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default = "yes")]
    requires_secret: bool,
    run_as: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    callbacks: Vec<String>,
    /// A PEM certificate or public key.
    #[serde(alias = "public_key")]
    certificate: Option<String>,
    users: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

/// `POST apps`: registers an External Client App, or replaces the one of that consumer key. Users are named by their
/// usernames.
pub(crate) async fn add_app(State(shared): State<Arc<Shared>>, body: Bytes) -> Answer {
    let new: NewApp = parse(&body)?;
    let key = new.certificate.as_deref().map(PublicKey::from_pem).transpose();
    let key = key.map_err(|error| refuse(format!("certificate: {error}")))?;
    let (run_as, users) = {
        let org = shared.org();
        let user = |name: String| {
            oauth::user_named(&org, &name).ok_or_else(|| refuse(format!("there is no user with the username {name}")))
        };
        let run_as = new.run_as.map(user).transpose()?;
        (run_as, new.users.map(|names| names.into_iter().map(user).collect::<Result<_, _>>()).transpose()?)
    };
    let app = App {
        client_id: new.client_id,
        client_secret: new.client_secret,
        requires_secret: new.requires_secret,
        run_as,
        scopes: new.scopes,
        callbacks: new.callbacks,
        key,
        users,
    };
    shared.auth().put_app(app);
    Ok(JsonBody(json!({})))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Revocation {
    refresh_tokens: bool,
}

/// `DELETE tokens`: ends all sessions; with `?refresh_tokens=true` all grants too.
pub(crate) async fn revoke_tokens(State(shared): State<Arc<Shared>>, Query(what): Query<Revocation>) -> Answer {
    shared.auth().revoke_all(what.refresh_tokens);
    Ok(JsonBody(json!({})))
}

/// `GET changes`: two counts that tell whether the org's page is out of date.
pub(crate) async fn changes(State(shared): State<Arc<Shared>>) -> Answer {
    let changes = shared.org().changes();
    let calls = shared.calls().taken();
    Ok(JsonBody(json!({ "records": changes, "calls": calls })))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, JsonBody<Json>)> {
    serde_json::from_slice(body).map_err(|error| refuse(error.to_string()))
}

fn id(text: &str) -> Result<SalesforceId, (StatusCode, JsonBody<Json>)> {
    SalesforceId::parse(text).ok_or_else(|| refuse(format!("{text} is no record id")))
}

/// What Salesforce would have said, as the control interface says it.
fn refuse_as(error: ApiError) -> (StatusCode, JsonBody<Json>) {
    refuse(error.entries.into_iter().map(|entry| entry.message).collect::<Vec<_>>().join("; "))
}

fn refuse(message: String) -> (StatusCode, JsonBody<Json>) {
    (StatusCode::UNPROCESSABLE_ENTITY, JsonBody(json!({ "error": message })))
}
