//! What single starts of a check show: partial losses, slow starts, starts without a trial. A second
//! implementation of the verdict agrees on all of them.

use std::fs;
use std::process::Command;

use rpcbench::internal::check::{evaluate, gated};
use rpcbench::internal::findings::assertion_starts::count_starts;
use rpcbench::record::{
    AssertCell, AssertInfo, AssertMetric, AssertVerdict, Assertion, CheckInfo, EndedBy,
    FailureKind, Known, LoadKind, LoadPair, Look, Method, Metric, Outcome, PairInfo, PairValue,
    Role, Rules,
};

use crate::support::{failing, pair_of, part};

/// Noise of a few percent with the median 0.
fn noise(number: usize) -> f64 {
    0.01 * ((number * 7) % 5) as f64 - 0.02
}

/// A check of pairs that differ by noise but for the throughput, which is worse by this.
fn check_of(pairs: usize, throughput: impl Fn(usize) -> (f64, Known)) -> Vec<PairInfo> {
    let pair = |number: usize| {
        let at_rate = (noise(number), Known::Exact);
        pair_of(number, [at_rate, at_rate, throughput(number)])
    };
    (0..pairs).map(pair).collect()
}

fn info(pairs: Vec<PairInfo>) -> CheckInfo {
    let rules = Rules::default();
    let parts = [part(pairs)];
    let (outcome, parts_found) = evaluate(&parts, &rules);
    CheckInfo {
        outcome,
        rules,
        baseline: "./old {port}".to_owned(),
        candidate: "./new {port}".to_owned(),
        looks: vec![Look {
            pairs: parts[0].pairs.len(),
            alpha: 0.05,
        }],
        method: Method::Anytime,
        labels: None,
        gated: gated(&parts, &rules),
        budget_s: Some(90.0),
        took_s: Some(60.0),
        ended_by: Some(EndedBy::Decided),
        programs: Vec::new(),
        parts: parts_found,
    }
}

fn outcome(pairs: Vec<PairInfo>) -> Outcome {
    info(pairs).outcome
}

/// A start that was added to a pair, in which the candidate's throughput is worse by this.
fn added(worse: f64) -> LoadPair {
    LoadPair {
        load: LoadKind::Capacity,
        candidate_first: false,
        added: true,
        values: vec![PairValue {
            metric: Metric::Throughput,
            baseline: 50_000.0,
            candidate: 50_000.0 * (-worse).exp(),
            known: Known::Exact,
            delayed: false,
        }],
        failures: Vec::new(),
    }
}

/// Eight pairs, and sixteen added starts of which these are slow.
fn with_added(slow: usize) -> Vec<PairInfo> {
    let mut pairs = check_of(8, |number| (noise(number), Known::Exact));
    let loads = (0..16).map(|at| added(if at < slow { 0.7 } else { noise(at) }));
    pairs[7].loads.extend(loads);
    pairs
}

/// The generator is the limit of the baseline in all pairs. The candidate loses 40 % of its capacity
/// in these starts, and is limited too in the others.
fn loses_capacity(starts: &[usize]) -> Vec<PairInfo> {
    check_of(8, |number| match starts.contains(&number) {
        true => (0.5, Known::AtLeast),
        false => (noise(number), Known::Nothing),
    })
}

#[test]
fn a_loss_of_capacity_in_some_starts_does_not_pass_beside_a_limited_generator() {
    assert_eq!(outcome(loses_capacity(&[])), Outcome::Pass);
    assert_eq!(outcome(loses_capacity(&[3])), Outcome::Pass, "one start");
    assert_eq!(outcome(loses_capacity(&[3, 6])), Outcome::Inconclusive);
    // As many starts of the baseline: it is the machine.
    let both = check_of(8, |number| match number {
        1 | 4 => (0.5, Known::AtLeast),
        2 => (-0.5, Known::AtMost),
        _ => (noise(number), Known::Nothing),
    });
    assert_eq!(outcome(both), Outcome::Pass);
}

#[test]
fn an_added_start_shows_slow_starts_and_is_no_evidence() {
    let usual = info(with_added(0));
    assert_eq!(usual.outcome, Outcome::Pass);
    let one = info(with_added(1));
    assert_eq!(one.outcome, Outcome::Pass);
    let throughput = |check: &CheckInfo| check.parts[0].findings[2].clone();
    let slow = throughput(&one).slow_starts.unwrap();
    assert_eq!((slow.starts, slow.of), ([0, 1], 24));
    assert_eq!(throughput(&one).evidence, throughput(&usual).evidence);
    assert_eq!(throughput(&one).pairs.len(), 8);
    let two = info(with_added(2));
    assert_eq!(two.outcome, Outcome::Inconclusive);
    assert!(two.parts[0].slow_starts.unwrap().rules_out_pass);
}

