//! `matchbook user`: who may sign in.

use std::io::BufRead as _;

use clap::{Subcommand, ValueEnum};
use domain::email_domain::EmailAddress;
use jiff::{SignedDuration, Timestamp};
use salesforce::auth::LoopbackPolicy;
use secrecy::{ExposeSecret as _, SecretString};

use super::say::say;
use super::{Failure, operator};
use crate::access::{Access, KeyScope};
use crate::config::StoreConfig;
use crate::configuration::{ChangeContext, SecretSources};
use crate::secrets::Vault;
use crate::store::{ApiKey, ApiKeyDraft, Store, User};
use crate::users::NewUser;
use crate::{app, auth, users};

/// Arguments of `user`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user. The password is MATCHBOOK_PASSWORD, else a line of standard input.
    Add {
        /// Their email, by which they sign in.
        email: EmailAddress,
        /// Their name; without it, the part of the email before the @.
        #[arg(long)]
        name: Option<String>,
        /// What they may do.
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
        #[command(flatten)]
        store: StoreConfig,
        #[command(flatten)]
        password: Password,
    },
    /// List the users.
    List {
        #[command(flatten)]
        store: StoreConfig,
    },
    /// Give a user another role.
    Role {
        /// The user's email.
        email: EmailAddress,
        /// What they may do.
        #[arg(value_enum)]
        role: Role,
        #[command(flatten)]
        store: StoreConfig,
    },
    /// Set a user's password, and end their sessions. It is MATCHBOOK_PASSWORD, else a line of standard input.
    Password {
        /// The user's email.
        email: EmailAddress,
        #[command(flatten)]
        store: StoreConfig,
        #[command(flatten)]
        password: Password,
    },
    /// Remove a user: they can sign in no longer, and their sessions and API keys are gone.
    Remove {
        /// The user's email.
        email: EmailAddress,
        #[command(flatten)]
        store: StoreConfig,
    },
    /// Make an API key for a user. It is shown once.
    Key {
        /// The user's email.
        email: EmailAddress,
        /// What the key is for.
        #[arg(long, default_value = "API")]
        name: String,
        /// What it may be used for, such as bookings:read; give it again for more. Without it, all that the user's role may do.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<KeyScope>,
        /// After how many days it is no longer taken; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3650))]
        expires_in_days: Option<i64>,
        #[command(flatten)]
        store: StoreConfig,
    },
    /// List a user's API keys: id, name, scopes, when last used. The keys themselves are not kept.
    Keys {
        /// The user's email.
        email: EmailAddress,
        #[command(flatten)]
        store: StoreConfig,
    },
    /// Revoke an API key; it is refused from then on.
    RevokeKey {
        /// Its id, from `matchbook user keys EMAIL`.
        id: String,
        #[command(flatten)]
        store: StoreConfig,
    },
}

#[derive(Debug, clap::Args)]
struct Password {
    /// The password; as a variable only, since arguments can be seen by others.
    #[arg(long, env = "MATCHBOOK_PASSWORD", hide = true, hide_env_values = true)]
    password: Option<SecretString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Changes configuration.
    Admin,
    /// Acts on bookings.
    Member,
    /// Reads.
    Viewer,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Member => "member",
            Role::Viewer => "viewer",
        }
    }
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        UserCommand::Add { email, name, role, store, password } => add(email, name, role, store, password).await,
        UserCommand::List { store } => list(store).await,
        UserCommand::Role { email, role, store } => set_role(email, role, store).await,
        UserCommand::Password { email, store, password } => set_password(email, store, password).await,
        UserCommand::Remove { email, store } => remove(email, store).await,
        UserCommand::Key { email, name, scopes, expires_in_days, store } => {
            key(email, name, &scopes, expires_in_days, store).await
        }
        UserCommand::Keys { email, store } => keys(email, store).await,
        UserCommand::RevokeKey { id, store } => revoke_key(&id, store).await,
    }
}

async fn add(
    email: EmailAddress,
    name: Option<String>,
    role: Role,
    config: StoreConfig,
    password: Password,
) -> Result<(), Failure> {
    let password_hash = password.hash()?;
    let (store, vault) = app::open(&config).await?;
    let name = name.unwrap_or_else(|| email.local_part().to_owned());
    let new = NewUser { email, name, role: role.word().to_owned(), password_hash };
    if users::add(&context(&store, &vault), &operator(), &new).await?.is_none() {
        return Err(format!("there is already a user with the email {}", new.email).into());
    }
    store.close().await;
    say!("Added {} ({}).", new.email, new.role);
    Ok(())
}

async fn list(config: StoreConfig) -> Result<(), Failure> {
    let (store, _vault) = app::open(&config).await?;
    let users = store.users().await?;
    store.close().await;
    for user in &users {
        let note = if user.password_hash.is_some() { "" } else { ", no password yet" };
        say!("{} <{}>, {}{note}", user.name, user.email, user.role);
    }
    if users.is_empty() {
        say!("There are no users yet. Add one with `matchbook user add EMAIL`.");
    }
    Ok(())
}

