//! Look-alikes never match, and what belongs together does, by the step that it should be (spec 5).

use super::websites::{Closeness, closeness};
use crate::account::WebsiteReach;
use crate::domain_name::DomainName;

/// Email domains beside websites. Its head says what the columns are.
const PAIRS: &str = include_str!("../../data/look_alikes.tsv");

struct Pair {
    /// The domain of an email.
    domain: DomainName,
    /// A website as it stands in the org.
    website: &'static str,
    /// How they must match; `None` for look-alikes.
    wanted: Option<Closeness>,
}

fn pairs() -> Vec<Pair> {
    PAIRS.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).map(pair).collect()
}

fn pair(line: &'static str) -> Pair {
    let [domain, website, step] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("{line:?} has not three columns")
    };
    let wanted = match step {
        "none" => None,
        "exact" => Some(Closeness::Exact),
        "normalized" => Some(Closeness::Normalized),
        "fuzzy_same_domain" => Some(Closeness::SameRegistrable),
        "fuzzy_other_suffix" => Some(Closeness::OtherSuffix),
        _ => panic!("{line:?}: {step} is no step"),
    };
    let domain = DomainName::parse(domain).unwrap_or_else(|| panic!("{line:?}: an email has a domain"));
    Pair { domain, website, wanted }
}

/// What is wrong with how these pairs match, one to a line.
fn faults(pairs: &[Pair]) -> String {
    let fault = |Pair { domain, website, wanted }: &Pair| {
        let found = closeness(website, domain);
        (found != *wanted).then(|| format!("\n{domain} and {website:?} should match as {wanted:?}, match as {found:?}"))
    };
    pairs.iter().filter_map(fault).collect()
}

#[test]
fn no_look_alike_matches_at_any_step() {
    let (matching, look_alikes): (Vec<Pair>, Vec<Pair>) = pairs().into_iter().partition(|pair| pair.wanted.is_some());
    assert_eq!(faults(&look_alikes), "");
    assert_eq!((look_alikes.len(), matching.len()), (105, 75), "look-alikes and matching pairs in look_alikes.tsv");
}

#[test]
fn what_belongs_together_matches_at_its_step() {
    let (matching, _): (Vec<Pair>, Vec<Pair>) = pairs().into_iter().partition(|pair| pair.wanted.is_some());
    assert_eq!(faults(&matching), "");
    for step in [Closeness::Exact, Closeness::Normalized, Closeness::SameRegistrable, Closeness::OtherSuffix] {
        let number = matching.iter().filter(|pair| pair.wanted == Some(step)).count();
        assert!(number >= 10, "only {number} pairs match as {step:?}");
    }
}

#[test]
fn a_search_of_the_org_finds_every_website_that_matches() {
    for Pair { domain, website, wanted } in pairs() {
        let Some(wanted) = wanted else { continue };
        let label = domain.base_label().map(|label| WebsiteReach::Label(label.to_owned()));
        let all = (wanted <= Closeness::Normalized).then(|| WebsiteReach::Domain(domain.clone()));
        for reach in all.into_iter().chain(label) {
            let found = reach.texts().iter().any(|text| website.to_lowercase().contains(text));
            assert!(found, "{website:?} belongs to {domain}, but is not searched for by {reach:?}");
        }
    }
}

/// Who is like whom does not depend on which of the two is the email's.
#[test]
fn fuzzy_matching_is_mutual() {
    for Pair { domain, website, .. } in pairs() {
        let Some(site) = DomainName::of_website(website) else { continue };
        let one_way = closeness(site.as_str(), &domain);
        assert_eq!(one_way, closeness(domain.as_str(), &site), "{domain} and {website:?}");
    }
}
