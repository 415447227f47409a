//! Changes of the configuration: the command line, the API and pages all come here (spec 11). A change is made whole or not at
//! all, is kept as a version with the change in words, and never overwrites what its maker has not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use salesforce::auth::LoopbackPolicy;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::ingest;
use crate::org_checks;
use crate::secrets::Vault;
use crate::store::configuration::{self as table, NewVersion};
use crate::store::{
    Actor, AuditEntry, ConfigurationVersion, PutError, SealedSecret, Store, StoreError, Tx, connections,
};
use crate::workspace_file::entries::{Connection, Source, Typed as _};
use crate::workspace_file::{self, Change, Document, FileError, Problem, WorkspaceFile};

/// Where named secrets come from.
#[derive(Debug, Clone, Default)]
pub struct SecretSources {
    /// The folder with a file per secret, if there is one.
    pub folder: Option<PathBuf>,
}

/// What a change needs besides what it says.
#[derive(Debug)]
pub struct ChangeContext<'a> {
    /// The database.
    pub store: &'a Store,
    /// Seals secrets.
    pub vault: &'a Vault,
    /// Where named secrets come from.
    pub secrets: &'a SecretSources,
    /// Whether an org may be on this machine.
    pub loopback: LoopbackPolicy,
    /// The present instant.
    pub now: Timestamp,
}

/// What is to change.
#[derive(Debug, Clone)]
pub enum Edit {
    /// What a file says. What it doesn't name is left alone; with `exact`, the sections that it has are exactly what it says.
    File {
        /// The file.
        file: WorkspaceFile,
        /// Whether what its sections don't name is archived.
        exact: bool,
    },
    /// Everything as it was in an earlier version, but for the values of secrets.
    Version(i64),
    /// One entry is archived.
    Archive {
        /// Its section.
        section: &'static str,
        /// Its key.
        key: String,
    },
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file has mistakes.
    #[error("{}", lines(.0))]
    File(Vec<FileError>),
    /// What is asked for does not fit the rest of the configuration.
    #[error("{}", problems(.0))]
    Problems(Vec<Problem>),
    /// Somebody else changed the configuration meanwhile.
    #[error("{0}")]
    Conflict(Conflict),
    /// There is no such version.
    #[error("there is no version {0} of the configuration; `matchbook history` lists those there are")]
    NoSuchVersion(i64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database or the encryption key.
    #[error(transparent)]
    Put(#[from] PutError),
}

fn lines(errors: &[FileError]) -> String {
    errors.iter().map(FileError::to_string).collect::<Vec<_>>().join("\n")
}

fn problems(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect::<Vec<_>>().join("\n")
}

/// Two people changed the configuration at once.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The version that the change was made against.
    pub expected: i64,
    /// The version in force.
    pub present: i64,
    /// What was changed meanwhile, the latest first.
    pub meanwhile: Vec<AuditEntry>,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Conflict { expected, present, meanwhile } = self;
        writeln!(
            f,
            "nothing was changed: this was made against version {expected} of the configuration, which is at version {present} by now."
        )?;
        for entry in meanwhile {
            let version = entry.version.unwrap_or_default();
            writeln!(f, "Version {version}, by {} at {}:", entry.actor, entry.at)?;
            for sentence in &entry.words {
                writeln!(f, "  {sentence}")?;
            }
        }
        write!(f, "Look at what your change would do now, and make it against version {present}")
    }
}

/// What a change would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The version that it was made against.
    pub against: i64,
    /// The changes, in the order of the file's sections, the archived last. None where all is as it should be.
    pub changes: Vec<Change>,
}

/// What a change did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The version that is in force now.
    pub version: i64,
    /// What it changed; nothing where all was as it should be.
    pub changes: Vec<Change>,
    /// Deliveries that waited and could now be applied.
    pub deliveries: usize,
}

