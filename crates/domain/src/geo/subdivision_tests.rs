use proptest::prelude::*;

use super::*;

fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

fn code(of: &str, text: &str) -> Option<&'static str> {
    Subdivision::parse(country(of), text).map(Subdivision::code)
}

fn same(of: &str, one: &str, another: &str) -> bool {
    let region = |text| Region::of(country(of), text).expect("not blank");
    region(one).is_same(&region(another))
}

#[test]
fn names_and_codes_are_the_same_thing() {
    let cases = [
        ("US-CA", "US-CA|us-ca|US_CA|USCA|CA|ca|California|CALIFORNIA|State of California|Calif."),
        ("US-DC", "DC|D.C.|District of Columbia|Washington, D.C.|Washington DC"),
        ("US-WA", "Washington|Washington State|State of Washington"),
        ("US-NY", "NY|N.Y.|New York|New York State|New  York"),
        ("DE-BY", "DE-BY|BY|Bayern|Bavaria|Freistaat Bayern|Land Bayern|State of Bavaria"),
        ("DE-HH", "Hamburg|Freie und Hansestadt Hamburg"),
        ("DE-BW", "Baden-Württemberg|Baden Wurttemberg|Baden-Wuerttemberg"),
        ("DE-NW", "NRW|Nordrhein-Westfalen|North Rhine-Westphalia"),
        ("FR-IDF", "IDF|Île-de-France|Ile de France|ILE-DE-FRANCE|Région Île-de-France"),
        ("FR-PAC", "Provence-Alpes-Côte d'Azur|PACA|Provence-Alpes-Cote-d’Azur"),
        ("FR-75C", "Paris|75"),
        ("CH-ZH", "ZH|Zürich|Zurich|Canton of Zurich|Kanton Zürich|Canton de Zurich"),
        ("CH-GE", "Genève|Geneva|Genf"),
        ("GB-ENG", "England|GB-ENG|ENG"),
        ("GB-SCT", "Scotland|SCT"),
        ("GB-WLS", "Wales|Cymru"),
        ("GB-NIR", "Northern Ireland|NIR"),
        ("GB-EDH", "Edinburgh|City of Edinburgh"),
        ("ES-MD", "Madrid|Comunidad de Madrid|MD|M|Community of Madrid"),
        ("ES-AS", "Asturias|Principado de Asturias|Asturias, Principado de|O"),
        ("ES-RI", "La Rioja|Comunidad de La Rioja|RI"),
        ("ES-CT", "Catalonia|Cataluña|Catalunya"),
        ("IT-25", "Lombardia|Lombardy|Regione Lombardia"),
        ("IT-MI", "Milano|Milan|Provincia di Milano|MI"),
        ("SE-AB", "Stockholms län|Stockholm|Stockholm County|AB"),
        ("JP-13", "Tokyo|Tokyo-to|東京|東京都|13|Tōkyō"),
        ("JP-01", "Hokkaido|Hokkaidō|01|1"),
        ("AT-9", "Wien|Vienna|9|09"),
        ("KR-11", "Seoul|Seoul-teukbyeolsi|서울"),
        ("CN-GD", "Guangdong|Guangdong Sheng|Guangdong Province|广东|44"),
        ("MX-CMX", "Mexico City|CDMX|Ciudad de México|DF"),
        ("MX-MEX", "Estado de México|México|State of Mexico|ME"),
        ("AR-C", "CABA|Ciudad Autónoma de Buenos Aires|Buenos Aires City"),
        ("AR-B", "Buenos Aires|Provincia de Buenos Aires"),
        ("IN-OD", "Odisha|Orissa|OR"),
        ("IN-TN", "Tamil Nadu|Tamil Nādu|TN"),
        ("CA-QC", "Québec|Quebec|QC|Province of Quebec"),
        ("BE-BRU", "Brussels|Région de Bruxelles-Capitale|Brussels-Capital Region"),
        ("IE-CO", "Cork|County Cork|Co. Cork"),
        ("NO-31", "Østfold|31"),
        ("TW-CYI", "Chiayi City"),
        ("BD-C", "Dhaka"),
        ("RU-MOS", "Moscow Oblast|MOS"),
        ("RU-MOW", "Moscow|Moskva"),
        ("UA-32", "Kyiv Oblast"),
        ("UA-30", "Kyiv"),
        ("BR-SP", "São Paulo|Sao Paulo|Estado de São Paulo|SP"),
        ("AU-NSW", "NSW|New South Wales"),
        ("VN-SG", "Ho Chi Minh City|Hồ Chí Minh"),
        ("AE-DU", "Dubai|Emirate of Dubai"),
    ];
    for (expected, texts) in cases {
        for text in texts.split('|') {
            assert_eq!(code(&expected[..2], text), Some(expected), "\"{text}\" in {}", &expected[..2]);
        }
    }
}

