//! The commands, a file each.

mod check;
mod configure;
mod demo;
mod explain;
mod key;
mod orgsim;
mod say;
mod serve;
mod stop_signals;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::store::Actor;

pub use check::CouldNotCheck;

/// Connects bookings to Salesforce.
#[derive(Debug, Parser)]
#[command(name = "matchbook", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything at work: a simulated org, the server, sample bookings. Offline, in one process.
    Demo(demo::Args),
    /// Run the server.
    Serve(serve::Args),
    /// Bring a configuration file into the database.
    Apply(configure::ApplyArgs),
    /// Tell what applying a configuration file would change.
    Plan(configure::PlanArgs),
    /// Write the whole configuration as a file, to standard output.
    Export(configure::ExportArgs),
    /// Tell what was changed, when, by whom and from where.
    History(configure::HistoryArgs),
    /// Bring back an earlier version of the configuration, as a new one.
    Revert(configure::RevertArgs),
    /// Write the JSON Schema of configuration files, for editors.
    Schema,
    /// Look whether everything can work: the database, the key, each connection, hosts, sources.
    Check(check::Args),
    /// Tell who would take a booking, and why, without making it.
    Explain(explain::Args),
    /// Add, list and remove users, set roles and passwords, and make API keys.
    User(user::Args),
    /// Replace the encryption key.
    Key(key::Args),
    /// Run a simulated Salesforce org.
    Orgsim(orgsim::Args),
}

impl Cli {
    /// What is logged unless MATCHBOOK_LOG says otherwise.
    pub fn log_filter(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "info",
            _ => "warn",
        }
    }

    /// Whether logs are for machines.
    pub fn wants_json_logs(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }
}

/// What a command fails with: an error to be shown to the operator.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the arguments name.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Check(args) => check::run(args).await?,
        Command::Demo(args) => demo::run(args).await?,
        Command::Explain(args) => explain::run(args).await?,
        Command::Serve(args) => serve::run(args).await?,
        Command::Apply(args) => configure::apply(args).await?,
        Command::Plan(args) => return configure::plan_file(args).await,
        Command::Export(args) => configure::export(args).await?,
        Command::History(args) => configure::history(args).await?,
        Command::Revert(args) => configure::revert(args).await?,
        Command::Schema => configure::schema(),
        Command::User(args) => user::run(args).await?,
        Command::Key(args) => key::run(args).await?,
        Command::Orgsim(args) => orgsim::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever runs a command, by the name of their account.
fn operator() -> Actor {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let who = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "an operator".to_owned());
    Actor { who, via: "cli".to_owned(), address: None }
}
