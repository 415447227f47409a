//! The rules an administrator wrote: validation, duplicates, assignment (Salesforce facts 3 and 6).

mod assignment;
mod condition;
mod duplicate;
mod validation;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::org::Org;
use crate::schema::{Object, Schema};

use assignment::AssignmentRule;
use duplicate::DuplicateRule;
use validation::ValidationRule;

pub(crate) use assignment::assign;
pub(crate) use duplicate::find_duplicates;
pub(crate) use validation::validate;

/// All rules of an org, in the order they run.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    validation: Vec<ValidationRule>,
    duplicate: Vec<DuplicateRule>,
    assignment: Vec<AssignmentRule>,
    written: Map<String, Json>,
}

impl Rules {
    /// The rules as they were written.
    pub fn as_written(&self) -> Json {
        self.written.clone().into()
    }

    /// These rules with the kinds `validation`, `duplicate`, `assignment` that `written` names replaced. The error
    /// says which rule names something that is not there.
    pub fn replaced(&self, org: &Org, written: &Map<String, Json>) -> Result<Rules, String> {
        let mut rules = self.clone();
        for (kind, list) in written {
            match kind.as_str() {
                "validation" => {
                    rules.validation = read(kind, list, |rule| ValidationRule::read(org.schema_ref(), rule))?
                }
                "duplicate" => rules.duplicate = read(kind, list, |rule| DuplicateRule::read(org.schema_ref(), rule))?,
                "assignment" => rules.assignment = read(kind, list, |rule| AssignmentRule::read(org, rule))?,
                _ => return Err(format!("{kind}: rules are of the kinds validation, duplicate and assignment")),
            }
            rules.written.insert(kind.clone(), list.clone());
        }
        Ok(rules)
    }
}

fn read<W: DeserializeOwned, R>(
    kind: &str,
    list: &Json,
    one: impl Fn(W) -> Result<R, String>,
) -> Result<Vec<R>, String> {
    let list: Vec<W> = Vec::deserialize(list).map_err(|error| format!("{kind}: {error}"))?;
    let numbered = list.into_iter().enumerate();
    numbered.map(|(at, rule)| one(rule).map_err(|problem| format!("{kind}[{at}]: {problem}"))).collect()
}

fn object<'a>(schema: &'a Schema, name: &str) -> Result<&'a Object, String> {
    schema.object(name).ok_or_else(|| format!("there is no object {name}"))
}
