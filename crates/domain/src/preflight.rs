//! What a connection's user may and may not do, and what that breaks: findings, each with its fix (spec 2).

mod needs;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::org_shape::{BOOKING_ID_FIELD, FieldShape, ObjectShape};
use crate::salesforce_settings::{AttendeeRecordType, NoAccount, RelateTo, SalesforceSettings};
use needs::{Access, FIELD_NEEDS, FieldNeed, OBJECT_NEEDS, OBJECTS_SEEN, ObjectNeed};

pub use needs::OBJECTS;

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

/// What event types do that others can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Attendees become Leads.
    Leads,
    /// The attendee's Account is looked for.
    Accounts,
    /// Events are related to an Account or an Opportunity.
    RelatedEvents,
    /// Events are related to an Opportunity.
    Opportunities,
}

impl Use {
    /// What these settings do.
    pub fn of<'a>(settings: impl IntoIterator<Item = &'a SalesforceSettings>) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for one in settings {
            let kind = one.attendee_record_type;
            let else_lead = kind == AttendeeRecordType::ContactUnderAccount && one.no_account == NoAccount::Lead;
            let each = [
                (Use::Leads, kind == AttendeeRecordType::Lead || else_lead),
                (Use::Accounts, one.resolves_account()),
                (Use::RelatedEvents, one.relate_event_to != RelateTo::Nothing),
                (Use::Opportunities, one.relate_event_to == RelateTo::Opportunity),
            ];
            uses.extend(each.into_iter().filter(|(_, does)| *does).map(|(what, _)| what));
        }
        uses
    }
}

/// Everything that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// By object; one that is missing does not exist for this user.
    pub objects: BTreeMap<String, ObjectRights>,
    /// By object, and for [`CONTACTS_WITHOUT_ACCOUNT`].
    pub others: BTreeMap<String, OthersRecords>,
    /// What the connection's event types do; the gaps of what none does are notes.
    pub uses: BTreeSet<Use>,
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

/// Contacts without Account: private to their owner and administrators (Salesforce facts 10), so a case of their own among
/// [`Preflight::others`].
pub const CONTACTS_WITHOUT_ACCOUNT: &str = "Contact without Account";

/// The objects of whose records it is asked whether those of other owners can be seen and changed.
pub const SHARED_OBJECTS: [&str; 3] = ["Contact", "Event", "Lead"];

/// What was found, what matters most first.
pub fn findings(asked: &Preflight) -> Vec<Finding> {
    let mut found: Vec<Finding> = OBJECTS.into_iter().filter_map(|object| missing_object(asked, object)).collect();
    found.extend(OBJECT_NEEDS.iter().filter_map(|need| missing_right(asked, need)));
    found.extend(FIELD_NEEDS.iter().filter_map(|need| missing_field(asked, need)));
    found.extend(asked.objects.get("Event").map(booking_id));
    found.extend(SHARED_OBJECTS.into_iter().filter_map(|object| others_records(asked, object)));
    found.extend(contacts_without_account(asked));
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

/// How much a gap matters: what no event type does is only worth knowing.
fn severity(asked: &Preflight, severity: Severity, used_for: Option<Use>) -> Severity {
    match used_for {
        Some(what) if !asked.uses.contains(&what) => Severity::Note,
        _ => severity,
    }
}

fn missing_object(asked: &Preflight, object: &str) -> Option<Finding> {
    if asked.objects.contains_key(object) {
        return None;
    }
    let need = OBJECTS_SEEN.iter().find(|need| need.object == object)?;
    let permission = match object {
        "Event" => "the permission Access Activities".to_owned(),
        _ => format!("Read on {object}"),
    };
    Some(Finding::new(
        severity(asked, need.severity, need.used_for),
        format!("The object {object} does not exist for this user: {}.", need.breaks),
        format!("Give it {permission}, by its profile or a permission set."),
    ))
}

fn missing_right(asked: &Preflight, need: &ObjectNeed) -> Option<Finding> {
    let rights = asked.objects.get(need.object).filter(|rights| !(need.has)(rights))?;
    let also = if rights.query { "" } else { " Read comes first." };
    // Events have no object permissions.
    let permission = match need.object {
        "Event" => "the permission Edit Events".to_owned(),
        object => format!("{} on {object}", need.right),
    };
    Some(Finding::new(
        severity(asked, need.severity, need.used_for),
        format!("This user may not {} {}s: {}.", need.right.to_lowercase(), need.object, need.breaks),
        format!("Give it {permission}, by its profile or a permission set.{also}"),
    ))
}

fn missing_field(asked: &Preflight, need: &FieldNeed) -> Option<Finding> {
    let rights = asked.objects.get(need.object)?;
    let (object, name) = (need.object, need.field);
    let state = match (need.access, rights.shape.field(name)) {
        (Access::Read, Some(_)) | (Access::Edit, Some(FieldShape { createable: true, .. })) => return None,
        (Access::Edit, Some(_)) if !rights.create => return None,
        (_, Some(_)) => "read-only",
        (_, None) => "hidden",
    };
    Some(Finding::new(
        severity(asked, need.severity, need.used_for),
        format!("{object}.{name} is {state} for this user: {}.", need.breaks),
        format!("Give it {} access to the field {name} of {object}, by field-level security.", need.access.word()),
    ))
}

/// Which of the three cases of spec 4.2 holds.
fn booking_id(event: &ObjectRights) -> Finding {
    let needed = BOOKING_ID_LENGTH;
    let add = format!(
        "Add a text field of 64 characters named {BOOKING_ID_FIELD} to Activity, and give the user Edit access to it: both are \
         ready to deploy in Matchbook's folder salesforce/."
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

/// Such Contacts are no matter of the org's defaults: only View All and Modify All open them.
fn contacts_without_account(asked: &Preflight) -> Option<Finding> {
    asked.objects.get("Contact").filter(|rights| rights.query)?;
    let what = match asked.others.get(CONTACTS_WITHOUT_ACCOUNT)? {
        OthersRecords::Seen { editable: Some(false) } => {
            "This user sees Contacts without Account that others own, but may not change them: fields on them cannot be written, \
             nor, where Activities are controlled by their parent, their Events moved."
        }
        OthersRecords::NoneSeen => {
            "No Contact without Account of another owner was seen. Salesforce shows those to their owner and to users with View \
             All on Contact only. If this user lacks that, such Contacts are not found: bookings by their people are held, and a \
             new one is made each time."
        }
        OthersRecords::Seen { .. } | OthersRecords::Unknown => return None,
    };
    let fix = "Give it View All and Modify All on Contact (the permission set Matchbook_All_People has them), or have attendees \
               become Contacts under an Account.";
    Some(Finding::new(Severity::Note, what, fix))
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
#[path = "preflight_tests.rs"]
mod tests;
