//! Where a booker is, and when two places are the same (spec 6, P1 to P3 and "Geo").
//!
//! [`headers`] reads a [`Geo`] from what a trusted proxy adds to the requests of the booker's browser; [`Country`] and
//! [`Region`] compare it with what an Account has; [`sub_region`] finds what P3 compares.

use serde::{Deserialize, Deserializer, Serialize};

mod country;
mod country_names;
mod fold;
pub mod headers;
pub mod sub_region;
mod subdivision;
mod subdivision_names;

pub use country::{Country, UnknownCountry};
pub use headers::GeoHeaders;
pub use sub_region::{SubRegionRow, SubRegionSource, SubRegionTable};
pub use subdivision::{Region, Subdivision};

/// More of a text says no more about a place.
const LONGEST_TEXT: usize = 128;

/// What is known of the booker's place (spec 6, "Geo"). Its texts are as a proxy or API caller wrote them, cleaned when
/// read: no control characters, single spaces, at most 128 characters, and never blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StatedGeo")]
pub struct Geo {
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// State or region, as a code or a name: `CA`, `California`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// City, in no certain spelling or case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Postal code, or its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

impl Geo {
    /// A place from texts of any kind: those that say nothing are none.
    pub fn of(country: Option<Country>, region: Option<&str>, city: Option<&str>, postal_code: Option<&str>) -> Self {
        let cleaned = |text: Option<&str>| text.and_then(clean);
        Self { country, region: cleaned(region), city: cleaned(city), postal_code: cleaned(postal_code) }
    }

    /// Nothing is known: P1 to P3 are skipped, and the trace says so.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The region as P2 compares it; none without a country, as regions are the same only within one.
    pub fn region_in_country(&self) -> Option<Region> {
        Region::of(self.country?, self.region.as_deref()?)
    }
}

/// A place as it comes in: from an API caller, or from storage.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedGeo {
    #[serde(default, deserialize_with = "blank_is_none")]
    country: Option<Country>,
    region: Option<String>,
    city: Option<String>,
    postal_code: Option<String>,
}

impl From<StatedGeo> for Geo {
    fn from(stated: StatedGeo) -> Self {
        let StatedGeo { country, region, city, postal_code } = stated;
        Self::of(country, region.as_deref(), city.as_deref(), postal_code.as_deref())
    }
}

/// A country, or none where it is null or blank.
fn blank_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Country>, D::Error> {
    use serde::de::Error as _;
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.trim().is_empty() => match Country::parse(&text) {
            Some(country) => Ok(Some(country)),
            None => Err(D::Error::custom(UnknownCountry(text))),
        },
        _ => Ok(None),
    }
}

/// Without control and invisible characters and runs of spaces, at most [`LONGEST_TEXT`] characters; none if blank.
fn clean(text: &str) -> Option<String> {
    let visible: String = text.chars().filter(|c| c.is_whitespace() || !(c.is_control() || is_invisible(*c))).collect();
    let spaced = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = spaced.chars().take(LONGEST_TEXT).collect();
    Some(short.trim_end().to_owned()).filter(|text| !text.is_empty())
}

/// Zero-width characters and those that turn the direction of writing: they could make a trace read as something else.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geo(json: &str) -> Result<Geo, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn a_stated_place_is_cleaned() {
        let stated =
            geo(r#"{"country":"germany","region":" Bayern\u0000 ","city":"M\u202eünchen\n Süd","postal_code":" "}"#);
        let expected = Geo::of(Country::parse("DE"), Some("Bayern"), Some("München Süd"), None);
        assert_eq!(stated, Ok(expected.clone()));
        let json = serde_json::to_string(&expected).expect("is JSON");
        assert_eq!(json, r#"{"country":"DE","region":"Bayern","city":"München Süd"}"#);
        assert_eq!(geo(&json), Ok(expected), "what was stored reads back");
        let long = Geo::of(None, None, Some(&"ü".repeat(1000)), None);
        assert_eq!(long.city.map(|c| c.chars().count()), Some(128));
    }

    #[test]
    fn nothing_known_is_empty() {
        assert_eq!(geo("{}").map(|g| g.is_empty()), Ok(true));
        assert_eq!(geo(r#"{"country":"","city":null}"#).map(|g| g.is_empty()), Ok(true));
        assert!(!Geo::of(None, None, Some("Paris"), None).is_empty());
        assert!(geo(r#"{"country":"Atlantis"}"#).is_err_and(|e| e.starts_with("\"Atlantis\" is no country")));
        assert!(geo(r#"{"contry":"DE"}"#).is_err(), "a misspelt key is not passed over");
    }

    #[test]
    fn a_region_needs_its_country() {
        let bavaria = Geo::of(Country::parse("DE"), Some("BY"), None, None);
        assert_eq!(bavaria.region_in_country().map(|r| r.to_string()).as_deref(), Some("Bayern"));
        assert_eq!(Geo::of(None, Some("BY"), None, None).region_in_country(), None);
    }
}
