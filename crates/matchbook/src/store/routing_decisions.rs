//! Decisions on who takes a booking: kept with what was known, so that each can be run again (spec 7, 9).

use std::collections::BTreeSet;

use domain::ask::{Answer, Ask, Known, LookupFailure, Next};
use domain::booking::{Booking, BookingChange, BookingId, ChangeKind, RecordedBooking};
use domain::round_robin::{Assignment, HostId, RotationSwitches, booked, counts};
use domain::routing::{NamedBy, RoutingDecision, RoutingInput, RoutingTrace, Scheduling, decide, named};
use jiff::{SignedDuration, Timestamp};

use super::api_requests::{self, ApiRequest};
use super::bookings::{self, Brought};
use super::database::{sql, sql_from_parts};
use super::rotation::{self, Standings};
use super::{
    Asked, NewChange, RecordedChange, Store, StoreError, Told, Tx, booking_actions, event_types, from_json, instant,
    json, micros,
};
use crate::clock::new_id;
use crate::workspace_file::entries;

/// How long a decision is kept that nobody has booked by.
const KEPT_OPEN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a decision waits for its booking to come in by webhook (spec 7).
const JOINED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How far a source's clock may be behind ours: a booking that was made before a decision was not sent by it.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

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

/// From when to when a meeting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// From.
    pub start: Timestamp,
    /// To.
    pub end: Timestamp,
}

/// All that a decision is made of.
#[derive(Debug, Clone)]
pub struct Routing {
    /// The event type's id.
    pub event_type_id: String,
    /// From when to when, where that is chosen: who is taken then since it was gathered is not free.
    pub slot: Option<Slot>,
    /// The booking that is routed again.
    pub instead_of: Option<String>,
    /// The host, where somebody named them.
    pub named: Option<(HostId, NamedBy)>,
    /// What it went by.
    pub input: RoutingInput,
    /// What the org had answered.
    pub known: Known,
    /// The configuration's version.
    pub configuration_version: i64,
    /// The event type's settings of turns.
    pub rotation: entries::Rotation,
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

/// What booking with a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutedBooking {
    /// The booking is made.
    Recorded(BookingId),
    /// No host is enabled and free; a sentence that says so.
    NobodyFree(String),
    /// No event type has that slug any more.
    UnknownEventType,
    /// Another request with the same key has been recorded since; nothing was changed.
    MadeMeanwhile,
}

/// A decision that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision's id.
    pub id: String,
    /// What was decided.
    pub decision: RoutingDecision,
    /// How.
    pub trace: RoutingTrace,
}

impl Store {
    /// Makes a booking with the host that is decided here and now, on the turns as they stand: booking, turn, decision and the
    /// sync it needs are one transaction. `book` gives the booking with a host.
    pub async fn book_routed(
        &self,
        routing: &Routing,
        slug: &str,
        book: impl FnOnce(&HostId) -> Option<Booking>,
        request: Option<&ApiRequest>,
        now: Timestamp,
    ) -> Result<RoutedBooking, StoreError> {
        let mut tx = self.begin().await?;
        let made = decide_now(&mut tx, routing, now).await?;
        let Some(booking) = made.decision.host.as_ref().and_then(book) else {
            return Ok(RoutedBooking::NobodyFree(made.trace.sentence));
        };
        let change = BookingChange { kind: ChangeKind::Created, occurred_at: now, booking };
        let event_type_slug = slug.to_owned();
        let new = NewChange { identity: None, event_type_slug, change, decision: None, told: Told::Happened };
        let RecordedChange::Recorded(id) = bookings::record_change(&mut tx, new, now).await? else {
            return Ok(RoutedBooking::UnknownEventType);
        };
        turn_of(&mut tx, &routing.event_type_id, routing.rotation.switches, (&made.decision, &id), now).await?;
        insert(&mut tx, routing, &made, (Entered::Api, Some(&id)), now).await?;
        if let Some(request) = request
            && !api_requests::remember(&mut tx, request, &id, now).await?
        {
            return Ok(RoutedBooking::MadeMeanwhile);
        }
        tx.commit().await?;
        Ok(RoutedBooking::Recorded(id))
    }

