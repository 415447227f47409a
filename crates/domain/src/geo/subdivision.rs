//! States, provinces and regions: names and ISO 3166-2 codes are the same thing (spec 6, P2 and P3).

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Country;
use super::fold::{fold_name, squeeze};
use super::subdivision_names::{ADDED, KINDS, KINDS_OF, LAST_LETTERS, OTHER_NAMES, SAME_PLACE, TIES};

/// Longer texts are no subdivision; they are not looked at.
const LONGEST: usize = 128;

/// A state, province or region that ISO 3166-2 knows. Written as its code, `US-CA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subdivision {
    code: &'static str,
    name: &'static str,
}

impl Subdivision {
    /// The subdivision of a country that a text names: its code with or without the country (`US-CA`, `CA`), its name,
    /// or another name in use ("Bavaria" for "Bayern"). Case, accents, punctuation, spaces and words for what it is
    /// ("State of", "Province") do not matter. Where two places of a country have the same name, a bare name is the
    /// larger ("Dhaka", the division) and the kind tells them apart ("Chiayi City", "Chiayi County").
    pub fn parse(country: Country, text: &str) -> Option<Self> {
        if text.chars().nth(LONGEST).is_some() {
            return None;
        }
        let known = CATALOG.get(country.code())?;
        let (name, bare) = (squeeze(text), bare(country, text));
        known
            .code(country, text)
            .or_else(|| {
                known.full.get(&name).or_else(|| known.bare.get(&bare)).or_else(|| known.full.get(&bare)).copied()
            })
            .or_else(|| known.code_run_on(country, &name))
    }

    /// The code with its country: `US-CA`.
    pub fn code(self) -> &'static str {
        self.code
    }

    /// The code within its country: `CA`.
    pub fn local_code(self) -> &'static str {
        self.code.split_once('-').map_or(self.code, |(_, local)| local)
    }

    /// The name as ISO has it, mostly in the place's own language: "Bayern".
    pub fn name(self) -> &'static str {
        self.name
    }
}

impl fmt::Display for Subdivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Subdivision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Subdivision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let country = text.split_once('-').and_then(|(country, _)| Country::parse(country));
        country
            .and_then(|country| Self::parse(country, &text))
            .ok_or_else(|| D::Error::custom(format!("\"{text}\" is no ISO 3166-2 code, such as US-CA")))
    }
}

/// A place within a country, as somebody wrote it: a known subdivision, or a text that is only equal to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// The country it lies in.
    pub country: Country,
    /// What ISO 3166-2 calls it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Subdivision>,
    /// As it was written.
    pub text: String,
}

impl Region {
    /// The region that a text names; none if it names nothing.
    pub fn of(country: Country, text: &str) -> Option<Self> {
        let text = text.trim();
        (!squeeze(text).is_empty()).then(|| Self {
            country,
            code: Subdivision::parse(country, text),
            text: text.to_owned(),
        })
    }

    /// Whether both are the same place: the same subdivision, or, where one is not known, the same text without case,
    /// accents, punctuation and words for what it is, in the same country.
    pub fn is_same(&self, other: &Self) -> bool {
        if self.country != other.country {
            return false;
        }
        match (self.code, other.code) {
            (Some(one), Some(another)) => one == another,
            _ => bare(self.country, &self.text) == bare(other.country, &other.text),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.map_or(&self.text, |code| code.name))
    }
}

/// A name without the words that say what kind of place it is, and without spaces. A name that is nothing but such
/// words keeps its last.
fn bare(country: Country, name: &str) -> String {
    let folded = fold_name(name);
    let mut words: Vec<&str> = folded.split(' ').collect();
    let own = own_row(country, KINDS_OF);
    let is_kind = |word: &str| KINDS.contains(&word) || own.contains(&word);
    while words.len() > 1 && words.first().is_some_and(|word| is_kind(word)) {
        words.remove(0);
        while words.len() > 1 && words.first().is_some_and(|word| TIES.contains(word)) {
            words.remove(0);
        }
    }
    // "Asturias, Principado de": a tie at the end belongs to a kind before it.
    while words.len() > 1 && words.last().is_some_and(|word| is_kind(word) || TIES.contains(word)) {
        words.pop();
    }
    let name = words.concat();
    let shorter = name.strip_suffix(own_row(country, LAST_LETTERS)).filter(|shorter| !shorter.is_empty());
    shorter.map_or(name.clone(), str::to_owned)
}

