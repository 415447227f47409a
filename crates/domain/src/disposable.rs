//! Domains of mailboxes that are made for one use: they say nothing about where a person works.
//!
//! The list is the PyPI package `disposable-email-domains` (MIT, `data/disposable.LICENSE.txt`); `scripts/renew_disposable.sh`
//! renews it.

use std::collections::HashSet;
use std::sync::LazyLock;

static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("../data/disposable.txt").lines().collect());

/// Whether a domain, in lower case, gives out mailboxes for one use.
pub fn is_disposable(domain: &str) -> bool {
    DOMAINS.contains(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disposable_mail_is_told_from_companies() {
        assert!(is_disposable("mailinator.com") && is_disposable("10minutemail.com"));
        assert!(!is_disposable("acme.com") && !is_disposable("gmail.com"));
    }
}
