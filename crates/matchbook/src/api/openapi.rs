//! `GET /api/v1/openapi.json`: the document that describes the API, made from the same list of routes that serves it.

use std::sync::LazyLock;

use axum::Json;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::routes;

/// The document.
pub static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = routes::api().1;
    Refusals.modify(&mut document);
    document
});

/// What the document says besides its operations.
#[derive(OpenApi, Debug)]
#[openapi(
    info(
        title = "Matchbook API",
        description = "Bookings and their way into Salesforce.\n\nEvery call carries an API key: `Authorization: Bearer mbk_…`. A key has \
            scopes, and never may do more than its user's role: an admin sees and changes everything, a member sees and acts on the \
            bookings of which they are the organizer, a viewer reads everything but secrets.\n\nErrors are `application/problem+json` \
            with a title, often a `detail`, and `errors`, each with the JSON `pointer` of a field. Times are UTC.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&ApiKeys),
    tags(
        (name = "Bookings", description = "Meetings that were booked, here or at a source."),
        (name = "Routing", description = "Who takes a booking, and why."),
        (name = "Syncs", description = "How bookings reach Salesforce."),
        (name = "Sources", description = "How booking sources do."),
        (name = "Deliveries", description = "What booking sources sent, and what became of it."),
        (name = "Sync errors", description = "What syncs could not do, by booking and by cause, and what to do about it."),
        (name = "Configuration", description = "Connections, hosts, event types and sources, as in the workspace file."),
        (name = "About", description = "The API itself."),
    )
)]
pub struct Head;

/// How callers show who they are.
struct ApiKeys;

impl Modify for ApiKeys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, made by `matchbook user key EMAIL`."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme.build()));
    }
}

/// The refusals that operations have in common: status, name, and when it is answered.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("400", "BadRequest", "The query, a header or the body cannot be read"),
    ("401", "Unauthorized", "There is no API key, or one that is not known, expired or revoked"),
    ("403", "Forbidden", "The key lacks the scope, or its user's role the right"),
    ("404", "NotFound", "Nothing that the key's user sees has this id"),
    ("406", "NotAcceptable", "The answer is asked for in another form than JSON"),
    ("413", "TooLarge", "The body is larger than 1 MiB"),
    ("415", "NotJson", "The body is said to be something else than JSON"),
    ("422", "Invalid", "Fields that cannot be used, each named by its JSON pointer"),
    (
        "429",
        "TooMany",
        "The key has called more often in a minute than it may: 600 times, unless the operator says otherwise",
    ),
    ("500", "Failed", "Matchbook could not do this; its log says why"),
    ("503", "Unavailable", "The database is locked, full or out of reach"),
];

/// Adds to each operation the refusals that it may answer.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let has_id = path.contains('{');
            for operation in operations(item) {
                for status in refusals(operation, has_id) {
                    add_refusal(operation, status);
                }
            }
        }
        let components = document.components.get_or_insert_default();
        for (status, name, description) in REFUSALS {
            components.responses.insert((*name).to_owned(), RefOr::T(refusal(status, description)));
        }
    }
}

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// The statuses with which an operation may refuse, by what it takes.
fn refusals(operation: &Operation, has_id: bool) -> Vec<&'static str> {
    let takes = |place: &ParameterIn| {
        operation.parameters.iter().flatten().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == *place,
            RefOr::Ref(_) => false,
        })
    };
    let has_body = operation.request_body.is_some();
    let mut statuses = vec!["406", "500"];
    if operation.security.as_ref().is_some_and(|security| !security.is_empty()) {
        statuses.extend(["401", "403", "429", "503"]);
    }
    if has_id {
        statuses.push("404");
    }
    if has_body || takes(&ParameterIn::Query) || takes(&ParameterIn::Header) {
        statuses.push("400");
    }
    if has_body {
        statuses.extend(["413", "415", "422"]);
    }
    statuses
}

fn add_refusal(operation: &mut Operation, status: &str) {
    let Some((_, name, _)) = REFUSALS.iter().find(|(known, ..)| *known == status) else { return };
    let reference = RefOr::Ref(Ref::from_response_name(*name));
    operation.responses.responses.entry(status.to_owned()).or_insert(reference);
}

fn refusal(status: &str, description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    let retries = ["429", "503"].contains(&status);
    let header = HeaderBuilder::new().description(Some("The seconds after which it may be sent again")).build();
    if retries { response.header("Retry-After", header).build() } else { response.build() }
}

/// The document that describes this API
#[utoipa::path(get, path = "/openapi.json",
    operation_id = "readDocument", tag = "About", security(()),
    responses((status = 200, description = "An OpenAPI document", body = Object)))]
pub async fn document() -> Json<&'static utoipa::openapi::OpenApi> {
    Json(&DOCUMENT)
}
