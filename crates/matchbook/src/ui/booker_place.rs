//! Where a booker's browser is, by what a trusted proxy says (spec 6, "Geo").

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use domain::geo::{Geo, GeoHeaders, headers};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::app::App;

/// Where the browser of a request is; nothing where no trusted proxy says so.
#[derive(Debug, Clone)]
pub struct BookerPlace(pub Geo);

impl FromRequestParts<Arc<App>> for BookerPlace {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(BookerPlace(place(peer, &parts.headers, &app.trusted_proxies, app.geo_headers.as_ref())))
    }
}

/// Anybody can send these headers, so only those of a request that a trusted proxy made are read.
fn place(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet], names: Option<&GeoHeaders>) -> Geo {
    let (Some(peer), Some(names)) = (peer.map(|peer| peer.to_canonical()), names) else { return Geo::default() };
    if !trusted.iter().any(|network| network.contains(&peer)) {
        return Geo::default();
    }
    let texts: BTreeMap<&str, String> =
        headers.keys().filter_map(|n| Some((n.as_str(), only(headers, n.as_str())?))).collect();
    headers::read(names, |name| texts.get(name.to_lowercase().as_str()).map(String::as_str))
}

/// A header's text. A proxy sets each once; of several somebody else sent one, and nobody can tell which.
fn only(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?.as_bytes();
    let latin_1 = || value.iter().map(|byte| char::from(*byte)).collect();
    Some(std::str::from_utf8(value).map_or_else(|_| latin_1(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(peer: &str, sent: &[(&'static str, &'static [u8])], names: &str) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        let names = GeoHeaders::parse(names).expect("headers");
        let Geo { country, region, city, .. } =
            place(Some(peer.parse().expect("an address")), &headers, &trusted, Some(&names));
        let country = country.map(|country| country.code().to_owned());
        [country, region, city].map(|part| part.unwrap_or_else(|| "-".into())).join(" ")
    }

    #[test]
    fn a_trusted_proxy_says_where_the_browser_is_and_nobody_else_does() {
        let sent: &[(_, &[u8])] = &[("cf-ipcountry", b"BR"), ("cf-ipcity", "São Paulo".as_bytes())];
        assert_eq!(read("10.0.0.1", sent, "cloudflare"), "BR - São Paulo");
        assert_eq!(read("::ffff:10.0.0.1", sent, "cloudflare"), "BR - São Paulo");
        assert_eq!(read("192.0.2.1", sent, "cloudflare"), "- - -", "a stranger sent them");
        assert_eq!(read("10.0.0.1", sent, "vercel"), "- - -", "another product's are not read");
        assert_eq!(read("10.0.0.1", &[("cf-ipcity", b"S\xe3o Paulo")], "cloudflare"), "- - São Paulo");
        let twice: &[(_, &[u8])] = &[("cf-ipcountry", b"US"), ("cf-ipcountry", b"BR")];
        assert_eq!(read("10.0.0.1", twice, "cloudflare"), "- - -", "one of the two is not the proxy's");
        let own: &[(_, &[u8])] = &[("x-country", b"Germany"), ("x-state", b"BY")];
        assert_eq!(read("10.0.0.1", own, "country=X-Country, region=X-State"), "DE BY -");
    }
}
