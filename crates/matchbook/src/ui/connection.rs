//! `GET /connections/{id}`: one connection, how it stands, and what may be done about it. `POST /connections/{id}/test`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::api_budget::{ApiUsage, Purpose};
use domain::preflight::{ConnectionTest, Finding, Severity};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};

use super::booking::{copyable, web_link};
use super::connection_word::ConnectionWord;
use super::connections::waiting_words;
use super::icons::{Icon, icon};
use super::layout::Page;
use super::sync_word::badge;
use super::{PageError, SignedIn, sync_errors, times};
use crate::app::App;
use crate::grant::ConnectionGrant;
use crate::store::{Connection, ErrorFilter, StoredError, User};

/// Everything that the page shows.
struct Shown {
    connection: Connection,
    waiting: i64,
    usage: ApiUsage,
    test: Option<(ConnectionTest, Timestamp)>,
    latest_error: Option<StoredError>,
    callback_url: String,
    is_admin: bool,
    now: Timestamp,
}

/// One connection.
pub async fn page(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Markup, PageError> {
    let connection = find(&app, &id).await?;
    let waiting = app.store.waiting_syncs().await?.get(&id).copied().unwrap_or(0);
    let now = app.clock.now();
    let usage = app.store.api_usage(&id, now).await?;
    let test = app.store.connection_test(&id).await?;
    // A member's bookings are a part of them only.
    let filter = ErrorFilter { connection: Some(connection.key.clone()), ..ErrorFilter::default() };
    let latest_error = match user.role.as_str() {
        "member" => None,
        _ => app.store.latest_sync_error(&filter).await?,
    };
    let (callback_url, is_admin) = (app.callback_url.clone(), user.role == "admin");
    let shown = Shown { connection, waiting, usage, test, latest_error, callback_url, is_admin, now };
    Ok(Page { title: &shown.connection.name, user: Some(&user), refreshes: false }.render(&shown.render()))
}

/// Tests it, and shows what was found.
pub async fn test(
    State(app): State<Arc<App>>,
    SignedIn(user): SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    admins_only(&user)?;
    let connection = find(&app, &id).await?;
    app.engine.test_connection(&connection).await?;
    Ok(Redirect::to(&format!("/connections/{id}#test")))
}

/// The connection of a URL.
pub(super) async fn find(app: &App, id: &str) -> Result<Connection, PageError> {
    app.store.connection(id).await?.ok_or_else(|| {
        let advice = "No connection has this id. Look for it in the list of connections.";
        PageError::new(StatusCode::NOT_FOUND, "This connection is not here", advice)
    })
}

/// Whether a user may change connections.
pub(super) fn admins_only(user: &User) -> Result<(), PageError> {
    if user.role == "admin" {
        return Ok(());
    }
    let advice = "Ask an admin to do this.";
    Err(PageError::new(StatusCode::FORBIDDEN, "This is for admins", advice))
}

impl Shown {
    fn render(&self) -> Markup {
        html! {
            p.back { a href="/connections" { (icon(Icon::Left)) "Connections" } }
            h1 { (self.connection.name) }
            div.halves {
                (self.details())
                (self.state())
            }
            (sync_errors::notification(self.latest_error.as_ref()))
            (self.test())
            (self.usage())
        }
    }

    /// What the last test found, and the button for another.
    fn test(&self) -> Markup {
        html! {
            section.card aria-labelledby="test" {
                h2 id="test" { "Test" }
                @match &self.test {
                    Some((test, at)) => {
                        p.sub { "Tested on " (times::moment(*at)) }
                        (signed_in(test))
                        (findings(&test.findings))
                    }
                    None => p { "A test signs in, and looks what the connection's user may see and change." },
                }
                @if self.is_admin {
                    form method="post" action={ "/connections/" (self.connection.id) "/test" } {
                        button.quiet type="submit" { @if self.test.is_some() { "Test again" } @else { "Test" } }
                    }
                }
            }
        }
    }

    /// The org's day, and what Matchbook takes of it.
    fn usage(&self) -> Markup {
        let Some(org) = self.usage.org else { return html! {} };
        let [syncs, tests] = [Purpose::Sync, Purpose::Test].map(|purpose| self.usage.spent_on(purpose, self.now));
        html! {
            section.card aria-labelledby="usage" {
                h2 id="usage" { "API requests of the last 24 hours" }
                dl {
                    dt { "The org" }
                    dd {
                        (grouped(org.used)) " of " (grouped(org.limit))
                        div.sub { "as it said on " (times::moment(org.said_at)) }
                    }
                    dt { "Matchbook" }
                    dd { (grouped(syncs)) " for syncs, " (grouped(tests)) " for tests" }
                }
            }
        }
    }

    fn details(&self) -> Markup {
        let connection = &self.connection;
        html! {
            section.card aria-labelledby="details" {
                h2 id="details" { "Org" }
                dl {
                    @if let Some(url) = connection.instance_url.as_deref().and_then(web_link) {
                        dt { "Address" }
                        dd { a.out href=(url) rel="noreferrer" { (url.host_str().unwrap_or_default()) (icon(Icon::Out)) } }
                    }
                    @if let Some(id) = &connection.organization_id {
                        dt { "Org id" }
                        dd { (copyable(id, "org id")) }
                    }
                    dt { "Login host" }
                    dd { (connection.login_host) }
                    dt { "Signs in" }
                    dd { (grant_words(&connection.grant)) }
                    dt { "API version" }
                    dd { (connection.api_version) }
                    dt { "Key" }
                    dd { code { (connection.key) } div.sub { "in the configuration file" } }
                }
            }
        }
    }

    fn state(&self) -> Markup {
        let connection = &self.connection;
        html! {
            section.card aria-labelledby="state" {
                h2 id="state" { "State" }
                p { (ConnectionWord::of(connection).badge()) }
                @if let Some(trouble) = &connection.trouble { p.reason { (trouble) } }
                @if self.waiting > 0 {
                    p {
                        (waiting_words(self.waiting)) " "
                        @if connection.parked_until.is_some() { "Nothing is lost: they go on by themselves once it works." }
                    }
                }
                @if connection.grant == ConnectionGrant::WebServer { (self.connect()) }
            }
        }
    }

    /// Where to connect in the browser, and what must be so for it to work.
    fn connect(&self) -> Markup {
        let again = self.connection.organization_id.is_some();
        html! {
            @if self.is_admin {
                form method="post" action={ "/connections/" (self.connection.id) "/connect" } {
                    button.main[!again || self.connection.reconnect_needed].quiet[again && !self.connection.reconnect_needed] type="submit" {
                        @if again { "Connect again" } @else { "Connect" }
                    }
                }
                p.hint {
                    "Sign in to Salesforce there as the user that Matchbook is to act as. The External Client App must list this callback URL:"
                }
                p { (copyable(&self.callback_url, "callback URL")) }
            } @else {
                p.hint { "An admin connects it here." }
            }
        }
    }
}

fn signed_in(test: &ConnectionTest) -> Markup {
    let Some(signed_in) = &test.signed_in else { return html! {} };
    html! {
        p {
            "Signed in as " strong { (signed_in.name) } " (" (signed_in.username) ")"
            @if let Some((used, limit)) = signed_in.api_requests {
                ". The org has used " (grouped(used)) " of its " (grouped(limit)) " API requests of 24 hours"
            }
            "."
        }
    }
}

/// Findings by what they mean for syncs.
fn findings(found: &[Finding]) -> Markup {
    html! {
        @if found.iter().all(|finding| finding.severity == Severity::Note) {
            p { (badge("good", Icon::Check, &html! { "Nothing needs mending" })) }
        }
        ul.findings {
            @for finding in found {
                li {
                    (severity(finding.severity))
                    div {
                        p { (finding.what) }
                        @if !finding.fix.is_empty() { p.sub { (finding.fix) } }
                    }
                }
            }
        }
    }
}

fn severity(severity: Severity) -> Markup {
    match severity {
        Severity::Breaks => badge("bad", Icon::Alert, &html! { "Breaks syncs" }),
        Severity::Weakens => badge("wait", Icon::Alert, &html! { "Mend this" }),
        Severity::Note => badge("idle", Icon::Check, &html! { "Note" }),
    }
}

/// A number with its thousands apart: `15,000`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn grant_words(grant: &ConnectionGrant) -> Markup {
    html! {
        @match grant {
            ConnectionGrant::ClientCredentials => "By itself, as the Run-As user of the External Client App (client credentials).",
            ConnectionGrant::JwtBearer { username } => { "By itself, as " strong { (username) } " (JWT bearer)." },
            ConnectionGrant::WebServer => "By what an admin granted in the browser (web server flow).",
        }
    }
}
