//! P3, *Sub-region match*: a field of the Account equals the booker's sub-region: an answer, else the admin's table, else the booker's
//! city, region or postal code.

use super::{Category, Fact, Look, Sight, Situation, Tiebreaker};
use crate::geo::sub_region::{equal_sub_region, sub_region};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "sub_region",
    number: "P3",
    criterion: "Sub-region match",
    category: Category::Geo,
    description: "Keeps the accounts whose sub-region field is the booker's sub-region.",
    facts: |settings| settings.sub_region_field.iter().cloned().map(Fact::Field).collect(),
    look,
};

fn look(situation: &Situation) -> Result<Look<'_>, String> {
    situation.geo_is_on()?;
    let Situation { settings, place, sub_region_answer } = situation;
    let field = settings.sub_region_field.as_deref().ok_or("no account field is chosen for the sub-region")?;
    let wanted = sub_region(sub_region_answer.as_deref(), &settings.sub_regions, place);
    if wanted.is_empty() {
        return Err("the booker's sub-region is not known".to_owned());
    }
    Ok(Box::new(move |candidate| {
        let value = candidate.field(field);
        let is_wanted = |text| equal_sub_region(&wanted, text, place.country).is_some();
        Sight::matching(value, value.is_some_and(is_wanted))
    }))
}
