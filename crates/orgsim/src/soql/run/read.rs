//! Values behind paths and functions.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::super::Source;
use super::super::plan::{DatePart, FieldPath, Function, Step};
use crate::id::SalesforceId;
use crate::row::{Ordinal, Row};
use crate::schema::{Field, FieldType, Object};
use crate::value::Value;

/// A record reached over relationships: its real object, its id, its fields.
#[derive(Clone, Copy)]
pub(super) struct Reached<'a> {
    pub(super) object: &'a Object,
    pub(super) id: SalesforceId,
    pub(super) row: &'a Row,
    /// Seen as the object `Name`, whatever it is.
    pub(super) as_name: bool,
}

/// The value at the end of a path; null when a parent is missing on the way.
pub(super) fn path<'a>(source: &'a dyn Source, path: &FieldPath<'_>, id: SalesforceId, row: &'a Row) -> Cow<'a, Value> {
    let Some((first, further)) = path.steps.split_first() else {
        return own(path.field.kind, path.ordinal, id, row);
    };
    let first = up(source, first, row);
    let end = further.iter().fold(first, |record, step| further_up(source, step, &record?));
    end.map_or(Cow::Owned(Value::Null), |record| of(source, &record, path.object, path.ordinal))
}

/// A field of a record at hand.
fn own(kind: FieldType, ordinal: Ordinal, id: SalesforceId, row: &Row) -> Cow<'_, Value> {
    match kind {
        FieldType::Id => Cow::Owned(Value::Id(id)),
        _ => Cow::Borrowed(row.get(ordinal)),
    }
}

/// One relationship up from a record.
pub(super) fn up<'a>(source: &'a dyn Source, step: &Step<'_>, row: &'a Row) -> Option<Reached<'a>> {
    let Value::Id(id) = row.get(step.reference) else { return None };
    let schema = source.schema();
    let object = if step.polymorphic { schema.by_prefix(id.prefix())? } else { schema.object(&step.object.name)? };
    let row = source.row(&object.name, *id)?;
    Some(Reached { object, id: *id, row, as_name: step.polymorphic })
}

/// One relationship up from a record that was reached over another.
pub(super) fn further_up<'a>(source: &'a dyn Source, step: &Step<'_>, record: &Reached<'a>) -> Option<Reached<'a>> {
    if !record.as_name {
        return up(source, step, record.row);
    }
    // Seen as `Name`, the record is of another object, which has the reference at another place.
    let name = &step.object.name;
    let at = record.object.fields().iter().position(|field| field.reference_to == [name.as_str()])?;
    up(source, &Step { reference: Ordinal::try_from(at).ok()?, ..*step }, record.row)
}

/// A field of a record reached over a relationship.
pub(super) fn of<'a>(
    source: &'a dyn Source,
    record: &Reached<'a>,
    object: &Object,
    ordinal: Ordinal,
) -> Cow<'a, Value> {
    let field = &object.fields()[usize::from(ordinal)];
    if !record.as_name {
        return own(field.kind, ordinal, record.id, record.row);
    }
    match name_field(record.object, &field.name) {
        NameField::Type => Cow::Owned(Value::Text(record.object.name.as_str().into())),
        NameField::At(at, own_field) if source.readable(&record.object.name, Some(at)) => {
            own(own_field.kind, at, record.id, record.row)
        }
        _ => Cow::Owned(Value::Null),
    }
}

enum NameField<'o> {
    Type,
    At(Ordinal, &'o Field),
    Absent,
}

/// Where a field of `Name` is in the real object. Mail, phone, title and the like are those of users, the mail also
/// of queues (Salesforce facts 4.1).
fn name_field<'o>(object: &'o Object, name: &str) -> NameField<'o> {
    let of_users = ["Alias", "UserRoleId", "IsActive", "ProfileId", "Title", "Email", "Phone", "Username"];
    let allowed = !of_users.contains(&name) || object.name == "User" || (object.name == "Group" && name == "Email");
    let found = match name {
        "Type" => return NameField::Type,
        "Name" => object.name_field(),
        _ if allowed => object.field(name),
        _ => None,
    };
    found.map_or(NameField::Absent, |(at, field)| NameField::At(at, field))
}

