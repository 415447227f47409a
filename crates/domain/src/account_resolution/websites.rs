//! How a website and an email's domain match (spec 5, steps 1, 2 and 4).

use crate::account::{AccountRow, exact_websites};
use crate::domain_name::DomainName;

/// How close a website is to a domain; the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    /// It is the domain as typed, with at most `www.`, `http://` or `https://` in front.
    Exact,
    /// It is the domain once port, path and the like are stripped.
    Normalized,
    /// It lies in the same registrable domain: `acme.com` and `mail.acme.com`.
    SameRegistrable,
    /// It has the same base label under another suffix: `acme.com` and `acme.co.uk`.
    OtherSuffix,
}

/// How close, or `None` for a website that has nothing to do with the domain.
pub(super) fn closeness(website: &str, domain: &DomainName) -> Option<Closeness> {
    if exact_websites(domain).contains(&website.trim().to_lowercase()) {
        return Some(Closeness::Exact);
    }
    let site = DomainName::of_website(website)?;
    if site == *domain {
        return Some(Closeness::Normalized);
    }
    let same_label = site.base_label().ok()? == domain.base_label().ok()?;
    match same_label {
        true if site.registrable() == domain.registrable() => Some(Closeness::SameRegistrable),
        true => Some(Closeness::OtherSuffix),
        false => None,
    }
}

/// The closest of an Account's domain fields, with its text.
pub(super) fn closest<'a>(
    account: &'a AccountRow,
    fields: &[String],
    domain: &DomainName,
) -> Option<(Closeness, &'a str)> {
    let values = fields.iter().filter_map(|field| account.fields.get(field));
    values.filter_map(|text| Some((closeness(text, domain)?, text.as_str()))).min_by_key(|(close, _)| *close)
}
