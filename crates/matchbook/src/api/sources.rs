//! `GET /api/v1/sources`: how each source does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::caller::Caller;
use super::deliveries::may_read;
use crate::app::App;
use crate::store::{PollState, Source};

/// Every source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceList)]
pub struct ShownSources {
    sources: Vec<ShownSource>,
}

/// How a source does. What is set of it is a part of the configuration.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
struct ShownSource {
    #[schema(example = "calcom")]
    key: String,
    #[schema(example = "cal.com")]
    kind: String,
    name: String,
    /// When its latest delivery came; null before the first.
    latest_delivery_at: Option<Timestamp>,
    /// How asking it for bookings stands; null while it has no API key, so that bookings whose webhooks were lost are not found.
    poll: Option<ShownPoll>,
}

/// How asking a source for bookings stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourcePoll)]
struct ShownPoll {
    every_minutes: i64,
    /// When it is asked next.
    due_at: Timestamp,
    /// When it last went through; null before the first time.
    polled_at: Option<Timestamp>,
    /// Bookings that it showed then.
    seen: i64,
    /// Of them, those that were news: their webhooks were lost.
    changed: i64,
    /// Of them, those that need attention.
    needs_attention: i64,
    /// Why it last failed, if it has not gone through since.
    trouble: Option<String>,
    /// When that was.
    failed_at: Option<Timestamp>,
}

/// List sources
///
/// When each last sent something, and what asking it for bookings found. Members have no part in them.
#[utoipa::path(get, path = "/sources",
    operation_id = "listSources", tag = "Sources", security(("api_key" = ["sync:read"])),
    responses((status = 200, description = "Every source", body = ShownSources)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ShownSources>, Problem> {
    may_read(&caller)?;
    let mut polls = app.store.poll_states().await?;
    let sources = app.store.sources_with_latest().await?.into_iter().map(|(source, latest_delivery_at)| {
        let poll = polls.remove(&source.id).map(ShownPoll::from);
        let Source { key, kind, name, .. } = source;
        ShownSource { key, kind, name, latest_delivery_at, poll }
    });
    Ok(Json(ShownSources { sources: sources.collect() }))
}

impl From<PollState> for ShownPoll {
    fn from(poll: PollState) -> Self {
        let PollState { every_minutes, due_at, polled_at, found, trouble } = poll;
        let (failed_at, trouble) = trouble.unzip();
        ShownPoll {
            every_minutes,
            due_at,
            polled_at,
            seen: found.seen,
            changed: found.changed,
            needs_attention: found.waiting,
            trouble,
            failed_at,
        }
    }
}
