//! P3, *Sub-region match*: a field of the Account equals the booker's sub-region: an answer, else the admin's table, else the booker's
//! city, region or postal code.

use super::{Candidate, Category, Fact, Sight, Situation, Tiebreaker};
use crate::geo::SubRegionSource;
use crate::geo::sub_region::{equal_sub_region, sub_region};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "sub_region",
    number: "P3",
    criterion: "Sub-region match",
    category: Category::Geo,
    description: "Keeps the accounts whose sub-region field is the booker's sub-region.",
    facts: |settings| settings.sub_region_field.iter().cloned().map(Fact::Field).collect(),
    applies: |situation| {
        situation.geo_is_on()?;
        if situation.settings.sub_region_field.is_none() {
            return Err("no account field is chosen for the sub-region".to_owned());
        }
        if sub_regions(situation).is_empty() {
            return Err("the booker's sub-region is not known".to_owned());
        }
        Ok(())
    },
    see,
};

fn sub_regions(situation: &Situation) -> Vec<(SubRegionSource, String)> {
    sub_region(situation.sub_region_answer.as_deref(), &situation.settings.sub_regions, &situation.place)
}

fn see(situation: &Situation, candidate: &Candidate<'_>) -> Sight {
    let value = situation.settings.sub_region_field.as_deref().and_then(|field| candidate.field(field));
    let equal = |text| equal_sub_region(&sub_regions(situation), text, situation.place.country).is_some();
    Sight::matching(value, value.is_some_and(equal))
}
