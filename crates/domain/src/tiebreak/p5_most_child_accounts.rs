//! P5, *Most child accounts*.

use super::{Category, Fact, Related, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "most_child_accounts",
    number: "P5",
    criterion: "Most child accounts",
    category: Category::Relationship,
    description: "Keeps the accounts with the most accounts directly below them.",
    facts: |_| vec![Fact::Count(Related::ChildAccounts)],
    look: |_| Ok(Box::new(|candidate| Sight::counted(candidate.count(Related::ChildAccounts)))),
};
