//! What a connection's user may and may not do, and what that breaks: findings, each with its fix (spec 2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::org_shape::{BOOKING_ID_FIELD, FieldShape, ObjectShape};

/// What describe says of an object to this user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectRights {
    /// May be queried.
    pub query: bool,
    /// Records may be created.
    pub create: bool,
    /// Records may be changed.
    pub edit: bool,
    /// Records may be deleted.
    pub delete: bool,
    /// The fields that the user sees.
    pub shape: ObjectShape,
}

/// What is known of an object's records that others own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OthersRecords {
    /// One was seen, and whether it may be changed.
    Seen {
        /// Whether this user may change it; none where Salesforce does not tell.
        editable: Option<bool>,
    },
    /// None was seen: there are none, or they are hidden.
    NoneSeen,
    /// It could not be asked.
    Unknown,
}

/// A host, and how many active standard users of the org have their email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostUsers {
    /// The host's name.
    pub name: String,
    /// The host's email.
    pub email: String,
    /// How many users.
    pub users: usize,
}

/// Everything that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// By object; one that is missing does not exist for this user.
    pub objects: BTreeMap<String, ObjectRights>,
    /// By object.
    pub others: BTreeMap<String, OthersRecords>,
    /// The hosts whose bookings this connection writes; none where their users could not be asked for.
    pub hosts: Option<Vec<HostUsers>>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Syncs are held or wrong because of it.
    Breaks,
    /// Syncs go on, with less than they could have.
    Weakens,
    /// Worth knowing; nothing to mend.
    Note,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is so, and what that means.
    pub what: String,
    /// How to mend it; empty where there is nothing to mend.
    pub fix: String,
}

impl Finding {
    /// A finding.
    pub fn new(severity: Severity, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Finding { severity, what: what.into(), fix: fix.into() }
    }
}

/// What came of testing a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionTest {
    /// Who signed in to which org; none where that failed.
    #[serde(default)]
    pub signed_in: Option<SignedIn>,
    /// What was found, what matters most first.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// Who signed in to which org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The org's id.
    pub organization_id: String,
    /// The user's id.
    pub user_id: String,
    /// The user's sign-in name.
    pub username: String,
    /// The user's name.
    pub name: String,
    /// API requests of the last 24 hours, and the org's limit, as it said.
    pub api_requests: Option<(i64, i64)>,
}

/// How many characters a booking id has.
const BOOKING_ID_LENGTH: usize = 36;

/// The objects that are asked about.
pub const OBJECTS: [&str; 3] = ["Contact", "Event", "Lead"];

/// A right on an object, and what its lack breaks.
struct ObjectNeed {
    object: &'static str,
    right: &'static str,
    has: fn(&ObjectRights) -> bool,
    severity: Severity,
    breaks: &'static str,
}

const OBJECT_NEEDS: [ObjectNeed; 8] = [
    ObjectNeed {
        object: "Contact",
        right: "Read",
        has: |o| o.query,
        severity: Severity::Breaks,
        breaks: "attendees cannot be found, so nothing is synced",
    },
    ObjectNeed {
        object: "Contact",
        right: "Create",
        has: |o| o.create,
        severity: Severity::Breaks,
        breaks: "bookings by new people are held",
    },
    ObjectNeed {
        object: "Event",
        right: "Read",
        has: |o| o.query,
        severity: Severity::Breaks,
        breaks: "lost Events cannot be looked for, so nothing is synced",
    },
    ObjectNeed {
        object: "Event",
        right: "Create",
        has: |o| o.create,
        severity: Severity::Breaks,
        breaks: "new bookings are held",
    },
    ObjectNeed {
        object: "Event",
        right: "Edit",
        has: |o| o.edit,
        severity: Severity::Breaks,
        breaks: "moved bookings are held",
    },
    ObjectNeed {
        object: "Event",
        right: "Delete",
        has: |o| o.delete,
        severity: Severity::Breaks,
        breaks: "cancelled bookings are held",
    },
    ObjectNeed {
        object: "Lead",
        right: "Read",
        has: |o| o.query,
        severity: Severity::Note,
        breaks: "event types cannot write Leads",
    },
    ObjectNeed {
        object: "Lead",
        right: "Create",
        has: |o| o.create,
        severity: Severity::Note,
        breaks: "event types cannot make new Leads",
    },
];

