//! Every URL of the server, in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;
use tower_http::trace::TraceLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api;
use crate::app::App;
use crate::ui;

/// The largest body that is read, in bytes. Deliveries are a few kilobytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// The server's routes.
pub fn router(app: Arc<App>) -> Router {
    let pages = Router::new()
        .route("/", get(ui::bookings::home))
        .route("/sign-in", get(ui::sign_in::page).post(ui::sign_in::sign_in))
        .route("/sign-out", post(ui::sign_in::sign_out))
        .route("/bookings", get(ui::bookings::list))
        .route("/bookings/{id}", get(ui::booking::page))
        .route("/bookings/{id}/sync", post(ui::booking::sync_again))
        .route("/bookings/{id}/duplicate-choice", post(ui::duplicate_choice::choose))
        .route("/bookings/{id}/reassignment", post(ui::reassignment::reassign_booking))
        .route("/bookings/{id}/routing", get(ui::routing_trace::page))
        .route("/event-types/{slug}/rotation", get(ui::rotation::page))
        .route("/deliveries/{id}/retry", post(ui::deliveries::retry))
        .route("/deliveries/{id}/dismissal", post(ui::deliveries::dismiss))
        .route("/sync-errors", get(ui::sync_errors::inbox))
        .route("/sync-errors/{cause}/retry", post(ui::sync_errors::retry))
        .route("/sync-errors/{cause}/dismissal", post(ui::sync_errors::dismiss))
        .route("/connections", get(ui::connections::list))
        .route("/connections/{id}", get(ui::connection::page))
        .route("/connections/{id}/test", post(ui::connection::test))
        .route("/connections/{id}/connect", post(ui::connect::begin))
        .route("/oauth/callback", get(ui::connect::callback))
        .layer(CsrfLayer::new().with_rejection_response(ui::cross_site));
    let bookers = Router::new().route("/r/{event_type}", get(ui::link::send_on));
    let machines = Router::new()
        .route("/webhooks/{source}", post(api::webhooks::receive))
        .route("/health", get(api::health::health))
        .route("/ready", get(api::health::ready));
    pages
        .merge(bookers)
        .merge(machines)
        .route("/assets/{file}", get(ui::assets::asset))
        .route("/api/docs", get(ui::api_docs::page))
        .merge(api().0)
        .fallback(ui::not_found)
        .layer(axum::middleware::from_fn(ui::no_nul))
        .layer(axum::middleware::from_fn(ui::headers))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

/// The API's routes, and the document that describes them; each path stands at its handler.
pub(crate) fn api() -> (Router<Arc<App>>, OpenApi) {
    let v1 = OpenApiRouter::new()
        .routes(routes!(api::bookings::list, api::bookings::create))
        .routes(routes!(api::bookings::read))
        .routes(routes!(api::booking_actions::reschedule))
        .routes(routes!(api::booking_actions::cancel))
        .routes(routes!(api::booking_actions::mark_no_show, api::booking_actions::unmark_no_show))
        .routes(routes!(api::reassignment::create))
        .routes(routes!(api::routing_decisions::of_booking))
        .routes(routes!(api::routing_decisions::explain))
        .routes(routes!(api::rotation::read))
        .routes(routes!(api::duplicate_choice::choose))
        .routes(routes!(api::sync_runs::list))
        .routes(routes!(api::sync_runs::again))
        .routes(routes!(api::sources::list))
        .routes(routes!(api::deliveries::list))
        .routes(routes!(api::deliveries::read))
        .routes(routes!(api::deliveries::body))
        .routes(routes!(api::deliveries::retry))
        .routes(routes!(api::deliveries::dismiss))
        .routes(routes!(api::sync_errors::list))
        .routes(routes!(api::sync_errors::groups))
        .routes(routes!(api::sync_errors::retry_group))
        .routes(routes!(api::sync_errors::dismiss_group))
        .routes(routes!(api::sync_errors::retry_one))
        .routes(routes!(api::sync_errors::dismiss_one))
        .routes(routes!(api::configuration::list))
        .routes(routes!(api::configuration::read, api::configuration::patch, api::configuration::archive))
        .routes(routes!(api::org::record_types))
        .routes(routes!(api::org::fields))
        .routes(routes!(api::settings_validation::create))
        .routes(routes!(api::openapi::document));
    let (router, document) =
        OpenApiRouter::with_openapi(api::openapi::Head::openapi()).nest("/api/v1", v1).split_for_parts();
    let router =
        router.method_not_allowed_fallback(api::no_such_method).layer(axum::middleware::from_fn(api::acceptable));
    (router, document)
}
