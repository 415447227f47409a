//! What happens in one seed: a small world, and steps that a person can read.

use std::fmt;

use serde_json::{Value, json};

use super::dice::Dice;
use super::settings::{Attendees, Settings};

/// A small world and what happens in it.
pub(super) struct Schedule {
    pub(super) seed: u64,
    /// Nothing goes wrong, so that calls can be counted.
    pub(super) calm: bool,
    /// Attendees are Leads.
    pub(super) leads: bool,
    /// An Event can be with several people.
    pub(super) shared: bool,
    /// Fields are written to the Event and to the attendee's record.
    pub(super) rows: bool,
    pub(super) field: BookingIdField,
    /// How far the org's clock is ahead of ours, in milliseconds.
    pub(super) skew: i64,
    /// What an admin set besides.
    pub(super) settings: Option<Settings>,
    /// How many Contacts each person had before.
    pub(super) persons: Vec<usize>,
    pub(super) meetings: Vec<Meeting>,
    pub(super) steps: Vec<Step>,
}

/// What the org has for the booking id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookingIdField {
    None,
    Plain,
    /// External id and unique.
    Key,
}

/// A booking with all its changes, the earliest first.
pub(super) struct Meeting {
    pub(super) person: usize,
    pub(super) host: &'static str,
    pub(super) versions: Vec<Version>,
    /// Whether the attendee came, as it was said over time, and of which uid of the booking.
    pub(super) marks: Vec<Mark>,
}

/// Somebody marks the attendee as a no-show, or takes that back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) absent: bool,
    pub(super) uid: usize,
}

impl Meeting {
    /// A reschedule brings a new uid.
    pub(super) fn uid(&self, version: usize) -> usize {
        self.versions[..=version].iter().filter(|v| v.kind == Kind::Rescheduled).count()
    }

    /// Whether it was ever to take place.
    pub(super) fn was_confirmed(&self) -> bool {
        self.versions.iter().any(|v| matches!(v.kind, Kind::Created | Kind::Rescheduled))
    }

    pub(super) fn last(&self) -> Version {
        self.versions[self.versions.len() - 1]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Requested,
    Created,
    Rescheduled,
    Rejected,
    Cancelled,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) kind: Kind,
    /// Which of the booking's possible times.
    pub(super) slot: usize,
    pub(super) place: usize,
    /// The persons who come along, a bit each.
    pub(super) guests: usize,
}

impl Version {
    pub(super) fn brings(&self, person: usize) -> bool {
        self.guests & (1 << person) != 0
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Deliver {
        meeting: usize,
        version: usize,
        ical: bool,
        shouted: bool,
    },
    NoShow {
        meeting: usize,
        mark: usize,
    },
    Pass {
        ms: i64,
    },
    Run {
        engine: usize,
        times: usize,
    },
    RunBoth,
    Fault {
        target: Target,
        effect: Effect,
        times: usize,
    },
    /// The process dies in a step, once so many requests were answered: while the next one is on its way, or after so many
    /// polls of the step.
    Crash {
        engine: usize,
        answered: usize,
        polls: Option<usize>,
    },
    /// A step hangs in the middle of a request, and others go on.
    Hang {
        engine: usize,
        answered: usize,
    },
    /// Requests on their way arrive, and a hanging step goes on.
    Release,
    Restart,
    EndSessions,
    DeleteEvent {
        nth: usize,
    },
    DeleteContact {
        nth: usize,
    },
    ConvertLead {
        nth: usize,
    },
    SyncAgain {
        nth: usize,
    },
}

/// Which requests a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Write(&'static str, &'static str),
    Query(&'static str),
    Whole,
    Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    DropBefore,
    DropAfter,
    Late(i64),
    Busy,
    ServerError,
    Page,
    RowLock,
    Limit,
    Validation,
    RevokeSession,
}

const WRITES: [Target; 4] = [
    Target::Write("POST", "Contact"),
    Target::Write("POST", "Event"),
    Target::Write("PATCH", "Event"),
    Target::Write("DELETE", "Event"),
];

const QUERIES: [Target; 3] = [Target::Query("FROM Contact"), Target::Query("FROM Event"), Target::Query("FROM User")];

/// How long after it was sent a request may still take effect, in milliseconds: just below Salesforce's limit for a call.
pub(super) const LATEST: i64 = 599_000;

/// Makes the stream of what an admin set differ from the others of a seed.
const OF_SETTINGS: u64 = 0x5E77_1465_0F05_EED5;

impl Schedule {
    /// All that is drawn of settings goes on top of what there was before; some seeds do without.
    pub(super) fn of(seed: u64) -> Schedule {
        let mut schedule = Schedule::without_settings(seed);
        let mut dice = Dice::new(seed ^ OF_SETTINGS);
        if dice.chance(65) {
            let settings = Settings::of(&mut dice, schedule.leads, &schedule.persons);
            if !schedule.calm {
                faults_of_persons(&mut dice, &mut schedule.steps);
                if settings.attendees == Attendees::Leads {
                    conversions(&mut dice, &mut schedule.steps);
                }
            }
            schedule.settings = Some(settings);
        }
        schedule
    }

