//! `matchbook user add` and `matchbook user key`.

use std::io::BufRead as _;

use clap::{Subcommand, ValueEnum};
use domain::email_domain::EmailAddress;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;
use super::say::say;
use crate::config::StoreConfig;
use crate::store::UserDraft;
use crate::{app, auth};

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
        /// The password; as a variable only, since arguments can be seen by others.
        #[arg(long, env = "MATCHBOOK_PASSWORD", hide = true, hide_env_values = true)]
        password: Option<SecretString>,
    },
    /// Make an API key for a user. It is shown once.
    Key {
        /// The user's email.
        email: EmailAddress,
        /// What the key is for.
        #[arg(long, default_value = "API")]
        name: String,
        #[command(flatten)]
        store: StoreConfig,
    },
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

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        UserCommand::Add { email, name, role, store, password } => add(email, name, role, store, password).await,
        UserCommand::Key { email, name, store } => key(email, name, store).await,
    }
}

async fn add(
    email: EmailAddress,
    name: Option<String>,
    role: Role,
    config: StoreConfig,
    password: Option<SecretString>,
) -> Result<(), Failure> {
    let password = match password {
        Some(password) => password,
        None => read_password()?,
    };
    if password.expose_secret().chars().count() < auth::SHORTEST_PASSWORD {
        return Err(format!("the password is too short; use at least {} characters", auth::SHORTEST_PASSWORD).into());
    }
    let (store, _vault) = app::open(&config).await?;
    let role = match role {
        Role::Admin => "admin",
        Role::Member => "member",
        Role::Viewer => "viewer",
    };
    let name = name.unwrap_or_else(|| email.local_part().to_owned());
    let draft = UserDraft { email, name, role: role.into(), password_hash: auth::hash_password(&password)? };
    if !store.add_user(&draft, Timestamp::now()).await? {
        return Err(format!("there is already a user with the email {}", draft.email).into());
    }
    store.close().await;
    say!("Added {} ({role}).", draft.email);
    Ok(())
}

fn read_password() -> Result<SecretString, Failure> {
    say!("Password (at least {} characters), then Enter:", auth::SHORTEST_PASSWORD);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

async fn key(email: EmailAddress, name: String, config: StoreConfig) -> Result<(), Failure> {
    let (store, _vault) = app::open(&config).await?;
    let Some(user) = store.user_by_email(&email).await? else {
        return Err(
            format!("there is no user with the email {email}; add one with `matchbook user add {email}`").into()
        );
    };
    let key = auth::new_api_key()?;
    store.add_api_key(&user.id, &name, &auth::token_hash(key.expose_secret()), Timestamp::now()).await?;
    store.close().await;
    say!("{}", key.expose_secret());
    Ok(())
}
