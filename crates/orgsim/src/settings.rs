//! What a test may turn while the org runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

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
            refresh_token_rotation: false,
        }
    }
}

impl Settings {
    /// These settings with some replaced. The error names an unknown key or a value of the wrong type.
    pub fn patched(&self, changes: Map<String, Json>) -> Result<Settings, String> {
        let mut all = serde_json::to_value(self).map_err(|e| e.to_string())?;
        if let Some(all) = all.as_object_mut() {
            all.extend(changes);
        }
        serde_json::from_value(all).map_err(|e| e.to_string())
    }
}
