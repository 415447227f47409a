//! The rules of an event's times and people (Salesforce facts 5.2).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::errors::{self, ApiError};
use crate::value::Value;

use super::Draft;

const DAY_MINUTES: i64 = 1440;
const MULTIDAY_MINUTES: i64 = 20_160;

/// Checks an event's times and people and fills in what follows from them.
pub(super) fn complete(draft: &mut Draft<'_>, multiday: bool) -> Result<(), ApiError> {
    people(draft)?;
    let all_day = draft.get("IsAllDayEvent") == &Value::Bool(true);
    let start = if all_day { all_day_start(draft)? } else { timed_start(draft)? };
    let minutes = duration(draft, start, all_day)?;
    in_range(minutes, multiday)?;
    let end = later(start, minutes)?;
    // The last day of an all-day event ends with the day itself, not with the midnight after it.
    let last = if all_day { later(start, (minutes - 1).max(0))? } else { end };
    draft.set("StartDateTime", Value::DateTime(start));
    draft.set("ActivityDateTime", if all_day { Value::Null } else { Value::DateTime(start) });
    draft.set("ActivityDate", Value::Date(day(start)));
    draft.set("DurationInMinutes", Value::Int(minutes));
    draft.set("EndDateTime", Value::DateTime(if all_day { midnight(day(last)) } else { end }));
    draft.set("EndDate", Value::Date(day(last)));
    if draft.get("EventSubtype").is_null() {
        draft.set("EventSubtype", Value::Text("Event".into()));
    }
    Ok(())
}

/// A lead has no "related to": its account exists only once it is converted.
fn people(draft: &Draft<'_>) -> Result<(), ApiError> {
    let who_is_lead = matches!(draft.get("WhoId"), Value::Id(id) if id.prefix() == "00Q");
    if who_is_lead && !draft.get("WhatId").is_null() {
        let message = "Related To ID: an event whose name is a lead cannot be related to another record: Related To ID";
        return Err(ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &["WhoId", "WhatId"]));
    }
    Ok(())
}

fn timed_start(draft: &Draft<'_>) -> Result<Timestamp, ApiError> {
    let chosen = match (given_instant(draft, "StartDateTime"), given_instant(draft, "ActivityDateTime")) {
        (Some(start), Some(activity)) if start != activity => return Err(start_mismatch("ActivityDateTime")),
        (Some(start), _) | (None, Some(start)) => Some(start),
        (None, None) => instant(draft, "StartDateTime"),
    };
    let start = chosen.ok_or_else(|| errors::required_fields(&["ActivityDateTime"]))?;
    match draft.get("ActivityDate") {
        Value::Date(date) if draft.gave("ActivityDate") && *date != day(start) => Err(start_mismatch("ActivityDate")),
        _ => Ok(start),
    }
}

fn all_day_start(draft: &Draft<'_>) -> Result<Timestamp, ApiError> {
    let date = match (draft.gave("ActivityDate"), draft.get("ActivityDate"), given_instant(draft, "StartDateTime")) {
        (true, Value::Date(date), Some(start)) if day(start) != *date => return Err(start_mismatch("ActivityDate")),
        (true, Value::Date(date), _) => Some(*date),
        (_, _, Some(start)) => Some(day(start)),
        _ => instant(draft, "StartDateTime").map(day),
    };
    date.map(midnight).ok_or_else(|| errors::required_fields(&["ActivityDate"]))
}

/// Minutes from what the request gave: end or duration, which must agree, else the duration the event had.
fn duration(draft: &Draft<'_>, start: Timestamp, all_day: bool) -> Result<i64, ApiError> {
    let by_end = given_instant(draft, "EndDateTime").map(|end| {
        if all_day {
            midnight(day(end)).duration_since(start).as_mins() + DAY_MINUTES
        } else {
            end.duration_since(start).as_mins()
        }
    });
    let stored = match draft.get("DurationInMinutes") {
        Value::Int(minutes) => Some(*minutes),
        _ => None,
    };
    let by_duration = stored.filter(|_| draft.gave("DurationInMinutes"));
    match (by_end, by_duration) {
        (Some(end), _) if end < 0 => Err(ApiError::on_fields(
            "FIELD_INTEGRITY_EXCEPTION",
            "End Date Time: the event cannot end before it starts: End Date Time",
            &["EndDateTime"],
        )),
        (Some(end), Some(duration)) if end != duration => Err(ApiError::on_fields(
            "FIELD_INTEGRITY_EXCEPTION",
            "Duration and End Date Time do not agree: End Date Time",
            &["EndDateTime"],
        )),
        (Some(minutes), _) | (None, Some(minutes)) => Ok(minutes),
        (None, None) if all_day => Ok(stored.unwrap_or(DAY_MINUTES)),
        (None, None) => stored.ok_or_else(|| errors::required_fields(&["DurationInMinutes"])),
    }
}

fn in_range(minutes: i64, multiday: bool) -> Result<(), ApiError> {
    let most = if multiday { MULTIDAY_MINUTES } else { DAY_MINUTES };
    if (0..=most).contains(&minutes) {
        return Ok(());
    }
    let message = format!("Duration must be between 0 and {most} minutes: Duration");
    Err(ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &["DurationInMinutes"]))
}

/// Times end with the year 9999; an event that would go on beyond has no end.
fn later(start: Timestamp, minutes: i64) -> Result<Timestamp, ApiError> {
    start.checked_add(SignedDuration::from_mins(minutes)).map_err(|_| {
        let message = "End Date Time: invalid date: End Date Time";
        ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &["EndDateTime"])
    })
}

fn start_mismatch(field: &str) -> ApiError {
    let message = format!("{field} must be equal to StartDateTime or null: {field}");
    ApiError::on_fields("FIELD_INTEGRITY_EXCEPTION", message, &[field])
}

fn given_instant(draft: &Draft<'_>, name: &str) -> Option<Timestamp> {
    if draft.gave(name) { instant(draft, name) } else { None }
}

fn instant(draft: &Draft<'_>, name: &str) -> Option<Timestamp> {
    match draft.get(name) {
        Value::DateTime(instant) => Some(*instant),
        _ => None,
    }
}

fn day(instant: Timestamp) -> Date {
    instant.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn midnight(date: Date) -> Timestamp {
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp());
    midnight.unwrap_or(Timestamp::UNIX_EPOCH)
}
