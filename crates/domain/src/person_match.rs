//! Which of several Contacts or Leads with one email is the person (spec 4.1).

use std::cmp::Reverse;

use crate::ask::PersonRow;

/// Those with an Account first, then the latest activity, then the oldest, then the lowest id.
pub fn choose<'a>(people: &[&'a PersonRow]) -> Option<&'a PersonRow> {
    people.iter().copied().min_by_key(|p| (p.account.is_none(), Reverse(p.last_activity), p.created, p.id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::RecordId;
    use crate::sync_plan::examples::person_row;
    use jiff::Timestamp;

    fn person(id: &str, account: Option<&str>, activity: Option<&str>, created: i64) -> PersonRow {
        PersonRow {
            account: account.map(|a| RecordId(a.into())),
            last_activity: activity.map(|a| a.parse().expect("a date")),
            created: Timestamp::from_second(created).expect("in range"),
            ..person_row(id, "jane@acme.example")
        }
    }

    #[test]
    fn one_person_is_chosen_by_a_fixed_order_whatever_order_rows_come_in() {
        let best_first = [
            person("4", Some("a"), Some("2026-05-02"), 9),
            person("3", Some("a"), Some("2026-05-01"), 1),
            person("5", Some("a"), None, 1),
            person("6", Some("a"), None, 1),
            person("2", Some("a"), None, 2),
            person("1", None, Some("2026-06-01"), 1),
        ];
        for skip in 0..best_first.len() {
            let rest: Vec<&PersonRow> = best_first[skip..].iter().rev().collect();
            assert_eq!(choose(&rest).map(|p| &p.id), Some(&best_first[skip].id));
        }
        assert_eq!(choose(&[]), None);
    }
}
