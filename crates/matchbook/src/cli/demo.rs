//! `matchbook demo`: a simulated org with sample data, the server, sample bookings, in one process, offline.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderValue, Request, header};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Unit};
use salesforce::auth::LoopbackPolicy;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt as _;

use super::Failure;
use super::operator;
use super::say::say;
use super::serve::Server;
use super::stop_signals::StopSignals;
use crate::config::{ServeConfig, StoreConfig};
use crate::configuration::{ChangeContext, ChangeError, Edit, SecretSources, change};
use crate::ingest::{self, Received};
use crate::sources::calcom::SIGNATURE_HEADER;
use crate::store::{ApiKeyDraft, Place};
use crate::users::NewUser;
use crate::{app, auth, routes, users, workspace_file};

const USER: &str = "admin@northwind.example";

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the server listens.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// Where the simulated org listens.
    #[arg(long, default_value = "127.0.0.1:3001", value_name = "ADDRESS")]
    org: SocketAddr,

    /// How often one API key may call in a minute.
    #[arg(long, default_value = "600", value_name = "COUNT")]
    api_calls_per_minute: NonZeroU32,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let mut signals = StopSignals::listen()?;
    let folder = tempfile::Builder::new().prefix("matchbook-demo-").tempdir()?;
    let org = orgsim::Server::start(args.org, "demo").await.map_err(|e| {
        format!("the simulated org cannot listen on {}: {e}; choose another address with --org", args.org)
    })?;
    let config = ServeConfig {
        store: StoreConfig {
            database: Place::File(folder.path().join("matchbook.db")),
            encryption_key: None,
            old_encryption_keys: Vec::new(),
        },
        listen: args.listen,
        public_url: None,
        workers: 4,
        api_calls_per_minute: args.api_calls_per_minute,
        lookup_deadline_ms: 3000,
        geo_headers: None,
        link_lookups_per_minute: NonZeroU32::new(20).expect("some"),
        allow_loopback_orgs: true,
        allow_private_sources: false,
        secure_cookies: false,
        trusted_proxies: Vec::new(),
    };
    let webhook_secret = auth::new_token()?;
    let sign_in = prepare(&config, folder.path(), &org.url(), &webhook_secret).await?;
    let server = Server::start(&config).await?;
    let tomorrow = tomorrow_at_nine()?;
    for delivery in sample_deliveries(tomorrow) {
        deliver(&server, &delivery, &webhook_secret).await?;
    }
    for booking in routed_bookings(tomorrow) {
        book(&server, &booking, &sign_in.api_key).await?;
    }
    introduce(folder.path(), &server, &org.url(), &sign_in, &webhook_secret, tomorrow)?;
    signals.next().await;
    server.stop_or_end(signals).await?;
    org.stop().await;
    Ok(())
}

/// What a person signs in with, and a program.
struct SignIn {
    password: SecretString,
    api_key: SecretString,
}

/// Configures a fresh database by the same file that any installation uses.
async fn prepare(
    config: &ServeConfig,
    folder: &Path,
    org_url: &str,
    webhook_secret: &SecretString,
) -> Result<SignIn, Failure> {
    let secrets = folder.join("secrets");
    std::fs::create_dir(&secrets)?;
    std::fs::write(secrets.join("SALESFORCE_CLIENT_SECRET"), "matchbook-demo")?;
    std::fs::write(secrets.join("CALCOM_WEBHOOK_SECRET"), webhook_secret.expose_secret())?;

    let (store, vault) = app::open(&config.store).await?;
    let text = include_str!("demo.yaml").replace("https://northwind.my.salesforce.com", org_url);
    let secrets = SecretSources { folder: Some(secrets) };
    let now = Timestamp::now();
    let context =
        ChangeContext { store: &store, vault: &vault, secrets: &secrets, loopback: LoopbackPolicy::Allow, now };
    let actor = operator();
    let file = workspace_file::read(&text, "demo.yaml").map_err(ChangeError::File)?;
    change(&context, &actor, None, &Edit::File { file, exact: false }).await?;

    let password = auth::new_token()?;
    let password = SecretString::from(&password.expose_secret()[..16]);
    let email = USER.parse()?;
    let password_hash = auth::hash_password(&password)?;
    let new = NewUser { email, name: "Admin".into(), role: "admin".into(), password_hash };
    let user = users::add(&context, &actor, &new).await?.ok_or("the demo's user was not stored")?;
    let api_key = auth::new_api_key()?;
    let key_hash = auth::token_hash(api_key.expose_secret());
    let draft = ApiKeyDraft { user_id: &user.id, name: "demo", key_hash: &key_hash, scopes: None, expires_at: None };
    store.add_api_key(draft, now).await?;
    store.close().await;
    Ok(SignIn { password, api_key })
}

