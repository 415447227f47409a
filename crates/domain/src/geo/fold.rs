//! Texts made comparable: without case, accents, punctuation or runs of spaces.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Letters with marks, in lower case, by the plain letters that people type for them.
const PLAIN: [(&str, &str); 45] = [
    ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặəǝ"),
    ("ae", "æ"),
    ("b", "ḃḅḇ"),
    ("c", "çćĉċčḉ"),
    ("d", "ďḋḍḏḑḓðđ"),
    ("dz", "ǆǳ"),
    ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ"),
    ("f", "ḟ"),
    ("g", "ĝğġģǧǵḡ"),
    ("h", "ĥȟḣḥḧḩḫẖħ"),
    ("i", "ìíîïĩīĭįǐȉȋḭḯỉịı"),
    ("ij", "ĳ"),
    ("j", "ĵǰ"),
    ("k", "ķǩḱḳḵĸ"),
    ("l", "ĺļľḷḹḻḽł"),
    ("lj", "ǉ"),
    ("m", "ḿṁṃ"),
    ("n", "ñńņňǹṅṇṉṋŋ"),
    ("nj", "ǌ"),
    ("o", "òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợø"),
    ("oe", "œ"),
    ("p", "ṕṗ"),
    ("r", "ŕŗřȑȓṙṛṝṟ"),
    ("s", "śŝşšſșṡṣṥṧṩẛ"),
    ("ss", "ß"),
    ("t", "ţťțṫṭṯṱẗŧ"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
    ("v", "ṽṿ"),
    ("w", "ŵẁẃẅẇẉẘ"),
    ("x", "ẋẍ"),
    ("y", "ýÿŷȳẏẙỳỵỷỹ"),
    ("z", "źżžẑẓẕ"),
    ("α", "ά"),
    ("ε", "έ"),
    ("η", "ή"),
    ("ι", "ίϊΐ"),
    ("ο", "ό"),
    ("σ", "ς"),
    ("υ", "ύϋΰ"),
    ("ω", "ώ"),
    ("е", "ё"),
    ("и", "й"),
    ("і", "ї"),
    ("'", "‘’ʻʼ`´"),
];

/// [`PLAIN`] by the letter with its mark.
static PLAIN_OF: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
    let letters = PLAIN.iter().flat_map(|&(plain, marked)| marked.chars().map(move |letter| (letter, plain)));
    letters.collect()
});

/// Without case, accents and runs of spaces: "  São  PAULO " is "sao paulo". Punctuation stays.
pub(super) fn fold_text(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            c if c.is_whitespace() => folded.push(' '),
            c if c.is_control() || is_combining_mark(c) => {}
            c if c.is_ascii() => folded.push(c),
            c => match PLAIN_OF.get(&c) {
                Some(plain) => folded.push_str(plain),
                None => folded.push(c),
            },
        }
    }
    one_space(&folded)
}

/// As [`fold_text`], and without punctuation: "Provence-Alpes-Côte d'Azur" is "provence alpes cote dazur".
pub(super) fn fold_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in fold_text(name).chars() {
        match c {
            '\'' => {}
            '&' => folded.push_str(" and "),
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    one_space(&folded)
}

/// As [`fold_name`], and without spaces, so that "Viet Nam" and "Vietnam", "U.S.A." and "USA" are one.
pub(super) fn squeeze(name: &str) -> String {
    fold_name(name).replace(' ', "")
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The marks that stand after their letter in decomposed Unicode.
fn is_combining_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_case_accents_and_runs_of_spaces() {
        assert_eq!(fold_text("  São\u{a0} PAULO "), "sao paulo");
        assert_eq!(fold_text("E\u{301}cosse"), "ecosse", "a mark that follows its letter counts, too");
        assert_eq!(fold_text("İstanbul ŁÓDŹ Straße"), "istanbul lodz strasse");
        assert_eq!(fold_text("Tier-1"), "tier-1", "punctuation may tell two values apart");
    }

    #[test]
    fn names_lose_punctuation_too() {
        assert_eq!(fold_name("Provence-Alpes-Côte d’Azur"), "provence alpes cote dazur");
        assert_eq!(fold_name("Trinidad & Tobago"), "trinidad and tobago");
        assert_eq!(squeeze("U.S.A."), "usa");
    }
}
