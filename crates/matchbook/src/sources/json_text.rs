//! JSON as others write it, made fit for a strict parser: what stands in a field that nobody reads must not cost the whole
//! delivery.

use std::borrow::Cow;

/// U+FFFD as an escape.
const REPLACEMENT: &[u8] = br"\uFFFD";

/// The same document, except that half a surrogate pair becomes U+FFFD, and a number too large for a double becomes the text
/// of it. What is no JSON stays none.
pub(super) fn lenient(body: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Vec::new();
    let (mut kept, mut at) = (0, 0);
    let mut in_text = false;
    while let Some(&byte) = body.get(at) {
        let rest = &body[at..];
        let (length, new) = match (in_text, byte) {
            (true, b'\\') => escape(rest),
            (false, b'-' | b'0'..=b'9') => number(rest),
            (_, b'"') => {
                in_text = !in_text;
                (1, None)
            }
            _ => (1, None),
        };
        if let Some(new) = new {
            mended.extend_from_slice(&body[kept..at]);
            mended.extend_from_slice(&new);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(body);
    }
    mended.extend_from_slice(&body[kept..]);
    Cow::Owned(mended)
}

/// The length of the escape that this begins with, both halves of a pair together, and what stands for it if it is half a
/// pair.
fn escape(text: &[u8]) -> (usize, Option<Vec<u8>>) {
    match (unit(text), unit(text.get(6..).unwrap_or_default())) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, None),
        (Some(0xD800..=0xDFFF), _) => (6, Some(REPLACEMENT.to_vec())),
        (Some(_), _) => (6, None),
        (None, _) => (2.min(text.len()), None),
    }
}

/// The UTF-16 unit of an escape such as `\u00e9`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
}

/// The length of the number that this begins with, and its text if it is too large.
fn number(text: &[u8]) -> (usize, Option<Vec<u8>>) {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let number = &text[..text.iter().take_while(is_part).count()];
    let value = std::str::from_utf8(number).ok().and_then(|number| number.parse::<f64>().ok());
    let is_too_large = value.is_some_and(f64::is_infinite);
    (number.len(), is_too_large.then(|| [b"\"", number, b"\""].concat()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_slice(&lenient(text.as_bytes())).expect("it is JSON now")
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        for (text, expected) in [
            (r#""a\ud83cb""#, "a\u{fffd}b"),
            (r#""\udf89""#, "\u{fffd}"),
            (r#""\ud83c\ud83c\udf89""#, "\u{fffd}\u{1f389}"),
            (r#""\ud83c\n""#, "\u{fffd}\n"),
            (r#""\uD83C\uDF89 \u00e9""#, "\u{1f389} é"),
            (r#""\\ud83c""#, "\\ud83c"),
            (r#""\"\ud83c""#, "\"\u{fffd}"),
        ] {
            assert_eq!(read(text), json!(expected), "{text}");
        }
    }

    #[test]
    fn a_number_too_large_becomes_text_and_others_stay() {
        assert_eq!(
            read(r#"{"price": 1e999999, "low": -1E+400, "text": "1e999 \" 1e999", "some": [1.5e3, -0, 7]}"#),
            json!({"price": "1e999999", "low": "-1E+400", "text": "1e999 \" 1e999", "some": [1500.0, -0.0, 7]})
        );
    }

    proptest! {
        #[test]
        fn what_can_be_read_already_is_left_alone(text in "\\PC{0,40}", number in any::<f64>()) {
            let body = json!({"a": text, text.clone(): [number, null, {"b": text}]}).to_string();
            prop_assert_eq!(lenient(body.as_bytes()), body.as_bytes());
        }

        #[test]
        fn any_bytes_never_panic(body in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\\'), Just(b'u'), Just(b'd'), Just(b'"')], 0..60)) {
            let _ = lenient(&body);
        }
    }
}
