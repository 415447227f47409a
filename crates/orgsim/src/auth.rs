//! Who may call: apps, sessions, authorization codes and refresh tokens (Salesforce facts 1).

use std::collections::{BTreeSet, HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::id::SalesforceId;
use crate::jwt::{Assertion, PublicKey};

/// How long an authorization code can be exchanged (Salesforce facts 1.3).
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// Grants a user may have given to one app; one more ends the oldest (Salesforce facts 1.4).
const MOST_GRANTS: usize = 5;

/// An External Client App of the org.
#[derive(Debug, Clone)]
pub struct App {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// Whether code exchange and refresh need the secret. A wrong one is always refused.
    pub requires_secret: bool,
    /// The user of the client credentials flow.
    pub run_as: Option<SalesforceId>,
    /// The scopes it may have; empty allows all.
    pub scopes: Vec<String>,
    /// Where consent may send the browser; empty allows any web address.
    pub callbacks: Vec<String>,
    /// The key that its assertions are signed with.
    pub key: Option<PublicKey>,
    /// The users that an administrator approved (Salesforce facts 1.2); none allows all.
    pub users: Option<Vec<SalesforceId>>,
}

impl App {
    /// An app that may do everything as this user.
    pub fn trusted(name: &str, run_as: SalesforceId) -> Self {
        App { client_secret: name.into(), run_as: Some(run_as), ..App::public(name) }
    }

    /// An app without a secret, to which users consent.
    pub fn public(name: &str) -> Self {
        App {
            client_id: name.into(),
            client_secret: String::new(),
            requires_secret: false,
            run_as: None,
            scopes: Vec::new(),
            callbacks: Vec::new(),
            key: None,
            users: None,
        }
    }

    /// Whether a user may consent to it or be acted for.
    pub fn admits(&self, user: SalesforceId) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(&user))
    }

    /// Whether it may have a scope.
    pub fn may_have(&self, scope: &str) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|own| own == scope)
    }

    /// The scopes it has without asking.
    fn own_scope(&self) -> String {
        if self.scopes.is_empty() { "api".into() } else { self.scopes.join(" ") }
    }
}

/// What an access token stands for.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user that calls.
    pub user: SalesforceId,
    /// Consumer key of the app.
    pub client_id: String,
    /// Space-separated scopes.
    pub scope: String,
    /// When it was given out.
    pub issued: Timestamp,
    /// Until when it is good, unless it is used; none is until it is revoked.
    pub expires: Option<Timestamp>,
    grant: u64,
}

impl Session {
    /// Whether it may call the REST API (Salesforce facts 1.7).
    pub fn has_api(&self) -> bool {
        self.scope.split(' ').any(|scope| scope == "api" || scope == "full")
    }
}

/// What the org's clock and settings say at the moment of a request.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The org's own id, with which its tokens begin.
    pub org: SalesforceId,
    /// The org's clock.
    pub now: Timestamp,
    /// How long a session lives unused; none is for ever.
    pub session: Option<SignedDuration>,
    /// Each refresh gives a new refresh token.
    pub rotate: bool,
    /// How long a refresh token lives unused; none is for ever.
    pub idle: Option<SignedDuration>,
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

/// A refresh token's grant.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Consumer key of the app.
    pub client_id: String,
    /// The user that consented.
    pub user: SalesforceId,
    /// Space-separated scopes.
    pub scope: String,
    /// When the token was given out.
    pub issued: Timestamp,
    /// When it was last used, or given out.
    used: Timestamp,
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
    /// Refresh tokens whose refresh is under way.
    busy: HashSet<String>,
    last_grant: u64,
}

/// A refused OAuth request, answered 400 as `{"error","error_description"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError(pub &'static str, pub &'static str);

/// A refresh token that is not good, or not any more.
const EXPIRED: OAuthError = OAuthError("invalid_grant", "expired access/refresh token");

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

impl Auth {
    /// No tokens yet.
    pub fn new(apps: Vec<App>) -> Self {
        Auth {
            apps,
            sessions: HashMap::new(),
            codes: HashMap::new(),
            refresh: HashMap::new(),
            busy: HashSet::new(),
            last_grant: 0,
        }
    }

