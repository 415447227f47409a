//! How often an API key may call.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// Counts the calls of each key.
#[derive(Debug)]
pub struct ApiLimits {
    limiter: RateLimiter<String, DashMapStateStore<String>, OurClock, NoOpMiddleware<Nanos>>,
    clock: OurClock,
}

/// The application's clock as the limiter reads it.
#[derive(Debug, Clone)]
struct OurClock(Clock);

impl governor::clock::Clock for OurClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let micros = u64::try_from(self.0.now().as_microsecond()).unwrap_or_default();
        Duration::from_micros(micros).into()
    }
}

impl ApiLimits {
    /// Nobody has called yet. A quiet minute's calls may come at once.
    pub(crate) fn new(per_minute: NonZeroU32, clock: Clock) -> Self {
        let clock = OurClock(clock);
        ApiLimits {
            limiter: RateLimiter::new(Quota::per_minute(per_minute), DashMapStateStore::default(), clock.clone()),
            clock,
        }
    }

    /// Counts a call of a key; where it is one too many, gives how long to wait.
    pub(super) fn count(&self, api_key_id: &String) -> Result<(), Duration> {
        self.limiter
            .check_key(api_key_id)
            .map_err(|not_until| not_until.earliest_possible().duration_since(self.clock.now()).into())
    }
}
