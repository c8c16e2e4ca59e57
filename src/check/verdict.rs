//! Verdicts on a candidate and a baseline from pairs of trials. Nothing here measures or prints.

use crate::record::{Advisory, Finding, Metric, Outcome, Part, Rules, Trial};
use crate::stats::signed_rank::{holm, interval, p_value, upper_bound};
use crate::stats::{hodges_lehmann, median, theil_sen};

/// Limit of the logarithm of a ratio: ratios beyond it are treated as infinite.
const MAX_LOG_RATIO: f64 = 10.0;
/// Failures are a regression if they are more than this share of the requests and more than twice
/// the baseline's.
const MAX_FAILED_SHARE: f64 = 0.001;
/// A check is invalid if more than this share of the pairs was discarded and repeated.
pub const REDONE: f64 = 0.2;

/// A trial of the baseline and one of the candidate, run one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The baseline's trial.
    pub baseline: Trial,
    /// The candidate's trial.
    pub candidate: Trial,
    /// Whether the candidate's trial ran first.
    pub candidate_first: bool,
}

/// The pairs of one server under one load.
#[derive(Debug, Clone)]
pub struct Pairs {
    /// The server's name.
    pub name: String,
    /// Connections that send requests.
    pub clients: usize,
    /// The scenario's name, if the load belongs to a scenario.
    pub scenario: Option<String>,
    /// The valid pairs.
    pub pairs: Vec<Pair>,
    /// For each pair that was discarded and repeated: the reason.
    pub repeated: Vec<String>,
    /// Why measuring these pairs ended early, if it did.
    pub gave_up: Option<String>,
}

/// How a metric is read from a trial, and in which direction it is worse.
struct ComparedMetric {
    metric: Metric,
    of: fn(&Trial) -> Option<f64>,
    more_is_better: bool,
}

static METRICS: &[ComparedMetric] = &[
    ComparedMetric {
        metric: Metric::CpuUsPerRequest,
        of: |trial| trial.server.cpu_us_per_request,
        more_is_better: false,
    },
    ComparedMetric {
        metric: Metric::Throughput,
        of: |trial| Some(trial.throughput_rps),
        more_is_better: true,
    },
    ComparedMetric {
        metric: Metric::P99,
        of: |trial| trial.latency_ns.p99.map(|ns| ns as f64),
        more_is_better: false,
    },
    ComparedMetric {
        metric: Metric::P50,
        of: |trial| trial.latency_ns.p50.map(|ns| ns as f64),
        more_is_better: false,
    },
];

/// The fewest pairs with which `tests` tests can be significant at `alpha`: the smallest p-value of
/// n pairs is 2^(1−n).
pub fn least_pairs(alpha: f64, tests: usize) -> usize {
    (1 + (tests.max(1) as f64 / alpha).log2().ceil() as usize).max(2)
}

/// The verdict on each part and on all parts together, at the error rate `alpha` of this look.
pub fn check(all: &[Pairs], rules: &Rules, alpha: f64) -> (Outcome, Vec<Part>) {
    let mut parts: Vec<Part> = all.iter().map(|pairs| part(pairs, rules, alpha)).collect();
    adjust(&mut parts, rules, alpha);
    for (part, pairs) in parts.iter_mut().zip(all) {
        set_outcome(part, pairs);
    }
    let outcomes: Vec<Outcome> = parts.iter().map(|part| part.outcome).collect();
    let outcome = overall(&outcomes);
    (outcome, parts)
}

/// The worst outcome, in the order regressed, invalid, inconclusive. Without any of these: improved
/// if any part improved, else pass.
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
        redone: pairs.repeated.len(),
        order_effect: (order.len() > 1).then(|| hodges_lehmann(&order).exp()),
        drift: (over_time.len() > 1).then(|| drift.exp()),
        findings: findings.collect(),
    }
}

