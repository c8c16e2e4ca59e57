//! Failures in pairs: what they rule out, and when they decide.

use rpcbench::internal::check::{decide, evaluate};
use rpcbench::record::{FailureKind, Known, Outcome, PairInfo, Part, Role, Rules};

use crate::support::{failing, pair_of, part};

/// Pairs of identical builds on a quiet machine, changed by `change`.
fn pairs(count: usize, change: impl Fn(usize, PairInfo) -> PairInfo) -> Vec<PairInfo> {
    let quiet = |number: usize| {
        let log = if number.is_multiple_of(2) {
            0.01
        } else {
            -0.01
        };
        change(number, pair_of(number, [(log, Known::Exact); 3]))
    };
    (0..count).map(quiet).collect()
}

fn judged(pairs: Vec<PairInfo>) -> Part {
    evaluate(&[part(pairs)], &Rules::default()).1.remove(0)
}

/// The outcome of a check of these pairs that stops at the first one that decides, and that pair.
fn stopped(pairs: &[PairInfo]) -> (Outcome, usize) {
    for count in 1..=pairs.len() {
        let (outcome, open) = decide(&[part(pairs[..count].to_vec())], &Rules::default());
        if !open[0] {
            return (outcome, count);
        }
    }
    (Outcome::Inconclusive, pairs.len())
}

#[test]
fn one_failure_of_the_candidate_alone_rules_out_a_pass() {
    let (outcome, count) = stopped(&pairs(20, |_, pair| pair));
    assert_eq!(outcome, Outcome::Pass);
    assert!((6..10).contains(&count), "{count}");
    for kind in [
        FailureKind::Died,
        FailureKind::NotStarted,
        FailureKind::NoReplies,
        FailureKind::ClientsUnserved,
        FailureKind::WrongReplies,
        FailureKind::Resets,
        FailureKind::MissingReplies,
        FailureKind::UncleanStop,
    ] {
        let once = |number: usize, pair: PairInfo| match number {
            2 => failing(pair, Role::Candidate, kind, 1),
            _ => pair,
        };
        assert_eq!(
            stopped(&pairs(20, once)).0,
            Outcome::Inconclusive,
            "{kind:?}"
        );
        let part = judged(pairs(20, once));
        let reliability = part.reliability.unwrap();
        assert_eq!(reliability.failed, [0, 1]);
        assert_eq!(reliability.kinds[0].starts, [0, 1]);
        assert!(
            part.reasons[0].contains("1 of 40 starts of the candidate"),
            "{:?}",
            part.reasons
        );
        // The baseline's own failures rule nothing out.
        let baseline = |number: usize, pair: PairInfo| match number {
            2 => failing(pair, Role::Baseline, kind, 1),
            _ => pair,
        };
        assert_eq!(stopped(&pairs(20, baseline)).0, Outcome::Pass, "{kind:?}");
    }
}

#[test]
fn what_the_machine_may_have_caused_rules_nothing_out() {
    for kind in [FailureKind::Steal, FailureKind::RateNotKept] {
        let once = |number: usize, pair: PairInfo| match number {
            2 => failing(pair, Role::Candidate, kind, 1),
            _ => pair,
        };
        assert_eq!(stopped(&pairs(20, once)).0, Outcome::Pass, "{kind:?}");
        // But it is evidence: fifteen pairs of one side only are no chance.
        let always = |_: usize, pair: PairInfo| failing(pair, Role::Candidate, kind, 1);
        let part = judged(pairs(15, always));
        assert_eq!(part.reliability.unwrap().outcome, Outcome::Regressed);
    }
}

