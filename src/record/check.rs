//! The result of a check of a candidate against a baseline.

use serde::{Deserialize, Serialize};

/// The rules of a check. Shares are of the baseline: 0.05 is 5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The rate of false positives: the share of checks of a build compared with itself that may
    /// report a change.
    pub alpha: f64,
    /// The smallest change that counts.
    pub delta: f64,
    /// A pass shows that no gated metric is worse by this share.
    pub margin: f64,
    /// The margin for p50 and p99, which are noisier.
    pub margin_p99: f64,
    /// Whether p99 is gated.
    pub gate_p99: bool,
}

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

/// A check of one candidate against one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckInfo {
    /// The worst outcome of the parts, in the order regressed, invalid, inconclusive; otherwise
    /// improved if any part improved, else pass.
    pub outcome: Outcome,
    /// The rules of the check.
    pub rules: Rules,
    /// The name of the baseline.
    pub baseline: String,
    /// The looks that were taken.
    pub looks: Vec<Look>,
    /// One part per server and load.
    pub parts: Vec<Part>,
}

/// An analysis of the pairs so far, which can end the check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Pairs of each part at this look; the smallest number of all parts.
    pub pairs: usize,
    /// The error rate spent at this look.
    pub alpha: f64,
}

/// One server under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The server's name.
    pub name: String,
    /// The scenario's name, if the load belongs to a scenario.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Connections that sent requests.
    pub clients: usize,
    /// The outcome of this part.
    pub outcome: Outcome,
    /// The reasons for the outcome, if the findings alone do not explain it.
    pub reasons: Vec<String>,
    /// Pairs that were discarded and measured again.
    pub redone: usize,
    /// The ratio of the CPU per request of the side that ran first to that of the other side: 1 is
    /// no effect.
    pub order_effect: Option<f64>,
    /// The ratio of the baseline's CPU per request at the end to that at the start: 1 is no drift.
    pub drift: Option<f64>,
    /// One finding per metric.
    pub findings: Vec<Finding>,
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
}

impl Metric {
    /// Its name, as in the record.
    pub fn name(self) -> &'static str {
        match self {
            Metric::CpuUsPerRequest => "cpu_us_per_request",
            Metric::Throughput => "throughput",
            Metric::P99 => "p99",
            Metric::P50 => "p50",
        }
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
    /// The text of another version of this program.
    Other(String),
}

impl Advisory {
    /// The reason as text, as in the record.
    pub fn text(&self) -> &str {
        match self {
            Advisory::OpenLoop => "the rate of an open loop sets it",
            Advisory::GeneratorLimited => "the load generator was the limit",
            Advisory::Other(text) => text,
        }
    }
}

impl From<String> for Advisory {
    fn from(text: String) -> Advisory {
        let known = [Advisory::OpenLoop, Advisory::GeneratorLimited];
        let known = known.into_iter().find(|advisory| advisory.text() == text);
        known.unwrap_or(Advisory::Other(text))
    }
}

impl From<Advisory> for String {
    fn from(advisory: Advisory) -> String {
        advisory.text().to_owned()
    }
}

/// One metric of one part. Ratios are candidate to baseline (inverse for throughput), so that over
/// 1 is worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `throughput`, `cpu_us_per_request`, `p50` or `p99`.
    pub metric: Metric,
    /// Whether the metric decides the outcome of the part.
    pub gated: bool,
    /// Why it does not, for a metric that usually does.
    pub advisory: Option<Advisory>,
    /// The outcome of this metric.
    pub outcome: Outcome,
    /// The estimated ratio (Hodges and Lehmann).
    pub worse: f64,
    /// Lower end of the 95 % confidence interval of `worse`, not adjusted for other metrics.
    pub low: f64,
    /// Upper end of that interval.
    pub high: f64,
    /// Upper confidence bound of the ratio, at the error rate of the last look.
    pub bound: f64,
    /// The margin with which `bound` is compared, as a share.
    pub margin: f64,
    /// The exact two-sided p-value, adjusted over all gated metrics (Holm).
    pub p: f64,
    /// The ratio of each pair.
    pub pairs: Vec<f64>,
    /// The medians of the metric on both sides, baseline first.
    pub medians: [f64; 2],
}
