//! What Salesforce's errors mean for a sync (spec 8).

use domain::api_budget::OrgCount;
use domain::ask::{LookupFailure, RecordId};
use domain::sync_outcome::{ErrorClass, Missing, Refusal, RefusedValues};
use jiff::Timestamp;
use salesforce::auth::{AuthAction, AuthError};
use salesforce::client::{CallError, CallRecord};
use salesforce::error::{ApiError, ErrorKind, kind_of};

fn class(kind: ErrorKind) -> ErrorClass {
    match kind {
        ErrorKind::Passing => ErrorClass::Passing,
        ErrorKind::Limit => ErrorClass::Limit,
        ErrorKind::Auth | ErrorKind::Blocked => ErrorClass::Auth,
        ErrorKind::Field
        | ErrorKind::Data
        | ErrorKind::Permission
        | ErrorKind::Duplicate
        | ErrorKind::Gone
        | ErrorKind::Halted
        | ErrorKind::Request => ErrorClass::Data,
    }
}

/// One part of a request that Salesforce refused.
pub fn refused_part(status: u16, errors: &[ApiError]) -> Refusal {
    let kind = kind_of(status, errors);
    let first = errors.first();
    let code = first.map_or_else(|| format!("HTTP_{status}"), |e| e.code.clone());
    let message = first.map_or_else(|| format!("Salesforce answered {status}."), |e| e.message.clone());
    let advice = first.map_or("", |e| e.advice());
    let missing = missing(kind, first.map(|e| e.code.as_str()));
    let named = errors.iter().flat_map(|error| error.refused_fields()).map(str::to_owned);
    let duplicates = errors.iter().flat_map(|error| &error.duplicates);
    let duplicates = duplicates.map(|record| RecordId(record.id.as_str().to_owned())).collect();
    let is_of_values = matches!(kind, ErrorKind::Field | ErrorKind::Data | ErrorKind::Duplicate);
    let only_alerts = errors.iter().any(|error| error.allow_save);
    let of_values = is_of_values.then(|| Box::new(RefusedValues { fields: named.collect(), duplicates, only_alerts }));
    Refusal {
        missing,
        halted: kind == ErrorKind::Halted,
        of_values,
        ..Refusal::new(class(kind), code, message, advice)
    }
}

/// Only one code says that a record was deleted; the others also stand for records that this user cannot see.
fn missing(kind: ErrorKind, code: Option<&str>) -> Missing {
    match (kind, code) {
        (ErrorKind::Gone, Some("ENTITY_IS_DELETED")) => Missing::Deleted,
        (ErrorKind::Gone, _) => Missing::NotFound,
        _ => Missing::No,
    }
}

/// A whole request that failed. What goes away by itself, such as a refused connection, a timeout or a 503, is the whole
/// connection's trouble.
pub fn failed_call(error: &CallError) -> Refusal {
    let code = match error {
        CallError::Unsendable(_) => "UNSENDABLE".to_owned(),
        CallError::NotSent(_) => "UNREACHABLE".to_owned(),
        CallError::Unclear(_) => "NO_ANSWER".to_owned(),
        CallError::Unauthorized => "INVALID_SESSION_ID".to_owned(),
        CallError::Refused { status, errors, .. } => {
            errors.first().map_or_else(|| format!("HTTP_{status}"), |e| e.code.clone())
        }
        CallError::Unreadable { status, .. } => format!("HTTP_{status}"),
    };
    let message = match error {
        CallError::Refused { errors, .. } if !errors.is_empty() => errors[0].message.clone(),
        other => other.to_string(),
    };
    let refusal = Refusal::new(class(error.kind()), code, message, error.advice());
    Refusal { whole_connection: refusal.class != ErrorClass::Data, ..refusal }
}

/// A login that failed.
pub fn failed_login(error: &AuthError) -> Refusal {
    let class = match error.action {
        AuthAction::Retry => ErrorClass::Passing,
        AuthAction::Reconnect | AuthAction::Admin => ErrorClass::Auth,
    };
    let refusal = Refusal::new(class, "LOGIN_FAILED", error.reason.clone(), error.advice);
    Refusal { whole_connection: true, ..refusal }
}

/// What an answer said of the org's own count of API requests.
pub fn org_count(call: &CallRecord, now: Timestamp) -> Option<OrgCount> {
    let usage = call.api_usage?;
    Some(OrgCount { used: usage.used.into(), limit: usage.limit.into(), said_at: now })
}

/// A refusal met while looking something up.
pub fn lookup_failure(refusal: &Refusal) -> LookupFailure {
    LookupFailure { class: refusal.class, code: refusal.code.clone(), message: refusal.message.clone() }
}

/// How long Salesforce asked to wait, if it did.
pub fn retry_after(error: &CallError) -> Option<jiff::SignedDuration> {
    match error {
        CallError::Refused { retry_after, .. } | CallError::Unreadable { retry_after, .. } => {
            retry_after.and_then(|d| jiff::SignedDuration::try_from(d).ok())
        }
        _ => None,
    }
}
