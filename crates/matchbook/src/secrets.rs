//! Secrets at rest: encrypted with one key per installation, bound to the record they belong to.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};

const NONCE_LENGTH: usize = 24;

/// Encrypts and decrypts secrets. Two instances with the same key read each other's. While a key is replaced by another, the
/// other keys open, too; only the one key seals.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
    others: Vec<XChaCha20Poly1305>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// Why the encryption key or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A configured key is malformed.
    #[error(
        "an encryption key, in MATCHBOOK_ENCRYPTION_KEY and MATCHBOOK_OLD_ENCRYPTION_KEYS, must be 32 bytes in base64; make one with `head -c 32 /dev/urandom | base64`"
    )]
    MalformedKey,
    /// The key file holds something else.
    #[error("the encryption key file {0} does not hold 32 bytes in base64; put the right file back from your backup")]
    MalformedKeyFile(String),
    /// The key file cannot be read or made.
    #[error("the encryption key file {path} cannot be used")]
    KeyFile {
        /// Which file.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// A stored secret does not open with this key.
    #[error(
        "a stored secret does not open with this encryption key; start with the key it was stored with, or enter the secret again"
    )]
    WrongKey,
    /// The system has no randomness to give.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl Vault {
    /// A vault with the given key: 32 bytes in base64.
    pub fn from_key(key: &SecretString) -> Result<Self, VaultError> {
        cipher(key).map(Vault::of).ok_or(VaultError::MalformedKey)
    }

    /// A vault with the key in a file; none if there is no such file.
    pub fn from_key_file(path: &Path) -> Result<Option<Self>, VaultError> {
        match fs::read(path) {
            Ok(key) => {
                let malformed = || VaultError::MalformedKeyFile(path.display().to_string());
                let key = String::from_utf8(key).map(SecretString::from).map_err(|_| malformed())?;
                Ok(Some(Vault::of(cipher(&key).ok_or_else(malformed)?)))
            }
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(VaultError::KeyFile { path: path.display().to_string(), source }),
        }
    }

    /// A vault with a new key, kept in a new file with mode 0600.
    pub fn with_new_key_file(path: &Path) -> Result<Self, VaultError> {
        let key = SecretString::from(BASE64.encode(random::<32>()?));
        write_private(path, key.expose_secret())
            .map_err(|source| VaultError::KeyFile { path: path.display().to_string(), source })?;
        Vault::from_key(&key)
    }

    fn of(cipher: XChaCha20Poly1305) -> Self {
        Vault { cipher, others: Vec::new() }
    }

    /// This, opening also what another vault opens.
    pub fn with_other(mut self, other: &Vault) -> Self {
        self.others.push(other.cipher.clone());
        self.others.extend(other.others.iter().cloned());
        self
    }

    /// Seals anew what another key sealed; none where it is sealed with this vault's own key already.
    pub fn sealed_anew(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        if opened(&self.cipher, place, sealed).is_some() {
            return Ok(None);
        }
        self.seal(place, &self.open(place, sealed)?).map(Some)
    }

    /// Encrypts a secret. `place` names the record and field it is for; it opens only there.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let nonce = random::<NONCE_LENGTH>()?;
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| VaultError::WrongKey)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Vault::seal`] made for the same place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let mut ciphers = std::iter::once(&self.cipher).chain(&self.others);
        ciphers.find_map(|cipher| opened(cipher, place, sealed)).ok_or(VaultError::WrongKey)
    }
}

fn opened(cipher: &XChaCha20Poly1305, place: &str, sealed: &[u8]) -> Option<SecretString> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH)?;
    let payload = Payload { msg: sealed, aad: place.as_bytes() };
    let open = cipher.decrypt(XNonce::from_slice(nonce), payload).ok()?;
    String::from_utf8(open).map(SecretString::from).ok()
}

fn cipher(key: &SecretString) -> Option<XChaCha20Poly1305> {
    let bytes = BASE64.decode(key.expose_secret().trim()).ok()?;
    XChaCha20Poly1305::new_from_slice(&bytes).ok()
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_in_its_own_place_and_with_its_own_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.key");
        assert!(Vault::from_key_file(&path).expect("no file is no error").is_none());
        let vault = Vault::with_new_key_file(&path).expect("a new key");
        let again = Vault::from_key_file(&path).expect("it reads").expect("the same key");
        let other = Vault::with_new_key_file(&folder.path().join("b.key")).expect("another key");
        let sealed = vault.seal("connection/1/client_secret", &SecretString::from("s3cret")).expect("sealed");
        assert!(!sealed.windows(6).any(|w| w == b"s3cret"), "the secret must not stand in the database");
        assert_eq!(again.open("connection/1/client_secret", &sealed).expect("opens").expose_secret(), "s3cret");
        assert!(again.open("connection/2/client_secret", &sealed).is_err());
        assert!(other.open("connection/1/client_secret", &sealed).is_err());
        assert!(vault.open("connection/1/client_secret", b"short").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.key");
        Vault::with_new_key_file(&path).expect("a new key");
        assert_eq!(fs::metadata(&path).expect("it exists").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_file_with_something_else_in_it_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.key");
        for garbage in [&b""[..], b"hello", b"\xff\xfe", b"AAAA"] {
            fs::write(&path, garbage).expect("written");
            let error = Vault::from_key_file(&path).expect_err("this is no key").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert!(!error.contains("MATCHBOOK_ENCRYPTION_KEY"), "{error}");
        }
    }
}
