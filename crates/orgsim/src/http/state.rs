//! What all connections share. Every lock is held for the work at hand only: never across an await, and never two of
//! the small ones at a time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::calls::CallLog;
use crate::faults::Faults;
use crate::org::Org;
use crate::worlds::World;

use super::query::Cursors;
use super::wire::Request;

/// A request whose connection was dropped before its effect.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) request: Request,
    /// When it takes effect; none waits for `POST /_sim/late`.
    pub(crate) due: Option<Timestamp>,
}

/// The running org.
#[derive(Debug)]
pub(crate) struct Shared {
    org: RwLock<Org>,
    auth: Mutex<Auth>,
    calls: Mutex<CallLog>,
    faults: Mutex<Faults>,
    cursors: Mutex<Cursors>,
    late: Mutex<Vec<Late>>,
    world: Mutex<&'static str>,
    describes: Vec<Json>,
    /// Its number grows when held requests are let go.
    pub(crate) held: watch::Sender<u64>,
    /// How many requests are held.
    pub(crate) holding: AtomicUsize,
    answers: AtomicU64,
    /// Ends waits when the server stops.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn new(name: &'static str, world: World, describes: Vec<Json>) -> Self {
        Shared {
            org: RwLock::new(world.org),
            auth: Mutex::new(world.auth),
            calls: Mutex::default(),
            faults: Mutex::default(),
            cursors: Mutex::default(),
            late: Mutex::default(),
            world: Mutex::new(name),
            describes,
            held: watch::Sender::new(0),
            holding: AtomicUsize::new(0),
            answers: AtomicU64::new(0),
            stop: CancellationToken::new(),
        }
    }

    /// Puts another world in the place of all there was.
    pub(crate) fn reset(&self, name: &'static str, world: World) {
        *self.org_mut() = world.org;
        *self.auth() = world.auth;
        *self.calls() = CallLog::default();
        *self.faults() = Faults::default();
        *self.cursors() = Cursors::default();
        self.late().clear();
        self.held.send_modify(|times| *times += 1);
        self.restart_waits();
        *lock(&self.world) = name;
    }

    pub(crate) fn org(&self) -> RwLockReadGuard<'_, Org> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn org_mut(&self) -> RwLockWriteGuard<'_, Org> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn auth(&self) -> MutexGuard<'_, Auth> {
        lock(&self.auth)
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, CallLog> {
        lock(&self.calls)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn cursors(&self) -> MutexGuard<'_, Cursors> {
        lock(&self.cursors)
    }

    /// Requests whose connection was dropped and whose effect is still to come.
    pub(crate) fn late(&self) -> MutexGuard<'_, Vec<Late>> {
        lock(&self.late)
    }

    /// How long the next answer waits, by the settings alone, in milliseconds.
    pub(crate) fn next_wait_ms(&self) -> u64 {
        let org = self.org();
        let drawn = org.settings.latency.as_ref().map_or(0, |latency| {
            let number = self.answers.fetch_add(1, Ordering::Relaxed);
            latency.wait_ms(number)
        });
        org.settings.latency_ms.saturating_add(drawn)
    }

    /// Starts the sequence of drawn waits again.
    pub(crate) fn restart_waits(&self) {
        self.answers.store(0, Ordering::Relaxed);
    }

    /// The real describes that every world is built on.
    pub(crate) fn describes(&self) -> &[Json] {
        &self.describes
    }

    pub(crate) fn world(&self) -> &'static str {
        *lock(&self.world)
    }
}

// A panic in one request must not take the whole org with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a request reaches the org: by a lock of its own, or inside a transaction that already holds it.
pub(crate) enum Access<'a> {
    /// Each request takes the lock for itself.
    Each(&'a Shared),
    /// The transaction's own.
    Held(&'a mut Org),
}

impl Access<'_> {
    pub(crate) fn read<T>(&mut self, read: impl FnOnce(&Org) -> T) -> T {
        match self {
            Access::Each(shared) => read(&shared.org()),
            Access::Held(org) => read(org),
        }
    }

    pub(crate) fn write<T>(&mut self, write: impl FnOnce(&mut Org) -> T) -> T {
        match self {
            Access::Each(shared) => write(&mut shared.org_mut()),
            Access::Held(org) => write(org),
        }
    }
}
