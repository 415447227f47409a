//! Several reads or writes as one request, which the org counts as one call (Salesforce facts 2.7).
//!
//! Parts run one after the other in the order given, and one that fails does not undo the others. Inside a composite
//! request, `@{p0.id}` in any text is replaced by an earlier answer, and Salesforce documents no way to escape it. So
//! only [`FieldValue::IdOf`] writes a reference; in texts from outside `@{` is sent as `@ {`, which reads the same to
//! a person; SOQL has an escape of its own; and an upsert key with `@{` in it is refused.

use serde_json::{Map, Value, json};

use crate::client::ApiVersion;
use crate::describe::ObjectDescribe;
use crate::error::{ApiError, ErrorKind, kind_of};
use crate::query::Rows;
use crate::sobject::{ApiName, Record, SalesforceId, excerpt};
use crate::soql::Select;

const MOST_PARTS: usize = 25;
const MOST_QUERIES: usize = 5;

/// The name of a part, by which its answer is found and later parts refer to it: letters, digits and underscores, no
/// underscore first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferenceId(String);

impl ReferenceId {
    /// Reads a reference id.
    pub fn parse(text: &str) -> Result<Self, CompositeError> {
        let plain = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
        let fits = text.len() <= 80 && text.bytes().all(plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(CompositeError::ReferenceId(excerpt(text))) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a composite request cannot be sent like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompositeError {
    /// The 26th part.
    #[error("a composite request holds at most 25 parts")]
    TooManyParts,
    /// The sixth query.
    #[error("a composite request holds at most 5 queries")]
    TooManyQueries,
    /// Not a reference id.
    #[error("'{0}' is no reference id: letters, digits and underscores, a letter or digit first")]
    ReferenceId(String),
    /// Two parts of one name.
    #[error("two parts are named '{0}'")]
    Repeated(String),
    /// A reference to a part that does not create a record before this one.
    #[error("no earlier part named '{0}' creates a record")]
    NotBefore(String),
    /// A body with the id or the key, which already stand in the address.
    #[error("the body must not hold {0}: it stands in the address")]
    KeyInBody(String),
    /// An external id that cannot stand in an address.
    #[error("'{0}' cannot be an external id value")]
    Key(String),
}

/// The value of a field that is written.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Empties the field.
    Null,
    /// A text; dates, picklist values and the like are texts, too.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// A checkbox.
    Checkbox(bool),
    /// A record that exists.
    Id(SalesforceId),
    /// The record that an earlier part of the same request creates.
    IdOf(ReferenceId),
    /// Several values, as `EventWhoIds` takes them.
    List(Vec<FieldValue>),
}

impl FieldValue {
    fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => text.replace("@{", "@ {").into(),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Checkbox(checked) => (*checked).into(),
            Self::Id(id) => id.as_str().into(),
            Self::IdOf(part) => format!("@{{{}.id}}", part.0).into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
        }
    }

    fn references(&self) -> Vec<&ReferenceId> {
        match self {
            Self::IdOf(part) => vec![part],
            Self::List(values) => values.iter().flat_map(Self::references).collect(),
            _ => Vec::new(),
        }
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for FieldValue {
    fn from(checked: bool) -> Self {
        Self::Checkbox(checked)
    }
}

impl From<SalesforceId> for FieldValue {
    fn from(id: SalesforceId) -> Self {
        Self::Id(id)
    }
}

/// The fields of a record that is written; each field once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordBody(Vec<(ApiName, FieldValue)>);

impl RecordBody {
    /// Sets a field, in place of an earlier value of it.
    pub fn set(&mut self, field: ApiName, value: impl Into<FieldValue>) {
        self.0.retain(|(name, _)| !name.is(field.as_str()));
        self.0.push((field, value.into()));
    }

    /// The fields and their values, in the order set.
    pub fn fields(&self) -> &[(ApiName, FieldValue)] {
        &self.0
    }

    fn to_json(&self) -> Value {
        self.0.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect::<Map<_, _>>().into()
    }

    fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| name.is(field))
    }
}

/// What a create may do that is otherwise kept from happening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CreateOptions {
    /// The org's assignment rules choose the owner, whatever the body says.
    pub run_assignment_rules: bool,
    /// Save even though an alerting duplicate rule fits.
    pub allow_duplicate: bool,
}

