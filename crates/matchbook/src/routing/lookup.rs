//! What a decision must know of the org: asked for in time, within its share of the org's day, and reused for a while where
//! strangers cause it (spec 7).

mod org;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::account_resolution::ExcludedRecordTypes;
use domain::api_budget::{Allowance, ApiUsage, Purpose, Shares, may_call};
use domain::ask::{Answer, Ask, Known, LookupFailure, Next, RecordId};
use domain::email_domain::EmailAddress;
use domain::org_shape::OrgShape;
use domain::round_robin::HostId;
use domain::routing::{RoutingInput, decide};
use domain::salesforce_settings::SalesforceSettings;
use domain::sync_outcome::{ErrorClass, Refusal};
use jiff::{SignedDuration, Timestamp};
use salesforce::client::{Call, CallError, Client, Session};
use salesforce::composite::{CompositeAnswer, CompositeRequest};

pub(crate) use self::org::ShapeError;
use super::Asker;
use crate::crm::{classify, directory, preflight};
use crate::store::{Connection, LookupOutcome, Spent, StoreError};
use crate::sync::{Engine, OpenSession, SHAPE_LIFETIME, SessionError};

/// How long a stranger's look-up is reused.
const REUSED_FOR: SignedDuration = SignedDuration::from_mins(10);

/// The most answers that are kept to be reused.
const MOST_KEPT: usize = 10_000;

/// Asks orgs what decisions must know.
#[derive(Debug)]
pub(crate) struct Lookups {
    pub(crate) engine: Arc<Engine>,
    /// A decision waits no longer than this for an org.
    pub(crate) deadline: Duration,
    kept: Mutex<BTreeMap<(String, Ask), (Timestamp, Answer)>>,
}

impl Lookups {
    pub(crate) fn new(engine: Arc<Engine>, deadline: Duration) -> Self {
        Lookups { engine, deadline, kept: Mutex::default() }
    }

    /// The input of a decision with what the org says, and its answers. Where the org was not asked, or not in time, the input
    /// says why.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        connection_id: &str,
        input: RoutingInput,
        emails: BTreeMap<HostId, EmailAddress>,
        settings: &SalesforceSettings,
        asker: Asker,
    ) -> Result<(RoutingInput, Known), StoreError> {
        if let (Next::Done(_), _) = decide(&input, &Known::new()) {
            return Ok((input, Known::new()));
        }
        let not_asked = |why: String| Ok((RoutingInput { not_asked: Some(why), ..input.clone() }, Known::new()));
        let Some(connection) = self.engine.store.connection(connection_id).await? else {
            return not_asked("the connection to Salesforce no longer exists".into());
        };
        if let Some(why) = rests(&connection, self.engine.clock.now()) {
            return not_asked(why);
        }
        // In a task of its own: a renewal of access that is broken off would leave its lease behind, and lose a rotated token.
        let task = {
            let (lookups, input, settings) = (Arc::clone(self), input.clone(), settings.clone());
            tokio::spawn(async move { lookups.look_up(&connection, input, &emails, &settings, asker).await })
        };
        match tokio::time::timeout(self.deadline, task).await {
            Ok(Ok(looked_up)) => looked_up,
            Ok(Err(broken)) => {
                tracing::error!(%broken, "a look-up broke off");
                not_asked("the look-up in Salesforce broke off".into())
            }
            Err(_) => not_asked(format!("Salesforce did not answer within {}", seconds(self.deadline))),
        }
    }

    async fn look_up(
        &self,
        connection: &Connection,
        input: RoutingInput,
        emails: &BTreeMap<HostId, EmailAddress>,
        settings: &SalesforceSettings,
        asker: Asker,
    ) -> Result<(RoutingInput, Known), StoreError> {
        let mut lookup = self.begin(connection, asker).await?;
        let found = lookup.run(input.clone(), emails, settings).await;
        let known = self.end(lookup).await?;
        match found {
            Ok(input) => Ok((input, known)),
            Err(Unasked::Store(error)) => Err(error),
            Err(Unasked::Failed(failure)) => {
                Ok((RoutingInput { not_asked: Some(could_not(&failure)), ..input }, Known::new()))
            }
        }
    }

    async fn begin<'a>(&'a self, connection: &'a Connection, asker: Asker) -> Result<Lookup<'a>, StoreError> {
        Ok(Lookup {
            lookups: self,
            connection,
            asker,
            usage: self.engine.store.api_usage(&connection.id, self.engine.clock.now()).await?,
            shares: self.engine.shares(&connection.id).await?,
            counted_before: 0,
            session: None,
            spent: Spent::default(),
            trouble: None,
            known: Known::new(),
        })
    }

    /// Keeps what a look-up cost, and what it means for the connection; gives what it found.
    async fn end(&self, mut lookup: Lookup<'_>) -> Result<Known, StoreError> {
        let outcome = lookup.outcome();
        let (mut spent, purpose) = (lookup.spent, purpose(lookup.asker));
        spent.calls = (spent.calls - lookup.counted_before).max(0);
        let spent = (purpose, self.engine.name.as_str(), &spent);
        self.engine.store.after_lookup(&lookup.connection.id, outcome, spent, self.engine.clock.now()).await?;
        Ok(lookup.known)
    }

    fn kept(&self, connection: &Connection, ask: &Ask, now: Timestamp) -> Option<Answer> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, answer) = kept.get(&(connection.id.clone(), ask.clone()))?;
        (*at + REUSED_FOR > now).then(|| answer.clone())
    }

    fn keep(&self, connection: &Connection, answers: &Known, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, (at, _)| *at + REUSED_FOR > now);
        }
        for (ask, answer) in answers {
            if let Ok(answer) = answer
                && kept.len() < MOST_KEPT
            {
                kept.insert((connection.id.clone(), ask.clone()), (now, answer.clone()));
            }
        }
    }
}

