//! Planned writes to one composite request, and its answers back.

use domain::ask::RecordId;
use domain::email_domain::EmailAddress;
use domain::org_shape::BOOKING_ID_FIELD;
use domain::sync_outcome::{FieldValue, Fields, WriteResult};
use domain::sync_plan::{CreatePersonOptions, Write};
use salesforce::client::CallError;
use salesforce::composite::{
    CompositeAnswer, CompositeError, CompositeRequest, CreateOptions, FieldValue as Written, RecordBody, ReferenceId,
    SubAnswer, Subrequest,
};
use salesforce::sobject::{ApiName, SalesforceId};

use super::classify;

/// Why planned writes cannot be put into a request.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The request as a whole.
    #[error(transparent)]
    Composite(#[from] CompositeError),
    /// A field's name.
    #[error(transparent)]
    Name(#[from] salesforce::sobject::NameError),
    /// An upsert without its key.
    #[error("an Event to be upserted carries no booking id")]
    NoKey,
    /// A reference to a person whom the request does not create.
    #[error("a person is referred to whose record is not created")]
    NoPerson,
    /// A record's id.
    #[error(transparent)]
    Id(#[from] salesforce::sobject::IdError),
}

/// The request that makes all of `writes`, in order.
pub fn request(writes: &[Write]) -> Result<CompositeRequest, WriteError> {
    let mut request = CompositeRequest::default();
    for (at, write) in writes.iter().enumerate() {
        request.push(ReferenceId::parse(&name(at, write))?, subrequest(write, writes)?)?;
    }
    Ok(request)
}

/// The name of a part; those that create people are referred to.
fn name(at: usize, write: &Write) -> String {
    match write {
        Write::CreatePerson { .. } => format!("p{at}"),
        _ => format!("w{at}"),
    }
}

fn subrequest(write: &Write, all: &[Write]) -> Result<Subrequest, WriteError> {
    let event = ApiName::of("Event");
    Ok(match write {
        Write::CreatePerson { kind, fields, options, .. } => {
            let CreatePersonOptions { run_assignment_rules, allow_duplicate } = *options;
            let options = CreateOptions { run_assignment_rules, allow_duplicate };
            Subrequest::Create { object: ApiName::of(kind.object()), body: body(fields, all)?, options }
        }
        Write::UpdatePerson { kind, id, fields, .. } => Subrequest::Update {
            object: ApiName::of(kind.object()),
            id: SalesforceId::parse(&id.0)?,
            body: body(fields, all)?,
        },
        Write::CreateEvent { fields } => {
            Subrequest::Create { object: event, body: body(fields, all)?, options: CreateOptions::default() }
        }
        Write::UpsertEvent { fields } => upsert(fields, all)?,
        Write::UpdateEvent { event: id, fields } => {
            Subrequest::Update { object: event, id: SalesforceId::parse(&id.0)?, body: body(fields, all)? }
        }
        Write::DeleteEvent { event: id } => Subrequest::Delete { object: event, id: SalesforceId::parse(&id.0)? },
    })
}

/// The key stands in the address, and must not stand in the body.
fn upsert(fields: &Fields, all: &[Write]) -> Result<Subrequest, WriteError> {
    let mut others = fields.clone();
    let Some(FieldValue::Text(value)) = others.remove(BOOKING_ID_FIELD) else { return Err(WriteError::NoKey) };
    Ok(Subrequest::Upsert {
        object: ApiName::of("Event"),
        key: ApiName::parse(BOOKING_ID_FIELD)?,
        value,
        body: body(&others, all)?,
    })
}

fn body(fields: &Fields, all: &[Write]) -> Result<RecordBody, WriteError> {
    let mut body = RecordBody::default();
    for (name, value) in fields {
        body.set(ApiName::parse(name)?, written(value, all)?);
    }
    Ok(body)
}

fn written(value: &FieldValue, all: &[Write]) -> Result<Written, WriteError> {
    Ok(match value {
        FieldValue::Null => Written::Null,
        FieldValue::Text(text) => Written::Text(text.clone()),
        FieldValue::Instant(at) => Written::Text(at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()),
        FieldValue::Date(day) => Written::Text(day.to_string()),
        FieldValue::Number(number) => Written::Number(number.clone()),
        FieldValue::Checkbox(checked) => Written::Checkbox(*checked),
        FieldValue::Record(id) => Written::Id(SalesforceId::parse(&id.0)?),
        FieldValue::NewPerson(email) => Written::IdOf(ReferenceId::parse(&created_for(email, all)?)?),
        FieldValue::List(values) => Written::List(values.iter().map(|v| written(v, all)).collect::<Result<_, _>>()?),
    })
}

/// The name of the part that creates this person's record.
fn created_for(email: &EmailAddress, all: &[Write]) -> Result<String, WriteError> {
    let its =
        |(_, write): &(usize, &Write)| matches!(write, Write::CreatePerson { email: whose, .. } if whose == email);
    let (at, write) = all.iter().enumerate().find(its).ok_or(WriteError::NoPerson)?;
    Ok(name(at, write))
}

/// What came of each write, in order.
pub fn results(writes: &[Write], answer: &Result<CompositeAnswer, CallError>) -> Vec<WriteResult> {
    let each = |(at, write): (usize, &Write)| match answer {
        Ok(answer) => answer.get(&name(at, write)).map_or(WriteResult::Unclear, result),
        Err(error) if error.may_have_happened() => WriteResult::Unclear,
        Err(error) => WriteResult::NotSent(classify::failed_call(error)),
    };
    writes.iter().enumerate().map(each).collect()
}

fn result(answer: &SubAnswer) -> WriteResult {
    match answer {
        SubAnswer::Saved { id, .. } => WriteResult::Done(Some(RecordId(id.as_str().to_owned()))),
        SubAnswer::Done => WriteResult::Done(None),
        SubAnswer::Refused { status, errors } => WriteResult::Refused(classify::refused_part(*status, errors)),
        _ => WriteResult::Unclear,
    }
}
