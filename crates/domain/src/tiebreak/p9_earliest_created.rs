//! P9, *Earliest created*.

use super::{Category, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "earliest_created",
    number: "P9",
    criterion: "Earliest created",
    category: Category::Activity,
    description: "Keeps the accounts that were created first.",
    // CreatedDate is read of every Account.
    facts: |_| vec![],
    look: |_| {
        Ok(Box::new(|candidate| {
            let created = candidate.account.created;
            Sight::ranked(created.to_string(), -created.as_microsecond())
        }))
    },
};
