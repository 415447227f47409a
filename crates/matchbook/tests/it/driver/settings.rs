//! What an admin set besides, and what the org held of it: Accounts, owners, lists on cancel.

use std::fmt;

use serde_json::{Value, json};

use super::dice::Dice;

/// What a seed draws from its third stream of chance.
pub(super) struct Settings {
    pub(super) attendees: Attendees,
    /// A cancel keeps the Event and writes to it.
    pub(super) event_on_cancel: bool,
    /// A cancel writes to the attendee's record.
    pub(super) person_on_cancel: bool,
    pub(super) owner: Option<OwnerChange>,
    /// Events are related to their person's Account.
    pub(super) related: bool,
    /// Where each person works.
    pub(super) companies: Vec<usize>,
    /// Whether each company's Account has its website.
    pub(super) websites: [bool; COMPANIES.len()],
    /// What the Contacts that each person had before are like.
    pub(super) before: Vec<Vec<Before>>,
}

/// What attendees are in Salesforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attendees {
    Contacts,
    /// Contacts; nobody gets a new one.
    KnownContacts,
    /// Contacts; new ones come under their Account.
    ContactsGivenAccounts,
    /// Contacts under their Accounts; without one, as it is said.
    UnderAccounts(NoAccount),
    Leads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAccount {
    Lead,
    Contact,
    Nothing,
}

/// *Change record owner on booking*.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnerChange {
    /// To the organizer, else to Rae.
    pub(super) to_organizer: bool,
    /// Only where the record is the pool's.
    pub(super) only_from_pool: bool,
}

/// A Contact that was there before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) account: Option<Account>,
    /// Its owner is the pool, else the connection's user.
    pub(super) of_pool: bool,
    /// It has a value in the field that is written only where it is empty.
    pub(super) filled: bool,
}

/// What [`Before::filled`] is filled with.
pub(super) const FILLED: &str = "Filled by a person";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// Its person's company, by whatever website.
    Company,
    /// One that nobody's email leads to.
    Old,
}

/// Domains of emails, and how the company's Account writes its website.
pub(super) const COMPANIES: [(&str, &str); 3] = [
    ("acme.example", "acme.example"),
    ("birch.example", "https://www.Birch.example:443/about?x=1"),
    ("cedar.example", "www.cedar.example"),
];

impl Settings {
    pub(super) fn of(dice: &mut Dice, leads: bool, persons: &[usize]) -> Settings {
        let no_account = dice.pick(&[NoAccount::Lead, NoAccount::Contact, NoAccount::Nothing]);
        let attendees = match dice.within(0, 20) {
            _ if leads => Attendees::Leads,
            0..4 => Attendees::Contacts,
            4..8 => Attendees::KnownContacts,
            8..10 => Attendees::ContactsGivenAccounts,
            _ => Attendees::UnderAccounts(no_account),
        };
        let change = OwnerChange { to_organizer: dice.chance(50), only_from_pool: dice.chance(40) };
        let before = |dice: &mut Dice| Before {
            account: dice.pick(&[None, None, Some(Account::Company), Some(Account::Old)]),
            of_pool: dice.chance(50),
            filled: dice.chance(40),
        };
        Settings {
            attendees,
            event_on_cancel: dice.chance(50),
            person_on_cancel: dice.chance(50),
            owner: dice.chance(50).then_some(change),
            related: dice.chance(50),
            companies: persons.iter().map(|_| dice.within(0, COMPANIES.len())).collect(),
            websites: [dice.chance(80), dice.chance(80), dice.chance(30)],
            before: persons.iter().map(|count| (0..*count).map(|_| before(dice)).collect()).collect(),
        }
    }

