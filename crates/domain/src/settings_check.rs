//! Whether an event type's settings fit the org that they are for (spec 4.6, 8): one function for the file, the API and the
//! pages. What can be told without the org is told by [`crate::field_write::check_list`].

use std::collections::BTreeSet;

use crate::field_write::{ListKind, WriteList, check_list_with_org};
use crate::org_shape::{FieldKind, ObjectShape, OrgShape};
use crate::routing::OwnerOf;
use crate::salesforce_settings::{AttendeeRecordType, NewOwner, NoAccount, SalesforceSettings};

/// What is wrong with a setting, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// Which, such as `event_fields_on_booking.fields[2].value`.
    pub path: String,
    /// What is wrong; fits after the path.
    pub message: String,
}

/// What the org tells of settings.
pub fn check_with_org(settings: &SalesforceSettings, org: &OrgShape) -> Vec<SettingError> {
    let mut errors = Vec::new();
    for kind in ListKind::ALL {
        let list = list_of(settings, kind);
        for error in check_list_with_org(list, &objects(settings, kind, org)) {
            let path = format!("{}.fields[{}].{}", kind.key(), error.row, error.part);
            errors.push(SettingError { path, message: error.message });
        }
    }
    errors.extend(no_show_field(settings, org));
    errors.extend(owner_fields(settings, org));
    errors.extend(sub_region_field(settings, org));
    errors.extend(new_owner(settings, org));
    errors.extend(record_types(settings, org));
    errors
}

/// What the org tells of the Account fields in which a connection looks for domains.
pub fn check_domain_fields(domain_fields: &[String], org: &OrgShape) -> Vec<SettingError> {
    let missing = domain_fields.iter().enumerate().filter(|(_, field)| org.account.field(field).is_none());
    let error = |(at, field): (usize, &String)| SettingError {
        path: format!("domain_fields[{at}]"),
        message: not_seen(&["Account"], field),
    };
    missing.map(error).collect()
}

fn list_of(settings: &SalesforceSettings, kind: ListKind) -> &WriteList {
    match kind {
        ListKind::EventOnBooking => &settings.event_fields_on_booking,
        ListKind::PersonOnBooking => &settings.person_fields_on_booking,
        ListKind::EventOnCancel => &settings.event_fields_on_cancel,
        ListKind::PersonOnCancel => &settings.person_fields_on_cancel,
    }
}

/// The objects that a list may write to.
fn objects<'o>(
    settings: &SalesforceSettings,
    kind: ListKind,
    org: &'o OrgShape,
) -> Vec<(&'static str, &'o ObjectShape)> {
    match kind {
        ListKind::EventOnBooking | ListKind::EventOnCancel => vec![("Event", &org.event)],
        ListKind::PersonOnBooking | ListKind::PersonOnCancel => {
            let (contact, lead) = kinds_of_attendees(settings);
            let both = [(contact, ("Contact", &org.contact)), (lead, ("Lead", &org.lead))];
            both.into_iter().filter(|(is_used, _)| *is_used).map(|(_, object)| object).collect()
        }
    }
}

/// Whether attendees may be Contacts, and Leads. A converted Lead is a Contact, but Leads are what the admin thinks of.
fn kinds_of_attendees(settings: &SalesforceSettings) -> (bool, bool) {
    match settings.attendee_record_type {
        AttendeeRecordType::Contact => (true, false),
        AttendeeRecordType::Lead => (settings.check_for_existing_contact || settings.creates_under_account(), true),
        AttendeeRecordType::ContactUnderAccount => (true, settings.no_account == NoAccount::Lead),
    }
}

fn no_show_field(settings: &SalesforceSettings, org: &OrgShape) -> Option<SettingError> {
    let name = settings.no_show_field.as_deref()?;
    let message = match org.event.field(name) {
        None => not_seen(&["Event"], name),
        Some(field) if field.kind != FieldKind::Checkbox => {
            format!("{name} is a {} field; name a checkbox", field.kind)
        }
        Some(field) if !field.updateable => format!("the connection's user cannot write {name}"),
        Some(_) => return None,
    };
    Some(SettingError { path: "no_show_field".into(), message })
}

fn not_seen(objects: &[&str], field: &str) -> String {
    let verb = if objects.len() == 1 { "has" } else { "have" };
    format!("{} {verb} no field {field} that the connection's user can see", objects.join(" and "))
}

