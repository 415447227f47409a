//! LIKE: `%` for any run of characters, `_` for one, the whole value, without regard to case (Salesforce facts 4.1).

use super::fold;

/// A pattern, ready to be tried on many values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Run,
    Any,
    One(char),
}

impl Pattern {
    /// Reads a pattern in which `\%`, `\_` and `\\` stand for the sign itself.
    pub(super) fn new(text: &str) -> Self {
        let folded = fold(text);
        let mut chars = folded.chars();
        let mut pieces = Vec::new();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '%' => Piece::Run,
                '_' => Piece::Any,
                '\\' => Piece::One(chars.next().unwrap_or('\\')),
                c => Piece::One(c),
            });
        }
        Pattern { pieces }
    }

    /// Whether the whole text fits. Takes time in proportion to text × pattern at worst.
    pub(super) fn matches(&self, text: &str) -> bool {
        if text.is_ascii() {
            // A scan of a large object spends its time here: no copy.
            let bytes = text.as_bytes();
            return self.fits(bytes.len(), |at| char::from(bytes[at].to_ascii_lowercase()));
        }
        let folded: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        self.fits(folded.len(), |at| folded[at])
    }

    fn fits(&self, length: usize, char_at: impl Fn(usize) -> char) -> bool {
        let (mut at, mut piece) = (0, 0);
        // Where the last `%` stands, and how much text it has taken so far.
        let mut run: Option<(usize, usize)> = None;
        while at < length {
            match self.pieces.get(piece) {
                Some(Piece::Run) => {
                    run = Some((piece, at));
                    piece += 1;
                    continue;
                }
                Some(Piece::Any) => {}
                Some(Piece::One(c)) if *c == char_at(at) => {}
                _ => {
                    let Some((start, taken)) = run else { return false };
                    run = Some((start, taken + 1));
                    (piece, at) = (start + 1, taken + 1);
                    continue;
                }
            }
            at += 1;
            piece += 1;
        }
        self.pieces[piece..].iter().all(|piece| *piece == Piece::Run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_values_without_regard_to_case() {
        for (pattern, text, fits) in [
            ("acme%", "Acme Ltd", true),
            ("acme", "Acme Ltd", false),
            ("%.COM%", "www.acme.com/about", true),
            ("a_c", "ABC", true),
            ("a_c", "abbc", false),
            ("%a%b%a", "xxabyba", true),
            ("%a%b%a", "xxabyb", false),
            (r"50\%", "50%", true),
            (r"50\%", "500", false),
            (r"a\_b", "axb", false),
            (r"a\\b", r"a\b", true),
            ("%", "", true),
            ("_", "", false),
            ("ä%", "Ärger", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn many_runs_end_soon() {
        let pattern = Pattern::new(&"%a".repeat(1000));
        assert!(!pattern.matches(&"a".repeat(999)));
    }
}
