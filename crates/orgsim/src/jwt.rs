//! The signed assertion of the JWT bearer flow (Salesforce facts 1.6).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// DER of the object identifier `rsaEncryption`.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// The version of a certificate, which old ones leave out.
const VERSION: u8 = 0xa0;

/// An app's RSA key.
#[derive(Debug, Clone)]
pub struct PublicKey(Vec<u8>);

/// An assertion whose signature is still to be checked.
#[derive(Debug)]
pub struct Assertion<'a> {
    /// What it says.
    pub claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

/// What an assertion says.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    /// Consumer key of the app.
    pub iss: String,
    /// Username to act as.
    pub sub: String,
    /// The login host the assertion is for.
    pub aud: String,
    /// Seconds since 1970 until which it is good.
    #[serde(deserialize_with = "seconds")]
    pub exp: f64,
}

/// A number, or a text of one: a client in wide use sends text.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(f64),
        Text(String),
    }
    match Seconds::deserialize(from)? {
        Seconds::Number(number) => Ok(number),
        Seconds::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

impl<'a> Assertion<'a> {
    /// Takes an assertion apart; `None` when it is none, or not signed with RS256.
    pub fn read(text: &'a str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        let claims = serde_json::from_slice(&decoded(claims)?).ok()?;
        (header.alg == "RS256").then_some(Assertion { claims, signed, signature: decoded(signature)? })
    }

    /// Whether the holder of the key's other half signed it.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.0);
        key.verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

impl PublicKey {
    /// The key of a PEM certificate, or a PEM public key. The error says what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let key = if let Some(der) = block(pem, "CERTIFICATE")? {
            key_info(&der).and_then(rsa_key)
        } else if let Some(der) = block(pem, "PUBLIC KEY")? {
            element(&der, SEQUENCE).and_then(|(info, _)| rsa_key(info))
        } else {
            return Err("a PEM block that begins with -----BEGIN CERTIFICATE----- is meant".into());
        };
        key.map(PublicKey).ok_or_else(|| "this is no X.509 certificate of an RSA key".into())
    }
}

fn block(pem: &str, label: &str) -> Result<Option<Vec<u8>>, String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let inside = pem.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
    let Some((inside, _)) = inside else { return Ok(None) };
    let packed: String = inside.split_whitespace().collect();
    STANDARD.decode(packed).map(Some).map_err(|_| format!("the {label} block is not base64"))
}

/// The key information of a certificate: the part after version, serial number, algorithm, issuer, validity, subject.
fn key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = any_element(rest)?.2;
    }
    for _ in 0..5 {
        rest = any_element(rest)?.2;
    }
    Some(element(rest, SEQUENCE)?.0)
}

fn rsa_key(info: &[u8]) -> Option<Vec<u8>> {
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let (unused, key) = bits.split_first()?;
    (algorithm.starts_with(RSA) && *unused == 0).then(|| key.to_vec())
}

/// The content of an element of a certain tag, and what follows it.
fn element(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = any_element(der)?;
    (tag == wanted).then_some((content, rest))
}

fn any_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused() {
        for pem in [
            "",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMP////8=\n-----END PUBLIC KEY-----",
        ] {
            assert!(PublicKey::from_pem(pem).is_err(), "{pem}");
        }
        for assertion in ["", "a.b.c", "e30.e30.e30"] {
            assert!(Assertion::read(assertion).is_none(), "{assertion}");
        }
    }
}
