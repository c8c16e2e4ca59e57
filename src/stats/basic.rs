//! Basic statistics.

/// The median; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let mut values = values.to_vec();
    let half = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let below = below.iter().copied().max_by(f64::total_cmp);
    match below.filter(|_| !is_odd) {
        Some(below) => f64::midpoint(below, *middle),
        None => *middle,
    }
}

/// The minimum and the maximum; (∞, −∞) for no values.
pub fn range(values: &[f64]) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values.iter().fold(start, |(low, high), value| {
        (low.min(*value), high.max(*value))
    })
}

/// Jain's fairness index, (Σx)² / (n Σx²): 1 if all shares are equal, 1/n if
/// one share is everything (Jain, Chiu & Hawe, DEC TR-301, 1984). `None` if all
/// shares are 0.
pub fn jain(shares: &[f64]) -> Option<f64> {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share.powi(2)).sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

/// The value at rank ⌈q·n⌉ of sorted values; `None` for no values.
pub fn at_quantile(sorted: &[u64], q: f64) -> Option<u64> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// The ratio of two figures, with a confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The point estimate.
    pub estimate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The ratio of two figures that were measured in the same rounds.
///
/// The geometric mean of the ratios within rounds, with Student's interval on
/// their logarithms at error rate `alpha`. Ratios within rounds cancel effects
/// that slow a whole round. Student's interval is used because, after an
/// adjustment for many comparisons, the exact signed-rank test cannot be
/// significant with six rounds (its smallest p is 2^(1−n)). `None` for fewer than
/// two rounds or figures that are not positive.
pub fn paired_ratio(a: &[f64], b: &[f64], alpha: f64) -> Option<Ratio> {
    let logs: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a / b).ln()).collect();
    let n = logs.len() as f64;
    if a.len() != b.len() || logs.len() < 2 || !logs.iter().all(|log| log.is_finite()) {
        return None;
    }
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = student_t_quantile(1.0 - alpha / 2.0, n - 1.0) * (variance / n).sqrt();
    Some(Ratio {
        estimate: mean.exp(),
        low: (mean - half).exp(),
        high: (mean + half).exp(),
    })
}

/// The quantile `p` (0.5 ≤ p < 1) of Student's t with `df` degrees of freedom, by bisection.
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1e7_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if student_t_cdf(middle, df) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// P(T ≤ t) for t ≥ 0 (Abramowitz & Stegun 26.7.1).
fn student_t_cdf(t: f64, df: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(df / (df + t * t), df / 2.0, 0.5)
}

/// The regularised incomplete beta function I_x(a, b), by its continued
/// fraction (Abramowitz & Stegun 26.5.8), evaluated by Lentz's method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast only for small x.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front =
        (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    let tiny = 1e-300;
    let (mut value, mut c, mut d) = (1.0_f64, 1.0_f64, 0.0_f64);
    for i in 0..300 {
        let m = f64::from(i / 2);
        let term = match i {
            0 => 1.0,
            i if i % 2 == 0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = 1.0 / (1.0 + term * d).abs().max(tiny).copysign(1.0 + term * d);
        c = (1.0 + term / c).abs().max(tiny).copysign(1.0 + term / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * (value - 1.0)
}

/// ln Γ(x) for x > 0: Stirling's series (Abramowitz & Stegun 6.1.41), after Γ(x + 1) = x Γ(x) has
/// raised x to at least 10.
fn ln_gamma(x: f64) -> f64 {
    let mut x = x;
    let mut steps = 0.0;
    while x < 10.0 {
        steps += x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - steps
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
    fn student_t_matches_the_tables() {
        for (p, df, t) in [
            (0.975, 1.0, 12.7062),
            (0.975, 5.0, 2.5706),
            (0.995, 5.0, 4.0321),
            (0.9995, 5.0, 6.8688),
            (0.975, 19.0, 2.0930),
            (0.95, 30.0, 1.6973),
            (0.975, 120.0, 1.9799),
        ] {
            assert_near(student_t_quantile(p, df), t, 1e-4);
        }
    }

    #[test]
    fn ln_gamma_at_known_points() {
        assert_near(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln(), 1e-9);
        assert_near(ln_gamma(5.0), 24.0_f64.ln(), 1e-9);
        assert_near(ln_gamma(1.0), 0.0, 1e-9);
    }

    #[test]
    fn a_ratio_within_rounds_ignores_effects_on_both_sides() {
        let b = [100.0, 60.0, 180.0, 90.0, 120.0, 75.0];
        let a = b.map(|b| b * 1.5);
        let ratio = paired_ratio(&a, &b, 0.05).unwrap();
        assert_near(ratio.estimate, 1.5, 1e-12);
        assert!(ratio.low > 1.0);
        // ln ratios of ±0.1, mean 0: the half width is t·s/√n, calculated by hand.
        let a = [110.5171, 54.2902, 198.9308, 81.4354, 132.6205, 67.8628];
        let ratio = paired_ratio(&a, &b, 0.05).unwrap();
        assert_near(ratio.high.ln(), 2.5706 * 0.109_545 / 6.0_f64.sqrt(), 1e-4);
        assert!(ratio.low < 1.0 && ratio.high > 1.0);
        assert_eq!(paired_ratio(&[1.0], &[1.0], 0.05), None);
        assert_eq!(paired_ratio(&[1.0, 0.0], &[1.0, 1.0], 0.05), None);
    }

    #[test]
    fn intervals_have_their_nominal_coverage() {
        let mut random = fastrand::Rng::with_seed(7);
        // A sum of twelve uniform numbers is almost normal.
        let mut noise = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let covered = (0..4000).filter(|_| {
            let logs: [f64; 6] = std::array::from_fn(|_| 0.2 + 0.3 * noise());
            let ratio = paired_ratio(&logs.map(f64::exp), &[1.0; 6], 0.05).unwrap();
            (ratio.low..=ratio.high).contains(&0.2_f64.exp())
        });
        assert_near(covered.count() as f64 / 4000.0, 0.95, 0.012);
    }

    #[test]
    fn jain_and_medians() {
        assert_eq!(jain(&[7.0, 7.0, 7.0]), Some(1.0));
        assert_eq!(jain(&[9.0, 0.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(jain(&[0.0, 0.0]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(at_quantile(&[1, 2, 3, 4], 0.5), Some(2));
        assert_eq!(at_quantile(&[1, 2, 3, 4], 1.0), Some(4));
        assert_eq!(at_quantile(&[], 0.5), None);
    }
}
