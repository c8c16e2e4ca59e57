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
    /// The rates in the order in which they were first tried.
    pub steps: Vec<Step>,
    /// The rate at which 8 of 10 tries hold, as estimated; the highest rate tried if none broke;
    /// null if none held. In records without `edge`: the highest rate that held.
    pub holds_rps: Option<f64>,
    /// The rate at which 8 of 10 tries break, as estimated; the lowest rate tried if none held;
    /// null if none broke. In records without `edge`: the lowest rate that did not hold.
    pub breaks_rps: Option<f64>,
    /// The rate at which half of the tries hold; null until one try has held and one has broken,
    /// and in older records.
    #[serde(default)]
    pub edge: Option<RateEstimate>,
    /// Whether the generator was the limit in most of the tries that broke up to `breaks_rps`. The
    /// server may then hold higher rates, and all rates are lower bounds.
    pub limited: bool,
    /// The cores of the server, if `--server-cpus` gave them.
    #[serde(default)]
    pub server_cores: Option<usize>,
    /// `holds_rps` divided by `server_cores`.
    #[serde(default)]
    pub holds_rps_per_core: Option<f64>,
    /// Why the search ended early.
    pub gave_up: Option<String>,
}

/// An estimated rate with its interval, in requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateEstimate {
    /// The median of the posterior.
    pub rate_rps: f64,
    /// The lower end of the 95 % interval.
    pub low_rps: f64,
    /// Its upper end.
    pub high_rps: f64,
}

/// One rate of a search, offered in one or more open loops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Requests per second.
    pub rate_rps: f64,
    /// The results of its trials.
    pub tries: Vec<Try>,
    /// Whether the rate held in more than half of its trials.
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
    /// Whether the generator was the limit, or the quantile would have held without its scheduling
    /// delay.
    pub limited: bool,
    /// Why this rate was chosen; null in older records.
    #[serde(default)]
    pub rule: Option<SearchRule>,
    /// The rate at which half of the tries hold, as estimated after this one; null until one has
    /// held and one has broken.
    #[serde(default)]
    pub edge_after: Option<RateEstimate>,
}

/// Why a rate was chosen. Estimates are those after all tries before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchRule {
    /// A share of the throughput of the closed loop.
    Start,
    /// No try has broken so far.
    Raise,
    /// No try has held so far.
    Lower,
    /// At this rate half of the tries are estimated to hold.
    Half,
    /// At this rate 8 of 10 tries are estimated to hold.
    Holds,
    /// At this rate 8 of 10 tries are estimated to break.
    Breaks,
}
