//! `matchbook key`: the encryption key.

use clap::Subcommand;

use super::say::say;
use super::{Failure, operator};
use crate::app;
use crate::config::StoreConfig;

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Seal all secrets anew: with MATCHBOOK_ENCRYPTION_KEY, where MATCHBOOK_OLD_ENCRYPTION_KEYS holds the key before; without
    /// them, with a new key in the key file, while the server is stopped.
    Rotate {
        #[command(flatten)]
        store: StoreConfig,
    },
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let KeyCommand::Rotate { store } = args.command;
    let resealed = app::rotate_key(&store, &operator(), jiff::Timestamp::now()).await?;
    match resealed.count {
        0 => say!("All secrets are sealed with the present key already."),
        1 => say!("1 secret is sealed with the present key now."),
        count => say!("{count} secrets are sealed with the present key now."),
    }
    if resealed.lost > 0 {
        say!(
            "{} of archived entries open with no key that is known; enter them again when you bring those back.",
            resealed.lost
        );
    }
    if store.encryption_key.is_none() {
        say!(
            "The key file has a new key: back it up, and keep the old one with the backups of the database that it opens."
        );
    }
    Ok(())
}
