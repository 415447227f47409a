//! `matchbook serve`: the server and its workers.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::Failure;
use super::stop_signals::StopSignals;
use crate::app::App;
use crate::config::ServeConfig;
use crate::failpoint;
use crate::polling::{Poller, Polling, Reach};
use crate::routes;
use crate::server::{self, Limits};
use crate::sync::Worker;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ServeConfig,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let mut signals = StopSignals::listen()?;
    let server = Server::start(&args.config).await?;
    tracing::info!(address = %server.address, "listening");
    signals.next().await;
    tracing::info!("stopping: the syncs in hand are finished first");
    server.stop_or_end(signals).await
}

/// A server that listens, with its workers.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) app: Arc<App>,
    pub(super) address: SocketAddr,
    stop: tokio_util::sync::CancellationToken,
    serving: tokio::task::JoinHandle<()>,
    worker: Worker,
    polling: Polling,
}

impl Server {
    pub(super) async fn start(config: &ServeConfig) -> Result<Self, Failure> {
        let app = App::build(config, failpoint::clock()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|e| format!("cannot listen on {}: {e}; choose another address with --listen", config.listen))?;
        let address = listener.local_addr()?;
        let worker = Worker::start(&app.engine, config.workers.max(1));
        let reach = if config.allow_private_sources { Reach::Everywhere } else { Reach::Public };
        let polling = Polling::start(Poller::new(Arc::clone(&app), reach));
        let stop = tokio_util::sync::CancellationToken::new();
        let serving = server::serve(listener, routes::router(Arc::clone(&app)), Limits::default(), stop.clone());
        let serving = tokio::spawn(serving);
        Ok(Server { app, address, stop, serving, worker, polling })
    }

    /// Finishes the requests and the syncs in hand. A second signal ends that at once.
    pub(super) async fn stop_or_end(self, mut signals: StopSignals) -> Result<(), Failure> {
        tokio::select! {
            stopped = self.stop() => stopped,
            () = signals.next() => Err("stopped at once; syncs that were cut off are settled at the next start".into()),
        }
    }

    async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        let (served, (), ()) =
            tokio::join!(self.serving, self.worker.stop(Limits::default().stopping), self.polling.stop());
        served?;
        self.app.store.close().await;
        Ok(())
    }
}