/// A command that posts a signed delivery.
fn curl(url: &str, body: &str, secret: &SecretString) -> Result<String, Failure> {
    let signature = signature(body.as_bytes(), secret)?;
    Ok(format!(
        "curl -sS {url}/webhooks/calcom -H 'Content-Type: application/json' \\\n  \
         -H 'X-Cal-Signature-256: {signature}' \\\n  --data-raw '{body}'\n"
    ))
}

fn introduce(
    folder: &Path,
    server: &Server,
    org_url: &str,
    sign_in: &SignIn,
    webhook_secret: &SecretString,
    tomorrow: Timestamp,
) -> Result<(), Failure> {
    let url = format!("http://{}", server.address);
    let new = Booking {
        uid: "demo-new",
        attendee: ("Noor Haddad", "noor.haddad@contoso.example"),
        ..sample(tomorrow + SignedDuration::from_hours(28))
    };
    let moved = Booking { start: new.start + SignedDuration::from_hours(24), ..new };
    let later = json!({"uid": "demo-new-2", "iCalUID": "demo-new@Cal.com", "rescheduleUid": "demo-new"});
    let gone = json!({"uid": "demo-new-2", "iCalUID": "demo-new@Cal.com", "status": "CANCELLED"});
    let deliveries = [
        ("book.sh", new.delivery("BOOKING_CREATED", &json!({}))),
        ("move.sh", moved.delivery("BOOKING_RESCHEDULED", &later)),
        ("cancel.sh", moved.delivery("BOOKING_CANCELLED", &gone)),
    ];
    let mut commands = Vec::new();
    for (file, delivery) in deliveries {
        let command = curl(&url, &delivery.to_string(), webhook_secret)?;
        let path = folder.join(file);
        std::fs::write(&path, &command)?;
        commands.push((path, command));
    }
    say!("Matchbook is running with a simulated Salesforce org and sample bookings. Everything is gone when it stops.");
    say!("");
    say!("  Bookings        {url}/");
    say!("  Sign in         {USER}   password {}", sign_in.password.expose_secret());
    say!("  Simulated org   {org_url}/");
    say!("  API key         {}", sign_in.api_key.expose_secret());
    say!("");
    say!("Post a signed Cal.com webhook, and watch a Contact and an Event appear:");
    say!("");
    for (path, command) in &commands {
        match path.ends_with("book.sh") {
            true => say!("{command}"),
            false => say!("sh {}", path.display()),
        }
    }
    say!("move.sh moves that booking, cancel.sh cancels it.");
    say!("");
    say!("Stop with Ctrl-C.");
    Ok(())
}

/// Sends one delivery in by the way every webhook takes.
async fn deliver(server: &Server, delivery: &Value, secret: &SecretString) -> Result<(), Failure> {
    let body = delivery.to_string();
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(&signature(body.as_bytes(), secret)?)?);
    match ingest::receive(&server.app, "calcom", &headers, body.as_bytes()).await? {
        Received::Stored(_) => Ok(()),
        other => Err(format!("a sample booking was not taken: {other:?}").into()),
    }
}

/// Makes a booking by the API as any program does, without naming a host.
async fn book(server: &Server, booking: &Value, api_key: &SecretString) -> Result<(), Failure> {
    let request = Request::post("/api/v1/bookings")
        .header(header::AUTHORIZATION, format!("Bearer {}", api_key.expose_secret()))
        .body(Body::from(booking.to_string()))?;
    let answer = routes::router(Arc::clone(&server.app)).oneshot(request).await?;
    match answer.status().is_success() {
        true => Ok(()),
        false => {
            let text = axum::body::to_bytes(answer.into_body(), routes::LARGEST_BODY).await?;
            Err(format!("a sample booking was not made: {}", String::from_utf8_lossy(&text)).into())
        }
    }
}

fn signature(body: &[u8], secret: &SecretString) -> Result<String, Failure> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())?;
    mac.update(body);
    Ok(hex::encode(mac.finalize().into_bytes()))
}

fn tomorrow_at_nine() -> Result<Timestamp, Failure> {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).round(Unit::Minute)?;
    Ok(today.checked_add(1.day())?.with().hour(9).minute(0).build()?.timestamp())
}