async fn set_role(email: EmailAddress, role: Role, config: StoreConfig) -> Result<(), Failure> {
    let (store, vault) = app::open(&config).await?;
    let user = known(&store, &email).await?;
    users::set_role(&context(&store, &vault), &operator(), &user, role.word()).await?;
    store.close().await;
    say!("{email} is {} now.", role.word());
    Ok(())
}

async fn set_password(email: EmailAddress, config: StoreConfig, password: Password) -> Result<(), Failure> {
    let hash = password.hash()?;
    let (store, vault) = app::open(&config).await?;
    let user = known(&store, &email).await?;
    users::set_password(&context(&store, &vault), &operator(), &user, &hash).await?;
    store.close().await;
    say!("The password of {email} is set, and their sessions have ended.");
    Ok(())
}

async fn remove(email: EmailAddress, config: StoreConfig) -> Result<(), Failure> {
    let (store, vault) = app::open(&config).await?;
    let user = known(&store, &email).await?;
    users::remove(&context(&store, &vault), &operator(), &user).await?;
    store.close().await;
    say!("Removed {email}: their password, sessions and API keys are gone.");
    Ok(())
}

async fn known(store: &Store, email: &EmailAddress) -> Result<User, Failure> {
    let user = store.user_by_email(email).await?;
    user.ok_or_else(|| {
        format!("there is no user with the email {email}; add one with `matchbook user add {email}`").into()
    })
}

/// A user names no secret and no org.
fn context<'a>(store: &'a Store, vault: &'a Vault) -> ChangeContext<'a> {
    const NO_SECRETS: &SecretSources = &SecretSources { folder: None };
    ChangeContext { store, vault, secrets: NO_SECRETS, loopback: LoopbackPolicy::Allow, now: Timestamp::now() }
}

impl Password {
    fn hash(self) -> Result<SecretString, Failure> {
        let password = self.password.map_or_else(read_password, Ok)?;
        if password.expose_secret().chars().count() < auth::SHORTEST_PASSWORD {
            return Err(
                format!("the password is too short; use at least {} characters", auth::SHORTEST_PASSWORD).into()
            );
        }
        Ok(auth::hash_password(&password)?)
    }
}

fn read_password() -> Result<SecretString, Failure> {
    say!("Password (at least {} characters), then Enter:", auth::SHORTEST_PASSWORD);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

async fn key(
    email: EmailAddress,
    name: String,
    scopes: &[KeyScope],
    expires_in_days: Option<i64>,
    config: StoreConfig,
) -> Result<(), Failure> {
    let (store, _vault) = app::open(&config).await?;
    let user = known(&store, &email).await?;
    let allowed = Access::of(&user).role.scopes();
    if let Some(scope) = scopes.iter().find(|scope| !allowed.contains(scope)) {
        return Err(format!(
            "a key of {email} cannot have the scope {scope}: their role {} does not have it",
            user.role
        )
        .into());
    }
    let now = Timestamp::now();
    let key = auth::new_api_key()?;
    let draft = ApiKeyDraft {
        user_id: &user.id,
        name: &name,
        key_hash: &auth::token_hash(key.expose_secret()),
        scopes: (!scopes.is_empty()).then_some(scopes),
        expires_at: expires_in_days.map(|days| now + SignedDuration::from_hours(24 * days)),
    };
    store.add_api_key(draft, now).await?;
    store.close().await;
    say!("{}", key.expose_secret());
    Ok(())
}

async fn keys(email: EmailAddress, config: StoreConfig) -> Result<(), Failure> {
    let (store, _vault) = app::open(&config).await?;
    let user = known(&store, &email).await?;
    let keys = store.api_keys_of(&user.id).await?;
    if keys.is_empty() {
        say!("{email} has no API keys; make one with `matchbook user key {email}`.");
    }
    for key in keys {
        say!("{}  {}  {}", key.id, key.name, standing(&key, Timestamp::now()));
    }
    store.close().await;
    Ok(())
}

/// What a key may do and whether it still may, in words.
fn standing(key: &ApiKey, now: Timestamp) -> String {
    let scopes = match &key.scopes {
        Some(scopes) => scopes.iter().map(KeyScope::to_string).collect::<Vec<_>>().join(" "),
        None => "all that the role may do".to_owned(),
    };
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let used = key.last_used.map_or("never used".to_owned(), |at| format!("last used {}", day(at)));
    let until = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!(", revoked {}", day(at)),
        (None, Some(at)) if at <= now => format!(", expired {}", day(at)),
        (None, Some(at)) => format!(", expires {}", day(at)),
        (None, None) => String::new(),
    };
    format!("{scopes}; {used}{until}")
}

async fn revoke_key(id: &str, config: StoreConfig) -> Result<(), Failure> {
    let (store, _vault) = app::open(&config).await?;
    if !store.revoke_api_key(id, Timestamp::now()).await? {
        return Err(format!(
            "there is no API key with the id {id} that is not revoked yet; list them with `matchbook user keys EMAIL`"
        )
        .into());
    }
    store.close().await;
    say!("Revoked {id}.");
    Ok(())
}
