//! Who may call: apps, sessions, authorization codes and refresh tokens (Salesforce facts 1).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::id::SalesforceId;

/// How long an authorization code can be exchanged (Salesforce facts 1.3).
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// An External Client App of the org.
#[derive(Debug, Clone)]
pub struct App {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// The user of the client credentials flow.
    pub run_as: SalesforceId,
}

/// What an access token stands for.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user that calls.
    pub user: SalesforceId,
    grant: u64,
}

/// A consent waiting to be exchanged.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The app that asked.
    pub client_id: String,
    /// Where the answer goes; the exchange must name the same.
    pub redirect_uri: String,
    /// PKCE challenge, always read as S256.
    pub challenge: Option<String>,
    /// The user that consented.
    pub user: SalesforceId,
    /// Space-separated scopes.
    pub scope: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
struct Refresh {
    client_id: String,
    user: SalesforceId,
    scope: String,
    grant: u64,
    /// Replaced by rotation; using it again revokes the grant.
    spent: bool,
}

/// The org's apps and the tokens it gave out.
#[derive(Debug)]
pub struct Auth {
    apps: Vec<App>,
    sessions: HashMap<String, Session>,
    codes: HashMap<String, Consent>,
    refresh: HashMap<String, Refresh>,
    last_grant: u64,
}

/// A refused OAuth request, answered 400 as `{"error","error_description"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError(pub &'static str, pub &'static str);

/// What a token answer is made of.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The access token.
    pub access_token: String,
    /// A refresh token, where the flow and the scope give one.
    pub refresh_token: Option<String>,
    /// Space-separated scopes.
    pub scope: String,
    /// The user.
    pub user: SalesforceId,
}

impl Auth {
    /// No tokens yet.
    pub fn new(apps: Vec<App>) -> Self {
        Auth { apps, sessions: HashMap::new(), codes: HashMap::new(), refresh: HashMap::new(), last_grant: 0 }
    }

    /// The session of an access token.
    pub fn session(&self, token: &str) -> Option<&Session> {
        self.sessions.get(token)
    }

    /// Whether there is an app with this consumer key.
    pub fn knows(&self, client_id: &str) -> bool {
        self.apps.iter().any(|app| app.client_id == client_id)
    }

    /// The client credentials flow. No refresh token (Salesforce facts 1.6).
    pub fn client_credentials(
        &mut self,
        org: SalesforceId,
        client_id: &str,
        secret: &str,
    ) -> Result<Granted, OAuthError> {
        let app = self.app(client_id)?;
        if app.client_secret != secret {
            return Err(OAuthError("invalid_client", "invalid client credentials"));
        }
        let user = app.run_as;
        let grant = self.new_grant();
        Ok(self.grant(org, user, "api".into(), grant))
    }

    /// Keeps a consent and gives its one-time code.
    pub fn consent(&mut self, consent: Consent) -> String {
        let code = format!("aPrx{}", random_text(48));
        self.codes.insert(code.clone(), consent);
        code
    }

    /// The user that consents on the page: the app's own, as the page has no sign-in.
    pub fn consenting_user(&self, client_id: &str) -> Option<SalesforceId> {
        self.app(client_id).ok().map(|app| app.run_as)
    }

