//! Whether correlated values have a linear trend.

use super::basic::median;

/// The values of a trend test, beside the fitted line: how far an outlier is from it, in standard
/// deviations that the median absolute deviation estimates, …
const OUTLIER_SIGMAS: f64 = 5.0;
/// … and at least, as a difference of values.
const OUTLIER_DIFFERENCE: f64 = 0.1;
/// The standard deviation of normal values over their median absolute deviation.
const SIGMA_PER_MAD: f64 = 1.4826;
/// The cosines of which the variance is the mean square.
const COSINES: usize = 8;
/// The share of the values that a test needs.
const LEAST_SHARE: f64 = 0.6;
/// The fewest values that a test takes.
const LEAST_VALUES: usize = 40;
/// A cosine is left out if less than this is new in it beside a line and the cosines before it.
const LEAST_NORM: f64 = 0.05;

/// The linear trend of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The change from the first position to the last, by the Theil–Sen slope, in the unit of the
    /// values.
    pub change: f64,
    /// The standard error of the change, by the least-squares slope.
    pub error: f64,
    /// The least-squares slope over its standard error.
    pub t: f64,
    /// The values that count: those that are known and no outliers.
    pub kept: usize,
}

/// If `t` of a trend is at least this, chance alone causes it in at most one of a hundred series of
/// 50 values, up to an autocorrelation of 0.8 (an AR(1) process).
///
/// By simulation: `t` follows Student's distribution with 8 degrees of freedom (3.36) for
/// independent values, and has heavier tails the more they are correlated.
const CRITICAL_T: f64 = 5.2;

/// Whether chance hardly explains a trend with this [`Trend::t`].
pub fn is_significant(t: f64) -> bool {
    t.abs() >= CRITICAL_T
}

/// The trend of values at equal distances, of which some are unknown. A difference of 0.1 has to
/// be a tenth of the usual value: give logarithms, or divide by the median. `None` for fewer than
/// 40 values, or if under 60 % of them count.
///
/// The slope is tested by its standard error from the equal-weighted cosine estimator of the
/// long-run variance, which knows that values next to each other are alike: the mean square of the
/// residuals' projections on the cosines of lowest frequency (Müller, *A theory of robust long-run
/// variance estimation*, Journal of Econometrics, 2007; Lazarus, Lewis, Stock and Watson, *HAR
/// inference: recommendations for practice*, JBES, 2018). Here the cosines are made orthogonal to
/// the line, so that they and the slope are independent.
///
/// Values far from the Theil–Sen line are left out: a stall is no trend and must hide none.
pub fn trend(values: &[Option<f64>]) -> Option<Trend> {
    let known = values.iter().enumerate();
    let known: Vec<(f64, f64)> = known
        .filter_map(|(at, value)| Some((at as f64, (*value)?)))
        .collect();
    let least = (values.len() as f64 * LEAST_SHARE).ceil() as usize;
    if values.len() < LEAST_VALUES || known.len() < least {
        return None;
    }
    let kept = without_outliers(&known);
    if kept.len() < least {
        return None;
    }
    let span = (values.len() - 1) as f64;
    let (t, error) = t_of_slope(&kept);
    Some(Trend {
        change: slope(&kept) * span,
        error: error * span,
        t,
        kept: kept.len(),
    })
}

/// The change from one value to the next: the median of the slopes between all
/// pairs (Theil 1950, Sen 1968). NaN for fewer than two values.
pub fn theil_sen(values: &[f64]) -> f64 {
    let points = values.iter().enumerate();
    slope(
        &points
            .map(|(at, value)| (at as f64, *value))
            .collect::<Vec<_>>(),
    )
}

/// The Theil–Sen slope of points in order.
fn slope(points: &[(f64, f64)]) -> f64 {
    let slopes = points.iter().enumerate().flat_map(|(at, earlier)| {
        let later = points[at + 1..].iter();
        later.map(move |later| (later.1 - earlier.1) / (later.0 - earlier.0))
    });
    median(&slopes.collect::<Vec<_>>())
}

