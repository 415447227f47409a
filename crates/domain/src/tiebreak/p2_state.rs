//! P2, *State/region match*: the Account's billing state is the booker's state or region, in the same country.

use super::p1_country::country;
use super::{Category, Fact, Look, Sight, Situation, Tiebreaker};
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
    look,
};

fn look(situation: &Situation) -> Result<Look<'_>, String> {
    situation.place_is_known()?;
    let wanted = situation.place.region_in_country().ok_or("the booker's state or region is not known")?;
    Ok(Box::new(move |candidate| {
        let region = |field| Region::of(country(candidate)?, candidate.field(field)?);
        let is_wanted = |field| region(field).is_some_and(|region| region.is_same(&wanted));
        let shown = candidate.field("BillingState").or_else(|| candidate.field("BillingStateCode"));
        Sight::matching(shown, is_wanted("BillingStateCode") || is_wanted("BillingState"))
    }))
}
