//! The owner of the attendee's record, and whether they take the meeting (spec 7).

use std::collections::{BTreeMap, BTreeSet};

use super::people_seen::{self, LeftOut};
use super::{Missing, Owner, OwnerOf, OwnerRule, Router, RoutingHost, RuleEffect};
use crate::account_resolution::{Resolution, resolve};
use crate::ask::{Answer, Ask, LookupFailure, Next, PersonRow, RecordId};
use crate::email_domain::EmailAddress;
use crate::mail_domains::DomainSkip;
use crate::person_match;
use crate::round_robin::HostId;
use crate::sync_outcome::PersonKind;

/// A record, whose owner may take the meeting.
struct Record {
    id: RecordId,
    /// Its object's API name.
    object: &'static str,
    owner: Option<RecordId>,
    values: BTreeMap<String, String>,
    /// Such as `owns Acme EMEA, chosen over 3 others by country match`.
    words: String,
    account: Option<RecordId>,
}

impl Record {
    fn of(row: &PersonRow, kind: PersonKind, words: String) -> Self {
        let (owner, values) = (row.owner.clone(), row.values.clone());
        Record { id: row.id.clone(), object: kind.object(), owner, values, words, account: None }
    }
}

/// Why no record's owner takes the meeting.
struct NoRecord {
    why: String,
    account: Option<RecordId>,
}

