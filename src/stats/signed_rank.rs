//! Wilcoxon's signed-rank test, with its estimate and confidence interval. All are exact.

use super::basic::median;

/// The distribution of T⁺, the sum of the ranks of positive differences, if there is no effect.
#[derive(Debug, Clone)]
pub struct SignedRank {
    /// P(T⁺ = t), for t from 0 to n(n+1)/2.
    probability: Vec<f64>,
}

impl SignedRank {
    /// The distribution for `n` differences: each rank is in the sum with probability 1/2.
    pub fn of(n: usize) -> SignedRank {
        let most = n * (n + 1) / 2;
        let mut probability = vec![0.0; most + 1];
        probability[0] = 1.0;
        for rank in 1..=n {
            for t in (0..=most).rev() {
                let with = if t >= rank {
                    probability[t - rank]
                } else {
                    0.0
                };
                probability[t] = 0.5 * (probability[t] + with);
            }
        }
        SignedRank { probability }
    }

    /// P(T⁺ ≤ t).
    pub fn at_most(&self, t: usize) -> f64 {
        let sum: f64 = self.probability.iter().take(t + 1).sum();
        sum.min(1.0)
    }

    /// The largest k with P(T⁺ ≤ k) ≤ p; `None` if P(T⁺ ≤ 0) > p.
    fn largest_below(&self, p: f64) -> Option<usize> {
        let mut sum = 0.0;
        let over = self.probability.iter().position(|probability| {
            sum += probability;
            // The tolerance treats values as equal that differ by rounding only.
            sum > p * (1.0 + 1e-12)
        });
        over.unwrap_or(self.probability.len()).checked_sub(1)
    }
}

/// The averages of all pairs of values, including each value with itself (Walsh 1949), sorted.
fn walsh_averages(values: &[f64]) -> Vec<f64> {
    let pairs = (0..values.len()).flat_map(|i| (i..values.len()).map(move |j| (i, j)));
    let mut averages: Vec<f64> = pairs
        .map(|(i, j)| f64::midpoint(values[i], values[j]))
        .collect();
    averages.sort_by(f64::total_cmp);
    averages
}

/// The estimate of Hodges and Lehmann (1963): the median of the Walsh averages; NaN for no
/// values.
pub fn hodges_lehmann(differences: &[f64]) -> f64 {
    median(&walsh_averages(differences))
}

/// The confidence interval of the shift at level 1 − α or more: order statistics of the Walsh
/// averages (Tukey 1949). Infinite if there are too few differences.
pub fn interval(differences: &[f64], alpha: f64) -> (f64, f64) {
    (
        lower_bound(differences, alpha / 2.0),
        upper_bound(differences, alpha / 2.0),
    )
}

/// The one-sided upper confidence bound of the shift at level 1 − α or more.
pub fn upper_bound(differences: &[f64], alpha: f64) -> f64 {
    let averages = walsh_averages(differences);
    let k = SignedRank::of(differences.len()).largest_below(alpha);
    k.and_then(|k| averages.iter().rev().nth(k).copied())
        .unwrap_or(f64::INFINITY)
}

fn lower_bound(differences: &[f64], alpha: f64) -> f64 {
    let negated: Vec<f64> = differences.iter().map(|d| -d).collect();
    -upper_bound(&negated, alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(a: f64, b: f64, tolerance: f64) {
        assert!(
            (a - b).abs() <= tolerance,
            "{a} is not within {tolerance} of {b}"
        );
    }

    #[test]
    fn the_distribution_matches_the_tables() {
        // Critical values for a one-sided 2.5 % and 5 % (Wilcoxon & Wilcox 1964).
        for (n, level, critical) in [
            (6, 0.025, 0),
            (8, 0.025, 3),
            (10, 0.025, 8),
            (15, 0.025, 25),
            (20, 0.025, 52),
            (25, 0.025, 89),
            (10, 0.05, 10),
            (20, 0.05, 60),
        ] {
            let distribution = SignedRank::of(n);
            assert_eq!(distribution.largest_below(level), Some(critical), "{n}");
        }
        assert_near(SignedRank::of(10).at_most(8), 0.024_414, 1e-6);
        assert_near(SignedRank::of(5).at_most(15), 1.0, 1e-12);
        assert_eq!(SignedRank::of(4).largest_below(0.025), None);
    }

    /// Hamilton's depression scale before and after a tranquiliser (Hollander & Wolfe, *Nonparametric
    /// Statistical Methods*, table 3.1).
    #[expect(clippy::approx_constant, reason = "3.14 is what that patient scored")]
    fn depression() -> Vec<f64> {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        before.iter().zip(&after).map(|(b, a)| a - b).collect()
    }

    #[test]
    fn results_match_a_worked_example() {
        let differences = depression();
        assert_near(hodges_lehmann(&differences), -0.46, 1e-9);
        // The book has (−0.786, −0.010) at 96.1 %.
        let (low, high) = interval(&differences, 0.04);
        assert_near(low, -0.786, 1e-9);
        assert_near(high, -0.010, 1e-9);
    }

    #[test]
    fn too_few_differences_have_no_bounds() {
        assert_eq!(
            interval(&[1.0, 2.0], 0.05),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }
}
