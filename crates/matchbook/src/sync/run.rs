//! One sync run: plan, do what the plan says, plan again, until nothing is left to do.

mod search;

use std::collections::BTreeSet;

use domain::account::WebsiteReach;
use domain::account_resolution::LookupSettings;
use domain::api_budget::{Allowance, ApiUsage, Purpose, Shares, may_call};
use domain::ask::{Answer, Ask, Known, Next, RecordId};
use domain::backoff;
use domain::email_domain::EmailAddress;
use domain::org_shape::OrgShape;
use domain::sync_error::{Operation, SyncError, SyncReport, inactive_owners};
use domain::sync_note::Note;
use domain::sync_outcome::{
    ErrorClass, PersonState, Refusal, Synced, SyncedPerson, Verdict, WriteResult, absorb, before_sending, verdict,
};
use domain::sync_plan::{PersonPart, Plan, PlanInput, Planned, Write, is_idle, plan};
use domain::sync_refusals::Refusals;
use domain::tiebreak::Related;
use domain::trace::ResolutionTrace;
use jiff::{SignedDuration, Timestamp};
use salesforce::client::CallError;
use salesforce::composite::{CompositeAnswer, CompositeRequest};

use super::engine::{Engine, SHAPE_LIFETIME};
use super::session::{OpenSession, SessionError};
use crate::crm::directory::FurtherPage;
use crate::crm::{classify, directory, org_shapes, transcript, writer};
use crate::failpoint;
use crate::store::{Claimed, NewCall, Released, RunTold, Spent, StoreError};

/// How often one run may plan; more means that the org and the plan do not come to agree.
const MOST_ROUNDS: usize = 8;

/// How long a connection rests while another instance renews its access.
const RENEWED_SOON: SignedDuration = SignedDuration::from_secs(2);

/// Why a run stops.
enum Stop {
    Store(StoreError),
    Released(Released),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

/// A booking in hand.
pub(super) struct Run<'a> {
    engine: &'a Engine,
    claimed: Claimed,
    synced: Synced,
    refusals: Refusals,
    notes: Vec<Note>,
    /// How the attendee's Account was looked for last, if it was.
    account: Option<ResolutionTrace>,
    report: SyncReport,
    spent: Spent,
    /// The org was described in this run.
    described: bool,
    /// Users whom this run found not to be active.
    inactive_users: BTreeSet<RecordId>,
    /// How the connection looks Accounts up.
    lookup: LookupSettings,
}

impl<'a> Run<'a> {
    pub(super) fn new(engine: &'a Engine, claimed: Claimed) -> Self {
        Run {
            engine,
            synced: claimed.synced.clone(),
            claimed,
            refusals: Refusals::default(),
            notes: Vec::new(),
            account: None,
            report: SyncReport::default(),
            spent: Spent::default(),
            described: false,
            inactive_users: BTreeSet::new(),
            lookup: LookupSettings::default(),
        }
    }

    /// Runs to the end and releases the booking.
    pub(super) async fn go(mut self) -> Result<Released, StoreError> {
        let released = match self.rounds().await {
            Ok(released) | Err(Stop::Released(released)) => released,
            Err(Stop::Store(error)) => return Err(error),
        };
        let notes: Vec<String> = self.notes.iter().map(Note::to_string).collect();
        let now = self.engine.clock.now();
        if !matches!(released, Released::Parked { .. }) {
            self.spent.rest = used_up(&self.spent, now);
        }
        failpoint::reach(failpoint::BEFORE_RELEASE).await;
        self.refusals.failures.drain(..).for_each(|error| self.report.fail(error));
        self.report.take_notes(&self.notes);
        let told = RunTold { notes: &notes, account: self.account.as_ref(), report: &self.report };
        self.engine.store.release(&self.claimed, &self.synced, &released, told, &self.spent, now).await?;
        Ok(released)
    }

