//! How often somebody may do something: a burst, then slowly. Those who needn't be remembered any more are forgotten.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// How many are remembered before those in no debt are dropped.
const REMEMBERED: usize = 10_000;

/// A burst, then one more each interval of this many microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    pub(super) burst: i64,
    pub(super) interval: i64,
}

/// Each time costs an interval; a key may be in debt for a burst of them. Kept is when it has paid its debt, in
/// microseconds since 1970.
#[derive(Debug)]
pub(super) struct Debts<K> {
    allowance: Allowance,
    paid_at: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Debts<K> {
    pub(super) fn new(allowance: Allowance) -> Self {
        Debts { allowance, paid_at: Mutex::default() }
    }

    /// Whether once more is allowed; if not, how long to wait.
    pub(super) fn allow(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        self.wait(&self.kept(), key, now)
    }

    /// Counts once.
    pub(super) fn count(&self, key: K, now: Timestamp) {
        self.add(&mut self.kept(), key, now);
    }

    /// Counts once if that is allowed; whether it is.
    pub(super) fn take(&self, key: K, now: Timestamp) -> bool {
        let mut kept = self.kept();
        let allowed = self.wait(&kept, &key, now).is_ok();
        if allowed {
            self.add(&mut kept, key, now);
        }
        allowed
    }

    fn wait(&self, kept: &HashMap<K, i64>, key: &K, now: Timestamp) -> Result<(), Duration> {
        let Allowance { burst, interval } = self.allowance;
        let debt = kept.get(key).map_or(0, |paid_at| paid_at - now.as_microsecond());
        let wait = debt - (burst - 1) * interval;
        if wait <= 0 { Ok(()) } else { Err(Duration::from_micros(wait.unsigned_abs())) }
    }

    fn add(&self, kept: &mut HashMap<K, i64>, key: K, now: Timestamp) {
        let now = now.as_microsecond();
        if kept.len() >= REMEMBERED {
            kept.retain(|_, paid_at| *paid_at > now);
        }
        let paid_at = kept.entry(key).or_insert(now);
        *paid_at = (*paid_at).max(now) + self.allowance.interval;
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<K, i64>> {
        self.paid_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client may have any address of its IPv6 network, so these count as one.
pub(super) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).expect("in range")
    }

    #[test]
    fn what_is_paid_is_forgotten() {
        let debts = Debts::new(Allowance { burst: 30, interval: 10_000_000 });
        for key in 0..REMEMBERED {
            debts.count(key, at(0));
        }
        debts.count(REMEMBERED, at(11));
        assert_eq!(debts.kept().len(), 1);
    }

    #[test]
    fn a_burst_is_taken_and_then_one_each_interval() {
        let debts = Debts::new(Allowance { burst: 2, interval: 30_000_000 });
        let taken = |second| debts.take("one", at(second));
        assert_eq!(
            [taken(0), taken(0), taken(0), taken(29), taken(30), taken(31)],
            [true, true, false, false, true, false]
        );
        assert!(debts.take("another", at(0)));
    }
}
