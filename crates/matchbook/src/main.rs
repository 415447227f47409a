//! The `matchbook` command.

use std::process::ExitCode;

use clap::Parser as _;
use matchbook::cli::{self, Cli, CouldNotCheck};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("MATCHBOOK_LOG").unwrap_or_else(|_| EnvFilter::new(cli.log_filter()));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if cli.wants_json_logs() {
        logs.json().init()
    } else {
        logs.init()
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(code) => code,
        Err(error) if error.is::<CouldNotCheck>() => {
            failed(error.as_ref());
            ExitCode::from(2)
        }
        Err(error) => failed(error.as_ref()),
    }
}

/// Prints an error with what caused it.
#[allow(clippy::print_stderr, reason = "the command's own voice")]
fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("matchbook: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
