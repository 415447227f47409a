//! `matchbook orgsim`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Failure;
use super::say::say;
use super::stop_signals::StopSignals;

/// Arguments of `orgsim`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// The port to listen on, on this machine only; 0 takes a free one.
    #[arg(long, default_value_t = 3001)]
    port: u16,

    /// Which sample org to start with.
    #[arg(long, default_value = "demo")]
    world: String,

    /// A folder with describes of a real org, as files describe_*.json; its objects are then as that org has them.
    #[arg(long, value_name = "DIR")]
    describes: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print how the simulated objects differ from the describes of a real org, one line per difference.
    DiffDescribes {
        /// The folder with the files describe_*.json.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    if let Some(Command::DiffDescribes { folder }) = args.command {
        return diff_describes(&folder);
    }
    let describes = match &args.describes {
        Some(folder) => orgsim::schema::read_describes(folder)?.into_iter().map(|(_, describe)| describe).collect(),
        None => Vec::new(),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let org = orgsim::Server::start_described(address, &args.world, describes).await?;
    say!("A simulated org listens on {} (world {}). Open it in a browser to see its records.", org.url(), args.world);
    StopSignals::listen()?.next().await;
    org.stop().await;
    Ok(())
}

fn diff_describes(folder: &Path) -> Result<(), Failure> {
    for (file, describe) in orgsim::schema::read_describes(folder)? {
        match orgsim::schema::differences(&describe) {
            Ok(lines) => lines.iter().for_each(|line| say!("{file}: {line}")),
            Err(error) => say!("{file}: {error}"),
        }
    }
    Ok(())
}