#[test]
fn ten_loads_that_only_the_candidate_fails_are_a_regression() {
    let dies = |_: usize, pair: PairInfo| failing(pair, Role::Candidate, FailureKind::Died, 1);
    let (outcome, count) = stopped(&pairs(20, dies));
    assert_eq!((outcome, count), (Outcome::Regressed, 10));
    // By hand: (1.3¹⁰ + 1.6¹⁰ + 1.9¹⁰)/3, over 2·4/0.05 = 160 for four gated metrics.
    let evidence = judged(pairs(10, dies)).reliability.unwrap().evidence;
    assert!((evidence.worse - 245.615).abs() < 0.01, "{evidence:?}");
    assert_eq!(evidence.needed_for_change, 160.0);
    // A candidate that fails both loads of each pair is shown after the least number of pairs.
    let both = |_: usize, mut pair: PairInfo| {
        let own = failing(pair.clone(), Role::Candidate, FailureKind::Died, 1);
        let failures = own.loads[0].failures.clone();
        for load in &mut pair.loads {
            load.failures.clone_from(&failures);
        }
        pair
    };
    let (outcome, count) = stopped(&pairs(20, both));
    assert_eq!((outcome, count), (Outcome::Regressed, 6));
    // The other way round it is the baseline that fails.
    let baseline = |_: usize, pair: PairInfo| failing(pair, Role::Baseline, FailureKind::Died, 1);
    let part = judged(pairs(10, baseline));
    assert_eq!(part.reliability.unwrap().outcome, Outcome::Improved);
}

#[test]
fn a_build_that_fails_as_often_as_its_baseline_is_no_worse() {
    // Both have wrong replies now and then, in turn.
    let flaky = |number: usize, pair: PairInfo| {
        let side = if number.is_multiple_of(2) {
            Role::Baseline
        } else {
            Role::Candidate
        };
        failing(pair, side, FailureKind::WrongReplies, 3)
    };
    let part = judged(pairs(12, flaky));
    assert_eq!(part.outcome, Outcome::Pass, "{:?}", part.reasons);
    // One sign for each of the two loads of a pair; only the first fails here.
    let signs = part.reliability.unwrap().signs;
    assert_eq!(signs[..8], [-1, 0, 1, 0, -1, 0, 1, 0]);
    // Both in the same load: no sign, unless one has far more.
    let both = |count: u64| {
        move |_: usize, pair: PairInfo| {
            let pair = failing(pair, Role::Baseline, FailureKind::WrongReplies, 30);
            failing(pair, Role::Candidate, FailureKind::WrongReplies, count)
        }
    };
    let signs = |count: u64| judged(pairs(12, both(count))).reliability.unwrap().signs;
    assert_eq!(signs(50), [0; 24]);
    assert_eq!(
        signs(70),
        [1, 0].repeat(12),
        "more than twice, and over 0.1 %"
    );
    assert_eq!(signs(10), [0; 24], "the baseline has 0.08 % only");
}

#[test]
fn each_start_of_a_pair_counts() {
    // The added starts belong to the last pair: one start of the baseline fails, three of the candidate.
    let flaky = |number: usize, mut pair: PairInfo| {
        if number == 2 {
            return failing(pair, Role::Baseline, FailureKind::Resets, 3);
        }
        if number == 11 {
            let failed = failing(pair.clone(), Role::Candidate, FailureKind::Resets, 3);
            for _ in 0..3 {
                let mut again = failed.loads[0].clone();
                again.values.clear();
                pair.loads.push(again);
            }
        }
        pair
    };
    let part = judged(pairs(12, flaky));
    assert_eq!(part.outcome, Outcome::Inconclusive, "{:?}", part.reasons);
}

#[test]
fn sides_that_both_leave_clients_unserved_are_not_comparable() {
    let both = |_: usize, pair: PairInfo| {
        let pair = failing(pair, Role::Baseline, FailureKind::ClientsUnserved, 63);
        failing(pair, Role::Candidate, FailureKind::ClientsUnserved, 63)
    };
    assert_eq!(stopped(&pairs(20, both)), (Outcome::Invalid, 3));
    let part = judged(pairs(3, both));
    assert!(part.reasons[0].contains("measure with as many clients as the server serves"));
    // Neither side replies at all.
    let silent = |_: usize, pair: PairInfo| {
        let pair = failing(pair, Role::Baseline, FailureKind::NoReplies, 1);
        failing(pair, Role::Candidate, FailureKind::NoReplies, 1)
    };
    assert_eq!(stopped(&pairs(20, silent)), (Outcome::Invalid, 3));
    // A candidate that serves fewer clients is a regression, not an excuse.
    let fewer =
        |_: usize, pair: PairInfo| failing(pair, Role::Candidate, FailureKind::ClientsUnserved, 54);
    assert_eq!(stopped(&pairs(20, fewer)).0, Outcome::Regressed);
}
