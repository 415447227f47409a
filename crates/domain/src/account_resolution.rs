//! Finding an attendee's Account (spec 5). One resolver serves record linking and routing.
//!
//! The steps are a list, [`steps::STEPS`]; the first that finds candidates wins. Several candidates are narrowed to one by the
//! host filter, by the number of Contacts, and by the tiebreakers.

mod input;
#[cfg(test)]
mod look_alike_tests;
mod steps;
mod websites;

use std::collections::{BTreeMap, BTreeSet};

pub use input::{ContactCounts, ExcludedRecordTypes, LookupSettings, ResolutionInput, account_fields, contacts_ask};
pub use steps::{SkipReason, StepKey};

use crate::account::{AccountRow, Coverage};
use crate::ask::{Answer, Ask, Known, LookupFailure, Next};
use crate::tiebreak::{self, Open, Tie};
use crate::trace::{Removal, Seen, Stage, StageKey, StageResult, Trace};
use steps::{Match, Read, STEPS, Step};

/// What resolution came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The Account.
    Found(Box<ResolvedAccount>),
    /// No step found any that counts; the trace says what each saw.
    NoAccount,
    /// A step could not be asked, so it is not known. Never to be read as [`Resolution::NoAccount`].
    Failed {
        /// Which step.
        step: StageKey,
        /// What went wrong.
        failure: LookupFailure,
    },
}

/// The Account that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedAccount {
    /// The Account.
    pub account: AccountRow,
    /// The step that found it.
    pub step: StepKey,
    /// How many Accounts that step found that count.
    pub candidates: usize,
    /// What chose it among them.
    pub decided_by: DecidedBy,
    /// No candidate's owner is an enabled host: the Account is for records only, and round robin decides the host (spec 6).
    pub no_owner_is_host: bool,
}

impl ResolvedAccount {
    /// What it was chosen over and by, such as `, chosen over 3 others by country match`; empty where it was the only one.
    pub fn chosen_over(&self) -> String {
        let others = match self.candidates {
            0 | 1 => return String::new(),
            2 => "1 other".to_owned(),
            many => format!("{} others", many - 1),
        };
        let by = match &self.decided_by {
            DecidedBy::OnlyCandidate => return String::new(),
            DecidedBy::HostFilter => "since its owner is a host".to_owned(),
            DecidedBy::ContactCounts => "by most contacts at the domain".to_owned(),
            DecidedBy::Rule(key) => {
                let criterion = tiebreak::rule(key).map_or_else(|| key.clone(), |rule| rule.criterion.to_lowercase());
                format!("by {criterion}")
            }
            DecidedBy::FixedOrder => "as the oldest".to_owned(),
        };
        format!(", chosen over {others} {by}")
    }
}

/// What made one Account of several.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// There was but one.
    OnlyCandidate,
    /// The others' owners are not hosts.
    HostFilter,
    /// It has the most Contacts at the domain.
    ContactCounts,
    /// A tiebreaker, by its key.
    Rule(String),
    /// The oldest Account, then the lowest id.
    FixedOrder,
}

/// Finds the Account of an email, or says what must be known first.
pub fn resolve(input: &ResolutionInput, known: &Known) -> (Next<Resolution>, Trace) {
    let mut resolver = Resolver { input, known, trace: Trace::default() };
    let next = match resolver.resolve() {
        Ok(resolution) => Next::Done(resolution),
        Err(asks) => Next::Ask(asks),
    };
    (next, resolver.trace)
}

struct Resolver<'a> {
    input: &'a ResolutionInput,
    known: &'a Known,
    trace: Trace,
}

/// Asks whose answers are missing.
type Missing = BTreeSet<Ask>;

