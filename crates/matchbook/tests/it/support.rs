//! A whole installation for one test: a simulated org, the server, a fresh database. Nothing runs by
//! itself: a test says when syncs run, so that it never waits.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use matchbook::access::KeyScope;
use matchbook::app::App;
use matchbook::auth;
use matchbook::clock::Clock;
use matchbook::config::{ServeConfig, StoreConfig};
use matchbook::configuration::{Applied, ChangeContext, ChangeError, Edit, Plan, SecretSources, change, plan};
use matchbook::routes;
use matchbook::secrets::Vault;
use matchbook::store::{Actor, ApiKeyDraft, Place};
use matchbook::sync::EngineOptions;
use matchbook::users::{self, NewUser};
use matchbook::workspace_file;
use salesforce::auth::LoopbackPolicy;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::Connection as _;

#[path = "postgres.rs"]
pub(crate) mod postgres;

/// The API key of the source `calcom`.
pub(crate) const CALCOM_KEY: &str = "cal_live_0123456789abcdef";

pub(crate) const WEBHOOK_SECRET: &str = "a webhook secret";

/// The private key of [`CERTIFICATE`].
const PRIVATE_KEY: &str = include_str!("../../../orgsim/tests/it/keys/app.key");

/// A certificate for the JWT bearer grant.
pub(crate) const CERTIFICATE: &str = include_str!("../../../orgsim/tests/it/keys/app.crt");

pub(crate) const ENCRYPTION_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Where the test's server says that browsers reach it.
pub(crate) const PUBLIC_URL: &str = "https://matchbook.example";

/// The database that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The instant at which every test starts.
pub(crate) const START: &str = "2026-05-04T10:00:00Z";

/// A whole installation.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) app: Arc<App>,
    pub(crate) org: Org,
    pub(crate) api_key: String,
    http: reqwest::Client,
    micros: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    database: Place,
}

