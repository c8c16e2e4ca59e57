//! The result of a search for the highest rate within a target.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::quantiles::Quantiles;

/// A target: this quantile of the response time must be under the limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// One of [`Slo::QUANTILES`].
    pub quantile: f64,
    /// The limit, in nanoseconds.
    pub limit_ns: u64,
}

impl Slo {
    /// The quantiles that a record contains, with their names.
    pub const QUANTILES: [(&'static str, f64); 7] = [
        ("p50", 0.5),
        ("p90", 0.9),
        ("p95", 0.95),
        ("p99", 0.99),
        ("p99.9", 0.999),
        ("p99.99", 0.9999),
        ("max", 1.0),
    ];

    /// The quantile's name; `?` if it is not one of [`Slo::QUANTILES`].
    pub fn name(&self) -> &'static str {
        let known = Slo::QUANTILES.iter().find(|(_, q)| *q == self.quantile);
        known.map_or("?", |(name, _)| name)
    }

    /// The value of the target's quantile, in nanoseconds.
    pub fn of(&self, latency: &Quantiles) -> Option<u64> {
        (self.reader())(latency)
    }

    /// Reads the target's quantile.
    pub fn reader(&self) -> fn(&Quantiles) -> Option<u64> {
        match self.name() {
            "p50" => |of| of.p50,
            "p90" => |of| of.p90,
            "p95" => |of| of.p95,
            "p99" => |of| of.p99,
            "p99.9" => |of| of.p99_9,
            "p99.99" => |of| of.p99_99,
            "max" => |of| of.max,
            _ => |_| None,
        }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = std::time::Duration::from_nanos(self.limit_ns);
        write!(f, "{}<{limit:?}", self.name())
    }
}

/// A search for the highest rate at which one server holds a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchInfo {
    /// The server's name. The trials are in the cells of this server …
    pub contestant: String,
    /// Its workers, if `--workers` gave them; servers of a list have the same name.
    #[serde(default)]
    pub workers: Option<usize>,
    /// … and this number of clients.
    pub clients: usize,
    /// The target.
    pub slo: Slo,
    /// Throughput of the closed-loop pilot, in requests per second.
    pub pilot_rps: f64,
    /// The rates in the order in which they were tried.
    pub steps: Vec<Step>,
    /// The highest rate that held; null if none held.
    pub holds_rps: Option<f64>,
    /// The lowest rate that did not hold; null if none was found.
    pub breaks_rps: Option<f64>,
    /// Whether the generator was the limit at `breaks_rps`. The server may then hold a higher rate.
    pub limited: bool,
    /// Why the search ended early.
    pub gave_up: Option<String>,
}

/// One rate of a search, offered in one or more open loops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Requests per second.
    pub rate_rps: f64,
    /// The results of its trials.
    pub tries: Vec<Try>,
    /// Whether the rate held in most of its trials.
    pub held: bool,
}

/// One trial of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// The trial's place in the record.
    pub order: usize,
    /// The value of the quantile; null if no request was measured.
    pub value_ns: Option<u64>,
    /// Whether the target held.
    pub held: bool,
    /// Why it did not hold, if the quantile is not the only reason.
    pub why: Option<String>,
    /// Whether the generator was the limit.
    pub limited: bool,
}
