//! Users: entries of the configuration, with passwords beside it.

use domain::email_domain::EmailAddress;
use secrecy::SecretString;
use serde_json::json;

use crate::configuration::{Applied, ChangeContext, ChangeError, Edit, change};
use crate::store::{Actor, AuditEntry, StoreError, User};
use crate::workspace_file::entries::{Typed as _, User as UserEntry};
use crate::workspace_file::{self, Document};

/// A new user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Email, by which they sign in.
    pub email: EmailAddress,
    /// Name.
    pub name: String,
    /// `admin`, `member` or `viewer`.
    pub role: String,
    /// Argon2id hash of the password.
    pub password_hash: SecretString,
}

/// Adds a user; none if there is one with this email.
pub async fn add(context: &ChangeContext<'_>, actor: &Actor, new: &NewUser) -> Result<Option<User>, ChangeError> {
    if context.store.user_by_email(&new.email).await?.is_some() {
        return Ok(None);
    }
    let key = free_key(&context.store.configuration().await?.document, &new.email);
    let settings = json!({"email": new.email.as_written(), "name": new.name, "role": new.role});
    set(context, actor, &key, settings).await?;
    let Some(user) = context.store.user_by_email(&new.email).await? else { return Ok(None) };
    set_password(context, actor, &user, &new.password_hash).await?;
    Ok(Some(user))
}

/// Gives a user another role.
pub async fn set_role(
    context: &ChangeContext<'_>,
    actor: &Actor,
    user: &User,
    role: &str,
) -> Result<Applied, ChangeError> {
    let settings = json!({"email": user.email.as_written(), "name": user.name, "role": role});
    set(context, actor, &user.key, settings).await
}

/// Takes a user's access: password, sessions and keys are gone.
pub async fn remove(context: &ChangeContext<'_>, actor: &Actor, user: &User) -> Result<Applied, ChangeError> {
    change(context, actor, None, &Edit::Archive { section: UserEntry::SECTION, key: user.key.clone() }).await
}

/// Sets a password, and ends the user's sessions.
pub async fn set_password(
    context: &ChangeContext<'_>,
    actor: &Actor,
    user: &User,
    hash: &SecretString,
) -> Result<(), StoreError> {
    let words = vec![format!("Set the password of user {}", user.key)];
    let entry = AuditEntry { at: context.now, actor: actor.clone(), words, version: None };
    context.store.set_password(&user.id, hash, &entry).await
}

async fn set(
    context: &ChangeContext<'_>,
    actor: &Actor,
    key: &str,
    settings: serde_json::Value,
) -> Result<Applied, ChangeError> {
    let text = json!({UserEntry::SECTION: {key: settings}}).to_string();
    let file = workspace_file::read(&text, "user").map_err(ChangeError::File)?;
    change(context, actor, None, &Edit::File { file, exact: false }).await
}

/// A key made of the email's local part, and a number where that is taken.
fn free_key(known: &Document, email: &EmailAddress) -> String {
    const LONGEST: usize = 50;
    let letters =
        email.local_part().to_lowercase().replace(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit(), "-");
    let letters: String = letters.chars().take(LONGEST).collect();
    let stem = Some(letters.trim_matches('-')).filter(|stem| !stem.is_empty()).unwrap_or("user");
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let mut keys = std::iter::once(stem.to_owned()).chain(numbered);
    keys.find(|key| known.get(UserEntry::SECTION, key).is_none()).expect("numbers do not end")
}
