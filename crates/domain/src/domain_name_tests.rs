use proptest::prelude::*;

use super::*;

/// The Public Suffix List's own test file (public domain): `checkPublicSuffix(name, registrable)`.
const VECTORS: &str = include_str!("../data/test_psl.txt");

/// Websites and domains as people type them. Its head says what the columns are.
const BASE_LABELS: &str = include_str!("../data/base_labels.tsv");

/// The two arguments of a vector; `None` for lines that are no vector.
fn vector(line: &str) -> Option<(Option<&str>, Option<&str>)> {
    let (name, registrable) = line.strip_prefix("checkPublicSuffix(")?.strip_suffix(");")?.split_once(", ")?;
    Some((unquoted(name), unquoted(registrable)))
}

fn unquoted(argument: &str) -> Option<&str> {
    argument.strip_prefix('\'')?.strip_suffix('\'')
}

#[test]
fn the_registrable_part_is_that_of_the_public_suffix_list() {
    let (mut with_domain, mut without, mut null) = (0, 0, 0);
    for (name, wanted) in VECTORS.lines().filter_map(vector) {
        // The null input is no text: there is nothing to read.
        let Some(name) = name else {
            null += 1;
            continue;
        };
        let wanted = wanted.map(|wanted| idna::domain_to_ascii(wanted).expect("a name"));
        let found = DomainName::parse(name);
        assert_eq!(found.as_ref().and_then(DomainName::registrable), wanted.as_deref(), "{name}");
        *(if wanted.is_some() { &mut with_domain } else { &mut without }) += 1;
    }
    assert_eq!((with_domain, without, null), (52, 25, 1), "vectors with a registrable domain, without one, and null");
}

#[test]
fn the_vectors_that_are_left_out_are_those_that_the_list_comments_out() {
    let other = |line: &&str| vector(line).is_none() && !line.is_empty();
    let (commented, rest): (Vec<&str>, Vec<&str>) =
        VECTORS.lines().filter(other).partition(|line| line.starts_with("//checkPublicSuffix('"));
    assert_eq!(commented.len(), 4, "`local` is listed, but is no suffix of the Internet: {commented:?}");
    assert!(rest.iter().all(|line| line.starts_with("// ")), "only remarks are no vectors: {rest:?}");
}

/// The lines of [`BASE_LABELS`] without its remarks.
fn lines() -> impl Iterator<Item = &'static str> {
    BASE_LABELS.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

#[test]
fn websites_as_people_type_them_have_the_base_label_that_they_should_have() {
    let wrong: Vec<String> = lines().filter_map(fault_of).collect();
    assert!(wrong.is_empty(), "{} lines are read otherwise:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(lines().count(), 272, "lines in base_labels.tsv");
}

/// What is wrong with how a line is read, if anything.
fn fault_of(line: &str) -> Option<String> {
    let [text, registrable, label] = line.split('\t').collect::<Vec<_>>()[..] else {
        return Some(format!("{line:?} has not three columns"));
    };
    let domain = DomainName::of_website(&unescaped(text));
    let found = domain.as_ref().and_then(DomainName::registrable).unwrap_or("-");
    let found_label = match domain.as_ref().map(DomainName::base_label) {
        None => "not_a_domain",
        Some(Ok(label)) => label,
        Some(Err(NotFuzzy::PrivateSuffix)) => "private_suffix",
        Some(Err(NotFuzzy::PublicSuffix)) => "public_suffix",
        Some(Err(NotFuzzy::ShortLabel)) => "short_label",
    };
    let right = (found, found_label) == (registrable, label);
    (!right).then(|| format!("{text:?} should be {registrable} / {label}, is {found} / {found_label}"))
}

/// The text of a line of data: `\u{..}` in it stands for that character.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split(r"\u{");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('}').expect("a code ends");
        let code = u32::from_str_radix(code, 16).expect("a code is hexadecimal");
        whole.push(char::from_u32(code).expect("a code is a character's"));
        whole.push_str(rest);
    }
    whole
}

/// Names are stored in traces, and answers are kept under them: read back, they must be the same.
fn reads_as_itself(domain: &DomainName) -> Result<(), TestCaseError> {
    let read = DomainName::of_website(domain.as_str());
    prop_assert_eq!(read.as_ref(), Some(domain));
    for spelling in domain.spellings() {
        let read = DomainName::parse(&spelling);
        prop_assert_eq!(read.as_ref(), Some(domain), "spelled {}", spelling);
    }
    Ok(())
}

#[test]
fn every_name_of_the_data_reads_as_itself() {
    for text in lines().filter_map(|line| line.split('\t').next()) {
        if let Some(domain) = DomainName::of_website(&unescaped(text)) {
            reads_as_itself(&domain).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        }
    }
}

proptest! {
    #[test]
    fn every_name_of_a_website_reads_as_itself(
        text in r"(http://|https:\\\\|//)?([a-c]@)?(www\.|WWW\.|ß\.){0,3}(acme|www|[a-cäß_-]{1,4})\.(com|co\.uk|ck|github\.io)[.:/]{0,2}",
    ) {
        if let Some(domain) = DomainName::of_website(&text) {
            reads_as_itself(&domain)?;
        }
    }

    #[test]
    fn every_name_in_any_text_reads_as_itself(text in any::<String>()) {
        if let Some(domain) = DomainName::of_website(&text) {
            prop_assert!(domain.as_str().contains('.') && domain.as_str().is_ascii(), "{}", domain);
            reads_as_itself(&domain)?;
        }
    }
}
