//! What Salesforce's errors mean for a sync (spec 8).

use domain::ask::LookupFailure;
use domain::sync_outcome::{ErrorClass, Missing, Refusal};
use salesforce::auth::{AuthAction, AuthError};
use salesforce::client::CallError;
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
    Refusal {
        class: class(kind),
        code: first.map_or_else(|| format!("HTTP_{status}"), |e| e.code.clone()),
        message: first.map_or_else(|| format!("Salesforce answered {status}."), |e| e.message.clone()),
        advice: first.map_or("", |e| e.advice()).to_owned(),
        missing: missing(kind, first.map(|e| e.code.as_str())),
        halted: kind == ErrorKind::Halted,
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

/// A whole request that failed.
pub fn failed_call(error: &CallError) -> Refusal {
    if let CallError::Refused { status, errors, .. } = error
        && !errors.is_empty()
    {
        return Refusal {
            advice: error.advice().to_owned(),
            missing: Missing::No,
            halted: false,
            class: class(error.kind()),
            ..refused_part(*status, errors)
        };
    }
    let code = match error {
        CallError::Unsendable(_) => "UNSENDABLE".to_owned(),
        CallError::NotSent(_) => "UNREACHABLE".to_owned(),
        CallError::Unclear(_) => "NO_ANSWER".to_owned(),
        CallError::Unauthorized => "INVALID_SESSION_ID".to_owned(),
        CallError::Refused { status, .. } | CallError::Unreadable { status, .. } => format!("HTTP_{status}"),
    };
    Refusal {
        class: class(error.kind()),
        code,
        message: error.to_string(),
        advice: error.advice().to_owned(),
        missing: Missing::No,
        halted: false,
    }
}

/// A login that failed.
pub fn failed_login(error: &AuthError) -> Refusal {
    let class = match error.action {
        AuthAction::Retry => ErrorClass::Passing,
        AuthAction::Reconnect | AuthAction::Admin => ErrorClass::Auth,
    };
    Refusal {
        class,
        code: "LOGIN_FAILED".to_owned(),
        message: error.reason.clone(),
        advice: error.advice.to_owned(),
        missing: Missing::No,
        halted: false,
    }
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
