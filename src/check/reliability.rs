//! Failures of the two sides. Each load of a pair has an order of its own, by a fair coin: on
//! identical builds the signs of the loads that only one side failed are fair coins too.

use super::outcome::best_and_worst;
use crate::record::{
    Evidence, FailureCount, FailureKind, LoadPair, Outcome, PairInfo, Reliability, Role,
    SideFailure,
};

/// Stakes of the bets on the signs; the mean over them is a martingale too.
const STAKES: [f64; 3] = [0.3, 0.6, 0.9];
/// Failures of single requests of which both sides have some: one side has more if it has more than
/// twice as many, and more than this share of its requests.
const MORE_SHARE: f64 = 0.001;

/// What follows from the failures in these pairs. `needed` is the evidence that shows a change.
pub fn reliability(pairs: &[PairInfo], needed: f64, least_pairs: usize) -> Reliability {
    let signs: Vec<i8> = pairs
        .iter()
        .flat_map(|pair| &pair.loads)
        .map(sign)
        .collect();
    let negated: Vec<i8> = signs.iter().map(|sign| -sign).collect();
    let evidence = Evidence {
        pairs: pairs.len(),
        worse: evidence(&signs),
        better: evidence(&negated),
        within_margin: None,
        needed_for_change: needed,
        needed_for_pass: 0.0,
    };
    let pairs_with = |is_so: &dyn Fn(&PairInfo) -> bool| {
        let found = pairs.iter().filter(|pair| is_so(pair));
        found.count()
    };
    let by_side = |of: &dyn Fn(&PairInfo, Role) -> bool| {
        [Role::Baseline, Role::Candidate].map(|side| pairs_with(&|pair| of(pair, side)))
    };
    let kinds = kinds(pairs);
    let change = best_and_worst(
        pairs.len() >= least_pairs && evidence.worse >= needed,
        pairs.len() >= least_pairs && evidence.better >= needed,
    );
    let outcome = match change {
        Some(Outcome::Regressed) => Outcome::Regressed,
        // Also a candidate that fails less often may fail in a way that the baseline does not.
        _ if kinds.iter().any(|count| count.rules_out_pass) => Outcome::Inconclusive,
        Some(change) => change,
        None => Outcome::Pass,
    };
    Reliability {
        outcome,
        pairs: pairs.len(),
        failed: by_side(&|pair, side| {
            let mut all = failures_of(pair, side);
            all.any(|failure| failure.kind.is_the_servers())
        }),
        only: by_side(&|pair, side| pair.loads.iter().any(|load| level(load, side) == 2)),
        signs,
        evidence,
        kinds,
        both_leave_clients_unserved: pairs_with(&|pair| {
            [Role::Baseline, Role::Candidate].into_iter().all(|side| {
                failures_of(pair, side).any(|failure| failure.kind == FailureKind::ClientsUnserved)
            })
        }) * 2
            > pairs.len(),
    }
}

/// Whether neither side of a pair can be measured under one of its loads.
pub fn is_unmeasurable(pair: &PairInfo) -> bool {
    pair.loads.iter().any(|load| {
        let cannot = |side: Role| {
            let mut failures = load.failures.iter();
            failures.any(|failure| failure.side == side && failure.kind.prevents_measuring())
        };
        cannot(Role::Baseline) && cannot(Role::Candidate)
    })
}

/// The highest value so far of the mean over the stakes of Π (1 + stake·sign).
fn evidence(signs: &[i8]) -> f64 {
    let mut products = [1.0; STAKES.len()];
    let mut highest = 1.0_f64;
    for sign in signs {
        for (product, stake) in products.iter_mut().zip(STAKES) {
            *product *= 1.0 + stake * f64::from(*sign);
        }
        highest = highest.max(products.iter().sum::<f64>() / STAKES.len() as f64);
    }
    highest
}

/// 1 if the candidate failed more than the baseline, −1 if the baseline did.
fn sign(load: &LoadPair) -> i8 {
    match level(load, Role::Candidate).cmp(&level(load, Role::Baseline)) {
        std::cmp::Ordering::Greater => 1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => -1,
    }
}

/// 2 if the server of this side failed in a way in which the other side did not, 1 if generator or
/// machine may have caused that, else 0.
fn level(load: &LoadPair, side: Role) -> u8 {
    let own = load.failures.iter().filter(|failure| failure.side == side);
    let more = own.filter(|failure| is_more(load, failure));
    let level = |failure: &SideFailure| if failure.kind.is_the_servers() { 2 } else { 1 };
    more.map(level).max().unwrap_or(0)
}

/// Whether the other side has no such failure, or far less of it.
fn is_more(load: &LoadPair, failure: &SideFailure) -> bool {
    let others = load
        .failures
        .iter()
        .filter(|other| other.side != failure.side && other.kind == failure.kind);
    let other: u64 = others.map(|other| other.count).sum();
    let share = failure.count as f64 / failure.of.max(1) as f64;
    failure.count > 2 * other && (other == 0 || share > MORE_SHARE)
}

/// Whether the candidate has more failures of this kind, and of its server, in more starts than the
/// baseline.
fn rules_out_pass(pairs: &[PairInfo], kind: FailureKind) -> bool {
    let more = |side: Role| {
        let has_more = |load: &&LoadPair| {
            let mut failures = load.failures.iter();
            failures.any(|failure| {
                (failure.side, failure.kind) == (side, kind) && is_more(load, failure)
            })
        };
        let loads = pairs.iter().flat_map(|pair| &pair.loads);
        loads.filter(has_more).count()
    };
    kind.is_the_servers() && more(Role::Candidate) > more(Role::Baseline)
}

/// The failures by kind, the most serious first.
fn kinds(pairs: &[PairInfo]) -> Vec<FailureCount> {
    let mut counts: Vec<FailureCount> = Vec::new();
    for load in pairs.iter().flat_map(|pair| &pair.loads) {
        for failure in &load.failures {
            let at = counts.iter().position(|count| count.kind == failure.kind);
            let at = at.unwrap_or_else(|| {
                counts.push(FailureCount {
                    kind: failure.kind,
                    is_the_servers: failure.kind.is_the_servers(),
                    starts: [0, 0],
                    of: pairs.iter().map(|pair| pair.loads.len()).sum(),
                    counts: [0, 0],
                    what: String::new(),
                    rules_out_pass: rules_out_pass(pairs, failure.kind),
                });
                counts.len() - 1
            });
            let side = usize::from(failure.side == Role::Candidate);
            counts[at].starts[side] += 1;
            counts[at].counts[side] += failure.count;
        }
    }
    for count in &mut counts {
        let what = |side: Role| {
            let all = pairs.iter().flat_map(|pair| failures_of(pair, side));
            let mut own = all.filter(|failure| failure.kind == count.kind);
            own.find(|failure| !failure.what.is_empty())
        };
        let first = what(Role::Candidate).or_else(|| what(Role::Baseline));
        count.what = first
            .map(|failure| failure.what.clone())
            .unwrap_or_default();
    }
    counts.sort_by_key(|count| count.kind);
    counts
}

fn failures_of(pair: &PairInfo, side: Role) -> impl Iterator<Item = &SideFailure> {
    let all = pair.loads.iter().flat_map(|load| &load.failures);
    all.filter(move |failure| failure.side == side)
}