/// What a function makes of a value.
pub(super) fn apply(function: Function, value: &Value, field: &Field, source: &dyn Source) -> Value {
    match function {
        Function::None => value.clone(),
        Function::Label => label(value, field),
        Function::Format => format(value, field, source),
        Function::Part(part) => date_part(part, value),
    }
}

fn label(value: &Value, field: &Field) -> Value {
    let Value::Text(text) = value else { return value.clone() };
    let one = |value: &str| {
        let entry = field.picklist.iter().find(|entry| entry.value == value);
        entry.map_or(value, |entry| entry.label.as_str()).to_owned()
    };
    let labels: Vec<String> = match field.kind {
        FieldType::MultiPicklist => text.split(';').map(one).collect(),
        _ => vec![one(text)],
    };
    Value::Text(labels.join(";").into())
}

/// Text as a user with the locale en_US sees it.
fn format(value: &Value, field: &Field, source: &dyn Source) -> Value {
    let text = match value {
        Value::Int(number) => grouped(&number.to_string()),
        Value::Double(number) => {
            let digits = usize::try_from(field.scale).unwrap_or(0);
            let text = grouped(&format!("{number:.digits$}"));
            match field.kind {
                FieldType::Currency => format!("${text}"),
                FieldType::Percent => format!("{text}%"),
                _ => text,
            }
        }
        Value::Date(date) => date.strftime("%-m/%-d/%Y").to_string(),
        Value::DateTime(instant) => {
            instant.to_zoned(source.time_zone().clone()).strftime("%-m/%-d/%Y, %-I:%M %p").to_string()
        }
        Value::Time(time) => time.strftime("%-I:%M %p").to_string(),
        other => return other.clone(),
    };
    Value::Text(text.into())
}

/// A number with commas between thousands.
fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut text = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// A part of a date; instants are taken in UTC.
fn date_part(part: DatePart, value: &Value) -> Value {
    let at: DateTime = match value {
        Value::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
        Value::DateTime(instant) => instant.to_zoned(TimeZone::UTC).datetime(),
        _ => return Value::Null,
    };
    let date: Date = at.date();
    let number = match part {
        DatePart::DayOnly => return Value::Date(date),
        DatePart::CalendarYear => i64::from(date.year()),
        DatePart::CalendarQuarter => i64::from((date.month() - 1) / 3 + 1),
        DatePart::CalendarMonth => i64::from(date.month()),
        DatePart::DayInYear => i64::from(date.day_of_year()),
        DatePart::DayInMonth => i64::from(date.day()),
        DatePart::DayInWeek => i64::from(date.weekday().to_sunday_one_offset()),
        DatePart::WeekInYear => i64::from((date.day_of_year() - 1) / 7 + 1),
        DatePart::WeekInMonth => i64::from((date.day() - 1) / 7 + 1),
        DatePart::HourInDay => i64::from(at.hour()),
    };
    Value::Int(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [("0", "0"), ("999", "999"), ("1000", "1,000"), ("-1234567.50", "-1,234,567.50")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn parts_of_dates_count_as_the_calendar_does() {
        let day = Value::Date(jiff::civil::date(2026, 11, 24));
        let part = |part| date_part(part, &day);
        assert_eq!(part(DatePart::CalendarQuarter), Value::Int(4));
        assert_eq!(part(DatePart::DayInWeek), Value::Int(3), "Tuesday is the third day from Sunday");
        assert_eq!(part(DatePart::WeekInMonth), Value::Int(4));
        assert_eq!(date_part(DatePart::CalendarYear, &Value::Null), Value::Null);
    }
}
