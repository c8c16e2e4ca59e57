//! Verdicts of the gate on pairs of trials.

use rpcbench::internal::check::{Failure, PartPairs, Side, compared, decide, evaluate, load_pair};
use rpcbench::record::{
    Advisory, EndedBy, ErrorCounts, FailureKind, Known, LoadKind, LoadPair, Metric, NoReplyCause,
    Outcome, PairInfo, Part, Rules, Trial, ValidityFinding, Verdict,
};

use crate::support::{Machine, NoiseKind, pair_of, part, trial};

fn judged(pairs: Vec<PairInfo>) -> Part {
    evaluate(&[part(pairs)], &Rules::default()).1.remove(0)
}

/// A pair of trials under the capacity load.
fn measured(baseline: &Side, candidate: &Side) -> LoadPair {
    let metrics = compared(&[LoadKind::Rate, LoadKind::Capacity], &Rules::default());
    load_pair(&metrics, LoadKind::Capacity, false, [baseline, candidate])
}

fn kinds(change: impl Fn(&mut Trial)) -> Vec<FailureKind> {
    let mut candidate = trial(0, 40_000.0, 10.0);
    change(&mut candidate);
    let pair = measured(&Ok(trial(0, 40_000.0, 10.0)), &Ok(candidate));
    pair.failures.iter().map(|failure| failure.kind).collect()
}

#[test]
fn each_failure_of_a_server_is_recognised() {
    assert_eq!(kinds(|_| {}), []);
    let errors = |errors: ErrorCounts| move |trial: &mut Trial| trial.errors = errors.clone();
    let none = ErrorCounts::default;
    for (errors_of, kind) in [
        (
            ErrorCounts { reply: 1, ..none() },
            FailureKind::WrongReplies,
        ),
        (
            ErrorCounts {
                protocol: 1,
                ..none()
            },
            FailureKind::WrongReplies,
        ),
        (
            ErrorCounts {
                connect: 1,
                ..none()
            },
            FailureKind::Connects,
        ),
        (ErrorCounts { reset: 1, ..none() }, FailureKind::Resets),
        (
            ErrorCounts {
                timeout: 1,
                ..none()
            },
            FailureKind::Timeouts,
        ),
    ] {
        assert_eq!(kinds(errors(errors_of)), [kind]);
    }
    // Persistent connections connect before the window.
    let refused = |trial: &mut Trial| trial.warmup_errors.connect = 3;
    assert_eq!(kinds(refused), [FailureKind::WarmUp]);
    let wrong = |trial: &mut Trial| trial.warmup_errors.reply = 1;
    assert_eq!(kinds(wrong), [FailureKind::WarmUp]);
    assert_eq!(
        kinds(|trial| trial.unanswered = 1),
        [FailureKind::MissingReplies]
    );
    assert_eq!(
        kinds(|trial| trial.clients_unserved = 54),
        [FailureKind::ClientsUnserved]
    );
    assert_eq!(
        kinds(|trial| trial.server.panics = Some(2)),
        [FailureKind::Workers]
    );
    let found = |finding: ValidityFinding, verdict: Verdict| {
        kinds(move |trial| {
            trial.validity.findings = vec![finding.clone()];
            trial.validity.reasons = vec!["text".to_owned()];
            trial.validity.verdict = verdict;
        })
    };
    let cause = NoReplyCause::ConnectRefused;
    let no_replies = found(ValidityFinding::NoReplies { cause }, Verdict::Invalid);
    assert_eq!(no_replies, [FailureKind::NoReplies]);
    let unclean = found(ValidityFinding::UncleanStop {}, Verdict::Suspect);
    assert_eq!(unclean, [FailureKind::UncleanStop]);
    let steal = ValidityFinding::HypervisorSteal { stolen_share: 0.2 };
    assert_eq!(found(steal, Verdict::Suspect), [FailureKind::Steal]);
    let other = ValidityFinding::Unknown {
        code: "of-a-newer-version".to_owned(),
        values: serde_json::Value::Null,
    };
    assert_eq!(found(other, Verdict::Invalid), [FailureKind::Invalid]);
    // A server that is not there has no figures.
    let died = Failure::of_server(FailureKind::Died, "ended by SIGABRT".to_owned());
    let pair = measured(&Ok(trial(0, 1.0, 1.0)), &Err(died));
    assert_eq!(pair.failures[0].kind, FailureKind::Died);
    assert!(pair.values.is_empty());
}

