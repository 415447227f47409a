//! Sessions: a random token in a cookie, its hash in the database.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use http::Method;
use http::request::Parts;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::PageError;
use crate::app::App;
use crate::auth::{new_token, token_hash};
use crate::store::{StoreError, User};

/// The cookie that holds the session's token.
const COOKIE: &str = "matchbook_session";

/// How long one stays signed in.
const LIFETIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Where one lands who did not ask for a page in particular.
pub(super) const HOME: &str = "/bookings";

/// The user who is signed in. Without one, the answer leads to the sign-in page and from there back.
#[derive(Debug, Clone)]
pub struct SignedIn(pub User);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let jar = CookieJar::from_headers(&parts.headers);
        match user(app, &jar).await {
            Ok(Some(user)) => Ok(SignedIn(user)),
            Ok(None) => Err(Redirect::to(&sign_in_url(parts)).into_response()),
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

/// A form that was sent cannot be asked for again, so only pages are come back to.
fn sign_in_url(parts: &Parts) -> String {
    let next = parts.uri.path_and_query().map_or(HOME, |p| p.as_str());
    let next = if parts.method == Method::GET { next } else { HOME };
    format!("/sign-in?next={}", byte_serialize(next.as_bytes()).collect::<String>())
}

/// The user of the request's session.
pub(super) async fn user(app: &App, jar: &CookieJar) -> Result<Option<User>, StoreError> {
    match jar.get(COOKIE) {
        Some(cookie) => app.store.session_user(&token_hash(cookie.value()), app.clock.now()).await,
        None => Ok(None),
    }
}

/// Opens a session for a user.
pub(super) async fn open(app: &App, jar: CookieJar, user: &User) -> Result<CookieJar, PageError> {
    let token = new_token()?;
    let now = app.clock.now();
    app.store.add_session(&token_hash(token.expose_secret()), &user.id, now, now + LIFETIME).await?;
    let mut cookie = cookie(token.expose_secret().to_owned(), app);
    cookie.set_max_age(Some(LIFETIME.unsigned_abs().try_into().expect("two weeks fit any duration")));
    Ok(jar.add(cookie))
}

/// Ends the request's session.
pub(super) async fn close(app: &App, jar: CookieJar) -> Result<CookieJar, StoreError> {
    if let Some(cookie) = jar.get(COOKIE) {
        app.store.end_session(&token_hash(cookie.value()), app.clock.now()).await?;
    }
    Ok(jar.remove(cookie(String::new(), app)))
}

/// The session's cookie with this token.
fn cookie(token: String, app: &App) -> Cookie<'static> {
    let cookie = Cookie::build((COOKIE, token)).path("/").http_only(true).same_site(SameSite::Lax);
    cookie.secure(app.secure_cookies).build()
}

/// A path of this server to go to; anything else is [`HOME`], so that a link cannot lead to another site.
pub(super) fn local_path(next: &str) -> String {
    let Ok(here) = Url::parse("http://here.invalid/") else { return HOME.to_owned() };
    let Ok(target) = here.join(next) else { return HOME.to_owned() };
    let stays = next.starts_with('/') && target.origin() == here.origin() && !target.path().starts_with("//");
    if !stays {
        return HOME.to_owned();
    }
    match target.query() {
        Some(query) => format!("{}?{query}", target.path()),
        None => target.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        assert_eq!(local_path("/bookings?scope=past"), "/bookings?scope=past");
        for outside in [
            "",
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/.//evil.example",
            "bookings",
            "/x/..//evil.example",
        ] {
            assert_eq!(local_path(outside), HOME, "{outside:?}");
        }
    }
}