/// Tells what a change would do.
pub async fn plan(context: &ChangeContext<'_>, expected: Option<i64>, edit: &Edit) -> Result<Plan, ChangeError> {
    let mut tx = context.store.configuring().await?;
    let prepared = prepare(context, &mut tx, expected, edit, &mut Vec::new()).await?;
    Ok(Plan { against: prepared.version.number - 1, changes: prepared.changes })
}

/// Makes a change. `expected` is the version that it was made against: if another is in force, nothing is changed.
pub async fn change(
    context: &ChangeContext<'_>,
    actor: &Actor,
    expected: Option<i64>,
    edit: &Edit,
) -> Result<Applied, ChangeError> {
    let mut tx = context.store.configuring().await?;
    let mut told = Vec::new();
    let prepared = match prepare(context, &mut tx, expected, edit, &mut told).await {
        Ok(prepared) => prepared,
        Err(refused) => {
            drop(tx);
            for connection in told {
                context.store.forget_org(&connection).await?;
            }
            return Err(refused);
        }
    };
    let changed = !prepared.changes.is_empty();
    if changed {
        let Prepared { version, changes, secrets } = &prepared;
        table::write(&mut tx, context.vault, &NewVersion { version, changes, secrets, actor }, context.now).await?;
    }
    if let Edit::File { file, .. } = edit {
        for (key, _) in file.document.entries(Connection::SECTION) {
            connections::ask_anew(&mut tx, key).await?;
        }
    }
    tx.commit().await?;
    let deliveries = ingest::apply_waiting(context.store, context.now).await?;
    let version = if changed { prepared.version.number } else { prepared.version.number - 1 };
    Ok(Applied { version, changes: prepared.changes, deliveries })
}

/// A change that is known to be sound.
struct Prepared {
    version: ConfigurationVersion,
    changes: Vec<Change>,
    /// Values of secrets that are new, by path.
    secrets: BTreeMap<String, SecretString>,
}

/// Checks a change. `told` takes the connections whose orgs refused something.
async fn prepare(
    context: &ChangeContext<'_>,
    tx: &mut Tx,
    expected: Option<i64>,
    edit: &Edit,
    told: &mut Vec<String>,
) -> Result<Prepared, ChangeError> {
    let present = table::in_force(&mut *tx).await?;
    if let Some(expected) = expected.filter(|expected| *expected != present.number) {
        return Err(ChangeError::Conflict(conflict(context.store, expected, present.number).await?));
    }
    let document = match edit {
        Edit::File { file, exact } => present.document.with(&file.document, *exact),
        Edit::Version(number) => {
            let version = context.store.configuration_version(*number).await?;
            version.ok_or(ChangeError::NoSuchVersion(*number))?.document
        }
        Edit::Archive { section, key } => {
            let mut document = present.document.clone();
            document.remove(section, key);
            document
        }
    };
    let mut problems = workspace_file::check(&document, context.loopback, |path| edit.names(path));
    let (of_orgs, connections) =
        org_checks::problems(context.store, &document, |path| edit.names(path), context.now).await?;
    problems.extend(of_orgs);
    told.extend(connections);
    problems.extend(nobody_left(&present.document, &document));
    let sealed = table::sealed(&mut *tx).await?;
    let secrets = new_secrets(context, edit, &present.document, &document, &sealed, &mut problems);
    if !problems.is_empty() {
        return Err(edit.refused(problems));
    }
    let archived = table::archived(&mut *tx).await?;
    let new_values: BTreeSet<String> = secrets.keys().cloned().collect();
    let changes = workspace_file::difference(&present.document, &document, &archived, &new_values);
    let version = ConfigurationVersion { number: present.number + 1, document };
    Ok(Prepared { version, changes, secrets })
}

impl Edit {
    /// Whether the change speaks of this path itself.
    fn names(&self, path: &str) -> bool {
        match self {
            Edit::File { file, .. } => file.has(path),
            Edit::Version(_) | Edit::Archive { .. } => false,
        }
    }