impl Router<'_> {
    /// Whether an owner is looked for at all, or why not.
    pub(super) fn owner_applies(&self) -> Result<(), String> {
        let settings = &self.input.book_directly;
        let Some(email) = &self.input.email else { return Err("the booker's email was not known yet".to_owned()) };
        if !settings.enabled {
            return Err("the event type does not book directly with owners".to_owned());
        }
        let workplace = self.input.resolution.as_ref().map(|resolution| resolution.lookup.domains.of_workplace(email));
        if settings.skip_free_mail
            && let Some(Err(why @ (DomainSkip::FreeMail | DomainSkip::Disposable))) = workplace
        {
            return Err(why.to_string());
        }
        if let Some(why) = &self.input.not_asked {
            return Err(why.clone());
        }
        Ok(())
    }

    /// Finds the record and its owner, and judges whether they take the meeting.
    pub(super) fn find_owner(&mut self) -> Result<Owner, Missing> {
        let of = self.input.book_directly.owner_of(self.input.record_type);
        let found = match of {
            OwnerOf::Contact => self.person(PersonKind::Contact)?,
            OwnerOf::Lead => self.person(PersonKind::Lead)?,
            OwnerOf::Account | OwnerOf::AccountField => self.account(of)?,
        };
        let record = match found {
            Ok(record) => record,
            Err(NoRecord { why, account }) => {
                self.trace.check("A record is found", why.clone(), false);
                return Ok(Owner { host: Err(why), account, record: None, words: String::new() });
            }
        };
        self.trace.check("A record is found", format!("{} {}", record.object, record.id), true);
        let host = self.judge(&record);
        Ok(Owner { host, account: record.account, record: Some(record.id), words: record.words })
    }

    /// The attendee's Contact or Lead.
    fn person(&mut self, kind: PersonKind) -> Result<Result<Record, NoRecord>, Missing> {
        let none = |why: String| Ok(Err(NoRecord { why, account: None }));
        let rows = match self.people(kind)? {
            Ok(rows) => rows,
            Err(failure) => return none(not_asked(kind.object(), &failure)),
        };
        let seen: Vec<(&PersonRow, Result<(), LeftOut>)> =
            rows.iter().map(|row| (row, self.counts(kind, row))).collect();
        let counting: Vec<&PersonRow> = seen.iter().filter(|(_, counts)| counts.is_ok()).map(|(row, _)| *row).collect();
        let chosen = person_match::choose(&counting);
        if !seen.is_empty() {
            let check = format!("The {}s with this email", kind.object());
            self.trace.check(&check, people_seen::words(&seen, chosen), true);
        }
        if let Some(row) = chosen {
            return Ok(Ok(Record::of(row, kind, format!("owns the attendee's {}", kind.object()))));
        }
        if kind == PersonKind::Contact && self.input.book_directly.contact_else_lead {
            self.trace.check("A Contact has this email", "none that counts, so a Lead is looked for", true);
            return self.person(PersonKind::Lead);
        }
        let became = rows.iter().filter_map(|row| row.converted.as_ref()?.contact.clone()).min();
        match became {
            Some(contact) => self.converted(contact),
            None => none(format!("no {} has this email", kind.object())),
        }
    }

    /// The Contact that the attendee's Lead became (spec 4.1).
    fn converted(&mut self, contact: RecordId) -> Result<Result<Record, NoRecord>, Missing> {
        let kind = PersonKind::Contact;
        let ask = Ask::Person { kind, id: contact.clone(), fields: self.rule_fields(OwnerOf::Contact) };
        let rows = match self.asked_for_people(ask, |_| {})? {
            Ok(rows) => rows,
            Err(failure) => return Ok(Err(NoRecord { why: not_asked(kind.object(), &failure), account: None })),
        };
        let row = rows.first().filter(|row| self.is_allowed(kind, row));
        let outcome = match row {
            Some(_) => format!("it was, to the Contact {contact}"),
            None => format!("it was, to the Contact {contact}, which cannot be used"),
        };
        self.trace.check("The Lead was converted", outcome, row.is_some());
        Ok(match row {
            Some(row) => Ok(Record::of(row, kind, "owns the Contact that the attendee's Lead became".to_owned())),
            None => Err(NoRecord { why: "no Lead that is open has this email".to_owned(), account: None }),
        })
    }

    /// The people with the email. A Lead that may be needed is asked for along.
    fn people(&self, kind: PersonKind) -> Result<Result<Vec<PersonRow>, LookupFailure>, Missing> {
        let Some(email) = self.input.email.clone() else { return Ok(Ok(vec![])) };
        self.asked_for_people(self.people_ask(kind, &email), |asks| {
            if kind == PersonKind::Contact && self.input.book_directly.contact_else_lead {
                asks.insert(self.people_ask(PersonKind::Lead, &email));
            }
        })
    }

    fn asked_for_people(
        &self,
        ask: Ask,
        along: impl FnOnce(&mut Missing),
    ) -> Result<Result<Vec<PersonRow>, LookupFailure>, Missing> {
        match self.known.get(&ask) {
            Some(Ok(Answer::People(rows))) => Ok(Ok(rows.clone())),
            Some(Ok(other)) => unreachable!("people were asked for, {other:?} came back"),
            Some(Err(failure)) => Ok(Err(failure.clone())),
            None => {
                let mut asks = Missing::from([ask]);
                along(&mut asks);
                Err(asks)
            }
        }
    }

    fn people_ask(&self, kind: PersonKind, email: &EmailAddress) -> Ask {
        let emails = BTreeSet::from([email.clone()]);
        match kind {
            PersonKind::Contact => Ask::Contacts { emails, fields: self.rule_fields(OwnerOf::Contact) },
            PersonKind::Lead => Ask::Leads { emails, fields: self.rule_fields(OwnerOf::Lead) },
        }
    }

    /// The fields that the rules read, as far as they can be.
    fn rule_fields(&self, of: OwnerOf) -> BTreeSet<String> {
        let fields = self.input.book_directly.rules.iter().map(|rule| rule.field.clone());
        fields.filter(|field| self.sees(of.object(), field)).collect()
    }

    fn sees(&self, object: &str, field: &str) -> bool {
        !self.input.unseen_fields.get(object).is_some_and(|unseen| unseen.contains(field))
    }

    fn counts(&self, kind: PersonKind, row: &PersonRow) -> Result<(), LeftOut> {
        match () {
            () if self.input.email.as_ref().is_none_or(|email| row.email != email.folded()) => Err(LeftOut::OtherEmail),
            () if row.converted.is_some() => Err(LeftOut::Converted),
            () if !self.is_allowed(kind, row) => Err(LeftOut::ExcludedRecordType),
            () => Ok(()),
        }
    }

    /// Whether the record's type is one that counts.
    fn is_allowed(&self, kind: PersonKind, row: &PersonRow) -> bool {
        let Some(resolution) = &self.input.resolution else { return true };
        let excluded = match kind {
            PersonKind::Contact => &resolution.excluded.contact,
            PersonKind::Lead => &resolution.excluded.lead,
        };
        row.record_type.as_ref().is_none_or(|own| !excluded.contains(own))
    }

    /// The attendee's Account.
    fn account(&mut self, of: OwnerOf) -> Result<Result<Record, NoRecord>, Missing> {
        let none = |why: &str, account| Ok(Err(NoRecord { why: why.to_owned(), account }));
        let Some(resolution) = &self.input.resolution else { return none("no account is looked for", None) };
        if let Some(field) = self.account_field(of).filter(|field| !self.sees(of.object(), field)) {
            return none(&format!("the connection's user sees no field {field} of an Account"), None);
        }
        let mut input = (**resolution).clone();
        // Where another field names the user, the Account's owner does not decide.
        input.host_users = (of == OwnerOf::Account).then(|| self.users().into_keys().collect());
        input.more_fields.extend(self.rule_fields(of));
        input.more_fields.extend(self.account_field(of));
        let (next, trace) = resolve(&input, self.known);
        self.trace.account = Some(trace);
        let found = match next {
            Next::Ask(asks) => return Err(asks),
            Next::Done(Resolution::NoAccount) => return none("no account was found", None),
            Next::Done(Resolution::Failed { failure, .. }) => {
                return none(&not_asked("Account", &failure), None);
            }
            Next::Done(Resolution::Found(found)) => found,
        };
        if found.no_owner_is_host {
            let why = "no candidate's owner is an enabled host";
            return none(why, Some(found.account.id.clone()));
        }
        let owner = match self.account_field(of) {
            None => Some(found.account.owner.clone()),
            Some(field) => found.account.fields.get(&field).map(|id| RecordId(id.clone())),
        };
        let verb = if of == OwnerOf::Account { "owns" } else { "is named by" };
        let words = format!("{verb} {}{}", found.account.name, found.chosen_over());
        let account = Some(found.account.id.clone());
        Ok(Ok(Record {
            id: found.account.id,
            object: of.object(),
            owner,
            values: found.account.fields,
            words,
            account,
        }))
    }

    fn account_field(&self, of: OwnerOf) -> Option<String> {
        self.input.book_directly.account_field.clone().filter(|_| of == OwnerOf::AccountField)
    }

    /// The Salesforce users of hosts who are enabled.
    fn users(&self) -> BTreeMap<RecordId, &RoutingHost> {
        let enabled = self.input.hosts.iter().filter(|host| host.enabled);
        enabled.filter_map(|host| Some((host.user.clone()?, host))).collect()
    }

    /// Whether a record's owner takes the meeting.
    fn judge(&mut self, record: &Record) -> Result<HostId, String> {
        for rule in &self.input.book_directly.rules {
            let (passed, mut outcome) = judge_rule(rule, &record.values);
            if !self.sees(record.object, &rule.field) {
                outcome.push_str(&format!("; the connection's user sees no such field of a {}", record.object));
            }
            self.trace.check("A rule on the record", outcome.clone(), passed);
            if !passed {
                return Err(outcome);
            }
        }
        let Some(user) = &record.owner else {
            return Err(self.fail("The record has an owner", "the record names no user"));
        };
        let Some(host) = self.users().get(user).map(|host| (*host).clone()) else {
            return Err(self.fail(
                "The owner is a host",
                "the owner is no enabled host of this event type with an active user in Salesforce",
            ));
        };
        self.trace.check("The owner is a host", format!("{} is", host.name), true);
        let days = self.input.book_directly.horizon_days;
        match host.free_within_horizon {
            Some(true) => self.trace.check("The owner is free", format!("{} is within {days} days", host.name), true),
            None => {
                self.trace.check("The owner is free", "their calendar cannot be seen here, so this was not asked", true)
            }
            Some(false) => {
                let why = format!("{} owns the record and is not free within {days} days", host.name);
                return Err(self.fail("The owner is free", &why));
            }
        }
        if host.free_at_slot == Some(false) {
            let why = format!("{} owns the record and is not free at this time", host.name);
            return Err(self.fail("The owner is free at this time", &why));
        }
        Ok(host.id)
    }

    fn fail(&mut self, check: &str, why: &str) -> String {
        self.trace.check(check, why, false);
        why.to_owned()
    }
}

fn not_asked(object: &str, failure: &LookupFailure) -> String {
    format!("the {object} could not be looked up ({}: {})", failure.code, failure.message)
}

/// Whether a rule lets the owner pass, and what it saw.
fn judge_rule(rule: &OwnerRule, values: &BTreeMap<String, String>) -> (bool, String) {
    let value = values.get(&rule.field).map_or("", String::as_str);
    let same = value.trim().to_lowercase() == rule.value.trim().to_lowercase();
    let passed = same == (rule.when == RuleEffect::MustInclude);
    let shown = if value.is_empty() { "empty" } else { value };
    let outcome = match (rule.when, passed) {
        (RuleEffect::Ignore, true) => format!("{} is {shown}, not {}", rule.field, rule.value),
        (RuleEffect::Ignore, false) => format!("{} is {shown}, whose owners are passed over", rule.field),
        (RuleEffect::MustInclude, true) => format!("{} is {shown}, as it must be", rule.field),
        (RuleEffect::MustInclude, false) => format!("{} is {shown}, and must be {}", rule.field, rule.value),
    };
    (passed, outcome)
}
