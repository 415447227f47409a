//! Faults that a test asks for: what they match and what they do.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::errors::{ApiError, ErrorEntry};

/// A fault: the next `times` requests that match get the effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests it concerns; an empty match concerns all.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What happens to them.
    pub effect: Effect,
    /// How many requests it still concerns.
    #[serde(default = "once")]
    pub times: u64,
    /// How many requests it concerned so far.
    #[serde(default, skip_deserializing)]
    pub hits: u64,
}

fn once() -> u64 {
    1
}

/// What must hold of a request, all of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// HTTP method, in any case.
    pub method: Option<String>,
    /// Part of path and query, as sent.
    pub path: Option<String>,
    /// The object of a row, describe or query, in any case.
    pub object: Option<String>,
    /// Part of the SOQL text, in any case.
    pub soql: Option<String>,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The request is refused with this error and has no effect.
    Error(Refusal),
    /// The connection is closed without an HTTP answer.
    Drop(Drop),
    /// The request takes effect and its answer comes this many milliseconds late.
    SlowMs(u64),
    /// The request waits, without effect, until `POST /_sim/release`; also when its client has gone.
    Hold(bool),
    /// The request is answered with a page instead of JSON, with this status and without effect: what stands before a
    /// real org does so under maintenance (Salesforce facts 3).
    Html(u16),
    /// The caller's session, or its whole grant, ends before the request is looked at.
    Revoke(Revoke),
}

/// What a request's token loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoke {
    /// The session: a refresh helps.
    Session,
    /// The grant, with its refresh token: only a new sign-in helps.
    Grant,
}

/// An error to answer with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `errorCode`, or `error` of a token answer.
    pub code: String,
    /// `message`, or `error_description` of a token answer.
    pub message: String,
    /// `fields`; absent leaves the key out.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// When a request whose connection is dropped takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// Never: the connection is dropped before the effect.
    Before,
    /// At once: the connection is dropped after the effect.
    After,
    /// Some time after the connection is dropped: when `POST /_sim/late` lets it.
    Late,
    /// So many milliseconds after the connection is dropped, by the org's clock.
    LateMs(u64),
}

/// A request as a fault sees it.
#[derive(Debug, Clone, Default)]
pub struct Face {
    /// HTTP method.
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// The object concerned.
    pub object: Option<String>,
    /// The SOQL text.
    pub soql: Option<String>,
}

/// What the faults do to one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The error to answer with.
    pub error: Option<Refusal>,
    /// How the connection is dropped.
    pub drop: Option<Drop>,
    /// How late the answer comes, in milliseconds.
    pub slow_ms: u64,
    /// The request waits until it is released.
    pub hold: bool,
    /// The status of the page to answer with.
    pub html: Option<u16>,
    /// What the caller's token loses.
    pub revoke: Option<Revoke>,
}

/// The faults in force, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// All faults, used up or not.
    pub fn all(&self) -> &[Fault] {
        &self.faults
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.faults.clear();
    }

    /// Uses up what concerns a call. Errors concern the call itself; a dropped or slow answer also concerns a
    /// composite through any of its `parts`, because there is only one connection for all of them.
    pub fn for_call(&mut self, call: &Face, parts: &[Face]) -> Plan {
        let mut plan = Plan::default();
        for fault in self.faults.iter_mut().filter(|f| f.times > 0) {
            let whole = fault.matches.holds(call);
            let part = parts.iter().any(|part| fault.matches.holds(part));
            let used = match &fault.effect {
                Effect::Error(refusal) if whole && plan.error.is_none() => {
                    plan.error = Some(refusal.clone());
                    true
                }
                Effect::Drop(drop) if (whole || part) && plan.drop.is_none() => {
                    plan.drop = Some(*drop);
                    true
                }
                Effect::SlowMs(ms) if whole || part => {
                    plan.slow_ms = plan.slow_ms.saturating_add(*ms);
                    true
                }
                Effect::Hold(true) if whole || part => {
                    plan.hold = true;
                    true
                }
                Effect::Html(status) if whole && plan.html.is_none() => {
                    plan.html = Some(*status);
                    true
                }
                Effect::Revoke(what) if whole || part => {
                    plan.revoke = Some(*what);
                    true
                }
                _ => false,
            };
            fault.use_up(used);
        }
        plan
    }

    /// Uses up the first error that concerns a subrequest.
    pub fn for_subrequest(&mut self, part: &Face) -> Option<Refusal> {
        for fault in self.faults.iter_mut().filter(|f| f.times > 0) {
            if let (Effect::Error(refusal), true) = (&fault.effect, fault.matches.holds(part)) {
                let refusal = refusal.clone();
                fault.use_up(true);
                return Some(refusal);
            }
        }
        None
    }
}

impl Fault {
    fn use_up(&mut self, used: bool) {
        if used {
            self.times -= 1;
            self.hits += 1;
        }
    }
}

impl Match {
    fn holds(&self, face: &Face) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|w| is.is_some_and(|is| is.eq_ignore_ascii_case(w)))
        };
        let lower = |text: &str| text.to_lowercase();
        same(&self.method, Some(&face.method))
            && same(&self.object, face.object.as_deref())
            && self.path.as_deref().is_none_or(|part| face.path.contains(part))
            && self
                .soql
                .as_deref()
                .is_none_or(|part| face.soql.as_deref().is_some_and(|soql| lower(soql).contains(&lower(part))))
    }
}

impl Refusal {
    /// As a REST answer.
    pub fn api_error(&self) -> ApiError {
        let entry = ErrorEntry {
            code: self.code.clone(),
            message: self.message.clone(),
            fields: self.fields.clone(),
            duplicates: None,
        };
        ApiError { status: self.status, entries: vec![entry] }
    }

    /// As the body of a token answer.
    pub fn oauth_body(&self) -> Json {
        json!({ "error": self.code, "error_description": self.message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: Json) -> Fault {
        serde_json::from_value(json).expect("a fault")
    }

    fn face(method: &str, object: &str) -> Face {
        let path = format!("/services/data/v66.0/sobjects/{object}");
        Face { method: method.into(), path, object: Some(object.into()), soql: None }
    }

    #[test]
    fn a_fault_concerns_the_next_matching_calls_only() {
        let mut faults = Faults::default();
        faults.add(fault(json!({
            "match": {"method": "post", "object": "event"},
            "effect": {"error": {"status": 503, "code": "SERVER_UNAVAILABLE", "message": "server too busy"}},
            "times": 2,
        })));
        assert_eq!(faults.for_call(&face("POST", "Contact"), &[]), Plan::default());
        assert!(faults.for_call(&face("POST", "Event"), &[]).error.is_some());
        assert!(faults.for_subrequest(&face("POST", "Event")).is_some());
        assert!(faults.for_subrequest(&face("POST", "Event")).is_none(), "a used-up fault struck again");
        assert_eq!(faults.all()[0].hits, 2);
    }

    #[test]
    fn a_part_of_a_composite_drops_the_whole_connection_but_fails_alone() {
        let mut faults = Faults::default();
        faults.add(fault(json!({"match": {"object": "Event"}, "effect": {"drop": "after"}})));
        faults.add(fault(json!({
            "match": {"object": "Event"},
            "effect": {"error": {"status": 400, "code": "X", "message": "x"}},
        })));
        let composite =
            Face { method: "POST".into(), path: "/services/data/v66.0/composite".into(), ..Face::default() };
        let plan = faults.for_call(&composite, &[face("POST", "Event")]);
        assert_eq!(plan, Plan { drop: Some(Drop::After), ..Plan::default() });
        assert!(faults.for_subrequest(&face("POST", "Event")).is_some());
    }
}
