//! What a setting takes: its words, its check and its schema, one place for each kind of value.

use std::borrow::Cow;

use domain::domain_name::DomainName;
use domain::email_domain::EmailAddress;
use domain::geo::{Country, UnknownCountry};
use domain::salesforce_settings::NewOwner;
use jiff::tz::TimeZone;
use salesforce::auth::{LoginHost, LoopbackPolicy};
use salesforce::client::ApiVersion;
use salesforce::jwt::SigningKey;
use salesforce::sobject::{ApiName, SalesforceId};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::keys::{self, Key};
use super::reader::nearest;
use crate::sources;

/// The longest key or slug in characters.
pub(super) const MAX_KEY: usize = 63;

/// The longest text in characters.
pub(super) const MAX_TEXT: usize = 255;

/// The longest text on several lines in characters: what a long text area holds.
pub(super) const MAX_LONG_TEXT: usize = 32_000;

/// A kind of value.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    /// A text on one line.
    Text,
    /// A text, on several lines if need be.
    LongText,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
        /// What is counted.
        of: &'static str,
    },
    /// A name that fits addresses.
    Slug,
    /// An email address.
    Email,
    /// A domain of emails, kept in lower case and ASCII; names below it count, too.
    Domain,
    /// An IANA time zone, kept by its canonical name.
    TimeZone,
    /// Scheme and host of an org; whether one on this machine is allowed is judged where the file is applied.
    LoginHost,
    /// Where the API of a source answers, without a slash at the end; whether it may be asked is judged when it is.
    ApiUrl,
    /// A page elsewhere: scheme, host and path.
    PageUrl,
    /// A time of day, kept like `09:00`.
    TimeOfDay,
    /// A version of Salesforce's API, kept like `66.0`.
    ApiVersion,
    /// The id of a Salesforce User, kept with 18 characters.
    SalesforceUser,
    /// `organizer`, or the id of a User.
    NewOwner,
    /// The id of a User or a queue, kept with 18 characters.
    Owner,
    /// The API name of a field.
    FieldName,
    /// A country by name or ISO code, kept as its two letters.
    Country,
    /// The key of [`sources::KINDS`].
    SourceKind,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `{secret: NAME}`.
    Secret(SecretKind),
    /// The NAME of a secret.
    SecretName,
    /// The key of an entry of a section.
    Entry(&'static str),
    /// A list of these, at least one, none twice.
    Some(&'static Takes),
    /// The same where an empty list says something, too: none of them.
    SomeOrNone(&'static Takes),
    /// For keys of entries of a section, one of these each.
    By(&'static str, &'static Takes),
    /// Settings of their own, after words for the whole.
    Group(&'static str, &'static [Key]),
}

/// What a secret's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A text.
    Text,
    /// An RSA private key in PEM form.
    PrivateKey,
}

impl SecretKind {
    /// What is wrong with a value; it doesn't repeat it.
    pub(crate) fn refuse(self, value: &SecretString) -> Option<String> {
        match self {
            SecretKind::Text => None,
            SecretKind::PrivateKey => SigningKey::from_pem(value).err().map(|error| error.to_string()),
        }
    }
}

impl Takes {
    /// What it takes, in words that fit after "expected".
    pub fn words(&self) -> Cow<'static, str> {
        let words = match self {
            Takes::Text | Takes::LongText => "a text",
            Takes::Flag => "true or false",
            Takes::Number { least, most, .. } => return format!("a whole number from {least} to {most}").into(),
            Takes::Slug => "lower-case letters, digits and hyphens",
            Takes::Email => "an email address",
            Takes::Domain => "a domain like company.com",
            Takes::TimeZone => "an IANA time zone like Europe/Berlin",
            Takes::LoginHost => "a URL like https://northwind.my.salesforce.com",
            Takes::ApiUrl => "a URL like https://api.cal.com",
            Takes::PageUrl => "a URL like https://cal.com/team/sales/demo",
            Takes::TimeOfDay => "a time like 09:00",
            Takes::ApiVersion => "a version like \"66.0\"",
            Takes::SalesforceUser => "the id of a User like 005000000000001AAA",
            Takes::NewOwner => "organizer or the id of a User like 005000000000001AAA",
            Takes::Owner => "the id of a User or a queue like 00G000000000001EAA",
            Takes::FieldName => "the API name of a field, like No_Show__c",
            Takes::Country => "a country like DE or Germany",
            Takes::SourceKind => "the kind of a source, like cal.com",
            Takes::OneOf(words) => return alternatives(words).into(),
            Takes::Secret(_) => "{secret: NAME}",
            Takes::SecretName => "the name of a secret in capitals, digits and underscores",
            Takes::Entry(section) => return format!("the key of {}", one(section)).into(),
            Takes::Some(Takes::Entry(section)) => return format!("a list of keys of {}", plain(section)).into(),
            Takes::Some(of) | Takes::SomeOrNone(of) => return format!("a list, each {}", of.words()).into(),
            Takes::By(section, of) => {
                return format!("keys of {}, each with {}", plain(section), of.words()).into();
            }
            Takes::Group(words, _) => words,
        };
        words.into()
    }

    /// The value of a scalar as it is kept; the error goes after the path.
    pub(super) fn parse(&self, text: &str) -> Result<Value, String> {
        match self {
            Takes::Number { least, most, of } => {
                let number = text.parse::<i64>().ok().filter(|number| (*least..=*most).contains(number));
                number.map(Value::from).ok_or_else(|| format!("write a whole number of {of} from {least} to {most}"))
            }
            Takes::Slug => slug(text).map(Value::from),
            Takes::Email => match EmailAddress::parse(text) {
                Ok(email) => Ok(email.as_written().into()),
                Err(error) => Err(error.to_string()),
            },
            Takes::Domain => domain_name(text),
            Takes::TimeZone => time_zone(text),
            Takes::LoginHost => login_host(text),
            Takes::ApiUrl => api_url(text),
            Takes::PageUrl => page_url(text),
            Takes::TimeOfDay => time_of_day(text),
            Takes::ApiVersion => match ApiVersion::parse(text) {
                Ok(version) => Ok(version.to_string().trim_start_matches('v').into()),
                Err(error) => Err(error.to_string()),
            },
            Takes::SalesforceUser => salesforce_user(text),
            Takes::NewOwner if text == NewOwner::ORGANIZER => Ok(text.into()),
            Takes::NewOwner => salesforce_user(text),
            Takes::Owner => owner(text),
            Takes::FieldName => match ApiName::parse(text) {
                Ok(name) => Ok(name.as_str().into()),
                Err(error) => Err(error.to_string()),
            },
            Takes::Country => match Country::parse(text) {
                Some(country) => Ok(country.code().into()),
                None => Err(UnknownCountry(shown(text)).to_string()),
            },
            Takes::SourceKind => {
                let kinds: Vec<&str> = sources::KINDS.iter().map(|kind| kind.key).collect();
                one_of("a kind of source", text, &kinds)
            }
            Takes::OneOf(words) => one_of("known here", text, words),
            Takes::SecretName => secret_name(text),
            _ => Ok(text.into()),
        }
    }

    /// The JSON Schema of what it takes.
    pub(super) fn schema(&self) -> Value {
        match self {
            Takes::Text | Takes::Entry(_) => json!({"type": "string", "minLength": 1, "maxLength": MAX_TEXT}),
            Takes::LongText => json!({"type": ["string", "boolean", "number"], "maxLength": MAX_LONG_TEXT}),
            Takes::Flag => json!({"type": "boolean"}),
            Takes::Number { least, most, .. } => json!({"type": "integer", "minimum": least, "maximum": most}),
            Takes::Slug => json!({"type": "string", "pattern": SLUG_PATTERN, "maxLength": MAX_KEY}),
            Takes::Email => json!({"type": "string", "format": "email"}),
            Takes::Domain => json!({"type": "string", "format": "idn-hostname", "examples": ["company.com"]}),
            Takes::TimeZone => json!({"type": "string", "examples": ["Europe/Berlin", "America/New_York"]}),
            Takes::LoginHost | Takes::ApiUrl | Takes::PageUrl => json!({"type": "string", "format": "uri"}),
            Takes::TimeOfDay => json!({"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"}),
            Takes::ApiVersion => json!({"type": ["string", "number"], "examples": ["66.0"]}),
            Takes::SalesforceUser => json!({"type": "string", "pattern": "^005[A-Za-z0-9]{12}([A-Z0-5]{3})?$"}),
            Takes::NewOwner => json!({"type": "string", "pattern": "^(organizer|005[A-Za-z0-9]{12}([A-Z0-5]{3})?)$"}),
            Takes::Owner => json!({"type": "string", "pattern": "^(005|00G)[A-Za-z0-9]{12}([A-Z0-5]{3})?$"}),
            Takes::FieldName => json!({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"}),
            Takes::Country => json!({"type": "string", "examples": ["DE", "Germany"]}),
            Takes::SourceKind => json!({"enum": sources::KINDS.iter().map(|kind| kind.key).collect::<Vec<_>>()}),
            Takes::OneOf(words) => json!({"enum": words}),
            Takes::Secret(_) => super::schema::object(keys::SECRET),
            Takes::SecretName => json!({"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"}),
            Takes::SomeOrNone(of) => json!({"type": "array", "uniqueItems": true, "items": of.schema()}),
            Takes::Some(of) => json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": of.schema()}),
            Takes::By(_, of) => {
                json!({"type": "object", "propertyNames": Takes::Slug.schema(), "additionalProperties": of.schema()})
            }
            Takes::Group(_, keys) => super::schema::object(keys),
        }
    }
}

/// The pattern of a stable key or slug.
pub(super) const SLUG_PATTERN: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";

/// A section as words: `event types`.
pub(super) fn plain(section: &str) -> String {
    section.replace('_', " ")
}

fn one(section: &str) -> String {
    let one = keys::section(section).map_or(section, |section| section.one);
    format!("{} {one}", if one.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}

pub(super) fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

fn one_of(what: &str, text: &str, words: &[&str]) -> Result<Value, String> {
    if words.contains(&text) {
        return Ok(text.into());
    }
    let mend = match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write {}", alternatives(words)),
    };
    Err(format!("\"{}\" is not {what}; {mend}", shown(text)))
}

/// What the file said, fit for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_KEY).collect()
}

/// A stable key or slug.
pub(super) fn slug(text: &str) -> Result<&str, String> {
    let hyphen_at_edge = text.starts_with('-') || text.ends_with('-');
    let letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if text.is_empty() || hyphen_at_edge || !letters || text.len() > MAX_KEY {
        return Err(format!(
            "use lower-case letters, digits and hyphens between them, at most {MAX_KEY}, like discovery-call"
        ));
    }
    Ok(text)
}

fn domain_name(text: &str) -> Result<Value, String> {
    let domain = DomainName::try_from(text.to_owned())
        .map_err(|_| format!("\"{}\" is not a domain; write what stands after the @, like company.com", shown(text)))?;
    match domain.registrable() {
        Some(_) => Ok(domain.as_str().into()),
        None => Err(format!("\"{domain}\" is a suffix that many share; write a domain like company.{domain}")),
    }
}

fn time_zone(text: &str) -> Result<Value, String> {
    let zone = TimeZone::get(text).ok();
    zone.as_ref().and_then(TimeZone::iana_name).map(Value::from).ok_or_else(|| {
        format!("\"{}\" is not a time zone; use an IANA name like Europe/Berlin or America/New_York", shown(text))
    })
}

fn time_of_day(text: &str) -> Result<Value, String> {
    let padded = format!("{text:0>5}");
    match padded.parse::<jiff::civil::Time>() {
        Ok(time) if text.contains(':') && padded.len() == 5 => Ok(time.strftime("%H:%M").to_string().into()),
        _ => Err(format!("\"{}\" is not a time of day; write it like 09:00 or 17:30, in quotes", shown(text))),
    }
}

/// Scheme and host alone. The text may hold a password, so then no error repeats it.
fn login_host(text: &str) -> Result<Value, String> {
    if text.contains('@') {
        return Err("this must be the host alone, like https://northwind.my.salesforce.com: leave out the user and \
                    password"
            .to_owned());
    }
    LoginHost::parse(text, LoopbackPolicy::Allow).map(|host| host.as_str().into()).map_err(|e| e.to_string())
}

/// Scheme, host and path. As above, a password is not repeated.
fn api_url(text: &str) -> Result<Value, String> {
    if text.contains('@') {
        return Err("leave out the user and password, like https://api.cal.com".to_owned());
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    let Some(url) = url.filter(|url| url.query().is_none() && url.fragment().is_none()) else {
        return Err(format!("\"{}\" is not the address of an API; write it like https://api.cal.com", shown(text)));
    };
    if url.path().trim_end_matches('/').ends_with("/v2") {
        return Err("leave out /v2, which is added, like https://api.cal.com".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').into())
}

/// Kept as it is, but for a user and a password, which are refused and not repeated.
fn page_url(text: &str) -> Result<Value, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    let Some(url) = url.filter(|url| url.username().is_empty() && url.password().is_none()) else {
        return Err("write scheme, host and path, like https://cal.com/team/sales/demo".to_owned());
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err("leave out what follows the path (? or #), like https://cal.com/team/sales/demo".to_owned());
    }
    Ok(url.as_str().into())
}

fn salesforce_user(text: &str) -> Result<Value, String> {
    let id = SalesforceId::parse(text).map_err(|error| error.to_string())?;
    if id.key_prefix() != "005" {
        return Err(format!("{id} is not the id of a User; those begin with 005: copy it from the user's page"));
    }
    Ok(id.as_str().into())
}

fn owner(text: &str) -> Result<Value, String> {
    let id = SalesforceId::parse(text).map_err(|error| error.to_string())?;
    if !["005", "00G"].contains(&id.key_prefix()) {
        return Err(format!("{id} is not the id of a User or a queue; those begin with 005 or 00G"));
    }
    Ok(id.as_str().into())
}

fn secret_name(text: &str) -> Result<Value, String> {
    let sound = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    sound.then(|| text.into()).ok_or_else(|| {
        "this takes a secret's name, not its value: capitals, digits and underscores, like SALESFORCE_CLIENT_SECRET"
            .to_owned()
    })
}
