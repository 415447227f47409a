//! The engine takes one step when called: it claims one due booking and runs its sync.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use domain::account_resolution::LookupSettings;
use domain::api_budget::Shares;
use domain::org_shape::{ObjectShape, OrgShape};
use jiff::{SignedDuration, Timestamp};
use salesforce::auth::LoopbackPolicy;
use salesforce::client::{Client, ClientError, ClientOptions};
use tokio::sync::Notify;

use super::run::Run;
use super::session::Sessions;
use crate::clock::{Clock, new_id};
use crate::crm::org_shapes::OBJECTS;
use crate::secrets::Vault;
use crate::store::{Store, StoreError, StoredDescribe};
use crate::workspace_file::entries::{self, Typed as _};

/// How long describes and hosts' users are trusted before they are asked for again.
pub(crate) const SHAPE_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The longest that one call to Salesforce may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What an engine is made of.
#[derive(Debug)]
pub struct EngineOptions {
    /// The database.
    pub store: Store,
    /// Opens the connections' secrets.
    pub vault: Vault,
    /// The present instant.
    pub clock: Clock,
    /// Whether an org may be on this machine.
    pub loopback: LoopbackPolicy,
    /// Where browsers reach this installation, without a slash at the end, if that is known.
    pub public_url: Option<String>,
}

/// Brings Salesforce in line with bookings, one booking a step.
#[derive(Debug)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) client: Client,
    pub(crate) sessions: Sessions,
    pub(crate) name: String,
    pub(crate) public_url: Option<String>,
    /// Rung when work may have become due.
    pub(crate) bell: Notify,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// It ran one booking's sync.
    Worked,
    /// Nothing was due; the next booking is due then, if any waits.
    Idle(Option<Timestamp>),
}

impl Engine {
    /// An engine with a client of its own.
    pub fn new(options: EngineOptions) -> Result<Self, ClientError> {
        let client = Client::new(ClientOptions {
            timeout: CALL_TIMEOUT,
            loopback: options.loopback,
            user_agent: concat!("Matchbook/", env!("CARGO_PKG_VERSION")).to_owned(),
        })?;
        let name = new_id("wrk");
        let sessions = Sessions {
            store: options.store.clone(),
            client: client.clone(),
            vault: options.vault,
            clock: options.clock.clone(),
            loopback: options.loopback,
            instance: name.clone(),
            locks: Mutex::default(),
        };
        Ok(Engine {
            store: options.store,
            clock: options.clock,
            client,
            sessions,
            name,
            public_url: options.public_url,
            bell: Notify::new(),
        })
    }

    /// Says that work may have become due.
    pub fn wake(&self) {
        self.bell.notify_one();
    }

    /// Claims the booking that has been due longest and runs its sync.
    pub async fn step(&self) -> Result<Stepped, StoreError> {
        let Some(claimed) = self.store.claim(&self.name, self.clock.now()).await? else {
            return Ok(Stepped::Idle(self.store.next_due().await?));
        };
        let (booking, connection) = (claimed.id.clone(), claimed.connection_id.clone());
        match Run::new(self, claimed).go().await {
            Ok(released) => match released.reason() {
                None => tracing::info!(%booking, connection, "in step with Salesforce"),
                Some(reason) => {
                    tracing::warn!(%booking, connection, outcome = released.outcome(), reason, "not in step with Salesforce")
                }
            },
            Err(StoreError::LeaseLost) => tracing::warn!(%booking, "another worker has taken this booking over"),
            Err(other) => return Err(other),
        }
        Ok(Stepped::Worked)
    }

    /// Runs until nothing is due.
    pub async fn drain(&self) -> Result<(), StoreError> {
        while let Stepped::Worked = self.step().await? {}
        Ok(())
    }

    /// Gives back the bookings that its broken off steps hold; how many.
    pub(crate) async fn give_back(&self) -> Result<u64, StoreError> {
        self.store.give_back(&self.name).await
    }

    /// How a connection looks Accounts up, by the configuration in force.
    pub(crate) async fn lookup_settings(&self, connection_id: &str) -> Result<LookupSettings, StoreError> {
        Ok(self.connection_entry(connection_id).await?.map(|entry| entry.lookup()).unwrap_or_default())
    }

    /// How the day of a connection's org is shared out, by the configuration in force.
    pub(crate) async fn shares(&self, connection_id: &str) -> Result<Shares, StoreError> {
        Ok(self.connection_entry(connection_id).await?.map(|entry| entry.shares()).unwrap_or_default())
    }

    async fn connection_entry(&self, connection_id: &str) -> Result<Option<entries::Connection>, StoreError> {
        let Some(connection) = self.store.connection(connection_id).await? else { return Ok(None) };
        let configuration = self.store.configuration().await?;
        let entry = configuration.document.get(entries::Connection::SECTION, &connection.key);
        Ok(entry.and_then(|entry| entries::Connection::read(&connection.key, entry).ok()))
    }

    /// Keeps what an org described just now.
    pub(crate) async fn keep_shapes(
        &self,
        connection_id: &str,
        shapes: Vec<(&'static str, ObjectShape)>,
    ) -> Result<(), StoreError> {
        let fetched_at = self.clock.now();
        let describes: Vec<StoredDescribe> = shapes
            .into_iter()
            .map(|(object, shape)| StoredDescribe { object: object.to_owned(), shape, fetched_at })
            .collect();
        self.store.save_describes(connection_id, &describes).await
    }

    /// The org as last described, if that is no longer ago.
    pub(crate) async fn known_shape(
        &self,
        connection_id: &str,
        no_older_than: SignedDuration,
    ) -> Result<Option<OrgShape>, StoreError> {
        known_shape(&self.store, connection_id, self.clock.now() - no_older_than).await
    }
}

/// The org of a connection as it was last described, if that was then or later.
pub(crate) async fn known_shape(
    store: &Store,
    connection_id: &str,
    since: Timestamp,
) -> Result<Option<OrgShape>, StoreError> {
    let mut objects = BTreeMap::new();
    for describe in store.describes(connection_id).await? {
        if describe.fetched_at >= since {
            objects.insert(describe.object, describe.shape);
        }
    }
    let [Some(contact), Some(lead), Some(account), Some(event)] = OBJECTS.map(|object| objects.remove(object)) else {
        return Ok(None);
    };
    let users = store.salesforce_users(connection_id, since).await?;
    let checks = store.user_checks(connection_id, since).await?;
    let inactive_users = checks.into_iter().filter(|(_, active)| !active).map(|(user, _)| user).collect();
    Ok(Some(OrgShape { contact, lead, account, event, users, inactive_users, connection_user: None }))
}
