//! What a page says instead of itself when it cannot be shown.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::html;

use super::layout::Page;
use crate::error_chain::chain;
use crate::secrets::VaultError;
use crate::store::StoreError;

/// Why a page cannot be shown, as its reader sees it.
#[derive(Debug)]
pub struct PageError {
    status: StatusCode,
    title: &'static str,
    advice: String,
}

impl PageError {
    /// An error page with a status, a heading and what to do, in a sentence.
    pub(super) fn new(status: StatusCode, title: &'static str, advice: impl Into<String>) -> Self {
        PageError { status, title, advice: advice.into() }
    }

    /// We failed; the details are in the log, never on the page.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "a page failed");
        PageError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This did not work",
            "Matchbook could not do this just now. Please try again; if it stays so, the server's log says why.",
        )
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        let page = PageError::internal(&error);
        if error.is_passing() { PageError { status: StatusCode::SERVICE_UNAVAILABLE, ..page } } else { page }
    }
}

impl From<VaultError> for PageError {
    fn from(error: VaultError) -> Self {
        PageError::internal(&error)
    }
}

impl From<tokio::task::JoinError> for PageError {
    fn from(error: tokio::task::JoinError) -> Self {
        PageError::internal(&error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let page = Page { title: self.title, user: None, refreshes: false };
        let body = html! {
            h1 { (self.title) }
            p { (self.advice) }
            p { a href="/bookings" { "Go to the bookings" } }
        };
        (self.status, page.render(&body)).into_response()
    }
}
