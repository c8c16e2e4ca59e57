//! A confidence sequence: intervals that hold simultaneously at all numbers of values, so that it
//! may be looked at after each value, and more values may be taken because of what it says.
//!
//! It is a set of tests by betting (`bets`), one for each candidate centre m of the differences. If
//! the differences are symmetric around m, whatever their sizes, then the wealth W⁺(m) of bets on
//! (d − m)/s is a martingale of mean 1, since each scale s depends on earlier differences only. So is
//! W⁻(m), of bets on (m − d)/s. The probability that such a martingale ever reaches 2/α is at most
//! α/2. The interval has each m for which neither did.
//!
//! One value changes the wealth by a bounded factor only. So outliers, however heavy their tail, cost
//! precision and never coverage.

use super::basic::{Ratio, median};
use super::bets::{FIRST_SCALE, LEAST_SCALE, NORMAL_MAD, SCALE_FROM, Wealth};

/// Centres outside ± this are not searched: a ratio of 10⁸.
const WIDEST: f64 = 18.5;

/// The confidence sequence of the centre of these differences after the last of them, at level
/// 1 − `alpha` over all their numbers. Ends that are not known yet are infinite.
fn interval(differences: &[f64], alpha: f64) -> (f64, f64) {
    let scales = scales(differences);
    let negated: Vec<f64> = differences.iter().map(|d| -d).collect();
    let low = lower_bound(differences, &scales, alpha / 2.0);
    let high = -lower_bound(&negated, &scales, alpha / 2.0);
    // Both ends are valid bounds if the assumption holds. Where it does not they can cross; then
    // the interval between them is the honest one.
    (low.min(high), low.max(high))
}

/// The ratio of two figures that were measured in the same rounds, with an interval that holds
/// whenever one stops to add rounds. `None` for fewer than two rounds or figures that are not
/// positive.
pub fn anytime_ratio(a: &[f64], b: &[f64], alpha: f64) -> Option<Ratio> {
    let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a / b).ln()).collect();
    if a.len() != b.len() || logs.len() < 2 || !logs.iter().all(|log| log.is_finite()) {
        return None;
    }
    let (low, high) = interval(&logs, alpha);
    Some(Ratio {
        estimate: median(&logs).clamp(low, high).exp(),
        low: low.exp(),
        high: high.exp(),
    })
}

/// The scale of each difference, from the differences before it: their median absolute deviation
/// from their median, as the standard deviation of a normal distribution.
fn scales(differences: &[f64]) -> Vec<f64> {
    let scale = |at: usize| {
        let before = &differences[..at];
        if before.len() < SCALE_FROM {
            return FIRST_SCALE;
        }
        let centre = median(before);
        let deviations: Vec<f64> = before.iter().map(|d| (d - centre).abs()).collect();
        (NORMAL_MAD * median(&deviations)).max(LEAST_SCALE)
    };
    (0..differences.len()).map(scale).collect()
}