/// What a table has for a country.
fn own_row<T>(country: Country, table: &[(&str, &'static [T])]) -> &'static [T] {
    table.iter().find(|(code, _)| *code == country.code()).map_or(&[], |(_, row)| row)
}

/// The subdivisions of one country.
#[derive(Default)]
struct Known {
    by_code: HashMap<String, Subdivision>,
    full: HashMap<String, Subdivision>,
    bare: HashMap<String, Subdivision>,
}

impl Known {
    /// `US-CA`, `us ca`, `CA`; numbers with or without a zero in front.
    fn code(&self, country: Country, text: &str) -> Option<Subdivision> {
        let folded = fold_name(text);
        let prefix = country.code().to_lowercase();
        let local = folded.strip_prefix(&prefix).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(&folded);
        let by_number = || {
            let number: u8 = local.parse().ok()?;
            self.by_code.get(&format!("{number:02}")).or_else(|| self.by_code.get(&number.to_string()))
        };
        self.by_code.get(local).or_else(by_number).copied()
    }

    /// `USCA`, as Unicode's CLDR writes it. Codes of one letter are left out: "ARG" is not a province.
    fn code_run_on(&self, country: Country, squeezed: &str) -> Option<Subdivision> {
        let local = squeezed.strip_prefix(&country.code().to_lowercase())?;
        self.by_code.get(local).filter(|_| local.len() > 1).copied()
    }
}

static CATALOG: LazyLock<HashMap<&'static str, Known>> =
    LazyLock::new(|| Country::all().map(|country| (country.code(), catalog_of(country))).collect());

fn catalog_of(country: Country) -> Known {
    let mut known = Known::default();
    let (mut named, mut with_kind) = (Vec::new(), Vec::new());
    for (code, name, kind) in iso_subdivisions(country) {
        let local = code.split_once('-').map_or(code, |(_, local)| local);
        let place = Subdivision { code, name };
        known.by_code.insert(local.to_lowercase(), place);
        named.extend(written_forms(name).into_iter().map(|form| (form, rank(kind), place)));
        with_kind.push((format!("{name} {kind}"), 0, place));
    }
    for &(province, community) in SAME_PLACE {
        let same = known.by_code.values().find(|place| place.code == community).copied();
        if let Some(same) = same {
            known.by_code.values_mut().filter(|place| place.code == province).for_each(|place| *place = same);
            named.iter_mut().filter(|(_, _, place)| place.code == province).for_each(|(_, _, place)| *place = same);
        }
    }
    known.bare = largest_of_each(named.iter().map(|(name, rank, place)| (bare(country, name), *rank, *place)));
    named.append(&mut with_kind);
    known.full = largest_of_each(named.iter().map(|(name, rank, place)| (squeeze(name), *rank, *place)));
    for (place, other) in other_names(country, &known) {
        known.full.insert(squeeze(other), place);
        known.bare.entry(bare(country, other)).or_insert(place);
    }
    known
}

/// Code, name and kind.
fn iso_subdivisions(country: Country) -> Vec<(&'static str, &'static str, &'static str)> {
    let iso = rust_iso3166::ALL.iter().find(|c| c.alpha2 == country.code()).and_then(|c| c.subdivisions());
    let iso = iso.unwrap_or_default().iter().map(|s| (s.code, s.name, s.subdivision_type));
    let added = ADDED.iter().filter(|(of, _, _)| *of == country.code());
    iso.chain(added.map(|&(_, code, name)| (code, name, "County"))).collect()
}

/// Which of two places of one name the name means without more words: the lowest, the largest place. Only kinds
/// matter that share names somewhere.
fn rank(kind: &str) -> u8 {
    match kind {
        "District" | "Prefecture" | "Municipality" | "City" | "City with county rights" | "Urban municipality" => 1,
        "Rayon" | "Rural municipality" | "Geographical unit" => 2,
        _ => 0,
    }
}

/// The forms that ISO's name stands for: "Asturias, Principado de" is also "Principado de Asturias", "Bicol (Region V)"
/// also "Bicol", "Elgeyo/Marakwet" one of the two.
fn written_forms(name: &str) -> Vec<String> {
    let mut forms = vec![name.to_owned()];
    if let Some((place, kind)) = name.split_once(", ") {
        forms.push(format!("{kind} {place}"));
    }
    if let Some((before, _)) = name.split_once(" (") {
        forms.push(before.to_owned());
    }
    if name.contains(" / ") {
        forms.extend(name.split(" / ").map(str::to_owned));
    }
    forms
}

/// By name the largest place; none where two are equally large.
fn largest_of_each(named: impl Iterator<Item = (String, u8, Subdivision)>) -> HashMap<String, Subdivision> {
    let mut by_name: HashMap<String, Vec<(u8, Subdivision)>> = HashMap::new();
    for (name, rank, place) in named {
        by_name.entry(name).or_default().push((rank, place));
    }
    let largest = |places: &[(u8, Subdivision)]| {
        let rank = places.iter().map(|(rank, _)| *rank).min()?;
        let mut largest = places.iter().filter(|(r, _)| *r == rank).map(|(_, place)| *place);
        largest.next().filter(|first| largest.all(|next| next == *first))
    };
    by_name.into_iter().filter_map(|(name, places)| Some((name, largest(&places)?))).collect()
}

/// The table's rows of a country, without those whose code is not known.
fn other_names(country: Country, known: &Known) -> Vec<(Subdivision, &'static str)> {
    let rows = OTHER_NAMES.iter().find(|(code, _)| *code == country.code()).map_or("", |(_, rows)| rows);
    let rows = rows.split(';').filter_map(|row| row.split_once('='));
    let places = rows.filter_map(|(code, names)| Some((*known.by_code.get(&code.to_lowercase())?, names)));
    places.flat_map(|(place, names)| names.split('|').map(move |name| (place, name))).collect()
}

#[cfg(test)]
#[path = "subdivision_tests.rs"]
mod tests;
