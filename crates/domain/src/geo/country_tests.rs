use proptest::prelude::*;

use super::*;

fn code(text: &str) -> Option<&'static str> {
    Country::parse(text).map(Country::code)
}

#[test]
fn what_people_write_is_understood() {
    let same = [
        ("GB", "gb|GBR|United Kingdom|UK|u.k.|Great Britain|England|Scotland|Wales|Northern Ireland"),
        ("US", "us|USA|U.S.A.|U.S.|United States|the United States|United States of America|Estados Unidos"),
        ("KR", "South Korea|Korea, Republic of|Republic of Korea|KOREA|Korea (Republic of)|대한민국"),
        ("KP", "North Korea|Korea, Democratic People's Republic of|DPRK"),
        ("CZ", "Czech Republic|The Czech Republic|Czechia|Česko"),
        ("NL", "Holland|The Netherlands|Netherlands|Nederland|Netherlands (Kingdom of the)"),
        ("TR", "Turkey|Türkiye|turkiye|TURKIYE"),
        ("DE", "Deutschland|  germany  |Federal Republic of Germany|Allemagne"),
        ("CI", "Ivory Coast|Côte d'Ivoire|Cote d’Ivoire|COTE D'IVOIRE|Cote d Ivoire"),
        ("CD", "Congo, the Democratic Republic of the|Democratic Republic of Congo|DR Congo|Congo-Kinshasa"),
        ("CG", "Congo|Republic of the Congo|Congo-Brazzaville"),
        ("VN", "Vietnam|Viet Nam|VIETNAM|Việt Nam"),
        ("TW", "Taiwan|Taiwan, Province of China|Republic of China"),
        ("CN", "China|People's Republic of China|P.R. China|中国"),
        ("HK", "Hong Kong|Hongkong|Hong Kong SAR China"),
        ("MK", "Macedonia|North Macedonia|Macedonia, the former Yugoslav Republic of"),
        ("AE", "UAE|United Arab Emirates|The United Arab Emirates"),
        ("LC", "St. Lucia|Saint Lucia|ST LUCIA"),
        ("BA", "Bosnia & Herzegovina|Bosnia and Herzegovina"),
        ("IE", "Ireland|Republic of Ireland|Éire"),
        ("RU", "Russia|Russian Federation|Россия"),
        ("FM", "Micronesia, Federated States of|Micronesia"),
        ("VI", "Virgin Islands, U.S.|US Virgin Islands"),
        ("VG", "Virgin Islands, British|British Virgin Islands"),
        ("ST", "ST|Sao Tome and Principe"),
        ("GR", "EL|Greece|Ελλαδα"),
        ("SZ", "Swaziland|Eswatini"),
        ("MM", "Burma|Myanmar"),
        ("XK", "Kosovo|XK"),
    ];
    for (expected, texts) in same {
        for text in texts.split('|') {
            assert_eq!(code(text), Some(expected), "\"{text}\" is {expected}");
        }
    }
    for (expected, text) in [
        ("IR", "Iran"),
        ("SY", "Syria"),
        ("BO", "Bolivia"),
        ("VE", "Venezuela, Bolivarian Republic of"),
        ("TZ", "Tanzania"),
        ("LA", "Laos"),
        ("MD", "Moldova, Republic of"),
        ("MO", "Macau"),
        ("BN", "Brunei"),
        ("CV", "Cape Verde"),
        ("ES", "España"),
        ("ES", "Kingdom of Spain"),
        ("BS", "Bahamas, The"),
        ("GE", "Georgia"),
    ] {
        assert_eq!(code(text), Some(expected), "\"{text}\" is {expected}");
    }
}

#[test]
fn what_is_no_country_is_none() {
    for text in
        ["", " ", "EU", "XX", "T1", "ZZ", "AP", "A1", "?", "**", "Europe", "EMEA", "California", "Virgin Islands"]
    {
        assert_eq!(code(text), None, "\"{text}\" is no country");
    }
    assert_eq!(code(&"Germany".repeat(1000)), None);
}

#[test]
fn the_name_shown_is_the_one_in_use() {
    let shown = |text| Country::parse(text).map(|c| c.to_string());
    assert_eq!(shown("KR").as_deref(), Some("South Korea"));
    assert_eq!(shown("gb").as_deref(), Some("United Kingdom"));
    assert_eq!(shown("fr").as_deref(), Some("France"));
}

/// A name that two countries claim would be decided by the order of a table.
#[test]
fn every_code_and_name_of_a_country_is_that_country() {
    for (alpha2, alpha3, name) in iso_names() {
        for text in [alpha2, alpha3, name, &name.to_uppercase(), Country { code: alpha2 }.name()] {
            assert_eq!(code(text), Some(alpha2), "\"{text}\"");
        }
    }
    for (alpha2, name, others) in OTHER_NAMES {
        for text in others.split('|').chain([*name]).filter(|t| !t.is_empty()) {
            assert_eq!(code(text), Some(*alpha2), "\"{text}\"");
            assert_eq!(code(&format!(" the {} ", text.to_lowercase())), Some(*alpha2), "\"{text}\" in lower case");
        }
    }
}

#[test]
fn a_country_is_stored_as_its_code_and_read_from_any_name() {
    let read = |json: &str| serde_json::from_str::<Country>(json).map_err(|e| e.to_string());
    assert_eq!(serde_json::to_string(&Country::parse("Germany")).expect("is JSON"), "\"DE\"");
    assert_eq!(read("\"Deutschland\""), Ok(Country { code: "DE" }));
    assert_eq!(
        read("\"Atlantis\"").expect_err("no country"),
        "\"Atlantis\" is no country: give its name or its ISO code, such as Germany or DE"
    );
}

proptest! {
    #[test]
    fn any_text_is_looked_at_without_a_panic(text in any::<String>()) {
        let _ = Country::parse(&text);
    }

    #[test]
    fn noise_around_a_name_does_not_matter(
        country in prop::sample::select(Country::all().collect::<Vec<_>>()),
        before in "[ \t.,]{0,3}(the )?",
        after in "[ .,]{0,3}",
        upper in any::<bool>(),
    ) {
        let name = if upper { country.name().to_uppercase() } else { country.name().to_lowercase() };
        prop_assert_eq!(Country::parse(&format!("{before}{name}{after}")), Some(country));
    }
}
