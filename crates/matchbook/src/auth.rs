//! Passwords, tokens and who is asking.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::secrets::{VaultError, random};

/// The shortest password that is accepted, in characters.
pub const SHORTEST_PASSWORD: usize = 10;

/// What every API key starts with, so that a leaked one is recognised.
pub const API_KEY_PREFIX: &str = "mbk_";

/// A new unguessable token of 256 bits, as text that fits URLs and headers.
pub fn new_token() -> Result<SecretString, VaultError> {
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A new API key.
pub fn new_api_key() -> Result<SecretString, VaultError> {
    Ok(SecretString::from(format!("{API_KEY_PREFIX}{}", new_token()?.expose_secret())))
}

/// What is kept of a token or key. They are random, so a fast hash is enough, and looking one up by
/// its hash compares nothing that an attacker could time.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The Argon2id hash of a password. Slow by design: call it off the async threads.
pub fn hash_password(password: &SecretString) -> Result<SecretString, VaultError> {
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(|_| VaultError::NoRandomness)?;
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt);
    hash.map(|h| SecretString::from(h.to_string())).map_err(|_| VaultError::NoRandomness)
}

/// Whether a password is the one that was hashed. With no hash, as for an unknown user, it takes as
/// long and answers no, so that nobody learns who has an account. Slow by design: call it off the async threads.
pub fn verify_password(password: &SecretString, hash: Option<&SecretString>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$QWdPqGl6tXzNPFJxZ7gQ0kRr2Yw3r9XkZ1b7uV0uJ9A";
    let parsed = PasswordHash::new(hash.map_or(NOBODY, |hash| hash.expose_secret()));
    let matches =
        parsed.is_ok_and(|h| Argon2::default().verify_password(password.expose_secret().as_bytes(), &h).is_ok());
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_a_known_user_is_accepted() {
        let right = SecretString::from("correct horse battery");
        let hash = hash_password(&right).expect("hashed");
        assert!(hash.expose_secret().starts_with("$argon2id$"));
        assert!(verify_password(&right, Some(&hash)));
        assert!(!verify_password(&SecretString::from("wrong"), Some(&hash)));
        assert!(!verify_password(&right, None), "an unknown user never gets in");
        assert!(!verify_password(&right, Some(&SecretString::from("not a hash"))));
    }
}
