//! The steps of account resolution, as data (spec 5).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::input::{ResolutionInput, account_fields, contacts_ask};
use super::websites::{Closeness, closest};
use crate::account::{AccountLookup, AccountRow, Coverage, WEBSITE_FIELD, WebsiteReach, WebsiteSearch};
use crate::ask::{Answer, Ask, Known, LookupFailure};
use crate::domain_name::{DomainName, NotFuzzy};
use crate::mail_domains::DomainSkip;

/// One step. What is stored is the key.
pub(super) struct Step {
    pub(super) key: StepKey,
    /// Whether the step is to be taken for this input, or why not.
    pub(super) applies: fn(&ResolutionInput) -> Result<(), SkipReason>,
    /// What can be asked before it is known that the step will be reached.
    pub(super) prefetch: fn(&ResolutionInput) -> Option<Ask>,
    /// What the answers say.
    pub(super) read: fn(&ResolutionInput, &Known) -> Read,
}

/// What a step reads from the answers.
pub(super) enum Read {
    /// An answer is missing.
    Missing(Ask),
    /// The look-up failed.
    Failed(LookupFailure),
    /// What matches.
    Matches { matches: Vec<Match>, coverage: Coverage },
}

/// An Account that a step found.
pub(super) struct Match {
    pub(super) account: AccountRow,
    /// What the step saw, for people to read.
    pub(super) value: String,
    /// How many of its Contacts have the domain; zero where the step does not count.
    pub(super) contacts: u64,
}

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKey {
    /// Accounts of Contacts with exactly this email.
    ExistingContact,
    /// The website is the domain.
    ExactWebsite,
    /// The website is the domain once stripped.
    NormalizedWebsite,
    /// Accounts of Contacts at the domain.
    ContactEmail,
    /// The website lies in the same registrable domain.
    FuzzySameDomain,
    /// The website has the same base label under another suffix.
    FuzzyOtherSuffix,
}

impl StepKey {
    /// Its name for people.
    pub fn label(self) -> &'static str {
        match self {
            StepKey::ExistingContact => "Existing contact",
            StepKey::ExactWebsite => "Exact match",
            StepKey::NormalizedWebsite => "Normalized match",
            StepKey::ContactEmail => "Contact email match",
            StepKey::FuzzySameDomain => "Fuzzy match in the same domain",
            StepKey::FuzzyOtherSuffix => "Fuzzy cross-TLD match",
        }
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The email's domain leads nowhere.
    Domain(DomainSkip),
    /// The connection does not allow fuzzy domain matching.
    FuzzyOff,
    /// The event type's record type is not *Contact under Account*.
    NotContactUnderAccount,
    /// The domain does not match fuzzily.
    NotFuzzy(NotFuzzy),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SkipReason::Domain(skip) => return skip.fmt(f),
            SkipReason::FuzzyOff => "fuzzy domain matching is off for this connection",
            SkipReason::NotContactUnderAccount => "the attendee record type is not Contact under Account",
            SkipReason::NotFuzzy(NotFuzzy::PrivateSuffix) => "anybody can have a site under this domain's suffix",
            SkipReason::NotFuzzy(NotFuzzy::PublicSuffix) => "the domain is a public suffix",
            SkipReason::NotFuzzy(NotFuzzy::ShortLabel) => "the domain's name has fewer than three letters",
        })
    }
}

/// The steps in order. The first that finds candidates wins.
pub(super) static STEPS: [Step; 6] = [
    Step {
        key: StepKey::ExistingContact,
        applies: |_| Ok(()),
        prefetch: |input| Some(contacts_ask(input)),
        read: existing_contacts,
    },
    Step {
        key: StepKey::ExactWebsite,
        applies: by_domain,
        prefetch: first_website_ask,
        read: |input, known| websites(input, known, Closeness::Exact),
    },
    Step {
        key: StepKey::NormalizedWebsite,
        applies: by_domain,
        prefetch: first_website_ask,
        read: |input, known| websites(input, known, Closeness::Normalized),
    },
    Step { key: StepKey::ContactEmail, applies: by_domain, prefetch: contact_domain_ask, read: contact_domain },
    Step {
        key: StepKey::FuzzySameDomain,
        applies: fuzzily,
        prefetch: |_| None,
        read: |input, known| websites(input, known, Closeness::SameRegistrable),
    },
    Step {
        key: StepKey::FuzzyOtherSuffix,
        applies: fuzzily,
        prefetch: |_| None,
        read: |input, known| websites(input, known, Closeness::OtherSuffix),
    },
];

fn by_domain(input: &ResolutionInput) -> Result<(), SkipReason> {
    input.domain().map(drop).map_err(SkipReason::Domain)
}

fn fuzzily(input: &ResolutionInput) -> Result<(), SkipReason> {
    let domain = input.domain().map_err(SkipReason::Domain)?;
    match () {
        () if !input.lookup.fuzzy_domain_matching => Err(SkipReason::FuzzyOff),
        () if !input.contact_under_account => Err(SkipReason::NotContactUnderAccount),
        () => domain.base_label().map(drop).map_err(SkipReason::NotFuzzy),
    }
}

/// What an answer holds, if it is there; an answer of another kind is a fault of ours.
fn answered<'a>(known: &'a Known, ask: &Ask) -> Result<&'a Answer, Read> {
    match known.get(ask) {
        None => Err(Read::Missing(ask.clone())),
        Some(Err(failure)) => Err(Read::Failed(failure.clone())),
        Some(Ok(answer)) => Ok(answer),
    }
}

