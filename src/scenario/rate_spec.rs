//! Rates of a scenario: absolute, or a share of a capacity that pilots measure.

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
    /// The rate after [`Schedule::then`](crate::load::Schedule::then), if there is one.
    pub then: Option<Rate>,
}

impl Rate {
    /// The rate in requests per second, given the capacities of the servers.
    pub(crate) fn resolved(self, capacities_rps: &[f64]) -> f64 {
        match self {
            Rate::Rps(rate) => rate,
            Rate::Share { share, of } => {
                let all = capacities_rps.iter().copied();
                let capacity = match of {
                    CapacityOf::Weakest => all.fold(f64::INFINITY, f64::min),
                    CapacityOf::Strongest => all.fold(0.0, f64::max),
                };
                round_to_three_digits(share * capacity).max(1.0)
            }
        }
    }

    /// The rate in a plan before the pilots: 1 as a placeholder for a share.
    pub fn or_one(self) -> f64 {
        match self {
            Rate::Rps(rate) => rate,
            Rate::Share { .. } => 1.0,
        }
    }
}