    fn refused(&self, problems: Vec<Problem>) -> ChangeError {
        let Edit::File { file, .. } = self else { return ChangeError::Problems(problems) };
        let mut errors: Vec<FileError> = problems.iter().map(|problem| file.locate(problem)).collect();
        errors.sort_by_key(|error| error.at);
        ChangeError::File(errors)
    }
}

async fn conflict(store: &Store, expected: i64, present: i64) -> Result<Conflict, StoreError> {
    const MOST: i64 = 20;
    let mut meanwhile = store.audit_log(MOST).await?;
    meanwhile.retain(|entry| entry.version.is_some_and(|version| version > expected));
    Ok(Conflict { expected, present, meanwhile })
}

/// Whoever changes the configuration must not lock everybody out.
fn nobody_left(old: &Document, new: &Document) -> Option<Problem> {
    let has_admin = |document: &Document| {
        document.entries("users").any(|(_, user)| user.get("role").and_then(Value::as_str) == Some("admin"))
    };
    (has_admin(old) && !has_admin(new)).then(|| Problem {
        path: "users".to_owned(),
        message: "no admin would be left; make another user an admin first".to_owned(),
    })
}

/// The values of secrets that are new. A secret whose value is not given keeps the one that is known by its name.
fn new_secrets(
    context: &ChangeContext<'_>,
    edit: &Edit,
    old: &Document,
    new: &Document,
    sealed: &[SealedSecret],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, SecretString> {
    let old_names = workspace_file::secrets(old);
    let mut values = BTreeMap::new();
    for (path, named) in workspace_file::secrets(new) {
        let known = sealed.iter().find(|secret| secret.path() == path);
        let known = known.and_then(|secret| context.vault.open(&secret.place, &secret.sealed).ok());
        // Whoever may change where a key is sent, but does not know it, must not get it that way.
        let known = known.filter(|_| !is_sent_elsewhere(&path, old, new));
        let same_name = old_names.get(&path).is_none_or(|old| old.name == named.name);
        if !edit.names(&path) && same_name && known.is_some() {
            continue;
        }
        match (secret(context.secrets, &named.name), known) {
            (Some(given), Some(known)) if given.expose_secret() == known.expose_secret() => {}
            (Some(given), _) => {
                problems.extend(named.kind.refuse(&given).map(|message| Problem { path: path.clone(), message }));
                values.insert(path, given);
            }
            (None, Some(_)) if same_name => {}
            (None, _) => problems.push(missing_secret(path, &named.name)),
        }
    }
    values
}

/// Whether a source's API key would go to another address than before.
fn is_sent_elsewhere(path: &str, old: &Document, new: &Document) -> bool {
    let source = path.strip_prefix("sources.").and_then(|path| path.strip_suffix(".api_key"));
    let address = |document: &Document, source: &str| {
        Source::read(source, document.get(Source::SECTION, source)?).ok().map(|source| source.api_url)
    };
    source.is_some_and(|source| address(old, source) != address(new, source))
}

fn missing_secret(path: String, name: &str) -> Problem {
    let message = format!(
        "the secret {name} is not there; set the variable MATCHBOOK_SECRET_{name}, or put it into the file {name} in the \
         secrets folder"
    );
    Problem { path, message }
}

/// A named secret: from the environment variable `MATCHBOOK_SECRET_NAME`, else the file NAME in the secrets folder.
fn secret(sources: &SecretSources, name: &str) -> Option<SecretString> {
    let from_folder = || std::fs::read_to_string(sources.folder.as_deref()?.join(Path::new(name).file_name()?)).ok();
    let found = std::env::var(format!("MATCHBOOK_SECRET_{name}")).ok().or_else(from_folder)?;
    let value = found.trim_end_matches(['\r', '\n']);
    (!value.is_empty()).then(|| SecretString::from(value))
}