/// An answer with its JSON, or null where it has none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) retry_after: Option<String>,
    headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// A header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl TestApp {
    /// An installation with one connection, two hosts, one event type and one source, and an org with a user for Ann.
    pub(crate) async fn spawn(engine: Engine) -> Option<TestApp> {
        Some(TestApp::unconfigured(engine).await?.configured().await)
    }

    /// The same before anything is configured, by a clock that stands still.
    pub(crate) async fn unconfigured(engine: Engine) -> Option<TestApp> {
        let start: Timestamp = START.parse().expect("an instant");
        let micros = Arc::new(AtomicI64::new(start.as_microsecond()));
        TestApp::with_clock(engine, Clock::Manual(Arc::clone(&micros)), micros).await
    }

    /// The same as [`TestApp::spawn`] in real time, for benches.
    #[allow(dead_code, reason = "only benches take real time")]
    pub(crate) async fn by_the_systems_clock() -> TestApp {
        TestApp::with_clock(Engine::Sqlite, Clock::System, Arc::default())
            .await
            .expect("SQLite is always here")
            .configured()
            .await
    }

    /// The same as [`TestApp::spawn`], for a server that is set up otherwise.
    pub(crate) async fn spawn_with(engine: Engine, adjust: impl FnOnce(&mut ServeConfig)) -> Option<TestApp> {
        let start: Timestamp = START.parse().expect("an instant");
        let micros = Arc::new(AtomicI64::new(start.as_microsecond()));
        let app = TestApp::with(engine, Clock::Manual(Arc::clone(&micros)), micros, adjust).await?;
        Some(app.configured().await)
    }

    async fn with_clock(engine: Engine, clock: Clock, micros: Arc<AtomicI64>) -> Option<TestApp> {
        TestApp::with(engine, clock, micros, |_| {}).await
    }

    async fn with(
        engine: Engine,
        clock: Clock,
        micros: Arc<AtomicI64>,
        adjust: impl FnOnce(&mut ServeConfig),
    ) -> Option<TestApp> {
        let folder = tempfile::tempdir().expect("a folder");
        let database = match engine {
            Engine::Sqlite => Place::File(folder.path().join("test.db")),
            Engine::Postgres => postgres::fresh_schema().await?,
        };
        let org = Org::start().await;
        let mut config = ServeConfig {
            store: StoreConfig {
                database: database.clone(),
                encryption_key: Some(SecretString::from(ENCRYPTION_KEY)),
                old_encryption_keys: Vec::new(),
            },
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: Some(PUBLIC_URL.to_owned()),
            workers: 1,
            api_calls_per_minute: NonZeroU32::new(600).expect("some"),
            lookup_deadline_ms: 3000,
            geo_headers: None,
            link_lookups_per_minute: NonZeroU32::new(20).expect("some"),
            allow_loopback_orgs: true,
            allow_private_sources: false,
            secure_cookies: false,
            trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        };
        adjust(&mut config);
        let app = App::build(&config, clock).await.expect("the application comes up");
        let url = serve(&app).await;
        let api_key = add_user(&app, "ops@seller.example", "admin").await;
        Some(TestApp { url, app, org, api_key, http: reqwest::Client::new(), micros, folder, database })
    }

    async fn configured(self) -> TestApp {
        self.org.load(json!({"User": [user("ann@seller.example")]})).await;
        self.org.add_booking_id_field().await;
        let applied = self.apply(&configuration(&self.org.url)).await.expect("the test's configuration is sound");
        assert_eq!(applied.changes.len(), 5, "{:?}", applied.changes);
        self
    }

    /// Applies a configuration file.
    pub(crate) async fn apply(&self, text: &str) -> Result<Applied, ChangeError> {
        self.change(None, &edit(text, false)?).await
    }

    /// Makes a change of the configuration, against a version.
    pub(crate) async fn change(&self, expected: Option<i64>, edit: &Edit) -> Result<Applied, ChangeError> {
        let secrets = self.secrets();
        change(&self.change_context(&secrets), &actor(), expected, edit).await
    }

    /// What a change of the configuration would do.
    pub(crate) async fn plan(&self, edit: &Edit) -> Result<Plan, ChangeError> {
        let secrets = self.secrets();
        plan(&self.change_context(&secrets), None, edit).await
    }

    fn secrets(&self) -> SecretSources {
        let folder = self.secrets_folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, value) in [
            ("CLIENT", "matchbook-demo"),
            ("WEBHOOK", WEBHOOK_SECRET),
            ("PRIVATE_KEY", PRIVATE_KEY),
            ("CALCOM_KEY", CALCOM_KEY),
        ] {
            if !folder.join(name).exists() {
                std::fs::write(folder.join(name), value).expect("written");
            }
        }
        SecretSources { folder: Some(folder) }
    }

    /// The folder with a file per secret.
    pub(crate) fn secrets_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("secrets")
    }

    fn change_context<'a>(&'a self, secrets: &'a SecretSources) -> ChangeContext<'a> {
        context(&self.app, secrets)
    }

    /// The file of a SQLite database.
    pub(crate) fn database_file(&self) -> std::path::PathBuf {
        self.folder.path().join("test.db")
    }

    /// Runs a statement on the database beside the server, as a fault would or an operator's hand.
    pub(crate) async fn meddle(&self, statement: &'static str) {
        match &self.database {
            Place::File(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
                sqlx::raw_sql(statement).execute(&mut connection).await.expect("it runs");
            }
            Place::Postgres(_) => {
                let mut connection = self.beside_on_postgres().await;
                sqlx::raw_sql(statement).execute(&mut connection).await.expect("it runs");
            }
        }
    }

    /// The database, as commands beside the server are given it.
    pub(crate) fn database_argument(&self) -> String {
        match &self.database {
            Place::File(path) => path.display().to_string(),
            Place::Postgres(url) => url.expose_secret().to_owned(),
        }
    }

    /// The one number that a statement gives.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        match &self.database {
            Place::File(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
                sqlx::query_scalar(statement).fetch_one(&mut connection).await.expect("a number")
            }
            Place::Postgres(_) => {
                let mut connection = self.beside_on_postgres().await;
                sqlx::query_scalar(statement).fetch_one(&mut connection).await.expect("a number")
            }
        }
    }

    /// A connection of its own to the test's PostgreSQL.
    pub(crate) async fn beside_on_postgres(&self) -> sqlx::PgConnection {
        let Place::Postgres(url) = &self.database else { panic!("this test runs on PostgreSQL") };
        sqlx::PgConnection::connect(url.expose_secret()).await.expect("a connection")
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.micros.fetch_add(i64::try_from(time.as_micros()).expect("a short time"), Ordering::SeqCst);
    }

    /// What another process on the same database would be: an engine that shares nothing else.
    pub(crate) fn another_engine(&self) -> matchbook::sync::Engine {
        self.engine_with(self.app.vault.clone())
    }

    /// The same with other keys.
    pub(crate) fn engine_with(&self, vault: Vault) -> matchbook::sync::Engine {
        let options = EngineOptions {
            store: self.app.store.clone(),
            vault,
            clock: self.app.clock.clone(),
            loopback: LoopbackPolicy::Allow,
            public_url: None,
        };
        matchbook::sync::Engine::new(options).expect("an engine")
    }

    /// Runs every sync that is due.
    pub(crate) async fn sync(&self) {
        self.app.engine.drain().await.expect("the database can be used");
    }

    /// Posts a delivery with a right signature.
    pub(crate) async fn deliver(&self, delivery: &Value) -> Answer {
        let body = delivery.to_string();
        self.post_webhook("calcom", &body, Some(&sign(body.as_bytes()))).await
    }

    /// The same with more headers.
    pub(crate) async fn deliver_with(&self, delivery: &Value, headers: &[(&str, &str)]) -> Answer {
        let body = delivery.to_string();
        let signature = sign(body.as_bytes());
        let mut request =
            self.http.post(format!("{}/webhooks/calcom", self.url)).header("X-Cal-Signature-256", signature);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.body(body)).await
    }

    /// Posts any body with any signature.
    pub(crate) async fn post_webhook(&self, source: &str, body: &str, signature: Option<&str>) -> Answer {
        let mut request = self.http.post(format!("{}/webhooks/{source}", self.url)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("X-Cal-Signature-256", signature);
        }
        answer(request).await
    }

    /// Calls the API with the test's key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.api_key)).await
    }

    /// Calls the API with the test's key.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        answer(self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.api_key).body(body.to_owned())).await
    }

    /// Calls the API with the test's key, any method, headers and JSON body.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.api_key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// Asks for a booking with an Idempotency-Key.
    pub(crate) async fn post_booking_once(&self, key: &str, body: &str) -> Answer {
        let request = self.http.post(format!("{}/api/v1/bookings", self.url)).bearer_auth(&self.api_key);
        answer(request.header("Idempotency-Key", key).body(body.to_owned())).await
    }

    /// Calls with any Authorization header.
    pub(crate) async fn get_authorized(&self, path: &str, authorization: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.url)).header("Authorization", authorization)).await
    }

    /// Calls without any key.
    pub(crate) async fn get_anonymously(&self, path: &str) -> Answer {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// The only booking there is.
    pub(crate) async fn only_booking(&self) -> Value {
        let page = self.get("/api/v1/bookings").await;
        let bookings = page.body["bookings"].as_array().expect("a list of bookings");
        assert_eq!(bookings.len(), 1, "there should be one booking: {bookings:#?}");
        bookings[0].clone()
    }

    /// The notes of a booking's latest run.
    pub(crate) async fn latest_notes(&self) -> Vec<String> {
        let booking = self.only_booking().await;
        let id = booking["id"].as_str().expect("an id");
        self.app.store.runs(id, 1).await.expect("runs").remove(0).notes
    }

    /// At the end of a story no sync is left and nobody is locked out.
    pub(crate) async fn assert_all_synced(&self) {
        assert_eq!(
            self.app.store.unfinished().await.expect("a count"),
            0,
            "syncs are left: {:#?}",
            self.get("/api/v1/bookings").await.body
        );
    }
}

