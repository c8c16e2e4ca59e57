//! What a check finds of one metric.

use serde::{Deserialize, Serialize};

use super::check_metric::{Advisory, LoadKind, Metric, Outcome};

/// One metric of one part. Ratios are candidate to baseline (inverse for throughput), so that over
/// 1 is worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `cpu_us_per_request`, `throughput`, `p50`, `p95` or `p99`.
    pub metric: Metric,
    /// The load that it is of; null in older records.
    #[serde(default)]
    pub load: Option<LoadKind>,
    /// Whether the metric decides the outcome of the part.
    pub gated: bool,
    /// Why it does not, for a metric that usually does. One that the load generator limited can
    /// still regress.
    pub advisory: Option<Advisory>,
    /// The outcome of this metric.
    pub outcome: Outcome,
    /// The estimated ratio (Hodges and Lehmann).
    pub worse: f64,
    /// Lower end of the 95 % confidence interval of `worse`, not adjusted for other metrics.
    pub low: f64,
    /// Upper end of that interval.
    pub high: f64,
    /// Lower confidence bound of the ratio, at the error rate of REGRESSED: over 1, it shows that
    /// the candidate is worse. Null in older records. With `bound` it is the interval that decides.
    #[serde(default)]
    pub low_bound: Option<f64>,
    /// Upper confidence bound of the ratio, at the error rate of PASS: below 1 + `margin`, it shows
    /// that the candidate is not worse by the margin.
    pub bound: f64,
    /// The margin with which `bound` is compared, as a share.
    pub margin: f64,
    /// The two-sided p-value, adjusted over all gated metrics: of the evidence, valid at any number
    /// of pairs. In older records exact (signed-rank, Holm).
    pub p: f64,
    /// The ratio of each pair.
    pub pairs: Vec<f64>,
    /// The medians of the metric on both sides, baseline first.
    pub medians: [f64; 2],
    /// The mean of the ratios (geometric): it shows what a median hides; null in older records.
    #[serde(default)]
    pub mean: Option<f64>,
    /// The evidence that decides; null in older records.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// What the pairs could show; null in older records and for fewer than two pairs.
    #[serde(default)]
    pub power: Option<Power>,
    /// Starts that were at least twice as slow as usual; null in older records.
    #[serde(default)]
    pub slow_starts: Option<SlowStarts>,
    /// Pairs in which over 10 % of this quantile was scheduling delay of the generator, on either
    /// side: a change of the server is diluted.
    #[serde(default)]
    pub delayed_pairs: usize,
}

/// Evidence from a sequence of pairs: the highest value so far of martingales of mean 1. On
/// identical builds the probability that one ever reaches x is at most 1/x.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The pairs that it is of.
    pub pairs: usize,
    /// That the candidate is worse.
    pub worse: f64,
    /// That the candidate is better.
    pub better: f64,
    /// That the candidate is not worse by the margin; null for failures, which have none.
    pub within_margin: Option<f64>,
    /// What `worse` and `better` must reach: 2·gated/alpha.
    pub needed_for_change: f64,
    /// What `within_margin` must reach: 1/alpha.
    pub needed_for_pass: f64,
}

/// What the pairs of a metric could show, from how they varied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// The standard deviation of the logarithms of the ratios: about the share by which they vary.
    pub sigma: f64,
    /// The smallest change that this number of pairs shows four times in five, as a share; null if
    /// none below a ratio of 20.
    pub visible: Option<f64>,
    /// The pairs with which identical builds pass four times in five; null for over 1,000.
    pub pairs_for_margin: Option<usize>,
}

/// Starts of which the figure was at least 1.6 times as bad as that of the other side's start, compared
/// with the median start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowStarts {
    /// Those of the baseline and of the candidate.
    pub starts: [usize; 2],
    /// The starts of each side.
    pub of: usize,
    /// Whether the candidate cannot pass, since it has clearly more of them than the baseline.
    pub rules_out_pass: bool,
}
