//! Date literals: days counted in the user's time zone, weeks from Sunday, fiscal years as calendar years
//! (Salesforce facts 4.1).

use std::cmp::Ordering;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// A stretch of days: the first one in it and the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: Date,
    pub(super) after: Date,
}

impl Days {
    /// Where a day lies: before, in (`Equal`) or after the stretch.
    pub(super) fn place(&self, day: Date) -> Ordering {
        match day {
            _ if day < self.first => Ordering::Less,
            _ if day >= self.after => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

/// A calendar unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Which stretch, counted in units from the one that holds today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stretch {
    /// The one so many units away.
    At(i64),
    /// The n before this one; for days, today too.
    Last(Option<i64>),
    /// The n after this one.
    Next(Option<i64>),
    /// The one n units ago.
    Ago,
}

/// Whether a word in capitals is a date literal.
pub(super) fn is_name(word: &str) -> bool {
    meaning(word).is_some()
}

/// Whether the literal has to be followed by a number.
pub(super) fn needs_number(word: &str) -> bool {
    matches!(meaning(word), Some((Stretch::Last(None) | Stretch::Next(None) | Stretch::Ago, _)))
}

/// The days of a literal; none when the number is missing, superfluous or beyond the calendar.
pub(super) fn days(word: &str, n: Option<i64>, now: Timestamp, zone: &TimeZone) -> Option<Days> {
    let (stretch, unit) = meaning(word)?;
    if needs_number(word) != n.is_some() {
        return None;
    }
    let n = n.filter(|n| (0..=1_000_000).contains(n)).or(n.is_none().then_some(0))?;
    let today = now.to_zoned(zone.clone()).date();
    let from = |units: i64| start_of(unit, today)?.checked_add(span(unit, units)).ok();
    let (first, after) = match stretch {
        Stretch::At(units) => (from(units)?, from(units + 1)?),
        Stretch::Ago => (from(-n)?, from(1 - n)?),
        Stretch::Last(fixed) => (from(-fixed.unwrap_or(n))?, from(i64::from(unit == Unit::Day))?),
        Stretch::Next(fixed) => (from(1)?, from(1 + fixed.unwrap_or(n))?),
    };
    Some(Days { first, after })
}

fn meaning(word: &str) -> Option<(Stretch, Unit)> {
    match word {
        "YESTERDAY" => return Some((Stretch::At(-1), Unit::Day)),
        "TODAY" => return Some((Stretch::At(0), Unit::Day)),
        "TOMORROW" => return Some((Stretch::At(1), Unit::Day)),
        "LAST_90_DAYS" => return Some((Stretch::Last(Some(90)), Unit::Day)),
        "NEXT_90_DAYS" => return Some((Stretch::Next(Some(90)), Unit::Day)),
        _ => {}
    }
    if let Some(unit) = word.strip_prefix("N_").and_then(|rest| rest.strip_suffix("S_AGO")) {
        return Some((Stretch::Ago, unit_of(unit)?));
    }
    let (stretch, unit) = word.split_once('_')?;
    if let Some(unit) = unit.strip_prefix("N_").and_then(|rest| rest.strip_suffix('S')) {
        let stretch = match stretch {
            "LAST" => Stretch::Last(None),
            "NEXT" => Stretch::Next(None),
            _ => return None,
        };
        return Some((stretch, unit_of(unit)?));
    }
    let stretch = match stretch {
        "LAST" => Stretch::At(-1),
        "THIS" => Stretch::At(0),
        "NEXT" => Stretch::At(1),
        _ => return None,
    };
    Some((stretch, unit_of(unit).filter(|unit| *unit != Unit::Day)?))
}

fn unit_of(word: &str) -> Option<Unit> {
    match word {
        "DAY" => Some(Unit::Day),
        "WEEK" => Some(Unit::Week),
        "MONTH" => Some(Unit::Month),
        "QUARTER" | "FISCAL_QUARTER" => Some(Unit::Quarter),
        "YEAR" | "FISCAL_YEAR" => Some(Unit::Year),
        _ => None,
    }
}

fn start_of(unit: Unit, day: Date) -> Option<Date> {
    match unit {
        Unit::Day => Some(day),
        Unit::Week => day.checked_sub(i64::from(day.weekday().since(Weekday::Sunday)).days()).ok(),
        Unit::Month => Some(day.first_of_month()),
        Unit::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok(),
        Unit::Year => Some(day.first_of_year()),
    }
}

fn span(unit: Unit, units: i64) -> Span {
    match unit {
        Unit::Day => units.days(),
        Unit::Week => (units * 7).days(),
        Unit::Month => units.months(),
        Unit::Quarter => (units * 3).months(),
        Unit::Year => {
            Span::new().try_years(units).unwrap_or_else(|_| Span::new().years(if units < 0 { -19_998 } else { 19_998 }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(word: &str, n: Option<i64>) -> Option<(String, String)> {
        let now = "2026-11-25T03:00:00Z".parse().expect("an instant");
        let zone = TimeZone::get("America/New_York").expect("a zone");
        days(word, n, now, &zone).map(|days| (days.first.to_string(), days.after.to_string()))
    }

    #[test]
    fn days_are_those_of_the_user() {
        // It is still Tuesday the 24th in New York.
        for (word, n, first, after) in [
            ("TODAY", None, "2026-11-24", "2026-11-25"),
            ("YESTERDAY", None, "2026-11-23", "2026-11-24"),
            ("LAST_N_DAYS", Some(2), "2026-11-22", "2026-11-25"),
            ("NEXT_N_DAYS", Some(2), "2026-11-25", "2026-11-27"),
            ("N_DAYS_AGO", Some(3), "2026-11-21", "2026-11-22"),
            ("THIS_WEEK", None, "2026-11-22", "2026-11-29"),
            ("LAST_N_WEEKS", Some(2), "2026-11-08", "2026-11-22"),
            ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
            ("LAST_QUARTER", None, "2026-07-01", "2026-10-01"),
            ("NEXT_N_FISCAL_QUARTERS", Some(1), "2027-01-01", "2027-04-01"),
            ("THIS_FISCAL_YEAR", None, "2026-01-01", "2027-01-01"),
            ("N_YEARS_AGO", Some(1), "2025-01-01", "2026-01-01"),
            ("LAST_90_DAYS", None, "2026-08-26", "2026-11-25"),
        ] {
            assert_eq!(range(word, n), Some((first.into(), after.into())), "{word}");
        }
    }

    #[test]
    fn a_number_stands_exactly_where_it_belongs() {
        for (word, n) in
            [("TODAY", Some(1)), ("LAST_N_DAYS", None), ("LAST_DAY", None), ("LAST_N_YEARS", Some(i64::MAX))]
        {
            assert_eq!(range(word, n), None, "{word} {n:?}");
        }
        assert_eq!(range("LAST_N_YEARS", Some(1_000_000)), None, "a year before the calendar was found");
        assert!(!is_name("SOMEDAY") && !is_name("N_S_AGO") && !is_name("LAST_N_S"));
    }
}
