//! Describes to the shape that planning reads.

use domain::ask::RecordId;
use domain::org_shape::{FieldKind, FieldShape, ObjectShape, RecordTypeShape};
use salesforce::composite::{CompositeAnswer, CompositeError, CompositeRequest, ReferenceId, SubAnswer, Subrequest};
use salesforce::describe::{FieldDescribe, ObjectDescribe, RecordTypeInfo};
use salesforce::error::{ApiError, ErrorKind, kind_of};
use salesforce::sobject::ApiName;

use super::classify;
use domain::sync_outcome::{ErrorClass, Missing, Refusal};

/// The objects that a sync must know.
pub const OBJECTS: [&str; 4] = ["Contact", "Lead", "Account", "Event"];

/// The request that describes them.
pub fn request() -> Result<CompositeRequest, CompositeError> {
    let mut request = CompositeRequest::default();
    for object in OBJECTS {
        let part = Subrequest::Describe { object: ApiName::of(object), if_modified_since: None };
        request.push(ReferenceId::parse(object)?, part)?;
    }
    Ok(request)
}

/// The shapes, in the order of [`OBJECTS`].
pub fn read(answer: &CompositeAnswer) -> Result<Vec<(&'static str, ObjectShape)>, Refusal> {
    OBJECTS.into_iter().map(|object| Ok((object, shape_of(object, answer.get(object))?))).collect()
}

fn shape_of(object: &str, answer: Option<&SubAnswer>) -> Result<ObjectShape, Refusal> {
    match answer {
        Some(SubAnswer::Described(describe)) => Ok(shape(describe)),
        // Without access to Leads or Accounts, Contacts are synced all the same.
        Some(SubAnswer::Refused { status, errors })
            if ["Lead", "Account"].contains(&object) && is_hidden(*status, errors) =>
        {
            Ok(ObjectShape::default())
        }
        Some(SubAnswer::Refused { status, errors }) => {
            let refusal = classify::refused_part(*status, errors);
            let advice = format!("Give the connection's user access to the object {object}.");
            Err(Refusal { missing: Missing::No, advice, ..refusal })
        }
        _ => {
            let message = format!("Salesforce's describe of {object} could not be read.");
            Err(Refusal::new(ErrorClass::Passing, "UNREADABLE", message, ""))
        }
    }
}

fn is_hidden(status: u16, errors: &[ApiError]) -> bool {
    matches!(kind_of(status, errors), ErrorKind::Gone | ErrorKind::Permission | ErrorKind::Request)
}

/// An object's fields, as planning reads them.
pub fn shape(describe: &ObjectDescribe) -> ObjectShape {
    ObjectShape {
        fields: describe.fields.iter().map(|f| (f.name.clone(), field(f))).collect(),
        record_types: describe.record_types.iter().map(record_type).collect(),
    }
}

fn record_type(info: &RecordTypeInfo) -> RecordTypeShape {
    RecordTypeShape {
        id: RecordId(info.id.as_str().to_owned()),
        name: info.name.clone(),
        developer_name: info.developer_name.clone(),
        active: info.active,
        available: info.available,
        default: info.default_for_user,
        master: info.master,
    }
}

fn field(field: &FieldDescribe) -> FieldShape {
    let length = usize::try_from(field.length).ok().filter(|length| *length > 0);
    let values = field.active_picklist_values.clone();
    let (only_values, offered_values) =
        if field.restricted_picklist { (Some(values), Vec::new()) } else { (None, values) };
    FieldShape {
        kind: FieldKind::of(&field.field_type),
        length,
        createable: field.createable,
        updateable: field.updateable,
        unique_external_id: field.external_id && field.unique,
        only_values,
        offered_values,
        groupable: field.groupable,
    }
}
