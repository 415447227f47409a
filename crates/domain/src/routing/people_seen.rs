//! The Contacts or Leads that a look-up by email saw, in words: which is the attendee's, and why the others are not (spec 9).

use std::fmt;

use crate::ask::PersonRow;

/// Why a person's record does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// Salesforce compares more loosely than by letter.
    OtherEmail,
    /// It is a Lead that was converted.
    Converted,
    /// Its record type is excluded.
    ExcludedRecordType,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOut::OtherEmail => "has another email",
            LeftOut::Converted => "was converted",
            LeftOut::ExcludedRecordType => "has an excluded record type",
        })
    }
}

/// How many are named; of many more nobody reads.
const MOST_NAMED: usize = 10;

/// Such as `003A is the one (last activity 2026-05-02, created 2025-01-01); 003B comes after it (no activity, ...)`.
pub(super) fn words(seen: &[(&PersonRow, Result<(), LeftOut>)], chosen: Option<&PersonRow>) -> String {
    let is_chosen = |row: &PersonRow| chosen.is_some_and(|chosen| chosen.id == row.id);
    let mut seen: Vec<_> = seen.iter().collect();
    seen.sort_by_key(|(row, counts)| (!is_chosen(row), counts.is_err(), &row.id));
    let each = seen.iter().take(MOST_NAMED).map(|(row, counts)| match counts {
        Err(why) => format!("{} {why}", row.id),
        Ok(()) if is_chosen(row) => format!("{} is the one ({})", row.id, values(row)),
        Ok(()) => format!("{} comes after it ({})", row.id, values(row)),
    });
    let mut words = each.collect::<Vec<_>>().join("; ");
    if seen.len() > MOST_NAMED {
        words.push_str(&format!("; and {} more", seen.len() - MOST_NAMED));
    }
    words
}

/// What people with one email are chosen by.
fn values(row: &PersonRow) -> String {
    let account = if row.account.is_some() { "with an account, " } else { "" };
    let activity = row.last_activity.map_or("no activity".to_owned(), |day| format!("last activity {day}"));
    format!("{account}{activity}, created {}", row.created.strftime("%Y-%m-%d"))
}