#[test]
fn bounds_are_known_as_such() {
    let known = |change: &dyn Fn(&mut Trial, &mut Trial), metric: Metric| {
        let (mut baseline, mut candidate) = (trial(0, 1e4, 10.0), trial(0, 1e4, 10.0));
        change(&mut baseline, &mut candidate);
        let metrics = compared(&[LoadKind::Closed], &Rules::default());
        let pair = load_pair(
            &metrics,
            LoadKind::Closed,
            true,
            [&Ok(baseline), &Ok(candidate)],
        );
        assert!(pair.candidate_first);
        let value = pair.values.iter().find(|value| value.metric == metric);
        value.unwrap().known
    };
    assert_eq!(known(&|_, _| {}, Metric::Throughput), Known::Exact);
    let candidate: &dyn Fn(&mut Trial, &mut Trial) = &|_, c| c.generator.limited = true;
    let baseline: &dyn Fn(&mut Trial, &mut Trial) = &|b, _| b.generator.limited = true;
    let both: &dyn Fn(&mut Trial, &mut Trial) = &|b, c| {
        (b.generator.limited, c.generator.limited) = (true, true);
    };
    assert_eq!(known(candidate, Metric::Throughput), Known::AtMost);
    assert_eq!(known(baseline, Metric::Throughput), Known::AtLeast);
    assert_eq!(known(both, Metric::Throughput), Known::Nothing);
    assert_eq!(known(both, Metric::P50), Known::Exact);
    let censored: &dyn Fn(&mut Trial, &mut Trial) = &|_, c| c.exact_below = 0.4;
    assert_eq!(known(censored, Metric::P50), Known::AtLeast);
    let censored: &dyn Fn(&mut Trial, &mut Trial) = &|b, _| b.exact_below = 0.4;
    assert_eq!(known(censored, Metric::P50), Known::AtMost);
}

fn exact(logs: [f64; 3]) -> [(f64, Known); 3] {
    logs.map(|log| (log, Known::Exact))
}

#[test]
fn each_metric_is_judged_in_its_direction_and_under_its_load() {
    for (at, metric, load) in [
        (0, Metric::CpuUsPerRequest, LoadKind::Rate),
        (1, Metric::P50, LoadKind::Rate),
        (2, Metric::Throughput, LoadKind::Capacity),
    ] {
        let mut logs = [0.0; 3];
        logs[at] = 0.3;
        let noise = |number: usize| 0.01 * ((number * 7) % 5) as f64 - 0.02;
        let pairs =
            (0..12).map(|number| pair_of(number, exact(logs.map(|log| log + noise(number)))));
        let part = judged(pairs.collect());
        assert_eq!(part.outcome, Outcome::Regressed, "{metric:?}");
        for finding in &part.findings {
            let is_changed = finding.metric == metric;
            assert_eq!(
                finding.outcome == Outcome::Regressed,
                is_changed,
                "{finding:?}"
            );
            assert!(finding.gated);
        }
        let changed = part
            .findings
            .iter()
            .find(|found| found.metric == metric)
            .unwrap();
        assert_eq!(changed.load, Some(load));
        assert!((1.3..1.4).contains(&changed.worse), "{}", changed.worse);
        assert!(changed.low_bound.unwrap() > 1.0 && changed.bound > 1.25);
        let [baseline, candidate] = changed.medians;
        assert_eq!(candidate < baseline, metric == Metric::Throughput);
    }
}

