//! Turns, counted exactly.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Deserialize, Serialize};

/// An amount of turns, in billionths of one: whole numbers, so that sums are exact. So fine, since the rounding of shares
/// always goes the same way: a million bookings among three hosts move it by a thousandth of a turn.
///
/// Shown with two decimals, or as many as the format asks for (`{:.9}` shows all).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turns(pub i64);

impl Turns {
    /// No turn.
    pub const ZERO: Turns = Turns(0);
    /// One turn: what a booking is worth.
    pub const ONE: Turns = Turns(1_000_000_000);

    const DECIMALS: usize = 9;

    /// One turn shared by weight, in the order of `weights`. The shares sum to exactly one turn: what rounding leaves goes
    /// to those who lost most by it, of these to the earlier ones. Without weights there are no shares.
    ///
    /// # Panics
    /// If all weights are zero.
    pub fn shares(weights: &[u32]) -> Vec<Turns> {
        let total: u64 = weights.iter().copied().map(u64::from).sum();
        let mut shares = Vec::with_capacity(weights.len());
        let mut lost = Vec::with_capacity(weights.len());
        for (at, weight) in weights.iter().enumerate() {
            let parts = Turns::ONE.0.unsigned_abs() * u64::from(*weight);
            shares.push(Turns(i64::try_from(parts / total).expect("a share is at most one turn")));
            lost.push((parts % total, at));
        }
        lost.sort_by(|(a, a_at), (b, b_at)| b.cmp(a).then(a_at.cmp(b_at)));
        let left = Turns::ONE - shares.iter().copied().sum();
        for (_, at) in lost.iter().take(usize::try_from(left.0).unwrap_or_default()) {
            shares[*at] += Turns(1);
        }
        shares
    }
}

impl Add for Turns {
    type Output = Turns;

    fn add(self, other: Turns) -> Turns {
        Turns(self.0 + other.0)
    }
}

impl Sub for Turns {
    type Output = Turns;

    fn sub(self, other: Turns) -> Turns {
        Turns(self.0 - other.0)
    }
}

impl Neg for Turns {
    type Output = Turns;

    fn neg(self) -> Turns {
        Turns(-self.0)
    }
}

impl AddAssign for Turns {
    fn add_assign(&mut self, other: Turns) {
        *self = *self + other;
    }
}

impl Sum for Turns {
    fn sum<I: Iterator<Item = Turns>>(amounts: I) -> Turns {
        amounts.fold(Turns::ZERO, Add::add)
    }
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(2).min(Turns::DECIMALS);
        let power = |digits: usize| (0..digits).fold(1_u64, |power, _| power * 10);
        let step = power(Turns::DECIMALS - decimals);
        let rounded = (self.0.unsigned_abs() + step / 2) / step;
        let sign = if self.0 < 0 && rounded > 0 { "-" } else { "" };
        let (whole, part) = (rounded / power(decimals), rounded % power(decimals));
        if decimals == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{part:0decimals$}") }
    }
}
