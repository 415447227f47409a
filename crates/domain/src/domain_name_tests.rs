use super::*;

/// The Public Suffix List's own test file (public domain): `checkPublicSuffix(name, registrable)`.
const VECTORS: &str = include_str!("../data/test_psl.txt");

#[test]
fn the_registrable_part_is_that_of_the_public_suffix_list() {
    let mut checked = 0;
    for line in VECTORS.lines().filter_map(|line| line.strip_prefix("checkPublicSuffix(")) {
        let (name, wanted) = line.trim_end_matches(");").split_once(", ").expect("two arguments");
        let text = |quoted: &str| quoted.strip_prefix('\'').map(|rest| rest.trim_end_matches('\'').to_owned());
        let Some(name) = text(name) else { continue };
        let wanted = text(wanted).map(|wanted| idna::domain_to_ascii(&wanted).expect("a name"));
        let found = DomainName::parse(&name);
        let registrable = found.as_ref().and_then(DomainName::registrable);
        assert_eq!(registrable, wanted.as_deref(), "{name}");
        checked += 1;
    }
    assert!(checked > 70, "only {checked} vectors were read");
}