fn finding(
    compared: &ComparedMetric,
    pairs: &[Pair],
    rules: &Rules,
    alpha: f64,
) -> Option<Finding> {
    let values = pairs.iter().filter_map(|pair| {
        Some((
            (compared.of)(&pair.baseline)?,
            (compared.of)(&pair.candidate)?,
        ))
    });
    let values: Vec<(f64, f64)> = values.filter(|(b, c)| *b > 0.0 && *c > 0.0).collect();
    let sign = if compared.more_is_better { -1.0 } else { 1.0 };
    let logs: Vec<f64> = values.iter().map(|(b, c)| sign * (c / b).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let limited = |trial: &Trial| trial.generator.limited;
    let limited_pairs = pairs
        .iter()
        .filter(|pair| limited(&pair.baseline) || limited(&pair.candidate));
    let is_generator_the_limit = limited_pairs.count() * 2 > pairs.len();
    let open_loop = pairs.iter().any(|pair| pair.baseline.offered_rps.is_some());
    let (gated, advisory) = match compared.metric {
        Metric::CpuUsPerRequest => (true, None),
        Metric::Throughput if open_loop => (false, Some(Advisory::OpenLoop)),
        Metric::Throughput if is_generator_the_limit => (false, Some(Advisory::GeneratorLimited)),
        Metric::Throughput => (true, None),
        Metric::P99 => (rules.gate_p99, None),
        Metric::P50 => (false, None),
    };
    let margin = match compared.metric {
        Metric::P50 | Metric::P99 => rules.margin_p99,
        Metric::CpuUsPerRequest | Metric::Throughput => rules.margin,
    };
    let (low, high) = interval(&logs, 0.05);
    let median_of =
        |side: fn(&(f64, f64)) -> f64| median(&values.iter().map(side).collect::<Vec<_>>());
    Some(Finding {
        metric: compared.metric,
        gated,
        advisory,
        outcome: Outcome::Inconclusive,
        worse: hodges_lehmann(&logs).exp(),
        low: ratio(low),
        high: ratio(high),
        bound: ratio(upper_bound(&logs, alpha)),
        margin,
        p: p_value(&logs),
        pairs: logs.iter().map(|log| log.exp()).collect(),
        medians: [median_of(|pair| pair.0), median_of(|pair| pair.1)],
    })
}

/// The ratio of a logarithm, limited to a finite number, since JSON has no infinity.
fn ratio(log: f64) -> f64 {
    log.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp()
}

/// Adjusts the p-values of all gated findings and sets the outcome of each finding.
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
        let is_significant = finding.p <= alpha;
        finding.outcome = if is_significant && finding.worse > 1.0 + rules.delta {
            Outcome::Regressed
        } else if is_significant && finding.worse < 1.0 / (1.0 + rules.delta) {
            Outcome::Improved
        } else if finding.bound < 1.0 + finding.margin {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
    }
}

fn set_outcome(part: &mut Part, pairs: &Pairs) {
    let count = pairs.pairs.len();
    if let Some(reason) = &pairs.gave_up {
        part.outcome = Outcome::Invalid;
        part.reasons.push(reason.clone());
        return;
    }
    if pairs.repeated.len() as f64 > REDONE * (count + pairs.repeated.len()) as f64 {
        part.outcome = Outcome::Invalid;
        let first = pairs.repeated.first().map_or("", String::as_str);
        let total = count + pairs.repeated.len();
        part.reasons.push(format!(
            "{} of {total} pairs were discarded; the first reason: {first}",
            pairs.repeated.len()
        ));
        return;
    }
    if let Some(reason) = more_failures(&pairs.pairs) {
        part.outcome = Outcome::Regressed;
        part.reasons.push(reason);
        return;
    }
    let gated = part.findings.iter().filter(|finding| finding.gated);
    if gated.clone().next().is_none() {
        part.outcome = Outcome::Invalid;
        part.reasons
            .push("no gated metric could be measured".to_owned());
        return;
    }
    let outcomes = gated.map(|finding| match finding.outcome {
        // A metric that improved must still have its bound below the margin.
        Outcome::Improved if finding.bound >= 1.0 + finding.margin => Outcome::Inconclusive,
        outcome => outcome,
    });
    part.outcome = overall(&outcomes.collect::<Vec<_>>());
}

/// The reason why the candidate regressed, if it fails more than the baseline. Its speed does not
/// matter then.
fn more_failures(pairs: &[Pair]) -> Option<String> {
    let sum = |of: &dyn Fn(&Trial) -> u64, side: fn(&Pair) -> &Trial| -> u64 {
        pairs.iter().map(|pair| of(side(pair))).sum()
    };
    let sums = |of: &dyn Fn(&Trial) -> u64| {
        (
            sum(of, |pair| &pair.baseline),
            sum(of, |pair| &pair.candidate),
        )
    };
    let (baseline, candidate) = sums(&|trial| trial.errors.total());
    let (_, requests) = sums(&Trial::requests_concerned);
    if candidate > 2 * baseline && candidate as f64 > MAX_FAILED_SHARE * requests as f64 {
        return Some(format!(
            "{candidate} requests failed, and {baseline} of the baseline"
        ));
    }
    let (baseline, candidate) = sums(&|trial| trial.clients_unserved as u64);
    (candidate > 2 * baseline && candidate > pairs.len() as u64 / 4).then(|| {
        format!(
            "{candidate} clients were left unserved over all pairs, and {baseline} by the baseline"
        )
    })
}
