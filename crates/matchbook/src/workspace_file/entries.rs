//! The entries of the configuration as types: a field for each row of [`super::keys`]. Defaults stand there, not here.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use domain::account::AccountLookup;
use domain::account_resolution::LookupSettings;
use domain::api_budget::Shares;
use domain::availability::{self, Calendar};
use domain::domain_name::DomainName;
use domain::email_domain::EmailAddress;
use domain::mail_domains::MailDomains;
use domain::round_robin::RotationSwitches;
use domain::routing::Scheduling;
use domain::salesforce_settings::SalesforceSettings;
use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{Entry, filled};
use super::keys::{self, WEEKDAYS};

/// A kind of entry.
pub trait Typed: Serialize + DeserializeOwned {
    /// The section that holds entries of this kind.
    const SECTION: &'static str;

    /// Reads an entry, with the defaults of what is not set.
    fn read(key: &str, entry: &Entry) -> Result<Self, serde_json::Error> {
        let keys = keys::section(Self::SECTION).map_or(&[][..], |section| section.keys);
        serde_json::from_value(Value::Object(filled(keys, key, entry)))
    }
}

/// `{secret: NAME}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// The secret's name.
    #[serde(rename = "secret")]
    pub name: String,
}

/// An entry of `connections`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Connection {
    pub name: String,
    pub login_host: String,
    pub api_version: String,
    pub grant: String,
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key: Option<SecretRef>,
    pub account_lookup: AccountLookup,
    pub fuzzy_domain_matching: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_fields: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_domains: Vec<DomainName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub free_mail_domains: Vec<DomainName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disposable_domains: Vec<DomainName>,
    pub lookup_share_percent: u8,
    pub sync_reserve_percent: u8,
}

/// An entry of `hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Host {
    pub name: String,
    pub email: EmailAddress,
    pub time_zone: String,
    pub salesforce_users: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekly_hours: Vec<Hours>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cal_com_user_id: Option<u32>,
}

impl Host {
    /// When the host can be met, taken as they are; none where their hours are not set.
    pub fn calendar(&self, busy: Vec<(Timestamp, Timestamp)>) -> Option<Calendar> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let hours = availability::joined(self.weekly_hours.iter().flat_map(Hours::each).collect());
        (!self.weekly_hours.is_empty()).then_some(Calendar { zone, hours, busy })
    }
}

/// Hours of the week in which a host takes meetings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Hours {
    pub days: Vec<String>,
    pub from: String,
    pub to: String,
}

impl Hours {
    /// From when to when on each of the days; none if either is no time of day, which the file's reader lets nobody write.
    pub fn span(&self) -> Option<(Time, Time)> {
        Some((self.from.parse().ok()?, self.to.parse().ok()?))
    }

    /// The hours of each of the days.
    fn each(&self) -> Vec<availability::Hours> {
        let Some((from, to)) = self.span() else { return Vec::new() };
        self.days.iter().filter_map(|day| weekday(day)).map(|day| availability::Hours { day, from, to }).collect()
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let at = WEEKDAYS.iter().position(|day| *day == word)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

/// How the hosts of an event type take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Rotation {
    #[serde(default)]
    pub hosts: BTreeMap<String, RotationHost>,
    #[serde(flatten)]
    pub switches: RotationSwitches,
}

/// A host's part in taking turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct RotationHost {
    #[serde(default = "one")]
    pub weight: NonZeroU32,
    #[serde(default)]
    pub priority: u32,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn yes() -> bool {
    true
}

/// An entry of `event_types`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct EventType {
    pub title: String,
    pub slug: String,
    pub length_minutes: u16,
    pub hosts: Vec<String>,
    pub scheduling: Scheduling,
    pub rotation: Rotation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cal_com_url: Option<String>,
    pub salesforce: Salesforce,
}

/// The `salesforce` section of an event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Salesforce {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    #[serde(flatten)]
    pub settings: SalesforceSettings,
}

/// An entry of `sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct Source {
    pub kind: String,
    pub name: String,
    pub secret: SecretRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretRef>,
    pub api_url: String,
    pub poll_minutes: u16,
}

/// An entry of `users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is described in `keys`")]
pub struct User {
    pub email: EmailAddress,
    pub name: String,
    pub role: String,
}

impl Connection {
    /// How it looks Accounts up.
    pub fn lookup(&self) -> LookupSettings {
        let usual = LookupSettings::default();
        LookupSettings {
            account_lookup: self.account_lookup,
            fuzzy_domain_matching: self.fuzzy_domain_matching,
            domain_fields: self.domain_fields.clone().unwrap_or(usual.domain_fields),
            domains: MailDomains {
                own: self.own_domains.iter().cloned().collect(),
                free_mail: self.free_mail_domains.iter().cloned().collect(),
                disposable: self.disposable_domains.iter().cloned().collect(),
            },
        }
    }

    /// How its org's day is shared out.
    pub fn shares(&self) -> Shares {
        Shares { lookups: self.lookup_share_percent.into(), reserve: self.sync_reserve_percent.into() }
    }
}

impl Typed for Connection {
    const SECTION: &'static str = "connections";
}

impl Typed for Host {
    const SECTION: &'static str = "hosts";
}

impl Typed for EventType {
    const SECTION: &'static str = "event_types";
}

impl Typed for Source {
    const SECTION: &'static str = "sources";
}

impl Typed for User {
    const SECTION: &'static str = "users";
}
