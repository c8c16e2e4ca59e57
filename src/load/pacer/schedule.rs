//! The parameters of an open loop's plan.

use crate::record::{Arrivals, RateChange, Skew};

/// A plan of requests that is fixed before the load begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Requests per second, all clients together.
    pub rate_rps: f64,
    /// The arrival process.
    pub arrivals: Arrivals,
    /// The seed of gaps and clients.
    pub seed: u64,
    /// The skew of requests over clients; `None` means even.
    pub skew: Option<Skew>,
    /// A change of the rate; `None` means a constant rate.
    pub then: Option<RateChange>,
}
