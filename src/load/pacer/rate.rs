//! The rate of a plan over time.

use super::schedule::Schedule;
use crate::load::nanos::nanos;
use crate::record::RateChange;

/// A constant rate, or two rates in succession.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    gap_ns: f64,
    /// The start of the second rate and its gap.
    then: Option<(f64, f64)>,
}

impl Rate {
    /// The rates of this plan, for a window that begins at `from_ns`.
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

    /// The time by which `mean_count` requests are expected since the load began.
    ///
    /// Evenly spaced counts give constant arrivals. Counts with exponential gaps of mean 1 give
    /// a Poisson process of these rates (by inversion: Çinlar, *Introduction to Stochastic
    /// Processes*, 1975, ch. 4).
    pub(crate) fn at_ns(&self, mean_count: f64) -> u64 {
        let at_ns = mean_count * self.gap_ns;
        match self.then {
            Some((change_ns, gap_ns)) if at_ns > change_ns => {
                let remaining = mean_count - change_ns / self.gap_ns;
                (change_ns + remaining * gap_ns).round() as u64
            }
            _ => at_ns.round() as u64,
        }
    }
}
