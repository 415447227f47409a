//! Which of several Accounts it is (spec 6): rules in an order, each of which narrows the candidates; the first that leaves one
//! decides. What no rule decides, the oldest Account does, then the lowest id: no choice is arbitrary.
//!
//! Each rule is a file of its own and an entry of [`RULES`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::account::AccountRow;
use crate::ask::{Answer, Ask, Known, LookupFailure, RecordId};
use crate::booking::{Booking, BookingAnswer};
use crate::geo::{Geo, SubRegionTable};
use crate::trace::{Removal, Seen, Stage, StageKey, StageResult, Trace};

mod p1_country;
mod p2_state;
mod p3_sub_region;
mod p5_most_child_accounts;
mod p6_most_opportunities;
mod p7_most_contacts;
mod p8_most_recent_activity;
mod p9_earliest_created;

/// All rules, in their default order.
pub const RULES: &[&Tiebreaker] = &[
    &p1_country::RULE,
    &p2_state::RULE,
    &p3_sub_region::RULE,
    &p5_most_child_accounts::RULE,
    &p6_most_opportunities::RULE,
    &p7_most_contacts::RULE,
    &p8_most_recent_activity::RULE,
    &p9_earliest_created::RULE,
];

/// The keys of all rules, in their default order.
pub const KEYS: [&str; RULES.len()] = {
    let mut keys = [""; RULES.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = RULES[at].key;
        at += 1;
    }
    keys
};

/// A rule.
#[derive(Debug)]
pub struct Tiebreaker {
    /// What is stored: `most_contacts`.
    pub key: &'static str,
    /// What admins call it: `P7`.
    pub number: &'static str,
    /// What it goes by: *Most contacts*.
    pub criterion: &'static str,
    /// Its kind.
    pub category: Category,
    /// What it keeps, in a sentence.
    pub description: &'static str,
    /// What must be known of each candidate.
    pub facts: fn(&TiebreakSettings) -> Vec<Fact>,
    /// How it looks at candidates here, or why it can tell nothing.
    pub look: fn(&Situation) -> Result<Look<'_>, String>,
}

/// What a rule sees of a candidate; those with the highest rank are kept. What is the same for all candidates was found once.
pub type Look<'a> = Box<dyn Fn(&Candidate<'_>) -> Sight + 'a>;

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// They compare with the booker's place.
    Geo,
    /// They count related records.
    Relationship,
    /// They go by dates.
    Activity,
}

impl Category {
    /// As admins read it.
    pub fn label(self) -> &'static str {
        match self {
            Category::Geo => "Geo",
            Category::Relationship => "Relationship",
            Category::Activity => "Activity",
        }
    }
}

/// What a rule must know of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A field of the Account, by API name; fields that an org lacks are passed over.
    Field(String),
    /// How many records belong to it.
    Count(Related),
}

/// Records that belong to an Account, and are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Related {
    /// Accounts directly below it.
    ChildAccounts,
    /// Its Opportunities.
    Opportunities,
    /// Its Contacts.
    Contacts,
}

/// A candidate as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The Account.
    pub account: &'a AccountRow,
    /// The counts that were asked for; what is not among them is zero.
    pub counts: &'a Counts,
}

/// Numbers of related records: by what is counted, then by Account. An Account without any stands in none.
pub type Counts = BTreeMap<Related, BTreeMap<RecordId, u64>>;

impl Candidate<'_> {
    /// How many records belong to it.
    pub(crate) fn count(&self, related: Related) -> u64 {
        self.counts.get(&related).and_then(|of| of.get(&self.account.id)).copied().unwrap_or(0)
    }

    /// A field's text, if it has one.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.account.fields.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }
}

/// What a rule saw of one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// For people to read.
    pub value: String,
    /// The higher, the better. `None`: it has no value, or not the wanted one; it loses to all that have a rank.
    pub rank: Option<i64>,
}

impl Sight {
    /// A value that counts.
    pub(crate) fn ranked(value: impl Into<String>, rank: i64) -> Self {
        Sight { value: value.into(), rank: Some(rank) }
    }

    /// A value that does not.
    pub(crate) fn unranked(value: impl Into<String>) -> Self {
        Sight { value: value.into(), rank: None }
    }

