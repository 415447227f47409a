//! The application: everything that a request or a worker needs, built once.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use salesforce::auth::LoopbackPolicy;

use crate::clock::Clock;
use crate::config::{ServeConfig, StoreConfig, beside};
use crate::secrets::{Vault, VaultError};
use crate::store::{Place, Store, StoreError};
use crate::sync::{Engine, EngineOptions};
use crate::ui::SignInLimits;

/// What requests and workers share.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Opens secrets.
    pub vault: Vault,
    /// The present instant.
    pub clock: Clock,
    /// Runs syncs.
    pub engine: Arc<Engine>,
    /// Whether cookies are sent by https alone.
    pub secure_cookies: bool,
    /// How often one may try to sign in.
    pub sign_in_limits: SignInLimits,
    /// Held while this process is the server of a SQLite database.
    _lock: Option<File>,
}

/// Why the application did not come up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The encryption key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The Salesforce client.
    #[error(transparent)]
    Client(#[from] salesforce::client::ClientError),
    /// PostgreSQL is shared by instances, and so must be the key.
    #[error(
        "a PostgreSQL database needs MATCHBOOK_ENCRYPTION_KEY, the same for every instance; make one with `head -c 32 /dev/urandom | base64`"
    )]
    KeyNeeded,
    /// The lock file cannot be made.
    #[error("the lock file {path} cannot be used")]
    LockFile {
        /// Which file.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// Another server has it.
    #[error("another server is using the database {0}; stop it first, or give this one another database")]
    InUse(String),
}

impl App {
    /// Opens the database and readies the engine. A SQLite database is this process's alone until the app is dropped.
    pub async fn build(config: &ServeConfig, clock: Clock) -> Result<Arc<App>, BuildError> {
        let lock = match &config.store.database {
            Place::File(path) => Some(lock(path)?),
            Place::Postgres(_) => None,
        };
        let (store, vault) = open(&config.store).await?;
        if lock.is_some() {
            store.free_all_leases().await?;
        }
        let loopback = if config.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
        let engine =
            Engine::new(EngineOptions { store: store.clone(), vault: vault.clone(), clock: clock.clone(), loopback })?;
        Ok(Arc::new(App {
            store,
            vault,
            sign_in_limits: SignInLimits::new(clock.clone()),
            clock,
            engine: Arc::new(engine),
            secure_cookies: config.secure_cookies,
            _lock: lock,
        }))
    }
}

/// Opens the database beside a running server or alone.
pub async fn open(config: &StoreConfig) -> Result<(Store, Vault), BuildError> {
    let vault = match (&config.encryption_key, &config.database) {
        (Some(key), _) => Vault::from_key(key)?,
        (None, Place::File(path)) => Vault::from_key_file(&beside(path, "key"))?,
        (None, Place::Postgres(_)) => return Err(BuildError::KeyNeeded),
    };
    Ok((Store::open(&config.database).await?, vault))
}

fn lock(database: &Path) -> Result<File, BuildError> {
    let path = beside(database, "lock");
    let failed = |source| BuildError::LockFile { path: path.display().to_string(), source };
    let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(BuildError::InUse(database.display().to_string())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
