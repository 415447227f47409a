//! Which of several Accounts it is (spec 6).

use crate::account::AccountRow;
use crate::trace::{Removal, Seen, Stage, StageKey, StageResult, Trace};

/// The oldest Account, then the one with the lowest id: what decides when nothing else does, so that no choice is arbitrary.
///
/// # Panics
/// If there is no candidate.
pub fn choose(candidates: Vec<AccountRow>, trace: &mut Trace) -> AccountRow {
    let several = candidates.len() > 1;
    let order = |row: &AccountRow| (row.created, row.id.clone());
    let winner = candidates.iter().min_by_key(|row| order(row)).cloned().expect("there is a candidate");
    if several {
        let seen = candidates.iter().map(|row| Seen {
            account: row.id.clone(),
            value: row.created.to_string(),
            removed: (row.id != winner.id).then_some(Removal::LaterInFixedOrder),
        });
        let mut stage = Stage::of(StageKey::FixedOrder, StageResult::Decided);
        stage.seen = seen.collect();
        stage.seen.sort_by(|a, b| a.account.cmp(&b.account));
        trace.push(stage);
    }
    winner
}