    /// A number of records.
    pub(crate) fn counted(number: u64) -> Self {
        Sight::ranked(number.to_string(), i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// A text that is there, and is the wanted one or not.
    pub(crate) fn matching(value: Option<&str>, matches: bool) -> Self {
        match value {
            Some(text) if matches => Sight::ranked(text, 1),
            Some(text) => Sight::unranked(text),
            None => Sight::unranked("(empty)"),
        }
    }
}

/// The tiebreakers of an event type (spec 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TiebreakSettings {
    /// Off: the oldest Account, then the lowest id.
    pub enabled: bool,
    /// The keys of the rules, in the order in which they run.
    pub rules: Vec<String>,
    /// Whether the booker's place may be used.
    pub geo: bool,
    /// The Account field that holds its sub-region, by API name; P3 is skipped without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_region_field: Option<String>,
    /// The slug of the question or form field whose answer is the booker's sub-region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_region_question: Option<String>,
    /// Places and the sub-regions that they belong to.
    pub sub_regions: SubRegionTable,
}

impl Default for TiebreakSettings {
    fn default() -> Self {
        TiebreakSettings {
            enabled: true,
            rules: KEYS.map(str::to_owned).into(),
            geo: true,
            sub_region_field: None,
            sub_region_question: None,
            sub_regions: SubRegionTable::default(),
        }
    }
}

impl TiebreakSettings {
    /// The rules that run, in order.
    pub fn active(&self) -> impl Iterator<Item = &'static Tiebreaker> {
        let keys = self.rules.iter().filter(|_| self.enabled);
        keys.filter_map(|key| rule(key))
    }

    /// The Account fields that the rules read.
    pub fn fields(&self) -> BTreeSet<String> {
        let facts = self.active().flat_map(|rule| (rule.facts)(self));
        facts
            .filter_map(|fact| match fact {
                Fact::Field(name) => Some(name),
                Fact::Count(_) => None,
            })
            .collect()
    }
}

/// The rule of a key.
pub fn rule(key: &str) -> Option<&'static Tiebreaker> {
    RULES.iter().find(|rule| rule.key == key).copied()
}

/// What tiebreakers go by, besides the candidates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Situation {
    /// The event type's tiebreakers.
    pub settings: TiebreakSettings,
    /// Where the booker is, as far as a browser's request told or an API caller stated it.
    #[serde(default, skip_serializing_if = "Geo::is_empty")]
    pub place: Geo,
    /// The answer to the question that [`TiebreakSettings::sub_region_question`] names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_region_answer: Option<String>,
}

impl Situation {
    /// The situation of a booking.
    pub fn of(settings: &TiebreakSettings, booking: &Booking) -> Self {
        Situation::with(settings, booking.place.clone(), booking.answers.iter().chain(&booking.form_answers))
    }

    /// The situation of somebody at this place who gave these answers, to a form or with the booking.
    pub fn with<'a>(
        settings: &TiebreakSettings,
        place: Geo,
        answers: impl IntoIterator<Item = &'a BookingAnswer>,
    ) -> Self {
        let question = settings.sub_region_question.as_deref();
        let answer = answers.into_iter().find(|answer| Some(answer.slug.as_str()) == question);
        Situation { settings: settings.clone(), place, sub_region_answer: answer.map(|answer| answer.value.clone()) }
    }

    /// Whether the booker's place may be used here.
    pub(crate) fn geo_is_on(&self) -> Result<(), String> {
        if self.settings.geo { Ok(()) } else { Err("geo is off for this event type".to_owned()) }
    }

    /// Whether the booker's place is known, and may be used.
    pub(crate) fn place_is_known(&self) -> Result<(), String> {
        self.geo_is_on()?;
        if self.place.is_empty() { Err("it is not known where the booker is".to_owned()) } else { Ok(()) }
    }
}

/// What decided among several candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tie {
    /// A rule, by its key.
    Rule(&'static str),
    /// The oldest Account, then the lowest id.
    FixedOrder,
}

/// Why the tie is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// This must be known first.
    Missing(BTreeSet<Ask>),
    /// It could not be looked up; at this rule, where it is one's.
    Failed(Option<&'static str>, LookupFailure),
}

/// Chooses one of several candidates, or says what must be known first.
///
/// # Panics
/// If there is no candidate.
pub fn choose(
    candidates: Vec<AccountRow>,
    situation: &Situation,
    known: &Known,
    trace: &mut Trace,
) -> Result<(AccountRow, Option<Tie>), Open> {
    let mut left = candidates;
    // Whose related records are counted: all that are left at the first rule that counts, so that one request serves all.
    let mut counted: Option<BTreeSet<RecordId>> = None;
    for (at, rule) in situation.settings.active().enumerate() {
        if left.len() < 2 {
            break;
        }
        let look = match (rule.look)(situation) {
            Ok(look) => look,
            Err(why) => {
                trace.push(Stage::of(StageKey::Rule(rule.key.to_owned()), StageResult::Skipped { why }));
                continue;
            }
        };
        let mut counts = Counts::new();
        for related in related(rule, &situation.settings) {
            let of = counted.get_or_insert_with(|| left.iter().map(|row| row.id.clone()).collect());
            let count = match read_count(known, Ask::RelatedCount { related, of: of.clone() }) {
                Ok(count) => count,
                Err(Open::Missing(_)) => return Err(Open::Missing(all_counts(of, situation, at, known))),
                Err(Open::Failed(_, failure)) => return Err(failed_at(rule, failure, trace)),
            };
            counts.insert(related, count.clone());
        }
        left = narrow(rule, left, |account| look(&Candidate { account, counts: &counts }), trace);
        if left.len() == 1 {
            return Ok((left.remove(0), Some(Tie::Rule(rule.key))));
        }
    }
    Ok(by_fixed_order(left, trace))
}

