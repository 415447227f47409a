//! What a test may turn while the org runs.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::latency::Latency;

/// The org's settings, changed by `PATCH /_sim/settings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Milliseconds that every answer under `/services` waits.
    pub latency_ms: u64,
    /// API requests the org may take in 24 hours; a Developer Edition org has 15,000 (Salesforce facts 6).
    pub daily_api_limit: u64,
    /// The org's clock, stopped at this instant; null lets it run.
    pub now: Option<Timestamp>,
    /// Events may last up to 14 days instead of one (Salesforce facts 5.2).
    pub multiday_events: bool,
    /// Milliseconds by the org's clock after which search finds a new or changed record; a real org takes seconds to
    /// minutes (Salesforce facts 2.4).
    pub search_lag_ms: u64,
    /// Events have several people (Salesforce facts 5.2). A feature that is on stays on until the org is reset.
    pub shared_activities: bool,
    /// Countries and states have codes from a list (Salesforce facts 5.4); stays on.
    pub state_country_picklists: bool,
    /// Accounts may be persons (Salesforce facts 5.3); stays on.
    pub person_accounts: bool,
    /// Rows that a query may read without an index before it runs too long (`QUERY_TIMEOUT`); null is no bound
    /// (Salesforce facts 0.15).
    pub query_timeout_rows: Option<u64>,
    /// Minutes that a session lives without being used; null lets it live until it is revoked, so that a test may move
    /// the clock. A real org's default is two hours (Salesforce facts 1.6).
    pub session_minutes: Option<u32>,
    /// Milliseconds that the org's clock is ahead of what `now` or the machine says.
    pub advance_ms: i64,
    /// How long answers under `/services` take, drawn anew for each; comes on top of `latency_ms`.
    pub latency: Option<Latency>,
    /// Days after which a refresh token that was not used is dead; null never (Salesforce facts 1.4).
    pub refresh_token_idle_days: Option<u32>,
    /// Each refresh answers a new refresh token and kills the old one (Salesforce facts 1.4).
    pub refresh_token_rotation: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            latency_ms: 0,
            daily_api_limit: 15_000,
            now: None,
            multiday_events: false,
            search_lag_ms: 0,
            shared_activities: false,
            state_country_picklists: false,
            person_accounts: false,
            query_timeout_rows: None,
            session_minutes: None,
            refresh_token_idle_days: None,
            advance_ms: 0,
            latency: None,
            refresh_token_rotation: false,
        }
    }
}

impl Settings {
    /// The org's clock.
    pub fn clock(&self) -> Timestamp {
        let now = self.now.unwrap_or_else(Timestamp::now);
        now.saturating_add(SignedDuration::from_millis(self.advance_ms)).unwrap_or(now)
    }

    /// These settings with some replaced. The error names an unknown key or a value of the wrong type.
    pub fn patched(&self, changes: Map<String, Json>) -> Result<Settings, String> {
        let mut all = serde_json::to_value(self).map_err(|e| e.to_string())?;
        if let Some(all) = all.as_object_mut() {
            all.extend(changes);
        }
        serde_json::from_value(all).map_err(|e| e.to_string())
    }
}