    /// Registers an app, or replaces the one of that consumer key.
    pub fn put_app(&mut self, app: App) {
        self.apps.retain(|known| known.client_id != app.client_id);
        self.apps.push(app);
    }

    /// The app with this consumer key.
    pub fn app(&self, client_id: &str) -> Result<&App, OAuthError> {
        let app = self.apps.iter().find(|app| app.client_id == client_id);
        app.ok_or(OAuthError("invalid_client_id", "client identifier invalid"))
    }

    /// The session of an access token. Use in the second half of its life renews it (Salesforce facts 1.6).
    pub fn session(&mut self, token: &str, policy: &Policy) -> Option<&Session> {
        if self.sessions.get(token)?.expires.is_some_and(|expires| expires <= policy.now) {
            self.sessions.remove(token);
            return None;
        }
        let session = self.sessions.get_mut(token)?;
        if let (Some(expires), Some(life)) = (session.expires, policy.session)
            && expires.duration_since(policy.now) < life / 2
        {
            session.expires = later(policy);
        }
        Some(session)
    }

    /// The client credentials flow. No refresh token (Salesforce facts 1.6).
    pub fn client_credentials(
        &mut self,
        policy: &Policy,
        client_id: &str,
        secret: &str,
    ) -> Result<Granted, OAuthError> {
        let app = self.app(client_id)?;
        if app.client_secret != secret {
            return Err(OAuthError("invalid_client", "invalid client credentials"));
        }
        let user = app.run_as.ok_or(OAuthError("invalid_grant", "no client credentials user enabled"))?;
        let (client_id, scope) = (app.client_id.clone(), app.own_scope());
        let grant = self.new_grant();
        Ok(self.grant(policy, user, client_id, scope, grant))
    }

    /// The JWT bearer flow for an assertion to one of the `audiences`. `user` is the user of that name and whether it
    /// is active. No refresh token (Salesforce facts 1.6).
    pub fn assertion(
        &mut self,
        policy: &Policy,
        assertion: &Assertion<'_>,
        audiences: &[&str],
        user: Option<SalesforceId>,
    ) -> Result<Granted, OAuthError> {
        let claims = &assertion.claims;
        let app = self.app(&claims.iss)?;
        if !app.key.as_ref().is_some_and(|key| assertion.signed_by(key)) {
            return Err(OAuthError("invalid_grant", "invalid assertion"));
        }
        if !audiences.contains(&claims.aud.trim_end_matches('/')) {
            return Err(OAuthError("invalid_grant", "audience is invalid"));
        }
        // One too far ahead is let pass: the official command line sends milliseconds.
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        let now = policy.now.as_second() as f64;
        if claims.exp <= now {
            return Err(OAuthError("invalid_grant", "expired authorization code"));
        }
        let user = user
            .filter(|user| app.admits(*user))
            .ok_or(OAuthError("invalid_grant", "user hasn't approved this consumer"))?;
        let (client_id, scope) = (app.client_id.clone(), app.own_scope());
        let grant = self.new_grant();
        Ok(self.grant(policy, user, client_id, scope, grant))
    }

    /// Keeps a consent and gives its one-time code.
    pub fn consent(&mut self, consent: Consent) -> String {
        let code = format!("aPrx{}", random_text(48));
        self.codes.insert(code.clone(), consent);
        code
    }

