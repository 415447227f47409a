//! Where a connection may go, how it gets its tokens, and what a refusal of a token means (Salesforce facts 1).

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Host, Url};

use crate::sobject::{SalesforceId, excerpt};

/// Whether hosts on this very machine are accepted, for a simulated org. The operator decides, never a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopbackPolicy {
    /// Salesforce's own hosts only.
    Refuse,
    /// Also `localhost`, `127.0.0.1` and `[::1]`, with http and any port.
    Allow,
}

/// Why a host is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No address at all.
    #[error("'{0}' is not an address: enter a login host such as https://acme.my.salesforce.com")]
    NotAnAddress(String),
    /// A scheme other than https.
    #[error("'{0}' must begin with https://")]
    NotHttps(String),
    /// A path, a query, a port, a user or a fragment beside the host.
    #[error("'{0}' must be the host alone: leave out {1}")]
    MoreThanAHost(String, &'static str),
    /// The address of the pages, not of the API.
    #[error(
        "'{0}' is the address of Salesforce's pages: use the My Domain, such as https://acme.my.salesforce.com (Setup, My Domain)"
    )]
    PagesHost(String),
    /// A host that is not Salesforce's.
    #[error(
        "'{0}' is not a Salesforce host: use login.salesforce.com, test.salesforce.com or a My Domain that ends in .my.salesforce.com"
    )]
    NotSalesforce(String),
    /// A host on this machine, and the operator did not allow it.
    #[error("'{0}' is on this machine: that is only accepted when the operator allows simulated orgs")]
    Loopback(String),
}

/// Where users and programs sign in: `https://login.salesforce.com`, `https://test.salesforce.com` or a My Domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginHost(String);

impl LoginHost {
    /// Reads what an admin typed; `https://` may be missing.
    pub fn parse(text: &str, loopback: LoopbackPolicy) -> Result<Self, HostError> {
        accepted_origin(text, loopback).map(Self)
    }

    /// Scheme and host, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address to send an admin's browser to, for the web server flow with PKCE (S256).
    pub fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> String {
        let pairs = [
            ("response_type", "code"),
            ("client_id", request.client_id),
            ("redirect_uri", request.redirect_uri),
            ("scope", "api refresh_token"),
            ("state", request.state),
            ("code_challenge", request.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{self}/services/oauth2/authorize?{query}")
    }

    fn is_shared(&self) -> bool {
        matches!(self.0.as_str(), "https://login.salesforce.com" | "https://test.salesforce.com")
    }
}

impl fmt::Display for LoginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts of the address at which an admin grants access.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// The consumer key of the customer's External Client App.
    pub client_id: &'a str,
    /// Where Salesforce sends the browser back to; must be listed in the app.
    pub redirect_uri: &'a str,
    /// A random text that comes back unchanged.
    pub state: &'a str,
    /// base64url of the SHA-256 of the verifier that [`Grant::AuthorizationCode`] sends later.
    pub code_challenge: &'a str,
}

/// Where an org's API answers: the `instance_url` of a token answer, held to the same rule as login hosts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceUrl(String);

impl InstanceUrl {
    /// Reads an instance URL.
    pub fn parse(text: &str, loopback: LoopbackPolicy) -> Result<Self, HostError> {
        accepted_origin(text, loopback).map(Self)
    }

    /// Scheme and host, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn accepted_origin(text: &str, loopback: LoopbackPolicy) -> Result<String, HostError> {
    let shown = excerpt(text);
    let text = text.trim();
    let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&full).map_err(|_| HostError::NotAnAddress(shown.clone()))?;
    let host = url.host().ok_or_else(|| HostError::NotAnAddress(shown.clone()))?;
    if let Some(extra) = beside_the_host(&url) {
        return Err(HostError::MoreThanAHost(shown, extra));
    }
    if is_loopback(&host) {
        return match (loopback, url.scheme()) {
            (LoopbackPolicy::Refuse, _) => Err(HostError::Loopback(shown)),
            (LoopbackPolicy::Allow, "http" | "https") => Ok(url.origin().ascii_serialization()),
            (LoopbackPolicy::Allow, _) => Err(HostError::NotHttps(shown)),
        };
    }
    if url.scheme() != "https" {
        return Err(HostError::NotHttps(shown));
    }
    if url.port().is_some() {
        return Err(HostError::MoreThanAHost(shown, "the port"));
    }
    match host {
        Host::Domain(domain) if is_salesforce(domain) => Ok(url.origin().ascii_serialization()),
        Host::Domain(domain) if domain.ends_with(".force.com") => Err(HostError::PagesHost(shown)),
        _ => Err(HostError::NotSalesforce(shown)),
    }
}

