//! What Salesforce refuses and what to do about it: one table row per error code.

use serde_json::{Map, Value};

use crate::sobject::{SalesforceId, excerpt};

/// What an error means for the one who sent the request (spec 8, Salesforce facts 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Goes away by itself: send again later, with growing pauses.
    Passing,
    /// A quota is used up: wait for its window.
    Limit,
    /// The access token is dead: refresh it, then send again.
    Auth,
    /// Salesforce refuses the whole connection until an admin changes something.
    Blocked,
    /// The value of a field, or the field itself, is refused: [`ApiError::refused_fields`] names it if Salesforce did.
    Field,
    /// The data breaks a rule of the org; sending it again unchanged is useless.
    Data,
    /// The user of the connection lacks a right.
    Permission,
    /// A record like this exists: [`ApiError::duplicates`] names it if Salesforce did.
    Duplicate,
    /// The record is not there, was deleted, or (a Lead) was converted.
    Gone,
    /// Not tried, because another part of the same request failed.
    Halted,
    /// Salesforce did not understand the request itself.
    Request,
}

/// When the kind of a row is another one.
#[derive(Clone, Copy)]
enum Unless {
    Never,
    MessageHas(&'static str, ErrorKind),
    NamesNoField(ErrorKind),
}

struct Row {
    code: &'static str,
    kind: ErrorKind,
    unless: Unless,
    advice: &'static str,
}

const fn row(code: &'static str, kind: ErrorKind, advice: &'static str) -> Row {
    Row { code, kind, unless: Unless::Never, advice }
}

const fn row_unless(code: &'static str, kind: ErrorKind, unless: Unless, advice: &'static str) -> Row {
    Row { code, kind, unless, advice }
}

use ErrorKind::{Auth, Blocked, Data, Duplicate, Field, Gone, Halted, Limit, Passing, Permission, Request};

const WAIT: &str = "Nothing to do: it is tried again by itself.";
const REPORT: &str = "This is likely a mistake in the program: please report it with the code and the message.";
const FIELD_ACCESS: &str =
    "Check that the field exists and that the connection's user may edit it (field-level security), or remove the row.";
const GONE: &str = "The record was deleted or merged, or this user cannot see it. Sync again to look it up afresh.";

/// Codes sorted by kind. What is not listed is [`ErrorKind::Data`]: never sent again unchanged, shown to a person.
const TABLE: &[Row] = &[
    row("UNABLE_TO_LOCK_ROW", Passing, WAIT),
    row("SERVER_UNAVAILABLE", Passing, WAIT),
    row("UNKNOWN_EXCEPTION", Passing, WAIT),
    row("TOO_MANY_APEX_REQUESTS", Passing, WAIT),
    row(
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        Passing,
        "Salesforce is under maintenance. It is tried again by itself.",
    ),
    row(
        "QUERY_TIMEOUT",
        Passing,
        "The look-up was too slow for this org. If it comes back, use an indexed field for domains or the search look-up.",
    ),
    row_unless(
        "REQUEST_LIMIT_EXCEEDED",
        Limit,
        Unless::MessageHas("Concurrent", Passing),
        "The org's daily API requests are used up. Syncs go on when the 24-hour window allows; ask Salesforce for more, or find what else uses them under Setup, System Overview.",
    ),
    row("STORAGE_LIMIT_EXCEEDED", Limit, "The org has no storage left. Free some or buy more, then retry."),
    row("INVALID_SESSION_ID", Auth, "The session ended. It is renewed by itself; if not, reconnect."),
    row("INVALID_AUTH_HEADER", Auth, "The session ended. It is renewed by itself; if not, reconnect."),
    row(
        "API_DISABLED_FOR_ORG",
        Blocked,
        "Give the connection's user the permission \"API Enabled\"; the org's edition must include API access.",
    ),
    row("API_CURRENTLY_DISABLED", Blocked, "Give the connection's user the permission \"API Enabled\"."),
    row(
        "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
        Blocked,
        "The password of the connection's user expired. Renew it in Salesforce, then reconnect.",
    ),
    row(
        "TXN_SECURITY_NO_ACCESS",
        Blocked,
        "A transaction security policy of the org blocks this user. Change the policy or the user.",
    ),
    row("INVALID_FIELD", Field, FIELD_ACCESS),
    row("INVALID_FIELD_FOR_INSERT_UPDATE", Field, FIELD_ACCESS),
    row("STRING_TOO_LONG", Field, "The text is longer than the field. Shorten the value or lengthen the field."),
    row(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        Field,
        "The value is not an active value of the picklist. Choose one of the list, or add it in Salesforce.",
    ),
    row(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        Field,
        "A validation rule of the org refused the record. Change the value, or the rule.",
    ),
    row(
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        Field,
        "The lookup filter of the field refused the value. Change the value, or the filter.",
    ),
    row(
        "FIELD_INTEGRITY_EXCEPTION",
        Field,
        "The value does not fit the field or the fields beside it. Change the value.",
    ),
    row("INVALID_EMAIL_ADDRESS", Field, "Salesforce does not take this for an email address. Correct it."),
    row("NUMBER_OUTSIDE_VALID_RANGE", Field, "The number is too large for the field. Change the value or the field."),
    row("INACTIVE_OWNER_OR_USER", Field, "The owner is an inactive user. Choose an active one, or activate the user."),
    row_unless(
        "INVALID_CROSS_REFERENCE_KEY",
        Field,
        Unless::NamesNoField(Gone),
        "The record that the field points to is gone or not allowed here. Check the field's value, or sync again.",
    ),
    row_unless(
        "MALFORMED_ID",
        Field,
        Unless::NamesNoField(Request),
        "The id is none, or of another object than the field wants. Correct the value.",
    ),
    row(
        "REQUIRED_FIELD_MISSING",
        Data,
        "The org requires a field that is not filled. Map a value to it, or make it optional.",
    ),
    row(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        Data,
        "A trigger of the org, or a missing record type, stopped the record. The message tells which: fix it in Salesforce, then retry.",
    ),
    row("CANNOT_EXECUTE_FLOW_TRIGGER", Data, "A flow of the org failed on this record. Fix the flow, then retry."),
    row("ENTITY_IS_LOCKED", Data, "An approval process locks the record. Retry when the approval is done."),
    row(
        "OPERATION_TOO_LARGE",
        Data,
        "The look-up is too large for a user without \"View All Data\". Grant it, or narrow what is looked up.",
    ),
    row(
        "INSUFFICIENT_ACCESS_OR_READONLY",
        Permission,
        "The connection's user may not edit this record. Share it with the user, or grant the object permission.",
    ),
    row(
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        Permission,
        "The connection's user may not use a record that this one points to (owner, account, record type). Share it with the user.",
    ),
    row("INSUFFICIENT_ACCESS", Permission, "The connection's user lacks a permission for this. Grant it."),
    row(
        "INVALID_TYPE",
        Permission,
        "The object does not exist in this org, or the connection's user cannot see it. Grant access to the object.",
    ),
    row(
        "DUPLICATES_DETECTED",
        Duplicate,
        "A duplicate rule of the org found a record like this one. Use that record, or create this one anyway.",
    ),
    row("DUPLICATE_VALUE", Duplicate, "Another record has the same value in a unique field."),
    row("ENTITY_IS_DELETED", Gone, GONE),
    row("NOT_FOUND", Gone, GONE),
    row("CANNOT_UPDATE_CONVERTED_LEAD", Gone, "The Lead was converted. Sync again to use its Contact."),
    row("PROCESSING_HALTED", Halted, "Another part of the same request failed first: see its error."),
    row("ALL_OR_NONE_OPERATION_ROLLED_BACK", Halted, "Another part of the same request failed first: see its error."),
    row("MALFORMED_QUERY", Request, REPORT),
    row("INVALID_QUERY_LOCATOR", Request, "The look-up took too long to read to its end. Retry."),
    row("MALFORMED_SEARCH", Request, REPORT),
    row("JSON_PARSER_ERROR", Request, REPORT),
    row("MISSING_ARGUMENT", Request, REPORT),
    row("METHOD_NOT_ALLOWED", Request, REPORT),
    row("EXCEEDED_ID_LIMIT", Request, REPORT),
    row("LIMIT_EXCEEDED", Request, REPORT),
];

const UNKNOWN: Row = row(
    "",
    Data,
    "Salesforce refused the record for a reason of its own: the message tells which. Fix it, then retry.",
);

fn row_of(code: &str) -> &'static Row {
    TABLE.iter().find(|row| row.code == code).unwrap_or(&UNKNOWN)
}

