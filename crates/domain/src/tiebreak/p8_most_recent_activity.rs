//! P8, *Most recent activity*.

use super::{Candidate, Category, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "most_recent_activity",
    number: "P8",
    criterion: "Most recent activity",
    category: Category::Activity,
    description: "Keeps the accounts with the latest activity.",
    // LastActivityDate is read of every Account.
    facts: |_| vec![],
    look: |_| Ok(Box::new(see)),
};

fn see(candidate: &Candidate<'_>) -> Sight {
    let Some(date) = candidate.account.last_activity else { return Sight::unranked("(none)") };
    let day = i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day());
    Sight::ranked(date.to_string(), day)
}
