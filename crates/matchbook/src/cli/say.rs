//! What commands tell on standard output.

/// Prints a line. A closed pipe is nobody's problem.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

pub(crate) use say;

/// Prints a text as it is.
pub(crate) fn say_exactly(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
