//! Asks to one request, and its answers back.

use std::collections::BTreeSet;

use domain::ask::{Answer, Ask, EventRow, Known, LookupFailure, PersonRow, RecordId};
use domain::email_domain::EmailAddress;
use domain::org_shape::{BOOKING_ID_FIELD, ObjectShape, OrgShape};
use domain::sync_outcome::{ErrorClass, PersonKind};
use salesforce::client::{Client, Session};
use salesforce::composite::{CompositeAnswer, CompositeError, CompositeRequest, ReferenceId, SubAnswer, Subrequest};
use salesforce::error::ErrorKind;
use salesforce::sobject::{ApiName, Record, SalesforceId};
use salesforce::soql::{Condition, FieldPath, Order, Select};

use super::classify;

/// The request that answers all of `asks`.
pub fn request(asks: &BTreeSet<Ask>, org: &OrgShape) -> Result<CompositeRequest, CompositeError> {
    let mut request = CompositeRequest::default();
    for (name, ask) in named(asks) {
        request.push(ReferenceId::parse(&name)?, subrequest(ask, org))?;
    }
    Ok(request)
}

/// What the answers say, ask by ask. A part that failed is a failure for its ask, never an empty answer.
pub async fn read(client: &Client, session: &Session, asks: &BTreeSet<Ask>, answer: CompositeAnswer) -> Known {
    let mut known = Known::new();
    let mut parts: std::collections::HashMap<String, SubAnswer> =
        answer.into_parts().into_iter().map(|(name, part)| (name.as_str().to_owned(), part)).collect();
    for (name, ask) in named(asks) {
        let part = parts.remove(&name).unwrap_or(SubAnswer::Unreadable);
        let records = all_records(client, session, ask, part).await;
        known.insert(ask.clone(), records.and_then(|records| answer_of(ask, &records)));
    }
    known
}

fn named(asks: &BTreeSet<Ask>) -> impl Iterator<Item = (String, &Ask)> {
    asks.iter().enumerate().map(|(at, ask)| (format!("q{at}"), ask))
}

fn subrequest(ask: &Ask, org: &OrgShape) -> Subrequest {
    match ask {
        Ask::Contacts(emails) => people(PersonKind::Contact, emails, &org.contact, None),
        Ask::Leads(emails) => {
            people(PersonKind::Lead, emails, &org.lead, Some(Condition::eq(path("IsConverted"), false)))
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
        Ask::EventNow(event) => Subrequest::Get {
            object: ApiName::of("Event"),
            id: id(event),
            fields: ["Id", "Subject", "WhoId"].map(ApiName::of).to_vec(),
        },
    }
}

/// The records of people with these emails.
fn people(
    kind: PersonKind,
    emails: &BTreeSet<EmailAddress>,
    shape: &ObjectShape,
    only: Option<Condition>,
) -> Subrequest {
    let optional = ["AccountId", "LastActivityDate"].into_iter().filter(|f| shape.field(f).is_some());
    let fields = ["Id", "Email", "CreatedDate"].into_iter().chain(optional);
    let with_email = match emails.first() {
        Some(email) if emails.len() == 1 => Condition::eq(path("Email"), email.as_written()),
        _ => {
            Condition::is_in(path("Email"), emails.iter().map(EmailAddress::as_written)).expect("somebody is asked for")
        }
    };
    let condition = match only {
        Some(only) => with_email.and(only),
        None => with_email,
    };
    let select = Select::from(ApiName::of(kind.object()), fields.map(path))
        .filter(condition)
        .order_by(Order::Ascending(path("Id")));
    Subrequest::Query { select, include_deleted: false }
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
) -> Result<Vec<Record>, LookupFailure> {
    match part {
        SubAnswer::Rows(mut page) => {
            let mut records = std::mem::take(&mut page.records);
            while let Some(next) = page.next.take() {
                page = client
                    .query_more(session, &next)
                    .await
                    .result
                    .map_err(|error| classify::lookup_failure(&classify::failed_call(&error)))?;
                records.append(&mut page.records);
            }
            Ok(records)
        }
        SubAnswer::Record(record) => Ok(vec![record]),
        SubAnswer::Refused { status, errors } => {
            let gone = salesforce::error::kind_of(status, &errors) == ErrorKind::Gone;
            if matches!(ask, Ask::EventNow(_)) && gone {
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

fn answer_of(ask: &Ask, records: &[Record]) -> Result<Answer, LookupFailure> {
    let all = |read: fn(&Record) -> Option<RecordId>| records.iter().map(read).collect::<Option<Vec<_>>>();
    let answer = match ask {
        Ask::Contacts(_) | Ask::Leads(_) => records.iter().map(person).collect::<Option<_>>().map(Answer::People),
        Ask::Users(_) => all(record_id).map(Answer::Users),
        Ask::EventOf(_) | Ask::EventLike { .. } | Ask::EventNow(_) => {
            records.iter().map(event).collect::<Option<_>>().map(Answer::Events)
        }
    };
    answer.ok_or_else(|| unreadable("Salesforce's answer to a look-up lacks a field that was asked for"))
}

fn record_id(record: &Record) -> Option<RecordId> {
    reference(record, "Id")
}

fn reference(record: &Record, field: &str) -> Option<RecordId> {
    record.id(field).map(|id| RecordId(id.as_str().to_owned()))
}

fn person(record: &Record) -> Option<PersonRow> {
    Some(PersonRow {
        id: record_id(record)?,
        email: record.text("Email")?.to_lowercase(),
        account: reference(record, "AccountId"),
        last_activity: record.date("LastActivityDate"),
        created: record.instant("CreatedDate")?,
    })
}

fn event(record: &Record) -> Option<EventRow> {
    Some(EventRow {
        id: record_id(record)?,
        deleted: record.checkbox("IsDeleted").unwrap_or(false),
        subject: record.text("Subject").map(str::to_owned),
        who: reference(record, "WhoId"),
    })
}
