//! The verdict on pairs of trials: a function of the pairs that a record has. It may be taken after
//! every pair, and pairs may be added because of it.

use super::gated::{compared, count};
use super::metric::{Judged, is_tail, judge, needed};
use super::outcome::overall;
use super::part_pairs::PartPairs;
use super::reasons::reasons;
use super::reliability::{is_unmeasurable, reliability};
use super::slow_starts::of_part;
use crate::record::{LoadKind, Metric, Outcome, Part, Reliability, Rules, SlowStarts};
use crate::stats::{hodges_lehmann, theil_sen};

/// Pairs after which a part that cannot be measured is given up. That is no claim with an error rate.
const LEAST_UNMEASURABLE: usize = 3;

/// The number of gated metrics of all parts, reliability included.
pub fn gated(parts: &[PartPairs], rules: &Rules) -> usize {
    let kinds: Vec<Vec<LoadKind>> = parts.iter().map(PartPairs::kinds).collect();
    count(kinds.iter().map(Vec::as_slice), rules)
}

/// The verdict on each part and on all parts together, with all that is found.
pub fn evaluate(parts: &[PartPairs], rules: &Rules) -> (Outcome, Vec<Part>) {
    let gated = gated(parts, rules);
    let described = parts.iter().map(|part| Decided::new(part, rules, gated));
    let described: Vec<Part> = described.map(|decided| decided.described(rules)).collect();
    let outcomes: Vec<Outcome> = described.iter().map(|part| part.outcome).collect();
    (overall(&outcomes), described)
}

/// The outcomes only, and for each part whether it needs more pairs.
pub fn decide(parts: &[PartPairs], rules: &Rules) -> (Outcome, Vec<bool>) {
    let gated = gated(parts, rules);
    let decided = parts.iter().map(|part| Decided::new(part, rules, gated));
    let (outcomes, open): (Vec<Outcome>, Vec<bool>) = decided
        .map(|decided| (decided.outcome, decided.is_open()))
        .unzip();
    (overall(&outcomes), open)
}

/// A part with its outcome.
struct Decided<'a> {
    part: &'a PartPairs,
    metrics: Vec<Judged>,
    reliability: Reliability,
    slow: SlowStarts,
    outcome: Outcome,
}

impl<'a> Decided<'a> {
    fn new(part: &'a PartPairs, rules: &Rules, gated: usize) -> Decided<'a> {
        let metrics = compared(&part.kinds(), rules).into_iter();
        let metrics: Vec<Judged> = metrics
            .map(|metric| judge(metric, &part.pairs, rules, gated))
            .collect();
        let reliability = reliability(&part.pairs, needed(rules, gated), rules.least_pairs);
        let deciding = metrics.iter().map(|metric| (metric.compared, metric.slow));
        let deciding = deciding.filter(|(own, _)| own.gated && !is_tail(own.metric));
        let slow: Vec<_> = deciding.map(|(own, slow)| (own.load, slow)).collect();
        let slow = of_part(&slow);
        let outcome = outcome(part, &metrics, &reliability, slow, rules);
        Decided {
            part,
            metrics,
            reliability,
            slow,
            outcome,
        }
    }

    /// Whether more pairs may change the outcome. An improvement that nearly shows is waited for.
    fn is_open(&self) -> bool {
        let mut gated = self.metrics.iter().filter(|metric| metric.compared.gated);
        self.outcome == Outcome::Inconclusive
            || (self.outcome == Outcome::Pass && gated.any(|metric| metric.is_nearly_improved))
    }

    fn described(&self, rules: &Rules) -> Part {
        let (order_effect, drift) = self.effects();
        let findings = self.metrics.iter();
        let slow = Some(self.slow).filter(|slow| slow.rules_out_pass);
        Part {
            name: self.part.name.clone(),
            scenario: self.part.scenario.clone(),
            clients: self.part.clients,
            outcome: self.outcome,
            reasons: reasons(self.part, self.outcome, &self.reliability, slow),
            redone: 0,
            order_effect,
            drift,
            findings: findings
                .filter_map(|metric| metric.finding(rules))
                .collect(),
            loads: self.part.loads.clone(),
            reliability: Some(self.reliability.clone()),
            slow_starts: Some(self.slow),
            pairs: self.part.pairs.clone(),
        }
    }

    /// The effect of the order, and the drift of the baseline's CPU per request.
    fn effects(&self) -> (Option<f64>, Option<f64>) {
        let kind = self.part.kinds().first().copied();
        let first = self.part.pairs.iter().filter_map(|pair| {
            let mut loads = pair.loads.iter();
            loads.find(|load| Some(load.load) == kind)
        });
        let cpu = first.filter_map(|load| {
            let mut values = load.values.iter();
            let value = values.find(|value| value.metric == Metric::CpuUsPerRequest)?;
            Some((load.candidate_first, value.baseline, value.candidate))
        });
        let cpu: Vec<(bool, f64, f64)> = cpu.collect();
        let order: Vec<f64> = cpu
            .iter()
            .map(|(candidate_first, baseline, candidate)| {
                let log = (candidate / baseline).ln();
                if *candidate_first { log } else { -log }
            })
            .collect();
        let over_time: Vec<f64> = cpu.iter().map(|(_, baseline, _)| baseline.ln()).collect();
        let drift = theil_sen(&over_time) * over_time.len().saturating_sub(1) as f64;
        let is_enough = cpu.len() > 1;
        (
            is_enough.then(|| hodges_lehmann(&order).exp()),
            is_enough.then(|| drift.exp()),
        )
    }
}

fn outcome(
    part: &PartPairs,
    metrics: &[Judged],
    reliability: &Reliability,
    slow: SlowStarts,
    rules: &Rules,
) -> Outcome {
    let gated = || metrics.iter().filter(|metric| metric.compared.gated);
    let is_regressed = gated().any(|metric| metric.outcome == Outcome::Regressed);
    if is_regressed || reliability.outcome == Outcome::Regressed {
        return Outcome::Regressed;
    }
    let unmeasurable = part.pairs.iter().filter(|pair| is_unmeasurable(pair));
    let unmeasurable = unmeasurable.count();
    if unmeasurable >= LEAST_UNMEASURABLE && unmeasurable * 2 > part.pairs.len() {
        return Outcome::Invalid;
    }
    if part.pairs.len() < rules.least_pairs {
        return Outcome::Inconclusive;
    }
    if slow.rules_out_pass || !gated().any(Judged::is_measured) {
        return Outcome::Inconclusive;
    }
    let needed = gated().filter(|metric| {
        // A metric that the load generator limited decides only where it shows a change.
        !(metric.is_excused && metric.outcome == Outcome::Inconclusive)
    });
    let mut outcomes: Vec<Outcome> = needed.map(|metric| metric.outcome).collect();
    if outcomes.is_empty() {
        return Outcome::Inconclusive;
    }
    outcomes.push(reliability.outcome);
    overall(&outcomes)
}
