//! Every URL of the server, in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tower_http::csrf::CsrfLayer;
use tower_http::trace::TraceLayer;

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
        .route("/connections", get(ui::connections::list))
        .route("/connections/{id}", get(ui::connection::page))
        .route("/connections/{id}/connect", post(ui::connect::begin))
        .route("/oauth/callback", get(ui::connect::callback))
        .layer(CsrfLayer::new().with_rejection_response(ui::cross_site));
    let machines = Router::new()
        .route("/api/v1/bookings", get(api::bookings::list).post(api::bookings::create))
        .route("/api/v1/bookings/{id}", get(api::bookings::read))
        .route("/webhooks/{source}", post(api::webhooks::receive))
        .route("/health", get(api::health::health))
        .route("/ready", get(api::health::ready));
    pages
        .merge(machines)
        .route("/assets/{file}", get(ui::assets::asset))
        .fallback(ui::not_found)
        .layer(axum::middleware::from_fn(ui::no_nul))
        .layer(axum::middleware::from_fn(ui::headers))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}
