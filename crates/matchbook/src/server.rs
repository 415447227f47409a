//! Connections: each has time to send a request, but not for ever, and stopping waits for them, but not for ever.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::{Layer as _, ServiceExt as _};
use tower_http::timeout::{RequestBodyDeadline, RequestBodyDeadlineLayer};

/// The pause after a connection could not be accepted, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To send the headers of a request, and then its body; also how long a connection may be kept unused.
    pub reading: Duration,
    /// To get the answers that are due once the server stops.
    pub stopping: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { reading: Duration::from_secs(30), stopping: Duration::from_secs(10) }
    }
}

/// Serves until `stop`. Then no connection is accepted any more, requests in hand are answered, and what is not answered in
/// time is cut off.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let service = RequestBodyDeadlineLayer::new(limits.reading).layer(router);
    let stopping = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, service.clone(), limits.reading, stopping.watcher()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(limits.stopping, stopping.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections that did not end in time are cut off");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: RequestBodyDeadline<Router>,
    reading: Duration,
    stopping: Watcher,
) {
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(reading);
    if let Err(error) = stopping.watch(http.serve_connection(TokioIo::new(stream), answer)).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
