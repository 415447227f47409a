//! Carries a schedule out: the server, two engines on one database, the org.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use jiff::{SignedDuration, Timestamp};
use matchbook::store::{Scope, StoreError};
use matchbook::sync::{Engine, EngineOptions, Stepped};
use salesforce::auth::LoopbackPolicy;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::model::{History, brief};
use super::schedule::{BookingIdField, Kind, LATEST, Schedule, Step};
use super::settings::Settings;
use crate::support::{self, Delivery, TestApp};

type Stepping = Pin<Box<dyn Future<Output = Result<Stepped, StoreError>> + Send>>;

/// More steps in a row than this and the engine never comes to rest.
const MOST_STEPS: usize = 100;

pub(super) struct World<'a> {
    pub(super) test: &'a TestApp,
    pub(super) schedule: &'a Schedule,
    pub(super) base: Timestamp,
    pub(super) history: History,
    /// What happened, in words.
    pub(super) told: Vec<String>,
    engines: [Arc<Engine>; 2],
    /// A step that hangs in a request. It is a task, so that it cannot keep the database locked should it not hang after all.
    hung: Option<JoinHandle<Result<Stepped, StoreError>>>,
    /// Until when a request that is held at the org must have taken effect.
    held_until: Option<Timestamp>,
    /// The records that were there before, by their places in the settings.
    pub(super) ids: Value,
    /// Faults that are put back once no request is held any more: both together would let a call last too long.
    late: Vec<Value>,
}

/// How a step of which only a part was to run came out.
enum Part {
    Finished,
    Stopped(Stepping),
}

