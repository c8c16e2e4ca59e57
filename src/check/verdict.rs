//! Candidate against baseline: pairs of trials become verdicts. Pure: nothing here measures or prints.

use crate::record::{Finding, Outcome, Part, Rules, Trial};
use crate::stats::signed_rank::{holm, interval, p_value, upper_bound};
use crate::stats::{hodges_lehmann, median, theil_sen};

/// Ratios further from 1 than e to this are as good as infinite.
const FURTHEST: f64 = 10.0;
/// More failures than this share of the requests, and than twice the baseline's, are a regression.
const FAILED: f64 = 0.001;
/// More than this share of the pairs redone, and the check is invalid.
pub const REDONE: f64 = 0.2;

/// Two trials next to each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Of the baseline.
    pub baseline: Trial,
    /// Of the candidate.
    pub candidate: Trial,
    /// Whether the candidate went first.
    pub candidate_first: bool,
}

/// The pairs of one contestant under one load.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// Its name.
    pub name: String,
    /// Connections that sent.
    pub clients: usize,
    /// The scenario, if the load is one.
    pub scenario: Option<String>,
    /// Those that can be believed.
    pub pairs: Vec<Pair>,
    /// Why pairs were thrown away, a reason each.
    pub redone: Vec<String>,
    /// What ended it early, if anything did.
    pub broken: Option<String>,
}

/// A figure of a trial that two builds are compared by.
struct Metric {
    name: &'static str,
    of: fn(&Trial) -> Option<f64>,
    /// Whether more of it is better.
    more_is_better: bool,
}

static METRICS: &[Metric] = &[
    Metric {
        name: "cpu_us_per_request",
        of: |trial| trial.server.cpu_us_per_request,
        more_is_better: false,
    },
    Metric {
        name: "throughput",
        of: |trial| Some(trial.throughput_rps),
        more_is_better: true,
    },
    Metric {
        name: "p99",
        of: |trial| trial.latency_ns.p99.map(|ns| ns as f64),
        more_is_better: false,
    },
    Metric {
        name: "p50",
        of: |trial| trial.latency_ns.p50.map(|ns| ns as f64),
        more_is_better: false,
    },
];

/// The fewest pairs of which `tests` tests can reject anything at `alpha`: the least p is 2^(1−n).
pub fn least_pairs(alpha: f64, tests: usize) -> usize {
    (1 + (tests.max(1) as f64 / alpha).log2().ceil() as usize).max(2)
}

/// Judges all parts together at this look's error rate.
pub fn check(all: &[Pairs], rules: &Rules, alpha: f64) -> (Outcome, Vec<Part>) {
    let mut parts: Vec<Part> = all.iter().map(|pairs| part(pairs, rules, alpha)).collect();
    adjust(&mut parts, rules, alpha);
    for (part, pairs) in parts.iter_mut().zip(all) {
        conclude(part, pairs);
    }
    let outcomes: Vec<Outcome> = parts.iter().map(|part| part.outcome).collect();
    let outcome = overall(&outcomes);
    (outcome, parts)
}

/// The first that holds of regressed, invalid, inconclusive, pass; improved counts as pass beside others.
fn overall(outcomes: &[Outcome]) -> Outcome {
    let worst = [Outcome::Regressed, Outcome::Invalid, Outcome::Inconclusive];
    let found = worst.into_iter().find(|outcome| outcomes.contains(outcome));
    found.unwrap_or(if outcomes.contains(&Outcome::Improved) {
        Outcome::Improved
    } else {
        Outcome::Pass
    })
}

fn part(pairs: &Pairs, rules: &Rules, alpha: f64) -> Part {
    let findings = METRICS.iter();
    let findings = findings.filter_map(|metric| finding(metric, &pairs.pairs, rules, alpha));
    let cpu = |trial: &Trial| trial.server.cpu_us_per_request;
    let order = pairs.pairs.iter().filter_map(|pair| {
        let (baseline, candidate) = (cpu(&pair.baseline)?, cpu(&pair.candidate)?);
        let ratio = (candidate / baseline).ln();
        Some(if pair.candidate_first { ratio } else { -ratio })
    });
    let order: Vec<f64> = order.collect();
    let over_time = pairs.pairs.iter().filter_map(|pair| cpu(&pair.baseline));
    let over_time: Vec<f64> = over_time.map(f64::ln).collect();
    let drift = theil_sen(&over_time) * over_time.len().saturating_sub(1) as f64;
    Part {
        name: pairs.name.clone(),
        scenario: pairs.scenario.clone(),
        clients: pairs.clients,
        outcome: Outcome::Inconclusive,
        reasons: Vec::new(),
        redone: pairs.redone.len(),
        order_effect: (order.len() > 1).then(|| hodges_lehmann(&order).exp()),
        drift: (over_time.len() > 1).then(|| drift.exp()),
        findings: findings.collect(),
    }
}