#[test]
fn another_implementation_agrees_on_bounds_failures_and_slow_starts() {
    let mut dying = check_of(12, |number| (noise(number), Known::Exact));
    for number in [1, 4, 9] {
        dying[number] = failing(dying[number].clone(), Role::Candidate, FailureKind::Died, 1);
    }
    let always = check_of(12, |_| (0.0, Known::Nothing)).into_iter();
    let always = always.map(|pair| failing(pair, Role::Candidate, FailureKind::Resets, 5));
    let neither = check_of(6, |_| (0.0, Known::Nothing))
        .into_iter()
        .map(|pair| {
            let pair = failing(pair, Role::Candidate, FailureKind::NotStarted, 1);
            failing(pair, Role::Baseline, FailureKind::NotStarted, 1)
        });
    let cases = [
        ("bounds", loses_capacity(&[3]), Outcome::Pass),
        (
            "partial-loss",
            loses_capacity(&[3, 6]),
            Outcome::Inconclusive,
        ),
        ("added", with_added(1), Outcome::Pass),
        ("slow", with_added(3), Outcome::Inconclusive),
        ("dying", dying, Outcome::Inconclusive),
        ("resets", always.collect(), Outcome::Regressed),
        ("neither", neither.collect(), Outcome::Invalid),
        (
            "lost",
            check_of(14, |number| (0.4 + noise(number), Known::AtLeast)),
            Outcome::Regressed,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/evidence.py");
    for (name, pairs, expected) in cases {
        let check = info(pairs);
        assert_eq!(check.outcome, expected, "{name}");
        let file = folder.path().join(format!("{name}.json"));
        let record = serde_json::json!({ "check": check });
        fs::write(&file, record.to_string()).unwrap();
        let output = Command::new("python3").arg(script).arg(&file).output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {text}");
    }
}

fn asserted(metric: AssertMetric, limit: f64, figure: f64) -> AssertInfo {
    let assertion = Assertion {
        text: String::new(),
        metric,
        limit,
        is_strict: false,
    };
    let cell = |cell| AssertCell {
        cell,
        trials: 8,
        figure: Some(figure),
        low: Some(figure),
        high: Some(figure),
        verdict: AssertVerdict::Holds,
        doubt: None,
    };
    AssertInfo {
        assertion,
        verdict: AssertVerdict::Holds,
        figure: Some(figure),
        cells: vec![cell(1), cell(3)],
    }
}

#[test]
fn conditions_see_the_starts_that_have_no_trial() {
    let mut pairs = check_of(8, |number| (noise(number), Known::Exact));
    pairs[2] = failing(pairs[2].clone(), Role::Candidate, FailureKind::Died, 1);
    let mut reset = added(0.0);
    reset.failures = failing(pairs[0].clone(), Role::Candidate, FailureKind::Resets, 5).loads[0]
        .failures
        .clone();
    let check_with = |pairs: Vec<PairInfo>| info(pairs);
    let verdict = |metric: AssertMetric, limit: f64, figure: f64, check: &CheckInfo| {
        let mut asserts = [asserted(metric, limit, figure)];
        count_starts(&mut asserts, check);
        (asserts[0].verdict, asserts[0].figure)
    };
    let died = check_with(pairs.clone());
    let (errors, served) = (AssertMetric::Errors, AssertMetric::Served);
    let violated = |figure: f64| (AssertVerdict::Violated, Some(figure));
    assert_eq!(verdict(errors, 0.0, 0.0, &died), violated(1.0));
    assert_eq!(verdict(served, 64.0, 64.0, &died), violated(0.0));
    assert_eq!(
        verdict(AssertMetric::Unserved, 0.0, 0.0, &died),
        violated(64.0)
    );
    let p99 = AssertMetric::Response(0.99);
    let holds = (AssertVerdict::Holds, Some(1.0));
    assert_eq!(verdict(p99, 2.0, 1.0, &died), holds);
    // The baseline's are its own.
    let mut of_baseline = check_of(8, |number| (noise(number), Known::Exact));
    of_baseline[2] = failing(of_baseline[2].clone(), Role::Baseline, FailureKind::Died, 1);
    let of_baseline = check_with(of_baseline);
    assert_eq!(
        verdict(errors, 0.0, 0.0, &of_baseline),
        (AssertVerdict::Holds, Some(0.0))
    );
    // An added start has no trial in the record.
    let mut pairs = check_of(8, |number| (noise(number), Known::Exact));
    pairs[7].loads.push(reset);
    assert_eq!(verdict(errors, 0.0, 0.0, &check_with(pairs)), violated(5.0));
}
