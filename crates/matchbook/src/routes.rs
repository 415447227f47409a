//! Every URL of the server, in one list.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tower_http::trace::TraceLayer;

use crate::api;
use crate::app::App;

/// The largest body that is read, in bytes. Deliveries are a few kilobytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// The server's routes.
pub fn router(app: Arc<App>) -> Router {
    let machines = Router::new()
        .route("/api/v1/bookings", get(api::bookings::list).post(api::bookings::create))
        .route("/api/v1/bookings/{id}", get(api::bookings::read))
        .route("/webhooks/{source}", post(api::webhooks::receive))
        .route("/health", get(api::health::health))
        .route("/ready", get(api::health::ready));
    machines
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}