    /// As schedules were before an admin could set more than rows: old seeds mean the same for ever.
    pub(super) fn without_settings(seed: u64) -> Schedule {
        Schedule::with(seed, Some(Dice::new(!seed)))
    }

    /// As schedules were before there were guests, Leads, no-shows, requests and rejections, either.
    pub(super) fn plain(seed: u64) -> Schedule {
        Schedule::with(seed, None)
    }

    /// All that is drawn from `more` goes on top of what the seed alone says.
    fn with(seed: u64, mut more: Option<Dice>) -> Schedule {
        let mut dice = Dice::new(seed);
        let calm = dice.chance(15);
        let field = dice.pick(&[BookingIdField::None, BookingIdField::Plain, BookingIdField::Key]);
        let skew = i64::try_from(dice.within(0, 480_000)).expect("small") - 240_000;
        let persons: Vec<usize> = (0..dice.within(1, 4)).map(|_| dice.pick(&[0, 0, 0, 1, 1, 2])).collect();
        let count = dice.within(1, 6);
        let mut meetings: Vec<Meeting> = (0..count).map(|_| meeting(&mut dice, persons.len())).collect();
        let (mut leads, mut shared, mut rows) = (false, false, false);
        if let Some(more) = &mut more {
            (leads, shared) = (more.chance(25), more.chance(60));
            rows = seed.is_multiple_of(2);
            meetings.iter_mut().for_each(|meeting| add_more(more, meeting, persons.len()));
        }
        let mut steps = deliveries(&mut dice, &meetings);
        for _ in 0..dice.within(8, 30) {
            let step = if calm { calm_step(&mut dice) } else { any_step(&mut dice) };
            let at = dice.within(0, steps.len() + 1);
            steps.insert(at, step);
        }
        if let Some(more) = &mut more {
            no_shows(more, &meetings, &mut steps);
        }
        Schedule { seed, calm, leads, shared, rows, field, skew, settings: None, persons, meetings, steps }
    }

    /// What attendees are in Salesforce.
    pub(super) fn attendees(&self) -> Attendees {
        match &self.settings {
            Some(settings) => settings.attendees,
            None if self.leads => Attendees::Leads,
            None => Attendees::Contacts,
        }
    }

