//! What commands tell on standard output.

/// Prints a line. A closed pipe is nobody's problem.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

pub(crate) use say;
