//! The one place where a request to a source's API is built, sent and judged.

use std::net::SocketAddr;
use std::time::Duration;

use domain::sync_outcome::ErrorClass;
use jiff::SignedDuration;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::network::{Reach, is_public};

/// A page is some hundred kilobytes; more is a broken or hostile host. Counted after decompression.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a source's API did not say what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The stored address or key cannot be used in a request.
    #[error("{0} cannot be used in a request; enter it again")]
    Unusable(&'static str),
    /// It is not asked without encryption.
    #[error("api_url is not https; correct it, or let the operator start the server with --allow-private-sources")]
    NotHttps,
    /// It leads into a private network.
    #[error(
        "{0} is not on the public internet; correct api_url, or let the operator start the server with --allow-private-sources"
    )]
    NotPublic(String),
    /// Nobody knows the host.
    #[error("the host {0} is not known; look whether api_url is right")]
    UnknownHost(String),
    /// No connection, or no whole answer.
    #[error("its API did not answer; it is asked again by itself")]
    NoAnswer(#[source] reqwest::Error),
    /// It refused the key.
    #[error("its API refuses the API key ({0}); make another one there and give it as api_key")]
    KeyRefused(u16),
    /// It is asked too often.
    #[error("its API wants to be asked less often (429); it is asked again by itself")]
    TooOften(Option<SignedDuration>),
    /// It failed.
    #[error("its API failed ({0}); it is asked again by itself")]
    Failed(u16, Option<SignedDuration>),
    /// Another answer than one with bookings.
    #[error("its API answers {0}; look whether api_url is right")]
    Refused(u16),
    /// It goes on and on.
    #[error("its API answers with more than 16 MiB; look whether api_url is right")]
    TooLong,
}

impl ApiError {
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            ApiError::NoAnswer(_) | ApiError::Failed(..) | ApiError::UnknownHost(_) => ErrorClass::Passing,
            ApiError::TooOften(_) => ErrorClass::Limit,
            _ => ErrorClass::Auth,
        }
    }

    pub(super) fn retry_after(&self) -> Option<SignedDuration> {
        match self {
            ApiError::TooOften(wait) | ApiError::Failed(_, wait) => *wait,
            _ => None,
        }
    }
}

/// A source's API, whose address was looked up and found to be allowed; it is asked there and nowhere else.
pub(super) struct SourceApi {
    base: String,
    http: reqwest::Client,
}

impl SourceApi {
    pub(super) async fn reach(
        base: &str,
        key: SecretString,
        headers: &'static [(&'static str, &'static str)],
        reach: Reach,
    ) -> Result<Self, ApiError> {
        let url = Url::parse(base).map_err(|_| ApiError::Unusable("api_url"))?;
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("Matchbook/", env!("CARGO_PKG_VERSION")))
            .default_headers(all_headers(&key, headers)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        if reach == Reach::Public {
            if url.scheme() != "https" {
                return Err(ApiError::NotHttps);
            }
            let addresses = public_addresses(&url).await?;
            // The name is not looked up again: it might lead elsewhere by then.
            client = client.resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses);
        }
        // An error says that there is a provider already.
        _ = rustls::crypto::ring::default_provider().install_default();
        let http = client.build().map_err(ApiError::NoAnswer)?;
        Ok(SourceApi { base: base.to_owned(), http })
    }

    /// The body of a path's answer.
    pub(super) async fn get(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        let without_url = |error: reqwest::Error| ApiError::NoAnswer(error.without_url());
        let mut answer = self.http.get(format!("{}{path}", self.base)).send().await.map_err(without_url)?;
        let wait = answer.headers().get(RETRY_AFTER).and_then(seconds);
        match answer.status().as_u16() {
            200..=299 => {}
            status @ (401 | 403) => return Err(ApiError::KeyRefused(status)),
            429 => return Err(ApiError::TooOften(wait)),
            status @ (408 | 500..) => return Err(ApiError::Failed(status, wait)),
            status => return Err(ApiError::Refused(status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(without_url)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(ApiError::TooLong);
            }
        }
        Ok(body)
    }
}

fn all_headers(key: &SecretString, others: &'static [(&'static str, &'static str)]) -> Result<HeaderMap, ApiError> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
        .map_err(|_| ApiError::Unusable("the API key"))?;
    bearer.set_sensitive(true);
    let others = others.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Ok(others.chain([(reqwest::header::AUTHORIZATION, bearer)]).collect())
}

/// Where a host is; an error if any of its addresses is not public.
async fn public_addresses(url: &Url) -> Result<Vec<SocketAddr>, ApiError> {
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => {
            let found = tokio::net::lookup_host((name, port)).await;
            found.map_err(|_| ApiError::UnknownHost(name.to_owned()))?.collect()
        }
        None => return Err(ApiError::Unusable("api_url")),
    };
    match addresses.iter().find(|address| !is_public(address.ip())) {
        Some(_) => Err(ApiError::NotPublic(url.host_str().unwrap_or_default().to_owned())),
        None => Ok(addresses),
    }
}

fn seconds(value: &HeaderValue) -> Option<SignedDuration> {
    value.to_str().ok()?.trim().parse().ok().map(SignedDuration::from_secs)
}
