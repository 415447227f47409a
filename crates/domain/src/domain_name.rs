//! Domain names of emails and websites, made comparable (spec 5).

use core::net::Ipv4Addr;
use std::fmt;

use psl::Type;
use serde::{Deserialize, Serialize};

use crate::email_domain::EmailAddress;

/// The shortest base label that may match fuzzily, in characters.
const SHORTEST_FUZZY_LABEL: usize = 3;

/// A domain name: lower case, in ASCII (internationalised labels in Punycode), no `www.` in front, no dot at the end, at least two
/// labels, no IP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// Why a text is no domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a domain name; write it like company.com")]
pub struct NotADomainName(String);

/// Why a domain matches no other suffix of its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFuzzy {
    /// It lies under a suffix at which anybody can have a site, such as `github.io`.
    PrivateSuffix,
    /// It is a public suffix itself.
    PublicSuffix,
    /// Its base label has fewer than three letters.
    ShortLabel,
}

impl DomainName {
    /// Reads a bare host name such as `Mail.Acme.com.`; a leading `www.` is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let host = normal_host(text)?;
        Some(Self(without_www(&host).to_owned()))
    }

    /// The domain of an email address.
    pub fn of_email(email: &EmailAddress) -> Option<Self> {
        Self::parse(email.domain())
    }

    /// The domain of a website as people type it: scheme, user, port, path, query and fragment are dropped.
    ///
    /// A text that is not one website (several, a sentence, an IP address) has none.
    pub fn of_website(text: &str) -> Option<Self> {
        let mut words = words(text);
        let starts_with_one = words.next().and_then(Self::of_one_website).is_some();
        let another = words.filter_map(Self::of_one_website).any(|domain| domain.has_known_suffix());
        if starts_with_one && another { None } else { Self::of_one_website(text) }
    }

    fn of_one_website(text: &str) -> Option<Self> {
        // Browsers read a backslash as a slash.
        let authority = without_scheme(text.trim()).split(['/', '\\', '?', '#']).next()?;
        let (user, host_and_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        if words(user).nth(1).is_some() {
            return None;
        }
        let host = match host_and_port.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => host_and_port,
        };
        Self::parse(host)
    }

    /// Whether its suffix is listed: `acme.de` is a site, `team.html` the end of an address.
    fn has_known_suffix(&self) -> bool {
        psl::suffix(self.0.as_bytes()).is_some_and(|suffix| suffix.is_known())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with internationalised labels in Unicode; the same where it has none.
    pub fn unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// The name as texts may spell it: in ASCII, and in Unicode where that differs.
    pub fn spellings(&self) -> Vec<String> {
        let unicode = self.unicode();
        if unicode == self.0 { vec![unicode] } else { vec![self.0.clone(), unicode] }
    }

    /// The part that somebody registered, by the whole Public Suffix List: `acme.co.uk` of `mail.acme.co.uk`, `acme.github.io`
    /// of itself. `None` where the name is a suffix itself.
    pub fn registrable(&self) -> Option<&str> {
        psl::domain_str(&self.0)
    }

    /// The label before the ICANN suffix, whatever the suffix: `acme` of `mail.acme.co.uk`. It is what fuzzy matching compares, and
    /// an error says why this name does not take part.
    pub fn base_label(&self) -> Result<&str, NotFuzzy> {
        let private = psl::suffix(self.0.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(Type::Private));
        if private {
            return Err(NotFuzzy::PrivateSuffix);
        }
        let label = self.registrable().and_then(|name| name.split('.').next()).ok_or(NotFuzzy::PublicSuffix)?;
        let letters = idna::domain_to_unicode(label).0.chars().count();
        if letters < SHORTEST_FUZZY_LABEL { Err(NotFuzzy::ShortLabel) } else { Ok(label) }
    }

    /// Whether this is `other` or a name below it.
    pub fn is_within(&self, other: &DomainName) -> bool {
        self.0.strip_suffix(&other.0).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    }

    /// This name and those above it, down to the registrable one.
    pub fn up_to_registrable(&self) -> impl Iterator<Item = &str> {
        let least = self.registrable().map_or(self.0.len(), str::len);
        let dots = self.0.match_indices('.').map(|(at, _)| at + 1);
        std::iter::once(0).chain(dots).map(|from| &self.0[from..]).take_while(move |name| name.len() >= least)
    }
}

/// The words of a text in which people list several websites.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || ",;|".contains(c)).filter(|word| !word.is_empty())
}

/// The text behind its scheme. That of the web may stand there twice, as where a pasted address follows a prefilled `http://`,
/// and browsers take any number of slashes behind it, of either kind.
fn without_scheme(text: &str) -> &str {
    let mut rest = text;
    while let Some(behind) = without_web_scheme(rest) {
        rest = behind;
    }
    match text.split_once("://") {
        _ if rest.len() < text.len() => rest,
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => text.strip_prefix("//").unwrap_or(text),
    }
}

fn without_web_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let web = ["http", "https", "ftp"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    web.then(|| rest.trim_start_matches(['/', '\\']))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn normal_host(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii(text.trim()).ok()?;
    let host = ascii.strip_suffix('.').unwrap_or(&ascii);
    let fits = host.len() <= 253 && host.contains('.') && host.split('.').all(is_label);
    (fits && !is_address(host)).then(|| host.to_owned())
}

/// Underscores stand in real names of hosts, though they should not.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Browsers read a host whose last label is a number as an IPv4 address.
fn is_address(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    let number = last.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    number || hexadecimal || host.parse::<Ipv4Addr>().is_ok()
}

/// `www.acme.com` without its `www.`, unless that is the name itself (`www.com`, `www.co.uk`). One that is left would be dropped
/// when the name is read back, so all go.
fn without_www(host: &str) -> &str {
    match host.strip_prefix("www.") {
        Some(rest) if rest.contains('.') && psl::domain_str(rest).is_some() => without_www(rest),
        _ => host,
    }
}

impl TryFrom<String> for DomainName {
    type Error = NotADomainName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or(NotADomainName(text))
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> String {
        name.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[path = "domain_name_tests.rs"]
mod tests;
