//! The one place where a request to Salesforce is built, sent and judged.

use std::error::Error as _;
use std::fmt;
use std::sync::Once;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::auth::{AuthError, Grant, InstanceUrl, LoginHost, LoopbackPolicy, TokenAnswer};
use crate::composite::{CompositeAnswer, CompositeRequest, query_path};
use crate::describe::ObjectDescribe;
use crate::error::{ApiError, ErrorKind, kind_of};
use crate::limits::ApiUsage;
use crate::query::{NextPage, Rows};
use crate::sobject::{ApiName, Record, SalesforceId, excerpt};
use crate::soql::Select;
use crate::sosl::Find;

/// No answer that is read here comes near; more is a broken or hostile host. Counted after decompression.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that the other side closed while it lay idle makes the next write unclear, which costs more than
/// connecting anew: so it is not kept for long.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// A version of the API, such as 66.0. Only whole versions exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The version that this client was written for.
    pub const DEFAULT: Self = Self(66);
    const OLDEST: Self = Self(49);

    /// Reads `66.0`, `v66.0` or `66`.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let number = text.trim().trim_start_matches(['v', 'V']);
        match number.strip_suffix(".0").unwrap_or(number).parse().map(Self) {
            Ok(version) if version >= Self::OLDEST && version < Self(1000) => Ok(version),
            _ => Err(VersionError(excerpt(text))),
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.0", self.0)
    }
}

/// Not a version that this client speaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an API version that can be used: write it like 66.0; 49.0 is the oldest")]
pub struct VersionError(String);

/// How the client behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The longest that a call may take, answer included.
    pub timeout: Duration,
    /// Whether an org may be on this machine.
    pub loopback: LoopbackPolicy,
    /// The `User-Agent` header.
    pub user_agent: String,
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the Salesforce client could not be set up")]
pub struct ClientError(#[from] reqwest::Error);

/// What calls of one org need.
#[derive(Debug, Clone)]
pub struct Session {
    /// Where the API answers.
    pub instance_url: InstanceUrl,
    /// The token.
    pub access_token: SecretString,
    /// The version to speak.
    pub api_version: ApiVersion,
}

/// What can be said of a call without telling its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path without its query, which may hold personal data.
    pub path: String,
    /// The HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// From building the request to the end of the answer.
    pub milliseconds: u64,
    /// The org's use of its quota after this call, if Salesforce said so.
    pub api_usage: Option<ApiUsage>,
}

/// A call that was made: what is known about it, and what came of it.
#[derive(Debug)]
pub struct Call<T> {
    /// What is known about the call.
    pub record: CallRecord,
    /// What came of it.
    pub result: Result<T, CallError>,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The request cannot be written as HTTP.
    #[error("the request could not be built: {0}")]
    Unsendable(String),
    /// The request provably never left: no connection came about.
    #[error("Salesforce could not be reached: {0}")]
    NotSent(String),
    /// Sending began and no whole answer came back: what was asked may have happened.
    #[error("the connection to Salesforce broke before its answer was there: {0}")]
    Unclear(String),
    /// The token is not valid any more (401); nothing happened.
    #[error("Salesforce does not accept the access token any more")]
    Unauthorized,
    /// Salesforce said no.
    #[error("Salesforce answered {status}{}", first_message(errors))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its reasons; none when the answer held none.
        errors: Vec<ApiError>,
        /// How long Salesforce asks to wait, as it said.
        retry_after: Option<Duration>,
    },
    /// An answer that is not Salesforce's API speaking: HTML, broken JSON, endless.
    #[error("Salesforce answered {status} with something unreadable: {detail}")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What was wrong with the answer.
        detail: &'static str,
        /// How long Salesforce asks to wait, as it said.
        retry_after: Option<Duration>,
    },
}

fn first_message(errors: &[ApiError]) -> String {
    errors.first().map(|error| format!(": {} ({})", error.message, error.code)).unwrap_or_default()
}

impl CallError {
    /// What the error means for the one who sent the request.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unsendable(_) => ErrorKind::Request,
            Self::NotSent(_) | Self::Unclear(_) | Self::Unreadable { .. } => ErrorKind::Passing,
            Self::Unauthorized => ErrorKind::Auth,
            // Refreshing the token mends a 401 only: a 403 that names the session is about the app's rights.
            Self::Refused { status: 403, errors, .. } if kind_of(403, errors) == ErrorKind::Auth => ErrorKind::Blocked,
            Self::Refused { status, errors, .. } => kind_of(*status, errors),
        }
    }

    /// What an admin can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unsendable(_) => "Check the connection's settings; if they are right, please report this.",
            Self::NotSent(_) | Self::Unclear(_) | Self::Unreadable { .. } => {
                "Check the network and Salesforce's status page (status.salesforce.com). It is tried again by itself."
            }
            Self::Unauthorized => "The token is renewed by itself; if not, reconnect.",
            Self::Refused { status: 301..=399, .. } => {
                "The org's address changed: set the login host to its My Domain and reconnect."
            }
            Self::Refused { .. } if self.kind() == ErrorKind::Blocked => {
                "Give the app the scope \"api\" and the connection's user the permission \"API Enabled\", then reconnect."
            }
            Self::Refused { errors, .. } => {
                errors.first().map_or("Retry; if it comes back, please report it.", ApiError::advice)
            }
        }
    }

    /// Whether a write that ended like this may have changed the org all the same.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Unsendable(_) | Self::NotSent(_) | Self::Unauthorized => false,
            Self::Unclear(_) | Self::Unreadable { .. } => true,
            Self::Refused { status, errors, .. } => {
                let turned_away = errors.iter().any(|error| error.code == "SERVER_UNAVAILABLE");
                matches!(status, 408 | 500..) && !turned_away
            }
        }
    }
}

