//! What a number of pairs can show, from how the pairs vary.
//!
//! The logarithm of the wealth of one λ is a sum of independent terms. For normal noise their mean and
//! variance are integrals, and the sum is about normal. The evidence is the mean over the λ.
//! `tests/it/check_power.rs` compares this with simulated checks.

use crate::record::{Evidence, Power, Rules};
use crate::stats::bets::{FIRST_SCALE, LAMBDAS, LEAST_SCALE, NORMAL_MAD, SCALE_FROM, factor};

/// Normal quantile of a power of 80 %: a change is visible if checks find it four times in five.
const POWER_Z: f64 = 0.8416;
/// Above this number of pairs a check takes too long to be useful.
const MAX_PAIRS: usize = 1000;
/// The largest logarithm of a change that is searched: a ratio of 20.
const LARGEST: f64 = 3.0;
/// The standard deviation of a median over that of a mean, for normal noise.
const MEDIAN_SD: f64 = 1.2533;

/// What pairs with these logarithms of ratios can show; `None` for fewer than two.
pub fn power(logs: &[f64], evidence: &Evidence, margin: f64, rules: &Rules) -> Option<Power> {
    if logs.len() < 2 {
        return None;
    }
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let sigma = variance.sqrt();
    Some(Power {
        sigma,
        visible: visible(sigma, logs.len(), evidence.needed_for_change, rules.delta),
        pairs_for_margin: pairs_for_margin(sigma, margin, evidence.needed_for_pass, rules),
    })
}

/// The smallest change that is found four times in five, as a share.
pub fn visible(sigma: f64, pairs: usize, needed: f64, delta: f64) -> Option<f64> {
    let is_found = |change: f64| {
        let estimate = change - POWER_Z * MEDIAN_SD * sigma / (pairs as f64).sqrt();
        estimate >= delta.ln_1p() && Bets::new(change, sigma, 0.0).reach(needed, pairs)
    };
    if !is_found(LARGEST) {
        return None;
    }
    let (mut low, mut high) = (0.0, LARGEST);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        if is_found(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high.exp_m1())
}

/// The pairs with which identical builds pass four times in five; `None` for over 1,000.
pub fn pairs_for_margin(sigma: f64, margin: f64, needed: f64, rules: &Rules) -> Option<usize> {
    let bets = Bets::new(0.0, sigma, -margin.ln_1p());
    let least = rules.least_pairs.max(1);
    (least..=MAX_PAIRS).find(|pairs| bets.reach(needed, *pairs))
}

/// Bets on the distance of normally distributed differences from a centre.
struct Bets {
    /// For each λ, at the first scale.
    first: Moments,
    /// For each λ, at the scale that is estimated later.
    later: Moments,
}

/// The mean and the variance of the logarithm of a bet, for each λ.
type Moments = [(f64, f64); LAMBDAS.len()];

impl Bets {
    /// Of differences with this mean and standard deviation.
    fn new(mean: f64, sigma: f64, centre: f64) -> Bets {
        let sigma = sigma.max(1e-6);
        let scale = (NORMAL_MAD * median_size(mean, sigma)).max(LEAST_SCALE);
        let moments = |scale: f64| {
            LAMBDAS.map(|lambda| {
                let bet = |z: f64| factor(lambda, (mean - centre + sigma * z) / scale).ln();
                let first = integral(bet);
                let second = integral(|z| bet(z).powi(2));
                (first, (second - first * first).max(0.0))
            })
        };
        Bets {
            first: moments(FIRST_SCALE),
            later: moments(scale),
        }
    }

    /// Whether the evidence reaches `needed` within this number of pairs four times in five.
    fn reach(&self, needed: f64, pairs: usize) -> bool {
        let first = pairs.min(SCALE_FROM) as f64;
        let later = pairs as f64 - first;
        let both = self.first.iter().zip(&self.later);
        // An unlucky sequence of pairs is unlucky for each λ.
        let products = both.map(|((mean, variance), (later_mean, later_variance))| {
            let mean = first * mean + later * later_mean;
            let variance = first * variance + later * later_variance;
            (mean - POWER_Z * variance.sqrt()).exp()
        });
        products.sum::<f64>() >= needed * LAMBDAS.len() as f64
    }
}

/// The mean of a function of a normally distributed value, by the trapezoidal rule.
fn integral(of: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 0.1;
    let density = |z: f64| (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let points = (-60..=60).map(|at| f64::from(at) * STEP);
    points.map(|z| density(z) * of(z) * STEP).sum()
}

/// The median of the absolute value of a normal distribution, by bisection.
fn median_size(mean: f64, sigma: f64) -> f64 {
    let share_below = |size: f64| {
        let (low, high) = ((-size - mean) / sigma, (size - mean) / sigma);
        normal_below(high) - normal_below(low)
    };
    let (mut low, mut high) = (0.0, mean.abs() + 5.0 * sigma);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if share_below(middle) < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The distribution function of the normal distribution (Abramowitz & Stegun 26.2.17, to 10⁻⁷).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let terms = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let polynomial = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    let above = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * polynomial;
    if z > 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_matches_the_tables() {
        for (z, below) in [(0.0, 0.5), (1.0, 0.841_345), (-1.96, 0.024_998)] {
            assert!((normal_below(z) - below).abs() < 1e-6, "{z}");
        }
        // The median of |N(0, 1)| is the 75 % quantile.
        assert!((median_size(0.0, 1.0) - 0.674_490).abs() < 1e-5);
        assert!((integral(|z| z * z) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn more_pairs_show_smaller_changes_and_noise_larger_ones() {
        let seen = |sigma, pairs| visible(sigma, pairs, 160.0, 0.05).unwrap();
        assert!(seen(0.1, 20) > seen(0.05, 20) && seen(0.1, 20) > seen(0.1, 60));
        // With almost no noise, delta decides.
        assert!((seen(1e-5, 40) - 0.05).abs() < 0.01, "{}", seen(1e-5, 40));
        assert_eq!(
            visible(0.1, 3, 160.0, 0.05),
            None,
            "three pairs show nothing"
        );
        let pairs = |sigma| pairs_for_margin(sigma, 0.1, 20.0, &Rules::default());
        assert!(pairs(0.05) < pairs(0.1) && pairs(0.1).is_some());
        assert_eq!(pairs(3.0), None);
    }
}
