//! Every setting of the process, once: flags, else environment variables, else these defaults.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::BoolishValueParser;
use domain::geo::GeoHeaders;
use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::store::Place;

/// Where the database is and how its secrets open. Every command that opens the database takes these.
#[derive(Debug, Clone, Args)]
pub struct StoreConfig {
    /// The SQLite database file, which is made if it is not there, or a PostgreSQL URL: postgres://user@host/name.
    #[arg(long, env = "MATCHBOOK_DATABASE", hide_env_values = true, default_value = "matchbook.db", value_name = "FILE|URL", value_parser = place)]
    pub database: Place,

    /// The encryption key: 32 bytes in base64. Without it, a key file beside a SQLite database is used, and made if need be.
    #[arg(long, env = "MATCHBOOK_ENCRYPTION_KEY", hide_env_values = true, value_name = "KEY")]
    pub encryption_key: Option<SecretString>,

    /// Other keys that open secrets, too, while the key is replaced. Repeat it, or separate by commas.
    #[arg(
        long = "old-encryption-key",
        env = "MATCHBOOK_OLD_ENCRYPTION_KEYS",
        hide_env_values = true,
        value_name = "KEY",
        value_delimiter = ','
    )]
    pub old_encryption_keys: Vec<SecretString>,
}

/// Reads the place of a database.
fn place(text: &str) -> Result<Place, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Place::Postgres(SecretString::from(text)));
    }
    if text.is_empty() || text.contains(":memory:") {
        return Err(
            "name a file: bookings must outlive the process; `matchbook demo` runs without keeping anything".into()
        );
    }
    Ok(Place::File(PathBuf::from(text)))
}

/// The file of a database with another ending: `matchbook.db.key`.
pub fn beside(database: &Path, ending: &str) -> PathBuf {
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

    /// Where browsers reach this server, such as https://matchbook.example.com: Salesforce sends them back there, to
    /// /oauth/callback. Without it, http://localhost with the port of --listen.
    #[arg(long, env = "MATCHBOOK_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// How many syncs run side by side.
    #[arg(long, env = "MATCHBOOK_WORKERS", default_value_t = 4, value_name = "COUNT")]
    pub workers: usize,

    /// How often one API key may call in a minute.
    #[arg(long, env = "MATCHBOOK_API_CALLS_PER_MINUTE", default_value = "600", value_name = "COUNT")]
    pub api_calls_per_minute: NonZeroU32,

    /// The longest that a booking waits for Salesforce to say whose it is, in milliseconds; after that hosts take turns.
    #[arg(long, env = "MATCHBOOK_LOOKUP_DEADLINE_MS", default_value_t = 3000, value_name = "MILLISECONDS")]
    pub lookup_deadline_ms: u64,

    /// How often Salesforce is asked in a minute for bookers who come by the links /r/ from one address; beyond that hosts
    /// take turns.
    #[arg(long, env = "MATCHBOOK_LINK_LOOKUPS_PER_MINUTE", default_value = "20", value_name = "COUNT")]
    pub link_lookups_per_minute: NonZeroU32,

    /// Let connections point to an org on this machine, such as the simulated one. Not for production.
    #[arg(long, env = "MATCHBOOK_ALLOW_LOOPBACK_ORGS", value_parser = BoolishValueParser::new())]
    pub allow_loopback_orgs: bool,

    /// Let sources be polled on this machine and on private networks, and without https, such as a Cal.diy beside Matchbook.
    /// Whoever may change the configuration can then make the server ask any address there.
    #[arg(long, env = "MATCHBOOK_ALLOW_PRIVATE_SOURCES", value_parser = BoolishValueParser::new())]
    pub allow_private_sources: bool,

    /// Browsers reach this server by https: cookies are then never sent without it.
    #[arg(long, env = "MATCHBOOK_SECURE_COOKIES", value_parser = BoolishValueParser::new())]
    pub secure_cookies: bool,

    /// The reverse proxies in front, as addresses or networks such as 10.0.0.0/8: what they say of a client's address
    /// in X-Forwarded-For is believed. Repeat it, or separate by commas.
    #[arg(
        long = "trusted-proxy",
        env = "MATCHBOOK_TRUSTED_PROXIES",
        value_name = "ADDRESS",
        value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// In which headers the trusted proxies say where a booker's browser is: cloudflare, vercel, cloudfront, fastly, fly or
    /// app_engine, or names like country=X-Country,region=X-Region,city=X-City,postal_code=X-Postal-Code. Without it, nobody's
    /// place is known.
    #[arg(long, env = "MATCHBOOK_GEO_HEADERS", value_name = "PROXY|NAMES", value_parser = GeoHeaders::parse)]
    pub geo_headers: Option<GeoHeaders>,
}

impl ServeConfig {
    /// Where Salesforce sends a browser back to.
    pub fn callback_url(&self) -> String {
        let port = self.listen.port();
        let base = self.public_url.clone().unwrap_or_else(|| format!("http://localhost:{port}"));
        format!("{base}/oauth/callback")
    }
}

/// Reads where browsers reach this server; without a slash at the end.
fn public_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = url.filter(|url| {
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
    });
    plain
        .map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| "write scheme and host alone, like https://matchbook.example.com".to_owned())
}

/// Reads an address or a network.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address
        .or_else(|_| text.parse())
        .map_err(|_| "write an address like 10.0.0.1, or a network like 10.0.0.0/8".to_owned())
}