    /// The domain of a person's email.
    pub(super) fn domain(&self, person: usize) -> &'static str {
        COMPANIES[self.companies[person]].0
    }

    /// The Account of a Contact that was there before, by its place in [`Settings::records`].
    pub(super) fn account_of(&self, person: usize, before: &Before) -> Option<String> {
        before.account.map(|account| match account {
            Account::Company => format!("company{}", self.companies[person]),
            Account::Old => "old".to_owned(),
        })
    }

    /// The Contacts that a person had before, by their places in [`Settings::records`].
    pub(super) fn contacts_of(&self, person: usize) -> impl Iterator<Item = (String, &Before)> {
        self.before[person].iter().enumerate().map(move |(nth, before)| (contact_name(person, nth), before))
    }

    /// The Accounts, Users and Contacts of the org, each with its place.
    pub(super) fn records(&self, email: impl Fn(usize) -> String) -> Value {
        let mut accounts = vec![json!({"@ref": "old", "Name": "Old"})];
        for (at, (name, website)) in COMPANIES.iter().enumerate() {
            let website = if self.websites[at] { json!(website) } else { Value::Null };
            accounts.push(json!({"@ref": format!("company{at}"), "Name": name, "Website": website}));
        }
        let mut contacts = Vec::new();
        for person in 0..self.before.len() {
            for (name, before) in self.contacts_of(person) {
                let account = self.account_of(person, before).map(|account| format!("@{account}"));
                let mut contact =
                    json!({"@ref": name, "LastName": "Before", "Email": email(person), "AccountId": account});
                if before.filled {
                    contact["First__c"] = json!(FILLED);
                }
                if before.of_pool {
                    contact["OwnerId"] = json!("@pool");
                }
                contacts.push(contact);
            }
        }
        let user = |name: &str| {
            let mut user = crate::support::user(&format!("{name}@seller.example"));
            user["@ref"] = json!(name);
            user
        };
        json!({"User": [user("ann"), user("rae"), user("pool")], "Account": accounts, "Contact": contacts})
    }

    /// The fields that a cancel writes, by object.
    pub(super) fn fields() -> Value {
        let text = |name: &str| json!({"name": name, "label": name, "type": "string", "length": 200});
        let person = json!([text("Last_Status__c"), text("Cancelled_Of__c")]);
        json!({"Event": [text("Outcome__c")], "Contact": person, "Lead": person})
    }

    /// As they stand in an event type. `id` gives the record of a place.
    pub(super) fn yaml(&self, id: impl Fn(&str) -> String) -> String {
        let (kind, more) = match self.attendees {
            Attendees::Contacts => ("contact", ""),
            Attendees::KnownContacts => ("contact", ", skip_contact_creation: true"),
            Attendees::ContactsGivenAccounts => ("contact", ", create_contact_under_account: true"),
            Attendees::UnderAccounts(NoAccount::Lead) => ("contact_under_account", ", no_account: lead"),
            Attendees::UnderAccounts(NoAccount::Contact) => ("contact_under_account", ", no_account: contact"),
            Attendees::UnderAccounts(NoAccount::Nothing) => ("contact_under_account", ", no_account: nothing"),
            Attendees::Leads => ("lead", ""),
        };
        let owner = self.owner.map_or_else(String::new, |change| {
            let to = if change.to_organizer { "organizer".to_owned() } else { id("rae") };
            let from = if change.only_from_pool { format!(", only_from: ['{}']", id("pool")) } else { String::new() };
            format!(", change_record_owner: {{to: '{to}'{from}}}")
        });
        let related = if self.related { "account" } else { "nothing" };
        format!(
            "attendee_record_type: {kind}{more}{owner}, relate_event_to: {related}, \
             event_fields_on_cancel: {{enabled: {}, fields: [{{field: ShowAs, type: picklist, value: Free}}, \
             {{field: Outcome__c, type: text, value: 'Cancelled: {{booking.title}}'}}]}}, \
             person_fields_on_cancel: {{enabled: {}, fields: [{{field: Last_Status__c, type: text, value: Cancelled}}, \
             {{field: Cancelled_Of__c, type: text, value: '{{booking.title}}'}}]}}",
            self.event_on_cancel, self.person_on_cancel
        )
    }
}

fn contact_name(person: usize, nth: usize) -> String {
    format!("before{person}-{nth}")
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "attendees: {:?}; on cancel the Event is {}, the person {}; owner: {:?}; {} an Account",
            self.attendees,
            if self.event_on_cancel { "kept" } else { "deleted" },
            if self.person_on_cancel { "told" } else { "not told" },
            self.owner,
            if self.related { "related to" } else { "without" },
        )?;
        writeln!(f, "companies of the persons: {:?}, with websites: {:?}", self.companies, self.websites)?;
        writeln!(f, "Contacts before: {:?}", self.before)
    }
}
