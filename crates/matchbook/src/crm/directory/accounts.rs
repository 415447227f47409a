//! Asks after Accounts, as SOQL or SOSL, and their answers back.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{
    AccountLookup, AccountNow, AccountRow, ContactRow, Coverage, DomainGroup, WebsiteReach, WebsiteSearch,
};
use domain::ask::{Answer, RecordId};
use domain::domain_name::DomainName;
use domain::email_domain::EmailAddress;
use domain::org_shape::{ObjectShape, OrgShape};
use domain::sync_outcome::PersonKind;
use domain::tiebreak::Related;
use salesforce::composite::Subrequest;
use salesforce::sobject::{ApiName, Record, SalesforceId};
use salesforce::soql::{Column, Condition, FieldPath, Order, Select};
use salesforce::sosl::{Find, FindError};

use super::{by_email, path, person, person_columns, reference, text};

/// The most rows of one answer: a page of Accounts, and the most groups and finds that Salesforce returns (Salesforce facts 4).
const MOST_ROWS: usize = 2_000;

/// What tells a deleted Account, and a merged one.
const DELETED: &str = "IsDeleted";
const MASTER: &str = "MasterRecordId";

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

/// One Account, in the recycle bin, too, and what it was merged into (Salesforce facts 2.3).
pub(super) fn by_id(id: SalesforceId, extra: &BTreeSet<String>, org: &OrgShape) -> Subrequest {
    let mut columns = fields(extra, &org.account);
    columns.push(ApiName::of(DELETED));
    columns.extend(org.account.field(MASTER).is_some().then_some(ApiName::of(MASTER)));
    let select = Select::from(ApiName::of("Account"), columns).filter(Condition::eq(path("Id"), id));
    Subrequest::Query { select, include_deleted: true }
}

/// The Accounts whose websites may match, by Salesforce's search. It is not filtered: Salesforce filters the 2,000 that it
/// found, so that the answer would not show whether there were more.
pub(super) fn search(search: &WebsiteSearch, org: &OrgShape) -> Result<Find, FindError> {
    let find = Find::any_of(search.reach.phrases(), ApiName::of("Account"), website_columns(search, org))?;
    Ok(find.order_by(Order::Ascending(path("CreatedDate"))).limit(MOST_ROWS as u32))
}

fn website_columns(search: &WebsiteSearch, org: &OrgShape) -> Vec<ApiName> {
    let mut columns = fields(&search.fields, &org.account);
    for field in domain_fields(search) {
        if !columns.contains(&field) {
            columns.push(field);
        }
    }
    columns
}

/// The Accounts whose websites may match, by query.
pub(super) fn by_website(search: &WebsiteSearch, org: &OrgShape) -> Subrequest {
    let columns = website_columns(search, org);
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
    let usual: Vec<&str> = ALWAYS.into_iter().chain(WHERE_SEEN.into_iter().filter(seen)).collect();
    // Salesforce refuses a query that names a field twice.
    let more = extra.iter().map(String::as_str).filter(seen).filter(|name| !usual.contains(name));
    usual.iter().copied().chain(more).filter_map(|name| ApiName::parse(name).ok()).collect()
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

/// The answer to [`by_id`].
pub(super) fn account_answer(records: &[Record], extra: &BTreeSet<String>) -> Option<Answer> {
    let now = |record: &Record| {
        Some(AccountNow {
            account: account(record, extra.iter(), str::to_owned)?,
            deleted: record.checkbox(DELETED)?,
            merged_into: reference(record, MASTER),
        })
    };
    match records.first() {
        Some(record) => now(record).map(|now| Answer::Account(Some(now))),
        None => Some(Answer::Account(None)),
    }
}

/// The answer to [`by_website`] and to [`search`].
pub(super) fn website_answer(records: &[Record], search: &WebsiteSearch) -> Option<Answer> {
    let texts = || search.fields.iter().chain(&search.domain_fields);
    let mut rows = records.iter().map(|record| account(record, texts(), str::to_owned)).collect::<Option<Vec<_>>>()?;
    // A search is ordered by one field alone.
    rows.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let which = match search.by {
        AccountLookup::Soql => "the oldest Accounts whose website may match",
        AccountLookup::Search => "as many of the matching Accounts as Salesforce's search gives; it chooses which",
    };
    let coverage = coverage(rows.len(), which);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn search_for(reach: WebsiteReach) -> WebsiteSearch {
        let domain_fields = vec!["Website".to_owned(), "Domain__c".to_owned()];
        WebsiteSearch { by: AccountLookup::Search, domain_fields, reach, fields: BTreeSet::new() }
    }

    fn sosl(reach: WebsiteReach) -> String {
        search(&search_for(reach), &OrgShape::default()).expect("there is something to look for").to_string()
    }

    #[test]
    fn a_search_looks_for_words_and_is_ordered_so_that_all_rows_come() {
        let rest = "IN ALL FIELDS RETURNING Account(Id,Name,OwnerId,CreatedDate,Website,Domain__c ORDER BY CreatedDate ASC \
                    NULLS LAST LIMIT 2000)";
        let domain = |text: &str| WebsiteReach::Domain(DomainName::of_website(text).expect("a domain"));
        assert_eq!(sosl(domain("acme-corp.com")), format!("FIND {{\"acme\\-corp.com\"}} {rest}"));
        let both = "FIND {\"müller.de\" OR \"xn\\-\\-mller\\-kva.de\"}";
        assert_eq!(sosl(domain("müller.de")), format!("{both} {rest}"), "people type either");
        assert_eq!(sosl(WebsiteReach::Label("acme".to_owned())), format!("FIND {{\"acme\"}} {rest}"));
    }

    fn row(number: usize) -> Record {
        let row = json!({"Id": format!("001{number:012}"), "Name": "Acme", "OwnerId": "005000000000001AAA",
            "CreatedDate": "2026-05-01T07:25:37.000+0000"});
        let Value::Object(row) = row else { panic!("it is an object") };
        Record(row)
    }

    #[test]
    fn a_search_that_reached_the_limit_says_so_and_its_rows_have_one_order() {
        let search = search_for(WebsiteReach::Label("acme".to_owned()));
        let answer = |rows: usize| {
            let records: Vec<Record> = (0..rows).rev().map(row).collect();
            let Some(Answer::Accounts { rows, coverage }) = website_answer(&records, &search) else { panic!("unread") };
            assert!(rows.is_sorted_by(|a, b| a.id < b.id), "by creation, then id");
            coverage
        };
        assert_eq!(answer(1_999), Coverage::Complete);
        let rule = "as many of the matching Accounts as Salesforce's search gives; it chooses which".to_owned();
        assert_eq!(answer(2_000), Coverage::Bounded { read: 2_000, rule });
    }

    #[test]
    fn an_account_is_read_in_the_recycle_bin_too_and_its_master_where_that_is_seen() {
        let id = SalesforceId::parse("001000000000001AAA").expect("an id");
        let soql = |org: &OrgShape| match by_id(id, &BTreeSet::new(), org) {
            Subrequest::Query { select, include_deleted: true } => select.to_string(),
            other => panic!("it must also find deleted ones: {other:?}"),
        };
        let mut org = OrgShape::default();
        let standard = "SELECT Id,Name,OwnerId,CreatedDate,IsDeleted";
        let condition = "FROM Account WHERE Id = '001000000000001AAA'";
        assert_eq!(soql(&org), format!("{standard} {condition}"));
        org.account.fields.insert(MASTER.to_owned(), Default::default());
        assert_eq!(soql(&org), format!("{standard},MasterRecordId {condition}"));
    }
}