fn without_outliers(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let slope = slope(points);
    let above = |(at, value): &(f64, f64)| value - slope * at;
    let level = median(&points.iter().map(above).collect::<Vec<_>>());
    let distance = |point: &(f64, f64)| (above(point) - level).abs();
    let deviation = median(&points.iter().map(distance).collect::<Vec<_>>());
    let most = (OUTLIER_SIGMAS * SIGMA_PER_MAD * deviation).max(OUTLIER_DIFFERENCE);
    let kept = points.iter().filter(|point| distance(point) <= most);
    kept.copied().collect()
}

/// The least-squares slope over its standard error, and that error.
fn t_of_slope(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len();
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(2 + COSINES);
    orthogonal(&mut basis, vec![1.0; n]);
    orthogonal(&mut basis, points.iter().map(|point| point.0).collect());
    let (first, span) = (points[0].0, points[n - 1].0 - points[0].0 + 1.0);
    let mut frequency = 0.0;
    while basis.len() < 2 + COSINES && frequency < n as f64 {
        frequency += 1.0;
        let angle =
            |point: &(f64, f64)| std::f64::consts::PI * frequency * (point.0 - first + 0.5) / span;
        let norm = (n as f64 / 2.0).sqrt();
        let cosine = points.iter().map(|point| angle(point).cos() / norm);
        orthogonal(&mut basis, cosine.collect());
    }
    let (along, squares) = match &basis[..] {
        [_, line, cosines @ ..] => {
            let squares = cosines.iter().map(|cosine| dot(cosine, &values).powi(2));
            (
                dot(line, &values),
                squares.sum::<f64>() / cosines.len() as f64,
            )
        }
        _ => return (0.0, f64::INFINITY),
    };
    // The rounding of values on a line is no noise, and not a slope either.
    let rounding = 1e-12 * dot(&values, &values).sqrt();
    let t = if along.abs() <= rounding {
        0.0
    } else {
        along / squares.sqrt().max(rounding)
    };
    let middle = points.iter().map(|point| point.0).sum::<f64>() / n as f64;
    let width: f64 = points.iter().map(|point| (point.0 - middle).powi(2)).sum();
    (t, squares.sqrt() / width.sqrt())
}

/// Adds what of a vector is orthogonal to the others, at length 1, unless little is (Gram and
/// Schmidt).
fn orthogonal(basis: &mut Vec<Vec<f64>>, mut vector: Vec<f64>) {
    for other in &*basis {
        let along = dot(&vector, other);
        for (own, others) in vector.iter_mut().zip(other) {
            *own -= along * others;
        }
    }
    let norm = dot(&vector, &vector).sqrt();
    if norm > LEAST_NORM {
        vector.iter_mut().for_each(|value| *value /= norm);
        basis.push(vector);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
#[expect(
    clippy::print_stdout,
    reason = "docs/method.md has the rates of the simulations"
)]
mod tests {
    use super::*;

    /// Slices of a trial.
    const SLICES: usize = 50;

    struct Noise(fastrand::Rng);

    impl Noise {
        /// A normal deviate (Box and Muller).
        fn normal(&mut self) -> f64 {
            let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
            radius * (std::f64::consts::TAU * self.0.f64()).cos()
        }

        /// An AR(1) process around 1 with this standard deviation, which rises by `rise` in all.
        fn series(&mut self, rho: f64, sigma: f64, rise: f64) -> Vec<Option<f64>> {
            let mut last = self.normal();
            let values = (0..SLICES).map(|at| {
                let value = last;
                last = rho * last + (1.0 - rho * rho).sqrt() * self.normal();
                let line = at as f64 / (SLICES - 1) as f64 - 0.5;
                Some(1.0 + rise * line + sigma * value)
            });
            values.collect()
        }

        /// In how many of `series` series the trend is significant.
        fn found(&mut self, series: usize, rho: f64, sigma: f64, rise: f64, stall: usize) -> f64 {
            let found = (0..series).filter(|_| {
                let mut values = self.series(rho, sigma, rise);
                let begin = self.0.usize(..=SLICES - stall);
                // No replies during a stall, and then those that waited.
                values[begin..begin + stall].fill(Some(0.0));
                if let Some(after) = values.get_mut(begin + stall).filter(|_| stall > 0) {
                    *after = Some(2.0);
                }
                is_significant(trend(&values).unwrap().t)
            });
            found.count() as f64 / series as f64
        }
    }

    fn noise() -> Noise {
        Noise(fastrand::Rng::with_seed(18))
    }

