//! Duplicate rules (Salesforce facts 3, DUPLICATES_DETECTED).

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::dml::{Caller, Draft, holders};
use crate::errors::ApiError;
use crate::id::SalesforceId;
use crate::json;
use crate::org::Org;
use crate::row::{Ordinal, Row};
use crate::schema::Schema;
use crate::soql::fold;
use crate::value::Value;

use super::object;

/// The text of a rule whose administrator wrote none.
const MESSAGE: &str = "Use one of these records?";

/// `{"object", "match": [fields], "mode": "block" | "alert", "message", "name"}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    object: String,
    #[serde(rename = "match")]
    fields: Vec<String>,
    mode: Mode,
    message: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Block,
    Alert,
}

/// A rule that refuses a record with the same values in all its fields as another. Records that leave one of them
/// empty match nothing.
#[derive(Debug, Clone)]
pub(super) struct DuplicateRule {
    object: String,
    fields: Vec<Ordinal>,
    mode: Mode,
    message: String,
    name: String,
}

impl DuplicateRule {
    pub(super) fn read(schema: &Schema, written: Written) -> Result<Self, String> {
        let object = object(schema, &written.object)?;
        if written.fields.is_empty() {
            return Err("match: name at least one field".into());
        }
        let ordinal = |name: &String| {
            let found = object.field(name).map(|(ordinal, _)| ordinal);
            found.ok_or_else(|| format!("{} has no field {name}", object.name))
        };
        Ok(DuplicateRule {
            object: object.name.clone(),
            fields: written.fields.iter().map(ordinal).collect::<Result<_, _>>()?,
            mode: written.mode,
            message: written.message.unwrap_or_else(|| MESSAGE.into()),
            name: written.name.unwrap_or_else(|| format!("{}_Rule", object.name)),
        })
    }

    fn matches(&self, org: &Org, draft: &Draft<'_>, own: Option<SalesforceId>) -> Vec<SalesforceId> {
        let touched = draft.before.is_none() || self.fields.iter().any(|field| draft.given.contains(field));
        let empty = self.fields.iter().any(|field| draft.row.get(*field).is_null());
        if !touched || empty {
            return Vec::new();
        }
        let first = self.fields[0];
        let field = &draft.object.fields()[usize::from(first)];
        let candidates = holders(org, &self.object, field, first, draft.row.get(first));
        let Some(table) = org.table(&self.object) else { return Vec::new() };
        let same = |id: &SalesforceId| table.live().get(id).is_some_and(|row| self.same(row, &draft.row));
        candidates.into_iter().filter(|id| Some(*id) != own).filter(same).collect()
    }

    fn same(&self, one: &Row, other: &Row) -> bool {
        self.fields.iter().all(|field| match (one.get(*field), other.get(*field)) {
            (Value::Text(a), Value::Text(b)) => fold(a) == fold(b),
            (a, b) => a == b,
        })
    }

    fn refusal(&self, found: &[SalesforceId], version: &str) -> ApiError {
        let mut error = ApiError::new(400, "DUPLICATES_DETECTED", &self.message);
        for entry in &mut error.entries {
            entry.duplicates = Some(self.result(found, version));
        }
        error
    }

    fn result(&self, found: &[SalesforceId], version: &str) -> Json {
        let record = |id: &SalesforceId| {
            json!({
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100,
                "record": { "attributes": json::attributes(&self.object, *id, version), "Id": id.as_str() },
            })
        };
        json!({
            "allowSave": self.mode == Mode::Alert,
            "duplicateRule": self.name,
            "duplicateRuleEntityType": self.object,
            "errorMessage": self.message,
            "matchResults": [{
                "entityType": self.object,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": found.iter().map(record).collect::<Vec<_>>(),
                "rule": format!("{}_Match", self.name),
                "size": found.len(),
                "success": true,
            }],
        })
    }
}

/// Refuses a record that a rule takes for a duplicate. `allowSave=true` passes rules that only alert.
pub(crate) fn find_duplicates(
    org: &Org,
    draft: &Draft<'_>,
    own: Option<SalesforceId>,
    caller: &Caller,
) -> Result<(), ApiError> {
    for rule in org.rules.duplicate.iter().filter(|rule| rule.object == draft.object.name) {
        if rule.mode == Mode::Alert && caller.allow_duplicates {
            continue;
        }
        let found = rule.matches(org, draft, own);
        if !found.is_empty() {
            return Err(rule.refusal(&found, &caller.version));
        }
    }
    Ok(())
}