/// The answer to a describe that was asked with what is at hand.
#[derive(Debug, Clone, PartialEq)]
pub enum Described {
    /// Nothing changed since.
    NotModified,
    /// The describe as it is now.
    Object(Box<ObjectDescribe>),
}

/// The user and org that a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserInfo {
    /// The user.
    pub user_id: SalesforceId,
    /// The org.
    pub organization_id: SalesforceId,
    /// The user's sign-in name.
    pub username: String,
    /// The user's name.
    pub name: String,
    /// The user's email.
    pub email: String,
}

/// Speaks to any number of orgs. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    loopback: LoopbackPolicy,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client that follows no redirects and repeats nothing by itself. It goes through the proxy that the usual
    /// environment variables (`HTTPS_PROXY`, `NO_PROXY`) name.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        static PROVIDER: Once = Once::new();
        // An error says that the program has installed a provider before; then that one is used.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let http = reqwest::Client::builder()
            .user_agent(options.user_agent)
            .default_headers(default_headers())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT.min(options.timeout))
            .timeout(options.timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()?;
        Ok(Self { http, loopback: options.loopback })
    }

    /// Asks for a token. With refresh token rotation the answer holds a new refresh token: store it before anything
    /// else, and never ask twice at the same time with one refresh token (Salesforce facts 1.4).
    pub async fn token(&self, host: &LoginHost, grant: &Grant) -> Result<TokenAnswer, AuthError> {
        grant.check(host)?;
        let request = self.http.post(format!("{host}/services/oauth2/token")).form(&grant.form());
        let answer = send(request).await.map_err(|error| AuthError::passing(&error.to_string()))?;
        let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
        match answer.status {
            200 => TokenAnswer::read(&body, self.loopback),
            status => Err(AuthError::refused(status, &body)),
        }
    }

    /// Takes a token back. Revoking a refresh token ends its access tokens, too.
    pub async fn revoke(&self, host: &LoginHost, token: &SecretString) -> Result<(), AuthError> {
        let form = [("token", token.expose_secret())];
        let request = self.http.post(format!("{host}/services/oauth2/revoke")).form(&form);
        let answer = send(request).await.map_err(|error| AuthError::passing(&error.to_string()))?;
        match answer.status {
            200 => Ok(()),
            status => Err(AuthError::refused(status, &serde_json::from_slice(&answer.body).unwrap_or(Value::Null))),
        }
    }

    /// Sends parts together; the org counts one call. `Ok` means that each part has an answer of its own.
    pub async fn composite(&self, session: &Session, request: &CompositeRequest) -> Call<CompositeAnswer> {
        let body = request.to_json(session.api_version);
        let path = data_path(session, "composite");
        let call = self.call(session, Method::POST, &path, |http| http.json(&body)).await;
        call.read(|_, body| CompositeAnswer::read(request, body))
    }

    /// The first page of a query's rows.
    pub async fn query(&self, session: &Session, select: &Select, include_deleted: bool) -> Call<Rows> {
        self.rows(session, &data_path(session, &query_path(select, include_deleted))).await
    }

    /// A further page.
    pub async fn query_more(&self, session: &Session, page: &NextPage) -> Call<Rows> {
        self.rows(session, page.path()).await
    }

    async fn rows(&self, session: &Session, path: &str) -> Call<Rows> {
        let largest_pages = |http: RequestBuilder| http.header("Sforce-Query-Options", "batchSize=2000");
        self.call(session, Method::GET, path, largest_pages).await.read(|_, body| Rows::read(body))
    }

    /// The records that a search finds; it has no further pages.
    pub async fn search(&self, session: &Session, find: &Find) -> Call<Vec<Record>> {
        let path = find.path(session.api_version);
        self.call(session, Method::GET, &path, |http| http).await.read(|_, body| Find::read(body))
    }

    /// What an object looks like to the user; with `last_modified` of the describe at hand, only if it changed.
    pub async fn describe(
        &self,
        session: &Session,
        object: &ApiName,
        if_modified_since: Option<&str>,
    ) -> Call<Described> {
        let path = data_path(session, &format!("sobjects/{object}/describe"));
        let since = |http: RequestBuilder| match if_modified_since {
            Some(since) => http.header("If-Modified-Since", since),
            None => http,
        };
        let call = self.call(session, Method::GET, &path, since).await;
        if let Ok(Answer { status: 304, .. }) = call.result {
            return Call { record: call.record, result: Ok(Described::NotModified) };
        }
        call.read(|headers, body| {
            let last_modified = text_header(headers, "last-modified").map(str::to_owned);
            ObjectDescribe::read(&body, last_modified).map(|describe| Described::Object(Box::new(describe)))
        })
    }

    /// Whom the token stands for.
    pub async fn user_info(&self, session: &Session) -> Call<UserInfo> {
        let call = self.call(session, Method::GET, "/services/oauth2/userinfo", |http| http).await;
        call.read(|_, body| {
            let id = |key: &str| SalesforceId::parse(body[key].as_str()?).ok();
            let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            Some(UserInfo {
                user_id: id("user_id")?,
                organization_id: id("organization_id")?,
                username: text("preferred_username"),
                name: text("name"),
                email: text("email"),
            })
        })
    }

    async fn call(
        &self,
        session: &Session,
        method: Method,
        path: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Call<Answer> {
        let started = Instant::now();
        let mut record = CallRecord {
            method: if method == Method::POST { "POST" } else { "GET" },
            path: path.split('?').next().unwrap_or_default().to_owned(),
            status: None,
            milliseconds: 0,
            api_usage: None,
        };
        let url = format!("{}{path}", session.instance_url);
        let request = self.http.request(method, url).bearer_auth(session.access_token.expose_secret());
        let sent = send(finish(request)).await;
        record.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        record.status = match &sent {
            Ok(answer) => Some(answer.status),
            Err(CallError::Unreadable { status, .. }) => Some(*status),
            Err(_) => None,
        };
        let headers = sent.as_ref().ok().map(|answer| &answer.headers);
        record.api_usage = headers.and_then(|headers| ApiUsage::parse(text_header(headers, "sforce-limit-info")?));
        Call { record, result: sent.and_then(judge) }
    }
}

