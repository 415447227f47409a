//! Workers: they call the engine while there is work, and sleep until there is.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::{Engine, Stepped};
use crate::error_chain::chain;

/// The longest sleep: another process may have added work to the same database.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// The shortest sleep while due work is held back: by a run on the same person, or by a person who may still come into being.
const SHORTEST_SLEEP: Duration = Duration::from_millis(500);

/// Workers that run until stopped.
#[derive(Debug)]
pub struct Worker {
    engine: Arc<Engine>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
    cut_off: CancellationToken,
}

impl Worker {
    /// Starts `count` workers on an engine.
    pub fn start(engine: &Arc<Engine>, count: usize) -> Self {
        let (stop, cut_off) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            tasks.spawn(work(Arc::clone(engine), stop.clone(), cut_off.clone()));
        }
        Worker { engine: Arc::clone(engine), tasks, stop, cut_off }
    }

    /// Lets every worker finish the booking in hand, but not for ever: what is not finished after `patience` is broken off and
    /// given back, so that another instance goes on with it at once.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(patience, ended(&mut self.tasks)).await.is_ok() {
            return;
        }
        self.cut_off.cancel();
        ended(&mut self.tasks).await;
        match self.engine.give_back().await {
            Ok(given) => tracing::warn!(bookings = given, "syncs that did not end in time are given back"),
            Err(error) => {
                tracing::error!(error = chain(&error), "syncs could not be given back; they wait for their leases")
            }
        }
    }
}

async fn ended(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

async fn work(engine: Arc<Engine>, stop: CancellationToken, cut_off: CancellationToken) {
    while !stop.is_cancelled() {
        // A task of its own: a panic in one run must not end the worker.
        let mut stepping = JoinSet::new();
        let its = Arc::clone(&engine);
        stepping.spawn(async move { its.step().await });
        let Some(Some(stepped)) = cut_off.run_until_cancelled(stepping.join_next()).await else {
            return stepping.shutdown().await;
        };
        let pause = match stepped {
            Err(panicked) => {
                tracing::error!(error = chain(&panicked), "a sync run broke off; it is taken up again later");
                SHORTEST_SLEEP
            }
            Ok(Ok(Stepped::Worked)) => {
                // The finished run may have freed a person that another booking waits for.
                engine.wake();
                continue;
            }
            Ok(Ok(Stepped::Idle(due))) => until(due, engine.clock.now()),
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "the engine could not use the database");
                LONGEST_SLEEP
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.bell.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn until(due: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = due.map(|due| due.duration_since(now));
    wait.map_or(LONGEST_SLEEP, |wait| Duration::try_from(wait).unwrap_or_default()).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}
