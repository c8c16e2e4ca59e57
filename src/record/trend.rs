//! The trend of a figure over the window of a trial.

use serde::{Deserialize, Serialize};

/// The trend of a figure over the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// The figure.
    pub metric: TrendMetric,
    /// Its change over the window as a share of its median: over 0 it rose, below 0 it fell.
    pub change_share: f64,
    /// The slope over its standard error, which takes the correlation of neighbouring slices into
    /// account.
    pub t: f64,
    /// The slices of the window that count: those with replies that no stall disturbed.
    pub slices: usize,
}

/// The figure that has a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrendMetric {
    /// Correct replies per second, in a closed loop.
    Throughput,
    /// The mean latency, in an open loop.
    Latency,
}

impl TrendMetric {
    /// Whether the server gets faster when the figure changes by this much.
    pub fn is_faster(self, change_share: f64) -> bool {
        match self {
            TrendMetric::Throughput => change_share > 0.0,
            TrendMetric::Latency => change_share < 0.0,
        }
    }
}

/// What caused a trend, as far as it can be told by the other servers of its round, which were
/// measured under the same load at about the same time, and by the server's other rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TrendCause {
    /// There is no other server to compare with.
    Unknown,
    /// The other servers do not all show it.
    Server {
        /// Other servers that show it.
        alike: usize,
        /// Other servers of the round.
        others: usize,
    },
    /// The other servers do not all show it, nor does this server in most of its other rounds.
    Disturbance {
        /// Other rounds of this server that show it.
        alike: usize,
        /// Other rounds of this server.
        rounds: usize,
    },
    /// All other servers show it.
    Machine {
        /// Other servers of the round.
        others: usize,
    },
}