impl Call<Answer> {
    /// Reads the JSON of a successful answer.
    fn read<T>(self, read: impl FnOnce(&HeaderMap, Value) -> Option<T>) -> Call<T> {
        let result = self.result.and_then(|answer| {
            let value = serde_json::from_slice(&answer.body).ok().and_then(|body| read(&answer.headers, body));
            value.ok_or_else(|| unreadable(answer.status, &answer.headers, "it is not the JSON that was asked for"))
        });
        Call { record: self.record, result }
    }
}

fn default_headers() -> HeaderMap {
    let entry = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    HeaderMap::from_iter([
        entry("accept", "application/json"),
        // Assignment rules could replace the owner that a request names.
        entry("sforce-auto-assign", "FALSE"),
        entry("sforce-call-options", "client=Matchbook"),
    ])
}

fn data_path(session: &Session, path: &str) -> String {
    format!("/services/data/{}/{path}", session.api_version)
}

async fn send(request: RequestBuilder) -> Result<Answer, CallError> {
    let response = request.send().await.map_err(|error| {
        let words = in_words(&error);
        if error.is_builder() {
            CallError::Unsendable(words)
        } else if error.is_connect() {
            CallError::NotSent(words)
        } else {
            CallError::Unclear(words)
        }
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = read_body(status, &headers, response).await?;
    Ok(Answer { status, headers, body })
}

async fn read_body(status: u16, headers: &HeaderMap, mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                return Err(unreadable(status, headers, "it is longer than any answer should be"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(CallError::Unclear(in_words(&error))),
        }
    }
}

/// The causes of an error, without the address: its query may hold personal data.
fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".into();
    }
    let mut cause = error.source();
    let mut words = "no connection".to_owned();
    while let Some(error) = cause {
        words = error.to_string();
        cause = error.source();
    }
    excerpt(&words)
}

fn judge(answer: Answer) -> Result<Answer, CallError> {
    let status = answer.status;
    match status {
        200..=299 | 304 => Ok(answer),
        401 => Err(CallError::Unauthorized),
        // The user info endpoint says it in plain text and with another status (Salesforce facts 1.6).
        403 if answer.body.trim_ascii() == b"Bad_OAuth_Token" => Err(CallError::Unauthorized),
        _ => {
            let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            let errors = ApiError::read_all(&body);
            if status >= 500 && errors.is_empty() {
                return Err(unreadable(status, &answer.headers, "it is not the API that answered"));
            }
            Err(CallError::Refused { status, errors, retry_after: retry_after(&answer.headers) })
        }
    }
}

fn unreadable(status: u16, headers: &HeaderMap, detail: &'static str) -> CallError {
    CallError::Unreadable { status, detail, retry_after: retry_after(headers) }
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `Retry-After` in seconds; its other form, a date, needs the other side's clock and is passed over.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    text_header(headers, "retry-after")?.trim().parse().ok().map(Duration::from_secs)
}
