//! The gaps of a Poisson plan, exactly as planned.

use std::time::Duration;

use crate::record::{LoadSpec, Mode};
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::fifo_queue::planned_ns;
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::at_rate;

const RATE_RPS: f64 = 10_000.0;
const GAPS: u32 = 100_000;
/// The distance of random gaps exceeds this, over the root of their number, in 1 % of the plans. The
/// seed is fixed, so the result is always the same.
const CRITICAL: f64 = 1.628;

/// See [the module documentation](self). Nothing is sent: the plan is drawn as for a load.
pub(super) struct PlannedGaps;

impl Check for PlannedGaps {
    fn name(&self) -> &'static str {
        "planned-gaps"
    }

    fn about(&self) -> &'static str {
        "gaps of a Poisson plan: distance from the exponential distribution"
    }

    fn concerns(&self) -> &'static str {
        "response times at Poisson arrivals"
    }

    fn unit(&self) -> &'static str {
        ""
    }

    fn trials(&self, _length: Length) -> Vec<KnownTrial> {
        Vec::new()
    }

    fn judge(&self, _tried: &[Tried]) -> Reading {
        let load = LoadSpec {
            warmup: Duration::ZERO,
            duration: Duration::from_secs_f64(f64::from(GAPS) / RATE_RPS),
            ..at_rate(Mode::Poisson, RATE_RPS, 16)
        };
        let times = planned_ns(&load, RATE_RPS);
        let mut gaps = Vec::with_capacity(times.len());
        let mut before_ns = 0;
        for at_ns in times {
            gaps.push((at_ns - before_ns) as f64 / 1e9 * RATE_RPS);
            before_ns = at_ns;
        }
        Reading {
            truth: 0.0,
            measured: Some(distance_from_exponential(&mut gaps)),
            tolerance: CRITICAL / (gaps.len() as f64).sqrt(),
        }
    }
}

/// The largest difference between the distribution of these values and the exponential one of
/// mean 1 (Kolmogorov–Smirnov).
fn distance_from_exponential(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let steps = values.iter().enumerate().map(|(at, value)| {
        let expected = 1.0 - (-value).exp();
        let (below, above) = (at as f64 / count, (at + 1) as f64 / count);
        (expected - below).abs().max((above - expected).abs())
    });
    steps.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_gaps_are_not_exponential() {
        let ok = PlannedGaps.judge(&[]);
        assert!(ok.is_ok(), "{ok:?}");
        // All gaps are 1: below it are none, and the distribution has 1 − 1/e.
        let distance = distance_from_exponential(&mut [1.0; 1000]);
        assert!((distance - 0.632).abs() < 0.001, "{distance}");
    }
}
