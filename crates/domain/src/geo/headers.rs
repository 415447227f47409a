//! Which request headers say where the browser is, by the proxy that adds them (spec 6, "Geo").
//!
//! Only a *trusted* proxy's headers may be read: anyone can send these names. Whether the peer is trusted is decided
//! before this; here it is decided only what the headers say. A proxy must also set, or drop, each header that its row
//! names: most pass on what a browser sends under a name that they don't set themselves.

use serde::{Deserialize, Serialize};

use super::fold::fold_text;
use super::{Country, Geo, Subdivision, clean};

/// A proxy, and the headers in which it says where the browser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// What the configuration calls it.
    pub key: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// The header with the country; empty if there is none.
    pub country: &'static str,
    /// Headers with the state or region: the code first, then the name.
    pub region: &'static [&'static str],
    /// The header with the city; empty if there is none.
    pub city: &'static str,
    /// The header with the postal code; empty if there is none.
    pub postal_code: &'static str,
    /// What an operator must do for these headers to come, or why there are none.
    pub setup: &'static str,
    /// The provider's page on which the row rests.
    pub document: &'static str,
}

/// One row for each known provider. What their pages say of values:
/// - Cloudflare: country `XX` is unknown and `T1` is Tor. Texts that are not ASCII are UTF-8 "using hexadecimal
///   character representation", their example `S\u00c3\u00a3o Paulo`; seen in practice are the bare bytes of UTF-8,
///   which many servers read as Latin-1 ("SÃ£o Paulo"). Each of the three is read.
/// - Vercel: region "up to three characters", the first level of ISO 3166-2; the city is percent-encoded (RFC 3986).
/// - CloudFront: region code and name are the first level of ISO 3166-2; what is not ASCII is percent-encoded. All
///   headers but the country's are left out for requests from AWS's own network.
/// - Fastly sends no such headers by itself. The names are those of its example "Tag requests with geolocation data",
///   which has country and city, and region and postal code named after `client.geo.region` and
///   `client.geo.postal_code` in the same way. Region `NO REGION`, `?` and country `**` are unknown; the region is the
///   most specific subdivision, without its country. Cities are in lower case.
/// - Fly.io sends none: `Fly-Region` is the data centre that took the connection, not the place of the browser.
/// - App Engine: country `ZZ` and city `?` are unknown; cities and regions are in lower case. It drops these headers
///   where a client sends them.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        key: "cloudflare",
        label: "Cloudflare",
        country: "CF-IPCountry",
        region: &["CF-Region-Code", "CF-Region"],
        city: "CF-IPCity",
        postal_code: "CF-Postal-Code",
        setup: "Turn on the Managed Transform \"Add visitor location headers\". IP Geolocation alone gives the country.",
        document: "https://developers.cloudflare.com/rules/transform/managed-transforms/reference/",
    },
    Provider {
        key: "vercel",
        label: "Vercel",
        country: "x-vercel-ip-country",
        region: &["x-vercel-ip-country-region"],
        city: "x-vercel-ip-city",
        postal_code: "x-vercel-ip-postal-code",
        setup: "Nothing: Vercel adds them to every request.",
        document: "https://vercel.com/docs/headers/request-headers",
    },
    Provider {
        key: "cloudfront",
        label: "Amazon CloudFront",
        country: "CloudFront-Viewer-Country",
        region: &["CloudFront-Viewer-Country-Region", "CloudFront-Viewer-Country-Region-Name"],
        city: "CloudFront-Viewer-City",
        postal_code: "CloudFront-Viewer-Postal-Code",
        setup: "Use an origin request policy that has the CloudFront-Viewer headers.",
        document: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html",
    },
    Provider {
        key: "fastly",
        label: "Fastly",
        country: "client-geo-country",
        region: &["client-geo-region"],
        city: "client-geo-city",
        postal_code: "client-geo-postal-code",
        setup: "Set all four headers in your service, from client.geo.country_code, .region, .city and .postal_code.",
        document: "https://www.fastly.com/documentation/solutions/examples/decorating-origin-requests-with-geoip",
    },
    Provider {
        key: "fly",
        label: "Fly.io",
        country: "",
        region: &[],
        city: "",
        postal_code: "",
        setup: "Fly.io does not say where a browser is. Put a proxy that does in front, or use custom names.",
        document: "https://fly.io/docs/networking/request-headers/",
    },
    Provider {
        key: "app_engine",
        label: "Google App Engine",
        country: "X-Appengine-Country",
        region: &["X-Appengine-Region"],
        city: "X-Appengine-City",
        postal_code: "",
        setup: "Nothing: App Engine adds them to every request. It has no postal code.",
        document: "https://cloud.google.com/appengine/docs/standard/reference/request-headers",
    },
];

/// Whose headers are read. In configuration a key such as `cloudflare`, or `custom` with names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoHeaders {
    /// `cloudflare`
    Cloudflare,
    /// `vercel`
    Vercel,
    /// `cloudfront`
    #[serde(rename = "cloudfront")]
    CloudFront,
    /// `fastly`
    Fastly,
    /// `fly`: has none, see [`PROVIDERS`].
    Fly,
    /// `app_engine`
    AppEngine,
    /// `custom`: configured names.
    Custom(HeaderNames),
}

/// Configured header names; what has no name is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderNames {
    /// Holds a country: an ISO code, or any name that [`Country::parse`] knows.
    pub country: Option<String>,
    /// Holds a state or region: an ISO 3166-2 code or a name.
    pub region: Option<String>,
    /// Holds a city.
    pub city: Option<String>,
    /// Holds a postal code.
    pub postal_code: Option<String>,
}