fn finding(metric: &Metric, pairs: &[Pair], rules: &Rules, alpha: f64) -> Option<Finding> {
    let both = pairs
        .iter()
        .filter_map(|pair| Some(((metric.of)(&pair.baseline)?, (metric.of)(&pair.candidate)?)));
    let both: Vec<(f64, f64)> = both.filter(|(b, c)| *b > 0.0 && *c > 0.0).collect();
    let sign = if metric.more_is_better { -1.0 } else { 1.0 };
    let logs: Vec<f64> = both.iter().map(|(b, c)| sign * (c / b).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let limited = |trial: &Trial| trial.generator.limited;
    let limits = pairs
        .iter()
        .filter(|pair| limited(&pair.baseline) || limited(&pair.candidate));
    let generator_was_the_limit = limits.count() * 2 > pairs.len();
    let open_loop = pairs.iter().any(|pair| pair.baseline.offered_rps.is_some());
    let (gated, advisory) = match metric.name {
        "cpu_us_per_request" => (true, None),
        "throughput" if open_loop => (false, Some("an open loop asks for it")),
        "throughput" if generator_was_the_limit => {
            (false, Some("the load generator was the limit"))
        }
        "throughput" => (true, None),
        "p99" => (rules.gate_p99, None),
        _ => (false, None),
    };
    let margin = if metric.name.starts_with('p') {
        rules.margin_p99
    } else {
        rules.margin
    };
    let (low, high) = interval(&logs, 0.05);
    let side = |of: fn(&(f64, f64)) -> f64| median(&both.iter().map(of).collect::<Vec<_>>());
    Some(Finding {
        metric: metric.name.to_owned(),
        gated,
        advisory: advisory.map(str::to_owned),
        outcome: Outcome::Inconclusive,
        worse: hodges_lehmann(&logs).exp(),
        low: ratio(low),
        high: ratio(high),
        bound: ratio(upper_bound(&logs, alpha)),
        margin,
        p: p_value(&logs),
        pairs: logs.iter().map(|log| log.exp()).collect(),
        medians: [side(|both| both.0), side(|both| both.1)],
    })
}

/// The ratio of a logarithm; of an infinite one, which JSON cannot hold, as good as that.
fn ratio(log: f64) -> f64 {
    log.clamp(-FURTHEST, FURTHEST).exp()
}

/// Adjusts the p-values of all that is gated, and says what each shows.
fn adjust(parts: &mut [Part], rules: &Rules, alpha: f64) {
    let mut findings: Vec<&mut Finding> = parts
        .iter_mut()
        .flat_map(|part| &mut part.findings)
        .collect();
    let gated = findings.iter().filter(|finding| finding.gated);
    let mut adjusted = holm(&gated.map(|finding| finding.p).collect::<Vec<_>>()).into_iter();
    for finding in &mut findings {
        if let Some(p) = finding.gated.then(|| adjusted.next()).flatten() {
            finding.p = p;
        }
        let apart = finding.p <= alpha;
        finding.outcome = if apart && finding.worse > 1.0 + rules.delta {
            Outcome::Regressed
        } else if apart && finding.worse < 1.0 / (1.0 + rules.delta) {
            Outcome::Improved
        } else if finding.bound < 1.0 + finding.margin {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
    }
}

fn conclude(part: &mut Part, pairs: &Pairs) {
    let count = pairs.pairs.len();
    if let Some(reason) = &pairs.broken {
        part.outcome = Outcome::Invalid;
        part.reasons.push(reason.clone());
        return;
    }
    if pairs.redone.len() as f64 > REDONE * (count + pairs.redone.len()) as f64 {
        part.outcome = Outcome::Invalid;
        let first = pairs.redone.first().map_or("", String::as_str);
        let of = count + pairs.redone.len();
        part.reasons.push(format!(
            "{} of {of} pairs had to be thrown away: {first}",
            pairs.redone.len()
        ));
        return;
    }
    if let Some(reason) = failing(&pairs.pairs) {
        part.outcome = Outcome::Regressed;
        part.reasons.push(reason);
        return;
    }
    let gated = part.findings.iter().filter(|finding| finding.gated);
    if gated.clone().next().is_none() {
        part.outcome = Outcome::Invalid;
        part.reasons
            .push("nothing that is gated could be measured".to_owned());
        return;
    }
    let outcomes = gated.map(|finding| match finding.outcome {
        // What is better in one way must still be shown not to be worse in another.
        Outcome::Improved if finding.bound >= 1.0 + finding.margin => Outcome::Inconclusive,
        outcome => outcome,
    });
    part.outcome = overall(&outcomes.collect::<Vec<_>>());
}

/// A candidate that fails more is worse, however fast it fails.
fn failing(pairs: &[Pair]) -> Option<String> {
    let sum = |of: &dyn Fn(&Trial) -> u64, side: fn(&Pair) -> &Trial| -> u64 {
        pairs.iter().map(|pair| of(side(pair))).sum()
    };
    let both = |of: &dyn Fn(&Trial) -> u64| {
        (
            sum(of, |pair| &pair.baseline),
            sum(of, |pair| &pair.candidate),
        )
    };
    let (before, after) = both(&|trial| trial.errors.total());
    let (_, samples) = both(&|trial| trial.samples);
    if after > 2 * before && after as f64 > FAILED * samples as f64 {
        return Some(format!("{after} requests failed, {before} of the baseline"));
    }
    let (before, after) = both(&|trial| trial.clients_unserved as u64);
    (after > 2 * before && after > pairs.len() as u64 / 4).then(|| {
        format!("{after} times a client was left unserved, {before} times by the baseline")
    })
}
