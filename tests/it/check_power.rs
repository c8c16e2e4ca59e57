//! What a number of pairs can show, compared with simulated checks.

use rpcbench::internal::check::power::{pairs_for_margin, visible};
use rpcbench::internal::check::{Observation, Observations};
use rpcbench::record::{Known, Rules};

use crate::support::{Machine, NoiseKind};

/// The share of simulated metrics for which `shows` holds after this number of pairs.
fn share(sigma: f64, change: f64, pairs: usize, shows: impl Fn(&Observations) -> bool) -> f64 {
    const RUNS: u64 = 1000;
    let run = |seed: u64| {
        let mut machine = Machine::new(seed, NoiseKind::Normal, [sigma; 3], [1.0; 3]);
        let seen = |_| Observation {
            log: change.ln_1p() + sigma * machine.normal(),
            known: Known::Exact,
        };
        let seen: Vec<Observation> = (0..pairs).map(seen).collect();
        shows(&Observations::new(&seen))
    };
    (0..RUNS).filter(|seed| run(*seed)).count() as f64 / RUNS as f64
}

#[test]
fn the_visible_change_is_found_four_times_in_five() {
    for (sigma, pairs) in [(0.05, 12), (0.08, 17), (0.12, 17), (0.12, 40)] {
        let change = visible(sigma, pairs, 160.0, 0.05).unwrap();
        let found = share(sigma, change, pairs, |seen| {
            seen.worse() >= 160.0 && seen.median_over() > 0.05_f64.ln_1p()
        });
        assert!(
            (0.7..0.97).contains(&found),
            "{sigma} {pairs}: {change} {found}"
        );
    }
}

#[test]
fn identical_builds_pass_four_times_in_five_with_the_stated_pairs() {
    for (sigma, margin) in [(0.05, 0.1), (0.08, 0.1), (0.16, 0.25)] {
        let pairs = pairs_for_margin(sigma, margin, 20.0, &Rules::default()).unwrap();
        let passed = share(sigma, 0.0, pairs, |seen| seen.within(margin) >= 20.0);
        assert!(
            (0.7..0.98).contains(&passed),
            "{sigma} {margin}: {pairs} {passed}"
        );
    }
}
