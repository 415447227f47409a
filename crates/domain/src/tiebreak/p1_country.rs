//! P1, *Country match*: the Account's billing country is the booker's country.

use super::{Candidate, Category, Fact, Sight, Situation, Tiebreaker};
use crate::geo::Country;

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "country",
    number: "P1",
    criterion: "Country match",
    category: Category::Geo,
    description: "Keeps the accounts whose billing country is the booker's country.",
    facts: |_| vec![Fact::Field("BillingCountry".into()), Fact::Field("BillingCountryCode".into())],
    applies: |situation| {
        situation.place_is_known()?;
        situation.place.country.map(drop).ok_or_else(|| "the booker's country is not known".to_owned())
    },
    see,
};

fn see(situation: &Situation, candidate: &Candidate<'_>) -> Sight {
    let matches = situation.place.country.is_some() && country(candidate) == situation.place.country;
    Sight::matching(candidate.field("BillingCountry").or_else(|| candidate.field("BillingCountryCode")), matches)
}

/// The Account's billing country: the code where the org has one, else what the text names.
pub(super) fn country(candidate: &Candidate<'_>) -> Option<Country> {
    ["BillingCountryCode", "BillingCountry"].iter().find_map(|field| Country::parse(candidate.field(field)?))
}
