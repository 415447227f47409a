//! What an email's domain says about where a person works (spec 5): nothing, where anybody can have a mailbox there, or where it is
//! the installation's own. The lists that come with Matchbook are [`crate::free_mail`]'s and [`crate::disposable`]'s.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::disposable::is_disposable;
use crate::domain_name::DomainName;
use crate::email_domain::EmailAddress;
use crate::free_mail::is_free_mail;

/// The admin's own lists, besides those that come with Matchbook. Names below a listed one count, too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MailDomains {
    /// The installation's own.
    pub own: BTreeSet<DomainName>,
    /// More providers of free mail.
    pub free_mail: BTreeSet<DomainName>,
    /// More providers of mailboxes for one use.
    pub disposable: BTreeSet<DomainName>,
}

/// Why an email's domain says nothing about where a person works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainSkip {
    /// It is no name that a website could have.
    NoDomain,
    /// Anybody can have a mailbox there.
    FreeMail,
    /// Its mailboxes are made for one use.
    Disposable,
    /// It is the installation's own.
    Own,
}

impl fmt::Display for DomainSkip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DomainSkip::NoDomain => "the email has no domain that a website could have",
            DomainSkip::FreeMail => "the email is with a free mail provider",
            DomainSkip::Disposable => "the email is with a provider of disposable mailboxes",
            DomainSkip::Own => "the email is on one of your own domains",
        })
    }
}

impl MailDomains {
    /// The same, with the domains of hosts among the installation's own, but for free mail.
    pub fn with_hosts<'h>(&self, hosts: impl IntoIterator<Item = &'h EmailAddress>) -> Self {
        let theirs = hosts.into_iter().filter_map(|host| self.of_workplace(host).ok());
        let own = self.own.iter().cloned().chain(theirs).collect();
        MailDomains { own, ..self.clone() }
    }

    /// The domain of an email, where it says where the person works.
    pub fn of_workplace(&self, email: &EmailAddress) -> Result<DomainName, DomainSkip> {
        let domain = DomainName::of_email(email).ok_or(DomainSkip::NoDomain)?;
        if is_listed(&self.own, &domain) {
            return Err(DomainSkip::Own);
        }
        // Lists of free mail have many disposable ones, too: the more exact word first.
        if is_listed(&self.disposable, &domain) || domain.up_to_registrable().any(is_disposable) {
            return Err(DomainSkip::Disposable);
        }
        if is_listed(&self.free_mail, &domain) || domain.up_to_registrable().any(is_free_mail) {
            return Err(DomainSkip::FreeMail);
        }
        Ok(domain)
    }

    /// Whether an email is on one of the installation's own domains.
    pub fn is_own(&self, email: &EmailAddress) -> bool {
        DomainName::of_email(email).is_some_and(|domain| is_listed(&self.own, &domain))
    }
}

fn is_listed(domains: &BTreeSet<DomainName>, domain: &DomainName) -> bool {
    domains.iter().any(|listed| domain.is_within(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse(text).expect("well-formed")
    }

    fn domains(names: &[&str]) -> BTreeSet<DomainName> {
        names.iter().map(|name| DomainName::parse(name).expect("a domain")).collect()
    }

    #[test]
    fn only_a_companys_domain_says_where_somebody_works() {
        let lists = MailDomains {
            own: domains(&["own.example"]),
            free_mail: domains(&["free.example"]),
            disposable: domains(&["once.example"]),
        };
        for (text, why) in [
            ("jane@gmail.com", DomainSkip::FreeMail),
            ("jane@FREE.example", DomainSkip::FreeMail),
            ("jane@mail.free.example", DomainSkip::FreeMail),
            ("jane@mailinator.com", DomainSkip::Disposable),
            ("jane@x.once.example", DomainSkip::Disposable),
            ("jane@team.own.example", DomainSkip::Own),
        ] {
            assert_eq!(lists.of_workplace(&email(text)), Err(why), "{text}");
        }
        let work = lists.of_workplace(&email("jane@notfree.example")).expect("a company's");
        assert_eq!(work.as_str(), "notfree.example");
    }

    #[test]
    fn hosts_make_their_company_an_own_domain_but_not_their_free_mail() {
        let hosts = [email("dana@northwind.example"), email("ben@gmail.com"), email("cleo@free.example")];
        let lists = MailDomains { free_mail: domains(&["free.example"]), ..MailDomains::default() };
        assert_eq!(lists.with_hosts(&hosts).own, domains(&["northwind.example"]));
    }
}