/// A record that an error names as the one in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateRecord {
    /// The object, such as `Contact`; `None` where Salesforce gives only the id.
    pub object: Option<String>,
    /// The record.
    pub id: SalesforceId,
}

/// One error as Salesforce words it. Messages follow the user's language: only the code classifies (Salesforce facts 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// `errorCode` or `statusCode`, such as `INVALID_FIELD`.
    pub code: String,
    /// Salesforce's sentence, at most 2,000 characters.
    pub message: String,
    /// The fields that Salesforce lists; often none.
    pub fields: Vec<String>,
    /// The records in the way (duplicate rules, unique fields).
    pub duplicates: Vec<DuplicateRecord>,
    /// Whether the duplicate rule lets the record be saved on demand (an alert rule).
    pub allow_save: bool,
}

impl ApiError {
    /// What the error means.
    pub fn kind(&self) -> ErrorKind {
        let row = row_of(&self.code);
        match row.unless {
            Unless::MessageHas(word, kind) if self.message.contains(word) => kind,
            Unless::NamesNoField(kind) if self.fields.is_empty() => kind,
            _ => row.kind,
        }
    }

    /// What an admin can do about it.
    pub fn advice(&self) -> &'static str {
        row_of(&self.code).advice
    }

    /// The fields to leave out for the rest to be accepted; empty unless the kind is [`ErrorKind::Field`].
    ///
    /// `INVALID_FIELD` lists none and names one in its message, `No such column 'X'`; an inactive owner is about
    /// `OwnerId` (Salesforce facts 0.8 and 3).
    pub fn refused_fields(&self) -> Vec<&str> {
        if self.kind() != ErrorKind::Field {
            return Vec::new();
        }
        if !self.fields.is_empty() {
            return self.fields.iter().map(String::as_str).collect();
        }
        match self.code.as_str() {
            "INACTIVE_OWNER_OR_USER" => vec!["OwnerId"],
            _ => missing_column(&self.message).into_iter().collect(),
        }
    }

    /// Reads the errors of an answer's body: an array of errors, one error, or an object that holds `errors`.
    /// What is no error gives none.
    pub fn read_all(body: &Value) -> Vec<Self> {
        match body {
            Value::Array(items) => items.iter().flat_map(Self::read_all).collect(),
            Value::Object(item) => match item.get("errors") {
                Some(errors @ Value::Array(_)) => Self::read_all(errors),
                _ => Self::read(item).into_iter().collect(),
            },
            _ => Vec::new(),
        }
    }

    fn read(item: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let code = text("errorCode").or_else(|| text("statusCode"))?;
        let message: String = text("message").unwrap_or_default().chars().take(2_000).collect();
        // The key is really misspelt on the wire; should that ever be mended, the right spelling is read, too.
        let result = item.get("duplicateResut").or_else(|| item.get("duplicateResult"));
        let duplicates = match result {
            Some(result) => matched_records(result),
            None => named_record(code, &message).into_iter().collect(),
        };
        let fields = item.get("fields").and_then(Value::as_array);
        Some(Self {
            code: excerpt(code),
            fields: fields.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            allow_save: result.and_then(|r| r["allowSave"].as_bool()).unwrap_or(false),
            duplicates,
            message,
        })
    }
}

