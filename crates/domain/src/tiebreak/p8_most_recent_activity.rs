//! P8, *Most recent activity*.

use super::{Category, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "most_recent_activity",
    number: "P8",
    criterion: "Most recent activity",
    category: Category::Activity,
    description: "Keeps the accounts with the latest activity.",
    // LastActivityDate is read of every Account.
    facts: |_| vec![],
    applies: |_| Ok(()),
    see: |_, candidate| match candidate.account.last_activity {
        Some(date) => {
            let day = i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day());
            Sight::ranked(date.to_string(), day)
        }
        None => Sight::unranked("(none)"),
    },
};
