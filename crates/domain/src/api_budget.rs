//! Whether a call may be made now, given what the org's day still holds (spec 2 and 7).
//!
//! An org counts the API requests of the last 24 hours, whoever made them, and says so with each answer. Syncs may use all
//! that is left. Look-ups that a stranger's request causes get a share of the day, and stop while a reserve for syncs is left.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Bringing Salesforce in line with a booking.
    Sync,
    /// Looking something up for somebody who is not signed in.
    Lookup,
    /// Testing a connection, since somebody asked for it.
    Test,
}

/// What an org said of its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgCount {
    /// Requests of the last 24 hours.
    pub used: i64,
    /// Requests that it has in 24 hours.
    pub limit: i64,
    /// When it said so.
    pub said_at: Timestamp,
}

/// Calls that Matchbook made within one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourSpent {
    /// When the hour began.
    pub hour: Timestamp,
    /// What they were for.
    pub purpose: Purpose,
    /// How many.
    pub calls: i64,
}

/// What is known of an org's day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiUsage {
    /// The org's latest word; none before the first answer.
    pub org: Option<OrgCount>,
    /// What Matchbook spent, by hour and purpose, the oldest hour first.
    pub spent: Vec<HourSpent>,
}

/// How an org's day is shared out, in percent of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// The most that look-ups may use.
    pub lookups: i64,
    /// What look-ups leave to syncs.
    pub reserve: i64,
}

impl Default for Shares {
    fn default() -> Self {
        Shares { lookups: 10, reserve: 20 }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// It may.
    May,
    /// It may not, for now.
    MayNot {
        /// Why.
        why: Shortage,
        /// When it may be asked again.
        until: Timestamp,
    },
}

/// What there is too little of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The org's requests are used up.
    Day {
        /// The org's limit.
        limit: i64,
    },
    /// What is left is kept for syncs.
    Reserve {
        /// What is left.
        left: i64,
        /// What is kept.
        reserve: i64,
    },
    /// Look-ups made some calls already, and the org has not said yet how many it has.
    Unsaid {
        /// Look-ups of the last 24 hours.
        spent: i64,
    },
    /// Look-ups had their share.
    Share {
        /// Look-ups of the last 24 hours.
        spent: i64,
        /// Their share.
        share: i64,
    },
}

/// In words that stand alone.
impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shortage::Day { limit } => write!(f, "The org's {limit} API requests of 24 hours are used up"),
            Shortage::Reserve { left, reserve } => {
                write!(f, "Of the org's API requests {left} are left, and {reserve} are kept for syncs")
            }
            Shortage::Unsaid { spent } => write!(
                f,
                "Look-ups made {spent} API requests, and the org has not said yet how many it has in 24 hours"
            ),
            Shortage::Share { spent, share } => {
                write!(f, "Look-ups made {spent} API requests in 24 hours; their share is {share}")
            }
        }
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The most calls of look-ups while an org has not said how many it has: as many as the first look-up may need.
const UNSAID: i64 = 5;

/// After this, an org's word on a used-up day is worth asking for again: its window moves all the time.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(15);

impl ApiUsage {
    /// What Matchbook spent for a purpose in the last 24 hours. An hour counts until all of it is over.
    pub fn spent_on(&self, purpose: Purpose, now: Timestamp) -> i64 {
        self.hours(purpose, now).map(|hour| hour.calls).sum()
    }

    fn hours(&self, purpose: Purpose, now: Timestamp) -> impl Iterator<Item = &HourSpent> {
        self.spent.iter().filter(move |spent| spent.purpose == purpose && gone_at(spent) > now)
    }
}

fn gone_at(spent: &HourSpent) -> Timestamp {
    spent.hour + HOUR + DAY
}

/// Whether a call for this purpose may be made now. An org that has not said anything for a quarter of an hour may be asked.
pub fn may_call(purpose: Purpose, usage: &ApiUsage, shares: Shares, now: Timestamp) -> Allowance {
    let Some(org) = usage.org else {
        let spent = usage.spent_on(Purpose::Lookup, now);
        let too_many = purpose == Purpose::Lookup && spent >= UNSAID;
        let unsaid = Allowance::MayNot { why: Shortage::Unsaid { spent }, until: now + LOOK_AGAIN };
        return if too_many { unsaid } else { Allowance::May };
    };
    let until = org.said_at + LOOK_AGAIN;
    let left = (org.limit - org.used).max(0);
    let reserve = org.limit * shares.reserve / 100;
    if until > now && left == 0 {
        return Allowance::MayNot { why: Shortage::Day { limit: org.limit }, until };
    }
    if purpose != Purpose::Lookup {
        return Allowance::May;
    }
    if until > now && left <= reserve {
        return Allowance::MayNot { why: Shortage::Reserve { left, reserve }, until };
    }
    let (spent, share) = (usage.spent_on(purpose, now), org.limit * shares.lookups / 100);
    match below_share_at(usage, share, now) {
        Some(until) => Allowance::MayNot { why: Shortage::Share { spent, share }, until },
        None => Allowance::May,
    }
}

