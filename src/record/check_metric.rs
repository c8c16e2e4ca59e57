//! What a check compares: metrics, kinds of loads, and outcomes.

use serde::{Deserialize, Serialize};

/// The outcome of a check, of a part or of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Significantly worse, by more than delta.
    Regressed,
    /// The pairs are not valid.
    Invalid,
    /// Not shown to be worse, and not shown to be within the margin.
    Inconclusive,
    /// Shown to be within the margin.
    Pass,
    /// Significantly better, by more than delta.
    Improved,
}

/// A figure of a trial by which two builds are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The server's CPU time per correct reply.
    CpuUsPerRequest,
    /// Correct replies per second.
    Throughput,
    /// The 99 % quantile of the latency.
    P99,
    /// The median latency.
    P50,
    /// The 95 % quantile of the latency.
    P95,
}

impl Metric {
    /// Its name, as in the record.
    pub fn name(self) -> &'static str {
        match self {
            Metric::CpuUsPerRequest => "cpu_us_per_request",
            Metric::Throughput => "throughput",
            Metric::P99 => "p99",
            Metric::P50 => "p50",
            Metric::P95 => "p95",
        }
    }

    /// Whether a higher figure is better.
    pub fn is_more_better(self) -> bool {
        self == Metric::Throughput
    }
}

/// Why a metric that usually decides the outcome does not. A record has it as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Advisory {
    /// The rate of an open loop sets the throughput.
    OpenLoop,
    /// The load generator was the limit in most pairs.
    GeneratorLimited,
    /// At saturation the faster build has fewer wakeups per request, so the figure compares no
    /// equal work.
    AtSaturation,
    /// The text of another version of this program.
    Other(String),
}

impl Advisory {
    /// The reason as text, as in the record.
    pub fn text(&self) -> &str {
        match self {
            Advisory::OpenLoop => "the rate of an open loop sets it",
            Advisory::GeneratorLimited => "the load generator was the limit",
            Advisory::AtSaturation => "at saturation it depends on the throughput",
            Advisory::Other(text) => text,
        }
    }
}

impl From<String> for Advisory {
    fn from(text: String) -> Advisory {
        let known = [
            Advisory::OpenLoop,
            Advisory::GeneratorLimited,
            Advisory::AtSaturation,
        ];
        let known = known.into_iter().find(|advisory| advisory.text() == text);
        known.unwrap_or(Advisory::Other(text))
    }
}

impl From<Advisory> for String {
    fn from(advisory: Advisory) -> String {
        advisory.text().to_owned()
    }
}

/// The kind of a load of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadKind {
    /// An open loop.
    Rate,
    /// A closed loop without pauses: the throughput is the capacity.
    Capacity,
    /// A closed loop in which clients pause, or reconnect together: the throughput is no capacity.
    Closed,
}

impl LoadKind {
    /// Its name, as in the record.
    pub fn name(self) -> &'static str {
        match self {
            LoadKind::Rate => "rate",
            LoadKind::Capacity => "capacity",
            LoadKind::Closed => "closed",
        }
    }
}