    async fn rounds(&mut self) -> Result<Released, Stop> {
        if is_idle(&self.claimed.wanted, &self.synced) {
            return Ok(Released::Synced);
        }
        self.lookup = self.engine.lookup_settings(&self.claimed.connection_id).await?;
        let mut session = self.session().await?;
        let mut org = self.shape(&mut session).await?;
        let mut known = Known::new();
        for _ in 0..MOST_ROUNDS {
            match self.plan(&org, &known) {
                Next::Ask(asks) => self.ask(&mut session, &mut org, asks, &mut known).await?,
                Next::Done(Plan::InStep) => {
                    self.report.reach_org();
                    return Ok(Released::Synced);
                }
                Next::Done(Plan::Adopt(found)) => self.synced = *found,
                Next::Done(Plan::Write { found, writes, state }) => {
                    if self.write(&mut session, found, &writes, &state).await? {
                        // What was known before a write need not hold after it.
                        known.clear();
                    }
                    org.inactive_users.append(&mut self.inactive_users);
                    if self.refusals.wants_describe() {
                        let before = std::mem::take(&mut org);
                        org = self.described_anew(&mut session, &before).await?;
                        self.refusals.take_shape(&before, &org);
                    }
                }
                Next::Done(Plan::Wait { until }) => {
                    let reason = "Salesforce did not answer a write. Matchbook is looking whether it took effect before it writes again.";
                    return Ok(Released::Waiting { until, reason: reason.into(), failed: false });
                }
                Next::Done(Plan::Hold { reason }) => {
                    // Whoever mends it may change the org: the next run asks what it looks like.
                    self.engine.store.forget_org(&self.claimed.connection_id).await?;
                    self.report.fail(SyncError::on_hold(&reason));
                    return Ok(Released::Held { reason });
                }
                Next::Done(Plan::Failed(failure)) => {
                    let refusal = Refusal::new(failure.class, failure.code, failure.message, "");
                    return Err(self.fail(Operation::LookUp, &refusal, None));
                }
            }
        }
        let message = "What was written and what Salesforce shows did not come to agree";
        let advice = "Look at the latest calls below; it is tried again by itself.";
        let refusal = Refusal::new(ErrorClass::Passing, "NO_AGREEMENT", message, advice);
        Err(self.fail(Operation::Plan, &refusal, None))
    }

    fn plan(&mut self, org: &OrgShape, known: &Known) -> Next<Plan> {
        let url = self.engine.public_url.as_ref().map(|base| format!("{base}/bookings/{}", self.claimed.id.0));
        let input = PlanInput {
            id: &self.claimed.id,
            wanted: &self.claimed.wanted,
            settings: &self.claimed.settings,
            lookup: &self.lookup,
            hosts: &self.claimed.hosts,
            routed_account: self.claimed.routed_account.as_ref(),
            event_type: &self.claimed.event_type,
            url: url.as_deref(),
            assignment_reason: self.claimed.assignment_reason.as_deref(),
            refusals: &self.refusals,
            synced: &self.synced,
            org,
            now: self.engine.clock.now(),
        };
        let Planned { next, notes, account } = plan(input, known);
        if account.is_some() {
            self.account = account;
        }
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        next
    }

    async fn session(&mut self) -> Result<OpenSession, Stop> {
        self.engine.sessions.open(&self.claimed.connection_id).await.map_err(|e| self.no_session(e))
    }

    fn no_session(&mut self, error: SessionError) -> Stop {
        match error {
            SessionError::Store(error) => Stop::Store(error),
            SessionError::Refused(refusal) => self.fail(Operation::SignIn, &refusal, None),
            SessionError::Busy { until } => {
                let soon = self.engine.clock.now() + RENEWED_SOON;
                let reason = "Another instance is renewing this connection's access.".to_owned();
                Stop::Released(Released::Parked { until: until.min(soon).max(self.engine.clock.now()), reason })
            }
        }
    }

    /// The org's shape, described now if it was not described lately.
    async fn shape(&mut self, session: &mut OpenSession) -> Result<OrgShape, Stop> {
        let connection = self.claimed.connection_id.clone();
        if let Some(known) = self.engine.known_shape(&connection, SHAPE_LIFETIME).await? {
            return Ok(OrgShape { connection_user: session.user_id.clone().map(RecordId), ..known });
        }
        self.describe(session).await
    }

    /// The org's shape after a refusal that may be of its making; described just now, it is as it is.
    async fn described_anew(&mut self, session: &mut OpenSession, before: &OrgShape) -> Result<OrgShape, Stop> {
        if self.described {
            return Ok(before.clone());
        }
        self.describe(session).await
    }

