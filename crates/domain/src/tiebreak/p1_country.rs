//! P1, *Country match*: the Account's billing country is the booker's country.

use super::{Candidate, Category, Fact, Look, Sight, Situation, Tiebreaker};
use crate::geo::Country;

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "country",
    number: "P1",
    criterion: "Country match",
    category: Category::Geo,
    description: "Keeps the accounts whose billing country is the booker's country.",
    facts: |_| vec![Fact::Field("BillingCountry".into()), Fact::Field("BillingCountryCode".into())],
    look,
};

fn look(situation: &Situation) -> Result<Look<'_>, String> {
    situation.place_is_known()?;
    let wanted = situation.place.country.ok_or("the booker's country is not known")?;
    Ok(Box::new(move |candidate| {
        let shown = candidate.field("BillingCountry").or_else(|| candidate.field("BillingCountryCode"));
        Sight::matching(shown, country(candidate) == Some(wanted))
    }))
}

/// The Account's billing country: the code where the org has one, else what the text names.
pub(super) fn country(candidate: &Candidate<'_>) -> Option<Country> {
    ["BillingCountryCode", "BillingCountry"].iter().find_map(|field| Country::parse(candidate.field(field)?))
}
