//! What a search for the highest rate within a target showed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::trial::Quantiles;

/// A target: this quantile of response time is to stay under the limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// One of [`Slo::QUANTILES`].
    pub quantile: f64,
    /// What it is to stay under.
    pub limit_ns: u64,
}

impl Slo {
    /// The quantiles that a record knows, by name.
    pub const QUANTILES: [(&'static str, f64); 7] = [
        ("p50", 0.5),
        ("p90", 0.9),
        ("p95", 0.95),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("p99.99", 0.9999),
        ("max", 1.0),
    ];

    /// The quantile's name.
    pub fn name(&self) -> &'static str {
        let known = Slo::QUANTILES.iter().find(|(_, q)| *q == self.quantile);
        known.map_or("?", |(name, _)| name)
    }

    /// The quantile of these that it is about.
    pub fn of(&self, latency: &Quantiles) -> Option<u64> {
        match self.name() {
            "p50" => latency.p50,
            "p90" => latency.p90,
            "p95" => latency.p95,
            "p99" => latency.p99,
            "p99.9" => latency.p99_9,
            "p99.99" => latency.p99_99,
            "max" => latency.max,
            _ => None,
        }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = std::time::Duration::from_nanos(self.limit_ns);
        write!(f, "{}<{limit:?}", self.name())
    }
}

/// A search for the highest rate at which one contestant holds a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchInfo {
    /// Which cells of the record it is about: those of this contestant, …
    pub contestant: String,
    /// … with so many clients.
    pub clients: usize,
    /// The target.
    pub slo: Slo,
    /// What a closed loop achieved, where the search began.
    pub pilot_rps: f64,
    /// The rates that were tried, in that order.
    pub steps: Vec<Step>,
    /// The highest rate that held; null where none did.
    pub holds_rps: Option<f64>,
    /// The lowest rate above it that did not; null where none was found.
    pub breaks_rps: Option<f64>,
    /// Whether the generator was the limit where it broke, so that the server may do more.
    pub limited: bool,
    /// Why it ended without an answer.
    pub gave_up: Option<String>,
}

/// One rate of a search, offered in one open loop or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Requests a second.
    pub rate_rps: f64,
    /// What each of its trials showed.
    pub tries: Vec<Try>,
    /// Whether it held: in most of its trials.
    pub held: bool,
}

/// One trial of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// The trial's place in the record.
    pub order: usize,
    /// The quantile; null where nothing came.
    pub value_ns: Option<u64>,
    /// Whether it kept the target.
    pub held: bool,
    /// Why not, where it is not the quantile alone.
    pub why: Option<String>,
    /// Whether the generator was the limit.
    pub limited: bool,
}
