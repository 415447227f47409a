//! What each user may do: user permissions, objects, fields, record types, and how records are shared (Salesforce facts 3,
//! 5.1 and 10).
//!
//! A user about whom nothing is said is an administrator who may do everything.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::Ordinal;
use crate::schema::{Object, Schema};
use crate::value::Value;

/// The permissions of an org's users.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    users: HashMap<SalesforceId, UserAccess>,
    sharing: HashMap<String, Sharing>,
    written: Written,
}

/// What one user may do.
#[derive(Debug, Clone, Default)]
pub struct UserAccess {
    all: DataAccess,
    lacks: HashSet<UserPermission>,
    objects: HashMap<String, ObjectAccess>,
    fields: HashMap<String, HashMap<Ordinal, FieldAccess>>,
    record_types: HashMap<String, RecordTypes>,
}

/// A permission of the user as such, under the name that permission sets give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum UserPermission {
    /// *API Enabled*: without it every call is refused with `API_CURRENTLY_DISABLED` (Salesforce facts 3).
    ApiEnabled,
    /// *Access Activities*: without it events and tasks do not exist for the user.
    ActivitiesAccess,
    /// *Edit Events*: without it events can be read only. Events have no object permissions of their own.
    EditEvent,
}

/// The objects that *Access Activities* opens.
const ACTIVITIES: [&str; 4] = ["Event", "Task", "EventRelation", "EventWhoRelation"];

/// Rights that go past sharing.
#[derive(Debug, Clone, Copy, Default)]
struct DataAccess {
    view: bool,
    modify: bool,
}

/// What a user may do with an object.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "Salesforce's own switches")]
pub struct ObjectAccess {
    /// Make records.
    pub create: bool,
    /// Read records; without it the object does not exist for the user.
    pub read: bool,
    /// Change records.
    pub edit: bool,
    /// Delete records.
    pub delete: bool,
    /// Read all its records, whoever owns them.
    pub view_all: bool,
    /// Change all its records, whoever owns them.
    pub modify_all: bool,
}

impl Default for ObjectAccess {
    fn default() -> Self {
        ObjectAccess { create: true, read: true, edit: true, delete: true, view_all: false, modify_all: false }
    }
}

/// What a user may do with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldAccess {
    /// Read and write.
    Write,
    /// Read only.
    Read,
    /// The field does not exist for the user.
    Hidden,
}

/// How the records of an object are shared with those who do not own them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// Not at all; of activities those that hang on a readable record may be read.
    Private,
    /// All may read.
    Read,
    /// All may read and change.
    Write,
    /// As the record they belong to.
    Parent,
}