/// Why the org of a connection is not asked now, if it is not.
fn rests(connection: &Connection, now: Timestamp) -> Option<String> {
    if connection.reconnect_needed {
        return Some(format!("the connection {} must be connected to Salesforce again", connection.name));
    }
    let trouble = connection.trouble.as_deref().unwrap_or("Salesforce was in trouble");
    let rests = connection.parked_until.is_some_and(|until| until > now);
    rests.then(|| format!("the connection {} rests: {}", connection.name, trouble.trim_end_matches('.')))
}

fn could_not(failure: &LookupFailure) -> String {
    format!("Salesforce could not be asked ({}: {})", failure.code, failure.message)
}

fn purpose(asker: Asker) -> Purpose {
    match asker {
        Asker::Anonymous { .. } => Purpose::Lookup,
        Asker::SignedIn => Purpose::Sync,
    }
}

/// Such as `3 seconds`.
fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        1000 => "1 second".to_owned(),
        whole if whole % 1000 == 0 => format!("{} seconds", whole / 1000),
        millis => format!("{millis} ms"),
    }
}

/// Why the org was not asked.
enum Unasked {
    Store(StoreError),
    Failed(LookupFailure),
}

impl From<StoreError> for Unasked {
    fn from(error: StoreError) -> Self {
        Unasked::Store(error)
    }
}

fn failed(code: &str, message: impl Into<String>) -> Unasked {
    Unasked::Failed(LookupFailure { class: ErrorClass::Passing, code: code.to_owned(), message: message.into() })
}

/// One look-up.
struct Lookup<'a> {
    lookups: &'a Lookups,
    connection: &'a Connection,
    asker: Asker,
    usage: ApiUsage,
    shares: Shares,
    /// How many of its calls were counted before they were made.
    counted_before: i64,
    session: Option<OpenSession>,
    spent: Spent,
    /// What befell the whole connection.
    trouble: Option<(Refusal, Option<SignedDuration>)>,
    known: Known,
}