/// A change that a file makes; `exact` as by --prune.
pub(crate) fn edit(text: &str, exact: bool) -> Result<Edit, ChangeError> {
    let file = workspace_file::read(text, "test.yaml").map_err(ChangeError::File)?;
    Ok(Edit::File { file, exact })
}

fn actor() -> Actor {
    Actor { who: "dana".into(), via: "cli".into(), address: None }
}

fn context<'a>(app: &'a App, secrets: &'a SecretSources) -> ChangeContext<'a> {
    ChangeContext {
        store: &app.store,
        vault: &app.vault,
        secrets,
        loopback: LoopbackPolicy::Allow,
        now: app.clock.now(),
    }
}

/// A user who signs in with "a long password"; gives an API key of theirs.
pub(crate) async fn add_user(app: &App, email: &str, role: &str) -> String {
    let password_hash = auth::hash_password(&SecretString::from("a long password")).expect("hashed");
    let new =
        NewUser { email: email.parse().expect("an email"), name: "Test".into(), role: role.into(), password_hash };
    let secrets = SecretSources::default();
    let added = users::add(&context(app, &secrets), &actor(), &new).await.expect("stored");
    let user = added.expect("nobody has this email");
    add_key(app, &user.id, None).await
}

/// Another API key of a user, with these scopes or all of their role.
pub(crate) async fn add_key(app: &App, user_id: &str, scopes: Option<&[KeyScope]>) -> String {
    let key = auth::new_api_key().expect("a key");
    let key_hash = auth::token_hash(key.expose_secret());
    let draft = ApiKeyDraft { user_id, name: "test", key_hash: &key_hash, scopes, expires_at: None };
    app.store.add_api_key(draft, app.clock.now()).await.expect("stored");
    key.expose_secret().to_owned()
}

