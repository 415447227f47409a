//! The org over HTTP.

mod authorize;
mod batch;
mod changed;
mod collections;
mod composite;
mod conditions;
mod connection;
mod control;
mod describes;
mod graph;
mod identity;
mod oauth;
mod pages;
mod parents;
mod query;
mod references;
mod rest;
mod route;
mod rows;
mod search;
mod state;
mod tree;
mod upsert;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use crate::worlds::{self, WORLDS};

use connection::{Connection, DroppableListener};
use state::Shared;

/// A running org.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// Why the org did not start.
#[derive(Debug)]
pub enum StartError {
    /// There is no world of that name.
    UnknownWorld(String),
    /// The describes are not what a real org sends, or the world needs more than they have.
    Describes(String),
    /// The address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
}

impl Server {
    /// Starts an org with the records of a world at an address; port 0 takes a free one.
    pub async fn start(addr: SocketAddr, world: &str) -> Result<Server, StartError> {
        Server::start_described(addr, world, Vec::new()).await
    }

    /// The same with objects as a real org describes them: `describes` are its answers to `sobjects/X/describe`.
    pub async fn start_described(
        addr: SocketAddr,
        world: &str,
        describes: Vec<serde_json::Value>,
    ) -> Result<Server, StartError> {
        let (name, world) = find_world(world, &describes)?;
        let listener = TcpListener::bind(addr).await.map_err(|error| StartError::Listen(addr, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(addr, error))?;
        let shared = Arc::new(Shared::new(name, world, describes));
        let stop = shared.stop.clone().cancelled_owned();
        let service = router(Arc::clone(&shared)).into_make_service_with_connect_info::<Connection>();
        let serving = tokio::spawn(async move {
            let served = axum::serve(DroppableListener(listener), service).with_graceful_shutdown(stop);
            // Serving ends only by the stop signal; single connections fail by themselves.
            _ = served.await;
        });
        Ok(Server { address, shared, serving })
    }

    /// The org's address, as `http://127.0.0.1:PORT`. An org that listens on all addresses is named by the loopback.
    pub fn url(&self) -> String {
        let address = match self.address {
            all if all.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], all.port())),
            one => one,
        };
        format!("http://{address}")
    }

    /// Stops after the answers under way; waiting ones go out at once.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        _ = self.serving.await;
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::UnknownWorld(name) => {
                write!(f, "there is no world named {name}; there are")?;
                for (at, (name, sentence)) in WORLDS.iter().enumerate() {
                    let comma = if at == 0 { ":" } else { ";" };
                    write!(f, "{comma} {name} ({sentence})")?;
                }
                Ok(())
            }
            StartError::Describes(problem) => write!(f, "the describes cannot be used: {problem}"),
            StartError::Listen(address, _) => write!(f, "cannot listen on {address}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::UnknownWorld(_) | StartError::Describes(_) => None,
            StartError::Listen(_, error) => Some(error),
        }
    }
}

fn find_world(name: &str, describes: &[serde_json::Value]) -> Result<(&'static str, worlds::World), StartError> {
    let known = WORLDS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known);
    let built = worlds::build_described(name, describes).transpose().map_err(StartError::Describes)?;
    known.zip(built).ok_or_else(|| StartError::UnknownWorld(name.into()))
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/services/oauth2/{endpoint}", any(oauth::call))
        .route("/id/{org}/{user}", any(oauth::call))
        .route("/.well-known/openid-configuration", get(oauth::call))
        .route("/services/data", get(rest::versions))
        .route("/services/data/", get(rest::versions))
        .route("/services/data/{*rest}", any(rest::call))
        .route("/_sim/reset", post(control::reset))
        .route("/_sim/records", post(control::load))
        .route("/_sim/records/{object}", get(control::records))
        .route("/_sim/fields", post(control::add_fields))
        .route("/_sim/settings", get(control::settings).patch(control::change_settings))
        .route("/_sim/rules", get(control::rules).post(control::set_rules).delete(control::clear_rules))
        .route("/_sim/objects", post(control::add_objects))
        .route("/_sim/undelete", post(control::undelete))
        .route("/_sim/merge", post(control::merge))
        .route("/_sim/convert", post(control::convert))
        .route(
            "/_sim/permissions",
            get(control::permissions).post(control::set_permissions).delete(control::clear_permissions),
        )
        .route("/_sim/calls", get(control::calls).delete(control::forget_calls))
        .route("/_sim/faults", get(control::faults).post(control::add_fault).delete(control::clear_faults))
        .route("/_sim/late", post(control::late))
        .route("/_sim/release", post(control::release))
        .route("/_sim/apps", post(control::add_app))
        .route("/_sim/tokens", delete(control::revoke_tokens))
        .route("/_sim/changes", get(control::changes))
        .route("/", get(pages::home))
        .route("/records/{object}/{id}", get(pages::record))
        .route("/{id}", get(pages::by_id))
        .route("/assets/page.css", get(pages::style))
        .route("/assets/page.js", get(pages::script))
        .fallback(rest::elsewhere)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&shared), rest::settle))
        .layer(RequestDecompressionLayer::new().gzip(true))
        // Answers stay on this machine.
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .with_state(shared)
}
