//! The signed assertion of the JWT bearer flow (Salesforce facts 1.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::auth::LoginHost;

/// Salesforce takes no assertion that is good for longer.
const LIFETIME: SignedDuration = SignedDuration::from_mins(3);

/// Not a key that assertions can be signed with. The message never repeats any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an RSA private key of at least 2048 bits in PEM form, which begins with -----BEGIN PRIVATE KEY----- \
     and has no password"
)]
pub struct KeyError;

/// Whom an assertion is from, and for.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    /// The consumer key of the External Client App.
    pub client_id: &'a str,
    /// The sign-in name of the Salesforce user to act as.
    pub username: &'a str,
    /// Where the assertion is sent: `login.salesforce.com`, `test.salesforce.com`, or the org's My Domain.
    pub audience: &'a LoginHost,
    /// The present instant.
    pub now: Timestamp,
}

/// The RSA key in a PEM text: PKCS#8, or the older PKCS#1.
pub struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads a key.
    pub fn from_pem(pem: &SecretString) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| KeyError)?;
        let key = match &der {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(KeyError),
        };
        key.map(Self).map_err(|_| KeyError)
    }

    /// An assertion that Salesforce takes for a token, for three minutes.
    pub fn assertion(&self, claims: &Claims<'_>) -> Result<SecretString, KeyError> {
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = part(json!({"alg": "RS256"}));
        let claims = part(json!({
            "iss": claims.client_id,
            "sub": claims.username,
            "aud": claims.audience.as_str(),
            "exp": (claims.now + LIFETIME).as_second(),
        }));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).map_err(|_| KeyError)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rsa_key_is_refused_and_not_repeated() {
        for garbage in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"] {
            let error = SigningKey::from_pem(&SecretString::from(garbage)).expect_err("this is no key");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
