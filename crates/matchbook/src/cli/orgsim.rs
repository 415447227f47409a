//! `matchbook orgsim`.

use std::net::SocketAddr;

use super::say::say;
use super::{Failure, stop_signal};

/// Arguments of `orgsim`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port to listen on, on this machine only; 0 takes a free one.
    #[arg(long, default_value_t = 3001)]
    port: u16,

    /// Which sample org to start with.
    #[arg(long, default_value = "demo")]
    world: String,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let org = orgsim::Server::start(SocketAddr::from(([127, 0, 0, 1], args.port)), &args.world).await?;
    say!("A simulated org listens on {} (world {}). Open it in a browser to see its records.", org.url(), args.world);
    stop_signal().await;
    org.stop().await;
    Ok(())
}
