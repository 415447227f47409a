//! Every setting of the process, once: flags, else environment variables, else these defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

/// Where the database is and how its secrets open. Every command that opens the database takes these.
#[derive(Debug, Clone, Args)]
pub struct StoreConfig {
    /// The SQLite database file; it is made if it is not there.
    #[arg(long, env = "MATCHBOOK_DATABASE", default_value = "matchbook.db", value_name = "FILE")]
    pub database: PathBuf,

    /// The encryption key: 32 bytes in base64. Without it, a key file beside the database is used, and made if need be.
    #[arg(long, env = "MATCHBOOK_ENCRYPTION_KEY", hide_env_values = true, value_name = "KEY")]
    pub encryption_key: Option<SecretString>,
}

impl StoreConfig {
    /// The key file beside the database.
    pub fn key_file(&self) -> PathBuf {
        beside(&self.database, "key")
    }

    /// The file that says that a server uses the database.
    pub fn lock_file(&self) -> PathBuf {
        beside(&self.database, "lock")
    }
}

fn beside(database: &std::path::Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// The database.
    #[command(flatten)]
    pub store: StoreConfig,

    /// Where to listen.
    #[arg(long, env = "MATCHBOOK_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// How many syncs run side by side.
    #[arg(long, env = "MATCHBOOK_WORKERS", default_value_t = 4, value_name = "COUNT")]
    pub workers: usize,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS")]
    pub allow_loopback_orgs: bool,

    /// Browsers reach this server by https: cookies are then never sent without it.
    #[arg(long, env = "MATCHBOOK_SECURE_COOKIES")]
    pub secure_cookies: bool,
}