async fn serve(app: &Arc<App>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let service = routes::router(Arc::clone(app)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let retry_after = response.headers().get("Retry-After").and_then(|h| h.to_str().ok()).map(str::to_owned);
    let headers = response.headers().clone();
    let text = response.text().await.expect("a text");
    Answer { headers, status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text, retry_after }
}

/// The signature of a body under the test's secret.
pub(crate) fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("any key length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A Salesforce user with an email.
pub(crate) fn user(email: &str) -> Value {
    json!({"FirstName": "Ann", "LastName": "Host", "Username": email, "Email": email, "Alias": "ann", "IsActive": true, "UserType": "Standard"})
}

/// The test's configuration file.
pub(crate) fn configuration(org_url: &str) -> String {
    configuration_with(org_url, "")
}

/// The same with more in the Salesforce section of its event type.
pub(crate) fn configuration_with(org_url: &str, salesforce: &str) -> String {
    let more = if salesforce.is_empty() { String::new() } else { format!(", {salesforce}") };
    format!(
        "connections:
  main:
    name: Main org
    login_host: {org_url}
    grant: client_credentials
    client_id: matchbook-demo
    client_secret: {{secret: CLIENT}}
hosts:
  ann: {{name: Ann Host, email: ann@seller.example, time_zone: Europe/London}}
  ben: {{name: Ben Host, email: ben@seller.example, time_zone: Europe/London}}
event_types:
  discovery-call:
    title: Discovery Call
    length_minutes: 30
    hosts: [ann]
    salesforce: {{connection: main{more}}}
sources:
  calcom: {{kind: cal.com, name: Cal.com, secret: {{secret: WEBHOOK}}}}
"
    )
}

/// The simulated org of a test.
pub(crate) struct Org {
    pub(crate) url: String,
    http: reqwest::Client,
    _server: orgsim::Server,
}

impl Org {
    pub(crate) async fn start() -> Org {
        // reqwest needs a TLS provider even for plain HTTP; an error says that there is one already.
        _ = rustls::crypto::ring::default_provider().install_default();
        let server =
            orgsim::Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), "empty").await.expect("the org starts");
        Org { url: server.url(), http: reqwest::Client::new(), _server: server }
    }

    /// Uses the org's control interface.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, format!("{}/_sim/{path}", self.url)).json(&body);
        let answer = answer(request).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.body
    }

    /// Loads records; gives their ids by `@ref` or position.
    pub(crate) async fn load(&self, records: Value) -> Value {
        self.control("POST", "records", records).await
    }

    /// The Event field that carries the booking id.
    pub(crate) async fn add_booking_id_field(&self) {
        let field =
            json!({"name": "Matchbook_Booking_Id__c", "label": "Matchbook Booking ID", "type": "string", "length": 64});
        self.control("POST", "fields", json!({"Event": [field]})).await;
    }

    /// The records of an object that are not in the recycle bin.
    pub(crate) async fn records(&self, object: &str) -> Vec<Value> {
        let mut all = self.all_records(object).await;
        all.retain(|r| r["IsDeleted"] != true);
        all
    }

    /// The records of an object, deleted ones too.
    pub(crate) async fn all_records(&self, object: &str) -> Vec<Value> {
        self.control("GET", &format!("records/{object}"), Value::Null).await.as_array().expect("a list").clone()
    }

    /// The only record of an object.
    pub(crate) async fn only(&self, object: &str) -> Value {
        let records = self.records(object).await;
        assert_eq!(records.len(), 1, "Salesforce should hold one {object}: {records:#?}");
        records[0].clone()
    }

    /// The id of the only user with an email.
    pub(crate) async fn only_user(&self, email: &str) -> String {
        let mut users = self.records("User").await;
        users.retain(|user| user["Email"] == email);
        assert_eq!(users.len(), 1, "users with {email}");
        users[0]["Id"].as_str().expect("an id").to_owned()
    }

    /// Deletes a record as a person in Salesforce would.
    pub(crate) async fn delete(&self, object: &str, id: &str) {
        self.rest(reqwest::Method::DELETE, object, id, None).await;
    }

    /// Changes a record as a person in Salesforce would.
    pub(crate) async fn update(&self, object: &str, id: &Value, fields: Value) {
        self.rest(reqwest::Method::PATCH, object, id.as_str().expect("an id"), Some(fields)).await;
    }

    /// Creates a record as a person in Salesforce would; gives its id.
    pub(crate) async fn create(&self, object: &str, fields: Value) -> Value {
        let made = self.send(reqwest::Method::POST, object, Some(fields)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["id"].clone()
    }

    /// An object's describe.
    pub(crate) async fn describe(&self, object: &str) -> Value {
        let described = self.send(reqwest::Method::GET, &format!("{object}/describe"), None).await;
        assert_eq!(described.status, 200, "{}", described.text);
        described.body
    }

    async fn rest(&self, method: reqwest::Method, object: &str, id: &str, body: Option<Value>) {
        let done = self.send(method, &format!("{object}/{id}"), body).await;
        assert_eq!(done.status, 204, "{}", done.text);
    }

    /// Sends a request below `sobjects` as the connection's user does.
    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Answer {
        let token = self.http.post(format!("{}/services/oauth2/token", self.url)).form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "matchbook-demo"),
            ("client_secret", "matchbook-demo"),
        ]);
        let token = answer(token).await.body["access_token"].as_str().expect("a token").to_owned();
        let url = format!("{}/services/data/v66.0/sobjects/{path}", self.url);
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// Makes the next matching request fail.
    pub(crate) async fn fault(&self, matches: Value, effect: Value) {
        self.control("POST", "faults", json!({"match": matches, "effect": effect})).await;
    }

    /// How often a token was asked for.
    pub(crate) async fn token_requests(&self) -> usize {
        let log = self.control("GET", "calls", Value::Null).await;
        let calls = log["calls"].as_array().expect("a list of calls");
        calls.iter().filter(|call| call["path"] == "/services/oauth2/token").count()
    }

    /// Waits until the org holds a request.
    pub(crate) async fn until_held(&self) {
        while self.control("GET", "faults", Value::Null).await["held"] == 0 {}
    }

    /// API calls since the last time this was asked.
    pub(crate) async fn take_calls(&self) -> u64 {
        let calls = self.control("GET", "calls", Value::Null).await["api_calls"].as_u64().expect("a count");
        self.control("DELETE", "calls", Value::Null).await;
        calls
    }
}

