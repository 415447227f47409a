//! What resolution looks at, besides answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::{AccountLookup, WEBSITE_FIELD};
use crate::ask::{Ask, RecordId};
use crate::domain_name::DomainName;
use crate::email_domain::EmailAddress;
use crate::mail_domains::{DomainSkip, MailDomains};
use crate::org_shape::{ObjectShape, OrgShape};
use crate::salesforce_settings::SalesforceSettings;
use crate::tiebreak::Situation;

/// Everything that resolution of one email depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionInput {
    /// Whose Account is wanted.
    pub email: EmailAddress,
    /// All emails whose Contacts are looked up together: this one, and those of guests. The same set makes the same [`Ask`], so
    /// that planning and resolution share one query.
    pub asked_with: BTreeSet<EmailAddress>,
    /// Fields of Contacts of which planning must know whether they are filled; a part of the same [`Ask`].
    pub contact_fields: BTreeSet<String>,
    /// The event type's record type is *Contact under Account*; only then may websites match fuzzily.
    pub contact_under_account: bool,
    /// How the connection looks Accounts up.
    pub lookup: LookupSettings,
    /// Records of these types are not found.
    pub excluded: ExcludedRecordTypes,
    /// What the counts of the contact email match are for.
    pub contact_counts: ContactCounts,
    /// Where the Account's owner is to take the meeting: the Salesforce users of the enabled hosts. `None` applies no host filter.
    pub host_users: Option<BTreeSet<RecordId>>,
    /// What the tiebreakers go by.
    pub situation: Situation,
    /// Fields of Accounts to read for others than the tiebreakers.
    pub more_fields: BTreeSet<String>,
}

impl ResolutionInput {
    /// The input for linking records of this attendee, with every setting at its default.
    pub fn new(email: EmailAddress) -> Self {
        ResolutionInput {
            asked_with: BTreeSet::from([email.clone()]),
            email,
            contact_fields: BTreeSet::new(),
            contact_under_account: true,
            lookup: LookupSettings::default(),
            excluded: ExcludedRecordTypes::default(),
            contact_counts: ContactCounts::default(),
            host_users: None,
            situation: Situation::default(),
            more_fields: BTreeSet::new(),
        }
    }

    /// The domain that steps 1 to 4 go by, or why they don't.
    pub fn domain(&self) -> Result<DomainName, DomainSkip> {
        self.lookup.domains.of_workplace(&self.email)
    }
}

/// The connection's settings for finding Accounts (spec 2, 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LookupSettings {
    /// Whether Accounts are found by query or by Salesforce's search.
    pub account_lookup: AccountLookup,
    /// *Fuzzy domain matching*.
    pub fuzzy_domain_matching: bool,
    /// The Account fields that hold a website or domain, by API name.
    ///
    /// Without `Website` among them the fields are taken to be indexed and to hold plain domains: exact and normalized matches are
    /// then asked for by value.
    pub domain_fields: Vec<String>,
    /// Domains that say nothing about where a person works.
    pub domains: MailDomains,
}

impl Default for LookupSettings {
    fn default() -> Self {
        LookupSettings {
            account_lookup: AccountLookup::Soql,
            fuzzy_domain_matching: false,
            domain_fields: vec![WEBSITE_FIELD.to_owned()],
            domains: MailDomains::default(),
        }
    }
}

/// *Exclude Record Types*, by id (spec 4.6).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExcludedRecordTypes {
    /// Of Contacts, and of person accounts.
    pub contact: BTreeSet<RecordId>,
    /// Of Leads.
    #[serde(default)]
    pub lead: BTreeSet<RecordId>,
    /// Of Accounts.
    pub account: BTreeSet<RecordId>,
}

impl ExcludedRecordTypes {
    /// Those that an event type's settings name, as this org knows them. A person account's record type is its Account's.
    pub fn of(settings: &SalesforceSettings, org: &OrgShape) -> Self {
        let named = &settings.exclude_record_types;
        let account = ids(&org.account, &named.account);
        let mut contact = ids(&org.contact, &named.contact);
        contact.extend(ids(&org.account, &named.contact));
        contact.extend(account.iter().cloned());
        ExcludedRecordTypes { contact, lead: ids(&org.lead, &named.lead), account }
    }

    /// The first text that names a record type which the org does not have, or not by that name any more. Which records to leave
    /// alone cannot be told then. An object without record types has none to leave alone.
    pub fn unknown<'s>(settings: &'s SalesforceSettings, org: &OrgShape) -> Option<&'s str> {
        let named = &settings.exclude_record_types;
        let objects: [(_, &[&ObjectShape]); 3] = [
            (&named.contact, &[&org.contact, &org.account]),
            (&named.lead, &[&org.lead]),
            (&named.account, &[&org.account]),
        ];
        let unknown = |(texts, shapes): (&'s BTreeSet<String>, &[&ObjectShape])| {
            let has_types = shapes.iter().any(|shape| shape.record_types.iter().any(|known| !known.master));
            let known = |text: &&String| shapes.iter().any(|shape| shape.record_types_named(text).next().is_some());
            texts.iter().filter(|_| has_types).find(|text| !known(text)).map(String::as_str)
        };
        objects.into_iter().find_map(unknown)
    }
}

/// The record types that texts name.
fn ids(shape: &ObjectShape, texts: &BTreeSet<String>) -> BTreeSet<RecordId> {
    texts.iter().flat_map(|text| shape.record_types_named(text)).map(|known| known.id.clone()).collect()
}

/// What the counts of the contact email match are for (spec 5, step 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactCounts {
    /// The most Contacts first, equal counts to the tiebreakers.
    #[default]
    MostFirst,
    /// The tiebreakers decide among all.
    RulesDecide,
}

/// The Account fields that a decision with this input reads besides the usual ones.
pub fn account_fields(input: &ResolutionInput) -> BTreeSet<String> {
    let mut fields = input.situation.settings.fields();
    fields.extend(input.more_fields.iter().cloned());
    fields
}

/// The ask after the Contacts of everybody in `asked_with`; what planning should ask, too.
pub fn contacts_ask(input: &ResolutionInput) -> Ask {
    Ask::ContactsWithAccounts {
        emails: input.asked_with.clone(),
        contact_fields: input.contact_fields.clone(),
        fields: account_fields(input),
    }
}