/// One part of a composite request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Subrequest {
    /// Rows by SOQL.
    Query {
        /// The query.
        select: Select,
        /// Also rows in the recycle bin, and archived ones.
        include_deleted: bool,
    },
    /// One record by id.
    Get {
        /// The object.
        object: ApiName,
        /// The record.
        id: SalesforceId,
        /// The fields to read.
        fields: Vec<ApiName>,
    },
    /// What the object looks like.
    Describe {
        /// The object.
        object: ApiName,
        /// `last_modified` of the describe at hand: if nothing changed, the answer is [`SubAnswer::NotModified`].
        if_modified_since: Option<String>,
    },
    /// A new record.
    Create {
        /// The object.
        object: ApiName,
        /// Its fields.
        body: RecordBody,
        /// What the create may do beside.
        options: CreateOptions,
    },
    /// Fields of a record.
    Update {
        /// The object.
        object: ApiName,
        /// The record.
        id: SalesforceId,
        /// The fields to write.
        body: RecordBody,
    },
    /// The record with this external id: updated if it exists, else created.
    Upsert {
        /// The object.
        object: ApiName,
        /// The external id field.
        key: ApiName,
        /// Its value. Values that end like a file name (`.json`) are known to fail.
        value: String,
        /// The other fields.
        body: RecordBody,
    },
    /// The end of a record.
    Delete {
        /// The object.
        object: ApiName,
        /// The record.
        id: SalesforceId,
    },
}

impl Subrequest {
    fn body(&self) -> Option<&RecordBody> {
        match self {
            Self::Create { body, .. } | Self::Update { body, .. } | Self::Upsert { body, .. } => Some(body),
            _ => None,
        }
    }

    /// Whether the part changes anything in the org.
    pub fn is_write(&self) -> bool {
        self.body().is_some() || matches!(self, Self::Delete { .. })
    }

    fn check(&self) -> Result<(), CompositeError> {
        if self.body().is_some_and(|body| body.has("Id")) {
            return Err(CompositeError::KeyInBody("Id".into()));
        }
        if let Self::Upsert { key, value, body, .. } = self {
            if body.has(key.as_str()) {
                return Err(CompositeError::KeyInBody(key.to_string()));
            }
            if matches!(value.as_str(), "" | "." | "..") || value.contains("@{") {
                return Err(CompositeError::Key(excerpt(value)));
            }
        }
        Ok(())
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Query { .. } | Self::Get { .. } | Self::Describe { .. } => "GET",
            Self::Create { .. } => "POST",
            Self::Update { .. } | Self::Upsert { .. } => "PATCH",
            Self::Delete { .. } => "DELETE",
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Query { select, include_deleted } => query_path(select, *include_deleted),
            Self::Get { object, id, fields } => {
                let fields: Vec<&str> = fields.iter().map(ApiName::as_str).collect();
                format!("sobjects/{object}/{id}?fields={}", fields.join(","))
            }
            Self::Describe { object, .. } => format!("sobjects/{object}/describe"),
            Self::Create { object, .. } => format!("sobjects/{object}"),
            Self::Update { object, id, .. } | Self::Delete { object, id } => format!("sobjects/{object}/{id}"),
            Self::Upsert { object, key, value, .. } => format!("sobjects/{object}/{key}/{}", percent_encode(value)),
        }
    }

    /// Of the outer request's headers a part inherits only Accept, Authorization and Content-Type: each states its own.
    fn headers(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        let options = match self {
            Self::Create { options, .. } => *options,
            Self::Update { .. } | Self::Upsert { .. } => CreateOptions::default(),
            Self::Describe { if_modified_since: Some(since), .. } => {
                headers.insert("If-Modified-Since".into(), since.as_str().into());
                return headers;
            }
            _ => return headers,
        };
        let assign = if options.run_assignment_rules { "TRUE" } else { "FALSE" };
        headers.insert("Sforce-Auto-Assign".into(), assign.into());
        if options.allow_duplicate {
            headers.insert("Sforce-Duplicate-Rule-Header".into(), "allowSave=true".into());
        }
        headers
    }

    fn to_json(&self, name: &ReferenceId, version: ApiVersion) -> Value {
        let mut part = json!({
            "method": self.method(),
            "url": format!("/services/data/{version}/{}", self.path()),
            "referenceId": name.0,
        });
        let headers = self.headers();
        if !headers.is_empty() {
            part["httpHeaders"] = headers.into();
        }
        if let Some(body) = self.body() {
            part["body"] = body.to_json();
        }
        part
    }
}

/// The path of a query below the version.
pub(crate) fn query_path(select: &Select, include_deleted: bool) -> String {
    let resource = if include_deleted { "queryAll" } else { "query" };
    format!("{resource}?q={}", percent_encode(&select.to_string()))
}

pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Parts to be sent together, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CompositeRequest(Vec<(ReferenceId, Subrequest)>);

impl CompositeRequest {
    /// Adds a part.
    pub fn push(&mut self, name: ReferenceId, part: Subrequest) -> Result<(), CompositeError> {
        let is_query = |part: &Subrequest| matches!(part, Subrequest::Query { .. });
        if self.0.len() == MOST_PARTS {
            return Err(CompositeError::TooManyParts);
        }
        if is_query(&part) && self.0.iter().filter(|(_, part)| is_query(part)).count() == MOST_QUERIES {
            return Err(CompositeError::TooManyQueries);
        }
        if self.0.iter().any(|(other, _)| *other == name) {
            return Err(CompositeError::Repeated(name.0));
        }
        part.check()?;
        for (_, value) in part.body().map(RecordBody::fields).unwrap_or_default() {
            if let Some(missing) = value.references().into_iter().find(|reference| !self.creates(reference)) {
                return Err(CompositeError::NotBefore(missing.0.clone()));
            }
        }
        self.0.push((name, part));
        Ok(())
    }

