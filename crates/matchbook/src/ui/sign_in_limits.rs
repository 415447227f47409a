//! How often one may try to sign in: a burst, then slowly, for each email and for each client.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::email_domain::EmailAddress;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::clock::Clock;

/// Tries with one email before waiting; then one more each minute.
const TRIES_PER_EMAIL: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Tries from one client before waiting; then one more each ten seconds.
const TRIES_PER_CLIENT: NonZeroU32 = NonZeroU32::new(30).expect("thirty is not zero");

/// How many emails and clients are remembered before those that need it no more are dropped.
const REMEMBERED: usize = 10_000;

/// How many passwords are checked side by side: each check takes 19 MiB and a processor.
const CHECKS_AT_ONCE: usize = 2;

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, LimitClock, NoOpMiddleware<Nanos>>;

/// How often one may try to sign in.
#[derive(Debug)]
pub struct SignInLimits {
    by_email: Limiter<String>,
    by_client: Limiter<IpAddr>,
    clock: LimitClock,
    /// Taken while a password is checked.
    pub(super) checks: Semaphore,
}

impl SignInLimits {
    /// Limits that have counted nothing yet.
    pub fn new(clock: Clock) -> Self {
        let clock = LimitClock(clock);
        let per_email = Quota::per_minute(NonZeroU32::MIN).allow_burst(TRIES_PER_EMAIL);
        let per_client = Quota::per_minute(NonZeroU32::MIN.saturating_add(5)).allow_burst(TRIES_PER_CLIENT);
        SignInLimits {
            by_email: RateLimiter::new(per_email, HashMapStateStore::default(), clock.clone()),
            by_client: RateLimiter::new(per_client, HashMapStateStore::default(), clock.clone()),
            clock,
            checks: Semaphore::new(CHECKS_AT_ONCE),
        }
    }

    /// Counts one try; if it is one too many, says how long to wait. Emails are counted whether or not
    /// they belong to a user, so that nobody learns who has an account.
    pub(super) fn count(&self, email: Option<&EmailAddress>, client: Option<IpAddr>) -> Result<(), Duration> {
        self.forget();
        if let Some(client) = client {
            self.check(&self.by_client, &network(client))?;
        }
        if let Some(email) = email {
            self.check(&self.by_email, &email.folded().to_owned())?;
        }
        Ok(())
    }

    fn check<K: std::hash::Hash + Eq + Clone>(&self, limiter: &Limiter<K>, key: &K) -> Result<(), Duration> {
        limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    fn forget(&self) {
        if self.by_email.len() > REMEMBERED {
            self.by_email.retain_recent();
        }
        if self.by_client.len() > REMEMBERED {
            self.by_client.retain_recent();
        }
    }
}

/// One client may have any address of its IPv6 network, so these count as one.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

/// The application's clock, as the limits read it.
#[derive(Debug, Clone)]
struct LimitClock(Clock);

impl governor::clock::Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanos = self.0.now().as_nanosecond().clamp(0, i128::from(u64::MAX));
        Nanos::new(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn guessing_one_persons_password_is_slowed_down_and_others_may_still_sign_in() {
        let micros = Arc::new(AtomicI64::new(1_000_000_000_000_000));
        let limits = SignInLimits::new(Clock::Manual(Arc::clone(&micros)));
        let ada: EmailAddress = "ada@example.com".parse().expect("an email");
        let ben: EmailAddress = "ben@example.com".parse().expect("an email");
        for _ in 0..10 {
            assert_eq!(limits.count(Some(&ada), None), Ok(()));
        }
        let wait = limits.count(Some(&ada), None).expect_err("the eleventh try must wait");
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(limits.count(Some(&ben), None), Ok(()), "another person is not slowed down");
        micros.fetch_add(60_000_000, Ordering::SeqCst);
        assert_eq!(limits.count(Some(&ada), None), Ok(()), "a minute later there is one more try");
    }

    #[test]
    fn one_client_is_slowed_down_whatever_emails_it_tries() {
        let limits = SignInLimits::new(Clock::Manual(Arc::new(AtomicI64::new(1))));
        let address = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, last]));
        for at in 0..30 {
            assert_eq!(limits.count(None, address(at)), Ok(()));
        }
        assert!(limits.count(None, address(99)).is_err(), "another address of the same network");
        assert_eq!(limits.count(None, Some(IpAddr::from([192, 0, 2, 1]))), Ok(()));
    }
}
