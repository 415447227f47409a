//! How often one may fail to sign in: a burst, then slowly, for each client, and for each email from it.
//!
//! Nobody is slowed down by what others do elsewhere with their email, and nobody by signing in rightly.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use domain::email_domain::EmailAddress;
use jiff::Timestamp;
use tokio::sync::Semaphore;

/// Failures with one email from one client before waiting; then one more each minute.
const PER_EMAIL: Allowance = Allowance { burst: 10, interval: 60_000_000 };

/// Failures from one client before waiting; then one more each ten seconds.
const PER_CLIENT: Allowance = Allowance { burst: 30, interval: 10_000_000 };

/// How many emails and clients are remembered before those that need it no more are dropped.
const REMEMBERED: usize = 10_000;

/// How many passwords are checked side by side: each check takes 19 MiB and a processor.
const CHECKS_AT_ONCE: usize = 2;

/// A client's network; none where the server does not know it.
type Client = Option<IpAddr>;

/// How often one may fail to sign in.
#[derive(Debug)]
pub struct SignInLimits {
    by_email: Failures<(Client, String)>,
    by_client: Failures<Client>,
    /// Taken while a password is checked.
    pub(super) checks: Semaphore,
}

impl Default for SignInLimits {
    fn default() -> Self {
        SignInLimits {
            by_email: Failures::new(PER_EMAIL),
            by_client: Failures::new(PER_CLIENT),
            checks: Semaphore::new(CHECKS_AT_ONCE),
        }
    }
}

impl SignInLimits {
    /// Whether one may try now; if not, how long to wait.
    pub(super) fn allow(&self, email: Option<&EmailAddress>, client: Client, now: Timestamp) -> Result<(), Duration> {
        let client = client.map(network);
        self.by_client.allow(&client, now)?;
        email.map_or(Ok(()), |email| self.by_email.allow(&(client, email.folded().to_owned()), now))
    }

    /// Counts a failure. Emails are counted whether or not they belong to a user, so that nobody learns who has an account.
    pub(super) fn count(&self, email: Option<&EmailAddress>, client: Client, now: Timestamp) {
        let client = client.map(network);
        self.by_client.count(client, now);
        if let Some(email) = email {
            self.by_email.count((client, email.folded().to_owned()), now);
        }
    }
}

/// A burst, then one more each interval of this many microseconds.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    burst: i64,
    interval: i64,
}

/// Each failure costs an interval; a key may be in debt for a burst of them. Kept is when it has paid its debt, in
/// microseconds since 1970.
#[derive(Debug)]
struct Failures<K> {
    allowance: Allowance,
    paid_at: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Failures<K> {
    fn new(allowance: Allowance) -> Self {
        Failures { allowance, paid_at: Mutex::default() }
    }

    fn allow(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let Allowance { burst, interval } = self.allowance;
        let debt = self.kept().get(key).map_or(0, |paid_at| paid_at - now.as_microsecond());
        let wait = debt - (burst - 1) * interval;
        if wait <= 0 { Ok(()) } else { Err(Duration::from_micros(wait.unsigned_abs())) }
    }

    fn count(&self, key: K, now: Timestamp) {
        let now = now.as_microsecond();
        let mut kept = self.kept();
        if kept.len() >= REMEMBERED {
            kept.retain(|_, paid_at| *paid_at > now);
        }
        let paid_at = kept.entry(key).or_insert(now);
        *paid_at = (*paid_at).max(now) + self.allowance.interval;
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<K, i64>> {
        self.paid_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Client = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const ELSEWHERE: Client = Some(IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7)));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).expect("in range")
    }

    fn email(text: &str) -> EmailAddress {
        text.parse().expect("an email")
    }

    #[test]
    fn guessing_one_persons_password_is_slowed_down_for_the_guesser_alone() {
        let limits = SignInLimits::default();
        let (ada, ben) = (email("ada@example.com"), email("ben@example.com"));
        for _ in 0..10 {
            assert_eq!(limits.allow(Some(&ada), ELSEWHERE, at(0)), Ok(()));
            limits.count(Some(&ada), ELSEWHERE, at(0));
        }
        let wait = limits.allow(Some(&ada), ELSEWHERE, at(0)).expect_err("the eleventh try must wait");
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(limits.allow(Some(&ada), HERE, at(0)), Ok(()), "Ada herself may sign in");
        assert_eq!(limits.allow(Some(&ben), ELSEWHERE, at(0)), Ok(()), "another person is not slowed down");
        assert_eq!(limits.allow(Some(&ada), ELSEWHERE, at(60)), Ok(()), "a minute later there is one more try");
    }

    #[test]
    fn one_client_is_slowed_down_whatever_emails_it_tries() {
        let limits = SignInLimits::default();
        let address = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, last]));
        for last in 0..30 {
            assert_eq!(limits.allow(None, address(last), at(0)), Ok(()));
            limits.count(None, address(last), at(0));
        }
        assert!(limits.allow(None, address(99), at(0)).is_err(), "another address of the same network");
        assert_eq!(limits.allow(None, HERE, at(0)), Ok(()));
    }

    #[test]
    fn what_is_paid_is_forgotten() {
        let failures = Failures::new(PER_CLIENT);
        for key in 0..REMEMBERED {
            failures.count(key, at(0));
        }
        failures.count(REMEMBERED, at(11));
        assert_eq!(failures.kept().len(), 1);
    }
}