    async fn describe(&mut self, session: &mut OpenSession) -> Result<OrgShape, Stop> {
        let connection = self.claimed.connection_id.clone();
        self.described = true;
        let request = org_shapes::request().map_err(|e| self.unsendable(&e.to_string()))?;
        let answer = self.read(session, "Describe Contact, Lead, Account and Event", &request).await?;
        let shapes = org_shapes::read(&answer).map_err(|refusal| self.fail(Operation::LookUp, &refusal, None))?;
        self.engine.keep_shapes(&connection, shapes).await?;
        match self.engine.known_shape(&connection, SHAPE_LIFETIME).await? {
            Some(shape) => Ok(OrgShape { connection_user: session.user_id.clone().map(RecordId), ..shape }),
            None => Err(self.unsendable("What Salesforce described could not be kept")),
        }
    }

    /// Answers the plan's asks by one request, and searches by one each.
    async fn ask(
        &mut self,
        session: &mut OpenSession,
        org: &mut OrgShape,
        asks: BTreeSet<Ask>,
        known: &mut Known,
    ) -> Result<(), Stop> {
        let requests = directory::requests(asks, org).map_err(|e| self.unsendable(&e.to_string()))?;
        let mut answers = Known::new();
        if let Some((asks, request)) = &requests.together {
            let answer = self.read(session, &purpose_of(asks), request).await?;
            let (read, pages) = directory::read(&self.engine.client, &session.session, asks, org, answer).await;
            self.keep_pages(&pages).await?;
            answers = read;
        }
        for (ask, find) in requests.searches {
            let found = self.search(session, &ask, &find).await?;
            let answer = found.and_then(|records| directory::found(&ask, org, &records));
            answers.insert(ask, answer);
        }
        for (ask, answer) in &answers {
            if let (Ask::Users(email), Ok(Answer::Users(ids))) = (ask, answer) {
                let user = (ids.len() == 1).then(|| ids[0].clone());
                let connection = &self.claimed.connection_id;
                self.engine
                    .store
                    .save_salesforce_user(connection, email, user.as_ref(), self.engine.clock.now())
                    .await?;
                org.users.insert(email.clone(), user);
            }
        }
        known.extend(answers);
        Ok(())
    }

    async fn keep_pages(&mut self, pages: &[FurtherPage]) -> Result<(), Stop> {
        for FurtherPage { call, told: (asked, answered) } in pages {
            let now = self.engine.clock.now();
            self.spent.count(classify::org_count(call, now));
            let new = NewCall { run_id: &self.claimed.run_id, purpose: "Read the next page", asked, sent_at: now };
            self.engine.store.save_read(&new, answered, call.status, call.milliseconds).await?;
        }
        Ok(())
    }

    /// Sends a request that changes nothing, and records it. A dead token is renewed once.
    async fn read(
        &mut self,
        session: &mut OpenSession,
        purpose: &str,
        request: &CompositeRequest,
    ) -> Result<CompositeAnswer, Stop> {
        match self.read_once(session, purpose, request).await? {
            Err(CallError::Unauthorized) => {
                self.renew(session).await?;
                self.read_once(session, purpose, request).await?
            }
            other => other,
        }
        .map_err(|error| self.fail(Operation::LookUp, &classify::failed_call(&error), classify::retry_after(&error)))
    }

    async fn read_once(
        &mut self,
        session: &OpenSession,
        purpose: &str,
        request: &CompositeRequest,
    ) -> Result<Result<CompositeAnswer, CallError>, Stop> {
        let sent_at = self.engine.clock.now();
        let asked = transcript::asked(&session.session, request);
        let call = self.engine.client.composite(&session.session, request).await;
        self.spent.count(classify::org_count(&call.record, self.engine.clock.now()));
        let answered = transcript::answered(&call.result);
        let new = NewCall { run_id: &self.claimed.run_id, purpose, asked: &asked, sent_at };
        self.engine.store.save_read(&new, &answered, call.record.status, call.record.milliseconds).await?;
        Ok(call.result)
    }