impl<'a> World<'a> {
    /// A fresh org and a fresh day; the database goes on.
    pub(super) async fn build(test: &'a TestApp, engines: &[Arc<Engine>; 2], schedule: &'a Schedule) -> World<'a> {
        let start: Timestamp = support::START.parse().expect("an instant");
        let days = i64::try_from(schedule.seed % 100_000).expect("small") * 3;
        let base = start + SignedDuration::from_hours(24 * days);
        let now = test.app.clock.now();
        test.pass(base.duration_since(now).max(SignedDuration::from_hours(48)));
        test.org.control("POST", "reset", json!({})).await;
        let mut world = World {
            test,
            schedule,
            base: test.app.clock.now(),
            history: History::default(),
            told: Vec::new(),
            engines: engines.clone(),
            hung: None,
            held_until: None,
            ids: Value::Null,
            late: Vec::new(),
        };
        world.set_the_orgs_clock().await;
        world.add_fields().await;
        world.ids = world.fill_org().await;
        world.configure().await;
        world
    }

    async fn add_fields(&self) {
        let no_show = json!({"name": "No_Show__c", "label": "No show", "type": "boolean"});
        let place = json!({"name": "Place__c", "label": "Place", "type": "string", "length": 200});
        let person = json!([{"name": "Seen__c", "label": "Seen", "type": "boolean"},
            {"name": "First__c", "label": "First", "type": "string", "length": 200}]);
        let fields = json!({"Event": [no_show, place], "Contact": person, "Lead": person});
        self.test.org.control("POST", "fields", fields).await;
    }

    /// Gives the ids of what was there before.
    async fn fill_org(&self) -> Value {
        let org = &self.test.org;
        if self.schedule.field != BookingIdField::None {
            let key = self.schedule.field == BookingIdField::Key;
            let field = json!({"name": "Matchbook_Booking_Id__c", "label": "Matchbook Booking ID", "type": "string",
                "length": 64, "externalId": key, "unique": key});
            org.control("POST", "fields", json!({"Event": [field]})).await;
        }
        if let Some(settings) = &self.schedule.settings {
            org.control("POST", "fields", Settings::fields()).await;
            return org.load(settings.records(|person| self.email(person, true))).await["refs"].clone();
        }
        let mut contacts = Vec::new();
        for (person, before) in self.schedule.persons.iter().enumerate() {
            let email = self.email(person, true);
            contacts.extend((0..*before).map(|_| json!({"LastName": "Before", "Email": email})));
        }
        org.load(json!({"User": [support::user("ann@seller.example")], "Contact": contacts})).await
    }

    /// What the schedule wants of org and event type, besides.
    async fn configure(&self) {
        let org = &self.test.org;
        org.control("PATCH", "settings", json!({"shared_activities": self.schedule.shared})).await;
        let kind = match &self.schedule.settings {
            Some(settings) => settings.yaml(|name| self.id(name).to_owned()),
            None if self.schedule.leads => "attendee_record_type: lead".to_owned(),
            None => "attendee_record_type: contact".to_owned(),
        };
        let rows = format!(
            "event_fields_on_booking: {{enabled: {0}, fields: [{{field: Place__c, type: text, value: '{{booking.title}} at {{booking.location}}'}}]}}, \
             person_fields_on_booking: {{enabled: {0}, fields: [{{field: Seen__c, type: checkbox, value: true}}, \
             {{field: First__c, type: text, value: '{{booking.title}}', when: if_empty}}]}}",
            self.schedule.rows
        );
        let settings = format!("{kind}, check_for_existing_contact: false, no_show_field: No_Show__c, {rows}");
        let file = support::configuration_with(&org.url, &settings);
        // Nothing is left of another seed's settings. What its org told is of no use, either; an org is known for an hour.
        let exactly = support::edit(&file, true).expect("the configuration can be read");
        self.test.change(None, &exactly).await.expect("the configuration is sound");
    }

    /// The id of a record that was there before.
    pub(super) fn id(&self, name: &str) -> &str {
        self.ids[name].as_str().expect("a record that was loaded")
    }

    pub(super) fn email(&self, person: usize, shouted: bool) -> String {
        let domain = self.schedule.settings.as_ref().map_or("acme.example", |settings| settings.domain(person));
        let email = format!("p{person}.s{}@{domain}", self.schedule.seed);
        if shouted { email.to_uppercase() } else { email }
    }

    pub(super) fn title(&self, meeting: usize) -> String {
        format!("Meeting {meeting} of seed {}", self.schedule.seed)
    }

    /// When a meeting starts that is in one of its slots: no two meetings share a time.
    pub(super) fn start(&self, meeting: usize, slot: usize) -> Timestamp {
        let hours = 24 * 40 + i64::try_from(10 * meeting + slot).expect("few");
        self.base + SignedDuration::from_hours(hours)
    }

    fn now(&self) -> Timestamp {
        self.test.app.clock.now()
    }

    fn tell(&mut self, words: impl Into<String>) {
        let since = self.now().duration_since(self.base);
        self.told.push(format!("{:>9.3} s  {}", since.as_secs_f64(), words.into()));
    }

    /// Does one step.
    pub(super) async fn take(&mut self, step: &Step) -> Result<(), String> {
        self.tell(step.to_string());
        match *step {
            Step::Deliver { meeting, version, ical, shouted } => self.deliver(meeting, version, ical, shouted).await,
            Step::NoShow { meeting, mark } => self.mark(meeting, mark).await,
            Step::Pass { ms } => self.pass(SignedDuration::from_millis(ms)).await,
            Step::Run { engine, times } => self.run(engine, times).await,
            Step::RunBoth => {
                let both = tokio::join!(self.stepping(0), self.stepping(1));
                self.worked(both.0)?;
                self.worked(both.1).map(drop)
            }
            Step::Fault { target, effect, times } => {
                let fault = json!({"match": target.json(), "effect": effect.json(), "times": times});
                self.test.org.control("POST", "faults", fault).await;
                Ok(())
            }
            Step::Crash { engine, answered, polls } => self.crash(engine, answered, polls).await,
            Step::Hang { engine, answered } => self.hang(engine, answered).await,
            Step::Release => self.release().await,
            Step::Restart => self.restart().await,
            Step::EndSessions => {
                self.test.org.control("DELETE", "tokens", json!(null)).await;
                Ok(())
            }
            Step::DeleteEvent { nth } => self.delete("Event", nth).await,
            Step::DeleteContact { nth } => self.delete("Contact", nth).await,
            Step::ConvertLead { nth } => self.convert(nth).await,
            Step::SyncAgain { nth } => self.sync_again(nth).await,
        }
    }

    async fn deliver(&mut self, at: usize, number: usize, ical: bool, shouted: bool) -> Result<(), String> {
        let meeting = &self.schedule.meetings[at];
        let version = meeting.versions[number];
        let happened = self.base - SignedDuration::from_mins(10 - i64::try_from(number).expect("few"));
        let start = self.start(at, version.slot);
        let delivery = match version.kind {
            Kind::Requested => Delivery::requested(),
            Kind::Created => Delivery::created(),
            Kind::Rescheduled => Delivery::rescheduled().with("rescheduleUid", self.uid(at, meeting.uid(number) - 1)),
            Kind::Rejected => Delivery::rejected(),
            // A cancel has the uid of the change before it.
            Kind::Cancelled => Delivery::cancelled().with("rescheduleUid", Value::Null),
        };
        let name = format!("Person Number{}", meeting.person);
        let attendee =
            json!({"email": self.email(meeting.person, shouted), "name": name, "timeZone": "America/New_York"});
        let guests = (0..self.schedule.persons.len()).filter(|person| version.brings(*person));
        let guests: Vec<String> = guests.map(|person| self.email(person, shouted)).collect();
        let ical = if ical { json!(format!("s{}-m{at}@Cal.com", self.schedule.seed)) } else { Value::Null };
        let delivery = delivery
            .at(&happened.to_string())
            .with("uid", self.uid(at, meeting.uid(number)))
            .with("title", self.title(at))
            .with("startTime", start.to_string())
            .with("endTime", (start + SignedDuration::from_mins(30)).to_string())
            .with("iCalUID", ical)
            .with("metadata", json!({"videoCallUrl": place(version.place)}))
            .with("attendees", json!([attendee]))
            .with("responses", json!({"guests": {"label": "additional_guests", "value": guests}}))
            .with("organizer", json!({"name": "Host", "email": format!("{}@seller.example", meeting.host)}));
        let answer = self.test.deliver(&delivery.json()).await;
        self.history.delivered(at, version.kind);
        if answer.status == 200 { Ok(()) } else { Err(format!("the delivery was not taken: {}", answer.text)) }
    }

    /// A mark may come before its booking, and is then kept.
    async fn mark(&mut self, at: usize, number: usize) -> Result<(), String> {
        let meeting = &self.schedule.meetings[at];
        let mark = meeting.marks[number];
        let marked = self.base - SignedDuration::from_secs(60 - i64::try_from(number).expect("few"));
        let attendee = json!({"email": self.email(meeting.person, false), "noShow": mark.absent});
        let delivery = json!({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": marked.to_string(),
            "payload": {"bookingUid": self.uid(at, mark.uid), "attendees": [attendee]}});
        let answer = self.test.deliver(&delivery).await;
        match answer.status {
            200 | 202 => Ok(()),
            _ => Err(format!("the mark was not taken: {}", answer.text)),
        }
    }

    fn uid(&self, meeting: usize, number: usize) -> String {
        format!("s{}-m{meeting}-u{number}", self.schedule.seed)
    }

    /// Lets time pass; what is held at the org arrives before Salesforce's limit for a call.
    async fn pass(&mut self, time: SignedDuration) -> Result<(), String> {
        let target = self.now() + time;
        if let Some(until) = self.held_until.filter(|until| *until < target) {
            self.go_to(until).await;
            self.tell("what is on its way arrives, at the last moment");
            self.release().await?;
        }
        self.go_to(target).await;
        Ok(())
    }

    async fn go_to(&self, at: Timestamp) {
        self.test.pass(at.duration_since(self.now()));
        self.set_the_orgs_clock().await;
        // The next request of any kind lets happen what is due by now.
        self.test.org.control("GET", "changes", json!(null)).await;
    }

    async fn set_the_orgs_clock(&self) {
        let now = self.now() + SignedDuration::from_millis(self.schedule.skew);
        self.test.org.control("PATCH", "settings", json!({"now": now.to_string()})).await;
    }

    fn stepping(&self, engine: usize) -> Stepping {
        let engine = Arc::clone(&self.engines[engine]);
        Box::pin(async move { engine.step().await })
    }

    fn worked(&self, stepped: Result<Stepped, StoreError>) -> Result<bool, String> {
        match stepped {
            Ok(stepped) => Ok(stepped == Stepped::Worked),
            Err(error) => Err(format!("the engine could not use the database: {error:?}")),
        }
    }

    async fn run(&mut self, engine: usize, times: usize) -> Result<(), String> {
        for _ in 0..times {
            if !self.step(engine).await? {
                self.tell("  nothing is due");
                break;
            }
        }
        Ok(())
    }

    /// One step; where nothing goes wrong its calls are counted.
    async fn step(&mut self, engine: usize) -> Result<bool, String> {
        if self.schedule.calm {
            self.test.org.control("DELETE", "calls", json!(null)).await;
        }
        let stepped = self.stepping(engine).await;
        let worked = self.worked(stepped)?;
        if self.schedule.calm {
            let calls = self.test.org.control("GET", "calls", json!(null)).await;
            let describes = u64::from(calls.to_string().contains("/describe"));
            let count = calls["api_calls"].as_u64().expect("a count");
            let more = u64::from(self.may_take_another_call());
            if count > 2 + describes + more {
                return Err(format!("one run made {count} calls though nothing went wrong: {calls:#}"));
            }
        }
        Ok(worked)
    }

    /// Runs whatever is due.
    pub(super) async fn drain(&mut self) -> Result<(), String> {
        for at in 0..MOST_STEPS {
            if !self.step(at % 2).await? {
                return Ok(());
            }
        }
        Err("the engine never comes to rest".into())
    }

    async fn crash(&mut self, engine: usize, answered: usize, polls: Option<usize>) -> Result<(), String> {
        self.release().await?;
        if let Part::Stopped(mut step) = self.run_a_part(engine, answered, polls.is_some()).await? {
            if let Some(polls) = polls {
                let ended = tokio::select! {
                    ended = poll_some(&mut step, polls) => ended,
                    () = self.until_held() => false,
                };
                self.tell(if ended { "  the step had ended before" } else { "  it was in the middle of it" });
            }
            drop(step);
        }
        self.disarm().await
    }

    async fn hang(&mut self, engine: usize, answered: usize) -> Result<(), String> {
        self.release().await?;
        if let Part::Stopped(step) = self.run_a_part(engine, answered, false).await? {
            self.hung = Some(tokio::spawn(step));
        }
        self.disarm().await
    }

    /// Runs a step until so many of its requests were answered and, unless it is to be polled on, the next is on its way.
    async fn run_a_part(&mut self, engine: usize, answered: usize, poll_on: bool) -> Result<Part, String> {
        let mut step = self.stepping(engine);
        self.arm().await;
        for at in 0..=answered {
            if poll_on && at == answered {
                return Ok(Part::Stopped(step));
            }
            let done = tokio::select! {
                biased;
                done = &mut step => Some(done),
                () = self.until_held() => None,
            };
            if let Some(done) = done {
                let worked = self.worked(done)?;
                self.tell(if worked { "  the step ended before" } else { "  nothing was due" });
                return Ok(Part::Finished);
            }
            if at < answered {
                self.arm().await;
                self.let_go().await;
            }
        }
        Ok(Part::Stopped(step))
    }

    /// The next request to Salesforce is held there, and not longer than a call may last.
    async fn arm(&mut self) {
        let (late, others) = self.take_faults().await.into_iter().partition(is_late);
        self.late.extend::<Vec<Value>>(late);
        self.put_faults(others).await;
        let fault = json!({"match": {"path": "/v66.0/composite"}, "effect": {"hold": true}});
        self.test.org.control("POST", "faults", fault).await;
    }

    /// No further request is held. One that a dying step had just sent is given the time to arrive and be held.
    async fn disarm(&mut self) -> Result<(), String> {
        for _ in 0..3 {
            self.test.org.control("GET", "changes", json!(null)).await;
        }
        let faults = self.take_faults().await;
        self.put_faults(faults).await;
        let late = std::mem::take(&mut self.late);
        self.put_faults(late).await;
        if self.held().await {
            self.tell("  a request is on its way");
            self.held_until = Some(self.now() + SignedDuration::from_millis(LATEST));
        }
        Ok(())
    }

    /// Takes away the faults that have not struck yet, except those that hold.
    async fn take_faults(&self) -> Vec<Value> {
        let now = self.test.org.control("GET", "faults", json!(null)).await;
        self.test.org.control("DELETE", "faults", json!(null)).await;
        let left = |fault: &&Value| fault["times"] != 0 && fault["effect"]["hold"] != true;
        let again =
            |fault: &Value| json!({"match": fault["match"], "effect": fault["effect"], "times": fault["times"]});
        now["faults"].as_array().expect("a list").iter().filter(left).map(again).collect()
    }

    async fn put_faults(&self, faults: Vec<Value>) {
        for fault in faults {
            self.test.org.control("POST", "faults", fault).await;
        }
    }

    async fn held(&self) -> bool {
        self.test.org.control("GET", "faults", json!(null)).await["held"] != 0
    }

    async fn until_held(&self) {
        while !self.held().await {}
    }

    /// Lets what is held take effect, and waits for that.
    async fn let_go(&self) {
        let taken = async || self.test.org.control("GET", "changes", json!(null)).await["calls"].as_u64();
        let before = taken().await;
        self.test.org.control("POST", "release", json!(null)).await;
        while taken().await <= before {}
    }

    async fn release(&mut self) -> Result<(), String> {
        if self.held_until.take().is_some() {
            self.let_go().await;
        }
        match self.hung.take() {
            Some(step) => {
                let stepped = step.await.map_err(|error| format!("a step that hung: {error}"))?;
                self.worked(stepped).map(drop)
            }
            None => Ok(()),
        }
    }

    async fn restart(&mut self) -> Result<(), String> {
        if let Some(step) = self.hung.take() {
            step.abort();
            _ = step.await;
        }
        self.test.app.store.free_all_leases().await.map_err(|e| format!("{e:?}"))
    }

    /// Deletes a record as a person in Salesforce does.
    async fn delete(&mut self, object: &str, nth: usize) -> Result<(), String> {
        let records = self.test.org.records(object).await;
        let Some(record) = records.get(nth % records.len().max(1)) else { return Ok(()) };
        let id = record["Id"].as_str().expect("an id").to_owned();
        let events = self.test.org.records("Event").await;
        let rested = self.unfinished().await? == 0 && self.held_until.is_none();
        if object == "Contact" && !rested && self.schedule.field == BookingIdField::None {
            self.tell("  not now: a lost Event is found by its Contact");
            return Ok(());
        }
        self.tell(format!("  {id} {}", record["Subject"].as_str().unwrap_or_default()));
        // Faults are for Matchbook alone.
        let faults = self.take_faults().await;
        self.test.org.delete(object, &id).await;
        self.put_faults(faults).await;
        let left = self.test.org.records("Event").await;
        for gone in events.iter().filter(|e| !left.iter().any(|l| l["Id"] == e["Id"])) {
            let Some(meeting) = self.meeting_of(gone) else { return Err(format!("a strange Event: {}", brief(gone))) };
            let alone = events.iter().filter(|e| e["Subject"] == gone["Subject"]).count() == 1;
            // A late upsert may bring a deleted Event back.
            let stays = rested && alone && self.schedule.field != BookingIdField::Key;
            self.history.event_deleted(meeting, gone["StartDateTime"].clone(), stays);
        }
        if object == "Contact" {
            self.history.contact_deleted(record["Email"].as_str().unwrap_or_default());
        }
        Ok(())
    }

    /// Converts a Lead as a rep does, who finds a person's Lead only once it is there.
    async fn convert(&mut self, nth: usize) -> Result<(), String> {
        if self.unfinished().await? > 0 || self.held_until.is_some() {
            self.tell("  not now: its sync goes on");
            return Ok(());
        }
        let mut open = self.test.org.records("Lead").await;
        open.retain(|lead| lead["IsConverted"] != true);
        let Some(lead) = open.get(nth % open.len().max(1)) else { return Ok(()) };
        let faults = self.take_faults().await;
        self.test.org.control("POST", "convert", json!({"lead": lead["Id"]})).await;
        self.put_faults(faults).await;
        self.history.lead_converted(lead["Email"].as_str().unwrap_or_default());
        Ok(())
    }

    pub(super) fn meeting_of(&self, event: &Value) -> Option<usize> {
        (0..self.schedule.meetings.len()).find(|at| event["Subject"] == self.title(*at).as_str())
    }

    pub(super) async fn unfinished(&self) -> Result<i64, String> {
        self.test.app.store.unfinished().await.map_err(|e| format!("{e:?}"))
    }

    /// The bookings of this seed as the database has them, the oldest first. Those of earlier seeds start earlier.
    pub(super) async fn bookings(&self) -> Vec<matchbook::store::BookingRow> {
        let page =
            self.test.app.store.bookings(&Scope::All.into(), None, 60, self.now()).await.expect("bookings are read");
        let ours = format!("of seed {}", self.schedule.seed);
        let mut rows: Vec<_> = page.rows.into_iter().filter(|r| r.booking.title.ends_with(&ours)).collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows
    }

    /// All runs of this seed's bookings in words, for a failure.
    pub(super) async fn runs(&self) -> String {
        let mut lines = Vec::new();
        for row in self.bookings().await {
            for run in self.test.app.store.runs(&row.id.0, 1000).await.expect("runs are read") {
                let since = |at: Timestamp| format!("{:>9.3} s", at.duration_since(self.base).as_secs_f64());
                let calls = run.calls.iter().map(|c| {
                    let answered = if c.answered.is_some() { "" } else { "no word" };
                    format!("\n             {}: {} {answered}", c.purpose, c.status.unwrap_or_default())
                });
                let calls: String = calls.collect();
                let outcome = run.outcome.unwrap_or_else(|| "died".into());
                let why = run.summary.unwrap_or_default();
                let (title, id) = (&row.booking.title, &row.id.0);
                lines.push(format!("{}  {title} {id}: {outcome} {why} {:?}{calls}", since(run.started_at), run.notes));
            }
        }
        lines.sort();
        lines.join("\n")
    }

    async fn sync_again(&mut self, nth: usize) -> Result<(), String> {
        let rows = self.bookings().await;
        let Some(row) = rows.get(nth % rows.len().max(1)) else { return Ok(()) };
        let again = self.test.app.store.sync_again(&row.id.0, self.now()).await;
        again.map(drop).map_err(|e| format!("{e:?}"))
    }

    /// Nothing fails any more, what is late arrives, and time passes until nothing waits. Held bookings are synced again once.
    pub(super) async fn come_to_rest(&mut self) -> Result<(), String> {
        self.tell("nothing fails any more");
        self.release().await?;
        self.test.org.control("DELETE", "faults", json!(null)).await;
        let mut again: Vec<String> = Vec::new();
        for _ in 0..40 {
            self.pass(SignedDuration::from_mins(30)).await?;
            self.drain().await?;
            let rows = self.bookings().await;
            let held: Vec<_> = rows.iter().filter(|r| r.sync.as_ref().is_some_and(|s| s.state == "held")).collect();
            if held.is_empty() && self.unfinished().await? == 0 {
                return Ok(());
            }
            for row in held {
                let id = row.id.0.clone();
                let reason = row.sync.as_ref().and_then(|s| s.reason.clone()).unwrap_or_default();
                self.tell(format!("{id} is held: {reason}"));
                if again.contains(&id) {
                    return Err(format!("{id} is held though nothing fails any more: {reason}"));
                }
                self.test.app.store.sync_again(&id, self.now()).await.map_err(|e| format!("{e:?}"))?;
                again.push(id);
            }
        }
        let rows = self.bookings().await;
        let syncs: Vec<_> = rows.iter().map(|r| (&r.id.0, &r.sync)).collect();
        Err(format!("after 20 hours without a fault, syncs are not done: {syncs:#?}"))
    }
}

pub(super) fn place(number: usize) -> String {
    format!("https://video.example/room-{number}")
}

/// Another engine on the test's database.
pub(super) fn second_engine(test: &TestApp) -> Arc<Engine> {
    let options = EngineOptions {
        store: test.app.store.clone(),
        vault: test.app.vault.clone(),
        clock: test.app.clock.clone(),
        loopback: LoopbackPolicy::Allow,
        public_url: None,
    };
    Arc::new(Engine::new(options).expect("an engine"))
}

/// Polls so many times; true if the future ended before.
async fn poll_some(step: &mut Stepping, polls: usize) -> bool {
    let mut left = polls;
    poll_fn(|context| {
        if step.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        left -= 1;
        if left == 0 { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
}

fn is_late(fault: &Value) -> bool {
    fault["effect"]["drop"]["late_ms"].is_number()
}
