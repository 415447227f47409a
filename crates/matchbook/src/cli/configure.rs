//! `matchbook apply`, `plan`, `export`, `history`, `revert` and `schema`.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use salesforce::auth::LoopbackPolicy;

use super::say::say;
use super::{Failure, operator};
use crate::app;
use crate::config::StoreConfig;
use crate::configuration::{Applied, ChangeContext, ChangeError, Edit, SecretSources, change, plan};
use crate::secrets::Vault;
use crate::store::Store;
use crate::workspace_file::{self, Change};

/// What a change of the configuration needs.
#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    store: StoreConfig,

    /// The version that this was made against, as `plan` tells it: if another is in force, nothing is changed.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,

    /// The folder with a file per secret, beside variables named MATCHBOOK_SECRET_NAME.
    #[arg(long, env = "MATCHBOOK_SECRETS", value_name = "FOLDER")]
    secrets: Option<PathBuf>,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS", value_parser = BoolishValueParser::new())]
    allow_loopback_orgs: bool,
}

/// Which file, and how much of it counts.
#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The configuration file.
    file: PathBuf,

    /// Take the file's sections as a whole: archive entries, and unset settings, that they do not name.
    #[arg(long)]
    prune: bool,

    #[command(flatten)]
    change: ChangeArgs,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    file: FileArgs,

    /// The encryption key is lost: take the present one, or make one, for all secrets of the file. The server must be stopped.
    #[arg(long)]
    new_key: bool,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    file: FileArgs,

    /// Exit with 2 where there are changes, 0 where there are none, 1 on an error.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// An earlier version instead of the one in force.
    #[arg(long)]
    version: Option<i64>,

    #[command(flatten)]
    store: StoreConfig,
}

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(super) struct HistoryArgs {
    /// How many changes to show, the latest last.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: i64,

    #[command(flatten)]
    store: StoreConfig,
}

/// Arguments of `revert`.
#[derive(Debug, clap::Args)]
pub(super) struct RevertArgs {
    /// The version to go back to.
    version: i64,

    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) async fn apply(args: ApplyArgs) -> Result<(), Failure> {
    let edit = args.file.edit()?;
    let change = &args.file.change;
    let (store, vault, _lock) = open(&change.store, args.new_key).await?;
    let applied = change.make(&store, &vault, &edit).await?;
    store.close().await;
    tell(&applied, &args.file.file.display().to_string());
    Ok(())
}

pub(super) async fn plan_file(args: PlanArgs) -> Result<ExitCode, Failure> {
    let edit = args.file.edit()?;
    let change = &args.file.change;
    let (store, vault) = app::open(&change.store).await?;
    let secrets = change.secrets();
    let planned = plan(&change.context(&store, &vault, &secrets), change.if_version, &edit).await?;
    store.close().await;
    let name = args.file.file.display();
    if planned.changes.is_empty() {
        say!("No changes: version {} is as {name} says.", planned.against);
        return Ok(ExitCode::SUCCESS);
    }
    say_changes(&planned.changes);
    say!(
        "This is against version {}. To do exactly this: matchbook apply {name}{} --if-version {}",
        planned.against,
        if args.file.prune { " --prune" } else { "" },
        planned.against
    );
    Ok(ExitCode::from(if args.detailed_exitcode { 2 } else { 0 }))
}

pub(super) async fn export(args: ExportArgs) -> Result<(), Failure> {
    let (store, _vault) = app::open(&args.store).await?;
    let version = match args.version {
        None => store.configuration().await?,
        Some(number) => Arc::new(store.configuration_version(number).await?.ok_or(ChangeError::NoSuchVersion(number))?),
    };
    store.close().await;
    super::say::say_exactly(&workspace_file::write(&version.document));
    Ok(())
}

pub(super) async fn history(args: HistoryArgs) -> Result<(), Failure> {
    let (store, _vault) = app::open(&args.store).await?;
    let mut entries = store.audit_log(args.limit).await?;
    store.close().await;
    entries.reverse();
    for entry in &entries {
        let version = entry.version.map_or_else(String::new, |version| format!("Version {version}, "));
        say!("{version}{} by {}", entry.at, entry.actor);
        for sentence in &entry.words {
            say!("  {sentence}");
        }
    }
    if entries.is_empty() {
        say!("Nothing was configured yet.");
    }
    Ok(())
}

pub(super) async fn revert(args: RevertArgs) -> Result<(), Failure> {
    let (store, vault) = app::open(&args.change.store).await?;
    let applied = args.change.make(&store, &vault, &Edit::Version(args.version)).await?;
    store.close().await;
    tell(&applied, &format!("version {}", args.version));
    Ok(())
}

pub(super) fn schema() {
    let schema = serde_json::to_string_pretty(&workspace_file::schema()).expect("a schema is JSON");
    say!("{schema}");
}

impl FileArgs {
    fn edit(&self) -> Result<Edit, Failure> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|e| format!("cannot read {name}: {e}"))?;
        let file = workspace_file::read(&text, &name).map_err(ChangeError::File)?;
        Ok(Edit::File { file, exact: self.prune })
    }
}

impl ChangeArgs {
    fn secrets(&self) -> SecretSources {
        SecretSources { folder: self.secrets.clone() }
    }

    fn context<'a>(&self, store: &'a Store, vault: &'a Vault, secrets: &'a SecretSources) -> ChangeContext<'a> {
        let loopback = if self.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
        ChangeContext { store, vault, secrets, loopback, now: jiff::Timestamp::now() }
    }

    async fn make(&self, store: &Store, vault: &Vault, edit: &Edit) -> Result<Applied, ChangeError> {
        let secrets = self.secrets();
        change(&self.context(store, vault, &secrets), &operator(), self.if_version, edit).await
    }
}

async fn open(config: &StoreConfig, new_key: bool) -> Result<(Store, Vault, Option<File>), Failure> {
    if new_key {
        return Ok(app::open_with_new_key(config).await?);
    }
    let (store, vault) = app::open(config).await?;
    Ok((store, vault, None))
}

fn tell(applied: &Applied, what: &str) {
    if applied.changes.is_empty() {
        say!("No changes: version {} is as {what} says.", applied.version);
    } else {
        say_changes(&applied.changes);
        say!("Applied {what}: the configuration is at version {}.", applied.version);
    }
    match applied.deliveries {
        0 => {}
        1 => say!("1 delivery that waited could now be applied."),
        count => say!("{count} deliveries that waited could now be applied."),
    }
}

fn say_changes(changes: &[Change]) {
    for sentence in changes.iter().flat_map(Change::sentences) {
        say!("{sentence}");
    }
}
