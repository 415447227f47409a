//! The sections of the file, entry by entry.

use std::collections::HashSet;

use salesforce::auth::{LoginHost, LoopbackPolicy};
use salesforce::client::ApiVersion;

use super::keys;
use super::reader::{Entry, Reader, Value, email, nearest, shown, slug, time_zone};
use super::yaml::Node;
use super::{
    ConnectionEntry, EventTypeEntry, HostEntry, SalesforceEntry, SecretName, SourceEntry, Spanned, WorkspaceFile,
};
use crate::grant::ConnectionGrant;
use crate::sources;

/// Everything that the file says; what is wrong is noted by the reader and left out.
pub(super) fn workspace(root: &Node, reader: &mut Reader) -> WorkspaceFile {
    let Some(root) = reader.root(root) else { return WorkspaceFile::default() };
    let hosts = hosts(&root, reader);
    let event_types = event_types(&root, reader);
    let connections = reader.entries(root.get("connections"), keys::CONNECTION);
    let sources = reader.entries(root.get("sources"), keys::SOURCE);
    WorkspaceFile {
        connections: connections.into_iter().filter_map(|(key, entry)| connection(key, &entry, reader)).collect(),
        hosts,
        event_types,
        sources: sources.into_iter().filter_map(|(key, entry)| source(key, &entry, reader)).collect(),
    }
}

fn connection(key: Spanned<String>, entry: &Entry<'_>, reader: &mut Reader) -> Option<ConnectionEntry> {
    let name = reader.text(entry.get("name"));
    let login_host = reader.parsed(entry.get("login_host"), login_host);
    let api_version = match entry.get("api_version") {
        None => Some(plain(ApiVersion::DEFAULT)),
        given => reader.parsed(given, api_version).map(|version| version.value),
    };
    let client_id = reader.text(entry.get("client_id"));
    let credential = credential(entry, reader);
    Some(ConnectionEntry {
        key,
        name: name?.value,
        login_host: login_host?,
        api_version: api_version?,
        client_id: client_id?.value,
        grant: credential.as_ref()?.0.clone(),
        secret: credential?.1,
    })
}

/// The grant with the secret it takes. A key of another grant is a mistake.
fn credential(entry: &Entry<'_>, reader: &mut Reader) -> Option<(ConnectionGrant, Spanned<SecretName>)> {
    let username = reader.text(entry.get("username"));
    let client_secret = reader.secret(entry.get("client_secret"));
    let private_key = reader.secret(entry.get("private_key"));
    let word = reader.parsed(entry.get("grant"), grant)?.value;
    let (needed, strangers): (&[&str], &[&str]) = match word {
        ConnectionGrant::JWT_BEARER => (&["username", "private_key"], &["client_secret"]),
        _ => (&["client_secret"], &["username", "private_key"]),
    };
    for name in strangers {
        if let Some(value) = entry.get(name) {
            reader.wrong(&value, &format!("the grant {word} takes no {name}; leave it out"));
        }
    }
    for name in needed.iter().filter(|name| entry.get(name).is_none()) {
        reader.lacks(entry, name, &format!("the grant {word} needs it"));
    }
    let grant = ConnectionGrant::from_words(word, username.map(|name| name.value))?;
    Some((grant, if word == ConnectionGrant::JWT_BEARER { private_key } else { client_secret }?))
}

/// Scheme and host alone. The text may hold a password, so then no error repeats it. Whether a host on this machine is
/// allowed is judged where the file is applied.
fn login_host(text: &str) -> Result<String, String> {
    if text.contains('@') {
        return Err("this must be the host alone, like https://northwind.my.salesforce.com: leave out the user and \
                    password"
            .to_owned());
    }
    LoginHost::parse(text, LoopbackPolicy::Allow).map(|host| host.as_str().to_owned()).map_err(|e| e.to_string())
}

fn api_version(text: &str) -> Result<String, String> {
    ApiVersion::parse(text).map(plain).map_err(|error| error.to_string())
}

/// A version as people write it: `66.0`.
fn plain(version: ApiVersion) -> String {
    version.to_string().trim_start_matches('v').to_owned()
}

fn grant(text: &str) -> Result<&'static str, String> {
    ConnectionGrant::WORDS.into_iter().find(|word| *word == text).ok_or_else(|| {
        format!("\"{}\" is not a grant known here; write client_credentials, jwt_bearer or web_server", shown(text))
    })
}