    /// Sends planned writes: committed before they leave, and their answers kept at once. Tells whether any took effect, or may
    /// have.
    async fn write(
        &mut self,
        session: &mut OpenSession,
        found: Vec<SyncedPerson>,
        writes: &[Write],
        state: &PersonState,
    ) -> Result<bool, Stop> {
        let request = writer::request(writes).map_err(|e| self.unsendable(&e.to_string()))?;
        let sent_at = self.engine.clock.now();
        let asked = transcript::asked(&session.session, &request);
        let email = &self.claimed.wanted.booking.attendee.email;
        let sent = before_sending(&self.synced, found, writes, email, sent_at);
        let purpose = purpose_of_writes(writes);
        let new = NewCall { run_id: &self.claimed.run_id, purpose: &purpose, asked: &asked, sent_at };
        let call_id = self.engine.store.before_sending(&self.claimed.lease, &sent, &new).await?;
        failpoint::reach(failpoint::BEFORE_SEND).await;
        let call = self.engine.client.composite(&session.session, &request).await;
        failpoint::reach(failpoint::BEFORE_SAVE).await;
        self.spent.count(classify::org_count(&call.record, self.engine.clock.now()));
        let results = writer::results(writes, &call.result);
        self.synced = absorb(&sent, writes, &results, email, state);
        let answered = transcript::answered(&call.result);
        let (status, milliseconds) = (call.record.status, call.record.milliseconds);
        self.engine
            .store
            .after_answer(&self.claimed.lease, &self.synced, &call_id, &answered, status, milliseconds)
            .await?;
        if matches!(call.result, Err(CallError::Unauthorized)) {
            // Nothing was done; with a new token it is planned and committed anew.
            self.renew(session).await?;
            return Ok(true);
        }
        let settings = &self.claimed.settings;
        let mended = self.refusals.take(writes, &results, email, |target| settings.fields_of_rows(target));
        self.report.take_answers(writes, &results, &mended, email);
        for user in inactive_owners(writes, &results) {
            let now = self.engine.clock.now();
            self.engine.store.save_user_check(&self.claimed.connection_id, &user, false, now).await?;
            self.inactive_users.insert(user);
        }
        match verdict(writes, &results, &mended) {
            Verdict::PlanAgain => Ok(results.iter().any(|result| !matches!(result, WriteResult::Refused(_)))),
            Verdict::Retry(refusal) => {
                Err(self.put_off(&refusal, call.result.as_ref().err().and_then(classify::retry_after)))
            }
            Verdict::Hold(refusal) => {
                // Whoever mends it may change the org: the next run asks what it looks like.
                self.engine.store.forget_org(&self.claimed.connection_id).await?;
                Err(self.put_off(&refusal, None))
            }
        }
    }

    async fn renew(&mut self, session: &mut OpenSession) -> Result<(), Stop> {
        let renewed = self.engine.sessions.renew(&self.claimed.connection_id, &session.session).await;
        *session = renewed.map_err(|e| self.no_session(e))?;
        Ok(())
    }

    /// Keeps that something could not be done, for the run ends with it.
    fn fail(&mut self, operation: Operation, refusal: &Refusal, retry_after: Option<SignedDuration>) -> Stop {
        self.report.fail(SyncError::of_run(operation, refusal));
        self.put_off(refusal, retry_after)
    }

    /// What a refusal does to the run, by its class: tried again by the schedule, or held for a person. Trouble of the whole
    /// connection parks that, not each of its bookings.
    fn put_off(&self, refusal: &Refusal, retry_after: Option<SignedDuration>) -> Stop {
        let reason = format!("{} ({}). {}", refusal.message.trim_end_matches('.'), refusal.code, refusal.advice);
        let reason = reason.trim().to_owned();
        let before = if refusal.whole_connection { self.claimed.connection_failures } else { self.claimed.failures };
        let failures = u32::try_from(before + 1).unwrap_or(u32::MAX);
        let wait = backoff::wait(refusal.class, failures, retry_after, jitter(self.engine.clock.now()));
        Stop::Released(match wait.map(|wait| self.engine.clock.now() + wait) {
            Some(until) if refusal.whole_connection => Released::Parked { until, reason },
            Some(until) => Released::Waiting { until, reason, failed: true },
            None => Released::Held { reason },
        })
    }

