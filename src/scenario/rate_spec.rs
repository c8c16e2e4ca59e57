//! Rates of a scenario: absolute, or a share of a capacity that pilots measure.

use std::time::Duration;

use crate::record::{LoadSpec, RateChange};
use crate::stats::round_to_three_digits;

/// A rate of a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Requests per second.
    Rps(f64),
    /// A share of a server's closed-loop throughput.
    Share {
        /// The share; 0.5 is half of the capacity.
        share: f64,
        /// Which server's capacity.
        of: CapacityOf,
    },
}

/// The server whose capacity a share refers to, among the servers that serve all clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CapacityOf {
    /// The server with the lowest capacity.
    Weakest,
    /// The server with the highest capacity.
    Strongest,
}

/// Rates of a load that are unknown until the pilots have run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSpec {
    /// The rate.
    pub rate: Rate,
    /// The rate that follows, and the time of the change from the start of the window.
    pub then: Option<(Duration, Rate)>,
}

impl RateSpec {
    /// The load at these rates, given the capacities of the servers. `None` if a rate is a share
    /// and there is no capacity.
    pub(crate) fn applied(&self, load: &LoadSpec, capacities_rps: &[f64]) -> Option<LoadSpec> {
        let mut load = load.clone();
        load.rate_rps = Some(self.rate.resolved(capacities_rps)?);
        load.then = match self.then {
            None => None,
            Some((after, rate)) => Some(RateChange {
                after,
                rate_rps: rate.resolved(capacities_rps)?,
            }),
        };
        Some(load)
    }
}

impl Rate {
    /// The rate in requests per second, given the capacities of the servers.
    fn resolved(self, capacities_rps: &[f64]) -> Option<f64> {
        match self {
            Rate::Rps(rate) => Some(rate),
            Rate::Share { share, of } => {
                let all = capacities_rps.iter().copied();
                let capacity = match of {
                    CapacityOf::Weakest => all.reduce(f64::min),
                    CapacityOf::Strongest => all.reduce(f64::max),
                };
                Some(round_to_three_digits(share * capacity?).max(1.0))
            }
        }
    }
}