/// What a refusal with several errors means: that of the first error which leaving out a field does not mend. Without
/// errors the HTTP status decides.
pub fn kind_of(status: u16, errors: &[ApiError]) -> ErrorKind {
    let mut kinds = errors.iter().map(ApiError::kind);
    match kinds.clone().find(|kind| *kind != ErrorKind::Field).or_else(|| kinds.next()) {
        Some(kind) => kind,
        None => kind_of_status(status),
    }
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        300 => Duplicate,
        301..=399 => Blocked,
        401 => Auth,
        403 => Permission,
        404 => Gone,
        408 | 420 | 429 | 500.. => Passing,
        _ => Request,
    }
}

fn missing_column(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("No such column ")?;
    let name = match rest.strip_prefix('\'') {
        Some(quoted) => quoted.split_once('\'')?.0,
        None => rest.split_whitespace().next()?,
    };
    (!name.is_empty()).then_some(name)
}

fn matched_records(result: &Value) -> Vec<DuplicateRecord> {
    let items = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for matched in items(result, "matchResults") {
        for hit in items(&matched, "matchRecords") {
            let record = &hit["record"];
            let id = record["Id"].as_str().and_then(|id| SalesforceId::parse(id).ok());
            let object = record["attributes"]["type"].as_str().or(matched["entityType"].as_str());
            found.extend(id.map(|id| DuplicateRecord { object: object.map(str::to_owned), id }));
        }
    }
    found
}

