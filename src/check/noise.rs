//! How often checks of a build with itself would report a change, from the pairs of a calibration.

use super::evidence::{Observation, Observations};
use crate::record::{Finding, Known, Rules};
use crate::stats::median;

/// Simulated checks in which false positives are counted.
const RESAMPLES: usize = 2000;

/// The share of checks that would report a change of this metric, if the two sides of each of its
/// pairs were exchanged at random: in a build compared with itself, the sign of each pair is a fair
/// coin.
pub fn false_positives(finding: &Finding, rules: &Rules, seed: u64) -> f64 {
    let Some(needed) = finding.evidence.map(|evidence| evidence.needed_for_change) else {
        return 0.0;
    };
    let sizes: Vec<f64> = finding.pairs.iter().map(|ratio| ratio.ln()).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let beyond = rules.delta.ln_1p();
    let is_positive = |random: &mut fastrand::Rng| {
        let signed: Vec<f64> = sizes
            .iter()
            .map(|size| if random.bool() { *size } else { -size })
            .collect();
        let observed: Vec<Observation> = signed
            .iter()
            .map(|log| Observation {
                log: *log,
                known: Known::Exact,
            })
            .collect();
        let seen = Observations::new(&observed);
        let is_change = seen.worse() >= needed || seen.better() >= needed;
        is_change && median(&signed).abs() > beyond
    };
    let positives = (0..RESAMPLES).filter(|_| is_positive(&mut random));
    positives.count() as f64 / RESAMPLES as f64
}
