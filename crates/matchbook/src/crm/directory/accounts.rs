//! Asks after Accounts, as SOQL, and their answers back.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{AccountRow, ContactRow, Coverage, DomainGroup, WebsiteReach, WebsiteSearch};
use domain::ask::{Answer, RecordId};
use domain::domain_name::DomainName;
use domain::email_domain::EmailAddress;
use domain::org_shape::{ObjectShape, OrgShape};
use domain::sync_outcome::PersonKind;
use domain::tiebreak::Related;
use salesforce::composite::Subrequest;
use salesforce::sobject::{ApiName, Record};
use salesforce::soql::{Column, Condition, FieldPath, Order, Select};

use super::{by_email, path, person, person_columns, reference, text};

/// The most rows of one answer: a page of Accounts, and the most groups that Salesforce returns (Salesforce facts 4.1).
const MOST_ROWS: usize = 2_000;

/// The fields that every Account is read with; those that some orgs or users lack are left out where they do.
const ALWAYS: [&str; 4] = ["Id", "Name", "OwnerId", "CreatedDate"];
const WHERE_SEEN: [&str; 3] = ["RecordTypeId", "IsPersonAccount", "LastActivityDate"];

/// The Contacts with these emails, each with its Account.
pub(super) fn contacts(
    emails: &BTreeSet<EmailAddress>,
    contact_fields: &BTreeSet<String>,
    extra: &BTreeSet<String>,
    org: &OrgShape,
) -> Subrequest {
    let mut columns = person_columns(PersonKind::Contact, contact_fields, org);
    columns.extend(fields(extra, &org.account).into_iter().map(of_account));
    let select = Select::from(ApiName::of(PersonKind::Contact.object()), columns)
        .filter(by_email(emails))
        .order_by(Order::Ascending(path("Id")));
    Subrequest::Query { select, include_deleted: false }
}

/// The Accounts whose websites a search may match.
pub(super) fn by_website(search: &WebsiteSearch, org: &OrgShape) -> Subrequest {
    let mut columns = fields(&search.fields, &org.account);
    for field in domain_fields(search) {
        if !columns.contains(&field) {
            columns.push(field);
        }
    }
    let texts = search.reach.texts();
    let in_field = |field: ApiName| match search.reach {
        WebsiteReach::Exactly(_) => Condition::is_in(field, texts.iter().cloned()),
        WebsiteReach::Label(_) | WebsiteReach::Domain(_) => {
            texts.iter().map(|text| Condition::contains(field.clone(), text)).reduce(Condition::or)
        }
    };
    let condition = domain_fields(search).filter_map(in_field).reduce(Condition::or);
    let select = Select::from(ApiName::of("Account"), columns)
        .filter(condition.expect("a search names a field and a text"))
        .order_by(Order::Ascending(path("CreatedDate")))
        .order_by(Order::Ascending(path("Id")))
        .limit(MOST_ROWS as u32);
    Subrequest::Query { select, include_deleted: false }
}

/// The Accounts of the Contacts at a domain, with the numbers of those.
pub(super) fn by_contact_domain(
    domain: &DomainName,
    without: &BTreeSet<RecordId>,
    extra: &BTreeSet<String>,
    org: &OrgShape,
) -> Subrequest {
    let at_domain = domain.spellings().into_iter().map(|name| Condition::ends_with(path("Email"), &format!("@{name}")));
    let mut select = Select::from(ApiName::of("Contact"), group_columns(extra, org))
        .filter(at_domain.reduce(Condition::or).expect("a domain has a spelling"))
        .filter(Condition::not_null(path("AccountId")))
        .group_by(path("AccountId"))
        .order_by(Order::MostCounted(path("Id")))
        .order_by(Order::Ascending(path("AccountId")))
        .limit(MOST_ROWS as u32);
    let has_types = org.contact.field("RecordTypeId").is_some();
    if let Some(counted) = Condition::not_in(path("RecordTypeId"), without.iter().map(super::id)).filter(|_| has_types)
    {
        select = select.filter(counted);
    }
    for field in group_fields(extra, &org.account) {
        if !is_instant(&field) && !field.is("Id") {
            select = select.group_by(of_account(field));
        }
    }
    Subrequest::Query { select, include_deleted: false }
}

fn group_columns(extra: &BTreeSet<String>, org: &OrgShape) -> Vec<Column> {
    let column = |(at, field): (usize, ApiName)| match () {
        () if field.is("Id") => Column::Aliased(path("AccountId"), alias(at)),
        () if is_instant(&field) => Column::Max(of_account(field), alias(at)),
        () => Column::Aliased(of_account(field), alias(at)),
    };
    let counted = Column::Count(path("Id"), ApiName::of("Contacts"));
    group_fields(extra, &org.account).into_iter().enumerate().map(column).chain([counted]).collect()
}

/// The Account fields that rows can be grouped by, and those that every row of a group has the same of, anyway.
fn group_fields(extra: &BTreeSet<String>, shape: &ObjectShape) -> Vec<ApiName> {
    let mut all = fields(extra, shape);
    all.retain(|field| ALWAYS.contains(&field.as_str()) || shape.field(field.as_str()).is_some_and(|f| f.groupable));
    all
}

/// Instants cannot be grouped by; the greatest of one Account is its own.
fn is_instant(field: &ApiName) -> bool {
    field.is("CreatedDate")
}

fn alias(at: usize) -> ApiName {
    ApiName::parse(&format!("a{at}")).expect("a letter and digits")
}

fn fields(extra: &BTreeSet<String>, shape: &ObjectShape) -> Vec<ApiName> {
    let seen = |name: &&str| shape.field(name).is_some();
    let usual = ALWAYS.into_iter().chain(WHERE_SEEN.into_iter().filter(seen));
    let more = extra.iter().map(String::as_str).filter(seen);
    usual.chain(more).filter_map(|name| ApiName::parse(name).ok()).collect()
}

