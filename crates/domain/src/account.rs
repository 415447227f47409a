//! Accounts as account resolution sees them, and how they are searched by domain (spec 5).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ask::{PersonRow, RecordId};
use crate::domain_name::DomainName;

/// The field that holds an Account's website in every org.
pub const WEBSITE_FIELD: &str = "Website";

/// What stands in front of a domain in a website that still counts as an exact match.
const EXACT_PREFIXES: [&str; 6] = ["", "www.", "http://", "https://", "http://www.", "https://www."];

/// An Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its id.
    pub id: RecordId,
    /// Its Name.
    pub name: String,
    /// OwnerId.
    pub owner: RecordId,
    /// RecordTypeId; none where the object has no record types.
    pub record_type: Option<RecordId>,
    /// Whether it is a person account.
    pub person_account: bool,
    /// CreatedDate.
    pub created: Timestamp,
    /// LastActivityDate.
    pub last_activity: Option<Date>,
    /// The texts of the other fields that were asked for, by API name; without those that are empty or that this user cannot see.
    pub fields: BTreeMap<String, String>,
}

/// An Account as it stands, whether or not it is still in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNow {
    /// The Account.
    pub account: AccountRow,
    /// It lies in the recycle bin.
    pub deleted: bool,
    /// MasterRecordId: it was merged into this Account, and deleted thereby.
    pub merged_into: Option<RecordId>,
}

/// A Contact found by email, with its Account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// The Contact.
    pub person: PersonRow,
    /// Its Account, if any.
    pub account: Option<AccountRow>,
}

/// An Account with the number of its Contacts at a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainGroup {
    /// The Account.
    pub account: AccountRow,
    /// How many of its Contacts have an email of the domain.
    pub contacts: u64,
}

/// Whether an answer holds all that there is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Everything.
    #[default]
    Complete,
    /// A stated part of it, in a fixed order.
    Bounded {
        /// How many rows were read.
        read: usize,
        /// Which ones, in words.
        rule: String,
    },
}

/// How a connection looks Accounts up by website. People are never looked up by search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountLookup {
    /// By query: exact, but it reads all Accounts unless the field is indexed (Salesforce facts 4.1).
    #[default]
    Soql,
    /// By Salesforce's search: fast however many Accounts there are, but new and changed ones are found only after a while
    /// (Salesforce facts 2.4).
    Search,
}

impl AccountLookup {
    /// The words of the configuration.
    pub const WORDS: [&str; 2] = ["soql", "search"];
}

/// How far a search by website reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebsiteReach {
    /// Websites that contain this base label and a dot: those of every suffix.
    Label(String),
    /// Websites that contain this domain.
    Domain(DomainName),
    /// Websites that are this domain as people usually type it. Where the field is indexed, this is a seek.
    Exactly(DomainName),
}

impl WebsiteReach {
    /// The texts to look for by words: text is cut at punctuation, so that a domain is found in all its websites (Salesforce
    /// facts 4.2).
    pub fn phrases(&self) -> BTreeSet<String> {
        match self {
            WebsiteReach::Label(label) => [label.clone(), idna::domain_to_unicode(label).0].into(),
            WebsiteReach::Domain(domain) | WebsiteReach::Exactly(domain) => domain.spellings().into_iter().collect(),
        }
    }

    /// The texts to look for: parts of the field's value, or for [`WebsiteReach::Exactly`] whole values.
    pub fn texts(&self) -> BTreeSet<String> {
        match self {
            WebsiteReach::Label(label) => {
                let unicode = idna::domain_to_unicode(label).0;
                [format!("{label}."), format!("{unicode}.")].into()
            }
            WebsiteReach::Domain(domain) => domain.spellings().into_iter().collect(),
            WebsiteReach::Exactly(domain) => {
                exact_websites(domain).into_iter().flat_map(|website| [format!("{website}/"), website]).collect()
            }
        }
    }
}

/// Websites that match a domain exactly: itself, and with `www.`, `http://` or `https://` in front.
pub fn exact_websites(domain: &DomainName) -> BTreeSet<String> {
    let spellings = domain.spellings();
    EXACT_PREFIXES.iter().flat_map(|prefix| spellings.iter().map(move |name| format!("{prefix}{name}"))).collect()
}

/// A search for Accounts by website: a superset of those that match, which is then judged row by row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WebsiteSearch {
    /// By which of Salesforce's two ways.
    #[serde(default)]
    pub by: AccountLookup,
    /// The fields that hold a website or domain, by API name; not empty.
    pub domain_fields: Vec<String>,
    /// What to look for.
    pub reach: WebsiteReach,
    /// Fields to read besides the usual ones and the domain fields, by API name.
    pub fields: BTreeSet<String>,
}