fn beside_the_host(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        Some("the user and password")
    } else if !matches!(url.path(), "" | "/") {
        Some("the path")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("what follows ? or #")
    } else {
        None
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(domain) => *domain == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

fn is_salesforce(domain: &str) -> bool {
    let my_domain = || domain.strip_suffix(".my.salesforce.com").is_some_and(|name| name.split('.').all(is_label));
    matches!(domain, "login.salesforce.com" | "test.salesforce.com") || my_domain()
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
}

/// How a program proves that it may have a token.
#[derive(Debug, Clone)]
pub enum Grant {
    /// The app's own rights, as its Run-As user. Works on the My Domain host only.
    ClientCredentials {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: SecretString,
    },
    /// An assertion signed with the app's key, as [`crate::jwt::SigningKey`] makes it.
    JwtBearer {
        /// The assertion.
        assertion: SecretString,
    },
    /// A grant that an admin gave earlier.
    RefreshToken {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: SecretString,
        /// The latest token; with rotation the former one is dead.
        refresh_token: SecretString,
    },
    /// The end of the web server flow: the code that came back with the browser.
    AuthorizationCode {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: SecretString,
        /// The code; good once.
        code: SecretString,
        /// The same address as in the authorization request.
        redirect_uri: String,
        /// What the challenge was made from.
        code_verifier: SecretString,
    },
}

impl Grant {
    /// The form that the token endpoint takes.
    pub(crate) fn form(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::ClientCredentials { client_id, client_secret } => vec![
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", client_secret.expose_secret()),
            ],
            Self::JwtBearer { assertion } => vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", assertion.expose_secret()),
            ],
            Self::RefreshToken { client_id, client_secret, refresh_token } => vec![
                ("grant_type", "refresh_token"),
                ("client_id", client_id),
                ("client_secret", client_secret.expose_secret()),
                ("refresh_token", refresh_token.expose_secret()),
            ],
            Self::AuthorizationCode { client_id, client_secret, code, redirect_uri, code_verifier } => vec![
                ("grant_type", "authorization_code"),
                ("client_id", client_id),
                ("client_secret", client_secret.expose_secret()),
                ("code", code.expose_secret()),
                ("redirect_uri", redirect_uri),
                ("code_verifier", code_verifier.expose_secret()),
            ],
        }
    }

    /// What can be known to fail before asking.
    pub(crate) fn check(&self, host: &LoginHost) -> Result<(), AuthError> {
        match self {
            Self::ClientCredentials { .. } if host.is_shared() => Err(AuthError::new(
                AuthAction::Admin,
                "client credentials are not accepted by this login host",
                "Client credentials work on the org's own My Domain only: set the login host to https://….my.salesforce.com.",
            )),
            _ => Ok(()),
        }
    }
}

/// A granted token. There is no expiry in it: a 401 tells (Salesforce facts 0.1).
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// The token for calls.
    pub access_token: SecretString,
    /// The refresh token to store from now on: on the first grant, and on every refresh of an app with rotation.
    pub refresh_token: Option<SecretString>,
    /// Where the API answers.
    pub instance_url: InstanceUrl,
    /// The identity URL, `https://…/id/<organization>/<user>`; only read, never called.
    pub id_url: Option<String>,
    /// When the token was granted, by Salesforce's clock.
    pub issued_at: Option<Timestamp>,
}

impl TokenAnswer {
    /// The org, from the identity URL.
    pub fn organization_id(&self) -> Option<SalesforceId> {
        self.identity(1)
    }

    /// The user whom the token stands for, from the identity URL.
    pub fn user_id(&self) -> Option<SalesforceId> {
        self.identity(0)
    }

    fn identity(&self, from_end: usize) -> Option<SalesforceId> {
        SalesforceId::parse(self.id_url.as_deref()?.rsplit('/').nth(from_end)?).ok()
    }

    /// Reads a successful answer.
    pub(crate) fn read(body: &Value, loopback: LoopbackPolicy) -> Result<Self, AuthError> {
        let text = |key: &str| body[key].as_str().filter(|text| !text.is_empty());
        let (Some(access_token), Some(instance_url)) = (text("access_token"), text("instance_url")) else {
            return Err(AuthError::not_a_token_answer());
        };
        let instance_url = InstanceUrl::parse(instance_url, loopback).map_err(|error| {
            let advice = "The login host sent an instance URL that is not Salesforce's: check the login host.";
            AuthError::new(AuthAction::Admin, &error.to_string(), advice)
        })?;
        let milliseconds = text("issued_at").and_then(|text| text.parse().ok());
        Ok(Self {
            access_token: access_token.into(),
            refresh_token: text("refresh_token").map(Into::into),
            instance_url,
            id_url: text("id").map(str::to_owned),
            issued_at: milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        })
    }
}

