//! The resources below `/services/data/vXX.0/`, in one list.

use serde_json::{Map, Value as Json, json};

use crate::errors::{self, ApiError};

use super::state::{Access, Shared};
use super::wire::{Reply, Request};
use super::{batch, changed, collections, composite, describes, graph, query, rows, search, tree, upsert};

/// Versions the org answers; 21 to 30 are retired and older ones never spoke REST (Salesforce facts 2.1).
const OLDEST: u32 = 31;
const NEWEST: u32 = 68;

/// Limits of a Developer Edition org that clients look at and nothing here uses up (Salesforce facts 2.8).
const UNUSED_LIMITS: [(&str, u64); 9] = [
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyBulkApiBatches", 15_000),
    ("DailyBulkV2QueryFileStorageMB", 976_562),
    ("DailyBulkV2QueryJobs", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DataStorageMB", 5),
    ("FileStorageMB", 20),
    ("MassEmail", 10),
    ("SingleEmail", 15),
];

/// Answers a request that is allowed to come in.
pub(crate) fn route(shared: &Shared, access: &mut Access<'_>, request: &Request) -> Reply {
    if let Err(error) = version(&request.version) {
        return error.into();
    }
    let method = request.method.as_str();
    match (method, &request.path()[..]) {
        ("GET", []) => Reply::json(200, resources(request)),
        ("GET", ["sobjects"]) => describes::global(access, request),
        ("GET", ["sobjects", object, "describe"]) => describes::one(access, request, object),
        ("GET", ["sobjects", object, "updated"]) => changed::updated(access, request, object),
        ("GET", ["sobjects", object, "deleted"]) => changed::deleted(access, request, object),
        ("GET", ["sobjects", object]) => changed::basic_info(access, request, object),
        ("GET", ["recent"]) => changed::recent(access, request),
        ("POST", ["sobjects", object]) => rows::create(access, request, object),
        ("GET", ["sobjects", object, id]) => rows::get(access, request, object, id),
        ("PATCH", ["sobjects", object, id]) => rows::update(access, request, object, id),
        ("DELETE", ["sobjects", object, id]) => rows::delete(access, request, object, id),
        ("GET", ["sobjects", object, field, value]) => upsert::get(access, request, object, field, value),
        ("PATCH", ["sobjects", object, field, value]) => upsert::upsert(access, request, object, field, value),
        ("GET", ["query" | "queryAll"]) => query::first_page(shared, access, request),
        ("GET", ["query" | "queryAll", locator]) => query::next_page(shared, request, locator),
        ("GET", ["search"]) => search::statement(access, request),
        ("GET" | "POST", ["parameterizedSearch"]) => search::parameters(access, request),
        ("POST", ["composite"]) => composite::run(shared, request),
        ("POST", ["composite", "batch"]) => batch::run(shared, request),
        ("POST", ["composite", "graph"]) => graph::run(shared, request),
        ("POST", ["composite", "tree", object]) => tree::create(access, request, object),
        ("POST", ["composite", "sobjects"]) => collections::create(access, request),
        ("PATCH", ["composite", "sobjects"]) => collections::update(access, request),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(access, request),
        ("GET" | "POST", ["composite", "sobjects", object]) => collections::get(access, request, object),
        ("PATCH", ["composite", "sobjects", object, field]) => collections::upsert(access, request, object, field),
        ("GET", ["limits"]) => limits(shared, access),
        ("GET", ["limits", "recordCount"]) => changed::record_count(access, request),
        (_, path) => match allowed(path) {
            Some(allowed) => errors::method_not_allowed(method, allowed).into(),
            None => errors::not_found().into(),
        },
    }
}

/// `GET /services/data`: the versions, oldest first.
pub(crate) fn versions() -> Json {
    let version = |number: u32| json!({ "label": label(number), "url": format!("/services/data/v{number}.0"), "version": format!("{number}.0") });
    (OLDEST..=NEWEST).map(version).collect()
}

/// Three releases a year; version 31 was Summer '14.
fn label(version: u32) -> String {
    let release = version - OLDEST;
    let season = ["Summer", "Winter", "Spring"][(release % 3) as usize];
    // One release has a typographic apostrophe.
    let apostrophe = if version == 42 { '\u{2019}' } else { '\'' };
    format!("{season} {apostrophe}{}", 14 + release.div_ceil(3))
}

fn version(text: &str) -> Result<(), ApiError> {
    let number = text.strip_suffix(".0").and_then(|number| number.parse::<u32>().ok());
    match number {
        Some(number) if (OLDEST..=NEWEST).contains(&number) => Ok(()),
        Some(number) if (21..OLDEST).contains(&number) => {
            let message = format!("The requested API version v{number}.0 is retired");
            Err(ApiError::new(410, "UNSUPPORTED_API_VERSION", message))
        }
        _ => Err(errors::not_found()),
    }
}

fn resources(request: &Request) -> Json {
    let base = format!("/services/data/v{}", request.version);
    let mut resources: Map<String, Json> =
        ["sobjects", "query", "queryAll", "search", "parameterizedSearch", "composite", "limits", "recent"]
            .into_iter()
            .map(|name| (name.to_owned(), format!("{base}/{name}").into()))
            .collect();
    let host = request.header("host").unwrap_or("127.0.0.1");
    let identity = format!("http://{host}/id/{}/{}", crate::org::Org::id(), request.user);
    resources.insert("identity".into(), identity.into());
    resources.into()
}

fn limits(shared: &Shared, access: &mut Access<'_>) -> Reply {
    let (max, now) = access.read(|org| (org.settings.daily_api_limit, org.now()));
    let used = shared.calls().used(now);
    let limit = |max: u64, remaining: u64| json!({ "Max": max, "Remaining": remaining });
    let unused = UNUSED_LIMITS.iter().map(|(name, max)| ((*name).to_owned(), limit(*max, *max)));
    let mut limits: Map<String, Json> = unused.collect();
    limits.insert("DailyApiRequests".into(), limit(max, max.saturating_sub(used)));
    limits.sort_keys();
    Reply::json(200, limits.into())
}

fn allowed(path: &[&str]) -> Option<&'static str> {
    match path {
        []
        | ["sobjects"]
        | ["query" | "queryAll"]
        | ["query" | "queryAll", _]
        | ["limits"]
        | ["limits", "recordCount"]
        | ["recent" | "search"]
        | ["sobjects", _, "describe" | "updated" | "deleted"] => Some("GET"),
        ["composite" | "parameterizedSearch"] | ["composite", "batch" | "graph"] | ["composite", "tree", _] => {
            Some("POST")
        }
        ["composite", "sobjects"] => Some("DELETE,PATCH,POST"),
        ["composite", "sobjects", _] => Some("GET,POST"),
        ["composite", "sobjects", _, _] => Some("PATCH"),
        ["sobjects", _] => Some("GET,POST"),
        ["sobjects", _, _] => Some("DELETE,GET,PATCH"),
        ["sobjects", _, _, _] => Some("GET,PATCH"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_their_release_names() {
        let versions = versions();
        assert_eq!(versions[0], json!({"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}));
        assert_eq!(versions[35], json!({"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}));
    }
}
