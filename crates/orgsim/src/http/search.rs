//! `search` and `parameterizedSearch` (Salesforce facts 2.4).

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::calls::Cost;
use crate::errors::{self, ApiError};
use crate::search::{self, Error, Group, MOST_ROWS, Returning, Search, Term};
use crate::view::View;

use super::state::Access;
use super::wire::{Reply, Request};

/// `GET search?q=FIND {…}`.
pub(crate) fn statement(access: &mut Access<'_>, request: &Request) -> Reply {
    let read = match request.param("q") {
        Some(statement) => search::parse(statement).map_err(refused),
        None => Err(ApiError::new(400, "MALFORMED_SEARCH", "A search string has to be specified")),
    };
    match read {
        Ok(search) => run(access, request, &search),
        Err(error) => error.into(),
    }
}

/// `GET parameterizedSearch?q=…&sobject=…` and `POST parameterizedSearch`.
pub(crate) fn parameters(access: &mut Access<'_>, request: &Request) -> Reply {
    let read = if request.method == "POST" { from_body(request) } else { from_params(request) };
    match read.and_then(Parameters::search) {
        Ok(search) => run(access, request, &search),
        Err(error) => error.into(),
    }
}

fn run(access: &mut Access<'_>, request: &Request, search: &Search) -> Reply {
    access.read(|org| {
        let view = View::new(org, request.user, false);
        match search::run(search, &view, org.settings.search_lag_ms, &request.version) {
            Ok((records, rows_scanned)) => {
                let mut reply = Reply::json(200, json!({ "searchRecords": records }));
                reply.cost = Cost { rows_scanned, index_used: None };
                reply
            }
            Err(error) => refused(error).into(),
        }
    })
}

fn refused(error: Error) -> ApiError {
    ApiError::new(400, error.code, error.message)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    q: String,
    #[serde(rename = "in")]
    group: Option<String>,
    fields: Vec<String>,
    sobjects: Vec<Wanted>,
    overall_limit: Option<usize>,
    default_limit: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    name: String,
    fields: Vec<String>,
    #[serde(rename = "where")]
    condition: Option<String>,
    order_by: Option<String>,
    limit: Option<usize>,
}

fn from_body(request: &Request) -> Result<Parameters, ApiError> {
    let body: Json = request.json_object()?.into();
    serde_json::from_value(body).map_err(|error| errors::json_parser(error.to_string()))
}

/// `sobject` may come several times; its own parameters follow as `Contact.fields`.
fn from_params(request: &Request) -> Result<Parameters, ApiError> {
    let named = |name: &str| {
        request.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let list = |name: &str| -> Vec<String> {
        named(name).iter().flat_map(|list| list.split(',')).map(|part| part.trim().to_owned()).collect()
    };
    let objects = request.params.iter().filter(|(key, _)| key.eq_ignore_ascii_case("sobject"));
    let sobjects = objects.map(|(_, name)| {
        let own = |what: &str| format!("{name}.{what}");
        Ok(Wanted {
            name: name.clone(),
            fields: list(&own("fields")),
            condition: named(&own("where")),
            order_by: named(&own("orderBy")),
            limit: number(named(&own("limit")))?,
        })
    });
    Ok(Parameters {
        q: named("q").unwrap_or_default(),
        group: named("in"),
        fields: list("fields"),
        sobjects: sobjects.collect::<Result<_, ApiError>>()?,
        overall_limit: number(named("overallLimit"))?,
        default_limit: number(named("defaultLimit"))?,
    })
}

fn number(text: Option<String>) -> Result<Option<usize>, ApiError> {
    let one = |text: String| {
        text.parse().map_err(|_| ApiError::new(400, "MALFORMED_SEARCH", format!("{text} is no number of rows")))
    };
    text.map(one).transpose()
}

impl Parameters {
    fn search(self) -> Result<Search, ApiError> {
        let malformed = |message: String| ApiError::new(400, "MALFORMED_SEARCH", message);
        if self.q.trim().is_empty() {
            return Err(malformed("A search string has to be specified".into()));
        }
        let group = match &self.group {
            Some(text) => Group::parse(text).ok_or_else(|| malformed(format!("unexpected token: {text}")))?,
            None => Group::All,
        };
        let returning = self.sobjects.iter().map(|wanted| self.returning(wanted)).collect();
        let limit = self.overall_limit.unwrap_or(MOST_ROWS).min(MOST_ROWS);
        Ok(Search { term: Term::plain(&self.q), group, returning, limit })
    }

    fn returning(&self, wanted: &Wanted) -> Returning {
        let fields = if wanted.fields.is_empty() { &self.fields } else { &wanted.fields };
        let fields = if fields.is_empty() { "Id".to_owned() } else { fields.join(", ") };
        let clause =
            |keyword: &str, text: Option<String>| text.map(|text| format!("{keyword} {text} ")).unwrap_or_default();
        let limit = wanted.limit.or(self.default_limit).map(|limit| limit.to_string());
        let rest = clause("WHERE", wanted.condition.clone())
            + &clause("ORDER BY", wanted.order_by.clone())
            + &clause("LIMIT", limit);
        Returning { object: wanted.name.clone(), fields, rest }
    }
}