/// The fields by which *Book directly with attendee owner* judges a record, where it is on.
fn owner_fields(settings: &SalesforceSettings, org: &OrgShape) -> Vec<SettingError> {
    let book_directly = settings.book_directly_in_force();
    if !book_directly.enabled {
        return Vec::new();
    }
    let of = book_directly.owner_of(settings.attendee_record_type);
    let mut owners = vec![of];
    owners.extend((of == OwnerOf::Contact && book_directly.contact_else_lead).then_some(OwnerOf::Lead));
    let objects: Vec<&str> = owners.iter().map(|of| of.object()).collect();
    let mut errors = Vec::new();
    for (at, rule) in book_directly.rules.iter().enumerate() {
        if owners.iter().all(|of| of.shape(org).field(&rule.field).is_none()) {
            let path = format!("book_directly.rules[{at}].field");
            errors.push(SettingError { path, message: not_seen(&objects, &rule.field) });
        }
    }
    if of == OwnerOf::AccountField
        && let Some(name) = &book_directly.account_field
    {
        let message = match org.account.field(name) {
            None => Some(not_seen(&objects, name)),
            Some(field) if field.kind != FieldKind::Reference => {
                Some(format!("{name} is a {} field; name a lookup of users", field.kind))
            }
            Some(_) => None,
        };
        errors.extend(message.map(|message| SettingError { path: "book_directly.account_field".into(), message }));
    }
    errors
}

fn sub_region_field(settings: &SalesforceSettings, org: &OrgShape) -> Option<SettingError> {
    let name = settings.tiebreakers.sub_region_field.as_deref()?;
    let message = org.account.field(name).is_none().then(|| not_seen(&["Account"], name))?;
    Some(SettingError { path: "tiebreakers.sub_region_field".into(), message })
}

/// Whom records are given to; a user who is not active can own none (spec 4.5).
fn new_owner(settings: &SalesforceSettings, org: &OrgShape) -> Option<SettingError> {
    let Some(NewOwner::User(user)) = &settings.change_record_owner.to else { return None };
    let message = format!("the org has no active user {user}; choose another one, or activate them in Salesforce");
    org.inactive_users.contains(user).then(|| SettingError { path: "change_record_owner.to".into(), message })
}

fn record_types(settings: &SalesforceSettings, org: &OrgShape) -> Vec<SettingError> {
    let excluded = &settings.exclude_record_types;
    let new = &settings.new_record_types;
    let mut errors = Vec::new();
    let objects: [(_, _, &[&ObjectShape]); 3] = [
        ("contact", &excluded.contact, &[&org.contact, &org.account]),
        ("lead", &excluded.lead, &[&org.lead]),
        ("account", &excluded.account, &[&org.account]),
    ];
    for (object, names, shapes) in objects {
        for (at, name) in names.iter().enumerate() {
            if shapes.iter().all(|shape| shape.record_types_named(name).next().is_none()) {
                let path = format!("exclude_record_types.{object}[{at}]");
                errors.push(SettingError { path, message: unknown(name, shapes) });
            }
        }
    }
    for (object, chosen, names, shape) in
        [("contact", &new.contact, &excluded.contact, &org.contact), ("lead", &new.lead, &excluded.lead, &org.lead)]
    {
        let path = format!("new_record_types.{object}");
        let its = match chosen {
            Some(name) => shape.record_types_named(name).find(|known| known.active && known.available),
            None => shape.default_record_type(),
        };
        match (chosen, its) {
            (Some(name), None) => errors.push(SettingError { path, message: unknown(name, &[shape]) }),
            (_, Some(its))
                if names.iter().any(|name| shape.record_types_named(name).any(|known| known.id == its.id)) =>
            {
                let message = format!("new records would be of {}, which is excluded; choose another one", its.name);
                errors.push(SettingError { path, message });
            }
            _ => {}
        }
    }
    errors
}

fn unknown(name: &str, shapes: &[&ObjectShape]) -> String {
    let types = shapes.iter().flat_map(|shape| &shape.record_types).filter(|known| !known.master && known.active);
    let known: BTreeSet<&str> = types.map(|known| known.name.as_str()).collect();
    match known.is_empty() {
        true => format!("the org has no record type \"{name}\"; this object has none"),
        false => {
            format!(
                "the org has no record type \"{name}\"; there are {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            )
        }
    }
}
