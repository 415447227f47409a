//! How often one may fail to sign in: a burst, then slowly, for each client, and for each email from it.
//!
//! Nobody is slowed down by what others do elsewhere with their email, and nobody by signing in rightly.

use std::net::IpAddr;
use std::time::Duration;

use domain::email_domain::EmailAddress;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::allowance::{Allowance, Debts, network};

/// Failures with one email from one client before waiting; then one more each minute.
const PER_EMAIL: Allowance = Allowance { burst: 10, interval: 60_000_000 };

/// Failures from one client before waiting; then one more each ten seconds.
const PER_CLIENT: Allowance = Allowance { burst: 30, interval: 10_000_000 };

/// How many passwords are checked side by side: each check takes 19 MiB and a processor.
const CHECKS_AT_ONCE: usize = 2;

/// A client's network; none where the server does not know it.
type Client = Option<IpAddr>;

/// How often one may fail to sign in.
#[derive(Debug)]
pub struct SignInLimits {
    by_email: Debts<(Client, String)>,
    by_client: Debts<Client>,
    /// Taken while a password is checked.
    pub(super) checks: Semaphore,
}

impl Default for SignInLimits {
    fn default() -> Self {
        SignInLimits {
            by_email: Debts::new(PER_EMAIL),
            by_client: Debts::new(PER_CLIENT),
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
}
