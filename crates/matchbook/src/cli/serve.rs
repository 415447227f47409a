//! `matchbook serve`: the server and its workers.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::{Failure, stop_signal};
use crate::app::App;
use crate::clock::Clock;
use crate::config::ServeConfig;
use crate::routes;
use crate::sync::Worker;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ServeConfig,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let server = Server::start(&args.config).await?;
    tracing::info!(address = %server.address, "listening");
    stop_signal().await;
    tracing::info!("stopping: the syncs in hand are finished first");
    server.stop().await?;
    Ok(())
}

/// A server that listens, with its workers.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) app: Arc<App>,
    pub(super) address: SocketAddr,
    stop: tokio_util::sync::CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    worker: Worker,
}

impl Server {
    pub(super) async fn start(config: &ServeConfig) -> Result<Self, Failure> {
        let app = App::build(config, Clock::System).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|e| format!("cannot listen on {}: {e}; choose another address with --listen", config.listen))?;
        let address = listener.local_addr()?;
        let worker = Worker::start(&app.engine, config.workers.max(1));
        let stop = tokio_util::sync::CancellationToken::new();
        let router = routes::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let serving = tokio::spawn(serving.into_future());
        Ok(Server { app, address, stop, serving, worker })
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        self.worker.stop().await;
        self.serving.await??;
        self.app.store.close().await;
        Ok(())
    }
}
