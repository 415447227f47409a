//! How values compare: text without regard to case, '' as null, an unset checkbox as false (Salesforce facts 4.1).

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::dates::Days;
use super::fold;
use super::like::Pattern;
use crate::id::SalesforceId;
use crate::schema::{Field, FieldType};
use crate::value::Value;

/// A value as comparisons, sorting and grouping see it. Null sorts first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Id(SalesforceId),
    Date(jiff::civil::Date),
    DateTime(jiff::Timestamp),
    Time(jiff::civil::Time),
}

/// A number with a total order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) f64);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        // Adding zero turns -0.0 into 0.0.
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Key {
    /// What a stored value is compared by.
    #[allow(clippy::cast_precision_loss, reason = "int fields have nine digits at most")]
    pub(super) fn of(value: &Value, field: &Field) -> Key {
        match value {
            Value::Null if field.kind == FieldType::Boolean => Key::Bool(false),
            Value::Null => Key::Null,
            Value::Bool(yes) => Key::Bool(*yes),
            Value::Int(number) => Key::Number(Number(*number as f64)),
            Value::Double(number) => Key::Number(Number(*number)),
            Value::Text(text) => Key::text(text, field),
            Value::Id(id) => Key::Id(*id),
            Value::Date(date) => Key::Date(*date),
            Value::DateTime(instant) => Key::DateTime(*instant),
            Value::Time(time) => Key::Time(*time),
            Value::Ids(ids) => Key::Text(ids.iter().map(SalesforceId::as_str).collect::<Vec<_>>().join(";")),
        }
    }

    /// A text, folded unless the field minds case; an empty one is null.
    pub(super) fn text(text: &str, field: &Field) -> Key {
        match text {
            "" => Key::Null,
            _ if field.case_sensitive => Key::Text(text.to_owned()),
            _ => Key::Text(fold(text)),
        }
    }

    /// What a stored value is sorted by: picklists in the order of their entries, values outside the list after them.
    #[allow(clippy::cast_precision_loss, reason = "a picklist has at most some thousand entries")]
    pub(super) fn sort(value: &Value, field: &Field) -> Key {
        if let (Value::Text(text), FieldType::Picklist) = (value, field.kind)
            && let Some(at) = field.picklist.iter().position(|entry| entry.value.as_str() == text.as_ref())
        {
            return Key::Number(Number(at as f64));
        }
        Key::of(value, field)
    }
}

/// What the right side of a comparison asks of the left one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matcher {
    Equal(Key),
    NotEqual(Key),
    /// Never true of null.
    Ordered(Order, Key),
    In(BTreeSet<Key>),
    NotIn(BTreeSet<Key>),
    Like(Pattern),
    /// A comparison with a date literal; the zone is for instants.
    Days(DayTest, Days, TimeZone),
    /// A multi-select picklist with all values of one of the sets.
    Includes(Vec<Vec<String>>),
    Excludes(Vec<Vec<String>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayTest {
    Equal,
    NotEqual,
    Ordered(Order),
}

impl Order {
    fn allows(self, ordering: Ordering) -> bool {
        match self {
            Order::Less => ordering.is_lt(),
            Order::Greater => ordering.is_gt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Matcher {
    /// Whether a stored value is what is asked for.
    pub(super) fn matches(&self, value: &Value, field: &Field) -> bool {
        match self {
            Matcher::Equal(key) => equal(value, field, key),
            Matcher::NotEqual(key) => !equal(value, field, key),
            Matcher::Ordered(order, key) => {
                let own = Key::of(value, field);
                own != Key::Null && *key != Key::Null && order.allows(own.cmp(key))
            }
            Matcher::In(keys) => keys.contains(&Key::of(value, field)),
            Matcher::NotIn(keys) => !keys.contains(&Key::of(value, field)),
            Matcher::Like(pattern) => matches!(value, Value::Text(text) if pattern.matches(text)),
            Matcher::Days(test, days, zone) => day_test(*test, days, value, zone),
            Matcher::Includes(sets) => includes(sets, value),
            Matcher::Excludes(sets) => !includes(sets, value),
        }
    }
}

/// Equality without a copy of the text: this is what a scan of a large object does most.
fn equal(value: &Value, field: &Field, key: &Key) -> bool {
    match (value, key) {
        (Value::Text(text), Key::Text(wanted)) if field.case_sensitive => text.as_ref() == wanted,
        (Value::Text(text), Key::Text(wanted)) if text.is_ascii() && wanted.is_ascii() => {
            text.eq_ignore_ascii_case(wanted)
        }
        _ => Key::of(value, field) == *key,
    }
}

fn day_test(test: DayTest, days: &Days, value: &Value, zone: &TimeZone) -> bool {
    let place = match value {
        Value::Date(date) => days.place(*date),
        Value::DateTime(instant) => days.place(instant.to_zoned(zone.clone()).date()),
        _ => return test == DayTest::NotEqual,
    };
    match test {
        DayTest::Equal => place.is_eq(),
        DayTest::NotEqual => place.is_ne(),
        DayTest::Ordered(order) => order.allows(place),
    }
}

fn includes(sets: &[Vec<String>], value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    let chosen: Vec<String> = text.split(';').map(fold).collect();
    sets.iter().any(|set| set.iter().all(|wanted| chosen.contains(wanted)))
}