/// A sample booking.
#[derive(Clone, Copy)]
struct Booking {
    uid: &'static str,
    start: Timestamp,
    host: (&'static str, &'static str),
    attendee: (&'static str, &'static str),
    notes: &'static str,
}

fn sample(start: Timestamp) -> Booking {
    Booking {
        uid: "demo-1",
        start,
        host: ("Dana Ito", "dana.ito@northwind.example"),
        attendee: ("Sam Okafor", "sam.okafor@fabrikam.example"),
        notes: "Compares plans for 40 seats",
    }
}

impl Booking {
    fn delivery(&self, trigger: &str, more: &Value) -> Value {
        let end = self.start + SignedDuration::from_mins(30);
        let answer = |label: &str, value: Value| json!({"label": label, "value": value, "isHidden": false});
        let mut payload = json!({
            "type": "discovery-call",
            "title": format!("Discovery Call between {} and {}", self.host.0, self.attendee.0),
            "additionalNotes": self.notes,
            "startTime": self.start.to_string(),
            "endTime": end.to_string(),
            "organizer": {"name": self.host.0, "email": self.host.1, "timeZone": "Europe/Berlin", "language": {"locale": "en"}, "utcOffset": 60},
            "responses": {
                "name": answer("your_name", self.attendee.0.into()),
                "email": answer("email_address", self.attendee.1.into()),
            },
            "attendees": [{"name": self.attendee.0, "email": self.attendee.1, "timeZone": "America/New_York", "language": {"locale": "en"}, "utcOffset": -300}],
            "location": "integrations:daily",
            "uid": self.uid,
            "iCalUID": format!("{}@Cal.com", self.uid),
            "metadata": {"videoCallUrl": format!("https://video.example/{}", self.uid)},
            "length": 30,
            "status": "ACCEPTED",
        });
        if let (Some(payload), Some(more)) = (payload.as_object_mut(), more.as_object()) {
            payload.extend(more.clone());
        }
        json!({"triggerEvent": trigger, "createdAt": Timestamp::now().to_string(), "payload": payload})
    }
}

/// A known and a new person, one booking that moved, one that was called off.
fn sample_deliveries(tomorrow: Timestamp) -> Vec<Value> {
    let hours = SignedDuration::from_hours;
    let known = Booking {
        uid: "demo-1",
        attendee: ("Alice Chen", "alice.chen@acme.com"),
        notes: "Wants pricing",
        ..sample(tomorrow)
    };
    let new =
        Booking { uid: "demo-2", host: ("Ravi Menon", "ravi.menon@northwind.example"), ..sample(tomorrow + hours(2)) };
    let moved = Booking {
        uid: "demo-3",
        host: ("Lea Moreau", "lea.moreau@northwind.example"),
        attendee: ("Ines Duarte", "ines.duarte@tailspin.example"),
        notes: "",
        ..sample(tomorrow + hours(4))
    };
    let later = Booking { start: moved.start + hours(24), ..moved };
    let cancelled = Booking {
        uid: "demo-4",
        attendee: ("Omar Haddad", "omar@wingtip.example"),
        notes: "",
        ..sample(tomorrow + hours(6))
    };
    let moved_uid = json!({"uid": "demo-3b", "iCalUID": "demo-3@Cal.com", "rescheduleUid": "demo-3"});
    vec![
        known.delivery("BOOKING_CREATED", &json!({})),
        new.delivery("BOOKING_CREATED", &json!({})),
        moved.delivery("BOOKING_CREATED", &json!({})),
        later.delivery("BOOKING_RESCHEDULED", &moved_uid),
        cancelled.delivery("BOOKING_CREATED", &json!({})),
        cancelled
            .delivery("BOOKING_CANCELLED", &json!({"status": "CANCELLED", "cancellationReason": "No longer needed"})),
    ]
}

/// Bookings whose host is decided here: three Accounts have the website, the place or their numbers tell them apart; and one of
/// a company that nobody knows.
fn routed_bookings(tomorrow: Timestamp) -> Vec<Value> {
    let booking = |hours: i64, name: &str, email: &str, place: Value| {
        json!({
            "event_type": "product-demo",
            "start": (tomorrow + SignedDuration::from_hours(hours)).to_string(),
            "attendee": {"name": name, "email": email},
            "place": place,
        })
    };
    vec![
        booking(1, "Maya Fischer", "maya.fischer@acme.com", json!({"country": "GB", "city": "Leeds"})),
        booking(3, "Theo Lind", "theo.lind@acme.com", json!({})),
        booking(5, "Kira Novak", "kira.novak@litware.example", json!({"country": "CZ"})),
    ]
}