/// The least centre that is not rejected as too low, by bisection: the wealth falls as the centre
/// rises. −∞ if none is rejected.
fn lower_bound(differences: &[f64], scales: &[f64], alpha: f64) -> f64 {
    let is_rejected = |centre: f64| highest_wealth(differences, scales, centre) >= 1.0 / alpha;
    let (mut low, mut high) = (-WIDEST, WIDEST);
    if !is_rejected(low) {
        return f64::NEG_INFINITY;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_rejected(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The highest value that W⁺ has had.
fn highest_wealth(differences: &[f64], scales: &[f64], centre: f64) -> f64 {
    let mut wealth = Wealth::default();
    for (difference, scale) in differences.iter().zip(scales) {
        wealth.bet((difference - centre) / scale);
    }
    wealth.highest()
}

#[cfg(test)]
mod tests {
    use super::super::basic::paired_ratio;
    use super::*;

    /// Noise of a symmetric distribution: Student's t with 2 degrees of freedom, which has no
    /// variance, or a normal distribution.
    fn noise(random: &mut fastrand::Rng, is_heavy: bool) -> f64 {
        let normal = |random: &mut fastrand::Rng| {
            let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
            radius * (std::f64::consts::TAU * random.f64()).cos()
        };
        let value = normal(random);
        if is_heavy {
            // χ² with 2 degrees of freedom, divided by them.
            value / (-(1.0 - random.f64()).ln()).sqrt()
        } else {
            value
        }
    }

    /// The share of runs in which the interval leaves out the true centre after any of 6 to
    /// `most` values: whatever the rule by which one stops, it errs at most that often.
    fn ever_wrong(sigma: f64, is_heavy: bool, centre: f64, most: usize) -> f64 {
        const RUNS: usize = 1000;
        let mut random = fastrand::Rng::with_seed(11);
        let is_wrong = |random: &mut fastrand::Rng| {
            let values = (0..most).map(|_| centre + sigma * noise(random, is_heavy));
            let values: Vec<f64> = values.collect();
            // The bounds use the highest wealth so far: once wrong, always wrong.
            let (scales, negated) = (scales(&values), values.iter().map(|d| -d));
            let negated: Vec<f64> = negated.collect();
            highest_wealth(&values, &scales, centre) >= 40.0
                || highest_wealth(&negated, &scales, -centre) >= 40.0
        };
        let wrong = (0..RUNS).filter(|_| is_wrong(&mut random)).count();
        wrong as f64 / RUNS as f64
    }

    #[test]
    fn it_covers_the_centre_at_all_numbers_of_values() {
        for is_heavy in [false, true] {
            for (sigma, centre) in [(0.05, 0.0), (0.2, 0.3), (1.0, -0.1)] {
                let wrong = ever_wrong(sigma, is_heavy, centre, 60);
                // 5 % and three standard deviations of 1,000 runs.
                assert!(wrong <= 0.071, "{sigma} {is_heavy} {centre}: {wrong}");
            }
        }
    }

    /// Adding rounds until an order shows is what a fixed interval does not allow.
    #[test]
    fn stopping_at_the_first_order_errs_with_a_fixed_interval_only() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut fixed, mut anytime) = (0, 0);
        const RUNS: usize = 300;
        for _ in 0..RUNS {
            let values: Vec<f64> = (0..40).map(|_| 0.1 * noise(&mut random, false)).collect();
            let ones = vec![1.0; values.len()];
            let ratios: Vec<f64> = values.iter().map(|value| value.exp()).collect();
            let finds_order = |of: fn(&[f64], &[f64], f64) -> Option<Ratio>| {
                (6..=ratios.len()).any(|n| {
                    let ratio = of(&ratios[..n], &ones[..n], 0.05).unwrap();
                    ratio.low > 1.0 || ratio.high < 1.0
                })
            };
            fixed += usize::from(finds_order(paired_ratio));
            anytime += usize::from(finds_order(anytime_ratio));
        }
        assert!(fixed as f64 > 0.08 * RUNS as f64, "{fixed}");
        assert!(anytime as f64 <= 0.05 * RUNS as f64, "{anytime}");
    }

    #[test]
    fn its_width_is_near_that_of_a_fixed_number_of_values() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut widths = Vec::new();
        for _ in 0..100 {
            let values: Vec<f64> = (0..30).map(|_| 0.1 * noise(&mut random, false)).collect();
            let ones = vec![1.0; values.len()];
            let ratios: Vec<f64> = values.iter().map(|value| value.exp()).collect();
            let width = |ratio: Ratio| (ratio.high / ratio.low).ln();
            let anytime = width(anytime_ratio(&ratios, &ones, 0.05).unwrap());
            widths.push(anytime / width(paired_ratio(&ratios, &ones, 0.05).unwrap()));
        }
        let typical = median(&widths);
        assert!((1.0..2.5).contains(&typical), "{typical}");
    }

    #[test]
    fn it_needs_some_values_and_one_outlier_decides_nothing() {
        let few = [1.0; 4];
        assert_eq!(interval(&few, 0.05), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(anytime_ratio(&[1.0], &[1.0], 0.05), None);
        assert_eq!(anytime_ratio(&[1.0, 0.0], &[1.0, 1.0], 0.05), None);
        // Twenty values around 0.3, and one of a machine that stopped for a second.
        let mut values: Vec<f64> = (0..20).map(|at| 0.3 + 0.01 * f64::from(at % 5)).collect();
        values[9] = -8.0;
        let (low, high) = interval(&values, 0.05);
        assert!(low > 0.0 && high < 0.6, "{low} to {high}");
    }
}