#[derive(Debug, Clone, Default)]
struct RecordTypes {
    available: Vec<SalesforceId>,
    default: Option<SalesforceId>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    users: Map<String, Json>,
    sharing: Map<String, Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenUser {
    view_all: bool,
    modify_all: bool,
    permissions: HashMap<UserPermission, bool>,
    objects: HashMap<String, ObjectAccess>,
    fields: HashMap<String, FieldAccess>,
    record_types: HashMap<String, WrittenRecordTypes>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRecordTypes {
    available: Vec<String>,
    #[serde(default)]
    default: Option<String>,
}

impl Permissions {
    /// The permissions as they were written.
    pub fn as_written(&self) -> Json {
        serde_json::json!({ "users": self.written.users, "sharing": self.written.sharing })
    }

    /// These permissions with the users (by id or `Username`) and objects that `written` names replaced. The error
    /// names what is not there.
    pub fn replaced(&self, org: &Org, written: &Map<String, Json>) -> Result<Permissions, String> {
        let written = Written::deserialize(Json::from(written.clone())).map_err(|error| error.to_string())?;
        let mut new = self.clone();
        for (name, json) in written.users {
            let user = user_named(org, &name).ok_or_else(|| format!("users: there is no user {name}"))?;
            let said = WrittenUser::deserialize(&json).map_err(|error| format!("users.{name}: {error}"))?;
            let access = UserAccess::read(org, said).map_err(|problem| format!("users.{name}: {problem}"))?;
            new.users.insert(user, access);
            new.written.users.insert(name, json);
        }
        for (name, json) in written.sharing {
            let object = shared_name(org.schema_ref(), &name)?;
            let sharing = Sharing::deserialize(&json).map_err(|error| format!("sharing.{name}: {error}"))?;
            if sharing == Sharing::Parent && !["Activity", "Contact"].contains(&object.as_str()) {
                return Err(format!("sharing.{name}: only Contact and Activity can follow their parent"));
            }
            new.sharing.insert(object, sharing);
            new.written.sharing.insert(name, json);
        }
        Ok(new)
    }

    /// What is said about a user; `None` for an administrator.
    pub fn of(&self, user: SalesforceId) -> Option<&UserAccess> {
        self.users.get(&user)
    }

    /// Whether the user has a user permission.
    pub fn has(&self, user: SalesforceId, permission: UserPermission) -> bool {
        self.of(user).is_none_or(|access| !access.lacks.contains(&permission))
    }

    /// How an object's records are shared; `Activity` stands for events and tasks. Without a word they are open to
    /// all, and activities follow what they are related to.
    pub fn sharing(&self, object: &str) -> Sharing {
        let otherwise = if object == "Activity" { Sharing::Parent } else { Sharing::Write };
        self.sharing.get(object).copied().unwrap_or(otherwise)
    }

    /// What a user may do with an object.
    pub fn object(&self, user: SalesforceId, name: &str) -> ObjectAccess {
        let Some(access) = self.of(user) else {
            return ObjectAccess { view_all: true, modify_all: true, ..ObjectAccess::default() };
        };
        let mut object = access.objects.get(name).copied().unwrap_or_default();
        object.read &= !ACTIVITIES.contains(&name) || self.has(user, UserPermission::ActivitiesAccess);
        if name == "Event" && !self.has(user, UserPermission::EditEvent) {
            (object.create, object.edit, object.delete) = (false, false, false);
        }
        object.view_all |= access.all.view || access.all.modify || object.modify_all;
        object.modify_all |= access.all.modify;
        object
    }

    /// What a user may do with a field.
    pub fn field(&self, user: SalesforceId, object: &str, field: Ordinal) -> FieldAccess {
        let said = self.of(user).and_then(|access| access.fields.get(object)?.get(&field));
        said.copied().unwrap_or(FieldAccess::Write)
    }

    /// Whether the user may use the record type.
    pub fn may_use(&self, user: SalesforceId, object: &str, record_type: SalesforceId) -> bool {
        let said = self.of(user).and_then(|access| access.record_types.get(object));
        said.is_none_or(|types| types.available.contains(&record_type))
    }

    /// The record type of the user's new records, where it is said.
    pub fn default_record_type(&self, user: SalesforceId, object: &str) -> Option<SalesforceId> {
        self.of(user)?.record_types.get(object)?.default
    }

    /// The schema as a user sees it: without hidden objects and fields, and with what the user may not do switched
    /// off (Salesforce facts 5.1).
    pub fn seen(&self, user: SalesforceId, schema: &Schema) -> Schema {
        let mut seen = Schema::default();
        for object in schema.objects() {
            let access = self.object(user, &object.name);
            if access.read {
                let mut object = object.clone();
                self.restrict(user, &mut object, access);
                seen.put_object(object);
            }
        }
        seen
    }

    fn restrict(&self, user: SalesforceId, object: &mut Object, access: ObjectAccess) {
        object.createable &= access.create;
        object.updateable &= access.edit;
        object.deletable &= access.delete;
        let name = object.name.clone();
        object.retain_fields(|ordinal, field| {
            let allowed = self.field(user, &name, ordinal);
            field.createable &= access.create && allowed == FieldAccess::Write;
            field.updateable &= access.edit && allowed == FieldAccess::Write;
            allowed != FieldAccess::Hidden
        });
    }
}

impl UserAccess {
    fn read(org: &Org, said: WrittenUser) -> Result<Self, String> {
        let mut access =
            UserAccess { all: DataAccess { view: said.view_all, modify: said.modify_all }, ..UserAccess::default() };
        access.lacks = said.permissions.into_iter().filter(|(_, has)| !has).map(|(permission, _)| permission).collect();
        for (name, rights) in said.objects {
            access.objects.insert(named(org.schema_ref(), &name)?.name.clone(), rights);
        }
        for (path, rights) in said.fields {
            let (object, field) = path.split_once('.').ok_or_else(|| format!("{path}: write Object.Field"))?;
            let object = named(org.schema_ref(), object)?;
            let (ordinal, _) = object.field(field).ok_or_else(|| format!("{} has no field {field}", object.name))?;
            access.fields.entry(object.name.clone()).or_default().insert(ordinal, rights);
        }
        for (name, types) in said.record_types {
            let object = named(org.schema_ref(), &name)?;
            access.record_types.insert(object.name.clone(), types.read(org)?);
        }
        Ok(access)
    }
}

impl WrittenRecordTypes {
    fn read(self, org: &Org) -> Result<RecordTypes, String> {
        let id = |text: &String| {
            let id = SalesforceId::parse(text).filter(|id| matches!(org.find("RecordType", *id), Found::Live(_)));
            id.ok_or_else(|| format!("there is no record type {text}"))
        };
        let available = self.available.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let default = self.default.as_ref().map(id).transpose()?;
        if default.is_some_and(|default| !available.contains(&default)) {
            return Err("the default record type has to be an available one".into());
        }
        Ok(RecordTypes { available, default })
    }
}

fn named<'a>(schema: &'a Schema, name: &str) -> Result<&'a Object, String> {
    schema.object(name).ok_or_else(|| format!("there is no object {name}"))
}

fn shared_name(schema: &Schema, name: &str) -> Result<String, String> {
    if name == "Activity" {
        return Ok(name.into());
    }
    let object = named(schema, name)?;
    if ["Event", "Task"].contains(&object.name.as_str()) || object.field("OwnerId").is_none() {
        return Err(format!("sharing.{name}: say how Activity is shared, or an object whose records have owners"));
    }
    Ok(object.name.clone())
}

fn user_named(org: &Org, name: &str) -> Option<SalesforceId> {
    if let Some(id) = SalesforceId::parse(name)
        && matches!(org.find("User", id), Found::Live(_))
    {
        return Some(id);
    }
    let (username, _) = org.schema_ref().object("User")?.field("Username")?;
    let called = |row: &crate::row::Row| matches!(row.get(username), Value::Text(text) if **text == *name);
    org.table("User")?.live().iter().find(|(_, row)| called(row)).map(|(id, _)| *id)
}
