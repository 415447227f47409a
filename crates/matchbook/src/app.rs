//! The application: everything that a request or a worker needs, built once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use domain::geo::GeoHeaders;
use ipnet::IpNet;
use jiff::Timestamp;
use salesforce::auth::LoopbackPolicy;

use crate::api::ApiLimits;
use crate::clock::Clock;
use crate::config::{ServeConfig, StoreConfig, beside};
use crate::routing::Lookups;
use crate::secrets::{Vault, VaultError};
use crate::store::{Actor, Place, PutError, Resealed, SealedSecret, Store, StoreError};
use crate::sync::{Engine, EngineOptions};
use crate::ui::{LinkLimits, SignInLimits};

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
    /// Asks orgs what decisions on hosts must know.
    pub(crate) lookups: Arc<Lookups>,
    /// Where Salesforce sends the browsers of admins back to who connect.
    pub callback_url: String,
    /// Whether cookies are sent by https alone.
    pub secure_cookies: bool,
    /// The proxies whose word on a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// In which headers they say where a booker is.
    pub geo_headers: Option<GeoHeaders>,
    /// How often one may fail to sign in.
    pub sign_in_limits: SignInLimits,
    /// How often Salesforce is asked for bookers who come by the links `/r/`.
    pub link_limits: LinkLimits,
    /// Whether an org may be on this machine.
    pub loopback: LoopbackPolicy,
    /// How often API keys may call.
    pub api_limits: ApiLimits,
    /// When the database was last found to be readable and writable, in microseconds since 1970.
    pub(crate) ready_at: AtomicI64,
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
    /// Sealing secrets anew.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The Salesforce client.
    #[error(transparent)]
    Client(#[from] salesforce::client::ClientError),
    /// PostgreSQL is shared by instances, and so must be the key.
    #[error(
        "a PostgreSQL database needs MATCHBOOK_ENCRYPTION_KEY, the same for every instance; make one with `head -c 32 /dev/urandom | base64`"
    )]
    KeyNeeded,
    /// The database file cannot be opened or made.
    #[error("the database file {path} cannot be used; name another one with --database")]
    DatabaseFile {
        /// Which file.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// The database holds secrets, and the key that opens them is gone.
    #[error(
        "the database {database} holds secrets, but the key file {key_file} that opens them is missing; put it back from your backup, or enter all secrets again with `matchbook apply FILE --new-key`"
    )]
    KeyFileMissing {
        /// Which database.
        database: String,
        /// Which file.
        key_file: String,
    },
    /// The database holds secrets of another key.
    #[error(
        "the database {database} holds secrets that {key} does not open; start with the key they were stored with, or enter all secrets again with `matchbook apply FILE --new-key`"
    )]
    WrongKey {
        /// Which database.
        database: String,
        /// Where the key came from: a file or a variable.
        key: String,
    },
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
        let place = real_place(&config.store.database)?;
        let lock = match &place {
            Place::File(path) => Some(lock(path)?),
            Place::Postgres(_) => None,
        };
        let (store, vault) = open_place(&place, &config.store).await?;
        if lock.is_some() {
            store.free_all_leases().await?;
        }
        let loopback = if config.allow_loopback_orgs { LoopbackPolicy::Allow } else { LoopbackPolicy::Refuse };
        let engine = Arc::new(Engine::new(EngineOptions {
            store: store.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            loopback,
            public_url: config.public_url.clone(),
        })?);
        Ok(Arc::new(App {
            lookups: Arc::new(Lookups::new(Arc::clone(&engine), Duration::from_millis(config.lookup_deadline_ms))),
            store,
            vault,
            sign_in_limits: SignInLimits::default(),
            link_limits: LinkLimits::new(config.link_lookups_per_minute),
            trusted_proxies: config.trusted_proxies.clone(),
            geo_headers: config.geo_headers.clone(),
            callback_url: config.callback_url(),
            loopback,
            api_limits: ApiLimits::new(config.api_calls_per_minute, clock.clone()),
            clock,
            engine,
            secure_cookies: config.secure_cookies,
            ready_at: AtomicI64::new(i64::MIN / 2),
            _lock: lock,
        }))
    }
}

/// Opens the database beside a running server or alone.
pub async fn open(config: &StoreConfig) -> Result<(Store, Vault), BuildError> {
    open_place(&real_place(&config.database)?, config).await
}

/// A SQLite database by its one real path, so that links to it share its lock and its key. The file is made here if it is
/// not there: SQLite gives the files it makes beside it the same mode. One that is there is not opened, since closing it again
/// would drop the locks that this process has on it.
fn real_place(place: &Place) -> Result<Place, BuildError> {
    let Place::File(path) = place else { return Ok(place.clone()) };
    let real = path.canonicalize().or_else(|_| {
        private().create(true).append(true).open(path)?;
        path.canonicalize()
    });
    real.map(Place::File).map_err(|source| BuildError::DatabaseFile { path: path.display().to_string(), source })
}

