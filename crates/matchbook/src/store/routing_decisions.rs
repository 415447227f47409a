//! Decisions on who takes a booking: kept with what was known, so that each can be run again (spec 7, 9).

use std::collections::BTreeSet;

use domain::ask::{Answer, Ask, Known, LookupFailure, RecordId};
use domain::booking::BookingId;
use domain::routing::{RoutingDecision, RoutingInput, RoutingTrace};
use jiff::Timestamp;

use super::database::{sql, sql_from_parts};
use super::deciding::{Made, Routing};
use super::{Store, StoreError, Tx, from_json, instant, json, micros};
use crate::clock::new_id;

/// How the booking of a decision came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// By the API.
    Api,
    /// By the link `/r/`.
    Link,
    /// It was routed again, or given to a chosen host.
    Reassigned,
}

impl Entered {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Entered::Api => "api",
            Entered::Link => "link",
            Entered::Reassigned => "reassigned",
        }
    }
}

/// A decision as it is kept.
#[derive(Debug, Clone)]
pub struct StoredDecision {
    /// Its id.
    pub id: String,
    /// The booking that was made by it.
    pub booking_id: Option<String>,
    /// What was decided.
    pub decision: RoutingDecision,
    /// How.
    pub trace: RoutingTrace,
    /// How the booking came in: `api`, `link` or `reassigned`.
    pub entered: String,
    /// The configuration's version.
    pub configuration_version: i64,
    /// When.
    pub created_at: Timestamp,
    /// The organizer that the booking has instead of the decided one, if it has another.
    pub other_organizer: Option<String>,
}

impl StoredDecision {
    /// Whether the booking was routed through the CRM or a link; what is kept of it is then called the *routing trace* (spec 9).
    pub fn is_routing_trace(&self) -> bool {
        routed(&self.entered, &self.trace)
    }
}

fn routed(entered: &str, trace: &RoutingTrace) -> bool {
    entered == Entered::Link.word() || trace.asked_the_org()
}

impl Store {
    /// How the host of a booking was chosen, the latest decision first.
    pub async fn decisions_of(&self, booking_id: &str) -> Result<Vec<StoredDecision>, StoreError> {
        let rows: Vec<Row> = sql("SELECT id, booking_id, decision, trace, entered, configuration_version, created_at,
             other_organizer FROM routing_decision WHERE booking_id = $1 ORDER BY created_at DESC, id DESC")
        .bind(booking_id)
        .all(&self.read)
        .await?;
        rows.into_iter().map(stored).collect()
    }

    /// Those of some bookings that were routed through the CRM or a link, by any of their decisions.
    pub async fn routed_of(&self, bookings: &[BookingId]) -> Result<BTreeSet<BookingId>, StoreError> {
        if bookings.is_empty() {
            return Ok(BTreeSet::new());
        }
        let places: Vec<String> = (1..=bookings.len()).map(|at| format!("${at}")).collect();
        let places = places.join(", ");
        let text = format!("SELECT booking_id, entered, trace FROM routing_decision WHERE booking_id IN ({places})");
        let query = bookings.iter().fold(sql_from_parts(text), |query, id| query.bind(&id.0));
        let rows: Vec<(String, String, String)> = query.all(&self.read).await?;
        let mut found = BTreeSet::new();
        for (id, entered, trace) in rows {
            if routed(&entered, &from_json("a routing trace", &trace)?) {
                found.insert(BookingId(id));
            }
        }
        Ok(found)
    }

    /// What a decision went by, and what was known: it can be run again.
    pub async fn decision_input(&self, id: &str) -> Result<Option<(RoutingInput, Known)>, StoreError> {
        let row: Option<(String, String)> =
            sql("SELECT input, known FROM routing_decision WHERE id = $1").bind(id).optional(&self.read).await?;
        row.map(|(input, known)| Ok((from_json("a decision's input", &input)?, known_of(&known)?))).transpose()
    }
}

type Row = (String, Option<String>, String, String, String, i64, i64, Option<String>);

fn stored(row: Row) -> Result<StoredDecision, StoreError> {
    let (id, booking_id, decision, trace, entered, configuration_version, created_at, other_organizer) = row;
    Ok(StoredDecision {
        id,
        booking_id,
        decision: from_json("a decision", &decision)?,
        trace: from_json("a routing trace", &trace)?,
        entered,
        configuration_version,
        created_at: instant(created_at)?,
        other_organizer,
    })
}

/// Keeps a decision, with its booking if that is made; gives its id.
pub(super) async fn insert(
    tx: &mut Tx,
    routing: &Routing,
    Made { input, decision, trace }: &Made,
    (entered, booking): (Entered, Option<&BookingId>),
    now: Timestamp,
) -> Result<String, StoreError> {
    let id = new_id("rtd");
    let known: Vec<(&Ask, &Result<Answer, LookupFailure>)> = routing.known.iter().collect();
    sql("INSERT INTO routing_decision (id, event_type_id, booking_id, email_folded, host_id, decision, input, known, trace,
             entered, configuration_version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
    .bind(&id)
    .bind(&routing.event_type_id)
    .bind(booking.map(|booking| booking.0.clone()))
    .bind(input.email.as_ref().map(|email| email.folded().to_owned()))
    .bind(decision.host.as_ref().map(|host| host.0.clone()))
    .bind(json(decision))
    .bind(json(input))
    .bind(json(&known))
    .bind(json(trace))
    .bind(entered.word())
    .bind(routing.configuration_version)
    .bind(micros(now))
    .run(tx)
    .await?;
    Ok(id)
}

fn known_of(text: &str) -> Result<Known, StoreError> {
    let list: Vec<(Ask, Result<Answer, LookupFailure>)> = from_json("what was known", text)?;
    Ok(list.into_iter().collect())
}

/// What the decisions on a booking mean for its sync.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Routed {
    /// The Account that the latest decision found. Those that looked for none take none away: by hand, by the owner of a Contact,
    /// or where the org could not be asked.
    pub(super) account: Option<RecordId>,
    /// One sentence on how the organizer was chosen, if the latest decision chose this one.
    pub(super) assignment_reason: Option<String>,
}

/// What the decisions on a booking mean for its sync. The inner error is of a decision that does not read back.
pub(super) async fn routed_by(
    tx: &mut Tx,
    booking_id: &str,
    organizer: &str,
) -> Result<Result<Routed, StoreError>, StoreError> {
    type Row = (String, String, Option<String>);
    let rows: Vec<Row> = sql("SELECT d.decision, d.trace, h.email_folded FROM routing_decision d
         LEFT JOIN host h ON h.id = d.host_id WHERE d.booking_id = $1 ORDER BY d.created_at DESC, d.id DESC")
    .bind(booking_id)
    .all(tx)
    .await?;
    let mut routed = Routed::default();
    for (at, (decision, trace, host)) in rows.iter().enumerate() {
        let read = from_json::<RoutingDecision>("a decision", decision)
            .and_then(|decision| Ok((decision, from_json::<RoutingTrace>("a routing trace", trace)?)));
        let (decision, trace) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        if at == 0 && host.as_deref() == Some(organizer) {
            routed.assignment_reason = Some(trace.sentence.clone());
        }
        if decision.account.is_some() || trace.looked_for_account() {
            routed.account = decision.account;
            break;
        }
    }
    Ok(Ok(routed))
}
