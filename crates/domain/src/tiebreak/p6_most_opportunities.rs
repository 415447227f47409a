//! P6, *Most opportunities*.

use super::{Category, Fact, Related, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "most_opportunities",
    number: "P6",
    criterion: "Most opportunities",
    category: Category::Relationship,
    description: "Keeps the accounts with the most opportunities.",
    facts: |_| vec![Fact::Count(Related::Opportunities)],
    look: |_| Ok(Box::new(|candidate| Sight::counted(candidate.count(Related::Opportunities)))),
};
