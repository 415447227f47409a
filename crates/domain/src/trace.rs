//! How a decision came about: every step with the candidates, what it saw of each, and who was removed and why (spec 9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{AccountRow, Coverage};
use crate::account_resolution::StepKey;
use crate::ask::{LookupFailure, RecordId};

/// The stages of a decision in the order they were gone through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Every Account that any stage looked at.
    pub accounts: BTreeMap<RecordId, TracedAccount>,
    /// The stages.
    pub stages: Vec<Stage>,
}

/// How an attendee's Account was looked for when their records were written (spec 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionTrace {
    /// The Account that the records are linked to, if one was found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chosen: Option<RecordId>,
    /// The stages.
    pub trace: Trace,
}

/// An Account as the trace names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedAccount {
    /// Its Name.
    pub name: String,
    /// Its owner.
    pub owner: RecordId,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Which.
    pub key: StageKey,
    /// What it came to.
    pub result: StageResult,
    /// What it saw of each candidate, by id.
    pub seen: Vec<Seen>,
    /// Whether it saw all that there is.
    pub coverage: Coverage,
}

/// Which stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKey {
    /// A step of account resolution.
    Step(StepKey),
    /// Candidates whose owner is no host are removed.
    HostFilter,
    /// The most Contacts at the domain come first.
    ContactCounts,
    /// A tiebreaker, by its key.
    Rule(String),
    /// The oldest Account, then the lowest id.
    FixedOrder,
}

/// What a stage came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageResult {
    /// It was not gone through.
    Skipped {
        /// Why, in words.
        why: String,
    },
    /// It could not be asked.
    Failed {
        /// What went wrong.
        failure: LookupFailure,
    },
    /// A step that found no candidate.
    NothingFound,
    /// A step that found candidates.
    Found,
    /// Some candidates were removed, several are left.
    Narrowed,
    /// It told no candidate from another.
    NotNarrowed,
    /// It would have removed all, so it removed none.
    LeftNobody,
    /// One candidate is left.
    Decided,
}

/// What a stage saw of one candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Which.
    pub account: RecordId,
    /// What it saw, for people to read.
    pub value: String,
    /// Why it was removed, if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub removed: Option<Removal>,
}

/// Why a candidate was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Its record type is excluded.
    ExcludedRecordType,
    /// It is a person account, and another person's.
    PersonAccount,
    /// Its owner is no enabled host.
    OwnerNotHost,
    /// Others have more Contacts at the domain.
    FewerContacts,
    /// Others do better by the rule, or are what it looks for.
    Outranked,
    /// Another is older, or as old with a lower id.
    LaterInFixedOrder,
}

impl Removal {
    /// In a few words, which follow what was seen.
    pub fn words(self) -> &'static str {
        match self {
            Removal::ExcludedRecordType => "its record type is excluded",
            Removal::PersonAccount => "it is another person's account",
            Removal::OwnerNotHost => "only a host can take the meeting",
            Removal::FewerContacts => "others have more",
            Removal::Outranked => "others fit better",
            Removal::LaterInFixedOrder => "another comes first",
        }
    }
}

impl Stage {
    /// A stage that saw nobody so far.
    pub fn of(key: StageKey, result: StageResult) -> Self {
        Stage { key, result, seen: Vec::new(), coverage: Coverage::Complete }
    }
}

impl Trace {
    /// Adds a stage.
    pub fn push(&mut self, stage: Stage) {
        self.stages.push(stage);
    }

    /// Notes who an Account is.
    pub fn know(&mut self, account: &AccountRow) {
        let known = TracedAccount { name: account.name.clone(), owner: account.owner.clone() };
        self.accounts.insert(account.id.clone(), known);
    }
}
