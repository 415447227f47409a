//! Validation rules: conditions under which a record is refused, with the administrator's own words (Salesforce
//! facts 3, FIELD_CUSTOM_VALIDATION_EXCEPTION). They run on every write, also of fields they do not name.

use serde::Deserialize;

use crate::dml::Draft;
use crate::errors::ApiError;
use crate::schema::Schema;

use super::condition::{self, Condition};
use super::{Rules, object};

/// `{"object", "when": […], "message", "field"}`. Without a field the error stands at the top of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    object: String,
    when: Vec<condition::Written>,
    message: String,
    field: Option<String>,
}

/// A rule that refuses records for which all its conditions hold.
#[derive(Debug, Clone)]
pub(super) struct ValidationRule {
    object: String,
    when: Vec<Condition>,
    message: String,
    field: Option<String>,
}

impl ValidationRule {
    pub(super) fn read(schema: &Schema, written: Written) -> Result<Self, String> {
        let object = object(schema, &written.object)?;
        let field = match &written.field {
            Some(name) => {
                let known = object.field(name).ok_or_else(|| format!("{} has no field {name}", object.name))?;
                Some(known.1.name.clone())
            }
            None => None,
        };
        let when = Condition::read_all(object, written.when)?;
        Ok(ValidationRule { object: object.name.clone(), when, message: written.message, field })
    }
}

/// Refuses a record with what all failed rules say.
pub(crate) fn validate(rules: &Rules, draft: &Draft<'_>) -> Result<(), ApiError> {
    let failed = rules
        .validation
        .iter()
        .filter(|rule| rule.object == draft.object.name && rule.when.iter().all(|one| one.holds(draft)));
    let mut entries = Vec::new();
    for rule in failed {
        let fields: Vec<&str> = rule.field.as_deref().into_iter().collect();
        entries.extend(ApiError::on_fields("FIELD_CUSTOM_VALIDATION_EXCEPTION", &rule.message, &fields).entries);
    }
    if entries.is_empty() { Ok(()) } else { Err(ApiError { status: 400, entries }) }
}