/// When so many look-ups are over a day old that the rest is below the share; none if it is now.
fn below_share_at(usage: &ApiUsage, share: i64, now: Timestamp) -> Option<Timestamp> {
    let mut spent = usage.spent_on(Purpose::Lookup, now);
    let mut until = None;
    for hour in usage.hours(Purpose::Lookup, now) {
        if spent < share {
            break;
        }
        spent -= hour.calls;
        until = Some(gone_at(hour));
    }
    until
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    const NOW: &str = "2026-05-04T10:00:00Z";

    fn day(used: i64, said_at: &str) -> ApiUsage {
        ApiUsage { org: Some(OrgCount { used, limit: 1000, said_at: at(said_at) }), spent: Vec::new() }
    }

    fn lookups(hours: &[(&str, i64)]) -> Vec<HourSpent> {
        hours
            .iter()
            .map(|(hour, calls)| HourSpent { hour: at(hour), purpose: Purpose::Lookup, calls: *calls })
            .collect()
    }

    fn asked(purpose: Purpose, usage: &ApiUsage) -> Allowance {
        may_call(purpose, usage, Shares::default(), at(NOW))
    }

    #[test]
    fn an_org_that_has_said_nothing_may_be_asked() {
        assert_eq!(asked(Purpose::Sync, &ApiUsage::default()), Allowance::May);
        assert_eq!(asked(Purpose::Lookup, &ApiUsage::default()), Allowance::May);
    }

    #[test]
    fn look_ups_make_only_a_few_calls_before_the_org_says_how_many_it_has() {
        let spent = |calls| ApiUsage { org: None, spent: lookups(&[("2026-05-04T09:00:00Z", calls)]) };
        assert_eq!(asked(Purpose::Lookup, &spent(4)), Allowance::May);
        let why = Shortage::Unsaid { spent: 5 };
        assert_eq!(asked(Purpose::Lookup, &spent(5)), Allowance::MayNot { why, until: at("2026-05-04T10:15:00Z") });
        assert_eq!(asked(Purpose::Sync, &spent(5)), Allowance::May);
    }

    #[test]
    fn syncs_use_the_day_to_its_end_and_look_again_after_a_quarter_of_an_hour() {
        assert_eq!(asked(Purpose::Sync, &day(999, NOW)), Allowance::May);
        let none_left = Allowance::MayNot { why: Shortage::Day { limit: 1000 }, until: at("2026-05-04T10:15:00Z") };
        assert_eq!(asked(Purpose::Sync, &day(1000, NOW)), none_left);
        assert_eq!(asked(Purpose::Sync, &day(1200, NOW)), none_left, "an org may go over");
        assert_eq!(asked(Purpose::Sync, &day(1000, "2026-05-04T09:45:00Z")), Allowance::May);
    }

    #[test]
    fn look_ups_leave_a_reserve_to_syncs() {
        assert_eq!(asked(Purpose::Lookup, &day(799, NOW)), Allowance::May);
        let why = Shortage::Reserve { left: 200, reserve: 200 };
        assert_eq!(
            asked(Purpose::Lookup, &day(800, NOW)),
            Allowance::MayNot { why, until: at("2026-05-04T10:15:00Z") }
        );
        assert_eq!(why.to_string(), "Of the org's API requests 200 are left, and 200 are kept for syncs");
    }

    #[test]
    fn look_ups_have_a_share_of_any_24_hours() {
        let spent =
            lookups(&[("2026-05-03T09:00:00Z", 70), ("2026-05-03T12:00:00Z", 60), ("2026-05-04T08:00:00Z", 40)]);
        let usage = ApiUsage { spent, ..day(300, NOW) };
        let why = Shortage::Share { spent: 100, share: 100 };
        assert_eq!(
            asked(Purpose::Lookup, &usage),
            Allowance::MayNot { why, until: at("2026-05-04T13:00:00Z") },
            "the first hour is over a day ago; the second one is at one o'clock"
        );
        assert_eq!(may_call(Purpose::Lookup, &usage, Shares::default(), at("2026-05-04T13:00:00Z")), Allowance::May);
        assert_eq!(asked(Purpose::Sync, &usage), Allowance::May, "syncs have no share to keep to");
    }

    #[test]
    fn a_limit_of_zero_allows_no_look_up() {
        let usage = ApiUsage { org: Some(OrgCount { used: 0, limit: 0, said_at: at(NOW) }), spent: Vec::new() };
        assert!(matches!(asked(Purpose::Lookup, &usage), Allowance::MayNot { .. }));
    }
}