    /// Whether Salesforce may refuse a record for what is in it.
    pub(super) fn refuses_records(&self) -> bool {
        let refuses = |step: &Step| matches!(step, Step::Fault { effect: Effect::Validation, .. });
        self.steps.iter().any(refuses)
    }
}

fn meeting(dice: &mut Dice, persons: usize) -> Meeting {
    let host = dice.pick(&["ann", "ann", "ben"]);
    let version =
        |dice: &mut Dice, kind| Version { kind, slot: dice.within(0, 3), place: dice.within(0, 2), guests: 0 };
    let mut versions = vec![version(dice, Kind::Created)];
    for _ in 0..dice.pick(&[0, 0, 1, 1, 2, 3]) {
        versions.push(version(dice, Kind::Rescheduled));
    }
    if dice.chance(35) {
        let last = versions[versions.len() - 1];
        versions.push(Version { kind: Kind::Cancelled, ..last });
    }
    Meeting { person: dice.within(0, persons), host, versions, marks: vec![] }
}

/// Requests and rejections, guests, and marks of no-shows.
fn add_more(dice: &mut Dice, meeting: &mut Meeting, persons: usize) {
    let first = meeting.versions[0];
    if dice.chance(30) {
        meeting.versions.insert(0, Version { kind: Kind::Requested, ..first });
        if dice.chance(30) {
            meeting.versions.truncate(1);
            let end = dice.pick(&[None, Some(Kind::Rejected), Some(Kind::Rejected), Some(Kind::Cancelled)]);
            meeting.versions.extend(end.map(|kind| Version { kind, ..first }));
        }
    }
    let last = meeting.last();
    if last.kind == Kind::Cancelled && dice.chance(20) {
        let at = meeting.versions.len() - 1;
        meeting.versions[at].kind = Kind::Rejected;
    }
    let others = ((1 << persons) - 1) & !(1 << meeting.person);
    let mut guests = if dice.chance(50) { dice.within(0, 1 << persons) & others } else { 0 };
    for version in &mut meeting.versions {
        if version.kind == Kind::Rescheduled && dice.chance(30) {
            guests = dice.within(0, 1 << persons) & others;
        }
        version.guests = guests;
    }
    let uids = meeting.uid(meeting.versions.len() - 1) + 1;
    meeting.marks = (0..dice.pick(&[0, 0, 0, 1, 1, 2]))
        .map(|_| Mark { absent: dice.chance(70), uid: dice.within(0, uids) })
        .collect();
}

/// Every mark is delivered at least once, at any time.
fn no_shows(dice: &mut Dice, meetings: &[Meeting], steps: &mut Vec<Step>) {
    for (meeting, its) in meetings.iter().enumerate() {
        for mark in 0..its.marks.len() {
            for _ in 0..dice.pick(&[1, 1, 2]) {
                let at = dice.within(0, steps.len() + 1);
                steps.insert(at, Step::NoShow { meeting, mark });
                if dice.chance(40) {
                    steps.insert(at + 1, Step::Run { engine: dice.within(0, 2), times: dice.within(1, 4) });
                }
            }
        }
    }
}

/// Every change is delivered at least once, mostly in order; runs of the engine lie between them.
fn deliveries(dice: &mut Dice, meetings: &[Meeting]) -> Vec<Step> {
    let (disorder, without_ical) = (dice.pick(&[0, 0, 20, 60]), dice.pick(&[0, 0, 40]));
    let mut left: Vec<Vec<usize>> = meetings.iter().map(|m| (0..m.versions.len()).collect()).collect();
    let mut steps = Vec::new();
    while left.iter().any(|l| !l.is_empty()) {
        let meeting = dice.within(0, left.len());
        let Some(last) = left[meeting].len().checked_sub(1) else { continue };
        let at = if dice.chance(disorder) { dice.within(0, last + 1) } else { 0 };
        let version = if dice.chance(10) { left[meeting][at] } else { left[meeting].remove(at) };
        steps.push(Step::Deliver { meeting, version, ical: !dice.chance(without_ical), shouted: dice.chance(30) });
        if dice.chance(60) {
            steps.push(Step::Run { engine: dice.within(0, 2), times: dice.within(1, 4) });
        }
        if dice.chance(30) {
            steps.push(pass(dice));
        }
    }
    steps
}

fn pass(dice: &mut Dice) -> Step {
    let longest = dice.pick(&[5_000, 60_000, 300_000, 900_000]);
    Step::Pass { ms: i64::try_from(dice.within(1, longest)).expect("minutes") }
}

fn calm_step(dice: &mut Dice) -> Step {
    match dice.within(0, 10) {
        0..3 => pass(dice),
        3..5 => Step::RunBoth,
        5 => Step::SyncAgain { nth: dice.within(0, 10) },
        _ => Step::Run { engine: dice.within(0, 2), times: dice.within(1, 4) },
    }
}

fn any_step(dice: &mut Dice) -> Step {
    let (engine, answered) = (dice.within(0, 2), dice.within(0, 4));
    match dice.within(0, 100) {
        0..18 => pass(dice),
        18..36 => Step::Run { engine, times: dice.within(1, 4) },
        36..42 => Step::RunBoth,
        42..66 => fault(dice),
        66..71 => Step::Crash { engine, answered, polls: None },
        71..77 => Step::Crash { engine, answered, polls: Some(dice.within(1, 25)) },
        77..82 => Step::Hang { engine, answered },
        82..86 => Step::Release,
        86..89 => Step::Restart,
        89..91 => Step::EndSessions,
        91..95 => Step::DeleteEvent { nth: dice.within(0, 10) },
        95..97 => Step::DeleteContact { nth: dice.within(0, 10) },
        _ => Step::SyncAgain { nth: dice.within(0, 10) },
    }
}

/// A rep converts Leads, at any time.
fn conversions(dice: &mut Dice, steps: &mut Vec<Step>) {
    for _ in 0..dice.pick(&[0, 1, 1, 2]) {
        steps.insert(dice.within(0, steps.len() + 1), Step::ConvertLead { nth: dice.within(0, 10) });
    }
}

/// Trouble with changes of persons' records, at any time.
fn faults_of_persons(dice: &mut Dice, steps: &mut Vec<Step>) {
    for _ in 0..dice.pick(&[0, 1, 1, 2, 3]) {
        let late =
            Effect::Late(i64::try_from(dice.within(1, usize::try_from(LATEST).expect("positive"))).expect("minutes"));
        let effects = [
            Effect::DropBefore,
            Effect::DropAfter,
            Effect::DropAfter,
            late,
            Effect::RowLock,
            Effect::RowLock,
            Effect::Busy,
            Effect::Limit,
            Effect::RevokeSession,
        ];
        let target = Target::Write("PATCH", dice.pick(&["Contact", "Contact", "Contact", "Lead"]));
        let fault = Step::Fault { target, effect: dice.pick(&effects), times: dice.within(1, 3) };
        steps.insert(dice.within(0, steps.len() + 1), fault);
    }
}

fn fault(dice: &mut Dice) -> Step {
    let late =
        Effect::Late(i64::try_from(dice.within(1, usize::try_from(LATEST).expect("positive"))).expect("minutes"));
    let (target, effects): (Target, &[Effect]) = match dice.within(0, 20) {
        0..10 => {
            let of_a_row = [
                Effect::DropBefore,
                Effect::DropAfter,
                Effect::DropAfter,
                late,
                late,
                Effect::RowLock,
                Effect::Limit,
                Effect::Validation,
                Effect::RevokeSession,
            ];
            return Step::Fault { target: dice.pick(&WRITES), effect: dice.pick(&of_a_row), times: dice.within(1, 3) };
        }
        10..14 => (dice.pick(&QUERIES), &[Effect::DropBefore, Effect::Limit, Effect::RowLock, Effect::RevokeSession]),
        14..19 => {
            (Target::Whole, &[Effect::DropBefore, Effect::DropAfter, Effect::Busy, Effect::ServerError, Effect::Page])
        }
        _ => (Target::Login, &[Effect::DropBefore, Effect::Busy]),
    };
    Step::Fault { target, effect: dice.pick(effects), times: dice.within(1, 3) }
}

impl Target {
    /// As the org's control interface takes it. People in Salesforce use another version, so that faults are not theirs.
    pub(super) fn json(self) -> Value {
        match self {
            Target::Write(method, object) => json!({"method": method, "object": object, "path": "/v66.0/"}),
            Target::Query(part) => json!({"soql": part, "path": "/v66.0/"}),
            Target::Whole => json!({"path": "/v66.0/composite"}),
            Target::Login => json!({"path": "/services/oauth2/token"}),
        }
    }
}

impl Effect {
    pub(super) fn json(self) -> Value {
        let error =
            |status: u16, code: &str| json!({"error": {"status": status, "code": code, "message": code, "fields": []}});
        match self {
            Effect::DropBefore => json!({"drop": "before"}),
            Effect::DropAfter => json!({"drop": "after"}),
            Effect::Late(ms) => json!({"drop": {"late_ms": ms}}),
            Effect::Busy => error(503, "SERVER_UNAVAILABLE"),
            Effect::ServerError => error(500, "UNKNOWN_EXCEPTION"),
            Effect::Page => json!({"html": 503}),
            Effect::RowLock => error(400, "UNABLE_TO_LOCK_ROW"),
            Effect::Limit => error(403, "REQUEST_LIMIT_EXCEEDED"),
            Effect::Validation => error(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
            Effect::RevokeSession => json!({"revoke": "session"}),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "booking id field: {:?}; the org's clock is {} s ahead; Contacts there before: {:?}; {}, {}, {}",
            self.field,
            self.skew / 1000,
            self.persons,
            if self.leads { "attendees are Leads" } else { "attendees are Contacts" },
            if self.shared { "several people an Event" } else { "one person an Event" },
            if self.rows { "with fields to write" } else { "without fields to write" },
        )?;
        if let Some(settings) = &self.settings {
            settings.fmt(f)?;
        }
        for (at, meeting) in self.meetings.iter().enumerate() {
            writeln!(f, "meeting {at} of person {} with {}:", meeting.person, meeting.host)?;
            for version in &meeting.versions {
                writeln!(f, "  {version:?}")?;
            }
            for mark in &meeting.marks {
                writeln!(f, "  {mark:?}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Deliver { meeting, version, ical, shouted } => {
                write!(f, "deliver change {version} of meeting {meeting}")?;
                f.write_str(if *ical { "" } else { ", without iCalUID" })?;
                f.write_str(if *shouted { ", email in capitals" } else { "" })
            }
            Step::NoShow { meeting, mark } => write!(f, "deliver mark {mark} of a no-show of meeting {meeting}"),
            Step::Pass { ms } => write!(f, "{}.{:03} s pass", ms / 1000, ms % 1000),
            Step::Run { engine, times } => write!(f, "engine {engine} makes {times} steps"),
            Step::RunBoth => f.write_str("both engines make a step side by side"),
            Step::Fault { target, effect, times } => {
                write!(f, "the next {times} of {target:?} will fail by {effect:?}")
            }
            Step::Crash { engine, answered, polls: None } => {
                write!(f, "engine {engine} dies in a step, {answered} requests answered, the next on its way")
            }
            Step::Crash { engine, answered, polls: Some(polls) } => {
                write!(f, "engine {engine} dies in a step, {polls} polls after {answered} requests were answered")
            }
            Step::Hang { engine, answered } => {
                write!(f, "engine {engine} hangs in a step, {answered} requests answered, the next on its way")
            }
            Step::Release => f.write_str("what is on its way arrives"),
            Step::Restart => f.write_str("the process is started anew"),
            Step::EndSessions => f.write_str("all sessions end"),
            Step::DeleteEvent { nth } => write!(f, "somebody deletes an Event ({nth})"),
            Step::DeleteContact { nth } => write!(f, "somebody deletes a Contact ({nth})"),
            Step::ConvertLead { nth } => write!(f, "somebody converts a Lead ({nth})"),
            Step::SyncAgain { nth } => write!(f, "somebody presses Sync again ({nth})"),
        }
    }
}
