//! References between the subrequests of a composite: `@{ref.path[0].Field}` (Salesforce facts 2.7).

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::errors::ApiError;

use super::wire::Reply;

/// What earlier subrequests answered, by their reference id. A failed one can be named but has no values.
#[derive(Debug, Default)]
pub(crate) struct Results {
    bodies: HashMap<String, Json>,
}

/// A letter or number first, then letters, numbers and underscores.
pub(crate) fn well_formed(reference_id: &str) -> bool {
    reference_id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && reference_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The sentence that tells the rule of reference ids.
pub(crate) fn rule(reference_id: &str) -> String {
    format!(
        "Provided referenceId ('{reference_id}') must start with a letter or a number, and it can contain only \
         letters, numbers and underscores ('_')."
    )
}

impl Results {
    pub(crate) fn add(&mut self, reference_id: &str, answer: &Reply) {
        if let (200..300, Some(body)) = (answer.status, &answer.body) {
            self.bodies.insert(reference_id.into(), body.clone());
        }
    }

    /// A text with its references replaced.
    pub(crate) fn text(&self, text: &str) -> Result<String, ApiError> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, reference, after)) = next_reference(rest) {
            replaced.push_str(before);
            match self.value(reference)? {
                Json::String(value) => replaced.push_str(value),
                value => replaced.push_str(&value.to_string()),
            }
            rest = after;
        }
        replaced.push_str(rest);
        Ok(replaced)
    }

    /// A body with the references in its texts replaced. A text that is one reference takes the value's own type.
    pub(crate) fn json(&self, json: &Json) -> Result<Json, ApiError> {
        Ok(match json {
            Json::String(text) => match next_reference(text) {
                Some(("", reference, "")) => self.value(reference)?.clone(),
                _ => self.text(text)?.into(),
            },
            Json::Array(items) => Json::Array(items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?),
            Json::Object(fields) => {
                let replaced: Result<Map<String, Json>, ApiError> =
                    fields.iter().map(|(name, value)| Ok((name.clone(), self.json(value)?))).collect();
                replaced?.into()
            }
            other => other.clone(),
        })
    }

    fn value(&self, reference: &str) -> Result<&Json, ApiError> {
        let (reference_id, path) = match reference.find(['.', '[']) {
            Some(at) => reference.split_at(at),
            None => (reference, ""),
        };
        let missing = || {
            let message = format!(
                "Invalid reference specified. No value for {reference} found in {reference_id}. {}",
                rule(reference_id)
            );
            ApiError::new(400, "PROCESSING_HALTED", message)
        };
        let body = self.bodies.get(reference_id).ok_or_else(missing)?;
        let found = steps(path).try_fold(body, |json, step| match json {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            Json::Object(fields) => fields.get(step),
            _ => None,
        });
        found.filter(|value| !value.is_null()).ok_or_else(missing)
    }
}

/// `.records[0].Id` as `records`, `0`, `Id`.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty())
}

fn next_reference(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("@{")?;
    let (reference, after) = rest.split_once('}')?;
    Some((before, reference, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_replaced_in_urls_and_bodies() {
        let mut results = Results::default();
        results.add("a", &Reply::json(201, json!({"id": "001"})));
        results.add("q", &Reply::json(200, json!({"totalSize": 1, "records": [{"Owner": {"Id": "005"}}]})));
        results.add("failed", &Reply::json(400, json!([{"errorCode": "X"}])));
        assert_eq!(
            results.text("/sobjects/Account/@{a.id}?x=@{q.records[0].Owner.Id}"),
            Ok("/sobjects/Account/001?x=005".into())
        );
        let body = json!({"AccountId": "@{a.id}", "Size": "@{q.totalSize}", "Text": "no. @{q.totalSize} of @{a.id}"});
        assert_eq!(results.json(&body), Ok(json!({"AccountId": "001", "Size": 1, "Text": "no. 1 of 001"})));
        for wrong in ["@{a.Id}", "@{failed[0].errorCode}", "@{q.records[1].Id}", "@{nobody.id}"] {
            let error = results.text(wrong).expect_err("a reference without a value halts the subrequest");
            assert_eq!(error.entries[0].code, "PROCESSING_HALTED", "{wrong}");
        }
    }
}