impl Resolver<'_> {
    fn resolve(&mut self) -> Result<Resolution, Missing> {
        for (at, step) in STEPS.iter().enumerate() {
            if let Err(why) = (step.applies)(self.input) {
                self.trace.push(Stage::of(StageKey::Step(step.key), StageResult::Skipped { why: why.to_string() }));
                continue;
            }
            match (step.read)(self.input, self.known) {
                Read::Missing(ask) => return Err(self.missing(ask, &STEPS[at + 1..])),
                Read::Failed(failure) => {
                    let result = StageResult::Failed { failure: failure.clone() };
                    self.trace.push(Stage::of(StageKey::Step(step.key), result));
                    return Ok(Resolution::Failed { step: StageKey::Step(step.key), failure });
                }
                Read::Matches { matches, coverage } => {
                    let candidates = self.admit(step, matches, coverage);
                    if !candidates.is_empty() {
                        return self.choose(step.key, candidates);
                    }
                }
            }
        }
        Ok(Resolution::NoAccount)
    }

    /// The missing answer, and what later steps will ask first: all travel in one request.
    fn missing(&self, ask: Ask, later: &[Step]) -> Missing {
        let first = |step: &Step| (step.applies)(self.input).ok().and_then(|()| (step.prefetch)(self.input));
        let ahead = later.iter().filter_map(first).filter(|ask| !self.known.contains_key(ask));
        std::iter::once(ask).chain(ahead).collect()
    }

    /// Takes the matches that may count, and traces all.
    fn admit(&mut self, step: &Step, matches: Vec<Match>, coverage: Coverage) -> Vec<Match> {
        let mut stage = Stage { coverage, ..Stage::of(StageKey::Step(step.key), StageResult::NothingFound) };
        let mut admitted = BTreeMap::new();
        for found in matches {
            let removed = self.not_a_candidate(step, &found.account);
            self.trace.know(&found.account);
            stage.seen.push(Seen { account: found.account.id.clone(), value: found.value.clone(), removed });
            if stage.seen.last().is_some_and(|seen| seen.removed.is_none()) {
                admitted.insert(found.account.id.clone(), found);
            }
        }
        stage.seen.sort_by(|a, b| a.account.cmp(&b.account));
        if !admitted.is_empty() {
            stage.result = StageResult::Found;
        }
        self.trace.push(stage);
        admitted.into_values().collect()
    }

    fn not_a_candidate(&self, step: &Step, account: &AccountRow) -> Option<Removal> {
        let excluded = account.record_type.as_ref().is_some_and(|own| self.input.excluded.account.contains(own));
        match excluded {
            true => Some(Removal::ExcludedRecordType),
            false if account.person_account && step.key != StepKey::ExistingContact => Some(Removal::PersonAccount),
            false => None,
        }
    }

    fn choose(&mut self, step: StepKey, found: Vec<Match>) -> Result<Resolution, Missing> {
        let candidates = found.len();
        let mut decided_by = DecidedBy::OnlyCandidate;
        let (mut left, no_owner_is_host) = self.filter_hosts(found);
        if left.len() < candidates {
            decided_by = DecidedBy::HostFilter;
        }
        if left.len() > 1 && step == StepKey::ContactEmail && self.input.contact_counts == ContactCounts::MostFirst {
            left = self.most_contacts_first(left);
            decided_by = DecidedBy::ContactCounts;
        }
        let mut rows: Vec<AccountRow> = left.into_iter().map(|found| found.account).collect();
        if let Err(open) = self.add_ungrouped_fields(step, &mut rows) {
            return self.open(open, StageKey::Step(step));
        }
        let (account, tie) = match tiebreak::choose(rows, &self.input.situation, self.known, &mut self.trace) {
            Ok(chosen) => chosen,
            Err(open) => return self.open(open, StageKey::Step(step)),
        };
        match tie {
            Some(Tie::Rule(key)) => decided_by = DecidedBy::Rule(key.to_owned()),
            Some(Tie::FixedOrder) => decided_by = DecidedBy::FixedOrder,
            None => {}
        }
        Ok(Resolution::Found(Box::new(ResolvedAccount { account, step, candidates, decided_by, no_owner_is_host })))
    }

    /// What stands in the way of a choice: an answer that is missing, or a look-up that failed.
    fn open(&self, open: Open, step: StageKey) -> Result<Resolution, Missing> {
        match open {
            Open::Missing(asks) => Err(asks),
            Open::Failed(rule, failure) => {
                let step = rule.map_or(step, |key| StageKey::Rule(key.to_owned()));
                Ok(Resolution::Failed { step, failure })
            }
        }
    }

    /// Accounts found by their Contacts come without the fields that Salesforce does not group by: those that somebody reads are
    /// asked for, and those that only tiebreakers read where several Accounts are left.
    fn add_ungrouped_fields(&self, step: StepKey, rows: &mut [AccountRow]) -> Result<(), Open> {
        let mut fields = match step {
            StepKey::ContactEmail => steps::not_grouped(self.input, self.known),
            _ => BTreeSet::new(),
        };
        if rows.len() == 1 {
            fields.retain(|field| self.input.more_fields.contains(field));
        }
        if fields.is_empty() {
            return Ok(());
        }
        let ask = Ask::AccountFields { of: rows.iter().map(|row| row.id.clone()).collect(), fields };
        let texts = match tiebreak::answered(self.known, ask)? {
            Answer::AccountFields(texts) => texts,
            other => unreachable!("fields of Accounts were asked for, {other:?} came back"),
        };
        for row in rows {
            row.fields.extend(texts.get(&row.id).cloned().unwrap_or_default());
        }
        Ok(())
    }

    /// Removes candidates whose owner is no enabled host, where the owner is to take the meeting. If that leaves nobody, it
    /// removes nobody, and says so.
    fn filter_hosts(&mut self, found: Vec<Match>) -> (Vec<Match>, bool) {
        let Some(hosts) = &self.input.host_users else { return (found, false) };
        let is_host = |found: &Match| hosts.contains(&found.account.owner);
        let nobody = !found.iter().any(is_host);
        let mut stage = Stage::of(StageKey::HostFilter, StageResult::NotNarrowed);
        for candidate in &found {
            let (value, removed) = match is_host(candidate) {
                true => ("The owner is a host", None),
                false => ("The owner is not a host", (!nobody).then_some(Removal::OwnerNotHost)),
            };
            stage.seen.push(Seen { account: candidate.account.id.clone(), value: value.to_owned(), removed });
        }
        if nobody {
            stage.result = StageResult::LeftNobody;
        } else if stage.seen.iter().any(|seen| seen.removed.is_some()) {
            stage.result = StageResult::Narrowed;
        }
        self.trace.push(stage);
        (found.into_iter().filter(|found| nobody || is_host(found)).collect(), nobody)
    }

    fn most_contacts_first(&mut self, found: Vec<Match>) -> Vec<Match> {
        let most = found.iter().map(|found| found.contacts).max().unwrap_or(0);
        let mut stage = Stage::of(StageKey::ContactCounts, StageResult::NotNarrowed);
        for candidate in &found {
            let removed = (candidate.contacts < most).then_some(Removal::FewerContacts);
            stage.seen.push(Seen { account: candidate.account.id.clone(), value: candidate.value.clone(), removed });
        }
        if stage.seen.iter().any(|seen| seen.removed.is_some()) {
            stage.result = StageResult::Narrowed;
        }
        self.trace.push(stage);
        found.into_iter().filter(|found| found.contacts == most).collect()
    }
}

#[cfg(test)]
#[path = "account_resolution_tests.rs"]
mod tests;
