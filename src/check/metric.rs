//! The verdict on one metric of a part.

use super::evidence::{Observation, Observations};
use super::gated::ComparedMetric;
use super::outcome::best_and_worst;
use super::power::power;
use super::slow_starts::slow_starts;
use crate::record::{
    Advisory, Evidence, Finding, Known, Metric, Outcome, PairInfo, PairValue, Rules, SlowStarts,
};
use crate::stats::signed_rank::interval;
use crate::stats::{hodges_lehmann, median};

/// Limit of the logarithm of a ratio: ratios beyond it are treated as infinite.
const MAX_LOG_RATIO: f64 = 10.0;
/// Evidence beyond it says no more, and a record has finite numbers only.
const MOST_EVIDENCE: f64 = 1e12;
/// A check goes on for an improvement that has this share of the logarithm of the evidence needed.
const NEARLY: f64 = 0.4;

/// One metric of a part, judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) compared: ComparedMetric,
    pub(super) outcome: Outcome,
    /// Whether the load generator was the limit so often that a pass cannot be shown.
    is_limited: bool,
    /// Whether a pass of the part needs no pass of this metric: it is limited, and nothing suggests
    /// that the candidate is worse by delta. Otherwise the candidate may be what slows the generator
    /// down.
    pub(super) is_excused: bool,
    pub(super) is_nearly_improved: bool,
    pub(super) slow: SlowStarts,
    values: Vec<PairValue>,
    logs: Vec<f64>,
    seen: Observations,
    evidence: Evidence,
}

/// Judges a metric; `gated` is the number of gated metrics of all parts.
pub(super) fn judge(
    compared: ComparedMetric,
    pairs: &[PairInfo],
    rules: &Rules,
    gated: usize,
) -> Judged {
    let starts = |are_added: bool| -> Vec<PairValue> {
        let own = values(compared, pairs).filter(|(is_added, _)| *is_added == are_added);
        own.map(|(_, value)| value).collect()
    };
    let observed =
        |values: &[PairValue]| -> Vec<Observation> { values.iter().map(observation).collect() };
    let (values, added) = (starts(false), starts(true));
    let (observations, of_added) = (observed(&values), observed(&added));
    let logs: Vec<f64> = observations.iter().map(|seen| seen.log).collect();
    let seen = Observations::new(&observations);
    let margin = rules.margin(compared.metric);
    let needed = needed(rules, gated);
    let evidence = Evidence {
        pairs: values.len(),
        worse: seen.worse().min(MOST_EVIDENCE),
        better: seen.better().min(MOST_EVIDENCE),
        within_margin: Some(seen.within(margin).min(MOST_EVIDENCE)),
        needed_for_change: needed,
        needed_for_pass: 1.0 / rules.alpha,
    };
    let beyond = rules.delta.ln_1p();
    let is_enough = pairs.len() >= rules.least_pairs;
    let is_better = seen.median_below() < -beyond;
    let change = best_and_worst(
        is_enough && evidence.worse >= needed && seen.median_over() > beyond,
        is_enough && evidence.better >= needed && is_better,
    );
    let is_within = is_enough && evidence.within_margin >= Some(evidence.needed_for_pass);
    let limited = Limited::of(&observations, &of_added, margin);
    let limited = limited.filter(|_| compared.metric.is_more_better());
    let added_logs: Vec<f64> = of_added.iter().map(|seen| seen.log).collect();
    let mut slow = slow_starts(&logs, &added_logs, margin);
    slow.rules_out_pass &= !is_tail(compared.metric);
    let outcome = match change {
        // A metric that improved must be within the margin too.
        Some(Outcome::Improved) if !is_within => Outcome::Inconclusive,
        Some(outcome) => outcome,
        None if is_within => Outcome::Pass,
        None => Outcome::Inconclusive,
    };
    Judged {
        compared,
        outcome,
        is_limited: limited.is_some(),
        is_excused: limited
            .is_some_and(|limited| limited.median < beyond && !limited.is_often_worse),
        is_nearly_improved: is_better
            && evidence.better < needed
            && evidence.better.ln() >= NEARLY * needed.ln(),
        slow,
        values,
        logs,
        seen,
        evidence,
    }
}

/// Whether identical servers differ twofold in this metric by chance now and then.
pub(super) fn is_tail(metric: Metric) -> bool {
    matches!(metric, Metric::P95 | Metric::P99)
}

