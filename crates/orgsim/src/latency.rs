//! How long answers take. Salesforce publishes no figure (Salesforce facts 6): the distribution is the test's own.

use serde::{Deserialize, Serialize};

/// A log-normal distribution of waits, told by two of its points. The same seed gives the same waits in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Milliseconds that half of the answers stay below.
    pub p50: u32,
    /// Milliseconds that 99 of 100 answers stay below; not less than `p50`.
    pub p99: u32,
    /// Where the sequence of waits starts.
    #[serde(default)]
    pub seed: u64,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874;

impl Latency {
    /// The wait of the `number`-th answer, in milliseconds.
    pub fn wait_ms(&self, number: u64) -> u64 {
        if self.p50 == 0 {
            return 0;
        }
        let (median, high) = (f64::from(self.p50), f64::from(self.p99.max(self.p50)));
        let sigma = (high / median).ln() / Z99;
        let wait = median * (sigma * normal(self.seed, number)).exp();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast saturates")]
        let wait = wait.round() as u64;
        wait
    }
}

/// A standard normal number from two uniform ones (Box-Muller).
fn normal(seed: u64, number: u64) -> f64 {
    let start = seed.wrapping_add(number.wrapping_mul(2));
    let radius = (-2.0 * uniform(start).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(start.wrapping_add(1))).cos()
}

/// A number above 0 and below 1 from a counter (SplitMix64).
fn uniform(counter: u64) -> f64 {
    let mut bits = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = (bits >> 11) as f64;
    (unit + 0.5) / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_follow_their_two_points_and_repeat_by_seed() {
        let latency = Latency { p50: 100, p99: 1000, seed: 7 };
        let mut waits: Vec<u64> = (0..10_000).map(|number| latency.wait_ms(number)).collect();
        assert_eq!(waits, (0..10_000).map(|number| latency.wait_ms(number)).collect::<Vec<_>>());
        waits.sort_unstable();
        assert!((90..110).contains(&waits[5_000]), "half of the waits: {}", waits[5_000]);
        assert!((800..1_250).contains(&waits[9_900]), "99 of 100 waits: {}", waits[9_900]);
        assert_eq!(Latency { p50: 0, p99: 0, seed: 0 }.wait_ms(3), 0);
    }
}