    const AR1: [f64; 4] = [0.0, 0.3, 0.5, 0.8];

    #[test]
    fn chance_causes_a_trend_as_often_as_stated() {
        let mut noise = noise();
        let rates = AR1.map(|rho| noise.found(5000, rho, 0.1, 0.0, 0));
        println!("{rates:?}");
        // One in a hundred, and three standard errors of this simulation.
        assert!(rates.iter().all(|rate| *rate <= 0.0142), "{rates:?}");
        // Where values are correlated most, the limit is what it has to be.
        assert!(rates[3] >= 0.005, "{rates:?}");
    }

    #[test]
    fn a_stall_is_no_trend_and_hides_none() {
        let mut noise = noise();
        // 100 ms of a window of 700 ms, and of one of 5 s.
        for stall in [7, 1] {
            let rates = AR1.map(|rho| noise.found(2000, rho, 0.1, 0.0, stall));
            println!("stall of {stall}: {rates:?}");
            assert!(rates.iter().all(|rate| *rate <= 0.0167), "{rates:?}");
            let [with, without] = [stall, 0].map(|stall| noise.found(500, 0.3, 0.1, 0.6, stall));
            println!("stall of {stall}, rise of 60 %: {with}, without the stall {without}");
            assert!(with > 0.85 && without > 0.9, "{with} {without}");
        }
    }

    #[test]
    fn a_rise_is_found_where_the_noise_allows_it() {
        let mut noise = noise();
        for sigma in [0.02, 0.05, 0.1] {
            for rise in [0.1, 0.2, 0.5] {
                let found = AR1.map(|rho| noise.found(400, rho, sigma, rise, 0));
                println!("noise {sigma}, rise {rise}: {found:?}");
            }
        }
        assert!(noise.found(400, 0.5, 0.02, 0.2, 0) > 0.99);
        assert!(noise.found(400, 0.5, 0.05, 0.2, 0) > 0.5);
        assert!(noise.found(400, 0.5, 0.1, 0.5, 0) > 0.75);
    }

    #[test]
    fn values_on_a_line_are_a_trend_and_constant_ones_are_none() {
        let line: Vec<Option<f64>> = (0..50).map(|at| Some(f64::from(at) / 49.0)).collect();
        let found = trend(&line).unwrap();
        assert!((found.change - 1.0).abs() < 1e-9 && is_significant(found.t));
        let flat = trend(&[Some(3.0); 50]).unwrap();
        assert_eq!((flat.change, flat.t, flat.kept), (0.0, 0.0, 50));
    }

    #[test]
    fn too_few_values_show_nothing() {
        assert_eq!(trend(&[Some(1.0); 39]), None);
        let mut gaps = [Some(1.0); 50];
        gaps[..21].fill(None);
        assert_eq!(trend(&gaps), None);
        gaps[0] = Some(1.0);
        assert_eq!(trend(&gaps).unwrap().kept, 30);
    }

    #[test]
    fn an_outlier_does_not_turn_the_theil_sen_line() {
        let mut rising: Vec<f64> = (0..10).map(f64::from).collect();
        assert!((theil_sen(&rising) - 1.0).abs() < 1e-12);
        rising[9] = 1e6;
        assert!((theil_sen(&rising) - 1.0).abs() < 1e-12);
        assert!(theil_sen(&[1.0]).is_nan());
    }

    /// The same by hand for three cosines' worth of points: a line and one cosine.
    #[test]
    fn t_is_the_slope_over_the_projections_on_cosines() {
        let cosine =
            |at: usize, k: f64| (std::f64::consts::PI * k * (at as f64 + 0.5) / 50.0).cos();
        // Even cosines are orthogonal to a line around the middle: each has the norm 5.
        let points: Vec<(f64, f64)> = (0..50)
            .map(|at| (at as f64, 0.01 * at as f64 + 0.02 * cosine(at, 2.0)))
            .collect();
        // Slope 0.01 times √(Σ(t − t̄)²) = √10412.5; one of eight projections is 0.02 × 5.
        let expected = 0.01 * 10_412.5_f64.sqrt() / (0.02 * 5.0 / 8.0_f64.sqrt());
        let (t, error) = t_of_slope(&points);
        assert!((t - expected).abs() < 1e-6 && (t * error - 0.01).abs() < 1e-9);
    }
}
