//! What a preflight asks an org, and the answers in the domain's words.

use std::collections::BTreeMap;

use domain::ask::RecordId;
use domain::email_domain::EmailAddress;
use domain::preflight::{CONTACTS_WITHOUT_ACCOUNT, OBJECTS, ObjectRights, OthersRecords, Preflight, SHARED_OBJECTS};
use salesforce::composite::{CompositeAnswer, CompositeError, CompositeRequest, ReferenceId, SubAnswer, Subrequest};
use salesforce::describe::ObjectDescribe;
use salesforce::sobject::{ApiName, Record, SalesforceId};
use salesforce::soql::{Condition, FieldPath, Select};

use super::org_shapes;

/// How many hosts' users one query looks for; each email also with a sandbox's `.invalid`.
pub const HOSTS_A_QUERY: usize = 100;

/// The request for the objects as the user sees them, and for a record of each that somebody else owns.
pub fn request(user: &SalesforceId) -> Result<CompositeRequest, CompositeError> {
    let mut request = CompositeRequest::default();
    for object in OBJECTS {
        let describe = Subrequest::Describe { object: ApiName::of(object), if_modified_since: None };
        request.push(ReferenceId::parse(object)?, describe)?;
    }
    for (at, whose) in others().enumerate() {
        let owned = Condition::ne(path("OwnerId"), *user);
        let (object, condition) = match whose {
            CONTACTS_WITHOUT_ACCOUNT => ("Contact", owned.and(Condition::is_null(path("AccountId")))),
            object => (object, owned),
        };
        let select = Select::from(ApiName::of(object), [path("Id")]).filter(condition).limit(1);
        let others = Subrequest::Query { select, include_deleted: false };
        request.push(ReferenceId::parse(&others_name(at))?, others)?;
    }
    Ok(request)
}

/// Of what it is asked whether other owners' can be seen.
fn others() -> impl Iterator<Item = &'static str> {
    SHARED_OBJECTS.into_iter().chain([CONTACTS_WITHOUT_ACCOUNT])
}

/// What the answer says, and the records of others by what they are, whose access is still to be asked for.
pub fn read(answer: &CompositeAnswer) -> (Preflight, BTreeMap<String, SalesforceId>) {
    let mut asked = Preflight::default();
    let mut records = BTreeMap::new();
    for object in OBJECTS {
        if let Some(SubAnswer::Described(describe)) = answer.get(object) {
            asked.objects.insert(object.to_owned(), rights(describe));
        }
    }
    for (at, whose) in others().enumerate() {
        let others = match answer.get(&others_name(at)) {
            Some(SubAnswer::Rows(rows)) => match rows.records.first().and_then(|record| record.id("Id")) {
                Some(id) => {
                    records.insert(whose.to_owned(), id);
                    OthersRecords::Seen { editable: None }
                }
                None => OthersRecords::NoneSeen,
            },
            _ => OthersRecords::Unknown,
        };
        asked.others.insert(whose.to_owned(), others);
    }
    (asked, records)
}

/// The query for what the user may do with records.
pub fn access_query(user: &SalesforceId, records: &BTreeMap<String, SalesforceId>) -> Option<Select> {
    let these = Condition::is_in(path("RecordId"), records.values().cloned())?;
    let select = Select::from(ApiName::of("UserRecordAccess"), ["RecordId", "HasEditAccess"].map(path));
    Some(select.filter(Condition::eq(path("UserId"), *user).and(these)))
}

/// Adds what the answer to [`access_query`] says.
pub fn read_access(rows: &[Record], records: &BTreeMap<String, SalesforceId>, asked: &mut Preflight) {
    for (whose, id) in records {
        let row = rows.iter().find(|row| row.id("RecordId").as_ref() == Some(id));
        let editable = row.and_then(|row| row.checkbox("HasEditAccess"));
        asked.others.insert(whose.clone(), OthersRecords::Seen { editable });
    }
}

/// The query for the active standard users with one of these emails.
pub fn users_query(emails: &[EmailAddress]) -> Option<Select> {
    let written = |email: &EmailAddress| [email.as_written().to_owned(), format!("{}.invalid", email.as_written())];
    let any = Condition::is_in(path("Email"), emails.iter().flat_map(written))?;
    let active = Condition::eq(path("IsActive"), true).and(Condition::eq(path("UserType"), "Standard"));
    Some(Select::from(ApiName::of("User"), ["Id", "Email"].map(path)).filter(any.and(active)))
}

/// The query for the active ones of these users.
pub fn active_users_query<'a>(ids: impl Iterator<Item = &'a RecordId>) -> Option<Select> {
    let any = Condition::is_in(path("Id"), ids.filter_map(|id| SalesforceId::parse(&id.0).ok()))?;
    Some(Select::from(ApiName::of("User"), ["Id"].map(path)).filter(any.and(Condition::eq(path("IsActive"), true))))
}

/// How many of the users have this email.
pub fn count_users(rows: &[Record], email: &EmailAddress) -> usize {
    rows.iter().filter(|row| is_of(row, email)).count()
}

/// The one user with this email; none where it is nobody's or several users'.
pub fn only_user(rows: &[Record], email: &EmailAddress) -> Option<RecordId> {
    let mut its = rows.iter().filter(|row| is_of(row, email)).filter_map(|row| row.id("Id"));
    let user = its.next().filter(|_| its.next().is_none());
    user.map(|id| RecordId(id.as_str().to_owned()))
}

/// Whether a user has this email, or a sandbox's form of it.
fn is_of(row: &Record, email: &EmailAddress) -> bool {
    let text = row.text("Email").unwrap_or_default().to_lowercase();
    text.strip_suffix(".invalid").unwrap_or(&text) == email.folded() || text == email.folded()
}

fn rights(describe: &ObjectDescribe) -> ObjectRights {
    ObjectRights {
        query: describe.queryable,
        create: describe.createable,
        edit: describe.updateable,
        delete: describe.deletable,
        shape: org_shapes::shape(describe),
    }
}

fn others_name(at: usize) -> String {
    format!("others{at}")
}

fn path(field: &'static str) -> FieldPath {
    ApiName::of(field).into()
}
