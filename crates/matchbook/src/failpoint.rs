//! Points at which `scripts/load/kill9.py` kills the process, and a process clock that it moves.
//!
//! Only with the feature `failpoints`, which is never on in a release: without it a point is nothing and the clock is the system's.

use crate::clock::Clock;

/// A write is committed and has not left.
pub(crate) const BEFORE_SEND: &str = "before_send";
/// A write is answered, and the answer is not saved.
pub(crate) const BEFORE_SAVE: &str = "before_save";
/// The answer is saved, and the booking still held.
pub(crate) const BEFORE_RELEASE: &str = "before_release";

/// Says that the point is reached and goes no further, if it is the one in `MATCHBOOK_FAILPOINT`.
#[cfg(feature = "failpoints")]
pub(crate) async fn reach(point: &str) {
    use std::io::Write as _;
    if std::env::var("MATCHBOOK_FAILPOINT").is_ok_and(|wanted| wanted == point) {
        let _ = writeln!(std::io::stderr(), "failpoint {point}");
        std::future::pending::<()>().await;
    }
}

/// Nothing, without the feature.
#[cfg(not(feature = "failpoints"))]
pub(crate) async fn reach(_: &str) {}

/// The machine's clock, ahead by the seconds in `MATCHBOOK_CLOCK_AHEAD`.
#[cfg(feature = "failpoints")]
pub(crate) fn clock() -> Clock {
    let seconds = std::env::var("MATCHBOOK_CLOCK_AHEAD").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    Clock::Ahead(jiff::SignedDuration::from_secs(seconds))
}

/// The machine's clock.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn clock() -> Clock {
    Clock::System
}
