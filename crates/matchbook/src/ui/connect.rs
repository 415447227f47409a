//! `POST /connections/{id}/connect`: to Salesforce. `GET /oauth/callback`: and back.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use maud::html;
use secrecy::SecretString;
use serde::Deserialize;

use super::connection::{admins_only, find};
use super::connections::org;
use super::layout::Page;
use super::{PageError, SignedIn};
use crate::app::App;
use crate::sync::ConnectError;

/// What Salesforce sends back with the browser.
#[derive(Deserialize)]
pub struct CallbackQuery {
    #[serde(default)]
    state: String,
    code: Option<SecretString>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Sends an admin's browser to Salesforce. By a page of ours, since forms may lead to this server alone.
pub async fn begin(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    admins_only(&user)?;
    let connection = find(&app, &id).await?;
    let url = app.engine.begin_connect(&connection, &user, &app.callback_url).await?;
    let body = html! {
        h1 { "To Salesforce" }
        p { "Sign in there as the user that Matchbook is to act as. You come back here by yourself." }
        p { a href=(url) rel="noreferrer" { "Go on to " (org(&connection)) } }
    };
    let page = Page { title: "To Salesforce", user: Some(&user), refreshes: false }.render(&body);
    Ok(([(header::REFRESH, format!("0; url={url}"))], page).into_response())
}

/// Takes an admin back from Salesforce. Where to go on is the attempt's own connection, never what the address says.
pub async fn callback(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    query: Result<Query<CallbackQuery>, QueryRejection>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    let Ok(Query(query)) = query else { return Err(ConnectError::Stale.into()) };
    let attempt = app.engine.take_connect(&query.state, &user).await?;
    let Some(code) = query.code else {
        let words = query.error_description.or(query.error).unwrap_or_else(|| "it gave no reason".into());
        return Err(ConnectError::Denied(words.chars().filter(|c| !c.is_control()).take(200).collect()).into());
    };
    app.engine.finish_connect(&attempt, &query.state, code).await?;
    Ok(Redirect::to(&format!("/connections/{}", attempt.connection_id)))
}

impl From<ConnectError> for PageError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Store(error) => error.into(),
            ConnectError::Vault(error) => error.into(),
            told => PageError::new(StatusCode::CONFLICT, "It is not connected", told.to_string()),
        }
    }
}
