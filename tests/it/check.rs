//! Verdicts of the gate on simulated pairs.

use rpcbench::internal::check::verdict::least_pairs;
use rpcbench::internal::check::{Pair, Pairs, check};
use rpcbench::record::{Advisory, ErrorCounts, Metric, Outcome, Part, Rules, Trial};

use crate::support::trial;

const RULES: Rules = Rules {
    alpha: 0.05,
    delta: 0.05,
    margin: 0.1,
    margin_p99: 0.3,
    gate_p99: false,
};

/// Pairs in which the candidate uses `times` the CPU of the baseline, with this relative noise.
///
/// The speed of the machine drifts, has a step, and is autocorrelated; both sides of a pair are
/// affected.
fn pairs(count: usize, times: f64, noise: f64, seed: u64) -> Pairs {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let mut coin = fastrand::Rng::with_seed(seed + 1);
    let (mut slow, mut memory) = (0.0, 0.0);
    let pairs = (0..count).map(|number| {
        // A step in the middle, a drift, and autocorrelated noise.
        slow += 0.01;
        let step = if number > count / 2 { 0.4 } else { 0.0 };
        let candidate_first = coin.bool();
        let mut side = |times: f64| {
            memory = 0.5 * memory + noise * normal();
            let cpu = 10.0 * times * (slow + step + memory).exp();
            trial(number, 1e6 / cpu, cpu)
        };
        let (baseline, candidate) = if candidate_first {
            let candidate = side(times);
            (side(1.0), candidate)
        } else {
            (side(1.0), side(times))
        };
        Pair {
            baseline,
            candidate,
            candidate_first,
        }
    });
    Pairs {
        name: "async".to_owned(),
        scenario: None,
        clients: 64,
        pairs: pairs.collect(),
        repeated: Vec::new(),
        gave_up: None,
    }
}

fn judged(pairs: &Pairs) -> (Outcome, Part) {
    let (outcome, mut parts) = check(std::slice::from_ref(pairs), &RULES, RULES.alpha);
    (outcome, parts.swap_remove(0))
}

/// The outcomes of many checks.
struct Outcomes(Vec<Outcome>);

impl Outcomes {
    /// Share of the checks that end with this outcome.
    fn share(&self, wanted: Outcome) -> f64 {
        let ended = self.0.iter().filter(|outcome| **outcome == wanted);
        ended.count() as f64 / self.0.len() as f64
    }
}

/// 300 checks.
fn outcomes(times: f64, noise: f64) -> Outcomes {
    let outcome = |seed: u64| judged(&pairs(20, times, noise, seed * 7)).0;
    Outcomes((0..300).map(outcome).collect())
}

#[test]
fn identical_builds_rarely_differ_and_mostly_pass() {
    // Noise as published for shared machines, plus a drift and a step.
    let identical = outcomes(1.0, 0.1);
    assert!(identical.share(Outcome::Regressed) <= 0.03);
    assert!(identical.share(Outcome::Improved) <= 0.03);
    assert!(identical.share(Outcome::Pass) >= 0.8);
}

/// A check with two looks: a fifth of the error rate at 20 pairs; if these are inconclusive, the
/// remaining error rate at 34 pairs, which include the first 20.
fn two_looks(times: f64, seed: u64) -> Outcome {
    let all = pairs(34, times, 0.1, seed);
    let mut first = all.clone();
    first.pairs.truncate(20);
    match check(&[first], &RULES, 0.2 * RULES.alpha).0 {
        Outcome::Inconclusive => check(&[all], &RULES, 0.8 * RULES.alpha).0,
        decided => decided,
    }
}

#[test]
fn two_looks_together_keep_the_error_rate_and_decide_more_often() {
    let ended = |times: f64| Outcomes((0..400).map(|seed| two_looks(times, seed * 7)).collect());
    let identical = ended(1.0);
    assert!(identical.share(Outcome::Regressed) <= 0.03);
    assert!(identical.share(Outcome::Improved) <= 0.03);
    assert!(identical.share(Outcome::Pass) >= 0.9);
    assert!(ended(1.15).share(Outcome::Regressed) >= 0.95);
    assert!(ended(1.0 / 1.15).share(Outcome::Improved) >= 0.95);
    // At the margin, passes are as rare as the sum of both error rates allows.
    assert!(ended(1.1).share(Outcome::Pass) <= 0.07);
}

#[test]
fn large_changes_are_found_and_small_changes_are_no_regression() {
    assert!(outcomes(1.15, 0.1).share(Outcome::Regressed) >= 0.9);
    assert!(outcomes(1.0 / 1.15, 0.1).share(Outcome::Improved) >= 0.85);
    // A slowdown below delta is not reported as a regression.
    assert!(outcomes(1.03, 0.02).share(Outcome::Regressed) <= 0.02);
    // A slowdown at the margin passes about as often as alpha allows.
    assert!(outcomes(1.1, 0.1).share(Outcome::Pass) <= 0.08);
}

