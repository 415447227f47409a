//! When a sync that failed is tried again: schedules as data, one per class of error (spec 8).

use jiff::SignedDuration;

use crate::sync_outcome::ErrorClass;

/// Waits in seconds after the first, second, … failure in a row; the last one repeats.
struct Schedule(&'static [i64]);

const PASSING: Schedule = Schedule(&[2, 10, 30, 120, 300, 900, 1800]);
const LIMIT: Schedule = Schedule(&[60, 300, 900, 1800]);
const AUTH: Schedule = Schedule(&[10, 60, 300, 900]);

/// The longest wait that an org's `Retry-After` may ask for; more is read as a mistake.
const LONGEST_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How long to wait before the next try, or `None` where trying again would not help and a person
/// is needed. `failures` counts failures in a row, from 1. `jitter` is a random number from 0 to
/// 1; it moves the wait by up to a fifth either way, so that parked work does not come back all at once.
pub fn wait(
    class: ErrorClass,
    failures: u32,
    retry_after: Option<SignedDuration>,
    jitter: f64,
) -> Option<SignedDuration> {
    let Schedule(waits) = match class {
        ErrorClass::Passing => PASSING,
        ErrorClass::Limit => LIMIT,
        ErrorClass::Auth => AUTH,
        ErrorClass::Data => return None,
    };
    let step = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX).min(waits.len() - 1);
    let spread = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    let scheduled = SignedDuration::from_secs(waits[step]).mul_f64(spread);
    let asked = retry_after.unwrap_or(SignedDuration::ZERO).clamp(SignedDuration::ZERO, LONGEST_RETRY_AFTER);
    Some(scheduled.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_then_stay_and_respect_retry_after() {
        let seconds = |failures, after: Option<i64>| {
            wait(ErrorClass::Passing, failures, after.map(SignedDuration::from_secs), 0.5)
                .expect("tried again")
                .as_secs()
        };
        assert_eq!(seconds(1, None), 2);
        assert_eq!(seconds(2, None), 10);
        assert_eq!(seconds(99, None), 1800);
        assert_eq!(seconds(1, Some(45)), 45, "Retry-After is respected");
        assert_eq!(seconds(1, Some(999_999)), 3600, "and clamped");
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_retried() {
        assert_eq!(wait(ErrorClass::Data, 1, None, 0.5), None);
    }
}
