//! Rates of a scenario: absolute, or a share of a capacity that pilots measure.

use std::time::Duration;

pub use crate::record::CapacityOf;
use crate::record::{LoadSpec, RateChange, RateShare};
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

/// Rates of a load that are unknown until the pilots have run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSpec {
    /// The rate.
    pub rate: Rate,
    /// The rate that follows, and the time of the change from the start of the window.
    pub then: Option<(Duration, Rate)>,
    /// Which servers are measured at these rates.
    pub takers: Takers,
}

/// The servers that are measured at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takers {
    /// All.
    All,
    /// Those that served all clients in their pilots, so that they can be compared.
    ServingAll,
}

/// The capacity of a server that serves all clients, from its pilot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity<'a> {
    pub(crate) server: &'a str,
    pub(crate) workers: Option<usize>,
    pub(crate) rps: f64,
}

impl RateSpec {
    /// The load at these rates, given the capacities of the servers. `None` if a rate is a share
    /// and there is no capacity.
    pub(crate) fn applied(&self, load: &LoadSpec, capacities: &[Capacity<'_>]) -> Option<LoadSpec> {
        let mut load = load.clone();
        let (rate_rps, share) = self.rate.resolved(capacities)?;
        (load.rate_rps, load.rate_share) = (Some(rate_rps), share);
        load.then = match self.then {
            None => None,
            Some((after, rate)) => Some(RateChange {
                after,
                rate_rps: rate.resolved(capacities)?.0,
            }),
        };
        Some(load)
    }
}

impl Rate {
    /// The rate in requests per second, given the capacities of the servers, and how it follows
    /// from them.
    fn resolved(self, capacities: &[Capacity<'_>]) -> Option<(f64, Option<RateShare>)> {
        let (share, of) = match self {
            Rate::Rps(rate) => return Some((rate, None)),
            Rate::Share { share, of } => (share, of),
        };
        let by_rps = |a: &&Capacity<'_>, b: &&Capacity<'_>| a.rps.total_cmp(&b.rps);
        let of_server = match of {
            CapacityOf::Weakest => capacities.iter().min_by(by_rps),
            CapacityOf::Strongest => capacities.iter().max_by(by_rps),
        }?;
        let rate_rps = round_to_three_digits(share * of_server.rps).max(1.0);
        let derived = RateShare {
            share,
            of,
            contestant: of_server.server.to_owned(),
            workers: of_server.workers,
            capacity_rps: of_server.rps,
        };
        Some((rate_rps, Some(derived)))
    }
}