impl Lookup<'_> {
    async fn run(
        &mut self,
        mut input: RoutingInput,
        emails: &BTreeMap<HostId, EmailAddress>,
        settings: &SalesforceSettings,
    ) -> Result<RoutingInput, Unasked> {
        let mut org = self.shape(SHAPE_LIFETIME).await?;
        self.find_users(&input, emails, &mut org).await?;
        for host in &mut input.hosts {
            host.user = emails.get(&host.id).and_then(|email| org.users.get(email).cloned().flatten());
        }
        if let Some(resolution) = &mut input.resolution {
            resolution.excluded = ExcludedRecordTypes::of(settings, &org);
        }
        if let Some(name) = ExcludedRecordTypes::unknown(settings, &org) {
            input.not_asked =
                Some(format!("the org has no record type {name} any more, of which records are excluded"));
        }
        input.unseen_fields = input.book_directly.unseen_fields(&org);
        while let (Next::Ask(asks), _) = decide(&input, &self.known) {
            self.ask(asks, &org).await?;
        }
        Ok(input)
    }

    /// Finds the Salesforce users of enabled hosts of whom it is not known, by one query; asks by another whether those who were
    /// set by hand are active (spec 7).
    async fn find_users(
        &mut self,
        input: &RoutingInput,
        emails: &BTreeMap<HostId, EmailAddress>,
        org: &mut OrgShape,
    ) -> Result<(), Unasked> {
        let enabled = || input.hosts.iter().filter(|host| host.enabled).filter_map(|host| emails.get(&host.id));
        let unknown: Vec<EmailAddress> = enabled().filter(|email| !org.users.contains_key(*email)).cloned().collect();
        for some in unknown.chunks(preflight::HOSTS_A_QUERY) {
            let Some(select) = preflight::users_query(some) else { continue };
            let query = |client: Client, session: Session| {
                let select = select.clone();
                async move { client.query(&session, &select, false).await }
            };
            let page = self.call(query).await?;
            let now = self.lookups.engine.clock.now();
            for email in some {
                let user = preflight::only_user(&page.records, email);
                let store = &self.lookups.engine.store;
                store.save_salesforce_user(&self.connection.id, email, user.as_ref(), now).await?;
                org.users.insert(email.clone(), user);
            }
        }
        let mut by_hand = self.lookups.engine.store.users_by_hand(&self.connection.id).await?;
        by_hand.retain(|email, _| enabled().any(|host| host == email));
        let inactive = self.inactive_of(by_hand.values().cloned().collect(), SHAPE_LIFETIME).await?;
        for (email, _) in by_hand.into_iter().filter(|(_, user)| inactive.contains(user)) {
            org.users.insert(email, None);
        }
        Ok(())
    }

    /// Those of some users who are not active; of whom it was not asked that lately, it is asked.
    async fn inactive_of(
        &mut self,
        users: BTreeSet<RecordId>,
        no_older_than: SignedDuration,
    ) -> Result<BTreeSet<RecordId>, Unasked> {
        let engine = &self.lookups.engine;
        let since = engine.clock.now() - no_older_than;
        let mut checks = engine.store.user_checks(&self.connection.id, since).await?;
        let unknown: Vec<RecordId> = users.iter().filter(|user| !checks.contains_key(*user)).cloned().collect();
        for some in unknown.chunks(preflight::HOSTS_A_QUERY) {
            let Some(select) = preflight::active_users_query(some.iter()) else { continue };
            let query = |client: Client, session: Session| {
                let select = select.clone();
                async move { client.query(&session, &select, false).await }
            };
            let rows = self.call(query).await?.records;
            let now = self.lookups.engine.clock.now();
            for user in some {
                let active = rows.iter().any(|row| row.id("Id").is_some_and(|id| id.as_str() == user.0));
                self.lookups.engine.store.save_user_check(&self.connection.id, user, active, now).await?;
                checks.insert(user.clone(), active);
            }
        }
        Ok(users.into_iter().filter(|user| checks.get(user) == Some(&false)).collect())
    }

    /// Answers asks: by what is kept, by one request, and by one search each. A request that fails is a failure of its asks.
    async fn ask(&mut self, mut asks: BTreeSet<Ask>, org: &OrgShape) -> Result<(), Unasked> {
        let now = self.lookups.engine.clock.now();
        if purpose(self.asker) == Purpose::Lookup {
            for ask in asks.clone() {
                if let Some(answer) = self.lookups.kept(self.connection, &ask, now) {
                    asks.remove(&ask);
                    self.known.insert(ask, Ok(answer));
                }
            }
        }
        let requests = directory::requests(asks, org).map_err(|e| failed("UNSENDABLE", e.to_string()))?;
        let mut answers = Known::new();
        if let Some((asks, request)) = requests.together {
            match self.composite(&request).await {
                Ok(answer) => {
                    let session = self.session().await?.session;
                    let (read, pages) =
                        directory::read(&self.lookups.engine.client, &session, &asks, org, answer).await;
                    for page in &pages {
                        self.spent.count(classify::org_count(&page.call, now));
                    }
                    answers = read;
                }
                Err(Unasked::Failed(failure)) => {
                    answers.extend(asks.into_iter().map(|ask| (ask, Err(failure.clone()))));
                }
                Err(store) => return Err(store),
            }
        }
        for (ask, find) in requests.searches {
            let search = |client: Client, session: Session| {
                let find = find.clone();
                async move { client.search(&session, &find).await }
            };
            let answer = match self.call(search).await {
                Ok(records) => directory::found(&ask, org, &records),
                Err(Unasked::Failed(failure)) => Err(failure),
                Err(store) => return Err(store),
            };
            answers.insert(ask, answer);
        }
        if purpose(self.asker) == Purpose::Lookup {
            self.lookups.keep(self.connection, &answers, now);
        }
        self.known.extend(answers);
        Ok(())
    }

    async fn composite(&mut self, request: &CompositeRequest) -> Result<CompositeAnswer, Unasked> {
        let send = |client: Client, session: Session| {
            let request = request.clone();
            async move { client.composite(&session, &request).await }
        };
        self.call(send).await
    }

    /// Makes a call if it may be made. A dead token is renewed once.
    async fn call<T, F>(&mut self, send: impl Fn(Client, Session) -> F) -> Result<T, Unasked>
    where
        F: Future<Output = Call<T>> + Send,
    {
        self.allowed().await?;
        let session = self.session().await?;
        let mut result = self.counted(send(self.lookups.engine.client.clone(), session.session.clone()).await);
        if matches!(result, Err(CallError::Unauthorized)) {
            let renewed = self.lookups.engine.sessions.renew(&self.connection.id, &session.session).await;
            let renewed = self.opened(renewed)?;
            self.allowed().await?;
            result = self.counted(send(self.lookups.engine.client.clone(), renewed.session).await);
        }
        result.map_err(|error| self.failed(classify::failed_call(&error), classify::retry_after(&error)))
    }

    /// Fails where no call may be made now. Those of strangers are counted before they are made, so that many at once keep
    /// to their share.
    async fn allowed(&mut self) -> Result<(), Unasked> {
        let engine = &self.lookups.engine;
        let now = engine.clock.now();
        let allowance = match purpose(self.asker) {
            Purpose::Lookup => engine.store.allow_lookup(&self.connection.id, &engine.name, self.shares, now).await?,
            other => may_call(other, &self.usage, self.shares, now),
        };
        if let Allowance::MayNot { why, .. } = allowance {
            return Err(failed("API_SHARE", why.to_string()));
        }
        self.counted_before += i64::from(purpose(self.asker) == Purpose::Lookup);
        Ok(())
    }

    fn counted<T>(&mut self, call: Call<T>) -> Result<T, CallError> {
        self.spent.count(classify::org_count(&call.record, self.lookups.engine.clock.now()));
        call.result
    }

    async fn session(&mut self) -> Result<OpenSession, Unasked> {
        match &self.session {
            Some(open) => Ok(open.clone()),
            None => {
                let opened = self.lookups.engine.sessions.open(&self.connection.id).await;
                self.opened(opened)
            }
        }
    }

    fn opened(&mut self, opened: Result<OpenSession, SessionError>) -> Result<OpenSession, Unasked> {
        match opened {
            Ok(open) => {
                self.session = Some(open.clone());
                Ok(open)
            }
            Err(SessionError::Store(error)) => Err(Unasked::Store(error)),
            Err(SessionError::Refused(refusal)) => Err(self.failed(refusal, None)),
            Err(SessionError::Busy { .. }) => {
                Err(failed("BUSY", "another instance is renewing the connection's access"))
            }
        }
    }

    fn failed(&mut self, refusal: Refusal, retry_after: Option<SignedDuration>) -> Unasked {
        let failure = classify::lookup_failure(&refusal);
        if refusal.whole_connection {
            self.trouble = Some((refusal, retry_after));
        }
        Unasked::Failed(failure)
    }

    /// What the look-up means for the connection.
    fn outcome(&mut self) -> LookupOutcome {
        match self.trouble.take() {
            Some((refusal, retry_after)) => LookupOutcome::Failed { refusal, retry_after },
            None if self.spent.calls > 0 => LookupOutcome::Answered,
            None => LookupOutcome::NotAsked,
        }
    }
}