#[test]
fn what_is_not_in_the_country_is_none() {
    for (of, text) in
        [("DE", "US-CA"), ("DE", "California"), ("US", ""), ("US", "?"), ("US", "EMEA"), ("AR", "ARG"), ("SG", "ZZ")]
    {
        assert_eq!(code(of, text), None, "\"{text}\" is nothing in {of}");
    }
}

#[test]
fn unknown_regions_are_the_same_if_their_texts_are() {
    assert!(same("US", "CA", "California") && same("DE", "Bavaria", "Bayern"));
    assert!(!same("US", "CA", "CO"));
    assert!(same("HK", "Kowloon", "KOWLOON "), "Hong Kong has no ISO subdivisions");
    assert!(same("GB", "West Midlands", "West Midlands Region"));
    assert!(!same("GB", "West Midlands", "Kent"));
    let georgia = |of| Region::of(country(of), "Springfield").expect("not blank");
    assert!(!georgia("US").is_same(&georgia("GB")), "the country counts");
    assert_eq!(Region::of(country("US"), " - "), None);
}

#[test]
fn a_region_keeps_what_was_written_and_shows_what_it_is() {
    let region = Region::of(country("DE"), " BY ").expect("not blank");
    assert_eq!((region.text.as_str(), region.to_string().as_str()), ("BY", "Bayern"));
    let json = serde_json::to_string(&region).expect("is JSON");
    assert_eq!(json, r#"{"country":"DE","code":"DE-BY","text":"BY"}"#);
    assert_eq!(serde_json::from_str::<Region>(&json).expect("reads back"), region);
    assert!(serde_json::from_str::<Subdivision>("\"US-XX\"").is_err());
}

#[test]
fn every_code_is_its_subdivision_and_every_name_too_or_a_larger_namesake() {
    for country in Country::all() {
        for (code, name, _) in iso_subdivisions(country) {
            let canonical = SAME_PLACE.iter().find(|(province, _)| *province == code).map_or(code, |(_, same)| same);
            let parsed = |text: &str| Subdivision::parse(country, text);
            assert_eq!(parsed(code).map(Subdivision::code), Some(canonical), "{code}");
            assert_eq!(parsed(&code[3..]).map(Subdivision::code), Some(canonical), "{code} without its country");
            let found = parsed(name).unwrap_or_else(|| panic!("{code} {name} is not found"));
            let namesake = written_forms(found.name).iter().any(|form| squeeze(form) == squeeze(name));
            assert!(found.code == canonical || namesake, "{code} {name} is taken for {found:?}");
        }
    }
}

#[test]
fn every_other_name_is_its_subdivision() {
    for (of, rows) in OTHER_NAMES {
        for row in rows.split(';') {
            let (local, names) = row.split_once('=').expect("code=names");
            let expected = code(of, local);
            assert!(expected.is_some_and(|code| code.ends_with(&format!("-{local}"))), "{of}-{local} is a code");
            for name in names.split('|') {
                assert_eq!(code(of, name), expected, "\"{name}\" in {of}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_looked_at_without_a_panic(
        country in prop::sample::select(Country::all().collect::<Vec<_>>()),
        text in any::<String>(),
    ) {
        let _ = Subdivision::parse(country, &text);
        if let Some(region) = Region::of(country, &text) {
            prop_assert!(region.is_same(&region));
        }
    }
}
