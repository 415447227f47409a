//! `GET /health`: the process runs. `GET /ready`: it can do its work.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::Problem;
use crate::app::App;

/// Answers while the process runs.
pub async fn health() -> &'static str {
    "ok\n"
}

/// Answers while the database does.
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    match app.store.ping().await {
        Ok(()) => Ok("ready\n"),
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.")),
    }
}