/// A field that is written, and what its lack breaks.
struct FieldNeed {
    object: &'static str,
    field: &'static str,
    severity: Severity,
    breaks: &'static str,
}

const fn field(object: &'static str, field: &'static str, severity: Severity, breaks: &'static str) -> FieldNeed {
    FieldNeed { object, field, severity, breaks }
}

const FIELD_NEEDS: [FieldNeed; 10] = [
    field("Contact", "Email", Severity::Breaks, "new Contacts have no email, and are made again and again"),
    field("Contact", "LastName", Severity::Breaks, "new Contacts cannot be made"),
    field("Contact", "FirstName", Severity::Weakens, "new Contacts have no first name"),
    field("Contact", "OwnerId", Severity::Weakens, "new Contacts belong to the connection's user"),
    field("Event", "Subject", Severity::Weakens, "Events have no subject"),
    field("Event", "StartDateTime", Severity::Breaks, "Events cannot be made"),
    field("Event", "EndDateTime", Severity::Breaks, "Events cannot be made"),
    field("Event", "WhoId", Severity::Breaks, "Events are not connected with the attendee"),
    field("Event", "OwnerId", Severity::Weakens, "Events belong to the connection's user instead of the organizer"),
    field("Event", "Location", Severity::Weakens, "Events have no location"),
];

