//! The rules of a check.

use serde::{Deserialize, Serialize};

use super::check_metric::Metric;

/// Starts of each side that a pass rests on, as far as the budget reaches: a fault in one start of six
/// stays unseen in 24 with a probability of (5/6)²⁴ = 1.3 %.
pub const STARTS_OF_A_PASS: usize = 24;

/// The rules of a check. Shares are of the baseline: 0.05 is 5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The rate of false positives: the share of checks of a build compared with itself that may
    /// report a change.
    pub alpha: f64,
    /// The smallest change that counts.
    pub delta: f64,
    /// The margin of CPU per request: a pass shows that it is not worse by this share. In records
    /// from before `margin_throughput` also that of the throughput.
    pub margin: f64,
    /// The margin of p99. In records from before `margin_p50` also that of p50.
    pub margin_p99: f64,
    /// Whether p99 is gated.
    pub gate_p99: bool,
    /// The margin of p50; null in older records.
    #[serde(default)]
    pub margin_p50: Option<f64>,
    /// The margin of p95; null in older records.
    #[serde(default)]
    pub margin_p95: Option<f64>,
    /// The margin of the throughput; null in older records.
    #[serde(default)]
    pub margin_throughput: Option<f64>,
    /// Whether p95 is gated.
    #[serde(default)]
    pub gate_p95: bool,
    /// The fewest pairs that decide; 0 in older records.
    #[serde(default)]
    pub least_pairs: usize,
    /// The most pairs of each part; null if only the budget limits them, and in older records.
    #[serde(default)]
    pub most_pairs: Option<usize>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            alpha: 0.05,
            delta: 0.05,
            margin: 0.1,
            margin_p99: 1.0,
            gate_p99: false,
            margin_p50: Some(0.25),
            margin_p95: Some(1.0),
            margin_throughput: Some(0.25),
            gate_p95: false,
            least_pairs: 6,
            most_pairs: None,
        }
    }
}

impl Rules {
    /// The margin of a metric, as a share.
    pub fn margin(&self, metric: Metric) -> f64 {
        match metric {
            Metric::CpuUsPerRequest => self.margin,
            Metric::Throughput => self.margin_throughput.unwrap_or(self.margin),
            Metric::P50 => self.margin_p50.unwrap_or(self.margin_p99),
            Metric::P95 => self.margin_p95.unwrap_or(self.margin_p99),
            Metric::P99 => self.margin_p99,
        }
    }
}
