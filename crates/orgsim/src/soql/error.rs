//! Refusals, in Salesforce's words and with its excerpt of the statement (Salesforce facts 3).

/// Why a query was refused, as REST says it with status 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Salesforce's error code (`INVALID_FIELD`).
    pub code: &'static str,
    /// Salesforce's message.
    pub message: String,
}

/// Characters of the statement that the excerpt shows on either side of the error, before it is widened to whole words.
const REACH: usize = 30;

impl Error {
    /// A refusal that points nowhere.
    pub(super) fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Error { code, message: message.into() }
    }

    /// A refusal that points at a byte of the statement: excerpt, caret, row and column, sentence.
    pub(super) fn at(code: &'static str, statement: &str, byte: usize, sentence: &str) -> Self {
        let place = Place::of(statement, byte);
        let (excerpt, caret) = place.excerpt();
        let (row, column) = (place.row, place.column + 1);
        let message = format!("\n{excerpt}\n{:caret$}^\nERROR at Row:{row}:Column:{column}\n{sentence}", "");
        Error { code, message }
    }
}

/// A place in the statement: its line as characters, and where in it.
struct Place {
    line: Vec<char>,
    row: usize,
    column: usize,
}

impl Place {
    fn of(statement: &str, byte: usize) -> Self {
        let before = statement.get(..byte).unwrap_or(statement);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = statement[start..].lines().next().unwrap_or("");
        Place {
            line: line.chars().collect(),
            row: before.matches('\n').count() + 1,
            column: before[start..].chars().count(),
        }
    }

    /// The part of the line that is shown, and how far in it the caret stands.
    fn excerpt(&self) -> (String, usize) {
        let mut from = self.column.saturating_sub(REACH).min(self.line.len());
        while from > 0 && self.inside_word(from) {
            from -= 1;
        }
        while from < self.column.min(self.line.len()) && self.line[from].is_whitespace() {
            from += 1;
        }
        let mut to = self.line.len().min(self.column + REACH);
        while to < self.line.len() && self.inside_word(to) {
            to += 1;
        }
        (self.line[from..to].iter().collect(), self.column - from)
    }

    /// Whether a word goes on across this position.
    fn inside_word(&self, at: usize) -> bool {
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        at > 0 && self.line.get(at).is_some_and(word) && word(&self.line[at - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(statement: &str, bad: &str) -> String {
        let at = statement.rfind(bad).expect("the statement holds it");
        Error::at("X", statement, at, "no.").message
    }

    #[test]
    fn a_short_statement_is_shown_whole() {
        assert_eq!(
            text("select count() from Planet", "Planet"),
            "\nselect count() from Planet\n                    ^\nERROR at Row:1:Column:21\nno."
        );
    }

    #[test]
    fn a_long_statement_is_cut_at_whole_words_thirty_characters_away() {
        assert_eq!(
            text("SELECT Id,Name,ShippingCity,IsDeleted FROM Acount", "Acount"),
            "\nName,ShippingCity,IsDeleted FROM Acount\n                                 ^\nERROR at Row:1:Column:44\nno."
        );
        let long =
            "SELECT Id, Phone, Fax, Alpha_One_Two_Three__c, Bad__c, Beta_Four_Five__c, Gamma_Six__c FROM Account";
        assert_eq!(
            text(long, "Bad__c"),
            "\nFax, Alpha_One_Two_Three__c, Bad__c, Beta_Four_Five__c, Gamma_Six__c\n                             ^\nERROR at Row:1:Column:48\nno."
        );
    }

    #[test]
    fn a_later_line_is_counted_from_its_own_start() {
        assert_eq!(text("SELECT Id\nFROM Nowhere", "Nowhere"), "\nFROM Nowhere\n     ^\nERROR at Row:2:Column:6\nno.");
    }

    #[test]
    fn the_end_of_the_statement_is_a_place() {
        assert_eq!(Error::at("X", "SELECT", 6, "no.").message, "\nSELECT\n      ^\nERROR at Row:1:Column:7\nno.");
    }
}
