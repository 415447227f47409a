//! Converting a lead into an account, a contact and, if wanted, an opportunity (Salesforce facts 5.3).

use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

use crate::errors::{self, ApiError};
use crate::id::SalesforceId;
use crate::json as wire_json;
use crate::org::{Found, Org};
use crate::row::Row;
use crate::schema::{FieldType, Object};
use crate::value::Value;

use super::{Caller, check, deletion, derive, people};

/// What a conversion is asked to use and make.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conversion {
    /// The account to use; a new one of the lead's company without.
    pub account: Option<SalesforceId>,
    /// Whether an opportunity is made too.
    pub opportunity: bool,
}

/// What a conversion made or used.
#[derive(Debug, Clone, Copy)]
pub struct Converted {
    /// The account.
    pub account: SalesforceId,
    /// The new contact.
    pub contact: SalesforceId,
    /// The new opportunity.
    pub opportunity: Option<SalesforceId>,
}

/// Fields of a lead and where their values go.
const TO_ACCOUNT: [(&str, &str); 9] = [
    ("Company", "Name"),
    ("Website", "Website"),
    ("Phone", "Phone"),
    ("Industry", "Industry"),
    ("Street", "BillingStreet"),
    ("City", "BillingCity"),
    ("State", "BillingState"),
    ("PostalCode", "BillingPostalCode"),
    ("Country", "BillingCountry"),
];
const TO_CONTACT: [(&str, &str); 13] = [
    ("Salutation", "Salutation"),
    ("FirstName", "FirstName"),
    ("LastName", "LastName"),
    ("Email", "Email"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Title", "Title"),
    ("LeadSource", "LeadSource"),
    ("Street", "MailingStreet"),
    ("City", "MailingCity"),
    ("State", "MailingState"),
    ("PostalCode", "MailingPostalCode"),
    ("Country", "MailingCountry"),
];

/// Converts a lead. Its events and tasks become the contact's; the lead itself stays, converted, and refuses changes.
pub fn convert(
    org: &mut Org,
    caller: impl Into<Caller>,
    lead: SalesforceId,
    wanted: Conversion,
) -> Result<Converted, ApiError> {
    let caller = Caller { auto_assign: false, allow_duplicates: true, ..caller.into() };
    let schema = org.schema();
    let object = schema.object("Lead").ok_or_else(errors::not_found)?;
    let row = super::live(org, object, lead)?.clone();
    check::unconverted(object, &row)?;
    let account = match wanted.account {
        Some(account) if matches!(org.find("Account", account), Found::Live(_)) => account,
        Some(_) => return Err(errors::invalid_cross_reference(&[])),
        None => make(org, &caller, "Account", mapped(object, &row, &TO_ACCOUNT))?,
    };
    let mut contact = mapped(object, &row, &TO_CONTACT);
    contact.insert("AccountId".into(), account.as_str().into());
    let contact = make(org, &caller, "Contact", contact)?;
    let opportunity = match wanted.opportunity {
        true => Some(make(org, &caller, "Opportunity", opportunity(org, object, &row, account))?),
        false => None,
    };
    let converted = Converted { account, contact, opportunity };
    close(org, &caller, object, lead, &converted);
    let meetings = people::meetings(org, lead);
    for link in deletion::links(org, "Lead", lead) {
        if ["Event", "Task", "EventRelation", "EventWhoRelation"].contains(&link.object.as_str()) {
            deletion::set_link(org, &link, Value::Id(contact));
        }
    }
    people::replace(org, &caller, &meetings, lead, Some(contact));
    Ok(converted)
}

fn make(org: &mut Org, caller: &Caller, object: &str, fields: Map<String, Json>) -> Result<SalesforceId, ApiError> {
    super::create(org, caller.clone(), object, &fields, "")
}

/// The lead's values under other names, with its owner when that is a user: only they can own a contact.
fn mapped(lead: &Object, row: &Row, names: &[(&str, &str)]) -> Map<String, Json> {
    let mut fields = Map::new();
    for (from, to) in names {
        if let Some((ordinal, field)) = lead.field(from) {
            let value = row.get(ordinal);
            if !value.is_null() {
                fields.insert((*to).into(), wire_json::value(field.kind, value));
            }
        }
    }
    if let Some((ordinal, _)) = lead.field("OwnerId")
        && let Value::Id(owner) = row.get(ordinal)
        && owner.prefix() == "005"
    {
        fields.insert("OwnerId".into(), owner.as_str().into());
    }
    fields
}

fn opportunity(org: &Org, lead: &Object, row: &Row, account: SalesforceId) -> Map<String, Json> {
    let mut fields = mapped(lead, row, &[]);
    let company = lead.field("Company").map(|(ordinal, _)| wire_json::value(FieldType::String, row.get(ordinal)));
    let name = format!("{}-", company.as_ref().and_then(Json::as_str).unwrap_or_default());
    let today = org.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    fields.extend([
        ("Name".to_owned(), Json::from(name)),
        ("StageName".to_owned(), "Prospecting".into()),
        ("CloseDate".to_owned(), end_of_quarter(today).to_string().into()),
        ("AccountId".to_owned(), json!(account.as_str())),
    ]);
    fields
}

fn end_of_quarter(day: Date) -> Date {
    let month = (day.month() - 1) / 3 * 3 + 3;
    Date::new(day.year(), month, 1).map_or(day, |first| first.last_of_month())
}

fn close(org: &mut Org, caller: &Caller, object: &Object, lead: SalesforceId, converted: &Converted) {
    let Found::Live(row) = org.find("Lead", lead) else { return };
    let mut draft = super::Draft { object, row: row.clone(), before: Some(row.clone()), given: Vec::new() };
    draft.set("IsConverted", Value::Bool(true));
    draft.set("Status", Value::Text("Closed - Converted".into()));
    draft.set("ConvertedDate", Value::Date(org.now().to_zoned(jiff::tz::TimeZone::UTC).date()));
    draft.set("ConvertedAccountId", Value::Id(converted.account));
    draft.set("ConvertedContactId", Value::Id(converted.contact));
    draft.set("ConvertedOpportunityId", converted.opportunity.map_or(Value::Null, Value::Id));
    derive::stamps(&mut draft, org.now(), caller.user);
    org.put("Lead", lead, draft.row);
}