/// The evidence that shows a change: both directions of each gated metric share the error rate.
pub fn needed(rules: &Rules, gated: usize) -> f64 {
    2.0 * gated.max(1) as f64 / rules.alpha
}

/// What a value tells of the true ratio.
fn observation(value: &PairValue) -> Observation {
    let ratio = (value.candidate / value.baseline).ln();
    let worse = match value.metric.is_more_better() {
        true => -ratio,
        false => ratio,
    };
    Observation {
        log: worse.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO),
        known: value.known,
    }
}

/// The values of a metric, in the order of the pairs, and whether each is of an added start.
fn values(compared: ComparedMetric, pairs: &[PairInfo]) -> impl Iterator<Item = (bool, PairValue)> {
    let loads = pairs.iter().flat_map(|pair| &pair.loads);
    let own = loads.filter(move |load| load.load == compared.load);
    own.flat_map(move |load| {
        let values = load.values.iter();
        let values = values.filter(move |value| value.metric == compared.metric);
        values.map(|value| (load.added, *value))
    })
}

/// What the pairs show in most of which the load generator was the limit of the baseline, so that they
/// cannot show a pass.
struct Limited {
    /// The median logarithm of these pairs.
    median: f64,
    /// Whether the candidate had less throughput by more than the margin in at least two starts more
    /// than the baseline, of those in which the generator was the limit of the other side.
    is_often_worse: bool,
}

impl Limited {
    /// `None` if the generator was not the limit of the baseline in most pairs.
    fn of(observations: &[Observation], of_added: &[Observation], margin: f64) -> Option<Limited> {
        let cannot_pass =
            |seen: &&Observation| matches!(seen.known, Known::Nothing | Known::AtLeast);
        let limited: Vec<f64> = observations
            .iter()
            .filter(cannot_pass)
            .map(|seen| seen.log)
            .collect();
        let count = |known: Known, sign: f64| {
            let starts = observations.iter().chain(of_added);
            let of_limited = starts.filter(|seen| [known, Known::Nothing].contains(&seen.known));
            let beyond = of_limited.filter(|seen| sign * seen.log > margin.ln_1p());
            beyond.count()
        };
        let (worse, better) = (count(Known::AtLeast, 1.0), count(Known::AtMost, -1.0));
        (limited.len() * 2 > observations.len()).then(|| Limited {
            median: median(&limited),
            is_often_worse: worse >= better + 2,
        })
    }
}

impl Judged {
    /// Whether it has pairs.
    pub(super) fn is_measured(&self) -> bool {
        !self.values.is_empty()
    }

    /// What is found of this metric; `None` without pairs.
    pub(super) fn finding(&self, rules: &Rules) -> Option<Finding> {
        if self.logs.is_empty() {
            return None;
        }
        let compared = self.compared;
        let (low, high) = interval(&self.logs, 0.05);
        let evidence = &self.evidence;
        let median_of =
            |side: fn(&PairValue) -> f64| median(&self.values.iter().map(side).collect::<Vec<_>>());
        let advisory = compared.advisory.map(Advisory::from);
        let is_open = self.outcome == Outcome::Inconclusive;
        let limited = (self.is_limited && is_open).then_some(Advisory::GeneratorLimited);
        let margin = rules.margin(compared.metric);
        let strongest = evidence.worse.max(evidence.better);
        Some(Finding {
            metric: compared.metric,
            load: Some(compared.load),
            gated: compared.gated && !(self.is_excused && is_open),
            advisory: advisory.or(limited),
            outcome: self.outcome,
            worse: hodges_lehmann(&self.logs).exp(),
            low: ratio(low),
            high: ratio(high),
            low_bound: Some(ratio(self.seen.lower_bound(evidence.needed_for_change))),
            bound: ratio(self.seen.upper_bound(evidence.needed_for_pass)),
            margin,
            p: (evidence.needed_for_change * rules.alpha / strongest).min(1.0),
            pairs: self.logs.iter().map(|log| log.exp()).collect(),
            medians: [
                median_of(|value| value.baseline),
                median_of(|value| value.candidate),
            ],
            mean: Some((self.logs.iter().sum::<f64>() / self.logs.len() as f64).exp()),
            evidence: Some(*evidence),
            power: power(&self.logs, evidence, margin, rules),
            slow_starts: Some(self.slow),
            delayed_pairs: self.values.iter().filter(|value| value.delayed).count(),
        })
    }
}

/// The ratio of a logarithm, limited to a finite number, since JSON has no infinity.
fn ratio(log: f64) -> f64 {
    log.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp()
}
