//! A REST request and its answer, the same for a call of its own and for a subrequest of a composite.

use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use crate::calls::{Cost, Kind, Subcall};
use crate::dml::Caller;
use crate::errors::{self, ApiError};
use crate::faults::Face;
use crate::id::SalesforceId;

/// A request below `/services/data/vXX.0/`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// HTTP method in capitals.
    pub(crate) method: String,
    /// API version without `v`.
    pub(crate) version: String,
    /// Path and query as sent.
    pub(crate) target: String,
    /// The path's parts after the version, percent-decoded, without empty ones.
    pub(crate) segments: Vec<String>,
    /// The query's parameters.
    pub(crate) params: Vec<(String, String)>,
    /// Header names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as sent; empty where there is none.
    pub(crate) body: String,
    /// The user that calls.
    pub(crate) user: SalesforceId,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers of this answer alone.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body; none for 204 and 304.
    pub(crate) body: Option<Json>,
    /// What it cost.
    pub(crate) cost: Cost,
    /// The subrequests of a composite.
    pub(crate) subcalls: Vec<Subcall>,
}

impl Request {
    /// Reads a target such as `/services/data/v66.0/query?q=…`; `None` when it is not below a version. The user is
    /// filled in by whoever knows the session.
    pub(crate) fn parse(method: &str, target: &str, user: SalesforceId) -> Option<Request> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let rest = path.strip_prefix("/services/data/v")?;
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let segments = rest.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // A client that cannot send PATCH posts and says what it means (Salesforce facts 2.5).
        let meant = params.iter().find(|(key, _)| key == "_HttpMethod").map(|(_, value)| value.as_str());
        let method = meant.filter(|_| method.eq_ignore_ascii_case("post")).unwrap_or(method);
        Some(Request {
            method: method.to_ascii_uppercase(),
            version: version.into(),
            target: target.into(),
            segments,
            params,
            headers: Vec::new(),
            body: String::new(),
            user,
        })
    }

    /// The API version as a number (`66`); 0 where it is none.
    pub(crate) fn number(&self) -> u32 {
        self.version.strip_suffix(".0").and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// The path's parts, to be matched.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Who writes, with what the call's headers ask for (Salesforce facts 6).
    pub(crate) fn caller(&self) -> Caller {
        let duplicates = self.header("sforce-duplicate-rule-header").unwrap_or_default().to_ascii_lowercase();
        let auto_assign = self.header("sforce-auto-assign").is_none_or(|value| !value.eq_ignore_ascii_case("false"));
        Caller {
            user: self.user,
            auto_assign,
            allow_duplicates: duplicates.split(';').any(|part| part.replace(' ', "") == "allowsave=true"),
            version: self.version.clone(),
        }
    }

    /// The body as a JSON object, or the parser's error (Salesforce facts 3).
    pub(crate) fn json_object(&self) -> Result<Map<String, Json>, ApiError> {
        if self.body.trim().is_empty() {
            return Err(errors::json_parser("The HTTP entity body is required, but this request has no entity body."));
        }
        match serde_json::from_str(&self.body) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) => Err(errors::json_parser("Expected a JSON object at [line:1, column:1]")),
            Err(error) => Err(errors::json_parser(unexpected(&self.body, error.line(), error.column()))),
        }
    }

    /// What the call was for.
    pub(crate) fn kind(&self) -> Kind {
        match self.path()[..] {
            ["sobjects"] | ["sobjects", _, "describe"] => Kind::Describe,
            ["sobjects", ..] => Kind::Row,
            ["query" | "queryAll", ..] => Kind::Query,
            ["composite", "sobjects", ..] => Kind::Collections,
            ["composite", ..] => Kind::Composite,
            ["search" | "parameterizedSearch"] => Kind::Search,
            ["limits", ..] => Kind::Limits,
            _ => Kind::Other,
        }
    }

    /// The object of a collection's first record.
    fn first_type(&self) -> Option<String> {
        let body = self.json_object().ok()?;
        Some(body.get("records")?.get(0)?.get("attributes")?.get("type")?.as_str()?.to_owned())
    }

    /// The request as a fault sees it.
    pub(crate) fn face(&self) -> Face {
        let soql = match self.kind() {
            Kind::Query => self.param("q").map(str::to_owned),
            _ => None,
        };
        let object = match (&soql, &self.path()[..]) {
            (Some(soql), _) => queried_object(soql),
            (None, ["sobjects", object, ..] | ["composite", "sobjects" | "tree", object, ..]) => {
                Some((*object).to_owned())
            }
            (None, ["composite", "sobjects"]) => self.first_type(),
            _ => None,
        };
        Face { method: self.method.clone(), path: self.target.clone(), object, soql }
    }
}

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: Json) -> Self {
        Reply { status, headers: Vec::new(), body: Some(body), cost: Cost::default(), subcalls: Vec::new() }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: None, cost: Cost::default(), subcalls: Vec::new() }
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Reply::json(error.status, error.body())
    }
}

impl From<Result<Reply, ApiError>> for Reply {
    fn from(result: Result<Reply, ApiError>) -> Self {
        result.unwrap_or_else(Reply::from)
    }
}

fn decode(part: &str) -> String {
    // A plus is a plus in a path; only the query part writes spaces with it.
    let escaped = format!("v={}", part.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn unexpected(body: &str, line: usize, column: usize) -> String {
    let at = body.lines().nth(line.saturating_sub(1)).and_then(|l| l.as_bytes().get(column.saturating_sub(1)));
    match at {
        Some(byte) => format!(
            "Unexpected character ('{}' (code {byte})): no JSON can go on like this at [line:{line}, column:{column}]",
            char::from(*byte)
        ),
        None => format!("Unexpected end-of-input at [line:{line}, column:{column}]"),
    }
}

/// The object after the last `FROM` outside parentheses and quotes.
fn queried_object(soql: &str) -> Option<String> {
    let mut depth = 0_u32;
    let mut quoted = false;
    let mut found = None;
    let mut after_from = false;
    for word in soql.split_inclusive(|c: char| c.is_whitespace() || "(),'".contains(c)) {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || "(),'".contains(c));
        if !quoted && depth == 0 && !bare.is_empty() {
            if after_from {
                found = Some(bare.to_owned());
            }
            after_from = bare.eq_ignore_ascii_case("from");
        }
        match word.chars().last() {
            Some('\'') if !word.ends_with("\\'") => quoted = !quoted,
            Some('(') if !quoted => depth += 1,
            Some(')') if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::integration_user;

    #[test]
    fn targets_are_taken_apart() {
        let target = "/services/data/v66.0/sobjects/Contact/Email/a+b%40acme.com?updateOnly=true";
        let request = Request::parse("patch", target, integration_user()).expect("below a version");
        assert_eq!(request.path(), ["sobjects", "Contact", "Email", "a+b@acme.com"]);
        assert_eq!((request.method.as_str(), request.version.as_str()), ("PATCH", "66.0"));
        assert_eq!(request.param("updateOnly"), Some("true"));
        assert_eq!(Request::parse("GET", "/services/oauth2/token", integration_user()).map(|r| r.target), None);
    }

    #[test]
    fn a_querys_object_is_the_outer_one() {
        for (soql, object) in [
            ("SELECT Id FROM Contact WHERE Email = 'x from y'", "Contact"),
            ("select Id, (select Id from Contacts) from Account where Name != ' from Lead '", "Account"),
            ("SELECT Id FROM Event WHERE WhoId IN (SELECT Id FROM Lead)", "Event"),
        ] {
            assert_eq!(queried_object(soql).as_deref(), Some(object), "{soql}");
        }
    }
}
