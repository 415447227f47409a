//! Asks to one request, and its answers back; searches are calls of their own.

mod accounts;

use std::collections::{BTreeMap, BTreeSet};

use domain::account::AccountLookup;
use domain::ask::{Answer, Ask, Conversion, EventRow, Known, LookupFailure, PersonRow, RecordId};
use domain::email_domain::EmailAddress;
use domain::org_shape::{BOOKING_ID_FIELD, ObjectShape, OrgShape};
use domain::sync_outcome::{ErrorClass, PersonKind};
use salesforce::client::{CallRecord, Client, Session};
use salesforce::composite::{CompositeAnswer, CompositeError, CompositeRequest, ReferenceId, SubAnswer, Subrequest};
use salesforce::error::ErrorKind;
use salesforce::sobject::{ApiName, Record, SalesforceId};
use salesforce::soql::{Condition, FieldPath, Order, Select};
use salesforce::sosl::{Find, FindError};

use super::{classify, transcript};

/// What is to be sent so that asks are answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Requests {
    /// The asks that one request answers, and that request; none where all are searches.
    pub together: Option<(BTreeSet<Ask>, CompositeRequest)>,
    /// Those that are searches: Salesforce takes none inside a composite request (Salesforce facts 10).
    pub searches: Vec<(Ask, Find)>,
}

