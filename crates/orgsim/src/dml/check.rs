//! The checks of one field or record, with the errors of Salesforce facts 3.

use crate::errors::{self, ApiError, ErrorEntry};
use crate::id::SalesforceId;
use crate::org::{Found, Org};
use crate::row::{Ordinal, Row};
use crate::schema::{Field, FieldType, Object};
use crate::sharing;
use crate::value::Value;

use super::{Draft, parse};

/// Checks each value alone: length, list, form and range. All that fail are told at once.
pub(super) fn values(object: &Object, given: &[(Ordinal, Value)]) -> Result<(), ApiError> {
    let mut entries = Vec::new();
    for (ordinal, value) in given {
        let field = &object.fields()[usize::from(*ordinal)];
        if let Err(error) = one_value(field, value) {
            entries.extend(error.entries);
        }
    }
    refuse(entries)
}

fn one_value(field: &Field, value: &Value) -> Result<(), ApiError> {
    match value {
        Value::Text(text) => {
            length(field, text)?;
            restricted(field, text)?;
            email(field, text)
        }
        Value::Int(number) => digits(field, number.unsigned_abs() as f64, field.digits, number.to_string()),
        Value::Double(number) => {
            let whole = field.precision.saturating_sub(field.scale);
            digits(field, number.abs().trunc(), whole, number.to_string())
        }
        _ => Ok(()),
    }
}

fn length(field: &Field, text: &str) -> Result<(), ApiError> {
    let longest = field.length as usize;
    if longest == 0 || text.chars().count() <= longest {
        return Ok(());
    }
    let message = format!("{}: data value too large: {text} (max length={longest})", field.label);
    Err(ApiError::on_fields("STRING_TOO_LONG", message, &[&field.name]))
}

fn restricted(field: &Field, text: &str) -> Result<(), ApiError> {
    if !field.restricted_picklist {
        return Ok(());
    }
    let listed = |part: &str| field.picklist.iter().any(|e| e.active && e.value == part);
    let bad = match field.kind {
        FieldType::MultiPicklist => text.split(';').find(|part| !listed(part)),
        _ => Some(text).filter(|text| !listed(text)),
    };
    let Some(bad) = bad else { return Ok(()) };
    let message = format!("{}: bad value for restricted picklist field: {bad}", field.label);
    Err(ApiError::on_fields("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[&field.name]))
}

fn email(field: &Field, text: &str) -> Result<(), ApiError> {
    if field.kind != FieldType::Email || looks_like_email(text) {
        return Ok(());
    }
    let message = format!("{}: invalid email address: {text}", field.label);
    Err(ApiError::on_fields("INVALID_EMAIL_ADDRESS", message, &[&field.name]))
}

/// Local part, one `@`, and a domain of at least two labels. Salesforce's own rule is not published.
fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    let labels: Vec<&str> = domain.split('.').collect();
    let label = |l: &&str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || c == '-');
    let local_fits = !local.is_empty() && local.chars().all(plain) && !local.starts_with('.') && !local.ends_with('.');
    local_fits && labels.len() > 1 && labels.iter().all(label)
}

fn digits(field: &Field, size: f64, most: u32, shown: String) -> Result<(), ApiError> {
    if most == 0 || size < 10f64.powi(i32::try_from(most).unwrap_or(i32::MAX)) {
        return Ok(());
    }
    let message = format!("{}: value outside of valid range on numeric field: {shown}", field.label);
    Err(ApiError::on_fields("NUMBER_OUTSIDE_VALID_RANGE", message, &[&field.name]))
}

/// Every given field may be written, else all that may not are named at once.
pub(super) fn writeable(
    object: &Object,
    given: &[(Ordinal, Value)],
    allowed: impl Fn(Ordinal, &Field) -> bool,
) -> Result<(), ApiError> {
    let fields = given.iter().map(|(ordinal, _)| (*ordinal, &object.fields()[usize::from(*ordinal)]));
    let refused: Vec<&str> = fields.filter(|(at, f)| !allowed(*at, f)).map(|(_, f)| f.name.as_str()).collect();
    if refused.is_empty() { Ok(()) } else { Err(errors::not_writeable(&refused)) }
}

/// Required on create: createable, not nillable, not defaulted (Salesforce facts 5.1). An update may not empty one.
pub(super) fn required(draft: &Draft<'_>) -> Result<(), ApiError> {
    let needed = |(at, field): &(usize, &Field)| {
        let ordinal = u16::try_from(*at).unwrap_or(u16::MAX);
        let concerned = draft.before.is_none() || draft.given.contains(&ordinal);
        let may_be_unset = field.nillable || field.defaulted_on_create || field.kind == FieldType::Boolean;
        concerned && field.createable && !may_be_unset && draft.row.get(ordinal).is_null()
    };
    let missing = draft.object.fields().iter().enumerate().filter(needed);
    let missing: Vec<&str> = missing.map(|(_, f)| f.name.as_str()).collect();
    if missing.is_empty() { Ok(()) } else { Err(errors::required_fields(&missing)) }
}

/// Every reference that the request set names a record of a fitting object that is there.
pub(super) fn references(org: &Org, draft: &Draft<'_>, user: SalesforceId) -> Result<(), ApiError> {
    for &ordinal in &draft.given {
        let field = &draft.object.fields()[usize::from(ordinal)];
        match draft.row.get(ordinal) {
            Value::Id(id) if field.kind == FieldType::Reference => reference(org, draft.object, field, *id, user)?,
            Value::Ids(ids) => {
                // Only events have lists of people; they may name what their WhoId may.
                let who = draft.object.field("WhoId").map_or(field, |(_, who)| who);
                ids.iter().try_for_each(|id| reference(org, draft.object, who, *id, user))?;
            }
            Value::Null if field.name == "OwnerId" => {
                let message = format!("{}: cannot be blank", field.label);
                return Err(ApiError::on_fields("INVALID_CROSS_REFERENCE_KEY", message, &["OwnerId"]));
            }
            _ => {}
        }
    }
    Ok(())
}

