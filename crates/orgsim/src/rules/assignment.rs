//! Assignment rules: they replace the owner of a lead, case or account on every write, unless the call says
//! `Sforce-Auto-Assign: FALSE` (Salesforce facts 6).

use serde::Deserialize;

use crate::dml::Draft;
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::value::Value;

use super::condition::{self, Condition};
use super::{Rules, object};

/// The objects that Salesforce has assignment rules for.
const OBJECTS: [&str; 3] = ["Account", "Case", "Lead"];

/// `{"object", "when": […], "owner": id}`; the first whose conditions all hold decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    object: String,
    #[serde(default)]
    when: Vec<condition::Written>,
    owner: String,
}

/// Who gets the records for which the conditions hold.
#[derive(Debug, Clone)]
pub(super) struct AssignmentRule {
    object: String,
    when: Vec<Condition>,
    owner: SalesforceId,
}

impl AssignmentRule {
    pub(super) fn read(org: &Org, written: Written) -> Result<Self, String> {
        let object = object(org.schema_ref(), &written.object)?;
        if !OBJECTS.contains(&object.name.as_str()) {
            return Err(format!("{} has no assignment rules; {} have", object.name, OBJECTS.join(", ")));
        }
        let owner = SalesforceId::parse(&written.owner)
            .filter(|id| ["User", "Group"].iter().any(|name| matches!(org.find(name, *id), Found::Live(_))));
        let owner = owner.ok_or_else(|| format!("owner: {} is no user and no queue", written.owner))?;
        let when = Condition::read_all(object, written.when)?;
        Ok(AssignmentRule { object: object.name.clone(), when, owner })
    }
}

/// Gives the record to whom the first fitting rule says.
pub(crate) fn assign(rules: &Rules, draft: &mut Draft<'_>) {
    let fits =
        |rule: &&AssignmentRule| rule.object == draft.object.name && rule.when.iter().all(|one| one.holds(draft));
    if let Some(owner) = rules.assignment.iter().find(fits).map(|rule| rule.owner) {
        draft.set("OwnerId", Value::Id(owner));
    }
}
