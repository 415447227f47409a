//! State and Country picklists: the text fields of an address and their codes follow from each other (Salesforce
//! facts 3 and 5.4).

use base64::Engine as _;

use crate::errors::ApiError;
use crate::row::Ordinal;
use crate::schema::{Field, Object, PicklistEntry};
use crate::value::Value;

use super::Draft;

/// What the fields of each address begin with.
const PREFIXES: [&str; 5] = ["Billing", "Shipping", "Mailing", "Other", ""];

/// The four fields of one address that depend on each other.
struct Address<'a> {
    country: (Ordinal, &'a Field),
    country_code: (Ordinal, &'a Field),
    state: (Ordinal, &'a Field),
    state_code: (Ordinal, &'a Field),
}

/// Completes the addresses of a record, in an org that has the picklists.
pub(super) fn settle(draft: &mut Draft<'_>) -> Result<(), ApiError> {
    let object = draft.object;
    PREFIXES.iter().filter_map(|prefix| Address::of(object, prefix)).try_for_each(|address| address.settle(draft))
}

impl<'a> Address<'a> {
    fn of(object: &'a Object, prefix: &str) -> Option<Self> {
        let field = |part: &str| object.field(&format!("{prefix}{part}"));
        Some(Address {
            country: field("Country")?,
            country_code: field("CountryCode")?,
            state: field("State")?,
            state_code: field("StateCode")?,
        })
    }

    fn settle(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        let parts = [self.country.0, self.country_code.0, self.state.0, self.state_code.0];
        if !parts.iter().any(|part| draft.given.contains(part)) {
            return Ok(());
        }
        let country = chosen(draft, self.country, self.country_code, |_| true);
        let Ok(country) = country else {
            let message = format!(
                "There's a problem with this country, even though it may appear correct. Please select a \
                 country/territory from the list of valid countries.: {}",
                self.country.1.label
            );
            return Err(ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &[&self.country.1.name]));
        };
        let Some(country) = country else { return self.without_country(draft) };
        let at = self.country_code.1.picklist.iter().position(|entry| entry.value == country.value);
        let valid = |entry: &PicklistEntry| at.is_some_and(|at| valid_for(entry, at));
        if !self.state_code.1.picklist.iter().any(valid) {
            return self.with_free_state(draft);
        }
        chosen(draft, self.state, self.state_code, valid).map(|_| ()).map_err(|text| self.unknown_state(&text))
    }

    /// Only some countries' states are in the list; the others' are taken as they are, without a code.
    fn with_free_state(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        let emptied = draft.given.contains(&self.state.0) && draft.row.get(self.state.0).is_null();
        match draft.row.get(self.state_code.0) {
            Value::Text(code) if !emptied => Err(self.unknown_state(code)),
            _ => {
                draft.row.set(self.state_code.0, Value::Null);
                Ok(())
            }
        }
    }

    fn without_country(&self, draft: &mut Draft<'_>) -> Result<(), ApiError> {
        match chosen(draft, self.state, self.state_code, |_| true) {
            Ok(None) => Ok(()),
            Ok(Some(entry)) => Err(self.unknown_state(&entry.label)),
            Err(text) => Err(self.unknown_state(&text)),
        }
    }

    fn unknown_state(&self, text: &str) -> ApiError {
        let label = &self.state_code.1.label;
        let message = format!("The existing country/territory doesn't recognize the state value {text}: {label}");
        ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &[&self.state_code.1.name])
    }
}

/// The list entry that text or code name, with both fields set to it. The code wins when the request sent it. The
/// error is a text that names no valid entry.
fn chosen<'a>(
    draft: &mut Draft<'_>,
    text: (Ordinal, &Field),
    code: (Ordinal, &'a Field),
    valid: impl Fn(&PicklistEntry) -> bool,
) -> Result<Option<&'a PicklistEntry>, String> {
    let by_code = draft.given.contains(&code.0) || !draft.given.contains(&text.0);
    let said = draft.row.get(if by_code { code.0 } else { text.0 }).clone();
    let entry = match &said {
        Value::Text(said) => {
            let names = |entry: &&PicklistEntry| {
                entry.value.eq_ignore_ascii_case(said) || entry.label.to_lowercase() == said.to_lowercase()
            };
            let Some(entry) = code.1.picklist.iter().filter(names).find(|entry| valid(entry)) else {
                return Err(said.to_string());
            };
            Some(entry)
        }
        _ => None,
    };
    let stored = |text: Option<&String>| text.map_or(Value::Null, |text| Value::Text(text.as_str().into()));
    draft.row.set(text.0, stored(entry.map(|entry| &entry.label)));
    draft.row.set(code.0, stored(entry.map(|entry| &entry.value)));
    Ok(entry)
}

/// Whether an entry of a dependent list goes with the controlling entry at a place.
fn valid_for(entry: &PicklistEntry, at: usize) -> bool {
    let bits = entry.valid_for.as_ref().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    bits.is_some_and(|bits| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0))
}
