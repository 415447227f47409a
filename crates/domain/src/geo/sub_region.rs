//! The booker's sub-region, which P3 compares with a field of the Account (spec 6, P3).

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::fold::{fold_name, fold_text, squeeze};
use super::{Country, Geo, Region, blank_is_none};

/// An admin's table of places and the sub-regions they belong to. In configuration a list of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubRegionTable {
    /// In the admin's order.
    pub rows: Vec<SubRegionRow>,
}

/// One row: where all filled columns agree with the booker's place, the sub-region is `value`. An empty column agrees
/// with any place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubRegionRow {
    /// A country.
    #[serde(deserialize_with = "blank_is_none", skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// A state or region, as a name or ISO 3166-2 code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// A city.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// What the postal code begins with; its spaces and punctuation do not matter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_prefix: String,
    /// The sub-region, as the Account field has it.
    pub value: String,
}

/// Where a sub-region was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubRegionSource {
    /// The answer to the chosen question, or the chosen field of the form.
    Answer,
    /// The admin's table.
    Table,
    /// The booker's city.
    City,
    /// The booker's state or region.
    Region,
    /// The booker's postal code.
    PostalCode,
}

impl SubRegionTable {
    /// The value of the most specific row that agrees with the place: most filled columns, then the longest postal
    /// prefix, then the admin's order. Rows without a value are passed over.
    pub fn lookup(&self, geo: &Geo) -> Option<&str> {
        let region = geo.region_in_country();
        let agrees = |row: &SubRegionRow| !row.value.trim().is_empty() && row.agrees(geo, region.as_ref());
        let rows = self.rows.iter().enumerate().filter(|(_, row)| agrees(row));
        let (_, best) =
            rows.max_by_key(|(at, row)| (row.columns(), squeeze(&row.postal_prefix).len(), Reverse(*at)))?;
        Some(best.value.trim())
    }
}

impl SubRegionRow {
    /// `region` is that of the place, found once for all rows.
    fn agrees(&self, geo: &Geo, region: Option<&Region>) -> bool {
        let any_or = |column: &str, agrees: &dyn Fn() -> bool| squeeze(column).is_empty() || agrees();
        self.country.is_none_or(|country| geo.country == Some(country))
            && any_or(&self.region, &|| geo.region.as_deref().is_some_and(|text| is_region(region, text, &self.region)))
            && any_or(&self.city, &|| geo.city.as_deref().is_some_and(|city| fold_name(city) == fold_name(&self.city)))
            && any_or(&self.postal_prefix, &|| {
                let prefix = squeeze(&self.postal_prefix);
                geo.postal_code.as_deref().is_some_and(|code| squeeze(code).starts_with(&prefix))
            })
    }

    /// How many columns are filled.
    fn columns(&self) -> usize {
        let texts = [&self.region, &self.city, &self.postal_prefix];
        usize::from(self.country.is_some()) + texts.iter().filter(|text| !squeeze(text).is_empty()).count()
    }
}

/// What the Account's field may equal: the answer, else the table's value, else any of the booker's city, region and
/// postal code. Empty if none is known.
pub fn sub_region(answer: Option<&str>, table: &SubRegionTable, geo: &Geo) -> Vec<(SubRegionSource, String)> {
    let chosen = answer.map(str::trim).filter(|answer| !answer.is_empty()).map(|a| (SubRegionSource::Answer, a));
    if let Some((source, value)) = chosen.or_else(|| Some((SubRegionSource::Table, table.lookup(geo)?))) {
        return vec![(source, value.to_owned())];
    }
    let place = [
        (SubRegionSource::City, &geo.city),
        (SubRegionSource::Region, &geo.region),
        (SubRegionSource::PostalCode, &geo.postal_code),
    ];
    place.into_iter().filter_map(|(source, text)| Some((source, text.clone()?))).collect()
}

/// Which of the booker's sub-regions the Account's value equals. Case, accents and runs of spaces do not matter;
/// answers and regions also compare as states of the booker's country, cities without punctuation, postal codes without
/// spaces.
pub fn equal_sub_region<'a>(
    sub_regions: &'a [(SubRegionSource, String)],
    account_value: &str,
    country: Option<Country>,
) -> Option<&'a (SubRegionSource, String)> {
    if fold_text(account_value).is_empty() {
        return None;
    }
    sub_regions.iter().find(|(source, text)| {
        fold_text(text) == fold_text(account_value)
            || match source {
                SubRegionSource::Table => false,
                SubRegionSource::Answer => country.is_some() && same_region(country, text, account_value),
                SubRegionSource::Region => same_region(country, text, account_value),
                SubRegionSource::City => both_equal(fold_name(text), fold_name(account_value)),
                SubRegionSource::PostalCode => both_equal(squeeze(text), squeeze(account_value)),
            }
    })
}

/// As subdivisions of the country; without one, as names.
fn same_region(country: Option<Country>, one: &str, another: &str) -> bool {
    is_region(country.and_then(|country| Region::of(country, one)).as_ref(), one, another)
}

/// Whether another text names a region, of which the text is known, too.
fn is_region(region: Option<&Region>, text: &str, another: &str) -> bool {
    match region.and_then(|one| Some((one, Region::of(one.country, another)?))) {
        Some((one, another)) => one.is_same(&another),
        None => both_equal(fold_name(text), fold_name(another)),
    }
}

/// Texts of which punctuation alone was left are not equal.
fn both_equal(one: String, another: String) -> bool {
    !one.is_empty() && one == another
}

#[cfg(test)]
#[path = "sub_region_tests.rs"]
mod tests;
