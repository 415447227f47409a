//! P7, *Most contacts*.

use super::{Category, Fact, Related, Sight, Tiebreaker};

/// The rule.
pub(super) const RULE: Tiebreaker = Tiebreaker {
    key: "most_contacts",
    number: "P7",
    criterion: "Most contacts",
    category: Category::Relationship,
    description: "Keeps the accounts with the most contacts.",
    facts: |_| vec![Fact::Count(Related::Contacts)],
    look: |_| Ok(Box::new(|candidate| Sight::counted(candidate.count(Related::Contacts)))),
};
