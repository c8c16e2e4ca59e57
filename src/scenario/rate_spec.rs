//! Rates as a scenario gives them: absolute, or a share of a capacity that pilots find.

use crate::stats::round_to_three_digits;

/// A rate as a scenario gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Requests a second.
    Rps(f64),
    /// A share of what somebody does in a closed loop.
    Share {
        /// The share.
        share: f64,
        /// CapacityOf whom.
        of: CapacityOf,
    },
}

/// Whose capacity a share is of, among the contestants that serve all clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CapacityOf {
    /// The one that does the least.
    Weakest,
    /// The one that does the most.
    Strongest,
}

/// Rates of a load that are not known before the pilots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSpec {
    /// The rate.
    pub rate: Rate,
    /// The rate after [`Schedule::then`], if there is one.
    pub then: Option<Rate>,
}

impl Rate {
    /// The rate, where contestants can do so much.
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

    /// The rate as it stands in a plan: 1 where a pilot is still to find it.
    pub fn or_one(self) -> f64 {
        match self {
            Rate::Rps(rate) => rate,
            Rate::Share { .. } => 1.0,
        }
    }
}