fn existing_contacts(input: &ResolutionInput, known: &Known) -> Read {
    let contacts = match answered(known, &contacts_ask(input)) {
        Ok(Answer::ContactsWithAccounts(contacts)) => contacts,
        Ok(other) => unreachable!("Contacts with Accounts were asked for, {other:?} came back"),
        Err(read) => return read,
    };
    let mut matches: Vec<Match> = Vec::new();
    for contact in contacts.iter().filter(|contact| contact.person.email == input.email.folded()) {
        let excluded = contact.person.record_type.as_ref().is_some_and(|own| input.excluded.contact.contains(own));
        let Some(account) = contact.account.as_ref().filter(|_| !excluded) else { continue };
        match matches.iter_mut().find(|found| found.account.id == account.id) {
            Some(found) => found.contacts += 1,
            None => matches.push(Match { account: account.clone(), value: String::new(), contacts: 1 }),
        }
    }
    for found in &mut matches {
        found.value = counted(found.contacts, "Contact with this email", "Contacts with this email");
    }
    Read::Matches { matches, coverage: Coverage::Complete }
}

fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn contact_domain_ask(input: &ResolutionInput) -> Option<Ask> {
    Some(Ask::AccountsByContactDomain {
        domain: input.domain().ok()?,
        without_record_types: input.excluded.contact.clone(),
        fields: account_fields(input),
    })
}

/// The fields that the look-up by Contacts' emails could not bring along.
pub(super) fn not_grouped(input: &ResolutionInput, known: &Known) -> BTreeSet<String> {
    match contact_domain_ask(input).and_then(|ask| known.get(&ask)) {
        Some(Ok(Answer::DomainGroups { not_grouped, .. })) => not_grouped.clone(),
        _ => BTreeSet::new(),
    }
}

fn contact_domain(input: &ResolutionInput, known: &Known) -> Read {
    let ask = contact_domain_ask(input).expect("the step applies only where there is a domain");
    let (groups, coverage) = match answered(known, &ask) {
        Ok(Answer::DomainGroups { groups, coverage, .. }) => (groups, coverage),
        Ok(other) => unreachable!("Accounts with counts were asked for, {other:?} came back"),
        Err(read) => return read,
    };
    let found = |group: &crate::account::DomainGroup| Match {
        account: group.account.clone(),
        value: counted(group.contacts, "Contact", "Contacts"),
        contacts: group.contacts,
    };
    Read::Matches { matches: groups.iter().map(found).collect(), coverage: coverage.clone() }
}

/// Whether only whole values are looked for, by an index.
fn seeks(input: &ResolutionInput) -> bool {
    let has_website = || input.lookup.domain_fields.iter().any(|field| field.eq_ignore_ascii_case(WEBSITE_FIELD));
    input.lookup.account_lookup == AccountLookup::Soql && !has_website()
}

/// The searches that answer a step, the widest first: a narrower one is made only where a wider one had to stop.
fn reaches(input: &ResolutionInput, domain: &DomainName, wanted: Closeness) -> Vec<WebsiteReach> {
    let label = fuzzily(input).ok().and_then(|()| domain.base_label().ok());
    let label = label.map(|label| WebsiteReach::Label(label.to_owned()));
    let exactly = WebsiteReach::Exactly(domain.clone());
    if wanted > Closeness::Normalized {
        return label.into_iter().collect();
    }
    if input.lookup.account_lookup == AccountLookup::Search {
        // A search knows words: nothing narrower than the domain's.
        return label.into_iter().chain([WebsiteReach::Domain(domain.clone())]).collect();
    }
    match seeks(input) {
        true => vec![exactly],
        false => label.into_iter().chain([WebsiteReach::Domain(domain.clone()), exactly]).collect(),
    }
}

fn website_ask(input: &ResolutionInput, reach: WebsiteReach) -> Ask {
    Ask::AccountsByWebsite(WebsiteSearch {
        by: input.lookup.account_lookup,
        domain_fields: input.lookup.domain_fields.clone(),
        reach,
        fields: account_fields(input),
    })
}

/// A search is a call of its own, so it is made only once its step is reached.
fn first_website_ask(input: &ResolutionInput) -> Option<Ask> {
    if input.lookup.account_lookup == AccountLookup::Search {
        return None;
    }
    let domain = input.domain().ok()?;
    Some(website_ask(input, reaches(input, &domain, Closeness::Exact).swap_remove(0)))
}

fn websites(input: &ResolutionInput, known: &Known, wanted: Closeness) -> Read {
    let domain = input.domain().expect("the step applies only where there is a domain");
    let (mut matches, mut seen): (Vec<Match>, _) = (Vec::new(), Coverage::Complete);
    for reach in reaches(input, &domain, wanted) {
        // Whole values hold all that match exactly, and some of those that match when normalized.
        let holds_all = wanted == Closeness::Exact || !matches!(reach, WebsiteReach::Exactly(_));
        let (rows, coverage) = match answered(known, &website_ask(input, reach)) {
            Ok(Answer::Accounts { rows, coverage }) => (rows, coverage),
            Ok(other) => unreachable!("Accounts were asked for, {other:?} came back"),
            Err(read) => return read,
        };
        for row in rows {
            let Some((close, text)) = closest(row, &input.lookup.domain_fields, &domain) else { continue };
            if close == wanted && !matches.iter().any(|found| found.account.id == row.id) {
                matches.push(Match { account: row.clone(), value: text.to_owned(), contacts: 0 });
            }
        }
        if *coverage != Coverage::Complete || holds_all {
            seen = coverage.clone();
        }
        if *coverage == Coverage::Complete {
            break;
        }
    }
    if wanted == Closeness::Normalized && seen == Coverage::Complete && seeks(input) {
        let rule =
            "fields that are indexed are compared as whole values: other spellings were not looked for".to_owned();
        seen = Coverage::Bounded { read: matches.len(), rule };
    }
    Read::Matches { matches, coverage: seen }
}
