//! Searches of a run: calls of their own, since Salesforce takes none inside a composite request.

use domain::ask::{Ask, LookupFailure};
use domain::sync_error::Operation;
use salesforce::client::CallError;
use salesforce::sobject::Record;
use salesforce::sosl::Find;

use super::{Run, Stop, words_of};
use crate::crm::{classify, transcript};
use crate::store::NewCall;
use crate::sync::session::OpenSession;

impl Run<'_> {
    /// Sends a search, and records it. A dead token is renewed once. What Salesforce has against the search itself is a failure
    /// of that look-up; whatever else goes wrong ends the run, as with any call.
    pub(super) async fn search(
        &mut self,
        session: &mut OpenSession,
        ask: &Ask,
        find: &Find,
    ) -> Result<Result<Vec<Record>, LookupFailure>, Stop> {
        let result = match self.search_once(session, ask, find).await? {
            Err(CallError::Unauthorized) => {
                self.renew(session).await?;
                self.search_once(session, ask, find).await?
            }
            other => other,
        };
        match result {
            Ok(records) => Ok(Ok(records)),
            Err(CallError::Refused { status: status @ 400, errors, .. }) => {
                Ok(Err(classify::lookup_failure(&classify::refused_part(status, &errors))))
            }
            Err(error) => {
                let refusal = classify::failed_call(&error);
                Err(self.fail(Operation::LookUp, &refusal, classify::retry_after(&error)))
            }
        }
    }

    async fn search_once(
        &mut self,
        session: &OpenSession,
        ask: &Ask,
        find: &Find,
    ) -> Result<Result<Vec<Record>, CallError>, Stop> {
        let sent_at = self.engine.clock.now();
        let asked = transcript::asked_by_search(&session.session, find);
        let call = self.engine.client.search(&session.session, find).await;
        self.spent.count(classify::org_count(&call.record, self.engine.clock.now()));
        let answered = transcript::found(&call.result);
        let purpose = format!("Search for {}", words_of(ask));
        let new = NewCall { run_id: &self.claimed.run_id, purpose: &purpose, asked: &asked, sent_at };
        self.engine.store.save_read(&new, &answered, call.record.status, call.record.milliseconds).await?;
        Ok(call.result)
    }
}
