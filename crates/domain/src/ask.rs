//! What may be asked of an org, in the domain's words, and what came back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::account::{AccountNow, AccountRow, ContactRow, Coverage, DomainGroup, WebsiteSearch};
use crate::booking::BookingId;
use crate::domain_name::DomainName;
use crate::email_domain::EmailAddress;
use crate::sync_outcome::{ErrorClass, PersonKind};
use crate::tiebreak::Related;

/// A record's id in its org; opaque here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub String);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One question about the org.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The Contacts with one of these emails.
    Contacts {
        /// The emails.
        emails: BTreeSet<EmailAddress>,
        /// Fields of which must be known whether they are filled.
        fields: BTreeSet<String>,
    },
    /// The Leads with one of these emails, converted ones too.
    Leads {
        /// The emails.
        emails: BTreeSet<EmailAddress>,
        /// Fields of which must be known whether they are filled.
        fields: BTreeSet<String>,
    },
    /// One Contact or Lead as it stands.
    Person {
        /// What it is.
        kind: PersonKind,
        /// Which.
        id: RecordId,
        /// Fields of which must be known whether they are filled.
        fields: BTreeSet<String>,
    },
    /// The open Opportunity of an Account that was created last.
    OpenOpportunity(RecordId),
    /// The active standard users with this email.
    Users(EmailAddress),
    /// The Events that carry this booking id, deleted ones too.
    EventOf(BookingId),
    /// The Events that this connection's user created since an instant for this person at this start, deleted ones too:
    /// how an Event is looked for that carries no booking id (spec 4.2).
    EventLike {
        /// WhoId.
        who: RecordId,
        /// StartDateTime.
        start: Timestamp,
        /// CreatedDate is at or after this.
        since: Timestamp,
    },
    /// One Event as it stands.
    EventNow {
        /// Which.
        event: RecordId,
        /// Fields of which must be known whether they are filled.
        fields: BTreeSet<String>,
    },
    /// The Contacts with one of these emails, each with its Account.
    ContactsWithAccounts {
        /// The emails.
        emails: BTreeSet<EmailAddress>,
        /// Fields of the Contact of which must be known whether they are filled.
        contact_fields: BTreeSet<String>,
        /// Fields of the Account to read besides the usual ones, by API name.
        fields: BTreeSet<String>,
    },
    /// One Account as it stands, deleted ones too.
    Account {
        /// Which.
        id: RecordId,
        /// Fields to read besides the usual ones, by API name.
        fields: BTreeSet<String>,
    },
    /// The Accounts that a domain's websites may be among.
    AccountsByWebsite(WebsiteSearch),
    /// How many records belong to each of these Accounts.
    RelatedCount {
        /// What is counted.
        related: Related,
        /// The Accounts.
        of: BTreeSet<RecordId>,
    },
    /// More fields of these Accounts.
    AccountFields {
        /// The Accounts.
        of: BTreeSet<RecordId>,
        /// The fields, by API name.
        fields: BTreeSet<String>,
    },
    /// The Accounts of the Contacts whose email has this domain, the most Contacts first.
    AccountsByContactDomain {
        /// What comes after the `@`.
        domain: DomainName,
        /// Contacts of these record types don't count.
        without_record_types: BTreeSet<RecordId>,
        /// Fields of the Account to read besides the usual ones, by API name.
        fields: BTreeSet<String>,
    },
}

/// A Contact or Lead found by email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Its id.
    pub id: RecordId,
    /// Its email, in lower case.
    pub email: String,
    /// Its Account, if any; a Lead has none.
    pub account: Option<RecordId>,
    /// Whose it is.
    pub owner: Option<RecordId>,
    /// Its record type, or its Account's for a person account.
    pub record_type: Option<RecordId>,
    /// It is the Contact of a person account.
    pub person_account: bool,
    /// It is a Lead that was converted: to this Contact, where it is known.
    pub converted: Option<Conversion>,
    /// The texts of those of the fields asked for that have a value.
    pub values: BTreeMap<String, String>,
    /// LastActivityDate.
    pub last_activity: Option<Date>,
    /// CreatedDate.
    pub created: Timestamp,
}

/// What became of a converted Lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// The Contact that it became; none where this user cannot see it.
    pub contact: Option<RecordId>,
}

/// An Event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its id.
    pub id: RecordId,
    /// Whether it lies in the recycle bin.
    pub deleted: bool,
    /// Subject.
    pub subject: Option<String>,
    /// WhoId.
    pub who: Option<RecordId>,
    /// Those of the fields asked for that have a value.
    pub filled: BTreeSet<String>,
}

/// What came back for one [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// For [`Ask::Contacts`], [`Ask::Leads`] and [`Ask::Person`]; empty when there is none.
    People(Vec<PersonRow>),
    /// For [`Ask::Users`].
    Users(Vec<RecordId>),
    /// For [`Ask::OpenOpportunity`].
    Opportunity(Option<RecordId>),
    /// For the asks after Events; empty when there is none.
    Events(Vec<EventRow>),
    /// For [`Ask::ContactsWithAccounts`].
    ContactsWithAccounts(Vec<ContactRow>),
    /// For [`Ask::Account`]; none where there is no such Account that this user can see.
    Account(Option<AccountNow>),
    /// For [`Ask::AccountsByWebsite`].
    Accounts {
        /// The Accounts, oldest first.
        rows: Vec<AccountRow>,
        /// Whether these are all.
        coverage: Coverage,
    },
    /// For [`Ask::RelatedCount`]: the numbers by Account; an Account without any may be missing.
    RelatedCount(BTreeMap<RecordId, u64>),
    /// For [`Ask::AccountFields`]: their texts by Account; without those that are empty.
    AccountFields(BTreeMap<RecordId, BTreeMap<String, String>>),
    /// For [`Ask::AccountsByContactDomain`].
    DomainGroups {
        /// The Accounts with the numbers of their Contacts, the most Contacts first.
        groups: Vec<DomainGroup>,
        /// Whether these are all.
        coverage: Coverage,
        /// Fields that were asked for and that Salesforce does not group by; they are not in `groups`.
        not_grouped: BTreeSet<String>,
    },
}

/// A look-up that could not be made. It is never read as "not found" (spec 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupFailure {
    /// What kind of trouble, which decides what happens next.
    pub class: ErrorClass,
    /// Salesforce's code, or a word of ours where there was no answer.
    pub code: String,
    /// What happened, for a person to read.
    pub message: String,
}

/// Everything asked so far.
pub type Known = BTreeMap<Ask, Result<Answer, LookupFailure>>;

/// What a decision says when it is run: ask this first, or here is the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// The decision needs these answers; run it again with them.
    Ask(BTreeSet<Ask>),
    /// Decided.
    Done(T),
}
