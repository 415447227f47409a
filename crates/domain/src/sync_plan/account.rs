//! The Account that the attendee belongs to: the one that routing found, else the one that resolution finds (spec 5).

use std::collections::BTreeSet;

use super::{Plan, Planner, Stop};
use crate::account::AccountRow;
use crate::account_merges::{AfterMerges, account_after_merges};
use crate::account_resolution::{ExcludedRecordTypes, Resolution, resolve};
use crate::ask::{Next, RecordId};
use crate::email_domain::EmailAddress;
use crate::sync_note::Note;
use crate::trace::ResolutionTrace;

impl Planner<'_> {
    /// The attendee's Account for a record that is created now, where the settings ask for one.
    pub(super) fn account_of_new(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Option<RecordId>, Stop> {
        match self.input.settings.creates_under_account() && !self.skips_creation() {
            true => self.account(guests),
            false => Ok(None),
        }
    }

    /// The attendee's Account. What routing found is not looked for again, unless it cannot be used any more.
    pub(super) fn account(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Option<RecordId>, Stop> {
        match self.routed_account()? {
            Some(account) => Ok(Some(account)),
            None => self.resolved_account(guests),
        }
    }

    fn resolved_account(&mut self, guests: &BTreeSet<EmailAddress>) -> Result<Option<RecordId>, Stop> {
        let emails = guests.iter().chain([&self.booking().attendee.email]).cloned().collect();
        let (next, trace) = resolve(&self.resolution_input(&emails), self.known);
        let next = match next {
            Next::Ask(asks) => {
                self.asks.extend(asks);
                return Err(Stop::Ask);
            }
            Next::Done(resolution) => resolution,
        };
        let chosen = match &next {
            Resolution::Found(found) if !found.account.person_account => Some(found.account.id.clone()),
            _ => None,
        };
        self.account = Some(ResolutionTrace { chosen, trace });
        match next {
            // Salesforce takes no Contact under it but its own, which is found by email.
            Resolution::Found(found) if found.account.person_account => Ok(None),
            Resolution::Found(found) => {
                let (name, step, over) = (found.account.name.clone(), found.step.label(), found.chosen_over());
                self.notes.push(Note::AccountFound { name, step, over });
                Ok(Some(found.account.id))
            }
            Resolution::NoAccount => {
                self.notes.push(Note::NoAccountFound);
                Ok(None)
            }
            Resolution::Failed { failure, .. } => Err(Stop::plan(Plan::Failed(failure))),
        }
    }

    /// The Account that routing found, as it is now: itself, or the one that it was merged into. None where routing found
    /// none, or where it cannot be used any more.
    fn routed_account(&mut self) -> Result<Option<RecordId>, Stop> {
        let Some(routed) = self.input.routed_account else { return Ok(None) };
        match account_after_merges(routed, &BTreeSet::new(), self.known) {
            Next::Ask(asks) => {
                self.asks.extend(asks);
                Err(Stop::Ask)
            }
            Next::Done(AfterMerges::Stands { account, merges }) => Ok(self.usable(*account, merges > 0)),
            Next::Done(AfterMerges::Gone(why)) => {
                self.notes.push(Note::RoutedAccountGone { why });
                Ok(None)
            }
            Next::Done(AfterMerges::Failed(failure)) => Err(Stop::plan(Plan::Failed(failure))),
        }
    }

    /// The same rules as for the candidates of resolution. A person account is left to it without a word: it finds the one of
    /// the attendee by their own Contact, and no other is theirs.
    fn usable(&mut self, account: AccountRow, merged: bool) -> Option<RecordId> {
        if account.person_account {
            return None;
        }
        let excluded = ExcludedRecordTypes::of(self.input.settings, self.input.org).account;
        let name = account.name;
        if account.record_type.is_some_and(|own| excluded.contains(&own)) {
            self.notes.push(Note::RoutedAccountExcluded { name });
            return None;
        }
        self.notes.push(Note::RoutedAccountUsed { name, merged });
        Some(account.id)
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
