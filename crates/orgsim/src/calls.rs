//! The list of calls the org took.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How many calls are kept; the count goes on.
const KEPT: usize = 10_000;

/// How long a call counts against the limit.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What a call was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An OAuth call; the org does not count it.
    Token,
    /// `GET /services/data`; the org does not count it.
    Versions,
    /// A describe, of one object or of all.
    Describe,
    /// A query or one of its further pages.
    Query,
    /// A composite request, batch, tree or graph.
    Composite,
    /// Records by the dozen.
    Collections,
    /// A search.
    Search,
    /// A record.
    Row,
    /// The org's limits.
    Limits,
    /// Anything else.
    Other,
}

/// What a query cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Rows read.
    pub rows_scanned: u64,
    /// The index that narrowed the rows, as `Contact.Email`.
    pub index_used: Option<String>,
}

/// A subrequest of a composite call.
#[derive(Debug, Clone, Serialize)]
pub struct Subcall {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it was for.
    pub kind: Kind,
    /// Its own HTTP status.
    pub status: u16,
    /// What it cost.
    #[serde(flatten)]
    pub cost: Cost,
}

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Its place in the order of arrival of answers, from 1.
    pub number: u64,
    /// When it was answered, by the org's clock.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it was for.
    pub kind: Kind,
    /// HTTP status; null when the connection was dropped instead.
    pub status: Option<u16>,
    /// Whether the org counts it as an API request.
    pub counted: bool,
    /// What it cost.
    #[serde(flatten)]
    pub cost: Cost,
    /// The subrequests of a composite, in order.
    pub subrequests: Vec<Subcall>,
}

/// The latest calls and the count of all.
#[derive(Debug, Default)]
pub struct CallLog {
    calls: VecDeque<Call>,
    taken: u64,
    counted: u64,
    /// API requests of the last 24 hours by the second they came in, oldest first.
    window: VecDeque<(Timestamp, u64)>,
}

impl CallLog {
    /// Counts an API request and gives how many the last 24 hours had with it; `None`, and not counted, when they had
    /// `limit` before (Salesforce facts 6).
    pub fn count(&mut self, now: Timestamp, limit: u64) -> Option<u64> {
        let used = self.used(now);
        if used >= limit {
            return None;
        }
        self.counted += 1;
        match self.window.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.window.push_back((now, 1)),
        }
        Some(used + 1)
    }

    /// How many API requests the 24 hours before `now` had.
    pub fn used(&mut self, now: Timestamp) -> u64 {
        self.window.retain(|(at, _)| now.duration_since(*at) < WINDOW);
        self.window.iter().map(|(_, count)| count).sum()
    }

    /// Adds a call; its number is set here.
    pub fn add(&mut self, mut call: Call) {
        self.taken += 1;
        call.number = self.taken;
        self.calls.push_back(call);
        if self.calls.len() > KEPT {
            self.calls.pop_front();
        }
    }

    /// The calls, oldest first.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }

    /// How many API requests the org counts.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// How many calls there were, counted or not.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}
