//! What a check of a candidate against a baseline showed.

use serde::{Deserialize, Serialize};

/// What a check asks for. Shares are of the baseline: 0.05 is 5 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// How often a check of identical builds may say that something changed.
    pub alpha: f64,
    /// A change that is smaller than this is none.
    pub delta: f64,
    /// A pass shows that nothing gated is worse by this much.
    pub margin: f64,
    /// The same for p99, which is noisier.
    pub margin_p99: f64,
    /// Whether p99 is gated.
    pub gate_p99: bool,
}

/// What a check, or a part of it, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Worse, beyond chance and beyond delta.
    Regressed,
    /// The pairs cannot be believed.
    Invalid,
    /// Neither worse nor shown not to be.
    Inconclusive,
    /// Shown not to be worse by the margin.
    Pass,
    /// Better, beyond chance and beyond delta.
    Improved,
}

/// A check of one candidate against one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckInfo {
    /// The first that holds for any of the parts: regressed, invalid, inconclusive, pass.
    pub outcome: Outcome,
    /// What was asked for.
    pub rules: Rules,
    /// What it is set against.
    pub baseline: String,
    /// The pairs in all at each look that was taken, and the error rate spent there.
    pub looks: Vec<Look>,
    /// Each model, command or load.
    pub parts: Vec<Part>,
}

/// A look at the pairs so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Pairs of each part.
    pub pairs: usize,
    /// The error rate spent.
    pub alpha: f64,
}

/// One contestant under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The scenario, if the load is one.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Connections that sent.
    pub clients: usize,
    /// What this part says.
    pub outcome: Outcome,
    /// Why, where figures alone do not tell.
    pub reasons: Vec<String>,
    /// Pairs that were thrown away and measured again.
    pub redone: usize,
    /// How many times as large the CPU a request of the side that went first was: 1 is no effect.
    pub order_effect: Option<f64>,
    /// How many times as large the baseline's CPU a request was at the end as at the beginning.
    pub drift: Option<f64>,
    /// Each metric.
    pub findings: Vec<Finding>,
}

/// One metric of one part. Ratios are candidate to baseline, turned so that over 1 is worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `throughput`, `cpu_us_per_request`, `p50` or `p99`.
    pub metric: String,
    /// Whether it decides.
    pub gated: bool,
    /// Why it does not, where it usually would.
    pub advisory: Option<String>,
    /// What it says.
    pub outcome: Outcome,
    /// How many times worse, by Hodges and Lehmann.
    pub worse: f64,
    /// The 95 % interval of that, on its own.
    pub low: f64,
    /// Its other end.
    pub high: f64,
    /// How many times worse it is at most, at the error rate of the last look.
    pub bound: f64,
    /// The margin that this is held against.
    pub margin: f64,
    /// The exact two-sided p-value, adjusted among all that is gated (Holm).
    pub p: f64,
    /// Each pair's ratio.
    pub pairs: Vec<f64>,
    /// The medians of both sides, baseline first.
    pub medians: [f64; 2],
}
