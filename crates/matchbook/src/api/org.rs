//! `GET /api/v1/connections/{key}/record-types` and `/fields`: what the org of a connection has, as its user sees it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use domain::org_shape::{FieldKind, FieldShape, ObjectShape, OrgShape, RecordTypeShape};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::booking_query::wrong;
use super::caller::Caller;
use crate::access::KeyScope;
use crate::app::App;
use crate::routing::ShapeError;
use crate::store::Connection;
use crate::sync::SHAPE_LIFETIME;

/// The record types of an org, by object. An object that has none, or that the connection's user does not see, has an empty list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordTypes)]
pub struct ShownRecordTypes {
    contact: Vec<ShownRecordType>,
    lead: Vec<ShownRecordType>,
    account: Vec<ShownRecordType>,
}

/// A record type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordType)]
struct ShownRecordType {
    #[schema(example = "012Dn000000Abc1IAC")]
    id: String,
    /// Its label.
    name: String,
    developer_name: String,
    /// It is in use.
    active: bool,
    /// The connection's user may create records of it.
    available: bool,
    /// What the user's new records get unless a setting says otherwise.
    default: bool,
    /// The one that stands for "no record type"; settings cannot name it.
    master: bool,
}

/// The fields of an object that the connection's user sees, by API name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObjectFields)]
pub struct ShownFields {
    object: ObjectWord,
    fields: Vec<ShownField>,
}

/// A field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ObjectField)]
struct ShownField {
    /// Its API name.
    #[schema(example = "Last_Booking_Status__c")]
    name: String,
    #[serde(rename = "type")]
    #[schema(inline)]
    kind: KindWord,
    /// The longest text that it holds, in characters; null where its type has no length.
    length: Option<usize>,
    /// The user may set it on new records.
    createable: bool,
    /// The user may change it.
    updateable: bool,
    /// The active values of its list; empty where it has none.
    picklist_values: Vec<String>,
    /// It takes these values alone.
    only_these_values: bool,
}

/// An object.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs, reason = "Salesforce's own names")]
enum ObjectWord {
    Event,
    Contact,
    Lead,
    Account,
}

/// What a field holds. `text` is Salesforce's type string, `checkbox` is boolean, `lookup` is reference; `number` is int, double, currency or
/// percent; `other` can only be written in Salesforce's own form.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KindWord {
    Text,
    Textarea,
    Url,
    Email,
    Phone,
    Combobox,
    Picklist,
    Multipicklist,
    Checkbox,
    Date,
    Datetime,
    Number,
    Lookup,
    Other,
}

/// What the query of a listing of fields may hold.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document's form of what `object` reads")]
struct FieldsQuery {
    /// Of which object.
    #[param(inline)]
    object: ObjectWord,
}

/// List the org's record types
///
/// Of Contact, Lead and Account, as the connection's user sees them; read from the org at most once an hour. Settings that exclude record
/// types, or choose those of new records, name them by `id`, `name` or `developer_name`.
#[utoipa::path(get, path = "/connections/{key}/record-types",
    operation_id = "listRecordTypes", tag = "Configuration", security(("api_key" = ["config:read"])),
    params(("key" = String, Path, description = "The connection's stable key")),
    responses(
        (status = 200, description = "The record types", body = ShownRecordTypes),
        (status = 503, description = "The org cannot be asked now, or the database not be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn record_types(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<ShownRecordTypes>, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let org = shape(&app, connection(&app, &key).await?).await?;
    let shown = |object: &ObjectShape| object.record_types.iter().map(ShownRecordType::from).collect();
    Ok(Json(ShownRecordTypes { contact: shown(&org.contact), lead: shown(&org.lead), account: shown(&org.account) }))
}

/// List the fields of an object
///
/// Those that the connection's user sees, which is all that settings can name; read from the org at most once an hour.
#[utoipa::path(get, path = "/connections/{key}/fields",
    operation_id = "listFields", tag = "Configuration", security(("api_key" = ["config:read"])),
    params(("key" = String, Path, description = "The connection's stable key"), FieldsQuery),
    responses(
        (status = 200, description = "The fields", body = ShownFields),
        (status = 503, description = "The org cannot be asked now, or the database not be read", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn fields(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ShownFields>, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let connection = connection(&app, &key).await?;
    let object = object(query.as_deref().unwrap_or_default())?;
    let org = shape(&app, connection).await?;
    let of = match object {
        ObjectWord::Event => &org.event,
        ObjectWord::Contact => &org.contact,
        ObjectWord::Lead => &org.lead,
        ObjectWord::Account => &org.account,
    };
    let fields = of.fields.iter().map(|(name, field)| shown(name, field));
    Ok(Json(ShownFields { object, fields: fields.collect() }))
}

/// The connection of a key.
async fn connection(app: &App, key: &str) -> Result<Connection, Problem> {
    let known = app.store.connections().await?.into_iter().find(|known| known.key == key);
    known.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "No connection has this key."))
}

async fn shape(app: &App, connection: Connection) -> Result<OrgShape, Problem> {
    app.lookups.shape(connection, SHAPE_LIFETIME).await.map_err(|error| match error {
        ShapeError::Store(error) => error.into(),
        ShapeError::NotAsked(why) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The org cannot be asked now.").detail(not_asked(&why))
        }
    })
}

/// Why the org was not asked, and what to do.
pub(super) fn not_asked(why: &str) -> String {
    let (first, rest) = why.split_at(why.chars().next().map_or(0, char::len_utf8));
    let why = format!("{}{}", first.to_uppercase(), rest.trim_end_matches('.'));
    format!("{why}. Test the connection on its page: it says what is wrong and how to mend it. Then send this again.")
}

/// Which object a query names.
fn object(query: &str) -> Result<ObjectWord, Problem> {
    let known = "Say object=Event, Contact, Lead or Account, and nothing else.";
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let [(name, value)] = pairs.as_slice() else { return Err(wrong("The query cannot be understood.", known)) };
    let word = (name == "object").then(|| serde_json::from_value((&**value).into()).ok()).flatten();
    word.ok_or_else(|| wrong("The query names no object.", known))
}

impl From<&RecordTypeShape> for ShownRecordType {
    fn from(shape: &RecordTypeShape) -> Self {
        let RecordTypeShape { id, name, developer_name, active, available, default, master } = shape.clone();
        ShownRecordType { id: id.0, name, developer_name, active, available, default, master }
    }
}

fn shown(name: &str, field: &FieldShape) -> ShownField {
    ShownField {
        name: name.to_owned(),
        kind: field.kind.into(),
        length: field.length,
        createable: field.createable,
        updateable: field.updateable,
        picklist_values: field.only_values.as_ref().unwrap_or(&field.offered_values).clone(),
        only_these_values: field.only_values.is_some(),
    }
}

impl From<FieldKind> for KindWord {
    fn from(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Text => KindWord::Text,
            FieldKind::LongText => KindWord::Textarea,
            FieldKind::Url => KindWord::Url,
            FieldKind::Email => KindWord::Email,
            FieldKind::Phone => KindWord::Phone,
            FieldKind::Combobox => KindWord::Combobox,
            FieldKind::Picklist => KindWord::Picklist,
            FieldKind::Multipicklist => KindWord::Multipicklist,
            FieldKind::Checkbox => KindWord::Checkbox,
            FieldKind::Date => KindWord::Date,
            FieldKind::Datetime => KindWord::Datetime,
            FieldKind::Number => KindWord::Number,
            FieldKind::Reference => KindWord::Lookup,
            FieldKind::Other => KindWord::Other,
        }
    }
}