fn hosts(root: &Entry<'_>, reader: &mut Reader) -> Vec<HostEntry> {
    let mut hosts: Vec<HostEntry> = Vec::new();
    for (key, entry) in reader.entries(root.get("hosts"), keys::HOST) {
        let Some(host) = host(key, &entry, reader) else { continue };
        if let (Some(other), Some(value)) =
            (hosts.iter().find(|other| other.email.value == host.email.value), entry.get("email"))
        {
            let (email, other) = (&host.email.value, &other.key.value);
            reader.wrong(&value, &format!("{email} is the email of \"{other}\" already; give each host their own"));
        }
        hosts.push(host);
    }
    hosts
}

fn host(key: Spanned<String>, entry: &Entry<'_>, reader: &mut Reader) -> Option<HostEntry> {
    let name = reader.text(entry.get("name"));
    let email = reader.parsed(entry.get("email"), email);
    let time_zone = reader.parsed(entry.get("time_zone"), time_zone);
    Some(HostEntry { key, name: name?.value, email: email?, time_zone: time_zone?.value })
}

fn event_types(root: &Entry<'_>, reader: &mut Reader) -> Vec<EventTypeEntry> {
    let mut event_types: Vec<EventTypeEntry> = Vec::new();
    for (key, entry) in reader.entries(root.get("event_types"), keys::EVENT_TYPE) {
        let Some(event_type) = event_type(key, &entry, reader) else { continue };
        if let Some(other) = event_types.iter().find(|other| other.slug.value == event_type.slug.value) {
            let (slug, other) = (&event_type.slug, &other.key.value);
            let message = format!("the slug \"{}\" is taken by event_types.{other}; choose another", slug.value);
            reader.error(slug.at, format!("event_types.{}: {message}", event_type.key.value));
        }
        event_types.push(event_type);
    }
    event_types
}

fn event_type(key: Spanned<String>, entry: &Entry<'_>, reader: &mut Reader) -> Option<EventTypeEntry> {
    let title = reader.text(entry.get("title"));
    let slug = match entry.get("slug") {
        None => Some(key.clone()),
        given => reader.parsed(given, slug),
    };
    let length_minutes = reader.parsed(entry.get("length_minutes"), length_minutes);
    let hosts = entry.get("hosts").and_then(|value| host_keys(&value, reader));
    let salesforce = match entry.get("salesforce") {
        None => Some(None),
        Some(value) => salesforce(&value, reader).map(Some),
    };
    Some(EventTypeEntry {
        key,
        title: title?.value,
        slug: slug?,
        length_minutes: length_minutes?.value,
        hosts: hosts?,
        salesforce: salesforce?,
    })
}

fn length_minutes(text: &str) -> Result<u16, String> {
    let minutes = text.parse().ok().filter(|minutes| (1..=1440).contains(minutes));
    minutes.ok_or_else(|| "write a whole number of minutes from 1 to 1440".to_owned())
}

fn host_keys(value: &Value<'_>, reader: &mut Reader) -> Option<Vec<Spanned<String>>> {
    let hosts = reader.texts(Some(value.clone()))?;
    if hosts.is_empty() {
        reader.wrong(value, "the list is empty; name at least one host");
    }
    let mut seen = HashSet::new();
    for host in &hosts {
        if !seen.insert(&host.value) {
            reader.error(host.at, format!("\"{}\" is listed twice; keep one", shown(&host.value)));
        }
    }
    Some(hosts)
}

fn salesforce(value: &Value<'_>, reader: &mut Reader) -> Option<SalesforceEntry> {
    let entry = reader.entry(value, keys::SALESFORCE)?;
    let enabled = match entry.get("enabled") {
        None => Some(true),
        Some(flag) => reader.flag(&flag),
    };
    let given = entry.get("connection");
    let missing = given.is_none();
    let connection = reader.text(given);
    if enabled == Some(true) && missing {
        let message = "it is enabled, so it needs a connection; add connection: and the key of one, or enabled: false";
        reader.wrong(value, message);
    }
    Some(SalesforceEntry { enabled: enabled?, connection })
}

fn source(key: Spanned<String>, entry: &Entry<'_>, reader: &mut Reader) -> Option<SourceEntry> {
    let kind = reader.parsed(entry.get("kind"), source_kind);
    let name = reader.text(entry.get("name"));
    let secret = reader.secret(entry.get("secret"));
    Some(SourceEntry { key, kind: kind?.value, name: name?.value, secret: secret? })
}

fn source_kind(text: &str) -> Result<&'static str, String> {
    if let Some(kind) = sources::kind(text) {
        return Ok(kind.key);
    }
    let kinds = sources::KINDS.iter().map(|kind| kind.key);
    let mend = match nearest(text, kinds.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("known are: {}", kinds.collect::<Vec<_>>().join(", ")),
    };
    Err(format!("\"{}\" is not a kind of source; {mend}", shown(text)))
}
