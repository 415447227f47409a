//! Which Account stands for one that was known before: itself, or the one that it was merged into (spec 5).
//!
//! A merge deletes the losers and leaves the master's id in their MasterRecordId. Once the recycle bin is emptied, nobody
//! can tell any more: the Account is then gone.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::{AccountNow, AccountRow};
use crate::ask::{Answer, Ask, Known, LookupFailure, Next, RecordId};

/// The most merges, one after the other, that are followed; each is an ask of its own.
const MOST_MERGES: usize = 5;

/// What became of an Account. Its words are [`AfterMerges::to_string`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterMerges {
    /// It is there, or the one is that it was merged into.
    Stands {
        /// The Account that stands for it now.
        account: Box<AccountRow>,
        /// How many merges led there; none where it is the Account itself.
        merges: usize,
    },
    /// No Account stands for it.
    Gone(WhyGone),
    /// It could not be asked, so it is not known. Never to be read as [`AfterMerges::Gone`].
    Failed(LookupFailure),
}

/// Why no Account stands for one that was known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyGone {
    /// Somebody deleted it.
    Deleted,
    /// It is not even in the recycle bin, or this user cannot see it.
    NotFound,
    /// It was merged more often than is followed.
    MergedTooOften,
}

impl AfterMerges {
    /// The Account that stands for it; none where it is gone or not known.
    pub fn account(&self) -> Option<&AccountRow> {
        match self {
            AfterMerges::Stands { account, .. } => Some(account),
            AfterMerges::Gone(_) | AfterMerges::Failed(_) => None,
        }
    }
}

impl fmt::Display for AfterMerges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AfterMerges::Stands { merges: 0, .. } => f.write_str("the Account is still there"),
            AfterMerges::Stands { account, .. } => write!(f, "the Account was merged into {}", account.name),
            AfterMerges::Gone(WhyGone::Deleted) => f.write_str("the Account was deleted in Salesforce"),
            AfterMerges::Gone(WhyGone::NotFound) => {
                f.write_str("the Account is gone from Salesforce, or the connection's user cannot see it any more")
            }
            AfterMerges::Gone(WhyGone::MergedTooOften) => {
                write!(f, "the Account was merged more than {MOST_MERGES} times one after the other")
            }
            AfterMerges::Failed(failure) => write!(f, "the Account could not be looked up: {}", failure.message),
        }
    }
}

/// The Account that stands for `id` now, or what must be known first. `fields` are read besides the usual ones.
pub fn account_after_merges(id: &RecordId, fields: &BTreeSet<String>, known: &Known) -> Next<AfterMerges> {
    let mut at = id.clone();
    for merges in 0..=MOST_MERGES {
        let ask = Ask::Account { id: at.clone(), fields: fields.clone() };
        let now = match known.get(&ask) {
            None => return Next::Ask(BTreeSet::from([ask])),
            Some(Ok(Answer::Account(now))) => now,
            Some(Ok(other)) => unreachable!("an Account was asked for, {other:?} came back"),
            Some(Err(failure)) => return Next::Done(AfterMerges::Failed(failure.clone())),
        };
        at = match now {
            None => return Next::Done(AfterMerges::Gone(WhyGone::NotFound)),
            Some(AccountNow { account, deleted: false, .. }) => {
                return Next::Done(AfterMerges::Stands { account: Box::new(account.clone()), merges });
            }
            Some(AccountNow { merged_into: None, .. }) => return Next::Done(AfterMerges::Gone(WhyGone::Deleted)),
            Some(AccountNow { merged_into: Some(master), .. }) => master.clone(),
        };
    }
    Next::Done(AfterMerges::Gone(WhyGone::MergedTooOften))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_outcome::ErrorClass;

    fn id(text: &str) -> RecordId {
        RecordId(text.to_owned())
    }

    fn account(id: &str, deleted: bool, merged_into: Option<&str>) -> AccountNow {
        let account = AccountRow {
            id: RecordId(id.to_owned()),
            name: format!("Account {id}"),
            owner: RecordId("005".to_owned()),
            record_type: None,
            person_account: false,
            created: jiff::Timestamp::UNIX_EPOCH,
            last_activity: None,
            fields: [].into(),
        };
        AccountNow { account, deleted, merged_into: merged_into.map(|id| RecordId(id.to_owned())) }
    }

    /// Asks an org with these Accounts until it is decided. Gives the words, the Account's id, and the number of asks.
    fn after(org: &[AccountNow]) -> (String, Option<RecordId>, usize) {
        let fields = BTreeSet::from(["Website".to_owned()]);
        let mut known = Known::new();
        for asked in 0..20 {
            match account_after_merges(&id("1"), &fields, &known) {
                Next::Done(after) => return (after.to_string(), after.account().map(|a| a.id.clone()), asked),
                Next::Ask(asks) => known.extend(asks.into_iter().map(|ask| {
                    let Ask::Account { id, fields: asked } = &ask else { panic!("{ask:?} is not about an Account") };
                    assert_eq!(asked, &fields);
                    let now = org.iter().find(|now| now.account.id == *id).cloned();
                    (ask, Ok(Answer::Account(now)))
                })),
            }
        }
        panic!("it does not come to an end");
    }

    #[test]
    fn an_account_that_stands_is_itself() {
        assert_eq!(after(&[account("1", false, None)]), ("the Account is still there".into(), Some(id("1")), 1));
        let undeleted = account("1", false, Some("2"));
        assert_eq!(after(&[undeleted]).1, Some(id("1")), "what is not deleted stands, whatever it says");
    }

    #[test]
    fn a_merged_account_is_the_one_that_took_its_place() {
        let org = [account("1", true, Some("2")), account("2", true, Some("3")), account("3", false, None)];
        assert_eq!(after(&org), ("the Account was merged into Account 3".into(), Some(id("3")), 3));
    }

    #[test]
    fn an_account_is_gone_when_it_or_its_master_was_deleted_or_cannot_be_seen() {
        let deleted = "the Account was deleted in Salesforce".to_owned();
        assert_eq!(after(&[account("1", true, None)]), (deleted.clone(), None, 1));
        assert_eq!(after(&[account("1", true, Some("2")), account("2", true, None)]), (deleted, None, 2));
        let gone = "the Account is gone from Salesforce, or the connection's user cannot see it any more".to_owned();
        assert_eq!(after(&[]), (gone.clone(), None, 1));
        assert_eq!(after(&[account("1", true, Some("2"))]), (gone, None, 2));
    }

    #[test]
    fn a_circle_of_merges_comes_to_an_end() {
        let org = [account("1", true, Some("2")), account("2", true, Some("1"))];
        let (words, account, asked) = after(&org);
        assert_eq!((words.as_str(), account), ("the Account was merged more than 5 times one after the other", None));
        assert_eq!(asked, 2, "what is known is not asked again");
    }

    #[test]
    fn a_failed_look_up_is_not_a_missing_account() {
        let failure =
            LookupFailure { class: ErrorClass::Passing, code: "X".into(), message: "It took too long".into() };
        let ask = Ask::Account { id: id("1"), fields: BTreeSet::new() };
        let known = Known::from([(ask, Err(failure.clone()))]);
        let after = account_after_merges(&id("1"), &BTreeSet::new(), &known);
        assert_eq!(after, Next::Done(AfterMerges::Failed(failure)));
    }
}
