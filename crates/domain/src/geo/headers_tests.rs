use proptest::prelude::*;

use super::*;

/// Where the browser is, by headers as `name: value` lines.
fn place(key: &str, lines: &[(&str, &str)]) -> Geo {
    let headers = GeoHeaders::from_key(key).expect("a provider");
    read(&headers, |name| lines.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value))
}

fn geo(country: &str, region: &str, city: &str, postal_code: &str) -> Geo {
    Geo::of(Country::parse(country), Some(region), Some(city), Some(postal_code))
}

#[test]
fn each_provider_is_read_by_its_own_names() {
    let cloudflare = [
        ("cf-ipcountry", "US"),
        ("cf-region", "Texas"),
        ("cf-region-code", "TX"),
        ("cf-ipcity", "Austin"),
        ("cf-postal-code", "78701"),
    ];
    assert_eq!(place("cloudflare", &cloudflare), geo("US", "TX", "Austin", "78701"));
    assert!(place("vercel", &cloudflare).is_empty(), "another provider's headers are not read");

    let vercel = [
        ("x-vercel-ip-country", "BR"),
        ("x-vercel-ip-country-region", "SP"),
        ("x-vercel-ip-city", "S%C3%A3o%20Paulo"),
        ("x-vercel-ip-postal-code", "01000"),
    ];
    assert_eq!(place("vercel", &vercel), geo("BR", "SP", "São Paulo", "01000"));

    let cloudfront = [
        ("CloudFront-Viewer-Country", "US"),
        ("CloudFront-Viewer-Country-Region", "MI"),
        ("CloudFront-Viewer-Country-Region-Name", "Michigan"),
        ("CloudFront-Viewer-City", "Ann Arbor"),
        ("CloudFront-Viewer-Postal-Code", "48105"),
    ];
    assert_eq!(place("cloudfront", &cloudfront), geo("US", "MI", "Ann Arbor", "48105"));

    let app_engine =
        [("X-Appengine-Country", "US"), ("X-Appengine-Region", "ca"), ("X-Appengine-City", "mountain view")];
    assert_eq!(place("app_engine", &app_engine), geo("US", "ca", "mountain view", ""));

    let fastly = [
        ("client-geo-country", "JP"),
        ("client-geo-region", "13"),
        ("client-geo-city", "tokyo"),
        ("client-geo-postal-code", "100-0001"),
    ];
    assert_eq!(place("fastly", &fastly), geo("JP", "13", "tokyo", "100-0001"));
    assert!(place("fly", &[("Fly-Region", "ams"), ("Fly-Client-IP", "192.0.2.1")]).is_empty());
}

#[test]
fn configured_names_are_read_and_no_others() {
    let names = HeaderNames { country: Some("X-Country".into()), city: Some("X-City".into()), ..Default::default() };
    let lines = [("X-Country", "Germany"), ("X-City", "Köln"), ("X-Region", "NW"), ("", "nobody")];
    let found = read(&GeoHeaders::Custom(names), |name| lines.iter().find(|(n, _)| *n == name).map(|(_, v)| *v));
    assert_eq!(found, geo("DE", "", "Köln", ""));
    assert!(place("custom", &[("", "DE")]).is_empty(), "no names, nothing read");
}

#[test]
fn unknown_is_none() {
    for country in ["XX", "T1", "ZZ", "?", "", "**", "EU", "<script>"] {
        assert!(place("cloudflare", &[("cf-ipcountry", country)]).is_empty(), "country {country:?}");
    }
    let nowhere = [("X-Appengine-Country", "ZZ"), ("X-Appengine-Region", "?"), ("X-Appengine-City", "?")];
    assert!(place("app_engine", &nowhere).is_empty());
    let aland = [("client-geo-country", "AX"), ("client-geo-region", "NO REGION"), ("client-geo-city", "?")];
    assert_eq!(place("fastly", &aland), geo("AX", "", "", ""));
    let zanzan = [("cf-ipcountry", "CI"), ("cf-region-code", "ZZ")];
    assert_eq!(place("cloudflare", &zanzan), geo("CI", "ZZ", "", ""), "Ivory Coast has a district ZZ");
}