/// `DUPLICATE_VALUE` ends in the id of the other record: `… duplicates value on record with id: 001…`.
fn named_record(code: &str, message: &str) -> Option<DuplicateRecord> {
    if code != "DUPLICATE_VALUE" {
        return None;
    }
    let (_, last) = message.rsplit_once(": ")?;
    let id = SalesforceId::parse(last.trim().trim_end_matches('.')).ok()?;
    Some(DuplicateRecord { object: None, id })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> ApiError {
        ApiError::read_all(&body).into_iter().next().expect("the body holds an error")
    }

    #[test]
    fn a_missing_column_is_named_by_the_message() {
        let body =
            json!([{"message": "No such column 'Regio__c' on sobject of type Contact", "errorCode": "INVALID_FIELD"}]);
        let error = read(body);
        assert_eq!(error.kind(), ErrorKind::Field);
        assert_eq!(error.refused_fields(), ["Regio__c"]);
        let old = read(
            json!({"message": "No such column Regio__c on sobject of type Contact", "errorCode": "INVALID_FIELD"}),
        );
        assert_eq!(old.refused_fields(), ["Regio__c"], "older versions write no quotes");
    }

    #[test]
    fn a_read_only_field_is_named_by_the_list() {
        let error = read(json!([{"message": "Unable to create/update fields: MasterRecordId.",
            "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["MasterRecordId"]}]));
        assert_eq!(error.refused_fields(), ["MasterRecordId"]);
    }

    #[test]
    fn missing_required_fields_are_never_taken_for_refused_ones() {
        let error = read(json!([{"message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["LastName"]}]));
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.refused_fields().is_empty(), "dropping LastName would make it worse");
    }

    #[test]
    fn the_record_that_a_duplicate_rule_found_is_read_under_both_spellings() {
        for key in ["duplicateResut", "duplicateResult"] {
            let error =
                read(json!([{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", key: {
                "allowSave": true, "matchResults": [{"entityType": "Contact", "matchRecords": [
                    {"record": {"attributes": {"type": "Contact"}, "Id": "0031i000013x2TEAAY"}}]}]}}]));
            assert_eq!(error.kind(), ErrorKind::Duplicate);
            assert!(error.allow_save);
            assert_eq!(error.duplicates.len(), 1, "{key}");
            assert_eq!(error.duplicates[0].id.as_str(), "0031i000013x2TEAAY");
            assert_eq!(error.duplicates[0].object.as_deref(), Some("Contact"));
        }
    }

    #[test]
    fn the_record_that_holds_a_unique_value_is_read() {
        let message = "duplicate value found: Email_Unique__c duplicates value on record with id: 0031i000013x2TE";
        let error = read(json!({"statusCode": "DUPLICATE_VALUE", "message": message, "fields": []}));
        assert_eq!(error.duplicates[0].id.as_str(), "0031i000013x2TEAAY");
    }

    #[test]
    fn a_used_up_day_waits_but_a_crowded_moment_passes() {
        let limit = |message: &str| read(json!([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}])).kind();
        assert_eq!(limit("TotalRequests Limit exceeded."), ErrorKind::Limit);
        assert_eq!(limit("ConcurrentPerOrgLongTxn Limit exceeded."), ErrorKind::Passing);
    }

    #[test]
    fn an_unknown_code_is_shown_to_a_person_and_not_repeated() {
        let error = read(json!([{"errorCode": "SOMETHING_NEW", "message": "?"}]));
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(!error.advice().is_empty());
    }

    #[test]
    fn an_error_that_dropping_a_field_does_not_mend_decides() {
        let errors = ApiError::read_all(&json!([
            {"errorCode": "STRING_TOO_LONG", "message": "", "fields": ["Title"]},
            {"errorCode": "UNABLE_TO_LOCK_ROW", "message": ""}]));
        assert_eq!(kind_of(400, &errors), ErrorKind::Passing);
        assert_eq!(kind_of(400, &errors[..1]), ErrorKind::Field);
        assert_eq!(kind_of(503, &[]), ErrorKind::Passing);
        assert_eq!(kind_of(300, &[]), ErrorKind::Duplicate);
    }

    #[test]
    fn bodies_of_any_shape_are_read_without_harm() {
        for body in [json!(null), json!("x"), json!(["/services/data/a"]), json!([{"fields": 1}]), json!({"errors": 1})]
        {
            assert_eq!(ApiError::read_all(&body), [], "{body} holds no error");
        }
        let collections =
            json!({"success": false, "errors": [{"statusCode": "MALFORMED_ID", "message": "m", "fields": []}]});
        assert_eq!(read(collections).code, "MALFORMED_ID");
    }

    #[test]
    fn every_code_stands_once() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..i].iter().all(|other| other.code != row.code), "{} stands twice", row.code);
        }
    }
}