/// What was found, what matters most first.
pub fn findings(asked: &Preflight) -> Vec<Finding> {
    let mut found: Vec<Finding> = OBJECTS.into_iter().filter_map(|object| missing_object(asked, object)).collect();
    found.extend(OBJECT_NEEDS.iter().filter_map(|need| missing_right(asked, need)));
    found.extend(FIELD_NEEDS.iter().filter_map(|need| missing_field(asked, need)));
    found.extend(asked.objects.get("Event").map(booking_id));
    found.extend(OBJECTS.into_iter().filter_map(|object| others_records(asked, object)));
    match &asked.hosts {
        Some(hosts) => found.extend(hosts.iter().filter_map(host)),
        None => found.push(Finding::new(
            Severity::Weakens,
            "The org's users could not be read, so nothing has an owner but the connection's user.",
            "Give the connection's user the permission to view users.",
        )),
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

fn missing_object(asked: &Preflight, object: &str) -> Option<Finding> {
    if asked.objects.contains_key(object) {
        return None;
    }
    let (severity, means) = match object {
        "Lead" => (Severity::Note, "event types cannot write Leads"),
        _ => (Severity::Breaks, "nothing is synced"),
    };
    Some(Finding::new(
        severity,
        format!("The object {object} does not exist for this user: {means}."),
        format!("Give the user object permissions on {object}, by its profile or a permission set."),
    ))
}

fn missing_right(asked: &Preflight, need: &ObjectNeed) -> Option<Finding> {
    let rights = asked.objects.get(need.object).filter(|rights| !(need.has)(rights))?;
    let also = if rights.query { "" } else { " Read comes first." };
    Some(Finding::new(
        need.severity,
        format!("This user may not {} {}s: {}.", need.right.to_lowercase(), need.object, need.breaks),
        format!("Give it {} on {}, by its profile or a permission set.{also}", need.right, need.object),
    ))
}

fn missing_field(asked: &Preflight, need: &FieldNeed) -> Option<Finding> {
    let rights = asked.objects.get(need.object).filter(|rights| rights.create)?;
    let (object, name) = (need.object, need.field);
    let state = match rights.shape.field(name) {
        Some(FieldShape { createable: true, .. }) => return None,
        Some(_) => "read-only",
        None => "hidden",
    };
    Some(Finding::new(
        need.severity,
        format!("{object}.{name} is {state} for this user: {}.", need.breaks),
        format!("Give it Edit access to the field {name} of {object}, by field-level security."),
    ))
}

/// Which of the three cases of spec 4.2 holds.
fn booking_id(event: &ObjectRights) -> Finding {
    let needed = BOOKING_ID_LENGTH;
    let add = format!(
        "Add a text field of 64 characters named {BOOKING_ID_FIELD} to Activity, and give the user Edit access to it."
    );
    match event.shape.field(BOOKING_ID_FIELD) {
        None => Finding::new(
            Severity::Weakens,
            format!(
                "Events have no field {BOOKING_ID_FIELD} that this user sees. An Event whose answer was lost is looked for by who, \
                 when and by whom, which can mistake two meetings of one person at one time for each other."
            ),
            add,
        ),
        Some(FieldShape { createable: false, .. }) => Finding::new(
            Severity::Weakens,
            format!("Event.{BOOKING_ID_FIELD} is read-only for this user, so Events do not carry the booking id."),
            format!("Give the user Edit access to the field {BOOKING_ID_FIELD} of Activity, by field-level security."),
        ),
        Some(FieldShape { length: Some(length), .. }) if *length < needed => Finding::new(
            Severity::Breaks,
            format!("Event.{BOOKING_ID_FIELD} holds {length} characters; a booking id has {needed}."),
            "Make the field 64 characters long.",
        ),
        Some(FieldShape { unique_external_id: true, .. }) => Finding::new(
            Severity::Note,
            format!("Event.{BOOKING_ID_FIELD} is a unique external id: Events are upserted by it, and nothing waits."),
            "",
        ),
        Some(_) => Finding::new(
            Severity::Note,
            format!("Event.{BOOKING_ID_FIELD} is a plain field: an Event whose answer was lost is found by it."),
            "",
        ),
    }
}

fn others_records(asked: &Preflight, object: &str) -> Option<Finding> {
    asked.objects.get(object).filter(|rights| rights.query)?;
    let fix = match object {
        "Event" => {
            "Give the user Modify All Data, or a role above the hosts', or set the sharing of Activities to Controlled by Parent."
        }
        _ => "Give the user View All and Modify All on the object, or share the records with it.",
    };
    match asked.others.get(object)? {
        OthersRecords::Seen { editable: Some(true) } => None,
        OthersRecords::Seen { editable: Some(false) } if object == "Event" => Some(Finding::new(
            Severity::Breaks,
            "This user sees Events of other owners but may not change them: bookings whose Event belongs to a host are held when \
             they move or are cancelled.",
            fix,
        )),
        OthersRecords::Seen { editable: Some(false) } => Some(Finding::new(
            Severity::Note,
            format!("This user sees {object}s of other owners but may not change them: fields on them cannot be written."),
            fix,
        )),
        OthersRecords::Seen { editable: None } | OthersRecords::Unknown => Some(Finding::new(
            Severity::Note,
            format!("Salesforce did not tell whether this user may change {object}s of other owners."),
            "",
        )),
        OthersRecords::NoneSeen => Some(Finding::new(
            Severity::Note,
            match object {
                "Event" => "No Event of another owner was seen. If the org has some, they are hidden from this user, and bookings \
                     whose Event belongs to a host are held when they move."
                    .to_owned(),
                _ => format!(
                    "No {object} of another owner was seen. If the org has some, they are hidden from this user, and their people \
                     are taken for new."
                ),
            },
            fix,
        )),
    }
}

fn host(host: &HostUsers) -> Option<Finding> {
    let HostUsers { name, email, users } = host;
    let (what, fix) = match users {
        1 => return None,
        0 => (
            format!(
                "{name} ({email}) has no active standard user in the org: their Events belong to the connection's user."
            ),
            "Correct the host's email, or activate their user in Salesforce.",
        ),
        many => (
            format!(
                "{many} active users have the email of {name} ({email}): their Events belong to the connection's user."
            ),
            "Give one of the users another email in Salesforce.",
        ),
    };
    Some(Finding::new(Severity::Weakens, what, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writable() -> FieldShape {
        FieldShape { length: Some(255), createable: true, updateable: true, ..FieldShape::default() }
    }

    fn all_rights(object: &str) -> ObjectRights {
        let mut fields: BTreeMap<String, FieldShape> = FIELD_NEEDS
            .iter()
            .filter(|need| need.object == object)
            .map(|need| (need.field.to_owned(), writable()))
            .collect();
        if object == "Event" {
            fields.insert(BOOKING_ID_FIELD.into(), writable());
        }
        ObjectRights {
            query: true,
            create: true,
            edit: true,
            delete: true,
            shape: ObjectShape { fields, record_types: vec![] },
        }
    }

    fn fine() -> Preflight {
        let seen = OthersRecords::Seen { editable: Some(true) };
        Preflight {
            objects: OBJECTS.map(|object| (object.to_owned(), all_rights(object))).into(),
            others: OBJECTS.map(|object| (object.to_owned(), seen)).into(),
            hosts: Some(vec![HostUsers { name: "Ann Host".into(), email: "ann@seller.example".into(), users: 1 }]),
        }
    }

    fn worst(asked: &Preflight) -> Finding {
        findings(asked).swap_remove(0)
    }

    fn change(object: &str, change: impl FnOnce(&mut ObjectRights)) -> Preflight {
        let mut asked = fine();
        change(asked.objects.get_mut(object).expect("it is there"));
        asked
    }

    #[test]
    fn a_user_with_all_rights_has_only_the_case_of_the_booking_id_told() {
        let found = findings(&fine());
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].severity, Severity::Note);
        assert!(found[0].what.contains("is a plain field"), "{found:#?}");
    }

    #[test]
    fn every_right_that_is_missing_is_told_with_what_it_breaks() {
        for need in &OBJECT_NEEDS {
            let asked = change(need.object, |rights| match need.right {
                "Read" => rights.query = false,
                "Create" => rights.create = false,
                "Edit" => rights.edit = false,
                _ => rights.delete = false,
            });
            let found = findings(&asked);
            assert!(found.iter().any(|f| f.what.contains(need.breaks) && f.severity == need.severity), "{found:#?}");
        }
        let asked = change("Event", |rights| rights.edit = false);
        assert_eq!(worst(&asked).what, "This user may not edit Events: moved bookings are held.");
    }

    #[test]
    fn every_field_that_is_missing_is_told_with_what_it_breaks() {
        for need in &FIELD_NEEDS {
            let hidden = change(need.object, |rights| {
                rights.shape.fields.remove(need.field);
            });
            let found = findings(&hidden);
            let told = format!("{}.{} is hidden for this user: {}.", need.object, need.field, need.breaks);
            assert!(found.iter().any(|f| f.what == told), "{found:#?}");
        }
        let read_only = FieldShape { createable: false, updateable: false, ..writable() };
        let asked = change("Event", |rights| {
            rights.shape.fields.insert("WhoId".into(), read_only);
        });
        assert!(worst(&asked).what.starts_with("Event.WhoId is read-only for this user"));
    }

    #[test]
    fn an_object_that_is_hidden_is_told_once() {
        let mut asked = fine();
        asked.objects.remove("Contact");
        let broken: Vec<Finding> = findings(&asked).into_iter().filter(|f| f.severity == Severity::Breaks).collect();
        assert_eq!(broken.len(), 1, "{broken:#?}");
        assert!(broken[0].what.contains("The object Contact does not exist for this user"));
    }

    #[test]
    fn the_case_of_the_booking_id_is_told() {
        let with = |shape: Option<FieldShape>| {
            let asked = change("Event", |rights| {
                rights.shape.fields.remove(BOOKING_ID_FIELD);
                rights.shape.fields.extend(shape.map(|shape| (BOOKING_ID_FIELD.to_owned(), shape)));
            });
            worst(&asked)
        };
        assert!(with(None).what.contains("no field Matchbook_Booking_Id__c"));
        assert!(with(Some(FieldShape { createable: false, ..writable() })).what.contains("is read-only"));
        assert_eq!(with(Some(FieldShape { length: Some(20), ..writable() })).severity, Severity::Breaks);
        assert!(with(Some(FieldShape { unique_external_id: true, ..writable() })).what.contains("upserted by it"));
    }

    #[test]
    fn events_of_hosts_that_cannot_be_changed_break_moves() {
        let mut asked = fine();
        asked.others.insert("Event".into(), OthersRecords::Seen { editable: Some(false) });
        let found = worst(&asked);
        assert_eq!(found.severity, Severity::Breaks);
        assert!(found.what.contains("held when they move"), "{found:?}");
        asked.others.insert("Event".into(), OthersRecords::NoneSeen);
        assert!(findings(&asked).iter().any(|f| f.what.starts_with("No Event of another owner was seen")));
    }

    #[test]
    fn hosts_without_one_user_are_named() {
        let mut asked = fine();
        let host = |name: &str, users| HostUsers { name: name.into(), email: format!("{name}@x.example"), users };
        asked.hosts = Some(vec![host("ann", 1), host("ben", 0), host("cy", 2)]);
        let told: Vec<String> = findings(&asked).into_iter().map(|f| f.what).collect();
        assert!(told[0].starts_with("ben (ben@x.example) has no active standard user"), "{told:#?}");
        assert!(told[1].starts_with("2 active users have the email of cy"), "{told:#?}");
    }
}