/// Why asks cannot be sent.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum UnsendableAsk {
    #[error(transparent)]
    Composite(#[from] CompositeError),
    #[error(transparent)]
    Find(#[from] FindError),
}

/// The requests that answer all of `asks`.
pub fn requests(asks: BTreeSet<Ask>, org: &OrgShape) -> Result<Requests, UnsendableAsk> {
    let mut requests = Requests::default();
    let mut together = BTreeSet::new();
    for ask in asks {
        match search(&ask, org)? {
            Some(find) => requests.searches.push((ask, find)),
            None => _ = together.insert(ask),
        }
    }
    let mut request = CompositeRequest::default();
    for (name, ask) in named(&together) {
        request.push(ReferenceId::parse(&name)?, subrequest(ask, org))?;
    }
    requests.together = (!together.is_empty()).then_some((together, request));
    Ok(requests)
}

/// The search that answers an ask, if a search does.
fn search(ask: &Ask, org: &OrgShape) -> Result<Option<Find>, FindError> {
    match ask {
        Ask::AccountsByWebsite(search) if search.by == AccountLookup::Search => accounts::search(search, org).map(Some),
        _ => Ok(None),
    }
}

/// What the records that a search found say.
pub fn found(ask: &Ask, org: &OrgShape, records: &[Record]) -> Result<Answer, LookupFailure> {
    answer_of(ask, org, records)
}

/// A further page of an answer's rows, which is a call of its own.
#[derive(Debug)]
pub struct FurtherPage {
    /// What is known about the call.
    pub call: CallRecord,
    /// What was asked and answered, as transcripts have it.
    pub told: (String, String),
}

/// What the answers say, ask by ask, and the further pages that were read for it. A part that failed is a failure for its ask,
/// never an empty answer.
pub async fn read(
    client: &Client,
    session: &Session,
    asks: &BTreeSet<Ask>,
    org: &OrgShape,
    answer: CompositeAnswer,
) -> (Known, Vec<FurtherPage>) {
    let mut known = Known::new();
    let mut pages = Vec::new();
    let mut parts: std::collections::HashMap<String, SubAnswer> =
        answer.into_parts().into_iter().map(|(name, part)| (name.as_str().to_owned(), part)).collect();
    for (name, ask) in named(asks) {
        let part = parts.remove(&name).unwrap_or(SubAnswer::Unreadable);
        let records = all_records(client, session, ask, part, &mut pages).await;
        known.insert(ask.clone(), records.and_then(|records| answer_of(ask, org, &records)));
    }
    (known, pages)
}

fn named(asks: &BTreeSet<Ask>) -> impl Iterator<Item = (String, &Ask)> {
    asks.iter().enumerate().map(|(at, ask)| (format!("q{at}"), ask))
}

fn subrequest(ask: &Ask, org: &OrgShape) -> Subrequest {
    match ask {
        Ask::Contacts { emails, fields } => people(PersonKind::Contact, by_email(emails), fields, org),
        Ask::Leads { emails, fields } => people(PersonKind::Lead, by_email(emails), fields, org),
        Ask::Person { kind, id: which, fields } => people(*kind, Condition::eq(path("Id"), id(which)), fields, org),
        Ask::OpenOpportunity(account) => {
            let select = Select::from(ApiName::of("Opportunity"), [path("Id")])
                .filter(Condition::eq(path("AccountId"), id(account)).and(Condition::eq(path("IsClosed"), false)))
                .order_by(Order::Descending(path("CreatedDate")))
                .order_by(Order::Ascending(path("Id")))
                .limit(1);
            Subrequest::Query { select, include_deleted: false }
        }
        Ask::Users(email) => {
            // Sandboxes append `.invalid` to users' emails (Salesforce facts 10).
            let sandbox = format!("{}.invalid", email.as_written());
            let select = Select::from(ApiName::of("User"), [path("Id")])
                .filter(
                    Condition::eq(path("Email"), email.as_written())
                        .or(Condition::eq(path("Email"), sandbox.as_str()))
                        .and(Condition::eq(path("IsActive"), true))
                        .and(Condition::eq(path("UserType"), "Standard")),
                )
                .order_by(Order::Ascending(path("Id")));
            Subrequest::Query { select, include_deleted: false }
        }
        Ask::EventOf(booking) => events_where(Condition::eq(path(BOOKING_ID_FIELD), booking.0.as_str())),
        Ask::EventLike { who, start, since } => {
            let like = Condition::eq(path("WhoId"), id(who))
                .and(Condition::eq(path("StartDateTime"), *start))
                .and(Condition::ge(path("CreatedDate"), *since));
            events_where(match &org.connection_user {
                Some(user) => like.and(Condition::eq(path("CreatedById"), id(user))),
                None => like,
            })
        }
        Ask::EventNow { event, fields } => Subrequest::Get {
            object: ApiName::of("Event"),
            id: id(event),
            fields: ["Id", "Subject", "WhoId"].map(ApiName::of).into_iter().chain(names(fields)).collect(),
        },
        Ask::ContactsWithAccounts { emails, contact_fields, fields } => {
            accounts::contacts(emails, contact_fields, fields, org)
        }
        Ask::Account { id: which, fields } => accounts::by_id(id(which), fields, org),
        Ask::AccountsByWebsite(search) => accounts::by_website(search, org),
        Ask::RelatedCount { related, of } => accounts::related_count(*related, of),
        Ask::AccountFields { of, fields } => accounts::more_fields(of, fields, org),
        Ask::AccountsByContactDomain { domain, without_record_types, fields } => {
            accounts::by_contact_domain(domain, without_record_types, fields, org)
        }
    }
}

fn by_email(emails: &BTreeSet<EmailAddress>) -> Condition {
    match emails.first() {
        Some(email) if emails.len() == 1 => Condition::eq(path("Email"), email.as_written()),
        _ => {
            Condition::is_in(path("Email"), emails.iter().map(EmailAddress::as_written)).expect("somebody is asked for")
        }
    }
}

/// People's records, with what is asked of them besides as far as the user sees it.
fn people(kind: PersonKind, condition: Condition, fields: &BTreeSet<String>, org: &OrgShape) -> Subrequest {
    let mut columns = person_columns(kind, fields, org);
    // A person account counts with its Account's record type (spec 4.1).
    if org.contact.field("IsPersonAccount").is_some() && kind == PersonKind::Contact && has_record_types(&org.account) {
        columns.push(path("Account").then(ApiName::of("RecordTypeId")));
    }
    let select =
        Select::from(ApiName::of(kind.object()), columns).filter(condition).order_by(Order::Ascending(path("Id")));
    Subrequest::Query { select, include_deleted: false }
}

fn has_record_types(object: &ObjectShape) -> bool {
    object.field("RecordTypeId").is_some()
}

fn person_columns(kind: PersonKind, fields: &BTreeSet<String>, org: &OrgShape) -> Vec<FieldPath> {
    let (shape, usual): (_, &[&'static str]) = match kind {
        PersonKind::Contact => (&org.contact, &["AccountId", "LastActivityDate", "RecordTypeId", "IsPersonAccount"]),
        PersonKind::Lead => (&org.lead, &["LastActivityDate", "RecordTypeId", "IsConverted", "ConvertedContactId"]),
    };
    let usual = ["OwnerId"].into_iter().chain(usual.iter().copied()).filter(|name| shape.field(name).is_some());
    let standard: Vec<&'static str> = ["Id", "Email", "CreatedDate"].into_iter().chain(usual).collect();
    let besides = names(fields).filter(|name| !standard.contains(&name.as_str())).map(FieldPath::from);
    standard.iter().map(|name| path(name)).chain(besides).collect()
}

/// Fields that a describe named, and so are names.
fn names(fields: &BTreeSet<String>) -> impl Iterator<Item = ApiName> {
    fields.iter().filter_map(|name| ApiName::parse(name).ok())
}

/// Events, deleted ones too, the oldest first.
fn events_where(condition: Condition) -> Subrequest {
    let select = Select::from(ApiName::of("Event"), ["Id", "IsDeleted", "Subject", "WhoId"].map(path))
        .filter(condition)
        .order_by(Order::Ascending(path("CreatedDate")))
        .order_by(Order::Ascending(path("Id")));
    Subrequest::Query { select, include_deleted: true }
}

/// An id that Salesforce gave us, and that was read as one then.
fn id(record: &RecordId) -> SalesforceId {
    SalesforceId::parse(&record.0).expect("record ids come from Salesforce")
}

fn path(field: &'static str) -> FieldPath {
    ApiName::of(field).into()
}

async fn all_records(
    client: &Client,
    session: &Session,
    ask: &Ask,
    part: SubAnswer,
    pages: &mut Vec<FurtherPage>,
) -> Result<Vec<Record>, LookupFailure> {
    match part {
        SubAnswer::Rows(mut page) => {
            let mut records = std::mem::take(&mut page.records);
            while let Some(next) = page.next.take() {
                let call = client.query_more(session, &next).await;
                pages.push(FurtherPage { told: transcript::page(&call), call: call.record });
                page = call.result.map_err(|error| classify::lookup_failure(&classify::failed_call(&error)))?;
                records.append(&mut page.records);
            }
            Ok(records)
        }
        SubAnswer::Record(record) => Ok(vec![record]),
        SubAnswer::Refused { status, errors } => {
            let gone = salesforce::error::kind_of(status, &errors) == ErrorKind::Gone;
            if matches!(ask, Ask::EventNow { .. }) && gone {
                return Ok(Vec::new());
            }
            Err(classify::lookup_failure(&classify::refused_part(status, &errors)))
        }
        _ => Err(unreadable("Salesforce's answer to a look-up could not be read")),
    }
}

fn unreadable(message: &str) -> LookupFailure {
    LookupFailure { class: ErrorClass::Passing, code: "UNREADABLE".to_owned(), message: message.to_owned() }
}

fn answer_of(ask: &Ask, org: &OrgShape, records: &[Record]) -> Result<Answer, LookupFailure> {
    let all = |read: fn(&Record) -> Option<RecordId>| records.iter().map(read).collect::<Option<Vec<_>>>();
    let answer = match ask {
        Ask::Contacts { fields, .. } | Ask::Leads { fields, .. } | Ask::Person { fields, .. } => {
            records.iter().map(|record| person(record, fields)).collect::<Option<_>>().map(Answer::People)
        }
        Ask::OpenOpportunity(_) => Some(Answer::Opportunity(records.first().and_then(record_id))),
        Ask::Users(_) => all(record_id).map(Answer::Users),
        Ask::EventNow { fields, .. } => {
            records.iter().map(|record| event(record, fields)).collect::<Option<_>>().map(Answer::Events)
        }
        Ask::EventOf(_) | Ask::EventLike { .. } => {
            records.iter().map(|record| event(record, &BTreeSet::new())).collect::<Option<_>>().map(Answer::Events)
        }
        Ask::ContactsWithAccounts { contact_fields, fields, .. } => {
            accounts::contacts_answer(records, contact_fields, fields)
        }
        Ask::Account { fields, .. } => accounts::account_answer(records, fields),
        Ask::AccountsByWebsite(search) => accounts::website_answer(records, search),
        Ask::RelatedCount { .. } => accounts::count_answer(records),
        Ask::AccountFields { fields, .. } => accounts::fields_answer(records, fields),
        Ask::AccountsByContactDomain { fields, .. } => accounts::group_answer(records, fields, org),
    };
    answer.ok_or_else(|| unreadable("Salesforce's answer to a look-up lacks a field that was asked for"))
}

fn record_id(record: &Record) -> Option<RecordId> {
    reference(record, "Id")
}

fn reference(record: &Record, field: &str) -> Option<RecordId> {
    record.id(field).map(|id| RecordId(id.as_str().to_owned()))
}

fn person(record: &Record, fields: &BTreeSet<String>) -> Option<PersonRow> {
    let person_account = record.checkbox("IsPersonAccount").unwrap_or(false);
    let converted = record.checkbox("IsConverted").unwrap_or(false);
    Some(PersonRow {
        id: record_id(record)?,
        // By its id, a record may be found that has no email.
        email: record.text("Email").unwrap_or_default().to_lowercase(),
        account: reference(record, "AccountId"),
        owner: reference(record, "OwnerId"),
        record_type: reference(record, if person_account { "Account.RecordTypeId" } else { "RecordTypeId" }),
        person_account,
        converted: converted.then(|| Conversion { contact: reference(record, "ConvertedContactId") }),
        values: values(record, fields),
        last_activity: record.date("LastActivityDate"),
        created: record.instant("CreatedDate")?,
    })
}

/// The texts of those of the fields that have a value: neither null nor an empty text (spec 4.3).
fn values(record: &Record, fields: &BTreeSet<String>) -> BTreeMap<String, String> {
    fields.iter().filter_map(|field| Some((field.clone(), text(record, field)?))).collect()
}

/// The text of a value, if there is one.
fn text(record: &Record, field: &str) -> Option<String> {
    let value = record.get(field)?;
    let text = value.as_str().map_or_else(|| number(value), str::to_owned);
    Some(text).filter(|text| !text.is_empty())
}

/// A number as people write it: Salesforce sends whole ones of most types as `5000.0`.
fn number(value: &serde_json::Value) -> String {
    /// Up to here each whole number is one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        Some(whole) if whole.fract() == 0.0 && whole.abs() < EXACT => format!("{whole:.0}"),
        _ => value.to_string(),
    }
}

fn event(record: &Record, fields: &BTreeSet<String>) -> Option<EventRow> {
    Some(EventRow {
        id: record_id(record)?,
        deleted: record.checkbox("IsDeleted").unwrap_or(false),
        subject: record.text("Subject").map(str::to_owned),
        who: reference(record, "WhoId"),
        filled: values(record, fields).into_keys().collect(),
    })
}
