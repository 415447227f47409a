//! The commands, a file each.

mod apply;
mod check;
mod demo;
mod orgsim;
mod say;
mod serve;
mod user;

use clap::{Parser, Subcommand};

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
    Apply(apply::Args),
    /// Look whether everything can work: the database, the key, each connection, hosts, sources.
    Check(check::Args),
    /// Add users, and make API keys for them.
    User(user::Args),
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
pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Check(args) => check::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Apply(args) => apply::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Orgsim(args) => orgsim::run(args).await,
    }
}

/// Ends when the operator asks the process to stop.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    let _ = interrupt.await;
}
