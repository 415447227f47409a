//! `matchbook check`: whether everything can work, as findings with their fixes (spec 11).

use domain::preflight::{ConnectionTest, Finding, Severity};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::store::{Connection, PollState, Store, StoreError};
use crate::sync::Engine;

/// What was found. Its JSON is the command's.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing needs mending.
    pub ok: bool,
    /// What was found, what matters most first.
    pub findings: Vec<Found>,
    /// The connections that were tested.
    pub connections: Vec<Tested>,
}

/// A finding, and the entry of the configuration that it is about.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Such as `connections.main`.
    pub about: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// A connection that was tested.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The org that it signed in to.
    pub organization_id: Option<String>,
    /// The user that it acts as.
    pub username: Option<String>,
    /// API requests that the org counts in the last 24 hours.
    pub api_used: Option<i64>,
    /// API requests that the org has in 24 hours.
    pub api_limit: Option<i64>,
}

/// Tests every connection, and looks at what waits and at sources that sent nothing for `quiet`.
pub async fn check(
    store: &Store,
    engine: &Engine,
    quiet: SignedDuration,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let (mut findings, mut connections) = (Vec::new(), Vec::new());
    for connection in store.connections().await? {
        let test = engine.test_connection(&connection).await?;
        let about = format!("connections.{}", connection.key);
        findings.extend(test.findings.iter().cloned().map(|finding| Found { about: about.clone(), finding }));
        connections.push(tested(connection, &test));
    }
    findings.extend(held(store.held().await?));
    let polls = store.poll_states().await?;
    for (source, latest) in store.sources_with_latest().await? {
        let found = [quiet_source(&source.name, latest, quiet, now), polled(&source.name, polls.get(&source.id))];
        let about = format!("sources.{}", source.key);
        findings.extend(found.into_iter().flatten().map(|finding| Found { about: about.clone(), finding }));
    }
    findings.sort_by_key(|found| found.finding.severity);
    let ok = findings.iter().all(|found| found.finding.severity == Severity::Note);
    Ok(Report { ok, findings, connections })
}

fn tested(connection: Connection, test: &ConnectionTest) -> Tested {
    let signed_in = test.signed_in.clone();
    let api = signed_in.as_ref().and_then(|signed_in| signed_in.api_requests);
    Tested {
        key: connection.key,
        name: connection.name,
        organization_id: signed_in.as_ref().map(|signed_in| signed_in.organization_id.clone()),
        username: signed_in.map(|signed_in| signed_in.username),
        api_used: api.map(|(used, _)| used),
        api_limit: api.map(|(_, limit)| limit),
    }
}

fn held(count: i64) -> Option<Found> {
    let what = match count {
        0 => return None,
        1 => "The sync of one booking waits for a person.".to_owned(),
        many => format!("The syncs of {many} bookings wait for a person."),
    };
    let fix = "Open Bookings, Needs attention: each says what to do.";
    Some(Found { about: "bookings".into(), finding: Finding::new(Severity::Weakens, what, fix) })
}

/// A source that should have sent something. One that never did may just have been set up.
fn quiet_source(name: &str, latest: Option<Timestamp>, quiet: SignedDuration, now: Timestamp) -> Option<Finding> {
    let fix = "Look whether its webhook is on and posts to this server; if nobody books there, all is well.";
    match latest {
        Some(at) if now.duration_since(at) < quiet => None,
        Some(at) => {
            let days = now.duration_since(at).as_hours() / 24;
            Some(Finding::new(Severity::Weakens, format!("{name} has sent nothing for {days} days."), fix))
        }
        None => Some(Finding::new(Severity::Note, format!("{name} has sent nothing so far."), fix)),
    }
}

/// How asking a source stands, where there is something to say.
fn polled(name: &str, poll: Option<&PollState>) -> Option<Finding> {
    let Some(poll) = poll else {
        let what = format!("{name} is not asked for bookings: those whose webhooks were lost are not found.");
        return Some(Finding::new(Severity::Note, what, "Give it an API key: api_key in its configuration."));
    };
    let (failed_at, trouble) = poll.trouble.as_ref()?;
    let what = format!("{name} could not be asked for bookings at {failed_at:.0}: {trouble}.");
    let fix = match poll.polled_at {
        Some(at) => format!("It was last asked at {at:.0}; what was lost since is found once it can be asked again."),
        None => "It never could be asked so far.".to_owned(),
    };
    Some(Finding::new(Severity::Weakens, what, &fix))
}
