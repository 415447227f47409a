//! Salesforce's error bodies, word for word where a recorded or captured one is known (Salesforce facts 3).

use serde_json::{Map, Value as Json, json};

/// One entry of an error answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorEntry {
    /// `errorCode` in a row's answer, `statusCode` in a collection's.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// The fields it is about. `None` leaves the key out, as parser, query and session errors do.
    pub fields: Option<Vec<String>>,
    /// What a duplicate rule found, under Salesforce's own misspelt key (Salesforce facts 3, DUPLICATES_DETECTED).
    pub duplicates: Option<Json>,
}

/// A refused request: its HTTP status and entries, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// What was wrong.
    pub entries: Vec<ErrorEntry>,
}

impl ApiError {
    /// An error without `fields`.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let entry = ErrorEntry { code: code.into(), message: message.into(), fields: None, duplicates: None };
        ApiError { status, entries: vec![entry] }
    }

    /// A 400 with `fields`, which may be empty.
    pub fn on_fields(code: &str, message: impl Into<String>, fields: &[&str]) -> Self {
        let fields = Some(fields.iter().map(|f| (*f).to_owned()).collect());
        let entry = ErrorEntry { code: code.into(), message: message.into(), fields, duplicates: None };
        ApiError { status: 400, entries: vec![entry] }
    }

    /// The body of a row's answer: `[{"message","errorCode","fields"}]`.
    pub fn body(&self) -> Json {
        self.entries.iter().map(|entry| entry.json("errorCode")).collect()
    }

    /// The `errors` of a row in a collection's answer: `[{"statusCode","message","fields"}]`.
    pub fn row_errors(&self) -> Json {
        self.entries.iter().map(ErrorEntry::row_json).collect()
    }
}

impl ErrorEntry {
    fn json(&self, code_key: &str) -> Json {
        let mut entry = Map::new();
        if let Some(duplicates) = &self.duplicates {
            entry.insert("duplicateResut".into(), duplicates.clone());
        }
        entry.insert("message".into(), self.message.clone().into());
        entry.insert(code_key.into(), self.code.clone().into());
        if let Some(fields) = &self.fields {
            entry.insert("fields".into(), fields.clone().into());
        }
        entry.into()
    }

    fn row_json(&self) -> Json {
        let fields = self.fields.clone().unwrap_or_default();
        let mut entry = json!({ "statusCode": self.code, "message": self.message, "fields": fields });
        if let (Some(duplicates), Some(entry)) = (&self.duplicates, entry.as_object_mut()) {
            entry.insert("duplicateResut".into(), duplicates.clone());
        }
        entry
    }
}

/// An unknown object, path or record.
pub fn not_found() -> ApiError {
    ApiError::new(404, "NOT_FOUND", "The requested resource does not exist")
}

/// Something in the place of a record id that is neither an id nor an external id field.
pub fn unknown_external_id(text: &str) -> ApiError {
    let message = format!("Provided external ID field does not exist or is not accessible: {text}");
    ApiError::new(404, "NOT_FOUND", message)
}

/// A record in the recycle bin.
pub fn entity_is_deleted() -> ApiError {
    let mut error = ApiError::on_fields("ENTITY_IS_DELETED", "entity is deleted", &[]);
    error.status = 404;
    error
}

/// A method that the resource does not have.
pub fn method_not_allowed(method: &str, allowed: &str) -> ApiError {
    let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
    ApiError::new(405, "METHOD_NOT_ALLOWED", message)
}

/// A body that is not the JSON it has to be.
pub fn json_parser(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "JSON_PARSER_ERROR", message)
}

/// A column that the object does not have, or that this user cannot see. No `fields` (Salesforce facts 0.8).
pub fn no_such_column(column: &str, object: &str) -> ApiError {
    ApiError::new(400, "INVALID_FIELD", format!("No such column '{column}' on sobject of type {object}"))
}

/// Fields that may not be written by this user.
pub fn not_writeable(fields: &[&str]) -> ApiError {
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        fields.join(", ")
    );
    ApiError::on_fields("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields)
}

/// Required fields left out or set to null.
pub fn required_fields(fields: &[&str]) -> ApiError {
    let message = format!("Required fields are missing: [{}]", fields.join(", "));
    ApiError::on_fields("REQUIRED_FIELD_MISSING", message, fields)
}

/// A well-formed id of nothing.
pub fn invalid_cross_reference(fields: &[&str]) -> ApiError {
    ApiError::on_fields("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields)
}

/// A record that the user may read and not change. 400 and 403 are both reported (Salesforce facts 3); this is 400.
pub fn insufficient_access() -> ApiError {
    ApiError::on_fields("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", &[])
}

/// A record that sharing keeps from the user (Salesforce facts 3).
pub fn insufficient_access_to(id: crate::id::SalesforceId) -> ApiError {
    let message = format!("insufficient access rights on cross-reference id: {id}");
    ApiError::on_fields("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, &[])
}

/// An expired, revoked or unknown access token (Salesforce facts 1.7).
pub fn session_invalid() -> ApiError {
    ApiError::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

/// An access token of an app that has no `api` scope (Salesforce facts 1.7).
pub fn no_api_session() -> ApiError {
    ApiError::new(403, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
}

/// A user who lacks *API Enabled* (Salesforce facts 3).
pub fn api_disabled_for_user() -> ApiError {
    ApiError::new(403, "API_CURRENTLY_DISABLED", "API is disabled for this User")
}

/// A request without a usable `Authorization` header (Salesforce facts 1.7).
pub fn auth_header_invalid() -> ApiError {
    ApiError::new(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
}

/// The org's daily calls are used up.
pub fn request_limit_exceeded() -> ApiError {
    ApiError::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}