    fn creates(&self, name: &ReferenceId) -> bool {
        let creating = |part: &Subrequest| matches!(part, Subrequest::Create { .. } | Subrequest::Upsert { .. });
        self.0.iter().any(|(other, part)| other == name && creating(part))
    }

    /// The parts, in their order.
    pub fn parts(&self) -> &[(ReferenceId, Subrequest)] {
        &self.0
    }

    /// The body as it is sent.
    pub fn to_json(&self, version: ApiVersion) -> Value {
        let parts: Vec<Value> = self.0.iter().map(|(name, part)| part.to_json(name, version)).collect();
        json!({"allOrNone": false, "collateSubrequests": false, "compositeRequest": parts})
    }
}

/// What became of one part.
#[derive(Debug, Clone, PartialEq)]
pub enum SubAnswer {
    /// Rows of a query.
    Rows(Rows),
    /// The record.
    Record(Record),
    /// The describe.
    Described(Box<ObjectDescribe>),
    /// The describe at hand is still true.
    NotModified,
    /// The record was created, or by an upsert updated.
    Saved {
        /// The record.
        id: SalesforceId,
        /// Whether it is new.
        created: bool,
    },
    /// Updated or deleted.
    Done,
    /// Refused; nothing changed.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Salesforce's reasons.
        errors: Vec<ApiError>,
    },
    /// Not understood: a write may have happened.
    Unreadable,
}

impl SubAnswer {
    /// What a refusal means; `None` for what is none.
    pub fn refusal(&self) -> Option<ErrorKind> {
        match self {
            Self::Refused { status, errors } => Some(kind_of(*status, errors)),
            _ => None,
        }
    }

    fn read(part: &Subrequest, entry: &mut Value) -> Self {
        let status = entry["httpStatusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
        match status {
            304 => Self::NotModified,
            200..=299 => Self::read_success(part, status, entry).unwrap_or(Self::Unreadable),
            300.. => Self::Refused { status, errors: ApiError::read_all(&entry["body"]) },
            _ => Self::Unreadable,
        }
    }

    fn read_success(part: &Subrequest, status: u16, entry: &mut Value) -> Option<Self> {
        let last_modified = entry["httpHeaders"]["Last-Modified"].as_str().map(str::to_owned);
        let body = entry["body"].take();
        match (part, body) {
            (Subrequest::Query { .. }, body) => Rows::read(body).map(Self::Rows),
            (Subrequest::Get { .. }, Value::Object(row)) => Some(Self::Record(Record(row))),
            (Subrequest::Get { .. }, _) => None,
            (Subrequest::Describe { .. }, body) => {
                ObjectDescribe::read(&body, last_modified).map(|describe| Self::Described(Box::new(describe)))
            }
            (Subrequest::Create { .. } | Subrequest::Upsert { .. }, body) => {
                let id = SalesforceId::parse(body["id"].as_str()?).ok()?;
                Some(Self::Saved { id, created: body["created"].as_bool().unwrap_or(status == 201) })
            }
            (Subrequest::Update { .. } | Subrequest::Delete { .. }, _) => Some(Self::Done),
        }
    }
}

/// What became of each part of a composite request.
#[derive(Debug, Clone, PartialEq)]
pub struct CompositeAnswer(Vec<(ReferenceId, SubAnswer)>);

impl CompositeAnswer {
    /// One answer for each part of the request, in its order; what Salesforce left out is
    /// [`SubAnswer::Unreadable`]. `None` if the body is no composite answer.
    pub(crate) fn read(request: &CompositeRequest, mut body: Value) -> Option<Self> {
        let entries = body.get_mut("compositeResponse")?.as_array_mut()?;
        let answers = request.0.iter().map(|(name, part)| {
            let entry = entries.iter_mut().find(|entry| entry["referenceId"] == name.0.as_str());
            (name.clone(), entry.map_or(SubAnswer::Unreadable, |entry| SubAnswer::read(part, entry)))
        });
        Some(Self(answers.collect()))
    }

    /// The answer of one part; `None` if the request had no such part.
    pub fn get(&self, name: &str) -> Option<&SubAnswer> {
        self.0.iter().find(|(other, _)| other.0 == name).map(|(_, answer)| answer)
    }

    /// All answers, in the request's order.
    pub fn into_parts(self) -> Vec<(ReferenceId, SubAnswer)> {
        self.0
    }
}