#[test]
fn strong_noise_is_inconclusive_and_rarely_a_pass() {
    // By chance the candidate sometimes looks so much better that the check passes.
    let noisy = outcomes(1.0, 0.6);
    assert!(noisy.share(Outcome::Pass) <= 0.15);
    assert!(noisy.share(Outcome::Inconclusive) >= 0.75);
}

#[test]
fn each_metric_is_judged_in_its_direction() {
    let (outcome, part) = judged(&pairs(20, 1.3, 0.02, 1));
    assert_eq!(outcome, Outcome::Regressed);
    let finding = |metric: Metric| part.findings.iter().find(|f| f.metric == metric).unwrap();
    // More CPU and less throughput are worse by the same factor.
    for metric in [Metric::CpuUsPerRequest, Metric::Throughput] {
        assert!((1.2..1.4).contains(&finding(metric).worse), "{metric:?}");
        assert_eq!(finding(metric).outcome, Outcome::Regressed);
        assert!(finding(metric).gated);
    }
    assert!(!finding(Metric::P99).gated && !finding(Metric::P50).gated);
    assert!(
        part.drift.unwrap() > 1.3,
        "the step and the drift are reported: {:?}",
        part.drift
    );
}

#[test]
fn throughput_is_not_gated_when_the_generator_was_the_limit() {
    let mut limited = pairs(20, 1.0, 0.02, 1);
    for pair in &mut limited.pairs {
        pair.candidate.generator.limited = true;
        pair.candidate.throughput_rps *= 0.5;
    }
    let (outcome, part) = judged(&limited);
    assert_eq!(outcome, Outcome::Pass);
    let throughput = part
        .findings
        .iter()
        .find(|f| f.metric == Metric::Throughput)
        .unwrap();
    assert!(!throughput.gated);
    assert_eq!(throughput.advisory, Some(Advisory::GeneratorLimited));
}

#[test]
fn failures_are_a_regression_even_with_less_cpu() {
    let judged_with = |change: &dyn Fn(&mut Trial)| {
        let mut pairs = pairs(20, 0.5, 0.02, 1);
        pairs
            .pairs
            .iter_mut()
            .for_each(|pair| change(&mut pair.candidate));
        judged(&pairs)
    };
    let (outcome, part) = judged_with(&|trial| {
        trial.errors = ErrorCounts {
            reply: trial.samples / 50,
            ..ErrorCounts::default()
        };
    });
    assert_eq!(outcome, Outcome::Regressed);
    assert!(
        part.reasons[0].contains("requests failed"),
        "{:?}",
        part.reasons
    );
    let (outcome, part) = judged_with(&|trial| trial.clients_unserved = 3);
    assert_eq!(outcome, Outcome::Regressed);
    assert!(
        part.reasons[0].contains("left unserved"),
        "{:?}",
        part.reasons
    );
}

#[test]
fn unreliable_pairs_are_invalid_and_never_a_pass() {
    let mut repeated = pairs(20, 1.0, 0.02, 1);
    repeated.repeated = vec!["candidate: it died".to_owned(); 6];
    let (outcome, part) = judged(&repeated);
    assert_eq!(outcome, Outcome::Invalid);
    assert!(
        part.reasons[0].contains("6 of 26 pairs"),
        "{:?}",
        part.reasons
    );
    let mut broken = pairs(3, 1.0, 0.02, 1);
    broken.gave_up = Some("it would not start".to_owned());
    assert_eq!(judged(&broken).0, Outcome::Invalid);
    let none = Pairs {
        pairs: Vec::new(),
        ..pairs(0, 1.0, 0.02, 1)
    };
    assert_eq!(judged(&none).0, Outcome::Invalid);
}

#[test]
fn the_worst_part_decides() {
    let good = pairs(20, 1.0, 0.02, 1);
    let bad = pairs(20, 1.5, 0.02, 2);
    let better = pairs(20, 0.6, 0.02, 3);
    let all = |parts: &[Pairs]| check(parts, &RULES, RULES.alpha).0;
    assert_eq!(
        all(&[good.clone(), bad.clone(), better.clone()]),
        Outcome::Regressed
    );
    assert_eq!(all(&[good.clone(), better]), Outcome::Improved);
    assert_eq!(all(&[good.clone(), good]), Outcome::Pass);
}

#[test]
fn least_number_of_pairs_that_can_be_significant() {
    // The smallest p value of n pairs is 2^(1−n).
    assert_eq!(least_pairs(0.05, 1), 6);
    assert_eq!(least_pairs(0.05, 2), 7);
    assert_eq!(least_pairs(0.01, 2), 9);
}