fn failed_at(rule: &'static Tiebreaker, failure: LookupFailure, trace: &mut Trace) -> Open {
    let result = StageResult::Failed { failure: failure.clone() };
    trace.push(Stage::of(StageKey::Rule(rule.key.to_owned()), result));
    Open::Failed(Some(rule.key), failure)
}

/// What a rule counts.
fn related(rule: &Tiebreaker, settings: &TiebreakSettings) -> BTreeSet<Related> {
    let facts = (rule.facts)(settings).into_iter();
    facts
        .filter_map(|fact| match fact {
            Fact::Count(related) => Some(related),
            Fact::Field(_) => None,
        })
        .collect()
}

/// The counts that are missing of those which this rule and later ones need.
fn all_counts(of: &BTreeSet<RecordId>, situation: &Situation, at: usize, known: &Known) -> BTreeSet<Ask> {
    let rules = situation.settings.active().skip(at).filter(|rule| (rule.look)(situation).is_ok());
    let related = rules.flat_map(|rule| related(rule, &situation.settings));
    related
        .map(|related| Ask::RelatedCount { related, of: of.clone() })
        .filter(|ask| !known.contains_key(ask))
        .collect()
}

fn read_count(known: &Known, ask: Ask) -> Result<&BTreeMap<RecordId, u64>, Open> {
    match answered(known, ask)? {
        Answer::RelatedCount(counts) => Ok(counts),
        other => unreachable!("a count was asked for, {other:?} came back"),
    }
}

/// The answer on which a choice hangs; a failure is no rule's yet.
pub(crate) fn answered(known: &Known, ask: Ask) -> Result<&Answer, Open> {
    match known.get(&ask) {
        None => Err(Open::Missing([ask].into())),
        Some(Err(failure)) => Err(Open::Failed(None, failure.clone())),
        Some(Ok(answer)) => Ok(answer),
    }
}

/// Keeps the candidates of the highest rank. A rule never empties the set: where nobody has a rank, all stay.
fn narrow(
    rule: &Tiebreaker,
    candidates: Vec<AccountRow>,
    see: impl Fn(&AccountRow) -> Sight,
    trace: &mut Trace,
) -> Vec<AccountRow> {
    let sights: Vec<Sight> = candidates.iter().map(see).collect();
    let best = sights.iter().filter_map(|sight| sight.rank).max();
    let stays = |sight: &Sight| best.is_none() || sight.rank == best;
    let kept = sights.iter().filter(|sight| stays(sight)).count();
    let mut stage = Stage::of(
        StageKey::Rule(rule.key.to_owned()),
        match (best, kept) {
            (None, _) => StageResult::LeftNobody,
            (_, 1) => StageResult::Decided,
            (_, kept) if kept == candidates.len() => StageResult::NotNarrowed,
            _ => StageResult::Narrowed,
        },
    );
    for (account, sight) in candidates.iter().zip(&sights) {
        let removed = (!stays(sight)).then_some(Removal::Outranked);
        stage.seen.push(Seen { account: account.id.clone(), value: sight.value.clone(), removed });
    }
    stage.seen.sort_by(|a, b| a.account.cmp(&b.account));
    trace.push(stage);
    candidates.into_iter().zip(&sights).filter(|(_, sight)| stays(sight)).map(|(account, _)| account).collect()
}

/// The oldest Account, then the one with the lowest id.
fn by_fixed_order(candidates: Vec<AccountRow>, trace: &mut Trace) -> (AccountRow, Option<Tie>) {
    let several = candidates.len() > 1;
    let order = |row: &AccountRow| (row.created, row.id.clone());
    let winner = candidates.iter().min_by_key(|row| order(row)).cloned().expect("there is a candidate");
    if several {
        let mut stage = Stage::of(StageKey::FixedOrder, StageResult::Decided);
        for row in &candidates {
            let removed = (row.id != winner.id).then_some(Removal::LaterInFixedOrder);
            stage.seen.push(Seen { account: row.id.clone(), value: row.created.to_string(), removed });
        }
        stage.seen.sort_by(|a, b| a.account.cmp(&b.account));
        trace.push(stage);
    }
    (winner, several.then_some(Tie::FixedOrder))
}

#[cfg(test)]
#[path = "tiebreak_tests.rs"]
mod tests;
