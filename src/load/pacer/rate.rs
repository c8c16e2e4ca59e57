//! When a plan has come how far.

use super::schedule::{RateChange, Schedule};
use crate::load::nanos::nanos;

/// A rate, or one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    gap_ns: f64,
    /// From when on which gap holds.
    then: Option<(f64, f64)>,
}

impl Rate {
    /// The rates of this plan, where the window begins at `from_ns`.
    pub(crate) fn new(schedule: &Schedule, from_ns: u64) -> Rate {
        let then = |then: RateChange| {
            let at_ns = from_ns.saturating_add(nanos(then.after));
            (at_ns as f64, 1e9 / then.rate_rps)
        };
        Rate {
            gap_ns: 1e9 / schedule.rate_rps,
            then: schedule.then.map(then),
        }
    }

    /// When as many requests as `mean_count` are due on average since the load began.
    ///
    /// Evenly spaced counts make constant arrivals, and counts with exponential gaps of mean
    /// 1 a Poisson process of these rates (by inversion: Çinlar, *Introduction to Stochastic
    /// Processes*, 1975, ch. 4).
    pub(crate) fn at_ns(&self, mean_count: f64) -> u64 {
        let at_ns = mean_count * self.gap_ns;
        match self.then {
            Some((then_ns, gap_ns)) if at_ns > then_ns => {
                let rest = mean_count - then_ns / self.gap_ns;
                (then_ns + rest * gap_ns).round() as u64
            }
            _ => at_ns.round() as u64,
        }
    }
}