fn reference(org: &Org, object: &Object, field: &Field, id: SalesforceId, user: SalesforceId) -> Result<(), ApiError> {
    let target = org.object_of(id).filter(|t| field.reference_to.contains(&t.name));
    let Some(target) = target else { return Err(parse::wrong_id(field, id.as_str())) };
    let Found::Live(row) = org.find(&target.name, id) else { return Err(errors::invalid_cross_reference(&[])) };
    if !sharing::visible(org, user, target, row) {
        return Err(errors::insufficient_access_to(id));
    }
    match (field.name.as_str(), target.name.as_str()) {
        ("OwnerId", "User") => active_owner(object, target, row, id),
        ("OwnerId", "Group") => queue(field, target, row, id),
        ("RecordTypeId", _) if org.permissions.may_use(user, &object.name, id) => {
            own_record_type(object, target, row, id)
        }
        ("RecordTypeId", _) => Err(not_for_user(id)),
        _ => Ok(()),
    }
}

fn active_owner(object: &Object, user: &Object, row: &Row, id: SalesforceId) -> Result<(), ApiError> {
    if get(user, row, "IsActive") == &Value::Bool(true) {
        return Ok(());
    }
    let message =
        format!("operation performed with inactive user [{id}] as owner of {}", object.name.to_ascii_lowercase());
    Err(ApiError::on_fields("INACTIVE_OWNER_OR_USER", message, &[]))
}

fn own_record_type(object: &Object, record_type: &Object, row: &Row, id: SalesforceId) -> Result<(), ApiError> {
    let of_object = matches!(get(record_type, row, "SobjectType"), Value::Text(name) if **name == *object.name);
    if of_object && get(record_type, row, "IsActive") == &Value::Bool(true) {
        return Ok(());
    }
    Err(not_for_user(id))
}

fn not_for_user(record_type: SalesforceId) -> ApiError {
    let message = format!("Record Type ID: this ID value isn't valid for the user: {record_type}");
    ApiError::on_fields("INVALID_CROSS_REFERENCE_KEY", message, &["RecordTypeId"])
}

/// Of groups only a queue owns records.
fn queue(field: &Field, group: &Object, row: &Row, id: SalesforceId) -> Result<(), ApiError> {
    match get(group, row, "Type") {
        Value::Text(kind) if **kind == *"Queue" => Ok(()),
        _ => Err(parse::wrong_id(field, id.as_str())),
    }
}

/// No other record has the value of a unique field.
pub(super) fn unique(org: &Org, draft: &Draft<'_>, own: Option<SalesforceId>) -> Result<(), ApiError> {
    for &ordinal in &draft.given {
        let field = &draft.object.fields()[usize::from(ordinal)];
        let value = draft.row.get(ordinal);
        if !field.unique || value.is_null() {
            continue;
        }
        if let Some(other) =
            holders(org, &draft.object.name, field, ordinal, value).into_iter().find(|id| Some(*id) != own)
        {
            let message = format!("duplicate value found: {} duplicates value on record with id: {other}", field.name);
            return Err(ApiError::on_fields("DUPLICATE_VALUE", message, &[]));
        }
    }
    Ok(())
}

/// The live records whose field holds this value, in id order: by index, else by reading all.
pub(crate) fn holders(org: &Org, object: &str, field: &Field, ordinal: Ordinal, value: &Value) -> Vec<SalesforceId> {
    let Some(table) = org.table(object) else { return Vec::new() };
    let same = |row: &Row| match (row.get(ordinal), value) {
        (Value::Text(one), Value::Text(other)) if !field.case_sensitive => one.to_lowercase() == other.to_lowercase(),
        (one, other) => one == other,
    };
    let holds = |id: &SalesforceId| table.live().get(id).is_some_and(same);
    match table.seek(ordinal, value) {
        Some(ids) => ids.into_iter().filter(holds).collect(),
        None => table.live().iter().filter(|(_, row)| same(row)).map(|(id, _)| *id).collect(),
    }
}

/// A converted lead cannot be changed (Salesforce facts 5.3).
pub(super) fn unconverted(object: &Object, row: &Row) -> Result<(), ApiError> {
    if object.name == "Lead" && get(object, row, "IsConverted") == &Value::Bool(true) {
        return Err(ApiError::on_fields("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", &[]));
    }
    Ok(())
}

/// An object that a user cannot make, change or delete records of.
pub(super) fn entity_type(done: &str, object: &str) -> ApiError {
    ApiError::on_fields("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", format!("entity type cannot be {done}: {object}"), &[])
}

fn get<'a>(object: &Object, row: &'a Row, name: &str) -> &'a Value {
    object.field(name).map_or(&Value::Null, |(ordinal, _)| row.get(ordinal))
}

fn refuse(entries: Vec<ErrorEntry>) -> Result<(), ApiError> {
    if entries.is_empty() { Ok(()) } else { Err(ApiError { status: 400, entries }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_shapes() {
        for good in ["ann@acme.com", "a.b+c@sub.acme.co.uk", "o'neil@acme.com"] {
            assert!(looks_like_email(good), "{good} is an address");
        }
        for bad in ["123", "a@b", "a@@b.com", "a b@c.com", "@acme.com", "a@acme..com", ".a@acme.com"] {
            assert!(!looks_like_email(bad), "{bad} is no address");
        }
    }
}
