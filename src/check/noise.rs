//! The noise of a machine, from a build compared with itself.

use crate::record::{Finding, Rules};
use crate::stats::SignedRank;

/// Asymptotic relative efficiency of the signed-rank test to a test on the mean, for normal noise
/// (Pitman).
const EFFICIENCY: f64 = 3.0 / std::f64::consts::PI;
/// Normal quantile of a power of 80 %: a change is visible if checks find it four times in five.
const POWER_Z: f64 = 0.8416;
/// Above this number of pairs a check takes too long to be useful.
const MAX_PAIRS: usize = 1000;
/// Simulated checks in which false positives are counted.
const RESAMPLES: usize = 2000;

/// The noise of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Standard deviation of the logarithms of the pairs' ratios: about the share by which ratios
    /// vary.
    pub between_pairs: f64,
    /// The smallest change that this number of pairs shows four times in five, as a share.
    pub visible: f64,
    /// Pairs with which a build compared with itself passes four times in five; `None` for more than
    /// 1000.
    pub pairs_for_margin: Option<usize>,
    /// The share of false positives: simulated checks of these pairs, each with a random sign, that
    /// report a change.
    pub false_alarms: f64,
}

/// The noise in a finding of a build compared with itself.
pub fn noise(finding: &Finding, rules: &Rules, seed: u64) -> Noise {
    let logs: Vec<f64> = finding.pairs.iter().map(|ratio| ratio.ln()).collect();
    let n = logs.len().max(2) as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let between_pairs = variance.sqrt();
    Noise {
        between_pairs,
        visible: visible(between_pairs, logs.len(), rules),
        pairs_for_margin: pairs_for(|pairs| {
            let bound = (one_sided_z(rules.alpha) + POWER_Z) * standard_error(between_pairs, pairs);
            bound.exp() - 1.0 <= finding.margin
        }),
        false_alarms: false_positives(&logs, rules, seed),
    }
}

/// The smallest change that is significant and over delta four times in five, as a share.
fn visible(between_pairs: f64, pairs: usize, rules: &Rules) -> f64 {
    let standard_error = standard_error(between_pairs, pairs);
    let significant = (one_sided_z(rules.alpha / 2.0) + POWER_Z) * standard_error;
    let beyond_delta = (1.0 + rules.delta).ln() + POWER_Z * standard_error;
    significant.max(beyond_delta).exp() - 1.0
}

/// The standard error of the estimate from this number of pairs.
fn standard_error(between_pairs: f64, pairs: usize) -> f64 {
    between_pairs / (EFFICIENCY * pairs.max(1) as f64).sqrt()
}

fn pairs_for(is_enough: impl Fn(usize) -> bool) -> Option<usize> {
    (5..=MAX_PAIRS).find(|pairs| is_enough(*pairs))
}

/// The quantile 1 − p of the normal distribution (Abramowitz & Stegun 26.2.23, to 0.0005).
fn one_sided_z(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + 0.802_853 * t + 0.010_328 * t * t;
    let below = 1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t.powi(3);
    t - above / below
}

/// The share of false positives. In a build compared with itself, the sign of each pair is random.
fn false_positives(logs: &[f64], rules: &Rules, seed: u64) -> f64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let distribution = SignedRank::of(logs.len());
    let mut sizes: Vec<f64> = logs.iter().map(|log| log.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let positives = (0..RESAMPLES).filter(|_| {
        let signs: Vec<f64> = sizes
            .iter()
            .map(|size| if random.bool() { *size } else { -size })
            .collect();
        let ranks = signs.iter().enumerate().filter(|(_, value)| **value > 0.0);
        let positive: usize = ranks.map(|(at, _)| at + 1).sum();
        let all = signs.len() * (signs.len() + 1) / 2;
        let p = 2.0 * distribution.at_most(positive.min(all - positive));
        let estimate = crate::stats::signed_rank::hodges_lehmann(&signs);
        p <= rules.alpha && estimate.abs() > (1.0 + rules.delta).ln()
    });
    positives.count() as f64 / RESAMPLES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_matches_the_tables() {
        for (p, z) in [(0.025, 1.95996), (0.05, 1.64485), (0.005, 2.57583)] {
            assert!((one_sided_z(p) - z).abs() < 0.0005, "{p}");
        }
    }

    #[test]
    fn the_visible_change_grows_with_noise_and_shrinks_with_pairs() {
        let rules = Rules::default();
        let at = |sd, pairs| visible(sd, pairs, &rules);
        assert!(at(0.2, 20) > at(0.1, 20) && at(0.2, 20) > at(0.2, 40));
        // With almost no noise, delta decides.
        assert!((at(1e-6, 20) - 0.05).abs() < 1e-4);
        // By hand: (1.96 + 0.8416) · 0.15 / √(0.955 · 20) = 0.0962.
        assert!((at(0.15, 20) - 0.101).abs() < 0.001, "{}", at(0.15, 20));
    }

    #[test]
    fn random_signs_give_the_rate_of_false_positives() {
        let rules = Rules {
            delta: 1e-9,
            ..Rules::default()
        };
        let logs: Vec<f64> = (1..=20).map(|n| f64::from(n) / 100.0).collect();
        // Exact, and without a delta: just under 5 %.
        let rate = false_positives(&logs, &rules, 1);
        assert!((0.03..0.065).contains(&rate), "{rate}");
    }
}