/// A Cal.com delivery about one booking of Jane's with Ann.
pub(crate) struct Delivery {
    trigger: &'static str,
    created_at: String,
    payload: Value,
}

impl Delivery {
    pub(crate) fn created() -> Delivery {
        let payload = json!({
            "type": "discovery-call",
            "title": "Discovery Call between Ann Host and Jane Roe",
            "description": "",
            "additionalNotes": "Wants pricing",
            "customInputs": {},
            "startTime": "2026-05-06T09:30:00Z",
            "endTime": "2026-05-06T10:00:00Z",
            "organizer": {"id": 5, "name": "Ann Host", "email": "ann@seller.example", "username": "ann", "timeZone": "Europe/London", "language": {"locale": "en"}, "timeFormat": "h:mma", "utcOffset": 60},
            "responses": {
                "name": {"label": "your_name", "value": "Jane Roe", "isHidden": false},
                "email": {"label": "email_address", "value": "jane@acme.example", "isHidden": false},
                "notes": {"label": "additional_notes", "value": "Wants pricing"},
                "guests": {"label": "additional_guests", "value": []},
                "company": {"label": "Company", "value": "Acme Ltd"}
            },
            "userFieldsResponses": {"company": {"label": "Company", "value": "Acme Ltd"}},
            "attendees": [{"email": "jane@acme.example", "name": "Jane Roe", "timeZone": "America/New_York", "language": {"locale": "en"}, "utcOffset": -240}],
            "location": "integrations:daily",
            "destinationCalendar": null,
            "requiresConfirmation": null,
            "eventTypeId": 7,
            "uid": "uid-1",
            "iCalUID": "uid-1@Cal.com",
            "iCalSequence": 0,
            "eventTitle": "Discovery Call",
            "price": 0,
            "currency": "usd",
            "length": 30,
            "bookingId": 91,
            "metadata": {"videoCallUrl": "https://video.example/uid-1"},
            "status": "ACCEPTED"
        });
        Delivery { trigger: "BOOKING_CREATED", created_at: "2026-05-04T09:00:00.538Z".into(), payload }
    }