async fn open_place(place: &Place, config: &StoreConfig) -> Result<(Store, Vault), BuildError> {
    let (key_file, vault) = vault(place, config)?;
    let store = Store::open(place).await?;
    let sealed = store.sealed_secrets().await?;
    let vault = match (vault, key_file) {
        (Some(vault), key_file) => {
            if !unopened(&vault, sealed).is_empty() {
                return Err(BuildError::WrongKey { database: name(place), key: key_name(key_file.as_deref()) });
            }
            vault
        }
        (None, Some(key_file)) if !sealed.is_empty() => {
            return Err(BuildError::KeyFileMissing { database: name(place), key_file: key_file.display().to_string() });
        }
        (None, Some(key_file)) => Vault::with_new_key_file(&key_file)?,
        (None, None) => return Err(BuildError::KeyNeeded),
    };
    Ok((store, vault))
}

/// Opens a database whose key is lost, with another key, so that its secrets can be entered again. Keep the lock that comes
/// with a SQLite database until that is done: no server may use it meanwhile.
pub async fn open_with_new_key(config: &StoreConfig) -> Result<(Store, Vault, Option<File>), BuildError> {
    let place = real_place(&config.database)?;
    let lock = match &place {
        Place::File(path) => Some(lock(path)?),
        Place::Postgres(_) => None,
    };
    let vault = match vault(&place, config)? {
        (_, Some(vault)) => vault,
        (Some(key_file), None) => Vault::with_new_key_file(&key_file)?,
        (None, None) => return Err(BuildError::KeyNeeded),
    };
    Ok((Store::open(&place).await?, vault, lock))
}

/// The secrets that a key does not open.
pub fn unopened(vault: &Vault, mut sealed: Vec<SealedSecret>) -> Vec<SealedSecret> {
    sealed.retain(|secret| vault.open(&secret.place, &secret.sealed).is_err());
    sealed
}

/// The configured key's vault, else that of the key file, if it is there.
fn vault(place: &Place, config: &StoreConfig) -> Result<(Option<PathBuf>, Option<Vault>), BuildError> {
    let (key_file, vault) = match (&config.encryption_key, place) {
        (Some(key), _) => (None, Some(Vault::from_key(key)?)),
        (None, Place::File(path)) => {
            let key_file = beside(path, "key");
            let vault = Vault::from_key_file(&key_file)?;
            // A rotation that broke off left the next key beside the present one; either may be in use.
            let next = Vault::from_key_file(&beside(path, NEXT_KEY))?;
            let vault = vault.map(|vault| next.iter().fold(vault, Vault::with_other));
            (Some(key_file), vault)
        }
        (None, Place::Postgres(_)) => return Err(BuildError::KeyNeeded),
    };
    let others = config.old_encryption_keys.iter().map(Vault::from_key).collect::<Result<Vec<_>, _>>()?;
    Ok((key_file, vault.map(|vault| others.iter().fold(vault, Vault::with_other))))
}

/// The ending of the file with the next key, while secrets are sealed anew.
const NEXT_KEY: &str = "key.next";

/// Seals all secrets anew: with the configured key, else with a new one in the key file. With a key file the server must be
/// stopped, since it would go on with the key before.
pub async fn rotate_key(config: &StoreConfig, actor: &Actor, now: Timestamp) -> Result<Resealed, BuildError> {
    let place = real_place(&config.database)?;
    let (Place::File(path), None) = (&place, &config.encryption_key) else {
        let (store, vault) = open_place(&place, config).await?;
        let resealed = store.seal_anew(&vault, actor, now).await?;
        store.close().await;
        return Ok(resealed);
    };
    let _lock = lock(path)?;
    let (store, vault) = open_place(&place, config).await?;
    let (key_file, next_file) = (beside(path, "key"), beside(path, NEXT_KEY));
    let next = match Vault::from_key_file(&next_file)? {
        Some(next) => next,
        None => Vault::with_new_key_file(&next_file)?,
    };
    let resealed = store.seal_anew(&next.with_other(&vault), actor, now).await?;
    store.close().await;
    std::fs::rename(&next_file, &key_file)
        .map_err(|source| VaultError::KeyFile { path: key_file.display().to_string(), source })?;
    Ok(resealed)
}

/// What an error calls a database; a PostgreSQL URL may hold a password.
fn name(place: &Place) -> String {
    match place {
        Place::File(path) => path.display().to_string(),
        Place::Postgres(_) => "at the PostgreSQL URL".to_owned(),
    }
}

fn key_name(key_file: Option<&Path>) -> String {
    match key_file {
        Some(path) => format!("the key file {}", path.display()),
        None => "the key in MATCHBOOK_ENCRYPTION_KEY".to_owned(),
    }
}

fn lock(database: &Path) -> Result<File, BuildError> {
    let path = beside(database, "lock");
    let failed = |source| BuildError::LockFile { path: path.display().to_string(), source };
    let file = private().create(true).write(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(BuildError::InUse(database.display().to_string())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Files made with these options are for their owner alone.
fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}
