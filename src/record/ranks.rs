//! The figures of each generator of a load that several made together.

use serde::{Deserialize, Serialize};

use super::errors::ErrorCounts;
use super::lag::Lag;
use super::quantiles::Quantiles;
use super::validity::Verdict;

/// The figures of one of the generators (ranks) of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankSide {
    /// Its number, from 0.
    pub rank: usize,
    /// Its host.
    pub host: String,
    /// Its clients.
    pub clients: usize,
    /// Of these, clients with a correct reply inside the window.
    pub clients_served: usize,
    /// Correct replies inside the window.
    pub requests: u64,
    /// Correct replies per second.
    pub throughput_rps: f64,
    /// Open loop: requests planned inside the window.
    pub planned: Option<u64>,
    /// Response times of its requests.
    pub latency_ns: Quantiles,
    /// The histogram of its answered requests, as in `histograms.latency`.
    pub histogram: String,
    /// Requests of its sample without a correct reply.
    pub censored: u64,
    /// Failures.
    pub errors: ErrorCounts,
    /// Requests without any reply when the drain ended.
    pub unanswered: u64,
    /// The share of the window in which its busiest thread used a core.
    pub busy_fraction: f64,
    /// Whether it was the limit.
    pub limited: bool,
    /// Its scheduling delay.
    pub lag_ns: Lag,
    /// How long after the common start its load began, by its own clock.
    pub begun_late_ns: u64,
    /// Its clock; null where it was not measured.
    pub clock: Option<RankClock>,
    /// Whether its own figures can be used.
    pub verdict: Verdict,
}

/// The clock of a rank's host. Which clock: without MPI the real-time clock, as its kernel judges
/// it; with MPI the monotonic clock, compared with that of rank 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RankClock {
    /// Its reading minus that of rank 0, in seconds, at the start; null where only an error is
    /// known.
    pub offset_s: Option<f64>,
    /// How much the offset changed until the end.
    pub drift_ns: Option<i64>,
    /// The largest error: half of the shortest round trip, or what the kernel states. Null: the
    /// kernel's clock is not synchronised.
    pub uncertainty_ns: Option<u64>,
}