    /// Gives a booking to the host that is decided here and now. Its turn before is given back first; a new one is taken where
    /// the decision is one of rotation. `change` gives the booking with that host; `None` from it leaves the booking as it is.
    pub async fn reassign<R>(
        &self,
        (id, admits): (&str, impl Fn(i64) -> bool),
        routing: &Routing,
        change: impl FnOnce(&RecordedBooking, Option<&HostId>) -> Result<Option<RecordedBooking>, R>,
        request: Option<&ApiRequest>,
        now: Timestamp,
    ) -> Result<Asked<R>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(known) = bookings::by_id(&mut tx, id).await? else { return Ok(Asked::Unknown) };
        if !admits(known.version) {
            return Ok(Asked::OtherVersion(known.version));
        }
        rotation::give_back(&mut tx, &routing.event_type_id, id, now).await?;
        let made = decide_now(&mut tx, routing, now).await?;
        let changed = match change(&known.recorded, made.decision.host.as_ref()) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Asked::Refused(refused)),
        };
        booking_actions::write(&mut tx, &known, changed.as_ref(), now).await?;
        let booking = BookingId(id.to_owned());
        turn_of(&mut tx, &routing.event_type_id, routing.rotation.switches, (&made.decision, &booking), now).await?;
        insert(&mut tx, routing, &made, (Entered::Reassigned, Some(&booking)), now).await?;
        if let Some(request) = request
            && !api_requests::remember(&mut tx, request, &booking, now).await?
        {
            return Ok(Asked::MadeMeanwhile);
        }
        tx.commit().await?;
        Ok(Asked::Done(changed.is_some()))
    }

    /// Keeps a decision whose booking is made elsewhere.
    pub async fn keep_decision(&self, routing: &Routing, now: Timestamp) -> Result<Decided, StoreError> {
        let mut tx = self.begin().await?;
        let made = decide_now(&mut tx, routing, now).await?;
        sql("DELETE FROM routing_decision WHERE booking_id IS NULL AND created_at < $1")
            .bind(micros(now - KEPT_OPEN))
            .run(&mut tx)
            .await?;
        let id = insert(&mut tx, routing, &made, (Entered::Link, None), now).await?;
        tx.commit().await?;
        Ok(Decided { id, decision: made.decision, trace: made.trace })
    }

    /// What would be decided here and now; nothing is written.
    pub async fn would_decide(&self, routing: &Routing) -> Result<(RoutingDecision, RoutingTrace), StoreError> {
        let standings = self.standings(&routing.event_type_id).await?;
        let made = decide_with(routing, with_standings(&routing.input, &standings));
        Ok((made.decision, made.trace))
    }

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

/// A decision that was made now.
struct Made {
    input: RoutingInput,
    decision: RoutingDecision,
    trace: RoutingTrace,
}

/// Decides on the turns as they stand, which no other booking of the event type changes before the transaction ends.
async fn decide_now(tx: &mut Tx, routing: &Routing, now: Timestamp) -> Result<Made, StoreError> {
    if routing.input.scheduling == Scheduling::OneHost || routing.named.is_some() {
        return Ok(decide_with(routing, routing.input.clone()));
    }
    let enabled = routing.input.hosts.iter().filter(|host| host.enabled).map(|host| host.id.clone()).collect();
    let standings = rotation::settle_roster(tx, &routing.event_type_id, &enabled, now).await?;
    let mut input = with_standings(&routing.input, &standings);
    if let Some(Slot { start, end }) = routing.slot {
        // Who was booked since this was gathered is not free.
        let except = routing.instead_of.as_deref();
        let taken = rotation::taken(tx, &routing.event_type_id, start, end, except).await?;
        for host in input.hosts.iter_mut().filter(|host| taken.contains_key(&host.id)) {
            host.free_at_slot = Some(false);
        }
    }
    Ok(decide_with(routing, input))
}

