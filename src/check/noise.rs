//! How noisy a machine is, from identical pitted against identical. Pure.

use crate::record::{Finding, Rules};
use crate::stats::SignedRank;

/// How much of the signed-rank test's pairs a test on the mean would need, for normal noise (Pitman).
const EFFICIENCY: f64 = 3.0 / std::f64::consts::PI;
/// A change counts as visible if it is found four times in five.
const POWER_Z: f64 = 0.8416;
/// More pairs than this nobody will wait for.
const MOST_PAIRS: usize = 1000;
/// Made-up checks that false alarms are counted in.
const RESAMPLES: usize = 2000;

/// The noise of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Standard deviation of the logarithms of pairs' ratios: about the share by which they vary.
    pub between_pairs: f64,
    /// The smallest change that so many pairs show four times in five, as a share.
    pub visible: f64,
    /// Pairs that a pass of identical builds takes, four times in five; `None` for more than anybody
    /// will wait for.
    pub pairs_for_margin: Option<usize>,
    /// The share of checks of these pairs, each pair turned by a coin, that say that something changed.
    pub false_alarms: f64,
}

/// The noise of a finding on identical builds.
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
            let bound = (one_sided_z(rules.alpha) + POWER_Z) * spread(between_pairs, pairs);
            bound.exp() - 1.0 <= finding.margin
        }),
        false_alarms: false_alarms(&logs, rules, seed),
    }
}

/// The smallest change that is both significant and over delta four times in five.
fn visible(between_pairs: f64, pairs: usize, rules: &Rules) -> f64 {
    let spread = spread(between_pairs, pairs);
    let significant = (one_sided_z(rules.alpha / 2.0) + POWER_Z) * spread;
    let beyond_delta = (1.0 + rules.delta).ln() + POWER_Z * spread;
    significant.max(beyond_delta).exp() - 1.0
}

/// How far the estimate of so many pairs strays.
fn spread(between_pairs: f64, pairs: usize) -> f64 {
    between_pairs / (EFFICIENCY * pairs.max(1) as f64).sqrt()
}

fn pairs_for(enough: impl Fn(usize) -> bool) -> Option<usize> {
    (5..=MOST_PAIRS).find(|pairs| enough(*pairs))
}

/// The quantile 1 − p of the normal distribution (Abramowitz & Stegun 26.2.23, to 0.0005).
fn one_sided_z(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + 0.802_853 * t + 0.010_328 * t * t;
    let below = 1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t.powi(3);
    t - above / below
}

/// Of identical builds each pair might as well have come out the other way round.
fn false_alarms(logs: &[f64], rules: &Rules, seed: u64) -> f64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let distribution = SignedRank::of(logs.len());
    let mut sizes: Vec<f64> = logs.iter().map(|log| log.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let alarms = (0..RESAMPLES).filter(|_| {
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
    alarms.count() as f64 / RESAMPLES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_is_that_of_the_tables() {
        for (p, z) in [(0.025, 1.95996), (0.05, 1.64485), (0.005, 2.57583)] {
            assert!((one_sided_z(p) - z).abs() < 0.0005, "{p}");
        }
    }

    #[test]
    fn more_noise_hides_more_and_more_pairs_show_more() {
        let rules = Rules {
            alpha: 0.05,
            delta: 0.05,
            margin: 0.1,
            margin_p99: 0.3,
            gate_p99: false,
        };
        let at = |sd, pairs| visible(sd, pairs, &rules);
        assert!(at(0.2, 20) > at(0.1, 20) && at(0.2, 20) > at(0.2, 40));
        // With next to no noise it is delta that decides.
        assert!((at(1e-6, 20) - 0.05).abs() < 1e-4);
        // By hand: (1.96 + 0.8416) · 0.15 / √(0.955 · 20) = 0.0962.
        assert!((at(0.15, 20) - 0.101).abs() < 0.001, "{}", at(0.15, 20));
    }

    #[test]
    fn the_coin_gives_the_rate_of_false_alarms() {
        let rules = Rules {
            alpha: 0.05,
            delta: 1e-9,
            margin: 0.1,
            margin_p99: 0.3,
            gate_p99: false,
        };
        let logs: Vec<f64> = (1..=20).map(|n| f64::from(n) / 100.0).collect();
        // Exact, and without a delta: just under 5 %.
        let rate = false_alarms(&logs, &rules, 1);
        assert!((0.03..0.065).contains(&rate), "{rate}");
    }
}
