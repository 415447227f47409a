//! The present instant and new ids, passed in so that the engine can run by a clock of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the present instant comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that only moves when told, in microseconds since 1970.
    Manual(Arc<AtomicI64>),
    /// The machine's clock, ahead by this much.
    #[cfg(feature = "failpoints")]
    Ahead(jiff::SignedDuration),
}

impl Clock {
    /// The present instant, to the microsecond.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            #[cfg(feature = "failpoints")]
            Clock::Ahead(ahead) => Timestamp::now() + *ahead,
            Clock::Manual(micros) => {
                Timestamp::from_microsecond(micros.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }
}

/// A new id such as `bkg_0192…`: sortable by the time it was made.
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::now_v7().simple())
}