fn domain_fields(search: &WebsiteSearch) -> impl Iterator<Item = ApiName> {
    search.domain_fields.iter().filter_map(|name| ApiName::parse(name).ok())
}

fn of_account(field: ApiName) -> FieldPath {
    path("Account").then(field)
}

/// The answer to [`contacts`].
pub(super) fn contacts_answer(
    records: &[Record],
    contact_fields: &BTreeSet<String>,
    extra: &BTreeSet<String>,
) -> Option<Answer> {
    let contact = |record: &Record| {
        let has_account = record.get("AccountId").is_some();
        let account = match has_account {
            true => Some(account(record, extra.iter(), |field| format!("Account.{field}"))?),
            false => None,
        };
        Some(ContactRow { person: person(record, contact_fields)?, account })
    };
    records.iter().map(contact).collect::<Option<_>>().map(Answer::ContactsWithAccounts)
}

/// The answer to [`by_website`].
pub(super) fn website_answer(records: &[Record], search: &WebsiteSearch) -> Option<Answer> {
    let texts = || search.fields.iter().chain(&search.domain_fields);
    let rows = records.iter().map(|record| account(record, texts(), str::to_owned)).collect::<Option<Vec<_>>>()?;
    let coverage = coverage(rows.len(), "the oldest Accounts whose website may match");
    Some(Answer::Accounts { rows, coverage })
}

/// How many records of a kind belong to each of these Accounts.
pub(super) fn related_count(related: Related, of: &BTreeSet<RecordId>) -> Subrequest {
    let (object, parent) = match related {
        Related::ChildAccounts => ("Account", "ParentId"),
        Related::Opportunities => ("Opportunity", "AccountId"),
        Related::Contacts => ("Contact", "AccountId"),
    };
    let columns = [Column::Aliased(path(parent), alias(0)), Column::Count(path("Id"), ApiName::of("Records"))];
    let condition = Condition::is_in(path(parent), of.iter().map(super::id)).expect("somebody's records are counted");
    let select = Select::from(ApiName::of(object), columns).filter(condition).group_by(path(parent));
    Subrequest::Query { select, include_deleted: false }
}

/// The answer to [`related_count`].
pub(super) fn count_answer(records: &[Record]) -> Option<Answer> {
    let count = |record: &Record| Some((reference(record, alias(0).as_str())?, record.count("Records")?));
    records.iter().map(count).collect::<Option<_>>().map(Answer::RelatedCount)
}

/// More fields of these Accounts, as far as the user sees them.
pub(super) fn more_fields(of: &BTreeSet<RecordId>, more: &BTreeSet<String>, org: &OrgShape) -> Subrequest {
    let seen = more.iter().filter(|name| org.account.field(name).is_some());
    let columns = seen.filter_map(|name| ApiName::parse(name).ok()).map(FieldPath::from);
    let condition = Condition::is_in(path("Id"), of.iter().map(super::id)).expect("some Accounts are asked for");
    let select = Select::from(ApiName::of("Account"), std::iter::once(path("Id")).chain(columns)).filter(condition);
    Subrequest::Query { select, include_deleted: false }
}

/// The answer to [`more_fields`].
pub(super) fn fields_answer(records: &[Record], more: &BTreeSet<String>) -> Option<Answer> {
    let texts = |record: &Record| more.iter().filter_map(|name| Some((name.clone(), text(record, name)?))).collect();
    let all = records.iter().map(|record| Some((reference(record, "Id")?, texts(record))));
    all.collect::<Option<_>>().map(Answer::AccountFields)
}

/// The answer to [`by_contact_domain`].
pub(super) fn group_answer(records: &[Record], extra: &BTreeSet<String>, org: &OrgShape) -> Option<Answer> {
    let names = group_fields(extra, &org.account);
    let key = |field: &str| {
        let at = names.iter().position(|name| name.is(field));
        at.map_or_else(String::new, |at| alias(at).to_string())
    };
    let group = |record: &Record| {
        Some(DomainGroup { account: account(record, extra.iter(), key)?, contacts: record.count("Contacts")? })
    };
    let groups = records.iter().map(group).collect::<Option<Vec<_>>>()?;
    let coverage = coverage(groups.len(), "the Accounts with the most such Contacts");
    let has = |name: &&String| org.account.field(name).is_some() && !names.iter().any(|known| known.is(name));
    let not_grouped = extra.iter().filter(has).cloned().collect();
    Some(Answer::DomainGroups { groups, coverage, not_grouped })
}

fn coverage(read: usize, which: &str) -> Coverage {
    match read < MOST_ROWS {
        true => Coverage::Complete,
        false => Coverage::Bounded { read, rule: which.to_owned() },
    }
}

/// An Account, whose fields stand in the record under the names that `key` gives them.
fn account<'a>(
    record: &Record,
    extra: impl Iterator<Item = &'a String>,
    key: impl Fn(&str) -> String,
) -> Option<AccountRow> {
    let texts = extra.filter_map(|name| Some((name.clone(), text(record, &key(name))?)));
    Some(AccountRow {
        id: reference(record, &key("Id"))?,
        name: record.text(&key("Name"))?.to_owned(),
        owner: reference(record, &key("OwnerId"))?,
        record_type: reference(record, &key("RecordTypeId")),
        person_account: record.checkbox(&key("IsPersonAccount")).unwrap_or(false),
        created: record.instant(&key("CreatedDate"))?,
        last_activity: record.date(&key("LastActivityDate")),
        fields: texts.collect::<BTreeMap<_, _>>(),
    })
}
