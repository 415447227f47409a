//! `matchbook check`.

use clap::builder::BoolishValueParser;
use domain::preflight::Severity;
use jiff::{SignedDuration, Timestamp};
use salesforce::auth::LoopbackPolicy;

use super::Failure;
use super::say::say;
use crate::app;
use crate::check::{Report, Tested, check};
use crate::clock::Clock;
use crate::config::StoreConfig;
use crate::error_chain::chain;
use crate::sync::{Engine, EngineOptions};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    store: StoreConfig,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,

    /// After how many days without a delivery a source is a finding.
    #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    quiet_days: u16,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS", value_parser = BoolishValueParser::new())]
    allow_loopback_orgs: bool,
}

/// Nothing could be checked: the database or its key cannot be used. The command ends with 2.
#[derive(Debug, thiserror::Error)]
#[error("nothing could be checked: {0}")]
pub struct CouldNotCheck(String);

fn could_not(error: impl std::error::Error) -> CouldNotCheck {
    CouldNotCheck(chain(&error))
}

/// Ends with 0 where nothing needs mending, and with 1 where something does.
pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let report = report(&args).await?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        tell(&report);
    }
    match report.findings.iter().filter(|found| found.finding.severity != Severity::Note).count() {
        0 => Ok(()),
        1 => Err("one finding needs mending".into()),
        many => Err(format!("{many} findings need mending").into()),
    }
}

async fn report(args: &Args) -> Result<Report, CouldNotCheck> {
    let (store, vault) = app::open(&args.store).await.map_err(could_not)?;
    let loopback = if args.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
    let options = EngineOptions { store: store.clone(), vault, clock: Clock::System, loopback, public_url: None };
    let engine = Engine::new(options).map_err(could_not)?;
    let quiet = SignedDuration::from_hours(24 * i64::from(args.quiet_days));
    let report = check(&store, &engine, quiet, Timestamp::now()).await.map_err(could_not)?;
    store.close().await;
    Ok(report)
}

fn tell(report: &Report) {
    say!("The database and its key can be used.");
    for connection in &report.connections {
        say!("{}", connection_line(connection));
    }
    for found in &report.findings {
        let word = match found.finding.severity {
            Severity::Breaks => "breaks syncs",
            Severity::Weakens => "mend this",
            Severity::Note => "note",
        };
        say!("");
        say!("{} ({word}): {}", found.about, found.finding.what);
        if !found.finding.fix.is_empty() {
            say!("  {}", found.finding.fix);
        }
    }
    if report.ok {
        say!("");
        say!("Nothing needs mending.");
    }
}

fn connection_line(connection: &Tested) -> String {
    let Tested { key, organization_id, username, .. } = connection;
    let (Some(org), Some(user)) = (organization_id, username) else {
        return format!("connections.{key}: could not sign in.");
    };
    let requests = match (connection.api_used, connection.api_limit) {
        (Some(used), Some(limit)) => format!("; the org has used {used} of its {limit} API requests of 24 hours"),
        _ => String::new(),
    };
    format!("connections.{key}: signed in to the org {org} as {user}{requests}.")
}