fn decide_with(routing: &Routing, input: RoutingInput) -> Made {
    let (decision, trace) = match &routing.named {
        Some((host, by)) => named(&input, host, *by),
        None => match decide(&input, &routing.known) {
            (Next::Done(decision), trace) => (decision, trace),
            // Turns ask nothing of the org; whoever gathered this has asked all before.
            (Next::Ask(asks), _) => unreachable!("a decision still asks {asks:?}"),
        },
    };
    Made { input, decision, trace }
}

/// The same with what the hosts are owed.
fn with_standings(input: &RoutingInput, standings: &Standings) -> RoutingInput {
    let mut input = input.clone();
    for host in &mut input.hosts {
        let turn = standings.get(&host.id).copied().unwrap_or_default();
        (host.balance, host.last_booked) = (turn.balance, turn.last_booked);
    }
    input
}

/// Writes the turn that a booking is, if it counts as one.
async fn turn_of(
    tx: &mut Tx,
    event_type_id: &str,
    switches: RotationSwitches,
    (decision, booking): (&RoutingDecision, &BookingId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(host) = &decision.host else { return Ok(()) };
    if !counts(decision.assignment, switches) {
        return Ok(());
    }
    let entries = booked(booking, host, &decision.free, now);
    rotation::take_turn(tx, event_type_id, host, &entries, now).await
}

async fn insert(
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

/// The Account that the latest decision on a booking found; one by hand looks for none, and takes none away. The inner error is
/// of a decision that does not read back.
pub(super) async fn account_of(
    tx: &mut Tx,
    booking_id: &str,
) -> Result<Result<Option<domain::ask::RecordId>, StoreError>, StoreError> {
    let rows: Vec<(String,)> =
        sql("SELECT decision FROM routing_decision WHERE booking_id = $1 ORDER BY created_at DESC, id DESC")
            .bind(booking_id)
            .all(tx)
            .await?;
    let decisions: Result<Vec<RoutingDecision>, StoreError> =
        rows.iter().map(|(text,)| from_json("a decision", text)).collect();
    Ok(decisions.map(|decisions| decisions.into_iter().find(looked_for_account).and_then(|decision| decision.account)))
}

fn looked_for_account(decision: &RoutingDecision) -> bool {
    decision.assignment != Assignment::ByHand
}

/// A decision that a booking is joined with.
struct Joinable {
    id: String,
    decision: RoutingDecision,
    /// The decided host's email, in lower case.
    host: Option<String>,
}

/// Joins a booking that a source brings with the decision that sent its booker there: by the decision's id, else, where the
/// booking is new, by event type and email within a day. An organizer other than the decided host is noted; the decided one
/// has had a turn (spec 7).
pub(super) async fn join(
    tx: &mut Tx,
    event_type_id: &str,
    brought: &Brought<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Deliveries come in any order: the one that names the decision may not be the one that brought the booking.
    if !brought.is_new && (brought.decision.is_none() || has_one(tx, brought.id).await?) {
        return Ok(());
    }
    while let Some(found) = joinable(tx, event_type_id, brought).await? {
        let organizer = brought.recorded.booking.organizer.email.folded();
        let other = found.host.is_some_and(|host| host != organizer).then_some(organizer);
        // Another booking may have been joined with it since it was read.
        let joined = sql(
            "UPDATE routing_decision SET booking_id = $2, other_organizer = $3 WHERE id = $1 AND booking_id IS NULL",
        )
        .bind(&found.id)
        .bind(brought.id)
        .bind(other)
        .run(&mut *tx)
        .await?;
        if joined == 1 {
            if other.is_none() {
                had_turn(tx, event_type_id, found.decision, (brought.id, brought.recorded), now).await?;
            }
            break;
        }
    }
    Ok(())
}

async fn has_one(tx: &mut Tx, booking_id: &str) -> Result<bool, StoreError> {
    let row: Option<(String,)> =
        sql("SELECT id FROM routing_decision WHERE booking_id = $1 LIMIT 1").bind(booking_id).optional(tx).await?;
    Ok(row.is_some())
}

/// The decision that a booking is to be joined with: that of its event type which it names, if that was made for its
/// attendee; else the latest that was made for them within a day before the booking.
async fn joinable(tx: &mut Tx, event_type_id: &str, brought: &Brought<'_>) -> Result<Option<Joinable>, StoreError> {
    const OPEN: &str = "SELECT d.id, d.decision, h.email_folded FROM routing_decision d
         LEFT JOIN host h ON h.id = d.host_id WHERE d.booking_id IS NULL AND d.event_type_id = $1";
    type Row = (String, String, Option<String>);
    let email = brought.recorded.booking.attendee.email.folded();
    let mut row: Option<Row> = None;
    if let Some(named) = brought.decision {
        let text = format!("{OPEN} AND d.id = $2 AND (d.email_folded = $3 OR d.email_folded IS NULL)");
        row = sql_from_parts(text).bind(event_type_id).bind(named).bind(email).optional(&mut *tx).await?;
    }
    if row.is_none() && brought.is_new {
        let text = format!(
            "{OPEN} AND d.email_folded = $2 AND d.created_at >= $3 AND d.created_at <= $4
             ORDER BY d.created_at DESC, d.id DESC LIMIT 1"
        );
        row = sql_from_parts(text)
            .bind(event_type_id)
            .bind(email)
            .bind(micros(brought.made_at - JOINED_WITHIN))
            .bind(micros(brought.made_at + CLOCKS_APART))
            .optional(tx)
            .await?;
    }
    row.map(|(id, decision, host)| Ok(Joinable { id, decision: from_json("a decision", &decision)?, host })).transpose()
}

/// A booking went to the host who was decided for it elsewhere: that was a turn, if it counts as one. Who left the rotation
/// since has no part in it.
async fn had_turn(
    tx: &mut Tx,
    event_type_id: &str,
    mut decision: RoutingDecision,
    (booking_id, recorded): (&str, &RecordedBooking),
    now: Timestamp,
) -> Result<(), StoreError> {
    let standings = rotation::standings_now(tx, event_type_id).await?;
    decision.free.retain(|host| standings.contains_key(&host.id));
    if decision.host.as_ref().is_none_or(|host| !standings.contains_key(host)) {
        return Ok(());
    }
    let switches = event_types::rotation_of(tx, event_type_id).await?.switches;
    turn_of(tx, event_type_id, switches, (&decision, &BookingId(booking_id.to_owned())), now).await?;
    rotation::settle_cancel(tx, booking_id, recorded).await
}

/// The decisions of a booking are those of the one that it proved to be. Its turn was given back as it was called off; the
/// other takes it, if it had none.
pub(super) async fn pass_on(
    tx: &mut Tx,
    from: &str,
    to: &str,
    recorded: &RecordedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    let had_one = has_one(tx, to).await?;
    type Row = (String, String, bool);
    let rows: Vec<Row> = sql("SELECT event_type_id, decision, other_organizer IS NULL FROM routing_decision
         WHERE booking_id = $1 ORDER BY created_at DESC, id DESC")
    .bind(from)
    .all(&mut *tx)
    .await?;
    sql("UPDATE routing_decision SET booking_id = $2 WHERE booking_id = $1").bind(from).bind(to).run(&mut *tx).await?;
    match rows.into_iter().next() {
        Some((event_type_id, decision, true)) if !had_one => {
            had_turn(tx, &event_type_id, from_json("a decision", &decision)?, (to, recorded), now).await
        }
        _ => Ok(()),
    }
}
