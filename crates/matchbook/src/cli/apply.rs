//! `matchbook apply FILE`.

use std::fs::File;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use salesforce::auth::LoopbackPolicy;

use super::Failure;
use super::say::say;
use crate::app;
use crate::apply::{ApplyContext, SecretSources, apply};
use crate::config::StoreConfig;
use crate::secrets::Vault;
use crate::store::Store;

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration file.
    file: PathBuf,

    #[command(flatten)]
    store: StoreConfig,

    /// The encryption key is lost: take the present one, or make one, for all secrets of the file. The server must be stopped.
    #[arg(long)]
    new_key: bool,

    /// The folder with a file per secret, beside variables named MATCHBOOK_SECRET_NAME.
    #[arg(long, env = "MATCHBOOK_SECRETS", value_name = "FOLDER")]
    secrets: Option<PathBuf>,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS", value_parser = BoolishValueParser::new())]
    allow_loopback_orgs: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let name = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file).map_err(|e| format!("cannot read {name}: {e}"))?;
    let (store, vault, _lock) = open(&args).await?;
    let loopback = if args.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
    let secrets = SecretSources { folder: args.secrets };
    let now = jiff::Timestamp::now();
    let context = ApplyContext { store: &store, vault: &vault, secrets: &secrets, loopback, now };
    let applied = apply(&context, &text, &name).await?;
    let unopened = app::unopened(&vault, store.sealed_secrets().await?);
    store.close().await;
    say!(
        "Applied {name} to {}: {}, {}, {}, {}.",
        args.store.database,
        count(applied.connections, "connection"),
        count(applied.hosts, "host"),
        count(applied.event_types, "event type"),
        count(applied.sources, "source"),
    );
    if applied.deliveries > 0 {
        say!("{} that waited could now be applied.", count(applied.deliveries, "delivery"));
    }
    if !unopened.is_empty() {
        let entries: Vec<&str> = unopened.iter().map(|secret| secret.entry.as_str()).collect();
        return Err(format!(
            "the secrets of {} still need their old key; name them in the file too, and apply it with --new-key again",
            entries.join(", ")
        )
        .into());
    }
    Ok(())
}

async fn open(args: &Args) -> Result<(Store, Vault, Option<File>), Failure> {
    if args.new_key {
        return Ok(app::open_with_new_key(&args.store).await?);
    }
    let (store, vault) = app::open(&args.store).await?;
    Ok((store, vault, None))
}

fn count(number: usize, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {one}s"),
    }
}
