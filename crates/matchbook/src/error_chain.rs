//! Errors for the log: each with what caused it.

use std::error::Error;
use std::fmt::Write as _;

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // Some libraries' errors repeat their cause. Writing to a String cannot fail.
        if !text.ends_with(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::secrets::VaultError;

    #[test]
    fn the_log_says_what_caused_an_error() {
        let source = std::io::Error::other("no space left on device");
        let error = VaultError::KeyFile { path: "m.db.key".into(), source };
        let text = super::chain(&error);
        assert!(
            text.starts_with("the encryption key file m.db.key") && text.ends_with(": no space left on device"),
            "{text}"
        );
    }
}