/// Who has to act before a token can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthAction {
    /// Nobody: ask again later, with the token that is stored then.
    Retry,
    /// The grant is gone: an admin connects again.
    Reconnect,
    /// An admin changes something in Salesforce or in the connection.
    Admin,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}. {advice}")]
pub struct AuthError {
    /// Who has to act.
    pub action: AuthAction,
    /// What Salesforce or the network said.
    pub reason: String,
    /// What to do.
    pub advice: &'static str,
}

struct Row {
    error: &'static str,
    /// A part of `error_description`; "" fits all, so it stands last among the rows of an error.
    description: &'static str,
    action: AuthAction,
    advice: &'static str,
}

const fn row(error: &'static str, description: &'static str, action: AuthAction, advice: &'static str) -> Row {
    Row { error, description, action, advice }
}

use AuthAction::{Admin, Reconnect, Retry};

const AGAIN: &str = "It is tried again by itself.";

/// Salesforce facts 1.5; the first row that fits counts.
const TABLE: &[Row] = &[
    row("invalid_grant", "token request is already being processed", Retry, AGAIN),
    row("invalid_grant", "rate exceeded", Retry, AGAIN),
    row(
        "invalid_grant",
        "ip restricted",
        Admin,
        "The org does not accept this server's address: relax the IP restrictions of the app or add the address.",
    ),
    row(
        "invalid_grant",
        "inactive user",
        Admin,
        "The user of the connection is inactive: activate it in Salesforce, or connect with another.",
    ),
    row("invalid_grant", "inactive organization", Admin, "The org is inactive."),
    row(
        "invalid_grant",
        "no client credentials user enabled",
        Admin,
        "Choose a Run-As user for the client credentials flow in the External Client App's policies.",
    ),
    row(
        "invalid_grant",
        "approved this consumer",
        Admin,
        "Pre-authorize the user for the app in the External Client App's policies.",
    ),
    row(
        "invalid_grant",
        "invalid assertion",
        Admin,
        "Upload the certificate that belongs to this private key to the External Client App.",
    ),
    row(
        "invalid_grant",
        "udience",
        Admin,
        "Set the login host to login.salesforce.com, test.salesforce.com or the My Domain.",
    ),
    row("invalid_grant", "", Reconnect, "The grant ended (revoked, expired, or used twice): connect again."),
    row(
        "invalid_app_access",
        "",
        Admin,
        "Admin-approved users only: add the user's profile or permission set to the External Client App.",
    ),
    row(
        "invalid_client_id",
        "",
        Admin,
        "Check the consumer key; a new app needs about ten minutes until Salesforce knows it everywhere.",
    ),
    row("invalid_client", "", Admin, "Check the consumer secret."),
    row("unsupported_grant_type", "", Admin, "Switch this flow on in the External Client App."),
    row("redirect_uri_mismatch", "", Admin, "Add this installation's callback address to the External Client App."),
];

impl AuthError {
    fn new(action: AuthAction, reason: &str, advice: &'static str) -> Self {
        Self { action, reason: excerpt(reason), advice }
    }

    /// The token endpoint could not be asked, or not now.
    pub(crate) fn passing(reason: &str) -> Self {
        Self::new(Retry, reason, AGAIN)
    }

    /// An answer of 200 without a token in it.
    pub(crate) fn not_a_token_answer() -> Self {
        Self::new(Admin, "the login host's answer holds no token", "Check the login host of the connection.")
    }

    /// A refusal: the body's `error` and `error_description` decide, else the status.
    pub(crate) fn refused(status: u16, body: &Value) -> Self {
        if matches!(status, 408 | 420 | 429 | 500..) {
            return Self::passing(&format!("the login host answered {status}"));
        }
        let Some(error) = body["error"].as_str() else {
            let reason = format!("the login host answered {status} without saying why");
            return Self::new(Admin, &reason, "Check the login host of the connection.");
        };
        let description = body["error_description"].as_str().unwrap_or_default();
        let fits = |row: &&Row| row.error == error && description.contains(row.description);
        let (action, advice) = match TABLE.iter().find(fits) {
            Some(row) => (row.action, row.advice),
            None => (Admin, "Check the External Client App and the connection's settings."),
        };
        Self::new(action, &format!("Salesforce answered {error}: {description}"), advice)
    }
}