#[test]
fn the_interval_that_decides_agrees_with_the_outcome() {
    let rules = Rules::default();
    for seed in 0..60 {
        let ratio = [1.0, 1.06, 1.12, 0.85][seed as usize % 4];
        let mut machine = Machine::new(seed, NoiseKind::Normal, [0.06, 0.08, 0.1], [ratio; 3]);
        let pairs: Vec<PairInfo> = (0..17).map(|_| machine.pair()).collect();
        for finding in judged(pairs).findings {
            let low = finding.low_bound.unwrap();
            let evidence = finding.evidence.unwrap();
            assert_eq!(low > 1.0, evidence.worse >= evidence.needed_for_change);
            let within = evidence.within_margin.unwrap() >= evidence.needed_for_pass;
            assert_eq!(finding.bound < 1.0 + finding.margin, within, "{finding:?}");
            if finding.outcome == Outcome::Regressed {
                assert!(low > 1.0 && finding.worse > 1.0 + rules.delta / 2.0 && finding.p <= 0.05);
            }
            assert!(finding.power.is_some_and(|power| power.visible.is_some()));
        }
    }
}

#[test]
fn throughput_that_the_generator_limits_neither_passes_nor_blocks() {
    let pairs = |known: Known, log: f64| {
        let noise = |number: usize| 0.01 * ((number * 7) % 5) as f64 - 0.02;
        let pair = |number: usize| {
            let at_rate = (noise(number), Known::Exact);
            pair_of(number, [at_rate, at_rate, (log + noise(number), known)])
        };
        judged((0..12).map(pair).collect())
    };
    let throughput = |part: &Part| {
        let mut findings = part.findings.iter();
        findings
            .find(|found| found.metric == Metric::Throughput)
            .unwrap()
            .clone()
    };
    let both = pairs(Known::Nothing, 0.02);
    assert_eq!(both.outcome, Outcome::Pass);
    assert_eq!(throughput(&both).advisory, Some(Advisory::GeneratorLimited));
    assert_eq!(throughput(&both).outcome, Outcome::Inconclusive);
    assert!(!throughput(&both).gated);
    // The candidate itself may be what slows the generator down.
    let slower = pairs(Known::Nothing, 0.4);
    assert_eq!(slower.outcome, Outcome::Inconclusive);
    assert!(throughput(&slower).gated);
    assert_eq!(
        throughput(&slower).advisory,
        Some(Advisory::GeneratorLimited),
        "more pairs help nothing"
    );
    // Only the baseline was limited: the candidate has lost capacity.
    let lost = pairs(Known::AtLeast, 0.4);
    assert_eq!(lost.outcome, Outcome::Regressed);
    assert!(throughput(&lost).gated);
    // Only the candidate was limited: it may be faster than it looks.
    assert_ne!(pairs(Known::AtMost, 0.4).outcome, Outcome::Regressed);
    assert_eq!(pairs(Known::AtMost, -0.4).outcome, Outcome::Improved);
}

#[test]
fn two_slow_starts_of_the_candidate_do_not_pass() {
    let pairs = |slow: &[usize]| {
        let pair = |number: usize| {
            let log = 0.01 * ((number * 7) % 5) as f64 - 0.02;
            let cpu = if slow.contains(&number) { 0.8 } else { log };
            pair_of(number, exact([cpu, log, log]))
        };
        judged((0..20).map(pair).collect())
    };
    assert_eq!(pairs(&[]).outcome, Outcome::Pass);
    let one = pairs(&[4]);
    assert_eq!(one.outcome, Outcome::Pass);
    assert_eq!(one.findings[0].slow_starts.unwrap().starts, [0, 1]);
    let two = pairs(&[4, 15]);
    assert_eq!(two.outcome, Outcome::Inconclusive);
    // The metric itself passes: its median hides them, its mean shows them.
    assert_eq!(two.findings[0].outcome, Outcome::Pass);
    assert!(two.findings[0].mean.unwrap() > two.findings[0].worse + 0.05);
    assert!(
        two.reasons[0].contains("2 of 40 starts of the candidate"),
        "{:?}",
        two.reasons
    );
}