#[test]
fn a_region_code_that_iso_dropped_gives_way_to_the_name() {
    let lines = [("cf-ipcountry", "FR"), ("cf-region-code", "Q9"), ("cf-region", "Normandie")];
    assert_eq!(place("cloudflare", &lines).region.as_deref(), Some("Normandie"));
    let unknown = [("cf-ipcountry", "HK"), ("cf-region-code", "K"), ("cf-region", "Kowloon")];
    assert_eq!(place("cloudflare", &unknown).region.as_deref(), Some("Kowloon"));
}

#[test]
fn cities_are_read_however_they_are_encoded() {
    let city = |value: &str| place("cloudflare", &[("cf-ipcity", value)]).city;
    for value in ["São Paulo", "SÃ£o Paulo", r"S\u00c3\u00a3o Paulo", r"S\xc3\xa3o Paulo", "S%C3%A3o%20Paulo"] {
        assert_eq!(city(value).as_deref(), Some("São Paulo"), "from {value:?}");
    }
    assert_eq!(city("Žilina").as_deref(), Some("Žilina"));
    assert_eq!(city("Z\u{fc}rich").as_deref(), Some("Zürich"), "real Latin-1 stays");
    for odd in ["100% Real", "%zz", "%", "%4", "%FF", r"a\b", r"\u00", r"\x4", r"\u00é"] {
        assert_eq!(city(odd).as_deref(), Some(odd), "what is no encoding stays as it is");
    }
    assert_eq!(city("Par\u{7}is%00%0A").as_deref(), Some("Paris"), "control characters are dropped");
    assert_eq!(city(&"a".repeat(5000)).map(|c| c.len()), Some(128));
}

#[test]
fn keys_are_what_configuration_has() {
    for key in ["cloudflare", "vercel", "cloudfront", "fastly", "fly", "app_engine"] {
        let headers = GeoHeaders::from_key(key).expect(key);
        assert_eq!(headers.key(), key);
        assert_eq!(headers.provider().map(|p| p.key), Some(key), "{key} has a row");
        assert_eq!(serde_json::to_string(&headers).expect("is JSON"), format!("\"{key}\""));
        assert_eq!(serde_json::from_str::<GeoHeaders>(&format!("\"{key}\"")).expect(key), headers);
    }
    assert_eq!(GeoHeaders::from_key("akamai"), None);
    let custom: GeoHeaders = serde_json::from_str(r#"{"custom":{"country":"X-Country"}}"#).expect("is custom");
    let names = HeaderNames { country: Some("X-Country".into()), ..Default::default() };
    assert_eq!(custom, GeoHeaders::Custom(names));
    assert_eq!(custom.provider(), None);
}

proptest! {
    #[test]
    fn any_value_is_read_without_a_panic_and_comes_out_clean(
        key in prop::sample::select(PROVIDERS.iter().map(|p| p.key).collect::<Vec<_>>()),
        value in prop_oneof![any::<String>(), "[%\\\\ux0-9a-fA-FÃ£\u{0}]{0,20}"],
    ) {
        let headers = GeoHeaders::from_key(key).expect("a provider");
        let found = read(&headers, |_| Some(&value));
        for text in [found.region, found.city, found.postal_code].into_iter().flatten() {
            prop_assert!(text.chars().count() <= 128 && !text.trim().is_empty() && !text.chars().any(char::is_control));
        }
    }
}

#[test]
fn a_setting_is_a_product_or_names_and_else_the_error_says_what_may_be_written() {
    assert_eq!(GeoHeaders::parse(" cloudflare "), Ok(GeoHeaders::Cloudflare));
    let names =
        HeaderNames { country: Some("X-C".into()), postal_code: Some("x_zip".into()), ..HeaderNames::default() };
    assert_eq!(GeoHeaders::parse("country=X-C, postal_code = x_zip"), Ok(GeoHeaders::Custom(names)));
    for (text, error) in [
        ("custom", "write one of cloudflare, vercel, cloudfront, fastly, fly, app_engine, or names"),
        ("", "write one of"),
        ("planet=X", "\"planet\" is unknown; there are country"),
        ("country=", "\"\" is no name of a header"),
        ("country=a b", "\"a b\" is no name of a header"),
        ("country=A,country=B", "country is named twice"),
        ("country=A,city", "\"city\" names no header"),
    ] {
        let said = GeoHeaders::parse(text).expect_err(text);
        assert!(said.starts_with(error), "{text}: {said}");
    }
}
