use super::*;

fn geo(country: &str, region: &str, city: &str, postal_code: &str) -> Geo {
    Geo::of(Country::parse(country), Some(region), Some(city), Some(postal_code))
}

/// A table as an admin writes it: country, region, city, postal prefix, value.
fn table(rows: &[[&str; 5]]) -> SubRegionTable {
    let row = |[country, region, city, postal, value]: &[&str; 5]| SubRegionRow {
        country: Country::parse(country),
        region: (*region).to_owned(),
        city: (*city).to_owned(),
        postal_prefix: (*postal).to_owned(),
        value: (*value).to_owned(),
    };
    SubRegionTable { rows: rows.iter().map(row).collect() }
}

#[test]
fn the_most_specific_row_decides() {
    let table = table(&[
        ["", "", "", "", "Everywhere else"],
        ["DE", "", "", "", "DACH"],
        ["DE", "Bavaria", "", "", "South"],
        ["DE", "", "", "8", "Postal 8"],
        ["DE", "", "", "80", "Postal 80"],
        ["DE", "Bayern", "München", "", "Munich"],
        ["DE", "", "", "80", "too late"],
        ["", "", "Saint-Denis", "", "Any Saint-Denis"],
        ["FR", "", "", "", " "],
    ]);
    let value = |place: Geo| table.lookup(&place).map(str::to_owned);
    assert_eq!(value(geo("DE", "BY", "MUNCHEN", "80331")).as_deref(), Some("Munich"), "three columns beat two");
    assert_eq!(value(geo("DE", "", "", "80 331")).as_deref(), Some("Postal 80"), "the longer prefix, the first of two");
    assert_eq!(value(geo("DE", "", "", "81000")).as_deref(), Some("Postal 8"));
    assert_eq!(value(geo("DE", "DE-BY", "Augsburg", "")).as_deref(), Some("South"), "Bavaria is DE-BY");
    assert_eq!(value(geo("DE", "HH", "Hamburg", "")).as_deref(), Some("DACH"));
    assert_eq!(value(geo("RE", "", "saint denis", "")).as_deref(), Some("Any Saint-Denis"));
    assert_eq!(value(geo("FR", "", "", "")).as_deref(), Some("Everywhere else"), "a row without value is passed over");
    assert_eq!(value(Geo::default()).as_deref(), Some("Everywhere else"));
    assert_eq!(SubRegionTable::default().lookup(&geo("DE", "", "", "")), None);
}

#[test]
fn an_answer_wins_then_the_table_then_the_place() {
    let place = geo("US", "CA", "San Jose", "95112");
    let west = table(&[["US", "California", "", "", "West"]]);
    assert_eq!(sub_region(Some(" East "), &west, &place), [(SubRegionSource::Answer, "East".to_owned())]);
    assert_eq!(sub_region(Some("  "), &west, &place), [(SubRegionSource::Table, "West".to_owned())]);
    let of_place = sub_region(None, &SubRegionTable::default(), &place);
    let expected =
        [(SubRegionSource::City, "San Jose"), (SubRegionSource::Region, "CA"), (SubRegionSource::PostalCode, "95112")];
    assert_eq!(of_place, expected.map(|(source, text)| (source, text.to_owned())));
    assert!(sub_region(None, &SubRegionTable::default(), &Geo::default()).is_empty());
}

#[test]
fn any_of_the_places_words_may_be_the_accounts() {
    let country = Country::parse("US");
    let place = sub_region(None, &SubRegionTable::default(), &geo("US", "CA", "San José", "K1A 0B1"));
    let by = |value: &str| equal_sub_region(&place, value, country).map(|(source, _)| *source);
    assert_eq!(by("SAN  JOSE"), Some(SubRegionSource::City));
    assert_eq!(by("California"), Some(SubRegionSource::Region), "CA is California");
    assert_eq!(by("k1a0b1"), Some(SubRegionSource::PostalCode));
    for other in ["Nevada", "", "-", "San"] {
        assert_eq!(by(other), None, "{other:?}");
    }
}

#[test]
fn labels_compare_as_texts() {
    let of = |source, text: &str| [(source, text.to_owned())];
    let country = Country::parse("US");
    let equal = |source, text, value| equal_sub_region(&of(source, text), value, country).is_some();
    assert!(equal(SubRegionSource::Table, "Tier-1  West", "tier-1 west"));
    assert!(!equal(SubRegionSource::Table, "NE", "Nebraska"), "a label of the table is no state's code");
    assert!(!equal(SubRegionSource::Table, "A+", "A-"));
    assert!(!equal(SubRegionSource::Answer, "+", "-"));
    assert!(equal(SubRegionSource::Answer, "CA", "California"), "a booker may answer with their state");
    assert!(equal_sub_region(&of(SubRegionSource::Answer, "A b"), "a.b", None).is_none());
}

#[test]
fn a_table_is_a_list_of_rows_in_configuration() {
    let json = r#"[{"country":"Germany","postal_prefix":"8","value":"South"},{"country":"","value":"Rest"}]"#;
    let read: SubRegionTable = serde_json::from_str(json).expect("is a table");
    assert_eq!(read, table(&[["DE", "", "", "8", "South"], ["", "", "", "", "Rest"]]));
    let written = serde_json::to_string(&read).expect("is JSON");
    assert_eq!(written, r#"[{"country":"DE","postal_prefix":"8","value":"South"},{"value":"Rest"}]"#);
    assert!(serde_json::from_str::<SubRegionTable>(r#"[{"contry":"DE","value":"x"}]"#).is_err());
}
