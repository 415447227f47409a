//! Record ids: a 3-character key prefix, 12 characters of base 62, 3 of checksum (Salesforce facts 7).

use std::fmt;

/// An 18-character Salesforce id with a correct checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SalesforceId([u8; 18]);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

impl SalesforceId {
    /// Sorts before every other id; no record has it.
    pub const LOWEST: SalesforceId = SalesforceId([0; 18]);

    /// The `number`-th id under a key prefix and an org's three-character pod and instance part.
    /// `prefix` and `pod` are three ASCII letters or digits each.
    pub fn from_number(prefix: &[u8; 3], pod: &[u8; 3], mut number: u64) -> Self {
        let mut id = [b'0'; 18];
        id[..3].copy_from_slice(prefix);
        id[3..6].copy_from_slice(pod);
        for at in (6..15).rev() {
            id[at] = BASE62[(number % 62) as usize];
            number /= 62;
        }
        let sum = checksum(&id);
        id[15..].copy_from_slice(&sum);
        SalesforceId(id)
    }

    /// Reads a 15- or 18-character id. An 18-character id must carry the right checksum.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if !(bytes.len() == 15 || bytes.len() == 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut id = [0; 18];
        id[..15].copy_from_slice(&bytes[..15]);
        let sum = checksum(&id);
        if bytes.len() == 18 && bytes[15..] != sum {
            return None;
        }
        id[15..].copy_from_slice(&sum);
        Some(SalesforceId(id))
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("ids are ASCII")
    }

    /// The three-character key prefix that names the object.
    pub fn prefix(&self) -> &str {
        &self.as_str()[..3]
    }
}

fn checksum(id: &[u8; 18]) -> [u8; 3] {
    std::array::from_fn(|group| {
        let bits = (0..5).filter(|i| id[group * 5 + i].is_ascii_uppercase()).fold(0, |bits, i| bits | 1 << i);
        CHECKSUM[bits]
    })
}

impl fmt::Display for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_salesforces_own() {
        let id = SalesforceId::parse("001dM00003jU9Gy").expect("15 characters are an id");
        assert_eq!(id.as_str(), "001dM00003jU9GyQAK");
        assert_eq!(SalesforceId::parse("001dM00003jU9GyQAJ"), None, "a wrong checksum is no id");
    }

    #[test]
    fn numbers_become_distinct_ids() {
        let one = SalesforceId::from_number(b"003", b"Sim", 1);
        let two = SalesforceId::from_number(b"003", b"Sim", 2);
        assert_ne!(one, two);
        assert_eq!(SalesforceId::parse(one.as_str()), Some(one));
    }
}