#[test]
fn the_worst_part_decides() {
    let of = |log: f64| {
        let noise = |number: usize| 0.01 * ((number * 7) % 5) as f64 - 0.02;
        let pair = |number: usize| pair_of(number, exact([log + noise(number); 3]));
        part((0..14).map(pair).collect())
    };
    let (good, bad, better) = (of(0.0), of(0.4), of(-0.4));
    let all = |parts: &[PartPairs]| decide(parts, &Rules::default()).0;
    assert_eq!(
        all(&[good.clone(), bad, better.clone()]),
        Outcome::Regressed
    );
    assert_eq!(all(&[good.clone(), better]), Outcome::Improved);
    assert_eq!(all(&[good.clone(), good.clone()]), Outcome::Pass);
    let none = part(Vec::new());
    assert_eq!(all(&[good, none]), Outcome::Inconclusive);
}

#[test]
fn no_outcome_comes_from_fewer_than_six_pairs() {
    let pair = |number: usize| pair_of(number, exact([3.0, 0.0, 0.0]));
    for count in 0..6 {
        let (outcome, open) = decide(&[part((0..count).map(pair).collect())], &Rules::default());
        assert_eq!(
            (outcome, open),
            (Outcome::Inconclusive, vec![true]),
            "{count}"
        );
    }
}

/// Measures until the pairs decide, in pieces of at most this many pairs, each read from the
/// record of the one before.
fn in_pieces(pairs: &[PairInfo], piece: usize) -> Part {
    let rules = Rules::default();
    let mut record = part(Vec::new());
    let mut next = pairs.iter();
    loop {
        let mut all = [record];
        for _ in 0..piece {
            let (outcome, open) = decide(&all, &rules);
            if outcome == Outcome::Regressed || !open[0] {
                break;
            }
            match next.next() {
                Some(pair) => all[0].pairs.push(pair.clone()),
                None => return evaluate(&all, &rules).1.remove(0),
            }
        }
        let (outcome, open) = decide(&all, &rules);
        let stored = evaluate(&all, &rules).1.remove(0);
        if outcome == Outcome::Regressed || !open[0] {
            return stored;
        }
        let text = serde_json::to_string(&stored).unwrap();
        record = PartPairs::from(&serde_json::from_str::<Part>(&text).unwrap());
    }
}

#[test]
fn stored_pairs_replayed_in_pieces_give_the_same_outcome() {
    for seed in 0..40 {
        let ratio = [1.0, 1.08, 1.15, 0.9][seed as usize % 4];
        let sigmas = [0.07, 0.1, 0.12];
        let mut machine = Machine::new(seed, NoiseKind::Normal, sigmas, [ratio, 1.0, 1.0]);
        let mut machine = match seed % 3 {
            0 => machine,
            _ => {
                machine = machine.limited_at(1.05);
                machine
            }
        };
        let pairs: Vec<PairInfo> = (0..30).map(|_| machine.pair()).collect();
        let whole = in_pieces(&pairs, 100);
        for piece in [15, 11, 1] {
            assert_eq!(
                in_pieces(&pairs, piece),
                whole,
                "{seed} in pieces of {piece}"
            );
        }
        // And its stored pairs alone.
        assert_eq!(judged(whole.pairs.clone()), whole);
    }
}

#[test]
fn a_record_says_why_no_further_pair_was_measured() {
    for (ended_by, name) in [(EndedBy::Decided, "decided"), (EndedBy::Budget, "budget")] {
        assert_eq!(serde_json::to_value(ended_by).unwrap(), name);
    }
}