    /// The exchange of an authorization code.
    pub fn exchange(&mut self, policy: &Policy, form: &Exchange<'_>) -> Result<Granted, OAuthError> {
        let client_id = self.check_client(form.client_id, form.client_secret)?;
        let consent = self.codes.remove(form.code).ok_or(OAuthError("invalid_grant", "invalid authorization code"))?;
        if policy.now.duration_since(consent.at) > CODE_LIFETIME {
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
        let mut granted = self.grant(policy, consent.user, client_id.clone(), consent.scope.clone(), grant);
        if consent.scope.split(' ').any(|s| s == "refresh_token" || s == "offline_access") {
            self.end_oldest_grant(&client_id, consent.user);
            let Consent { user, scope, .. } = consent;
            let refresh = Refresh { client_id, user, scope, issued: policy.now, used: policy.now, grant, spent: false };
            granted.refresh_token = Some(self.new_refresh(refresh));
        }
        Ok(granted)
    }

    /// Marks a refresh as begun. A second one with the same token has to wait (Salesforce facts 1.4).
    pub fn begin_refresh(&mut self, token: &str) -> Result<(), OAuthError> {
        if self.busy.insert(token.to_owned()) {
            Ok(())
        } else {
            Err(OAuthError("invalid_grant", "token request is already being processed"))
        }
    }

    /// Marks a refresh as answered.
    pub fn end_refresh(&mut self, token: &str) {
        self.busy.remove(token);
    }

    /// A refresh. With rotation the answer has a new refresh token and the old one is spent; a spent one kills the
    /// whole grant (Salesforce facts 1.4).
    pub fn refresh(
        &mut self,
        policy: &Policy,
        token: &str,
        client: (&str, Option<&str>),
    ) -> Result<Granted, OAuthError> {
        let client_id = self.check_client(client.0, client.1)?;
        let known = self.refresh.get_mut(token).ok_or(EXPIRED)?;
        if known.client_id != client_id {
            return Err(EXPIRED);
        }
        let idle = policy.idle.is_some_and(|most| policy.now.duration_since(known.used) > most);
        if known.spent || idle {
            let grant = known.grant;
            self.revoke_grant(grant);
            return Err(EXPIRED);
        }
        known.used = policy.now;
        let mut next = known.clone();
        known.spent = policy.rotate;
        let mut granted = self.grant(policy, next.user, client_id, next.scope.clone(), next.grant);
        if policy.rotate {
            next.issued = policy.now;
            granted.refresh_token = Some(self.new_refresh(next));
        }
        Ok(granted)
    }

    /// What a refresh token stands for, while it is good.
    pub fn grant_of(&self, refresh_token: &str) -> Option<&Refresh> {
        self.refresh.get(refresh_token).filter(|refresh| !refresh.spent)
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

    /// Revokes the grant that an access token belongs to, with its refresh token.
    pub fn revoke_grant_of(&mut self, access_token: &str) {
        if let Some(grant) = self.sessions.get(access_token).map(|session| session.grant) {
            self.revoke_grant(grant);
        }
    }

    /// Ends all sessions, and with `refresh_tokens` all grants.
    pub fn revoke_all(&mut self, refresh_tokens: bool) {
        self.sessions.clear();
        if refresh_tokens {
            self.refresh.clear();
        }
    }

    /// The consumer key, when the secret is right or may be left out.
    pub fn check_client(&self, client_id: &str, secret: Option<&str>) -> Result<String, OAuthError> {
        let app = self.app(client_id)?;
        let right = match secret {
            Some(secret) => secret == app.client_secret,
            None => !app.requires_secret,
        };
        if right { Ok(app.client_id.clone()) } else { Err(OAuthError("invalid_client", "invalid client credentials")) }
    }

    fn new_grant(&mut self) -> u64 {
        self.last_grant += 1;
        self.last_grant
    }

    fn grant(&mut self, policy: &Policy, user: SalesforceId, client_id: String, scope: String, grant: u64) -> Granted {
        let access_token = format!("{}!AQ{}", &policy.org.as_str()[..15], random_text(64));
        let (issued, expires) = (policy.now, later(policy));
        let session = Session { user, client_id, scope: scope.clone(), issued, expires, grant };
        self.sessions.insert(access_token.clone(), session);
        Granted { access_token, refresh_token: None, scope, user }
    }

    fn new_refresh(&mut self, refresh: Refresh) -> String {
        let token = format!("5Aep861{}", random_text(64));
        self.refresh.insert(token.clone(), refresh);
        token
    }

    fn end_oldest_grant(&mut self, client_id: &str, user: SalesforceId) {
        let own = self.refresh.values().filter(|refresh| refresh.client_id == client_id && refresh.user == user);
        let grants: BTreeSet<u64> = own.map(|refresh| refresh.grant).collect();
        if let (true, Some(oldest)) = (grants.len() >= MOST_GRANTS, grants.first()) {
            self.revoke_grant(*oldest);
        }
    }

    fn revoke_grant(&mut self, grant: u64) {
        self.sessions.retain(|_, session| session.grant != grant);
        self.refresh.retain(|_, refresh| refresh.grant != grant);
    }
}

fn later(policy: &Policy) -> Option<Timestamp> {
    policy.session.map(|life| policy.now.saturating_add(life).unwrap_or(Timestamp::MAX))
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
