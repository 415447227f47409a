//! `GET /api/v1/event-types/{slug}/rotation`: the ledger of turns (spec 7).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::round_robin::{HostId, Ledger, Tally};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::caller::Caller;
use crate::access::KeyScope;
use crate::app::App;

/// The ledger of turns. All balances sum to zero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rotation)]
pub struct ShownLedger {
    /// Those who take turns, or took some.
    hosts: Vec<ShownLine>,
    /// What hosts who left had, or owed.
    adjustment: ShownLine,
}

/// A line: its balance is what it is entitled to, less what was taken, plus adjustments; in turns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotationLine)]
struct ShownLine {
    /// The host's key; left out on the adjustment line, and where the host is archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The host's name.
    name: String,
    /// The shares of all bookings that the host was free for.
    #[schema(example = "2.50")]
    entitled: String,
    /// The turns taken.
    #[schema(example = "2.00")]
    taken: String,
    /// What joining and leaving moved.
    #[schema(example = "0.00")]
    adjustments: String,
    /// What is owed to the host.
    #[schema(example = "0.50")]
    balance: String,
    /// Why: each entry with the balance after it, the oldest first.
    why: Vec<ShownEntry>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotationEntry)]
struct ShownEntry {
    /// When it was written.
    at: Timestamp,
    /// How much.
    #[schema(example = "-1.00")]
    amount: String,
    /// The balance after it.
    balance: String,
    /// What for.
    #[schema(example = "Took booking bkg_019aa1c2f3b07d5e8a4c6b1d2e3f4a5b.")]
    text: String,
}

/// Show the turns of an event type
///
/// What each host is entitled to, what they took, and why.
#[utoipa::path(get, path = "/event-types/{slug}/rotation",
    operation_id = "readRotation", tag = "Routing", params(("slug" = String, Path, description = "The event type's slug")),
    security(("api_key" = ["config:read"])),
    responses((status = 200, description = "The ledger", body = ShownLedger)))]
pub async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<ShownLedger>, Problem> {
    caller.may(KeyScope::ConfigRead)?;
    let event_types = app.store.event_types().await?;
    let Some(event_type) = event_types.into_iter().find(|known| known.slug == slug) else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "No event type has this slug."));
    };
    let ledger = app.store.ledger(&event_type.id).await?;
    let hosts = app.store.hosts().await?;
    let names = hosts.into_iter().map(|host| (HostId(host.id), (host.key, host.name))).collect();
    Ok(Json(shown(ledger, &names)))
}

fn shown(ledger: Ledger, names: &BTreeMap<HostId, (String, String)>) -> ShownLedger {
    let host = |(id, tally): (HostId, Tally)| match names.get(&id) {
        Some((key, name)) => line(Some(key.clone()), name.clone(), tally),
        None => line(None, format!("Archived host {id}"), tally),
    };
    ShownLedger {
        hosts: ledger.hosts.into_iter().map(host).collect(),
        adjustment: line(None, "Adjustments".to_owned(), ledger.adjustment),
    }
}

fn line(host: Option<String>, name: String, tally: Tally) -> ShownLine {
    let why = tally.why.into_iter().map(|entry| ShownEntry {
        at: entry.at,
        amount: entry.amount.to_string(),
        balance: entry.balance.to_string(),
        text: entry.text,
    });
    ShownLine {
        host,
        name,
        entitled: tally.entitled.to_string(),
        taken: tally.taken.to_string(),
        adjustments: tally.adjustments.to_string(),
        balance: tally.balance.to_string(),
        why: why.collect(),
    }
}
