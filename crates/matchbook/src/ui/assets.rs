//! `GET /assets/{file}`: the style sheet, the script and the mark, built into the binary.

use std::fmt::Write as _;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

use super::PageError;

/// The files of `assets/`.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// The version that a page asks for.
#[derive(Debug, Deserialize)]
pub struct AssetQuery {
    v: Option<String>,
}

/// Serves one file. Under the version that pages name it may be kept for ever; else it is checked each time.
pub async fn asset(Path(file): Path<String>, Query(query): Query<AssetQuery>, headers: HeaderMap) -> Response {
    let Some(found) = Assets::get(&file) else {
        return PageError::new(StatusCode::NOT_FOUND, "No such file", "This server has no file of this name.")
            .into_response();
    };
    let version = version(&found);
    let kept = if query.v.as_deref() == Some(&version) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = format!("\"{version}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let about = [(header::CACHE_CONTROL, kept), (header::ETAG, &tag), (header::CONTENT_TYPE, content_type(&file))];
    match known {
        true => (StatusCode::NOT_MODIFIED, about).into_response(),
        false => (about, found.data.into_owned()).into_response(),
    }
}

/// Where a page finds a file, with its version, so that a new version is fetched at once.
pub(super) fn asset_url(file: &str) -> String {
    let version = Assets::get(file).map(|f| version(&f)).unwrap_or_default();
    format!("/assets/{file}?v={version}")
}

fn version(file: &EmbeddedFile) -> String {
    let mut text = String::new();
    for byte in &file.metadata.sha256_hash()[..8] {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
    }
    text
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_pages_name_is_there_and_has_a_type() {
        for file in ["app.css", "app.js", "mark.svg"] {
            assert!(Assets::get(file).is_some(), "pages would look broken without {file}");
            assert_ne!(content_type(file), "application/octet-stream", "browsers would not use {file}");
        }
    }
}