impl GeoHeaders {
    /// Reads a setting: a key such as `cloudflare`, or names of headers: `country=X-Country, region=X-Region`. The error says
    /// what may be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains('=') {
            let known = Self::from_key(text.trim()).filter(|headers| headers.provider().is_some());
            let keys = || PROVIDERS.iter().map(|provider| provider.key).collect::<Vec<_>>().join(", ");
            let error = || format!("write one of {}, or names of headers like country=X-Country, city=X-City", keys());
            return known.ok_or_else(error);
        }
        let mut names = HeaderNames::default();
        for part in text.split(',') {
            let (place, name) = part.split_once('=').ok_or_else(|| format!("\"{}\" names no header", part.trim()))?;
            let (place, name) = (place.trim(), name.trim());
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
                return Err(format!("\"{name}\" is no name of a header"));
            }
            let slot = match place {
                "country" => &mut names.country,
                "region" => &mut names.region,
                "city" => &mut names.city,
                "postal_code" => &mut names.postal_code,
                other => {
                    return Err(format!("\"{other}\" is unknown; there are country, region, city and postal_code"));
                }
            };
            if slot.replace(name.to_owned()).is_some() {
                return Err(format!("{place} is named twice"));
            }
        }
        Ok(Self::Custom(names))
    }

    /// By the key that configuration has. `custom` comes without names, to be filled.
    pub fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "cloudflare" => Self::Cloudflare,
            "vercel" => Self::Vercel,
            "cloudfront" => Self::CloudFront,
            "fastly" => Self::Fastly,
            "fly" => Self::Fly,
            "app_engine" => Self::AppEngine,
            "custom" => Self::Custom(HeaderNames::default()),
            _ => return None,
        })
    }

    /// The key that configuration has.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::Vercel => "vercel",
            Self::CloudFront => "cloudfront",
            Self::Fastly => "fastly",
            Self::Fly => "fly",
            Self::AppEngine => "app_engine",
            Self::Custom(_) => "custom",
        }
    }

    /// The row of [`PROVIDERS`]; none for custom names.
    pub fn provider(&self) -> Option<&'static Provider> {
        PROVIDERS.iter().find(|provider| provider.key == self.key())
    }
}

/// Where the browser is, by a trusted proxy's headers. `header` finds a header's value by its name, without case, as
/// UTF-8 (or as Latin-1, where the bytes are not): a `to_str` that refuses all but ASCII would lose "São Paulo".
/// Values that stand for "unknown" are none; a country code is checked.
pub fn read<'a>(headers: &GeoHeaders, header: impl Fn(&str) -> Option<&'a str>) -> Geo {
    let text = |name: &str| header(name).filter(|_| !name.is_empty()).and_then(|value| clean(&decode(value)));
    let told = |text: Option<String>| text.filter(|text| is_told(text));
    let named = |name: &Option<String>| name.as_deref().and_then(text);
    let (country, regions, city, postal_code) = match headers {
        GeoHeaders::Custom(names) => {
            (named(&names.country), vec![named(&names.region)], named(&names.city), named(&names.postal_code))
        }
        _ => headers.provider().map_or((None, vec![], None, None), |row| {
            let regions = row.region.iter().map(|name| text(name)).collect();
            (text(row.country), regions, text(row.city), text(row.postal_code))
        }),
    };
    let country = country.and_then(|text| Country::parse(&text));
    let region = region_of(country, regions.into_iter().flatten().collect());
    Geo { country, region, city: told(city), postal_code: told(postal_code) }
}

/// The first text that is a known subdivision; else the last, the name, which compares better than a foreign code.
fn region_of(country: Option<Country>, texts: Vec<String>) -> Option<String> {
    let known = |text: &&String| country.is_some_and(|country| Subdivision::parse(country, text).is_some());
    texts.iter().find(known).or_else(|| texts.iter().rfind(|text| is_told(text))).cloned()
}

/// Not one of the texts by which providers say that they don't know.
fn is_told(text: &str) -> bool {
    !matches!(
        fold_text(text).as_str(),
        "" | "?"
            | "-"
            | "*"
            | "**"
            | "***"
            | "xx"
            | "t1"
            | "zz"
            | "no region"
            | "unknown"
            | "(unknown)"
            | "null"
            | "(null)"
    )
}

/// A header's text as it was meant: percent-encoded, with `\u00c3` escapes, or UTF-8 that was read as Latin-1.
fn decode(value: &str) -> String {
    as_utf8(&without_escapes(&without_percents(value)))
}

/// "S%C3%A3o%20Paulo" as "São Paulo"; a text that is no percent-encoded UTF-8 stays as it is.
fn without_percents(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (decoded, after) = match (byte, after.get(..2).and_then(hex)) {
            (b'%', Some(encoded)) => (encoded, &after[2..]),
            (b'%', None) => return value.to_owned(),
            _ => (byte, after),
        };
        bytes.push(decoded);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

/// "S\u00c3\u00a3o Paulo" and "S\xc3\xa3o Paulo" with the characters in place of their numbers.
fn without_escapes(value: &str) -> String {
    let mut parts = value.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.strip_prefix("u00").or_else(|| part.strip_prefix('x'));
        match digits.and_then(|digits| Some((hex(digits.as_bytes().get(..2)?)?, digits.get(2..)?))) {
            Some((byte, rest)) => {
                text.push(char::from(byte));
                text.push_str(rest);
            }
            None => {
                text.push('\\');
                text.push_str(part);
            }
        }
    }
    text
}

/// "SÃ£o Paulo" as "São Paulo": characters that are, taken as bytes, valid UTF-8.
fn as_utf8(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

/// Two hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match digits {
        [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
        _ => None,
    }
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