    fn unsendable(&mut self, message: &str) -> Stop {
        let advice = "Please report this with the booking's id.";
        self.fail(Operation::Plan, &Refusal::new(ErrorClass::Data, "UNSENDABLE", message, advice), None)
    }
}

/// Until when the connection must rest since the org's day is used up, and why.
fn used_up(spent: &Spent, now: Timestamp) -> Option<(Timestamp, String)> {
    let usage = ApiUsage { org: spent.org, spent: Vec::new() };
    match may_call(Purpose::Sync, &usage, Shares::default(), now) {
        Allowance::May => None,
        Allowance::MayNot { why, until } => {
            Some((until, format!("{why}. Syncs go on by themselves as they come back.")))
        }
    }
}

/// A number from 0 to 1 that the present microsecond scatters, so that a run by a clock of its own is repeatable.
fn jitter(now: Timestamp) -> f64 {
    let [first, ..] = now.as_microsecond().wrapping_mul(0x1E37_79B9_7F4A_7C15).to_be_bytes();
    f64::from(first) / 255.0
}

fn purpose_of(asks: &BTreeSet<Ask>) -> String {
    format!("Look up {}", asks.iter().map(words_of).collect::<Vec<_>>().join(" and "))
}

/// What an ask is after.
fn words_of(ask: &Ask) -> String {
    match ask {
        Ask::Contacts { emails, .. } | Ask::ContactsWithAccounts { emails, .. } => {
            format!("the Contacts with {}", listed(emails))
        }
        Ask::Leads { emails, .. } => format!("the Leads with {}", listed(emails)),
        Ask::Person { kind, .. } => format!("the {} as it is now", kind.object()),
        Ask::OpenOpportunity(_) => "the Account's open Opportunity".to_owned(),
        Ask::Users(email) => format!("the user with {email}"),
        Ask::EventOf(_) | Ask::EventLike { .. } => "the Event of this booking".to_owned(),
        Ask::EventNow { .. } => "the Event as it is now".to_owned(),
        Ask::Account { .. } => "the Account as it is now".to_owned(),
        Ask::AccountsByWebsite(search) => match &search.reach {
            WebsiteReach::Label(label) => format!("the Accounts with a website of {label} under any suffix"),
            WebsiteReach::Domain(domain) | WebsiteReach::Exactly(domain) => {
                format!("the Accounts with the website {domain}")
            }
        },
        Ask::RelatedCount { related: Related::ChildAccounts, .. } => "how many Accounts are below each".to_owned(),
        Ask::RelatedCount { related: Related::Opportunities, .. } => "how many Opportunities each has".to_owned(),
        Ask::RelatedCount { related: Related::Contacts, .. } => "how many Contacts each has".to_owned(),
        Ask::AccountFields { .. } => "more fields of the Accounts".to_owned(),
        Ask::AccountsByContactDomain { domain, .. } => format!("the Accounts of Contacts at {domain}"),
    }
}

fn listed(emails: &BTreeSet<EmailAddress>) -> String {
    emails.iter().map(EmailAddress::as_written).collect::<Vec<_>>().join(", ")
}

fn purpose_of_writes(writes: &[Write]) -> String {
    let people = writes.iter().filter(|write| matches!(write, Write::CreatePerson { .. })).count();
    let mut words: Vec<String> = writes
        .iter()
        .map(|write| match write {
            Write::CreatePerson { kind, .. } if people == 1 => format!("create the {}", kind.object()),
            Write::CreatePerson { kind, .. } => format!("create {people} {}s", kind.object()),
            Write::UpdatePerson { kind, part: PersonPart::Owner, .. } => {
                format!("change the {}'s owner", kind.object())
            }
            Write::UpdatePerson { kind, .. } => format!("change the {}", kind.object()),
            Write::CreateEvent { .. } | Write::UpsertEvent { .. } => "create the Event".to_owned(),
            Write::UpdateEvent { .. } => "change the Event".to_owned(),
            Write::DeleteEvent { .. } => "delete the Event".to_owned(),
        })
        .collect();
    words.dedup();
    let text = words.join(" and ");
    text[..1].to_uppercase() + &text[1..]
}
