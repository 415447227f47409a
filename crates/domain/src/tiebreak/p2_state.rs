//! P2, *State/region match*: the Account's billing state is the booker's state or region, in the same country.

use super::p1_country::country;
use super::{Candidate, Category, Fact, Sight, Situation, Tiebreaker};
use crate::geo::Region;

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "state",
    number: "P2",
    criterion: "State/region match",
    category: Category::Geo,
    description: "Keeps the accounts whose billing state is the booker's state or region, in the same country.",
    facts: |_| {
        let fields = ["BillingState", "BillingStateCode", "BillingCountry", "BillingCountryCode"];
        fields.into_iter().map(|name| Fact::Field(name.into())).collect()
    },
    applies: |situation| {
        situation.place_is_known()?;
        let region = situation.place.region_in_country();
        region.map(drop).ok_or_else(|| "the booker's state or region is not known".to_owned())
    },
    see,
};

fn see(situation: &Situation, candidate: &Candidate<'_>) -> Sight {
    let wanted = situation.place.region_in_country();
    let region = |field| Region::of(country(candidate)?, candidate.field(field)?);
    let regions = [region("BillingStateCode"), region("BillingState")];
    let matches = wanted.is_some_and(|wanted| regions.iter().flatten().any(|region| region.is_same(&wanted)));
    Sight::matching(candidate.field("BillingState").or_else(|| candidate.field("BillingStateCode")), matches)
}
