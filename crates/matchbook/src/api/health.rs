//! `GET /health`: the process runs. `GET /ready`: it can do its work.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;

use super::Problem;
use crate::app::App;

/// How long a good answer stands.
const STANDS_FOR_MICROS: i64 = 1_000_000;

/// Answers while the process runs.
pub async fn health() -> &'static str {
    "ok\n"
}

/// Answers while the database can be read and written. The last good answer stands for a moment, so that asking often costs
/// no writes.
pub async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    let now = app.clock.now();
    let is_fresh = (0..STANDS_FOR_MICROS).contains(&(now.as_microsecond() - app.ready_at.load(Ordering::Relaxed)));
    if !is_fresh {
        app.store.ping(now).await?;
        app.ready_at.store(now.as_microsecond(), Ordering::Relaxed);
    }
    Ok("ready\n")
}
