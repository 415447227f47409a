//! Testing a connection: a real round trip, and a preflight of what its user may do (spec 2).

use domain::preflight::{ConnectionTest, Finding, HostUsers, Preflight, Severity, SignedIn, Use, findings};
use domain::sync_outcome::Refusal;
use salesforce::client::{Call, CallError, Session, UserInfo};
use salesforce::sobject::Record;
use salesforce::soql::Select;

use super::engine::Engine;
use super::session::SessionError;
use crate::crm::{classify, preflight};
use crate::store::{Connection, Host, Spent, StoreError};

/// Why a test stops.
enum Stop {
    Store(StoreError),
    Found(Finding),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        refused(&classify::failed_call(&error))
    }
}

fn refused(refusal: &Refusal) -> Stop {
    let what = format!("{} ({}).", refusal.message.trim_end_matches('.'), refusal.code);
    Stop::Found(Finding::new(Severity::Breaks, what, refusal.advice.clone()))
}

impl Engine {
    /// Tests a connection, and keeps what was found. What its settings or Salesforce refuse is a finding.
    pub async fn test_connection(&self, connection: &Connection) -> Result<ConnectionTest, StoreError> {
        let mut spent = Spent::default();
        let test = match self.round_trip(connection, &mut spent).await {
            Ok(test) => test,
            Err(Stop::Found(finding)) => ConnectionTest { signed_in: None, findings: vec![finding] },
            Err(Stop::Store(error)) => return Err(error),
        };
        let now = self.clock.now();
        self.store.save_connection_test(&connection.id, &test, &self.name, &spent, now).await?;
        self.wake();
        Ok(test)
    }

    async fn round_trip(&self, connection: &Connection, spent: &mut Spent) -> Result<ConnectionTest, Stop> {
        let (session, user) = self.signed_in(connection, spent).await?;
        let hosts = self.store.hosts_of_connection(&connection.id).await?;
        let mut asked = self.preflight(&session, &user, &hosts, spent).await?;
        let event_types = self.store.event_types().await?;
        let its = event_types.iter().filter(|event_type| event_type.connection_id.as_ref() == Some(&connection.id));
        asked.uses = Use::of(its.map(|event_type| &event_type.settings.salesforce.settings));
        let signed_in = SignedIn {
            organization_id: user.organization_id.to_string(),
            user_id: user.user_id.to_string(),
            username: user.username,
            name: user.name,
            api_requests: spent.org.map(|org| (org.used, org.limit)),
        };
        Ok(ConnectionTest { signed_in: Some(signed_in), findings: findings(&asked) })
    }

    /// A session, and whom it stands for. A dead token is renewed once.
    async fn signed_in(&self, connection: &Connection, spent: &mut Spent) -> Result<(Session, UserInfo), Stop> {
        let open = self.sessions.open(&connection.id).await.map_err(no_session)?;
        match self.counted(self.client.user_info(&open.session).await, spent) {
            Err(CallError::Unauthorized) => {
                let renewed = self.sessions.renew(&connection.id, &open.session).await.map_err(no_session)?;
                let user = self.counted(self.client.user_info(&renewed.session).await, spent)?;
                Ok((renewed.session, user))
            }
            other => Ok((open.session, other?)),
        }
    }

    async fn preflight(
        &self,
        session: &Session,
        user: &UserInfo,
        hosts: &[Host],
        spent: &mut Spent,
    ) -> Result<Preflight, Stop> {
        let request = preflight::request(&user.user_id).map_err(|e| CallError::Unsendable(e.to_string()))?;
        let answer = self.counted(self.client.composite(session, &request).await, spent)?;
        let (mut asked, records) = preflight::read(&answer);
        if let Some(select) = preflight::access_query(&user.user_id, &records)
            && let Ok(rows) = self.all_rows(session, &select, spent).await
        {
            preflight::read_access(&rows, &records, &mut asked);
        }
        asked.hosts = self.host_users(session, hosts, spent).await.ok();
        Ok(asked)
    }

    async fn host_users(
        &self,
        session: &Session,
        hosts: &[Host],
        spent: &mut Spent,
    ) -> Result<Vec<HostUsers>, CallError> {
        let mut counted = Vec::new();
        for some in hosts.chunks(preflight::HOSTS_A_QUERY) {
            let emails: Vec<_> = some.iter().map(|host| host.email.clone()).collect();
            let Some(select) = preflight::users_query(&emails) else { continue };
            let rows = self.all_rows(session, &select, spent).await?;
            counted.extend(some.iter().map(|host| HostUsers {
                name: host.name.clone(),
                email: host.email.as_written().to_owned(),
                users: preflight::count_users(&rows, &host.email),
            }));
        }
        Ok(counted)
    }

    async fn all_rows(&self, session: &Session, select: &Select, spent: &mut Spent) -> Result<Vec<Record>, CallError> {
        let mut page = self.counted(self.client.query(session, select, false).await, spent)?;
        let mut rows = std::mem::take(&mut page.records);
        while let Some(next) = page.next.take() {
            page = self.counted(self.client.query_more(session, &next).await, spent)?;
            rows.append(&mut page.records);
        }
        Ok(rows)
    }

    fn counted<T>(&self, call: Call<T>, spent: &mut Spent) -> Result<T, CallError> {
        spent.count(classify::org_count(&call.record, self.clock.now()));
        call.result
    }
}

fn no_session(error: SessionError) -> Stop {
    match error {
        SessionError::Store(error) => Stop::Store(error),
        SessionError::Refused(refusal) => refused(&refusal),
        SessionError::Busy { .. } => Stop::Found(Finding::new(
            Severity::Note,
            "Another instance is renewing this connection's access.",
            "Test it again in a few seconds.",
        )),
    }
}