    /// The exchange of an authorization code. The secret may be left out by a public client, but not be wrong.
    pub fn exchange(&mut self, org: SalesforceId, now: Timestamp, form: &Exchange<'_>) -> Result<Granted, OAuthError> {
        let client_id = self.check_client(form.client_id, form.client_secret)?;
        let consent = self.codes.remove(form.code).ok_or(OAuthError("invalid_grant", "invalid authorization code"))?;
        if now.duration_since(consent.at) > CODE_LIFETIME {
            return Err(OAuthError("invalid_grant", "expired authorization code"));
        }
        if consent.client_id != client_id {
            return Err(OAuthError("invalid_grant", "invalid authorization code"));
        }
        if consent.redirect_uri != form.redirect_uri {
            return Err(OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration"));
        }
        verify(consent.challenge.as_deref(), form.code_verifier)?;
        let grant = self.new_grant();
        let mut granted = self.grant(org, consent.user, consent.scope.clone(), grant);
        if consent.scope.split(' ').any(|s| s == "refresh_token" || s == "offline_access") {
            let scope = consent.scope;
            granted.refresh_token =
                Some(self.new_refresh(Refresh { client_id, user: consent.user, scope, grant, spent: false }));
        }
        Ok(granted)
    }

    /// A refresh. With `rotate` the answer has a new refresh token and the old one is spent; a spent one kills the
    /// whole grant (Salesforce facts 1.4).
    pub fn refresh(
        &mut self,
        org: SalesforceId,
        token: &str,
        client: (&str, Option<&str>),
        rotate: bool,
    ) -> Result<Granted, OAuthError> {
        const EXPIRED: OAuthError = OAuthError("invalid_grant", "expired access/refresh token");
        let client_id = self.check_client(client.0, client.1)?;
        let known = self.refresh.get_mut(token).ok_or(EXPIRED)?;
        if known.client_id != client_id {
            return Err(EXPIRED);
        }
        if known.spent {
            let grant = known.grant;
            self.revoke_grant(grant);
            return Err(EXPIRED);
        }
        let next = known.clone();
        known.spent = rotate;
        let mut granted = self.grant(org, next.user, next.scope.clone(), next.grant);
        if rotate {
            granted.refresh_token = Some(self.new_refresh(next));
        }
        Ok(granted)
    }

    /// Revokes an access token, or a refresh token with its access tokens. Whether it was known.
    pub fn revoke(&mut self, token: &str) -> bool {
        if self.sessions.remove(token).is_some() {
            return true;
        }
        let grant = self.refresh.get(token).map(|refresh| refresh.grant);
        if let Some(grant) = grant {
            self.revoke_grant(grant);
        }
        grant.is_some()
    }

    /// Ends all sessions, and with `refresh_tokens` all grants.
    pub fn revoke_all(&mut self, refresh_tokens: bool) {
        self.sessions.clear();
        if refresh_tokens {
            self.refresh.clear();
        }
    }

    fn app(&self, client_id: &str) -> Result<&App, OAuthError> {
        let app = self.apps.iter().find(|app| app.client_id == client_id);
        app.ok_or(OAuthError("invalid_client_id", "client identifier invalid"))
    }

    fn check_client(&self, client_id: &str, secret: Option<&str>) -> Result<String, OAuthError> {
        let app = self.app(client_id)?;
        if secret.is_some_and(|secret| secret != app.client_secret) {
            return Err(OAuthError("invalid_client", "invalid client credentials"));
        }
        Ok(app.client_id.clone())
    }

    fn new_grant(&mut self) -> u64 {
        self.last_grant += 1;
        self.last_grant
    }

    fn grant(&mut self, org: SalesforceId, user: SalesforceId, scope: String, grant: u64) -> Granted {
        let access_token = format!("{}!AQ{}", &org.as_str()[..15], random_text(64));
        self.sessions.insert(access_token.clone(), Session { user, grant });
        Granted { access_token, refresh_token: None, scope, user }
    }

    fn new_refresh(&mut self, refresh: Refresh) -> String {
        let token = format!("5Aep861{}", random_text(64));
        self.refresh.insert(token.clone(), refresh);
        token
    }

    fn revoke_grant(&mut self, grant: u64) {
        self.sessions.retain(|_, session| session.grant != grant);
        self.refresh.retain(|_, refresh| refresh.grant != grant);
    }
}

/// The form of a code exchange.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The code.
    pub code: &'a str,
    /// Consumer key.
    pub client_id: &'a str,
    /// Consumer secret, if sent.
    pub client_secret: Option<&'a str>,
    /// As at the authorize request.
    pub redirect_uri: &'a str,
    /// PKCE verifier, if sent.
    pub code_verifier: Option<&'a str>,
}

impl Granted {
    /// The token answer. It has no `expires_in` (Salesforce facts 0.1).
    pub fn body(&self, base_url: &str, org: SalesforceId, now: Timestamp) -> Json {
        let id = format!("{base_url}/id/{org}/{}", self.user);
        let issued_at = now.as_millisecond().to_string();
        let signature = STANDARD.encode(Sha256::digest(format!("{id}{issued_at}")));
        let mut body = json!({ "access_token": self.access_token });
        if let Some(refresh_token) = &self.refresh_token {
            body["refresh_token"] = refresh_token.as_str().into();
        }
        body["signature"] = signature.into();
        body["scope"] = self.scope.as_str().into();
        body["instance_url"] = base_url.into();
        body["id"] = id.into();
        body["token_type"] = "Bearer".into();
        body["issued_at"] = issued_at.into();
        body
    }
}

/// A challenge is S256 even when the request did not say so (Salesforce facts 0.5).
fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let Some(challenge) = challenge else { return Ok(()) };
    let Some(verifier) = verifier else { return Err(OAuthError("invalid_grant", "code verifier is required")) };
    // The standard ends at 128 characters, but the official command line sends 171.
    let fits = verifier.len() >= 43 && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge;
    if fits { Ok(()) } else { Err(OAuthError("invalid_request", "invalid code verifier")) }
}

fn random_text(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(random)
}
