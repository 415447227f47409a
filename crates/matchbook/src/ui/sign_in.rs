//! `GET|POST /sign-in`, `POST /sign-out`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use domain::email_domain::EmailAddress;
use http::{StatusCode, header};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::PageError;
use super::client_address::ClientAddress;
use super::icons::{Icon, icon};
use super::layout::Page;
use super::session::{self, HOME, local_path};
use crate::app::App;
use crate::auth::verify_password;
use crate::store::User;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct NextQuery {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// What the form shows.
#[derive(Debug, Default)]
struct Shown<'a> {
    email: &'a str,
    next: &'a str,
    email_error: Option<&'a str>,
    password_error: Option<&'a str>,
}

/// The sign-in page; whoever is signed in goes on.
pub async fn page(
    State(app): State<Arc<App>>,
    jar: CookieJar,
    query: Result<Query<NextQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let next = query.ok().and_then(|q| q.0.next).unwrap_or_else(|| HOME.to_owned());
    if session::user(&app, &jar).await?.is_some() {
        return Ok(Redirect::to(&local_path(&next)).into_response());
    }
    Ok(form(&Shown { next: &next, ..Shown::default() }).into_response())
}

/// Signs in, or shows the form again with what to mend.
pub async fn sign_in(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    jar: CookieJar,
    sent: Result<Form<SignInForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(sent) =
        sent.map_err(|e| PageError::new(e.status(), "The form could not be read", "Please fill it in again."))?;
    let shown = Shown { email: &sent.email, next: &sent.next, ..Shown::default() };
    if let Some(incomplete) = incomplete(&sent) {
        let shown = Shown { email_error: incomplete.0, password_error: incomplete.1, ..shown };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, form(&shown)).into_response());
    }
    let email: Option<EmailAddress> = sent.email.trim().parse().ok();
    match check(&app, email.as_ref(), client.0, sent.password.clone()).await? {
        Checked::Right(user) => {
            let jar = session::close(&app, jar).await?;
            let jar = session::open(&app, jar, &user).await?;
            Ok((jar, Redirect::to(&local_path(&sent.next))).into_response())
        }
        Checked::TooOften(wait) => Ok(too_often(&shown, wait)),
        Checked::Wrong => {
            let error = "The email and the password don't belong together. Check both and try again.";
            let shown = Shown { password_error: Some(error), ..shown };
            Ok((StatusCode::UNAUTHORIZED, form(&shown)).into_response())
        }
    }
}

/// Signs out.
pub async fn sign_out(State(app): State<Arc<App>>, jar: CookieJar) -> Result<Response, PageError> {
    let jar = session::close(&app, jar).await?;
    Ok((jar, Redirect::to("/sign-in")).into_response())
}

/// What is missing: the email's and the password's message.
fn incomplete(sent: &SignInForm) -> Option<(Option<&'static str>, Option<&'static str>)> {
    let email = sent.email.trim().is_empty().then_some("Enter your email.");
    let password = sent.password.expose_secret().is_empty().then_some("Enter your password.");
    (email.is_some() || password.is_some()).then_some((email, password))
}

/// What a try to sign in came to.
enum Checked {
    Right(User),
    Wrong,
    TooOften(Duration),
}

/// Whether the password is the user's. An unknown email takes as long as a wrong password. The limits are asked again when
/// it is this try's turn, since tries before it may have failed meanwhile.
async fn check(
    app: &App,
    email: Option<&EmailAddress>,
    client: Option<IpAddr>,
    password: SecretString,
) -> Result<Checked, PageError> {
    let limits = &app.sign_in_limits;
    if let Err(wait) = limits.allow(email, client, app.clock.now()) {
        return Ok(Checked::TooOften(wait));
    }
    let user = match email {
        Some(email) => app.store.user_by_email(email).await?,
        None => None,
    };
    let hash = user.as_ref().and_then(|u| u.password_hash.clone());
    let _one_of_few = limits.checks.acquire().await.expect("it is never closed");
    if let Err(wait) = limits.allow(email, client, app.clock.now()) {
        return Ok(Checked::TooOften(wait));
    }
    let right = tokio::task::spawn_blocking(move || verify_password(&password, hash.as_ref())).await?;
    match user.filter(|_| right) {
        Some(user) => Ok(Checked::Right(user)),
        None => {
            limits.count(email, client, app.clock.now());
            Ok(Checked::Wrong)
        }
    }
}

fn too_often(shown: &Shown<'_>, wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let error = format!("That was one try too many. Wait {seconds} seconds, then try again.");
    let shown = Shown { password_error: Some(&error), email: shown.email, next: shown.next, email_error: None };
    let retry_after = [(header::RETRY_AFTER, seconds.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, retry_after, form(&shown)).into_response()
}

fn form(shown: &Shown<'_>) -> Markup {
    let title = if shown.email_error.or(shown.password_error).is_some() { "Error: sign in" } else { "Sign in" };
    let body = html! {
        div.gate {
            h1 { "Sign in" }
            form method="post" action="/sign-in" novalidate {
                input type="hidden" name="next" value=(shown.next);
                (field("email", "Email", shown.email_error, &html! {
                    input id="email" name="email" type="email" autocomplete="username" value=(shown.email)
                        required aria-invalid=[shown.email_error.map(|_| "true")]
                        aria-describedby=[shown.email_error.map(|_| "email-error")];
                }))
                (field("password", "Password", shown.password_error, &html! {
                    input id="password" name="password" type="password" autocomplete="current-password"
                        required aria-invalid=[shown.password_error.map(|_| "true")]
                        aria-describedby=[shown.password_error.map(|_| "password-error")];
                }))
                button.main type="submit" { "Sign in" }
            }
            p.hint { "No account yet? Whoever runs this server adds one with " code { "matchbook user add EMAIL" } "." }
        }
    };
    Page { title, user: None, refreshes: false }.render(&body)
}

/// A labelled input with its error beside it.
fn field(id: &str, label: &str, error: Option<&str>, input: &Markup) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            (input)
            @if let Some(error) = error {
                p.error id={ (id) "-error" } role="alert" { (icon(Icon::Alert)) (error) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_shown_as_text_and_its_error_beside_it() {
        let shown = form(&Shown { email: "\"><script>", email_error: Some("Enter your email."), ..Shown::default() });
        let html = shown.into_string();
        assert!(!html.contains("<script>alert") && html.contains("&quot;&gt;&lt;script&gt;"), "{html}");
        assert!(html.contains("aria-describedby=\"email-error\"") && html.contains("id=\"email-error\""), "{html}");
    }
}