    /// The same booking a day later, under a new uid.
    pub(crate) fn rescheduled() -> Delivery {
        Delivery { trigger: "BOOKING_RESCHEDULED", ..Delivery::created().at("2026-05-04T09:10:00.000Z") }
            .with("uid", "uid-2")
            .with("rescheduleUid", "uid-1")
            .with("startTime", "2026-05-07T09:30:00Z")
            .with("endTime", "2026-05-07T10:00:00Z")
    }

    pub(crate) fn cancelled() -> Delivery {
        Delivery { trigger: "BOOKING_CANCELLED", ..Delivery::rescheduled().at("2026-05-04T09:20:00.000Z") }
            .with("startTime", "2026-05-07T09:30:00+00:00")
            .with("endTime", "2026-05-07T10:00:00+00:00")
            .with("status", "CANCELLED")
            .with("cancellationReason", "No longer needed")
    }

    /// The same booking before its host confirmed it.
    pub(crate) fn requested() -> Delivery {
        Delivery { trigger: "BOOKING_REQUESTED", ..Delivery::created().at("2026-05-04T08:50:00.000Z") }
            .with("status", "PENDING")
            .with("requiresConfirmation", true)
    }

    /// The host declines it.
    pub(crate) fn rejected() -> Delivery {
        Delivery { trigger: "BOOKING_REJECTED", ..Delivery::created().at("2026-05-04T09:20:00.000Z") }
            .with("status", "REJECTED")
            .with("rejectionReason", "Out of office")
    }

    /// Who did not come, or did after all.
    pub(crate) fn no_show(at: &str, absent: bool) -> Value {
        let attendees = json!([{"email": "jane@acme.example", "noShow": absent}]);
        json!({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at,
            "payload": {"message": "marked", "bookingUid": "uid-1", "attendees": attendees}})
    }

    /// The same without these parts of the booking.
    pub(crate) fn without(mut self, keys: &[&str]) -> Delivery {
        self.payload.as_object_mut().expect("an object").retain(|key, _| !keys.contains(&key.as_str()));
        self
    }

    pub(crate) fn at(mut self, created_at: &str) -> Delivery {
        self.created_at = created_at.into();
        self
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Delivery {
        self.payload[key] = value.into();
        self
    }

    /// Another booking, by another person.
    pub(crate) fn by(self, uid: &str, name: &str, email: &str) -> Delivery {
        let mut delivery = self.with("uid", uid).with("iCalUID", format!("{uid}@Cal.com"));
        delivery.payload["attendees"][0]["name"] = name.into();
        delivery.payload["attendees"][0]["email"] = email.into();
        delivery
    }

    /// The booking as it is after this.
    pub(crate) fn payload(&self) -> &Value {
        &self.payload
    }

    pub(crate) fn json(&self) -> Value {
        json!({"triggerEvent": self.trigger, "createdAt": self.created_at, "payload": self.payload})
    }
}
