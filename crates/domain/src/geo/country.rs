//! Countries: names and ISO codes are the same thing (spec 6, P1).

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::country_names::OTHER_NAMES;
use super::fold::{fold_name, squeeze};

/// Longer texts are no country; they are not looked at.
const LONGEST: usize = 128;

/// In everyday use, and in what proxies send, though ISO leaves it to its users: code, alpha-3 and name.
const KOSOVO: (&str, &str, &str) = ("XK", "XKX", "Kosovo");

/// How a state's long form begins. Only what names no other state: "Democratic Republic of" is not among them, as the
/// two Congos, and the two Koreas, differ by it.
const LONG_FORMS: [&str; 17] = [
    "republic of",
    "federal republic of",
    "federative republic of",
    "islamic republic of",
    "peoples republic of",
    "socialist republic of",
    "arab republic of",
    "united republic of",
    "bolivarian republic of",
    "plurinational state of",
    "kingdom of",
    "hashemite kingdom of",
    "commonwealth of",
    "principality of",
    "grand duchy of",
    "sultanate of",
    "federation of",
];

/// A country, by its ISO 3166-1 alpha-2 code. Written as that code; read from any text that [`Country::parse`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country {
    code: &'static str,
}

/// A text that names no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no country: give its name or its ISO code, such as Germany or DE")]
pub struct UnknownCountry(pub String);

impl Country {
    /// The country that a text names: an ISO code (`DE`, `DEU`), an English name, or one of the other names in use
    /// ("UK", "Deutschland", "Korea, Republic of"). Case, accents, punctuation, spaces and "the" do not matter.
    /// Regions that are no country ("EU") and unknown texts are none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().nth(LONGEST).is_some() {
            return None;
        }
        let codes = &CATALOG.by_code;
        codes.get(&squeeze(text)).or_else(|| CATALOG.by_name.get(&key(text))).copied().or_else(|| by_long_form(text))
    }

    /// All countries, in the order of their English ISO names.
    pub fn all() -> impl Iterator<Item = Self> {
        iso_names().map(|(code, _, _)| Self { code })
    }

    /// ISO 3166-1 alpha-2, in capitals: `DE`.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// The English name in everyday use: "South Korea", not "Korea (Republic of)".
    pub fn name(self) -> &'static str {
        CATALOG.shown.get(self.code).copied().unwrap_or(self.code)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(UnknownCountry(text)))
    }
}

/// "Kingdom of Spain" as "Spain".
fn by_long_form(text: &str) -> Option<Country> {
    let name = without_articles(text).join(" ");
    let rest = LONG_FORMS.iter().find_map(|form| name.strip_prefix(form)?.strip_prefix(' '))?;
    CATALOG.by_name.get(&key(rest)).copied()
}

/// What names are compared by: without "the", and "St." is "Saint".
fn key(name: &str) -> String {
    without_articles(name).concat()
}

fn without_articles(name: &str) -> Vec<String> {
    let folded = fold_name(name);
    let words = folded.split(' ').filter(|word| *word != "the");
    words.map(|word| if word == "st" { "saint" } else { word }.to_owned()).collect()
}

/// Alpha-2, alpha-3 and ISO name of every country.
fn iso_names() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    rust_iso3166::ALL.iter().map(|c| (c.alpha2, c.alpha3, c.name)).chain([KOSOVO])
}

/// What texts are looked up in.
struct Catalog {
    by_code: HashMap<String, Country>,
    by_name: HashMap<String, Country>,
    shown: HashMap<&'static str, &'static str>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let (mut by_code, mut by_name, mut shown) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (code, alpha3, name) in iso_names() {
        by_code.extend([(squeeze(code), Country { code }), (squeeze(alpha3), Country { code })]);
        by_name.insert(key(name), Country { code });
        shown.insert(code, name);
    }
    for &(code, name, others) in OTHER_NAMES {
        for other in others.split('|').chain([name]).filter(|n| !n.is_empty()) {
            by_name.entry(key(other)).or_insert(Country { code });
        }
        if !name.is_empty() {
            shown.insert(code, name);
        }
    }
    for (name, country) in names_without_brackets() {
        by_name.entry(name).or_insert(country);
    }
    Catalog { by_code, by_name, shown }
});

/// "Iran (Islamic Republic of)" as "Iran", where that is only one country.
fn names_without_brackets() -> HashMap<String, Country> {
    let mut found: HashMap<String, Vec<Country>> = HashMap::new();
    for (code, _, name) in iso_names() {
        if let Some((before, rest)) = name.split_once('(') {
            let after = rest.split_once(')').map_or("", |(_, after)| after);
            found.entry(key(&format!("{before} {after}"))).or_default().push(Country { code });
        }
    }
    found.into_iter().filter_map(|(name, all)| Some((name, *all.first().filter(|_| all.len() == 1)?))).collect()
}

#[cfg(test)]
#[path = "country_tests.rs"]
mod tests;
